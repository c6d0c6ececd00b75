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
from dashboard.answers import case_records, journey_counts, journey_words, places
from dashboard.answers.journey_counts import AREAS, OF_AGENCIES, Year
from dashboard.answers.journey_words import LEVELS, Table
from dashboard.answers.keep import kept
from metrics.counting import ALL
from metrics.estimates import empty

WHOLE, EVERY = "", ""  # in place of an area's, agency's or level's code
SOURCE = "Case records of the partnership, reckoned by this dashboard"
INVENTED_SOURCE = "Invented case records"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the controls offer: code → what is shown. `year`, `area`, `agency`: what they begin with, the newest year
    that is over, and the own area or agency of somebody who is held to one."""

    years: Mapping[str, str]
    year: str
    areas: Mapping[str, str]
    agencies: Mapping[str, str]
    levels: Mapping[str, str]
    area: str
    agency: str


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
        area=case_records.own_area(scope),
        agency=case_records.own_agency(scope),
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
    went = journey_words.ways(held) if agency else journey_words.flow(held, level)
    back, idle = journey_words.returns(at_level), journey_words.drift(at_level)
    when = next(y for y in journey_counts.years(scope) if y.name == year)
    return Journeys(
        sentence=journey_words.sentence(held, of, offered.years[year], level=level),
        remark=remark,
        flow=flow,
        headline=journey_words.headline(held, level),
        subtitle=f"Episodes open in {offered.years[year]}, {of}: level of need at the beginning and at the end",
        n=f"{journey_words.number(held, 'flow')} episodes" if "flow" in held else "",
        tables=[went, journey_words.closures(held), back, idle],
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
