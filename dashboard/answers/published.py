"""Published figures, read once for each state of the data and resolved into the series of the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from dashboard.access import Scope
from dashboard.answers.keep import kept_for_all, the_store
from metrics import comparison, trends
from metrics.catalogue import Catalogue, Series, catalogue
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


@kept_for_all
def published(scope: Scope) -> pl.DataFrame:
    """Every series for every area, the county line carried on past the split. An estimates frame, with `note` and
    `previous_value` (not null: restated). Published official figures are not suppressed again.
    """
    known = catalogue()
    feeds = sorted({f for s in known.series.values() for f in (*s.feeds, s.numerator_feed) if f})
    every = resolve(the_store().read_figures(feeds), known.series, faults=known.faults)
    county = county_line(every, county=COUNTY, successors=(NORTH, WEST))
    return pl.concat([every.filter(pl.col("group") != COUNTY), county.select(every.columns)])


@kept_for_all
def of_series(scope: Scope, series: str) -> pl.DataFrame:
    """All areas and periods of one series, an estimates frame in order of time."""
    return published(scope).filter(pl.col("measure") == series).sort("group", "period_end")


@kept_for_all
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


def vintages() -> tuple[str, ...]:
    """The vintages of the neighbour lists that are held, newest first."""
    return tuple(catalogue().neighbours["vintage"].unique().sort(descending=True).to_list())


@kept_for_all
def trend(scope: Scope, series: str, area: str) -> str:
    """The recent trend of one area in one series, in the words of `metrics.trends`."""
    it = catalogue().series[series]
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


def northamptonshire(known: Catalogue) -> list[str]:
    """The ids of the strategy's own indicators, part measures left out."""
    return [i.id for i in known.indicators.values() if i.strategy.startswith("Northamptonshire") and not i.parent]
