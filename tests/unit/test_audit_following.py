"""Weaknesses, the p-chart, actions, re-audits, feedback, derived questions and the frozen frame: worked by hand."""

from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from metrics import audit
from metrics.cases import CASE_TABLES, empty_tables
from metrics.estimates import SCHEMA

ONE, TWO = audit.templates()["eha/1"], audit.templates()["eha/2"]
AS_AT = date(2026, 6, 30)


def rows(name, *given):
    """Rows of a case table, from dictionaries; what is not given is empty."""
    columns = CASE_TABLES[name].columns
    made = [{c: g.get(c) for c in columns} for g in given]
    return pl.DataFrame(made, schema=columns, orient="row")


def by_measure(frame):
    assert frame.schema == SCHEMA
    return {row["measure"]: row for row in frame.iter_rows(named=True)}


# weaknesses


def said(**counts):
    """`N1="yes yes no"`: an audit each."""
    made = [(f"Q{n}", q, a) for q, text in counts.items() for n, a in enumerate(text.split())]
    return pl.DataFrame(made, schema=["audit_id", "question", "answer"], orient="row")


def test_weaknesses_are_ranked_with_intervals():
    found = audit.weaknesses(
        said(
            N1="yes yes no yes", O2="no partly yes not_applicable", H4="4 3 1 2", M5="words no no no", O1="partly yes"
        ),
        ONE,
    )
    # H4: 0 + 1/3 + 1 + 2/3 of 4; O2: 1.5 of 3; N1: 1 of 4; O1: .5 of 2; equal ones in the order of the template
    expected = [("N1", 1.0, 4), ("O1", 0.5, 2), ("H4", 2.0, 4), ("O2", 1.5, 3)]
    assert found.select("group", "numerator", "n").rows() == [expected[n] for n in (2, 3, 0, 1)]
    assert found["value"].to_list() == pytest.approx([50, 50, 25, 25])
    row = found.filter(group="N1").row(0, named=True)
    assert (row["lower"], row["upper"]) == pytest.approx([100 * x for x in proportion_confint(1, 4, method="wilson")])


def test_three_to_fix_are_the_surest_and_still_asked():
    answers = said(
        O2="no " * 8 + "yes " * 4, O3="no " * 5 + "yes " * 5, N1="no " * 6 + "yes " * 4, O1="no no no", M4="no " * 30
    )
    found = audit.weaknesses(answers, [ONE, TWO])
    assert found["group"][0] in ("O1", "M4")
    three = audit.three_to_fix(found, TWO)
    assert three["question"].to_list() == ["O2", "N1", "O3"]  # M4 is asked no more, O1 has three answers
    assert three["text"][1] == TWO.question("N1").text and three["gate"].to_list() == [0, 1, 0]
    assert audit.three_to_fix(found, ONE)["question"].to_list() == ["M4", "O2", "N1"]


def test_a_question_of_no_version_is_refused():
    with pytest.raises(audit.TemplateError, match="has a question Z9"):
        audit.weaknesses(said(Z9="no"), [ONE, TWO])
    assert audit.weaknesses(said(N1=""), ONE).is_empty()


# the p-chart


def quarters(good, n):
    ends = [date(2024, 1, 1) + timedelta(days=91 * i) for i in range(len(good))]
    return pl.DataFrame({"period_end": ends, "good": good, "n": n})


def test_p_chart_limits_by_the_textbook():
    """D. C. Montgomery, Introduction to Statistical Quality Control, example 7.1: 30 samples of 50, 347 in all:
    mean .2313, limits .0524 and .4102; samples 15 and 23 lie beyond."""
    cans = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
    chart = audit.p_chart(quarters(cans, [50] * 30))
    assert sum(cans) == 347
    assert (chart["mean"][0], chart["lower"][0], chart["upper"][0]) == pytest.approx((23.13, 5.24, 41.02), abs=0.01)
    signals = [i + 1 for i, s in enumerate(chart["signal"]) if s]
    assert signals == [15, 23] and chart["signal"][14] == "beyond the limits"


def test_p_chart_limits_follow_the_number_of_audits():
    chart = audit.p_chart(quarters([20, 25, 30, 20, 10, 40, 22, 21], [40, 50, 60, 40, 20, 80, 44, 42]))
    p = 188 / 376
    for n, low in zip(chart["n"], chart["lower"], strict=True):
        assert low == pytest.approx(100 * max(0, p - 3 * (p * (1 - p) / n) ** 0.5))


def test_p_chart_runs_gaps_and_too_few_points():
    run = audit.p_chart(quarters([10] * 3 + [30] * 7 + [10] * 4, [40] * 14))
    assert [i for i, s in enumerate(run["signal"]) if s and "one side" in s] == [9]
    gap = audit.p_chart(quarters([20, 0] + [20] * 8, [40, 0] + [40] * 8))
    assert gap.row(1, named=True) | {"value": None, "mean": None, "lower": None} == gap.row(1, named=True)
    few = audit.p_chart(quarters([20] * 7, [40] * 7))
    assert few["value"].to_list() == [50] * 7 and few["mean"].null_count() == 7 and few["signal"].null_count() == 7


# actions and re-audits


def test_actions_on_time_verified_and_overdue():
    actions = pl.DataFrame(
        [
            (date(2026, 5, 1), date(2026, 5, 1), date(2026, 5, 9)),  # on its day
            (date(2026, 5, 1), date(2026, 5, 2), None),  # a day late
            (date(2026, 6, 30), None, None),  # due today: not overdue yet
            (date(2026, 6, 29), None, None),  # overdue
            (date(2026, 8, 1), date(2026, 6, 1), date(2026, 7, 2)),  # done early; verified after today
            (date(2026, 8, 1), date(2026, 7, 1), None),  # done after today
        ],
        schema={"due_date": pl.Date, "done_date": pl.Date, "verified_date": pl.Date},
        orient="row",
    )
    made = by_measure(audit.actions_done(actions, as_at=AS_AT))
    assert (made["audit_actions_on_time"]["numerator"], made["audit_actions_on_time"]["denominator"]) == (1, 4)
    assert (made["audit_actions_verified"]["numerator"], made["audit_actions_verified"]["denominator"]) == (1, 3)
    assert made["audit_actions_overdue"]["value"] == 1
    assert made["audit_actions_on_time"]["value"] == 25
    assert by_measure(audit.actions_done(actions.clear(), as_at=AS_AT))["audit_actions_on_time"]["status"] == "x"


def inadequate():
    return rows(
        "audit",
        {"audit_id": "q1", "completed_date": date(2026, 4, 1), "final_grade": 1},  # 90 days later: 30 June
        {"audit_id": "q2", "completed_date": date(2026, 3, 1), "final_grade": 1},
        {"audit_id": "q3", "completed_date": date(2026, 1, 1), "final_grade": 1},
        {"audit_id": "q4", "completed_date": date(2026, 6, 1), "final_grade": 1},
        {"audit_id": "q5", "completed_date": date(2026, 1, 1), "final_grade": 2},
        {"audit_id": "r2", "completed_date": date(2026, 5, 30), "final_grade": 2, "parent_audit_id": "q2"},
        {"audit_id": "r3", "completed_date": date(2026, 4, 2), "final_grade": 3, "parent_audit_id": "q3"},
    )


def test_inadequate_audits_are_repeated_within_ninety_days():
    actions = rows("audit_action", {"action_id": "y", "audit_id": "q1", "due_date": AS_AT})
    made = by_measure(audit.actions_done(actions, inadequate(), as_at=AS_AT))["audit_repeated"]
    assert (made["numerator"], made["denominator"]) == (1, 3)  # q2 on the 90th day; q3 a day late; q1 not
    later = by_measure(audit.actions_done(actions, inadequate(), as_at=AS_AT - timedelta(days=1)))["audit_repeated"]
    assert (later["numerator"], later["denominator"]) == (1, 2)


def test_what_inadequate_audits_are_owed():
    actions = rows("audit_action", {"action_id": "y", "audit_id": "q1", "due_date": AS_AT})
    owed = audit.follow_up(inadequate(), actions, as_at=AS_AT + timedelta(days=1))
    assert owed.rows() == [
        ("q1", False, date(2026, 6, 30), True),
        ("q2", True, None, False),
        ("q3", True, None, False),
        ("q4", True, date(2026, 8, 30), False),
    ]


def test_record_quality_beside_what_families_say():
    audits = rows(
        "audit",
        {"audit_id": "1", "episode_id": "e1", "final_grade": 4},
        {"audit_id": "2", "episode_id": "e2", "final_grade": 3},
        {"audit_id": "3", "episode_id": "e3", "final_grade": 1},
        {"audit_id": "4", "episode_id": "e4", "final_grade": 2},
        {"audit_id": "5", "episode_id": "e3", "final_grade": 4, "parent_audit_id": "3"},
    )
    scores = [
        ("e1", "child", 5),
        ("e1", "parent", 3),
        ("e2", "parent", 3),
        ("e2", "professional", 5),
        ("e3", "parent", 4),
    ]
    feedback = rows(
        "feedback",
        *({"feedback_id": str(n), "episode_id": e, "date": AS_AT, "respondent": r, "score": s}
          for n, (e, r, s) in enumerate(scores)),
    )  # fmt: skip
    made = audit.quality_and_feedback(audits, feedback)
    assert made.select("group", "numerator", "denominator").rows() == [("good or better", 1, 2), ("below good", 1, 1)]


# derived questions


def county(**tables):
    base = {
        "agency": [{"agency_id": "A1", "name": "School", "agency_type": "school"}],
        "family": [{"family_id": "F", "lsoa": "L1"}],
        "episode": [{"episode_id": "E", "family_id": "F", "start_date": date(2025, 4, 1), "level_at_start": 2}],
        "assessment": [
            {"assessment_id": "S", "episode_id": "E", "family_id": "F", "agency_id": "A1",
             "start_date": date(2026, 3, 30), "complete_date": date(2026, 4, 22)}
        ],
    }  # fmt: skip
    return empty_tables() | {name: rows(name, *given) for name, given in (base | tables).items()}


def answered(tables, as_at=AS_AT):
    found = audit.derived(tables, ["S"], as_at=as_at)
    assert found.schema == audit.DERIVED
    assert all(s.startswith(f"From the case system as at {as_at.day} {as_at:%B %Y}: ") for s in found["source"])
    return {m: (a, s.split(": ", 1)[1]) for _, m, a, s in found.rows()}


@pytest.mark.parametrize(
    ("done", "as_at", "answer", "why"),
    # 30 March to 22 April 2026: 17 weekdays after the start, without Good Friday and Easter Monday (3 and 6 April) 15
    [
        (date(2026, 4, 22), AS_AT, "yes", "finished on 22 April 2026, 15 working days of at most 15"),
        (date(2026, 4, 23), AS_AT, "no", "finished on 23 April 2026, 16 working days of at most 15"),
        (None, date(2026, 4, 23), "no", "not finished, and due by 22 April 2026 (15 working days)"),
        (None, date(2026, 4, 22), "not_applicable", "not finished yet, and not due before 22 April 2026"),
        (date(2026, 4, 22), date(2026, 4, 10), "not_applicable", "not finished yet, and not due before 22 April 2026"),
    ],
)
def test_whether_the_assessment_was_in_time(done, as_at, answer, why):
    tables = county()
    tables["assessment"] = tables["assessment"].with_columns(complete_date=pl.lit(done, pl.Date))
    assert answered(tables, as_at)["assessment_in_time"] == (answer, f"begun on 30 March 2026, {why}.")


def review(due, held=None, level=None):
    return {"review_id": str(due), "episode_id": "E", "due_date": due, "held_date": held, "level_after": level}


def test_whether_reviews_were_in_time():
    none = answered(county(review=[review(date(2026, 7, 1))]))["reviews_in_time"]
    assert none == ("not_applicable", "no review has fallen due.")
    good = [review(date(2025, 6, 1), date(2025, 6, 1)), review(date(2026, 7, 1))]
    assert answered(county(review=good))["reviews_in_time"][0] == "yes"
    late = [*good, review(date(2025, 9, 1), date(2025, 9, 2)), review(date(2026, 6, 30))]
    assert answered(county(review=late))["reviews_in_time"] == (
        "no",
        "1 of 3 reviews that fell due were held by their day; due 1 September 2025, held 2 September 2025; "
        "due 30 June 2026, not held.",
    )


def test_a_review_due_after_the_closure_falls_away():
    closed = [{"episode_id": "E", "family_id": "F", "start_date": date(2025, 4, 1), "end_date": date(2025, 8, 1)}]
    reviews = [review(date(2025, 6, 1), date(2025, 5, 30)), review(date(2025, 9, 1))]
    assert answered(county(episode=closed, review=reviews))["reviews_in_time"][0] == "yes"


def held(*levels):
    days = [date(2025, 6, 1) + timedelta(days=42 * n) for n in range(len(levels))]
    return [review(d, d, level) for d, level in zip(days, levels, strict=True)]


@pytest.mark.parametrize(
    ("tables", "as_at", "answer"),
    [
        ({}, date(2026, 3, 31), "not_applicable"),  # open for 364 days
        ({}, date(2026, 4, 1), "no"),  # for a year
        ({"review": held(2, 2)}, date(2026, 1, 1), "not_applicable"),
        ({"review": held(2, None, 2)}, date(2026, 1, 1), "no"),  # three without a change
        ({"review": held(2, 2, 3)}, date(2026, 1, 1), "not_applicable"),  # the third changed it
        ({"review": held(2, 3, 3, 3)}, date(2026, 1, 1), "not_applicable"),  # two since
        ({"review": held(2, 3, 3, 3, 3)}, date(2026, 1, 1), "no"),
    ],
)
def test_whether_the_work_drifted(tables, as_at, answer):
    assert answered(county(**tables), as_at)["drift_raised"][0] == answer


def test_drift_that_was_raised():
    forum = {
        "forum": [{"forum_id": "f", "forum_area": "EHF01", "date": date(2025, 11, 5)}],
        "forum_item": [{"item_id": "i", "forum_id": "f", "family_id": "F"}],
    }
    assert answered(county(**forum))["drift_raised"] == (
        "yes",
        "open for more than a year, since 1 April 2025; discussed at a forum on 5 November 2025.",
    )
    assert answered(county(**forum), date(2025, 11, 4))["drift_raised"][0] == "not_applicable"
    up = {
        "step_event": [{"step_id": "s", "episode_id": "E", "direction": "up", "date": date(2026, 5, 1), "to_level": 4}]
    }
    assert answered(county(**up))["drift_raised"][1].endswith("stepped up on 1 May 2026.")


def test_an_assessment_that_nobody_knows():
    with pytest.raises(ValueError, match="There is no assessment S9"):
        audit.derived(county(), ["S", "S9"], as_at=AS_AT)


def test_answers_fit_the_template():
    measures = {q.measure: q for q in ONE.questions if q.measure}
    for measure, (answer, _) in answered(county()).items():
        assert ONE.refusal(measures[measure].id, answer) == ""


# the frozen frame


def test_the_frame_is_as_it_stood_on_the_day():
    tables = county(
        episode=[
            {"episode_id": "E", "family_id": "F", "start_date": date(2026, 1, 1), "end_date": date(2026, 6, 30)},
            {"episode_id": "E2", "family_id": "F2", "start_date": date(2026, 1, 1), "end_date": date(2026, 7, 1)},
        ],
        assessment=[
            {"assessment_id": "S3", "family_id": "F3", "agency_id": "A9", "start_date": date(2026, 6, 1),
             "complete_date": date(2026, 6, 20)},
            {"assessment_id": "S1", "episode_id": "E", "family_id": "F", "agency_id": "A1",
             "start_date": date(2026, 4, 1)},
            {"assessment_id": "S2", "episode_id": "E2", "agency_id": "A1", "start_date": date(2026, 6, 30)},
            {"assessment_id": "S0", "episode_id": "E", "agency_id": "A1", "start_date": date(2026, 3, 31)},
            {"assessment_id": "S4", "episode_id": "E", "agency_id": "A1", "start_date": date(2026, 7, 1)},
        ],
    )  # fmt: skip
    places = pl.DataFrame({"lsoa": ["L1"], "forum_area": ["EHF01"]})
    made = audit.freeze(tables, as_at=AS_AT, begun=(date(2026, 4, 1), AS_AT), places=places)
    assert made.schema == audit.FRAME
    columns = ("assessment_id", "family_id", "agency_type", "forum_area", "state")
    assert made.select(columns).rows() == [
        ("S1", "F", "school", "EHF01", "closed"),
        ("S2", "F2", "school", "not recorded", "open"),
        ("S3", "F3", "not recorded", "not recorded", "closed"),
    ]
    lazy = {n: f.lazy() for n, f in tables.items()}
    assert audit.freeze(lazy, as_at=AS_AT, begun=(date(2026, 4, 1), AS_AT), places=places).equals(made)
    assert audit.freeze(tables, as_at=AS_AT, places=places)["assessment_id"].to_list() == ["S0", "S1", "S2", "S3"]


def test_a_sample_can_be_drawn_from_a_frame():
    rng = np.random.default_rng(1)
    many = [
        {"assessment_id": f"S{n}", "family_id": f"F{n}", "agency_id": "A1", "start_date": date(2026, 4, int(d))}
        for n, d in enumerate(rng.integers(1, 30, 50))
    ]
    frame = audit.freeze(
        county(assessment=many), as_at=AS_AT, places=pl.DataFrame({"lsoa": ["L1"], "forum_area": ["x"]})
    )
    drawn = audit.sampling_plan(frame, strata=("agency_type", "state"), size=10, seed=1)
    assert drawn.filter(~pl.col("replacement")).height == 10


@pytest.mark.parametrize("convert", ["duckdb", "pandas"])
def test_any_engine_gives_the_same_frame_and_answers(convert):
    tables = county(
        review=[review(date(2026, 5, 1), date(2026, 5, 2))],
        feedback=[{"feedback_id": "k", "episode_id": "E", "date": AS_AT, "respondent": "parent", "score": 5}],
    )
    connection = duckdb.connect()
    change = (lambda f: f.to_pandas()) if convert == "pandas" else (lambda f: connection.from_arrow(f.to_arrow()))
    other = {name: change(frame) for name, frame in tables.items()}
    places = pl.DataFrame({"lsoa": ["L1"], "forum_area": ["EHF01"]})
    assert audit.freeze(other, as_at=AS_AT, places=places).equals(audit.freeze(tables, as_at=AS_AT, places=places))
    assert audit.derived(other, ["S"], as_at=AS_AT).equals(audit.derived(tables, ["S"], as_at=AS_AT))
    audits = rows("audit", {"audit_id": "1", "episode_id": "E", "final_grade": 4})
    found = audit.quality_and_feedback(audits, other["feedback"])
    assert found.equals(audit.quality_and_feedback(audits, tables["feedback"])) and found["numerator"][0] == 1
    answers = said(N1="no yes", H4="2 3")
    assert audit.weaknesses(change(answers), ONE).equals(audit.weaknesses(answers, ONE))
    connection.close()
