"""What the parts of `Audits` share: whether results have changed, and the audit that is written to."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.store.audit_tables import audit, audit_version, drawn, round_
from dashboard.store.errors import StoreError
from dashboard.store.results import Version

RESULTS = Version(audit_version)
changed = RESULTS.grow


def open_audit(connection: sa.Connection, audit_id: int, *also: sa.ColumnElement) -> sa.Row:
    """An audit whose round is open, with what was drawn, and `also`. Raises `StoreError`."""
    its = (audit.c.started_at, audit.c.submitted_at, drawn.c.agency_id, drawn.c.state, round_.c.closed_at)
    found = connection.execute(
        sa.select(*its, *also).select_from(audit.join(drawn).join(round_)).where(audit.c.audit_id == audit_id)
    ).first()
    if found is None:
        raise StoreError("There is no such audit.")
    if found.closed_at is not None:
        raise StoreError("The round is closed: nothing more can be changed in it.")
    return found
