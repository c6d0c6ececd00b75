"""Published figures, read once for each state of the data and resolved into the series of the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import polars as pl

from dashboard.access import Scope
from dashboard.answers import own_indicators, places
from dashboard.answers.hidden import area_totals, hide, is_own, measure_totals
from dashboard.answers.keep import kept_for_all, the_store
from dashboard.answers.own_indicators import kept_for_all_with_own, known
from metrics import comparison, trends
from metrics.catalogue import Catalogue, Series, area_codes, catalogue
from metrics.disclosure import join
from metrics.estimates import conform
from metrics.indicators import county_line, resolve

COUNTY, NORTH, WEST, ENGLAND, EAST_MIDLANDS = "E10000021", "E06000061", "E06000062", "E92000001", "E12000004"
PLACES = (COUNTY, NORTH, WEST)
AREAS: Mapping[str, str] = {
    COUNTY: "Northamptonshire (county)",
    NORTH: "North Northamptonshire",
    WEST: "West Northamptonshire",
}
SOURCES = (
    "Department for Education, Office for Health Improvement and Disparities, UK Health Security Agency, Department "
    "for Work and Pensions. Contains public sector information licensed under the Open Government Licence v3.0"
)
NEIGHBOURS = "neighbours"
COMPARATORS: Mapping[str, str] = {
    ENGLAND: "England",
    EAST_MIDLANDS: "East Midlands",
    NEIGHBOURS: "Statistical neighbours",
}


RESTATED = "Restated: an earlier load said otherwise."  # what it said may have been of a few people
_KEY = ["measure", "breakdown", "group", "period_end"]


@kept_for_all
def published(scope: Scope) -> pl.DataFrame:
    """Every series for every area, the county line carried on past the split. An estimates frame, with `note`,
    `previous_value` (not null: restated) and `standing`.

    Official figures are as published. The partnership's own are suppressed here, all at once, before anything is
    compared, averaged, forecast or kept. Own figures of smaller areas than districts are left out, and come to the map
    with what they add up to; so are those split by something else than area, which no page shows.
    """
    defined = catalogue()
    feeds = sorted({f for s in defined.series.values() for f in (*s.feeds, s.numerator_feed) if f})
    figures = the_store().read_figures(feeds)
    own = figures.filter(is_own())
    was_own = pl.col("previous_value").is_not_null() & (is_own() | is_own("previous_standing"))
    large = pl.col("breakdown").eq("area") & pl.col("group").is_in([*defined.areas, *area_codes(defined.areas)])
    figures = figures.filter(~is_own() | large).with_columns(
        pl.when(~was_own).then("previous_value").alias("previous_value"),
        pl.when(was_own & is_own()).then(pl.concat_str("note", pl.lit(RESTATED), separator=" ", ignore_nulls=True))
        .otherwise("note").alias("note"),
    )  # fmt: skip
    every = _lines(figures, defined).with_columns(pl.lit("published").alias("standing"))
    if own.is_empty():
        return every
    official = _lines(figures.filter(~is_own()), defined)
    where = places.lookup(scope).select("district", "council")
    return _own_hidden(every, official, join(area_totals(where, whole=COUNTY), measure_totals()))


def _lines(figures: pl.DataFrame, defined: Catalogue) -> pl.DataFrame:
    every = resolve(figures, defined.series, faults=defined.faults)
    county = county_line(every, county=COUNTY, successors=(NORTH, WEST))
    return pl.concat([every.filter(pl.col("group") != COUNTY), county.select(every.columns)])


def _own_hidden(every: pl.DataFrame, official: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """`every` with its own figures hidden. A figure is official that comes out the same without any own one; where
    an own count behind an official rate is hidden, the rate stands as it was published."""
    told = ["numerator", "denominator", "value", "lower", "upper", "n", "status"]
    same = official.select(*_KEY, *told, pl.lit("published").alias("standing"))
    placed = every.drop("standing").join(same, on=[*_KEY, *told], how="left", nulls_equal=True, maintain_order="left")
    placed = placed.with_columns(pl.col("standing").fill_null("local"))
    kinds = {s.id: s.value_type for s in catalogue().series.values()}
    safe = hide(placed, totals=totals, value_types=kinds)
    lost = safe.filter(is_own() & pl.col("value").is_null()).select(_KEY)
    rates = official.join(every.select(*_KEY, "value"), on=[*_KEY, "value"], how="semi").join(lost, on=_KEY, how="semi")
    rates = rates.filter(pl.col("value").is_not_null()).with_columns(pl.lit("published").alias("standing"))
    return pl.concat([safe.join(rates, on=_KEY, how="anti", maintain_order="left"), rates.select(safe.columns)])


@kept_for_all_with_own
def of_series(scope: Scope, series: str) -> pl.DataFrame:
    """All areas and periods of one series, published or reckoned here, an estimates frame in order of time."""
    every = published(scope)
    if own_indicators.is_own(series):
        return conform(own_indicators.line(scope, series), every.schema)
    return every.filter(pl.col("measure") == series).sort("group", "period_end")


@kept_for_all_with_own
def comparator(scope: Scope, series: str, area: str, against: str, vintage: str) -> pl.DataFrame:
    """The comparator's line for one series: a place of `COMPARATORS`, or another area's code. An estimates frame."""
    every = of_series(scope, series)
    if against != NEIGHBOURS:
        return every.filter(pl.col("group") == against)
    average = comparison.neighbour_average(every, neighbour_list(area, vintage))
    return average.filter(pl.col("group") == area)


def neighbour_list(area: str, vintage: str) -> pl.DataFrame:
    """An area's statistical neighbours in the list of `vintage`, or in the newest list that has the area."""
    lists = catalogue().neighbours.filter(pl.col("area") == area)
    held = lists["vintage"].unique().sort().to_list()
    return lists.filter(pl.col("vintage") == (vintage if vintage in held else held[-1] if held else ""))


@cache
def vintages() -> tuple[str, ...]:
    """The vintages of the neighbour lists that are held, newest first."""
    return tuple(catalogue().neighbours["vintage"].unique().sort(descending=True).to_list())


@kept_for_all_with_own
def trend(scope: Scope, series: str, area: str) -> str:
    """The recent trend of one area in one series, in the words of `metrics.trends`."""
    it = known(scope).series[series]
    moved = trends.recent_trend(
        of_series(scope, series).filter(pl.col("group") == area),
        value_type=it.value_type,
        polarity=way(it),
        breaks=[b.period_end for b in it.breaks],
        window_years=it.window_years,
    )
    return moved["verdict"][0] if moved.height else trends.TOO_FEW


def vintage_names() -> dict[str, str]:
    """The vintages as people write them: `2025-05` → `May 2025`."""
    return {v: f"{date.fromisoformat(v + '-01'):%B %Y}" for v in vintages()}


def way(series: Series) -> str:
    """The series' polarity: as it stands, or as its target rule implies."""
    return comparison.direction_of(series.polarity, series.target_rule)


def northamptonshire(defined: Catalogue) -> list[str]:
    """The ids of the strategy's own indicators, part measures left out."""
    return [i.id for i in defined.indicators.values() if i.strategy.startswith("Northamptonshire") and not i.parent]
