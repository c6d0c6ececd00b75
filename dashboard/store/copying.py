"""Many rows between a frame and the database, in slices: the quickest way that each has, in little memory."""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl
import sqlalchemy as sa

SLICE = 2_000  # rows turned into Python objects, or into text, at a time: few enough for the processor's own memory
BYTES = 16_000_000  # of text taken from PostgreSQL at a time


def copy_in(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Append the frame to the table the quickest way that the database has."""
    frame = frame.with_columns(pl.col(pl.Float64).fill_nan(None))
    names = ", ".join(f'"{name}"' for name in frame.columns)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT csv)') as copy:
            for part in frame.iter_slices(SLICE):
                copy.write(part.write_csv(include_header=False))
        return
    places = ", ".join("?" * frame.width)
    insert = f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'
    frame = frame.with_columns(pl.col(pl.Date).dt.to_string("iso"))
    cursor = connection.connection.cursor()
    for part in frame.iter_slices(SLICE):
        # Each column as a list and zipped: half the time that `part.rows()` takes.
        cursor.executemany(insert, zip(*(column.to_list() for column in part.iter_columns()), strict=True))
    cursor.close()


def fetch(connection: sa.Connection, query: sa.Select, schema: pl.Schema) -> pl.DataFrame:
    """The rows of `query`, whose columns are those of `schema` in the same order: text, days, numbers and yes or no."""
    # One more column, since polars would pass over the empty line that a lone missing value makes.
    kinds = {"": pl.Int8} | {name: _KEPT_AS.get(kind, kind) for name, kind in schema.items()}
    columns = [sa.literal_column("0"), *(_plain(column) for column in query.selected_columns)]
    slices = _from_postgresql if connection.dialect.name == "postgresql" else _from_sqlite
    parts = [_typed(part, schema) for part in slices(connection, query.with_only_columns(*columns), kinds)]
    return pl.concat([pl.DataFrame(schema=schema), *parts], rechunk=True)


# How a value comes from the driver or in text, before it is what the schema says.
_KEPT_AS = {pl.Date: pl.String, pl.Boolean: pl.Int64}


def _plain(column: sa.ColumnElement) -> sa.ColumnElement:
    """A column as the database gives it: truth as 0 or 1, all else without SQLAlchemy's own conversion."""
    if isinstance(column.type, sa.Boolean):
        return sa.cast(column, sa.Integer)
    return sa.type_coerce(column, sa.types.NullType())


def _typed(part: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    days = [pl.col(name).str.to_date("%Y-%m-%d") for name, kind in schema.items() if kind == pl.Date]
    return part.select(schema.names()).with_columns(days).cast(dict(schema))


def _from_sqlite(connection: sa.Connection, query: sa.Select, kinds: dict) -> Iterator[pl.DataFrame]:
    cursor = connection.execute(query).cursor  # the driver's own tuples, not wrapped one by one
    while rows := cursor.fetchmany(SLICE):
        columns = zip(kinds.items(), zip(*rows, strict=True), strict=True)
        yield pl.DataFrame([pl.Series(name, values, dtype=kind) for (name, kind), values in columns])
    cursor.close()


def _from_postgresql(connection: sa.Connection, query: sa.Select, kinds: dict) -> Iterator[pl.DataFrame]:
    text = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv)", text.params) as copy,
    ):
        held = io.BytesIO()
        for block in copy:  # whole rows
            held.write(block)
            if held.tell() > BYTES:
                yield _parsed(held, kinds)
                held = io.BytesIO()
        if held.tell():
            yield _parsed(held, kinds)


def _parsed(held: io.BytesIO, kinds: dict) -> pl.DataFrame:
    held.seek(0)
    return pl.read_csv(held, has_header=False, schema=kinds)
