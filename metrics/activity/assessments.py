"""Early Help Assessments: started, on time, overdue, by whom (M01 to M03, M18)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.question import Question
from metrics.activity.tally import counts, values
from metrics.cases import AGENCY_TYPES
from metrics.counting import ALL, CROSS

LEVEL_OF_ALL = "county"  # the level of the population that goes with what is not split


def tallies(q: Question, population: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    if "assessment" not in q.facts:
        return
    if q.asks("M01", "M01_count", "M18"):
        yield from _started(q, population)
    if q.asks("M02"):
        done = q.happened("assessment_done", "complete", {"all": nw.col("n"), "in_time": nw.col("in_time")})
        yield counts("M02", q.every(done), "in_time", "all")
    if q.asks("M03"):
        yield _overdue(q)


def _started(q: Question, population: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    by_type = "agency_type" not in q.by and q.asks("M18")
    parts = q.happened("assessment", "start", {"n": nw.col("n")}, also=("agency_type",) if by_type else ())
    started = q.every(parts.group_by("g", "p").agg(pl.col("n").sum()))
    if q.asks("M01_count"):
        yield counts("M01_count", started, "n")
    if q.asks("M01"):
        yield _rate(q, started, population)
    if not q.asks("M18"):
        return
    if set(q.by) & {"agency", "agency_type"}:
        others = [i for i, key in enumerate(q.by) if key not in ("agency", "agency_type")]
        whole = pl.lit(ALL) if not others else pl.col("g").str.split(CROSS).list.get(others[0])
        shares = started.with_columns(whole=whole).with_columns(all=pl.col("n").sum().over("whole", "p"))
        yield counts("M18", shares, "n", "all")
        return
    parts = parts.with_columns(pl.col("agency_type").fill_null("other"))
    for kind in AGENCY_TYPES:
        mine = parts.filter(pl.col("agency_type") == kind).group_by("g", "p").agg(pl.col("n").sum().alias("mine"))
        shares = started.join(mine, on=["g", "p"], how="left").with_columns(pl.col("mine").fill_null(0))
        yield counts(f"M18_{kind}", shares, "mine", "n")


def _rate(q: Question, started: pl.DataFrame, population: pl.DataFrame | None) -> pl.DataFrame:
    """Per 10,000: people of the year nearest before the period's end, or of the first year known."""
    if population is None or len(q.by) > 1:
        return values("M01", started, numerator=pl.col("n"), n=pl.col("n"))
    people = population.filter(pl.col("level") == (q.by[0] if q.by else LEVEL_OF_ALL)).select(
        pl.col("area").cast(pl.String).alias("g") if q.by else pl.lit(ALL).alias("g"),
        pl.col("year").cast(pl.Int64),
        pl.col("people").cast(pl.Float64),
    )
    people = people.group_by("g", "year").agg(pl.col("people").sum()).sort("year")
    ends = q.calendar(started["p"]).select("p", year=pl.col("period_end").dt.year().cast(pl.Int64))
    asked = started.join(ends, on="p").sort("year")
    before = asked.join_asof(people, on="year", by="g", check_sortedness=False)
    first = people.group_by("g").agg(pl.col("people").first().alias("first"))
    rates = before.join(first, on="g", how="left").with_columns(pl.coalesce("people", "first"))
    return counts("M01", rates, "n", "people")


def _overdue(q: Question) -> pl.DataFrame:
    """Open, and of these overdue, at each period's end: an assessment is overdue from its first late day until it is
    complete or its episode has ended."""
    opened, overdue = q.stood("assessment_open"), q.stood("assessment_overdue")
    both = opened.join(overdue.rename({"n": "late"}), on=["g", "p"], how="left")
    return counts("M03", both.with_columns(pl.col("late").fill_null(0)), "late", "n")
