"""The page “Journeys”: what may be chosen, and what became of the families, in words, tables and a chart's frame.

An agency lead chooses between the partnership and their own agencies, a coordinator between the county and their own
forum areas; everybody gets the same figures, after disclosure control (`journey_counts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import AGENCY, FORUM_AREA, ROLES, NotAllowed, Scope
from dashboard.answers import case_records, journey_counts, places
from dashboard.answers.journey_counts import AREAS, OF_AGENCIES, Year
from dashboard.answers.keep import kept
from metrics import journeys as reckoned
from metrics.counting import ALL
from metrics.estimates import empty
from metrics.intervals import wilson

LEVELS: Mapping[int, str] = reckoned.LEVELS
WHOLE, EVERY = "", ""  # in place of an area's, agency's or level's code
SOURCE = "Case records of the partnership, reckoned by this dashboard"
INVENTED_SOURCE = "Invented case records"
_FOLLOWED: Mapping[str, str] = {
    "returned": "Came back to early help",
    "stepped_up_after": "Went to children's social care",
    "stayed_free": "Neither",
}
_DRIFT: Mapping[str, str] = {
    "drift": "Drifting, for either reason",
    "drift_long": "Open for more than 12 months",
    "drift_reviews": "Three reviews held in turn without a change of level",
}
COLUMNS = ("What", "Episodes", "Share", "95% limits", "Of")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the controls offer: code → what is shown; the first is taken where nothing is chosen, years the newest that
    is over."""

    years: Mapping[str, str]
    year: str
    areas: Mapping[str, str]
    agencies: Mapping[str, str]
    levels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words: columns as `COLUMNS`, but for the first."""

    name: str
    lead: str
    frame: pl.DataFrame
    numbers: Sequence[str] = COLUMNS[1:4]


@dataclass(frozen=True, slots=True)
class Journeys:
    """The page's content. `flow`: frame for the chart, empty where it is not shown for this choice."""

    sentence: str
    remark: str
    flow: pl.DataFrame
    headline: str
    subtitle: str
    n: str
    tables: Sequence[Table]
    chosen: Mapping[str, str]
    source: str


@kept
def choices(scope: Scope) -> Choices | None:
    """What may be chosen; None where no case records are loaded."""
    held = journey_counts.years(scope)
    if not held:
        return None
    role = ROLES.get(scope.role)
    held_to = role.held_to if role else ""
    areas = {code: name for level in ("council", "forum") for code, name in places.names(scope, level).items()}
    if held_to == FORUM_AREA:
        areas = {code: name for code, name in areas.items() if code in scope.forum_areas}
    agencies = dict(case_records.agencies(scope))
    if held_to == AGENCY:
        agencies = {code: name for code, name in agencies.items() if code in scope.agencies}
    return Choices(
        years={y.name: _year(scope, y) for y in held},
        year=next((y.name for y in held if y.over), held[0].name),
        areas={WHOLE: "Whole county", **told_apart(areas)},
        agencies={EVERY: "All agencies", **told_apart(agencies)},
        levels={EVERY: "All levels", **{str(level): f"{level} {name}" for level, name in LEVELS.items()}},
    )


def told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Names that are borne twice get their code: a control cannot tell them apart otherwise."""
    shown = list(names.values())
    return {code: name if shown.count(name) == 1 else f"{name} ({code})" for code, name in names.items()}


def _year(scope: Scope, year: Year) -> str:
    return year.name if year.over else f"{year.name} to {words.day(case_records.as_at(scope))}"


@kept
def journeys(scope: Scope, *, area: str, agency: str, level: str, year: str) -> Journeys:
    """The journeys of a year, an area or an agency, and those that began at a level. Raises `NotAllowed`.

    Only the flow is cut by area and level at once, and nothing by agency and another: hardly a figure would be left.
    What is then shown instead, `remark` says.
    """
    offered = choices(scope)
    asked = {area: offered.areas, agency: offered.agencies, level: offered.levels, year: offered.years}
    if any(code not in among for code, among in asked.items() if code):
        raise NotAllowed("This area, agency, level or year is not among those that your role may choose.")
    frame, remark = _rows(scope, area, agency, level, year)
    of = offered.agencies[agency] if agency else offered.areas[area] if area else "the whole county"
    flow = frame.filter(pl.col("measure").str.contains("^flow:[1-4]")) if not agency else empty()
    if level:
        flow = flow.filter(pl.col("measure").str.contains(f"^flow:{level}"))
    held = {row["measure"]: row for row in frame.iter_rows(named=True)}
    at_level = _at_level(scope, held, area, agency, level, year)
    closures, returns, drift = _closures(held), _returns(at_level), _drift(at_level)
    tables = [_flow(held, level) if not agency else _ways(held), closures, returns, drift]
    when = next(y for y in journey_counts.years(scope) if y.name == year)
    return Journeys(
        sentence=_sentence(held, of, offered.years[year]),
        remark=remark,
        flow=flow,
        headline=_headline(held, level),
        subtitle=f"Episodes open in {offered.years[year]}, {of}: level of need at the beginning and at the end",
        n=f"{_number(held, 'flow')} episodes" if "flow" in held else "",
        tables=tables,
        chosen={
            "Area": offered.areas[area if not agency else WHOLE],
            "Agency": offered.agencies[agency],
            "Level of need at the start": offered.levels[level],
            "Year": offered.years[year],
            "Open episodes on": words.day(min(when.end, case_records.as_at(scope))),
        },
        source=INVENTED_SOURCE if case_records.invented(scope) else SOURCE,
    )


def _rows(scope: Scope, area: str, agency: str, level: str, year: str) -> tuple[pl.DataFrame, str]:
    """The estimates of what was chosen, a row a measure, and what cannot be had of it."""
    if agency:
        every = journey_counts.of_agencies(scope, year)
        mine = every.filter(pl.col("group") == agency)
        if "flow" not in mine["measure"].to_list():
            return mine, (
                f"Not all is shown of this agency: it led fewer than {journey_counts.WAYS_LEAST} episodes in the year, "
                "or the county's own figure is hidden. "
                "Choose another year, or all agencies."
            )
        cut = "Agencies are shown for the whole county and all levels: cut finer, hardly a figure could be shown."
        return mine, cut if area or level else ""
    every = journey_counts.of_areas(scope, year)
    mine = every.filter(pl.col("group") == (area or ALL), pl.col("breakdown") != "level")
    if not mine["measure"].str.contains("^flow:[1-4]").any():
        least = journey_counts.ENOUGH["flow"]
        return (
            mine,
            f"Where families went is shown from {least} episodes in a year: here were fewer. Choose a larger area.",
        )
    if not level:
        return mine, ""
    rest = "closures, returns and drift are" if area else "closures are"
    return (
        mine,
        f"The flow is of those who began at level {level}; {rest} of all levels: cut finer, too little is left.",
    )


def _at_level(scope: Scope, held: Mapping[str, dict], area: str, agency: str, level: str, year: str) -> dict:
    if not level or area or agency:
        return dict(held)
    rows = journey_counts.of_areas(scope, year).filter(breakdown="level", group=level)
    return {row["measure"]: row for row in rows.iter_rows(named=True)}


# ---- in words


def _sentence(held: Mapping[str, dict], of: str, year: str) -> str:
    by_level = [_from_level(held, a) for a in LEVELS if f"flow:{a}" in held]
    said = [part for part in ([_by_way(held)] if "flow:up" in held else by_level) if part]
    first = f"In {year}, {of}"
    if held.get("flow", {}).get("numerator") is not None:
        first = f"In {year} {_number(held, 'flow')} episodes were open in {of}"
    first = f"{first}: {'; '.join(said)}." if said else f"{first}: how many changed level is not shown."
    back = held.get("returned")
    if back and back["value"] is not None and back["denominator"] is not None:
        share = words.figure(
            back["value"], back["lower"], back["upper"], unit="%", decimals=0, numerator=back["numerator"],
            denominator=back["denominator"],
        )  # fmt: skip
        first += f" Of the closures followed for 12 months, {share}, came back to early help."
    return first


def _by_way(held: Mapping[str, dict]) -> str:
    names = {"flow:up": "moved up", "flow:down": "moved down"}
    shown = {name: _share(held[m], held[m]["denominator"]) for m, name in names.items() if m in held}
    said = [f"{words.value(row['value'], unit='%')} {name}" for name, row in shown.items() if row["value"] is not None]
    return words.listed(said)


def _from_level(held: Mapping[str, dict], a: int) -> str:
    """`of 3,137 at level 2, 34.8% moved down and 6.2% up`, as far as it is shown and anybody could."""
    down, up = (_moved(held, a, [b for b in LEVELS if test(b)]) for test in ((lambda b: b < a), (lambda b: b > a)))
    said = [f"{words.number(share)}% moved {way}" for way, share in (("down", down), ("up", up)) if share is not None]
    return f"of {_number(held, f'flow:{a}')} at level {a}, {words.listed(said)}" if said else ""


def _moved(held: Mapping[str, dict], a: int, to: Sequence[int]) -> float | None:
    whole, parts = held[f"flow:{a}"]["numerator"], [held[f"flow:{a}:{b}"]["numerator"] for b in to]
    return None if not whole or not parts or None in parts else 100 * sum(parts) / whole


def _headline(held: Mapping[str, dict], level: str) -> str:
    """What the chart shows: of one level, or of the level at which most began."""
    wholes = {a: held.get(f"flow:{a}", {}).get("numerator") or 0 for a in LEVELS if level in (EVERY, str(a))}
    most = max(wholes, key=wholes.get)
    stayed = held.get(f"flow:{most}:{most}", {}).get("numerator")
    if not wholes[most] or stayed is None:
        return "From which level of need to which"
    share = words.number(100 * stayed / wholes[most], decimals=0)
    return f"{share}% of those who began at level {most} ended at the same level"


def _flow(held: Mapping[str, dict], level: str) -> Table:
    rows = []
    for a in LEVELS:
        if level in (EVERY, str(a)) and f"flow:{a}" in held:
            of = f"those who began at {a}"
            rows += [_cells(f"From {a} {LEVELS[a]} to {b} {LEVELS[b]}", held[f"flow:{a}:{b}"], of) for b in LEVELS]
    if not level and "flow:unknown" in held:
        rows.append(_cells("No level recorded at either end", held["flow:unknown"], "all episodes"))
    lead = "Neither up nor down is good or bad in itself: a step up can be the right help at the right time."
    return Table("Step up and step down", lead if rows else "", _frame(rows))


def _ways(held: Mapping[str, dict]) -> Table:
    names = {"flow:up": "Moved up", "flow:down": "Moved down"}
    rows = [_cells(name, _share(held[m], held[m]["denominator"]), "episodes") for m, name in names.items() if m in held]
    lead = "By agency the levels themselves are too small to show." if rows else ""
    return Table("Step up and step down", lead, _frame(rows))


def _closures(held: Mapping[str, dict]) -> Table:
    reasons = reckoned.closure_reasons()
    out = [held.get(f"closure:{code}") for code, reason in reasons.items() if not reason.outcome]
    whole = held.get("closures", {}).get("numerator")
    left = [row["numerator"] for row in out if row]
    of = whole - sum(left) if whole is not None and len(left) == len(out) and None not in left else None
    rows = []
    for code, reason in reasons.items():
        row = held.get(f"closure:{code}")
        if row is None:
            continue
        if not reason.outcome:
            rows.append((reason.label, _count(row), "not counted in shares", "", ""))
        else:
            rows.append(_cells(reason.label, _share(row, of), "closures without moved and error" if of else "closures"))
    lead = f"{_number(held, 'closures')} episodes were closed. " if "closures" in held else ""
    lead += (
        "Shares leave out families who moved away and episodes opened in error."
        if of
        else "Shares are of all closures: how many moved away or were opened in error is not shown here."
    )
    return Table("Why episodes were closed", lead, _frame(rows))


def _returns(held: Mapping[str, dict]) -> Table:
    rows = [_cells(name, held[m], "closures followed for 12 months") for m, name in _FOLLOWED.items() if m in held]
    lead = (
        f"{_number(held, 'followed')} closures were followed for 12 months; {_number(held, 'not_mature')} are not yet "
        "12 months old. A family can do both."
    )
    return Table("Who came back within 12 months of closing", lead if rows else "", _frame(rows))


def _drift(held: Mapping[str, dict]) -> Table:
    rows = [_cells(name, held[m], "open episodes") for m, name in _DRIFT.items() if m in held]
    lead = f"{_number(held, 'open')} episodes were open on the last day; fewer that drift is better." if rows else ""
    return Table("What drifts", lead, _frame(rows))


def _share(row: dict, of: float | None) -> dict:
    """The row as a share of `of`; without it, of all closures, as it is."""
    if row["numerator"] is None or not of:
        return row
    limits = pl.select(wilson(row["numerator"], of, multiplier=100)).item()
    return {**row, "denominator": of, "value": 100 * row["numerator"] / of, **limits}


def _cells(name: str, row: dict, of: str) -> tuple[str, ...]:
    hidden = row["numerator"] is None or row["denominator"] is None
    share = words.value(None if hidden else row["value"], unit="%", status=row["status"])
    limits = "" if hidden else words.interval(row["lower"], row["upper"])
    count = "" if row["denominator"] is None else f"{words.number(row['denominator'], decimals=0)} {of}"
    return name, _count(row), share, limits, count


def _count(row: dict) -> str:
    return words.value(row["numerator"], decimals=0, status=row["status"])


def _number(held: Mapping[str, dict], measure: str) -> str:
    row = held.get(measure)
    return words.MISSING if row is None else _count(row)


def _frame(rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def about(scope: Scope) -> dict[str, str]:
    """What stands under the page: fields of `components.About`."""
    return {
        "definition": (
            "An episode is one early help period of a family. Its level of need at the beginning is the one on the day "
            "before the year, or when it was opened; at the end, the last that was recorded by the end of the year or "
            "the closure. Came back: another episode of the family began 1 to 365 days after the closure. Went to "
            "children's social care: a referral, or a step up, in the same days. Drift: open for more than 12 months, "
            "or three reviews held in turn without a change of level."
        ),
        "source": INVENTED_SOURCE if case_records.invented(scope) else SOURCE,
        "last_update": str(case_records.as_at(scope) or ""),
        "exclusions": (
            "Episodes opened in error, and those that end before they start. Families who moved away are not followed. "
            "Closures less than 12 months old are counted, not judged."
        ),
        "method": (
            "Shares with Wilson 95% limits. Counts of 1 to 5, and what would give them away, are hidden: [c]. "
            f"Agencies with fewer than {journey_counts.LEAST} episodes in a year are not shown by themselves; the flow "
            f"is shown from {journey_counts.ENOUGH['flow']} episodes, and from {journey_counts.AT_LEVEL} at a level."
        ),
        "limits": (
            "Levels are what was recorded. That a family did not come back does not say that it is well: it may have "
            "moved, or found no way back."
        ),
    }


__all__ = ["AREAS", "OF_AGENCIES", "Choices", "Journeys", "Table", "about", "choices", "journeys"]
