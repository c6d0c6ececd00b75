"""The map's drawing: colours that are told apart, letters within their areas, nothing from elsewhere, the picture."""

from __future__ import annotations

import json
from itertools import pairwise
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from dashboard.answers.bands import banded, even_cuts, thirds
from dashboard.answers.outlines import dissolved
from dashboard.maps.colours import BOTH, RAMP, colours, contrast, ink, luminance
from dashboard.maps.deck import NO_STYLE, deck
from dashboard.maps.picture import picture
from dashboard.maps.shapes import Area, close_up, coloured, extent, letters, spot
from sample_data import places as shipped


def square(x: float, y: float, size: float = 1.0) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def feature(code: str, *rings: list[list[float]]) -> dict:
    return {
        "type": "Feature",
        "properties": {"code": code, "name": code},
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


def collection(*features: dict) -> dict:
    return {"type": "FeatureCollection", "features": list(features)}


TWO = collection(feature("a", square(0, 50)), feature("b", square(1, 50)))
AREAS = [Area("a", "Æ <b>", "A", "12.0"), Area("b", "Bee", "[c]", "[c]")]


def inside(point: tuple[float, float], ring: list[list[float]]) -> bool:
    """Even-odd rule, written here again so that the code is not judged by itself."""
    x, y = point
    crossings = [
        x < x1 + (y - y1) / (y2 - y1) * (x2 - x1) for (x1, y1), (x2, y2) in pairwise(ring) if (y1 > y) != (y2 > y)
    ]
    return sum(crossings) % 2 == 1


# Colours --------------------------------------------------------------------------------------------------------------


def test_the_five_colours_are_even_steps_of_lightness_on_a_grey_copy():
    """CIE L* from luminance (0.2126 R + 0.7152 G + 0.0722 B of linear light): steps of at least 12 of 100."""
    lightness = [116 * luminance(c) ** (1 / 3) - 16 for c in RAMP]
    assert all(b - a >= 12 for a, b in pairwise(lightness))


@pytest.mark.parametrize("colour", [*RAMP, *BOTH.values()])
def test_a_letter_is_readable_on_its_colour(colour):
    assert contrast(ink(colour), colour) >= 4.5  # WCAG 2.2, 1.4.3


def test_contrast_of_black_and_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_fewer_bands_use_colours_that_lie_further_apart(count):
    given = colours("ABCDE"[:count])
    assert list(given) == list("ABCDE"[:count])
    assert len(set(given.values())) == count


def test_two_measures_have_nine_colours_of_their_own():
    pairs = [f"{row}{column}" for row in "ABC" for column in "123"]
    assert len(set(colours(pairs).values())) == 9


# Bands ----------------------------------------------------------------------------------------------------------------


def test_a_value_on_a_cut_belongs_to_the_band_above_and_a_missing_one_to_none():
    found, bands = banded(pl.Series([20.0, 19.9, 50.0, None, 80.0]), (20, 50))
    assert found.to_list() == ["B", "C", "A", None, "A"]
    assert [(b.letter, b.said, b.count) for b in bands] == [
        ("A", "50.0 and over", 2),
        ("B", "20.0 to under 50.0", 1),
        ("C", "under 20.0", 1),
    ]


def test_a_is_the_lowest_where_low_is_need():
    found, _ = banded(pl.Series([1.0, 9.0]), (5,), highest_first=False)
    assert found.to_list() == ["A", "B"]


@pytest.mark.parametrize("cuts", [(1, 2, 3, 4, 5), (2, 1), (1, 1)])
def test_more_than_five_bands_or_cuts_out_of_order_are_refused(cuts):
    with pytest.raises(ValueError, match="at most 5 bands"):
        banded(pl.Series([1.0]), cuts)


def test_even_cuts_put_as_many_areas_in_each_band():
    values = pl.Series([float(v) for v in range(100)])
    cuts = even_cuts(values, decimals=0)
    _, bands = banded(values, cuts)
    assert [b.count for b in bands] == [20, 20, 20, 20, 20]
    assert even_cuts(pl.Series([3.0, 3.0])) == []


def test_thirds_count_from_the_most_need_and_ties_share():
    assert thirds(pl.Series([9.0, 8.0, 5.0, 5.0, 2.0, 1.0])).to_list() == ["1", "1", "2", "2", "3", "3"]
    assert thirds(pl.Series([1.0, 2.0, 3.0]), highest_first=False).to_list() == ["1", "2", "3"]
    assert thirds(pl.Series([1.0, 1.0, 2.0])).to_list() == [None, None, None]


# Shapes ---------------------------------------------------------------------------------------------------------------


def test_an_outline_is_what_the_parts_do_not_share():
    """Two unit squares side by side: the common side falls away, six corners and the closing point stay."""
    made = dissolved(TWO, {"a": "x", "b": "x"})["x"]
    (ring,) = made["coordinates"][0]
    assert len(ring) == 7
    assert {tuple(p) for p in ring} == {(0, 50), (1, 50), (2, 50), (2, 51), (1, 51), (0, 51)}


def test_a_hole_stays_a_hole():
    """A square with a smaller one of another area in it."""
    hole = square(1, 51, 1)[::-1]
    made = dissolved(collection(feature("a", square(0, 50, 3), hole), feature("b", square(1, 51, 1))), {"a": "x"})["x"]
    assert [len(polygon) for polygon in made["coordinates"]] == [2]


def test_the_ten_forum_areas_from_their_small_areas_cover_the_whole_county():
    """Signed areas add up: the ten outlines together are as large as the 443 small areas."""

    def size(geometry: dict) -> float:
        many = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        rings = [ring for polygon in many for ring in polygon]
        return sum(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2 for ring in rings)

    small = shipped.boundaries("lsoa", 2021)
    where = dict(shipped.lookup(2021).select("lsoa", "forum").iter_rows())
    made = dissolved(small, where)
    assert len(made) == 10
    whole = sum(size(f["geometry"]) for f in small["features"])
    assert sum(map(size, made.values())) == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("level", ["forum", "district", "council", "ward", "lsoa"])
def test_each_letter_stands_within_its_area(level):
    for f in shipped.boundaries(level)["features"]:
        at = spot(f["geometry"])
        geometry = f["geometry"]
        many = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        assert any(inside((at.lon, at.lat), polygon[0]) for polygon in many), f["properties"]
        assert at.size > 0


def test_close_up_looks_at_the_area_and_knows_only_what_is_there():
    seen = close_up(TWO, "b")
    assert seen["longitude"] == pytest.approx(1.5)
    assert close_up(TWO, "z") is None
    assert extent(TWO) == (0, 50, 2, 51)


def test_names_travel_as_data_and_every_area_has_its_colour():
    made = json.loads(coloured(TWO, AREAS, {"A": "#12436D"}))
    first, second = (f["properties"] for f in made["features"])
    assert (first["name"], first["fill"]) == ("Æ <b>", [18, 67, 109])
    assert second["fill"] == [243, 242, 241]  # the grey of what is missing, with its marker on it
    assert [row["text"] for row in letters(TWO, AREAS, {"A": "#12436D"})] == ["A", "[c]"]


# The deck -------------------------------------------------------------------------------------------------------------


def test_the_deck_asks_nothing_of_others_and_its_layers_keep_their_ids():
    spec = json.loads(deck("shapes/a.json", "shapes/b.json", services="shapes/c.json").to_json())
    assert "http" not in json.dumps(spec)
    assert spec.get("mapStyle", NO_STYLE) == NO_STYLE  # anything empty makes Streamlit ask for an outside background
    assert [layer["id"] for layer in spec["layers"]] == ["fill", "above", "areas-", "services-", "letters"]
    again = json.loads(deck("shapes/a.json", "shapes/b.json", services="shapes/c.json").to_json())
    assert again == spec


def test_the_layer_that_is_clicked_changes_its_id_with_the_choice_and_the_drawn_ones_do_not():
    plain, chosen = (
        json.loads(deck("shapes/a.json", "shapes/b.json", chosen=c).to_json()) for c in (None, TWO["features"][0])
    )
    ids = [[layer["id"] for layer in spec["layers"] if layer.get("pickable")] for spec in (plain, chosen)]
    assert ids == [["areas-"], ["areas-a"]]
    drawn = [[layer["id"] for layer in s["layers"] if "getFillColor" in layer] for s in (plain, chosen)]
    assert drawn == [["fill"], ["fill"]]


# The picture ----------------------------------------------------------------------------------------------------------


def test_the_picture_is_sound_carries_its_words_and_hatches_what_is_hidden():
    made = picture(
        TWO,
        AREAS,
        {"A": "#12436D"},
        title="Where <now>?",
        subtitle="By area & year",
        key=[("A", "10 and over (1)"), ("[c]", "hidden (1)")],
        source="A publisher",
        note="Illustrative areas: stand-ins",
    )
    root = ET.fromstring(made)
    said = " ".join(root.itertext())
    for words in (
        "Where <now>?",
        "By area & year",
        "10 and over (1)",
        "A publisher",
        "Crown copyright",
        "Illustrative areas",
    ):
        assert words in said
    fills = [path.get("fill") for path in root.iter("{http://www.w3.org/2000/svg}path")]
    assert fills == ["#12436D", "url(#hatch)"]
    marks = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A", "[c]"} <= set(marks)
    assert b"<script" not in made


def test_nothing_of_the_picture_stands_on_something_else():
    """However long the words: titles above the map, the key under it, the source last, all within the page."""
    long = "A sentence that goes on and on about need in the county. " * 5
    key = [(f"{row}{column}", long[:60]) for row in "ABC" for column in "123"]
    made = picture(TWO, AREAS, {"A": "#12436D"}, title=long, subtitle=long, key=key, source=long)
    root = ET.fromstring(made)
    svg = "{http://www.w3.org/2000/svg}"
    lines = [float(line.get("y")) for line in root.iter(f"{svg}tspan")]
    assert lines == sorted(lines)
    assert lines[-1] < float(root.get("height"))
    corners = [
        float(pair.split(",")[1])
        for path in root.iter(f"{svg}path")
        for pair in path.get("d").strip("MZ").replace("L", " ").split()
    ]
    keys = [float(r.get("y")) for r in root.iter(f"{svg}rect") if r.get("y")]
    titles = [y for y in lines if y < min(corners)]
    assert len(titles) == len(lines) - len([y for y in lines if y > max(keys)])
    assert max(corners) < min(keys)
