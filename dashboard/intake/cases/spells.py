"""Rows that say the same twice: one record, one period or one event more than once. Merged by rule, and all listed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import polars as pl

from metrics.cases import CASE_TABLES

from . import repair
from .rules import Account

SHEET = 10_000_000  # lines of the second table count from here while a file is read
_FAR = date(9999, 12, 31)  # where an open period reaches


def own_line(line: str = "line") -> pl.Expr:
    """A line as its own sheet numbers it."""
    return pl.col(line) % SHEET


def once(frame: pl.DataFrame, table: str, account: Account) -> pl.DataFrame:
    """Each key once: a row repeated word for word is taken once, rows that contradict each other are refused."""
    key = list(CASE_TABLES[table].key)
    suspects = frame.filter(pl.struct(key).is_duplicated())
    if suspects.is_empty():
        return frame
    suspects = suspects.with_columns(
        pl.struct(c for c in frame.columns if c != "line").n_unique().over(key).alias("versions"),
        own_line().first().over(key).alias("of"),
        pl.int_range(pl.len()).over(key).alias("copy"),
        own_line().sort().cast(pl.String).implode().list.join(", ").over(key).alias("lines"),
    )
    clash = suspects.filter(pl.col("versions") > 1)
    again = suspects.filter((pl.col("versions") == 1) & (pl.col("copy") > 0))
    account.note("key_contradicted", clash, key[0], at="lines")
    account.note("key_repeated", again, key[0], at="of")
    return repair.without(frame, [clash.select("line"), again.select("line")])


def events(frame: pl.DataFrame, by: Collection[str], account: Account, *, rule: str, column: str) -> pl.DataFrame:
    """Rows that are alike in the columns `by`, taken once: the first, with what it lacks from the others."""
    by = list(by)
    twice = frame.filter(pl.struct(by).is_duplicated())
    if twice.is_empty():
        return frame
    twice = twice.with_columns(own_line().first().over(by).alias("of"), pl.int_range(pl.len()).over(by).alias("copy"))
    account.note(rule, twice.filter(pl.col("copy") > 0), column, at="of")
    others = [c for c in frame.columns if c not in by]
    merged = twice.group_by(by, maintain_order=True).agg(pl.col(c).drop_nulls().first() for c in others)
    return pl.concat([repair.without(frame, [twice.select("line")]), merged.select(frame.columns)]).sort("line")


def periods(
    frame: pl.DataFrame,
    by: Collection[str],
    account: Account,
    *,
    start: str,
    end: str,
    same: str,
    overlap: str,
    open_reaches: bool,
    at_the_end: Collection[str] = (),
    apart: pl.Expr | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Periods of one child or family (alike in `by`) that overlap, made one: from the first start to the last end.

    A period that starts on the day when another ends overlaps it. `open_reaches`: whether one without an end goes on,
    so that all later ones overlap it and the whole stays open; if not, only one of the same start does, and the last
    end given is taken. Columns `at_the_end` come from the row that ends last, the others from the first that has them.
    Rows for which `apart` holds, rows that end before they start, and rows without `by` are left alone.

    Gives the frame, and `line` → `into`: the lines that were merged and the line that each was taken into.
    """
    by = list(by)
    takes_part = pl.all_horizontal(pl.col(c).is_not_null() for c in by) & (pl.col(end) >= pl.col(start)).fill_null(True)
    if apart is not None:
        takes_part = takes_part & ~apart.fill_null(False)
    reach = pl.col(end).fill_null(_FAR if open_reaches else pl.col(start))
    part = frame.filter(takes_part).with_columns(reach.alias("reach")).sort([*by, start, "line"])
    reached = pl.col("reach").cum_max().shift(1).over(by)
    part = part.with_columns((pl.col(start) > reached).fill_null(True).alias("fresh"))
    part = part.with_columns(pl.col("fresh").cum_sum().alias("whole")).with_columns(
        pl.len().over("whole").alias("parts"), pl.col("line").first().over("whole").alias("into")
    )
    joined = part.filter(pl.col("parts") > 1)
    if joined.is_empty():
        return frame, pl.DataFrame(schema={"line": pl.Int64, "into": pl.Int64})
    first = lambda column: pl.col(column).first().over("whole")  # noqa: E731
    is_same = pl.col(start) == first(start)
    if open_reaches:
        is_same = is_same & pl.col(end).eq_missing(first(end))
    gone = joined.filter(~pl.col("fresh"))
    alike = joined.filter(is_same).select("line")
    gone = gone.with_columns(own_line("into").alias("of"))
    account.note(same, gone.join(alike, on="line", how="semi"), start, at="of")
    account.note(overlap, gone.join(alike, on="line", how="anti"), start, at="of")
    last = joined.sort(["whole", "reach", "line"])
    is_open = pl.col(end).is_null().any() if open_reaches else pl.col(end).is_null().all()
    made: Mapping[str, pl.Expr] = {start: pl.col(start).min(), end: pl.when(~is_open).then(pl.col(end).max())}
    made |= {c: pl.col(c).last() for c in at_the_end}
    plain = [c for c in frame.columns if c not in made]
    ends = last.group_by("whole", maintain_order=True).agg(e.alias(c) for c, e in made.items())
    firsts = joined.group_by("whole", maintain_order=True).agg(pl.col(c).drop_nulls().first() for c in plain)
    merged = firsts.join(ends, on="whole").select(frame.columns)
    kept = repair.without(frame, [joined.select("line")])
    return pl.concat([kept, merged]).sort("line"), gone.select("line", "into")
