"""The funnel: is a service's share further from everyone's than its size explains?

Exact binomial limits round the overall share (D. J. Spiegelhalter, Statistics in Medicine 24 (2005) 1185–1202). It says
where to ask, not who is to blame: services take in different families.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.stats import binom

from metrics.estimates import LOW, SCHEMA, conform

from .definitions import rules
from .distance import anywhere
from .editions import Edition
from .frames import together
from .groups import grouped
from .pairs import as_pairs

LEVELS = (0.95, 0.998)
WITHIN, ABOVE, BELOW, FAR_ABOVE, FAR_BELOW, TOO_FEW = (
    "within",  # the 95% limits
    "above",
    "below",
    "far above",  # the 99.8% limit
    "far below",
    "too few",
)
FUNNEL = pl.Schema(
    {
        **SCHEMA,
        "overall": pl.Float64,  # share of everyone, per cent
        "lower_95": pl.Float64,
        "upper_95": pl.Float64,
        "lower_998": pl.Float64,
        "upper_998": pl.Float64,
        "verdict": pl.String,
    }
)


def funnel(
    readings: Any,
    edition: Edition | str | None = None,
    *,
    by: str = "service",
    measures: tuple[str, ...] = ("stage_up_any", "stage_down_any"),
    **options: Any,
) -> pl.DataFrame:
    """An estimates frame with the columns of FUNNEL, a row a measure and service.

    `overall` is the share of all people of all services together, also of those too small to judge. A limit is the
    binomial quantile of the service's own `n` at that share, in per cent: a share beyond `upper_95` would come up by
    chance in under 2.5% of services that size, beyond `upper_998` in under 0.1%. `verdict` tells no better from worse:
    `above` is good for `stage_up_any` and bad for `stage_down_any`. Fewer than 10 people: no limits, `too few`, status
    `low`; numerator, value and Wilson limits stay, for the list. Further arguments as `distance_travelled`.
    """
    options.setdefault("by", [by])
    every = as_pairs(readings, edition, **options)
    both = every.both
    when = {"period": both.period, "period_end": both.period_end}
    rows, whole = (together(anywhere(both, grouped(both.people, split)), **when) for split in (by, None))
    return judged(rows.filter(pl.col("measure").is_in(measures)), whole)


def judged(rows: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Shares of services with what `funnel` adds to them, for shares that are there already.

    `rows`, `whole`: estimates frames of the services and of everyone, `n` people and `value` per cent. A share that is
    null (hidden, say) is given no verdict.
    """
    rows = rows.join(whole.select("measure", overall="value"), on="measure", how="left", maintain_order="left")
    enough = pl.col("n") >= rules().funnel_least
    size, share = rows["n"].fill_null(0).to_numpy(), rows["overall"].fill_null(0.0).to_numpy()
    for level in LEVELS:
        name = f"{level * 100:g}".replace(".", "")
        low, high = limits(size, share, level=level)
        rows = rows.with_columns(
            pl.when(enough).then(pl.Series(low, dtype=pl.Float64)).alias(f"lower_{name}"),
            pl.when(enough).then(pl.Series(high, dtype=pl.Float64)).alias(f"upper_{name}"),
        )
    nudge = 1e-9  # a share on its limit is within it
    value = pl.col("value")
    verdict = (
        pl.when(value.is_null())
        .then(None)
        .when(~enough)
        .then(pl.lit(TOO_FEW))
        .when(value > pl.col("upper_998") + nudge)
        .then(pl.lit(FAR_ABOVE))
        .when(value < pl.col("lower_998") - nudge)
        .then(pl.lit(FAR_BELOW))
        .when(value > pl.col("upper_95") + nudge)
        .then(pl.lit(ABOVE))
        .when(value < pl.col("lower_95") - nudge)
        .then(pl.lit(BELOW))
        .otherwise(pl.lit(WITHIN))
    )
    status = pl.when(enough).then(pl.col("status")).otherwise(pl.lit(LOW))
    return conform(rows.with_columns(verdict.alias("verdict"), status.alias("status")), FUNNEL)


def limits(size: np.ndarray, share: np.ndarray | float, *, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The binomial quantiles of `size` people at a `share`, share and result in per cent; not a number for nobody."""
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = (binom.ppf(q, size, np.asarray(share) / 100) / size * 100 for q in (tail, 1 - tail))
    return low, high
