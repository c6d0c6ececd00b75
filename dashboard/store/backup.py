"""Backup and restore. A backup is one SQLite file with the same tables, whichever database it was taken from.

So no other program is needed, a backup of either kind of database can be put back into either, and anyone can open it.
It holds everything that the database holds: keep it as well guarded.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from dashboard.store import record as records
from dashboard.store.database import database_url, open_engine, reading, writing
from dashboard.store.errors import StoreError
from dashboard.store.figures import version_query
from dashboard.store.plan_tables import plan_action
from dashboard.store.questionnaire_tables import round_
from dashboard.store.tables import load, metadata, note, record_end, role, scenario, version_step

COPIED = pl.Schema({"table": pl.String, "rows": pl.Int64})
SLICE = 5_000  # rows carried over at a time


def backup(url: str | Path | None, path: str | Path, *, by: str = "", as_role: str = "") -> None:
    """Write the whole database to a new file, as it stands at this moment; people may go on working.

    `url` as for `open_store`. With `by`, the record says who took a copy, and the copy's own last entry says when.
    Raises `StoreError` if there is a file already, or no database, or it cannot be read or written.
    """
    path, address = Path(path), database_url(url)
    if path.exists():
        raise StoreError(f"There is a file {path.name} already; please choose another name.")
    if address.get_backend_name() == "sqlite" and not Path(address.database).expanduser().exists():
        raise StoreError(f"There is no database at {address.database}.")
    engine = open_engine(url)
    try:
        with _new_file(path) as partial:
            if by:
                records.add(engine, by, as_role, "exported", "backup of the whole database")
            if engine.dialect.name == "sqlite":
                pooled = engine.raw_connection()
                try:
                    _copy_file(pooled.driver_connection, partial)
                finally:
                    pooled.close()
            else:
                _copy_to_file(engine, partial)
            _finish(partial)
    finally:
        engine.dispose()


def restore(
    path: str | Path, url: str | Path | None, *, replace: bool = False, by: str = "", as_role: str = ""
) -> pl.DataFrame:
    """Put a backup in place of what the database holds, all or nothing; gives the rows of each table.

    Columns of the result: `COPIED`. A backup of an earlier version of the dashboard is brought up to date on the way.
    With `by`, the record's next entry says that it was restored and where the record stood before.
    Raises `StoreError` if the file is no backup or damaged, or if the database holds anything that people put into it
    (loads, notes, scenarios, roles, actions) and `replace` is not said.
    """
    with tempfile.TemporaryDirectory(prefix="early-help-restore-") as folder:
        copy = Path(folder) / "backup.db"
        _open_backup(Path(path), copy)
        source = open_engine(copy)
        try:
            target = open_engine(url)
            try:
                return _replace(source, target, replace=replace, by=by, as_role=as_role)
            finally:
                target.dispose()
        finally:
            source.dispose()


def _replace(source: sa.Engine, target: sa.Engine, *, replace: bool, by: str, as_role: str) -> pl.DataFrame:
    with reading(source) as old, writing(target) as new:
        _lock(new)
        held = [table.name for table in (load, note, scenario, role, plan_action, round_) if _holds(new, table)]
        if held and not replace:
            raise StoreError(
                f"This database is not empty (it holds {', '.join(f'{name}s' for name in held)}). To put the backup in "
                f"its place, which takes all of that out, say --replace."
            )
        version, end = new.scalar(version_query()), new.execute(sa.select(record_end)).first()
        with _unguarded(new):
            rows = [(table.name, count) for table, count in _copy_tables(old, new)]
        _follow_ids(new)
        # Answers are kept under the version they were reckoned from: it must not be one that was there before.
        behind = version - new.scalar(version_query())
        new.execute(version_step.insert().values(steps=max(behind, 0) + 1))
        if by:
            before = f"; the record before ended at entry {end.last_id}, {end.last_hash}" if end else ""
            records.append(new, by, as_role, "restored", f"from a backup{before}")
    return pl.DataFrame(rows, schema=COPIED, orient="row")


def _copy_tables(source: sa.Connection, target: sa.Connection) -> Iterator[tuple[sa.Table, int]]:
    """Every table's rows, in place of those that were there."""
    for table in reversed(metadata.sorted_tables):
        target.execute(table.delete())
    for table in metadata.sorted_tables:
        # As the driver gives them: SQLAlchemy's own conversions there and back would take most of the time.
        columns = [sa.type_coerce(column, sa.types.NullType()) for column in table.columns]
        rows = source.execute(sa.select(*columns).execution_options(yield_per=SLICE))
        yield table, _append(target, table, rows.partitions())


def _append(target: sa.Connection, table: sa.Table, parts: Iterable[Sequence[sa.Row]]) -> int:
    names, count = ", ".join(f'"{column.name}"' for column in table.columns), 0
    if target.dialect.name == "postgresql":
        target.execute(sa.text("SET LOCAL TIME ZONE 'UTC'"))  # which SQLite's moments are in, without saying so
        cursor = target.connection.cursor()
        with cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for part in parts:
                for row in part:
                    copy.write_row(row)
                count += len(part)
        return count
    insert = f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(table.columns))})'
    for part in parts:
        target.exec_driver_sql(insert, [tuple(map(_plain, row)) for row in part])
        count += len(part)
    return count


def _plain(value: object) -> object:
    """A value as SQLite keeps it: dates and moments as text, moments in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, date) else value


def _copy_to_file(engine: sa.Engine, partial: Path) -> None:
    file = open_engine(partial)
    try:
        with reading(engine) as source, writing(file) as target, _unguarded(target):
            source.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))  # all tables at one moment
            for _ in _copy_tables(source, target):
                pass
    finally:
        file.dispose()


def _copy_file(source: sqlite3.Connection, target: Path) -> None:
    try:
        with closing(sqlite3.connect(target)) as file:
            source.backup(file)
    except sqlite3.Error as error:
        raise StoreError(f"The database could not be copied: {error}.") from error


def _open_backup(path: Path, copy: Path) -> None:
    """Copy the backup to where it can be brought up to date, once it is known to be one and whole."""
    if not path.is_file():
        raise StoreError(f"There is no file {path.name}.")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
            names = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            damage = file.execute("PRAGMA quick_check(1)").fetchone()[0]
            if {"alembic_version", "load", "figure"} <= names and damage == "ok":
                _copy_file(file, copy)
                return
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path.name} is not a backup of this dashboard, or is damaged: {error}.") from error
    if damage != "ok":
        raise StoreError(f"{path.name} is damaged: {damage}.")
    raise StoreError(f"{path.name} is not a backup of this dashboard.")


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file beside `path` that only its owner may read; takes that name once all went well, and goes if not."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        for leftover in (partial, *(partial.with_name(partial.name + end) for end in ("-wal", "-shm", "-journal"))):
            leftover.unlink(missing_ok=True)


def _finish(file: Path) -> None:
    """One file, without the log that a database in use has beside it, and read through once to see that it is whole."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        damage = str(error)
    if damage != "ok":
        raise StoreError(f"The backup came out damaged, and was thrown away: {damage}.")


def _holds(connection: sa.Connection, table: sa.Table) -> bool:
    return connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None


def _lock(connection: sa.Connection) -> None:
    """Nobody else writes until this transaction ends. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        connection.execute(sa.text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


@contextmanager
def _unguarded(connection: sa.Connection) -> Iterator[None]:
    """Without the triggers that guard the record, inside this transaction alone."""
    if connection.dialect.name == "postgresql":
        for state in ("DISABLE", "ENABLE"):
            for name in ("record", "record_end"):
                connection.execute(sa.text(f"ALTER TABLE {name} {state} TRIGGER USER"))
            if state == "DISABLE":
                yield
        return
    guards = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, sql in guards:
        connection.exec_driver_sql(sql)


def _follow_ids(connection: sa.Connection) -> None:
    """PostgreSQL hands out ids by itself: the next must be above all that came in, and above all it gave before."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        if (column := table.autoincrement_column) is None:
            continue
        sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
        highest = connection.scalar(sa.select(sa.func.max(column)))
        if highest is not None:
            given = connection.scalar(sa.text(f"SELECT last_value FROM {sequence}"))
            connection.execute(sa.select(sa.func.setval(sequence, max(highest, given))))
