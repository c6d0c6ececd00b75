"""The page “Questionnaire rounds”: opened, watched, filled from a file, closed, and what the workshop agreed."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from dashboard.access import ROLES, NotAllowed
from dashboard.answers import rounds as answer
from dashboard.answers import rounds_import, rounds_workshop
from dashboard.store import StaleEdit
from tests.integration.questionnaires import FIRST, SECOND, add_round, page_of, questionnaires
from tests.integration.test_pages import words_of
from tests.sign_in import scope

LIST = """Partner\tE-mail\tRole
Police\tpat@police.example\tLeader
Schools, sid@schools.example, practitioner
Health; hal@health.example; boss
Health;hal@health.example
Police\tPAT@police.example\tmanager
Health\tnobody\tleader
"""
CORIN = scope("coordinator")


@pytest.fixture
def store(tmp_path):
    with questionnaires(tmp_path) as store:
        yield store


def plain(text: str) -> str:
    """Without the marks that keep text from being taken for Markdown."""
    return text.replace("\\", "")


def press(at, label: str):
    return next(b for b in at.button if b.label == label).click().run()


def test_without_a_round_the_page_offers_to_open_one(store):
    at = page_of("rounds", "coordinator")
    assert "No round of the questionnaire has been opened yet." in words_of(at)
    at.text_input[0].set_value("2026")
    at.text_area[0].set_value(LIST)
    press(at, "Open the round")
    assert "The round 2026 is open, and 2 people are asked." in plain(at.success[0].value)
    assert "Line 4 was left out: the role is leader, manager or practitioner, not boss." in plain(at.success[0].value)
    assert store.questionnaires.rounds().select("title", "standing", "edition").rows() == [("2026", "local", "2")]
    invited = store.questionnaires.invited(1).select("partner", "identity", "respondent_role").rows()
    assert invited == [
        ("Police", "pat@police.example", "leader"),
        ("Schools", "sid@schools.example", "practitioner"),
    ]


def test_each_line_that_is_left_out_has_its_reason():
    people, bad = answer.people_in(LIST)
    assert people.height == 2
    assert bad.select("line", "reason").rows() == [
        (4, "the role is leader, manager or practitioner, not boss"),
        (5, "a line is partner, e-mail address and role"),
        (6, "this person stands here already"),
        (7, "the second part is no e-mail address"),
    ]


def test_a_round_that_cannot_be_opened_says_why_and_leaves_nothing(store):
    add_round(store, "2025")
    for title, text, sentence in (
        ("2025", LIST, "There is a round called 2025 already"),
        ("", LIST, "A round needs a name"),
        ("2026", "nonsense", "A round needs somebody who is asked. Line 1 was left out"),
    ):
        number, said = answer.try_open(CORIN, FIRST, title, date(2026, 6, 30), text)
        assert number is None
        assert sentence in said
    assert store.questionnaires.rounds().height == 1


def test_who_has_not_answered_is_listed_and_what_they_answered_is_not(store):
    number = add_round(store, "2026", closed=False)
    seen = answer.standing(CORIN, str(number))
    # Pat, Sam and Hal are leaders and are asked nine things; Pim is asked two more as a practitioner
    assert seen.sentence == (
        "2026 is open: 3 of 6 people have answered everything, and somebody has begun in 3 of 3 partners."
    )
    assert seen.partners.rows() == [
        ("Health", "2", "1", "0", "1"),
        ("Police", "2", "1", "1", "0"),
        ("Schools", "2", "1", "0", "1"),
    ]
    assert seen.reminders.rows() == [
        ("Health", "hue@health.example", "practitioner", "0 of 11"),
        ("Police", "pim@police.example", "practitioner", "9 of 11"),
        ("Schools", "sid@schools.example", "practitioner", "0 of 11"),
    ]
    at = page_of("rounds", "coordinator")
    assert "hue@health.example" in words_of(at)
    assert [b.label for b in at.get("download_button")] == ["Download as CSV", "Download as workbook"]


def test_closing_needs_the_box_and_then_fixes_the_answers(store):
    number = add_round(store, "2026", closed=False)
    at = page_of("rounds", "coordinator")
    press(at, "Close the round")
    assert plain(at.error[0].value) == "Nothing was closed: tick the box first."
    at.checkbox[0].check()
    press(at, "Close the round")
    assert "The round 2026 is closed." in plain(at.success[0].value)
    assert store.questionnaires.rounds()["closed_by"][0].startswith("Member of eh-corby")
    assert "Close the round" not in [b.label for b in at.button]
    done, said = answer.try_close(CORIN, str(number), sure=True)
    assert not done
    assert "closed" in said


def test_more_people_are_asked_while_the_round_is_open(store):
    number = add_round(store, "2026", closed=False)
    at = page_of("rounds", "coordinator", do="invite")
    at.text_area[0].set_value("Fire, flo@fire.example, manager\nPolice, pat@police.example, leader")
    press(at, "Invite")
    assert plain(at.success[0].value).startswith("1 person is asked in the round 2026 now. 1 was asked already.")
    assert "flo@fire.example" in store.questionnaires.invited(number)["identity"].to_list()
    assert answer.try_invite(CORIN, str(number), "Police, pat@police.example, leader")[0] is False


def test_a_file_is_checked_before_it_is_taken_and_bad_rows_are_listed(store):
    number = str(add_round(store, "2026", closed=False, scores={}))
    text = (
        "Email,voice,one_story\npat@police.example,3,9\neve@elsewhere.example,1,1\nsam@schools.example,don't know,5\n"
    )
    seen = rounds_import.preview(CORIN, number, text.encode(), file_name="export.csv")
    assert seen.problem == ""
    assert seen.sentence.startswith("3 answers of 2 people can be taken")
    assert store.questionnaires.answers(int(number)).is_empty()
    reasons = " ".join(seen.refused["reason"])
    assert "invited" in reasons
    assert "scale" in reasons or "0 to 5" in reasons
    assert rounds_import.try_take(CORIN, number, seen) == (True, "3 answers are taken into the round 2026.")
    kept = store.questionnaires.answers(int(number)).select("item", "state", "score").sort("item", "state").rows()
    assert kept == [("one_story", "score", 5), ("voice", "dont_know", None), ("voice", "score", 3)]
    assert rounds_import.preview(CORIN, number, b"\x00\x01", file_name="a.csv").problem
    store.questionnaires.close_round(int(number), by="tests")
    assert "closed" in rounds_import.preview(CORIN, number, text.encode(), file_name="export.csv").problem
    assert not rounds_import.try_take(CORIN, number, seen)[0]


def test_what_the_workshop_agrees_is_recorded_with_its_reason(store):
    number = add_round(store, "2026")
    at = page_of("rounds", "coordinator", do="agreed", item="voice")
    # means of partners: Police (2+4)/2, Schools 3, Health 0
    assert "3 partners score it 2.0 of 5" in words_of(at)
    at.number_input[0].set_value(2.5)
    next(a for a in at.text_area if a.label == "Why this score").set_value("Minutes of the forum")
    press(at, "Record")
    assert "What was agreed is recorded." in plain(at.success[0].value)
    [row] = store.questionnaires.agreed(number).iter_rows(named=True)
    assert (row["item"], row["score"], row["reason"]) == ("voice", 2.5, "Minutes of the forum")
    assert "2.5: Minutes of the forum" in words_of(at)


def test_of_two_facilitators_neither_loses_what_they_wrote(store):
    number = add_round(store, "2026")
    one, two = (page_of("rounds", "coordinator", do="agreed", item="voice") for _ in range(2))
    for at, score, why in ((one, 1.0, "First"), (two, 4.0, "Second")):
        at.number_input[0].set_value(score)
        next(a for a in at.text_area if a.label == "Why this score").set_value(why)
        press(at, "Record")
    assert "Somebody else recorded something meanwhile" in two.error[0].value
    assert "1: First" in words_of(two)
    assert next(a for a in two.text_area if a.label == "Why this score").value == "Second"
    assert store.questionnaires.agreed(number)["reason"].to_list() == ["First"]
    press(two, "Record")
    assert store.questionnaires.agreed(number)["reason"].to_list() == ["Second"]
    assert store.questionnaires.agreed_history(number, "voice").height == 2


def test_a_stale_score_comes_back_with_both(store):
    number = str(add_round(store, "2026"))
    assert rounds_workshop.try_agree(CORIN, number, "voice", 3, "One", base=0) is None
    assert isinstance(rounds_workshop.try_agree(CORIN, number, "voice", 4, "Two", base=0), StaleEdit)
    assert "say why" in rounds_workshop.try_agree(CORIN, number, "voice", 4, " ", base=0)


def test_an_open_round_is_not_agreed_on(store):
    add_round(store, "2026", closed=False)
    assert "still open" in words_of(page_of("rounds", "coordinator", do="agreed"))


def test_what_people_wrote_stands_under_their_partner_without_name_and_score(store):
    number = add_round(store, "2026", closed=False, scores={})
    rows = {"respondent": ["hal@health.example"], "item": ["voice"], "state": ["score"], "score": [5]}
    frame = pl.DataFrame(rows).with_columns(evidence=pl.lit("Survey of May"), comment=pl.lit("In the north"))
    store.questionnaires.load_answers(number, frame, by="tests")
    store.questionnaires.close_round(number, by="tests")
    desk = rounds_workshop.desk(CORIN, str(number), "voice")
    assert desk.comments.rows() == [("Health", "Survey of May", "In the north")]
    assert "hal@health.example" not in words_of(page_of("rounds", "coordinator", do="agreed", item="voice"))


def test_a_priority_action_stands_in_the_action_plan_and_hangs_on_its_item(store):
    number = add_round(store, "2026", key=SECOND)
    at = page_of("rounds", "coordinator", do="agreed", item="voice")
    next(a for a in at.text_area if a.label == "What will be done").set_value("Ask ten families a term")
    next(a for a in at.text_input if a.label == "Owner (agency)").set_value("Schools")
    press(at, "Put it into the plan")
    assert "The action is in the action plan." in plain(at.success[0].value)
    [action] = store.plans.current().iter_rows(named=True)
    assert (action["actions"], action["owner_agency"]) == ("Ask ten families a term", "Schools")
    assert action["links"] == [{"kind": "questionnaire item", "reference": "early_help_system/2:voice"}]
    assert "Ask ten families a term" in words_of(at)
    said = rounds_workshop.try_action(CORIN, str(number), "voice", what=" ", agency="Schools", role="", by_when=None)
    assert said == (False, "Please say what will be done.")
    done, said = rounds_workshop.try_action(CORIN, str(number), "voice", what="x", agency="", role="", by_when=None)
    assert not done
    assert said


@pytest.mark.parametrize("role", [r for r in ROLES if r != "coordinator"])
def test_the_page_is_closed_to_the_rest(store, role):
    add_round(store, "2026")
    assert [t.value for t in page_of("rounds", role).title] == ["This page is not open to you"]
    for ask in (
        lambda: answer.offered(scope(role)),
        lambda: answer.standing(scope(role), "1"),
        lambda: answer.try_open(scope(role), FIRST, "x", date(2026, 1, 1), LIST),
        lambda: answer.try_close(scope(role), "1", sure=True),
        lambda: rounds_import.preview(scope(role), "1", b"", file_name="x"),
        lambda: rounds_workshop.desk(scope(role), "1", "voice"),
        lambda: rounds_workshop.try_agree(scope(role), "1", "voice", 1, "x", base=0),
    ):
        with pytest.raises(NotAllowed):
            ask()
