"""The page “Activity”: how much was done, how well, and whether anyone is better off, for a part of the partnership.

Everybody's figures are cut out of one frame after disclosure control (`activity_shown`). An agency lead and a
coordinator, who may see the cases of their own agency or area, see its figures whole (`activity_own`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard import words
from dashboard.access import NotAllowed, Scope
from dashboard.answers import activity_own, activity_words, case_records, places
from dashboard.answers.activity_shown import figures
from dashboard.answers.activity_words import length, length_of
from dashboard.answers.audit_counts import kept_with_audits_for_a_scope
from dashboard.answers.journeys import INVENTED_SOURCE, SOURCE, told_apart
from dashboard.answers.keep import the_store
from metrics.activity import MEASURES, measure_of, restated
from metrics.cases import AGENCY_TYPES
from metrics.estimates import PROVISIONAL
from metrics.trends import xmr

ALL = "all"
LEVELS: Mapping[str, str] = {"": "All levels", "1": "Level 1", "2": "Level 2", "3": "Level 3", "4": "Level 4"}
# The four boxes: quadrant and side of the measures in it, name, lead; what fits none of these is in the last.
BOXES = (
    (("how much", "effort"), "How much did we do?", "The effort, counted."),
    (("how well", "effort"), "How well did we do it?", "The effort, judged."),
    (("better off", "effect"), "Is anyone better off?", "What became of children and families."),
    (None, "What families said, and what it cost", "Read these beside the box before."),
)
_AREAS: Mapping[str, str] = {"council": "council", "district": "district to 2021", "forum": "forum area"}
_BEFORE: Mapping[str, str] = {"agency": "by", "agency_type": "by", "level": "for"}  # what the figures are of
QUARTERS, MONTHS = 8, 12  # of these are offered


@dataclass(frozen=True, slots=True)
class Choices:
    """What the controls offer, code → what is shown; `period`: the newest year that is over. `area`, `agency`: what
    they begin with, the own one of somebody who is held to one."""

    areas: Mapping[str, str]
    agencies: Mapping[str, str]
    levels: Mapping[str, str]
    periods: Mapping[str, str]
    period: str
    area: str = ""
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One measure in words. `id` leads to its chart."""

    id: str
    name: str
    value: str
    detail: str = ""
    beside: str = ""  # the county's, where the figure is of a part of it
    before: str = ""
    signal: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    lead: str
    first: Sequence[Line]
    rest: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Activity:
    """The page's content for one choice. `rows`: the estimates that the boxes are made of."""

    sentence: str
    remark: str
    boxes: Sequence[Box]
    rows: pl.DataFrame
    of: str  # "the county", "Corby", "schools and colleges"
    breakdown: str
    group: str
    period: str
    own: bool = False  # whether these are figures that only who may see the cases gets
    source: str = SOURCE


@kept_with_audits_for_a_scope
def choices(scope: Scope) -> Choices | None:
    """What may be chosen; None where no case records are loaded."""
    every = figures(scope)
    if every.is_empty():
        return None
    areas = {
        code: f"{name} ({called})"
        for level, called in _AREAS.items()
        for code, name in places.names(scope, level).items()
    }
    own = {a: name for a, name in case_records.agencies(scope).items() if a in activity_own.mine(scope)}
    held = set(every.filter(breakdown="agency_type")["group"])
    kinds = {kind: name for kind, name in AGENCY_TYPES.items() if kind in held}
    months, quarters, years = (_periods(every, long) for long in range(3))
    day = case_records.as_at(scope)
    over = [label for label, end in years if end <= day]
    shown = {label: label if end <= day else f"{label} so far" for label, end in [*years, *quarters[:QUARTERS]]}
    shown |= {label: words.month(end) for label, end in months[:MONTHS]}
    return Choices(
        areas={"": "Whole county", **areas},
        agencies={"": "All agencies", **told_apart({**own, **kinds})},
        levels=LEVELS,
        periods=shown,
        period=over[0] if over else years[0][0],
        area=case_records.own_area(scope),
        agency=case_records.own_agency(scope),
    )


def _periods(every: pl.DataFrame, long: int) -> list[tuple[str, date]]:
    """Labels and last days of the periods of a `length`, the newest first."""
    found = every.filter(length() == long, breakdown=ALL).select("period", "period_end").unique()
    return found.sort("period_end", descending=True).rows()


@kept_with_audits_for_a_scope
def activity(scope: Scope, *, area: str, agency: str, level: str, period: str) -> Activity:
    """The measures of one period, for the county or one cut of it. Raises `NotAllowed` for what is not offered.

    Figures are cut one way at a time; what a second choice asks for besides is named in `remark`.
    """
    offered = choices(scope)
    asked = ((area, offered.areas), (agency, offered.agencies), (level, offered.levels), (period, offered.periods))
    if any(code not in among for code, among in asked):
        raise NotAllowed("This area, agency, level or period is not among those that your role may choose.")
    breakdown, group, of, left = _cut(scope, offered, area, agency, level)
    own = group in activity_own.mine(scope)
    every = activity_own.figures(scope, breakdown, group) if own else figures(scope)
    mine = every.filter(breakdown=breakdown, group=group)
    shown = period if period in set(mine["period"]) else year_of(offered, period)
    rows = mine.filter(pl.col("measure").is_in(list(MEASURES)), period=shown)
    remark = activity_words.remark(left, asked=offered.periods[period], shown=offered.periods[shown], of=of)
    lines = _lines(scope, mine, rows, shown)
    return Activity(
        sentence=activity_words.sentence(rows, f"{_BEFORE.get(breakdown, 'in')} {of}", offered.periods[shown]),
        remark=remark,
        boxes=_boxes(lines),
        rows=rows,
        of=of,
        breakdown=breakdown,
        group=group,
        period=shown,
        own=own,
        source=INVENTED_SOURCE if case_records.invented(scope) else SOURCE,
    )


def _cut(scope: Scope, offered: Choices, area: str, agency: str, level: str) -> tuple[str, str, str, list[str]]:
    """The breakdown and group to look up, what they are called, and what was chosen besides and cannot be shown."""
    if agency:
        rest = ([offered.areas[area]] if area else []) + ([offered.levels[level]] if level else [])
        name = offered.agencies[agency]
        if agency not in AGENCY_TYPES:
            return "agency", agency, name, rest
        return "agency_type", agency, name[0].lower() + name[1:], rest
    if area:
        kinds = (("council", "council"), ("district", "district"), ("forum", "forum_area"))
        breakdown = next(by for kind, by in kinds if area in places.names(scope, kind))
        return breakdown, area, offered.areas[area], [offered.levels[level]] if level else []
    if level:
        return "level", level, f"families whose need was at level {level}", []
    return ALL, ALL, "the county", []


def year_of(offered: Choices, period: str) -> str:
    """The financial year that a quarter or month lies in, where it is offered; else the newest that is over."""
    year = period[:7]
    if "/" not in period:
        first = int(period[:4]) - (int(period[5:]) < 4)
        year = f"{first}/{(first + 1) % 100:02}"
    return year if year in offered.periods else offered.period


# ---- the boxes


def _lines(scope: Scope, mine: pl.DataFrame, rows: pl.DataFrame, period: str) -> dict[str, Line]:
    before = mine.filter(pl.col("period_end") < rows["period_end"].min()) if rows.height else mine.clear()
    before = before.filter(length() == length_of(period)).sort("period_end")
    last = {row["measure"]: row for row in before.unique("measure", keep="last").iter_rows(named=True)}
    restates = set(_restated(scope, rows))
    county = figures(scope).filter(breakdown=ALL, period=period)
    whole = {} if ALL in mine["breakdown"] else {row["measure"]: row for row in county.iter_rows(named=True)}
    made = {}
    for row in rows.iter_rows(named=True):
        it = measure_of(row["measure"])
        made[row["measure"]] = Line(
            id=row["measure"],
            name=activity_words.name_of(row["measure"]),
            value=activity_words.value(it, row),
            detail=activity_words.detail(it, row),
            beside=activity_words.beside(it, whole.get(row["measure"])),
            before=activity_words.before(it, last.get(row["measure"])),
            signal=_signal(scope, row["measure"], rows["period_end"].max()) if row["breakdown"] == ALL else "",
            note=activity_words.note(it, provisional=row["status"] == PROVISIONAL, restated=row["measure"] in restates),
        )
    return made


def _restated(scope: Scope, rows: pl.DataFrame) -> list[str]:
    """Measures of these rows that the last snapshot gave differently."""
    earlier = the_store().snapshots(before=case_records.as_at(scope))
    if earlier.is_empty():
        return []
    return restated(rows, earlier).filter(pl.col("previous_value").is_not_null())["measure"].to_list()


def _signal(scope: Scope, measure: str, until: date) -> str:
    """What the control chart says of the last three months up to a day; "" where nothing stands out."""
    months = finest(figures(scope), measure, ALL, ALL).filter(pl.col("period_end") <= until)
    return activity_words.signal(months, xmr(months["value"]))


def _boxes(lines: Mapping[str, Line]) -> list[Box]:
    placed = {kind for kind, _, _ in BOXES}
    made = []
    for kind, name, lead in BOXES:
        inside = [id for id in lines if _kind(id) == kind or (kind is None and _kind(id) not in placed)]
        first = [lines[id] for id in inside if MEASURES[id].first]
        rest = [lines[id] for id in inside if lines[id] not in first]
        made.append(Box(name, lead, first or rest, rest if first else []))
    return made


def _kind(measure: str) -> tuple[str, str]:
    it = measure_of(measure)
    return it.quadrant, it.side


def finest(every: pl.DataFrame, measure: str, breakdown: str, group: str) -> pl.DataFrame:
    """The finest length of period that is held, whole periods only, in order of time."""
    mine = every.filter(breakdown=breakdown, group=group, measure=measure)
    return mine.filter(length() == length().min()).sort("period_end")
