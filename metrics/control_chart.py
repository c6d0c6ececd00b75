"""Control chart of a monthly local series (XmR), with its signals; called as `metrics.trends.xmr`.

Source: NHS England, *Making Data Count*; W. A. Shewhart. Departures from NHSRplotthedots: `docs/deviations.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

LEAST_XMR_POINTS = 13  # points below which a control chart has no limits
XMR_LIMIT = 2.66  # × mean moving range: 3 / 1.128
XMR_SCREEN = 3.267  # × mean moving range: a moving range beyond it is an outlier
RUN = 7  # points on one side, or rising, or falling


def xmr(values: Sequence[float | None] | pl.Series, *, screen_outliers: bool = False) -> pl.DataFrame:
    """Control chart of single values in order of time (XmR): one row a value.

    `value`, `moving_range`, `mean`, `lower`, `upper` (mean ± 2.66 × mean moving range), and signals: `beyond_limits`;
    `one_side` (from the 7th in a row on one side of the mean); `run` (1 from the 7th rising in a row, −1 falling, 0);
    `two_of_three` (all three where two lie beyond two thirds of the way to the same limit); `signal` in words, null for
    none. Under 13 values: null mean and limits, no signals. A missing month keeps its row and is stepped over.
    `screen_outliers=True` leaves moving ranges above 3.267 × their mean out of the mean, as NHSRplotthedots does.
    """
    whole = pl.Series("value", list(values), dtype=pl.Float64)
    held = whole.is_not_null() & whole.is_finite().fill_null(False)
    x = whole.filter(held).to_numpy()
    moving = np.abs(np.diff(x))
    n, enough = len(x), len(x) >= LEAST_XMR_POINTS
    columns: dict[str, Any] = {"moving_range": np.concatenate([[np.nan], moving]) if n else x}
    if enough:
        mean, swing = x.mean(), moving.mean()
        if screen_outliers:
            swing = moving[moving <= XMR_SCREEN * swing].mean()
        reach = XMR_LIMIT * swing
        speck = 1e-9 * max(np.abs(x).max(), 1e-300)  # rounding must not put a point beside a mean that it equals
        away = np.where(np.abs(x - mean) <= speck, 0.0, x - mean)
        side = np.sign(away).astype(int)
        near = np.where(np.abs(away) > reach * 2 / 3 + speck, side, 0)
        columns |= {
            "mean": np.full(n, mean),
            "lower": np.full(n, mean - reach),
            "upper": np.full(n, mean + reach),
            "beyond_limits": np.abs(away) > reach + speck,
            "one_side": seven_on_one_side(side),
            "run": seven_in_order(x),
            "two_of_three": two_of_three(near == 1) | two_of_three(near == -1),
        }
    else:
        columns |= {name: np.full(n, np.nan) for name in ("mean", "lower", "upper")}
        columns |= {name: np.zeros(n, bool) for name in ("beyond_limits", "one_side", "two_of_three")}
        columns["run"] = np.zeros(n, int)
    reckoned = pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))
    place = pl.Series("_i", np.arange(len(whole)))
    rows = pl.DataFrame([place, whole]).join(
        reckoned.with_columns(place.filter(held).alias("_i")), on="_i", how="left", maintain_order="left"
    )
    named = {
        "beyond the limits": pl.col("beyond_limits"),
        f"{RUN} or more on one side of the mean": pl.col("one_side"),
        f"{RUN} or more rising": pl.col("run") == 1,
        f"{RUN} or more falling": pl.col("run") == -1,
        "2 of 3 near the same limit": pl.col("two_of_three"),
    }
    told = [pl.when(is_so).then(pl.lit(text)) for text, is_so in named.items()]
    words = pl.concat_str(told, separator="; ", ignore_nulls=True).replace("", None)
    return rows.drop("_i").with_columns(words.alias("signal"))


def seven_on_one_side(side: Sequence[int]) -> np.ndarray:
    """True from the 7th point in a row on one side of the mean; `side` −1, 0, 1, and 0 ends a run."""
    flags, length = [], 0
    for i, s in enumerate(side):
        length = 0 if s == 0 else length + 1 if i and s == side[i - 1] else 1
        flags.append(length >= RUN)
    return np.array(flags, bool)


def seven_in_order(values: Sequence[float]) -> np.ndarray:
    """1 from the 7th of points each above the last, −1 each below, else 0; a tie ends a run."""
    steps, flags, length = np.sign(np.diff(values)).astype(int), [0] if len(values) else [], 1
    for i, step in enumerate(steps):
        length = 1 if step == 0 else length + 1 if i and step == steps[i - 1] else 2
        flags.append(int(step) if length >= RUN else 0)
    return np.array(flags, int)


def two_of_three(near: Sequence[bool]) -> np.ndarray:
    """True for all three of any three points in a row of which two are `near` the limit."""
    near = np.asarray(near, bool)
    flags = np.zeros(len(near), bool)
    for i in range(len(near) - 2):
        if near[i : i + 3].sum() >= 2:
            flags[i : i + 3] = True
    return flags
