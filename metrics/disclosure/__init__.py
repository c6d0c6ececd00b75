"""Disclosure control: no figure that is shown, nor any sum or difference of them, tells how many people were 1 to 5.

Published sources: Government Statistical Service, *Disclosure control guidance for tables produced from administrative
sources*; Hundepool and others, *Statistical Disclosure Control* (2012), chapter 4 (cell suppression and its audit by
linear programming). What it promises and what not: `docs/disclosure.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from polars import selectors as cs

from metrics.disclosure.cells import Cells, build
from metrics.disclosure.complete import DoesNotAddUp, complete
from metrics.disclosure.keys import DENOMINATOR, KINDS, NUMERATOR, OUTSIDE, RECORDS
from metrics.disclosure.proof import look_over
from metrics.disclosure.rules import BELOW_DISTRICT, THRESHOLD, Rule, Settings, settle
from metrics.disclosure.secondary import hide_small, protect
from metrics.disclosure.totals import ALL, JOIN, TOTALS, check, join, nest, total
from metrics.estimates import SCHEMA, SUPPRESSED

__all__ = ["ALL", "AUDIT", "BELOW_DISTRICT", "JOIN", "THRESHOLD", "TOTALS", "Rule"]
__all__ += ["audit", "join", "nest", "suppress", "total"]

# What `audit` gives: a row for each hidden count.
AUDIT = pl.Schema(
    {
        "measure": pl.String,
        "breakdown": pl.String,
        "group": pl.String,
        "period": pl.String,
        "count": pl.String,  # `numerator`, `denominator`, `complement` (the second less the first), `n`
        "lower": pl.Float64,
        "upper": pl.Float64,  # infinite where nothing limits it
        "how": pl.String,  # `bounds`, `tables` or `linear programme`
        "safe": pl.Boolean,
    }
)
_HOW = ("bounds", "tables", "linear programme")
_KEY = ("measure", "breakdown", "group", "period")
_RANKS = ("rank", "quartile")  # a gap among the ranks that are shown tells the rank that is not


def suppress(
    estimates: pl.DataFrame,
    *,
    totals: pl.DataFrame,
    threshold: int = THRESHOLD,
    rules: Sequence[Rule] = (),
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Hide counts of people from 1 to `threshold` - 1, and whatever else would give them away.

    Takes an estimates frame that holds everything that is ever shown of these measures, and gives it back with the
    same rows in the same order. In a hidden row `status` is `c`; numerator, value, limits and n are null, and the
    denominator too where it is small itself or would give another away. A numerator of 0 stays, with its value; if its
    denominator must go, so do the limits. Columns beyond the schema: numbers and `note` are null in hidden rows, `rank`
    and `quartile` in every row of a measure, breakdown and period with a hidden one (rank afterwards).

    `totals` says what adds up to what (see `metrics.disclosure.totals`). `rules` set thresholds, exempt figures that
    their owner has published, and switch complements off. `progress(done, wanted)` is called now and then.

    Afterwards, for every hidden count, everything shown leaves open all of 1 to `threshold` - 1, or shows it to be
    `threshold` or more, or 0. That holds for a reader who knows that zeros are shown (a lone exception: a hidden total
    of k hidden parts is then known to be at least k). Sums and ranges are of real numbers; up to 400 hidden counts in a
    table also of whole numbers. The only case in which it can fail is that an exempt figure gives a count away.

    Raises ValueError where a total is not the sum of its parts or two rows contradict each other.
    """
    settings = settle(estimates, threshold, rules)
    cells = _build(estimates, totals, settings)
    if not len(cells.value):  # not a single count
        return estimates
    hide_small(cells)
    protect(cells, progress)
    return _apply(estimates, cells, settings.exempt)


def audit(
    estimates: pl.DataFrame,
    *,
    totals: pl.DataFrame,
    threshold: int = THRESHOLD,
    rules: Sequence[Rule] = (),
    exact: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """What a reader of `estimates` can work out about each hidden count, by linear programming.

    Takes a frame as shown or exported, with the same totals and rules as `suppress`; needs nothing that is hidden.
    Gives a row a hidden count, and one for a count outside the frame that is given away (`count` is
    `not in the table`), with the columns of `AUDIT`. `safe`: the range covers 1 to `threshold` - 1, or lies above it,
    or is 0. `how` says what `lower` and `upper` are: `linear programme`, the ends of the feasible range; `tables`,
    values within the range that were found in whole tables (it is at least that wide); `bounds`, limits it lies within.
    With `exact` every count is solved, which takes long on large tables.

    Raises ValueError where what is shown contradicts the totals.
    """
    settings = settle(estimates, threshold, rules)
    cells = _build(estimates, totals, settings)
    lower, upper, how, safe = look_over(cells, exact=exact, progress=progress)
    told = np.flatnonzero(cells.hidden & ((cells.kind != OUTSIDE) | ~safe))
    row = cells.row[told]
    keys = estimates.select(_KEY)[np.maximum(row, 0).tolist()] if len(told) else estimates.select(_KEY).clear()
    outside = pl.Series(row < 0, dtype=pl.Boolean)
    return keys.with_columns(
        [pl.when(outside).then(None).otherwise(pl.col(k)).alias(k) for k in _KEY],
    ).with_columns(
        count=pl.Series([KINDS[k] for k in cells.kind[told]], dtype=pl.String),
        lower=pl.Series(lower[told], dtype=pl.Float64),
        upper=pl.Series(upper[told], dtype=pl.Float64),
        how=pl.Series([_HOW[h] for h in how[told]], dtype=pl.String),
        safe=pl.Series(safe[told], dtype=pl.Boolean),
    )


def _build(estimates: pl.DataFrame, totals: pl.DataFrame, settings: Settings) -> Cells:
    cells = build(estimates, check(totals), settings)
    try:
        complete(cells)
    except DoesNotAddUp as error:
        rows = cells.row[error.cells]
        label = (
            ", ".join(str(v) for v in estimates.select(_KEY).row(int(rows[rows >= 0][0]))) if (rows >= 0).any() else ""
        )
        raise ValueError(
            f"A total is not the sum of its parts, near {label}. If something is missing from the parts, name it in "
            "the totals as one more part; if they overlap, it is not a total."
        ) from None
    return cells


def _apply(estimates: pl.DataFrame, cells: Cells, exempt: np.ndarray) -> pl.DataFrame:
    gone = np.where(cells.places >= 0, cells.hidden[cells.places], False) & ~exempt[:, None]
    counted = cells.places[:, NUMERATOR] >= 0
    known = np.where(counted, cells.value[cells.places[:, NUMERATOR]], np.nan)
    zero = counted & (known == 0) & ~gone[:, NUMERATOR]
    part = gone[:, DENOMINATOR] | gone[:, RECORDS]
    blind = (
        ~exempt & counted & estimates["numerator"].is_null().to_numpy() & estimates["value"].is_not_null().to_numpy()
    )
    frame = estimates.with_columns(
        _hidden=pl.Series(np.where(counted, gone[:, NUMERATOR], part) | blind | (part & ~zero)),
        _part=pl.Series(part & zero),
        _denominator=pl.Series(gone[:, DENOMINATOR]),
    )
    hidden, part_of = pl.col("_hidden"), pl.col("_hidden") | pl.col("_part")
    had = pl.any_horizontal(pl.col("numerator", "denominator", "value", "n").is_not_null())
    extra = [c for c in frame.select(cs.numeric()).columns if c not in SCHEMA] + [
        c for c in ["note"] if c in frame.columns
    ]
    ranks = [c for c in _RANKS if c in frame.columns]
    family = part_of.any().over("measure", "breakdown", "period")
    return (
        frame.with_columns(
            pl.when(hidden & had).then(pl.lit(SUPPRESSED)).otherwise(pl.col("status")).alias("status"),
            pl.when(hidden).then(None).otherwise(pl.col("numerator", "value")).name.keep(),
            pl.when(part_of).then(None).otherwise(pl.col("lower", "upper", "n", *extra)).name.keep(),
            pl.when(pl.col("_denominator")).then(None).otherwise(pl.col("denominator")).alias("denominator"),
        )
        .with_columns([pl.when(family).then(None).otherwise(pl.col(c)).alias(c) for c in ranks])
        .select(estimates.columns)
    )
