"""Arrays of counts and means as rows of the estimates frame."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from metrics.estimates import LOW, NOT_AVAILABLE, OK, conform
from metrics.intervals import student, wilson

AREA = "star_area"  # breakdown of figures by the areas of a Star
ALL = "all"
TIMES = " × "  # between the values of a cross
WILSON, STUDENT = "Wilson 95%", "Student's t 95%"
NUMBERS = ("numerator", "denominator", "value", "lower", "upper", "sd")
_TEXTS = dict.fromkeys(("measure", "breakdown", "group"), pl.String)
_ROWS = {**_TEXTS, "n": pl.Int64, **dict.fromkeys(NUMBERS, pl.Float64), "status": pl.String, "method": pl.String}


def crossed(*names: Sequence[str]) -> list[str]:
    """Labels of a cross, the last one running fastest: `S1 × area_1`, `S1 × area_2`, …"""
    labels = [""]
    for values in names:
        labels = [f"{before}{TIMES}{value}" if before else value for before in labels for value in values]
    return labels


def shares(measure: str, breakdown: str, groups: Sequence[str], x: np.ndarray, n: np.ndarray) -> pl.DataFrame:
    """Shares of `n` in per cent with Wilson limits; without anyone to count, status `x`."""
    return _rows(measure, breakdown, groups, n, numerator=x, denominator=n, method=WILSON)


def means(
    measure: str, breakdown: str, groups: Sequence[str], total: np.ndarray, squares: np.ndarray, n: np.ndarray
) -> pl.DataFrame:
    """Means with Student's limits, from the sum of the values and of their squares; no limits under two people."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        variance = np.maximum(squares - n * mean**2, 0) / (n - 1)
    return _rows(
        measure, breakdown, groups, n, numerator=total, denominator=n, value=mean, sd=np.sqrt(variance), method=STUDENT
    )


def bare(
    measure: str,
    breakdown: str,
    groups: Sequence[str],
    value: np.ndarray,
    n: np.ndarray,
    *,
    method: str,
    status: str = LOW,
    **columns: np.ndarray,
) -> pl.DataFrame:
    """Values as they are, with `lower`, `upper`, `numerator`, `denominator` where given; `status` where one is not a
    number."""
    return _rows(measure, breakdown, groups, n, value=value, method=method, status=status, **columns)


def together(parts: Sequence[pl.DataFrame], *, period: str, period_end: date | None) -> pl.DataFrame:
    """One estimates frame of them all, for one period; shares and limits are reckoned here, all at once."""
    rows = pl.concat(parts).with_columns(pl.col(pl.Float64).fill_nan(None))
    share, mean = pl.col("method") == WILSON, pl.col("method") == STUDENT
    x, n = pl.col("numerator"), pl.col("denominator")
    rows = rows.with_columns(pl.when(share & (n > 0)).then(x / n * 100).otherwise(pl.col("value")).alias("value"))
    proportion = wilson(pl.when(share).then(x), n, multiplier=100)
    average = student("value", pl.when(mean).then(pl.col("sd")), n)
    found = pl.col("value").is_not_null()
    return conform(
        rows.with_columns(
            *(
                pl.when(share)
                .then(proportion.struct.field(limit))
                .when(mean)
                .then(average.struct.field(limit))
                .otherwise(pl.col(limit))
                .alias(limit)
                for limit in ("lower", "upper")
            ),
            pl.when(found).then(pl.lit(OK)).otherwise(pl.col("status")).alias("status"),
            pl.lit(period).alias("period"),
            pl.lit(period_end, pl.Date).alias("period_end"),
        )
    )


def _rows(
    measure: str,
    breakdown: str,
    groups: Sequence[str],
    n: np.ndarray,
    *,
    method: str,
    status: str = NOT_AVAILABLE,
    **columns: np.ndarray,
) -> pl.DataFrame:
    """Rows as `together` takes them. Arrays may have any shape: their values run as the groups do."""
    size = len(groups)
    empty = np.full(size, np.nan)
    given = {name: np.ravel(columns.get(name, empty)).astype(np.float64) for name in NUMBERS}
    return pl.DataFrame(
        {
            "measure": [measure] * size,
            "breakdown": [breakdown] * size,
            "group": list(groups),
            "n": np.ravel(n).astype(np.int64),
            **given,
            "status": [status] * size,
            "method": [method] * size,
        },
        schema=_ROWS,
    )
