"""Reading figures: for each measure, group and period the newest that stands, and whether it was restated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
import sqlalchemy as sa

from dashboard.store.database import reading
from dashboard.store.loads import KEY
from dashboard.store.tables import figure, load, note, version_step
from metrics.estimates import FIGURES

CURRENT = pl.Schema(
    {
        **FIGURES,
        "load_id": pl.Int64,
        "previous_value": pl.Float64,
        "standing": pl.String,  # of the load: published, reference, invented, local
        "previous_standing": pl.String,  # of the load that said `previous_value`
    }
)
# Spreadsheets write 0.1 + 0.2 as 0.30000000000000004. A difference this small, as a share of the figure, is no
# restatement.
SAME = 1e-9
SLICE = 2_000  # rows taken from the driver at a time: few enough to stay in the processor's own memory


def version(engine: sa.Engine) -> int:
    """A number that grows with every load, undo, note, purge and restore, and with nothing else."""
    with reading(engine) as connection:
        return connection.scalar(version_query())


def records_version(engine: sa.Engine) -> int:
    """The same without the notes."""
    with reading(engine) as connection:
        return connection.scalar(records_query())


def version_query() -> sa.Select:
    """The query for `version`, for those who are in a transaction already."""
    notes = sa.select(sa.func.count()).select_from(note).scalar_subquery()
    return sa.select(_changes() + notes)


def records_query() -> sa.Select:
    """The query for `records_version`."""
    return sa.select(_changes())


def _changes() -> sa.ColumnElement[int]:
    # Counts, not highest ids: of two writers at once the one with the higher id may finish first.
    loads = sa.select(sa.func.count() + sa.func.count(load.c.undone_at)).select_from(load).scalar_subquery()
    steps = sa.select(sa.func.coalesce(sa.func.sum(version_step.c.steps), 0)).scalar_subquery()
    return loads + steps


def read(engine: sa.Engine, measures: Sequence[str] | None) -> pl.DataFrame:
    """The figures that stand today, with the columns of `CURRENT`. See `Store.read_figures`."""
    query = _standing(measures, [figure.c[name] for name in [*FIGURES, "load_id"]])
    query = query.add_columns(_previous(figure.c.value), _of_load(figure.c.load_id), _previous_standing())
    return _fetch(engine, query.order_by(*(figure.c[k] for k in KEY)), CURRENT)


class Changes(NamedTuple):
    """How many figures of a file would be new, would restate what stands, or say the same again."""

    new: int
    restated: int
    unchanged: int


def compare(engine: sa.Engine, figures: pl.DataFrame) -> Changes:
    """What loading `figures` would change. Nothing is written."""
    measures = figures["measure"].unique().to_list()
    schema = pl.Schema({**{k: CURRENT[k] for k in KEY}, "stands": pl.Float64})
    stands = _fetch(engine, _standing(measures, [*(figure.c[k] for k in KEY), figure.c.value]), schema)
    both = figures.join(stands.with_columns(known=True), on=KEY, how="left")
    now, before = pl.col("value"), pl.col("stands")
    restated = before.is_not_null() & (now.is_null() | ((now - before).abs() > SAME * now.abs()))
    new = pl.col("known").is_null() | (before.is_null() & now.is_not_null())  # or published for the first time
    counts = both.select(new=new.sum(), restated=restated.sum()).row(0, named=True)
    return Changes(**counts, unchanged=both.height - sum(counts.values()))


def _standing(measures: Sequence[str] | None, columns: list[sa.ColumnElement]) -> sa.Select:
    """These columns of each key's figure of the newest load."""
    later = figure.alias("later")
    newer = sa.exists().where(*(later.c[k] == figure.c[k] for k in KEY), later.c.load_id > figure.c.load_id)
    query = sa.select(*columns).where(~newer)
    return query if measures is None else query.where(figure.c.measure.in_(list(measures)))


def _previous(column: sa.ColumnElement) -> sa.ScalarSelect:
    """What the newest earlier load with a differing value says in `column` (of `figure`) for the same key."""
    earlier = figure.alias("earlier")
    apart = sa.func.abs(earlier.c.value - figure.c.value) > SAME * sa.func.abs(figure.c.value)
    withdrawn = figure.c.value.is_(None) & earlier.c.value.is_not(None)
    same_key = [earlier.c[k] == figure.c[k] for k in KEY]
    query = sa.select(earlier.c[column.name]).where(*same_key, earlier.c.load_id < figure.c.load_id, apart | withdrawn)
    query = query.order_by(earlier.c.load_id.desc()).limit(1)
    return query.correlate(figure).scalar_subquery()  # also from within a query of its own, where nothing is implied


def _of_load(number: sa.ColumnElement) -> sa.ScalarSelect:
    """The standing of the load of this number."""
    return sa.select(load.c.standing).where(load.c.load_id == number).correlate(figure).scalar_subquery()


def _previous_standing() -> sa.ScalarSelect:
    return _of_load(_previous(figure.c.load_id))


def _fetch(engine: sa.Engine, query: sa.Select, schema: pl.Schema) -> pl.DataFrame:
    kinds = {**schema, "period_end": pl.String} if engine.dialect.name == "sqlite" else schema
    parts = [pl.DataFrame(schema=kinds)]
    with reading(engine) as connection:
        cursor = connection.execute(query).cursor  # the driver's own tuples, not wrapped one by one
        while rows := cursor.fetchmany(SLICE):
            columns = zip(kinds.items(), zip(*rows, strict=True), strict=True)
            parts.append(pl.DataFrame([pl.Series(name, values, dtype=kind) for (name, kind), values in columns]))
        cursor.close()
    frame = pl.concat(parts, rechunk=True)
    if kinds is schema:
        return frame
    return frame.with_columns(pl.col("period_end").str.to_date("%Y-%m-%d"))  # SQLite gives dates as text
