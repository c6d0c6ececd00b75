"""One measure of activity in time with its control limits, and cut by area, agency or level; who took part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import activity_own, activity_words, case_records, places
from dashboard.answers.activity import ALL, LEVELS, Activity, activity, choices, finest, year_of
from dashboard.answers.activity_shown import figures
from dashboard.answers.audit_counts import kept_with_audits_for_a_scope
from metrics.activity import MEASURES, Measure, immature, measure_of
from metrics.cases import AGENCY_TYPES
from metrics.disclosure import THRESHOLD
from metrics.estimates import SUPPRESSED
from metrics.trends import xmr

NOT_RECORDED = "not recorded"
SPLITS: Mapping[str, str] = {
    "forum_area": "Forum area", "district": "District (to 2021)", "council": "Council",
    "agency_type": "Type of agency", "level": "Level of need",
}  # fmt: skip
NUMBERS = ("Figure", "95% limits", "Counted", "Of")
NO_CUT = "This measure is not cut so in this period."
STRIP = 8  # quarters


@dataclass(frozen=True, slots=True)
class Course:
    """One measure in time: the estimates frame, its control limits, and the words of the chart."""

    measure: Measure
    frame: pl.DataFrame
    limits: pl.DataFrame
    headline: str
    subtitle: str
    n: str
    names: Mapping[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class Split:
    """One measure cut by areas, agencies or levels: a table in words."""

    name: str
    cells: pl.DataFrame


@kept_with_audits_for_a_scope
def offered_measures(scope: Scope) -> dict[str, str]:
    """Measure → name, of all that have a figure, those that come first at the head."""
    held = figures(scope).filter(breakdown=ALL)["measure"].unique(maintain_order=True).to_list()
    order = sorted(held, key=lambda id: (id not in MEASURES or not MEASURES[id].first, held.index(id)))
    return {id: activity_words.name_of(id) for id in order}


def splits_of(measure: str) -> dict[str, str]:
    """By what a measure can be cut; empty where by nothing."""
    return {by: name for by, name in SPLITS.items() if by in measure_of(measure).splits}


@kept_with_audits_for_a_scope
def course(scope: Scope, measure: str, *, area: str, agency: str, level: str, period: str) -> Course:
    """One measure by month (or by quarter, where months are not shown) with its control limits."""
    chosen = activity(scope, area=area, agency=agency, level=level, period=period)
    every = activity_own.figures(scope, chosen.breakdown, chosen.group) if chosen.own else figures(scope)
    frame = finest(every, measure, chosen.breakdown, chosen.group)
    limits = xmr(frame["value"])
    it = measure_of(measure)
    every_what = activity_words.pace(frame)
    return Course(
        measure=it,
        frame=frame,
        limits=limits,
        headline=activity_words.chart_headline(measure, frame, limits),
        subtitle=f"{activity_words.name_of(measure)}, {chosen.of}, {every_what}, {it.unit}",
        n=activity_words.behind(frame, it),
        names={chosen.group: chosen.of[0].upper() + chosen.of[1:]},
        source=chosen.source,
    )


@kept_with_audits_for_a_scope
def split(scope: Scope, measure: str, by: str, *, period: str) -> Split:
    """One measure in one period, cut `by` one of `SPLITS`: the groups in order of their names, the whole first."""
    offered = choices(scope)
    every = figures(scope).filter(pl.col("measure") == measure)
    rows = every.filter(breakdown=by, period=period)
    shown = period if rows.height else year_of(offered, period)
    rows = every.filter(breakdown=by, period=shown)
    whole = every.filter(breakdown=ALL, period=shown)
    names = {ALL: "Whole county", NOT_RECORDED: "Not recorded", **_group_names(scope, by)}
    order = {group: place for place, group in enumerate(names)}
    both = pl.concat([whole, rows]).filter(pl.col("group").is_in(list(names)))
    both = both.sort(pl.col("group").replace_strict(order, return_dtype=pl.Int32))
    rows = [
        (names[row["group"]], *activity_words.cells(measure_of(measure), row)) for row in both.iter_rows(named=True)
    ]
    columns = [SPLITS[by], *NUMBERS]
    return Split(
        f"{activity_words.name_of(measure)} by {SPLITS[by].lower()}, {offered.periods[shown]}",
        pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row"),
    )


def _group_names(scope: Scope, by: str) -> dict[str, str]:
    if by == "agency_type":
        return dict(AGENCY_TYPES)
    if by == "level":
        return {code: name for code, name in LEVELS.items() if code}
    return dict(places.names(scope, {"forum_area": "forum"}.get(by, by)))


@kept_with_audits_for_a_scope
def taking_part(scope: Scope) -> tuple[list[str], list[tuple[str, list[tuple[str, int]], str]]]:
    """Assessments that each type of agency began, by quarter: the quarters, and name, (figure, height), together."""
    rows = figures(scope).filter(pl.col("measure") == "M01_count", pl.col("breakdown") == "agency_type")
    quarters = rows.filter(pl.col("period").str.contains("Q")).sort("period_end")
    labels = quarters["period"].unique(maintain_order=True).to_list()[-STRIP:]
    quarters = quarters.filter(pl.col("period").is_in(labels))
    most = quarters["value"].max() or 1
    made = []
    for kind, name in AGENCY_TYPES.items():
        mine = {row["period"]: row for row in quarters.filter(group=kind).iter_rows(named=True)}
        if mine:
            cells = [activity_words.cell(mine.get(label), most) for label in labels]
            values = [mine[label]["value"] if label in mine else 0 for label in labels]
            together = words.MISSING if None in values else words.number(sum(values), decimals=0)
            made.append((name, cells, together))
    return labels, made


@kept_with_audits_for_a_scope
def _waiting(scope: Scope, measure: str, period: str) -> int:
    """How many rows of the county do not count yet, because they have not been followed up in full."""
    every = immature(
        case_records.tables(scope), as_at=case_records.as_at(scope), period="year", measures=[measure_of(measure).base]
    )
    return every.filter(measure=measure, period=period)["immature"].sum()


def about(scope: Scope, seen: Activity, course: Course) -> dict[str, str]:
    """What stands under the page, for the measure that is drawn."""
    it = course.measure
    late = _waiting(scope, it.id, seen.period) if it.mature_days else 0
    return activity_words.about(
        it,
        updated=words.day(case_records.as_at(scope)),
        hidden=seen.rows.filter(status=SUPPRESSED).height + course.frame.filter(status=SUPPRESSED).height,
        immature=f"{late:,} of the county's are not followed up in full yet and do not count."
        if late >= THRESHOLD
        else "",
    )
