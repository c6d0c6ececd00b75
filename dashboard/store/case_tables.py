"""The database's case tables: the canonical ones of `metrics.cases`, each row with the load that brought it.

A row is never changed. Of several loads that bring the same key the newest counts (`cases.py`), so taking a load out
again leaves exactly what there was without it.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import sqlalchemy as sa

from dashboard.store.tables import Code, load, metadata
from metrics.cases import CASE_TABLES, CaseTable

PREFIX = "case_"  # the dashboard has tables of its own beside them, also about roles and notes
_KINDS: Mapping[type[pl.DataType], sa.types.TypeEngine] = {
    pl.String: Code,
    pl.Date: sa.Date(),
    pl.Int64: sa.BigInteger(),
    pl.Float64: sa.Double(),
    pl.Boolean: sa.Boolean(),
}


def _table(name: str, case: CaseTable) -> sa.Table:
    must = {*case.key, *case.required}
    return sa.Table(
        PREFIX + name,
        metadata,
        # No foreign keys, as with `figure`: intake has checked them within the file, and what they point to may stand
        # in another load, before or after this one.
        sa.Column("load_id", sa.Integer, nullable=False),
        *(sa.Column(column, _KINDS[kind], nullable=column not in must) for column, kind in case.columns.items()),
        # By load first: a load is written at the end of the table, read in one go and taken out in one go.
        sa.PrimaryKeyConstraint("load_id", *case.key),
        sqlite_with_rowid=False,
    )


CASES: Mapping[str, sa.Table] = {name: _table(name, case) for name, case in CASE_TABLES.items()}


def holds(table: sa.Table) -> sa.Exists:
    """In a query about `load`: whether that load has a row in a case table."""
    return sa.exists().where(table.c.load_id == load.c.load_id)


def standings(connection: sa.Connection) -> set[str]:
    """The standings (`invented`, `local`, …) of the loads that have case rows."""
    query = sa.select(load.c.standing).where(load.c.undone_at.is_(None), sa.or_(*map(holds, CASES.values())))
    return set(connection.scalars(query.distinct()))
