"""The tables: loads, the figures and refused rows that each brought, and the notes that people write.

`figure` is only ever added to. What stands today is worked out when it is read (`figures.py`), so a load changes
nothing that was there before, and taking one back leaves exactly what there was without it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa


class Utc(sa.types.TypeDecorator):
    """A moment in UTC. SQLite keeps no time zone, so it is put back when read."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Keys are ids and codes, compared byte by byte: quicker than by a language's rules, and the same on both databases.
Code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

load = sa.Table(
    "load",
    metadata,
    sa.Column("load_id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("publisher", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("standing", sa.Text, nullable=False),  # published, reference, invented, local
    sa.Column("figures", sa.Integer, nullable=False),  # rows accepted
    sa.Column("refused", sa.Integer, nullable=False),  # rows refused
    sa.Column("loaded_by", sa.Text, nullable=False),
    sa.Column("loaded_at", Utc, nullable=False),
    sa.Column("undone_by", sa.Text),
    sa.Column("undone_at", Utc),
    # An id is never given twice, even after an undo: a figure's load is a reference that people write down.
    sqlite_autoincrement=True,
)

# Of two loads of the same file at the same moment the database itself lets one through.
sa.Index(
    "uq_load_sha256_standing",
    load.c.sha256,
    unique=True,
    sqlite_where=load.c.undone_at.is_(None),
    postgresql_where=load.c.undone_at.is_(None),
)

figure = sa.Table(
    "figure",
    metadata,
    # No foreign key: a load and its figures are written in one transaction, and loads are never deleted; looking the
    # load up again for each of its rows would take as long as writing them.
    sa.Column("load_id", sa.Integer, nullable=False),
    sa.Column("measure", Code, nullable=False),
    sa.Column("breakdown", Code, nullable=False),
    sa.Column("group", Code, nullable=False),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("period_end", sa.Date, nullable=False),
    sa.Column("numerator", sa.Double),
    sa.Column("denominator", sa.Double),
    sa.Column("value", sa.Double),
    sa.Column("lower", sa.Double),
    sa.Column("upper", sa.Double),
    sa.Column("n", sa.BigInteger),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("method", sa.Text),
    sa.Column("note", sa.Text),
    # What each load said of one figure lies side by side, so the newest and the one before are found in one step.
    sa.PrimaryKeyConstraint("measure", "breakdown", "group", "period_end", "load_id"),
    sqlite_with_rowid=False,
)

refused = sa.Table(
    "refused",
    metadata,
    sa.Column("load_id", sa.ForeignKey("load.load_id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # order in the file: one line may be refused for two reasons
    sa.Column("line", sa.Integer),
    sa.Column("column", sa.Text),
    sa.Column("value", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

note = sa.Table(
    "note",
    metadata,
    sa.Column("note_id", sa.Integer, primary_key=True),
    sa.Column("indicator", sa.Text, nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("base", sa.Integer, nullable=False),  # note that the writer started from, 0 for the first
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
    # Two people who started from the same note cannot both follow it.
    sa.UniqueConstraint("indicator", "section", "base", name="uq_note_base"),
    sqlite_autoincrement=True,
)
