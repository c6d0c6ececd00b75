"""The page “Assessment quality”: design-weighted shares, what is hidden, and who sees what; the indicator it feeds."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dashboard.access import PUBLISHED, ROLES, Scope
from dashboard.answers import activity_audits, activity_shown, audit_indicator, own_indicators
from dashboard.answers import assessment_quality as answer
from dashboard.answers import assessment_quality_shown as shown
from dashboard.answers import assessment_quality_sure as sure
from dashboard.demo_audits import add_audits
from metrics.cases import CASE_TABLES
from metrics.estimates import FIGURES, conform
from tests.integration.case_pages import county, opened, records
from tests.integration.test_pages import words_of
from tests.sign_in import scope

OPEN_TO = [role for role in ROLES if "assessment_quality" in ROLES[role].pages]


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory):
    with records(tmp_path_factory.mktemp("quality"), county()) as store:
        add_audits(store, county, by="tests")
        yield store


def counted(held) -> pl.DataFrame:
    """First audits of finished quarterly rounds, straight from the store."""
    every = held.audits.audits()
    waiting = every.filter(pl.col("final_grade").is_null(), pl.col("closed_at").is_null(), part=1)["round_id"]
    done = every.filter(pl.col("final_grade").is_not_null(), kind="quarterly", part=1)
    return done.filter(~pl.col("round_id").is_in(waiting.implode()))


def test_the_share_is_weighted_by_the_design_as_worked_by_hand(held):
    # Σ over strata of N·p, over Σ N of the strata with an audit (Cochran 1977, 5.3), for one round
    first = counted(held)["round_id"].min()
    rows = counted(held).filter(round_id=first)
    quarter = "2023/24 Q3"
    by_stratum = rows.group_by("stratum").agg(p=(pl.col("final_grade") >= 3).mean(), n=pl.len())
    sizes = held.audits.strata().filter(round_id=first).join(by_stratum, on="stratum")
    share = 100 * (sizes["frame_size"] * sizes["p"]).sum() / sizes["frame_size"].sum()
    figure = shown.figures(PUBLISHED).filter(breakdown="all", measure="audit_good", period=quarter).to_dicts()
    assert figure[0]["value"] == pytest.approx(share)
    assert figure[0]["n"] == rows.height


def test_fewer_than_ten_are_not_judged_and_no_group_is_counted(held):
    figures = shown.figures(PUBLISHED)
    groups = figures.filter(pl.col("breakdown") != "all")
    assert groups.filter(status="low").height > 5
    assert groups.filter(status="low")["value"].null_count() == groups.filter(status="low").height
    for column in ("numerator", "denominator", "n"):  # nothing to take from the whole
        assert groups[column].null_count() == groups.height
    kinds = answer.quality(PUBLISHED, period="all rounds", by="agency_type").table
    assert set(kinds["Audits"]) == {"10 or more", "fewer than 10"}


def test_a_small_whole_is_hidden_and_all_rounds_with_it():
    row = {"measure": "audit_good", "breakdown": "all", "group": "all", "status": "ok", "method": "", "value": 60.0}
    frame = pl.DataFrame(
        [row | {"period": p, "n": n} for p, n in (("2024/25", 4), ("2025/26", 80), ("all rounds", 84))]
    )
    found = shown.safe(conform(frame))
    assert found["n"].to_list() == [None, 80, None]
    assert found["status"].to_list() == ["c", "ok", "c"]


@pytest.mark.parametrize("role", OPEN_TO)
def test_the_page_opens_with_words_first(role):
    at = opened("assessment_quality", role)
    said = words_of(at)
    assert re.search(r"In 2025/26 \d+% \(\d+–\d+\) of Early Help Assessments were good or better", said)
    assert "Invented records" in said
    assert "Three to fix this quarter" in said
    assert "INV-S-" not in said  # no single assessment
    assert "Invented auditor" not in said  # and nobody's name
    assert ("Which grade met which" in said) == (role == "QA manager")


@pytest.mark.parametrize("role", sorted(set(ROLES) - set(OPEN_TO)))
def test_the_page_is_closed_to_the_rest(role):
    assert [t.value for t in opened("assessment_quality", role).title] == ["This page is not open to you"]


def test_a_view_is_an_address():
    at = opened("assessment_quality", "commissioner", period="2024/25", by="forum_area")
    assert at.selectbox(key="period").value == "2024/25"
    assert "In 2024/25" in words_of(at)
    assert "Kettering" in words_of(at)


def test_weaknesses_are_of_the_newest_year_and_the_three_are_among_them(held):
    found = answer.weaknesses(PUBLISHED)
    assert found["value"].is_sorted(descending=True)
    three = answer.three_to_fix(PUBLISHED)
    assert [one["rank"] for one in three] == [1, 2, 3]
    assert three[0]["lower"] >= three[1]["lower"] >= three[2]["lower"]
    newest = counted(held).filter(pl.col("as_at") > pl.date(2025, 3, 31))
    assert found["n"].max() <= newest.height


def test_one_of_the_three_goes_into_the_action_plan(held):
    question = answer.three_to_fix(PUBLISHED)[0]["question"]
    assert "may not" in answer.try_plan(scope("data officer"), question, "Police")
    assert answer.try_plan(scope("QA manager"), question, "Police") == ""
    newest = held.plans.current().sort("action_id").to_dicts()[-1]
    assert newest["owner_agency"] == "Police"
    assert "not among the three" in answer.try_plan(scope("QA manager"), "nothing", "Police")


def test_agreement_is_that_of_the_pairs(held):
    both = held.audits.audits().filter(pl.col("kind") != "calibration").drop_nulls("moderator_grade")
    same = (both["auditor_grade"] == both["moderator_grade"]).mean() * 100
    said, table = sure.sureness(PUBLISHED)
    assert f"same grade in {same:.0f}%" in said
    assert f"of {both.height} pairs" in said
    assert table["Pairs"][0] == str(both.height)
    cells = sure.confusion_table(Scope("QA manager")).drop("Auditor").cast(pl.Int64)
    assert cells.sum_horizontal().sum() == both.height
    assert sure.confusion_table(Scope("commissioner")) is None


def test_the_indicator_has_a_row_a_year_and_no_count_to_be_taken_for_one(held):
    figures = audit_indicator.figures(PUBLISHED)
    assert set(FIGURES) <= set(figures.columns)
    assert figures["period"].to_list() == ["2023/24", "2024/25", "2025/26"]
    assert set(figures["group"]) == {"E10000021"}
    assert figures["numerator"].null_count() == 3
    assert set(figures["standing"]) == {"invented"}
    assert "Y1" in [feed.indicator for feed in own_indicators.FEEDS]


def test_activity_gets_its_tables_out_of_the_rounds(held):
    tables = activity_audits.tables(PUBLISHED)
    for name, frame in tables.items():
        assert dict(frame.schema) == dict(CASE_TABLES[name].columns)
        assert not frame.select(CASE_TABLES[name].key).is_duplicated().any()
    finished = (
        held.audits.audits()
        .filter(pl.col("submitted_at").is_not_null(), part=1)
        .filter(pl.col("kind") != "calibration")
    )
    assert tables["audit"]["completed_date"].count() == finished.height
    assert set(tables["audit_answer"]["answer"]) <= {"yes", "partly", "no", "not_applicable"}
    again = tables["audit"].drop_nulls("parent_audit_id")
    assert again["round_id"].null_count() == again.height
    assert set(again["parent_audit_id"]) <= set(tables["audit"]["audit_id"])


def test_activity_counts_the_rounds_that_are_kept_here(held):
    def good() -> dict:
        rows = activity_shown.figures(PUBLISHED).filter(measure="M19", breakdown="all", period="2025/26")
        return rows.row(0, named=True)

    of_the_year = held.audits.audits().filter(
        pl.col("submitted_at").dt.date().is_between(date(2025, 4, 1), date(2026, 3, 31)),
        pl.col("kind") != "calibration",
        pl.col("final_grade").is_not_null(),
        pl.col("parent_audit_id").fill_null(0) == 0,
        part=1,
    )
    before = good()
    assert before["denominator"] == of_the_year.height
    assert before["numerator"] == of_the_year.filter(pl.col("final_grade") >= 3).height
    row = of_the_year.filter(final_grade=2).to_dicts()[0]
    newest = held.audits.grades(row["audit_id"]).filter(kind="final")["grade_id"][0]
    held.audits.set_grade(row["audit_id"], "final", 3, "Good after all.", base=newest, by="tests")
    assert good()["numerator"] == before["numerator"] + 1  # at once, and without a file being loaded


def test_activity_says_no_more_of_a_group_s_audits_than_this_page(held):
    rows = activity_shown.figures(PUBLISHED).filter(pl.col("measure").is_in(activity_audits.MEASURED))
    groups = rows.filter(pl.col("breakdown") != "all")
    assert groups.filter(pl.col("value").is_not_null()).height > 5
    for column in ("numerator", "denominator", "n"):
        assert groups[column].null_count() == groups.height
    audits = activity_audits.placed(PUBLISHED)["audit"]
    graded = audits.filter(
        pl.col("final_grade").is_not_null(),
        pl.col("completed_date").is_between(pl.date(2025, 4, 1), pl.date(2026, 3, 31)),
        ~pl.col("parent_audit_id").is_in(audits["audit_id"].implode()).fill_null(False),
    )
    many = graded.group_by("forum_area").len().filter(pl.col("len") >= 10)["forum_area"].drop_nulls()
    judged = groups.filter(pl.col("value").is_not_null(), measure="M19", breakdown="forum_area", period="2025/26")
    assert set(judged["group"]) - {"not recorded"} == set(many)


def test_answers_are_reckoned_anew_when_a_grade_changes_and_not_when_an_answer_does(held):
    before = shown.figures(PUBLISHED)
    assert shown.figures(PUBLISHED) is before
    row = counted(held).to_dicts()[0]
    newest = held.audits.grades(row["audit_id"]).filter(kind="final")["grade_id"][0]
    held.audits.set_grade(row["audit_id"], "final", row["final_grade"], "The same.", base=newest, by="tests")
    assert shown.figures(PUBLISHED) is not before
    assert_frame_equal(shown.figures(PUBLISHED), before, check_row_order=False)


def test_without_audits_the_page_says_what_to_do(empty_store):
    assert "No round of audits is finished yet." in words_of(opened("assessment_quality", "commissioner"))
