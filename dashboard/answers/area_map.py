"""Where is need greatest? One measure over the county at one level, or two beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard.access import Scope
from dashboard.answers import area_legend as legend
from dashboard.answers import area_words as text
from dashboard.answers import places
from dashboard.answers.area_measures import (
    NEED,
    OUTCOME,
    PEOPLE,
    PROVISION,
    VINTAGES,
    AreaMeasure,
    figures,
    measures,
)
from dashboard.answers.area_store import held_vintage
from dashboard.answers.bands import Band
from dashboard.answers.keep import kept

NO_SECOND = ""


@dataclass(frozen=True, slots=True)
class AreaMap:
    """What the map, its legend, its table and its files show; all from `areas`.

    `areas`: a row an area of the level, most need first: `code`, `name`, `value`, `status`, `said` (figure in words),
    `letter` (null without a figure), `rank` (1 = most need); with a second measure also `second`, `second_said`.
    `frame`: the same as estimates, for the files. `problem`: why nothing can be shown, and the level that can (or "").
    """

    title: str
    sentence: str
    caption: str  # of legend, table and files: measure, unit, year, level
    areas: pl.DataFrame
    frame: pl.DataFrame
    bands: Sequence[Band]
    bands_note: str
    missing: Sequence[tuple[str, str, int]]  # marker, what it means, how many areas
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: Mapping[str, str]
    alt: str
    unit: str
    decimals: int
    source: str
    about: Mapping[str, str]
    vintage: int  # of the small areas
    problem: tuple[str, str, str] | None = None
    remark: str = ""  # why the second measure is not set beside the first
    second_unit: str = ""


def choices(scope: Scope) -> dict[str, str]:
    """Measures for a control: id → name, by kind."""
    return {id_: m.title for id_, m in measures(scope).items()}


def seconds(scope: Scope) -> dict[str, str]:
    """Measures to set beside the first: none, then provision and what is held by area, then the rest."""
    order = {PROVISION: 0, OUTCOME: 1, PEOPLE: 2, NEED: 3}
    rest = sorted(measures(scope).values(), key=lambda m: order[m.kind])
    return {NO_SECOND: "nothing", **{m.id: m.title for m in rest}}


def years(scope: Scope, measure: str) -> dict[str, str]:
    """Years or periods of a measure, newest first."""
    return dict(measures(scope)[measure].years)


def vintage(scope: Scope, measure: str, year: str) -> int:
    """The year of the small areas behind a figure: 2011 or 2021."""
    if measures(scope)[measure].kind == OUTCOME:
        return held_vintage(scope, measure, year)
    return VINTAGES.get(year, 2021)


@kept
def names(scope: Scope, level: str, *, vintage: int) -> dict[str, str]:
    """Code → name; a small area with the ward that it lies in, for its own name says little."""
    known = places.names(scope, level, vintage=vintage)
    if level != "lsoa":
        return known
    wards = places.names(scope, "ward")
    lies_in = dict(places.lookup(scope, vintage=vintage).select("lsoa", "ward").iter_rows())
    return {code: f"{name} ({wards[lies_in[code]]})" for code, name in known.items()}


@kept
def area_map(scope: Scope, *, measure: str, level: str, year: str, second: str = NO_SECOND) -> AreaMap:
    """The map of one measure, or of two where `second` names another. Both at the same `level`."""
    it = measures(scope)[measure]
    made = vintage(scope, measure, year)
    known = names(scope, level, vintage=made)
    frame = figures(scope, measure, level=level, year=year)
    other = measures(scope)[second] if second != NO_SECOND else None
    more = figures(scope, second, level=level, year=next(iter(other.years))) if other else None
    areas = _areas(it, frame, known, year)
    problem = _problem(scope, it, frame, level, year)
    remark = ""
    if other is not None and not problem:
        joined = _beside(areas, other, more)
        remark = _alone(other, joined, level)
        areas = areas if remark else joined
    paired = "second" in areas.columns
    if paired:
        letters, note = legend.nine(areas, it, other), legend.NINE_NOTE
        bands = legend.nine_bands(letters, it, other)
    else:
        other = None
        letters, bands, note = legend.banded(it, areas, year)
    areas = areas.with_columns(letters.alias("letter")).sort("rank", "name", nulls_last=True)
    caption = text.caption(it, year, level) + (f"; beside it {text.lower(other.name)}" if paired else "")
    columns, rows = text.table(it, other if paired else None, areas, year)
    said = problem[0] if problem else text.sentence(scope, it, areas, level=level, year=year, other=other)
    return AreaMap(
        title=text.title(it, year, other),
        sentence=said,
        caption=caption,
        areas=areas,
        frame=pl.concat([frame, more]) if paired else frame,
        bands=bands,
        bands_note=note,
        missing=legend.missing(areas, year),
        columns=columns,
        rows=rows,
        names=known,
        alt=f"Map of the county. {said} {text.extremes(it, areas)}".strip(),
        unit=it.unit,
        decimals=it.decimals,
        source=it.source if not paired or other.source == it.source else f"{it.source}; {other.source}",
        about=text.about(scope, it, frame, level, year, note),
        vintage=made,
        problem=problem,
        remark=remark,
        second_unit=other.unit if paired else "",
    )


def _areas(it: AreaMeasure, frame: pl.DataFrame, known: Mapping[str, str], year: str) -> pl.DataFrame:
    every = pl.DataFrame(
        {"code": list(known), "name": list(known.values())}, schema={"code": pl.String, "name": pl.String}
    )
    mine = frame.select(pl.col("group").alias("code"), "value", "lower", "upper", "status", "method")
    joined = every.join(mine, on="code", how="left", maintain_order="left").with_columns(
        pl.col("status").fill_null("x")
    )
    said = [text.say(it, v, s, year) for v, s in joined.select("value", "status").iter_rows()]
    rank = pl.col("value").rank("min", descending=it.more_is_need).cast(pl.Int64)
    return joined.with_columns(pl.Series("said", said, dtype=pl.String), rank.alias("rank"))


def _beside(areas: pl.DataFrame, other: AreaMeasure, more: pl.DataFrame) -> pl.DataFrame:
    theirs = more.select(pl.col("group").alias("code"), pl.col("value").alias("second"), pl.col("status").alias("_s"))
    joined = areas.join(theirs, on="code", how="left", maintain_order="left")
    said = [text.say(other, v, s or "x") for v, s in joined.select("second", "_s").iter_rows()]
    return joined.with_columns(pl.Series("second_said", said, dtype=pl.String)).drop("_s")


def _problem(scope: Scope, it: AreaMeasure, frame: pl.DataFrame, level: str, year: str) -> tuple[str, str, str] | None:
    if frame.height and frame["value"].is_not_null().any():
        return None
    if frame.height:
        return (f"“{it.name}” has no figure for {places.MANY[level]} in {it.years[year]}.", "Choose another year.", "")
    at = next((lv for lv in places.LEVELS if figures(scope, it.id, level=lv, year=year).height), "")
    there = f"It is held for {places.MANY[at]}." if at else ""
    return (
        f"“{it.name}” is not held for {places.MANY[level]}.",
        f"{there} Figures of small areas can be loaded; with their counts they are then shown at every level.".strip(),
        at,
    )


def _alone(other: AreaMeasure, areas: pl.DataFrame, level: str) -> str:
    """Why the second measure cannot be set beside the first; empty where it can."""
    both = areas.filter(pl.col("value").is_not_null() & pl.col("second").is_not_null())
    if areas["second"].is_null().all():
        return f"“{other.name}” is not held for {places.MANY[level]}, so only the first measure is shown."
    if both["value"].n_unique() < 3 or both["second"].n_unique() < 3:
        return "Two measures are set beside each other where three areas or more differ, so only the first is shown."
    return ""
