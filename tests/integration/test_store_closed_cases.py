"""Case records past their term: what is closed goes with all that hangs on it, what is open and who is in it stays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from dashboard.store import Store, StoreError, closed_cases, loads, open_store, retention
from metrics.cases import CASE_TABLES
from tests.integration.test_store_snapshots import estimates

AS_AT = date(2026, 1, 31)
TERMS = dict.fromkeys(closed_cases.TERMS, 30)  # what was closed before 1 January 2026 goes
OLD, YOUNG = date(2025, 12, 31), date(2026, 1, 1)


def table(name: str, *rows: dict[str, object]) -> dict[str, pl.DataFrame]:
    """Rows of one table; what it must have and is not given is filled with something."""
    case = CASE_TABLES[name]
    fill = {pl.String: "x", pl.Date: date(2020, 1, 1), pl.Int64: 1, pl.Float64: 1.0}
    must = {column: fill[case.columns[column]] for column in case.required}
    return {name: pl.DataFrame([must | row for row in rows], schema=case.schema)}


def episode(key: str, end: date | None, **more: str) -> dict[str, pl.DataFrame]:
    return table("episode", {"episode_id": key, "end_date": end, **more})


def put(store: Store, *parts: dict[str, pl.DataFrame], name: str = "one") -> int:
    made: dict[str, pl.DataFrame] = {}
    for part in parts:
        made |= {key: pl.concat([made[key], frame]) if key in made else frame for key, frame in part.items()}
    return store.load_cases(made, None, kind="cases", file_name=name, sha256=name)


def purge(store: Store, terms: dict[str, int] = TERMS) -> dict[str, int]:
    """Rows that went, of the tables from which any did; the dry run said the same and changed nothing."""
    before = store.case_tables()
    said = store.purge(terms, as_at=AS_AT, dry_run=True)
    assert all(before[name].equals(frame) for name, frame in store.case_tables().items())
    assert said.equals(store.purge(terms, as_at=AS_AT, dry_run=False, by="root"))
    assert store.verify_record() == []
    return {name.removeprefix("case_"): rows for name, rows in said.select("table", "rows").iter_rows() if rows}


def keys(store: Store, name: str) -> list[str]:
    return store.read_cases(name, CASE_TABLES[name].key)[CASE_TABLES[name].key[0]].to_list()


def on(episode_id: str, mark: str) -> list[dict[str, pl.DataFrame]]:
    """A row of every table that can hang on an episode, near or far; their keys end with `mark`."""
    near = {"episode_id": episode_id}
    return [
        table("assessment", {"assessment_id": f"a{mark}", **near}),
        table("need", {"need_id": f"n{mark}", **near}),
        table("plan", {"plan_id": f"p{mark}", **near}),
        table("plan_action", {"action_id": f"pa{mark}", "plan_id": f"p{mark}", "need_id": f"n{mark}"}),
        table("review", {"review_id": f"r{mark}", **near}),
        table("step_event", {"step_id": f"s{mark}", **near}),
        table("feedback", {"feedback_id": f"f{mark}", **near}),
        table("reading", {"reading_id": f"rd{mark}", **near}),
        table("audit", {"audit_id": f"au{mark}", "assessment_id": f"a{mark}"}),
        table("audit_answer", {"audit_id": f"au{mark}", "question": "1"}, {"audit_id": f"au{mark}", "question": "2"}),
        table("audit_action", {"action_id": f"aa{mark}", "audit_id": f"au{mark}"}),
    ]


HANGING = ("assessment", "need", "plan", "plan_action", "review", "step_event", "feedback", "reading", "audit")
HANGING += ("audit_action",)


def test_a_closed_episode_goes_with_all_that_hangs_on_it_and_the_others_stay(store: Store):
    ends = {"old": OLD, "young": YOUNG, "open": None}
    put(store, *(part for key, end in ends.items() for part in (episode(key, end), *on(key, key))))
    counted = dict.fromkeys(HANGING, 1) | {"episode": 1, "audit_answer": 2}
    assert purge(store) == counted
    assert keys(store, "episode") == ["open", "young"]
    assert [keys(store, name)[0].endswith("open") for name in HANGING] == [True] * len(HANGING)
    assert [len(keys(store, name)) for name in HANGING] == [2] * len(HANGING)
    assert keys(store, "audit_answer") == ["auopen", "auopen", "auyoung", "auyoung"]
    assert purge(store) == {}


def test_what_hangs_on_an_episode_goes_along_without_a_term_of_its_own(store: Store):
    put(store, episode("old", OLD), *on("old", "1"), table("contact", {"contact_id": "c", "date": OLD}))
    terms = {"case_episode": 30, "case_review": 20}
    frame = store.purge(terms, as_at=AS_AT, dry_run=True)
    first = [("case_episode", 1, YOUNG), ("case_review", 1, date(2026, 1, 11))]
    assert frame.rows()[:2] == first
    # The others are dated by the latest of the days.
    assert set(frame.rows()[2:]) == {
        (f"case_{name}", 2 if name == "audit_answer" else 1, date(2026, 1, 11))
        for name in (*HANGING, "audit_answer")
        if name != "review"
    }
    assert purge(store, {"case_review": 30}) == {"review": 1}
    assert keys(store, "episode") == ["old"]
    assert "contact" not in purge(store, {"case_episode": 30})
    assert keys(store, "contact") == ["c"]


def test_rows_that_hang_on_nothing_go_by_their_own_last_day(store: Store):
    def both(name: str, column: str) -> dict[str, pl.DataFrame]:
        key = CASE_TABLES[name].key[0]
        return table(name, {key: "old", column: OLD}, {key: "young", column: YOUNG})

    put(
        store,
        both("assessment", "complete_date"),
        table("assessment", {"assessment_id": "not complete"}),
        both("step_event", "accepted_date"),
        table("step_event", {"step_id": "not accepted", "date": OLD}),
        both("referral", "close_date"),
        table("referral", {"referral_id": "open", "no_further_action": False}),
        table("referral", {"referral_id": "unsaid"}),
        table("referral", {"referral_id": "nfa", "date": OLD, "no_further_action": True}),
        both("contact", "date"),
        both("feedback", "date"),
        both("reading", "date"),
        both("forum_item", "done_date"),
        table("forum_item", {"item_id": "not done", "due_date": OLD}),
        both("audit", "completed_date"),
        table("agency", {"agency_id": "agency"}),
        table("spend", {"spend_id": "spend"}),
        table("forum", {"forum_id": "forum"}),
    )
    one = ("assessment", "contact", "feedback", "reading", "forum_item", "audit")
    assert purge(store) == dict.fromkeys(one, 1) | {"step_event": 2, "referral": 2}
    assert keys(store, "assessment") == ["not complete", "young"]
    assert keys(store, "referral") == ["open", "unsaid", "young"]
    assert keys(store, "forum_item") == ["not done", "young"]
    assert keys(store, "step_event") == ["young"]
    assert [len(keys(store, name)) for name in ("agency", "spend", "forum")] == [1, 1, 1]


def test_what_stands_today_says_whether_a_case_is_closed(store: Store):
    put(store, episode("reopened", OLD), episode("closed", None), episode("open", None), name="one")
    put(store, episode("reopened", None), episode("closed", OLD), name="two")
    third = put(store, episode("closed", OLD), name="three")
    # Of the closed one the rows of all three loads: what an earlier one said of it must not stand again.
    assert purge(store) == {"episode": 3}
    assert keys(store, "episode") == ["open", "reopened"]
    store.undo(third)
    assert keys(store, "episode") == ["open", "reopened"]


def test_persons_and_families_go_with_the_last_that_points_to_them(store: Store):
    people = [("p1", "f1"), ("p2", "f2"), ("sibling", "f2"), ("p3", "f3"), ("p4", None), ("p5", "f5"), ("p6", None)]
    put(
        store,
        table("family", *({"family_id": f"f{n}"} for n in range(1, 8))),
        table("person", *({"person_id": person, "family_id": family} for person, family in people)),
        episode("1", OLD, family_id="f1"),
        # An old and an open one: the family stays, and its other child.
        episode("2", OLD, person_id="p2", family_id="f2"),
        table("referral", {"referral_id": "2", "person_id": "p2"}),
        table("contact", {"contact_id": "3", "person_id": "p3", "date": OLD}),
        table("need", {"need_id": "4", "person_id": "p4", "episode_id": "2"}),
        table("assessment", {"assessment_id": "5", "person_id": "p5"}),
        table("forum_item", {"item_id": "7", "family_id": "f7"}),
    )
    gone = purge(store)
    assert gone == {"episode": 2, "need": 1, "contact": 1, "person": 3, "family": 2}
    # f1 and p1 with the family's episode, p3 and its family f3 with the contact, p4 with the need. Nothing pointed to
    # f4, f6 and p6 before: they came in a moment ago, and their records may be still to come.
    assert keys(store, "person") == ["p2", "p5", "p6", "sibling"]
    assert keys(store, "family") == ["f2", "f4", "f5", "f6", "f7"]


def test_persons_without_any_record_go_by_the_day_of_their_load(store: Store, monkeypatch: pytest.MonkeyPatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return cls.moment

    monkeypatch.setattr(loads, "datetime", Clock)
    for name, moment in (("old", (2025, 12, 31, 23, 59, 59)), ("young", (2026, 1, 1))):
        Clock.moment = datetime(*moment, tzinfo=UTC)
        family = table("family", {"family_id": f"{name} family"})
        put(store, family, table("person", {"person_id": name, "family_id": f"{name} family"}), name=name)
    # A family of an old load to which a person of a young one belongs.
    put(store, table("person", {"person_id": "child", "family_id": "waiting"}), name="child")
    Clock.moment = datetime(2025, 1, 1, tzinfo=UTC)
    put(store, table("family", {"family_id": "waiting"}), name="waiting")
    assert purge(store) == {"person": 1, "family": 1}
    assert keys(store, "person") == ["child", "young"]
    assert keys(store, "family") == ["waiting", "young family"]


def test_a_referral_that_a_step_points_to_stays_as_long_as_the_step(store: Store):
    step = {"episode_id": "e", "referral_id": "r"}
    referral = table("referral", {"referral_id": "r", "close_date": OLD})
    put(store, referral, table("step_event", {"step_id": "s", **step}), episode("e", None))
    assert purge(store) == {}
    put(store, episode("e", OLD), name="two")
    assert purge(store) == {"episode": 2, "step_event": 1, "referral": 1}


def test_a_purge_of_cases_is_recorded_and_snapshots_stay(store: Store):
    number = put(store, episode("old", OLD), *on("old", "1"))
    store.keep_snapshot(estimates(M01=1.0), taken_on=OLD)
    snapshot, version = store.snapshots(), store.version()
    store.purge({"case_episode": 30}, as_at=AS_AT, dry_run=False, by="root", as_role="administrator")
    entries = store.records().filter(pl.col("detail").str.starts_with("case_episode"))
    assert entries.select("who", "role", "act", "detail").rows() == [
        ("root", "administrator", "purged", "case_episode: 1 row from before 2026-01-01")
    ]
    assert store.records().height == 12  # each table from which rows went: the episode's and eleven more
    assert store.version() > version
    assert store.loads()["load_id"].to_list() == [number]
    put(store, episode("new", None), name="two")
    assert store.snapshots().equals(snapshot)


def test_many_keys_are_taken_out(store: Store):
    """More than one statement's worth."""
    many = [{"episode_id": f"{n:05}", "end_date": OLD if n % 5 else None} for n in range(6_000)]
    put(store, table("episode", *many))
    assert purge(store) == {"episode": 4_800}
    assert keys(store, "episode") == [f"{n:05}" for n in range(0, 6_000, 5)]


def test_other_terms_leave_cases_alone_and_unknown_tables_are_refused(store: Store):
    put(store, episode("old", OLD))
    assert purge(store, {"note": 0, "refused": 0}) == {}
    assert keys(store, "episode") == ["old"]
    for name in ("case_person", "case_family", "case_agency", "episode", "snapshot"):
        with pytest.raises(StoreError, match=f"{name} is not among the tables with a term: refused, .*case_episode"):
            store.purge({name: 1}, as_at=AS_AT, dry_run=True)


def test_every_table_about_a_person_has_a_term_or_goes_along():
    about = {"agency", "forum", "spend", "audit_plan"}  # nobody is in these
    assert {f"case_{name}" for name in set(CASE_TABLES) - about} == set(closed_cases.TERMS) | {
        "case_person",
        "case_family",
    }
    assert set(closed_cases.TERMS) <= set(retention())


def test_what_was_purged_is_not_left_in_sqlite_s_files(tmp_path: Path):
    def found() -> bool:
        return any(b"secret key" in path.read_bytes() for path in tmp_path.glob("early-help.db*"))

    with open_store(tmp_path / "early-help.db") as store:
        put(store, episode("secret key", OLD), table("person", {"person_id": "p"}))
        assert found()
        purge(store)
        assert not found()
