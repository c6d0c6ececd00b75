"""Own figures of areas within the county: small areas, wards and forum areas by code or name, and rows by postcode."""

import pytest

from dashboard.intake import IntakeError, read

from .intake_files import read_rows, reasons

HEADER = ["measure", "area", "period", "numerator", "denominator"]
FORMER_WARD = "this ward ended before 2025, and the map has the wards of 2025: give today's ward, or the small areas"
SMALL_AREA = "this is not the code of a small area of the county, of 2011 or of 2021"
NO_WARD = "this is not the code of a ward of the county"
STAND_IN = "this stand-in for a forum area is out of use, as the partnership's own forum areas are loaded"
MIXED = "codes of small areas of 2011 and of 2021 are mixed for this measure and period: use those of one year"
# Two postcodes of the small area E01027170, one of E01026949, as the Office for National Statistics places them.
HERE, ALSO_HERE, THERE = "NN3 2SF", "NN3 2BP", "NN17 1AA"


def own(*areas, forum_areas=None):
    rows = [",".join(HEADER), *(f"local:plans,{area},2024,20,80" for area in areas)]
    return read("\n".join(rows).encode(), file_name="own.csv", forum_areas=forum_areas)


@pytest.mark.parametrize(
    ("area", "code"),
    [
        ("E01026949", "E01026949"),  # a small area of 2011 and of 2021
        ("e01026949", "E01026949"),
        ("E01035393", "E01035393"),  # of 2021 alone
        ("Corby 005A", "E01026949"),
        ("E05015983", "E05015983"),  # a ward of 2025
        ("Castle", "E05015983"),
        ("castle ward", "E05015983"),
        ("EHF07", "EHF07"),  # a forum area that ships
        ("Northampton South", "EHF07"),
        ("Corby forum area", "EHF01"),
        ("Corby (district)", "E07000150"),
        ("E07000150", "E07000150"),
        ("E06000061", "E06000061"),
        ("Northamptonshire", "E10000021"),
        ("Northampton", "E07000154"),
    ],
)
def test_an_area_within_the_county_is_known_by_code_and_by_name(area, code):
    batch = own(area)
    assert batch.refused.is_empty()
    assert batch.figures.select("group", "numerator", "denominator", "value").rows() == [(code, 20, 80, 25)]


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        ("E01000001", SMALL_AREA),  # City of London 001A
        ("E01999999", SMALL_AREA),
        ("E05999999", NO_WARD),
        ("E05005926", FORMER_WARD),  # Beanfield, Corby, to 2021
        ("EHF11", "this area is not among the areas of the dashboard; use its ONS code or full name"),
    ],
)
def test_an_unknown_code_is_refused_in_one_sentence_and_the_rest_comes_in(area, reason):
    batch = own(area, "E01026949")
    assert reasons(batch) == {(2, "area"): reason}
    assert batch.figures["group"].to_list() == ["E01026949"]


def test_a_name_of_two_areas_is_refused_with_both_codes():
    batch = own("Corby")
    assert reasons(batch) == {
        (2, "area"): (
            "this is the name of a district (E07000150) and a forum area (EHF01): give the code, or say which, such as "
            "“Corby forum area”"
        )
    }


def test_loaded_forum_areas_take_the_place_of_those_that_ship():
    batch = own("F1", "town", "Old Town", "F2", "EHF01", forum_areas={"F1": "Town", "F2": "Old Town"})
    assert batch.figures["group"].to_list() == ["F1", "F2"]
    assert reasons(batch) == {(6, "area"): STAND_IN}
    assert batch.rows_left_out == 2  # the names say the same again


def test_forum_areas_whose_codes_differ_in_capitals_alone_are_told_apart():
    batch = own("a1", "A1", forum_areas={"a1": "One", "A1": "Two"})
    assert batch.figures["group"].to_list() == ["a1", "A1"]


def test_a_publisher_s_file_knows_no_small_areas():
    header = ["LA_Number", "LA and Regions", "Measure_short", "Years", "Values"]
    batch = read_rows(header, ["", "Corby 005A", "ReReferral", "2019", "20"])
    assert batch.kind == "lait" and batch.refused.height == 1


def test_codes_of_two_years_in_one_measure_and_period():
    # E01026978 is a small area of 2011 that was divided, into E01035393, E01035394 and two more of 2021
    divided = "E01026978"
    rows = [("a", divided), ("a", "E01035393"), ("a", "E01035394"), ("a", "E01026949"), ("b", divided)]
    batch = read_rows(HEADER, *([f"local:{m}", area, "2024", "20", "80"] for m, area in rows))
    assert reasons(batch) == {(2, "area"): MIXED}
    assert batch.figures.select("measure", "group").rows() == [
        ("local:a", "E01035393"),
        ("local:a", "E01035394"),
        ("local:a", "E01026949"),
        ("local:b", divided),
    ]


def test_gaps_among_the_small_areas_are_said():
    batch = own("E01026949")
    assert batch.remarks[-1] == (
        "Some small areas have no figure: local:plans, 2024 (given for 1 of 443). A larger area is shown only where "
        "each of its small areas has one, so give 0 where there is none."
    )


# Values from counts ---------------------------------------------------------------------------------------------------


def test_counts_without_a_value_are_a_percentage_or_a_count():
    batch = read_rows(
        HEADER, ["local:share", "EHF01", "2024", "12", "48"], ["local:clubs", "EHF01", "2024", "7", ""]
    )  # fmt: skip
    assert batch.figures.select("measure", "value").rows() == [("local:share", 25), ("local:clubs", 7)]
    assert "local:share: without a value it is taken as a percentage, numerator of denominator." in batch.remarks
    more = read_rows(HEADER, ["local:share", "EHF01", "2024", "48", "12"])  # a share it is not, and no scale is known
    assert reasons(more)[2, "value"].startswith("no value")


# Rows by postcode -----------------------------------------------------------------------------------------------------

BY_POSTCODE = ["measure", "postcode", "period", "numerator", "denominator"]


def test_rows_by_postcode_are_added_up_to_small_areas():
    batch = read_rows(
        BY_POSTCODE,
        ["local:plans", HERE, "2024", "3", "10"],
        ["local:plans", ALSO_HERE.lower().replace(" ", ""), "2024", "9", "50"],
        ["local:plans", THERE, "2024", "1", "4"],
    )
    assert batch.refused.is_empty()
    # 3 + 9 = 12 of 10 + 50 = 60: 20%, where the mean of 30% and 18% would be 24%
    assert batch.figures.select("group", "numerator", "denominator", "value", "method").rows() == [
        ("E01027170", 12, 60, 20, "sum of 2 rows by postcode"),
        ("E01026949", 1, 4, 25, "sum of 1 row by postcode"),
    ]
    assert any(
        remark.startswith("Rows by postcode: 3, added up to 2 figures of small areas") for remark in batch.remarks
    )


def test_no_postcode_is_kept_or_shown_and_unmatched_ones_are_listed_by_line():
    batch = read_rows(
        BY_POSTCODE,
        ["local:plans", HERE, "2024", "3", "10"],
        ["local:plans", "ZZ1 9ZZ", "2024", "9", "50"],
        ["local:plans", "MK9 3EP", "2024", "9", "50"],
        ["local:plans", "", "2024", "9", "50"],
    )
    lost = "this postcode is not among the county's, or is misspelt"
    assert batch.refused.rows() == [
        (3, "postcode", "", lost),
        (4, "postcode", "", lost),
        (5, "postcode", "", "no postcode is given"),
    ]
    everything = batch.figures.write_csv() + batch.refused.write_csv() + " ".join(batch.remarks)
    for text in ("NN3", "ZZ1", "MK9"):
        assert text not in everything


def test_a_sum_with_a_hidden_part_is_hidden_and_with_a_missing_part_not_available():
    batch = read_rows(
        BY_POSTCODE,
        ["local:plans", HERE, "2023", "c", "10"],
        ["local:plans", ALSO_HERE, "2023", "9", "50"],
        ["local:plans", HERE, "2024", "x", "10"],
        ["local:plans", ALSO_HERE, "2024", "9", "50"],
    )
    assert batch.figures.select("period", "status", "value", "numerator").rows() == [
        ("2023", "c", None, None),
        ("2024", "x", None, None),
    ]


def test_counts_by_postcode_and_rates_on_their_own_scale():
    header = ["measure", "postcode", "period", "value", "numerator", "denominator"]
    batch = read_rows(
        header,
        ["local:clubs", HERE, "2024", "", "2", ""],
        ["local:clubs", ALSO_HERE, "2024", "", "5", ""],
        ["local:per_1000", HERE, "2024", "200", "2", "10"],
        ["local:per_1000", ALSO_HERE, "2024", "300", "6", "20"],
    )
    # 2 + 6 = 8 of 30, per 1,000 as the rows are: 266.7
    assert batch.figures.select("measure", "value").rows() == [
        ("local:clubs", 7),
        ("local:per_1000", pytest.approx(8000 / 30)),
    ]


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        (["local:plans", ALSO_HERE, "2024", "20", "", ""], "value", "a figure by postcode needs its count"),
        (
            ["local:plans", ALSO_HERE, "2024", "", "4", ""],
            "denominator",
            "other rows of this measure have a denominator",
        ),
        (["local:plans", ALSO_HERE, "2024", "", "abc", "50"], "numerator", "not a number"),
        (["local:plans", HERE, "2024", "", "4", "10"], "value", "lines 2, 3 give different figures"),
    ],
)
def test_a_row_by_postcode_that_cannot_be_added_up(row, column, says):
    header = ["measure", "postcode", "period", "value", "numerator", "denominator"]
    batch = read_rows(header, ["local:plans", HERE, "2024", "", "3", "10"], row)
    assert any(reason.startswith(says) for (line, at), reason in reasons(batch).items() if (line, at) == (3, column))


def test_a_postcode_twice_alike_counts_once():
    row = ["local:plans", HERE, "2024", "3", "10"]
    batch = read_rows(BY_POSTCODE, row, row)
    assert batch.figures["numerator"].to_list() == [3] and batch.rows_left_out == 1


def test_a_postcode_beside_an_area_is_refused_as_it_is_not_needed():
    text = f"measure,area,postcode,period,value\nlocal:plans,E01026949,{HERE},2024,3\n"
    with pytest.raises(IntakeError, match="postcodes in column “postcode”: leave that column out"):
        read(text.encode(), file_name="own.csv")
