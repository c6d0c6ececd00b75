"""Published figures made into series: which feed wins, what is worked back, what is known to be wrong."""

from datetime import date

import polars as pl
import pytest

from metrics.catalogue import catalogue
from metrics.estimates import FIGURES, SCHEMA, conform
from metrics.indicators import resolve

NORTH, WEST, COUNTY, ENGLAND = "E06000061", "E06000062", "E10000021", "E92000001"
NO_FAULTS = catalogue().faults.clear()


def figures(*rows, **extra):
    """Rows of (feed, area, period, period_end, numerator, denominator, value)."""
    names = ["measure", "group", "period", "period_end", "numerator", "denominator", "value"]
    types = [pl.String, pl.String, pl.String, pl.Date, pl.Float64, pl.Float64, pl.Float64]
    frame = pl.DataFrame(list(rows), schema=dict(zip(names, types, strict=True)), orient="row")
    return conform(frame.with_columns(breakdown=pl.lit("area"), status=pl.lit("ok")), FIGURES).with_columns(**extra)


def make(frame, id, *, faults=NO_FAULTS):
    return resolve(frame, [catalogue().series[id]], faults=faults)


def one(frame, id, **kwargs):
    made = make(frame, id, **kwargs)
    assert made.height == 1
    return made.row(0, named=True)


MARCH_2019 = date(2019, 3, 31)


def test_county_rereferrals_of_2019_with_wilson_limits():
    # DfE children in need, table C1, 2019: 3,372 of 11,266 referrals, published as 29.9%
    row = one(figures(("ees:rereferrals", COUNTY, "2019", MARCH_2019, 3372, 11266, 29.9)), "rereferrals")
    assert (row["measure"], row["feed"], row["period"]) == ("rereferrals", "ees:rereferrals", "2018/19")
    assert row["value"] == 29.9  # as published, not 29.931
    # statsmodels proportion_confint(3372, 11266, method="wilson") → 0.2909208, 0.3078313
    assert row["lower"] == pytest.approx(29.09208, abs=1e-4)
    assert row["upper"] == pytest.approx(30.78313, abs=1e-4)
    assert (row["n"], row["method"]) == (11266, "Wilson 95%")


def test_first_feed_wins_area_by_area_and_the_next_fills_its_gaps():
    frame = figures(
        ("lait:ReReferral", COUNTY, "2019", MARCH_2019, None, None, 29.4),
        ("ees:rereferrals", COUNTY, "2019", MARCH_2019, 3372, 11266, 29.9),
        ("lait:ReReferral", "E10000016", "2019", MARCH_2019, None, None, 25.0),
        ("ees:rereferrals", NORTH, "2022", date(2022, 3, 31), None, None, None),
        ("lait:ReReferral", NORTH, "2022", date(2022, 3, 31), None, None, 21.4),
    )
    made = make(frame, "rereferrals")
    assert made.select("group", "value", "feed").rows() == [
        (NORTH, 21.4, "lait:ReReferral"),
        ("E10000016", 25.0, "lait:ReReferral"),
        (COUNTY, 29.9, "ees:rereferrals"),
    ]


def test_a_rate_without_counts_has_no_limits():
    row = one(figures(("lait:ReReferral", COUNTY, "2019", MARCH_2019, None, None, 29.4)), "rereferrals")
    assert (row["lower"], row["upper"], row["numerator"]) == (None, None, None)
    assert row["method"] == "as published, no limits"


def test_denominator_is_worked_back_from_count_and_rate_and_said():
    # LAIT, North Northamptonshire, January 2022: 725 two-year-olds are 63.7% → 725 / 0.637 = 1,138.1
    frame = figures(
        ("lait:%_2yr_olds", NORTH, "2022", date(2022, 8, 31), None, None, 63.7),
        ("lait:No_2yr_olds", NORTH, "2022", date(2022, 8, 31), None, None, 725),
    )
    row = one(frame, "two_year_olds")
    assert row["denominator"] == pytest.approx(1138.15, abs=0.01)
    assert (row["numerator"], row["value"], row["period"]) == (725, 63.7, "2021/22")
    assert row["method"] == "Wilson 95%, denominator worked back from the rounded rate"
    assert row["lower"] < 63.7 < row["upper"]


def test_published_denominator_is_not_replaced_by_a_worked_back_one():
    # DfE 2025: 187 of 96,295, published as 19 per 10,000; 187 / 19 would be 98,421
    frame = figures(
        ("ees:cla_starting", WEST, "2025", date(2025, 3, 31), 187, 96295, 19),
        ("lait:LACnum_Start", WEST, "2025", date(2025, 3, 31), None, None, 187),
    )
    row = one(frame, "starting_looked_after")
    assert (row["denominator"], row["value"], row["method"]) == (96295, 19, "Byar 95%")


def test_numerator_is_worked_back_from_percentage_and_denominator():
    # COVER, West Northamptonshire, 2024/25 Q4: 92.1% of 1,034 → 952.3, so 952 children
    frame = figures(("cover:DTaP_12m", WEST, "2024/25 Q4", date(2025, 3, 31), None, 1034, 92.1))
    row = one(frame, "dtap_12m")
    assert (row["numerator"], row["period"]) == (952, "2024/25 Q4")
    assert row["method"] == "Wilson 95%, count worked back from the rounded rate"


def test_value_is_reckoned_where_only_counts_are_given():
    # DfE children in need, table C3, 2019: neglect in 1,508 of 4,326 assessments = 34.86%
    frame = figures(("ees:assessments_neglect", COUNTY, "2019", MARCH_2019, 1508, 4326, None))
    assert one(frame, "neglect_factor")["value"] == pytest.approx(34.859, abs=5e-4)


def test_publishers_limits_are_kept():
    # Fingertips 90813: age-standardised, so neither value nor limits follow from 892 of 125,087
    frame = figures(
        ("fingertips:90813", COUNTY, "2017/18", date(2018, 3, 31), 892, 125087, 725.853232),
        lower=pl.lit(678.8321285),
        upper=pl.lit(775.264291),
    )
    row = one(frame, "self_harm_10_24")
    assert (row["value"], row["lower"], row["upper"]) == (725.853232, 678.8321285, 775.264291)
    assert row["method"] == "publisher's 95% limits"


def test_rate_of_few_events_has_exact_limits():
    # 9 events of 90,000, per 10,000: exact Poisson limits 4.1154 and 17.0848 (Breslow and Day) over 9
    frame = figures(("ees:cla_starting", NORTH, "2024", date(2024, 3, 31), 9, 90000, 1))
    row = one(frame, "starting_looked_after")
    assert row["lower"] == pytest.approx(4.1154 / 9, abs=1e-4)
    assert row["upper"] == pytest.approx(17.0848 / 9, abs=1e-4)
    assert row["n"] == 9


@pytest.mark.parametrize(
    ("id", "feed", "period", "given", "label", "end"),
    [
        ("gld", "fingertips:90631", "2018/19", date(2019, 3, 31), "2018/19", date(2019, 8, 31)),
        ("gld", "lait:FSP_NEW_GOODDEV", "2019", date(2019, 8, 31), "2018/19", date(2019, 8, 31)),
        ("looked_after", "lait:LAC", "2019", date(2019, 12, 31), "March 2019", date(2019, 3, 31)),
        ("first_time_entrants", "lait:FirstYJS", "2018", date(2018, 12, 31), "2018", date(2018, 12, 31)),
        ("alcohol_admissions", "lait:Hosp_Adm_Alc_<18yrs", "2016/17-18/19", MARCH_2019, "2016/17-18/19", MARCH_2019),
        ("looked_after_convicted", "lait:LAC_Convictions", "2000", date(2000, 3, 31), "1999/00", date(2000, 3, 31)),
    ],
)
def test_periods_follow_the_kind_of_year_of_the_series(id, feed, period, given, label, end):
    row = one(figures((feed, COUNTY, period, given, None, None, 5.0)), id)
    assert (row["period"], row["period_end"]) == (label, end)


def test_counts_have_no_denominator_and_no_limits():
    row = one(figures(("lait:LACnum", COUNTY, "2019", MARCH_2019, None, None, 1123)), "looked_after_number")
    assert (row["numerator"], row["denominator"], row["value"], row["lower"]) == (1123, None, 1123, None)


def test_old_code_of_an_area_with_the_same_borders_joins_the_new():
    frame = figures(
        ("lait:ReReferral", "E10000027", "2019", MARCH_2019, None, None, 20.0),  # Somerset until 2023
        ("lait:ReReferral", "E06000066", "2024", date(2024, 3, 31), None, None, 21.0),
    )
    assert make(frame, "rereferrals")["group"].unique().to_list() == ["E06000066"]


def test_status_and_restated_value_go_along():
    frame = figures(
        ("ees:ks4_cla_english_maths_94", NORTH, "2023/24", date(2024, 8, 31), None, 33, None),
        status=pl.lit("c"),
        previous_value=pl.lit(21.0),
    )
    row = one(frame, "looked_after_english_maths")
    assert (row["status"], row["value"], row["previous_value"]) == ("c", None, 21.0)


def test_figures_of_other_measures_are_left_alone():
    assert make(figures(("lait:Nothing", COUNTY, "2019", MARCH_2019, None, None, 1.0)), "rereferrals").height == 0
    assert make(figures(), "rereferrals").columns == [*SCHEMA, "feed", "note", "previous_value"]


# ---- known faults, as the definitions list them

FAULTS = catalogue().faults


def test_england_row_of_first_time_entrants_is_not_available_and_says_why():
    frame = figures(("lait:FirstYJS", ENGLAND, "2018", date(2018, 12, 31), None, None, 2261))
    row = one(frame, "first_time_entrants", faults=FAULTS)
    assert (row["value"], row["status"]) == (None, "x")
    assert "adds the nine regional rates" in row["note"]


def test_failed_immunisation_returns_are_not_nought():
    frame = figures(
        ("ees:cla_immunisations", NORTH, "2023", date(2023, 3, 31), 0, 370, 0),
        ("lait:LACVaccinations%", NORTH, "2023", date(2023, 3, 31), None, None, 0),
        ("ees:cla_immunisations", NORTH, "2025", date(2025, 3, 31), 183, 380, 48),
    )
    made = make(frame, "looked_after_immunised", faults=FAULTS)
    assert made.select("period", "value", "lower", "denominator", "status").rows()[0] == (
        "2022/23",
        None,
        None,
        None,
        "x",
    )
    assert "the return failed" in made["note"][0]
    assert (made["value"][1], made["note"][1]) == (48, None)


def test_county_published_under_west_is_given_to_the_county():
    frame = figures(
        ("cover:MMR1_24m", WEST, "2021/22 Q1", date(2021, 6, 30), None, 2095, 92.12),
        ("cover:MMR1_24m", WEST, "2021/22 Q3", date(2021, 12, 31), None, 1162, 91.57),
    )
    made = make(frame, "mmr1_24m", faults=FAULTS)
    assert made.select("group", "value").rows() == [(WEST, 91.57), (COUNTY, 92.12)]
    assert "it is the county" in made["note"][1]


def test_a_doubtful_figure_stays_with_a_remark():
    frame = figures(("ees:rereferrals", NORTH, "2022", date(2022, 3, 31), 1506, 7024, 21.4))
    row = one(frame.with_columns(note=pl.lit("final")), "rereferrals", faults=FAULTS)
    assert (row["value"], row["status"]) == (21.4, "ok")
    assert row["note"].startswith("final First year after the split")


def test_nought_for_a_county_that_had_ended_is_not_applicable():
    frame = figures(("lait:Chlamydia_Diagnosis", COUNTY, "2022", date(2022, 12, 31), None, None, 0.0))
    assert one(frame, "chlamydia_detection", faults=FAULTS)["status"] == "z"
