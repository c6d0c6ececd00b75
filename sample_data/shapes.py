"""Geometry in degrees, as far as the boundaries that ship need it: which area a point lies in, and simpler outlines.

Features are GeoJSON dictionaries of Polygons or MultiPolygons. Neighbours are taken to share the vertices of their
common line, as the boundaries of the Office for National Statistics do.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from math import cos, radians
from typing import Any

import numpy as np

DECIMALS = 5  # about a metre
METRES = 111_320.0  # a degree of latitude
LATITUDE = 52.3  # of the county's middle: how much shorter a degree of longitude is there

Point = tuple[float, float]
Feature = dict[str, Any]


def polygons(geometry: dict[str, Any]) -> list[list[list[Point]]]:
    """The polygons of a geometry, each a list of closed rings, the outer one first, coordinates rounded."""
    many = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[_rounded(ring) for ring in polygon] for polygon in many]


def _rounded(ring: list[list[float]]) -> list[Point]:
    points = [(round(x, DECIMALS), round(y, DECIMALS)) for x, y, *_ in ring]
    return [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]


def feature(properties: dict[str, Any], parts: list[list[list[Point]]]) -> Feature:
    """A GeoJSON feature; outer rings run anticlockwise and holes clockwise, as RFC 7946 asks."""
    turned = [[_turned(ring, outer=k == 0) for k, ring in enumerate(polygon)] for polygon in parts]
    if len(turned) == 1:
        geometry = {"type": "Polygon", "coordinates": turned[0]}
    else:
        geometry = {"type": "MultiPolygon", "coordinates": turned}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _turned(ring: list[Point], *, outer: bool) -> list[Point]:
    return ring if (signed_area(ring) > 0) == outer else ring[::-1]


def signed_area(ring: list[Point]) -> float:
    """Area in square degrees, above 0 for a ring that runs anticlockwise."""
    xy = np.array(ring) - ring[0]  # near 0, so that nothing is lost in the subtraction
    return float(np.sum(xy[:-1, 0] * xy[1:, 1] - xy[1:, 0] * xy[:-1, 1]) / 2)


def locate(lon: np.ndarray, lat: np.ndarray, features: list[Feature]) -> np.ndarray:
    """Index of the feature that each point lies in, −1 where none does. Even-odd rule over all rings."""
    found = np.full(len(lon), -1)
    for index, one in enumerate(features):
        rings = [np.array(ring) for polygon in polygons(one["geometry"]) for ring in polygon]
        low, high = np.vstack(rings).min(axis=0), np.vstack(rings).max(axis=0)
        near = np.flatnonzero((lon >= low[0]) & (lon <= high[0]) & (lat >= low[1]) & (lat <= high[1]))
        crossings = np.zeros(len(near), int)
        for ring in rings:
            (x1, y1), (x2, y2) = ring[:-1].T, ring[1:].T
            px, py = lon[near, None], lat[near, None]
            spans = (y1 > py) != (y2 > py)
            at = x1 + (py - y1) / np.where(y2 == y1, 1.0, y2 - y1) * (x2 - x1)
            crossings += (spans & (px < at)).sum(axis=1)
        found[near[crossings % 2 == 1]] = index
    return found


def simplified(features: list[Feature], *, tolerance: float) -> list[Feature]:
    """Outlines with fewer points, none further than `tolerance` metres from the old line; neighbours keep one common
    line.

    Rings are cut where three or more lines meet, each piece is thinned once (Douglas and Peucker, 1973), whichever
    way round a neighbour runs it, and the rings are put together again. Points where lines meet never move. Two
    pieces may in principle come to cross at a wide tolerance: the tests look.
    """
    shapes = [polygons(f["geometry"]) for f in features]
    rings = [ring for shape in shapes for polygon in shape for ring in polygon]
    beside: dict[Point, set[Point]] = defaultdict(set)
    for ring in rings:
        for a, b in pairwise(ring):
            beside[a].add(b)
            beside[b].add(a)
    joints = {point for point, others in beside.items() if len(others) > 2}
    return [
        feature(f["properties"], [[_simple_ring(ring, joints, tolerance) for ring in polygon] for polygon in shape])
        for f, shape in zip(features, shapes, strict=True)
    ]


def _simple_ring(ring: list[Point], joints: set[Point], tolerance: float) -> list[Point]:
    open_ring = ring[:-1]
    cuts = [i for i, p in enumerate(open_ring) if p in joints]
    if len(cuts) < 2:  # an island, or a hole that one neighbour fills: cut at two points that any order of it finds
        first = open_ring[cuts[0]] if cuts else min(open_ring)
        furthest = max(open_ring, key=lambda p: (_apart(p, first), p))
        cuts = sorted((open_ring.index(first), open_ring.index(furthest)))
    turned = open_ring[cuts[0] :] + open_ring[: cuts[0]]
    stops = [c - cuts[0] for c in cuts] + [len(turned)]
    closed = [*turned, turned[0]]
    kept: list[Point] = []
    for a, b in pairwise(stops):
        kept += _thinned(closed[a : b + 1], tolerance)[:-1]
    if len(kept) < 3:  # nothing but a line would be left
        return ring
    return [*kept, kept[0]]


def _thinned(line: list[Point], tolerance: float) -> list[Point]:
    """Douglas–Peucker; the same points for a line and for the same line run backwards."""
    if line[0] > line[-1]:
        return _thinned(line[::-1], tolerance)[::-1]
    flat = np.array(line) * [METRES * cos(radians(LATITUDE)), METRES]
    keep = {0, len(line) - 1}
    todo = [(0, len(line) - 1)]
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        away = _from_segment(flat[a + 1 : b], flat[a], flat[b])
        furthest = int(np.argmax(away))
        if away[furthest] > tolerance:
            middle = a + 1 + furthest
            keep.add(middle)
            todo += [(a, middle), (middle, b)]
    return [line[i] for i in sorted(keep)]


def _from_segment(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.hypot(*(points - start - share[:, None] * along).T)


def _apart(a: Point, b: Point) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def kilometres(lon: np.ndarray, lat: np.ndarray, other_lon: np.ndarray, other_lat: np.ndarray) -> np.ndarray:
    """Straight-line distances from each point (rows) to each other point (columns), on a sphere of 6,371 km."""
    x1, y1, x2, y2 = (np.radians(v) for v in (lon[:, None], lat[:, None], other_lon[None, :], other_lat[None, :]))
    half = np.sin((y2 - y1) / 2) ** 2 + np.cos(y1) * np.cos(y2) * np.sin((x2 - x1) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(half))
