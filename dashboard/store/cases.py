"""Case records: a file's tables go in with one load, and of several loads the newest counts for each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
import sqlalchemy as sa

from dashboard.store import loads
from dashboard.store.case_tables import CASES, holds, standings
from dashboard.store.copying import fetch
from dashboard.store.database import reading
from dashboard.store.errors import NothingToLoad, StoreError
from dashboard.store.tables import load
from metrics.cases import CASE_TABLES
from metrics.estimates import conform


def add(
    engine: sa.Engine,
    tables: Mapping[str, pl.DataFrame],
    listed: pl.DataFrame | None,
    about: dict[str, str],
    *,
    as_role: str,
) -> int:
    """Put one file's case tables in, all or nothing; gives the load's id. See `Store.load_cases`."""
    if unknown := sorted(set(tables) - set(CASE_TABLES)):
        raise ValueError(f"there is no case table {', '.join(unknown)}")
    given = {CASES[name]: _ready(name, tables[name]) for name in CASE_TABLES if name in tables}
    frames = {table: frame for table, frame in given.items() if frame.height}
    if not frames:
        raise NothingToLoad("case record")
    return loads.write(engine, frames, listed, about, fault=lambda: "", as_role=as_role)


def read(engine: sa.Engine, wanted: Mapping[str, Sequence[str] | None]) -> dict[str, pl.DataFrame]:
    """Of each table that is wanted these columns, or all, of the rows that stand: all at one moment.

    See `Store.read_cases`.
    """
    with reading(engine) as connection:
        steady(connection)
        return {name: rows(connection, name, columns) for name, columns in wanted.items()}


def steady(connection: sa.Connection) -> None:
    """Show all that this transaction reads as at one moment, as SQLite does of itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def rows(connection: sa.Connection, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The rows of one table that stand, in the order of their keys; `columns` may also be `load_id`."""
    case, table = CASE_TABLES[name], CASES[name]
    kinds = {**case.columns, "load_id": pl.Int64}
    names = list(case.columns if columns is None else columns)
    if unknown := sorted(set(names) - set(kinds)):
        raise ValueError(f"the case table {name} has no column {', '.join(unknown)}")
    query = sa.select(*(table.c[column] for column in names)).order_by(*(table.c[key] for key in case.key))
    if len(loads_of(connection, name)) > 1:
        keys = [table.c[key] for key in case.key]
        newest = sa.select(*keys, sa.func.max(table.c.load_id).label("load_id")).group_by(*keys).subquery()
        query = query.join(newest, sa.and_(*(table.c[c] == newest.c[c] for c in (*case.key, "load_id"))))
    return fetch(connection, query, pl.Schema({column: kinds[column] for column in names}))


def loads_of(connection: sa.Connection, name: str) -> list[int]:
    """The loads that have rows in a table. None of them is undone: an undo takes them out."""
    return list(connection.scalars(sa.select(load.c.load_id).where(holds(CASES[name])).order_by(load.c.load_id)))


def loads_with(engine: sa.Engine, name: str) -> list[int]:
    """See `Store.case_loads`."""
    with reading(engine) as connection:
        return loads_of(connection, name)


def standing(engine: sa.Engine) -> set[str]:
    """The standings of the loads that case rows stand from. See `Store.case_standing`."""
    with reading(engine) as connection:
        return standings(connection)


def _ready(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as its table takes it: checked, and in the order of its key, so that each row goes at the end."""
    case = CASE_TABLES[name]
    frame = conform(frame, case.schema).with_columns(pl.col(pl.String).str.replace_all("\x00", "", literal=True))
    for column in (*case.key, *case.required):
        if missing := frame[column].null_count():
            raise StoreError(f"{missing:,} {'row' if missing == 1 else 'rows'} of {name} without {column}.")
    twice = frame.select(case.key).is_duplicated().sum()
    if twice:
        # Not which: a key may be that of a person.
        raise StoreError(f"{twice:,} rows of {name} share {' and '.join(case.key)} with another row of the same load.")
    return frame.sort(case.key)
