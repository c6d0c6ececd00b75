"""A county that split, change since a baseline, runs, claims, agenda, rounding: against hand-working."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from metrics.catalogue import catalogue
from metrics.estimates import SCHEMA, conform
from metrics.indicators import (
    agenda,
    change_since,
    county_line,
    half_up,
    judge_claim,
    latest,
    run_length,
    run_lengths,
)

NORTH, WEST, COUNTY = "E06000061", "E06000062", "E10000021"


def estimates(measure, *rows):
    """Rows of (area, period, period_end, numerator, denominator, value[, status])."""
    names = ["group", "period", "period_end", "numerator", "denominator", "value", "status"]
    types = [pl.String, pl.String, pl.Date, pl.Float64, pl.Float64, pl.Float64, pl.String]
    full = [(*row, "ok") if len(row) == 6 else row for row in rows]
    frame = pl.DataFrame(full, schema=dict(zip(names, types, strict=True)), orient="row")
    return conform(frame.with_columns(measure=pl.lit(measure), breakdown=pl.lit("area")), SCHEMA)


def line(frame):
    return county_line(frame, county=COUNTY, successors=[NORTH, WEST])


# DfE children in need, table C1: re-referrals and referrals
C1 = [
    (COUNTY, "2020/21", date(2021, 3, 31), 3681, 11724, 31.4),
    (NORTH, "2021/22", date(2022, 3, 31), 1506, 7024, 21.4),
    (WEST, "2021/22", date(2022, 3, 31), 1421, 7234, 19.6),
    (NORTH, "2024/25", date(2025, 3, 31), 1121, 4682, 23.9),
    (WEST, "2024/25", date(2025, 3, 31), 1086, 4542, 23.9),
]


def test_county_line_goes_on_by_summing_counts():
    made = line(estimates("rereferrals", *C1))
    assert made["group"].unique().to_list() == [COUNTY]
    assert made["period"].to_list() == ["2020/21", "2021/22", "2024/25"]
    assert made["numerator"].to_list() == [3681, 2927, 2207]  # 1506 + 1421, 1121 + 1086
    assert made["denominator"].to_list() == [11724, 14258, 9224]  # 7024 + 7234, 4682 + 4542
    # 2927 / 14258 = 20.5288%, while the mean of 21.4 and 19.6 would be 20.5
    assert made["value"][1] == pytest.approx(100 * 2927 / 14258)
    assert made["value"].to_list()[::2] == [31.4, pytest.approx(23.9267, abs=1e-4)]
    # statsmodels proportion_confint(2207, 9224, method="wilson") → 0.230671, 0.248081
    assert made["lower"][2] == pytest.approx(23.0671, abs=1e-4)
    assert made["upper"][2] == pytest.approx(24.8081, abs=1e-4)
    assert made["method"][2] == "sum of North Northamptonshire and West Northamptonshire, Wilson 95%"


def test_county_line_sums_populations_of_different_size():
    # DfE children looked after 2025: 229 of 83,113 and 187 of 96,295 → 416 of 179,408 = 23.19; the mean would be 23.5
    frame = estimates(
        "starting_looked_after",
        (NORTH, "2024/25", date(2025, 3, 31), 229, 83113, 28),
        (WEST, "2024/25", date(2025, 3, 31), 187, 96295, 19),
    )
    made = line(frame)
    assert made["value"].item() == pytest.approx(23.1874, abs=1e-4)
    assert made["method"].item().endswith("Byar 95%")


def test_county_line_stops_where_only_rates_are_published_and_says_so():
    frame = estimates(
        "gld",
        (COUNTY, "2018/19", date(2019, 8, 31), 6585, 9278, 70.97),
        (NORTH, "2021/22", date(2022, 8, 31), None, None, 62.1),
        (WEST, "2021/22", date(2022, 8, 31), None, None, 65.8),
    )
    made = line(frame)
    assert made.select("period", "value", "status").rows() == [("2018/19", 70.97, "ok"), ("2021/22", None, "x")]
    assert "two rates are never averaged" in made["note"][1]
    assert made["note"][1].count("only a rate is published") == 2
    assert "North Northamptonshire" in made["note"][1]


def test_county_line_names_the_council_whose_count_is_hidden():
    # DfE outcomes of children in need, 2023/24: North hidden, West 12 of 56; 2022/23: 7 of 33 and 12 of 46
    frame = estimates(
        "looked_after_english_maths",
        (NORTH, "2022/23", date(2023, 8, 31), 7, 33, 21.2),
        (WEST, "2022/23", date(2023, 8, 31), 12, 46, 26.1),
        (NORTH, "2023/24", date(2024, 8, 31), None, 33, None, "c"),
        (WEST, "2023/24", date(2024, 8, 31), 12, 56, 21.4),
    )
    made = line(frame)
    assert made["value"].to_list() == [pytest.approx(100 * 19 / 79), None]
    assert made["status"].to_list() == ["ok", "c"]
    assert made["note"][1] == ("The county line stops here: North Northamptonshire: hidden because the count is small.")


def test_county_line_stops_when_one_council_has_no_row():
    made = line(estimates("rereferrals", *C1[:2]))
    assert made["value"].to_list() == [31.4, None]
    assert "West Northamptonshire: no figure" in made["note"][1]


def test_counts_are_added_and_averages_are_not():
    # DfE, 31 March 2025: 568 and 602 children looked after
    rows = [
        (NORTH, "March 2025", date(2025, 3, 31), 568, None, 568),
        (WEST, "March 2025", date(2025, 3, 31), 602, None, 602),
    ]
    made = line(estimates("looked_after_number", *rows))
    assert made.select("value", "lower").rows() == [(1170, None)]
    scores = line(estimates("attainment_8", *rows))
    assert scores["value"].item() is None
    assert "an average without the sum behind it" in scores["note"].item()


def test_county_line_leaves_out_years_before_the_successors_had_figures():
    frame = estimates(
        "rereferrals",
        (COUNTY, "2015/16", date(2016, 3, 31), None, None, None, "x"),
        (NORTH, "2016/17", date(2017, 3, 31), None, None, None, "z"),
        *C1,
    )
    assert line(frame)["period"].to_list() == ["2015/16", "2020/21", "2021/22", "2024/25"]


def test_county_line_keeps_what_is_published_for_the_county_itself():
    # COVER published the county as a whole for the first quarters after it ended
    frame = estimates(
        "dtap_12m",
        (COUNTY, "2021/22 Q1", date(2021, 6, 30), 1911, 2035, 93.91),
        (NORTH, "2021/22 Q1", date(2021, 6, 30), None, None, None, "x"),
        (NORTH, "2021/22 Q3", date(2021, 12, 31), 829, 875, 94.74),
        (WEST, "2021/22 Q3", date(2021, 12, 31), 964, 1023, 94.23),
    )
    assert line(frame)["value"].to_list() == [93.91, pytest.approx(100 * 1793 / 1898)]


def test_county_line_needs_successors():
    with pytest.raises(ValueError, match="areas that follow"):
        county_line(estimates("rereferrals", *C1), county=COUNTY, successors=[])


# ---- latest and change


def test_latest_is_the_last_with_a_value_and_tells_of_a_newer_gap():
    frame = estimates(
        "looked_after_english_maths",
        (NORTH, "2022/23", date(2023, 8, 31), 7, 33, 21.2),
        (NORTH, "2023/24", date(2024, 8, 31), None, None, None, "c"),
        (WEST, "2023/24", date(2024, 8, 31), 12, 56, 21.4),
        (COUNTY, "2023/24", date(2024, 8, 31), None, None, None, "x"),
    )
    made = latest(frame).select("group", "period", "value", "newer_period", "newer_status").rows()
    assert made == [
        (NORTH, "2022/23", 21.2, "2023/24", "c"),
        (WEST, "2023/24", 21.4, None, None),
        (COUNTY, "2023/24", None, None, None),
    ]


def change(frame, baseline):
    return change_since(frame, baseline_period=baseline).row(0, named=True)


def test_change_of_a_percentage_is_in_points():
    # 29.9% to 23.9%: 6.0 points down, a fifth (20.07%) of the baseline
    frame = estimates(
        "rereferrals",
        (COUNTY, "2018/19", date(2019, 3, 31), 3372, 11266, 29.9),
        (COUNTY, "2024/25", date(2025, 3, 31), 2207, 9224, 23.9),
    )
    row = change(frame, "2018/19")
    assert row["change"] == pytest.approx(-6.0)
    assert row["change_percent"] == pytest.approx(-20.0669, abs=1e-4)
    assert (row["change_unit"], row["baseline_value"], row["reason"]) == ("percentage points", 29.9, "")


def test_change_of_a_rate_is_in_its_own_unit():
    frame = estimates(
        "child_protection_plans",
        (COUNTY, "March 2019", date(2019, 3, 31), 661, 169487, 39.0),
        (COUNTY, "March 2021", date(2021, 3, 31), 724, 170353, 42.5),
    )
    row = change(frame, {"child_protection_plans": "March 2019"})
    assert row["change"] == pytest.approx(3.5)
    assert row["change_unit"] == "per 10,000 children aged 0–17"


def test_no_per_cent_of_nought():
    rows = [
        (NORTH, "2018/19", date(2019, 8, 31), None, None, 0.0),
        (NORTH, "2023/24", date(2024, 8, 31), None, None, 0.16),
    ]
    row = change(estimates("permanent_exclusions_special", *rows), "2018/19")
    assert (row["change"], row["change_percent"]) == (0.16, None)


def test_rise_from_a_negative_baseline_is_a_rise():
    rows = [
        (COUNTY, "2018/19", date(2019, 8, 31), None, None, -0.8),
        (COUNTY, "2022/23", date(2023, 8, 31), None, None, -0.6),
    ]
    row = change(estimates("ks2_progress_reading", *rows), "2018/19")
    assert row["change"] == pytest.approx(0.2)
    assert row["change_percent"] == pytest.approx(25)


@pytest.mark.parametrize(
    ("measure", "rows", "baseline", "reason"),
    [
        ("rereferrals", C1[1:2], "2018/19", "no figure for the baseline period"),
        ("rereferrals", C1[1:2], "2021/22", "the baseline is the latest period"),
        ("rereferrals", [(NORTH, "2024/25", date(2025, 3, 31), None, None, None, "c")], "2021/22", "no figure"),
    ],
)
def test_why_there_is_no_change_to_give(measure, rows, baseline, reason):
    row = change(estimates(measure, *rows), baseline)
    assert (row["change"], row["change_percent"], row["reason"]) == (None, None, reason)


def test_no_change_is_reckoned_across_a_break():
    rows = [
        (NORTH, "2018/19", date(2019, 8, 31), None, None, 71.0),
        (NORTH, "2021/22", date(2022, 8, 31), None, None, 62.1),
    ]
    row = change(estimates("gld", *rows), "2018/19")
    assert row["change"] is None
    assert row["reason"].startswith("not comparable: 2021/22: a new early years framework")


# ---- runs


@pytest.mark.parametrize(
    ("values", "run"),
    [
        ([1, 2, 3, 4], 3),
        ([5, 6, 4, 3], -2),
        ([3, 3], 0),
        ([1, 2, 2], 0),  # a tie ends it
        ([1, 1, 2, 3], 2),
        ([1, None, 2, 3], 1),  # so does a gap
        ([1, 2, None, 3], 0),
        ([1, 2, None], 0),
        ([3, 2, 4], 1),
        ([7], 0),
        ([], 0),
    ],
)
def test_run_length(values, run):
    assert run_length(values) == run


def test_runs_end_at_missing_years_and_at_breaks():
    def years(measure, *pairs):
        return estimates(measure, *[(NORTH, str(y), date(y, 8, 31), None, None, v) for y, v in pairs])

    # DfE, England: 59, 60, 61, 63% at 11 in 2022 to 2025, nothing in 2020 and 2021
    rising = years("ks2_rwm", (2018, 50.0), (2019, 55.0), (2022, 59.0), (2023, 60.0), (2024, 61.0), (2025, 63.0))
    assert run_lengths(rising)["run"].to_list() == [3]
    broken = years("two_year_olds", (2022, 60.0), (2023, 61.0), (2024, 62.0), (2025, 63.0))
    assert run_lengths(broken)["run"].to_list() == [0]
    hidden = years("persistent_absence", (2022, 23.0), (2023, 21.0), (2024, 20.0), (2025, None))
    assert run_lengths(hidden)["run"].to_list() == [-2]


def test_quarters_run_from_quarter_to_quarter():
    ends = [date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31), date(2025, 3, 31)]
    rows = [(NORTH, str(e), e, None, None, v) for e, v in zip(ends, [90.0, 91.0, 92.0, 93.0], strict=True)]
    assert run_lengths(estimates("dtap_12m", *rows))["run"].to_list() == [3]
    assert run_lengths(estimates("dtap_12m", *rows[:2], rows[3]))["run"].to_list() == [0]


# ---- claims, agenda, rounding


def test_five_claims_are_contradicted_by_the_comparator_printed_beside_them():
    verdicts = {p.id: judge_claim(p) for p in catalogue().printed}
    assert [id for id, v in verdicts.items() if v == "contradicted"] == ["N06", "N12", "N13", "N19", "N21"]
    assert [id for id, v in verdicts.items() if v == "mixed"] == ["N15", "N16"]
    assert {v for id, v in verdicts.items() if id.startswith("S")} == {"no comparator"}
    assert verdicts["N01"] == verdicts["N14"] == verdicts["N24"] == "supported"


def test_claims_follow_polarity():
    printed = next(p for p in catalogue().printed if p.id == "N21")
    case = replace(printed, value=50.0, neighbours=60.0, england=40.0, other=None)
    assert judge_claim(case) == "mixed"
    assert judge_claim(replace(case, england=None)) == "contradicted"  # lower is better: 50 is not worse than 60
    assert judge_claim(replace(case, england=None, polarity="higher")) == "supported"
    assert judge_claim(replace(case, neighbours=50.0, england=None)) == "contradicted"  # equal is not worse
    assert judge_claim(replace(case, value=None)) == "no comparator"


def test_agenda_lists_what_is_missing_and_who_has_it():
    found = agenda(catalogue())
    assert found["id"].to_list() == ["S4", "S5", "S6", "H1", "H4", "V1", "V2", "Y1", "Y2", "Y3", "Y4", "Y5"]
    assert found.filter((pl.col("missing") == "") | (pl.col("holder") == "")).height == 0
    wider = agenda(catalogue(), with_stand_ins=True)
    assert set(wider["id"]) - set(found["id"]) == {"S1b", "S2", "S7", "S8", "H2", "H3"}
    somerset = agenda(catalogue(), strategy="Somerset")["id"].to_list()
    assert somerset == ["SO-A1", "SO-A2", "SO-A3", "SO-A4", "SO-C4", "SO-C9", "SO-D3"]


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (2.5, 0, 3.0),
        (3.5, 0, 4.0),
        (2.675, 2, 2.68),  # round() gives 2.67
        (0.125, 2, 0.13),
        (-2.5, 0, -3.0),
        (23.926713, 1, 23.9),
        (-0.04, 1, 0.0),
        (1170.0, 0, 1170.0),
        (None, 1, None),
    ],
)
def test_half_up(value, decimals, shown):
    assert half_up(value, decimals) == shown
    assert str(half_up(-0.04, 1)) == "0.0"
