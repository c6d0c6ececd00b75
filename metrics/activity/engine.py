"""What the reductions need of every engine: Polars, pandas, DuckDB, PySpark.

Days are whole numbers since 1 January 1970 and months since the year 0 (year × 12 + month − 1), so that the same
arithmetic runs everywhere; a frame of pandas keeps its dates as `datetime64`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

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
    """By arithmetic, where the engine cannot take a number for a date: years from 1 March, every fourth a long one.

    Right from March 1900 to February 2100; a date beyond, which is a slip of the pen, may come into the month beside.
    """
    since = days + 25508  # days since 1 March 1900
    year = _whole(since * 4 + 3, 1461)
    within = since - _whole(year * 1461, 4)
    return (year + 1900) * 12 + _whole(within * 5 + 2, 153) + 2


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


def daily(frame: nw.LazyFrame, keys: Sequence[str], day: str) -> nw.LazyFrame:
    """All other columns added up by group and day, with the day's month: what a question needs of a table's rows,
    whichever period or day it asks for. Rows without the day are left out."""
    sums = [c for c in frame.collect_schema().names() if c not in (*keys, day)]
    rows = frame.filter(~nw.col(day).is_null()).group_by([*keys, day]).agg(nw.col(c).sum() for c in sums)
    return held(with_months(rows, day), groups=keys)


def flow(frame: nw.LazyFrame, keys: Sequence[str], enter: str, exit: str, *marks: str) -> nw.LazyFrame:
    """`day`, its month, `n` and marks by group: how many rows entered on the day less how many left, and their marks.

    A row that left before it entered is left out.
    """
    gone = ~nw.col(exit).is_null()
    rows = frame.filter(~nw.col(enter).is_null(), ~gone | (nw.col(exit) >= nw.col(enter)))
    into = rows.select(*keys, *marks, day=nw.col(enter).cast(nw.Int64), n=nw.lit(1))
    less = ((0 - nw.col(c)).alias(c) for c in marks)
    out = rows.filter(gone).select(*keys, *less, day=nw.col(exit).cast(nw.Int64), n=nw.lit(-1))
    return daily(nw.concat([into, out]), keys, "day")


def yes(test: nw.Expr) -> nw.Expr:
    """1 where the test holds, else 0, also where it cannot be told."""
    return nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0))


def some(test: nw.Expr, column: str) -> nw.Expr:
    """What the column counts where the test holds, else 0."""
    return nw.when(test).then(nw.col(column)).otherwise(nw.lit(0))


def small(frame: nw.LazyFrame, columns: Sequence[str]) -> nw.LazyFrame:
    """With Polars, marks and little counts in one byte each; the other engines choose for themselves."""
    return frame.with_columns(nw.col(c).cast(nw.Int8) for c in columns) if is_polars(frame) else frame


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
    """The frame reckoned once and kept: by Polars in memory, by PySpark in its cluster, by DuckDB in its own
    memory.

    With Polars the group columns become categories, so that counting by them costs no comparing of text.
    """
    native = nw.to_native(frame)
    if is_polars(frame):
        return nw.from_native(nw.to_native(coded(frame, groups)).collect(engine="streaming").lazy())
    if frame.implementation.is_pyspark():
        return nw.from_native(native.localCheckpoint()).lazy()  # kept, and its long plan forgotten
    if frame.implementation.is_duckdb():
        # A temporary table would do, but with every new name all relations of the connection are planned anew.
        return nw.from_native(native.materialize()).lazy()
    return frame


def coded(frame: nw.LazyFrame, columns: Sequence[str]) -> nw.LazyFrame:
    """With Polars, columns of text as categories of their own name: numbered from 0, so that the numbers stay small."""
    if not is_polars(frame):
        return frame
    kinds = {c: pl.Categorical(pl.Categories(f"early_help.{c}")) for c in columns}
    return nw.from_native(nw.to_native(frame).with_columns(pl.col(c).cast(k) for c, k in kinds.items()))


def short(frame: nw.LazyFrame, columns: Sequence[str]) -> nw.LazyFrame:
    """With Polars, identifiers as 64-bit numbers in place of text: joined faster, and in a third of the memory.

    They are hashes: among ten million identifiers the chance that any two meet is three in a million.
    """
    if not is_polars(frame):
        return frame
    native: pl.LazyFrame = nw.to_native(frame)
    ids = [c for c in columns if c in native.collect_schema().names()]
    return nw.from_native(native.with_columns(pl.when(pl.col(c).is_not_null()).then(pl.col(c).hash()) for c in ids))


def added(frame: nw.LazyFrame, keys: Sequence[str], *, count: str = "") -> pl.DataFrame:
    """All other columns added up by `keys`, and how many rows there are as `count`; fetched.

    With Polars, keys that are whole numbers or categories are laid into one number: a hash of one is faster than of
    several.
    """
    marks = [c for c in frame.collect_schema().names() if c not in keys]
    if not is_polars(frame):
        counts = [nw.len().alias(count)] if count else []
        return fetched(frame.group_by(keys).agg(*counts, *(nw.col(c).sum() for c in marks)))
    rows: pl.DataFrame = nw.to_native(frame).collect(engine="streaming")
    sums = [*([pl.len().alias(count)] if count else []), *(pl.col(c).sum() for c in marks)]
    if (laid := Packing.of(rows, keys)) is None:
        return told(rows.group_by(keys).agg(sums))
    found = rows.select(laid.code().alias("_code"), *marks).group_by("_code").agg(sums)
    return told(found.select(*laid.parts(pl.col("_code")), pl.exclude("_code")))


@dataclass(frozen=True)
class Packing:
    """How columns of a Polars frame (whole numbers or categories, null allowed) make one number, and back again."""

    rooms: tuple[tuple[str, pl.DataType, int, int], ...]  # column, its type, its least value, how many values and null

    @staticmethod
    def of(rows: pl.DataFrame, columns: Sequence[str]) -> Packing | None:
        """None where a column is of another type, or where they do not fit into one number."""
        kinds = [rows.schema[c] for c in columns]
        if not rows.height or not all(_small(k) for k in kinds):
            return None
        number = [pl.col(c).to_physical().cast(pl.Int64) for c in columns]
        low, high = (rows.select(getattr(n, side)() for n in number).row(0) for side in ("min", "max"))
        sizes = [2 + (h or 0) - (lo or 0) for lo, h in zip(low, high, strict=True)]
        if prod(sizes) >= 1 << 62:
            return None
        return Packing(tuple(zip(columns, kinds, (lo or 0 for lo in low), sizes, strict=True)))

    def code(self) -> pl.Expr:
        """The number; a null is 0 within its room."""
        total = pl.lit(0, pl.Int64)
        for column, _, low, size in self.rooms:
            part = pl.col(column).to_physical().cast(pl.Int64) + (1 - low)
            total = total * size + part.fill_null(0)
        return total

    def parts(self, code: pl.Expr) -> list[pl.Expr]:
        """The columns, from the number."""
        made = []
        for column, kind, low, size in reversed(self.rooms):
            value, code = code % size, code // size
            value = pl.when(value > 0).then(value + (low - 1))
            text = isinstance(kind, pl.Categorical)
            made.append((value.cast(pl.UInt32).cat.to(kind) if text else value.cast(kind)).alias(column))
        return made[::-1]


def _small(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.Categorical) or (kind.is_integer() and kind != pl.UInt64)


def fetched(frame: nw.LazyFrame) -> pl.DataFrame:
    """A reduced frame of any engine as a Polars frame: numbers as floats, groups as text."""
    kwargs = {"engine": "streaming"} if is_polars(frame) else {}
    return told((frame.collect(**kwargs) if kwargs else frame.collect("polars")).to_native())


def told(made: pl.DataFrame) -> pl.DataFrame:
    """Numbers as floats, groups as text."""
    kinds = {
        c: pl.String if isinstance(t, pl.Categorical) else pl.Float64
        for c, t in made.schema.items()
        if isinstance(t, pl.Categorical) or t.is_numeric()
    }
    return made.with_columns(pl.col(c).cast(t) for c, t in kinds.items())
