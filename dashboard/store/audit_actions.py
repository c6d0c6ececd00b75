"""What is to be done after an audit: who owes it by when, that it was done, and that somebody else has seen it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.audit_rows import changed
from dashboard.store.audit_tables import action, audit
from dashboard.store.database import writing
from dashboard.store.errors import StoreError
from dashboard.store.results import rows_of

SEVERITIES = ("high", "medium", "low")
ACTIONS = pl.Schema(
    {
        "action_id": pl.Int64,
        "audit_id": pl.Int64,
        "question": pl.String,
        "text": pl.String,
        "owner_agency_id": pl.String,
        "severity": pl.String,
        "due_date": pl.Date,
        "set_by": pl.String,
        "done_date": pl.Date,
        "evidence": pl.String,
        "done_by": pl.String,
        "verified_by": pl.String,
        "verified_at": pl.Datetime("us", "UTC"),
    }
)


class Actions:
    """The part of `Audits` that keeps actions."""

    engine: sa.Engine

    def add_action(
        self,
        audit_id: int,
        text: str,
        *,
        asked: str = "",
        owner_agency_id: str,
        severity: str,
        due_date: date,
        by: str,
        as_role: str = "",
    ) -> int:
        """Put down what is to be done after a finished audit; gives the action's id. `StoreError` where it is not."""
        text = text.strip().replace("\x00", "")
        if not text:
            raise StoreError("Please say what is to be done.")
        if severity not in SEVERITIES:
            raise ValueError(f"a severity is one of {', '.join(SEVERITIES)}, not {severity!r}")
        row = {"audit_id": audit_id, "question": asked, "text": text, "owner_agency_id": owner_agency_id}
        row |= {"severity": severity, "due_date": due_date, "set_by": by, "set_at": datetime.now(UTC), "evidence": ""}
        with writing(self.engine) as connection:
            finished = sa.select(audit.c.audit_id).where(
                audit.c.audit_id == audit_id, audit.c.submitted_at.is_not(None)
            )
            if connection.execute(finished).first() is None:
                raise StoreError("Actions come after an audit; this one is not finished.")
            [number] = connection.execute(action.insert().values(row)).inserted_primary_key
            changed(connection)
            record.append(connection, by, as_role, "changed", f"audit action {number}")
        return number

    def action_done(self, action_id: int, *, done_date: date, evidence: str, by: str, as_role: str = "") -> None:
        """Say when an action was done, and how one can see it. `StoreError` without evidence, or if it was said."""
        evidence = evidence.strip().replace("\x00", "")
        if not evidence:
            raise StoreError("Please say how one can see that it was done.")
        with writing(self.engine) as connection:
            mine = action.c.action_id == action_id, action.c.done_date.is_(None)
            values = {"done_date": done_date, "evidence": evidence, "done_by": by}
            if not connection.execute(action.update().where(*mine).values(values)).rowcount:
                raise StoreError("This action is down as done already.")
            changed(connection)
            record.append(connection, by, as_role, "changed", f"audit action {action_id} done")

    def verify_action(self, action_id: int, *, by: str, as_role: str = "") -> None:
        """Say that one has seen it done. `StoreError` for whoever said that it was done, and where nobody said so."""
        with writing(self.engine) as connection:
            it = connection.execute(action.select().filter_by(action_id=action_id)).first()
            if it is None or it.done_date is None:
                raise StoreError("Nobody has said yet that this action was done.")
            if it.verified_by is not None:
                raise StoreError("This action is verified already.")
            if it.done_by == by:
                raise StoreError("Somebody else than whoever said that it was done must verify it.")
            values = {"verified_by": by, "verified_at": datetime.now(UTC)}
            connection.execute(action.update().filter_by(action_id=action_id).values(values))
            changed(connection)
            record.append(connection, by, as_role, "changed", f"audit action {action_id} verified")

    def actions(self) -> pl.DataFrame:
        """All actions, the earliest due first, with the columns of `ACTIONS`."""
        query = sa.select(*(action.c[name] for name in ACTIONS)).order_by(action.c.due_date, action.c.action_id)
        return rows_of(self.engine, query, ACTIONS)
