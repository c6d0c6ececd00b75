"""Audits done on paper or in a forms tool, taken into the round that they were drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.access import DRAW, NotAllowed, Scope, require
from dashboard.answers import audit_templates
from dashboard.answers.audit import finish, today
from dashboard.answers.keep import the_store
from dashboard.intake.audits import AuditFile, read_audits
from dashboard.intake.batch import IntakeError
from dashboard.store import StaleEdit, StoreError
from metrics.audit import GRADES, TemplateError

COLUMNS = ("Line", "Column", "What stands there", "Why it was not taken")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file: a sentence, and what was not taken, with the reason."""

    sentence: str
    left: pl.DataFrame


def read(scope: Scope, round_id: int, data: bytes, file_name: str) -> AuditFile | str:
    """Look a file over for a round; gives a sentence where it cannot be taken at all. Nothing is written."""
    try:
        require(scope, DRAW)
        about = the_store().audits.rounds().filter(round_id=round_id).row(0, named=True)
        drawn = the_store().audits.drawn(round_id).filter(pl.col("state") == "sample")
        people = the_store().audits.auditors().select(pl.col("name").alias("auditor"), "agency_id")
        return read_audits(
            data,
            file_name=file_name,
            template=audit_templates.template(about["template"], about["version"]),
            as_at=today(scope),
            drawn=drawn.select("assessment_id", "agency_id"),
            auditors=people.unique("auditor"),
            others=audit_templates.known(),
            closed=about["closed_at"] is not None,
        )
    except (IntakeError, NotAllowed, StoreError, TemplateError) as error:
        return str(error)


def listed(file: AuditFile) -> pl.DataFrame:
    """What of the file was not taken, in words."""
    rows = file.refused.select(pl.col("line").cast(pl.String), "column", "value", "reason").fill_null("–")
    return rows.rename(dict(zip(rows.columns, COLUMNS, strict=True)))


def take(scope: Scope, round_id: int, file: AuditFile) -> Taken:
    """Put the answers in, and finish the audits that have a grade. What somebody has answered here already stays as it
    is and is listed."""
    done, begun, left = 0, 0, []
    for row in file.sheets.iter_rows(named=True):
        audit_id, why = _place(scope, round_id, row["assessment_id"], row["auditor"])
        if audit_id is None:
            left.append(("–", "assessment", row["assessment_id"], why))
            continue
        said = file.answers.filter(audit=row["audit"])
        left += _answers(scope, audit_id, said)
        wrong = finish(scope, audit_id, row["grade"], row["reason"] or _reason(row["grade"]), source="paper")
        done, begun = done + (not wrong), begun + bool(wrong)
        if wrong:
            left.append(("–", "grade", row["assessment_id"], f"Not finished yet: {wrong}"))
    said = f"{done} audits are finished, {begun} are begun."
    return Taken(said, pl.DataFrame(left, schema=list(COLUMNS), orient="row"))


def _place(scope: Scope, round_id: int, assessment: str, auditor: str | None) -> tuple[int | None, str]:
    """The unfinished audit that a sheet belongs to, given to its auditor where nobody has it yet."""
    rows = (
        the_store()
        .audits.audits()
        .filter(pl.col("submitted_at").is_null(), round_id=round_id, assessment_id=assessment)
    )
    mine = rows.filter(auditor_name=auditor) if auditor else rows
    free = rows.filter(pl.col("auditor").is_null())
    if mine.height:
        return mine["audit_id"][0], ""
    if free.is_empty():
        return None, "every audit of it is finished, or is somebody else's"
    [identity] = the_store().audits.auditors().filter(name=auditor).head(1)["identity"]
    try:
        the_store().audits.allocate({free["audit_id"][0]: identity}, by=scope.signature, as_role=scope.role)
    except StoreError as error:
        return None, str(error)
    return free["audit_id"][0], ""


def _answers(scope: Scope, audit_id: int, said: pl.DataFrame) -> list[tuple[str, ...]]:
    """Save the answers of one audit; gives those that could not be."""
    left = []
    for row in said.iter_rows(named=True):
        given = {"said": row["answer"], "evidence": row["evidence"], "base": None, "by": scope.signature}
        try:
            the_store().audits.save_answer(audit_id, row["question"], **given)
        except StaleEdit:
            left.append(("–", row["question"], row["answer"], "answered here already; that answer stays"))
        except StoreError as error:
            left.append(("–", row["question"], row["answer"], str(error)))
    return left


def _reason(grade: int | None) -> str:
    return f"Graded {GRADES[grade]} on paper, without a reason." if grade else ""
