"""Opening the database: which one, made ready for several readers and one writer, and brought up to date."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dashboard.store.errors import StoreError

URL_VARIABLE = "EARLY_HELP_DATABASE_URL"
BUSY_SECONDS = 30  # how long a writer waits for another: a load of LAIT's size takes a few seconds
HEAD = "0007"  # the newest revision in migrations/versions
_MIGRATION_LOCK = 0x6561726C79  # any number, the same for all who open this database on PostgreSQL


def data_folder() -> Path:
    """The folder for this user's data, as the platform has it. It is not made here."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "early-help"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "early-help"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "early-help"


def database_url(url: str | Path | None = None) -> sa.URL:
    """The address of the database: `url`, else the environment's, else a file in the user's data folder.

    A plain path is taken as an SQLite file. Raises `StoreError` for an address of any other kind of database.
    """
    given = url or os.environ.get(URL_VARIABLE) or data_folder() / "early-help.db"
    if isinstance(given, Path) or ":" not in given:
        return sa.URL.create("sqlite", database=str(given))
    try:
        parsed = sa.make_url(given)
    except sa.exc.ArgumentError:
        parsed = None
    backend = parsed.drivername.partition("+")[0] if parsed is not None else ""
    if parsed is not None and backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed is not None and backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise StoreError(
        f"The database address must look like postgresql://name@server/database or sqlite:///folder/file.db; "
        f"please correct {URL_VARIABLE}."
    )


def open_engine(url: str | Path | None = None) -> sa.Engine:
    """Connect to the database and bring its tables up to date. Several may open the same one at the same moment.

    Raises `StoreError` if it cannot be reached or belongs to a newer version of the dashboard.
    """
    address = database_url(url)
    if address.get_backend_name() == "sqlite":
        engine = _sqlite(address)
    else:
        engine = sa.create_engine(address, pool_pre_ping=True)
        sa.event.listen(engine, "connect", _prepare_postgresql)
    try:
        _migrate(engine)
    except sa.exc.DBAPIError as error:
        engine.dispose()
        where = address.render_as_string(hide_password=True)
        raise StoreError(f"The database at {where} cannot be opened: {error.orig}".strip()) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that writes: all of it happens, or nothing.

    Raises `StoreError` if the database fails, and what it says about a broken rule (`IntegrityError`) as it is.
    """
    with _in_words(engine), engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A look at the database, undisturbed by those who write meanwhile. Raises `StoreError` if the database fails."""
    with _in_words(engine), engine.connect() as connection:
        yield connection


@contextmanager
def _in_words(engine: sa.Engine) -> Iterator[None]:
    driver = engine.dialect.loaded_dbapi
    try:
        yield
    except (sa.exc.IntegrityError, driver.IntegrityError):
        raise
    except (sa.exc.DBAPIError, driver.Error) as error:
        cause = str(getattr(error, "orig", error)).strip().rstrip(".")
        raise StoreError(f"The database failed, and nothing was changed: {cause}.") from error


def _sqlite(address: sa.URL) -> sa.Engine:
    try:
        Path(address.database).expanduser().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"The folder of {address.database} cannot be made: {error.strerror}.") from error
    address = address.set(database=str(Path(address.database).expanduser()))
    engine = sa.create_engine(address, connect_args={"timeout": BUSY_SECONDS})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, so that changes to tables are inside them too
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -32000")  # kilobytes; the default 2 MB is written out over and over
    # Readers go on while one writes. The setting stays with the file; changing it needs the file for a moment alone,
    # and SQLite does not wait for that by itself.
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break  # some file systems cannot do it; the database then works with one at a time


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.execute("SET jit = off")  # compiling our short queries takes longer than running them
    connection.execute("SET datestyle = 'ISO, YMD'")  # days as text, as `copying.py` takes them, on any server
    connection.commit()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes its turn at once: one that began by reading could be refused later, with its work half done.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


def _migrate(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    from alembic import command  # only now: most starts find the tables up to date
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "dashboard.store:migrations")
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, HEAD)
        except CommandError as error:
            raise StoreError(
                "This database was made by a newer version of the dashboard; please bring the dashboard up to date."
            ) from error
