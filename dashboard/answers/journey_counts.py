"""Counts of journeys, of areas, levels and agencies at once, after disclosure control: nothing else leaves this module.

A financial year is one table: what adds up within it is hidden together. Years are not added up anywhere, so each is
reckoned when it is asked for. Agencies are a table of their own beside the county, which is known from the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard.access import Scope
from dashboard.answers import case_records, journeys_beside, places
from dashboard.answers.journeys_beside import KNOWN
from dashboard.answers.keep import kept_with_records
from metrics import journeys
from metrics.counting import ALL, NOT_RECORDED
from metrics.definition_files import read_toml
from metrics.disclosure import Rule, audit, join, nest, suppress, total
from metrics.estimates import SUPPRESSED

NEEDED = ("episode", "person", "referral", "review", "step_event")
AREAS = ("council", "forum_area")
_SHOWN = read_toml("journeys_shown.toml")
LEAST, WAYS_LEAST, AT_LEVEL = _SHOWN["agency"], _SHOWN["agency_ways"], _SHOWN["at_level"]
ENOUGH: Mapping[str, int] = _SHOWN["enough"]
OTHERS = "other agencies"
_KEYS = ["measure", "breakdown", "group"]
_AREA, _LEVEL, _AGENCY = "area", "level", "agency"  # names of the splits, as the totals know them
# Of agencies: which way, why closed in three words, who came back, what drifts. The rest would be hidden nearly always.
OF_AGENCIES = (
    "flow", "flow:up", "flow:down", "closures", "closure:NEEDS_MET", "closure:STEP_UP",
    "followed", "not_mature", "returned", "stepped_up_after", "stayed_free", "open", "drift", "drift_long",
    "drift_reviews",
)  # fmt: skip
# Of areas the way is read from the levels: with both, most of the levels would be hidden.
_WAYS = ("flow:up", "flow:down", "flow:same", "flow:open")


@dataclass(frozen=True, slots=True)
class Year:
    """A financial year: its name, its first and last day, and whether the records cover all of it."""

    name: str
    start: date
    end: date
    over: bool


@kept_with_records
def years(scope: Scope) -> tuple[Year, ...]:
    """The financial years in which episodes began or ended, the newest first; none without episodes."""
    last = case_records.as_at(scope)
    if last is None or not case_records.has_episodes(scope):
        return ()
    days = pl.col("start_date").filter(pl.col("start_date") <= last)
    first = _tables(scope)["episode"].select(days.min()).item() or last
    begins = range(max(_year_of(first), last.year - 12), _year_of(last) + 1)
    made = [
        Year(f"{y}/{(y + 1) % 100:02d}", date(y, 4, 1), date(y + 1, 3, 31), date(y + 1, 3, 31) <= last) for y in begins
    ]
    return tuple(reversed(made))


def _year_of(day: date) -> int:
    return day.year if day.month > 3 else day.year - 1


def _tables(scope: Scope) -> Mapping[str, pl.DataFrame]:
    """The tables that journeys are reckoned from."""
    prepared = case_records.tables(scope)
    return {name: prepared[name] for name in NEEDED if name in prepared}


@kept_with_records
def of_areas(scope: Scope, year: str) -> pl.DataFrame:
    """Every measure of `metrics.journeys` of a year for the county, councils, forum areas, and levels at the start.

    An estimates frame; breakdowns `all`, `area`, `level`. Open episodes and drift are those of the year's last day.
    The county comes first: what is shown of it stays shown, and its areas are hidden as far as that asks for. Where
    that cannot be made safe, county and areas are hidden together.
    """
    parts = {None: ALL, "council": _AREA, "forum_area": _AREA, "level": _LEVEL}
    frame = _counted(scope, year, parts)
    # The flow names its levels itself; reasons by level are too few at levels 1 and 4 to be shown beside the county's.
    by_level = (pl.col("breakdown") == _LEVEL) & pl.col("measure").str.contains("^(flow|closure)")
    frame = _large_enough(frame.filter(~by_level, ~pl.col("measure").is_in(_WAYS)))
    beside = journeys_beside.shown(scope, year)
    sums = join(totals(scope), journeys_beside.sums())
    parts = frame.with_columns(_family()).partition_by("_family", include_key=False, maintain_order=True)
    safe = [_county_first(part, beside, sums) for part in parts]
    return journeys_beside.hide_alike(pl.concat(safe), beside)


def _county_first(frame: pl.DataFrame, beside: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """One family of measures after disclosure control, the county before its areas where that is safe."""
    whole = pl.col("breakdown") == ALL
    county = _hidden_beside(frame.filter(whole), beside.filter(whole), sums)
    told = county.filter(pl.col("status") != SUPPRESSED).select(*_KEYS, pl.lit(KNOWN).alias("standing"))
    marked = frame.join(told, on=_KEYS, how="left", maintain_order="left")
    made = pl.concat([county, _hidden_beside(marked, beside, sums).filter(~whole)])
    return made if audit(made, totals=sums)["safe"].all() else _hidden_beside(frame, beside, sums)


def _hidden_beside(frame: pl.DataFrame, beside: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """`frame` after disclosure control, its rows of the standing `KNOWN` and what Activity shows being known."""
    rows = frame if "standing" in frame.columns else frame.with_columns(pl.lit(None, pl.String).alias("standing"))
    both = pl.concat([rows.with_columns(pl.lit(True).alias("_mine")), journeys_beside.known(beside)], how="diagonal")
    safe = _hidden(both, sums, Rule(standing=KNOWN, exempt=True))
    return safe.filter(pl.col("_mine")).drop("_mine", "standing")


@kept_with_records
def of_agencies(scope: Scope, year: str) -> pl.DataFrame:
    """`OF_AGENCIES` of a year for each agency with at least 30 episodes; the breakdown is `agency`.

    Where a figure of the county is hidden, so are the agencies' of its kind: together they would give it away.
    """
    county = of_areas(scope, year).filter(pl.col("breakdown") == ALL, pl.col("measure").is_in(OF_AGENCIES))
    told = county.with_columns(_family()).group_by("_family").agg(pl.col("numerator").null_count().alias("hidden"))
    whole = told.filter(pl.col("hidden") == 0)["_family"].to_list()
    frame = _counted(scope, year, {None: ALL, "agency": _AGENCY}).filter(pl.col("measure").is_in(OF_AGENCIES))
    large = frame.filter(pl.col("breakdown") == _AGENCY, pl.col("measure") == "flow", pl.col("numerator") >= LEAST)
    named = large.filter(pl.col("group") != NOT_RECORDED)["group"].to_list()
    frame = frame.with_columns(_family()).filter(pl.col("_family").is_in(whole)).drop("_family")
    moved = large.filter(pl.col("numerator") >= WAYS_LEAST)["group"].to_list()
    frame = frame.filter(~pl.col("measure").str.starts_with("flow") | pl.col("group").is_in([ALL, *moved]))
    # The county's ways stay out: with its levels, which are shown, they would tell of those that are hidden.
    known = pl.col("measure").is_in(county["measure"].to_list()) & (pl.col("breakdown") == ALL)
    shown = frame.filter(known | pl.col("group").is_in(named))
    # By agency no level is shown, and its ways are of all its episodes: how few had no level recorded stays unsaid.
    size = pl.col("numerator").filter(pl.col("measure") == "flow").first().over("breakdown", "group")
    way = pl.col("measure").is_in(["flow:up", "flow:down"])
    shown = shown.with_columns(pl.when(way).then(size).otherwise("denominator").alias("denominator"))
    plain = join(
        _sums().filter(~pl.col("parent").str.starts_with("flow")),
        total("measure", "flow", ["flow:up", "flow:down", "no change recorded"], relation="by way"),
        *(total("measure", f"flow:{w}/denominator", ["flow"], relation="the same") for w in ("up", "down")),
    )
    sums = join(plain, total(_AGENCY, "*", [*named, OTHERS]))
    made = _hidden(shown, sums, Rule(breakdowns=[ALL], exempt=True)) if shown.height else shown
    return made.filter(pl.col("breakdown") == _AGENCY)


def _large_enough(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the tables of areas and levels that are too small for them, and of those that are not recorded."""
    sizes = frame.filter(pl.col("measure").is_in(list(ENOUGH))).select(
        "breakdown", "group", pl.col("measure").alias("_family"), pl.col("numerator").alias("_size")
    )
    begun = pl.col("measure").str.extract("^(flow:[1-4])")
    levels = frame.filter(pl.col("measure").str.contains("^flow:[1-4]$") & (pl.col("numerator") >= AT_LEVEL))
    known = levels.select("breakdown", "group", pl.col("measure").alias("_begun"))
    parts = frame.filter(begun.is_not_null()).with_columns(begun.alias("_begun"))
    parts = parts.join(known, on=["breakdown", "group", "_begun"], how="semi", maintain_order="left").drop("_begun")
    frame = pl.concat([frame.filter(begun.is_null()), parts])
    named = frame.with_columns(_family()).join(sizes, on=["breakdown", "group", "_family"], how="left")
    enough = pl.col("_size") >= pl.col("_family").replace_strict(ENOUGH, return_dtype=pl.Int64)
    whole = pl.col("breakdown") == ALL
    return named.filter(whole | (enough & (pl.col("group") != NOT_RECORDED))).drop("_family", "_size")


def _counted(scope: Scope, year: str, parts: Mapping[str | None, str]) -> pl.DataFrame:
    """Every measure by every split, as it is: never handed out."""
    tables, as_at = _tables(scope), case_records.as_at(scope)
    it = next(y for y in years(scope) if y.name == year)
    asked: list[Callable[[str | None], pl.DataFrame]] = [
        lambda by, ask=ask: ask(tables, as_at=as_at, start=it.start, end=it.end, by=by)
        for ask in (journeys.level_flow, journeys.closures_by_reason, journeys.returns)
    ]
    asked.append(lambda by: journeys.drift(tables, as_at=min(as_at, it.end), by=by))
    frames = [ask(by).with_columns(pl.lit(name).alias("breakdown")) for ask in asked for by, name in parts.items()]
    rows = pl.concat(frames).with_columns(pl.lit(None, pl.Int64).alias("n"), pl.lit(year).alias("period"))
    # For hiding, a reason is a part of all closures; which of them its share is of, is worked out from what is shown.
    closures = rows.filter(measure="closures").select("breakdown", "group", pl.col("numerator").alias("_closures"))
    rows = rows.join(closures, on=["breakdown", "group"], how="left", maintain_order="left").with_columns(
        pl.when(pl.col("measure").str.starts_with("closure:"))
        .then("_closures")
        .otherwise("denominator")
        .alias("denominator")
    )
    # Councils and forum areas both have families whose area is not recorded: the same ones.
    return rows.drop("_closures").unique(["measure", "breakdown", "group"], keep="first", maintain_order=True)


def _hidden(frame: pl.DataFrame, adding_up: pl.DataFrame, *rules: Rule) -> pl.DataFrame:
    """After disclosure control, family of measures by family: they share no counts."""
    parts = frame.with_columns(_family()).partition_by("_family", include_key=False, maintain_order=True)
    return pl.concat([suppress(part, totals=adding_up, rules=rules) for part in parts])


def _family() -> pl.Expr:
    """The count that a measure hangs on: measures of different families share no counts."""
    measure = pl.col("measure")
    return (
        pl.when(measure.str.starts_with("flow"))
        .then(pl.lit("flow"))
        .when(measure.str.starts_with("closure") | measure.is_in(["M10", "M11", "M12"]))
        .then(pl.lit("closures"))
        .when(measure.is_in(["open", "drift", "drift_long", "drift_reviews"]))
        .then(pl.lit("open"))
        .otherwise(pl.lit("followed"))
        .alias("_family")
    )


def totals(scope: Scope) -> pl.DataFrame:
    """What adds up to what in the figures of areas and levels, as `metrics.disclosure` takes it."""
    return join(_sums(), _area_totals(scope), total(_LEVEL, "*", [*map(str, journeys.LEVELS), NOT_RECORDED]))


def _sums() -> pl.DataFrame:
    """What adds up, with the denominator of every closure reason being all closures."""
    made = journeys.totals().filter(~pl.col("parent").str.contains("^closure:.*/denominator$"))
    reasons = [f"closure:{code}/denominator" for code in journeys.closure_reasons()]
    return join(made, *(total("measure", reason, ["closures"], relation="the same") for reason in reasons))


def _area_totals(scope: Scope) -> pl.DataFrame:
    """Councils make up the county, and forum areas too; a forum area lies in one council, where all its parts do."""
    where = case_records.where(scope).select(*reversed(AREAS)).drop_nulls().unique()
    inside = where.filter(pl.len().over("forum_area") == 1)
    councils = [*places.names(scope, "council"), NOT_RECORDED]
    forums = [*places.names(scope, "forum"), NOT_RECORDED]
    made = [
        total(_AREA, "*", councils, relation="by council"),
        total(_AREA, "*", forums, relation="by forum area"),
    ]
    if inside.height == where.height:
        made.append(nest(_AREA, inside, ["forum_area", "council"]))
    return join(*made)
