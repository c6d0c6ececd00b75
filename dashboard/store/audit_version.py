"""What the parts of `Audits` share: the number that says whether results have changed, and rows as a frame."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from dashboard.store.audit_tables import audit_version
from dashboard.store.database import reading


def changed(connection: sa.Connection) -> None:
    """Say that results changed. Not for an answer of an audit that is not finished: that changes none."""
    connection.execute(audit_version.update().values(version=audit_version.c.version + 1))


def version(engine: sa.Engine) -> int:
    """The number of today; 0 where nothing was ever done."""
    with reading(engine) as connection:
        return connection.scalar(sa.select(audit_version.c.version)) or 0


def rows_of(engine: sa.Engine, query: sa.Select, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query whose columns are those of `schema`, in its order."""
    with reading(engine) as connection:
        rows = connection.execute(query).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
