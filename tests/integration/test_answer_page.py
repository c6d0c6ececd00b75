"""The page “Answer the questionnaire”: everything is saved as one goes, nothing is lost, and nobody else's is seen."""

from __future__ import annotations

import pytest

from dashboard.access import ROLES, NotAllowed, Scope
from dashboard.answers import questionnaire_form as answer
from tests.integration.questionnaires import ASKED, add_round, page_of, person, questionnaires
from tests.integration.test_pages import words_of
from tests.sign_in import scope

PAT, PIM = "pat@police.example", "pim@police.example"


@pytest.fixture
def store(tmp_path):
    with questionnaires(tmp_path) as store:
        yield store


@pytest.fixture
def opened(store):
    return add_round(store, "2026", closed=False, scores={})


def page(email: str = PIM, **address: str):
    return page_of("answer", "respondent", email=email, **address)


def radio(at, item: str):
    return next(r for r in at.radio if r.key.startswith("choice-") and r.key.endswith(f"-{item}"))


def area(at, name: str, item: str):
    return next(a for a in at.text_area if a.key.startswith(f"{name}-") and a.key.endswith(f"-{item}"))


def press(at, label: str) -> None:
    next(b for b in at.button if b.label == label).click().run()


def saved(store, number: int) -> list[tuple]:
    return store.questionnaires.answers(number).select("item", "state", "score", "reason", "evidence", "comment").rows()


def test_somebody_who_is_not_asked_is_told_what_to_do(opened):
    said = words_of(page("eve@police.example"))
    assert "You are not asked anything at the moment" in said
    assert "address that you sign in with" in said


def test_an_address_that_the_provider_did_not_check_opens_nothing(opened):
    unsure = Scope("respondent", person="x#1", author="X", email="")
    assert answer.invitations(unsure) == {}


def test_what_the_role_is_asked_stands_there_with_the_scale_in_words(opened):
    leader, practitioner = page(PAT), page(PIM)
    # the instrument that ships: nine topics, and two on understanding and confidence for practitioners
    assert (len(leader.radio), len(practitioner.radio)) == (9, 11)
    said = words_of(practitioner)
    assert "You answer for Police, as a practitioner, in the round 2026." in said
    assert "You have answered 0 of 11. Next: “Families shape services”." in said
    assert radio(practitioner, "voice").options == [
        "0 – nothing yet",
        "1 – being talked about",
        "2 – begun in places",
        "3 – in place in most of the county",
        "4 – in place everywhere",
        "5 – in place, tested and getting better",
        "Don’t know",
        "Not applicable",
    ]


def test_a_choice_is_saved_at_once_and_found_again_on_another_machine(store, opened):
    at = page()
    radio(at, "voice").set_value("4").run()
    assert saved(store, opened) == [("voice", "score", 4, "", "", "")]
    assert "Saved: 4 – in place everywhere." in words_of(at)
    assert "You have answered 1 of 11. Next: “One story, one plan”." in words_of(at)
    area(at, "evidence", "voice").set_value("Survey of May").run()
    radio(at, "one_story").set_value("dont_know").run()
    again = page()
    assert radio(again, "voice").value == "4"
    assert area(again, "evidence", "voice").value == "Survey of May"
    assert radio(again, "one_story").value == "dont_know"
    assert radio(again, "whole_family").value is None
    assert "You have answered 2 of 11" in words_of(again)


def test_what_does_not_apply_needs_its_reason(store, opened):
    at = page()
    radio(at, "voice").set_value("not_applicable").run()
    assert "Please say why it does not apply: “Families shape services”." in words_of(at)
    assert "You have answered 0 of 11" in words_of(at)
    [why] = [t for t in at.text_input if t.key.startswith("reason-")]
    why.set_value("We hold no records of families").run()
    assert saved(store, opened) == [("voice", "not_applicable", None, "We hold no records of families", "", "")]
    assert "You have answered 1 of 11" in words_of(at)


def test_a_comment_without_a_score_is_kept_and_not_counted(store, opened):
    at = page()
    area(at, "comment", "voice").set_value("=HYPERLINK(1) <script>").run()
    assert saved(store, opened) == [("voice", "blank", None, "", "", "=HYPERLINK(1) <script>")]
    assert "You have answered 0 of 11" in words_of(at)


def test_of_two_windows_the_second_sees_both_and_decides(store, opened):
    desk, telephone = page(), page()
    radio(telephone, "voice").set_value("4").run()
    radio(desk, "voice").set_value("1").run()
    assert "Not saved. This answer was changed in another window" in desk.error[0].value
    assert "score 4" in words_of(desk)
    assert radio(desk, "voice").value == "1"
    assert saved(store, opened)[0][2] == 4
    press(desk, "Keep mine")
    assert saved(store, opened)[0][2] == 1
    assert not desk.error
    # the telephone follows when it is looked at again
    telephone.run()
    assert radio(telephone, "voice").value == "1"
    assert not telephone.error


def test_the_other_version_can_be_taken(store, opened):
    desk, telephone = page(), page()
    area(telephone, "comment", "voice").set_value("from the telephone").run()
    radio(desk, "voice").set_value("1").run()
    press(desk, "Take the other")
    assert not desk.error
    assert radio(desk, "voice").value is None
    assert area(desk, "comment", "voice").value == "from the telephone"


def test_a_round_that_closes_meanwhile_takes_nothing_more_and_says_so(store, opened):
    at = page()
    radio(at, "voice").set_value("4").run()
    store.questionnaires.close_round(opened, by="tests")
    radio(at, "one_story").set_value("5").run()
    assert "Not saved. The round 2026 is closed, and its answers are fixed." in at.error[0].value
    assert [row[0] for row in saved(store, opened)] == ["voice"]
    later = page()
    assert all(r.disabled for r in later.radio)
    assert "The round is closed. You answered 1 of 11; what you see is fixed." in words_of(later)


def test_somebody_asked_for_two_partners_chooses_and_each_keeps_its_own(store):
    add_round(store, "2025", scores={})
    number = add_round(store, "2026", closed=False, scores={})
    at = page()
    assert list(at.selectbox(key="for").options) == ["2026, for Police", "2025, for Police (closed)"]
    radio(at, "voice").set_value("3").run()
    assert saved(store, number)[0][:3] == ("voice", "score", 3)


def test_an_invitation_of_somebody_else_is_not_opened_by_its_number(store, opened):
    mine = answer.invitations(Scope("respondent", person=person(PAT), author="Pat", email=PAT))
    page(PIM)
    others = store.questionnaires.invitations(person(PIM))["invited_id"][0]
    assert str(others) not in mine
    pat = Scope("respondent", person=person(PAT), author="Pat", email=PAT)
    with pytest.raises(KeyError):
        answer.form(pat, str(others))
    assert "not yours" in answer.try_save(pat, others, "voice", "5", {}, base=0)
    assert saved(store, opened) == []


@pytest.mark.parametrize("role", [r for r in ROLES if "answer" not in ROLES[r].pages])
def test_the_page_is_closed_to_the_rest(opened, role):
    assert [t.value for t in page_of("answer", role).title] == ["This page is not open to you"]
    with pytest.raises(NotAllowed):
        answer.invitations(scope(role))


def test_a_save_after_the_role_was_taken_away_is_refused_and_keeps_what_was_typed(store, opened):
    at = page()
    at.user = {**at.user, "groups": []}
    radio(at, "voice").set_value("4").run()
    assert saved(store, opened) == []


def test_all_answered_is_said(store):
    number = add_round(store, "2026", closed=False, scores={PAT: 3}, people=ASKED[:1])
    at = page(PAT)
    assert "You have answered all 9. You can still change them until the round closes." in words_of(at)
    assert len(saved(store, number)) == 9
