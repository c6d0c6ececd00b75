"""Boundaries: whole and well drawn, or one sentence that says what is wrong."""

import json
import math

import pytest

from dashboard.intake import KINDS, read
from sample_data import places

from .place_files import collection, geojson, read_places, sentence

LEVELS = [(level, vintage) for level, vintages in places.LEVELS.items() for vintage in vintages]


@pytest.mark.parametrize(("level", "vintage"), LEVELS)
def test_the_boundaries_that_ship_are_sound_and_come_back_as_they_are(level, vintage):
    layer = collection(level, vintage)
    batch = read_places(geojson(layer), file_name="areas.geojson")
    assert batch.kind == "boundaries" and batch.places["level"].unique().to_list() == [level]
    want = {f["properties"]["code"]: f["geometry"] for f in layer["features"]}
    assert {code: json.loads(text) for code, text in batch.places.select("code", "geometry").iter_rows()} == want


def test_several_levels_may_stand_in_one_file_and_codes_under_the_publisher_s_names():
    layer = collection("council")
    for feature in layer["features"]:
        code, name = feature["properties"].values()
        feature["properties"] = {"FID": 1, "LAD23CD": code, "LAD23NM": name, "GlobalID": "x"}
    batch = read_places(geojson(layer), file_name="councils.json")
    assert batch.places["code"].to_list() == ["E06000061", "E06000062"]
    assert batch.remarks == ["Properties not used: FID, GlobalID."]
    both = collection("council")
    both["features"] += collection("forum")["features"]
    assert read_places(geojson(both)).places["level"].value_counts(sort=True).rows() == [("forum", 10), ("council", 2)]


def ring_of(layer, i=0):
    """The first outer ring of a feature, to be spoilt."""
    part = layer["features"][i]["geometry"]
    return part["coordinates"][0] if part["type"] == "Polygon" else part["coordinates"][0][0]


def spoil(change, level="district"):
    layer = collection(level)
    change(layer)
    return geojson(layer)


def moved(layer, turn):
    for feature in layer["features"]:
        parts = feature["geometry"]["coordinates"]
        polygons = [parts] if feature["geometry"]["type"] == "Polygon" else parts
        for polygon in polygons:
            polygon[:] = [[turn(x, y) for x, y in ring] for ring in polygon]


def bow_tie(layer):
    ring_of(layer)[:] = [[-0.70, 52.49], [-0.69, 52.50], [-0.69, 52.49], [-0.70, 52.50], [-0.70, 52.49]]


def hole_across(layer):
    layer["features"][0]["geometry"] = {
        "type": "Polygon",
        "coordinates": [
            [[-0.8, 52.3], [-0.7, 52.3], [-0.7, 52.4], [-0.8, 52.4], [-0.8, 52.3]],
            [[-0.75, 52.35], [-0.65, 52.35], [-0.65, 52.36], [-0.75, 52.36], [-0.75, 52.35]],
        ],
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: ring_of(c).pop(), "has an outline that is not closed, of area E07000150"),
        (bow_tie, "has an outline that crosses itself, of area E07000150, near -0."),
        (hole_across, "has an outline that crosses itself, of area E07000150"),
        (
            lambda c: ring_of(c)[3].__setitem__(0, math.nan),
            "points that are not finite numbers (NaN), of area E07000150",
        ),
        (lambda c: ring_of(c)[3].__setitem__(1, math.inf), "points that are not finite numbers (NaN)"),
        (lambda c: ring_of(c)[3].__setitem__(1, "52"), "points that are not pairs of numbers"),
        (lambda c: ring_of(c).__setitem__(slice(2, -1), []), "has an outline of too few points, of area E07000150"),
        (lambda c: ring_of(c).clear(), "has an outline of too few points"),
        (
            lambda c: ring_of(c).__setitem__(slice(None), [[-0.7, 52.3], [-0.6, 52.3], [-0.5, 52.3], [-0.7, 52.3]]),
            "has an outline that encloses nothing, of area E07000150",
        ),
        (lambda c: c["features"][0].__setitem__("geometry", None), "has no outline for area E07000150"),
        (
            lambda c: c["features"][0].__setitem__("geometry", {"type": "Point", "coordinates": [-0.7, 52.3]}),
            "has something other than an outline for area E07000150",
        ),
        (lambda c: c["features"][0]["geometry"].__setitem__("coordinates", []), "has an outline without points"),
        (
            lambda c: moved(c, lambda x, y: [487_000 + x * 68_000, 260_000 + y * 1_000]),
            "looks like British National Grid metres: export it as WGS84 longitude and latitude",
        ),
        (
            lambda c: moved(c, lambda x, y: [x * 111_320, 6_800_000.0]),
            "looks like metres of another projection: export it as WGS84",
        ),
        (lambda c: moved(c, lambda x, y: [y, x]), "has latitude before longitude"),
        (lambda c: moved(c, lambda x, y: [x + 3, y]), "has an outline outside the county, of area E07000150"),
        (
            lambda c: c.__setitem__("crs", {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}),
            "says that it is in British National Grid metres: export it as WGS84",
        ),
        (
            lambda c: c["features"][0]["properties"].__setitem__("code", "E07000004"),
            "has codes that are not those of the county's districts: E07000004",
        ),
        (
            lambda c: c["features"][0]["properties"].__setitem__("code", "E12000004"),
            "has codes of a kind that the dashboard does not draw: E12000004",
        ),
        (lambda c: c["features"][0]["properties"].__setitem__("code", ""), "has no code for outline 1"),
        (lambda c: c["features"].pop(), "lacks 1 of the county's 7 districts of 2019: E07000156"),
        (lambda c: c["features"].append(c["features"][0]), "has more than one outline for E07000150"),
        (lambda c: [f["properties"].pop("code") for f in c["features"]], "has no property for the code of each area"),
        (lambda c: c["features"].clear(), "holds no outlines"),
        (lambda c: c.__setitem__("type", "Feature"), "is not a GeoJSON FeatureCollection"),
        (lambda c: c["features"][0].__setitem__("properties", None), "has a feature without properties"),
        (lambda c: c["features"][0]["properties"].__setitem__("name", "=1+1"), "begins like a formula, in outline 1"),
    ],
)
def test_boundaries_that_cannot_be_drawn_give_one_sentence(change, says):
    words = sentence(spoil(change), file_name="areas.geojson")
    assert words.startswith("areas.geojson ") and says in words


def test_a_missing_forum_area_and_two_that_overlap():
    words = sentence(spoil(lambda c: c["features"].pop(0), "forum"))
    assert "leaves out part of the county, with " in words and "E0102" in words

    def twice(layer):
        layer["features"].append({**layer["features"][0], "properties": {"code": "X", "name": "X"}})

    assert "has forum areas that lie over one another, in " in sentence(spoil(twice, "forum"))


def test_small_areas_of_two_years():
    def mix(layer):
        layer["features"][:] = layer["features"] + collection("lsoa", 2011)["features"]
        seen = {}
        for feature in layer["features"]:
            seen.setdefault(feature["properties"]["code"], feature)
        layer["features"][:] = seen.values()

    assert "mixes small areas of 2021 with those of 2011, such as E0102" in sentence(spoil(mix, "lsoa"))


def test_boundaries_that_are_too_large():
    def finer(layer):
        for feature in layer["features"]:
            geometry = feature["geometry"]
            polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
            for polygon in polygons:
                for ring in polygon:
                    ring[:] = [p for point in ring for p in [point] * 20]

    words = sentence(spoil(finer))
    assert "points, more than the 12,000 that a map page can carry" in words
    assert "is larger than 20 MB" in sentence(b'{"type":"FeatureCollection"' + b" " * 20_000_000 + b"}")
    many = {f"p{i}": i for i in range(300)}
    assert "has 302 properties: keep the code" in sentence(spoil(lambda c: c["features"][0]["properties"].update(many)))
    assert "more than the county has areas" in sentence(spoil(lambda c: c["features"].extend(c["features"] * 300)))


@pytest.mark.parametrize(
    "data", [b'{"type":"FeatureCollection","features":[', b'{"geometry":' + b"[" * 100_000, b'{"coordinates":\xff}']
)
def test_damaged_geojson(data):
    assert "is damaged or not GeoJSON" in sentence(data, file_name="a.geojson")


def test_geojson_and_tables_are_told_apart():
    layer = geojson(collection("council"))
    assert sentence(layer, kind="own") == f"places.csv looks like {KINDS['boundaries']}, not like {KINDS['own']}."
    assert "is not boundaries as GeoJSON" in sentence("lsoa,forum_area\nE01026949,A\n", kind="boundaries")
    assert read(b"\xef\xbb\xbf" + layer, file_name="a.json").size == 2


def test_properties_are_looked_through_for_persons():
    def add(layer):
        layer["features"][0]["properties"]["contact"] = "ann@example.org"

    words = sentence(spoil(add))
    assert (
        words
        == "places.csv holds what looks like e-mail addresses in column “contact” (line 1): leave that column out."
    )
