"""Suggested grades: each rule of the audit, worked by hand; answers from any engine; refusals."""

import math
import statistics
from fractions import Fraction

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import audit
from metrics.audit import TemplateError, grade, read_template

ONE = audit.templates()["eha/1"]
COUNTED = {s.id: [q.id for q in s.questions if q.kind != "text" and not q.compliance] for s in ONE.sections}


def answers(said, audit_id="X"):
    return pl.DataFrame(
        [(audit_id, q, a) for q, a in said.items()],
        schema={"audit_id": pl.String, "question": pl.String, "answer": pl.String},
        orient="row",
    )


def every(template=ONE, **said):
    """Every question answered at its best, but for those given."""
    best = {q.id: "4" if q.kind == "grade" else "yes" for q in template.questions if q.kind != "text"}
    return {q: a for q, a in (best | said).items() if a is not None}


def one(said, template=ONE):
    return grade(answers(said), template).row(0, named=True)


def sections(row):
    return [row[f"section_{s.id}"] for s in ONE.sections]


# A template of one section with four yes-partly-no questions, to work the section's grade by hand.
FOUR = read_template(
    {
        "id": "four",
        "version": "1",
        "title": "Four",
        "section": [{"id": "a", "title": "A"}],
        "question": [{"id": f"Q{n}", "section": "a", "text": "?", "kind": "ypn"} for n in range(1, 5)],
    }
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("yes yes yes yes", 4),  # 1 + 3·1
        ("yes yes yes partly", 4),  # mean .875 → 3.625
        ("yes yes yes no", 3),  # .75 → 3.25
        ("yes yes partly no", 3),  # .625 → 2.875
        ("partly partly partly partly", 2),  # .5 → 2.5: halfway goes to the lower
        ("yes yes no no", 2),  # .5
        ("yes no no no", 2),  # .25 → 1.75
        ("partly no no no", 1),  # .125 → 1.375
        ("no no no no", 1),
        ("yes yes not_applicable not_applicable", 4),  # leaves the denominator
        ("yes yes - -", 2),  # unanswered does not: 2 of 4 → .5
        ("yes - - -", None),  # fewer than half are answered
        ("yes - not_applicable not_applicable", 2),  # one of the two that apply → .5
        ("not_applicable not_applicable not_applicable not_applicable", None),
    ],
)
def test_a_section_is_one_and_three_times_its_mean(said, expected):
    row = one({f"Q{n}": "" if a == "-" else a for n, a in enumerate(said.split(), 1)}, FOUR)
    assert row["section_a"] == expected


def test_graded_questions_count_as_graded():
    graded = [{"id": f"Q{n}", "section": "a", "text": "?", "kind": "grade"} for n in range(1, 4)]
    template = read_template(
        {"id": "g", "version": "1", "title": "G", "section": [{"id": "a", "title": "A"}], "question": graded}
    )
    assert one({"Q1": "4", "Q2": "3", "Q3": "2"}, template)["section_a"] == 3  # mean of 4, 3, 2
    assert one({"Q1": "2", "Q2": "2", "Q3": "3"}, template)["section_a"] == 2  # 2.33
    assert one({"Q1": "1", "Q2": "1", "Q3": "1"}, template)["suggested"] == 1


def low(section, answer="no"):
    """All questions of a section that count answered so (no, where partly cannot be said), gates apart."""
    asked = [q for q in ONE.questions if q.id in COUNTED[section] and not q.gate]
    graded = {"no": "1", "partly": "2"}[answer]
    return {q.id: graded if q.kind == "grade" else answer if answer in q.answers else "no" for q in asked}


def test_all_at_their_best_is_outstanding():
    row = one(every())
    assert (sections(row), row["suggested"], row["compliance"]) == ([4] * 5, 4, 100)
    assert row["sentence"] == "Outstanding: of 5 sections 5 outstanding; the middle one is outstanding."
    assert (row["asked"], row["applicable"], row["answered"], row["escalate"]) == (33, 33, 33, False)


def test_the_lower_median_of_four_sections():
    gone = dict.fromkeys(COUNTED["oversight"], "not_applicable")
    row = one(every(**gone, **low("outcomes", "partly"), **low("reviews", "partly")))
    assert sections(row) == [4, 4, 2, 2, None]
    assert row["suggested"] == 2


def test_outstanding_needs_no_section_below_good():
    row = one(every(**low("reviews", "partly")))
    assert (sections(row), row["suggested"]) == ([4, 4, 4, 2, 4], 3)
    assert row["sentence"] == (
        "Good: of 5 sections 4 outstanding, 1 requires improvement; the middle one is outstanding, but “Team around "
        "the family and its reviews” is below good."
    )


def test_an_inadequate_section_caps_at_requires_improvement():
    row = one(every(**low("reviews")))
    assert (sections(row), row["suggested"], row["gate_failed"]) == ([4, 4, 4, 1, 4], 2, 0)
    assert row["sentence"].endswith(
        "but “Team around the family and its reviews” is inadequate, so at most requires improvement."
    )


@pytest.mark.parametrize("gate", ["N1", "N2", "N6", "N8", "M2"])
def test_a_failed_gate_caps_at_requires_improvement(gate):
    row = one(every(**{gate: "no"}))
    assert (row["suggested"], row["gate_failed"], row["escalate"]) == (2, 1, False)
    assert f"but {gate} was answered no, so at most requires improvement." in row["sentence"]


def test_partly_does_not_fail_a_gate():
    assert one(every(N6="partly"))["gate_failed"] == 0


def test_a_risk_of_harm_is_inadequate_whatever_else_and_before_all_is_answered():
    for said in (every(N9="no"), {"N9": "no"}):
        row = one(said)
        assert (row["suggested"], row["gate_failed"], row["escalate"]) == (1, 2, True)
        assert row["sentence"].startswith("Inadequate: N9 was answered no") and "today" in row["sentence"]


def test_compliance_is_kept_apart_from_quality():
    bare = {q.id: "no" for q in ONE.questions if q.compliance and not q.gate}
    row = one(every(**bare))
    assert (row["suggested"], sections(row)) == (4, [4] * 5)
    assert row["compliance"] == pytest.approx(100 * 2 / 10)  # the two consents of ten
    assert one(every(H4="1", H5="1"))["compliance"] == 100


def test_no_grade_before_what_is_mandatory_is_answered():
    row = one(every(N1=None, M2=""))
    assert (row["suggested"], row["answered"]) == (None, 31)
    assert row["sentence"] == "No grade yet: N1 and M2 are still to be answered."
    gates = {q.id: "yes" for q in ONE.questions if q.gate}
    assert one(gates)["sentence"] == "No grade yet: too few questions are answered."


def test_a_template_change_never_alters_a_past_grade():
    said = answers(every(M4="no"))
    before = grade(said, ONE)
    audit.supersede(audit.templates()["eha/2"], {"eha/1": ONE})
    assert grade(said, ONE).equals(before)
    with pytest.raises(TemplateError, match=r"Version 2 of .* has no question M4"):
        grade(said, audit.templates()["eha/2"])


def test_refusals():
    with pytest.raises(TemplateError, match="Question N1 is answered yes, no, not applicable, not “partly”"):
        grade(answers({"N1": "partly"}), ONE)
    with pytest.raises(TemplateError, match="Question H1 is answered"):
        grade(answers({"H1": "3"}), ONE)
    with pytest.raises(TemplateError, match="Question N1 of audit X is answered twice"):
        grade(pl.concat([answers({"N1": "yes"}), answers({"N1": "no"})]), ONE)
    with pytest.raises(TemplateError, match="names no audit"):
        grade(answers({"N1": "yes"}, None), ONE)


def test_nobody_answered_anything():
    assert grade(answers({}), ONE).height == 0


def test_audits_do_not_touch_each_other_and_keep_their_order():
    parts = [answers(every(), "b"), answers(every(N9="no"), "a"), answers(every(**low("reviews")), "c")]
    together = grade(pl.concat(parts), ONE)
    assert together["audit_id"].to_list() == ["b", "a", "c"]
    assert together.equals(pl.concat([grade(p, ONE) for p in parts]))
    mixed = grade(pl.concat(parts).sample(fraction=1, shuffle=True, seed=3), ONE)
    assert mixed.sort("audit_id").equals(together.sort("audit_id"))


def test_any_engine_gives_the_same():
    said = pl.concat([answers(every(), "b"), answers(every(H4="2", O1="no"), "a")])
    expected = grade(said, ONE).sort("audit_id")
    connection = duckdb.connect()
    for frame in (said.lazy(), said.to_pandas(), connection.from_arrow(said.to_arrow())):
        assert grade(frame, ONE).sort("audit_id").equals(expected)
    connection.close()


@st.composite
def sheets(draw):
    """Answers to some of the questions, whatever they are."""
    made = {}
    for q in ONE.questions:
        answer = draw(st.sampled_from(["", *(q.answers or ("words",))]))
        if draw(st.booleans()) or answer:
            made[q.id] = answer
    return made


@given(st.lists(sheets(), min_size=1, max_size=4))
@settings(deadline=None, max_examples=80)
def test_any_answers_by_the_rules_read_out_one_by_one(many):
    """The rules with fractions and the library's lower median, beside the arrays."""
    found = grade(pl.concat([answers(said | {"M5": ""}, f"a{n}") for n, said in enumerate(many)]), ONE)
    points = {"yes": Fraction(1), "partly": Fraction(1, 2), "no": Fraction(0)} | {
        str(g): Fraction(g - 1, 3) for g in (1, 2, 3, 4)
    }
    for row, said in zip(found.iter_rows(named=True), many, strict=True):
        grades = {}
        for section in ONE.sections:
            applies = [said.get(q, "") for q in COUNTED[section.id] if said.get(q, "") != "not_applicable"]
            given = [points[a] for a in applies if a]
            if applies and 2 * len(given) >= len(applies):
                exact = 1 + 3 * sum(given) / len(applies)
                grades[section.id] = -math.floor(Fraction(1, 2) - exact)  # halves downwards
        assert sections(row) == [grades.get(s.id) for s in ONE.sections]
        graded = list(grades.values())
        there = [s for s in ONE.sections if any(said.get(q, "") != "not_applicable" for q in COUNTED[s.id])]
        expected = None
        if 2 * len(graded) >= len(there) and graded and all(said.get(q.id) for q in ONE.questions if q.mandatory):
            expected = statistics.median_low(graded)
            if expected == 4 and (2 * graded.count(4) < len(graded) or min(graded) < 3):
                expected = 3
            if 1 in graded or any(said[q.id] == "no" for q in ONE.questions if q.gate == 1):
                expected = min(expected, 2)
        if said.get("N9") == "no":
            expected = 1
        assert (row["suggested"], row["escalate"]) == (expected, said.get("N9") == "no")
