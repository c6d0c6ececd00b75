"""What the reductions need of every engine: Polars, pandas, DuckDB, PySpark.

Days are whole numbers since 1 January 1970 and months since the year 0 (year × 12 + month − 1), so that the same
arithmetic runs everywhere; a frame of pandas keeps its dates as `datetime64`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import narwhals as nw
import polars as pl

from metrics.cases import CASE_TABLES

NARWHALS = {pl.String: nw.String, pl.Date: nw.Date, pl.Int64: nw.Int64, pl.Boolean: nw.Boolean, pl.Float64: nw.Float64}
SQL = {
    pl.String: "string",
    pl.Int64: "bigint",
    pl.Int32: "int",
    pl.Float64: "double",
}  # names that both SQL engines know


def table(frame: Any, name: str) -> nw.LazyFrame:
    """A case table as a Narwhals frame; a column of `CASE_TABLES` that it lacks is empty."""
    made = nw.from_native(frame).lazy()
    held = set(made.collect_schema().names())
    gone = {c: nw.lit(None, NARWHALS[kind]) for c, kind in CASE_TABLES[name].columns.items() if c not in held}
    return made.with_columns(**gone) if gone else made


def is_polars(frame: nw.LazyFrame) -> bool:
    return frame.implementation.is_polars()


def day(frame: nw.LazyFrame, column: str) -> nw.Expr:
    """Days since 1970-01-01 of a column of dates."""
    if is_polars(frame):
        return nw.col(column).cast(nw.Date).cast(nw.Int32)
    year = nw.col(column).dt.year()
    before = (year - 1970) * 365 + (year - 1969) // 4 - (year - 1901) // 100 + (year - 1601) // 400
    return before + nw.col(column).dt.ordinal_day() - 1


def month(frame: nw.LazyFrame, column: str) -> nw.Expr:
    """Months since the year 0 of a column of dates."""
    year, within = nw.col(column).dt.year(), nw.col(column).dt.month()
    if is_polars(frame):
        year, within = year.cast(nw.Int32), within.cast(nw.Int32)
    return year * 12 + within - 1


def with_months(frame: nw.LazyFrame, *days: str) -> nw.LazyFrame:
    """For each column of day numbers its month, as `…_m`."""
    if is_polars(frame):
        dates = {d: nw.col(d).cast(nw.Int32).cast(nw.Date).dt for d in days}
        months = {d: e.year().cast(nw.Int32) * 12 + e.month().cast(nw.Int32) - 1 for d, e in dates.items()}
    else:
        months = {d: _month_of(nw.col(d)) for d in days}
    return frame.with_columns(e.alias(f"{d}_m") for d, e in months.items())


def _month_of(days: nw.Expr) -> nw.Expr:
    """By arithmetic, where the engine cannot take a number for a date: the civil calendar, its years from 1 March."""
    since = days + 719468  # days since 1 March of the year 0
    era = _whole(since, 146097)  # of 400 years
    within = since - era * 146097
    year = _whole(within - _whole(within, 1460) + _whole(within, 36524) - _whole(within, 146096), 365)
    rest = within - (year * 365 + _whole(year, 4) - _whole(year, 100))
    return (year + era * 400) * 12 + _whole(rest * 5 + 2, 153) + 2


def _whole(value: nw.Expr, by: int) -> nw.Expr:
    """How many times `by` goes into a whole number; the half keeps clear of rounding.

    The value stands in it once. In SQL `//` repeats it, and one within another grows beyond what can be planned.
    """
    return ((value + 0.5) * (1 / by)).floor()


def year_after(frame: nw.LazyFrame, column: str) -> nw.Expr:
    """The day number of the same date one year on; of 29 February, 1 March."""
    year = nw.col(column).dt.year()
    leap = nw.when(nw.col(column).dt.month() > 2).then(year + 1).otherwise(year)  # the year whose February lies between
    before = leap - 1
    days = leap // 4 - leap // 100 + leap // 400 - (before // 4 - before // 100 + before // 400)
    return day(frame, column) + 365 + days


def yes(test: nw.Expr) -> nw.Expr:
    """1 where the test holds, else 0, also where it cannot be told."""
    return nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0))


def only(test: nw.Expr, value: nw.Expr) -> nw.Expr:
    """The value where the test holds, else nothing."""
    return nw.when(test).then(value)


def beside(frame: nw.LazyFrame, small: pl.DataFrame) -> nw.LazyFrame:
    """A small Polars frame in the engine, and in the session, of `frame`, to be joined to it."""
    native, kind = nw.to_native(frame), frame.implementation
    if kind.is_polars():
        return nw.from_native(small.lazy())
    if kind.is_pandas():
        return nw.from_dict(small.to_dict(as_series=False), backend="pandas").lazy()
    types = {c: SQL[type(t) if not isinstance(t, type) else t] for c, t in small.schema.items()}
    if kind.is_duckdb():
        rows = ", ".join("(" + ", ".join(_literal(v) for v in row) + ")" for row in small.iter_rows())
        cast = ", ".join(f'cast("{c}" as {t}) as "{c}"' for c, t in types.items())
        names = ", ".join(f'"{c}"' for c in types)
        source = f"(values {rows})" if rows else f"(select {', '.join('null' for _ in types)} where false)"
        return held(nw.from_native(native.query("_", f"select {cast} from {source} as small({names})")).lazy())
    ddl = ", ".join(f"`{c}` {t}" for c, t in types.items())
    return held(nw.from_native(native.sparkSession.createDataFrame(list(small.iter_rows()), ddl)).lazy())


def _literal(value: object) -> str:
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def held(frame: nw.LazyFrame, *, groups: Sequence[str] = ()) -> nw.LazyFrame:
    """The frame reckoned once and kept: by Polars in memory, by PySpark in its cluster, by DuckDB in a temporary table
    that goes with the connection.

    With Polars the group columns become categories, so that counting by them costs no comparing of text.
    """
    if is_polars(frame):
        frame = frame.with_columns(nw.col(c).cast(nw.Categorical) for c in groups)
        return nw.from_native(frame.collect(engine="streaming").to_native().lazy())
    native = nw.to_native(frame)
    if frame.implementation.is_pyspark():
        return nw.from_native(native.localCheckpoint()).lazy()  # kept, and its long plan forgotten
    if frame.implementation.is_duckdb():
        name = f"early_help_{uuid4().hex}"
        native.query("_", f"create temp table {name} as select * from _")
        return nw.from_native(native.query("_", f"select * from {name}")).lazy()
    return frame


def short(frame: nw.LazyFrame, columns: Sequence[str]) -> nw.LazyFrame:
    """With Polars, identifiers as 64-bit numbers in place of text: joined faster, and in a third of the memory.

    They are hashes: among ten million identifiers the chance that any two meet is three in a million.
    """
    if not is_polars(frame):
        return frame
    native: pl.LazyFrame = nw.to_native(frame)
    ids = [c for c in columns if c in native.collect_schema().names()]
    return nw.from_native(native.with_columns(pl.when(pl.col(c).is_not_null()).then(pl.col(c).hash()) for c in ids))


def fetched(frame: nw.LazyFrame) -> pl.DataFrame:
    """A reduced frame of any engine as a Polars frame: numbers as floats, groups as text."""
    kwargs = {"engine": "streaming"} if is_polars(frame) else {}
    made: pl.DataFrame = (frame.collect(**kwargs) if kwargs else frame.collect("polars")).to_native()
    kinds = {
        c: pl.String if t == pl.Categorical else pl.Float64
        for c, t in made.schema.items()
        if t == pl.Categorical or t.is_numeric()
    }
    return made.with_columns(pl.col(c).cast(t) for c, t in kinds.items())
