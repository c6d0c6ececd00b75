"""How often what is kept here has changed: one look for everything that answers are kept under."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from dashboard.store.audit_rows import RESULTS as AUDITS
from dashboard.store.database import reading
from dashboard.store.figures import records_query, version_query
from dashboard.store.questionnaire_rows import RESULTS as QUESTIONNAIRES


class Versions(NamedTuple):
    """Numbers that grow. `data`: with every load, undo, note, purge and restore. `records`: the same without notes.
    `questionnaires`, `audits`: whenever a result of theirs changes, and not with single answers.
    """

    data: int
    records: int
    questionnaires: int
    audits: int


def read(engine: sa.Engine) -> Versions:
    """All of them as they stand at one moment."""
    parts = (version_query(), records_query(), AUDITS.query(), QUESTIONNAIRES.query())
    data, records, audits, questionnaires = (part.scalar_subquery() for part in parts)
    with reading(engine) as connection:
        found = connection.execute(sa.select(data, records, questionnaires, audits)).one()
    return Versions(*(number or 0 for number in found))
