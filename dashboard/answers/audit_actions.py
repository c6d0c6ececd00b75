"""What is to be done after an audit: put down, done, verified by somebody else, and audited again where inadequate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from dashboard import words
from dashboard.access import AUDIT, DRAW, NotAllowed, Scope, require
from dashboard.answers import case_records
from dashboard.answers.audit import AuditNotThere, Sheet, sheet
from dashboard.answers.audit_desk import re_audit_due
from dashboard.answers.keep import the_store
from dashboard.store import StoreError
from metrics.audit import rules

SEVERITIES: Mapping[str, str] = {
    severity: f"{severity.capitalize()}: within {days} days" for severity, days in rules().action_days.items()
}
FAILED = ("no", "partly", "1", "2")


@dataclass(frozen=True, slots=True)
class Action:
    """One action in words, and what the asker may do about it."""

    id: int
    text: str
    about: str  # the question that it follows from
    owner: str
    severity: str
    due: date
    state: str  # "to do", "late", "done, to be verified", "verified"
    evidence: str
    may_finish: bool
    may_verify: bool


def failed(held: Sheet) -> dict[str, str]:
    """Question → its text, of those that were answered no, partly, inadequate or requires improvement."""
    said = {q: line.said for q, line in held.lines.items()} | {q: one.answer for q, one in held.derived.items()}
    return {q.id: q.text for q in held.template.questions if said.get(q.id) in FAILED}


def of_audit(scope: Scope, audit_id: int, today: date) -> tuple[Action, ...]:
    """The actions of an audit that the asker may see, the earliest due first."""
    held = sheet(scope, audit_id)
    texts = {q.id: q.text for q in held.template.questions}
    return tuple(_action(scope, row, texts, today) for row in _rows().filter(audit_id=audit_id).iter_rows(named=True))


def every(scope: Scope, today: date) -> pl.DataFrame:
    """All actions as a table in words, the earliest due first: what is not verified yet. For the QA manager."""
    require(scope, DRAW)
    rows = _rows().filter(pl.col("verified_by").is_null())
    made = [_action(scope, row, {}, today) for row in rows.iter_rows(named=True)]
    return pl.DataFrame(
        {
            "Action": [one.text for one in made],
            "Owner": [one.owner for one in made],
            "Severity": [one.severity for one in made],
            "Due": [words.day(one.due) for one in made],
            "State": [one.state for one in made],
            "Audit": rows["audit_id"].cast(pl.String),
        },
        schema_overrides=dict.fromkeys(("Action", "Owner", "Severity", "Due", "State", "Audit"), pl.String),
    )


def owners(scope: Scope) -> Mapping[str, str]:
    """Agency id → name."""
    return case_records.agencies(scope)


def try_add(scope: Scope, audit_id: int, text: str, *, question: str, owner: str, severity: str, due: date) -> str:
    """Put an action down; gives a sentence where it cannot be."""
    try:
        require(scope, AUDIT)
        sheet(scope, audit_id)
        store = the_store().audits
        about = {"asked": question, "owner_agency_id": owner, "severity": severity, "due_date": due}
        store.add_action(audit_id, text, **about, by=scope.signature, as_role=scope.role)
    except (AuditNotThere, NotAllowed, StoreError) as error:
        return str(error)
    return ""


def try_done(scope: Scope, action_id: int, evidence: str, *, done: date) -> str:
    """Say that an action was done, and how one can see it; gives a sentence where it cannot be."""
    try:
        require(scope, AUDIT)
        _seen(scope, action_id)
        who = {"by": scope.signature, "as_role": scope.role}
        the_store().audits.action_done(action_id, done_date=done, evidence=evidence, **who)
    except (AuditNotThere, NotAllowed, StoreError) as error:
        return str(error)
    return ""


def try_verify(scope: Scope, action_id: int) -> str:
    """Say that one has seen it done; gives a sentence where it cannot be."""
    try:
        require(scope, AUDIT)
        _seen(scope, action_id)
        the_store().audits.verify_action(action_id, by=scope.signature, as_role=scope.role)
    except (AuditNotThere, NotAllowed, StoreError) as error:
        return str(error)
    return ""


def try_repeat(scope: Scope, audit_id: int) -> str:
    """Put an inadequate audit down to be repeated within 90 days; gives a sentence where it cannot be."""
    try:
        require(scope, DRAW)
        row = the_store().audits.audits(audit_id=audit_id).row(0, named=True)
        who = {"by": scope.signature, "as_role": scope.role}
        the_store().audits.open_re_audit(audit_id, due_date=re_audit_due(row), **who)
    except (NotAllowed, StoreError) as error:
        return str(error)
    return ""


def due_by_default(severity: str, today: date) -> date:
    """When an action of this severity should be done."""
    return today + timedelta(days=rules().action_days[severity])


def _rows() -> pl.DataFrame:
    return the_store().audits.actions()


def _seen(scope: Scope, action_id: int) -> None:
    """Raises `AuditNotThere` for an action of an audit that is not the asker's."""
    found = _rows().filter(action_id=action_id)
    if found.is_empty():
        raise AuditNotThere("There is no such action.")
    sheet(scope, found["audit_id"][0])


def _action(scope: Scope, row: Mapping, texts: Mapping[str, str], today: date) -> Action:
    if row["verified_by"]:
        state = "verified"
    elif row["done_date"]:
        state = "done, to be verified"
    else:
        state = "late" if row["due_date"] < today else "to do"
    owner = case_records.agencies(scope).get(row["owner_agency_id"], row["owner_agency_id"])
    return Action(
        row["action_id"],
        row["text"],
        texts.get(row["question"], ""),
        owner,
        row["severity"],
        row["due_date"],
        state,
        row["evidence"],
        may_finish=row["done_date"] is None,
        may_verify=row["done_date"] is not None and not row["verified_by"] and row["done_by"] != scope.signature,
    )
