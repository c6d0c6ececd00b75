"""The page “Forum”: single records for the area's own coordinator, counts for everybody else."""

from __future__ import annotations

import re

import polars as pl
import pytest

from dashboard.access import ROLES, NotAllowed
from dashboard.answers import case_records
from dashboard.answers import forum as answer
from tests.integration.case_pages import AREA, county, opened, records
from tests.integration.test_pages import words_of
from tests.sign_in import scope

OPEN_TO = ("coordinator", "subgroup member", "QA manager")


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory):
    with records(tmp_path_factory.mktemp("forum"), county()) as store:
        yield store


def ids(text: str) -> set[str]:
    return set(re.findall(r"INV-[EFI]-\d+", text))


def test_a_coordinator_sees_the_records_of_their_own_area_alone():
    at = opened("forum", "coordinator")
    said = words_of(at)
    assert "Invented records" in said
    assert [s.label for s in at.selectbox] == ["Forum area"]
    shown = {i for i in ids(said) if i.startswith("INV-E")}
    home = case_records.tables(scope("coordinator"))["episode"].filter(pl.col("forum_area") == AREA)
    assert shown
    assert shown <= set(home["episode_id"])
    assert "Owner" in said  # who owes what
    assert not at.get("download_button")  # looked at, not taken away


def test_the_days_are_those_of_the_last_meeting():
    forums = county()["forum"].filter(pl.col("forum_area") == AREA)
    last = forums["date"].max()
    seen = answer.forum(scope("coordinator"), AREA)
    assert f"meeting of {last.day} September 2026" in seen.sentence
    assert seen.sentence.endswith("episodes drift.")
    assert [made.name for made in seen.lists] == [
        "Stepped up", "New episodes", "Actions not done", "Drifting", "Reviews due",
    ]  # fmt: skip
    new = next(made for made in seen.lists if made.name == "New episodes")
    home = case_records.tables(scope("coordinator"))["episode"].filter(
        pl.col("forum_area") == AREA, pl.col("start_date") > last, pl.col("end_reason").ne_missing("ERROR")
    )
    assert set(new.frame["Episode"]) == set(home["episode_id"])


def test_that_records_were_looked_at_stands_in_the_record_once(held):
    def looked() -> int:
        return held.records().filter(pl.col("act") == "looked").height

    before = looked()
    at = opened("forum", "coordinator")
    assert looked() == before + 1
    at.run()
    assert looked() == before + 1
    opened("forum", "subgroup member")
    assert looked() == before + 1


@pytest.mark.parametrize("role", ["subgroup member", "QA manager"])
def test_others_see_counts_and_no_small_one(role):
    at = opened("forum", role)
    assert ids(words_of(at)) == set()
    counts = answer.forum(scope(role), AREA).lists[0].frame["How many"]
    assert len(counts) == 7
    assert not [c for c in counts if re.fullmatch("[1-5]", c)]
    assert len(at.selectbox(key="area").options) == 10


@pytest.mark.parametrize("role", [r for r in ROLES if r not in OPEN_TO])
def test_the_page_is_closed_to_the_rest(role):
    assert [t.value for t in opened("forum", role).title] == ["This page is not open to you"]


def test_another_area_is_closed_to_a_coordinator():
    with pytest.raises(NotAllowed):
        answer.forum(scope("coordinator"), "EHF02")
    at = opened("forum", "coordinator", area="EHF02")
    assert at.selectbox(key="area").value == AREA
    assert at.warning


def test_without_records_the_page_says_what_to_do(empty_store):
    assert "No case records are loaded yet" in words_of(opened("forum", "coordinator"))
