"""Points in areas, thinner outlines, distances."""

from itertools import pairwise

import numpy as np
import pytest

from sample_data.shapes import feature, kilometres, locate, polygons, signed_area, simplified


def area(one: dict) -> float:
    """Square degrees; holes run the other way round and take away."""
    return sum(signed_area(ring) for polygon in polygons(one["geometry"]) for ring in polygon)


SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]
HOLE = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 1.0), (1.0, 1.0)]


def test_a_point_is_found_in_its_area_and_not_in_a_hole():
    around, within = feature({}, [[SQUARE, HOLE]]), feature({}, [[HOLE]])
    lon, lat = np.array([0.5, 1.5, 3.0, 5.0, 1.5]), np.array([0.5, 1.5, 1.5, 1.0, -1.0])
    assert locate(lon, lat, [around, within]).tolist() == [0, 1, 0, -1, -1]


def test_rings_are_turned_and_areas_signed():
    made = feature({"code": "a"}, [[SQUARE[::-1], HOLE[::-1]]])
    outer, hole = made["geometry"]["coordinates"]
    assert signed_area(outer) == 16.0
    assert signed_area(hole) == -1.0
    assert area(made) == 15.0
    many = feature({}, [[SQUARE], [HOLE]])
    assert many["geometry"]["type"] == "MultiPolygon"
    assert area(many) == 17.0


def test_neighbours_keep_one_line_when_it_is_thinned():
    """A wavy line between two areas that run it in opposite directions: waves of 1 m go, the bulge stays."""
    between = [(1.0, 50.0), (1.00001, 50.1), (1.0, 50.2), (1.1, 50.3), (1.00001, 50.4), (1.0, 50.5)]
    west = feature({"code": "w"}, [[[(0.0, 50.0), *between, (0.0, 50.5), (0.0, 50.0)]]])
    east = feature({"code": "e"}, [[[(2.0, 50.5), *between[::-1], (2.0, 50.0), (2.0, 50.5)]]])
    thin = simplified([west, east], tolerance=50.0)
    sides = [
        {tuple(sorted(s)) for polygon in polygons(f["geometry"]) for ring in polygon for s in pairwise(ring)}
        for f in thin
    ]
    common = sides[0] & sides[1]
    assert {p for side in common for p in side} == {(1.0, 50.0), (1.0, 50.2), (1.1, 50.3), (1.00001, 50.4), (1.0, 50.5)}
    assert sum(map(area, thin)) == pytest.approx(1.0)  # 2° by ½°, no gap and no overlap
    assert [f["properties"]["code"] for f in thin] == ["w", "e"]
    untouched = simplified([west, east], tolerance=0.0)
    assert [set(polygons(f["geometry"])[0][0]) for f in untouched] == [
        set(polygons(f["geometry"])[0][0]) for f in (west, east)
    ]


def test_a_line_is_thinned_alike_from_either_end():
    """Of two points that stand out equally far one is kept at this tolerance, the same by both neighbours."""
    between = [(1.0, 50.0), (1.001, 50.25), (1.001, 50.75), (1.0, 51.0)]
    west = feature({}, [[[(0.0, 50.0), *between, (0.0, 51.0), (0.0, 50.0)]]])
    east = feature({}, [[[(2.0, 51.0), *between[::-1], (2.0, 50.0), (2.0, 51.0)]]])
    thin = simplified([west, east], tolerance=50.0)
    kept = [{p for p in polygons(f["geometry"])[0][0] if p[0] == 1.001} for f in thin]
    assert len(kept[0]) == 1
    assert kept[0] == kept[1]


def test_an_island_is_thinned_but_never_to_a_line():
    ring = [(0.0, 50.0), (0.5, 50.00001), (1.0, 50.0), (1.0, 51.0), (0.0, 51.0), (0.0, 50.0)]
    thin = polygons(simplified([feature({}, [[ring]])], tolerance=50.0)[0]["geometry"])[0][0]
    assert set(thin) == {(0.0, 50.0), (1.0, 50.0), (1.0, 51.0), (0.0, 51.0)}
    tiny = [(0.0, 50.0), (0.0001, 50.0), (0.0001, 50.0001), (0.0, 50.0)]
    assert set(polygons(simplified([feature({}, [[tiny]])], tolerance=50.0)[0]["geometry"])[0][0]) == set(tiny)


def test_distances_are_those_of_a_sphere():
    # a degree of latitude is 6,371·π/180 = 111.19 km; of longitude at 60° half of that
    away = kilometres(np.array([0.0]), np.array([60.0]), np.array([0.0, 1.0]), np.array([61.0, 60.0]))
    assert away[0].tolist() == pytest.approx([111.195, 55.597], abs=0.002)
