"""The table of roles: what the issue and the users' sheet ask for, written out here apart from the code."""

import pytest

from dashboard import access
from dashboard.access import (
    ACTS,
    ADMINISTER,
    ANSWER,
    AUDIT,
    CASES,
    DRAW,
    EXPORT,
    FIGURES,
    LOAD,
    MODERATE,
    PAGES,
    PLAN,
    PRINTED,
    PUBLISHED,
    ROLES,
    ROUND,
    SCENARIO,
    STORY,
    TARGET,
    UNDO,
    Grant,
    NotAllowed,
    Scope,
    may,
    may_open,
    require,
    scope_for,
    scopes_of,
    title_of,
)  # fmt: skip
from dashboard.store import ROLE_NAMES
from tests.sign_in import scope

# role: pages beside the scorecard and the methods, acts, how near to a family, held to
BUYING, RECORDS = ("turn_the_curve", "area_map", "need_and_funding"), ("activity", "journeys")
QUALITY = ("distance_travelled", "questionnaire", "assessment_quality")
SEES = {
    "subgroup member": (
        {*BUYING, *RECORDS, *QUALITY, "forum", "action_plan", "answer"},
        {STORY, TARGET, EXPORT, ANSWER, PLAN},
        FIGURES,
        "",
    ),
    "commissioner": (
        {*BUYING, *RECORDS, *QUALITY, "action_plan"},
        {STORY, SCENARIO, EXPORT, PLAN},
        FIGURES,
        "",
    ),
    "QA manager": (
        {"turn_the_curve", "area_map", *RECORDS, *QUALITY, "forum", "data_quality"}
        | {"action_plan", "answer", "one_person", "audit_desk", "audit"},
        {STORY, EXPORT, ANSWER, PLAN, DRAW, AUDIT, MODERATE},
        CASES,
        "",
    ),
    "auditor": ({"turn_the_curve", *RECORDS, *QUALITY, "audit_desk", "audit"}, {AUDIT}, CASES, ""),
    "agency lead": (
        {"turn_the_curve", "area_map", *RECORDS, *QUALITY, "data_quality", "action_plan", "answer", "one_person"},
        {EXPORT, ANSWER, PLAN},
        CASES,
        "agency",
    ),
    "coordinator": (
        {*BUYING, *RECORDS, *QUALITY, "forum", "data_quality", "action_plan", "answer", "rounds"},
        {STORY, EXPORT, ANSWER, ROUND, PLAN},
        CASES,
        "forum area",
    ),
    "data officer": (
        {*BUYING, *RECORDS, *QUALITY, "load_data", "data_quality"},
        {LOAD, UNDO, EXPORT},
        FIGURES,
        "",
    ),
    "administrator": ({"turn_the_curve", "people", "data_quality"}, {ADMINISTER, EXPORT}, FIGURES, ""),
    "respondent": ({"answer"}, {ANSWER}, PRINTED, ""),
    "scrutiny": (set(), set(), PRINTED, ""),
}


@pytest.mark.parametrize("role", SEES)
def test_a_role_opens_its_pages_and_does_its_acts_and_nothing_else(role):
    pages, acts, level, held_to = SEES[role]
    asker = scope(role)
    assert {page for page in PAGES if may_open(asker, page)} == pages | {"scorecard", "methods"}
    assert {act for act in ACTS if may(asker, act)} == acts
    assert (ROLES[role].level, ROLES[role].held_to) == (level, held_to)
    for act in ACTS - acts:
        with pytest.raises(NotAllowed, match=role):
            require(asker, act)


def test_every_role_is_known_to_the_table_the_store_and_this_test():
    assert set(ROLES) == set(ROLE_NAMES) == set(SEES)


def test_every_page_is_open_to_somebody():
    assert [page for page in PAGES if not any(page in role.pages for role in ROLES.values())] == []


@pytest.mark.parametrize("role", ["", "none", "root", "Subgroup Member", PUBLISHED.role])
def test_an_unknown_role_opens_nothing_and_does_nothing(role):
    assert not any(may_open(Scope(role), page) for page in PAGES)
    assert not any(may(Scope(role), act) for act in ACTS)


def test_an_unknown_page_is_closed_to_all():
    assert not any(may_open(scope(role), "../scorecard") for role in ROLES)


def test_a_role_that_is_held_to_something_is_nothing_without_it():
    grants = [Grant("agency lead"), Grant("coordinator", agency="school"), Grant("king")]
    assert scopes_of(grants) == ()


def test_two_agencies_of_one_lead_are_one_scope_and_what_does_not_belong_is_left_out():
    grants = [Grant("agency lead", agency="school", forum_area="EHF01"), Grant("agency lead", agency="police")]
    assert scopes_of(grants, person="p") == (Scope("agency lead", frozenset({"school", "police"}), person="p"),)


def test_on_each_page_a_person_of_two_roles_asks_as_the_first_that_opens_it():
    both = scopes_of([Grant("administrator"), Grant("data officer")])
    assert [s.role for s in both] == ["data officer", "administrator"]
    assert scope_for(both, "scorecard").role == "data officer"
    assert scope_for(both, "people").role == "administrator"
    assert scope_for(scopes_of([Grant("auditor")]), "load_data") is None


def test_what_an_answer_is_kept_under_says_what_is_seen_and_not_by_whom():
    school, police = scope("agency lead"), scopes_of([Grant("agency lead", agency="police")], person="p", author="P")[0]
    assert school.sight() != police.sight()
    assert (police.sight().person, police.sight().author) == ("", "")
    assert police.sight() == Scope("agency lead", frozenset({"police"}))
    assert len({school, school, police}) == 2


def test_a_role_is_named_with_what_it_is_held_to():
    assert title_of(scope("agency lead")) == "agency lead, school"
    assert title_of(scope("commissioner")) == "commissioner"
    assert scope("commissioner").signature == "The commissioner <https://provider.example/tenant#commissioner>"


def test_no_act_or_level_is_spelled_twice():
    assert len(ACTS) == 13
    assert set(access.LEVELS) == {role.level for role in ROLES.values()}
