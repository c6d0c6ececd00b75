"""Questions of an audit that the case records answer: nobody types them, and each says what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from dashboard.access import Scope
from dashboard.answers import case_records
from dashboard.answers.keep import kept
from metrics import audit
from metrics.audit import NOT_APPLICABLE, Template

NOWHERE = "Not in the case records that are loaded."


@dataclass(frozen=True, slots=True)
class Derived:
    """An answer from the case records, and the dates and limits that it was reckoned from."""

    answer: str
    source: str


class Kept(Protocol):
    """What was kept at a question when the audit was finished."""

    said: str
    evidence: str


def derived(scope: Scope, row: Mapping[str, Any], template: Template, lines: Mapping[str, Kept]) -> dict[str, Derived]:
    """Question → answer, of the derived questions of an audit: as the records stand, or, once it is finished, as they
    stood."""
    asked = [q for q in template.questions if q.kind == "derived"]
    if row["submitted_at"] is not None:
        stood = {q.id: lines[q.id] for q in asked if q.id in lines}
        return {q.id: Derived(*_kept(stood.get(q.id))) for q in asked}
    found = _reckoned(scope, row["assessment_id"]) if asked else {}
    return {q.id: found.get(q.measure, Derived(NOT_APPLICABLE, NOWHERE)) for q in asked}


def _kept(line: Kept | None) -> tuple[str, str]:
    return (line.said, line.evidence) if line and line.said else (NOT_APPLICABLE, "Nothing was kept.")


@kept
def _reckoned(scope: Scope, assessment: str) -> Mapping[str, Derived]:
    """Measure → answer. Without any where the records do not have the assessment."""
    day = case_records.as_at(scope)
    tables = case_records.tables(scope)
    if day is None or assessment not in tables["assessment"]["assessment_id"]:
        return {}
    rows = audit.derived(tables, [assessment], as_at=day)
    return {row["measure"]: Derived(row["answer"], row["source"]) for row in rows.iter_rows(named=True)}
