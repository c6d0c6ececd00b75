"""Shares of audits over time with control limits (p-chart): which rounds differ by more than chance.

Source: W. A. Shewhart, *Economic Control of Quality of Manufactured Product* (1931); D. C. Montgomery, *Introduction to
Statistical Quality Control* (7th ed., 2013), 7.2. Limits follow each round's own number of audits.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from metrics.audit.definitions import rules
from metrics.control_chart import RUN, seven_on_one_side

SIGMAS = 3


def p_chart(points: pl.DataFrame, *, least: int | None = None) -> pl.DataFrame:
    """The points in order of `period_end` with `value`, `mean`, `lower`, `upper` (%, 0–100) and `signal`.

    points: `period_end`, `good` (audits good or better), `n` (audits); other columns go through. mean = Σ good / Σ n;
    limits mean ± 3·√(mean(1 − mean)/n). `signal` in words, null for none: beyond the limits, or the 7th and later in a
    row on one side of the mean. A round without audits has no value and is stepped over. With fewer than 8 rounds there
    are neither mean nor limits nor signals.
    """
    least = rules().least_points if least is None else least
    points = points.sort("period_end")
    good, n = (points[c].cast(pl.Float64).fill_null(0).to_numpy() for c in ("good", "n"))
    held = n > 0
    value = np.where(held, good / np.where(held, n, 1), np.nan)
    mean = np.full(len(n), np.nan)
    if held.sum() >= least:
        mean[held] = good[held].sum() / n[held].sum()
    reach = SIGMAS * np.sqrt(mean * (1 - mean) / np.where(held, n, np.nan))
    away = np.where(np.abs(value - mean) < 1e-12, 0.0, value - mean)
    run = np.zeros(len(n), dtype=bool)
    run[held] = seven_on_one_side(np.nan_to_num(np.sign(away[held])).astype(int))
    beyond = np.abs(away) > reach + 1e-12
    words = [
        " and ".join(
            w for w, there in (("beyond the limits", b), (f"{RUN} or more on one side of the mean", r)) if there
        )
        for b, r in zip(beyond, run, strict=True)
    ]
    numbers = {"value": value, "mean": mean, "lower": np.clip(mean - reach, 0, 1), "upper": np.clip(mean + reach, 0, 1)}
    return points.with_columns(
        *(pl.Series(c, 100 * x).fill_nan(None) for c, x in numbers.items()),
        pl.Series("signal", [w or None for w in words], dtype=pl.String),
    )
