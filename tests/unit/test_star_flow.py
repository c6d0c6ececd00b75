"""Flow, bounds and stage matrix: the people worked by hand, and scipy for the limits of a difference."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

from metrics import star
from metrics.cases import CASE_TABLES, empty_tables
from metrics.estimates import SCHEMA

from .star_cases import KNOWN, STARS, TWO, T, readings, value

# P9 is supported and never had a Star; P3 closed, P7 open; P10 came after the period
SUPPORTED = pl.DataFrame(
    [
        *((f"P{i}", date(2024, 1, 1), None, "S1") for i in (1, 2, 4, 5, 6, 8)),
        ("P3", date(2024, 4, 20), date(2024, 8, 1), "S2"),
        ("P7", date(2024, 6, 1), None, "S2"),
        ("P9", date(2024, 2, 1), date(2024, 5, 1), "S2"),
        ("P10", date(2025, 1, 10), None, "S2"),
    ],
    schema={"person_id": pl.String, "started": pl.Date, "closed": pl.Date, "service": pl.String},
    orient="row",
)
SERVICE = {**{f"P{i}": "S1" for i in (1, 2, 4, 5, 6, 8)}, "P3": "S2", "P7": "S2"}


def flow(stars=STARS, **options):
    return star.flow(readings(stars, service=SERVICE), TWO, known=KNOWN, **options)


def test_the_way_from_support_to_a_second_star():
    # as at 31 December 2024: 9 supported, P9 without a Star; 8 with one: 6 pairs; P3 closed, P7 (20 June) overdue
    found = flow(people=SUPPORTED, as_at=date(2024, 12, 31))
    assert found.schema == SCHEMA
    expected = {
        "flow_eligible": (9, None), "flow_with_star": (8, 9), "flow_started": (8, None), "flow_second_due": (8, 8),
        "flow_paired": (6, 8), "flow_closed_without": (1, 8), "flow_open_without": (1, 8), "flow_not_yet_due": (0, 8),
    }  # fmt: skip
    for measure, (x, n) in expected.items():
        row = found.filter(measure=measure).row(0, named=True)
        assert (measure, row["numerator"], row["denominator"]) == (measure, x, n)


def test_a_second_star_is_due_after_the_local_limit_or_at_closure():
    # as at 19 July 2024: P7's Star of 20 June is 29 days old, P3's of 1 May 79 days; both open until August
    until = (None, date(2024, 7, 19))
    found = flow(people=SUPPORTED, period=until)
    # by then: pairs P1, P4, P6, P8; alone P2 (12 April, 98 days: due), P3, P5, P7 (under 91 days, open: not due)
    counts = {m: value(found, m, column="numerator") for m in ("flow_started", "flow_second_due", "flow_paired")}
    assert counts == {"flow_started": 8, "flow_second_due": 5, "flow_paired": 4}
    assert value(found, "flow_not_yet_due", column="numerator") == 3
    closed = SUPPORTED.with_columns(closed=pl.when(person_id="P7").then(date(2024, 7, 1)).otherwise("closed"))
    assert value(flow(people=closed, period=until), "flow_second_due", column="numerator") == 6


def test_support_that_is_open_again_is_not_closed():
    again = pl.concat([SUPPORTED, SUPPORTED.filter(person_id="P3").with_columns(started=date(2024, 9, 1), closed=None)])
    assert value(flow(people=again), "flow_closed_without", column="numerator") == 0
    assert value(flow(people=again), "flow_eligible", column="numerator") == 9


def test_without_records_of_support_the_eligible_are_not_available():
    found = flow()
    for measure in ("flow_eligible", "flow_with_star"):
        row = found.filter(measure=measure).row(0, named=True)
        assert row["status"] == "x" and row["value"] is None
    assert value(found, "flow_closed_without", column="numerator") == 0
    with pytest.raises(ValueError, match="lack the column 'closed'"):
        flow(people=SUPPORTED.drop("closed"))


def test_the_bounds_hold_whatever_became_of_the_lost():
    # stages: up somewhere P1 P4 P5 P6 P8 (5 of 6), down somewhere P4 (B 4 → 3); 2 of 8 without a second Star
    found = flow()
    up = found.filter(measure="stage_up_any_bounds").row(0, named=True)
    assert (up["lower"], up["value"], up["upper"]) == pytest.approx((100 * 5 / 8, 100 * 5 / 6, 100 * 7 / 8))
    assert (up["numerator"], up["denominator"], up["n"]) == (5, 6, 8)
    down = found.filter(measure="stage_down_any_bounds").row(0, named=True)
    assert (down["lower"], down["upper"]) == pytest.approx((100 * 1 / 8, 100 * 3 / 8))
    area = found.filter(measure="stage_up_bounds", group="B").row(0, named=True)  # P1 and P6
    assert (area["lower"], area["upper"]) == pytest.approx((25, 50))
    bounds = found.filter(pl.col("measure").str.ends_with("_bounds"))
    assert bounds.select((pl.col("lower") <= pl.col("value")) & (pl.col("value") <= pl.col("upper"))).to_series().all()


def test_where_the_followed_and_the_lost_began():
    # area A: followed P1 2, P2 9, P4 6, P5 4, P6 1, P8 3; lost P3 3, P7 2
    found = flow()
    one, other = [2, 9, 6, 4, 1, 3], [3, 2]
    assert value(found, "followed_mean_first", "A") == pytest.approx(np.mean(one))
    assert value(found, "lost_mean_first", "A") == pytest.approx(2.5)
    gap = found.filter(measure="baseline_gap", group="A").row(0, named=True)
    welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (gap["value"], gap["lower"], gap["upper"]) == pytest.approx((np.mean(one) - 2.5, *welch))


def test_the_quality_of_the_pairs():
    found = flow()
    # P4's latest and P5's first by the worker alone; P6's first in retrospect; P8 across editions
    counts = {m: value(found, m, column="numerator") for m in ("worker_only", "retrospective", "editions_pooled")}
    assert counts == {"worker_only": 2, "retrospective": 1, "editions_pooled": 1}
    # days: P1 174, P2 171, P4 213, P5 163, P6 135, P8 519
    days = found.filter(measure="days_between").row(0, named=True)
    assert (days["lower"], days["value"], days["upper"]) == pytest.approx((165, 172.5, 203.25))
    moved = readings(service=SERVICE).with_columns(
        service=pl.when(pl.col("date") == date(2024, 12, 1)).then(pl.lit("S9")).otherwise("service")
    )
    changed = star.flow(moved, TWO, known=KNOWN)
    assert value(changed, "services_changed", column="numerator") == 1
    assert value(found, "excluded_person_only") == 1 and value(found, "excluded_incomplete") == 1


def test_the_flow_by_service_sums_to_the_whole():
    found = flow(people=SUPPORTED, by="service")
    whole = flow(people=SUPPORTED)
    for measure in ("flow_eligible", "flow_started", "flow_second_due", "flow_paired", "stage_up_any_bounds"):
        assert found.filter(measure=measure)["numerator"].sum() == value(whole, measure, column="numerator")
    assert value(found, "flow_paired", "S2", "numerator") == 0
    assert value(found, "lost_mean_first", "S2 × A") == pytest.approx(2.5)
    # without who was supported where, the eligible of a service are not known
    unknown = flow(people=SUPPORTED.drop("service"), by="service").filter(measure="flow_eligible")
    assert set(unknown["status"]) == {"x"}


def test_the_pairs_of_the_flow_are_those_of_the_figures():
    period = (date(2024, 10, 1), date(2025, 3, 31))
    found = star.pairs(readings(service=SERVICE), TWO, known=KNOWN, period=period)
    n = star.distance_travelled(found).filter(measure="stage_up_any")["n"].item()
    assert value(star.flow(found), "flow_paired", column="numerator") == n == 3
    # P7's only Star, of June, belongs to the period in which it was completed
    before = star.pairs(readings(), TWO, known=KNOWN, period=(date(2024, 4, 1), date(2024, 9, 30)))
    assert before.people.filter(~pl.col("paired"))["person_id"].sort().to_list() == ["P3", "P5", "P7"]


# Stage matrix --------------------------------------------------------------------------------------------------------


def test_the_stage_matrix_by_hand():
    # area A, stages first → last: P1 1 → 2, P2 5 → 5, P4 3 → 3, P5 2 → 3, P6 1 → 3, P8 2 → 4
    found = star.stage_matrix(readings(), TWO, known=KNOWN)
    assert found.schema == SCHEMA
    assert set(found["breakdown"]) == {"star_area × first_stage × last_stage"}
    area = found.filter(pl.col("group").str.starts_with("A × "))
    assert area.height == 25
    there = area.filter(pl.col("numerator") > 0)
    assert dict(there.select("group", "numerator").rows()) == {
        "A × 1 × 2": 1, "A × 1 × 3": 1, "A × 2 × 3": 1, "A × 2 × 4": 1, "A × 3 × 3": 1, "A × 5 × 5": 1,
    }  # fmt: skip
    assert value(area, "stage_matrix", "A × 1 × 3") == 50 and value(area, "stage_matrix", "A × 1 × 3", "n") == 2
    assert area.filter(group="A × 4 × 4")["status"].item() == "x"  # nobody began there


def test_the_stage_matrix_agrees_with_the_shares():
    frame = readings(service=SERVICE)
    matrix = star.stage_matrix(frame, TWO, known=KNOWN, by="service")
    parts = matrix.select(pl.col("group").str.split(" × ").list.to_struct(fields=["s", "a", "f", "l"]), "numerator")
    up = parts.unnest("group").filter(pl.col("l") > pl.col("f")).group_by("s", "a").agg(pl.col("numerator").sum())
    shares = star.distance_travelled(frame, TWO, known=KNOWN, by="service").filter(measure="stage_up")
    expected = dict(shares.select("group", "numerator").rows())
    assert {f"{s} × {a}": x for s, a, x in up.rows()} == expected


# Case tables ---------------------------------------------------------------------------------------------------------


def test_star_readings_are_taken_out_of_the_case_tables():
    def rows(name, *given):
        return pl.DataFrame(list(given), schema=CASE_TABLES[name].schema)

    reading = {"tool": "Teen Star", "edition": None, "date": date(2024, 5, 1), "episode_id": "E1", "person_id": "C1"}
    areas = [{**reading, "reading_id": f"R{i}", "area": f"area_{i}", "score": 3.0} for i in range(1, 7)]
    other = {**reading, "reading_id": "R9", "tool": "Strengths and Difficulties", "area": "total", "score": 12.0}
    later = [{**r, "reading_id": f"L{i}", "date": date(2024, 9, 1), "score": 4.0} for i, r in enumerate(areas)]
    tables = {
        **empty_tables(),
        "reading": rows("reading", *areas, *later, other),
        "episode": rows("episode", {"episode_id": "E1", "family_id": "F1", "lead_agency_id": "A1", "start_date": None}),
        "person": rows("person", {"person_id": "C1", "family_id": "F1"}),
        "family": rows("family", {"family_id": "F1", "lsoa": "L1"}),
        "agency": rows("agency", {"agency_id": "A1", "name": "One", "agency_type": "school"}),
    }
    places = pl.DataFrame({"lsoa": ["L1"], "forum_area": ["NF01"]})
    found = star.from_cases(tables, places).collect()
    assert found.schema == star.READINGS and found.height == 12 and found["star_id"].n_unique() == 2
    about = ["person_id", "family_id", "star", "edition", "service", "forum_area", "agency_type"]
    assert found.select(about).unique().rows() == [("C1", "F1", "teen_star", "1", "A1", "NF01", "school")]
    pairs = star.pairs(found, "teen_star/1")
    assert value(star.distance_travelled(pairs, by="agency_type"), "stage_up", "school × area_2", "numerator") == 1


def test_who_has_no_known_family_is_a_family_of_their_own():
    stars = [("P1", date(2024, m, 1), False, T, "final", "2", m, m, m) for m in (1, 3)]
    frame = readings(stars, family={"P1": None})
    assert star.pairs(frame, TWO, known=KNOWN).people["family_id"].to_list() == ["P1"]
