"""The outlines of areas that are made of whole small areas: lines that two of an area's parts share fall away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

Point = tuple[float, float]


def dissolved(small: Mapping[str, Any], where: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """GeoJSON geometry of each area. `small`: GeoJSON of small areas with the property `code`, whose neighbours share
    the vertices of their common line; `where`: small area → area. Small areas that `where` does not know are left out.
    """
    edges: dict[str, set[tuple[Point, Point]]] = defaultdict(set)
    for feature in small["features"]:
        area = where.get(feature["properties"]["code"])
        if area is None:
            continue
        geometry = feature["geometry"]
        many = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        mine = edges[area]
        for polygon in many:
            for ring in polygon:
                for a, b in pairwise(map(tuple, ring)):
                    if (b, a) in mine:  # a neighbour within the area runs the same line the other way
                        mine.remove((b, a))
                    else:
                        mine.add((a, b))
    return {area: _geometry(left) for area, left in edges.items()}


def _geometry(edges: set[tuple[Point, Point]]) -> dict[str, Any]:
    """Rings from directed edges; those that run anticlockwise are outer rings, the others holes of the ring they lie
    in."""
    follows: dict[Point, list[Point]] = defaultdict(list)
    for a, b in sorted(edges):
        follows[a].append(b)
    rings: list[list[Point]] = []
    while follows:
        start = next(iter(follows))
        ring = [start]
        while len(ring) == 1 or ring[-1] != start:
            here = ring[-1]
            nexts = follows[here]
            ring.append(nexts.pop())
            if not nexts:
                del follows[here]
        rings.append(ring)
    outer = [[ring] for ring in rings if _area(ring) > 0]
    for hole in (ring for ring in rings if _area(ring) <= 0):
        home = next((polygon for polygon in outer if _inside(hole[0], polygon[0])), None)
        if home is not None:
            home.append(hole)
    return {"type": "MultiPolygon", "coordinates": [[[list(p) for p in ring] for ring in polygon] for polygon in outer]}


def _area(ring: list[Point]) -> float:
    (x0, y0) = ring[0]
    return sum((a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0) for a, b in pairwise(ring)) / 2


def _inside(point: Point, ring: list[Point]) -> bool:
    x, y = point
    crossed = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            crossed = not crossed
    return crossed
