"""Our own long table, with every quirk of cells, numbers, markers and doubles that any format meets."""

from datetime import date

import polars as pl
import pytest

from .intake_files import COUNTY, NORTH, WEST, read_rows, reasons

UNKNOWN_AREA = "this area is not among the areas of the dashboard; use its ONS code or full name"
UNKNOWN_PERIOD = "“2018/20” is not a period that can be read, such as 2018/19, 2019 or 2024/25 Q4"
COMMA = "the comma does not part thousands; write a decimal point as “.”"
NO_VALUE = "no value; give one, or a status such as c (hidden) or x (not available)"
MORE_THAN_ALL = "the numerator is larger than the denominator, which a share cannot have"
NOUGHT = "0, while the counts of the row say otherwise; is the value withheld?"
FRACTION = "a fraction; write percentages as they are read, 23.9 for 23.9%"
ABOVE_100 = "a percentage above 100, while the counts of the row say otherwise"

OWN = ["measure", "area", "period", "value", "numerator", "denominator"]


def test_own_table_in_full():
    header = [*OWN, "lower", "upper", "status", "note", "breakdown", "group"]
    batch = read_rows(
        header,
        ["rereferrals", NORTH, "2018/19", "23.9", "239", "1,000", "21.4", "26.6", "", "", "", ""],
        [
            "local:audits_good",
            "West Northamptonshire",
            "2024/25 Q4",
            "50",
            "5",
            "10",
            "",
            "",
            "provisional",
            "first",
            "",
            "",
        ],
        ["local:audits_good", "941", "2024/25 Q4", "", "", "", "", "", "c", "", "agency", "Schools"],
    )
    assert batch.kind == "own" and batch.refused.is_empty()
    assert batch.figures.drop("n").rows() == [
        (
            "rereferrals",
            "area",
            NORTH,
            "2018/19",
            date(2019, 3, 31),
            239,
            1000,
            23.9,
            21.4,
            26.6,
            "ok",
            "95% limits as published",
            None,
        ),
        (
            "local:audits_good",
            "area",
            WEST,
            "2024/25 Q4",
            date(2025, 3, 31),
            5,
            10,
            50,
            None,
            None,
            "provisional",
            None,
            "first",
        ),
        (
            "local:audits_good",
            "agency",
            f"Schools|{WEST}",
            "2024/25 Q4",
            date(2025, 3, 31),
            None,
            None,
            None,
            None,
            None,
            "c",
            None,
            None,
        ),
    ]


@pytest.mark.parametrize(
    "header",
    [
        ["Measure", "Area", "Time period", "Value"],
        ["MEASURE", "ONS_code", "time_period", "value"],
        [" measure ", "Local Authority", "Year", "Values"],
        ["Measure ID", "area-code", "Years", "FIGURE"],
    ],
)
def test_header_variants(header):
    batch = read_rows(header, ["rereferrals", NORTH, "2018/19", "23.9"])
    assert batch.figures.select("measure", "group", "period", "value").rows() == [
        ("rereferrals", NORTH, "2018/19", 23.9)
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("23.9", 23.9),
        (" 23.9 ", 23.9),
        ("23.9%", 23.9),
        ("23.9 %", 23.9),
        ("1,234.5", 1234.5),
        ("1 234", 1234),
        ("1,234,567", 1234567),
        ("-1.5", -1.5),
        ("−1.5", -1.5),
        ("+2", 2),
        (".5", 0.5),
        ("1.2E-2", 0.012),
        ("0", 0),
    ],
)
def test_numbers_as_people_type_them(text, value):
    batch = read_rows(OWN[:4], ["local:score", NORTH, "2019", text])
    assert batch.figures["value"].to_list() == [value]
    assert batch.figures["status"].to_list() == ["ok"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("-", "x"),
        ("–", "x"),
        ("c", "c"),
        ("C", "c"),
        ("[c]", "c"),
        ("*", "c"),
        ("<5", "c"),
        ("x", "x"),
        ("[x]", "x"),
        ("z", "z"),
        ("u", "x"),
        (":", "x"),
        ("..", "x"),
        ("low", "low"),
        ("[low]", "low"),
        ("N/A", "x"),
        (" c ", "c"),
        ("NaN", "x"),
    ],
)
def test_markers_become_statuses_without_numbers(text, status):
    batch = read_rows(OWN, ["rereferrals", NORTH, "2019", text, "12", "100"])
    assert batch.refused.is_empty()
    assert batch.figures.select("status", "value").rows() == [(status, None)]


def test_a_dash_is_not_read_as_nought_and_says_what_it_may_mean():
    batch = read_rows(OWN[:4], ["rereferrals", NORTH, "2019", "-"])
    assert batch.figures["note"].to_list() == ["marked “-”: missing, hidden or not applicable"]


def test_flags_behind_a_number():
    batch = read_rows(OWN[:4], ["rereferrals", NORTH, "2019", "23.9 [p]"], ["rereferrals", NORTH, "2020", "24 [r]"])
    assert batch.figures.select("value", "status").rows() == [(23.9, "provisional"), (24, "ok")]


def test_a_missing_value_is_worked_out_from_its_counts():
    # re-referrals are per 100 referrals: 239 of 1,000 is 23.9
    batch = read_rows(OWN, ["rereferrals", NORTH, "2019", "", "239", "1000"])
    assert batch.figures["value"].to_list() == [pytest.approx(23.9)]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (["rereferrals", "Atlantis", "2019", "1", "", ""], "area", UNKNOWN_AREA),
        (["rereferrals", "E06999999", "2019", "1", "", ""], "area", UNKNOWN_AREA),
        (["rereferrals", "", "2019", "1", "", ""], "area", "no area is given"),
        (["", NORTH, "2019", "1", "", ""], "measure", "no measure is given"),
        (["rereferrals", NORTH, "", "1", "", ""], "period", "no period is given"),
        (["rereferrals", NORTH, "2018/20", "1", "", ""], "period", UNKNOWN_PERIOD),
        (["rereferrals", NORTH, "2019", "abc", "", ""], "value", "not a number, nor a marker such as c, x or z"),
        (["rereferrals", NORTH, "2019", "23,9", "", ""], "value", COMMA),
        (["rereferrals", NORTH, "2019", "inf", "", ""], "value", "not a finite number"),
        (["rereferrals", NORTH, "2019", "1e999", "", ""], "value", "not a finite number"),
        (["rereferrals", NORTH, "2019", "", "", ""], "value", NO_VALUE),
        (["rereferrals", NORTH, "2019", "", "5", "0"], "denominator", "the denominator is not above zero"),
        (["rereferrals", NORTH, "2019", "50", "12", "10"], "numerator", MORE_THAN_ALL),
        (["rereferrals", NORTH, "2019", "50", "-5", "10"], "numerator", "a count below zero"),
        (["rereferrals", NORTH, "2019", "-5", "", ""], "value", "below zero, which this measure cannot be"),
        (["rereferrals", NORTH, "2019", "500", "5", "10"], "value", ABOVE_100),
        (["rereferrals", NORTH, "2019", "0.239", "239", "1000"], "value", FRACTION),
        (["rereferrals", NORTH, "2019", "0.0", "239", "1000"], "value", NOUGHT),
        (["rereferrals", NORTH, "2019", "=1+1", "", ""], "value", "a formula, not a number; type the number itself"),
    ],
)
def test_refused_rows_say_line_column_value_and_reason(row, column, reason):
    good = ["rereferrals", WEST, "2019", "20", "", ""]
    batch = read_rows(OWN, good, row)
    if column == "denominator":  # a row may break several rules; this one has no value either
        assert reasons(batch)[3, column] == reason
    else:
        assert reasons(batch) == {(3, column): reason}
    value = row[OWN.index(column)]
    shown = batch.refused.filter(pl.col("column") == column)["value"].to_list()
    assert shown in ([value], ["'" + value], [f"{float(value):.1f}"] if value.lstrip("-").isdigit() else [value])
    assert batch.figures["group"].to_list() == [WEST]


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x")', "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3+cmd", "=1+1", "  =A1"]
)
@pytest.mark.parametrize("column", ["measure", "area", "period", "note"])
def test_a_formula_in_a_text_cell_is_refused_and_made_harmless(text, column):
    row = {"measure": "local:score", "area": NORTH, "period": "2019", "value": "-5", "note": "fine"} | {column: text}
    batch = read_rows(list(row), list(row.values()))
    assert batch.figures.is_empty()
    assert (2, column) in reasons(batch)
    assert any("formula" in reason for reason in reasons(batch).values())
    shown = batch.refused["value"].to_list()
    assert shown == ["'" + text]


def test_negative_numbers_are_no_formulas():
    batch = read_rows([*OWN[:4], "note"], ["progress_8", NORTH, "2019", "-0.25", "-0.25 is below average"])
    assert "note" in {column for _, column in reasons(batch)}  # the note begins with a sign and runs on: refused
    batch = read_rows([*OWN[:4], "note"], ["progress_8", NORTH, "2019", "-0.25", "-0.25"])
    assert batch.figures["value"].to_list() == [-0.25]


def test_a_row_with_three_faults_lists_all_three_and_counts_once():
    batch = read_rows(OWN[:4], ["", "Atlantis", "2018/20", "1"])
    assert [column for _, column in reasons(batch)] == ["area", "measure", "period"] or len(reasons(batch)) == 3
    assert batch.rows_refused == 1


def test_rows_that_repeat_are_merged_and_rows_that_contradict_are_refused():
    batch = read_rows(
        OWN[:4],
        ["rereferrals", NORTH, "2019", "20"],
        ["rereferrals", "North Northamptonshire", "2019", "20.0"],
        ["rereferrals", WEST, "2019", "21"],
        ["rereferrals", WEST, "2019", "22"],
        ["rereferrals", COUNTY, "2019", "23"],
    )
    assert batch.figures.select("group", "value").rows() == [(NORTH, 20), (COUNTY, 23)]
    assert "1 row left out: they repeat an earlier row's figure." in batch.remarks
    reason = "lines 4, 5 give different figures for the same measure, area and period"
    assert reasons(batch) == {(4, "value"): reason, (5, "value"): reason}


def test_a_status_and_a_value_contradict_each_other():
    batch = read_rows(
        [*OWN[:4], "status"], ["rereferrals", NORTH, "2019", "20", "c"], ["rereferrals", WEST, "2019", "20", "??"]
    )
    assert reasons(batch) == {
        (2, "status"): "the status says that there is no figure, but a value is given; keep one of them",
        (3, "status"): "not a status; use ok, provisional, c, x, z or low",
    }


def test_a_split_needs_its_part():
    batch = read_rows([*OWN[:4], "breakdown"], ["local:audits", NORTH, "2019", "20", "agency"])
    assert reasons(batch) == {(2, "breakdown"): "the figure is split by this, but no group is given"}


def test_a_percentage_above_100_without_counts_is_kept_with_a_remark():
    batch = read_rows(OWN[:4], ["two_year_olds", "City of London", "2019", "130.1"])
    assert batch.figures["value"].to_list() == [130.1]
    assert "Percentages above 100: 1, kept as given: there are no counts to check them by." in batch.remarks


def test_the_year_type_says_when_a_plain_year_ends():
    rows = [["local:a", NORTH, "2019", "1", kind] for kind in ("calendar", "academic", "financial", "snapshot", "")]
    for row, end in zip(rows, ["2019-12-31", "2019-08-31", "2019-03-31", "2019-03-31", "2019-12-31"], strict=True):
        assert str(read_rows([*OWN[:4], "year_type"], row).figures["period_end"][0]) == end
