"""GeoJSON as a map needs it: each area with its colour and words, where its letter stands, the county's extent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import cos, log2, radians, sqrt
from typing import Any

from dashboard.maps.colours import MISSING, ink, rgb

METRES = 111_320.0  # a degree of latitude
Ring = list[list[float]]


@dataclass(frozen=True, slots=True)
class Area:
    """One area of a map: `letter` of its band, or a marker such as `[c]` where it has none; `said` in words."""

    code: str
    name: str
    letter: str
    said: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the letter of an area stands, and how large it may be (metres on the ground)."""

    lon: float
    lat: float
    size: float


def rings(geometry: Mapping[str, Any]) -> list[list[Ring]]:
    """The polygons of a geometry, each a list of rings, the outer one first."""
    return geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]


def spot(geometry: Mapping[str, Any]) -> Spot:
    """A point well within the largest polygon: the middle of the longest of nine lines across it."""
    outer = max((polygon[0] for polygon in rings(geometry)), key=lambda ring: abs(_area(ring)))
    low, high = min(y for _, y in outer), max(y for _, y in outer)
    best = (0.0, outer[0][0], low)
    for k in range(1, 10):
        y = low + (high - low) * k / 10
        # Lines near the middle are wanted: a long one at the edge has no room above or beneath it.
        room = min(k, 10 - k) / 5
        for a, b in _across(outer, y):
            width = min((b - a) * cos(radians(y)), (high - low) * room)
            best = max(best, (width, (a + b) / 2, y))
    return Spot(round(best[1], 5), round(best[2], 5), round(min(best[0] * METRES, sqrt(_square_metres(outer))) * 0.5))


def _across(ring: Ring, y: float) -> list[tuple[float, float]]:
    cuts = sorted(
        x1 + (y - y1) / (y2 - y1) * (x2 - x1) for (x1, y1), (x2, y2) in pairwise(ring) if (y1 > y) != (y2 > y)
    )
    return list(zip(cuts[::2], cuts[1::2], strict=False))


def _area(ring: Ring) -> float:
    x0, y0 = ring[0]
    return sum((a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0) for a, b in pairwise(ring)) / 2


def _square_metres(ring: Ring) -> float:
    return abs(_area(ring)) * METRES**2 * cos(radians(ring[0][1]))


def coloured(shapes: Mapping[str, Any], areas: Sequence[Area], colours: Mapping[str, str]) -> bytes:
    """GeoJSON of the areas with `code`, `name`, `said` and `fill`; areas that `shapes` lacks are left out."""
    parts = _as_text(_Same(shapes))
    made = []
    for area in areas:
        if area.code in parts:
            fill = rgb(colours.get(area.letter, MISSING))
            about = json.dumps({"code": area.code, "name": area.name, "said": area.said, "fill": fill})
            made.append(f'{{"type":"Feature","properties":{about},"geometry":{parts[area.code]}}}')
    return f'{{"type":"FeatureCollection","features":[{",".join(made)}]}}'.encode()


def letters(shapes: Mapping[str, Any], areas: Sequence[Area], colours: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of a text layer: position, letter, size in metres, colour."""
    spots = spots_of(shapes)
    return [
        {
            "at": [spots[area.code].lon, spots[area.code].lat],
            "text": area.letter,
            "size": spots[area.code].size / max(1, len(area.letter) * 0.7),
            "colour": rgb(ink(colours.get(area.letter, MISSING))),
        }
        for area in areas
        if area.code in spots
    ]


def spots_of(shapes: Mapping[str, Any]) -> dict[str, Spot]:
    """Code → where its letter stands."""
    return _spots(_Same(shapes))


def close_up(shapes: Mapping[str, Any], code: str) -> dict[str, float] | None:
    """Where to look from to see one small area with its neighbours; None where `shapes` lacks it."""
    spot = spots_of(shapes).get(code)
    if spot is None:
        return None
    metres_a_pixel = max(spot.size, 100.0) / 40
    zoom = log2(METRES * 360 / 512 * cos(radians(spot.lat)) / metres_a_pixel)
    return {"longitude": spot.lon, "latitude": spot.lat, "zoom": round(min(zoom, 12.5), 2)}


def extent(shapes: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees."""
    points = [p for f in shapes["features"] for polygon in rings(f["geometry"]) for p in polygon[0]]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


class _Same:
    """GeoJSON as a key of a cache: itself, not its content. Shared geometry is never changed."""

    def __init__(self, shapes: Mapping[str, Any]):
        self.shapes = shapes

    def __hash__(self) -> int:
        return id(self.shapes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.shapes is self.shapes


@lru_cache(maxsize=16)
def _as_text(same: _Same) -> dict[str, str]:
    pairs = ((f["properties"]["code"], f["geometry"]) for f in same.shapes["features"])
    return {code: json.dumps(geometry, separators=(",", ":")) for code, geometry in pairs}


@lru_cache(maxsize=16)
def _spots(same: _Same) -> dict[str, Spot]:
    return {f["properties"]["code"]: spot(f["geometry"]) for f in same.shapes["features"]}
