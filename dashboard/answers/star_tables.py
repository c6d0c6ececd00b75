"""The tables of the page “Distance travelled”, in ready words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import places, star_areas
from dashboard.answers import star_records as records
from dashboard.answers import star_shown as shown
from dashboard.answers.keep import kept_with_records
from dashboard.answers.star_words import NOTHING, count, held, mean, share
from metrics import star
from metrics.cases import AGENCY_TYPES
from metrics.star.definitions import rules

MOVED = ("Area", "First stage", "Stage now", "Moved up", "Stayed", "Moved down")
FURTHER = (
    "Area", "Began managing", "Still managing", "Slipped", "Others who moved up", "Others who moved down",
    "Size of the change", "More than chance?", "Points, first and now",
)  # fmt: skip
LOST = ("", "Second Star due", "Have it", "Lost", "Share lost")
WHO_MOVED = ("", "With two Stars", "Moved up", "Moved down", "Against all")
BEFORE = ("Area", "Followed, first reading", "Lost, first reading", "Difference")
VERDICTS: Mapping[str | None, str] = {
    "within": "as chance would have it",
    "above": "above, more than chance",
    "below": "below, more than chance",
    "far above": "far above",
    "far below": "far below",
    "too few": "too few to say",
    None: "not judged: hidden",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way; `width`: of its bar, 0 to 100; `lost`: those of it were lost."""

    name: str
    number: str
    share: str
    width: float
    lost: bool


def steps(rows: Mapping[str, dict], *, who: str) -> list[Step]:
    """The way to a second Star."""
    first = {  # whoever the Star is about, it is families that are supported
        shown.ELIGIBLE: "families supported by a service that makes this Star",
        shown.WITH_STAR: "have a Star",
    }
    then = {
        shown.STARTED: f"{who}, latest Star in the year",
        shown.NOT_DUE: "second Star not yet due",
        shown.DUE: "second Star due",
        shown.PAIRED: "have it",
        shown.CLOSED: "closed without one",
        shown.OVERDUE: "open and overdue",
    }
    of = {shown.WITH_STAR: "of them", shown.NOT_DUE: "of these", shown.DUE: "of these"}
    made = []
    for called in (first, then):
        longest = max([rows[m]["numerator"] or 0 for m in called if m in rows], default=0)
        for measure, name in called.items():
            row = rows.get(measure)
            if row is None:
                continue
            said = (
                "" if row["denominator"] is None else f"{share(row, counted=False)} {of.get(measure, 'of those due')}"
            )
            width = round(100 * row["numerator"] / longest, 1) if row["numerator"] else 0
            made.append(Step(name, count(row), said, width, measure in (shown.CLOSED, shown.OVERDUE)))
    return made


@kept_with_records
def moved(scope: Scope, kind: str, period: str, baseline: str) -> pl.DataFrame:
    """Area by area, in stages."""
    found, edition = _by_area(scope, kind, period, baseline), records.kinds(scope)[kind].edition
    made = []
    for area, rows in found.items():
        means, moves = ([rows.get(m) for m in group] for group in (star_areas.MEANS, star_areas.MOVES))
        made.append((edition.area_name(area), *map(mean, means), *map(share, moves)))
    return _frame(MOVED, made)


@kept_with_records
def further(scope: Scope, kind: str, period: str, baseline: str) -> pl.DataFrame:
    """Area by area: those who were managing already apart from the others, and how large the change is."""
    found, edition = _by_area(scope, kind, period, baseline), records.kinds(scope)[kind].edition
    values = star_areas.measured(scope, kind, period, baseline)
    made = []
    for area, rows in found.items():
        measured = held(values.filter(group=area))
        points = [measured.get(m, NOTHING)["value"] for m in star_areas.POINTS]
        made.append(
            (
                edition.area_name(area),
                *(share(rows.get(m)) for m in star_areas.CEILING),
                words.number(measured.get(star_areas.SIZE, NOTHING)["value"]),
                _clear(measured.get(star_areas.CLEAR, NOTHING)["value"]),
                f"{words.number(points[0])} → {words.number(points[1])}",
            )
        )
    return _frame(FURTHER, made)


def _clear(p: float | None) -> str:
    if p is None:
        return "too few changed"
    return "yes" if p < 0.05 else "not shown"


def _by_area(scope: Scope, kind: str, period: str, baseline: str) -> dict[str, dict]:
    every = star_areas.areas(scope, kind, period, baseline)
    found = {area: held(every.filter(group=area)) for area in records.kinds(scope)[kind].edition.area_ids}
    return {area: rows for area, rows in found.items() if rows}


@kept_with_records
def names(scope: Scope, split: str) -> Mapping[str, str]:
    """Group → what it is called, in the order of a list."""
    known = {
        shown.SERVICE: records.services(scope),
        shown.FORUM: places.names(scope, "forum"),
        shown.TYPE: AGENCY_TYPES,
        shown.LENGTH: {name: name for _, name in rules().length_bands},
    }
    return known[split]


@kept_with_records
def lost(scope: Scope, kind: str, split: str, period: str) -> pl.DataFrame:
    """Who has no second Star though it is due, by group, the group that lost most first."""
    made = []
    for name, rows in _groups(scope, kind, split, period):
        due, paired = rows.get(shown.DUE, NOTHING), rows.get(shown.PAIRED, NOTHING)
        known = due["numerator"] is not None and paired["numerator"] is not None
        gone = due["numerator"] - paired["numerator"] if known else None
        part = 100 * gone / due["numerator"] if known and due["numerator"] else None
        cells = (
            name, count(due), share(paired, counted=False), words.value(gone, decimals=0, status=paired["status"]),
            words.value(part, unit="%", decimals=0, status=paired["status"]),
        )  # fmt: skip
        made.append((-1 if gone is None else gone, cells))
    return _frame(LOST, [cells for _, cells in sorted(made, key=lambda row: -row[0])], split)


@kept_with_records
def who_moved(scope: Scope, kind: str, split: str, period: str) -> pl.DataFrame:
    """Who moved in at least one area, by group; and whether a service differs by more than its size explains."""
    verdicts = {}
    if split == shown.SERVICE:
        ups = judged(scope, kind, period).filter(measure=shown.UP)
        verdicts = dict(ups.select("group", "verdict").iter_rows())
    groups = dict(_groups(scope, kind, split, period, key=True))
    made = []
    for group, rows in groups.items():
        up, down = rows.get(shown.UP, NOTHING), rows.get(shown.DOWN, NOTHING)
        paired = rows.get(shown.PAIRED, NOTHING)
        name = names(scope, split).get(group, group)
        made.append((name, count(paired), share(up), share(down), VERDICTS[verdicts.get(group, "too few")]))
    table = _frame(WHO_MOVED, made, split)
    return table if split == shown.SERVICE else table.drop(WHO_MOVED[-1])


@kept_with_records
def judged(scope: Scope, kind: str, period: str) -> pl.DataFrame:
    """The services' shares with the limits of the funnel and a verdict (`metrics.star.FUNNEL`)."""
    rows = shown.parts(scope, kind, shown.SERVICE, period).filter(pl.col("measure").is_in(shown.ANY))
    whole = shown.county(scope, kind).filter(period=period)
    whole = whole.with_columns(pl.col("measure").str.strip_prefix(f"{shown.FIRST}:"))
    return star.judged(rows, whole)


def _groups(scope: Scope, kind: str, split: str, period: str, *, key: bool = False) -> list[tuple[str, dict]]:
    every = shown.parts(scope, kind, split, period)
    called, there = names(scope, split), set(every["group"])
    order = [group for group in called if group in there] + sorted(there - set(called))
    return [(group if key else called.get(group, group), held(every.filter(group=group))) for group in order]


@kept_with_records
def before(scope: Scope, kind: str, period: str) -> pl.DataFrame:
    """Where those who were followed began, and where those who were lost began, in points; without rows where either
    are too few, or it is hidden how many they are."""
    rows = held(shown.county(scope, kind).filter(period=period))
    due, paired = (rows.get(m, NOTHING)["numerator"] for m in (shown.DUE, shown.PAIRED))
    if due is None or paired is None or min(paired, due - paired) < star_areas.LEAST:
        return _frame(BEFORE, [])
    pairs = records.pairs(scope, kind, period, shown.FIRST)
    flow = star.flow(pairs, people=records.supported(scope, kind))
    made = []
    for area in pairs.edition.area_ids:
        mine = held(flow.filter(group=area))
        gap = mine["baseline_gap"]
        limits = words.interval(gap["lower"], gap["upper"])
        made.append(
            (
                pairs.edition.area_name(area),
                words.number(mine["followed_mean_first"]["value"]),
                words.number(mine["lost_mean_first"]["value"]),
                f"{words.number(gap['value'])} ({limits})",
            )
        )
    return _frame(BEFORE, made)


def matrix(rows: pl.DataFrame, area: str, stages: Mapping[int, str]) -> pl.DataFrame:
    """The stage matrix of an area: a row a first stage, a column a present one."""
    cells = {row["group"]: row for row in rows.iter_rows(named=True)}
    title = {number: f"{number} {name}".strip() for number, name in stages.items()}
    times = star_areas.TIMES
    made = [
        (title[i], *(count(cells.get(f"{area}{times}{i}{times}{j}")) for j in stages)) for i in stages if cells
    ]  # fmt: skip
    return _frame(("First, and now:", *title.values()), made)


def _frame(columns: tuple[str, ...], rows: list[tuple], split: str = "") -> pl.DataFrame:
    named = [{"": SPLIT_NAMES.get(split, "")}.get(c, c) for c in columns]
    return pl.DataFrame(rows, schema=dict.fromkeys(named, pl.String), orient="row")


SPLIT_NAMES: Mapping[str, str] = {
    shown.SERVICE: "Service",
    shown.FORUM: "Forum area",
    shown.TYPE: "Type of agency",
    shown.LENGTH: "Length of support",
}
