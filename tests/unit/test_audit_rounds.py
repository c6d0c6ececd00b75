"""The invented audit rounds: drawn and graded as real ones, honest disagreement, and one truth with the case tables."""

import re
from datetime import date, timedelta

import polars as pl
import pytest
from polars import col

from metrics import audit
from metrics.activity import measures
from sample_data.invented import UNTIL, invent
from sample_data.invented.audit_rounds import invent_audits

SEED = 2026


@pytest.fixture(scope="module")
def county():
    return invent(seed=SEED)


@pytest.fixture(scope="module")
def rounds(county):
    return invent_audits(county, seed=SEED, until=UNTIL)


@pytest.fixture(scope="module")
def quarterly(rounds):
    return [r for r in rounds if r.about["kind"] == "quarterly"]


def graded(made, kind="auditor"):
    """Audits of a round with one sort of grade."""
    return made.grades.filter(kind=kind).join(made.audits, on="audit", maintain_order="left")


def test_three_years_of_rounds(rounds, quarterly):
    kinds = [r.about["kind"] for r in rounds]
    assert {k: kinds.count(k) for k in ("quarterly", "thematic", "calibration")} == {
        "quarterly": 12, "thematic": 1, "calibration": 1,
    }  # fmt: skip
    assert kinds.count("re-audit") >= 4
    assert [r.about["as_at"] for r in rounds] == sorted(r.about["as_at"] for r in rounds)
    assert [r.about["version"] for r in quarterly] == ["1"] * 8 + ["2"] * 4
    assert quarterly[-1].audits["submitted"].count() == 0 and not quarterly[-1].about["closed"]  # begun on the last day
    assert all(r.about["standing"] == "invented" for r in rounds)


def test_samples_are_those_that_the_seed_draws(quarterly):
    for made in quarterly:
        first = made.chosen.filter(~col("replacement"))
        assert first.height == 50 and first["assessment_id"].is_unique().all()
        assert set(first["assessment_id"]) <= set(made.sampled["assessment_id"])
        sizes = (
            made.sampled.group_by("stratum")
            .agg(pl.len().alias("size"))
            .join(first.group_by("stratum").agg(pl.len().alias("n"), col("weight").first()), on="stratum", how="left")
        )
        assert sizes["n"].null_count() == 0
        assert (sizes["n"] >= pl.select(pl.min_horizontal(2, sizes["size"])).to_series()).all()
        assert sizes["weight"].to_list() == pytest.approx((sizes["size"] / sizes["n"]).to_list())
    drawn = audit.sampling_plan(
        quarterly[0].sampled, strata="stratum", size=50, seed=quarterly[0].about["seed"], replacements=0.5
    )
    assert set(drawn["assessment_id"]) == set(quarterly[0].chosen["assessment_id"])


def test_no_family_is_sampled_twice_in_twelve_months(county, quarterly):
    done = pl.concat(
        [graded(r, "final").join(r.chosen.select("assessment_id", "family_id"), on="assessment_id") for r in quarterly]
    )
    pairs = done.sort("family_id", "submitted").with_columns(last=col("submitted").shift(1).over("family_id"))
    again = pairs.drop_nulls("last")
    assert again.height > 0 and ((again["submitted"] - again["last"]) > timedelta(days=365)).all()
    assert sum(r.excluded.height for r in quarterly) > 20


def test_nobody_audits_their_own_agency_and_second_auditors_are_others(rounds):
    for made in rounds:
        work = made.audits.join(made.chosen.select("assessment_id", "agency_id"), on="assessment_id")
        assert all(made.auditors[who][1] != agency for who, agency in work.select("auditor", "agency_id").rows())
        assert not made.audits.select("assessment_id", "auditor").is_duplicated().any()


def test_answers_fit_the_version_and_give_the_suggested_grades(rounds):
    for made in rounds:
        if made.answers.height:
            template = audit.templates()[f"eha/{made.about['version']}"]
            again = audit.grade(made.answers.rename({"audit": "audit_id"}), template)
            kept = dict(made.grades.filter(kind="suggested").select("audit", "grade").iter_rows())
            assert dict(again.select("audit_id", "suggested").iter_rows()) == kept
            assert made.answers.group_by("audit").len()["len"].unique().to_list() == [len(template.questions)]


def test_two_auditors_disagree_as_people_do(quarterly):
    """Published mean kappas of audits run from .32 to .70."""
    twice = [graded(r).filter(part=1).join(graded(r).filter(part=2), on="assessment_id") for r in quarterly]
    pairs = pl.concat(twice).select(first="grade", second="grade_right")
    found = dict(audit.agreement(pairs).select("measure", "value").iter_rows())
    assert pairs.height > 60
    assert 0.32 < found["audit_kappa"] < 0.7
    assert 35 < found["audit_exact"] < 65 and 80 < found["audit_within_one"] < 99


def test_gates_fail_sometimes_and_rarely_for_harm(quarterly):
    parts = [
        audit.grade(r.answers.rename({"audit": "audit_id"}), audit.templates()[f"eha/{r.about['version']}"])
        for r in quarterly[:-1]
    ]
    gates = pl.concat([p["gate_failed"] for p in parts])
    assert 0.1 < (gates == 1).mean() < 0.35
    assert 0.02 < (gates == 2).mean() < 0.09


def test_both_ends_are_moderated_and_a_share_of_the_rest(quarterly):
    first = pl.concat([graded(r).filter(part=1).with_columns(year=pl.lit(r.about["as_at"].year)) for r in quarterly])
    moderated = pl.concat([r.grades.filter(kind="moderator") for r in quarterly])
    ends = first.filter(col("grade").is_in([1, 4]))
    assert set(ends["audit"]) <= set(moderated["audit"])
    rest = first.filter(~col("grade").is_in([1, 4]))
    share = rest["audit"].is_in(moderated["audit"].implode()).mean()
    assert 0.14 < share < 0.27
    final = pl.concat([r.grades.filter(kind="final") for r in quarterly]).join(moderated, on="audit")
    assert (final["grade"] == final["grade_right"]).all()


def test_inadequate_audits_are_repeated(rounds):
    again = [r for r in rounds if r.about["kind"] == "re-audit"]
    poor = {a for r in rounds for a in r.grades.filter(kind="final", grade=1)["audit"]}
    for made in again:
        first = made.chosen.filter(~col("replacement"))
        assert set(first["parent"]) <= poor
        assert (made.audits["submitted"] > made.about["as_at"]).all()


def test_actions_follow_what_failed_and_some_are_late(rounds):
    actions = pl.concat([r.actions for r in rounds])
    answers = pl.concat([r.answers for r in rounds])
    assert actions.join(answers, on=["audit", "question"])["answer"].is_in(["no", "partly", "1", "2"]).all()
    due = actions.filter(col("due_date") <= UNTIL)
    assert 0.55 < (due["done_date"] <= due["due_date"]).fill_null(False).mean() < 0.78
    assert due["done_date"].null_count() > 10
    assert 0 < actions["verified"].sum() < actions["done_date"].count()
    assert set(actions["severity"]) == {"high", "medium", "low"}


def test_derived_answers_say_where_they_come_from(rounds):
    template = audit.templates()["eha/1"]
    asked = [q.id for q in template.questions if q.kind == "derived"]
    found = rounds[0].answers.filter(col("question").is_in(asked))
    assert found["evidence"].str.starts_with("From the case system as at 31 December 2023: ").all()


def test_the_case_tables_are_the_same_audits(county, rounds):
    first = pl.concat([r.audits.filter(part=1) for r in rounds if r.about["kind"] in ("quarterly", "re-audit")])
    assert set(county["audit"]["audit_id"]) == set(first["audit"])
    kept = county["audit"].join(first, left_on="audit_id", right_on="audit", validate="1:1")
    assert kept["completed_date"].equals(kept["submitted"].alias("completed_date"))
    final = pl.concat([r.grades.filter(kind="final") for r in rounds])
    both = county["audit"].join(final, left_on="audit_id", right_on="audit", how="left", validate="1:1")
    assert both["final_grade"].equals(both["grade"].alias("final_grade"))
    assert county["audit_answer"].join(county["audit"], on="audit_id", how="anti").is_empty()


def test_a_county_of_several_parts_audits_the_first(rounds):
    large = invent_audits(invent(seed=SEED, scale=1.05), seed=SEED, until=UNTIL)
    assert [r.chosen["assessment_id"].to_list() for r in large] == [r.chosen["assessment_id"].to_list() for r in rounds]


def test_a_small_county_and_another_seed():
    until = date(2025, 2, 17)
    small = invent_audits(invent(seed=5, scale=0.02, until=until), seed=5, until=until)
    assert {r.about["kind"] for r in small} >= {"quarterly"}
    assert all(r.audits["submitted"].drop_nulls().le(until).all() for r in small)


def test_nobody_is_named(rounds):
    names = {name for r in rounds for name, _ in r.auditors.values()}
    assert all(re.fullmatch(r"Invented auditor \d+", name) for name in names)


def test_activity_and_the_audit_say_the_same_of_a_round(county):
    """Two independent reckonings of the weighted share: the one by period of the audits due, the other by round."""
    found = measures(county, as_at=UNTIL, period="quarter", measures=["M19"]).filter(measure="M19_weighted")
    by_quarter = dict(found.select("period_end", "value").iter_rows())
    compared = 0
    for (name,), plan in county["audit_plan"].group_by("round_id"):
        row = (
            audit.estimate(county["audit"].filter(round_id=name), plan).filter(measure="audit_good").row(0, named=True)
        )
        end = plan["due_date"].dt.truncate("1q").dt.offset_by("1q").dt.offset_by("-1d")[0]
        if row["value"] is not None:
            assert row["value"] == pytest.approx(by_quarter[end])
            compared += 1
    assert compared == 11
