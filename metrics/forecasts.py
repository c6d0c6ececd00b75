"""Where it is heading if we do nothing differently, and whether that reaches a target.

Called as `metrics.trends.forecast`, `past_changes` and `on_track`; `breaks` as in `metrics.points`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from metrics.comparison import AGGREGATES, TINY_AREAS, direction_of
from metrics.estimates import OK, SCHEMA, conform
from metrics.points import SERIES, published_points, since_break

ON_TRACK, NOT_ON_TRACK, EITHER_WAY, CANNOT_SAY = "on track", "not on track", "could go either way", "cannot say"

LEAST_CHANGES = 40  # past changes; of fewer, a 2.5% point is only their most extreme one
LEAST_HISTORY = 3  # points behind a past forecast by a method that looks at more than the last one
ALPHA, BETA = 0.8, 0.2  # smoothing of level and slope
METHODS = ("flat", "exponential smoothing", "straight line", "holt")


def past_changes(
    values: pl.DataFrame,
    *,
    method: str = "flat",
    horizon: int = 3,
    breaks: Iterable[Any] | Mapping[str, Iterable[Any]] = (),
    exclude: Sequence[str] = TINY_AREAS,
) -> pl.DataFrame:
    """How far past values lay from what `method` would have said 1 … `horizon` years before: what `forecast` takes.

    `values`: an estimates frame of all areas. Rows `measure`, `group`, `period_end` (the year looked from),
    `years_ahead`, `change` (actual − forecast, on the measure's scale; for `flat` simply the change). Not across
    breaks; without `exclude`, England and regions, whose swings say nothing of a council's. Methods other than flat
    from the third point on.
    """
    points = since_break(published_points(values), breaks, last_only=False)
    code = pl.col("group")
    points = points.filter(~code.is_in(list(exclude)), ~pl.any_horizontal(code.str.starts_with(a) for a in AGGREGATES))
    keys = [*SERIES, "_segment"]
    if _check(method) == "flat":
        said = points.select(*keys, "period_end", "value").join(_ahead(horizon), how="cross")
    else:
        rows = []
        for key, part in points.group_by(keys, maintain_order=True):
            t, y, ends = part["_t"].to_numpy(), part["value"].to_numpy(), part["period_end"]
            for i in range(LEAST_HISTORY, len(y)):
                ahead = _project(t[:i], y[:i], horizon, method)
                rows += [(*key, ends[i - 1], h + 1, v) for h, v in enumerate(ahead)]
        schema = {
            **{k: points.schema[k] for k in keys},
            "period_end": pl.Date,
            "years_ahead": pl.Int64,
            "value": pl.Float64,
        }
        said = pl.DataFrame(rows, schema=schema, orient="row")
    actual = points.select(*keys, pl.col("period_end").alias("_end"), pl.col("value").alias("_actual"))
    return (
        said.with_columns(_years_on().alias("_end"))
        .join(actual, on=[*keys, "_end"], maintain_order="left")
        .select("measure", "group", "period_end", "years_ahead", (pl.col("_actual") - pl.col("value")).alias("change"))
    )


def forecast(
    values: pl.DataFrame,
    *,
    method: str = "flat",
    horizon: int = 3,
    changes: pl.DataFrame | None = None,
    breaks: Iterable[Any] | Mapping[str, Iterable[Any]] = (),
    confidence: float = 0.95,
) -> pl.DataFrame:
    """If we do nothing differently: 1 … `horizon` years after the last value of each series, as estimates rows.

    `values`: an estimates frame of annual points. `method`: `flat` (the last value), `exponential smoothing` (α 0.8,
    flat too), `straight line` (least squares) or `holt` (α 0.8, β 0.2); the last two did much worse than flat on past
    years of this data (`docs/deviations.md`). Points since the last break only. The interval comes from `changes`,
    `past_changes` of all areas for the measure by the same method (None: reckoned from `values` itself): the middle
    `confidence` share of them, widened to hold the forecast. Under 40 past changes there is no interval, and `method`
    says so. Adds `years_ahead` to the estimates columns. Raises `ValueError` for another method.
    """
    points = since_break(published_points(values), breaks, last_only=True)
    if changes is None:
        changes = past_changes(values, method=method, horizon=horizon, breaks=breaks)
    rows = []
    for key, part in points.group_by(SERIES, maintain_order=True):
        ahead = _project(part["_t"].to_numpy(), part["value"].to_numpy(), horizon, _check(method))
        last, label = part["period_end"][-1], part["period"][-1]
        rows += [(*key, _later(label, last, h), last, h, float(v)) for h, v in enumerate(ahead, start=1)]
    schema = {**{k: pl.String for k in SERIES}, "period": pl.String, "period_end": pl.Date}
    said = pl.DataFrame(rows, schema={**schema, "years_ahead": pl.Int64, "value": pl.Float64}, orient="row")
    tail = (1 - confidence) / 2
    change, enough = pl.col("change").drop_nulls(), pl.col("_n") >= LEAST_CHANGES
    spread = changes.group_by("measure", pl.col("years_ahead").cast(pl.Int64)).agg(
        change.quantile(tail, interpolation="linear").alias("_down"),
        change.quantile(1 - tail, interpolation="linear").alias("_up"),
        change.len().cast(pl.Int64).alias("_n"),
    )
    said = said.with_columns(_years_on().alias("period_end")).join(
        spread, on=["measure", "years_ahead"], how="left", maintain_order="left", nulls_equal=True
    )
    text = pl.format(f"{method}; middle {confidence * 100:g}% of {{}} past {{}}-year changes", "_n", "years_ahead")
    said = said.with_columns(
        pl.when(enough).then(pl.col("value") + pl.col("_down").clip(upper_bound=0)).alias("lower"),
        pl.when(enough).then(pl.col("value") + pl.col("_up").clip(lower_bound=0)).alias("upper"),
        pl.lit(OK).alias("status"),
        pl.when(enough).then(text).otherwise(pl.lit(f"{method}; no interval, too few past changes")).alias("method"),
    )
    return conform(said, pl.Schema({**SCHEMA, "years_ahead": pl.Int64}))


def on_track(forecast: pl.DataFrame, target: float | None, polarity: str, *, by: date | None = None) -> str:
    """Whether one series' `forecast` reaches `target` by the period that holds the date `by` (None: its last year).

    The whole interval at the target or on its better side: `on track`; the whole of it short: `not on track`; the
    target within: `could go either way`; no interval, no target, no polarity, or a date beyond the forecast: `cannot
    say`. Raises `ValueError` when `forecast` holds more than one series.
    """
    if forecast.select(SERIES).n_unique() > 1:
        raise ValueError("on_track judges one series at a time")
    way = direction_of(polarity)
    rows = forecast.sort("period_end")
    rows = rows.tail(1) if by is None else rows.filter(pl.col("period_end") >= by).head(1)
    if not rows.height or target is None or way == "none" or rows["lower"][0] is None or rows["upper"][0] is None:
        return CANNOT_SAY
    lower, upper = rows["lower"][0], rows["upper"][0]
    if (upper <= target) if way == "lower" else (lower >= target):
        return ON_TRACK
    return NOT_ON_TRACK if ((lower > target) if way == "lower" else (upper < target)) else EITHER_WAY


def _check(method: str) -> str:
    if method not in METHODS:
        raise ValueError(f"method {method!r} is not one of {', '.join(METHODS)}")
    return method


def _project(t: np.ndarray, y: np.ndarray, horizon: int, method: str) -> np.ndarray:
    """1 … `horizon` years on. Smoothing takes points as evenly spaced, the straight line takes years as they are."""
    ahead = np.arange(1, horizon + 1)
    if method == "flat" or len(y) == 1:
        return np.full(horizon, y[-1])
    if method == "straight line":
        slope, level = np.polyfit(t - t[-1], y, 1)
        return level + slope * ahead
    holt = method == "holt"
    level, slope = (y[0], y[1] - y[0]) if holt else (y[0], 0.0)
    for value in y[1:]:
        before = level
        level = ALPHA * value + (1 - ALPHA) * (level + slope)
        slope = BETA * (level - before) + (1 - BETA) * slope if holt else 0.0
    return level + slope * ahead


def _ahead(horizon: int) -> pl.DataFrame:
    return pl.DataFrame({"years_ahead": np.arange(1, horizon + 1)})


def _years_on() -> pl.Expr:
    return pl.col("period_end").dt.offset_by(pl.format("{}y", "years_ahead"))


def _later(label: str | None, last: date, years: int) -> str:
    """The period label `years` on, in the publisher's own style: 2018/19 → 2019/20, 2025 → 2026."""
    found = re.match(r"(\d{4})(?:(\s?[-/–]?\s?)(\d{2})(?!\d))?(.*)", label or "")
    if not found:
        return str(last.year + years)
    year, mark, short, rest = found.groups()
    end = "" if short is None else f"{mark}{(int(short) + years) % 100:02d}"
    return f"{int(year) + years}{end}{rest}"
