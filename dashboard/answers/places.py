"""The county's geography as pages use it: the levels, which small area lies where, names, people, outlines, services.

Forum areas are those that were loaded; until then the shipped ones stand in, and `illustrative` says so. A small area
is a Lower layer Super Output Area (LSOA), of 2011 or of 2021: figures of 2019 are for the former, of 2025 the latter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboard.access import Scope
from dashboard.answers.keep import kept, the_store
from dashboard.answers.outlines import dissolved
from sample_data import places as shipped

LEVELS: Mapping[str, str] = {  # level → one of them, for a control
    "forum": "Forum area",
    "district": "District (to 2021)",
    "council": "Council",
    "ward": "Ward (2025, best fit)",
    "lsoa": "Small area (LSOA)",
}
MANY: Mapping[str, str] = {  # level → several of them, in a sentence
    "forum": "forum areas",
    "district": "former districts",
    "council": "councils",
    "ward": "wards",
    "lsoa": "small areas",
    "county": "counties",
}
ABOVE: Mapping[str, str] = {  # level → the level whose outlines stand over it
    "forum": "council",
    "district": "council",
    "council": "county",
    "ward": "forum",
    "lsoa": "forum",
}
SMALL = ("ward", "lsoa")  # levels whose areas are too small to be made out on a map of the county
COUNTY, COUNTY_NAME = "E10000021", "Northamptonshire"
BANNER = (
    "Illustrative areas: the ten forum areas are stand-ins, because the partnership's own are not published. The page "
    "“Load data” takes the real ones."
)
SERVICES: Mapping[str, str] = {  # kinds that ship → what several are called
    "school": "Schools and colleges",
    "childrens_centre": "Children's centres and family hubs",
    "library": "Libraries",
}


def _loaded(kind: str) -> pl.DataFrame | None:
    return the_store().places(kind)


@kept
def illustrative(scope: Scope) -> bool:
    """Whether the forum areas are the shipped ones, which are made up and must be marked so wherever they appear."""
    return _loaded("forum_areas") is None


@kept
def own_forum_areas(scope: Scope) -> dict[str, str] | None:
    """Code → name of the forum areas that were loaded, None while the shipped ones stand in."""
    loaded = _loaded("forum_areas")
    return None if loaded is None else dict(loaded.select("forum_area", "name").unique().sort("forum_area").iter_rows())


@kept
def lookup(scope: Scope, *, vintage: int = 2021) -> pl.DataFrame:
    """A row a small area of 2011 or 2021, sorted: `lsoa`, `name`, `lon`, `lat`, and the code of the area it lies in at
    each level: `forum`, `district`, `council`, `county`, `ward` (of 2025, best fit). 2021 has `lsoa_2011` and `change`
    (U as it was in 2011, S a part of one split since).

    A loaded table of forum areas names small areas of either year. One of 2011 that is cut in two forum areas goes
    with the part that has more people (Census 2021).
    """
    table = shipped.lookup(vintage).rename({"ward_2025": "ward"})
    forum = _loaded("forum_areas")
    if forum is not None:
        codes = _forum_codes(forum, vintage)
        table = table.drop("forum").join(codes, on="lsoa", how="left", maintain_order="left")
    also = ["lsoa_2011", "change"] if vintage == 2021 else []
    return table.select(
        "lsoa", "name", "forum", "district", "council", "county", "ward", "lon", "lat", *also
    ).sort("lsoa")  # fmt: skip


def _forum_codes(forum: pl.DataFrame, vintage: int) -> pl.DataFrame:
    """`lsoa` of the vintage and `forum`, from a loaded table of either vintage."""
    given = forum.select("lsoa", pl.col("forum_area").alias("forum"))
    if shipped.lookup(vintage).select("lsoa").join(given, on="lsoa", how="anti").is_empty():
        return given
    both = shipped.small_area_changes()
    if vintage == 2021:
        parts = both.join(given, left_on="lsoa_2011", right_on="lsoa")
        return parts.select(pl.col("lsoa_2021").alias("lsoa"), "forum")
    people = shipped.population().filter(year=2021).select("lsoa", "total")
    parts = both.join(given, left_on="lsoa_2021", right_on="lsoa").join(people, left_on="lsoa_2021", right_on="lsoa")
    held = parts.group_by(pl.col("lsoa_2011").alias("lsoa"), "forum").agg(pl.col("total").sum())
    most = held.sort("total", "forum", descending=[True, False]).unique("lsoa", keep="first", maintain_order=True)
    return most.select("lsoa", "forum")


@kept
def names(scope: Scope, level: str, *, vintage: int = 2021) -> dict[str, str]:
    """Code → name of every area of a level (`LEVELS`, `county`), in order of the name; `vintage` matters for `lsoa`."""
    own = own_forum_areas(scope) if level == "forum" else None
    if own is not None:
        found = own
    elif level == "lsoa":
        found = dict(shipped.lookup(vintage).select("lsoa", "name").iter_rows())
    else:
        newest = shipped.LEVELS[level][0]
        found = dict(shipped.areas().filter(level=level, vintage=newest).select("code", "name").iter_rows())
    shown = list(found.values())
    told_apart = {code: name if shown.count(name) == 1 else f"{name} ({code})" for code, name in found.items()}
    return dict(sorted(told_apart.items(), key=lambda pair: (pair[1], pair[0])))


@kept
def parts(scope: Scope, level: str, *, vintage: int = 2021) -> pl.DataFrame:
    """`part` (small area) and `area` (code at the level, or `county`): the look-up that `metrics.deprivation.to_areas`
    takes. At the level `lsoa` each is its own area."""
    area = pl.col("lsoa" if level == "lsoa" else level)
    return lookup(scope, vintage=vintage).select(pl.col("lsoa").alias("part"), area.alias("area"))


@kept
def people(scope: Scope, *, vintage: int = 2021) -> pl.DataFrame:
    """A row a small area, sorted by `lsoa`: `total`, `age_0_15`, `age_0_17` (null for 2021), `age_16_64`, `year`.

    2011 areas: mid-year estimates of 2020, not rebased to the census. 2021 areas: Census 2021, which gives under 16s
    here and not under 18s.
    """
    year = 2021 if vintage == 2021 else 2020
    held = shipped.population().filter(vintage=vintage, year=year)
    return held.select("lsoa", "year", "total", "age_0_15", "age_0_17", "age_16_64").sort("lsoa")


PEOPLE_SOURCE: Mapping[int, str] = {
    2011: "ONS, mid-year estimates of 2020 for the small areas of 2011, not rebased to the census",
    2021: "ONS, Census 2021",
}


@kept
def services(scope: Scope) -> pl.DataFrame:
    """Places that families can go to: `kind` (key of `kinds`), `name`, `detail`, `as_of` (the lists are of different
    years), `lon`, `lat`, and the small areas of 2011 and 2021 in which each lies (`lsoa_2011`, `lsoa_2021`).

    The shipped lists, and whatever directory was loaded.
    """
    columns = ("kind", "name", "detail", "as_of", "lon", "lat", "lsoa_2011", "lsoa_2021")
    mine = shipped.services().with_columns(pl.col("kind").replace({"college": "school"})).select(columns)
    loaded = _loaded("services")
    if loaded is None:
        return mine
    codes = dict(shipped.small_area_changes().select("lsoa_2021", "lsoa_2011").iter_rows())
    first = dict(
        shipped.small_area_changes().sort("lsoa_2021", descending=True).select("lsoa_2011", "lsoa_2021").iter_rows()
    )
    theirs = loaded.select(
        pl.col("type").alias("kind"),
        "name",
        pl.col("note").fill_null("").alias("detail"),
        pl.lit("").alias("as_of"),
        pl.col("longitude").cast(pl.Float64).alias("lon"),
        pl.col("latitude").cast(pl.Float64).alias("lat"),
        pl.col("lsoa").replace_strict(codes, default=pl.col("lsoa")).alias("lsoa_2011"),
        pl.when(pl.col("lsoa").is_in(list(codes)))
        .then("lsoa")
        .otherwise(pl.col("lsoa").replace(first))
        .alias("lsoa_2021"),
    )
    return pl.concat([mine, theirs])


@kept
def kinds(scope: Scope) -> dict[str, str]:
    """Kind of service → what several of them are called: the shipped ones, then those of a loaded directory."""
    held = services(scope)["kind"].unique(maintain_order=True)
    return {**SERVICES, **{kind: kind for kind in held if kind not in SERVICES}}


@kept
def boundaries(scope: Scope, level: str, *, vintage: int = 2021) -> dict[str, Any]:
    """GeoJSON of a level (`LEVELS`, `county`): features with `code` and `name`, sorted by code, in degrees. Shared: do
    not change it. Loaded boundaries count where they have every area of the level; loaded forum areas without any are
    put together from their small areas."""
    known = names(scope, level, vintage=vintage)
    given = _given(level, known)
    if given is not None:
        return given
    if level == "forum" and not illustrative(scope):
        where = dict(lookup(scope, vintage=2021).select("lsoa", "forum").iter_rows())
        made = dissolved(shipped.boundaries("lsoa", 2021), where)
        features = [
            {"type": "Feature", "properties": {"code": c, "name": known[c]}, "geometry": shape}
            for c, shape in sorted(made.items())
        ]
        return {"type": "FeatureCollection", "features": features}
    return shipped.boundaries(level, vintage if level == "lsoa" else None)


def _given(level: str, known: Mapping[str, str]) -> dict[str, Any] | None:
    loaded = _loaded("boundaries")
    if loaded is None:
        return None
    held = loaded.filter(pl.col("level") == level, pl.col("code").is_in(list(known))).sort("code")
    if set(held["code"]) != set(known):
        return None
    features = [
        {"type": "Feature", "properties": {"code": code, "name": known[code]}, "geometry": json.loads(geometry)}
        for code, geometry in held.select("code", "geometry").iter_rows()
    ]
    return {"type": "FeatureCollection", "features": features}
