"""Quality audits: templates, rounds, the sample, answers, grades, actions.

store.audits.save_answer(12, "2.3", said="partly", evidence="Father not asked.", base=None, by="…")
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.store.audit_actions import ACTIONS, SEVERITIES, Actions
from dashboard.store.audit_loading import Loading
from dashboard.store.audit_rounds import AUDITORS, DRAWN, FRAME, KINDS, ROUNDS, STRATA, TEMPLATES, Rounds
from dashboard.store.audit_rows import RESULTS
from dashboard.store.audit_sheets import ANSWERS, AUDITS, GRADED, GRADES, STEPS, Sheets

__all__ = ["ACTIONS", "ANSWERS", "AUDITORS", "AUDITS", "DRAWN", "FRAME", "GRADED", "GRADES"]
__all__ += ["KINDS", "ROUNDS", "SEVERITIES", "STEPS", "STRATA", "TEMPLATES", "Audits"]


class Audits(Rounds, Sheets, Actions, Loading):
    """Every call is one transaction. What changes a result writes its entry in the record in the same one."""

    def __init__(self, engine: sa.Engine):
        self.engine = engine

    def version(self) -> int:
        """A number that grows with every round, allocation, grade and action, and not with single answers."""
        return RESULTS.now(self.engine)
