"""Each publisher's form, built small here: what goes in, what is refused, what is said."""

from datetime import date

import pytest

from dashboard.intake import IntakeError

from .intake_files import COUNTY, ENGLAND, NORTH, WEST, read_rows, reasons

# LAIT

LAIT = [
    "LA_Number",
    "LA and Regions",
    "Region",
    "Topic",
    "Measure",
    "Measure_short",
    "Years",
    "Years_num",
    "Values",
    "Values_num",
    "Polarity",
]


def lait_row(number, name, code, years, value, measure="Any long name"):
    return [
        number,
        name,
        "East Midlands",
        "Topic",
        measure,
        code,
        years,
        years,
        value,
        "NA" if value == "-" else value,
        "Low",
    ]


def test_lait_s_own_table():
    batch = read_rows(
        LAIT,
        lait_row("940", "North Northamptonshire", "CPP_rate", "2019", "50.5"),
        lait_row("928.0", "Northamptonshire", "Total_ Pup_FixedEx", "2018/19", "-"),
        lait_row("970", "England", "CPP_rate", "2019", "43"),
        lait_row("987", "London (Inner)", "AVG_Attain8_Score", "2025 (prov)", "45"),
        lait_row("982", "Yorkshire and the Humber", "RTA", "2014-16", "17.1"),
        lait_row("933", "Somerset", "Hosp_Adm_Alc_<18yrs", "2013/14-15/16", "54.2"),
    )
    assert batch.kind == "lait" and batch.refused.is_empty()
    # period ends by LAIT's own year types: snapshot, academic, snapshot, academic, calendar, financial
    assert batch.figures.select("measure", "group", "period", "period_end", "value", "status").rows() == [
        ("lait:CPP_rate", NORTH, "2019", date(2019, 3, 31), 50.5, "ok"),
        ("lait:Total_ Pup_FixedEx", COUNTY, "2018/19", date(2019, 8, 31), None, "x"),
        ("lait:CPP_rate", ENGLAND, "2019", date(2019, 3, 31), 43.0, "ok"),
        ("lait:AVG_Attain8_Score", "E13000001", "2025", date(2025, 8, 31), 45.0, "provisional"),
        ("lait:RTA", "E12000003", "2014-16", date(2016, 12, 31), 17.1, "ok"),
        ("lait:Hosp_Adm_Alc_<18yrs", "E06000066", "2013/14-15/16", date(2016, 3, 31), 54.2, "ok"),
    ]
    assert batch.publisher == "Department for Education"


def test_lait_by_measure_name_and_in_other_layouts():
    long_name = "Percentage of re-referrals to children's social care within 12 months"
    batch = read_rows(
        ["LA Number", "LA and Regions", "Measure", "Years", "Values"],
        ["940", "North Northamptonshire", long_name, "2019", "20"],
    )
    assert batch.figures["measure"].to_list() == ["lait:ReReferral"]
    batch = read_rows(
        ["lait_code", "measure", "year_type", "area_code", "area", "period", "value", "note"],
        ["ReReferral", long_name, "Financial Year", "", "Kent", "2019", "20", ""],
    )
    assert batch.figures.select("group", "period_end").rows() == [("E10000016", date(2019, 3, 31))]
    batch = read_rows(
        ["measure", "years", "area", "la_number", "region", "value_raw", "value"],
        ["ReReferral", "2019", "Kent", "886.0", "South East", "64.099999999999994", "64.1"],
    )
    assert batch.kind == "lait" and batch.figures["value"].to_list() == [64.1]


def test_lait_measures_that_are_not_in_the_list_are_named():
    batch = read_rows(LAIT, lait_row("940", "North Northamptonshire", "Brand_new", "2026", "5"))
    assert batch.figures["period_end"].to_list() == [date(2026, 12, 31)]
    assert any("Brand_new" in remark and "calendar year" in remark for remark in batch.remarks)


def test_a_code_and_a_name_that_disagree_are_refused():
    batch = read_rows(LAIT, lait_row("941", "North Northamptonshire", "CPP_rate", "2019", "50.5"))
    assert reasons(batch) == {(2, "LA and Regions"): "the code means West Northamptonshire, the name another area"}


def test_published_figures_known_to_be_wrong_are_set_aside_with_the_reason():
    batch = read_rows(
        LAIT,
        lait_row("970", "England", "FirstYJS", "2019", "1976"),
        lait_row("928", "Northamptonshire", "FirstYJS", "2019", "170"),
    )
    england, county = batch.figures.sort("group", descending=True).rows(named=True)
    assert (england["value"], england["status"]) == (None, "x") and "not a rate" in england["note"]
    assert (county["value"], county["note"]) == (170, None)
    assert any(remark.startswith("lait:FirstYJS, E92000001, 1 period") for remark in batch.remarks)


# Explore education statistics

EES = [
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "old_la_code",
    "new_la_code",
    "la_name",
]


def ees_place(level, code="", year="2025", identifier="Reporting year"):
    return [year, identifier, level, ENGLAND, "England", "E12000004" if level != "National" else "", "", "", code, ""]


def test_ees_rereferrals_at_every_level():
    header = [*EES, "referral_count", "rereferral_count", "rereferral_percent", "no_further_action_count"]
    batch = read_rows(
        header,
        [*ees_place("National"), "632830", "142900", "22.6", "1"],
        [*ees_place("Regional"), "53190", "13120", "24.7", "1"],
        [*ees_place("Local authority", NORTH), "4,000", "800", "20", "1"],
        [*ees_place("Local authority", WEST), "x", "c", "x", "1"],
        [*ees_place("Local authority district", "E07000150"), "1", "1", "1", "1"],
        [*ees_place("Local authority", "E06999999"), "1", "1", "1", "1"],
    )
    assert batch.kind == "ees"
    assert batch.figures.select(
        "measure", "group", "period_end", "numerator", "denominator", "value", "status"
    ).rows() == [
        ("ees:rereferrals", ENGLAND, date(2025, 3, 31), 142900, 632830, 22.6, "ok"),
        ("ees:rereferrals", "E12000004", date(2025, 3, 31), 13120, 53190, 24.7, "ok"),
        ("ees:rereferrals", NORTH, date(2025, 3, 31), 800, 4000, 20, "ok"),
        ("ees:rereferrals", WEST, date(2025, 3, 31), None, None, None, "x"),
    ]
    assert "1 row left out: they are about other kinds of area (Local authority district)." in batch.remarks
    assert "Columns not used: no_further_action_count." in batch.remarks
    assert reasons(batch) == {(7, "new_la_code"): "this area code is not among the areas of the dashboard"}


def test_ees_wide_table_gives_several_figures_a_row():
    header = [
        *EES,
        "Episodes_with_assessment_factor",
        "Domestic_Abuse_child",
        "Domestic_Abuse_parent",
        "Neglect",
        "Other",
    ]
    batch = read_rows(header, [*ees_place("Local authority", NORTH), "2000", "c", "600", "500", "1"])
    found = {m: (v, s) for m, v, s in batch.figures.select("measure", "value", "status").rows()}
    assert found == {
        "ees:assessments_neglect": (25.0, "ok"),  # 500 / 2000
        "ees:assessments_domestic_abuse_parent": (30.0, "ok"),  # 600 / 2000
        "ees:assessments_domestic_abuse_child": (None, "c"),
    }


@pytest.mark.parametrize(
    ("columns", "first", "second"),
    [
        (["characteristic", "breakdown", "children_count", "children_percent"], 0, 1),
        (["cla_group", "characteristic", "number", "percentage"], 0, 1),
    ],
)
def test_ees_denominators_on_another_row_in_both_layouts(columns, first, second):
    health, crime = (
        "Health assessments: Children looked after all ages",
        "Convictions: Children looked after Ages 10 to 17 years",
    )
    convicted = "Convicted or subject to youth cautions, or youth conditional cautions during the year"
    place = ees_place("Local authority", COUNTY, "2019")
    batch = read_rows(
        [*EES, *columns],
        [*place, health, "Had their immunisations up to date", "366", "77"],
        [*place, health, "Total all ages", "474", "100"],
        [*place, health, "Had their teeth checked by a dentist", "450", "95"],
        [*place, crime, convicted, "c", "c"],
        [*place, crime, "Total ages 10 to 17 years", "313", "100"],
    )
    found = batch.figures.sort("measure").select("measure", "numerator", "denominator", "value", "status").rows()
    assert found == [("ees:cla_convicted", None, None, None, "c"), ("ees:cla_immunisations", 366, 474, 77, "ok")]
    assert (batch.rows, batch.rows_used, batch.rows_left_out) == (5, 4, 1)


def test_ees_missing_children_and_academic_years():
    place = ees_place("Local authority", NORTH, "2024")
    batch = read_rows(
        [*EES, "CLA_group", "number"],
        [*place, "Children looked after during the year", "800"],
        [*place, "Children who had a missing incident during the year", "80"],
        [*place, "Children who went missing more than once during the year", "48"],
    )
    found = dict(batch.figures.select("measure", "value").rows())
    assert found == {"ees:cla_missing": pytest.approx(10), "ees:cla_missing_repeat": pytest.approx(6)}
    batch = read_rows(
        [*EES, "social_care_group", "t_pupils", "t_l2basics_94", "pt_l2basics_94"],
        [
            *ees_place("Local authority", WEST, "202425", "Academic year"),
            "CLA 12 months at 31 March",
            "49",
            "13",
            "26.5",
        ],
        [*ees_place("Local authority", NORTH, "202425", "Academic year"), "CINO at 31 March", "90", "20", "22.2"],
    )
    assert batch.figures.select("period", "period_end", "numerator", "denominator").rows() == [
        ("2024/25", date(2025, 8, 31), 13, 49)
    ]
    assert batch.rows_left_out == 1


def test_an_ees_table_that_holds_nothing_of_use_names_the_tables_that_do():
    with pytest.raises(IntakeError, match=r"holds none of the figures.*Children in need C1"):
        read_rows([*EES, "sess_overall"], [*ees_place("National"), "1"])


# Fingertips

FINGERTIPS = [
    "Indicator ID",
    "Indicator Name",
    "Parent Code",
    "Area Code",
    "Area Name",
    "Area Type",
    "Sex",
    "Age",
    "Category Type",
    "Category",
    "Time period",
    "Value",
    "Lower CI 95.0 limit",
    "Upper CI 95.0 limit",
    "Count",
    "Denominator",
    "Value note",
]


def fingertips_row(
    area=NORTH,
    sex="Persons",
    age="<15 yrs",
    kind="",
    category="",
    value="100.5",
    low="90",
    high="111",
    count="300",
    of="29045",
    note="",
    name="North Northamptonshire",
):
    return [
        "90284",
        "Injuries",
        ENGLAND,
        area,
        name,
        "UA",
        sex,
        age,
        kind,
        category,
        "2022/23",
        value,
        low,
        high,
        count,
        of,
        note,
    ]


def test_fingertips_with_limits_and_a_withheld_value():
    batch = read_rows(
        FINGERTIPS,
        fingertips_row(),
        fingertips_row(
            WEST, value="", low="-1", high="-1", count="", of="", note="Not presented", name="West Northamptonshire"
        ),
    )
    assert batch.kind == "fingertips"
    assert batch.figures.drop("n", "method").rows() == [
        ("fingertips:90284", "area", NORTH, "2022/23", date(2023, 3, 31), 300, 29045, 100.5, 90, 111, "ok", None),
        (
            "fingertips:90284",
            "area",
            WEST,
            "2022/23",
            date(2023, 3, 31),
            None,
            None,
            None,
            None,
            None,
            "x",
            "Not presented",
        ),
    ]


def test_fingertips_with_several_sexes_and_categories():
    batch = read_rows(
        FINGERTIPS,
        fingertips_row(),
        fingertips_row(sex="Male", value="110", high="130"),
        fingertips_row(ENGLAND, kind="Deprivation deciles", category="Most deprived decile", name="England"),
    )
    assert batch.figures.select("measure", "breakdown", "group").rows() == [
        ("fingertips:90284", "area", NORTH),
        ("fingertips:90284:Male", "area", NORTH),
        ("fingertips:90284", "Deprivation deciles", f"Most deprived decile|{ENGLAND}"),
    ]
    assert any("Deprivation deciles" in remark for remark in batch.remarks)
    assert any("fingertips:90284:Male" in remark for remark in batch.remarks)


def test_fingertips_with_several_ages():
    batch = read_rows(FINGERTIPS, fingertips_row(), fingertips_row(age="0-4 yrs"))
    assert batch.figures["measure"].to_list() == ["fingertips:90284:<15 yrs", "fingertips:90284:0-4 yrs"]


def test_limits_the_wrong_way_round_are_refused():
    batch = read_rows(FINGERTIPS, fingertips_row(low="120", high="90"))
    assert reasons(batch) == {(2, "Lower CI 95.0 limit"): "the lower limit is above the upper limit"}
