"""What the stores of questionnaires and audits share: whether results have changed, and rows as a frame."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from dashboard.store.database import reading


@dataclass(frozen=True)
class Version:
    """A number, in a table of one row, that grows whenever a result changes.

    An answer of an open round, or of an audit that is not finished, changes none.
    """

    table: sa.Table

    def grow(self, connection: sa.Connection) -> None:
        connection.execute(self.table.update().values(version=self.table.c.version + 1))

    def query(self) -> sa.Select:
        """Nothing, or 0, where nothing was ever done."""
        return sa.select(self.table.c.version)

    def now(self, engine: sa.Engine) -> int:
        """0 where nothing was ever done."""
        with reading(engine) as connection:
            return connection.scalar(self.query()) or 0


def rows_of(engine: sa.Engine, query: sa.Select, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query whose columns are those of `schema`, in its order."""
    with reading(engine) as connection:
        rows = connection.execute(query).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
