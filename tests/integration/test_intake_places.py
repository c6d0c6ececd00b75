"""Forum areas, services and boundaries: whole and well drawn, or one sentence that says what is wrong."""

import copy
import json
import math

import polars as pl
import pytest

from dashboard.answers import loads
from dashboard.answers.keep import use_store
from dashboard.cli import main
from dashboard.intake import KINDS, PLACES, IntakeError, read
from dashboard.store.places import PLACES as STORED
from sample_data import places

from .intake_files import balanced
from .test_intake_opening import workbook


def read_places(data, *, file_name="places.csv", **options):
    batch = balanced(read(data if isinstance(data, bytes) else data.encode(), file_name=file_name, **options))
    assert batch.figures.is_empty() and batch.places.schema == PLACES[batch.places_kind]
    assert batch.size == batch.places.height and len(batch.sha256) == 64
    return batch


def sentence(data, *, file_name="places.csv", **options):
    """The one sentence that a wrong file gives."""
    with pytest.raises(IntakeError) as caught:
        read(data if isinstance(data, bytes) else data.encode(), file_name=file_name, **options)
    words = str(caught.value)
    assert words.startswith(f"{file_name} ") and words.endswith(".") and words.count(". ") == 0 and "\n" not in words
    assert len(words) < 400
    return words


def test_the_store_keeps_the_columns_that_intake_gives():
    assert dict(PLACES) == dict(STORED)


# Forum areas ---------------------------------------------------------------------------------------------------------


def forum_rows(vintage, *, header="lsoa,forum_area,forum_area_name"):
    names = places.areas().filter(pl.col("level") == "forum").select("code", "name").rows_by_key("code", unique=True)
    rows = [(a, f, names[f]) for a, f in places.lookup(vintage).select("lsoa", "forum").iter_rows()]
    return [header, *(",".join((a, f, n if isinstance(n, str) else n[0])) for a, f, n in rows)]


def as_csv(rows):
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(("vintage", "areas"), [(2011, 422), (2021, 443)])
def test_forum_areas_of_the_whole_county(vintage, areas):
    batch = read_places(as_csv(forum_rows(vintage)))
    assert (batch.kind, batch.size, batch.rows, batch.rows_used) == ("forum_areas", areas, areas, areas)
    assert batch.remarks == [f"10 forum areas, made of the small areas of {vintage}."]
    assert batch.places.row(0) == ("E01026949", "EHF01", "Corby")


@pytest.mark.parametrize(
    "header", ["LSOA11CD,Forum area code,Forum area name", "LSOA code,Forum,Name", "lsoa_2011,FORUM_CODE,forum name"]
)
def test_forum_areas_under_other_headers_and_in_a_workbook(header):
    rows = forum_rows(2011, header=header)
    assert read_places(as_csv(rows)).size == 422
    assert read_places(workbook({"Notes": [["x"]], "Areas": [r.split(",") for r in rows]})).size == 422


def test_a_code_may_do_without_a_name_and_a_name_without_a_code():
    rows = [row.split(",") for row in forum_rows(2011)]
    by_code = read_places(as_csv(f"{a},{code}" for a, code, _ in rows)).places
    by_name = read_places(as_csv(f"{a},{name}" for a, _, name in rows)).places
    assert by_code.row(0) == ("E01026949", "EHF01", "EHF01")
    assert by_name.row(0) == ("E01026949", "Corby", "Corby")


def changed(change):
    rows = forum_rows(2011)
    change(rows)
    return as_csv(rows)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r.pop(1), "1 of the 422 small areas of 2011 (E01026949) is missing"),
        (lambda r: r.__delitem__(slice(1, 8)), "7 of the 422 small areas of 2011 (E01026949, E01026950, E01026951, "),
        (lambda r: r.append(r[1]), "1 small area (E01026949) is there more than once"),
        (lambda r: r.append("E01999999,EHF01,Corby"), "1 code (E01999999) is no small area's code"),
        (lambda r: r.append("E01000001,EHF01,Corby"), "1 small area (E01000001) lies outside the county"),
        (lambda r: r.append("E01035393,EHF01,Corby"), "codes of 2011 (such as E0102"),
        (lambda r: r.append(",EHF01,Corby"), "no small area is given in line 424"),
        (lambda r: r.__setitem__(1, "E01026949,,"), "no forum area is given in line 2"),
        (lambda r: r.__setitem__(1, "E01026949,EHF01,Kettering"), "“EHF01” has more than one of the names"),
        (lambda r: r.__setitem__(1, "E01026949,EHF01,=1+1"), "begins like a spreadsheet formula in line 2"),
    ],
)
def test_forum_areas_that_are_not_whole(change, says):
    words = sentence(changed(change))
    assert words.startswith("places.csv cannot be taken as forum areas: ")
    assert says in words


def test_several_faults_stand_in_one_sentence():
    def change(rows):
        rows[1] = rows[2]
        rows.append("E01000001,EHF01,Corby")

    words = sentence(changed(change))
    assert (
        "(E01026950) is there more than once; 1 small area (E01000001) lies outside the county; 1 of the 422" in words
    )


# Services ------------------------------------------------------------------------------------------------------------


def services(*rows, header="name,type,postcode,lsoa,latitude,longitude,note"):
    return read_places(as_csv([header, *rows]))


def test_a_postcode_becomes_a_small_area_and_a_point_and_is_not_kept():
    batch = services("Hub,family hub,nn32sf,,,,", "Other hub,family hub,NN3  2SF,,,,open daily")
    [known] = places.postcodes().filter(pl.col("postcode") == "NN3 2SF").rows(named=True)
    assert batch.kind == "services" and batch.refused.is_empty()
    where = (known["lsoa_2021"], known["lat"], known["lon"])
    assert batch.places.rows() == [
        ("Hub", "family hub", *where, None),
        ("Other hub", "family hub", *where, "open daily"),
    ]
    assert "NN3" not in batch.places.write_csv()


def test_a_service_by_small_area_stands_at_its_middle_and_by_coordinates_where_they_say():
    batch = services("A,library,,E01026949,,,", "B,library,,,52.23700,-0.89400,")
    middle = places.lookup(2021).row(by_predicate=pl.col("lsoa") == "E01026949", named=True)
    assert batch.places.row(0) == ("A", "library", "E01026949", middle["lat"], middle["lon"], None)
    assert batch.places.row(1)[3:5] == (52.237, -0.894)
    assert batch.places["lsoa"][1] in set(places.lookup(2021)["lsoa"])
    assert batch.remarks == [
        "1 service stands at the middle of the small area: there is no postcode or point.",
        "1 service is placed by coordinates: in the small area of the nearest postcode.",
    ]


def test_services_that_ship_come_back_to_where_they_are():
    given = places.services().filter(pl.col("postcode").is_not_null())
    table = given.select("name", pl.col("kind").alias("type"), "postcode")
    batch = read_places(table.write_csv())
    assert batch.places["lsoa"].to_list() == given["lsoa_2021"].to_list()


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("A,hub,NN99 9ZZ,,,,", "postcode", "this postcode is not among the county's, or is misspelt"),
        ("A,hub,MK9 3EP,,,,", "postcode", "this postcode is not among the county's, or is misspelt"),
        ("A,hub,,,,,", "postcode", "neither a postcode nor a small area nor coordinates are given"),
        (",hub,NN3 2SF,,,,", "name", "no name is given"),
        ("A,,NN3 2SF,,,,", "type", "no type is given"),
        ("=cmd|x,hub,NN3 2SF,,,,", "name", "begins like a spreadsheet formula"),
        ("A,hub,NN3 2SF,,,,@SUM(1)", "note", "begins like a spreadsheet formula"),
        ("A,hub,,E01000001,,,", "lsoa", "this is not the code of a small area of the county"),
        ("A,hub,,,north,-0.9,", "latitude", "this is not a latitude in degrees, such as 52.24"),
        ("A,hub,,,52.2,,", "latitude", "no longitude is given"),
        ("A,hub,,,-0.9,52.2,", "latitude", "the latitude and the longitude are exchanged"),
        ("A,hub,,,475000,260000,", "latitude", "looks like British National Grid metres; give degrees (WGS84)"),
        ("A,hub,,,51.5,-0.12,", "latitude", "these coordinates lie outside the county"),
        ("A,hub,NN3 2SF,,52.48,-0.70,", "latitude", "km from the postcode"),
    ],
)
def test_a_service_that_cannot_be_placed_is_refused_and_the_rest_comes_in(row, column, says):
    batch = services(row, "B,hub,NN3 2SF,,,,")
    assert [(line, c) for line, c, _, _ in batch.refused.iter_rows()] == [(2, column)]
    assert says in batch.refused["reason"][0]
    assert batch.places["name"].to_list() == ["B"]
    assert (batch.rows, batch.rows_used, batch.rows_refused) == (2, 1, 1)


def test_a_divided_small_area_of_2011_needs_a_postcode():
    divided = places.small_area_changes().filter(pl.col("change") == "S")["lsoa_2011"][0]
    batch = services(f"A,hub,,{divided},,,", f"B,hub,NN3 2SF,{divided},,,")
    assert "was divided in 2021" in batch.refused["reason"][0] and batch.refused["line"].to_list() == [2]
    assert batch.places["lsoa"].to_list() == ["E01027170"]


def test_a_postcode_that_is_not_found_does_not_matter_where_there_is_a_point():
    batch = services("A,hub,NN99 9ZZ,,52.237,-0.894,")
    assert batch.size == 1
    assert batch.remarks[0] == (
        "The postcode is not among the county's in line 2: placed by the small area or the coordinates."
    )


def test_a_service_twice_is_left_out_once():
    batch = services("A,hub,NN3 2SF,,,,", "A,hub,NN3 2SF,,,,", "A,hub,NN3 2SF,,,,other")
    assert (batch.size, batch.rows_left_out) == (2, 1)


def test_no_service_can_be_used():
    batch = services("A,hub,NN99 9ZZ,,,,")
    assert batch.size == 0 and batch.rows_refused == 1


def test_html_and_unseen_characters_in_a_name_are_text():
    name = "<script>alert(1)</script> \x1b[31m‮hub"
    batch = services(f"{name},<b>hub</b>,NN3 2SF,,,,<img src=x>")
    assert batch.places.row(0)[:2] == ("<script>alert(1)</script> [31m hub", "<b>hub</b>")
    assert batch.places["note"][0] == "<img src=x>"


# Boundaries ----------------------------------------------------------------------------------------------------------


def collection(level, vintage=None):
    return copy.deepcopy(places.boundaries(level, vintage))


def geojson(layer):
    return json.dumps(layer).encode()


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


# In and out of the database ------------------------------------------------------------------------------------------


@pytest.fixture
def run(store, database_url, tmp_path, monkeypatch):
    from click.testing import CliRunner

    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forum.csv").write_text(as_csv(forum_rows(2011)))
    (tmp_path / "services.csv").write_text("name,type,postcode\nHub,hub,NN3 2SF\nGone,hub,NN99 9ZZ\n")
    (tmp_path / "areas.geojson").write_bytes(geojson(collection("district")))
    return lambda *arguments: CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_places_are_loaded_known_again_and_undone(run, store):
    result = run("load", "forum.csv", "services.csv", "areas.geojson")
    assert result.exit_code == 3, result.output
    assert "Read as a list of small areas and their forum areas: 422 rows, 422 small areas." in result.output
    assert "Loaded 422 small areas as load 1." in result.output and "Loaded 1 service as load 2." in result.output
    assert "Loaded 7 outlines as load 3." in result.output
    assert [store.places(kind).height for kind in PLACES] == [422, 1, 7]
    assert store.refused(2)["value"].to_list() == ["NN99 9ZZ"]
    assert store.places("forum_areas").filter(pl.col("lsoa") == "E01026949").rows() == [("E01026949", "EHF01", "Corby")]
    assert "Nothing to do. This file is in the database already: load 1" in run("load", "forum.csv").output
    assert run("undo", "1").output == "Load 1 (forum.csv, 422 small areas) is undone.\n"
    assert store.places("forum_areas") is None and store.places("boundaries").height == 7


def test_a_dry_run_and_a_check_change_nothing(run, store):
    result = run("load", "--dry-run", "forum.csv")
    assert result.exit_code == 0
    assert "Would load 422 small areas, in place of any loaded before. Nothing was changed." in result.output
    assert run("check", "services.csv", "--as", "services").exit_code == 3
    assert run("check", "areas.geojson", "--as", "boundaries").exit_code == 0
    assert store.loads().is_empty()


def test_the_load_page_s_answers_take_places_too(store):
    from dashboard.access import Scope

    officer = Scope("data officer", person="provider|ann", author="Ann")
    use_store(store)
    try:
        first = loads.preview(officer, as_csv(forum_rows(2011)).encode(), file_name="../../forum.csv")
        assert first.problem == "" and first.file_name == "forum.csv"
        assert first.sentence == (
            "forum.csv is a list of small areas and their forum areas with 422 rows: "
            "422 small areas can be used and 0 rows are refused."
        )
        assert loads.put_in(officer, first.batch) == "forum.csv is in as load 1: 422 small areas, 0 rows refused."
        again = loads.preview(officer, as_csv(forum_rows(2011)).encode(), file_name="forum.csv")
        assert again.problem.startswith("This very file is in already: load 1")
        newer = loads.preview(officer, as_csv(forum_rows(2021)).encode(), file_name="forum.csv")
        assert newer.sentence.endswith("They take the place of the 422 that stand now.")
        assert loads.summary(store.loads()).startswith("No figures, but places from 1 file are in.")
    finally:
        use_store(None)
