"""The audit desk: rounds, allocation, what is late and what is owed; each auditor sees their own."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from dashboard.access import ROLES, NotAllowed
from dashboard.answers import audit, audit_actions, audit_allocation, audit_desk, audit_import, audit_rounds
from dashboard.answers import audit_moderation as moderation
from dashboard.answers.audit_rounds import Wanted
from metrics.audit import templates
from tests.integration.audit_rounds import ALEX, BO, DUE, QUINN, ROUND, TODAY, WANTED, as_person, drawn, somebody
from tests.integration.case_pages import county, opened
from tests.integration.test_pages import words_of


@pytest.fixture
def store(tmp_path):
    with drawn(tmp_path) as store:
        yield store


@pytest.fixture
def allocated(store):
    given, said = audit_allocation.try_allocate_all(QUINN, 1)
    assert given == store.audits.audits().height, said
    return store


def numbers(who=QUINN, today=TODAY) -> dict[str, int]:
    return {n.key: n.count for n in audit_desk.desk(who, today).numbers}


def finished(store, number: int, *, best: bool = True) -> None:
    """Answer every question of an audit alike and finish it, as its auditor: good, or as bad as it comes out."""
    row = store.audits.audits(audit_id=number).to_dicts()[0]
    who = next(one for one in (ALEX, BO, QUINN) if one.person == row["auditor"])
    for q in templates()[f"{row['template']}/{row['version']}"].questions:
        if q.kind in ("ypn", "grade"):
            given = ("yes" if best or q.gate else "no") if q.kind == "ypn" else "3" if best else "1"
            kept = audit.save(who, number, q.id, given, "", base=0)
            assert isinstance(kept, audit.Line), kept
    assert audit.finish(who, number, 3 if best else None, "Good, and not more.") == ""


def test_the_size_is_said_in_a_sentence_and_follows_the_formula(store):
    # 96.04 / (1 + 95.04/N) upwards for ±10 points, N the frame (Cochran 1977, 4.2); the round's own families are out
    made = audit_rounds.propose(QUINN, Wanted(margin=10))
    size = made.frame.height
    assert made.size == -(-96.0364 // (1 + 95.0364 / size))
    assert f"{made.size} of the {size:,} assessments begun from 1 July 2026 to 30 September 2026" in made.sentence
    assert "are left out" in made.sentence
    assert not set(made.frame["family_id"]) & set(store.audits.drawn(1).filter(state="sample")["family_id"])


def test_a_round_keeps_frame_seed_and_reserves(store):
    [row] = store.audits.rounds().to_dicts()
    assert (row["seed"], row["margin"], row["standing"], row["kind"]) == (7, 20.0, "invented", "quarterly")
    assert store.audits.frame(1).height == store.audits.strata()["frame_size"].sum()
    states = dict(store.audits.drawn(1)["state"].value_counts().iter_rows())
    assert states["sample"] == store.audits.strata()["planned"].sum()
    assert states["reserve"] > 0
    late = county()["assessment"].filter(pl.col("start_date") >= pl.date(2026, 7, 1))
    assert set(store.audits.frame(1)["assessment_id"]) == set(late["assessment_id"])


def test_the_same_seed_draws_the_same(tmp_path):
    samples = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with drawn(tmp_path / name) as store:
            samples.append(store.audits.drawn(1)["assessment_id"].to_list())
    assert samples[0] == samples[1]


def test_what_cannot_be_drawn_is_refused_with_a_sentence(store):
    def said(**other) -> str:
        answer = audit_rounds.try_open(QUINN, Wanted(**other), **ROUND)
        assert isinstance(answer, str)
        return answer

    assert "fewer than the 500 wanted" in said(kind="dip", size=500)
    assert "not in the frame" in said(left_out=(("nowhere", "gone"),))
    assert "without a reason" in said(left_out=((store.audits.frame(1)["assessment_id"][0], " "),))
    assert "Please give the round a title" in audit_rounds.try_open(QUINN, WANTED, **{**ROUND, "title": " "})
    assert "not known" in audit_rounds.try_open(QUINN, WANTED, **{**ROUND, "template": "eha/9"})
    assert "may not draw" in audit_rounds.try_open(ALEX, WANTED, **ROUND)
    assert store.audits.rounds().height == 1


@pytest.mark.parametrize("kind", ["thematic", "dip"])
def test_a_chosen_sample_stands_for_nothing_else(store, kind):
    number = audit_rounds.try_open(QUINN, Wanted(kind=kind, size=3), **ROUND)
    assert store.audits.drawn(number)["weight"].null_count() == 3
    assert "say nothing about all assessments" in audit_rounds.propose(QUINN, Wanted(kind=kind, size=3)).sentence


def test_every_auditor_audits_a_calibration_set(store):
    number = audit_rounds.try_open(QUINN, Wanted(kind="calibration", size=2), **ROUND)
    assert audit_allocation.try_allocate_all(QUINN, number)[0] == 4  # two assessments, two auditors
    rows = store.audits.audits().filter(round_id=number)
    assert rows.group_by("assessment_id").agg(pl.col("auditor").n_unique())["auditor"].to_list() == [2, 2]


def test_audits_are_given_out_evenly_and_never_twice_to_one(allocated):
    rows = allocated.audits.audits()
    assert rows.select("drawn_id", "auditor").is_duplicated().any() is False
    first = rows.filter(part=1)["auditor"].value_counts()["count"]
    assert first.max() - first.min() <= 1


def test_an_auditor_of_the_audited_agency_is_refused(store):
    row = store.audits.audits().to_dicts()[0]
    cleo = somebody("cleo")
    assert audit_allocation.try_sign_up(cleo, row["agency_id"]) == ""
    assert "works for the agency" in audit_allocation.try_allocate(QUINN, row["audit_id"], cleo.person)
    assert store.audits.audits(auditor_is=cleo.person).is_empty()


def test_the_numbers_follow_the_work(allocated):
    whole = allocated.audits.audits().height
    assert numbers() == dict.fromkeys(("allocate", "late", "progress", "moderate", "differ", "inadequate", "again"), 0)
    assert numbers(today=DUE + timedelta(days=1))["late"] == whole
    alone = allocated.audits.audits().group_by("drawn_id").len().filter(pl.col("len") == 1)["drawn_id"]
    one = allocated.audits.audits().filter(pl.col("drawn_id").is_in(alone.implode()), ~pl.col("moderate")).to_dicts()
    finished(allocated, one[0]["audit_id"])  # good, alone, not drawn by lot: final as it is
    assert numbers()["moderate"] == 0
    finished(allocated, one[1]["audit_id"], best=False)  # inadequate: always moderated
    assert (numbers()["moderate"], numbers()["inadequate"], numbers()["again"]) == (1, 1, 0)
    number = one[1]["audit_id"]
    assert moderation.moderate(QUINN, number, 1, "I see it so too.", base=0) == ""
    assert (numbers()["moderate"], numbers()["differ"], numbers()["again"]) == (0, 0, 1)
    owed = {"question": "", "owner": one[1]["agency_id"], "severity": "high", "due": DUE}
    assert audit_actions.try_add(QUINN, number, "Ask the father", **owed) == ""
    assert numbers()["inadequate"] == 0
    assert audit_actions.try_repeat(QUINN, number) == ""
    assert (numbers()["again"], numbers()["allocate"]) == (1, 1)
    again = allocated.audits.audits().filter(pl.col("parent_audit_id") == number).to_dicts()[0]
    done = allocated.audits.audits(audit_id=number)["submitted_at"][0].date()
    assert again["due_date"] == done + timedelta(days=90)


def test_two_grades_that_differ_wait_to_be_settled(allocated):
    pair = allocated.audits.audits().filter(pl.len().over("drawn_id") == 2).sort("drawn_id", "part")["audit_id"][:2]
    finished(allocated, pair[0])
    assert numbers()["differ"] == 0
    finished(allocated, pair[1], best=False)
    assert numbers()["differ"] == 1
    assert moderation.settle(QUINN, pair[0], 2, "Between the two.", base=0) == ""
    assert numbers()["differ"] == 0
    assert allocated.audits.audits(audit_id=pair[0])["final_grade"][0] == 2


def test_an_auditor_sees_their_own_and_nothing_else(allocated):
    mine = allocated.audits.audits(auditor_is=ALEX.person)
    seen = audit_desk.desk(ALEX, TODAY)
    assert {item.audit_id for item in seen.lists["todo"]} == set(mine["audit_id"])
    at = as_person("audit_desk", ALEX)
    said = words_of(at)
    assert f"{mine.height} audits of yours are open" in said
    others = allocated.audits.audits(auditor_is=BO.person)
    alone = set(others["assessment_id"]) - set(mine["assessment_id"])
    assert not [one for one in alone if one in said]
    assert "Freeze and draw" not in [b.label for b in at.button]


def test_the_page_of_a_qa_manager_opens_a_round(store):
    at = as_person("audit_desk", QUINN)
    assert "25 audits are open: 25 to allocate." in words_of(at)
    next(b for b in at.button if b.label == "Allocate all of it by lot").click().run()
    assert not at.exception
    assert store.audits.audits()["auditor"].null_count() == 0
    assert at.success[0].value.startswith("25 audits are allocated")
    next(b for b in at.button if b.label == "Freeze and draw").click().run()
    assert not at.exception
    assert store.audits.rounds().height == 2


def test_a_list_leads_to_the_audit(allocated):
    at = as_person("audit_desk", QUINN, show="late")
    assert "None late." in words_of(at)
    finished(allocated, allocated.audits.audits().filter(part=1)["audit_id"][0], best=False)
    number = allocated.audits.audits().filter(pl.col("submitted_at").is_not_null())["audit_id"][0]
    shown = as_person("audit_desk", QUINN, show="inadequate").get("html")
    assert [one for one in shown if f'href="audit?audit={number}"' in one.proto.body]


def test_audits_done_on_paper_come_in(allocated):
    row = allocated.audits.audits(auditor_is=ALEX.person).filter(part=1, moderate=False).to_dicts()[0]
    asked = [q for q in templates()["eha/1"].questions if q.kind in ("ypn", "grade")]
    cells = ["yes" if q.kind == "ypn" else "good" for q in asked]
    head = ",".join(["assessment", "auditor", "completed", *(q.id for q in asked)])
    body = ",".join([row["assessment_id"], "Alex", "2026-09-29", *cells])
    stray = ",".join(["nowhere", "Alex", "2026-09-29", *cells])
    found = audit_import.read(QUINN, 1, f"{head}\n{body}\n{stray}\n".encode(), "paper.csv")
    assert audit_import.listed(found)["Why it was not taken"].to_list() == [
        "this assessment was not drawn in the round"
    ]
    came = audit_import.take(QUINN, 1, found)
    assert came.sentence == "1 audits are finished, 0 are begun."
    assert allocated.audits.audits(audit_id=row["audit_id"])["source"][0] == "paper"
    again = audit_import.take(QUINN, 1, found)
    assert "finished, or is somebody else's" in again.left["Why it was not taken"][0]
    assert audit_rounds.try_close(QUINN, 1) == ""
    assert "the round is closed" in audit_import.read(QUINN, 1, f"{head}\n{body}\n".encode(), "paper.csv")


def test_a_question_of_another_version_is_refused(store):
    found = audit_import.read(QUINN, 1, b"assessment,N1,O9\nx,yes,yes\n", "paper.csv")
    assert "O9 is a question of version 2, and this round uses version 1" in found


@pytest.mark.parametrize("role", [r for r in ROLES if r not in ("QA manager", "auditor")])
def test_the_desk_and_the_audit_are_closed_to_the_rest(store, role):
    for page in ("audit_desk", "audit"):
        assert [t.value for t in opened(page, role).title] == ["This page is not open to you"]


def test_answers_ask_for_leave_themselves(store):
    with pytest.raises(NotAllowed):
        audit_rounds.propose(ALEX, WANTED)
    with pytest.raises(NotAllowed):
        audit_rounds.rounds(ALEX)
    with pytest.raises(NotAllowed):
        audit_desk.desk(somebody("lee", "agency lead"), TODAY)
    assert "may not" in audit_allocation.try_allocate_all(ALEX, 1)[1]
    assert "may not" in audit_rounds.try_close(ALEX, 1)


def test_without_records_the_desk_says_what_to_do(empty_store):
    assert "No case records are loaded yet." in words_of(as_person("audit_desk", QUINN))
