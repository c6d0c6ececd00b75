"""How good the case records are: empty cells, impossible dates, and rows that point to nothing.

Takes the canonical case tables (`metrics.cases.CASE_TABLES`, a mapping of name → frame of any engine; a missing table
counts as empty) and gives estimates frames. What must be filled in, and which dates cannot be, is data:
`definitions/mandatory_cells.csv` and `definitions/date_rules.csv`, one line a cell and a rule, each with what to do.

`by` is `agency`, `agency_type`, any column of the table (`forum_area`, where `metrics.activity.prepare` has added it),
or None. The agency of a record is the one that it names, else the lead agency of its episode.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import narwhals as nw
import polars as pl

from metrics.cases import CASE_TABLES
from metrics.counting import ALL, NOT_RECORDED, collect, period_of, shares
from metrics.definition_files import csv_rows
from metrics.estimates import OK, empty

Tables = Mapping[str, Any]
EVER = "all records"  # the period of what has no day
_OWNERS = ("agency_id", "lead_agency_id", "owner_agency_id")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that every record should have. `date`: the column of the day that puts a record in a period, or ""; a
    record without that day (an open episode has no closing) need not have the cell."""

    table: str
    column: str
    date: str
    name: str
    to_do: str

    @property
    def id(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A date that cannot be: `column` of `table` must not be `relation` (before, after) `other`, which is a column of
    the table, one of the episode (`episode.start_date`), a day, or `as_at`. `month after` compares whole months.
    `example`: a value that breaks the rule, and what it is held against."""

    id: str
    table: str
    column: str
    relation: str
    other: str
    message: str
    to_do: str
    example: str


@cache
def cells() -> tuple[Cell, ...]:
    """What every record should have, in the order of the file."""
    return tuple(Cell(**row) for row in csv_rows("mandatory_cells.csv"))


@cache
def rules() -> Mapping[str, Rule]:
    """Rule id → rule, in the order of the file."""
    return {row["id"]: Rule(**row) for row in csv_rows("date_rules.csv")}


# ---- empty cells


def never_filled(tables: Tables) -> list[str]:
    """The cells (`review.level_after`) that not one record of a table has, although it has records: the files that were
    loaded do not bring them, as Annex A brings no consent."""
    found = []
    for cell in cells():
        if cell.table in tables:
            rows = nw.from_native(tables[cell.table]).lazy()
            counts = collect(rows.select(n=nw.len(), given=(~nw.col(cell.column).is_null()).sum()))
            if counts.row(0)[0] and not counts.row(0)[1]:
                found.append(cell.id)
    return found


def completeness(
    tables: Tables, *, as_at: date, by: str | None = None, period: str = "year", without: Collection[str] = ()
) -> pl.DataFrame:
    """Which share of the cells that should be filled in is filled in; more is better, 100% is all.

    `period`: `year` (financial), `quarter` or `month` of the record's day; records without one (people) count in the
    period `all records` alone. Measures: `episode.level_at_start` and so on, of the records that should have it;
    `filled` all cells together, which counts cells, its `n` cells too. Wilson 95% limits. Days after `as_at` do not
    count. `without`: cells that are left out, such as `never_filled` gives.
    """
    asked = [cell for cell in cells() if cell.table in tables and cell.id not in without]
    found = [_filled(tables, cell, by, period, as_at) for cell in asked]
    if not found:
        return empty()
    counts = pl.concat(found)
    both = pl.concat([counts, counts.filter(pl.col("start") != EVER).with_columns(measure=pl.lit("filled"))])
    long = both.group_by("measure", "group", "start").agg(
        pl.col("n").filter("filled").sum().cast(pl.Float64).alias("numerator"),
        pl.col("n").sum().cast(pl.Float64).alias("denominator"),
    )
    if long.is_empty():
        return empty()
    named = [{"start": start, **_period(start, period, as_at)} for start in long["start"].unique()]
    order = {m: place for place, m in enumerate(["filled", *(cell.id for cell in cells())])}
    place = pl.col("measure").replace_strict(order, return_dtype=pl.Int64)
    return shares(long.join(pl.DataFrame(named), on="start"), breakdown=by or ALL).sort(place, "period_end", "group")


def _period(start: str, period: str, as_at: date) -> dict[str, Any]:
    if start == EVER:
        return {"period": EVER, "period_end": as_at, "status": OK}
    first = date.fromisoformat(start)
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    after = first.replace(year=first.year + (first.month - 1 + months) // 12, month=(first.month - 1 + months) % 12 + 1)
    return period_of(first, after - timedelta(days=1), as_at)


def _filled(tables: Tables, cell: Cell, by: str | None, period: str, as_at: date) -> pl.DataFrame:
    """`measure`, `group`, `start` (of the period, as text), `filled`, `n`."""
    rows = _with_group(tables, cell.table, by)
    if cell.date:
        day = nw.col(cell.date)
        rows = rows.filter(~day.is_null(), day <= as_at).with_columns(_year=day.dt.year(), _month=day.dt.month())
    keys = ["_group", *(["_year", "_month"] if cell.date else [])]
    counts = collect(rows.with_columns(filled=~nw.col(cell.column).is_null()).group_by(*keys, "filled").agg(n=nw.len()))
    start = _start(pl.date("_year", "_month", 1), period).cast(pl.String) if cell.date else pl.lit(EVER)
    return counts.select(
        pl.lit(cell.id).alias("measure"), pl.col("_group").fill_null(NOT_RECORDED).alias("group"),
        start.alias("start"), "filled", "n",
    )  # fmt: skip


def _start(month: pl.Expr, period: str) -> pl.Expr:
    if period == "month":
        return month
    if period == "quarter":
        return month.dt.truncate("1q")
    if period == "year":
        return month.dt.offset_by("-3mo").dt.truncate("1y").dt.offset_by("3mo")
    raise ValueError(f"“{period}” is not a period: month, quarter or year.")


# ---- impossible dates


def impossible_dates(tables: Tables, *, as_at: date, by: str | None = None) -> pl.DataFrame:
    """How many records break each rule of `rules()`; fewer is better, none is wanted.

    Measures are the ids of the rules: numerator the records that break it, denominator those that have both dates.
    """
    found = []
    for rule in rules().values():
        if (rows := _judged(tables, rule, as_at, by)) is not None:
            counts = collect(rows.group_by("_group", "_broken").agg(n=nw.len()))
            found.append(
                counts.with_columns(measure=pl.lit(rule.id)).rename({"_group": "group", "_broken": "at_fault"})
            )
    return _faults(found, by, as_at)


def broken(tables: Tables, rule: str, *, as_at: date, agency: str | None = None) -> pl.DataFrame:
    """The records that break a rule, of all or of one agency: the columns of the table's key, then `value` and
    `held_against` (days)."""
    it = rules()[rule]
    rows = _judged(tables, it, as_at, "agency" if agency else None)
    key = list(CASE_TABLES[it.table].key)
    if rows is None:
        return pl.DataFrame(schema={**dict.fromkeys(key, pl.String), "value": pl.Date, "held_against": pl.Date})
    made = rows.filter(nw.col("_broken"), nw.col("_group") == (agency or ALL))
    made = made.select(*key, value=it.column, held_against="_other")
    return collect(made).with_columns(pl.col("value", "held_against").cast(pl.Date)).sort(key)


def _judged(tables: Tables, rule: Rule, as_at: date, by: str | None) -> nw.LazyFrame | None:
    """The records that have both dates, with `_group`, `_other` and `_broken`; None where a table is missing."""
    where, _, column = rule.other.rpartition(".")
    if rule.table not in tables or (where and where not in tables):
        return None
    rows = _with_group(tables, rule.table, by)
    if where:
        rows = _with_episode(rows, rule.table, tables, column)
    elif rule.other in CASE_TABLES[rule.table].columns:
        rows = rows.with_columns(_other=nw.col(rule.other))
    else:
        day = as_at if rule.other == "as_at" else date.fromisoformat(rule.other)
        rows = rows.with_columns(_other=nw.lit(day, nw.Date))
    rows = rows.filter(~nw.col(rule.column).is_null(), ~nw.col("_other").is_null())
    mine, other = nw.col(rule.column), nw.col("_other")
    if rule.relation == "before":
        return rows.with_columns(_broken=mine < other)
    if rule.relation == "month after":
        mine, other = (day.dt.year().cast(nw.Int64) * 12 + day.dt.month() for day in (mine, other))
    return rows.with_columns(_broken=mine > other)


def _with_episode(rows: nw.LazyFrame, table: str, tables: Tables, column: str) -> nw.LazyFrame:
    """With `_other`, a day of the record's episode; of a person, the first of that child's own episodes."""
    episodes = nw.from_native(tables["episode"]).lazy()
    if table != "person":
        of_episode = episodes.select("episode_id", _other=column)
        return rows.join(of_episode, on="episode_id")
    first = episodes.filter(~nw.col("person_id").is_null()).group_by("person_id").agg(_other=nw.col(column).min())
    return rows.join(first, on="person_id")


# ---- rows that point to nothing


def orphans(tables: Tables, *, as_at: date, by: str | None = None) -> pl.DataFrame:
    """How many records point to a row that is not there; fewer is better, none is wanted.

    Measures are `review.episode_id` and so on, every reference of `metrics.cases.CASE_TABLES`: numerator the records
    that point to nothing, denominator those that point anywhere.
    """
    found = []
    for table, column, other in references(tables):
        key = CASE_TABLES[other].key[0]
        there = nw.from_native(tables[other]).lazy().select(_key=key).unique(["_key"]).with_columns(_there=nw.lit(True))
        rows = _with_group(tables, table, by).filter(~nw.col(column).is_null())
        rows = rows.join(there, left_on=column, right_on="_key", how="left")
        rows = rows.with_columns(at_fault=nw.col("_there").is_null())
        counts = collect(rows.group_by("_group", "at_fault").agg(n=nw.len()))
        found.append(counts.with_columns(measure=pl.lit(f"{table}.{column}")).rename({"_group": "group"}))
    return _faults(found, by, as_at)


def references(tables: Tables) -> list[tuple[str, str, str]]:
    """Table, column and the table that it points to, of the tables that are there."""
    return [
        (name, column, other)
        for name, table in CASE_TABLES.items()
        for column, other in table.references.items()
        if name in tables and other in tables
    ]


# ---- rows, on any engine


def _with_group(tables: Tables, table: str, by: str | None) -> nw.LazyFrame:
    """The table with `_group`, what it is split by."""
    rows = nw.from_native(tables[table]).lazy()
    names = rows.collect_schema().names()
    if by is None:
        return rows.with_columns(_group=nw.lit(ALL))
    if by not in ("agency", "agency_type"):
        if by in names:
            return rows.with_columns(_group=nw.col(by))
        return rows.with_columns(_group=nw.lit(None, nw.String))
    own = [nw.col(c) for c in _OWNERS if c in CASE_TABLES[table].columns]
    if "episode_id" in CASE_TABLES[table].columns and table != "episode" and "episode" in tables:
        lead = nw.from_native(tables["episode"]).lazy().select("episode_id", _lead="lead_agency_id")
        rows, own = rows.join(lead, on="episode_id", how="left"), [*own, nw.col("_lead")]
    rows = rows.with_columns(_group=nw.coalesce(*own) if own else nw.lit(None, nw.String))
    if by == "agency" or "agency" not in tables:
        return rows
    kinds = nw.from_native(tables["agency"]).lazy().select(_agency="agency_id", _kind="agency_type")
    return rows.join(kinds, left_on="_group", right_on="_agency", how="left").with_columns(_group=nw.col("_kind"))


def _faults(found: list[pl.DataFrame], by: str | None, as_at: date) -> pl.DataFrame:
    if not found:
        return empty()
    order = {measure: place for place, measure in enumerate(f["measure"][0] for f in found if f.height)}
    counts = pl.concat(f.select("measure", "group", "at_fault", "n") for f in found)
    long = counts.group_by("measure", pl.col("group").cast(pl.String).fill_null(NOT_RECORDED)).agg(
        pl.col("n").filter("at_fault").sum().cast(pl.Float64).alias("numerator"),
        pl.col("n").sum().cast(pl.Float64).alias("denominator"),
    )
    named = long.with_columns(period=pl.lit(EVER), period_end=pl.lit(as_at), status=pl.lit(OK))
    place = pl.col("measure").replace_strict(order, return_dtype=pl.Int64)
    return shares(named, breakdown=by or ALL).sort(place, "group")
