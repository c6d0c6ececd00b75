"""Quality audits in the store, on both databases: rounds, who may audit what, answers, grades, actions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import polars as pl
import pytest

from dashboard.store import StaleEdit, Store, StoreError, retention
from dashboard.store.audits import ANSWERS, AUDITS, DRAWN

BY = "Quinn <issuer#quinn>"
DUE = date(2026, 10, 30)
OPEN = {"title": "Autumn", "kind": "quarterly", "template_id": "eha", "version": "1", "as_at": date(2026, 9, 30)}
OPEN |= {"due_date": DUE, "seed": 7, "by": BY}


def frame(count: int = 20) -> pl.DataFrame:
    """Assessments A0, A1 …, in turn of a school and of the police."""
    rows = [
        {
            "assessment_id": f"A{n}",
            "stratum": ("school", "police")[n % 2],
            "agency_id": ("AG-S", "AG-P")[n % 2],
            "episode_id": f"E{n}",
            "family_id": f"F{n}",
        }
        for n in range(count)
    ]
    return pl.DataFrame(rows)


def chosen(count: int = 4, reserve: int = 2, audits: int = 1) -> pl.DataFrame:
    """The first ones of the frame; the last of them in reserve."""
    return (
        frame()
        .head(count + reserve)
        .with_columns(
            pl.int_range(pl.len()).alias("draw_order"),
            pl.lit(5.0).alias("weight"),
            (pl.int_range(pl.len()) == 0).alias("moderate"),
            (pl.int_range(pl.len()) >= count).alias("replacement"),
            pl.lit(audits).alias("audits"),
        )
    )


@pytest.fixture
def audits(store: Store):
    """A store with a template of two questions and two auditors, of the school and of health."""
    held = store.audits
    held.add_template("eha", "1", "EHA", "{}", ["N1", "N2"], by=BY)
    held.add_template("eha", "2", "EHA", '{"more": 1}', ["N1", "N3"], by=BY)
    held.set_auditor("i#alex", "Alex", "AG-S", most=10, by=BY)
    held.set_auditor("i#bo", "Bo", "AG-H", most=10, by=BY)
    return held


@pytest.fixture
def opened(audits):
    audits.open_round(frame(), chosen(), **OPEN)
    return audits


def test_a_round_keeps_its_frame_its_strata_and_its_draw(opened):
    [row] = opened.rounds().to_dicts()
    assert (row["title"], row["kind"], row["seed"], row["closed_at"]) == ("Autumn", "quarterly", 7, None)
    assert opened.frame(row["round_id"]).sort("assessment_id").equals(frame().sort("assessment_id"))
    strata = opened.strata().sort("stratum").select("stratum", "frame_size", "planned").rows()
    assert strata == [("police", 10, 2), ("school", 10, 2)]  # 20 in turn, 4 of them drawn in turn
    drawn = opened.drawn(row["round_id"])
    assert drawn.schema == DRAWN
    assert drawn["state"].to_list() == ["sample"] * 4 + ["reserve"] * 2
    assert opened.audits().schema == AUDITS
    assert opened.audits()["assessment_id"].to_list() == ["A0", "A1", "A2", "A3"]
    assert set(opened.audits()["due_date"]) == {DUE}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: (frame(), pl.concat([chosen(), chosen()])), "drawn twice"),
        (lambda: (frame(3), chosen()), "More are drawn"),
        (lambda: (frame().tail(10), chosen()), "not among those"),
        (lambda: (frame(), chosen(0, 3)), "Nothing was drawn"),
    ],
)
def test_a_round_that_cannot_be_is_refused_whole(audits, wrong, said):
    with pytest.raises(StoreError, match=said):
        audits.open_round(*wrong(), **OPEN)
    assert audits.rounds().is_empty()


def test_a_template_version_is_never_changed(audits):
    audits.add_template("eha", "1", "EHA", "{}", ["N1", "N2"], by=BY)  # the same again
    with pytest.raises(StoreError, match="Version 1 of this template is there already"):
        audits.add_template("eha", "1", "EHA", '{"other": 1}', ["N1"], by=BY)
    with pytest.raises(StoreError, match="no version 9"):
        audits.open_round(frame(), chosen(), **{**OPEN, "version": "9"})
    assert audits.templates()["version"].to_list() == ["1", "2"]


def test_an_audit_goes_to_nobody_of_the_audited_agency(opened):
    school = opened.audits().filter(agency_id="AG-S")["audit_id"][0]
    police = opened.audits().filter(agency_id="AG-P")["audit_id"][0]
    with pytest.raises(StoreError, match="Alex works for the agency"):
        opened.allocate({police: "i#bo", school: "i#alex"}, by=BY)
    assert opened.audits()["auditor"].null_count() == 4  # all or nothing
    opened.allocate({police: "i#alex", school: "i#bo"}, by=BY)
    assert opened.audits(auditor_is="i#alex")["audit_id"].to_list() == [police]
    assert opened.audits(audit_id=police)["auditor_name"].to_list() == ["Alex"]
    with pytest.raises(StoreError, match="not on the list"):
        opened.allocate({police: "i#nobody"}, by=BY)
    opened.allocate({police: ""}, by=BY)
    assert opened.audits(auditor_is="i#alex").is_empty()


def test_one_auditor_does_not_do_both_parts(audits):
    audits.open_round(frame(), chosen(audits=2), **OPEN)
    one, two = audits.audits().filter(assessment_id="A1")["audit_id"].to_list()
    audits.allocate({one: "i#alex"}, by=BY)
    with pytest.raises(StoreError, match="has the assessment already"):
        audits.allocate({two: "i#alex"}, by=BY)


def test_answers_are_versions_and_nothing_is_lost(opened):
    first = opened.save_answer(1, "N1", said="yes", evidence="p. 2", base=None, by="Alex <i#alex>")
    second = opened.save_answer(1, "N1", said="partly", evidence="p. 2", base=first, by="Alex <i#alex>")
    with pytest.raises(StaleEdit) as stale:
        opened.save_answer(1, "N1", said="no", evidence="p. 3", base=first, by="Bo <i#bo>")
    assert (stale.value.yours, stale.value.theirs) == ("no\np. 3", "partly\np. 2")
    assert (stale.value.note_id, stale.value.author) == (second, "Alex <i#alex>")
    assert opened.answers([1]).select("question", "answer", "evidence").rows() == [("N1", "partly", "p. 2")]
    assert opened.answers().schema == ANSWERS
    assert opened.answer_history(1, "N1")["answer"].to_list() == ["partly", "yes"]
    assert opened.audits(audit_id=1)["started_at"].null_count() == 0


def test_two_at_once_cannot_both_follow_the_same_answer(opened):
    def save(n: int) -> bool:
        try:
            opened.save_answer(1, "N1", said="yes", evidence=str(n), base=None, by=f"{n} <i#{n}>")
        except StaleEdit:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(save, range(6))) == 1


def test_an_answer_raises_neither_version_and_a_grade_raises_the_audits(store: Store, opened):
    before, results = store.version(), opened.version()
    opened.save_answer(1, "N1", said="yes", evidence="", base=None, by=BY)
    assert (store.version(), opened.version()) == (before, results)
    opened.submit(1, {"suggested": (3, ""), "auditor": (3, "")}, by=BY)
    assert store.version() == before
    assert opened.version() > results


def test_what_cannot_be_answered_is_refused(opened):
    give = {"said": "yes", "evidence": "", "base": None, "by": BY}
    with pytest.raises(StoreError, match="Question N3 is not of the version"):
        opened.save_answer(1, "N3", **give)
    with pytest.raises(StoreError, match="no such audit"):
        opened.save_answer(99, "N1", **give)
    opened.submit(1, {"suggested": (3, ""), "auditor": (3, "")}, by=BY)
    with pytest.raises(StoreError, match="finished already"):
        opened.save_answer(1, "N1", **give)
    with pytest.raises(StoreError, match="finished already"):
        opened.submit(1, {"auditor": (2, "")}, by=BY)
    opened.close_round(1, by=BY)
    with pytest.raises(StoreError, match="The round is closed"):
        opened.save_answer(2, "N1", **give)
    with pytest.raises(StoreError, match="no such open round"):
        opened.close_round(1, by=BY)


def test_every_grade_is_kept(opened):
    opened.submit(1, {"suggested": (3, "lower median"), "auditor": (2, "no child's voice")}, by="Alex <i#alex>")
    made = opened.set_grade(1, "moderator", 3, "voice in the log", base=None, by=BY)
    with pytest.raises(StaleEdit):
        opened.set_grade(1, "moderator", 1, "", base=None, by="other")
    opened.set_grade(1, "moderator", 4, "after talking", base=made, by=BY)
    opened.set_grade(1, "final", 3, "agreed", base=None, by=BY)
    row = opened.audits(audit_id=1).to_dicts()[0]
    grades = [row[f"{kind}_grade"] for kind in ("suggested", "auditor", "moderator", "final")]
    assert grades == [3, 2, 4, 3]
    assert opened.grades(1)["reason"].to_list() == [
        "agreed", "after talking", "voice in the log", "no child's voice", "lower median",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="a grade is one of"):
        opened.set_grade(2, "final", 5, "", base=None, by=BY)


def test_what_is_left_out_is_replaced_from_its_own_stratum(opened):
    first = opened.drawn(1).filter(assessment_id="A0")["drawn_id"][0]
    with pytest.raises(StoreError, match="why it is left out"):
        opened.exclude(first, " ", by=BY)
    new = opened.exclude(first, "The file is closed to us", by=BY)
    drawn = {row["drawn_id"]: row for row in opened.drawn(1).to_dicts()}
    assert (drawn[first]["state"], drawn[first]["reason"]) == ("excluded", "The file is closed to us")
    assert (drawn[new]["state"], drawn[new]["stratum"]) == ("sample", "school")
    assert sorted(opened.audits()["assessment_id"]) == ["A1", "A2", "A3", "A4"]
    with pytest.raises(StoreError, match="left out of the sample"):
        opened.save_answer(1, "N1", said="yes", evidence="", base=None, by=BY)
    assert opened.exclude(new, "Also closed", by=BY) is None  # one school stood in reserve
    assert opened.audits().height == 3


def test_a_re_audit_stands_in_a_round_of_its_own(opened):
    again = opened.open_re_audit(1, due_date=DUE + timedelta(days=90), by=BY)
    row = opened.audits(audit_id=again).to_dicts()[0]
    assert (row["kind"], row["parent_audit_id"], row["assessment_id"]) == ("re-audit", 1, "A0")
    with pytest.raises(StoreError, match="down already"):
        opened.open_re_audit(1, due_date=DUE, by=BY)
    opened.open_re_audit(2, due_date=DUE, by=BY)
    assert opened.rounds().height == 2  # one round for both


def test_an_action_is_verified_by_somebody_else(opened):
    owed = {"owner_agency_id": "AG-S", "severity": "high", "due_date": DUE, "by": BY}
    with pytest.raises(StoreError, match="not finished"):
        opened.add_action(1, "Ask the father", **owed)
    opened.submit(1, {"auditor": (1, "")}, by=BY)
    number = opened.add_action(1, "Ask the father", asked="N1", **owed)
    with pytest.raises(StoreError, match="Nobody has said"):
        opened.verify_action(number, by=BY)
    with pytest.raises(StoreError, match="how one can see"):
        opened.action_done(number, done_date=DUE, evidence="", by="Lee <i#lee>")
    opened.action_done(number, done_date=DUE, evidence="note of 3 October", by="Lee <i#lee>")
    with pytest.raises(StoreError, match="Somebody else"):
        opened.verify_action(number, by="Lee <i#lee>")
    opened.verify_action(number, by=BY)
    [row] = opened.actions().to_dicts()
    assert (row["done_by"], row["verified_by"], row["question"]) == ("Lee <i#lee>", BY, "N1")


def test_the_same_day_steps_are_taken_once(opened):
    opened.take_step(1, "told the safeguarding lead", by="Alex <i#alex>")
    opened.take_step(1, "told the safeguarding lead", by=BY)
    assert opened.steps(1).select("step", "author").rows() == [("told the safeguarding lead", "Alex <i#alex>")]


def test_what_changed_stands_in_the_record_and_answers_do_not(store: Store, opened):
    before = store.records().height
    opened.save_answer(1, "N1", said="yes", evidence="", base=None, by=BY)
    assert store.records().height == before
    opened.submit(1, {"auditor": (3, "")}, by=BY, as_role="auditor")
    newest = store.records(1).to_dicts()[0]
    assert (newest["who"], newest["role"], newest["detail"]) == (BY, "auditor", "audit 1 finished")
    assert store.verify_record() == []


def test_a_whole_round_is_put_in_as_it_was(audits):
    about = {"title": "Spring", "kind": "quarterly", "template": "eha", "version": "1", "as_at": date(2026, 3, 31)}
    about |= {"due_date": date(2026, 5, 12), "seed": 1, "margin": None, "dual_share": 0.1, "standing": "invented"}
    done = pl.DataFrame(
        {
            "audit": ["Q1", "Q2"],
            "assessment_id": ["A0", "A1"],
            "part": [1, 1],
            "auditor": ["x#1", "x#1"],
            "due_date": [date(2026, 5, 12)] * 2,
            "submitted": [date(2026, 5, 1), None],
        }
    )
    answers = pl.DataFrame({"audit": ["Q1"], "question": ["N1"], "answer": ["no"], "evidence": ["none"]})
    grades = pl.DataFrame({"audit": ["Q1", "Q1"], "kind": ["auditor", "final"], "grade": [1, 1], "reason": ["", ""]})
    action = {"audit": "Q1", "question": "N1", "text": "Ask", "owner_agency_id": "AG-S", "severity": "high"}
    action |= {"due_date": date(2026, 6, 1), "done_date": date(2026, 5, 20), "evidence": "seen", "verified": True}
    ids = audits.load_round(
        {**about, "closed": True}, sampled=frame(), chosen=chosen(), audits=done, answers=answers, grades=grades,
        actions=pl.DataFrame([action]), auditors={"x#1": ("Ash", "AG-H")}, by="sample data",
    )  # fmt: skip
    held = {row["audit_id"]: row for row in audits.audits().to_dicts()}
    assert held[ids["Q1"]]["final_grade"] == 1
    assert held[ids["Q1"]]["submitted_at"].date() == date(2026, 5, 1)
    assert held[ids["Q2"]]["submitted_at"] is None
    assert held[ids["Q1"]]["auditor_name"] == "Ash"
    assert audits.answers()["answer"].to_list() == ["no"]
    assert audits.actions()["verified_by"].null_count() == 0
    again = chosen(1, 0).with_columns(pl.lit("Q1").alias("parent"))
    more = audits.load_round(
        {**about, "kind": "re-audit", "closed": False}, sampled=frame().head(0), chosen=again,
        audits=done.head(1).with_columns(pl.lit("Q3").alias("audit")), answers=answers.clear(), grades=grades.clear(),
        actions=pl.DataFrame([action]).clear(), parents=ids, by="sample data",
    )  # fmt: skip
    assert audits.audits(audit_id=more["Q3"])["parent_audit_id"].to_list() == [ids["Q1"]]


def test_audits_go_when_their_term_is_over(store: Store, opened):
    opened.save_answer(1, "N1", said="yes", evidence="about a family", base=None, by=BY)
    later = date.today() + timedelta(days=retention()["audit_drawn"] + 1)
    terms = {name: days for name, days in retention().items() if name.startswith("audit")}
    assert store.purge(terms, as_at=later, dry_run=True, by=BY)["rows"].sum() == 0  # open rounds stay
    opened.close_round(1, by=BY)
    gone = dict(store.purge(terms, as_at=later, dry_run=False, by=BY).select("table", "rows").rows())
    assert gone == {"audit_drawn": 6, "audit_frame": 20}
    assert opened.answers().is_empty()
    assert opened.audits().is_empty()
    assert opened.strata().height == 2  # counts of the round stay
