"""What stands around the area map: outlines, services as points, and the ten forum areas by two measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import places
from dashboard.answers.area_map import area_map, years
from dashboard.answers.area_measures import AreaMeasure, figures, measures
from dashboard.answers.keep import kept
from dashboard.answers.outlines import dissolved

ALL, NO = "all", "none"


def show_services(scope: Scope) -> dict[str, str]:
    """What the control for services offers."""
    return {**places.kinds(scope), ALL: "All services", NO: "No services"}


@kept
def services(scope: Scope, *, show: str, level: str, vintage: int) -> pl.DataFrame:
    """Services to draw: `kind`, `name`, `detail`, `as_of`, `lon`, `lat`, and the `code` of the area of the level that
    each lies in. Those without coordinates are listed in the cards and not drawn."""
    every = places.services(scope).filter(pl.col("lon").is_not_null() & pl.col("lat").is_not_null())
    wanted = every if show == ALL else every.filter(kind=show)
    inside = places.parts(scope, level, vintage=vintage).rename({"part": f"lsoa_{vintage}", "area": "code"})
    joined = wanted.join(inside, on=f"lsoa_{vintage}", how="left", maintain_order="left")
    return joined.select("kind", "name", "detail", "as_of", "lon", "lat", "code")


def geography(scope: Scope, level: str, vintage: int) -> Mapping[str, Any]:
    """GeoJSON of a level for the small areas of a year."""
    return places.boundaries(scope, level, vintage=vintage)


@kept
def above(scope: Scope, level: str, vintage: int) -> tuple[Mapping[str, Any], str]:
    """GeoJSON of the level above, and what its areas are called. Over small areas the lines are theirs: no gap shows
    from close by."""
    over = places.ABOVE[level]
    name = "the county" if over == "county" else places.MANY[over]
    if level != "lsoa":
        return places.boundaries(scope, over), name
    where = dict(places.parts(scope, over, vintage=vintage).iter_rows())
    made = dissolved(places.boundaries(scope, level, vintage=vintage), where)
    features = [{"type": "Feature", "properties": {"code": c}, "geometry": g} for c, g in sorted(made.items())]
    return {"type": "FeatureCollection", "features": features}, name


@dataclass(frozen=True, slots=True)
class Pair:
    """The ten forum areas by two measures. `frame`: `name`, `value` (across), `second` (up)."""

    frame: pl.DataFrame
    names: tuple[str, str]
    headline: str
    subtitle: str
    source: str
    units: tuple[str, str]
    decimals: tuple[int, int]
    county: tuple[float | None, float | None]
    rows: Sequence[tuple[str, str, str]]


@kept
def pair(scope: Scope, *, measure: str, year: str, second: str) -> Pair | None:
    """The chart of two measures; None where fewer than three forum areas have both."""
    if not second or second == measure:
        return None
    seen = area_map(scope, measure=measure, level="forum", year=year, second=second)
    if "second" not in seen.areas.columns:
        return None
    it, other = measures(scope)[measure], measures(scope)[second]
    other_year = next(iter(years(scope, second)))
    both = seen.areas.filter(pl.col("value").is_not_null() & pl.col("second").is_not_null())
    county = tuple(
        next(iter(figures(scope, m, level="county", year=y)["value"]), None)
        for m, y in ((measure, year), (second, other_year))
    )
    return Pair(
        frame=both.select("name", "value", "second"),
        names=(f"{it.name}, {it.years[year]}", f"{other.name}, {other.years[other_year]}"),
        headline=_against_county(it, other, both, county),
        subtitle=f"Across: {it.name} ({it.unit}), {it.years[year]}. Up: {other.name} ({other.unit}), "
        f"{other.years[other_year]}. Dashed: the county. By forum area.",
        source=seen.source,
        units=(it.unit, other.unit),
        decimals=(it.decimals, other.decimals),
        county=county,
        rows=both.select("name", "said", "second_said").rows(),
    )


def _against_county(it: AreaMeasure, other: AreaMeasure, both: pl.DataFrame, county: tuple[float | None, ...]) -> str:
    """Which forum areas show more need than the county by both measures."""
    if None in county:
        return f"{both.height} forum areas by both measures"
    worse = [
        pl.col(column) > level if m.more_is_need else pl.col(column) < level
        for column, m, level in zip(("value", "second"), (it, other), county, strict=True)
    ]
    names = both.filter(worse[0] & worse[1])["name"].to_list()
    if not names:
        return "No forum area shows more need than the county by both measures"
    return f"{words.listed(names)} {'shows' if len(names) == 1 else 'show'} more need than the county by both measures"
