"""The words of the area map, made from the same rows as the map: title, sentence, caption, table, about."""

from __future__ import annotations

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import places
from dashboard.answers.area_measures import (
    CHANGE,
    CUTS,
    NEED,
    OUTCOME,
    PEOPLE,
    POSITION,
    PROVISION,
    AreaMeasure,
    figures,
    unchanged,
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
            f"{it.name}, {when}: most in {top['name']} ({top['said']}), fewest in {last['name']} ({last['said']}); "
            f"{whole} in the county."
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


def say(it: AreaMeasure, value: float | None, status: str | None, year: str = "") -> str:
    """A figure of a measure as the map writes it: `61`, `+8`, `3.2`, `23.9%`, `[c]`."""
    text = words.value(value, unit=it.unit, decimals=it.decimals, status=status)
    rises = year == CHANGE and value is not None and value > 0 and text.strip("0.")
    return f"+{text}" if rises else text


def title(it: AreaMeasure, year: str, other: AreaMeasure | None) -> str:
    """The page's question."""
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


def lower(name: str) -> str:
    """A measure's name within a sentence; abbreviations and names keep their capitals."""
    return name if name[:2].isupper() or name.startswith(("Index", "EHC", "NEET")) else name[:1].lower() + name[1:]


def caption(it: AreaMeasure, year: str, level: str) -> str:
    """Measure, unit, year, level: for the key, the table and the files."""
    by = f"by {places.LEVELS[level].partition(' (')[0].lower()}"
    if year == CHANGE:
        return f"{it.name}, change of position in places of a hundred, 2019 to 2025, {by}"
    unit = f" ({it.unit})" if it.unit and it.unit not in ("people", "children", "km") else ""
    return f"{it.name}{unit}, {it.years[year]}, {by}"


def extremes(it: AreaMeasure, areas: pl.DataFrame) -> str:
    """The range, for whoever cannot see the map."""
    known = areas.filter(pl.col("value").is_not_null())
    if known.is_empty():
        return ""
    low, high = (known.sort("value").row(k, named=True) for k in (0, -1))
    return f"From {low['said']} ({low['name']}) to {high['said']} ({high['name']}). The table below has every area."


def table(
    it: AreaMeasure, other: AreaMeasure | None, areas: pl.DataFrame, year: str
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Columns and rows of the table of all areas, most need first."""
    count = areas["rank"].drop_nulls().len()
    figure = "Figure (%)" if words.sign_of(it.unit) else "Figure"
    limits = [words.interval(*pair, decimals=it.decimals) for pair in areas.select("lower", "upper").iter_rows()]
    given = {
        "Area": areas["name"].to_list(),
        figure: areas["said"].to_list(),
        "95% limits": limits if any(limits) else None,
        "Beside it": areas["second_said"].to_list() if other is not None else None,
        "Band": areas["letter"].to_list(),
        "Rank": [None if rank is None else f"{rank} of {count}" for rank in areas["rank"]],
    }
    shown = {column: cells for column, cells in given.items() if cells is not None}
    return list(shown), [tuple(cell or words.MISSING for cell in row) for row in zip(*shown.values(), strict=True)]


def about(scope: Scope, it: AreaMeasure, frame: pl.DataFrame, level: str, year: str, note: str) -> dict[str, str]:
    """The fields of "About these figures"."""
    left = ""
    if year == CHANGE:
        every, same = places.lookup(scope).height, len(unchanged(scope, "lsoa"))
        left = (
            f"Change is shown only where an area is the same ground in both years: {same} of {every} small areas are, "
            f"the other {every - same} are parts of areas that were split. New indicators came in with "
            "2025: a change of place is not only a change on the ground."
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
