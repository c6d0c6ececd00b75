"""The invented county: whole, the same for a seed, without a real person, and looking as its README says."""

import csv
import re
from datetime import date, timedelta
from importlib.resources import files

import numpy as np
import polars as pl
import pytest

from metrics.cases import AGENCY_TYPES, CASE_TABLES
from sample_data import places
from sample_data.invented import invent, parts

UNTIL, FIRST = date(2026, 9, 30), date(2020, 10, 1)
col = pl.col


@pytest.fixture(scope="module")
def county() -> dict[str, pl.DataFrame]:
    return invent()


@pytest.fixture(scope="module")
def closed(county) -> pl.DataFrame:
    """Closures, with `days` from start to end."""
    ended = county["episode"].filter(col("end_date").is_not_null())
    return ended.with_columns((col("end_date") - col("start_date")).dt.total_days().alias("days"))


def share(frame: pl.DataFrame, column: str) -> dict[str, float]:
    return dict(frame[column].value_counts(normalize=True).iter_rows())


# Whole --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASE_TABLES)
def test_every_table_has_its_schema_its_keys_and_what_it_may_not_leave_empty(county, name):
    table, frame = CASE_TABLES[name], county[name]
    assert frame.schema == table.schema
    assert frame.height
    assert not frame.select(table.key).is_duplicated().any()
    assert frame.select(*table.key, *table.required).null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize(
    ("name", "column", "other"), [(n, c, o) for n, table in CASE_TABLES.items() for c, o in table.references.items()]
)
def test_every_foreign_key_leads_somewhere(county, name, column, other):
    given = county[name][column].drop_nulls()
    assert len(given), f"{column} of {name} is never filled"
    assert given.is_in(county[other][CASE_TABLES[other].key[0]].implode()).all()


def test_nothing_has_happened_after_the_last_day_or_before_the_first(county):
    for name, frame in county.items():
        for column in frame.select(pl.selectors.date()).columns:
            latest = UNTIL + timedelta(days=122) if column == "due_date" else UNTIL
            assert frame[column].max() <= latest, (name, column)
            if column != "birth_month":
                assert frame[column].min() >= FIRST, (name, column)


@pytest.mark.parametrize(
    ("name", "earlier", "later"),
    [
        ("episode", "start_date", "end_date"),
        ("assessment", "start_date", "complete_date"),
        ("assessment", "consent_date", "complete_date"),
        ("need", "baseline_date", "resolved_date"),
        ("plan", "start_date", "end_date"),
        ("step_event", "date", "accepted_date"),
        ("referral", "date", "close_date"),
    ],
)
def test_days_are_in_their_order(county, name, earlier, later):
    both = county[name].drop_nulls([earlier, later])
    assert both.height
    assert (both[earlier] <= both[later]).all()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("assessment", "start_date"), ("assessment", "complete_date"), ("review", "held_date"), ("plan", "start_date"),
        ("need", "baseline_date"), ("need", "resolved_date"), ("reading", "date"),
    ],
)  # fmt: skip
def test_what_belongs_to_an_episode_happens_while_it_runs(county, name, column):
    ran = county["episode"].select("episode_id", start="start_date", end="end_date")
    both = county[name].join(ran, on="episode_id").drop_nulls([column])
    assert (both[column] >= both["start"]).all()
    assert (both[column] <= both["end"].fill_null(UNTIL)).all()


def test_a_family_has_one_episode_at_a_time(county):
    spells = county["episode"].sort("family_id", "start_date")
    before = spells.with_columns(col("end_date", "family_id").shift(1).name.prefix("last_"))
    same = before.filter(col("family_id") == col("last_family_id"))
    assert same.height > 3000
    assert (same["last_end_date"] < same["start_date"]).all()


def test_children_are_born_and_under_18_when_help_begins(county):
    born = county["person"].filter(col("role") == "child").select("person_id", "birth_month")
    helped = county["episode"].join(born, on="person_id", validate="m:1")
    assert helped.height == county["episode"].height
    assert (helped["birth_month"] <= helped["start_date"]).all()
    assert (helped["birth_month"].dt.offset_by("18y1mo") >= helped["start_date"]).all()
    assert (born["birth_month"].dt.day() == 1).all()


def test_an_open_episode_has_no_ending_and_a_closed_one_has_a_reason(county):
    is_open = col("end_date").is_null()
    counted = (
        county["episode"].group_by(is_open).agg(col("end_reason", "level_at_end").count(), pl.len()).sort("end_date")
    )
    (ended, reasons, levels, rows), (running, *none, _) = counted.rows()
    assert (ended, running, none) == (False, True, [0, 0])
    assert reasons == rows
    assert 0.95 < levels / rows < 1


def test_codes_are_those_of_the_definitions(county):
    with (files("metrics") / "definitions" / "closure_reasons.csv").open() as file:
        reasons = {row["code"] for row in csv.DictReader(file)}
    assert set(county["episode"]["end_reason"].drop_nulls()) == reasons
    assert set(county["agency"]["agency_type"]) == set(AGENCY_TYPES)
    assert set(county["episode"]["route"]) == {"new", "step_down", "self", "forum"}
    assert set(county["assessment"]["consent_status"]) == {"given", "refused", "not_recorded"}
    assert set(county["review"]["kind"].drop_nulls()) == {"taf", "desk"}
    assert set(county["feedback"]["respondent"]) == {"child", "parent", "professional"}
    assert set(county["audit_answer"]["answer"]) == {"yes", "partly", "no", "not_applicable"}
    assert set(county["need"]["outcome"]) == set(range(1, 11))
    assert set(county["feedback"]["score"]) == set(range(1, 6))
    assert set(county["reading"]["score"]) == set(range(1, 11))
    assert set(county["episode"]["level_at_start"].drop_nulls()) == {1, 2, 3, 4}
    homes = places.lookup(2021)
    assert set(county["family"]["lsoa"].drop_nulls()) == set(homes["lsoa"])
    assert set(county["forum"]["forum_area"]) == set(homes["forum"])


# No real person -----------------------------------------------------------------------------------------------------


def test_every_identifier_says_that_it_is_invented(county):
    for name, frame in county.items():
        for column in [c for c in frame.columns if c.endswith("_id")]:
            assert frame[column].drop_nulls().str.starts_with("INV-").all(), (name, column)
    assert county["agency"]["name"].str.starts_with("Invented ").all()
    assert county["family"]["family_id"][123] == "INV-F-000123"


def test_nothing_looks_like_an_nhs_number_a_pupil_number_a_postcode_or_a_school_that_exists(county):
    looks = r"(?i)\d{10}|\b[A-Z]\d{12}\b|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}\b"
    assert re.search(looks, "NN1 1AA") and re.search(looks, "4010232137") and re.search(looks, "A123456789012")
    for name, frame in county.items():
        for column in frame.select(pl.selectors.string()).columns:
            assert not frame[column].unique().drop_nulls().str.contains(looks).any(), (name, column)
    assert county["person"]["school_urn"].drop_nulls().cast(pl.Int64).min() >= 990_000


# The same for a seed ------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_records_and_another_gives_others():
    one, same, other = invent(scale=0.05), invent(scale=0.05), invent(seed=1, scale=0.05)
    for name, frame in one.items():
        assert frame.equals(same[name]), name
        assert not frame.equals(other[name]), name


def test_a_larger_county_holds_the_smaller_one_and_no_identifier_twice(county):
    first, second = parts(scale=1.1)
    assert first["episode"].equals(county["episode"])
    assert first["person"].equals(county["person"])
    assert 0.08 < second["assessment"].height / first["assessment"].height < 0.12
    assert second["agency"].is_empty() and second["audit"].is_empty()
    for name in ("family", "person", "episode", "assessment", "review", "referral", "reading"):
        key = CASE_TABLES[name].key[0]
        assert not second[name][key].is_in(first[name][key].implode()).any()
    assert second["assessment"]["agency_id"].is_in(first["agency"]["agency_id"].implode()).all()


def test_the_records_can_end_on_any_day():
    tables = invent(scale=0.05, until=date(2024, 2, 29))
    begun = tables["assessment"]["start_date"]
    assert date(2018, 3, 1) <= begun.min() < date(2018, 6, 1)
    assert date(2024, 1, 1) < begun.max() <= date(2024, 2, 29)


@pytest.mark.parametrize("scale", [0, -1])
def test_a_county_has_some_size(scale):
    with pytest.raises(ValueError, match="scale"):
        invent(scale=scale)


# As the README says -------------------------------------------------------------------------------------------------


def test_about_four_thousand_assessments_a_year_with_a_dip_at_first(county):
    years = (
        county["assessment"].group_by(col("start_date").dt.offset_by("-9mo").dt.year()).len().sort("start_date")["len"]
    )
    assert len(years) == 6
    assert 23_000 < years.sum() < 25_500
    assert 2_600 < years[0] < 3_400
    assert all(3_700 < year < 4_600 for year in years[1:])


def test_november_and_march_are_high_august_and_december_low(county):
    months = dict(county["assessment"].group_by(col("start_date").dt.month()).len().iter_rows())
    ranked = sorted(months, key=months.get)
    assert set(ranked[:2]) == {8, 12}
    assert set(ranked[-2:]) == {3, 11}
    assert months[8] < 0.6 * np.mean(list(months.values()))
    weekend = county["assessment"]["start_date"].dt.weekday() > 5
    assert weekend.mean() < 0.02


def test_who_assesses(county):
    kinds = share(county["assessment"].join(county["agency"], on="agency_id"), "agency_type")
    assert 0.45 < kinds["school"] < 0.52
    assert 0.22 < kinds["early_help"] < 0.28
    assert 0.08 < kinds["health"] < 0.12
    assert 0.04 < kinds["voluntary"] < 0.08
    sizes = county["assessment"].group_by("agency_id").len()["len"]
    assert 55 <= len(sizes) == county["agency"].height <= 75
    assert 20 < sizes.min() < 60 and 1000 < sizes.max() < 1500


def test_the_most_deprived_fifth_has_three_times_the_rate_of_the_least(county):
    fifth = (col("imd_score").rank("ordinal") * 5 / (pl.len() + 1)).floor()
    areas = places.deprivation(2025).join(places.population().filter(col("year") == 2021), on="lsoa")
    begun = county["assessment"].group_by("lsoa").len()
    rates = (
        areas.join(begun, on="lsoa", how="left")
        .group_by(fifth.alias("fifth"))
        .agg(col("len").sum() / col("age_0_15").sum())
        .sort("fifth")["len"]
        .to_list()
    )
    assert rates == sorted(rates)
    assert 2.5 < rates[-1] / rates[0] < 3.5


def test_ages_have_two_peaks(county):
    born = county["person"].select("person_id", "birth_month")
    days = (col("start_date") - col("birth_month")).dt.total_days()
    ages = share(county["episode"].join(born, on="person_id").select((days / 365.25).floor().alias("age")), "age")
    assert max(range(9), key=lambda age: ages[age]) in (3, 4, 5)
    assert max(range(9, 18), key=lambda age: ages[age]) in (12, 13, 14)
    assert ages[8] < 0.35 * min(ages[4], ages[13])


def test_levels_are_mostly_two_and_three(county):
    levels = share(county["episode"].drop_nulls("level_at_start"), "level_at_start")
    assert levels[2] + levels[3] > 0.93
    assert levels[2] > levels[3] > 0.3


def test_lengths_are_skewed_with_a_median_of_about_150_days(closed, county):
    assert 140 <= closed["days"].median() <= 165
    assert closed["days"].mean() > 1.2 * closed["days"].median()
    assert 0.07 < (closed["days"] > 365).mean() < 0.15
    assert 2_000 < county["episode"].height - closed.height < 3_000


def test_reasons_for_closing(closed):
    reasons = share(closed, "end_reason")
    assert 0.52 < reasons["NEEDS_MET"] < 0.60
    assert 0.58 < reasons["NEEDS_MET"] + reasons["SINGLE_AGENCY"] < 0.66
    assert 0.075 < reasons["STEP_UP"] < 0.105
    assert 0.13 < reasons["NOT_ENGAGED"] + reasons["CONSENT_WITHDRAWN"] < 0.17
    assert 0.025 < reasons["MOVED"] < 0.045
    assert 0.01 < reasons["ERROR"] < 0.02


def followed(closed: pl.DataFrame, events: pl.DataFrame, days: int) -> float:
    """Share of closures (without moved and in error, mature by the last day) with an event in so many days after."""
    mature = closed.filter(
        ~col("end_reason").is_in(["MOVED", "ERROR"]), col("end_date") <= UNTIL - timedelta(days=365)
    ).select("episode_id", "family_id", "end_date")
    after = (col("date") - col("end_date")).dt.total_days()
    return (
        mature.join(events, on="family_id").filter(after.is_between(1, days))["episode_id"].n_unique() / mature.height
    )


def test_families_that_come_back_and_that_go_to_social_care(county, closed):
    again = county["episode"].select("family_id", col("start_date").alias("date"))
    referred = county["referral"].select("family_id", "date")
    assert 0.12 < followed(closed, again, 365) < 0.15
    assert 0.04 < followed(closed, referred, 183) < 0.07
    assert 0.08 < followed(closed, referred, 365) < 0.12


def test_referrals_to_social_care(county):
    referrals = county["referral"].sort("family_id", "date")
    assert 8_000 < referrals.height / 6 < 10_000
    assert 0.17 < referrals["no_further_action"].mean() < 0.22
    gap = (col("date") - col("date").shift(1).over("family_id")).dt.total_days()
    later = referrals.with_columns(gap.alias("gap")).filter(col("date") >= date(2022, 1, 1))
    assert 0.21 < (later["gap"] <= 365).fill_null(False).mean() < 0.27


def test_steps_down_are_taken_up_four_times_in_five(county):
    handed = county["referral"].filter(col("to_early_help"), col("close_date") <= UNTIL - timedelta(days=28))
    begun = county["episode"].select("family_id", "start_date")
    wait = (col("start_date") - col("close_date")).dt.total_days()
    taken = handed.join(begun, on="family_id").filter(wait.is_between(0, 28))["referral_id"].n_unique()
    assert 0.74 < taken / handed.height < 0.86
    assert (handed["close_reason"] == "RC9").all()


def test_every_step_up_to_social_care_is_a_closure_with_its_referral(county, closed):
    up = county["step_event"].filter(col("direction") == "up", col("to_level") == 4)
    assert sorted(up["episode_id"]) == sorted(closed.filter(col("end_reason") == "STEP_UP")["episode_id"])
    made = up.join(county["referral"].select("referral_id", referred="date"), on="referral_id")
    assert made.height == up.height
    down = county["step_event"].filter(col("direction") == "down", col("from_level") == 4)
    assert down["referral_id"].null_count() == 0
    assert 0.8 < down["accepted_date"].count() / down.height < 0.95


def test_a_level_at_a_review_lies_between_that_at_the_start_and_that_at_the_end(county, closed):
    both = county["review"].join(closed.select("episode_id", "level_at_start", "level_at_end"), on="episode_id")
    both = both.drop_nulls(["level_after", "level_at_start"])
    low = both.select(pl.min_horizontal("level_at_start", "level_at_end"))[:, 0]
    high = both.select(pl.max_horizontal("level_at_start", "level_at_end"))[:, 0]
    assert both["level_after"].is_between(low, high).all()
    assert (both["level_after"] != both["level_at_start"]).mean() > 0.1


def test_reviews_grow_later_year_by_year_and_differ_between_agencies(county):
    leads = county["episode"].select("episode_id", "lead_agency_id", "start_date")
    due = county["review"].filter(col("due_date") <= UNTIL).join(leads, on="episode_id")
    due = due.with_columns((col("held_date") <= col("due_date")).fill_null(False).alias("on_time"))
    by_year = (
        due.filter(col("due_date") >= date(2021, 1, 1)).group_by(col("due_date").dt.year()).agg(col("on_time").mean())
    )
    shares = by_year.sort("due_date")["on_time"].to_list()
    assert shares == sorted(shares, reverse=True)
    assert 0.66 < shares[0] < 0.76 and 0.5 < shares[-1] < 0.6
    assert 0.05 < due["held_date"].null_count() / due.height < 0.13
    agencies = due.group_by("lead_agency_id").agg(col("on_time").mean(), pl.len()).filter(col("len") > 200)["on_time"]
    assert agencies.max() - agencies.min() > 0.25
    gaps = due.sort("episode_id", "due_date").select(col("due_date").diff().over("episode_id").dt.total_days())
    assert gaps["due_date"].median() == 42


def test_assessments_take_longer_every_year(county):
    done = county["assessment"].drop_nulls("complete_date")
    # Fifteen working days are three weeks, bank holidays aside.
    quick = (col("complete_date") - col("start_date")).dt.total_days() <= 21
    years = (
        done.group_by(col("start_date").dt.offset_by("-9mo").dt.year())
        .agg(quick.mean().alias("quick"))
        .sort("start_date")
    )
    assert 0.6 < years["quick"][0] < 0.7
    assert 0.45 < years["quick"][-1] < 0.55
    assert 0.08 < share(county["assessment"], "consent_status")["not_recorded"] < 0.13


def test_needs_plans_and_actions(county):
    assert 2.5 < county["need"].height / county["episode"].height < 3.1
    assert set(county["need"].group_by("outcome").len().sort("len")["outcome"][-2:]) == {1, 3}
    assert 0.88 < county["plan"]["episode_id"].n_unique() / county["episode"].height < 0.95
    due = county["plan_action"].filter(col("due_date") <= UNTIL)
    assert 0.55 < (due["done_date"] <= due["due_date"]).fill_null(False).mean() < 0.68


def test_stars_are_of_several_kinds_and_editions_and_some_are_of_no_use(county):
    stars = (
        county["reading"]
        .group_by("star_id")
        .agg(
            col("tool", "edition", "state", "completed_by", "retrospective", "agency_id", "episode_id", "date").first(),
            areas=pl.len(),
        )
    )
    assert set(stars.select("tool", "edition").unique().rows()) == {
        ("Family Star Plus", "1.1"), ("Family Star Plus", "2"), ("My Star", "1"), ("Youth Star", "2"),
    }  # fmt: skip
    parents = stars.filter(tool="Family Star Plus")
    assert parents.filter(edition="2")["date"].min() >= date(2023, 6, 1)
    assert parents.filter(edition="1.1")["date"].max() < date(2024, 7, 1)  # the last services change within a year
    assert parents["areas"].max() == 10 and 0.01 < (parents["areas"] < 10).mean() < 0.06
    assert share(stars, "completed_by") == pytest.approx({"together": 0.8, "worker": 0.14, "person": 0.06}, abs=0.03)
    assert 0.01 < (stars["state"] == "draft").mean() < 0.03
    assert 0 < stars["retrospective"].mean() < 0.05
    sizes = parents["agency_id"].value_counts()["count"]
    assert sizes.max() > 20 * sizes.min() and sizes.min() < 20


def test_outcome_readings_have_gaps_and_a_ceiling(county):
    readings = county["reading"].filter(tool="Family Star Plus")
    stars = readings.group_by("episode_id").agg(col("star_id").n_unique())["star_id"]
    assert 0.45 < (stars >= 2).mean() < 0.65 and 0.05 < (stars == 3).mean() < 0.2
    pairs = (
        readings.sort("date")
        .group_by("episode_id", "area")
        .agg(first=col("score").first(), last=col("score").last(), readings=pl.len())
    )
    assert 0.12 < (pairs["first"] >= 8).mean() < 0.25
    twice = pairs.filter(col("readings") >= 2)
    assert 0.25 < (twice["last"] > twice["first"]).mean() < 0.5
    assert 0.05 < (twice["last"] < twice["first"]).mean() < 0.22


def test_feedback_is_thin_and_content(county, closed):
    assert 0.13 < county["feedback"]["episode_id"].n_unique() / closed.height < 0.18
    assert 0.75 < (county["feedback"]["score"] >= 4).mean() < 0.88


def test_ten_forums_meet_every_month_but_august(county):
    meetings = county["forum"]
    assert meetings["forum_area"].n_unique() == 10
    assert 10 * 6 * 9.8 < meetings.height <= 10 * 6 * 11
    assert 8 not in set(meetings["date"].dt.month())
    assert 4 < county["forum_item"].height / meetings.height < 8


def test_audits_are_those_of_the_rounds_of_three_years(county):
    planned = county["audit_plan"]["planned"].sum()
    assert 11 <= county["audit_plan"]["round_id"].n_unique() <= 12
    assert 480 < planned < 620
    assert county["audit"]["round_id"].count() == planned
    shares = share(county["audit"].drop_nulls("final_grade").cast({"final_grade": pl.String}), "final_grade")
    assert 0.02 < shares["1"] < 0.09 and 0.5 < shares["3"] + shares["4"] < 0.7
    again = county["audit"].drop_nulls("parent_audit_id")
    poor = county["audit"].filter(col("final_grade") == 1)["audit_id"]
    assert again.height > 8 and again["parent_audit_id"].is_in(poor.implode()).all()
    assert county["audit"].filter(col("moderator_grade").is_not_null())["auditor_grade"].n_unique() == 4


def test_spend_is_by_quarter_and_grows(county):
    years = (
        county["spend"]
        .filter(col("date") > date(2020, 12, 31))
        .group_by(col("date").dt.year())
        .agg(col("pounds").sum())
    )
    pounds = years.sort("date")["pounds"].to_list()
    assert 8e6 < pounds[0] < 9e6
    assert pounds[:5] == sorted(pounds[:5])
    assert set(county["spend"]["date"].dt.month()) == {3, 6, 9, 12}
