"""How far two people who grade the same audits agree: exact, within a grade, beyond chance; who is more lenient.

Sources: J. Cohen, Psychological Bulletin 70 (1968) 213–220, quadratic weights; K. L. Gwet, *Handbook of Inter-Rater
Reliability* (4th ed., 2014), AC2; K. Krippendorff, *Content Analysis* (3rd ed., 2013), chapter 12, ordinal alpha;
B. Efron and R. J. Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from metrics.activity.definitions import activity_rules
from metrics.audit.definitions import rules
from metrics.audit.grading import GRADES
from metrics.counting import ALL
from metrics.estimates import LOW, NOT_AVAILABLE, OK, conform
from metrics.intervals import student, wilson

SCALE = tuple(sorted(GRADES))
_K = len(SCALE)
_STEP = np.subtract.outer(np.arange(_K), np.arange(_K))
QUADRATIC = 1 - _STEP**2 / (_K - 1) ** 2  # weight of a cell: 1 for the same grade, 0 for the two ends
CONFIDENCE = 0.95


def agreement(
    pairs: pl.DataFrame, *, seed: int | None = None, draws: int | None = None, period: str = "",
    period_end: date | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Agreement of pairs of grades as an estimates frame, breakdown `all`.

    pairs: `first`, `second`, grades 1–4 of the same audit (auditor and moderator, or two auditors); pairs with a null
    are left out. Measures: `audit_exact`, `audit_within_one` (% of pairs, Wilson); `audit_kappa` (quadratic weighted),
    `audit_ac2` (Gwet, quadratic weights), `audit_alpha` (ordinal), each at most 1, higher is better, 0 what chance
    would give, with bootstrap limits over pairs; `audit_leniency` (mean of first − second in grades, Student's t; above
    0 the first is the more lenient). Under 20 pairs the three coefficients are `low`; where everybody gave one grade
    they are not available. Raises `ValueError` for a grade that is none.
    """
    cells = _cells(pairs)
    n = int(cells.sum())
    same, near = int(np.trace(cells)), int(cells[np.abs(_STEP) <= 1].sum())
    rows: list[dict[str, Any]] = [
        {"measure": "audit_exact", "numerator": same, "denominator": n},
        {"measure": "audit_within_one", "numerator": near, "denominator": n},
    ]
    shares = pl.DataFrame(rows, schema={"measure": pl.String, "numerator": pl.Float64, "denominator": pl.Float64})
    shares = shares.with_columns(
        value=pl.when(pl.col("denominator") > 0).then(100 * pl.col("numerator") / pl.col("denominator")),
        limits=wilson("numerator", "denominator", multiplier=100),
        status=pl.lit(OK if n else NOT_AVAILABLE),
        method=pl.lit("Wilson 95%"),
    ).unnest("limits")
    found = pl.concat(
        [conform(shares), conform(_coefficients(cells, n, seed=seed, draws=draws)), conform(_leniency(cells, n))]
    )
    return found.with_columns(
        pl.lit(ALL).alias("breakdown"),
        pl.lit(ALL).alias("group"),
        pl.lit(period).alias("period"),
        pl.lit(period_end, pl.Date).alias("period_end"),
        pl.lit(n, pl.Int64).alias("n"),
    )


def confusion(pairs: pl.DataFrame) -> pl.DataFrame:
    """How often each grade met each: `first`, `second`, `n`, all sixteen cells, from 4 downwards."""
    cells = _cells(pairs)
    rows = [(a, b, int(cells[a - 1, b - 1])) for a in GRADES for b in GRADES]
    return pl.DataFrame(rows, schema={"first": pl.Int64, "second": pl.Int64, "n": pl.Int64}, orient="row")


def alpha(ratings: pl.DataFrame) -> float | None:
    """Krippendorff's ordinal alpha of any number of graders, at most 1; for calibration sets.

    ratings: `unit`, `rater`, `grade` (any whole numbers in order; null where one did not grade). Units that one alone
    graded say nothing. None where nothing can vary.
    """
    graded = ratings.drop_nulls("grade")
    if graded.select("unit", "rater").is_duplicated().any():
        raise ValueError("Somebody graded the same assessment twice.")
    levels = graded["grade"].unique().sort().to_list()
    table = graded.group_by("unit").agg([(pl.col("grade") == g).sum().alias(f"g{g}") for g in levels])
    counts = table.drop("unit").to_numpy().astype(float)
    raters = counts.sum(axis=1)
    counts, raters = counts[raters > 1], raters[raters > 1]
    if not len(counts):
        return None
    weighed = counts / (raters - 1)[:, None]
    met = weighed.T @ counts - np.diag(weighed.sum(axis=0))
    found = _alpha(met[None])[0]
    return None if np.isnan(found) else float(found)


def kappa(cells: np.ndarray) -> np.ndarray:
    """Quadratic weighted kappa of one or more square tables of counts (last two axes); nan where only chance agrees."""
    share = cells / cells.sum(axis=(-2, -1), keepdims=True)
    seen = (QUADRATIC * share).sum(axis=(-2, -1))
    chance = (QUADRATIC * (share.sum(axis=-1)[..., :, None] * share.sum(axis=-2)[..., None, :])).sum(axis=(-2, -1))
    return _beyond(seen, chance)


def ac2(cells: np.ndarray) -> np.ndarray:
    """Gwet's AC2 with quadratic weights, as `kappa`; holds where nearly all grades are alike and kappa breaks down."""
    share = cells / cells.sum(axis=(-2, -1), keepdims=True)
    seen = (QUADRATIC * share).sum(axis=(-2, -1))
    mean = (share.sum(axis=-1) + share.sum(axis=-2)) / 2
    chance = QUADRATIC.sum() / (_K * (_K - 1)) * (mean * (1 - mean)).sum(axis=-1)
    return _beyond(seen, chance)


def _alpha(met: np.ndarray) -> np.ndarray:
    """Ordinal alpha of tables of coincidences: how often each two grades stand for the same unit."""
    each = met.sum(axis=-1)
    whole = each.sum(axis=-1)
    middle = np.cumsum(each, axis=-1) - each / 2  # of each grade, in the order of all: how far apart two grades are
    square = (middle[..., :, None] - middle[..., None, :]) ** 2
    seen = (met * square).sum(axis=(-2, -1))
    chance = (each[..., :, None] * each[..., None, :] * square).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance > 0, 1 - (whole - 1) * seen / chance, np.nan)


def _beyond(seen: np.ndarray, chance: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(1 - chance > 1e-12, (seen - chance) / (1 - chance), np.nan)


def _pair_alpha(cells: np.ndarray) -> np.ndarray:
    return _alpha(cells + np.swapaxes(cells, -2, -1))


COEFFICIENTS: Mapping[str, tuple[Any, str]] = {
    "audit_kappa": (kappa, "quadratic weighted kappa"),
    "audit_ac2": (ac2, "Gwet AC2, quadratic weights"),
    "audit_alpha": (_pair_alpha, "Krippendorff alpha, ordinal"),
}


def _coefficients(cells: np.ndarray, n: int, *, seed: int | None, draws: int | None) -> pl.DataFrame:
    """The three coefficients with limits: the 2.5th and 97.5th hundredth of resamples of the pairs."""
    least, seed = activity_rules().kappa_pairs, rules().seed if seed is None else seed
    draws = rules().draws if draws is None else draws
    rows = []
    if n >= least:
        again = np.random.default_rng(seed).multinomial(n, (cells / n).ravel(), size=draws).reshape(draws, _K, _K)
    for id, (reckon, name) in COEFFICIENTS.items():
        row: dict[str, Any] = {"measure": id, "status": LOW if n else NOT_AVAILABLE, "method": name}
        if n >= least:
            value, spread = float(reckon(cells[None].astype(float))[0]), reckon(again.astype(float))
            spread = spread[~np.isnan(spread)]
            row["status"] = NOT_AVAILABLE if np.isnan(value) else OK
            if not np.isnan(value):
                tail = (1 - CONFIDENCE) / 2
                row |= {"value": value, "lower": np.quantile(spread, tail), "upper": np.quantile(spread, 1 - tail)}
                row["method"] = f"{name}, bootstrap over {n:,} pairs, {draws:,} draws"
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _leniency(cells: np.ndarray, n: int) -> pl.DataFrame:
    mean = float((cells * _STEP).sum() / n) if n else None
    square = float((cells * _STEP**2).sum())
    spread = float(np.sqrt(max(square - n * mean**2, 0) / (n - 1))) if n > 1 else None
    row = pl.DataFrame({"mean": mean, "sd": spread, "n": n}, schema=dict(mean=pl.Float64, sd=pl.Float64, n=pl.Int64))
    status = OK if n > 1 else LOW if n else NOT_AVAILABLE
    return row.select(
        pl.lit("audit_leniency").alias("measure"),
        pl.col("mean").alias("value"),
        student("mean", "sd", "n").alias("limits"),
        pl.lit(status).alias("status"),
        pl.lit("Student's t 95%").alias("method"),
    ).unnest("limits")


def _cells(pairs: pl.DataFrame) -> np.ndarray:
    """The table of counts: row the first grade, column the second, from 1 to 4."""
    both = pairs.select(pl.col("first", "second").cast(pl.Int64)).drop_nulls()
    wrong = both.filter(~pl.all_horizontal(pl.all().is_between(SCALE[0], SCALE[-1])))
    if wrong.height:
        raise ValueError(f"Grades run from {SCALE[0]} to {SCALE[-1]}; {wrong.row(0)} does not.")
    place = (both["first"] - 1) * _K + both["second"] - 1
    return np.bincount(place.to_numpy(), minlength=_K * _K).reshape(_K, _K)
