"""The page “Data quality” on invented records with faults put in by hand."""

from __future__ import annotations

import re

import polars as pl
import pytest

from dashboard.access import NotAllowed, Scope
from dashboard.answers import case_records
from dashboard.answers import data_quality as answer
from tests.integration.case_pages import county, faulty, largest, opened, records
from tests.integration.test_pages import words_of
from tests.sign_in import scope


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory):
    with records(tmp_path_factory.mktemp("quality"), faulty()) as store:
        yield store


def table(seen, name):
    return next(made.frame for made in seen.tables if made.name == name)


def test_the_page_says_what_is_filled_in_what_is_wrong_and_what_to_do():
    at = opened("data_quality", "data officer")
    said = words_of(at)
    assert [t.value for t in at.title] == ["Can the case records be relied on?"]
    assert "Invented records" in said
    assert "of the cells that should be filled in are filled in" in said
    assert "An episode ends before it starts." in said
    assert "Check both dates of the episode" in said
    assert len(at.get("plotly_chart")) == 1
    assert "Your records to correct" not in said


def test_faults_are_counted_as_they_were_put_in():
    seen = answer.quality(scope("data officer"), agency="", year="2025/26")
    dates = {row[0]: row[1] for row in table(seen, "Dates that cannot be").iter_rows()}
    assert dates["An episode ends before it starts."] == "8"
    stray = {row[0]: row[1] for row in table(seen, "Rows that point to nothing").iter_rows()}
    assert stray["Review: episode id is not there."] == "7"


def test_an_agency_lead_sees_their_own_records_and_no_other_agency():
    mine = Scope("agency lead", agencies=frozenset({largest()}))
    agencies, years = answer.choices(mine)
    assert set(agencies) == {"", largest()}
    seen = answer.quality(mine, agency=largest(), year=next(iter(years)))
    assert table(seen, "By agency").height == 2  # the partnership and their own
    wrong = faulty()["episode"]
    wrong = wrong.filter(wrong["end_date"] < wrong["start_date"])["episode_id"]
    found = seen.correct.frame
    assert set(found.filter(found["What is wrong"] == "An episode ends before it starts.")["Its id"]) == set(wrong)
    with pytest.raises(NotAllowed):
        answer.quality(mine, agency="INV-A-000031" if largest() != "INV-A-000031" else "INV-A-000032", year="2025/26")
    elsewhere = Scope("agency lead", agencies=frozenset({"INV-A-000001"} - {largest()} or {"INV-A-000002"}))
    assert (
        answer.quality(elsewhere, agency="", year="2025/26")
        .correct.frame.filter(
            answer.quality(elsewhere, agency="", year="2025/26").correct.frame["What is wrong"]
            == "An episode ends before it starts."
        )
        .is_empty()
    )


def test_no_small_count_of_records_is_shown():
    for agency in ("", largest()):
        seen = answer.quality(scope("QA manager"), agency=agency, year="2025/26")
        for name in ("Dates that cannot be", "Rows that point to nothing"):
            assert not [c for c in table(seen, name)["Records"] if re.fullmatch("[1-5]", c)]


def test_a_forged_address_falls_back():
    at = opened("data_quality", "administrator", agency="../etc/passwd")
    assert at.selectbox(key="agency").value == ""
    assert at.warning


@pytest.mark.parametrize("role", ["scrutiny", "commissioner", "auditor", "subgroup member"])
def test_the_page_is_closed_to_the_rest(role):
    assert [t.value for t in opened("data_quality", role).title] == ["This page is not open to you"]


def test_without_records_the_page_says_what_to_do(empty_store):
    assert "No case records are loaded yet" in words_of(opened("data_quality", "data officer"))


@pytest.mark.parametrize(("page", "role"), [("data_quality", "data officer"), ("activity", "subgroup member")])
def test_records_that_all_began_in_a_month_that_is_not_full_are_shown(tmp_path, page, role):
    """A first export of half a month: there is no month to end with, so the figures end with its newest day."""
    of_the_month = pl.col("start_date").is_between(pl.date(2026, 3, 2), pl.date(2026, 3, 17))
    tables = dict(county())
    tables["episode"] = tables["episode"].filter(of_the_month)
    tables["assessment"] = tables["assessment"].filter(of_the_month)
    newest = max(tables[name]["start_date"].max() for name in ("episode", "assessment"))
    with records(tmp_path, tables):
        assert case_records.as_at(scope("data officer")) == newest
        assert "2025/26" in words_of(opened(page, role))
