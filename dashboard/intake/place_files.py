"""Files of places: which small area belongs to which forum area, and directories of services.

A list of forum areas is taken whole or not at all: one area missing, and no figure of its forum area would be right.
Of a directory, rows that cannot be placed are refused one by one. Held against the geography that ships.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

from sample_data import places
from sample_data.shapes import locate

from . import numbers
from .batch import IntakeError, Ledger, plain, plain_cells
from .privacy import plain_postcode

PLACES = {
    "forum_areas": pl.Schema({"lsoa": pl.String, "forum_area": pl.String, "name": pl.String}),
    "services": pl.Schema(
        {
            "name": pl.String,
            "type": pl.String,
            "lsoa": pl.String,  # of 2021
            "latitude": pl.Float64,
            "longitude": pl.Float64,
            "note": pl.String,
        }
    ),
    "boundaries": pl.Schema({"level": pl.String, "code": pl.String, "name": pl.String, "geometry": pl.String}),
}
THINGS = {"forum_areas": "small area", "services": "service", "boundaries": "outline"}  # what one row of each is
EDGE = {"longitude": (-1.34, -0.33), "latitude": (51.97, 52.65)}  # of the county, in degrees (WGS84)
NAMED = 5  # areas or lines that a sentence names before it says how many more there are
METRES = 1000.0  # no coordinate in degrees is as large as this
FARTHEST = 3.0  # kilometres that a point may lie from the middle of its postcode
KM_NORTH, KM_EAST = 111.3, 68.1  # of a degree of latitude, and of longitude at the county's 52.3 degrees
EDGE_KM = 0.3  # a point outside the county's outline, which is drawn roughly, but as near as this to a postcode is in
EXAMPLE = {"latitude": "52.24", "longitude": "-0.90"}


def read(kind: str, frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger, *, file_name: str) -> pl.DataFrame:
    """The places of one table, with the columns of `PLACES[kind]`.

    `frame`: the file's cells as text, under our names, with `line`. `columns`: our name → header in the file.
    Raises `IntakeError` for a list of forum areas that is not whole.
    """
    reader = {"forum_areas": forum_areas, "services": services}[kind]
    cells = [c for c in frame.columns if c != "line"]
    return reader(frame.with_columns(plain_cells(pl.col(cells))), columns, ledger, file_name)


# Forum areas ---------------------------------------------------------------------------------------------------------


def forum_areas(frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger, file_name: str) -> pl.DataFrame:
    """Each small area of 2011 (422) or of 2021 (443) once. A code may do without a name, or a name without a code."""
    area, name = (c if c in frame.columns else None for c in ("forum_area", "name"))
    frame = frame.with_columns(
        pl.col("lsoa").str.to_uppercase(),
        pl.coalesce(c for c in (area, name) if c).alias("forum_area"),
        pl.coalesce(c for c in (name, area) if c).alias("name"),
    )
    faults = [*_unreadable(frame, columns), *_lost_or_double(frame)]
    if not faults:
        faults = _two_names(frame)
    if faults:
        raise IntakeError(f"{file_name} cannot be taken as forum areas: {'; '.join(faults)}.")
    ledger.use(frame)
    of = _vintage(set(frame["lsoa"]))
    ledger.remarks.append(f"{frame['forum_area'].n_unique():,} forum areas, made of the small areas of {of}.")
    return frame.select(PLACES["forum_areas"].names()).sort("lsoa")


def _unreadable(frame: pl.DataFrame, columns: dict[str, str]) -> list[str]:
    faults = []
    for column, what in (("lsoa", "no small area"), ("forum_area", "no forum area")):
        if lines := frame.filter(pl.col(column).is_null())["line"].to_list():
            faults.append(f"{what} is given in {_lines(lines)}")
    for column in ("forum_area", "name"):
        unsafe = numbers.formulas(frame[column].drop_nulls().unique())
        if unsafe and column in columns:
            lines = frame.filter(pl.col(column).is_in(unsafe))["line"].to_list()
            faults.append(f"column {columns[column]} begins like a spreadsheet formula in {_lines(lines)}")
    return faults


def _lost_or_double(frame: pl.DataFrame) -> list[str]:
    """What keeps the list from being the whole county, each area once: one clause a fault."""
    given = frame["lsoa"].drop_nulls()
    codes = {v: set(places.lookup(v)["lsoa"]) for v in (2011, 2021)}
    strange = set(given) - codes[2011] - codes[2021]
    old, new = (set(given) & (codes[a] - codes[b]) for a, b in ((2011, 2021), (2021, 2011)))
    faults = []
    if twice := sorted(given.filter(given.is_duplicated()).unique()):
        faults.append(_clause(twice, "is there more than once", "are there more than once"))
    if unknown := sorted(strange - _england()):
        faults.append(_clause(unknown, "is no small area's code", "are no small areas' codes", thing="code"))
    if outside := sorted(strange & _england()):
        faults.append(_clause(outside, "lies outside the county", "lie outside the county"))
    if old and new:
        mixed = f"codes of 2011 (such as {min(old)}) and of 2021 (such as {min(new)}) are mixed: use those of one year"
        return [*faults, mixed]
    vintage = _vintage(set(given))
    if missing := sorted(codes[vintage] - set(given)):
        verb = "is" if len(missing) == 1 else "are"
        of = f"{len(missing):,} of the {len(codes[vintage])} small areas of {vintage}"
        faults.append(f"{of} ({named(missing)}) {verb} missing")
    return faults


def _vintage(given: set[str]) -> int:
    """The year whose small areas these are; where they might be of both, the one with fewer missing."""
    return min((2021, 2011), key=lambda v: len(set(places.lookup(v)["lsoa"]) ^ given))


def _england() -> set[str]:
    """Every small area of England, of 2011 and 2021. Looked up only to say what is wrong with a code."""
    return set().union(*(places.deprivation(edition, england=True)["lsoa"] for edition in (2019, 2025)))


def _two_names(frame: pl.DataFrame) -> list[str]:
    faults = []
    for one, other, words in (("forum_area", "name", "names"), ("name", "forum_area", "codes")):
        several = frame.group_by(one).agg(pl.col(other).n_unique()).filter(pl.col(other) > 1)[one].sort()
        if len(several):
            faults.append(f"“{several[0]}” has more than one of the {words} of a forum area")
    return faults


def _clause(codes: list[str], one: str, many: str, *, thing: str = "small area") -> str:
    return f"{len(codes):,} {thing}{'' if len(codes) == 1 else 's'} ({named(codes)}) {one if len(codes) == 1 else many}"


def named(codes: Collection[str]) -> str:
    """The first few codes, and how many more; each as it may be shown."""
    shown = [plain(code)[:20] for code in list(codes)[:NAMED]]
    return ", ".join(shown) + (f" and {len(codes) - NAMED:,} more" if len(codes) > NAMED else "")


def _lines(lines: list[int]) -> str:
    return f"line{'' if len(lines) == 1 else 's'} {named([str(line) for line in lines])}"


# Services ------------------------------------------------------------------------------------------------------------


def services(frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger, file_name: str) -> pl.DataFrame:
    """A row a service, placed by its postcode, its small area or its coordinates; the postcode is not kept.

    The postcode says the small area before the others do, the coordinates the point on the map; a service with a small
    area alone stands at the middle of it.
    """
    bad: set[int] = set()

    def refuse(rows: pl.DataFrame, column: str, reason: str | pl.Expr) -> None:
        rows = rows.filter(~pl.col("line").is_in(list(bad)))
        ledger.refuse(rows, columns.get(column, column), reason, value=column)
        bad.update(rows["line"])

    missing = [c for c in ("postcode", "lsoa", "latitude", "longitude", "note") if c not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(c) for c in missing)
    for column in ("name", "type", "note"):
        unsafe = numbers.formulas(frame[column].drop_nulls().unique())
        formula = "begins like a spreadsheet formula, so it is not taken in; write it without =, +, - or @ in front"
        refuse(frame.filter(pl.col(column).is_in(unsafe)), column, formula)
    for column in ("name", "type"):
        refuse(frame.filter(pl.col(column).is_null()), column, f"no {column} is given")
    frame = _points(_areas(frame, refuse), refuse)
    lost = pl.col("postcode").is_not_null() & pl.col("postcode_lsoa").is_null()
    elsewhere = pl.any_horizontal(pl.col("lsoa", "lat").is_not_null())
    refuse(frame.filter(lost & ~elsewhere), "postcode", "this postcode is not among the county's, or is misspelt")
    nowhere = pl.all_horizontal(pl.col("postcode", "lsoa", "lat").is_null())
    refuse(frame.filter(nowhere), "postcode", "neither a postcode nor a small area nor coordinates are given")
    kept = frame.filter(~pl.col("line").is_in(list(bad)))
    if unmatched := kept.filter(lost)["line"].to_list():
        many = "The postcode is" if len(unmatched) == 1 else "The postcodes are"
        ledger.remarks.append(
            f"{many} not among the county's in {_lines(unmatched)}: placed by the small area or the coordinates."
        )
    return _placed(kept, ledger)


def _areas(frame: pl.DataFrame, refuse) -> pl.DataFrame:
    """With `postcode_lsoa`, its point, and `lsoa` of 2021; codes that are not of the county's are refused."""
    known = places.postcodes().select(
        plain_postcode("postcode").alias("key"),
        pl.col("lsoa_2021").alias("postcode_lsoa"),
        pl.col("lat").alias("postcode_lat"),
        pl.col("lon").alias("postcode_lon"),
    )
    frame = frame.with_columns(plain_postcode("postcode").alias("key"), pl.col("lsoa").str.to_uppercase())
    frame = frame.join(known, on="key", how="left", maintain_order="left")
    changes = places.small_area_changes()
    divided = changes.filter(pl.col("change") == "S")["lsoa_2011"].unique()
    strange = pl.col("lsoa").is_not_null() & ~pl.col("lsoa").is_in(changes["lsoa_2021"].implode())
    parted = strange & pl.col("lsoa").is_in(divided.implode())
    reason = "this small area of 2011 was divided in 2021: give the code of 2021, or the postcode"
    refuse(frame.filter(parted & pl.col("postcode_lsoa").is_null()), "lsoa", reason)
    refuse(frame.filter(strange & ~parted), "lsoa", "this is not the code of a small area of the county")
    return frame.with_columns(pl.when(~strange).then("lsoa").alias("lsoa"))


def _points(frame: pl.DataFrame, refuse) -> pl.DataFrame:
    """With `lat`, `lon` (null where none are given) and `point_lsoa`; points outside the county are refused."""
    read = {c: numbers.parse(frame[c].fill_null("")) for c in ("latitude", "longitude")}
    frame = frame.with_columns(read["latitude"]["number"].alias("lat"), read["longitude"]["number"].alias("lon"))
    for column, value in (("latitude", "lat"), ("longitude", "lon")):
        other = "longitude" if column == "latitude" else "latitude"
        unreadable = pl.col(column).is_not_null() & pl.col(value).is_null()
        refuse(frame.filter(unreadable), column, f"this is not a {column} in degrees, such as {EXAMPLE[column]}")
        refuse(frame.filter(pl.col(column).is_not_null() & pl.col(other).is_null()), column, f"no {other} is given")
    lat, lon = pl.col("lat"), pl.col("lon")
    metres = (lat.abs() > METRES) | (lon.abs() > METRES)
    refuse(frame.filter(metres), "latitude", "looks like British National Grid metres; give degrees (WGS84)")
    swapped = lat.is_between(*EDGE["longitude"]) & lon.is_between(*EDGE["latitude"])
    refuse(frame.filter(swapped), "latitude", "the latitude and the longitude are exchanged")
    given = frame.filter(lat.is_not_null() & lon.is_not_null())
    found = given.select("line", point_lsoa=nearest_area(given["lon"].to_numpy(), given["lat"].to_numpy()))
    frame = frame.join(found, on="line", how="left", maintain_order="left")
    outside = lat.is_not_null() & lon.is_not_null() & pl.col("point_lsoa").is_null()
    refuse(frame.filter(outside), "latitude", "these coordinates lie outside the county")
    north, east = (lat - pl.col("postcode_lat")) * KM_NORTH, (lon - pl.col("postcode_lon")) * KM_EAST
    apart = (north**2 + east**2).sqrt()
    reason = pl.format("these coordinates lie {} km from the postcode", apart.round(0).cast(pl.Int64))
    refuse(frame.filter(apart > FARTHEST), "latitude", reason)
    return frame


def nearest_area(lon: np.ndarray, lat: np.ndarray) -> pl.Series:
    """Points in degrees → the small area (2021) of the nearest postcode; null outside the county.

    Nearer the truth than the outlines that ship, which are drawn for a map: of the 437 services that ship, placed by
    the full outlines, 23 fall in another area by the nearest postcode, 37 by the outlines for a map.
    """
    known = places.postcodes()
    at = known["lon"].to_numpy(), known["lat"].to_numpy()
    index, away = np.zeros(len(lon), int), np.zeros(len(lon))
    for i, (x, y) in enumerate(zip(lon, lat, strict=True)):
        apart = ((at[0] - x) * KM_EAST) ** 2 + ((at[1] - y) * KM_NORTH) ** 2
        index[i], away[i] = apart.argmin(), apart.min() ** 0.5
    inside = (locate(lon, lat, places.boundaries("county")["features"]) >= 0) | (away < EDGE_KM)
    return known["lsoa_2021"].gather(index).set(pl.Series(~inside), None).alias("point_lsoa")


def _placed(kept: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """The services with their small area and point; rows that repeat another are left out."""
    centres = places.lookup(2021).select("lsoa", pl.col("lat").alias("middle_lat"), pl.col("lon").alias("middle_lon"))
    kept = kept.with_columns(
        pl.coalesce("postcode_lsoa", "lsoa", "point_lsoa").alias("lsoa"), pl.col("lsoa").alias("given_lsoa")
    )
    kept = kept.join(centres, on="lsoa", how="left", maintain_order="left").with_columns(
        pl.coalesce("lat", "postcode_lat", "middle_lat").alias("latitude"),
        pl.coalesce("lon", "postcode_lon", "middle_lon").alias("longitude"),
    )
    columns = PLACES["services"].names()
    again = kept.filter(~pl.struct(columns).is_first_distinct())
    ledger.leave_out(again, "they repeat another row")
    kept = kept.join(again.select("line"), on="line", how="anti", maintain_order="left")
    ledger.use(kept)
    if middle := kept.filter(pl.all_horizontal(pl.col("lat", "postcode_lat").is_null())).height:
        who = "service stands" if middle == 1 else "services stand"
        ledger.remarks.append(f"{middle:,} {who} at the middle of the small area: there is no postcode or point.")
    if alone := kept.filter(pl.all_horizontal(pl.col("postcode_lsoa", "given_lsoa").is_null())).height:
        who = "service is" if alone == 1 else "services are"
        ledger.remarks.append(f"{alone:,} {who} placed by coordinates: in the small area of the nearest postcode.")
    return kept.select(columns).cast(dict(PLACES["services"]))
