"""Lists of forum areas: the whole county, each small area once, or one sentence that says what is wrong."""

import pytest

from .place_files import as_csv, forum_rows, read_places, sentence
from .test_intake_opening import workbook


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
