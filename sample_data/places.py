"""The boundaries, look-ups, people, services and Indices of Deprivation that come with the dashboard.

Each table is read once and shared: frames cannot be changed, and the GeoJSON must not be.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from sample_data import LOG
from sample_data.shapes import kilometres

LEVELS = {  # level: its vintages, the newest first
    "forum": ("illustrative",),
    "district": ("2019",),
    "council": ("2021",),
    "county": ("2019",),
    "ward": ("2025", "2013"),
    "lsoa": ("2021", "2011"),
}
ROOM = files("sample_data")


def boundaries(level: str, vintage: str | int | None = None) -> dict[str, Any]:
    """GeoJSON of one level: features with the properties `code` and `name`, sorted by code, in degrees (WGS84).

    `level`: a key of LEVELS; `vintage` None takes the newest. Forum areas are illustrative. Shared: do not change it.
    Raises ValueError for a level or vintage that does not ship.
    """
    return _boundaries(level, _vintage(level, vintage))


@cache
def _boundaries(level: str, vintage: str) -> dict[str, Any]:
    return json.loads((ROOM / "geography" / f"{level}_{vintage}.geojson").read_text(encoding="utf-8"))


def _vintage(level: str, vintage: str | int | None) -> str:
    if level not in LEVELS:
        raise ValueError(f"there are boundaries of {', '.join(LEVELS)}, not of {level!r}")
    chosen = LEVELS[level][0] if vintage is None else str(vintage)
    if chosen not in LEVELS[level]:
        raise ValueError(f"boundaries of {level} come for {' and '.join(LEVELS[level])}, not for {chosen}")
    return chosen


@cache
def areas() -> pl.DataFrame:
    """Every area: `level`, `vintage`, `code`, `name`, `parent` (code above it), `small_areas`, `standing` (reference or
    illustrative)."""
    return _read("geography", "areas.csv", {"vintage": pl.String})


@cache
def lookup(vintage: int = 2021) -> pl.DataFrame:
    """Small area (`lsoa`, `name`) to `ward_2013`, `ward_2025`, `district`, `council`, `county`, `forum`
    (illustrative), with its centre (`lon`, `lat`, middle of its postcodes) and the share of its postcodes in each
    ward.

    2011 has also `msoa`, `msoa_name`, `rural_urban`; 2021 has `lsoa_2011`, the area it lies in, and `change` (U as it
    was, S split off). Raises ValueError for another vintage.
    """
    if vintage not in (2011, 2021):
        raise ValueError(f"small areas come for 2011 and 2021, not for {vintage}")
    return _read("geography", f"lsoa_{vintage}.csv")


@cache
def small_area_changes() -> pl.DataFrame:
    """`lsoa_2011`, `lsoa_2021`, `change`: U the same area, S one of the parts into which it was split."""
    return _read("geography", "lsoa_2011_2021.csv")


@cache
def postcodes() -> pl.DataFrame:
    """`postcode` (as written, one space), `lsoa_2011`, `lsoa_2021`, `lon`, `lat`; postcodes that have ended are
    included."""
    return _read("geography", "postcodes.csv.gz")


@cache
def population() -> pl.DataFrame:
    """People by `lsoa`, `vintage` (of the small areas), `year` and `basis`: `total` and age groups, null where the
    release has none. Estimates of 2017, 2019, 2020 for the areas of 2011 (not rebased to the census); Census 2021 for
    those of 2021."""
    return _read("geography", "population.csv")


@cache
def services() -> pl.DataFrame:
    """`kind` (school, college, childrens_centre, library), `name`, `detail`, `reference`, `postcode`, `lon`, `lat`,
    `lsoa_2011`, `lsoa_2021`, `as_of` (the lists are of different years: say so), `pupils`, `free_meals_percent`."""
    return _read("geography", "services.csv", {"as_of": pl.String, "reference": pl.String})


@cache
def deprivation(edition: str | int, *, england: bool = False) -> pl.DataFrame:
    """Published ranks of an edition (2019 or 2025): `imd_score`, `imd_rank`, `<domain>_rank` and the ranks of their
    parts, all national; 1 is most deprived. For the county's small areas, or `england` for all, with `district` and
    `imd_decile`."""
    if str(edition) not in ("2019", "2025"):
        raise ValueError(f"the Indices of Deprivation ship for 2019 and 2025, not for {edition}")
    return _read("deprivation", f"iod{edition}_england.csv.gz" if england else f"iod{edition}_northamptonshire.csv")


@cache
def deprivation_summaries(edition: str | int, *, level: str = "districts") -> pl.DataFrame:
    """Published summaries: `code`, `name`, `<domain>_<summary>`. Districts of 2019 and 2025, counties of 2019."""
    if (str(edition), level) not in {("2019", "districts"), ("2019", "counties"), ("2025", "districts")}:
        raise ValueError(
            f"summaries ship for districts of 2019 and 2025 and counties of 2019, not {level} of {edition}"
        )
    return _read("deprivation", f"iod{edition}_{level}.csv")


@cache
def need_indicators() -> pl.DataFrame:
    """The table that the shipped funding model reads: a row a small area of 2011 with people (2020), shares of age
    groups (%), deprivation of 2019 and straight-line distances to services (km), beside `district`, `council` and
    `forum`."""
    people = (
        population()
        .filter(pl.col("year") == 2020)
        .select(
            "lsoa",
            pl.col("total").alias("population"),
            "age_0_17",
            (100 * pl.col("age_0_4") / pl.col("total")).alias("age_0_4_percent"),
            (100 * (pl.col("age_11_15") + pl.col("age_16_17")) / pl.col("total")).alias("age_11_17_percent"),
        )
    )
    ranks = deprivation(2019).drop("total", "age_0_15", "working_age")
    where = lookup(2011).select("lsoa", "name", "district", "council", "forum")
    joined = where.join(people, on="lsoa", validate="1:1").join(ranks, on="lsoa", validate="1:1")
    near = [nearest(2011, kind).alias(f"km_{kind}") for kind in ("childrens_centre", "library", "school")]
    return joined.sort("lsoa").with_columns(near)


def nearest(vintage: int, kind: str) -> pl.Series:
    """Straight-line kilometres from each small area's centre to the nearest service of a kind, in the order of
    `lookup`."""
    centres, points = lookup(vintage), services().filter(pl.col("kind") == kind)
    if points.is_empty():
        raise ValueError(f"there is no service of the kind {kind!r}")
    away = kilometres(*(frame[c].to_numpy() for frame in (centres, points) for c in ("lon", "lat")))
    return pl.Series(kind, np.round(away.min(axis=1), 3))


@cache
def log() -> pl.DataFrame:
    """Where each file comes from: `room` (geography or deprivation) and the columns of `sample_data.LOG`."""
    rooms = [_log(room).with_columns(pl.lit(room).alias("room")) for room in ("geography", "deprivation")]
    return pl.concat(rooms).select("room", *LOG)


def _log(room: str) -> pl.DataFrame:
    return pl.read_csv(_bytes(room, "log.csv"), schema=LOG).fill_null("")


def _read(room: str, name: str, types: dict[str, Any] | None = None) -> pl.DataFrame:
    return pl.read_csv(_bytes(room, name), infer_schema_length=None, schema_overrides=types)


def _bytes(room: str, name: str) -> bytes:
    return (ROOM / room / name).read_bytes()
