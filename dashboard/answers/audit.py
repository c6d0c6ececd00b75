"""One audit: what is audited, its questions and answers, the suggested grade, finishing it, and moderating it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import AUDIT, DRAW, MODERATE, NotAllowed, Scope, may, require
from dashboard.answers import audit_templates, case_records, people
from dashboard.answers.audit_derived import Derived, derived
from dashboard.answers.keep import the_store
from dashboard.store import StaleEdit, StoreError
from metrics.audit import GRADES, NOT_APPLICABLE, Template, TemplateError, grade
from metrics.audit.allocation import ALWAYS_MODERATED
from metrics.audit.grading import INADEQUATE

ANSWERS: Mapping[str, str] = {
    "yes": "Yes", "partly": "Partly", "no": "No", NOT_APPLICABLE: "Not applicable",
    **{str(value): name.capitalize() for value, name in GRADES.items()},
}  # fmt: skip
# What is done on the day on which a risk of significant harm is found that nobody acts on.
SAME_DAY: Mapping[str, str] = {
    "lead": "I have told the safeguarding lead.",
    "referral": "Children's social care have the referral, or I have seen that they have it.",
    "agency": "I have told the manager of the agency that holds the case.",
    "noted": "Whom I told, and when, stands as evidence at the question.",
}


class AuditNotThere(LookupError):
    """No such audit, or not this person's; the message is a sentence. The two are not told apart."""


@dataclass(frozen=True, slots=True)
class Line:
    """What stands at a question: the answer and its evidence, the number of that version (0 for none), by whom."""

    said: str = ""
    evidence: str = ""
    base: int = 0
    author: str = ""
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The grade that the answers come to (None while there is none), why, and whether somebody must act today."""

    grade: int | None
    sentence: str
    escalate: bool
    answered: int
    asked: int
    compliance: float | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A grade as somebody gave it. `id` is the base of the next of its kind."""

    id: int
    grade: int
    reason: str
    author: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """One audit as a page shows it. `open`: answers may be given. `other`: the second auditor's grade."""

    id: int
    title: str
    facts: tuple[tuple[str, str], ...]
    template: Template
    lines: Mapping[str, Line]
    derived: Mapping[str, Derived]
    suggestion: Suggestion
    open: bool
    why_closed: str
    grades: Mapping[str, Given]
    steps: Mapping[str, str]  # step → who took it
    moderates: bool  # the asker may moderate it
    other: int | None
    kind: str
    agency_id: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody else answered meanwhile: theirs, and the version to start from next."""

    said: str
    evidence: str
    base: int
    author: str


def sheet(scope: Scope, audit_id: int) -> Sheet:
    """An audit with all that was answered. Raises `AuditNotThere`, also for an audit that is somebody else's."""
    row = _row(scope, audit_id)
    template = audit_templates.template(row["template"], row["version"])
    kept = the_store().audits.answers([audit_id])
    lines = {
        r["question"]: Line(r["answer"], r["evidence"], r["answer_id"], words.name(r["author"]), r["written_at"])
        for r in kept.iter_rows(named=True)
    }
    reckoned = derived(scope, row, template, lines)
    given = {q: line.said for q, line in lines.items()} | {q: one.answer for q, one in reckoned.items()}
    steps = the_store().audits.steps(audit_id)
    closed = _why_closed(row)
    return Sheet(
        audit_id,
        row["title"],
        _facts(scope, row),
        template,
        lines,
        reckoned,
        suggestion(template, given),
        not closed,
        closed,
        _grades(audit_id),
        {step: words.name(who) for step, who in steps.select("step", "author").iter_rows()},
        may(scope, MODERATE) and row["submitted_at"] is not None and row["auditor"] != scope.person,
        _other(row),
        row["kind"],
        row["agency_id"],
    )


def looked(scope: Scope, audit_id: int) -> None:
    """Say in the record that this audit was opened."""
    people.note(scope, "looked", f"audit {audit_id}")


def suggestion(template: Template, given: Mapping[str, str]) -> Suggestion:
    """What these answers (question → answer) come to."""
    rows = [(1, asked, said) for asked, said in given.items() if said]
    if not rows:
        return Suggestion(None, "No grade yet: nothing is answered.", False, 0, _asked(template))
    frame = pl.DataFrame(rows, schema=["audit_id", "question", "answer"], orient="row")
    [it] = grade(frame, template).to_dicts()
    return Suggestion(it["suggested"], it["sentence"], it["escalate"], it["answered"], it["asked"], it["compliance"])


def save(scope: Scope, audit_id: int, question: str, said: str, evidence: str, *, base: int) -> Line | Clash | str:
    """Keep an answer with its evidence. Gives what stands now; the other's where somebody answered meanwhile; or a
    sentence where it cannot be kept. Quick: it is called with every click."""
    try:
        require(scope, AUDIT)
        row = _row(scope, audit_id)
        template = audit_templates.template(row["template"], row["version"])
        asked = template.question(question)
        if said and (refused := template.refusal(question, said)):
            return refused
        if asked.kind == "derived":
            return "This answer comes from the case system and is never typed."
        made = the_store().audits.save_answer(
            audit_id, question, said=said, evidence=evidence, base=base or None, by=scope.signature
        )
    except StaleEdit as stale:
        theirs, _, why = stale.theirs.partition("\n")
        return Clash(theirs, why, stale.note_id or 0, words.name(stale.author))
    except (AuditNotThere, NotAllowed, StoreError, TemplateError) as error:
        return str(error)
    return Line(said, evidence, made, scope.author, datetime.now().astimezone())


def sentence(held: Sheet) -> str:
    """What stands of this audit, to be read out."""
    final = held.grades.get("final")
    if final is not None:
        return f"This assessment was graded {GRADES[final.grade]}."
    given = held.grades.get("auditor")
    if given is not None:
        return f"The auditor graded this assessment {GRADES[given.grade]}; the grade is not final yet."
    found = held.suggestion
    left = found.asked - found.answered
    if held.why_closed:
        return held.why_closed
    if found.grade is None:
        return f"{left} of {found.asked} questions are still to be answered; each answer is saved as you give it."
    return f"So far the answers come to {GRADES[found.grade]}; {left} of {found.asked} questions are still open."


def may_repeat(held: Sheet) -> bool:
    """Whether the audit found the assessment inadequate in the end, so that it is audited again."""
    final = held.grades.get("final")
    return final is not None and final.grade == INADEQUATE


def take_step(scope: Scope, audit_id: int, step: str) -> str:
    """Say that one of the steps of the same day was taken; gives a sentence where it cannot be."""
    try:
        require(scope, AUDIT)
        _row(scope, audit_id)
        the_store().audits.take_step(audit_id, step, by=scope.signature, as_role=scope.role)
    except (AuditNotThere, NotAllowed, StoreError) as error:
        return str(error)
    return ""


def finish(scope: Scope, audit_id: int, value: int | None, reason: str, *, source: str = "here") -> str:
    """Finish an audit with this grade, None: the suggested one; another than that needs a reason. Gives a sentence
    where it cannot be. What came from the case system is kept with the answers, so that the grade can be followed."""
    try:
        require(scope, AUDIT)
        held = sheet(scope, audit_id)
        found = held.suggestion
        if held.why_closed:
            return held.why_closed
        if found.grade is None:
            return found.sentence
        value = value or found.grade
        if value != found.grade and not reason.strip():
            return f"The answers come to {GRADES[found.grade]}. Please say why you give another grade."
        if found.escalate and (missing := [said for step, said in SAME_DAY.items() if step not in held.steps]):
            return f"First the steps of today: {missing[0]}"
        store, who = the_store().audits, {"by": scope.signature}
        for question, one in held.derived.items():
            before = held.lines.get(question, Line())
            if (before.said, before.evidence) != (one.answer, one.source):
                store.save_answer(
                    audit_id, question, said=one.answer, evidence=one.source, base=before.base or None, **who
                )
        grades = {"suggested": (found.grade, found.sentence), "auditor": (value, reason.strip())}
        row = _row(scope, audit_id)
        if stands(row | {"auditor_grade": value}, _parts(row)):
            grades["final"] = (value, "As the auditor graded it; nobody was to moderate it.")
        store.submit(audit_id, grades, **who, as_role=scope.role, source=source)
        _settle_parts(scope, row, value)
    except (AuditNotThere, NotAllowed, StoreError, TemplateError) as error:
        return str(error)
    return ""


def stands(row: Mapping[str, Any], parts: pl.DataFrame) -> bool:
    """Whether an auditor's grade is final as it is: one auditor, not inadequate or outstanding, not drawn by lot."""
    moderated = row["moderate"] or row["auditor_grade"] in ALWAYS_MODERATED
    return parts.height == 1 and not moderated and row["kind"] != "calibration"


def _row(scope: Scope, audit_id: int) -> dict[str, Any]:
    """An audit that the asker may see: their own, or any for whoever draws the samples."""
    if not (may(scope, AUDIT) or may(scope, MODERATE)):
        raise NotAllowed("Your role does not audit.")
    found = the_store().audits.audits(audit_id=audit_id)
    if found.is_empty() or not (may(scope, DRAW) or found["auditor"][0] == scope.person):
        raise AuditNotThere("There is no such audit among yours.")
    return found.row(0, named=True)


def _parts(row: Mapping[str, Any]) -> pl.DataFrame:
    """All audits of the same drawn assessment."""
    return the_store().audits.audits(drawn_id=row["drawn_id"])


def _settle_parts(scope: Scope, row: Mapping[str, Any], value: int) -> None:
    """Where two auditors gave the same grade and nobody is to moderate it, it is final."""
    parts = _parts(row).sort("part")
    if parts.height != 2 or parts["submitted_at"].null_count() or parts["final_grade"][0] is not None:
        return
    if row["kind"] == "calibration" or row["moderate"] or value in ALWAYS_MODERATED:
        return
    if parts["auditor_grade"].n_unique() == 1:
        who = {"by": scope.signature, "as_role": scope.role}
        first = parts["audit_id"][0]
        the_store().audits.set_grade(first, "final", value, "Both auditors gave it.", base=None, **who)


def _other(row: Mapping[str, Any]) -> int | None:
    """The grade that the other auditor of the same assessment gave, once this one has given theirs."""
    if row["submitted_at"] is None or row["kind"] == "calibration":
        return None
    others = _parts(row).filter(pl.col("audit_id") != row["audit_id"])["auditor_grade"].drop_nulls()
    return others[0] if others.len() else None


def _grades(audit_id: int) -> dict[str, Given]:
    rows = the_store().audits.grades(audit_id).unique("kind", keep="first", maintain_order=True)
    return {
        r["kind"]: Given(r["grade_id"], r["grade"], r["reason"], words.name(r["author"]), r["written_at"])
        for r in rows.iter_rows(named=True)
    }


def _why_closed(row: Mapping[str, Any]) -> str:
    if row["submitted_at"] is not None:
        return f"This audit was finished on {words.day(row['submitted_at'].date())}; its answers stand as they are."
    return "The round is closed: no more answers can be given." if row["closed_at"] is not None else ""


def _facts(scope: Scope, row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the auditor must know to find the file, and no name of any person."""
    made = [("Assessment", row["assessment_id"]), ("Agency", _agency(scope, row["agency_id"]))]
    found = case_records.tables(scope)["assessment"].filter(pl.col("assessment_id") == row["assessment_id"])
    if found.height:
        it = found.row(0, named=True)
        begun, done = words.day(it["start_date"]), words.day(it["complete_date"]) or "not complete"
        made += [("Begun", begun), ("Completed", done)]
    return (*made, ("Round", row["title"]), ("To be audited by", words.day(row["due_date"])))


def _agency(scope: Scope, agency_id: str) -> str:
    return case_records.agencies(scope).get(agency_id, agency_id)


def _asked(template: Template) -> int:
    return sum(q.kind != "text" for q in template.questions)


def today(scope: Scope) -> date:
    """The day, for what is late and what is due. Invented records stand still on the day that they end."""
    end = case_records.as_at(scope)
    return end if end is not None and case_records.invented(scope) else date.today()
