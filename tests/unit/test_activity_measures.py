"""What is asked of the measures and how they answer: splits, periods, intervals, status, rules, restated figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from metrics.activity import BY, activity_rules, immature, measures, overdue, prepare, restated
from metrics.activity.audits import kappa
from metrics.cases import AGENCY_TYPES
from metrics.estimates import SCHEMA
from tests.unit.families import AS_AT, episode, frame, places, tables


@pytest.fixture(scope="module")
def prepared():
    return prepare(tables(), places())


def one(found: pl.DataFrame, measure: str, period: str, group: str = "all") -> dict[str, object]:
    return found.filter(measure=measure, period=period, group=group).row(0, named=True)


def test_it_is_an_estimates_frame_in_order(prepared):
    found = measures(prepared, as_at=AS_AT)
    assert found.schema == SCHEMA
    assert found.sort("measure", "group", "period_end").height == found.unique(["measure", "group", "period"]).height
    by_time = found.filter(measure="M07_open")["period_end"]
    assert by_time.is_sorted()
    assert set(found["breakdown"]) == set(found["group"]) == {"all"}


def test_periods_are_named_and_the_last_is_provisional(prepared):
    labels = {
        period: measures(prepared, as_at=date(2025, 5, 15), period=period, measures=["M07_open"])
        .filter(pl.col("period_end") > date(2024, 12, 31))
        .select("period", "period_end", "status")
        .rows()
        for period in ("month", "quarter", "year")
    }
    assert labels["month"][-2:] == [
        ("2025-04", date(2025, 4, 30), "ok"),
        ("2025-05", date(2025, 5, 31), "provisional"),
    ]
    assert labels["quarter"] == [
        ("2024/25 Q4", date(2025, 3, 31), "ok"),
        ("2025/26 Q1", date(2025, 6, 30), "provisional"),
    ]
    assert labels["year"] == [("2024/25", date(2025, 3, 31), "ok"), ("2025/26", date(2026, 3, 31), "provisional")]


def test_the_last_day_of_a_period_ends_it(prepared):
    assert (
        one(measures(prepared, as_at=date(2025, 5, 31), measures=["M07_open"]), "M07_open", "2025-05")["status"] == "ok"
    )


def test_intervals_come_with_their_kind(prepared):
    found = measures(prepared, as_at=AS_AT, period="year")
    share = one(found, "M10", "2023/24")
    low, high = proportion_confint(share["numerator"], share["denominator"], method="wilson")
    assert (share["lower"], share["upper"]) == pytest.approx((100 * low, 100 * high))
    assert share["value"] == pytest.approx(100 * share["numerator"] / share["denominator"])
    assert share["n"] == share["denominator"]
    count = one(found, "M01_count", "2024/25")
    x = count["value"]
    assert x == count["n"] < 10
    assert (count["lower"], count["upper"]) == pytest.approx(
        (stats.chi2.ppf(0.025, 2 * x) / 2, stats.chi2.ppf(0.975, 2 * x + 2) / 2)
    )
    assert one(found, "M07", "2023/24")["lower"] is None
    assert one(found, "M29", "2024/25")["n"] is None  # cells are no people


def test_nothing_to_count_is_no_percentage(prepared):
    row = one(measures(prepared, as_at=AS_AT, by="forum_area"), "M10", "2023-12", "moved away")
    assert (row["numerator"], row["denominator"], row["value"], row["status"]) == (0, 0, None, "z")


def test_a_lead_professional_counts_once_also_where_the_area_is_not_known():
    """Two families without a small area, both open at the end of May, with the same professional: two for one."""
    rows = [episode(n, "2024-05-02", lead_worker_id="W", lsoa=None) for n in ("1", "2")]
    placed = prepare({"episode": frame("episode", rows)}, pl.DataFrame({"lsoa": ["L"], "forum_area": ["F"]}))
    row = one(measures(placed, as_at=AS_AT, by="forum_area", measures=["M07"]), "M07", "2024-05", "not recorded")
    assert (row["numerator"], row["denominator"]) == (2, 1)


def test_the_middle_length_and_its_limits():
    """Eleven closures of 1 to 11 days: the middle is 6. Binomial(11, ½): P(X ≤ 1) = 12/2048 = 0.006, P(X ≤ 2) = 0.033.

    So the second shortest and second longest hold the median with 98.8%, the third and ninth only with 93.5%.
    """
    rows = [episode(str(n), "2024-07-01", f"2024-07-{n + 1:02d}", "NEEDS_MET") for n in range(1, 12)]
    row = one(measures({"episode": frame("episode", rows)}, as_at=AS_AT, measures=["M08"]), "M08", "2024-07")
    assert (row["value"], row["lower"], row["upper"], row["n"]) == (6, 2, 10, 11)
    few = measures({"episode": frame("episode", rows[:4])}, as_at=AS_AT, measures=["M08"])
    assert one(few, "M08", "2024-07")["value"] == 2.5
    assert one(few, "M08", "2024-07")["lower"] is None  # four lengths cannot hold it with 95%


def test_mean_change_has_student_limits(prepared):
    row = one(measures(prepared, as_at=AS_AT, measures=["M26"]), "M26_change", "2024-08")
    change = [2.0, 1.0, -1.0, 1.0]
    low, high = stats.t.interval(0.95, 3, np.mean(change), stats.sem(change))
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((0.75, low, high))


def test_rate_for_children_under_18():
    rows = [{"assessment_id": str(n), "start_date": "2024-05-02", "agency_id": "A", "lsoa": "L"} for n in range(12)]
    population = pl.DataFrame(
        {"area": ["F", "F", "C", "G"], "level": ["forum_area", "forum_area", "county", "forum_area"],
         "people": [4_000, 5_000, 40_000, 9], "year": [2023, 2024, 2024, 2024]}
    )  # fmt: skip
    known = prepare(
        {"assessment": frame("assessment", rows), "population": population},
        pl.DataFrame({"lsoa": ["L"], "forum_area": ["F"]}),
    )
    area = one(measures(known, as_at=AS_AT, by="forum_area", measures=["M01"]), "M01", "2024-05", "F")
    assert (area["numerator"], area["denominator"], area["value"]) == (12, 5_000, 24)
    # Byar, as worked out from its formula for 12: 12(1 − 1/108 − 1.959964/(3√12))³ = 6.194, 13(1 − 1/117 + …)³ = 20.963
    assert (area["lower"], area["upper"]) == pytest.approx((12.39, 41.93), abs=0.02)
    year_before = (
        measures(known, as_at=AS_AT, by="forum_area", measures=["M01"]).filter(period="2025-09").row(0, named=True)
    )
    assert year_before["denominator"] == 5_000  # the newest known
    assert one(measures(known, as_at=AS_AT, measures=["M01"]), "M01", "2024-05")["value"] == 3
    without = prepare({"assessment": frame("assessment", rows)})
    assert one(measures(without, as_at=AS_AT, measures=["M01"]), "M01", "2024-05")["status"] == "x"
    assert one(measures(without, as_at=AS_AT, measures=["M01"]), "M01_count", "2024-05")["value"] == 12


def audits() -> dict[str, pl.DataFrame]:
    """Stratum a: 60 cases, 3 audits, 2 good. b: 40 cases, 2 audits, 1 good; a third done in July, a fourth a repeat."""
    done = [("a", 4), ("a", 3), ("a", 2), ("b", 3), ("b", 1)]
    rows = [
        {"audit_id": f"{n}", "round_id": "R", "stratum": s, "completed_date": "2024-06-20", "final_grade": g}
        for n, (s, g) in enumerate(done)
    ]
    rows.append({"audit_id": "L", "round_id": "R", "stratum": "b", "completed_date": "2024-07-02", "final_grade": 4})
    rows.append(rows[4] | {"audit_id": "P", "parent_audit_id": "4", "final_grade": 4})
    plan = [
        {"round_id": "R", "stratum": "a", "due_date": "2024-06-28", "frame_size": 60, "planned": 2},
        {"round_id": "R", "stratum": "b", "due_date": "2024-06-28", "frame_size": 40, "planned": 3},
    ]
    return {"audit": frame("audit", rows), "audit_plan": frame("audit_plan", plan)}


def test_audit_coverage_counts_in_each_stratum_no_more_than_planned():
    row = one(measures(audits(), as_at=AS_AT, measures=["M20"]), "M20", "2024-06")
    assert (row["numerator"], row["denominator"]) == (2 + 2, 2 + 3)


def test_audits_weighted_to_all_cases():
    """0.6 × 2/3 + 0.4 × 1/2 = 0.6. Variance: 0.36 × (1 − 3/60) × (2/9)/2 + 0.16 × (1 − 2/40) × (1/4)/1 = 0.076."""
    row = one(measures(audits(), as_at=AS_AT, measures=["M19"]), "M19_weighted", "2024-06")
    assert row["value"] == pytest.approx(60)
    assert row["upper"] - row["value"] == pytest.approx(min(40, 195.9964 * np.sqrt(0.076)), abs=0.01)
    assert row["lower"] == pytest.approx(100 * (0.6 - 1.959964 * np.sqrt(0.076)), abs=0.01)
    plain = one(measures(audits(), as_at=AS_AT, measures=["M19"]), "M19", "2024-06")
    assert (plain["numerator"], plain["denominator"]) == (3, 5)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_statsmodels(seed):
    table = np.random.default_rng(seed).poisson(4 + 12 * np.eye(4))
    cells = {f"c{a + 1}{b + 1}": [int(table[a, b])] for a in range(4) for b in range(4)}
    row = kappa("M21_kappa", pl.DataFrame({"g": ["all"], "p": [0], "n": [int(table.sum())], **cells}), least=20)
    theirs = cohens_kappa(table, wt="quadratic")
    assert row["value"].item() == pytest.approx(theirs.kappa)
    assert row["lower"].item() == pytest.approx(theirs.kappa_low)
    assert row["upper"].item() == pytest.approx(min(theirs.kappa_upp, 1))


def test_few_pairs_have_no_kappa(prepared):
    row = one(measures(prepared, as_at=AS_AT, measures=["M21"]), "M21_kappa", "2024-06")
    assert (row["value"], row["status"], row["n"]) == (None, "low", 3)


def test_cost_counts_each_family_once():
    """One family with two overlapping episodes and one with one; £4,500 in March 2024. In May nobody is open."""
    rows = [
        episode("1", "2024-01-10", "2024-03-20", "NEEDS_MET", family_id="F", lead_agency_id="A"),
        episode("2", "2024-03-01", "2024-04-02", "PARTIAL", family_id="F", lead_agency_id="A"),
        episode("3", "2024-03-31", "2024-03-31", "NEEDS_MET", family_id="G", lead_agency_id="B"),
    ]
    spend = [
        {"spend_id": "1", "agency_id": "A", "date": "2024-03-31", "pounds": 4_000.0},
        {"spend_id": "2", "agency_id": "B", "date": "2024-03-31", "pounds": 500.0},
        {"spend_id": "3", "agency_id": "A", "date": "2024-05-31", "pounds": 10.0},
    ]
    cases = {"episode": frame("episode", rows), "spend": frame("spend", spend)}
    whole = measures(cases, as_at=AS_AT, measures=["M30"])
    assert one(whole, "M30", "2024-03")["value"] == 2_250
    assert one(whole, "M30_closed", "2024-03")["value"] == 2_250
    assert (one(whole, "M30", "2024-05")["value"], one(whole, "M30", "2024-05")["status"]) == (None, "z")
    split = measures(cases, as_at=AS_AT, measures=["M30"], by="agency")
    assert [one(split, "M30", "2024-03", a)["value"] for a in "AB"] == [4_000, 500]


def test_shares_of_agencies(prepared):
    whole = measures(prepared, as_at=AS_AT, measures=["M18"])
    types = {m.removeprefix("M18_") for m in whole["measure"].unique()}
    assert types == set(AGENCY_TYPES)
    assert whole.filter(period="2024-04")["value"].sum() == pytest.approx(100)
    by_type = measures(prepared, as_at=AS_AT, measures=["M18"], by="agency_type")
    row = one(by_type, "M18", "2024-04", "school")
    assert (row["numerator"], row["denominator"]) == (2, 3)
    crossed = measures(prepared, as_at=AS_AT, measures=["M18"], by=["forum_area", "agency"])
    row = one(crossed, "M18", "2024-04", "closed on a bank holiday × A2")
    assert (row["numerator"], row["denominator"]) == (1, 3)


def test_a_measure_that_cannot_be_split_so_is_left_out(prepared):
    found = set(measures(prepared, as_at=AS_AT, by="level")["measure"])
    assert not found & {"M01", "M16", "M17", "M20", "M28", "M30"}
    assert {"M02", "M10", "M18_school"} <= found


@pytest.mark.parametrize("by", BY)
def test_a_split_names_its_groups(prepared, by):
    found = measures(prepared, as_at=AS_AT, by=by, measures=["M07_open", "M10"])
    assert set(found["breakdown"]) == {by}
    assert not found["group"].is_null().any()


def test_level_age_and_agency_come_from_the_episode():
    people = [
        {"person_id": "young", "family_id": "F", "role": "child", "birth_month": "2021-03-01"},
        {"person_id": "old", "family_id": "F", "role": "child", "birth_month": "2010-03-01"},
        {"person_id": "later", "family_id": "F", "role": "child", "birth_month": "2024-06-01"},
        {"person_id": "parent", "family_id": "F", "role": "parent", "birth_month": "1985-03-01"},
    ]
    rows = [
        episode("1", "2024-03-04", family_id="F", level_at_start=3, lead_agency_id="A1"),  # the youngest born: 3 years
        episode("2", "2024-02-05", family_id=None, person_id="old", lead_agency_id="A9"),  # names the child: 13 years
        episode("3", "2024-05-05", family_id=None, person_id="later"),  # not yet born
    ]
    cases = tables() | {"episode": frame("episode", rows), "person": frame("person", people)}
    known = prepare({n: cases[n] for n in ("episode", "person", "agency")})
    found = known["episode"].sort("episode_id")
    assert found["age_band"].to_list() == ["1 to 4", "10 to 15", "not yet born"]
    assert found["level"].to_list() == ["3", None, None]
    assert found["agency_type"].to_list() == ["school", None, None]
    assert found["kin"].to_list() == ["F", "F", "F"]
    by_level = measures(known, as_at=AS_AT, by="level", measures=["M07_open"])
    assert one(by_level, "M07_open", "2024-05", "not recorded")["value"] == 2


def test_rules_can_be_another_councils(prepared):
    ten = measures(prepared, as_at=AS_AT, measures=["M02"], rules=replace(activity_rules(), assessment_working_days=16))
    assert one(ten, "M02", "2024-05")["numerator"] == 2
    assert one(measures(prepared, as_at=AS_AT, measures=["M02"]), "M02", "2024-05")["numerator"] == 1


def test_those_not_yet_followed_up_are_counted(prepared):
    found = immature(prepared, as_at=AS_AT, by="forum_area", measures=["M14"])
    assert found.filter(group="not yet followed up", period="2024-09").row(0)[-2:] == (1, 0)
    assert found.filter(group="not yet followed up", period="2024-10").row(0)[-2:] == (0, 1)
    provisional = measures(prepared, as_at=AS_AT, measures=["M14"])
    assert one(provisional, "M14", "2024-08")["status"] == "ok"
    later = measures(prepared, as_at=date(2025, 9, 29), measures=["M13_12"])
    assert one(later, "M13_12", "2023-10")["status"] == "ok"
    assert set(later.filter(pl.col("period_end") > date(2024, 9, 30))["status"]) <= {"provisional", "z"}


def test_the_list_of_those_overdue(prepared):
    day = date(2024, 5, 31)
    found = overdue(prepared, as_at=day)
    assert found["assessment_id"].to_list() == ["H3"]
    # working days after 12 April to 31 May: 12 in April (15th to 30th), 21 in May (23 weekdays less the 6th and 27th)
    assert found["working_days"].to_list() == [33]
    assert one(measures(prepared, as_at=day, measures=["M03"]), "M03", "2024-05")["numerator"] == 1
    assert overdue(prepared, as_at=date(2024, 6, 30)).is_empty()  # its episode has closed
    assert overdue({}, as_at=day).is_empty()


def test_a_figure_that_changed_since_it_was_kept_is_marked(prepared):
    now = measures(prepared, as_at=AS_AT, measures=["M07_open", "M10"])
    kept = now.with_columns(
        pl.when((pl.col("measure") == "M07_open") & (pl.col("period") == "2024-03"))
        .then(pl.col("value") + 2)
        .otherwise(pl.col("value"))
        .alias("value"),
        taken_on=pl.lit(date(2025, 8, 31)),
    )
    older = kept.with_columns(value=pl.col("value") + 5, taken_on=pl.lit(date(2025, 7, 31)))
    marked = restated(now, pl.concat([kept, older])).filter(pl.col("previous_value").is_not_null())
    assert marked.select("measure", "period").rows() == [("M07_open", "2024-03")]
    assert marked["previous_value"].item() == marked["value"].item() + 2
    # what was provisional is not held against it
    unripe = kept.with_columns(value=pl.col("value") + 1, status=pl.lit("provisional"))
    assert restated(now, unripe)["previous_value"].is_null().all()
    assert restated(now, now.clear())["previous_value"].is_null().all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"period": "week"}, "A period is one of month, quarter, year"),
        ({"by": "colour"}, "not by colour"),
        ({"by": ["level", "agency", "ward"]}, "one or two columns"),
        ({"measures": ["M77"]}, "There is no measure M77"),
    ],
)
def test_what_is_not_known_is_refused(prepared, asked, said):
    with pytest.raises(ValueError, match=said):
        measures(prepared, as_at=AS_AT, **asked)


def test_a_split_by_area_needs_the_places():
    with pytest.raises(ValueError, match="prepare the tables with the places"):
        measures(tables(), as_at=AS_AT, by="ward")


def test_without_records_there_are_no_figures():
    from metrics.cases import empty_tables

    assert measures({}, as_at=AS_AT).is_empty()
    assert measures(empty_tables(), as_at=AS_AT).is_empty()
    assert measures(empty_tables(), as_at=AS_AT, by="agency").schema == SCHEMA
    assert immature({}, as_at=AS_AT).is_empty()
