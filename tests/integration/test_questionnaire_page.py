"""The page “System questionnaire”: what a round came to, what it rests on, and whether years compare."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.access import ROLES, NotAllowed
from dashboard.answers import own_indicators
from dashboard.answers import questionnaire as answer
from dashboard.answers import questionnaire_indicators as indicators
from dashboard.answers import questionnaire_parts as parts
from dashboard.answers import questionnaire_words as say
from tests.integration.questionnaires import ASKED, FIRST, SECOND, add_round, page_of, questionnaires
from tests.integration.test_pages import words_of
from tests.sign_in import scope

OPEN_TO = [role for role in ROLES if "questionnaire" in ROLES[role].pages]
SAM = scope("subgroup member")
BETTER = {"pat@police.example": 3, "pim@police.example": 5, "sam@schools.example": 4, "hal@health.example": 1}


@pytest.fixture
def store(tmp_path):
    with questionnaires(tmp_path) as store:
        yield store


def test_without_a_closed_round_the_page_says_what_is_going_on(store):
    assert "A coordinator opens a round and invites the partners" in words_of(
        page_of("questionnaire", "subgroup member")
    )
    add_round(store, "2026", closed=False)
    said = words_of(page_of("questionnaire", "subgroup member"))
    assert "No round of the questionnaire is over yet." in said
    assert "The round 2026 is still being answered." in said


def test_the_sentence_and_the_scores_are_those_worked_by_hand(store):
    add_round(store, "2026")
    at = page_of("questionnaire", "subgroup member")
    # Partners: Police (2+4)/2 = 3, Schools 3, Health 0; each counts once: (3+3+0)/3 = 2.0. Four of six answered all
    # nine scored items: 36 of 54 answers = 67%.
    said = words_of(at)
    assert "In 2026, 3 partners score the early help system 2.0 of 5. 67% of what was asked was answered (36 of" in said
    rows = parts.areas(SAM, "1").frame.rows()
    assert rows[0] == ("Overall", "2.0", "–", "3", "67%", "0%", "0%")
    assert len(rows) == 6
    # the mean distance from 2 is (1+1+2)/3 = 1.3: not under one point, so split; 2.0 is under half of the scale
    assert parts.items(SAM, "1", "").frame.row(0)[:6] == (
        "Families shape services", "2.0", "–", "3", "partners differ by 1.3 points", "low and split: discuss first",
    )  # fmt: skip


def test_partners_spread_over_scores_and_what_is_no_score_stands_apart(store):
    add_round(store, "2026")
    seen = parts.spread(SAM, "1", "workforce")
    assert list(seen.names.values()) == ["Whole-family practice"]
    drawn = {row[1]: row[2] for row in seen.frame.filter(seen.frame["partners"] > 0).iter_rows()}
    assert drawn == {"3": 2.0, "0": 1.0}
    # two of six left it blank
    assert {row[1]: round(row[2], 1) for row in seen.apart.iter_rows()} == {
        "dont_know": 0.0, "not_applicable": 0.0, "blank": 33.3,
    }  # fmt: skip


def test_what_does_not_apply_without_a_reason_counts_as_blank(store):
    number = add_round(store, "2026", scores={}, closed=False, people=ASKED[:1])
    mine = store.questionnaires.invitations("x#pat", "pat@police.example")["invited_id"][0]
    store.questionnaires.save_answer(mine, "voice", state="not_applicable", base=None, person="x#pat")
    store.questionnaires.save_answer(mine, "one_story", state="not_applicable", reason="No", base=None, person="x#pat")
    store.questionnaires.close_round(number, by="tests")
    shares = {(row[0], row[1]): row[2] for row in parts.spread(SAM, "1", "families").apart.iter_rows()}
    assert shares["voice", "blank"] == 100.0
    assert shares["one_story", "not_applicable"] == 100.0


def test_every_chart_has_words_and_a_table(store):
    add_round(store, "2026")
    at = page_of("questionnaire", "subgroup member")
    charts = at.get("plotly_chart")
    assert len(charts) == 3
    assert all(chart.proto.alt for chart in charts)
    tables = " ".join(e.proto.body for e in at.get("html"))
    for caption in ("Partners by their score", "Priorities", "Partners by area", "Leaders against practitioners"):
        assert caption in tables
    assert len(at.selectbox) == 4


def test_the_web_is_only_a_second_view(store):
    add_round(store, "2026")
    first = page_of("questionnaire", "subgroup member")
    assert not any("scatterpolar" in chart.proto.spec for chart in first.get("plotly_chart"))
    second = page_of("questionnaire", "subgroup member", view="radar")
    assert any("scatterpolar" in chart.proto.spec for chart in second.get("plotly_chart"))


def test_partners_are_shown_and_nothing_finer(store):
    add_round(store, "2026")
    cells = parts.partners(SAM, "1")
    assert cells["partner"].unique(maintain_order=True).to_list() == ["Police", "Schools", "Health"]
    assert cells.filter(cells["partner"] == "Police")["value"].to_list() == [3.0] * 5
    # leaders: Police 2, Schools 3, Health 0; of practitioners only Police's answered: one partner has both
    seats = parts.seats(SAM, "1").frame
    assert set(seats["Leaders"]) == {"[c]"}
    assert set(seats["Practitioners"]) == {"[c]"}


def test_leaders_stand_beside_practitioners_where_three_partners_have_both(store):
    everybody = {person: 4 if role == "leader" else 1 for _, person, role in ASKED}
    add_round(store, "2026", scores=everybody)
    row = parts.seats(SAM, "1").frame.row(0)
    assert row == ("Overall", "4.0", "1.0", "3.0", "–", "3")


@pytest.mark.parametrize("against", ["", "1"])
def test_a_leader_and_a_practitioner_of_different_partners_are_shown_without_a_comparison(store, against):
    """Nobody of the second year was asked in the first: nothing is matched, and the page says the rest."""
    add_round(store, "2025")
    people = [("Fire", "flo@fire.example", "leader"), ("Housing", "hew@housing.example", "practitioner")]
    add_round(store, "2026", people=people, scores={"flo@fire.example": 4, "hew@housing.example": 2})
    said = words_of(page_of("questionnaire", "subgroup member", round="2", against=against))
    assert "In 2026, 2 partners score the early help system 3.0 of 5." in said
    assert "About these figures" in said  # the page came to its end
    assert "How partners answered each topic" in say.captions(SAM, "2", "")["spread"]["headline"]


def test_two_years_of_one_edition_stand_side_by_side(store):
    add_round(store, "2025")
    add_round(store, "2026", scores=BETTER)
    years = parts.years(SAM, "2", "1")
    assert years.name == "2026 beside 2025"
    # one point more for everybody; three partners are too few for an interval
    assert years.frame.row(0)[1:5] == ("2.0", "3.0", "1.0", "–")
    assert "there is no interval to judge it by" in years.lead
    at = page_of("questionnaire", "subgroup member")
    assert years.lead in words_of(at)
    assert at.selectbox(key="round").value == "2"
    assert at.selectbox(key="against").value == "1"


def test_a_new_edition_breaks_the_line_and_compares_what_both_ask(store):
    add_round(store, "2025", key=FIRST)
    add_round(store, "2026", key=SECOND, scores=BETTER)
    years = parts.years(SAM, "2", "1")
    assert "items that both editions ask" in years.lead
    frame, breaks = parts.course(SAM)
    assert frame["period"].to_list() == ["2025", "2026"]
    assert breaks == ["2026-06-30"]


def test_what_the_workshop_agreed_stands_beside_and_is_seen_at_once(store):
    number = add_round(store, "2026")
    assert parts.items(SAM, "1", "").frame.row(0)[6:] == ("–", "–")
    store.questionnaires.agree(number, "voice", score=2.5, reason="Minutes", base=None, by="Fay")
    assert parts.items(SAM, "1", "").frame.row(0)[1:2] + parts.items(SAM, "1", "").frame.row(0)[6:] == (
        "2.0", "2.5", "Minutes",
    )  # fmt: skip


def test_a_round_that_nobody_answered_says_so(store):
    add_round(store, "2026", scores={})
    said = words_of(page_of("questionnaire", "subgroup member"))
    assert "In 2026 there is no overall score" in said
    assert "nothing is said about agreement" in said


def test_the_indicators_are_those_of_closed_rounds(store):
    add_round(store, "2024", closed=False)
    assert indicators.score(SAM).is_empty()
    add_round(store, "2025")
    add_round(store, "2026", key=SECOND, scores=BETTER)
    frame = indicators.score(SAM)
    assert frame.select("group", "period", "value", "n", "standing").rows() == [
        ("E10000021", "2025", 2.0, 3, "local"),
        ("E10000021", "2026", 3.0, 3, "local"),
    ]
    assert frame["new_basis"].to_list() == ["", "The questionnaire changed from edition 1 to edition 2."]
    # nobody was asked about understanding in these answers
    assert indicators.confidence(SAM)["value"].to_list() == [None, None]
    assert own_indicators.line(SAM, "own_questionnaire_score")["value"].to_list() == [2.0, 3.0]


def test_a_score_of_two_partners_is_no_indicator(store):
    add_round(store, "2026", scores={"sam@schools.example": 3, "hal@health.example": 1})
    assert indicators.score(SAM).select("value", "n", "status").rows() == [(None, None, "c")]


def test_few_who_are_confident_are_hidden(store):
    people = [("Police", f"p{n}@police.example", "practitioner") for n in range(20)]
    number = add_round(store, "2026", people=people, scores={p[1]: 3 for p in people}, closed=False)
    rows = [
        (person, item, "score", 5 if n < 2 else 1)
        for n, (_, person, _) in enumerate(people)
        for item in ("understands", "confident")
    ]
    frame = pl.DataFrame(rows, schema=["respondent", "item", "state", "score"], orient="row")
    store.questionnaires.load_answers(number, frame, by="tests")
    store.questionnaires.close_round(number, by="tests")
    assert indicators.confidence(SAM).select("value", "status").rows() == [(None, "c")]


@pytest.mark.parametrize("role", [r for r in ROLES if r not in OPEN_TO])
def test_the_page_is_closed_to_the_rest(store, role):
    add_round(store, "2026")
    assert [t.value for t in page_of("questionnaire", role).title] == ["This page is not open to you"]
    for ask in (
        answer.offered,
        answer.waiting,
        lambda who: say.sentence(who, "1", ""),
        lambda who: parts.seats(who, "1"),
    ):
        with pytest.raises(NotAllowed):
            ask(scope(role))
