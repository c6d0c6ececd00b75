"""Audit templates: the shipped ones are complete, versions are deltas, and a fault is one sentence."""

import pytest

from metrics import audit
from metrics.audit import TemplateError, read_template, supersede, templates

ONE, TWO = templates()["eha/1"], templates()["eha/2"]
# The partnership's five headings, and how many of the bank's 34 questions stand under each.
HEADINGS = {
    "Needs identified": 9,
    "Holistic assessment": 7,
    "Outcomes-based intervention": 8,
    "Team around the family and its reviews": 5,
    "Management oversight": 5,
}
# By the bank: consent twice, the child's voice, the level of need and step up cap; harm makes inadequate.
GATES = {"N1": 1, "N2": 1, "N6": 1, "N8": 1, "M2": 1, "N9": 2}
SMALL = {
    "id": "t",
    "version": "1",
    "title": "Small",
    "section": [{"id": "a", "title": "A"}],
    "question": [{"id": "A1", "section": "a", "text": "Well?", "kind": "ypn"}],
}


def small(**question):
    return SMALL | {"question": [SMALL["question"][0] | question]}


def test_the_first_version_has_the_five_headings_and_the_banks_questions():
    assert {s.title: len(s.questions) for s in ONE.sections} == HEADINGS
    assert {q.id: q.gate for q in ONE.questions if q.gate} == GATES
    assert all(q.mandatory for q in ONE.questions if q.gate)
    assert {q.measure for q in ONE.questions if q.kind == "derived"} == set(audit.MEASURES)
    assert sum(q.kind == "text" for q in ONE.questions) == 1
    assert all(q.text.endswith("?") for q in ONE.questions)


def test_timeliness_is_derived_and_counts_for_compliance():
    assert all(q.compliance and q.answers == ("yes", "no", "not_applicable") for q in ONE.questions if q.measure)


def test_the_second_version_changes_what_it_says_and_nothing_else():
    assert TWO.based_on == "1"
    said = supersede(TWO, {"eha/1": ONE})
    assert [s.split(" ")[0] for s in said] == ["M4", "O9", "H1", "M1"]
    same = {q.id: q for q in ONE.questions}
    untouched = [q for q in TWO.questions if q.id not in ("O9", "H1", "M1")]
    assert len(untouched) == 31 and all(same[q.id] == q for q in untouched)
    order = [q.id for q in TWO.questions]
    assert order[order.index("O7") + 1] == "O9"
    assert ONE.question("M4").text  # the first version is as it was


def test_a_kept_template_never_changes():
    other = read_template(SMALL | {"title": "Small, but otherwise"})
    with pytest.raises(TemplateError, match="is kept already and never changes"):
        supersede(other, {"t/1": read_template(SMALL)})
    assert supersede(read_template(SMALL), {"t/1": read_template(SMALL)}) == [
        "A first template with 1 questions in 1 sections."
    ]


def test_templates_survive_the_store():
    for template in templates().values():
        assert audit.from_json(audit.as_json(template)) == template
    with pytest.raises(TemplateError, match="not a template as it is kept"):
        audit.from_json('{"id": 3}')


def test_what_may_be_answered():
    assert ONE.question("N1").answers == ("yes", "no", "not_applicable")
    assert ONE.question("H1").answers == ("yes", "partly", "no", "not_applicable")
    assert ONE.question("H4").answers == ("4", "3", "2", "1", "not_applicable")
    assert ONE.question("M5").answers == ()
    assert ONE.refusal("N1", "partly") == "Question N1 is answered yes, no, not applicable, not “partly”."
    assert ONE.refusal("O9", "yes") == "Version 1 of “Quality audit of an Early Help Assessment” has no question O9."
    assert ONE.refusal("M5", "anything") == ONE.refusal("H4", "2") == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("id = ", "cannot be read as TOML"),
        ({"id": "t"}, "needs an id and a version"),
        (SMALL | {"id": "../etc"}, "needs an id and a version"),
        (SMALL | {"version": 1}, "version is text"),
        (SMALL | {"colour": "red"}, "“colour” is not known"),
        (SMALL | {"title": " "}, "needs a title and at least one section"),
        (SMALL | {"section": SMALL["section"] * 2}, "section a stands twice"),
        (SMALL | {"section": [{"id": "a"}]}, "section needs an id of up to 20 letters and digits, and a title"),
        (SMALL | {"section": "a"}, "“section” is a list of tables"),
        (SMALL | {"question": SMALL["question"] * 2}, "question A1 stands twice"),
        (SMALL | {"remove": ["A1"]}, "Only a version that is based on another"),
        (small(section="b"), "belongs to the section “b”, which there is not"),
        (small(text=" "), "question A1 has no text"),
        (small(text="x" * 601), "text of at most 600 letters"),
        (small(id="1"), "an id begins with a letter"),
        (small(kind="stars"), "“stars” is not one of ypn, grade, derived, text"),
        (small(kind="derived"), "a derived question, and no other, has a measure"),
        (small(measure="assessment_in_time"), "a derived question, and no other, has a measure"),
        (small(gate=3), "a gate is 0, 1 or 2"),
        (small(gate=True), "gate is 0, 1 or 2"),
        (small(kind="grade", gate=1), "only a yes or no question can be one"),
        (small(mandatory="yes"), "mandatory is true or false"),
        (small(compliance=True), "“A” has no question that counts for its grade"),
        (small(colour="red"), "The question A1: “colour” is not known"),
        ({"id": "eha", "version": "9", "based_on": "7"}, "Version 7 of eha, which this one is based on, is not known"),
        ({"id": "eha", "version": "9", "based_on": "1", "remove": ["Z1"]}, "no question Z1 to change or remove"),
        ({"id": "eha", "version": "9", "based_on": "1", "remove": "M4"}, "“remove” is a list of ids"),
        ({"id": "eha", "version": "9", "based_on": "1", "question": SMALL["question"]}, "use “add” and “change”"),
        (
            {"id": "eha", "version": "9", "based_on": "1", "add": [SMALL["question"][0] | {"after": "Z"}]},
            "should stand after Z, which there is not",
        ),
    ],
)
def test_faults_are_one_sentence(source, said):
    with pytest.raises(TemplateError, match=said) as wrong:
        read_template(source)
    assert str(wrong.value).endswith(".") and "\n" not in str(wrong.value).rstrip()


def test_every_measure_is_defined_in_full():
    for measure in audit.measures().values():
        for field in ("name", "numerator", "denominator", "unit", "limits", "source"):
            assert getattr(measure, field).strip(), f"{measure.id} has no {field}"
