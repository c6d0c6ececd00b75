"""Keeping and forgetting: what is past its term goes, and the record says so. Aggregates stay.

A new table whose rows have a term gets one line in `_EXPIRED`. Case records have rules of their own
(`closed_cases.py`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from dashboard.store import cases, closed_cases
from dashboard.store import record as records
from dashboard.store.audit_tables import audit, drawn, frame, round_
from dashboard.store.database import reading, writing
from dashboard.store.errors import StoreError
from dashboard.store.plan_tables import plan_version
from dashboard.store.questionnaire_tables import agreed, answer
from dashboard.store.tables import load, note, record, record_end, refused, scenario, version_step

PURGED = pl.Schema({"table": pl.String, "rows": pl.Int64, "before": pl.Date})
_TERMS = Path(__file__).with_name("retention.toml")

Condition = Callable[[datetime], sa.ColumnElement[bool]]
Expired = dict[str, tuple[sa.Table, list[sa.ColumnElement[bool]]]]  # rows that meet one of the conditions


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


def _of_rounds(table: sa.Table) -> Condition:
    """Rows of audit rounds that were closed before the cutoff."""
    return lambda cutoff: table.c.round_id.in_(sa.select(round_.c.round_id).where(round_.c.closed_at < cutoff))


def _drawn(cutoff: datetime) -> sa.ColumnElement[bool]:
    """The same, and re-audits, whose round stays open, by the day on which they were finished."""
    finished = sa.select(audit.c.drawn_id).where(audit.c.submitted_at < cutoff)
    return sa.or_(_of_rounds(drawn)(cutoff), sa.and_(drawn.c.parent_audit_id > 0, drawn.c.drawn_id.in_(finished)))


_EXPIRED: dict[str, tuple[sa.Table, Condition]] = {
    "refused": (refused, _refused),
    "note": (note, _replaced(note)),
    "scenario": (scenario, _replaced(scenario)),
    "plan_version": (plan_version, _replaced(plan_version)),
    "questionnaire_answer": (answer, _replaced(answer)),
    "questionnaire_agreed": (agreed, _replaced(agreed)),
    "record": (record, _beginning),
    "audit_drawn": (drawn, _drawn),
    "audit_frame": (frame, _of_rounds(frame)),
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
    if dry_run:
        with reading(engine) as connection:
            cases.steady(connection)
            rows = _count(connection, _expired(connection, before))
    else:
        if not by:
            raise ValueError("a purge needs to know by whom")
        with writing(engine) as connection:
            rows = _take_out(connection, before, by, as_role)
        if engine.dialect.name == "sqlite":
            _forget_the_log(engine)
    found = [(name, count, _day(name, before)) for name, count in rows.items()]
    return pl.DataFrame(found, schema=PURGED, orient="row")


def _expired(connection: sa.Connection, before: Mapping[str, date]) -> Expired:
    """What is past its term, by table: those with a term, then those from which rows go along with a case."""
    expired: Expired = {}
    of_cases = closed_cases.past(connection, {name: day for name, day in before.items() if name in closed_cases.TERMS})
    for name, day in before.items():
        if name in _EXPIRED:
            table, condition = _EXPIRED[name]
            expired[name] = (table, [condition(datetime.combine(day, time(), UTC))])
        else:
            expired[name] = of_cases[name]
    return expired | {name: what for name, what in of_cases.items() if name in before or what[1]}


def _day(name: str, before: Mapping[str, date]) -> date:
    """The day that a table's rows are dated before; of what goes along with cases the latest of theirs."""
    return before.get(name) or max(day for other, day in before.items() if other in closed_cases.TERMS)


def _take_out(connection: sa.Connection, before: Mapping[str, date], by: str, as_role: str) -> dict[str, int]:
    if connection.dialect.name == "sqlite":
        # Write noughts over what is deleted; otherwise it stands in the file until something else needs the room.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    else:
        connection.execute(
            sa.text('LOCK TABLE "load" IN SHARE MODE')
        )  # no load comes in, and none is undone, meanwhile
    # The record's writers wait from here, so that no entry comes between counting and taking out.
    connection.execute(sa.select(record_end).with_for_update())
    expired = _expired(connection, before)
    rows = _count(connection, expired)
    past = _last_of(connection, expired) if rows.get("record") else None
    for table, conditions in expired.values():
        for condition in conditions if table is not record else ():
            connection.execute(table.delete().where(condition))
    for name, count in rows.items():
        if count:
            day = _day(name, before)
            detail = f"{name}: {count:,} {'row' if count == 1 else 'rows'} from before {day}"
            if name == "record":
                detail = f"{records.PURGED_TO.format(past.record_id)} from before {day}"
            records.append(connection, by, as_role, "purged", detail)
    if past:
        connection.execute(record_end.update().values(purged_to=past.record_id, purged_hash=past.hash))
        connection.execute(record.delete().where(record.c.record_id <= past.record_id))
    if any(rows.values()):
        connection.execute(version_step.insert().values(steps=rows.get("note", 0) + 1))
    return rows


def _count(connection: sa.Connection, expired: Expired) -> dict[str, int]:
    def rows(table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
        return connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition))

    return {name: sum(rows(table, one) for one in conditions) for name, (table, conditions) in expired.items()}


def _last_of(connection: sa.Connection, expired: Expired) -> sa.Row:
    table, [condition] = expired["record"]
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
        if name not in _EXPIRED and name not in closed_cases.TERMS:
            possible = ", ".join([*_EXPIRED, *closed_cases.TERMS])
            raise StoreError(f"{name} is not among the tables with a term: {possible}.")
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days < 100_000:
            raise StoreError(f"The term of {name} must be a whole number of days, not {days!r}.")
