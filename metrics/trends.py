"""Has it changed, and where is it heading: recent trend, Mann–Kendall, control chart, forecast, on track or not.

`breaks`, `value_type`, `polarity` and `window_years` may each be given once for all rows or as one for each measure.
`breaks` are the first period ends of a new basis (dates, ISO text, or definitions' `Break`): nothing is ever compared
across one. Sources: the recent trends of Fingertips (Office for Health Improvement and Disparities, technical
guidance); NHS England, *Making Data Count*, for control charts. Departures: `docs/deviations.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from metrics.comparison import direction_of
from metrics.control_chart import xmr
from metrics.forecasts import forecast, on_track, past_changes
from metrics.points import SERIES, option, published_points, since_break

__all__ = ["MannKendall", "forecast", "mann_kendall", "on_track", "past_changes", "recent_trend", "xmr"]

# Words of a trend. Improving is not the same as better: the one is against its own past, the other against a benchmark.
IMPROVING, GETTING_WORSE, INCREASING, DECREASING = "improving", "getting worse", "increasing", "decreasing"
NO_CLEAR_CHANGE, TOO_FEW = "no clear change", "too few points"
USUAL_SWING = "changing, but within its usual year-to-year swing"

TREND_POINTS = 5  # annual points, the latest
SIGNIFICANT = 9.54953570608324  # chi-squared with 1 degree of freedom, two-sided 99.8%
Z95 = 1.959963984540054  # limits are 2 × this many standard errors apart; Fingertips divides by 3.92
MANN_KENDALL_LEVEL = 0.05  # five points can never reach 0.002: their smallest p is 2/120
EXACT_WITH_TIES = 7  # points; beyond it the permutations are too many and the normal approximation serves

TREND = pl.Schema(
    {
        **{key: pl.String for key in SERIES},
        "first_period": pl.String,
        "period": pl.String,  # the latest of the points used
        "period_end": pl.Date,
        "n_points": pl.Int64,
        "missing_years": pl.Int64,  # between the first and the last point used
        "slope": pl.Float64,  # per year, on the measure's own scale
        "chi2": pl.Float64,  # of the slope, 1 degree of freedom
        "dispersion": pl.Float64,  # φ: 1 = scatter about the line as chance alone gives
        "chi2_adjusted": pl.Float64,  # χ²/max(1, φ)
        "p_value": pl.Float64,
        "significant": pl.Boolean,  # by the official rule
        "significant_adjusted": pl.Boolean,  # also after allowing for the series' own swing
        "direction": pl.String,  # increasing | decreasing | none: of the slope, significant or not
        "verdict": pl.String,
        "method": pl.String,
    }
)


def recent_trend(
    frame: pl.DataFrame,
    *,
    value_type: str | Mapping[str, str],
    polarity: str | Mapping[str, str] = "none",
    breaks: Iterable[Any] | Mapping[str, Iterable[Any]] = (),
    window_years: int | Mapping[str, int] = 1,
    z: float = Z95,
) -> pl.DataFrame:
    """One row (`TREND`) for each measure, breakdown and group of an estimates frame: has it changed over five years?

    The latest five annual points since the last break. Proportions (`value_type` `proportion`) with `numerator` and
    `denominator`: Cochran–Armitage. Others: least squares weighted by s = (upper − lower)/(2z). Significant: χ² >
    9.5495 and the slope keeps its sign when any one point is left out. Neither counts nor limits (or limits of no
    width): exact Mann–Kendall at 95%, which needs all five in order. Actual years are time, so a missing year is
    allowed: the five then span more years, `missing_years` counts them and `method` says so. Of quarterly figures, the
    quarter of the latest one each year. Windows of several years (`window_years` 3 for "2016 - 18") share people, so
    only every third counts. Raises `ValueError` for a series with two rows for one period end.
    """
    points = published_points(frame).with_columns(option(window_years, 1, pl.Int64).alias("_window"))
    points = since_break(points, breaks, last_only=True)
    last, month = pl.col("_t").max().over(SERIES), pl.col("period_end").dt.month()
    within_year = (pl.col("_t").diff().min().over(SERIES) < 0.9).fill_null(False)
    back = (last - pl.col("_t")).round().cast(pl.Int64)
    points = points.filter(~within_year | (month == month.last().over(SERIES))).filter(back % pl.col("_window") == 0)
    rows = (
        points.with_columns(
            option(value_type, "", pl.String).alias("_type"), option(polarity, "none", pl.String).alias("_way")
        )
        .group_by(SERIES, maintain_order=True)
        .agg(
            pl.col("period", "_t", "value", "numerator", "denominator", "lower", "upper").tail(TREND_POINTS),
            pl.col("period_end", "_window", "_type", "_way", "_broken").last(),
        )
        .to_dicts()
    )
    _weigh(rows, z)
    for kind in ("Cochran–Armitage", "weighted least squares"):
        _fit([row for row in rows if row["method"] == kind])
    return pl.DataFrame([_judge(row) for row in rows], schema=TREND)


@dataclass(frozen=True, slots=True)
class MannKendall:
    """`s` pairs rising less pairs falling; `tau` −1 to 1; two-sided `p_value`; `method` says how p was found."""

    n: int
    s: int
    tau: float | None
    p_value: float | None
    method: str


def mann_kendall(values: Sequence[float | None] | pl.Series) -> MannKendall:
    """Mann–Kendall test of a steady rise or fall, values in order of time; missing ones are left out.

    p is exact without ties (scipy) and with ties up to seven points (all permutations), else by normal approximation.
    Low power: of five points only five in unbroken order reach 95% (p = 0.0167); of four, none. Under three: no p.
    H. B. Mann, Econometrica 13 (1945) 245–259; M. G. Kendall, *Rank Correlation Methods*.
    """
    numbers = [v for v in values if v is not None and np.isfinite(v)]
    ranks = tuple(stats.rankdata(numbers, method="dense").astype(int).tolist())
    return _mann_kendall(ranks)


def _weigh(rows: list[dict[str, Any]], z: float) -> None:
    """Choose each series' method and give it `_y` and `_w`, values and weights."""
    for row in rows:
        y, x, n = (np.array(row[c], float) for c in ("value", "numerator", "denominator"))
        width = np.array(row["upper"], float) - np.array(row["lower"], float)
        if len(y) < TREND_POINTS:
            row["method"] = ""
        elif row["_type"] == "proportion" and np.all((n > 0) & (x >= 0) & (x <= n)):
            share = x.sum() / n.sum()
            row |= {"method": "Cochran–Armitage", "_y": x / n, "_w": n / (share * (1 - share) or 1.0)}
        elif np.all(np.isfinite(width) & (width > 0)):
            row |= {"method": "weighted least squares", "_y": y, "_w": (2 * z / width) ** 2}
        else:
            row["method"] = "exact Mann–Kendall at 95%"


def _fit(rows: list[dict[str, Any]]) -> None:
    """Weighted lines through many series at once; with w = n/(p(1 − p)) the χ² of the slope is Cochran–Armitage's."""
    if not rows:
        return
    t, y, w, shown = (np.array([row[c] for row in rows], float) for c in ("_t", "_y", "_w", "value"))
    slope, chi2, left_over = _line(t, y, w)
    steady = np.ones(len(rows), bool)
    for i in range(TREND_POINTS):
        without = w.copy()
        without[:, i] = 0
        steady &= np.sign(_line(t, y, without)[0]) == np.sign(slope)
    dispersion = left_over / (TREND_POINTS - 2)
    adjusted = chi2 / np.maximum(1, dispersion)
    per_year = _line(t, shown, w)[0]
    for i, row in enumerate(rows):
        row |= {
            "slope": per_year[i], "chi2": chi2[i], "dispersion": dispersion[i], "chi2_adjusted": adjusted[i],
            "p_value": stats.chi2.sf(chi2[i], 1), "_sign": np.sign(slope[i]),
            "significant": bool(chi2[i] > SIGNIFICANT and steady[i]),
            "significant_adjusted": bool(adjusted[i] > SIGNIFICANT and steady[i]),
        }  # fmt: skip


def _line(t: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope, its χ², and the weighted sum of squares about the line, for each row of the arrays."""
    total = w.sum(1, keepdims=True)
    dt, dy = t - (w * t).sum(1, keepdims=True) / total, y - (w * y).sum(1, keepdims=True) / total
    stt, sty = (w * dt * dt).sum(1), (w * dt * dy).sum(1)
    slope = sty / stt
    return slope, slope * slope * stt, (w * (dy - slope[:, None] * dt) ** 2).sum(1)


def _judge(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `TREND`, with the verdict in words."""
    t, periods, n = row["_t"], row["period"], len(row["_t"])
    missing = round((t[-1] - t[0]) / row["_window"]) - (n - 1)
    out = {**row, "first_period": periods[0], "period": periods[-1], "n_points": n, "missing_years": missing}
    notes = [f"{n} points{f', {missing} missing between them' if missing else ''}"]
    notes += [f"since the break of {row['_broken']}"] if row["_broken"] else []
    notes += [f"every {row['_window']} years, for their windows overlap"] if row["_window"] > 1 else []
    if n < TREND_POINTS:
        out |= {"verdict": TOO_FEW}
    elif "_sign" not in row:
        test = mann_kendall(row["value"])
        sure = test.p_value < MANN_KENDALL_LEVEL
        out |= {"p_value": test.p_value, "significant": sure, "significant_adjusted": sure, "_sign": np.sign(test.s)}
        notes.append("low power, finds only a change the same way every time")
    up = out.get("_sign", 0) > 0
    if "_sign" in out:
        out["direction"] = INCREASING if up else DECREASING if out["_sign"] < 0 else "none"
        way = direction_of(row["_way"])
        word = out["direction"] if way == "none" else IMPROVING if up == (way == "higher") else GETTING_WORSE
        official, allowed = out["significant"], out["significant_adjusted"]
        out["verdict"] = word if allowed else USUAL_SWING if official else NO_CLEAR_CHANGE
    out["method"] = "; ".join([part for part in (row["method"], *notes) if part])
    return {name: out.get(name) for name in TREND}


@lru_cache(maxsize=4096)
def _mann_kendall(ranks: tuple[int, ...]) -> MannKendall:
    x = np.array(ranks, float)
    n = len(x)
    s = _score(x[None, :])[0]
    sizes = np.bincount(ranks) if n else np.array([])
    tied = sizes[sizes > 1]
    pairs = n * (n - 1) / 2
    tau = float(s / np.sqrt(pairs * (pairs - (tied * (tied - 1) / 2).sum()))) if n > 1 and len(set(ranks)) > 1 else None
    if n < 3:
        return MannKendall(n, int(s), tau, None, "too few points")
    if not len(tied):
        p = stats.kendalltau(np.arange(n), x, method="exact").pvalue
        return MannKendall(n, int(s), tau, float(p), "exact")
    if n <= EXACT_WITH_TIES:
        p = np.mean(np.abs(_score(x[np.array(list(permutations(range(n))))])) >= abs(s))
        return MannKendall(n, int(s), tau, float(p), "exact, all permutations")
    variance = (n * (n - 1) * (2 * n + 5) - (tied * (tied - 1) * (2 * tied + 5)).sum()) / 18
    p = 2 * stats.norm.sf(max(abs(s) - 1, 0) / np.sqrt(variance)) if variance else 1.0
    return MannKendall(n, int(s), tau, float(min(p, 1)), "normal approximation, for ties")


def _score(orders: np.ndarray) -> np.ndarray:
    """Pairs that rise less pairs that fall, for each row."""
    i, j = np.triu_indices(orders.shape[1], 1)
    return np.sign(orders[:, j] - orders[:, i]).sum(1)
