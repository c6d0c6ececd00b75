"""The action plan in both databases: every version kept, and two people at once lose nothing."""

from __future__ import annotations

import threading
from datetime import date

import pytest
import sqlalchemy as sa

from dashboard.store import Store
from dashboard.store.errors import StaleEdit, StoreError

BRIEFING = {
    "outcome": "Councillors know what early help is",
    "measure": "councillors briefed",
    "target": "40",
    "by_when": date(2014, 3, 31),
    "owner_agency": "District council",
    "owner_role": "Partnership manager",
    "actions": "Offer two briefings",
    "links": [("indicator", "Y4")],
}


@pytest.fixture
def action(store: Store) -> int:
    return store.plans.add(BRIEFING, author="Ann", as_role="coordinator")


def now(store: Store, action: int) -> dict:
    return next(row for row in store.plans.current().iter_rows(named=True) if row["action_id"] == action)


def test_an_action_comes_back_as_it_went_in(store, action):
    row = now(store, action)
    assert {key: row[key] for key in BRIEFING if key != "links"} == {k: v for k, v in BRIEFING.items() if k != "links"}
    assert row["links"] == [{"kind": "indicator", "reference": "Y4"}]
    assert (row["status"], row["standing"], row["author"], row["reviewed"]) == ("not started", "local", "Ann", None)
    assert store.records().row(0, named=True)["detail"] == f"action {action}"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"outcome": " "}, "Outcome"),
        ({"owner_agency": ""}, "Owner"),
        ({"status": "late"}, "one of not started"),
        ({"links": [("person", "x")]}, "not on"),
        ({"links": [("indicator", " ")]}, "not on"),
        ({"actions": "x" * 4001}, "4,001 characters"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_action_is_refused(store, wrong, said):
    with pytest.raises(StoreError, match=said):
        store.plans.add({**BRIEFING, **wrong}, author="Ann")
    assert store.plans.current().is_empty()


def test_a_change_keeps_the_version_before_it(store, action):
    base = now(store, action)["version_id"]
    store.plans.change(action, {"progress": "25 briefed"}, base=base, author="Ben")
    assert now(store, action)["progress"] == "25 briefed"
    kept = store.plans.history(action)
    assert kept["progress"].to_list() == ["25 briefed", ""]
    assert kept["author"].to_list() == ["Ben", "Ann"]


def test_two_people_in_different_fields_both_stand(store, action):
    base = now(store, action)["version_id"]
    store.plans.change(action, {"progress": "25 briefed"}, base=base, author="Ben")
    store.plans.change(action, {"evidence": "Attendance list"}, base=base, author="Cat")
    store.plans.review(action, meeting=date(2014, 1, 9), status="under way", note="On course", base=base, author="Dan")
    row = now(store, action)
    assert [row[k] for k in ("progress", "evidence", "status")] == ["25 briefed", "Attendance list", "under way"]


def test_two_people_in_one_field_see_both_texts(store, action):
    base = now(store, action)["version_id"]
    store.plans.change(action, {"progress": "25 briefed"}, base=base, author="Ben")
    with pytest.raises(StaleEdit) as stale:
        store.plans.change(action, {"progress": "26 briefed"}, base=base, author="Cat")
    assert "Progress: 26 briefed" in stale.value.yours
    assert "Progress: 25 briefed" in stale.value.theirs
    assert stale.value.author == "Ben"
    store.plans.change(action, {"progress": "25 or 26 briefed"}, base=stale.value.note_id, author="Cat")
    assert now(store, action)["progress"] == "25 or 26 briefed"


def test_two_chairs_at_once_do_not_speak_over_each_other(store, action):
    base, day = now(store, action)["version_id"], date(2014, 1, 9)
    store.plans.review(action, meeting=day, status="under way", note="First", base=base, author="Ben")
    with pytest.raises(StaleEdit) as stale:
        store.plans.review(action, meeting=day, status="under way", note="Second", base=base, author="Cat")
    assert "Second" in stale.value.yours
    assert "First" in stale.value.theirs


def test_a_review_notes_the_meeting_and_carries_forward(store, action):
    base = now(store, action)["version_id"]
    store.plans.review(
        action, meeting=date(2014, 4, 3), status="under way", note="Ten to go", by_when=date(2014, 6, 30),
        base=base, author="Ben", as_role="coordinator",
    )  # fmt: skip
    row = now(store, action)
    assert (row["by_when"], row["reviewed"], row["note"]) == (date(2014, 6, 30), date(2014, 4, 3), "Ten to go")
    assert store.plans.history(action)["by_when"].to_list() == [date(2014, 6, 30), date(2014, 3, 31)]
    assert store.plans.meetings() == [date(2014, 4, 3)]
    assert store.records().row(0, named=True)["detail"] == f"action {action}, reviewed"


def test_an_action_is_closed_with_a_reason_only(store, action):
    base = now(store, action)["version_id"]
    with pytest.raises(StoreError, match="reason"):
        store.plans.review(action, meeting=date(2014, 4, 3), status="closed", note=" ", base=base, author="Ben")
    store.plans.review(action, meeting=date(2014, 4, 3), status="closed", note="No budget", base=base, author="Ben")
    assert now(store, action)["status"] == "closed"


def test_saving_what_stands_writes_no_version(store, action):
    base = now(store, action)["version_id"]
    assert store.plans.change(action, {"target": "40"}, base=base, author="Ben") == base
    assert store.plans.history(action).height == 1


def test_an_unknown_action_is_a_sentence(store):
    with pytest.raises(StoreError, match="no action 7"):
        store.plans.change(7, {"progress": "x"}, base=1, author="Ann")


def test_many_at_the_same_moment_lose_nothing(store, action):
    """Ten people write ten different notes from the same version: each note stands, or its writer is told."""
    base, told = now(store, action)["version_id"], []

    def write(number: int) -> None:
        try:
            store.plans.change(action, {"progress": f"note {number}"}, base=base, author=f"Writer {number}")
        except StaleEdit as stale:
            told.append(stale.yours)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = [text for text in store.plans.history(action)["progress"].to_list() if text]
    assert len(written) == 1
    assert len(told) == 9
    assert {*written, *(text.removeprefix("Progress: ") for text in told)} == {f"note {n}" for n in range(10)}


def test_the_plan_has_a_version_of_its_own(store, action):
    """Going through the plan in a meeting leaves every answer about figures where it is kept."""
    figures, plan = store.version(), store.plans.version()
    base = now(store, action)["version_id"]
    store.plans.review(action, meeting=date(2014, 1, 9), status="under way", base=base, author="Ben")
    assert store.version() == figures
    assert store.plans.version() > plan


def test_old_versions_go_at_the_end_of_their_term_and_what_stands_stays(store, action):
    base = now(store, action)["version_id"]
    store.plans.change(action, {"progress": "25 briefed"}, base=base, author="Ben")
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE plan_version SET written_at = '2014-01-01 00:00:00'"))
    gone = store.purge({"plan_version": 1096}, as_at=date(2026, 1, 1), dry_run=False, by="Ann")
    assert gone["rows"].to_list() == [1]
    assert store.plans.history(action)["progress"].to_list() == ["25 briefed"]
