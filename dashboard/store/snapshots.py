"""What was reckoned from case records, as it was on a day: so that a figure that changes later is seen to have changed.

Each snapshot remembers the standing of the records it was reckoned from. Figures of invented records are never held
against those of real ones.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import sqlalchemy as sa

from dashboard.store.case_tables import standings
from dashboard.store.copying import copy_in, fetch
from dashboard.store.database import reading, writing
from dashboard.store.errors import StoreError
from dashboard.store.tables import snapshot, version_step
from metrics.estimates import SCHEMA, conform

SNAPSHOT = pl.Schema({**SCHEMA, "taken_on": pl.Date})
KEY = ("measure", "breakdown", "group", "period_end", "period")


def keep(engine: sa.Engine, estimates: pl.DataFrame, *, taken_on: date, reckoned_from: str) -> None:
    """Keep these estimates as the day's snapshot. See `Store.keep_snapshot`."""
    frame = conform(estimates, SCHEMA).with_columns(taken_on=pl.lit(taken_on, pl.Date)).sort(KEY)
    if fault := _fault(frame):
        raise StoreError(fault)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":  # one after the other; SQLite has one writer at a time anyway
            connection.execute(sa.text("LOCK TABLE snapshot IN SHARE ROW EXCLUSIVE MODE"))
        standing = _standing(connection)
        if _of_day(connection, standing, taken_on).equals(frame) and _is_from(connection, taken_on, reckoned_from):
            return
        connection.execute(snapshot.delete().where(snapshot.c.standing == standing, snapshot.c.taken_on == taken_on))
        copy_in(
            connection, snapshot, frame.with_columns(standing=pl.lit(standing), reckoned_from=pl.lit(reckoned_from))
        )
        connection.execute(version_step.insert().values(steps=1))


def read(engine: sa.Engine, before: date | None) -> pl.DataFrame:
    """The newest snapshot taken before a day, or of all, with the columns of `SNAPSHOT`. See `Store.snapshots`."""
    with reading(engine) as connection:
        standing = _standing(connection)
        newest = sa.select(sa.func.max(snapshot.c.taken_on)).where(snapshot.c.standing == standing)
        if before is not None:
            newest = newest.where(snapshot.c.taken_on < before)
        return _of_day(connection, standing, connection.scalar(newest))


def reckoned_from(engine: sa.Engine, origin: str) -> pl.DataFrame | None:
    """The newest snapshot of that origin. See `Store.snapshot_of`."""
    with reading(engine) as connection:
        standing = _standing(connection)
        newest = sa.select(sa.func.max(snapshot.c.taken_on)).where(
            snapshot.c.standing == standing, snapshot.c.reckoned_from == origin
        )
        day = connection.scalar(newest)
        return _of_day(connection, standing, day) if day else None


def forget_invented(connection: sa.Connection) -> None:
    """Take out what was reckoned from invented records, once none of them stands."""
    if "invented" not in standings(connection):
        connection.execute(snapshot.delete().where(snapshot.c.standing.contains("invented")))


def _standing(connection: sa.Connection) -> str:
    return ", ".join(sorted(standings(connection)))


def _is_from(connection: sa.Connection, day: date, origin: str) -> bool:
    """Whether the snapshot of that day, if there is one, was reckoned from there."""
    found = sa.select(snapshot.c.reckoned_from).where(snapshot.c.taken_on == day).distinct()
    return set(connection.scalars(found)) <= {origin}


def _of_day(connection: sa.Connection, standing: str, day: date | None) -> pl.DataFrame:
    query = sa.select(*(snapshot.c[name] for name in SNAPSHOT))
    query = query.where(snapshot.c.standing == standing, snapshot.c.taken_on == day)
    return fetch(connection, query.order_by(*(snapshot.c[name] for name in KEY)), SNAPSHOT)


def _fault(frame: pl.DataFrame) -> str:
    """What is wrong with estimates that cannot be kept, in one sentence, or ""."""
    for name in (*KEY, "status"):
        if missing := frame[name].null_count():
            return f"{missing:,} {'estimate' if missing == 1 else 'estimates'} without {name}."
    twice = frame.filter(pl.struct(KEY).is_duplicated())
    if twice.height:
        measure, breakdown, group, _, period = twice.select(KEY).row(0)
        return f"The same estimate is given more than once: {measure}, {breakdown} {group}, {period}."
    return ""
