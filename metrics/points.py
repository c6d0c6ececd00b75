"""A series as points in time, cut at its breaks: what a trend and a forecast both start from.

Options may be given once for all rows or as one for each measure. `breaks` are the first period ends of a new basis
(dates, ISO text, or the definitions' `Break`): nothing is ever compared across one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from metrics.estimates import OK, PROVISIONAL, conform

SERIES = ("measure", "breakdown", "group")  # the columns that say which line a point belongs to


def published_points(frame: pl.DataFrame) -> pl.DataFrame:
    """Published points in order, with `_t`: years, whole numbers apart for annual figures."""
    points = conform(frame).with_columns(pl.col(*SERIES).fill_null(""))
    points = points.filter(pl.col("value").is_finite(), pl.col("status").fill_null(OK).is_in([OK, PROVISIONAL]))
    twice = points.select(*SERIES, "period_end").is_duplicated()
    if twice.any():
        which = points.filter(twice).row(0, named=True)
        raise ValueError(
            f"two figures for {which['measure']}, {which['group']}, {which['period_end']}: one line takes one"
        )
    end = pl.col("period_end")
    return points.with_columns((end.dt.year() + (end.dt.month() - 1) / 12).alias("_t")).sort(*SERIES, "period_end")


def option(given: Any, default: Any, dtype: pl.DataType) -> pl.Expr:
    """One value for all rows, or one for each measure."""
    if isinstance(given, Mapping):
        return pl.col("measure").replace_strict(dict(given), default=default, return_dtype=dtype)
    return pl.lit(given, dtype)


def since_break(points: pl.DataFrame, breaks: Any, *, last_only: bool) -> pl.DataFrame:
    """Adds `_segment`, how many breaks lie at or before a point, and `_broken`, the last of them.

    `last_only` keeps the points since each series' last break.
    """
    each = breaks if isinstance(breaks, Mapping) else {m: list(breaks) for m in points["measure"].unique()}
    dates = {measure: sorted(_date(b) for b in some) for measure, some in each.items() if some}
    segment, broken, end = pl.lit(0, pl.Int64), pl.lit(None, pl.Date), pl.col("period_end")
    for measure, some in dates.items():
        for day in some:
            after = (pl.col("measure") == measure) & (end >= day)
            segment, broken = segment + after.cast(pl.Int64), pl.when(after).then(pl.lit(day)).otherwise(broken)
    points = points.with_columns(segment.alias("_segment"), broken.alias("_broken"))
    return points.filter(pl.col("_segment") == pl.col("_segment").max().over(SERIES)) if last_only else points


def _date(item: Any) -> date:
    day = getattr(item, "period_end", item)
    return date.fromisoformat(day) if isinstance(day, str) else day
