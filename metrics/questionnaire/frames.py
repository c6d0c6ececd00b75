"""Arrays by round and group as rows of the estimates frame."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from metrics.estimates import LOW, OK, SCHEMA, conform

ALL = "all"
OVERALL, SECTION, ITEM, PARTNER, ROLE = "overall", "section", "item", "partner", "role"
TIMES = " × "  # between the names, and the values, of a cross
BASIS, ANSWER = "basis", "answer"

Rounds = Sequence[tuple[str, date | None]]


def crossed(*names: str) -> str:
    """`partner × section`."""
    return TIMES.join(names)


def labels(first: Sequence[str], second: Sequence[str]) -> pl.Series:
    """Labels of a cross, the second running fastest: `Police × families`, `Police × workforce`, …"""
    left = pl.Series(first, dtype=pl.String).gather(np.repeat(np.arange(len(first)), len(second)))
    right = pl.Series(second, dtype=pl.String).gather(np.tile(np.arange(len(second)), len(first)))
    return left + TIMES + right


def rows(
    measure: str,
    breakdown: str,
    groups: Sequence[str] | pl.Series,
    rounds: Rounds,
    *,
    value: np.ndarray,
    n: np.ndarray,
    method: str | np.ndarray,
    status: str = LOW,
    keep: np.ndarray | None = None,
    **columns: np.ndarray,
) -> pl.DataFrame:
    """Rows round by round, group by group. Arrays are rounds × groups in any shape that runs so.

    `columns`: `lower`, `upper`, `numerator`, `denominator`. `status`: of rows whose value is not a number; `ok` for all
    others. `keep`: which rows there are at all.
    """
    size = len(groups)
    when = np.repeat(np.arange(len(rounds)), size)
    names, ends = [label for label, _ in rounds], [end for _, end in rounds]
    numbers = {"value": value, **columns}
    frame = pl.DataFrame(
        {
            "measure": pl.Series([measure], dtype=pl.String).new_from_index(0, len(when)),
            "breakdown": pl.Series([breakdown], dtype=pl.String).new_from_index(0, len(when)),
            "group": pl.Series(groups, dtype=pl.String).gather(np.tile(np.arange(size), len(rounds))),
            "period": pl.Series(names, dtype=pl.String).gather(when),
            "period_end": pl.Series(ends, dtype=pl.Date).gather(when),
            **{name: pl.Series(np.ravel(array), dtype=pl.Float64).fill_nan(None) for name, array in numbers.items()},
            "n": pl.Series(np.ravel(n).astype(np.int64)),
            "method": pl.Series([method] * len(when) if isinstance(method, str) else method, dtype=pl.String),
        }
    )
    found = pl.col("value").is_not_null()
    frame = frame.with_columns(pl.when(found).then(pl.lit(OK)).otherwise(pl.lit(status)).alias("status"))
    return conform(frame if keep is None else frame.filter(pl.Series(np.ravel(keep))))


def together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)
