"""How far partners agree on each item, and what that and the score together ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from metrics.estimates import LOW, OK

from .definitions import rules
from .instruments import Instrument
from .responses import Tally, as_tally
from .words import differ

ACT, DISCUSS, CHECK, KEEP = QUADRANTS = ("act", "discuss first", "check the evidence", "keep")
AGREEMENT = pl.Schema(
    {
        "round": pl.String,
        "period_end": pl.Date,
        "item": pl.String,
        "section": pl.String,
        "n": pl.Int64,  # partners with a mean
        "mean": pl.Float64,  # of the partners' means, unweighted
        "consensus": pl.Float64,  # Cns: 0 half at each end, 1 all alike
        "average_deviation": pl.Float64,  # points of the scale; 0 is agreement
        "agreed": pl.Boolean,
        "words": pl.String,
        "quadrant": pl.String,  # one of QUADRANTS
        "status": pl.String,  # `ok`; `low` under three partners
    }
)


def agreement(responses: Any, instrument: Instrument | None = None) -> pl.DataFrame:
    """Agreement of the partners on each item of each round, over their means; columns as AGREEMENT.

    `responses`, `instrument`: as `metrics.questionnaire.tally` takes them, or a Tally. Partners count alike, whatever
    their weight in the score. Under three partners nothing is said (`low`). `quadrant`: low (under half way up the
    scale) and agreed, act; low and split, discuss first; high and split, check the evidence; high and agreed, keep.
    """
    counted = as_tally(responses, instrument)
    low, high = counted.instrument.lowest, counted.instrument.highest
    sections = [i.section for s in counted.instrument.every_section for i in s.items]
    parts = []
    for (label, end), values in zip(counted.rounds, counted.means, strict=True):
        n = np.isfinite(values).sum(axis=0)
        cns = consensus(values, lowest=low, highest=high)
        parts.append(
            pl.DataFrame(
                {
                    "round": [label] * len(n),
                    "period_end": pl.Series([end] * len(n), dtype=pl.Date),
                    "item": list(counted.items),
                    "section": sections,
                    "n": n,
                    "mean": np.divide(np.nansum(values, axis=0), n, out=np.full(len(n), np.nan), where=n > 0),
                    "consensus": cns,
                    "average_deviation": average_deviation(values),
                }
            )
        )
    if not parts:
        return pl.DataFrame(schema=AGREEMENT)
    enough = pl.col("n") >= rules().least_for_agreement
    found = pl.concat(parts).with_columns(pl.col(pl.Float64).fill_nan(None))
    found = found.with_columns(
        pl.when(enough).then(pl.col("consensus", "average_deviation")).name.keep(),
        pl.when(enough).then(pl.lit(OK)).otherwise(pl.lit(LOW)).alias("status"),
    )
    said = [None if d is None else differ(d) for d in found["average_deviation"]]
    agreed = pl.col("average_deviation") < agreed_below(counted.instrument)
    is_low = (pl.col("mean") - low) / (high - low) * 100 < rules().low_below
    quadrant = (
        pl.when(is_low & agreed).then(pl.lit(ACT))
        .when(is_low & ~agreed).then(pl.lit(DISCUSS))
        .when(~is_low & ~agreed).then(pl.lit(CHECK))
        .when(~is_low & agreed).then(pl.lit(KEEP))
    )  # fmt: skip
    found = found.with_columns(pl.Series("words", said, dtype=pl.String), agreed.alias("agreed"))
    return found.with_columns(quadrant.alias("quadrant")).select(list(AGREEMENT)).cast(dict(AGREEMENT))


def consensus(values: Any, counts: Any = None, *, lowest: float, highest: float) -> np.ndarray | float:
    """Cns = 1 + Σ p·log₂(1 − |X − M|/(highest − lowest)): 1 where all are alike, 0 with half at each end.

    `values`: an array whose first axis is what is counted, nan where missing; a result for each of the rest. `counts`:
    how often each value stands, default once. nan where there is nothing.

    W. J. Tastle and M. J. Wierman, Consensus and dissention: a measure of ordinal dispersion, International Journal of
    Approximate Reasoning 45(3), 2007, pages 531 to 545.
    """
    values = np.asarray(values, dtype=np.float64)
    times = np.ones(values.shape) if counts is None else np.asarray(counts, dtype=np.float64)
    times = np.where(np.isfinite(values), times, 0.0)
    known = np.where(times > 0, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = times / times.sum(axis=0)
        mean = (share * known).sum(axis=0)
        closeness = 1 - np.abs(known - mean) / (highest - lowest)
        terms = np.where(times > 0, share * np.log2(np.where(times > 0, closeness, 1.0)), share * 0)
        return 1 + terms.sum(axis=0)


def average_deviation(values: Any) -> np.ndarray | float:
    """AD = mean |x − M| down the first axis, in points of the scale; nan where there is nothing.

    M. J. Burke and W. P. Dunlap, Estimating interrater agreement with the average deviation index, Organizational
    Research Methods 5(2), 2002, pages 159 to 172.
    """
    values = np.asarray(values, dtype=np.float64)
    there = np.isfinite(values)
    n = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=0) / n
        return np.where(there, np.abs(values - mean), 0.0).sum(axis=0) / n


def agreed_below(instrument: Instrument) -> float:
    """The average deviation under which partners agree: the number of steps of the scale divided by six (Burke and
    Dunlap 2002), one point on a scale from 0 to 5, which has six steps."""
    return instrument.steps / rules().agreed_below


def partner_means(counted: Tally) -> pl.DataFrame:
    """Each partner's mean on each item, as points to draw: round, item, partner, mean."""
    rounds = [label for label, _ in counted.rounds]
    at = np.argwhere(np.isfinite(counted.means))
    return pl.DataFrame(
        {
            "round": [rounds[r] for r, _, _ in at],
            "item": [counted.items[i] for _, _, i in at],
            "partner": [counted.partners[p] for _, p, _ in at],
            "mean": counted.means[tuple(at.T)],
        },
        schema={"round": pl.String, "item": pl.String, "partner": pl.String, "mean": pl.Float64},
    )
