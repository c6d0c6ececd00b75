"""Whether an outline is sound: closed rings of finite points that do not cross themselves or one another."""

from __future__ import annotations

from typing import Any

import numpy as np

SMALLEST = 1e-10  # twice an area in square degrees: about half a square metre
FEWEST = 4  # points of a ring, the last of which is the first again
_PAIRS = 500_000  # pairs of segments looked at in one go: some 50 MB


class Fault(Exception):
    """What is wrong with a file of boundaries, to follow its name: `has an outline that …`."""


def count(geometry: Any) -> int:
    """How many points a geometry has, as far as it can be told before it is checked."""
    todo, points = [geometry.get("coordinates") if isinstance(geometry, dict) else None], 0
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            if part and not isinstance(part[0], list):
                points += 1
            else:
                todo += part
    return points


def polygons(geometry: Any, who: str) -> list[list[np.ndarray]]:
    """The polygons of a GeoJSON geometry, each a list of rings of (longitude, latitude). Raises `Fault`."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind is None:
        raise Fault(f"has no outline for {who}")
    if kind not in ("Polygon", "MultiPolygon"):
        raise Fault(f"has something other than an outline for {who}: only Polygon and MultiPolygon can be drawn")
    parts = geometry.get("coordinates")
    parts = parts if kind == "MultiPolygon" else [parts]
    if not isinstance(parts, list) or not parts or not all(isinstance(p, list) and p for p in parts):
        raise Fault(f"has an outline without points, of {who}")
    return [[_ring(ring, who) for ring in polygon] for polygon in parts]


def _ring(ring: Any, who: str) -> np.ndarray:
    numbers = isinstance(ring, list) and all(
        isinstance(p, list) and len(p) in (2, 3, 4) and all(type(x) in (int, float) for x in p[:2]) for p in ring
    )
    if not numbers:
        raise Fault(f"has an outline with points that are not pairs of numbers, of {who}")
    points = np.array([[float(x) if abs(x) < 1e300 else np.inf for x in p[:2]] for p in ring]).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise Fault(f"has an outline with points that are not finite numbers (NaN), of {who}")
    if len(points) and (points[0] != points[-1]).any():
        raise Fault(f"has an outline that is not closed, of {who}: its last point must be its first again")
    if len(points) < FEWEST or len(np.unique(points, axis=0)) < FEWEST - 1:
        raise Fault(f"has an outline of too few points, of {who}: it takes three and the first again")
    return points


def sound(polygon: list[np.ndarray], who: str) -> None:
    """Raise `Fault` where the rings of a polygon cross themselves or one another, or enclose nothing."""
    start = np.vstack([ring[:-1] for ring in polygon])
    end = np.vstack([ring[1:] for ring in polygon])
    if (at := _crossing(start, end)) is not None:
        raise Fault(f"has an outline that crosses itself, of {who}, near {at[0]:.4f}, {at[1]:.4f}: repair its geometry")
    for ring in polygon:
        xy = ring - ring[0]  # near 0, so that nothing is lost in the subtraction
        if abs(float(np.sum(xy[:-1, 0] * xy[1:, 1] - xy[1:, 0] * xy[:-1, 1]))) < SMALLEST:
            raise Fault(f"has an outline that encloses nothing, of {who}")


def _crossing(start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """A point near which two segments cross properly (touching is no crossing), or None.

    Segments are sorted by where they begin from left to right; each is held only against those that begin before it
    ends, so that outlines of short segments cost little more than their length.
    """
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.argsort(low[:, 0], kind="stable")
    start, end, low, high = (a[order] for a in (start, end, low, high))
    last = np.searchsorted(low[:, 0], high[:, 0], side="right")
    others = last - np.arange(len(start)) - 1
    begin = 0
    while begin < len(start):
        stop = begin + max(1, int(np.searchsorted(np.cumsum(others[begin:]), _PAIRS, side="right")))
        one = np.repeat(np.arange(begin, stop), others[begin:stop])
        first = np.repeat(np.cumsum(others[begin:stop]) - others[begin:stop], others[begin:stop])
        two = one + 1 + np.arange(len(one)) - first
        near = (low[one, 1] <= high[two, 1]) & (low[two, 1] <= high[one, 1])
        one, two = one[near], two[near]
        apart = _side(start[one], end[one], start[two]) * _side(start[one], end[one], end[two]) < 0
        apart &= _side(start[two], end[two], start[one]) * _side(start[two], end[two], end[one]) < 0
        if apart.any():
            return start[one[np.argmax(apart)]]
        begin = stop
    return None


def _side(a: np.ndarray, b: np.ndarray, point: np.ndarray) -> np.ndarray:
    """On which side of the line from a to b a point lies: −1, 0 (on it, as far as floats can tell) or 1."""
    along, across = b - a, point - a
    first, second = along[:, 0] * across[:, 1], along[:, 1] * across[:, 0]
    doubt = 1e-12 * (np.abs(first) + np.abs(second))
    area = first - second
    return np.where(np.abs(area) <= doubt, 0, np.sign(area))
