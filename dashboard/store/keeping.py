"""Keeping and forgetting: what is past its term goes, and the record says so. Aggregates stay.

A new table whose rows have a term gets one line in `_EXPIRED`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from dashboard.store import record as records
from dashboard.store.database import reading, writing
from dashboard.store.errors import StoreError
from dashboard.store.tables import load, note, record, record_end, refused, scenario, version_step

PURGED = pl.Schema({"table": pl.String, "rows": pl.Int64, "before": pl.Date})
_TERMS = Path(__file__).with_name("retention.toml")

Condition = Callable[[datetime], sa.ColumnElement[bool]]


def _refused(cutoff: datetime) -> sa.ColumnElement[bool]:
    return refused.c.load_id.in_(sa.select(load.c.load_id).where(load.c.loaded_at < cutoff))


def _replaced(table: sa.Table) -> Condition:
    """Versions that another followed before the cutoff; the one that stands is followed by none."""
    next_one = table.alias("next_one")
    [number] = table.primary_key
    return lambda cutoff: sa.exists().where(next_one.c.base == number, next_one.c.written_at < cutoff)


def _beginning(cutoff: datetime) -> sa.ColumnElement[bool]:
    """Entries before the first that is young enough: what is left must follow without a gap."""
    young = sa.select(sa.func.min(record.c.record_id)).where(record.c.at >= cutoff).scalar_subquery()
    return sa.or_(young.is_(None), record.c.record_id < young)


_EXPIRED: dict[str, tuple[sa.Table, Condition]] = {
    "refused": (refused, _refused),
    "note": (note, _replaced(note)),
    "scenario": (scenario, _replaced(scenario)),
    "record": (record, _beginning),
}


def retention(path: str | Path | None = None) -> dict[str, int]:
    """Days for each table from a TOML file, or from the dashboard's own. Raises `StoreError` if it holds no terms."""
    path = Path(path or _TERMS)
    try:
        days = tomllib.loads(path.read_text(encoding="utf-8"))["days"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise StoreError(
            f"{path.name} holds no terms: it needs a heading [days] and lines such as note = 1096."
        ) from error
    _check(days)
    return days


def purge(
    engine: sa.Engine, terms: Mapping[str, int], *, as_at: date, dry_run: bool, by: str, as_role: str
) -> pl.DataFrame:
    """Take out what is past its term on the day `as_at`; gives what went, with the columns of `PURGED`.

    See `Store.purge`.
    """
    _check(terms)
    before = {name: as_at - timedelta(days=days) for name, days in terms.items()}
    expired = {
        name: (_EXPIRED[name][0], _EXPIRED[name][1](datetime.combine(day, time(), UTC))) for name, day in before.items()
    }
    if dry_run:
        with reading(engine) as connection:
            rows = {name: _count(connection, *what) for name, what in expired.items()}
    else:
        if not by:
            raise ValueError("a purge needs to know by whom")
        with writing(engine) as connection:
            rows = _take_out(connection, expired, before, by, as_role)
        if engine.dialect.name == "sqlite":
            _forget_the_log(engine)
    found = [(name, rows[name], day) for name, day in before.items()]
    return pl.DataFrame(found, schema=PURGED, orient="row")


def _take_out(
    connection: sa.Connection,
    expired: dict[str, tuple[sa.Table, sa.ColumnElement[bool]]],
    before: dict[str, date],
    by: str,
    as_role: str,
) -> dict[str, int]:
    if connection.dialect.name == "sqlite":
        # Write noughts over what is deleted; otherwise it stands in the file until something else needs the room.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    # The record's writers wait from here, so that no entry comes between counting and taking out.
    connection.execute(sa.select(record_end).with_for_update())
    rows = {name: _count(connection, *what) for name, what in expired.items()}
    past = _last_of(connection, *expired["record"]) if rows.get("record") else None
    for name, (table, condition) in expired.items():
        if table is not record and rows[name]:
            connection.execute(table.delete().where(condition))
    for name, count in rows.items():
        if count:
            detail = f"{name}: {count:,} {'row' if count == 1 else 'rows'} from before {before[name]}"
            if name == "record":
                detail = f"{records.PURGED_TO.format(past.record_id)} from before {before[name]}"
            records.append(connection, by, as_role, "purged", detail)
    if past:
        connection.execute(record_end.update().values(purged_to=past.record_id, purged_hash=past.hash))
        connection.execute(record.delete().where(record.c.record_id <= past.record_id))
    if any(rows.values()):
        connection.execute(version_step.insert().values(steps=rows.get("note", 0) + 1))
    return rows


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition))


def _last_of(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.Row:
    return connection.execute(table.select().where(condition).order_by(record.c.record_id.desc()).limit(1)).one()


def _forget_the_log(engine: sa.Engine) -> None:
    """Empty SQLite's write-ahead log, where pages stand as they were before."""
    pooled = engine.raw_connection()
    try:
        pooled.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        pooled.close()


def _check(terms: Mapping[str, int]) -> None:
    for name, days in terms.items():
        if name not in _EXPIRED:
            raise StoreError(f"{name} is not among the tables with a term: {', '.join(_EXPIRED)}.")
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days < 100_000:
            raise StoreError(f"The term of {name} must be a whole number of days, not {days!r}.")
