"""Roles: one for each identity, changed only with an entry in the record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest

from dashboard.store import ROLE_NAMES, ROLES, Role, Store, StoreError


def test_a_role_is_given_changed_and_taken_away(store: Store):
    assert store.role_of("ann@council.example") is None
    assert store.roles().schema == ROLES
    before = datetime.now(UTC)
    store.set_role("ann@council.example", "agency lead", agency="Police", by="root")
    found = store.role_of("ann@council.example")
    assert found == Role("ann@council.example", "agency lead", "Police", "", "root", found.set_at)
    assert before <= found.set_at <= datetime.now(UTC)
    store.set_role("ann@council.example", "coordinator", forum_area="F01", by="bob@council.example")
    store.set_role("bob@council.example", "administrator", by="root")
    assert store.roles().drop("set_at").rows() == [
        ("ann@council.example", "coordinator", "", "F01", "bob@council.example"),
        ("bob@council.example", "administrator", "", "", "root"),
    ]
    store.set_role("ann@council.example", "none", by="root")
    assert store.role_of("ann@council.example") is None
    assert store.records().select("who", "act", "detail").rows() == [
        ("root", "role changed", "ann@council.example: none"),
        ("root", "role changed", "bob@council.example: administrator"),
        ("bob@council.example", "role changed", "ann@council.example: coordinator, forum area F01"),
        ("root", "role changed", "ann@council.example: agency lead, agency Police"),
    ]


def test_an_address_is_known_in_any_capitals_and_nothing_else_is(store: Store):
    store.set_role(" Ann@Council.Example ", "scrutiny", by="root")
    store.set_role("aBc-123", "auditor", by="root")
    assert store.role_of("ANN@council.example").identity == "ann@council.example"
    assert store.role_of("aBc-123").role == "auditor"
    assert store.role_of("abc-123") is None
    for other in ("", "ann", "ann@council.example.other", "%", "ann@council.example' OR 'a'='a", "a\x1fb"):
        assert store.role_of(other) is None
    store.set_role("ANN@COUNCIL.EXAMPLE", "none", by="root")
    assert store.roles()["identity"].to_list() == ["aBc-123"]


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_every_role_can_be_given(store: Store, role: str):
    store.set_role("ann", role, agency="Police", forum_area="F01", by="root")
    assert store.role_of("ann").role == role


@pytest.mark.parametrize(
    ("identity", "role", "sentence"),
    [
        ("ann", "Administrator", "no role Administrator; the roles are subgroup member, .*, and none to take it away"),
        ("ann", "", "no role ; the roles"),
        ("ann", "agency lead", "The role agency lead needs its agency"),
        ("ann", "coordinator", "The role coordinator needs its forum area"),
        ("  ", "scrutiny", "given to an identity as it signs in"),
        ("ann\nbob", "scrutiny", "given to an identity as it signs in"),
        ("a" * 321, "scrutiny", "given to an identity as it signs in"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(store: Store, identity: str, role: str, sentence: str):
    with pytest.raises(StoreError, match=sentence):
        store.set_role(identity, role, agency=" ", by="root")
    assert store.roles().is_empty()
    assert store.records().is_empty()


def test_a_role_is_not_changed_by_nobody(store: Store):
    with pytest.raises(ValueError, match="who"):
        store.set_role("ann", "scrutiny", by="")
    assert store.roles().is_empty()


def test_changes_at_once_leave_one_role_that_the_record_explains(store: Store):
    start = Barrier(8)

    def attempt(number: int) -> None:
        start.wait()
        store.set_role("ann", ROLE_NAMES[:4][number % 4], by=f"person {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(8)))
    [row] = store.roles().to_dicts()
    last = store.records(limit=1).row(0, named=True)
    assert (row["set_by"], f"ann: {row['role']}") == (last["who"], last["detail"])
    assert store.records().height == 8
    assert store.verify_record() == []
