"""The geography that ships: whole, nested, valid, small, logged."""

import csv
import gzip
import hashlib
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metrics.deprivation import editions
from sample_data import LOG, places
from sample_data.build_geography import boundary, write
from sample_data.shapes import kilometres, locate, polygons, signed_area

ROOM = Path(places.__file__).parent
LEVELS = [(level, vintage) for level, vintages in places.LEVELS.items() for vintage in vintages]
COUNTS = {
    ("forum", "illustrative"): 10,
    ("district", "2019"): 7,
    ("council", "2021"): 2,
    ("county", "2019"): 1,
    ("ward", "2025"): 66,  # 31 in the North, 35 in the West since May 2025
    ("ward", "2013"): 146,
    ("lsoa", "2021"): 443,
    ("lsoa", "2011"): 422,
}
# Mid-2020 estimates of the Office for National Statistics by district
PEOPLE_2020 = {
    "E07000150": 73_053,
    "E07000151": 86_951,
    "E07000152": 95_103,
    "E07000153": 102_211,
    "E07000154": 224_290,
    "E07000155": 95_492,
    "E07000156": 80_081,
}
COUNCIL_OF = {
    "E06000061": {"E07000150", "E07000152", "E07000153", "E07000156"},
    "E06000062": {"E07000151", "E07000154", "E07000155"},
}


def codes(level: str, vintage: str) -> list[str]:
    return [f["properties"]["code"] for f in places.boundaries(level, vintage)["features"]]


def area(one: dict) -> float:
    """Square degrees; holes run the other way round and take away."""
    return sum(signed_area(ring) for polygon in polygons(one["geometry"]) for ring in polygon)


# ---- every area once, in the areas above it


@pytest.mark.parametrize("vintage", [2011, 2021])
def test_every_small_area_lies_in_exactly_one_area_of_each_level(vintage):
    lookup = places.lookup(vintage)
    assert lookup["lsoa"].is_unique().all()
    assert lookup["lsoa"].to_list() == codes("lsoa", str(vintage))
    for column, level, year in (
        ("forum", "forum", "illustrative"),
        ("district", "district", "2019"),
        ("council", "council", "2021"),
        ("county", "county", "2019"),
        ("ward_2013", "ward", "2013"),
        ("ward_2025", "ward", "2025"),
    ):
        assert lookup[column].null_count() == 0, column
        assert set(lookup[column]) == set(codes(level, year)), column
    assert (lookup.group_by("district").agg(pl.col("council").n_unique())["council"] == 1).all()
    assert (lookup.group_by("forum").agg(pl.col("district").n_unique())["district"] == 1).all()
    assert (lookup.group_by("ward_2025").agg(pl.col("council").n_unique())["council"] == 1).all()
    assert {c: set(g["district"]) for (c,), g in lookup.group_by("council")} == COUNCIL_OF
    assert lookup.select(pl.col("ward_2013_share", "ward_2025_share").is_between(0.3, 1).all()).row(0) == (True, True)


def test_the_area_that_a_published_ward_list_left_out_has_its_wards():
    row = places.lookup(2021).filter(pl.col("lsoa") == "E01027305").row(0, named=True)
    assert row["council"] == "E06000062"
    names = dict(places.areas().filter(pl.col("level") == "ward").select("code", "name").iter_rows())
    assert names[row["ward_2025"]] == "Middleton Cheney"  # it lies in the middle layer area of that name
    assert names[row["ward_2013"]] == "Danvers and Wardoun"


def test_small_areas_of_2021_nest_in_those_of_2011():
    changes = places.small_area_changes()
    assert changes["change"].value_counts(sort=True).rows() == [("U", 403), ("S", 40)]
    assert changes["lsoa_2021"].is_unique().all()
    assert set(changes["lsoa_2011"]) == set(places.lookup(2011)["lsoa"])
    same = changes.filter(pl.col("change") == "U")
    assert (same["lsoa_2011"] == same["lsoa_2021"]).all()
    both = places.lookup(2021).join(places.lookup(2011), left_on="lsoa_2011", right_on="lsoa", suffix="_2011")
    assert all((both[c] == both[f"{c}_2011"]).all() for c in ("district", "council", "forum"))


def test_the_list_of_areas_holds_every_level_and_says_what_is_illustrative():
    areas = places.areas()
    assert {(level, vintage): group.height for (level, vintage), group in areas.group_by("level", "vintage")} == COUNTS
    assert set(areas.filter(pl.col("standing") == "illustrative")["level"]) == {"forum"}
    assert (areas.filter(pl.col("level") == "forum")["standing"] == "illustrative").all()
    for (_, vintage), group in areas.group_by("level", "vintage"):
        newer = vintage in ("2021", "2025")
        assert group["small_areas"].sum() == (443 if newer else 422)
    assert areas.filter(pl.col("parent").is_null())["level"].to_list() == ["county"]
    assert set(areas["parent"].drop_nulls()) <= set(areas["code"])


# ---- geometry


def crossings(one: dict) -> int:
    """Pairs of sides of a feature that cross or touch other than at a common corner."""
    sides = [side for polygon in polygons(one["geometry"]) for ring in polygon for side in pairwise(ring)]
    a, b = np.array([s[0] for s in sides]), np.array([s[1] for s in sides])

    def turn(p, q, r):
        return np.sign(
            np.round(
                (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0]),
                14,
            )
        )

    p, q, r, s = a[:, None], b[:, None], a[None], b[None]
    crossed = (turn(p, q, r) * turn(p, q, s) < 0) & (turn(r, s, p) * turn(r, s, q) < 0)
    return int(crossed.sum()) // 2


@pytest.mark.parametrize(("level", "vintage"), LEVELS)
def test_geometry_is_valid_and_holds_the_right_areas(level, vintage):
    made = places.boundaries(level, vintage)
    assert made["type"] == "FeatureCollection"
    features = made["features"]
    assert len(features) == COUNTS[level, vintage]
    assert codes(level, vintage) == sorted(set(codes(level, vintage)))
    for one in features:
        assert set(one["properties"]) == {"code", "name"}
        assert all(one["properties"].values())
        for polygon in polygons(one["geometry"]):
            for k, ring in enumerate(polygon):
                assert ring[0] == ring[-1]
                assert len(ring) >= 4
                assert len(set(ring)) == len(ring) - 1, "a ring touches itself"
                assert (signed_area(ring) > 0) == (k == 0)
        assert crossings(one) == 0, one["properties"]
    xy = np.array([p for f in features for polygon in polygons(f["geometry"]) for ring in polygon for p in ring])
    assert xy[:, 0].min() > -1.34
    assert xy[:, 0].max() < -0.33
    assert xy[:, 1].min() > 51.97
    assert xy[:, 1].max() < 52.65
    text = (ROOM / "geography" / f"{level}_{vintage}.geojson").read_text(encoding="utf-8")
    decimals = [len(found) for found in re.findall(r"-?\d+\.(\d+)", text)]
    assert len(decimals) >= xy.size
    assert max(decimals) <= 5


@pytest.mark.parametrize(("level", "vintage"), LEVELS)
def test_areas_of_a_level_cover_the_county_without_gap_or_overlap(level, vintage):
    features = places.boundaries(level, vintage)["features"]
    sides = Counter(
        tuple(sorted(side))
        for f in features
        for polygon in polygons(f["geometry"])
        for ring in polygon
        for side in pairwise(ring)
    )
    assert set(sides.values()) <= {1, 2}  # a side lies between two areas or at the county's edge
    # The sides that only one area has form closed lines around exactly the ground that the areas together cover.
    ends = Counter(point for side, times in sides.items() if times == 1 for point in side)
    assert all(times % 2 == 0 for times in ends.values())
    county = area(places.boundaries("county")["features"][0])
    assert sum(map(area, features)) == pytest.approx(county, rel=0.0012)


@pytest.mark.parametrize(
    ("level", "vintage"), [("district", "2019"), ("council", "2021"), ("forum", "illustrative"), ("county", "2019")]
)
def test_larger_areas_are_exactly_their_small_areas(level, vintage):
    small = {f["properties"]["code"]: area(f) for f in places.boundaries("lsoa", 2011)["features"]}
    sums: Counter[str] = Counter()
    for lsoa, code in places.lookup(2011).select("lsoa", level).iter_rows():
        sums[code] += small[lsoa]
    for one in places.boundaries(level, vintage)["features"]:
        assert area(one) == pytest.approx(sums[one["properties"]["code"]], rel=1e-9)


@pytest.mark.parametrize(("level", "vintage"), LEVELS)
def test_a_map_page_s_outlines_stay_under_its_allowance(level, vintage):
    """A level with the outlines of those above it, as a page sends them, leaves a third of 350 kB for figures."""
    above = [("county", None), ("council", None), ("district", None), ("forum", None)]
    sent = {json.dumps(places.boundaries(*each), separators=(",", ":")) for each in [(level, vintage), *above]}
    assert sum(map(len, sent)) < 235_000


def test_boundaries_that_do_not_ship_are_refused():
    assert places.boundaries("ward") is places.boundaries("ward", 2025)
    with pytest.raises(ValueError, match="'parish'"):
        places.boundaries("parish")
    with pytest.raises(ValueError, match="2025 and 2013, not for 2019"):
        places.boundaries("ward", 2019)
    with pytest.raises(ValueError, match="2001"):
        places.lookup(2001)
    with pytest.raises(ValueError, match="not for 2015"):
        places.deprivation(2015)
    with pytest.raises(ValueError, match="not counties of 2025"):
        places.deprivation_summaries(2025, level="counties")
    with pytest.raises(ValueError, match="'lighthouse'"):
        places.nearest(2011, "lighthouse")


# ---- people, postcodes, services, deprivation


def test_people_add_up_to_the_districts_and_the_county():
    people = places.population()
    assert people.group_by("vintage", "year").len().sort("year").rows() == [
        (2011, 2017, 422),
        (2011, 2019, 422),
        (2011, 2020, 422),
        (2021, 2021, 443),
    ]
    for vintage in (2011, 2021):
        assert set(people.filter(pl.col("vintage") == vintage)["lsoa"]) == set(places.lookup(vintage)["lsoa"])
    latest = people.filter(pl.col("year") == 2020).join(
        places.lookup(2011).select("lsoa", "district", "county"), on="lsoa"
    )
    assert dict(latest.group_by("district").agg(pl.col("total").sum()).iter_rows()) == PEOPLE_2020
    assert latest["total"].sum() == sum(PEOPLE_2020.values()) == 757_181
    assert (latest["age_0_15"] + latest["age_16_64"] + latest["age_65_plus"] == latest["total"]).all()
    assert (latest["age_0_15"] + latest["age_16_17"] == latest["age_0_17"]).all()
    assert (latest["age_0_4"] + latest["age_5_10"] + latest["age_11_15"] == latest["age_0_15"]).all()
    census = people.filter(pl.col("basis") == "census")
    assert (census["age_0_15"] + census["age_16_64"] + census["age_65_plus"] == census["total"]).all()
    assert census["total"].sum() == 785_243
    assert census["age_0_17"].null_count() == 443  # the release has no such group: no figure, rather than a guess


def test_postcodes_lead_to_small_areas_that_exist_and_agree():
    posts = places.postcodes()
    assert posts.height == posts["postcode"].n_unique() == 27_460
    assert posts["postcode"].str.contains(r"^[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}$").all()
    assert posts.null_count().sum_horizontal().item() == 0
    pairs = set(places.small_area_changes().select("lsoa_2011", "lsoa_2021").iter_rows())
    assert set(posts.select("lsoa_2011", "lsoa_2021").iter_rows()) == pairs  # every small area has postcodes
    # Kettering Library's postcode, whose small area the list of libraries gives as well
    row = posts.filter(pl.col("postcode") == "NN16 0AY").row(0, named=True)
    assert row["lsoa_2011"] == "E01027111"


def test_the_centre_of_a_small_area_lies_within_a_walk_of_it():
    lookup, features = places.lookup(2021), places.boundaries("lsoa", 2021)["features"]
    inside = locate(lookup["lon"].to_numpy(), lookup["lat"].to_numpy(), features) == np.arange(443)
    assert inside.mean() > 0.9  # outlines are generalised, and a ring of villages has its middle in the hole
    for index in np.flatnonzero(~inside):
        ring = np.array(polygons(features[index]["geometry"])[0][0])
        away = kilometres(lookup["lon"][[index]].to_numpy(), lookup["lat"][[index]].to_numpy(), *ring.T)
        assert away.min() < 2.0


def test_services_have_a_place_a_kind_and_a_year():
    found = places.services()
    assert dict(found.group_by("kind").len().iter_rows()) == {
        "school": 359,
        "college": 3,
        "childrens_centre": 39,
        "library": 36,
    }
    assert (
        found.select("name", "detail", "lon", "lat", "lsoa_2011", "lsoa_2021", "as_of")
        .null_count()
        .sum_horizontal()
        .item()
        == 0
    )
    assert set(found["lsoa_2011"]) <= set(places.lookup(2011)["lsoa"])
    assert set(found["lsoa_2021"]) <= set(places.lookup(2021)["lsoa"])
    years = {kind: set(group["as_of"].str.slice(0, 4)) for (kind,), group in found.group_by("kind")}
    assert years == {"school": {"2025"}, "college": {"2025"}, "childrens_centre": {"2026"}, "library": {"2015"}}
    assert (
        locate(found["lon"].to_numpy(), found["lat"].to_numpy(), places.boundaries("county")["features"]) == 0
    ).all()
    # nearest by straight line: the small area of Corby's library is no further from a library than from one far away
    near = dict(zip(places.lookup(2011)["lsoa"], places.nearest(2011, "library"), strict=True))
    assert near["E01026949"] < 0.6  # Corby Library stands in it
    assert near["E01027048"] < 1.5  # Oundle
    assert max(near.values()) < 20


@pytest.mark.parametrize(("edition", "rows"), [(2019, 422), (2025, 443)])
def test_deprivation_covers_the_county_with_national_ranks(edition, rows):
    table = places.deprivation(edition)
    lookup = places.lookup(2011 if edition == 2019 else 2021)
    assert table["lsoa"].to_list() == lookup["lsoa"].to_list()
    assert table.height == rows
    england = places.deprivation(edition, england=True)
    ours = england.join(table, on="lsoa", suffix="_ours")
    assert ours.height == rows
    definition = editions()[str(edition)]
    assert england.height == definition.areas
    for d in definition.domains:
        assert ours[f"{d.id}_rank"].equals(ours[f"{d.id}_rank_ours"], check_names=False)
        assert england[f"{d.id}_rank"].min() == 1


def test_the_table_for_the_funding_model_is_whole():
    table = places.need_indicators()
    assert table.height == 422
    assert table["population"].sum() == 757_181
    assert table.null_count().sum_horizontal().item() == 0


# ---- where it comes from


def test_every_file_is_logged_with_its_hash_and_standing():
    log = places.log()
    assert log.columns == ["room", *LOG]
    for room in ("geography", "deprivation"):
        held = {p.name for p in (ROOM / room).iterdir()} - {"log.csv"}
        assert held == set(log.filter(pl.col("room") == room)["file"])
    for row in log.iter_rows(named=True):
        data = (ROOM / row["room"] / row["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"], row["file"]
        text = (gzip.decompress(data) if row["file"].endswith(".gz") else data).decode()
        geojson = row["file"].endswith(".geojson")
        rows = len(json.loads(text)["features"]) if geojson else sum(1 for _ in csv.reader(text.splitlines())) - 1
        assert rows == row["rows"], row["file"]
        assert row["standing"] in {"published", "reference", "illustrative"}
        assert "Open Government Licence" in row["licence"]
        assert row["publisher"] in row["attribution"]
        if geojson:
            assert "OS data © Crown copyright and database right" in row["attribution"]
        if "forum" in row["what"].lower():
            assert "forum areas are illustrative" in row["what"]
    assert log.filter(pl.col("standing") == "illustrative")["file"].to_list() == ["forum_illustrative.geojson"]
    assert sum(p.stat().st_size for room in ("geography", "deprivation") for p in (ROOM / room).iterdir()) < 6_000_000


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write(tmp_path / name, b"one,two\n1,2\n")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == b"one,two\n1,2\n"


def test_boundaries_are_written_with_code_and_name_only(tmp_path):
    square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]
    raw = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"cd": c, "nm": n, "extra": 1},
                "geometry": {"type": "MultiPolygon", "coordinates": [[square]]},
            }
            for c, n in (("b", "Bee"), ("a", "Ay"))
        ],
    }
    (tmp_path / "geography").mkdir()
    (tmp_path / "geography" / "x.geojson").write_text(json.dumps(raw))
    made = boundary(tmp_path, {"input": "x.geojson", "code": "cd", "name": "nm"})
    assert [f["properties"] for f in made["features"]] == [{"code": "a", "name": "Ay"}, {"code": "b", "name": "Bee"}]
    assert made["features"][0]["geometry"]["type"] == "Polygon"
