"""From counted rows to an estimates frame: groups, shares with Wilson limits, and the names of periods."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from metrics.estimates import NOT_AVAILABLE, OK, PROVISIONAL, SCHEMA, conform
from metrics.intervals import wilson

CROSS = " × "  # between the keys, and the values, of a breakdown by two
ALL = "all"  # breakdown and group of what is not split
NOT_RECORDED = "not recorded"


def keys_of(by: str | Sequence[str] | None) -> list[str]:
    """The columns that `by` names: none, one or two."""
    keys = [] if not by else [by] if isinstance(by, str) else list(by)
    if len(keys) > 2:
        raise ValueError(f"A breakdown is by one or two columns, not by {len(keys)}.")
    return keys


def collect(frame: nw.LazyFrame) -> pl.DataFrame:
    """A small result of any engine as a Polars frame: counts as whole numbers, whatever type the engine made them."""
    made = frame.collect("polars").to_native()
    numbers = [c for c, kind in made.schema.items() if kind.is_numeric()]
    return made.with_columns(pl.col(numbers).cast(pl.Int64))


def sums(counts: pl.DataFrame, keys: Sequence[str], parts: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """A row a group, a column a part: `n` added up where the part's expression holds.

    Without keys there is one row, of zeros if nothing was counted. A null key is `not recorded`.
    """
    cells = [pl.col("n").filter(test).sum().fill_null(0).alias(name) for name, test in parts.items()]
    named = counts.with_columns(pl.col(k).cast(pl.String).fill_null(NOT_RECORDED) for k in keys)
    return named.group_by(keys).agg(cells).sort(keys) if keys else named.select(cells)


def estimates(
    wide: pl.DataFrame,
    keys: Sequence[str],
    measures: Sequence[str],
    of: Mapping[str, str],
    period: Mapping[str, Any],
) -> pl.DataFrame:
    """An estimates frame from `sums`: a row a measure and group. `of`: measure → the column that is its denominator.

    A share is in per cent with Wilson 95% limits; of nobody it is not available. A measure without a denominator is a
    count. `period`: `period`, `period_end` and `status`, as `period_of` gives them.
    """
    group = pl.concat_str(keys, separator=CROSS) if keys else pl.lit(ALL)
    rows = [
        wide.select(
            group.alias("group"),
            pl.lit(measure).alias("measure"),
            pl.col(measure).cast(pl.Float64).alias("numerator"),
            pl.col(of[measure]).cast(pl.Float64).alias("denominator")
            if measure in of
            else pl.lit(None, pl.Float64).alias("denominator"),
        )
        for measure in measures
    ]
    long = pl.concat(rows).with_columns(pl.lit(value).alias(column) for column, value in period.items())
    return shares(long, breakdown=CROSS.join(keys) if keys else ALL)


def shares(long: pl.DataFrame, *, breakdown: str) -> pl.DataFrame:
    """An estimates frame of counts: `measure`, `group`, `numerator`, `denominator`, `period`, `period_end`, `status`.

    With a denominator, 0 included, a row is a share in per cent with Wilson 95% limits, else a count.
    """
    up, down = pl.col("numerator"), pl.col("denominator")
    share = down.is_not_null()
    made = long.with_columns(
        wilson("numerator", "denominator", multiplier=100).alias("_"),
        pl.lit(breakdown).alias("breakdown"),
        pl.when(share & (down == 0)).then(pl.lit(NOT_AVAILABLE)).otherwise(pl.col("status")).alias("status"),
        pl.when(~share).then(up).when(down > 0).then(100 * up / down).alias("value"),
        pl.when(share).then(pl.lit("Wilson 95%")).otherwise(pl.lit("count")).alias("method"),
        pl.when(share).then(down).otherwise(up).alias("n"),
    )
    return conform(made.unnest("_"), SCHEMA)


def period_of(start: date, end: date, as_at: date) -> dict[str, Any]:
    """`period`, `period_end`, `status` of a stretch of days: `2024-05`, `2024/25 Q1`, `2024/25` (financial), or days.

    Provisional while `as_at` is before its end. Raises `ValueError` where the end comes before the start.
    """
    if end < start:
        raise ValueError(f"The period ends on {end}, before it starts on {start}.")
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    whole = start.day == 1 and end.day == calendar.monthrange(end.year, end.month)[1]
    year = start.year if start.month > 3 else start.year - 1
    financial = f"{year}/{(year + 1) % 100:02d}"
    if whole and months == 1:
        label = f"{start:%Y-%m}"
    elif whole and months == 3 and start.month % 3 == 1:
        label = f"{financial} Q{(start.month - 4) % 12 // 3 + 1}"
    elif whole and months == 12 and start.month == 4:
        label = financial
    else:
        label = f"{start.isoformat()} to {end.isoformat()}"
    return {"period": label, "period_end": end, "status": OK if as_at >= end else PROVISIONAL}


def day_of(as_at: date) -> dict[str, Any]:
    """The same of a count on one day."""
    return {"period": as_at.isoformat(), "period_end": as_at, "status": OK}
