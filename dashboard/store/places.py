"""Places of the partnership's own: forum areas, services, boundaries. They come with a load and go with its undo."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from dashboard.store import loads
from dashboard.store.database import reading
from dashboard.store.errors import Load, NothingToLoad, StoreError
from dashboard.store.tables import boundary, forum_area, load, service
from metrics.estimates import conform

_TABLES = {"forum_areas": forum_area, "services": service, "boundaries": boundary}
PLACES = {
    "forum_areas": pl.Schema({"lsoa": pl.String, "forum_area": pl.String, "name": pl.String}),
    "services": pl.Schema(
        {
            "name": pl.String,
            "type": pl.String,
            "lsoa": pl.String,
            "latitude": pl.Float64,
            "longitude": pl.Float64,
            "note": pl.String,
        }
    ),
    "boundaries": pl.Schema({"level": pl.String, "code": pl.String, "name": pl.String, "geometry": pl.String}),
}


def add(
    engine: sa.Engine, frame: pl.DataFrame, refused_rows: pl.DataFrame | None, about: dict[str, str], *, as_role: str
) -> int:
    """Put one file's places in, all or nothing; gives the load's id. See `Store.load_places`."""
    kind = about["kind"]
    if kind not in _TABLES:
        raise ValueError(f"places are of kind {', '.join(_TABLES)}, not {kind!r}")
    if frame.is_empty():
        raise NothingToLoad("place")
    frame = conform(frame, PLACES[kind]).with_columns(pl.col(pl.String).str.replace_all("\x00", "", literal=True))
    table = _TABLES[kind]
    if fault := _fault(frame, table):
        raise StoreError(fault)
    if "number" in table.c:
        frame = frame.with_columns(number=pl.int_range(1, pl.len() + 1))
    return loads.write(engine, {table: frame}, refused_rows, about, fault=lambda: "", as_role=as_role)


def read(engine: sa.Engine, kind: str) -> pl.DataFrame | None:
    """The places of the newest load of `kind` that stands, with the columns of `PLACES[kind]`; None without a load.

    Boundaries: of each level those of the newest load that has the level. In the order of their codes; services in the
    order of their file.
    """
    table, columns = _TABLES[kind], PLACES[kind]
    query = sa.select(*(table.c[name] for name in columns))
    if kind == "boundaries":
        # an undo takes a load's outlines out of the table, so those that are in it stand
        newest = sa.select(table.c.level, sa.func.max(table.c.load_id).label("load_id")).group_by(table.c.level)
        last = newest.subquery()
        query = query.join(last, sa.and_(table.c.level == last.c.level, table.c.load_id == last.c.load_id))
        order = (table.c.level, table.c.code)
    else:
        newest = sa.select(sa.func.max(load.c.load_id)).where(load.c.kind == kind, load.c.undone_at.is_(None))
        query = query.where(table.c.load_id == newest.scalar_subquery())
        order = tuple(table.primary_key)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(*order)).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=columns, orient="row") if rows else None


def source(engine: sa.Engine, kind: str) -> Load | None:
    """The load that `read` takes the places of `kind` from."""
    newest = load.select().where(load.c.kind == kind, load.c.undone_at.is_(None)).order_by(load.c.load_id.desc())
    with reading(engine) as connection:
        row = connection.execute(newest.limit(1)).first()
    return Load(**row._mapping) if row else None


def _fault(frame: pl.DataFrame, table: sa.Table) -> str:
    """What the table would refuse, in one sentence, or ""."""
    for name in frame.columns:
        missing = frame[name].null_count()
        if missing and not table.c[name].nullable:
            return f"{missing:,} {'row' if missing == 1 else 'rows'} without {name.replace('_', ' ')}."
    key = [column.name for column in table.primary_key if column.name in frame.columns]
    twice = frame.filter(pl.struct(key).is_duplicated()) if key else frame.clear()
    if twice.height:
        return f"{' '.join(twice.select(key).row(0))} is given more than once, among {twice.height:,} such rows."
    return ""
