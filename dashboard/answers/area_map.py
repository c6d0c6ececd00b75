"""Where is need greatest? One measure over the county at one level, or two beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import bands as banding
from dashboard.answers import places
from dashboard.answers.area_measures import (
    CHANGE,
    CUTS,
    NEED,
    OUTCOME,
    PEOPLE,
    POSITION,
    PROVISION,
    VINTAGES,
    AreaMeasure,
    figures,
    measures,
    unchanged,
)
from dashboard.answers.area_store import held_vintage
from dashboard.answers.area_words import sentence
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
        return held_vintage(scope, measure)
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
        letters, note = _nine(areas, it, other), _NINE_NOTE
        bands = _nine_bands(letters, it, other)
    else:
        other = None
        letters, bands, note = _banded(it, areas, year)
    areas = areas.with_columns(letters.alias("letter")).sort("rank", "name", nulls_last=True)
    caption = _caption(it, year, level) + (f"; beside it {_lower(other.name)}" if paired else "")
    columns, rows = _table(it, other if paired else None, areas, year)
    said = problem[0] if problem else sentence(scope, it, areas, level=level, year=year, other=other)
    return AreaMap(
        title=_title(it, year, other),
        sentence=said,
        caption=caption,
        areas=areas,
        frame=pl.concat([frame, more]) if paired else frame,
        bands=bands,
        bands_note=note,
        missing=_missing(areas),
        columns=columns,
        rows=rows,
        names=known,
        alt=f"Map of the county. {said} {_range(it, areas)}".strip(),
        unit=it.unit,
        decimals=it.decimals,
        source=it.source if not paired or other.source == it.source else f"{it.source}; {other.source}",
        about=_about(scope, it, frame, level, year, note),
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
    said = [say(it, v, s, year) for v, s in joined.select("value", "status").iter_rows()]
    rank = pl.col("value").rank("min", descending=it.more_is_need).cast(pl.Int64)
    return joined.with_columns(pl.Series("said", said, dtype=pl.String), rank.alias("rank"))


def say(it: AreaMeasure, value: float | None, status: str | None, year: str = "") -> str:
    """A figure of a measure as the map writes it: `61`, `+8`, `3.2`, `23.9%`, `[c]`."""
    text = words.value(value, unit=it.unit, decimals=it.decimals, status=status)
    return (
        f"+{text}"
        if year == CHANGE and value is not None and words.number(value, decimals=it.decimals).strip("-0.") and value > 0
        else text
    )


def _beside(areas: pl.DataFrame, other: AreaMeasure, more: pl.DataFrame) -> pl.DataFrame:
    theirs = more.select(pl.col("group").alias("code"), pl.col("value").alias("second"), pl.col("status").alias("_s"))
    joined = areas.join(theirs, on="code", how="left", maintain_order="left")
    said = [say(other, v, s or "x") for v, s in joined.select("second", "_s").iter_rows()]
    return joined.with_columns(pl.Series("second_said", said, dtype=pl.String)).drop("_s")


def _banded(it: AreaMeasure, areas: pl.DataFrame, year: str) -> tuple[pl.Series, list[Band], str]:
    """Letters, bands, and what is to be said of their bounds."""
    same = "The bands are the same at every level."
    sign = words.sign_of(it.unit)
    if it.kind == NEED:
        cuts, note = (
            (CUTS["change"], same) if year == CHANGE else (CUTS[POSITION], f"{same} 50 is the middle of England.")
        )
    elif it.kind == PROVISION:
        cuts, note = CUTS["km"], same
    else:
        decimals = it.decimals
        if it.kind == PEOPLE and it.unit != "%":
            top = areas["value"].max() or 0
            decimals = -3 if top > 20_000 else -2 if top > 4_000 else -1
        cuts = banding.even_cuts(areas["value"], decimals=decimals)
        note = "The bands hold about as many areas each at this level: they change when the level changes."
    letters, made = banding.banded(
        areas["value"], cuts, unit=sign, decimals=it.decimals, highest_first=it.more_is_need
    )  # fmt: skip
    return letters, made, note


_NINE_NOTE = (
    "Thirds of the areas with both figures at this level: letters for the first measure, numbers for the second."
)


def _nine(areas: pl.DataFrame, it: AreaMeasure, other: AreaMeasure) -> pl.Series:
    both = areas.select(
        pl.when(pl.col("second").is_not_null()).then("value").alias("first"),
        pl.when(pl.col("value").is_not_null()).then("second").alias("second"),
    )
    row = banding.thirds(both["first"], highest_first=it.more_is_need).replace_strict(
        {"1": "A", "2": "B", "3": "C"}, default=None, return_dtype=pl.String
    )
    column = banding.thirds(both["second"], highest_first=other.more_is_need)
    return (row + column).alias("letter")


def _nine_bands(letters: pl.Series, it: AreaMeasure, other: AreaMeasure) -> list[Band]:
    third = dict(zip((*"ABC", *banding.THIRDS), ("most need", "middle", "least need") * 2, strict=True))
    pairs = [f"{row}{column}" for row in "ABC" for column in banding.THIRDS]
    first, second = _lower(it.name), _lower(other.name)
    return [
        Band(pair, f"{third[pair[0]]} by {first}, {third[pair[1]]} by {second}", int((letters == pair).sum()))
        for pair in pairs
    ]


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


def _title(it: AreaMeasure, year: str, other: AreaMeasure | None) -> str:
    if other is not None:
        meets = {PROVISION: "provision", NEED: "need", PEOPLE: "population"}.get(other.kind, "outcome")
        first = {PROVISION: "provision", NEED: "need", PEOPLE: "population"}.get(it.kind, "outcome")
        return f"How does {first} lie against {meets}?"
    if year == CHANGE:
        return "Where has need changed?"
    return {
        NEED: "Where is need greatest?",
        PEOPLE: "Where do people live?" if it.unit == "people" else "Where do children live?",
        PROVISION: "Where is help furthest away?",
        OUTCOME: "Where do outcomes differ?",
    }[it.kind]


def _lower(name: str) -> str:
    return name if name[:2].isupper() or name.startswith(("Index", "EHC", "NEET")) else name[:1].lower() + name[1:]


def _caption(it: AreaMeasure, year: str, level: str) -> str:
    unit = f" ({it.unit})" if it.unit and it.unit not in ("people", "children", "km") else ""
    change = ", change in places of a hundred" if year == CHANGE else unit
    return f"{it.name}{change}, {it.years[year]}, by {places.LEVELS[level].partition(' (')[0].lower()}"


def _table(it: AreaMeasure, other: AreaMeasure | None, areas: pl.DataFrame, year: str):
    unit = "%" if words.sign_of(it.unit) else ""
    columns = ["Area", "Figure", "Band", "Rank"]
    count = areas["rank"].drop_nulls().len()
    fields = ["name", "said", "letter", "rank"]
    if areas["lower"].is_not_null().any():
        columns.insert(2, "95% limits")
        limits = [
            words.interval(a, b, decimals=it.decimals) or words.MISSING
            for a, b in areas.select("lower", "upper").iter_rows()
        ]
        areas = areas.with_columns(pl.Series("limits", limits, dtype=pl.String))
        fields.insert(2, "limits")
    if other is not None:
        columns.insert(-2, "Beside it")
        fields.insert(-2, "second_said")
    rows = [
        tuple(
            f"{cell} of {count}"
            if field == "rank" and cell is not None
            else words.MISSING
            if cell is None
            else str(cell)
            for field, cell in zip(fields, row, strict=True)
        )
        for row in areas.select(fields).iter_rows()
    ]
    return [c if c != "Figure" or not unit else "Figure (%)" for c in columns], rows


def _missing(areas: pl.DataFrame) -> list[tuple[str, str, int]]:
    without = areas.filter(pl.col("letter").is_null())
    counted = without.group_by("status", maintain_order=True).agg(pl.len())
    return [
        (words.MARKERS.get(s, "[x]"), words.status_words(s) if s in words.MARKERS else "no figure", n)
        for s, n in counted.iter_rows()
    ]


def _range(it: AreaMeasure, areas: pl.DataFrame) -> str:
    known = areas.filter(pl.col("value").is_not_null())
    if known.is_empty():
        return ""
    low, high = (known.sort("value").row(k, named=True) for k in (0, -1))
    return f"From {low['said']} ({low['name']}) to {high['said']} ({high['name']}). The table below has every area."


def _about(scope: Scope, it: AreaMeasure, frame: pl.DataFrame, level: str, year: str, note: str) -> dict[str, str]:
    left = ""
    if year == CHANGE:
        same = len(unchanged(scope, "lsoa"))
        left = (
            f"Change is shown only where an area is the same ground in both years: {same} of 443 small areas are, the "
            "other 40 are parts of areas that were split. New indicators came in with 2025: a change in place is not "
            "only a change on the ground."
        )
    if level == "ward":
        left += " Wards are put together from whole small areas, each in the ward where most of its postcodes lie."
    methods = frame["method"].drop_nulls().unique(maintain_order=True).to_list()
    return {
        "definition": it.definition,
        "source": it.source,
        "n": f"{frame['value'].is_not_null().sum():,} {places.MANY[level]}" if frame.height else "",
        "exclusions": left.strip(),
        "method": f"{'; '.join(methods[:2])}. {note}" if len(methods) <= 2 else f"{it.definition} {note}",
        "limits": it.limits,
    }
