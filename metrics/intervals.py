"""Confidence intervals for proportions, counts, rates, means and directly standardised rates.

`wilson`, `byar` and `student` are Polars expressions giving a struct `{lower, upper}`, so that a million rows are one
expression. Arguments are column names, expressions, Series or plain numbers. What cannot be reckoned (a missing or
negative count, a zero denominator, more events than people) gives null limits, never an error and never a number.

Sources: E. B. Wilson, JASA 22 (1927) 209–212; N. E. Breslow and N. E. Day, *Statistical Methods in Cancer Research* II
(IARC, 1987) for Byar's approximation; A. J. Dobson and others, Statistics in Medicine 10 (1991) 457–462; set out for
England in *Commonly used public health statistics and their confidence intervals* (Public Health England, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import polars as pl
from scipy import stats

from metrics.estimates import LOW, NOT_AVAILABLE, OK

Input = str | pl.Expr | pl.Series | float | int

EXACT_BELOW = 10  # events; below this Byar's approximation gives way to the exact Poisson limits
LEAST_EVENTS = 10  # events; a directly standardised rate of fewer is not given


def wilson(numerator: Input, denominator: Input, *, confidence: float = 0.95, multiplier: float = 1) -> pl.Expr:
    """Wilson score limits of a proportion: struct `{lower, upper}`, 0 to `multiplier`.

    `numerator` of `denominator` people (fractions allowed, 0 ≤ numerator ≤ denominator, denominator > 0; else null).
    `multiplier` is the measure's scale: 1 for a proportion, 100 for a percentage.
    Raises `ValueError` unless 0 < confidence < 1.
    """
    z = z_value(confidence)
    x, n = _number(numerator), _number(denominator)
    possible = x.is_finite() & n.is_finite() & (x >= 0) & (n > 0) & (x <= n)
    y = n - x
    spread = z * (z * z + 4 * x * y / n).sqrt()
    # each limit by the product of the formula's two roots: nothing is lost in subtraction, and 0 and 1 come out exact
    lower = 2 * x * x / (n * (2 * x + z * z + spread))
    upper = 1 - 2 * y * y / (n * (2 * y + z * z + spread))
    if multiplier != 1:
        lower, upper = lower * multiplier, upper * multiplier
    return _limits(possible, lower, upper)


def byar(count: Input, denominator: Input | None = None, *, multiplier: float = 1, confidence: float = 0.95) -> pl.Expr:
    """Limits of a count of events, or of a rate if `denominator` is given: struct `{lower, upper}`, 0 upwards.

    Byar's approximation from 10 events, exact Poisson limits (chi-squared) below; times `multiplier`/`denominator`.
    Counts ≥ 0 (fractions allowed), denominator > 0; else null. Raises `ValueError` unless 0 < confidence < 1.
    """
    z = z_value(confidence)
    x = _number(count)
    possible = x.is_finite() & (x >= 0)
    scale = pl.lit(float(multiplier))
    if denominator is not None:
        n = _number(denominator)
        possible &= n.is_finite() & (n > 0)
        scale = scale / n
    root, up = x.sqrt(), x + 1
    below = 1 - 1 / (9 * x) - (z / 3) / root
    above = 1 - 1 / (9 * up) + (z / 3) / up.sqrt()
    few = x < EXACT_BELOW
    lower = pl.when(few).then(_exact(x, confidence, upper=False)).otherwise(x * below * below * below)
    upper = pl.when(few).then(_exact(x, confidence, upper=True)).otherwise(up * above * above * above)
    return _limits(possible, lower * scale, upper * scale)


def student(mean: Input, sd: Input, n: Input, *, confidence: float = 0.95) -> pl.Expr:
    """Student's t limits of a mean of `n` readings with standard deviation `sd` (divisor n − 1), in the mean's unit.

    n > 1 and sd ≥ 0, else null: one reading has no interval. Raises `ValueError` unless 0 < confidence < 1.
    """
    tail = _check(confidence)
    m, s, k = _number(mean), _number(sd), _number(n)
    possible = m.is_finite() & s.is_finite() & k.is_finite() & (s >= 0) & (k > 1)

    def quantile(sizes: pl.Series) -> pl.Series:
        size, place = np.unique(sizes.fill_null(np.nan).to_numpy(), return_inverse=True)
        degrees = np.where(size > 1, size - 1, np.nan)
        return pl.Series(sizes.name, stats.t.ppf(tail, degrees)[place])

    half = k.map_batches(quantile, return_dtype=pl.Float64, is_elementwise=True) * s / k.sqrt()
    return _limits(possible, m - half, m + half)


def directly_standardised_rate(
    frame: pl.DataFrame,
    *,
    events: str | pl.Expr,
    population: str | pl.Expr,
    weights: str | pl.Expr,
    multiplier: float = 100_000,
    confidence: float = 0.95,
    by: str | Sequence[str] = (),
) -> pl.DataFrame:
    """Directly standardised rates with Dobson–Byar limits: one row for each value of `by`, or one row in all.

    `frame` has a row for each age band (within each group of `by`): `events` ≥ 0, `population` > 0, `weights` ≥ 0, the
    standard population. Gives the columns of `by`, then `numerator` (events), `denominator` (people), `value`, `lower`,
    `upper` (per `multiplier` people), `status` and `method`. Fewer than 10 events: status `low`, no value and no
    limits; a band that is missing or impossible: status `x`, for a rate without a band is another rate.
    """
    x, n, w = _number(events), _number(population), _number(weights)
    sound = x.is_finite() & n.is_finite() & w.is_finite() & (x >= 0) & (n > 0) & (w >= 0)
    sums = [
        x.sum().alias("numerator"),
        n.sum().alias("denominator"),
        ((w * x / n).sum() / w.sum()).alias("_rate"),
        ((x * (w / n) * (w / n)).sum() / (w.sum() * w.sum())).alias("_variance"),
        (sound.fill_null(False).all() & (w.sum() > 0)).alias("_sound"),
    ]
    by = [by] if isinstance(by, str) else list(by)
    rates = frame.group_by(by, maintain_order=True).agg(sums) if by else frame.select(sums)
    total, rate = pl.col("numerator"), pl.col("_rate")
    status = pl.when(~pl.col("_sound")).then(pl.lit(NOT_AVAILABLE)).when(total < LEAST_EVENTS).then(pl.lit(LOW))
    rates = rates.with_columns(
        status.otherwise(pl.lit(OK)).alias("status"), byar(total, confidence=confidence).alias("_")
    )
    shown, stretch = pl.col("status") == OK, (pl.col("_variance") / total).sqrt()
    limits = {side: rate + stretch * (pl.col("_").struct.field(side) - total) for side in ("lower", "upper")}
    return rates.with_columns(
        pl.when(shown).then(number * multiplier).alias(name) for name, number in {"value": rate, **limits}.items()
    ).select(
        *by, "numerator", "denominator", "value", "lower", "upper", "status",
        pl.lit(f"Dobson–Byar {confidence * 100:g}%").alias("method"),
    )  # fmt: skip


def z_value(confidence: float) -> float:
    """The normal deviate of a two-sided level: 1.959964 at 0.95. Raises `ValueError` unless 0 < confidence < 1."""
    return NormalDist().inv_cdf(_check(confidence))


def _check(confidence: float) -> float:
    """The upper tail point ½ + c/2."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a share between 0 and 1, such as 0.95, not {confidence!r}")
    return 0.5 + confidence / 2


def _number(value: Input) -> pl.Expr:
    if isinstance(value, str):
        value = pl.col(value)
    elif not isinstance(value, pl.Expr):
        value = pl.lit(value)
    return value.cast(pl.Float64)


def _limits(possible: pl.Expr, lower: pl.Expr, upper: pl.Expr) -> pl.Expr:
    return pl.struct(pl.when(possible).then(lower).alias("lower"), pl.when(possible).then(upper).alias("upper"))


@lru_cache(maxsize=64)
def _poisson_table(confidence: float, upper: bool) -> np.ndarray:
    """Exact limits for 0, 1, … 9 events: nearly every small count is whole, and there are only ten."""
    return _poisson(np.arange(EXACT_BELOW, dtype=float), confidence, upper)


def _poisson(x: np.ndarray, confidence: float, upper: bool) -> np.ndarray:
    tail = _check(confidence)
    if upper:
        return stats.chi2.ppf(tail, 2 * x + 2) / 2
    some = x > 1e-6  # of a smaller fraction of an event the lower limit is 0 to hundreds of places
    return np.where(some, stats.chi2.ppf(1 - tail, np.where(some, 2 * x, 1)) / 2, 0.0)


def _exact(x: pl.Expr, confidence: float, *, upper: bool) -> pl.Expr:
    """Exact Poisson limits where 0 ≤ x < 10, anything elsewhere."""

    def small(counts: pl.Series) -> pl.Series:
        values = counts.fill_null(0.0).to_numpy()
        in_table = np.where((values >= 0) & (values < EXACT_BELOW), values, 0.0)  # nan compares false
        whole = in_table.astype(np.int8)
        limits = _poisson_table(confidence, upper)[whole]
        broken = np.flatnonzero(whole != in_table)
        if len(broken):  # weighted counts: each different one once
            each, place = np.unique(in_table[broken], return_inverse=True)
            limits[broken] = _poisson(each, confidence, upper)[place]
        return pl.Series(counts.name, limits)

    return x.map_batches(small, return_dtype=pl.Float64, is_elementwise=True)
