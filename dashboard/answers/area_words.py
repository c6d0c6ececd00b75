"""The sentence above the area map, made from the same rows as the map."""

from __future__ import annotations

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import places
from dashboard.answers.area_measures import (
    CHANGE,
    CUTS,
    NEED,
    PEOPLE,
    POSITION,
    PROVISION,
    AreaMeasure,
    figures,
)

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def sentence(
    scope: Scope, it: AreaMeasure, areas: pl.DataFrame, *, level: str, year: str, other: AreaMeasure | None = None
) -> str:
    """Read out as it stands. `areas` as in `AreaMap`, with at least one figure."""
    known = areas.filter(pl.col("value").is_not_null())
    many = places.MANY[level]
    if other is not None:
        return _two(it, other, areas, many)
    if year == CHANGE:
        return _change(scope, known, areas, level)
    top, last = known.row(0, named=True), known.row(-1, named=True)
    county = figures(scope, it.id, level="county", year=year)["value"]
    whole = words.value(county[0], unit=it.unit, decimals=it.decimals) if len(county) and county[0] is not None else ""
    when = it.years[year]
    if it.kind == NEED and level == "lsoa":
        most = known.filter(pl.col("value") >= CUTS[POSITION][-1])
        names = words.listed(known["name"].head(3).to_list())
        return (
            f"{most.height} of {known.height} small areas are among the most deprived 35 in a hundred of England "
            f"(band A; {it.name}, {when}). {names} stand highest."
        )
    if it.kind == NEED:
        return (
            f"Of {_count(known.height)} {many}, {top['name']} is the most deprived ({it.name}, {when}): it stands at "
            f"{top['said']} of 100 in England, {last['name']} at {last['said']}, the county at {whole}."
        )
    if it.kind == PEOPLE and it.unit != "%":
        return (
            f"Most {it.unit} live in {top['name']} ({top['said']}), fewest in {last['name']} ({last['said']}), of "
            f"{whole} in the county ({when})."
        )
    if it.kind == PROVISION:
        thing = it.name.partition("nearest ")[2]
        return (
            f"The nearest {thing} is furthest away from people in {top['name']} ({top['said']} km) and nearest in "
            f"{last['name']} ({last['said']} km); across the county it is {whole} km."
        )
    also = f"; the county {whole}" if whole else ""
    if known.height <= 3:
        said = words.listed([f"{name} {figure}" for name, figure in known.select("name", "said").iter_rows()])
        return f"{it.name}, {when}: {said}{also}."
    ends = ("lowest", "highest") if not it.more_is_need else ("highest", "lowest")
    return (
        f"{it.name}, {when}: {ends[0]} in {top['name']} ({top['said']}), {ends[1]} in {last['name']} "
        f"({last['said']}){also}."
    )


def _change(scope: Scope, known: pl.DataFrame, areas: pl.DataFrame, level: str) -> str:
    up, down = known.sort("value").row(-1, named=True), known.sort("value").row(0, named=True)
    worse = f"{up['name']} moved furthest up, by {up['said'].lstrip('+')}" if up["value"] > 0 else "none moved up"
    better = f"{down['name']} furthest down, by {down['said'].lstrip('-')}" if down["value"] < 0 else "none moved down"
    said = f"Among England's areas ranked by deprivation, in places of a hundred from 2019 to 2025: {worse}; {better}."
    without = areas.height - known.height
    if not without:
        return said
    return f"{said} {without} of {areas.height} {places.MANY[level]} cannot be compared: their boundary changed."


def _two(it: AreaMeasure, other: AreaMeasure, areas: pl.DataFrame, many: str) -> str:
    worst = areas.filter(pl.col("letter") == "A1")
    both = areas.filter(pl.col("value").is_not_null() & pl.col("second").is_not_null()).height
    if worst.is_empty():
        return f"None of {both} {many} is in the third with most need by both “{it.name}” and “{other.name}”."
    names = words.listed(worst["name"].head(3).to_list())
    more = f" and {worst.height - 3} more" if worst.height > 3 else ""
    verb = "is" if worst.height == 1 else "are"
    return (
        f"{names}{more} {verb} in the third with most need by both “{it.name}” and “{other.name}”: "
        f"{worst.height} of {both} {many} (A1 on the map)."
    )


def _count(number: int) -> str:
    return NUMBERS[number] if number < len(NUMBERS) else f"{number:,}"
