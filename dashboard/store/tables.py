"""The tables: loads and what each brought, what people write, who may do what, and the record of what was done.

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
    sa.Column("table", sa.Text),  # which of the file's tables the line is in, where it has several
    sa.Column("repaired", sa.Boolean, nullable=False, server_default=sa.false()),  # taken after all, put right
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

# What a load may bring beside figures: geography of the partnership's own. Taken out again with the load.

forum_area = sa.Table(
    "forum_area",
    metadata,
    sa.Column("load_id", sa.ForeignKey("load.load_id"), primary_key=True),
    sa.Column("lsoa", Code, primary_key=True),
    sa.Column("forum_area", Code, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

service = sa.Table(
    "service",
    metadata,
    sa.Column("load_id", sa.ForeignKey("load.load_id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # order in the file: two services may share name and place
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("lsoa", Code),
    sa.Column("latitude", sa.Double),
    sa.Column("longitude", sa.Double),
    sa.Column("note", sa.Text),
    sqlite_with_rowid=False,
)

boundary = sa.Table(
    "boundary",
    metadata,
    sa.Column("load_id", sa.ForeignKey("load.load_id"), primary_key=True),
    sa.Column("level", Code, primary_key=True),
    sa.Column("code", Code, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("geometry", sa.Text, nullable=False),  # a GeoJSON geometry
    sqlite_with_rowid=False,
)

# Estimates from case records as they were on a day, so that a figure that changes later can be marked as restated.
snapshot = sa.Table(
    "snapshot",
    metadata,
    sa.Column("standing", Code, nullable=False),  # of the records it was reckoned from: `invented`, `local`, …
    sa.Column("taken_on", sa.Date, nullable=False),
    sa.Column("measure", Code, nullable=False),
    sa.Column("breakdown", Code, nullable=False),
    sa.Column("group", Code, nullable=False),
    sa.Column("period_end", sa.Date, nullable=False),
    sa.Column("period", Code, nullable=False),  # a month, a quarter and a year may end on the same day
    sa.Column("numerator", sa.Double),
    sa.Column("denominator", sa.Double),
    sa.Column("value", sa.Double),
    sa.Column("lower", sa.Double),
    sa.Column("upper", sa.Double),
    sa.Column("n", sa.BigInteger),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("method", sa.Text),
    sa.Column("reckoned_from", sa.Text, nullable=False),  # which loads, in the words of whoever reckoned
    sa.PrimaryKeyConstraint("standing", "taken_on", "measure", "breakdown", "group", "period_end", "period"),
    sqlite_with_rowid=False,
)

scenario = sa.Table(
    "scenario",
    metadata,
    sa.Column("scenario_id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("base", sa.Integer, nullable=False),  # as with notes
    sa.Column("content", sa.Text, nullable=False),  # JSON
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
    sa.UniqueConstraint("name", "base", name="uq_scenario_base"),
    sqlite_autoincrement=True,
)

role = sa.Table(
    "role",
    metadata,
    sa.Column("identity", Code, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("agency", sa.Text, nullable=False),  # "" where the role is not tied to one
    sa.Column("forum_area", sa.Text, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", Utc, nullable=False),
)

# Triggers on these two, made by the migration, refuse whatever `record.py` would not do.
record = sa.Table(
    "record",
    metadata,
    sa.Column("record_id", sa.Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    sa.Column("at", Utc, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),  # hash of the entry before
    sa.Column("hash", sa.Text, nullable=False),
)

# One row: where the record begins and ends. Writers of the record take turns by locking it.
record_end = sa.Table(
    "record_end",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_id", sa.Integer, nullable=False),
    sa.Column("last_hash", sa.Text, nullable=False),
    sa.Column("purged_to", sa.Integer, nullable=False),  # entries up to this one were purged at the end of their term
    sa.Column("purged_hash", sa.Text, nullable=False),  # what the first entry that is left follows
    sa.CheckConstraint("one = 1", name="ck_record_end_one"),
)

# A purge or a restore makes the counts that `Store.version` rests on smaller; these steps make up for it.
version_step = sa.Table(
    "version_step",
    metadata,
    sa.Column("step_id", sa.Integer, primary_key=True),
    sa.Column("steps", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)

# One row a sign-in, so that signing out in one tab ends it in all, on every server. Forgotten when its time is up.
session = sa.Table(
    "session",
    metadata,
    sa.Column("session", Code, primary_key=True),  # a hash: nobody can be told from it, and nobody can sign in with it
    sa.Column("until", Utc, nullable=False),
    sa.Column("ended_at", Utc),
)
