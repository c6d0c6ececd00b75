"""One audit: saved as answered, suggested grade, gate, override, moderation, actions; two people at once."""

from __future__ import annotations

import pytest

from dashboard.answers import audit, audit_actions, audit_allocation, audit_rounds
from dashboard.answers import audit_moderation as moderation
from metrics.audit import templates
from tests.integration.audit_rounds import ALEX, BO, DUE, QUINN, TODAY, as_person, drawn
from tests.integration.test_pages import words_of

TEMPLATE = templates()["eha/1"]
ASKED = [q for q in TEMPLATE.questions if q.kind in ("ypn", "grade")]


@pytest.fixture
def store(tmp_path):
    with drawn(tmp_path) as store:
        given, said = audit_allocation.try_allocate_all(QUINN, 1)
        assert given, said
        yield store


@pytest.fixture
def mine(store) -> int:
    """An audit of Alex's alone, not drawn by lot to be moderated."""
    every = store.audits.audits()
    twice = every.filter(part=2)["drawn_id"].to_list()
    rows = [r for r in every.to_dicts() if r["auditor"] == ALEX.person and not r["moderate"]]
    return next(r["audit_id"] for r in rows if r["drawn_id"] not in twice)


def answered(number: int, **other: str) -> None:
    for q in ASKED:
        said = other.get(q.id, "yes" if q.kind == "ypn" else "3")
        kept = audit.save(ALEX, number, q.id, said, "p. 1", base=0)
        assert isinstance(kept, audit.Line), kept


def test_an_answer_is_saved_as_it_is_given(store, mine):
    at = as_person("audit", ALEX, audit=str(mine))
    assert "30 of 33 questions are still to be answered" in words_of(at)
    at.radio(key=f"said-{mine}-N1").set_value("no").run()
    assert store.audits.answers([mine]).select("question", "answer").rows() == [("N1", "no")]
    at.text_input(key=f"evidence-{mine}-N1").set_value("No signature").run()
    assert store.audits.answer_history(mine, "N1").select("answer", "evidence").rows() == [
        ("no", "No signature"),
        ("no", ""),
    ]
    again = as_person("audit", ALEX, audit=str(mine))  # another window, as after a lost connection
    assert again.radio(key=f"said-{mine}-N1").value == "no"
    assert again.text_input(key=f"evidence-{mine}-N1").value == "No signature"


def test_the_suggested_grade_and_its_sentence_stand_beside(store, mine):
    answered(mine)
    said = words_of(as_person("audit", ALEX, audit=str(mine)))
    assert "So far the answers come to" in said
    found = audit.sheet(ALEX, mine).suggestion
    assert found.sentence in said
    assert found.answered == found.asked == 33


def test_derived_answers_come_from_the_records_with_their_source(store, mine):
    held = audit.sheet(ALEX, mine)
    assert {q.id for q in TEMPLATE.questions if q.kind == "derived"} == set(held.derived)
    at = as_person("audit", ALEX, audit=str(mine))
    at.radio(key=f"section-{mine}").set_value("holistic").run()
    assert held.derived["H7"].source in words_of(at)
    assert not [r for r in at.radio if r.key.endswith("-H7")]
    assert "never typed" in audit.save(ALEX, mine, "H7", "yes", "", base=0)
    answered(mine)
    assert audit.finish(ALEX, mine, None, "") == ""
    kept = store.audits.answers([mine]).filter(question="H7").to_dicts()[0]
    assert (kept["answer"], kept["evidence"]) == (held.derived["H7"].answer, held.derived["H7"].source)


def test_an_audit_is_not_finished_before_its_gates_are_answered(store, mine):
    assert "still to be answered" in audit.finish(ALEX, mine, None, "")
    assert store.audits.audits(audit_id=mine)["submitted_at"][0] is None


def test_another_grade_than_the_suggested_one_needs_a_reason(store, mine):
    answered(mine)
    found = audit.sheet(ALEX, mine).suggestion.grade
    assert found == 4  # of H4, H5 and O7 alone it is said how well: good, among many a yes
    assert "Please say why" in audit.finish(ALEX, mine, 2, " ")
    assert audit.finish(ALEX, mine, 2, "The voice is the mother's.") == ""
    row = store.audits.audits(audit_id=mine).to_dicts()[0]
    assert [row[f"{kind}_grade"] for kind in ("suggested", "auditor", "moderator", "final")] == [4, 2, None, 2]
    reasons = dict(store.audits.grades(mine).select("kind", "reason").iter_rows())
    assert reasons["auditor"] == "The voice is the mother's."
    assert reasons["suggested"].startswith("Outstanding: of 5 sections")


def test_a_risk_of_harm_asks_for_the_steps_of_today_first(store, mine):
    answered(mine, N9="no")
    held = audit.sheet(ALEX, mine)
    assert (held.suggestion.grade, held.suggestion.escalate) == (1, True)
    at = as_person("audit", ALEX, audit=str(mine))
    assert "Act today" in words_of(at)
    assert len(at.checkbox) == len(audit.SAME_DAY)
    assert "First the steps of today" in audit.finish(ALEX, mine, None, "")
    for step in audit.SAME_DAY:
        at = as_person("audit", ALEX, audit=str(mine))
        at.checkbox(key=f"step-{mine}-{step}").check().run()
        assert not at.exception
    assert set(store.audits.steps(mine)["step"]) == set(audit.SAME_DAY)
    assert audit.finish(ALEX, mine, None, "") == ""
    assert store.audits.audits(audit_id=mine)["final_grade"][0] is None  # inadequate is always moderated


def test_two_people_see_both_answers_and_nothing_is_lost(store, mine):
    one, two = as_person("audit", ALEX, audit=str(mine)), as_person("audit", QUINN, audit=str(mine))
    key = f"said-{mine}-N3"
    one.radio(key=key).set_value("yes").run()
    two.radio(key=key).set_value("no").run()
    [error] = two.error
    assert "Alex answered N3 while you did: “Yes”" in error.value.replace("\\", "")
    assert two.radio(key=key).value == "no"
    assert store.audits.answers([mine])["answer"].to_list() == ["yes"]
    two.button(key=f"mine-clash-{mine}-N3").click().run()
    assert store.audits.answer_history(mine, "N3")["answer"].to_list() == ["no", "yes"]
    one.radio(key=key).set_value("not_applicable").run()
    one.button(key=f"theirs-clash-{mine}-N3").click().run()
    assert one.radio(key=key).value == "no"
    assert store.audits.answer_history(mine, "N3").height == 2


def test_what_others_answered_comes_in_where_nothing_is_unsaved(store, mine):
    at = as_person("audit", ALEX, audit=str(mine))
    at.radio(key=f"said-{mine}-N3").set_value("yes").run()
    base = store.audits.answers([mine])["answer_id"][0]
    assert isinstance(audit.save(QUINN, mine, "N3", "no", "Seen", base=base), audit.Line)
    at.run()
    assert at.radio(key=f"said-{mine}-N3").value == "no"
    assert at.text_input(key=f"evidence-{mine}-N3").value == "Seen"
    assert store.audits.answer_history(mine, "N3").height == 2


def test_nobody_opens_somebody_elses_audit(store, mine):
    assert "There is no audit to show." in words_of(as_person("audit", BO, audit=str(mine)))
    for wrong in ("", "0", "999", "x", "1; DROP TABLE audit"):
        assert "There is no audit to show." in words_of(as_person("audit", ALEX, audit=wrong))
    assert "no such audit among yours" in audit.save(BO, mine, "N1", "yes", "", base=0)
    assert "no such audit among yours" in audit.finish(BO, mine, None, "")


def test_what_cannot_be_answered_is_refused_with_a_sentence(store, mine):
    assert "is answered yes, no, not applicable, not “partly”" in audit.save(ALEX, mine, "N1", "partly", "", base=0)
    assert "has no question O9" in audit.save(ALEX, mine, "O9", "yes", "", base=0)  # of version 2
    assert audit_rounds.try_close(QUINN, 1) == ""
    assert "The round is closed" in audit.save(ALEX, mine, "N1", "yes", "", base=0)
    at = as_person("audit", ALEX, audit=str(mine))
    assert not at.radio  # to be read, and not answered
    assert "The round is closed" in words_of(at)


def test_a_moderator_is_somebody_else_and_all_grades_are_kept(store, mine):
    answered(mine, N9="no")
    for step in audit.SAME_DAY:
        assert audit.take_step(ALEX, mine, step) == ""
    assert audit.finish(ALEX, mine, None, "") == ""
    assert "may not" in moderation.moderate(ALEX, mine, 3, "Mine", base=0)
    assert "what you saw" in moderation.moderate(QUINN, mine, 2, "", base=0)
    assert moderation.moderate(QUINN, mine, 2, "Acted on by Monday.", base=0) == ""
    clash = moderation.moderate(QUINN, mine, 3, "Again.", base=0)
    assert isinstance(clash, audit.Clash)
    assert (clash.said, clash.evidence) == ("2", "Acted on by Monday.")
    assert store.audits.audits(audit_id=mine)["final_grade"][0] is None  # the two differ
    assert moderation.settle(QUINN, mine, 1, "Talked over.", base=0) == ""
    at = as_person("audit", QUINN, audit=str(mine))
    said = words_of(at)
    assert "This assessment was graded inadequate." in said
    for reason in ("Acted on by Monday.", "Talked over."):
        assert reason in said
    assert "Put it down to be audited again" in [b.label for b in at.button]


def test_an_action_is_owed_done_and_verified_by_another(store, mine):
    answered(mine, N3="no")
    assert audit.finish(ALEX, mine, None, "") == ""
    held = audit.sheet(ALEX, mine)
    assert "N3" in audit_actions.failed(held)
    owed = {"question": "N3", "owner": held.agency_id, "severity": "medium", "due": DUE}
    assert audit_actions.try_add(ALEX, mine, "Fill in the address", **owed) == ""
    [one] = audit_actions.of_audit(ALEX, mine, TODAY)
    assert (one.state, one.may_finish, one.may_verify) == ("to do", True, False)
    assert "how one can see" in audit_actions.try_done(ALEX, one.id, "", done=TODAY)
    assert audit_actions.try_done(ALEX, one.id, "Seen in the record", done=TODAY) == ""
    assert "Somebody else" in audit_actions.try_verify(ALEX, one.id)
    assert "no such audit among yours" in audit_actions.try_verify(BO, one.id)
    assert audit_actions.try_verify(QUINN, one.id) == ""
    [one] = audit_actions.of_audit(QUINN, mine, TODAY)
    assert one.state == "verified"


def test_that_an_audit_was_opened_stands_in_the_record_once(store, mine):
    def looked() -> int:
        return store.records().filter(detail=f"audit {mine}", act="looked").height

    at = as_person("audit", ALEX, audit=str(mine))
    at.run()
    assert looked() == 1


def test_no_worker_and_no_family_is_named(store, mine):
    said = words_of(as_person("audit", ALEX, audit=str(mine)))
    row = store.audits.audits(audit_id=mine).to_dicts()[0]
    assert row["assessment_id"] in said
    assert row["family_id"] not in said
    assert "INV-W" not in said  # how invented workers are called
