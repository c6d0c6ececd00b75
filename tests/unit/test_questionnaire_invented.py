"""The invented rounds: as large and as honest as they are meant to be, and the same each time."""

import polars as pl
import pytest

from metrics import questionnaire
from sample_data.invented import invent
from sample_data.invented.questionnaire import invent_rounds

from .questionnaire_cases import figure


@pytest.fixture(scope="module")
def rounds():
    return invent_rounds()


def test_three_years_about_a_hundred_respondents_fifteen_partners_two_editions(rounds):
    assert [r.title for r in rounds] == ["2024", "2025", "2026"]
    assert [r.instrument.edition for r in rounds] == ["1", "1", "2"]
    assert all(90 <= r.invited.height <= 110 for r in rounds)
    assert len(set().union(*(r.invited["partner"] for r in rounds))) == 15
    assert [r.invited["partner"].n_unique() for r in rounds] == [14, 15, 15]


def test_partners_are_agencies_of_the_invented_county_and_addresses_lead_nowhere(rounds):
    agencies = set(invent(scale=0.01)["agency"]["name"])
    for one in rounds:
        assert set(one.invited["partner"]) <= agencies
        assert one.invited["respondent"].str.ends_with(".invented.example").all()
        assert one.invited["respondent"].is_unique().all()
        assert set(one.invited["respondent_role"]) == set(questionnaire.ROLES)


def test_the_same_seed_gives_the_same(rounds):
    for ours, again in zip(rounds, invent_rounds(), strict=True):
        assert ours.answers.equals(again.answers) and ours.invited.equals(again.invited)
        assert ours.agreed.equals(again.agreed)
    assert not invent_rounds(seed=1)[0].answers.equals(rounds[0].answers)


def test_people_do_not_know_skip_and_stay_silent(rounds):
    for one in rounds:
        found = questionnaire.score(one.responses, one.instrument)
        assert 4 < figure(found, "dont_know") < 15
        assert 80 < figure(found, "completion") < 98
        silent = one.invited.filter(~pl.col("respondent").is_in(one.answers["respondent"].implode()))
        assert 0 < silent.height < 20
        reasons = one.answers.filter(state="not_applicable")["reason"]
        assert len(reasons) and reasons.null_count() == 0


def test_leaders_see_it_rosier_than_practitioners(rounds):
    for one in rounds:
        found = questionnaire.leaders_against_practitioners(one.responses, one.instrument)
        assert figure(found, "leaders_less_practitioners", column="lower") > 0


def test_one_year_improves_and_one_does_not_change_clearly(rounds):
    first, second, third = (questionnaire.tally(r.responses, r.instrument) for r in rounds)
    assert questionnaire.compare_years(first, second).verdict == "improved"
    later = questionnaire.compare_years(second, third)
    assert (later.verdict, later.basis, later.matched.height) == ("no clear change", "matched_items", 7)


def test_every_measure_that_is_given_is_defined_and_every_one_defined_is_given(rounds):
    before, after = rounds[0], rounds[1]
    tables = [
        questionnaire.score(after.responses, after.instrument),
        questionnaire.spread(after.responses, after.instrument),
        questionnaire.leaders_against_practitioners(after.responses, after.instrument),
        questionnaire.confident(after.responses, after.instrument),
        questionnaire.compare_years((before.responses, before.instrument), (after.responses, after.instrument)).figures,
    ]
    assert {m for table in tables for m in table["measure"].unique()} == set(questionnaire.measures())
    assert all(table.schema == tables[0].schema for table in tables)


def test_partners_disagree_on_some_items_and_agree_on_others(rounds):
    quadrants = {q for r in rounds for q in questionnaire.agreement(r.responses, r.instrument)["quadrant"]}
    assert quadrants == set(questionnaire.QUADRANTS)


def test_a_workshop_agreed_a_score_and_a_reason_for_every_item(rounds):
    for one in rounds:
        assert one.agreed["item"].to_list() == [item.id for item in one.instrument.items]
        assert one.agreed["score"].is_between(0, 5).all() and one.agreed["reason"].null_count() == 0
        beside = questionnaire.beside_agreed(
            one.responses, one.agreed.with_columns(round=pl.lit(one.title)), one.instrument
        )
        assert beside["difference"].drop_nulls().abs().max() < 2
