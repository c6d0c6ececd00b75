"""Loads: putting a file's figures in as one transaction, and taking them out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record, snapshots
from dashboard.store.case_tables import CASES
from dashboard.store.copying import copy_in
from dashboard.store.database import reading, writing
from dashboard.store.errors import AlreadyLoaded, Load, NothingToLoad, StoreError, UnknownLoad
from dashboard.store.tables import boundary, figure, forum_area, load, refused, service
from metrics.estimates import FIGURES, conform, empty

KEY = ("measure", "breakdown", "group", "period_end")
# What an undo takes out; the refused rows stay with the load.
BROUGHT = (figure, forum_area, service, boundary, *CASES.values())
NOT_REAL = ("published", "reference", "invented", "illustrative")  # any other standing is the partnership's own data
REFUSED = pl.Schema({"line": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String})
LISTED = pl.Schema({**REFUSED, "table": pl.String, "repaired": pl.Boolean})
LOADS = pl.Schema(
    {
        "load_id": pl.Int64,
        "kind": pl.String,
        "file_name": pl.String,
        "sha256": pl.String,
        "publisher": pl.String,
        "release": pl.String,
        "licence": pl.String,
        "standing": pl.String,
        "figures": pl.Int64,
        "refused": pl.Int64,
        "loaded_by": pl.String,
        "loaded_at": pl.Datetime("us", "UTC"),
        "undone_by": pl.String,
        "undone_at": pl.Datetime("us", "UTC"),
    }
)


def add(
    engine: sa.Engine,
    figures: pl.DataFrame,
    refused_rows: pl.DataFrame | None,
    about: dict[str, str],
    *,
    as_role: str,
) -> int:
    """Put one file's figures and refused rows in, all or nothing; gives the load's id. See `Store.load`."""
    if figures.is_empty():
        raise NothingToLoad
    # In the order of the table's key every row goes at the end of what this load wrote so far, which is quickest.
    figures = conform(figures, FIGURES).sort(KEY)
    return write(engine, {figure: figures}, refused_rows, about, fault=lambda: _fault(figures), as_role=as_role)


def write(
    engine: sa.Engine,
    frames: Mapping[sa.Table, pl.DataFrame],
    refused_rows: pl.DataFrame | None,
    about: dict[str, str],
    *,
    fault: Callable[[], str],
    as_role: str,
) -> int:
    """Put what one file brings into its tables, with its refused rows and its entry in the record, all or nothing.

    `fault` says what is wrong with frames that the database refuses. Raises `AlreadyLoaded`, `StoreError`.
    """
    refusals, height = _refusals(refused_rows), sum(frame.height for frame in frames.values())
    kept_out = refusals.filter(~pl.col("repaired")).select("table", "line").n_unique()
    row = {**about, "loaded_at": datetime.now(UTC), "figures": height, "refused": kept_out}
    try:
        with writing(engine) as connection:
            [load_id] = connection.execute(load.insert().values(row)).inserted_primary_key
            for table, frame in frames.items():
                copy_in(connection, table, frame.with_columns(pl.lit(load_id).alias("load_id")))
            copy_in(connection, refused, refusals.with_columns(pl.lit(load_id).alias("load_id")))
            if about["loaded_by"]:
                # Not the file's name: people choose it, and might choose a person's.
                detail = f"load {load_id}: {about['kind']}, {height:,} {'row' if height == 1 else 'rows'}"
                record.append(connection, about["loaded_by"], as_role, "loaded", detail)
    except (sa.exc.IntegrityError, engine.dialect.loaded_dbapi.IntegrityError) as error:
        if standing := find(engine, about["sha256"]):
            raise AlreadyLoaded(standing) from error
        raise StoreError(fault() or f"The database refused the rows: {error}") from error
    return load_id


def find(engine: sa.Engine, sha256: str) -> Load | None:
    """The load of the file with this hash that stands, if any."""
    with reading(engine) as connection:
        row = connection.execute(load.select().where(load.c.sha256 == sha256, load.c.undone_at.is_(None))).first()
    return Load(**row._mapping) if row else None


def listed(engine: sa.Engine) -> pl.DataFrame:
    """All loads, undone ones too, newest first, with the columns of `LOADS`."""
    with reading(engine) as connection:
        rows = connection.execute(load.select().order_by(load.c.load_id.desc())).fetchall()
    return pl.DataFrame([dict(row._mapping) for row in rows], schema=LOADS)


def refused_rows(engine: sa.Engine, load_id: int) -> pl.DataFrame:
    """The rows of that load's file that were refused, in the file's order, with the columns of `REFUSED`."""
    return all_listed(engine, load_id).filter(~pl.col("repaired")).select(REFUSED.names())


def all_listed(engine: sa.Engine, load_id: int) -> pl.DataFrame:
    """The rows of that load's file that were refused or repaired, in the file's order, with the columns of `LISTED`."""
    query = sa.select(*(refused.c[name] for name in LISTED)).where(refused.c.load_id == load_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(refused.c.number)).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=LISTED, orient="row")


def any_real(engine: sa.Engine, *, besides: sa.Select) -> bool:
    """Whether a load stands that holds the partnership's own, not published, reference or invented data, or the query
    `besides` finds any. One quick query."""
    with reading(engine) as connection:
        return bool(connection.scalar(sa.select(real(besides))))


def real(besides: sa.Select) -> sa.ColumnElement[bool]:
    """The same as part of a query."""
    loads = sa.select(load.c.load_id).where(load.c.undone_at.is_(None), load.c.standing.not_in(NOT_REAL))
    return sa.or_(loads.exists(), besides.exists())


def undo(engine: sa.Engine, load_id: int, undone_by: str, *, as_role: str) -> None:
    """Take what a load brought out again. Whatever other loads said stands as if it had never been."""
    mark = load.update().where(load.c.load_id == load_id, load.c.undone_at.is_(None))
    with writing(engine) as connection:
        marked = connection.execute(mark.values(undone_at=datetime.now(UTC), undone_by=undone_by)).rowcount
        if not marked:
            known = connection.scalar(sa.select(load.c.load_id).where(load.c.load_id == load_id))
            raise UnknownLoad(f"Load {load_id} was undone before." if known else f"There is no load {load_id}.")
        for table in BROUGHT:
            connection.execute(table.delete().where(table.c.load_id == load_id))
        snapshots.forget_invented(connection)
        if undone_by:
            record.append(connection, undone_by, as_role, "undid", f"load {load_id}")


def _refusals(frame: pl.DataFrame | None) -> pl.DataFrame:
    frame = empty(LISTED) if frame is None else conform(frame, LISTED)
    text = pl.col(pl.String).str.replace_all("\x00", "\N{SYMBOL FOR NULL}", literal=True)  # PostgreSQL keeps no NUL
    return frame.with_columns(text, pl.col("repaired").fill_null(False), number=pl.int_range(1, pl.len() + 1))


def _fault(figures: pl.DataFrame) -> str:
    """What is wrong with figures that the database refused, in one sentence, or "" if it is none of these."""
    for name in (*KEY, "period", "status"):
        if missing := figures[name].null_count():
            return f"{missing:,} {'figure' if missing == 1 else 'figures'} without {name}."
    twice = figures.filter(pl.struct(KEY).is_duplicated())
    if twice.height:
        measure, _, group, _ = twice.select(KEY).row(0)
        period = twice["period"][0]
        return f"The same figure is given more than once: {measure}, {group}, {period}, among {twice.height} such rows."
    return ""
