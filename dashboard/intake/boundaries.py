"""Boundaries as GeoJSON (RFC 7946): taken whole or not at all, with one sentence that says what is wrong.

A map page sends every outline to every reader, so the file must be small: points are rounded to five decimals (about a
metre), and a file with more of them than a page can carry is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import polars as pl

from sample_data import places
from sample_data.shapes import DECIMALS, locate

from . import geometry, numbers, personal
from .batch import IntakeError, Ledger, plain
from .geometry import Fault
from .headers import KINDS, aliases, normal
from .place_files import EDGE, METRES, PLACES, named

MAX_BYTES = 20_000_000  # read at all
MAX_POINTS = 12_000  # kept: about 240 kB as text; the small areas that ship have 5,400
MAX_AREAS = 2_000
MAX_PROPERTIES = 200  # of all areas together; a publisher's file has some ten
UNCOVERED = 0.01  # share of the small areas whose middle forum areas may leave out, for lines drawn roughly
_LEVELS = {"E01": "lsoa", "E05": "ward", "E07": "district", "E06": "council", "E10": "county"}
_WORDS = {"lsoa": "small areas", "ward": "wards", "district": "districts", "council": "councils", "county": "counties"}
_WGS84 = re.compile(r"crs84|\b4326\b")


def looks_like(data: bytes) -> bool:
    """Whether this is meant as GeoJSON: a JSON object that speaks of features or geometry."""
    start = data[:1_000_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"{") and any(w in start for w in (b'"FeatureCollection"', b'"geometry"', b'"coordinates"'))


def read(data: bytes, ledger: Ledger, *, file_name: str) -> pl.DataFrame:
    """The outlines, with the columns of `PLACES["boundaries"]`, sorted by level and code; `geometry` is GeoJSON text.

    `level`: lsoa, ward, district, council or county by the ONS code, forum for any other code. A level must be whole:
    every area of one edition of it, once. Raises `IntakeError`.
    """
    try:
        features = _features(data)
        frame = _properties(features, file_name, ledger)
        shapes = [_shape(f, code) for f, code in zip(features, frame["code"], strict=True)]
        _whole(frame)
        _covering(frame, shapes, ledger)
    except Fault as fault:
        raise IntakeError(f"{file_name} {fault}.") from fault
    ledger.rows = frame.height
    ledger.use(frame)
    text = pl.Series("geometry", [json.dumps(shape, separators=(",", ":")) for shape in shapes], dtype=pl.String)
    return frame.with_columns(text).select(PLACES["boundaries"].names()).sort("level", "code")


def _features(data: bytes) -> list[dict[str, Any]]:
    if len(data) > MAX_BYTES:
        raise Fault(
            f"is larger than {MAX_BYTES // 1_000_000} MB, too large for a map page: export the super generalised (BSC) "
            "outlines of the county alone"
        )
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Fault("is damaged or not GeoJSON: export it again as GeoJSON") from error
    if not isinstance(parsed, dict) or parsed.get("type") != "FeatureCollection":
        raise Fault("is not a GeoJSON FeatureCollection: export the whole layer as GeoJSON")
    crs = json.dumps(parsed.get("crs") or "crs84").lower()
    if not _WGS84.search(crs):
        raise Fault(f"says that it is {_projection(crs)}: export it as WGS84 longitude and latitude (EPSG:4326)")
    features = parsed.get("features")
    if not isinstance(features, list) or not features:
        raise Fault("holds no outlines")
    if not all(isinstance(f, dict) and isinstance(f.get("properties"), dict) for f in features):
        raise Fault("has a feature without properties, so it cannot be told which area it is")
    if len(features) > MAX_AREAS:
        raise Fault(f"has {len(features):,} outlines, more than the county has areas: keep only the county's")
    points = sum(geometry.count(f.get("geometry")) for f in features)
    if points > MAX_POINTS:
        raise Fault(
            f"has {points:,} points, more than the {MAX_POINTS:,} that a map page can carry: simplify the lines, or "
            "take the super generalised (BSC) edition"
        )
    return features


def _projection(crs: str) -> str:
    return "in British National Grid metres" if "27700" in crs else "in another projection"


def _properties(features: list[dict[str, Any]], file_name: str, ledger: Ledger) -> pl.DataFrame:
    """`line` (number of the feature), `level`, `code`, `name`; every other property is looked through and left."""
    keys = list(dict.fromkeys(str(key) for f in features for key in f["properties"]))
    if len(keys) > MAX_PROPERTIES:
        raise Fault(f"has {len(keys):,} properties: keep the code and the name of each area")
    rows = [{str(k): None if v is None else str(v) for k, v in f["properties"].items()} for f in features]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(keys, pl.String), orient="row")
    found = {column: _key(column, keys) for column in ("code", "name")}
    if found["code"] is None:
        raise Fault("has no property for the code of each area, such as code, forum_area or LSOA21CD")
    frame = frame.rename({key: f"c{i}" for i, key in enumerate(keys)})
    headers = {f"c{i}": key for i, key in enumerate(keys)}
    needed = {c: f"c{keys.index(key)}" for c, key in found.items() if key is not None}
    frame = frame.with_row_index("line", offset=1)
    personal.check(frame, headers, file_name=file_name, expected=set(needed.values()))
    unused = [key for key in keys if key not in found.values()]
    if unused:
        ledger.remarks.append(f"Properties not used: {', '.join(plain(key)[:40] for key in unused[:12])}.")
    code = [plain(text or "") for text in frame[needed["code"]]]
    name = [plain(text or "") for text in frame[needed.get("name", needed["code"])]]
    if "" in code:
        raise Fault(f"has no code for outline {code.index('') + 1}")
    for text in (code, name):
        if unsafe := numbers.formulas(pl.Series(text)):
            raise Fault(f"has a name or code that begins like a formula, in outline {text.index(unsafe[0]) + 1}")
    level = [_LEVELS.get(c[:3], "forum") if _official(c) else "forum" for c in code]
    lines = pl.Series(range(1, len(code) + 1), dtype=pl.Int64)
    return pl.DataFrame(
        {"line": lines, "level": level, "code": code, "name": [n or c for n, c in zip(name, code, strict=True)]}
    )


def _official(code: str) -> bool:
    return len(code) == 9 and code[0] in "EWSNK" and code[1:].isdigit()


def _key(column: str, keys: list[str]) -> str | None:
    here = {normal(key): key for key in reversed(keys)}
    return next((here[alias] for alias in aliases("boundaries")[column] if alias in here), None)


def _shape(feature: dict[str, Any], code: str) -> dict[str, Any]:
    """The geometry, checked and rounded."""
    who = f"area {plain(code)[:20]}"
    polygons = geometry.polygons(feature.get("geometry"), who)
    points = np.vstack([ring for polygon in polygons for ring in polygon])
    _projected(points, who)
    for polygon in polygons:
        geometry.sound(polygon, who)
    rounded = [[_rounded(ring) for ring in polygon] for polygon in polygons]
    if any(len(ring) < 4 for polygon in rounded for ring in polygon[:1]):
        raise Fault(f"has an outline of {who} that is smaller than a metre or two")
    whole = [[ring for ring in polygon if len(ring) >= 4] for polygon in rounded]
    if len(whole) == 1:
        return {"type": "Polygon", "coordinates": whole[0]}
    return {"type": "MultiPolygon", "coordinates": whole}


def _rounded(ring: np.ndarray) -> list[list[float]]:
    points = np.round(ring, DECIMALS).tolist()
    return [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]


def _projected(points: np.ndarray, who: str) -> None:
    """Degrees, longitude first, somewhere in the county."""
    lon, lat = points.T
    if np.abs(points).max() > METRES:
        grid = points.min() >= 0 and lon.max() < 700_000 and lat.max() < 1_300_000
        words = "British National Grid metres" if grid else "metres of another projection"
        raise Fault(f"looks like {words}: export it as WGS84 longitude and latitude (EPSG:4326)")
    box = [(axis.min(), axis.max()) for axis in (lon, lat)]
    if _overlaps(box, EDGE["latitude"], EDGE["longitude"]):
        raise Fault("has latitude before longitude: export it as GeoJSON, which puts longitude first")
    if not _overlaps(box, EDGE["longitude"], EDGE["latitude"]):
        raise Fault(
            f"has an outline outside the county, of {who}: keep only the county's, as WGS84 longitude and latitude"
        )


def _overlaps(box: list[tuple[float, float]], *sides: tuple[float, float]) -> bool:
    return all(low <= side[1] and high >= side[0] for (low, high), side in zip(box, sides, strict=True))


def _whole(frame: pl.DataFrame) -> None:
    """Each level has every area of one edition once, and no other."""
    twice = frame.filter(pl.col("code").is_duplicated())["code"].unique().sort()
    if len(twice):
        raise Fault(f"has more than one outline for {named(twice.to_list())}: make one outline of each area's parts")
    odd = sorted(code for code in frame["code"] if _official(code) and code[:3] not in _LEVELS)
    if odd:
        raise Fault(f"has codes of a kind that the dashboard does not draw: {named(odd)}")
    for (level,), part in frame.filter(pl.col("level") != "forum").group_by("level", maintain_order=True):
        editions = places.areas().filter(pl.col("level") == level).group_by("vintage").agg("code")
        given = set(part["code"])
        vintage, codes = min(((v, set(c)) for v, c in editions.rows()), key=lambda e: (len(e[1] ^ given), e[0]))
        every = set().union(*editions["code"])
        if wrong := sorted(given - every):
            raise Fault(f"has codes that are not those of the county's {_WORDS[level]}: {named(wrong)}")
        if mixed := sorted(given - codes):
            others = sorted(set(editions["vintage"]) - {vintage})
            raise Fault(f"mixes {_WORDS[level]} of {vintage} with those of {others[0]}, such as {mixed[0]}")
        if missing := sorted(codes - given):
            raise Fault(
                f"lacks {len(missing):,} of the county's {len(codes):,} {_WORDS[level]} of {vintage}: {named(missing)}"
            )


def _covering(frame: pl.DataFrame, shapes: list[dict[str, Any]], ledger: Ledger) -> None:
    """Forum areas, whose codes are the partnership's own, must between them hold the middle of every small area."""
    chosen = [i for i, level in enumerate(frame["level"]) if level == "forum"]
    if not chosen:
        return
    centres = places.lookup(2021)
    lon, lat = centres["lon"].to_numpy(), centres["lat"].to_numpy()
    each = np.array([locate(lon, lat, [{"geometry": shapes[i]}]) == 0 for i in chosen])
    out, double = (centres["lsoa"].filter(pl.Series(m)).to_list() for m in (each.sum(0) == 0, each.sum(0) > 1))
    some = int(UNCOVERED * centres.height)
    if len(out) > some:
        raise Fault(f"leaves out part of the county, with {len(out):,} small areas: {named(out)}")
    if len(double) > some:
        raise Fault(f"has forum areas that lie over one another, in {len(double):,} small areas: {named(double)}")
    if out:
        ledger.remarks.append(f"The outlines leave out the middle of {named(out)}.")


def not_boundaries(file_name: str) -> IntakeError:
    return IntakeError(f"{file_name} is not {KINDS['boundaries']}: export the layer as GeoJSON.")
