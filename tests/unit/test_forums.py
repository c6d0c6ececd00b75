"""What a forum has before it: small areas made up by hand, the expected rows worked out beside them."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest

from metrics import forums
from metrics.cases import CASE_TABLES

D = date.fromisoformat
AS_AT = D("2025-06-30")


def table(name: str, columns: str, *rows: tuple, **more: type[pl.DataType]) -> pl.DataFrame:
    schema = {**CASE_TABLES[name].schema, **more}
    made = [
        {c: D(v) if schema[c] == pl.Date and v else v for c, v in zip(columns.split(), row, strict=True)}
        for row in rows
    ]
    return pl.DataFrame(made, schema=schema)


TABLES = {
    "forum": table(
        "forum",
        "forum_id forum_area date",
        ("m1", "X", "2025-04-28"),
        ("m2", "X", "2025-05-26"),  # the last meeting of X
        ("m3", "X", "2025-07-14"),  # the next, planned
        ("m4", "Y", "2025-06-20"),
    ),
    "forum_item": table(
        "forum_item",
        "item_id forum_id family_id owner_agency_id due_date done_date",
        ("i1", "m1", "A", "school", "2025-05-26", None),  # 35 days over on 30 June: 5 of May and 30 of June
        ("i2", "m2", "B", "police", "2025-07-14", None),  # not due yet
        ("i3", "m2", "C", "police", "2025-06-10", "2025-06-09"),  # done
        ("i4", "m2", "C", "health", None, None),  # no day agreed
        ("i5", "m2", "D", "health", "2025-06-20", "2025-07-02"),  # done later: on 30 June it was not, 10 days over
        ("i6", "m4", "E", "health", "2025-06-01", None),  # of another area's forum
    ),
    "episode": table(
        "episode",
        "episode_id family_id start_date end_date end_reason level_at_start lead_agency_id forum_area",
        ("e1", "A", "2025-05-27", None, None, 2, "school", "X"),  # the day after the meeting
        ("e2", "B", "2025-05-26", None, None, 2, "school", "X"),  # the day of the meeting: known there
        ("e3", "C", "2025-06-30", None, None, 3, "health", "X"),
        ("e4", "D", "2025-06-01", "2025-06-02", "ERROR", 2, "health", "X"),  # opened in error
        ("e5", "E", "2024-06-29", None, None, 2, "police", "X"),  # open for more than a year
        ("e6", "F", "2025-06-10", None, None, 2, "police", "Y"),
        ("e7", "G", "2025-07-01", None, None, 2, "police", "X"),  # not known yet
        forum_area=pl.String,
    ),
    "step_event": table(
        "step_event",
        "step_id episode_id direction from_level to_level date",
        ("s1", "e2", "up", 2, 3, "2025-05-27"),
        ("s2", "e5", "up", 2, 4, "2025-05-26"),  # before the meeting was over
        ("s3", "e1", "down", 3, 2, "2025-06-10"),
        ("s4", "e6", "up", 2, 3, "2025-06-25"),
    ),
    "review": table(
        "review",
        "review_id episode_id due_date held_date",
        ("r1", "e2", "2025-06-20", None),  # 10 days over
        ("r2", "e2", "2025-07-10", None),  # the second of the same episode
        ("r3", "e5", "2025-03-01", None),  # passed over: one was held since
        ("r4", "e5", "2025-05-01", "2025-05-02"),
        ("r5", "e5", "2025-07-14", None),  # due by the next meeting
        ("r6", "e1", "2025-07-15", None),  # due after it
        ("r7", "e3", "2025-06-29", "2025-07-01"),  # held later: on 30 June it was a day over
    ),
}


def rows(frame: pl.DataFrame, *columns: str) -> list[tuple]:
    return frame.select(columns).rows()


def test_what_is_new_since_the_last_meeting():
    made = forums.since_last(TABLES, forum_area="X", as_at=AS_AT)
    assert (made.last, made.until) == (D("2025-05-26"), D("2025-07-14"))
    assert rows(made.new, "episode_id", "lead_agency_id") == [("e1", "school"), ("e3", "health")]
    assert rows(made.stepped_up, "episode_id", "family_id", "to_level") == [("e2", "B", 3)]
    assert rows(made.drifting, "episode_id", "drift_long", "drift_reviews") == [("e5", True, False)]


def test_actions_not_done_the_longest_overdue_first():
    made = forums.since_last(TABLES, forum_area="X", as_at=AS_AT)
    assert rows(made.actions, "item_id", "owner_agency_id", "overdue") == [
        ("i1", "school", 35), ("i5", "health", 10), ("i2", "police", None), ("i4", "health", None),
    ]  # fmt: skip
    assert rows(made.actions.head(1), "met") == [(D("2025-04-28"),)]


def test_reviews_due_by_the_next_meeting_one_an_episode():
    made = forums.since_last(TABLES, forum_area="X", as_at=AS_AT)
    assert rows(made.reviews, "review_id", "episode_id", "overdue") == [
        ("r1", "e2", 10), ("r7", "e3", 1), ("r5", "e5", None),
    ]  # fmt: skip


def test_the_counts_are_of_those_rows():
    assert forums.since_last(TABLES, forum_area="X", as_at=AS_AT).counts() == {
        "new": 2, "stepped_up": 1, "drifting": 1, "actions_overdue": 2, "actions_to_do": 2, "reviews_overdue": 2,
        "reviews_to_come": 1,
    }  # fmt: skip
    frame = forums.counts(TABLES, forum_areas=["X", "Y"], as_at=AS_AT)
    assert frame.filter(group="X", measure="actions_overdue")["numerator"].to_list() == [2]
    assert frame.filter(group="Y", measure="new")["numerator"].to_list() == [0]  # its last meeting was on 20 June
    assert frame.filter(group="Y", measure="stepped_up")["numerator"].to_list() == [1]
    assert set(frame["measure"]) == set(forums.COUNTED)


def test_an_area_that_never_met_has_everything_before_it():
    tables = {k: v for k, v in TABLES.items() if k not in ("forum", "forum_item")}
    made = forums.since_last(tables, forum_area="X", as_at=AS_AT)
    assert made.last is None
    assert made.until == D("2025-07-28")  # 28 days on
    assert rows(made.new, "episode_id") == [("e5",), ("e2",), ("e1",), ("e3",)]
    assert made.actions.is_empty()


def test_an_area_without_records_is_empty_and_not_an_error():
    made = forums.since_last({"episode": TABLES["episode"]}, forum_area="Z", as_at=AS_AT)
    assert set(made.counts().values()) == {0}


@pytest.mark.parametrize("engine", ["lazy", "pandas", "duckdb"])
def test_the_same_on_every_engine(engine):
    connection = duckdb.connect()
    turned = {
        "lazy": pl.DataFrame.lazy,
        "pandas": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
        "duckdb": lambda frame: connection.from_arrow(frame.to_arrow()),
    }[engine]
    theirs = forums.since_last({k: turned(v) for k, v in TABLES.items()}, forum_area="X", as_at=AS_AT)
    ours = forums.since_last(TABLES, forum_area="X", as_at=AS_AT)
    for part in ("new", "stepped_up", "drifting", "actions", "reviews"):
        assert getattr(theirs, part).rows() == getattr(ours, part).rows(), part
