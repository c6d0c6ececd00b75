"""Directories of services: each placed by postcode, small area or coordinates, or refused with the reason."""

import polars as pl
import pytest

from sample_data import places

from .place_files import as_csv, read_places


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
