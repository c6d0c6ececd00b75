"""Period labels, each with the days that the publisher means by it (calendar, financial and academic years by hand)."""

from datetime import date

import pytest

from metrics.periods import YEAR_TYPE_NAMES, Period, parse_period

D = date


@pytest.mark.parametrize(
    ("label", "year_type", "start", "end"),
    [
        ("2018/19", "", D(2018, 4, 1), D(2019, 3, 31)),
        ("2018/19", "financial", D(2018, 4, 1), D(2019, 3, 31)),
        ("2018/19", "Academic year", D(2018, 9, 1), D(2019, 8, 31)),
        ("2018-19", "", D(2018, 4, 1), D(2019, 3, 31)),
        ("2018/2019", "", D(2018, 4, 1), D(2019, 3, 31)),
        ("2018–19", "", D(2018, 4, 1), D(2019, 3, 31)),  # en dash
        ("2025-26", "Financial Year", D(2025, 4, 1), D(2026, 3, 31)),
        ("1999/00", "", D(1999, 4, 1), D(2000, 3, 31)),
        ("2018", "", D(2018, 1, 1), D(2018, 12, 31)),
        ("2018", "calendar", D(2018, 1, 1), D(2018, 12, 31)),
        ("2018", "Financial Year", D(2017, 4, 1), D(2018, 3, 31)),  # LAIT's 2018 ends in 2018
        ("2018", "Academic Year", D(2017, 9, 1), D(2018, 8, 31)),
        ("2018", "Reporting year", D(2017, 4, 1), D(2018, 3, 31)),
        ("2018", "Annual", D(2018, 3, 31), D(2018, 3, 31)),
        ("2018", "snapshot", D(2018, 3, 31), D(2018, 3, 31)),
        ("2018", "Annual (end of Sept)", D(2018, 9, 30), D(2018, 9, 30)),
        ("2018", "Annual - January", D(2018, 1, 31), D(2018, 1, 31)),
        ("2018", "mid-year", D(2018, 6, 30), D(2018, 6, 30)),
        ("2024/25 Q1", "", D(2024, 4, 1), D(2024, 6, 30)),
        ("2024/25 Q3", "quarter", D(2024, 10, 1), D(2024, 12, 31)),
        ("2024/25 Q4", "", D(2025, 1, 1), D(2025, 3, 31)),
        ("2024-25 Quarter 4", "", D(2025, 1, 1), D(2025, 3, 31)),
        ("2024 Q4", "", D(2024, 10, 1), D(2024, 12, 31)),
        ("2016 - 18", "", D(2016, 1, 1), D(2018, 12, 31)),
        ("2014-16", "Calendar Year", D(2014, 1, 1), D(2016, 12, 31)),
        ("2014-2016", "", D(2014, 1, 1), D(2016, 12, 31)),
        ("2016-17", "Calendar Year", D(2016, 1, 1), D(2017, 12, 31)),  # two calendar years, not a split one
        ("2013/14-15/16", "Financial Year", D(2013, 4, 1), D(2016, 3, 31)),
        ("2017/18 - 18/19", "", D(2017, 4, 1), D(2019, 3, 31)),
        ("2017/18 - 2019/20", "academic", D(2017, 9, 1), D(2020, 8, 31)),
        ("31 Mar 2018", "", D(2018, 3, 31), D(2018, 3, 31)),
        ("31 March 2018", "", D(2018, 3, 31), D(2018, 3, 31)),
        ("31/03/2018", "", D(2018, 3, 31), D(2018, 3, 31)),
        ("2019-03-31", "financial", D(2019, 3, 31), D(2019, 3, 31)),
        ("2024-02", "", D(2024, 2, 1), D(2024, 2, 29)),  # a leap year
        ("2011-12", "", D(2011, 4, 1), D(2012, 3, 31)),
        ("2011-12", "month", D(2011, 12, 1), D(2011, 12, 31)),
        ("2010-12", "", D(2010, 1, 1), D(2012, 12, 31)),  # three years together
        ("202405", "month", D(2024, 5, 1), D(2024, 5, 31)),
        ("Jan 2024", "", D(2024, 1, 1), D(2024, 1, 31)),
        ("Mar 2015 - Feb 2016", "", D(2015, 3, 1), D(2016, 2, 29)),
    ],
)
def test_a_label_means_its_days(label, year_type, start, end):
    period = parse_period(label, year_type=year_type)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    ("label", "shown", "qualifier"),
    [
        ("201819", "2018/19", ""),
        ("202425", "2024/25", ""),
        ("  2018/19 ", "2018/19", ""),
        ("2016 - 18", "2016 - 18", ""),
        ("2025 (prov)", "2025", "provisional"),
        ("2021/22 (p)", "2021/22", "provisional"),
        ("2018 (Rev)", "2018", "revised"),
        ("2020 (Final)", "2020", "final"),
        ("2021-22 (OT)", "2021-22 (OT)", ""),  # outturn: a name of its own beside the plan for 2021-22
        ("2019-03-31 00:00:00", "2019-03-31", ""),  # a date cell of a workbook
    ],
)
def test_a_label_is_kept_as_published_without_its_qualifier(label, shown, qualifier):
    period = parse_period(label, year_type="academic")
    assert (period.label, period.qualifier) == (shown, qualifier)


def test_the_compact_year_of_explore_education_statistics():
    assert parse_period("201819", year_type="Academic year") == Period("2018/19", D(2018, 9, 1), D(2019, 8, 31))


@pytest.mark.parametrize(
    "label",
    [
        "",
        "undated",
        "2018/20",
        "201820",
        "2018/19 Q5",
        "2019-13",
        "31 Feb 2018",
        "18",
        "2019/20-17/18",
        "1/2/3",
        "20189",
    ],
)
def test_what_cannot_be_read_is_one_sentence(label):
    with pytest.raises(ValueError, match=r"^“.*” is not a period that can be read, such as [^.]*\.$"):
        parse_period(label)


def test_an_unknown_kind_of_year_is_refused():
    with pytest.raises(ValueError, match="“lunar” is not a kind of year"):
        parse_period("2018", year_type="lunar")


@pytest.mark.parametrize("name", YEAR_TYPE_NAMES)
def test_every_name_of_a_year_type_reads_a_plain_year_that_ends_in_it(name):
    assert parse_period("2019", year_type=name.upper()).end.year == 2019
