"""What needs doing today: audits to allocate, late, in progress, to moderate and to settle, and what comes after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import AUDIT, DRAW, Scope, may, require
from dashboard.answers import case_records
from dashboard.answers.keep import the_store
from metrics.activity.definitions import activity_rules
from metrics.audit import GRADES
from metrics.audit.allocation import ALWAYS_MODERATED

_EFFECTIVE = pl.coalesce("final_grade", "auditor_grade")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a list: what it is, by whom, by when, and the one thing to do about it (words, audit id)."""

    what: str
    who: str
    when: str
    action: str
    audit_id: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """One of the numbers at the top: its key in the address, what it counts, and how many there are."""

    key: str
    label: str
    count: int
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of whoever asks: all of the partnership's audits, or an auditor's own."""

    sentence: str
    numbers: tuple[Number, ...]
    lists: Mapping[str, tuple[Item, ...]]
    manages: bool

    def first(self) -> str:
        """The key of the list to show first: what is urgent before what is merely there."""
        there = [n for n in self.numbers if n.count]
        return next((n.key for n in there if n.urgent), there[0].key if there else self.numbers[0].key)


@dataclass(frozen=True, slots=True)
class _List:
    key: str
    label: str
    action: str
    rows: Callable[[pl.DataFrame, date], pl.DataFrame]
    when: Callable[[Mapping[str, Any]], str]
    urgent: bool = False


def desk(scope: Scope, today: date) -> Desk:
    """The lists of the day, each oldest first. An auditor sees the audits that are allocated to them and no others."""
    require(scope, AUDIT)
    manages = may(scope, DRAW)
    audits = the_store().audits.audits(auditor_is=None if manages else scope.person)
    lists = _MANAGER if manages else _AUDITOR
    names = case_records.agencies(scope)
    marked = _marked(audits) if manages else audits
    made = {
        one.key: tuple(_item(row, one, names, today) for row in one.rows(marked, today).iter_rows(named=True))
        for one in lists
    }
    numbers = tuple(Number(one.key, one.label, len(made[one.key]), one.urgent) for one in lists)
    return Desk(_sentence(audits, numbers, manages), numbers, made, manages)


def _marked(audits: pl.DataFrame) -> pl.DataFrame:
    """With `other` (the grade of the second auditor), `owed` (actions) and `again` (a repeat that is down or done)."""
    store = the_store().audits
    parts = audits.filter(pl.col("kind") != "calibration").select("drawn_id", "part", other=pl.col("auditor_grade"))
    parts = parts.with_columns(pl.col("part").replace_strict({1: 2, 2: 1}, default=0).cast(pl.Int64))
    owed = store.actions().group_by("audit_id").agg(pl.len().alias("owed"))
    again = audits.filter(pl.col("parent_audit_id") > 0).select(
        audit_id="parent_audit_id", again=pl.lit(True), again_done=pl.col("submitted_at").is_not_null()
    )
    return (
        audits.join(parts, on=["drawn_id", "part"], how="left", maintain_order="left")
        .join(owed, on="audit_id", how="left", maintain_order="left")
        .join(again, on="audit_id", how="left", maintain_order="left")
        .with_columns(pl.col("owed").fill_null(0), pl.col("again", "again_done").fill_null(False))
    )


def _unfinished() -> pl.Expr:
    return pl.col("submitted_at").is_null() & pl.col("closed_at").is_null()


def _to_allocate(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    return audits.filter(_unfinished(), pl.col("auditor").is_null()).sort("due_date", "audit_id")


def _late(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    return audits.filter(_unfinished(), pl.col("due_date") < today).sort("due_date", "audit_id")


def _begun(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    begun = pl.col("started_at").is_not_null()
    return audits.filter(_unfinished(), begun).sort("due_date", "audit_id")


def _not_begun(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    return audits.filter(_unfinished(), pl.col("started_at").is_null()).sort("due_date", "audit_id")


def _unsettled(audits: pl.DataFrame) -> pl.DataFrame:
    """Finished, first of its parts, and without a final grade."""
    return audits.filter(pl.col("submitted_at").is_not_null(), pl.col("final_grade").is_null(), part=1).filter(
        pl.col("kind") != "calibration"
    )


def _differs() -> pl.Expr:
    one = pl.col("auditor_grade")
    return pl.any_horizontal((one != pl.col(c)).fill_null(False) for c in ("moderator_grade", "other"))


def _to_moderate(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    chosen = pl.col("moderate") | pl.col("auditor_grade").is_in(list(ALWAYS_MODERATED))
    waiting = _unsettled(audits).filter(chosen, pl.col("moderator_grade").is_null(), ~_differs())
    return waiting.sort("submitted_at", "audit_id")


def _differ(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    return _unsettled(audits).filter(_differs()).sort("submitted_at", "audit_id")


def _inadequate(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    poor = pl.col("submitted_at").is_not_null() & (_EFFECTIVE == 1)
    return audits.filter(poor, pl.col("owed") == 0, part=1).sort("submitted_at", "audit_id")


def _again(audits: pl.DataFrame, today: date) -> pl.DataFrame:
    poor = pl.col("final_grade") == 1
    return audits.filter(poor, ~pl.col("again_done"), part=1).sort("submitted_at", "audit_id")


def _due(row: Mapping[str, Any]) -> str:
    return f"due {words.day(row['due_date'])}"


def _finished(row: Mapping[str, Any]) -> str:
    return f"finished {words.day(row['submitted_at'].date())}"


def _grades(row: Mapping[str, Any]) -> str:
    said = [f"auditor {GRADES[row['auditor_grade']]}"]
    if row["moderator_grade"]:
        said.append(f"moderator {GRADES[row['moderator_grade']]}")
    if row["other"]:
        said.append(f"second auditor {GRADES[row['other']]}")
    return ", ".join(said)


def re_audit_due(row: Mapping[str, Any]) -> date:
    """The last day on which an inadequate audit should have been repeated."""
    return row["submitted_at"].date() + timedelta(days=activity_rules().re_audit_days)


_MANAGER = (
    _List("allocate", "to allocate", "Allocate", _to_allocate, _due),
    _List("late", "late", "Open", _late, _due, urgent=True),
    _List("progress", "in progress", "Open", _begun, _due),
    _List("moderate", "to moderate", "Moderate", _to_moderate, _finished),
    _List("differ", "disagree by a grade or more", "Settle", _differ, _grades, urgent=True),
    _List("inadequate", "inadequate without action", "Put down an action", _inadequate, _finished, urgent=True),
    _List("again", "due for re-audit", "Repeat", _again, lambda row: f"by {words.day(re_audit_due(row))}"),
)
_AUDITOR = (
    _List("todo", "to begin", "Begin", _not_begun, _due),
    _List("late", "late", "Open", _late, _due, urgent=True),
    _List("progress", "in progress", "Go on", _begun, _due),
)


def _item(row: Mapping[str, Any], one: _List, names: Mapping[str, str], today: date) -> Item:
    agency = names.get(row["agency_id"], row["agency_id"])
    again = ", re-audit" if row["parent_audit_id"] else ", second auditor" if row["part"] == 2 else ""
    late = row["submitted_at"] is None and row["due_date"] < today
    late = late or (one.key == "again" and re_audit_due(row) < today)
    action = "Open: its repeat is down" if one.key == "again" and row["again"] else one.action
    what = f"{row['assessment_id']}, {agency}{again}"
    return Item(what, row["auditor_name"] or "nobody yet", one.when(row), action, row["audit_id"], late)


def _sentence(audits: pl.DataFrame, numbers: tuple[Number, ...], manages: bool) -> str:
    if audits.is_empty():
        return (
            "There is no audit yet: open a round to draw the first sample."
            if manages
            else "No audit is allocated to you."
        )
    there = [f"{n.count} {n.label}" for n in numbers if n.count]
    left = audits.filter(_unfinished()).height
    whose = "are open" if manages else "of yours are open"
    first = f"{left} audit{'' if left == 1 else 's'} {whose if left != 1 else whose.replace('are', 'is')}"
    if not there:
        return f"{first}, and nothing needs doing today."
    return f"{first}: {words.listed(there)}."
