"""Keeping and forgetting: what is past its term goes, what stands stays, and the record can still be checked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from dashboard.store import PURGED, StaleEdit, Store, StoreError, closed_cases, edits, keeping, loads, record, retention
from tests.integration.test_store import figures

TERMS = {"refused": 30, "note": 60, "scenario": 90, "record": 120}
AS_AT = date(2026, 5, 1)
# 30 days before 1 May 2026 is 1 April, 60 is 2 March, 90 is 31 January, 120 is 1 January.
BEFORE = {"refused": date(2026, 4, 1), "note": date(2026, 3, 2), "scenario": date(2026, 1, 31)}
BEFORE |= {"record": date(2026, 1, 1)}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """Sets the moment that the store writes; `clock(2026, 4, 1)` is the very start of that day."""

    def set_to(*parts: int) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:
                return datetime(*parts, tzinfo=UTC)

        for module in (edits, loads, record):
            monkeypatch.setattr(module, "datetime", Clock)

    return set_to


def load(store: Store, name: str, **more: str) -> int:
    refused = pl.DataFrame({"line": [1, 2], "column": ["a", "a"], "value": [f"secret {name}", "x"], "reason": ["", ""]})
    frame = figures(("m", "E06000061", 2020, 1.0))
    return store.load(frame, refused, kind="own", file_name=f"{name}.csv", sha256=name, **more)


def purge(store: Store, terms: dict[str, int] = TERMS, *, as_at: date = AS_AT) -> dict[str, int]:
    """Rows of each table that went, which the dry run said before."""
    said = store.purge(terms, as_at=as_at, dry_run=True)
    assert said.equals(store.purge(terms, as_at=as_at, dry_run=False, by="root"))
    return dict(said.select("table", "rows").iter_rows())


def test_refused_rows_go_by_the_day_of_their_load_and_figures_stay(store: Store, clock):
    clock(2026, 3, 31, 23, 59, 59)
    old = load(store, "old")
    clock(2026, 4, 1)
    young = load(store, "young")
    stood, listed = store.read_figures(), store.loads()
    assert purge(store)["refused"] == 2
    assert store.refused(old).is_empty()
    assert store.refused(young).height == 2
    assert store.read_figures().equals(stood)
    assert store.loads().equals(listed)
    assert purge(store)["refused"] == 0


def test_texts_go_by_the_day_on_which_they_were_replaced_and_what_stands_stays(store: Store, clock):
    clock(2020, 1, 1)
    standing = store.add_note("S1", "story", "Old, and stands.", author="ann", base=None)
    first = store.add_note("S1", "action", "First.", author="ann", base=None)
    clock(2026, 3, 1)
    second = store.add_note("S1", "action", "Second.", author="ann", base=first)
    clock(2026, 3, 2)
    third = store.add_note("S1", "action", "Third.", author="ann", base=second)
    before = store.version()
    assert purge(store)["note"] == 1
    assert store.note_history("S1", "action")["note_id"].to_list() == [third, second]
    assert store.note_history("S1", "story")["note_id"].to_list() == [standing]
    assert store.version() > before
    with pytest.raises(StaleEdit):
        store.add_note("S1", "action", "Late.", author="bob", base=first)
    assert store.add_note("S1", "action", "Fourth.", author="bob", base=third) > third


def test_scenarios_go_like_texts(store: Store, clock):
    clock(2020, 1, 1)
    first = store.save_scenario("A", "1", author="ann", base=None)
    store.save_scenario("B", "1", author="ann", base=None)
    clock(2026, 1, 30)
    store.save_scenario("A", "2", author="ann", base=first)
    assert purge(store)["scenario"] == 1
    assert store.scenarios().select("name", "content").rows() == [("A", "2"), ("B", "1")]
    assert store.scenario_history("A").height == 1


def test_the_record_goes_from_its_beginning_and_can_still_be_checked(store: Store, clock):
    for day in (28, 29, 30, 31):
        clock(2025, 12, day)
        store.record("ann", "", "looked", f"{day}")
    clock(2026, 1, 1)
    store.record("ann", "", "looked", "1 January")
    noted = {row["record_id"]: row["hash"] for row in store.records().to_dicts()}
    clock(2026, 5, 1)
    assert purge(store)["record"] == 4
    assert store.records().select("record_id", "who", "act", "detail").rows() == [
        (6, "root", "purged", "record: entries up to 4, from before 2026-01-01"),
        (5, "ann", "looked", "1 January"),
    ]
    assert store.verify_record() == []
    assert store.verify_record({5: noted[5]}) == []
    assert store.verify_record({4: noted[4]}) == ["Entry 4, which was known, was purged; compare a later one."]
    assert store.record("ann", "", "looked") == 7
    # A year later even the entry about the purge is past its term; the next one stands in its place.
    clock(2027, 6, 1)
    assert purge(store, as_at=date(2027, 6, 1))["record"] == 3
    assert store.records()["record_id"].to_list() == [8]
    assert store.verify_record() == []


def test_an_entry_is_not_purged_before_its_term_though_an_older_one_comes_after(store: Store, clock):
    for parts in ((2025, 12, 1), (2026, 2, 1), (2025, 12, 2)):  # the server's clock was put back
        clock(*parts)
        store.record("ann", "", "looked")
    clock(2026, 5, 1)
    assert purge(store)["record"] == 1
    assert store.records()["record_id"].to_list() == [4, 3, 2]
    assert store.verify_record() == []


def test_a_purge_is_recorded_table_by_table(store: Store, clock):
    clock(2020, 1, 1)
    load(store, "old", loaded_by="ann")
    clock(2026, 5, 1)
    purge(store)
    assert store.records().select("record_id", "act", "detail").rows() == [
        (3, "purged", "record: entries up to 1, from before 2026-01-01"),
        (2, "purged", "refused: 2 rows from before 2026-04-01"),
    ]
    assert purge(store) == dict.fromkeys(TERMS, 0)
    assert store.records().height == 2


def test_a_dry_run_changes_nothing(store: Store, clock):
    clock(2020, 1, 1)
    old = load(store, "old", loaded_by="ann")
    version = store.version()
    frame = store.purge(TERMS, as_at=AS_AT, dry_run=True)
    assert frame.schema == PURGED
    rows = {"refused": 2, "note": 0, "scenario": 0, "record": 1}
    assert frame.rows() == [(name, rows[name], BEFORE[name]) for name in TERMS]
    assert store.refused(old).height == 2
    assert store.records().height == 1
    assert store.version() == version


def test_only_the_tables_with_a_term_are_purged(store: Store, clock):
    clock(2020, 1, 1)
    old = load(store, "old", loaded_by="ann")
    assert purge(store, {"note": 0}) == {"note": 0}
    assert store.purge({}, as_at=AS_AT, dry_run=False, by="root").is_empty()
    assert store.refused(old).height == 2
    for wrong in ({"figure": 1}, {"load": 1}, {"role": 1}, {"refused": -1}, {"note": True}, {"note": "1"}):
        with pytest.raises(StoreError, match=r"not among the tables with a term|whole number of days"):
            store.purge(wrong, as_at=AS_AT, dry_run=False, by="root")
    with pytest.raises(ValueError, match="by whom"):
        store.purge(TERMS, as_at=AS_AT, dry_run=False)
    assert store.refused(old).height == 2


def test_a_purge_that_fails_changes_nothing(store: Store, clock, monkeypatch: pytest.MonkeyPatch):
    clock(2020, 1, 1)
    old = load(store, "old", loaded_by="ann")

    def full(*_: object) -> int:
        raise StoreError("The record is full.")

    with monkeypatch.context() as patch:
        patch.setattr(record, "append", full)
        with pytest.raises(StoreError, match="full"):
            store.purge(TERMS, as_at=AS_AT, dry_run=False, by="root")
    assert store.refused(old).height == 2
    assert store.verify_record() == []


def test_what_was_purged_is_not_left_in_sqlite_s_files(tmp_path: Path, clock):
    from dashboard.store import open_store

    def found() -> bool:
        return any(b"secret old" in path.read_bytes() for path in tmp_path.glob("early-help.db*"))

    with open_store(tmp_path / "early-help.db") as store:
        clock(2020, 1, 1)
        load(store, "old")
        assert found()
        purge(store)
        assert not found()


def test_the_terms_that_come_with_the_dashboard_are_for_every_table_with_one(tmp_path: Path, store: Store):
    assert set(retention()) == {*keeping._EXPIRED, *closed_cases.TERMS}
    assert set(TERMS) < set(retention())
    assert min(retention().values()) >= 365
    assert store.purge(retention(), as_at=AS_AT, dry_run=True)["rows"].sum() == 0
    own = tmp_path / "terms.toml"
    own.write_text("[days]\nrefused = 14\n")
    assert retention(own) == {"refused": 14}
    for text in ("", "[days", "[days]\nfigure = 1", "[days]\nnote = 1.5", "\xff"):
        own.write_text(text, encoding="latin-1")
        with pytest.raises(StoreError):
            retention(own)
    with pytest.raises(StoreError, match=r"none\.toml holds no terms"):
        retention(tmp_path / "none.toml")
