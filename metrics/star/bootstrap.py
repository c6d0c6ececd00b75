"""Limits by resampling families: members of one family are not independent of each other.

Drawing F families with replacement and adding up needs only how many families there are of each kind (so many people,
so many of them up), so a resample is one draw from a multinomial distribution: the same as drawing families one by one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl

from .definitions import rules
from .editions import Edition
from .frames import ALL, AREA, bare, together
from .pairs import as_pairs

CONFIDENCE = 0.95
_CELLS = 4_000_000  # of a table of draws that is held at once


def family_bootstrap(
    readings: Any,
    edition: Edition | str | None = None,
    *,
    draws: int | None = None,
    seed: int | None = None,
    measures: Collection[str] | None = None,
    **options: Any,
) -> pl.DataFrame:
    """An estimates frame with 95% limits by resampling families: the 2.5th and 97.5th hundredth of the draws.

    `stage_up_any`, `stage_down_any`, `points_up_any`, `points_down_any` and `person_change` for everyone; `stage_up`,
    `stage_down`, `points_mean_change` by area; of these only `measures`, where they are named. Values, numerators and
    denominators are those of `distance_travelled`.
    `draws` and `seed`: default those of the rules; the same seed gives the same limits. Further arguments as
    `metrics.star.pairs`. A person without a family is one of their own. Under two families: no limits, status `low`.

    B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    both = as_pairs(readings, edition, **options).both
    draws = rules().draws if draws is None else draws
    seed = rules().seed if seed is None else seed
    if draws < 1:
        raise ValueError("at least one draw is needed")
    areas = list(both.edition.area_ids)
    family = both.people["family_id"].cast(pl.String)
    names = family.unique(maintain_order=True)
    codes = family.replace_strict(names, pl.Series(range(len(names)), dtype=pl.Int64)) if len(names) else []
    codes = np.asarray(codes, dtype=np.int64)
    stage = both.edition.stage_of
    moves = stage(both.last) - stage(both.first)
    change = both.last.astype(np.int64) - both.first
    whole: dict[str, tuple[np.ndarray, float]] = {}
    for scale, (up, down) in both.moved_anywhere.items():
        whole |= {f"{scale}_up_any": (up, 100.0), f"{scale}_down_any": (down, 100.0)}
    # a mean over the areas is a whole number over their number: whole numbers make few kinds of families
    whole["person_change"] = (change.sum(axis=1), 1 / len(areas))
    by_area = {"stage_up": (moves > 0, 100.0), "stage_down": (moves < 0, 100.0), "points_mean_change": (change, 1.0)}
    method = f"bootstrap over {len(names):,} families, {draws:,} draws"
    parts = []
    for index, (measure, (values, times)) in enumerate(whole.items()):
        if measures is not None and measure not in measures:
            continue
        limits = _limits(values, codes, len(names), draws, [seed, index])
        parts.append(_row(measure, ALL, [ALL], [values], [limits], times, method))
    for index, (measure, (values, times)) in enumerate(by_area.items()):
        if measures is not None and measure not in measures:
            continue
        columns = [values[:, a] for a in range(len(areas))]
        limits = [_limits(v, codes, len(names), draws, [seed, 100 + index, a]) for a, v in enumerate(columns)]
        parts.append(_row(measure, AREA, areas, columns, limits, times, method))
    return together(parts, period=both.period, period_end=both.period_end)


def resampled(values: np.ndarray, families: np.ndarray, count: int, draws: int, seed: Any) -> np.ndarray:
    """`draws` means of whole-numbered `values` over people, drawing `count` families with replacement each time.

    `families`: the family of each person, 0 … count − 1.
    """
    size = np.bincount(families, minlength=count)
    total = np.rint(np.bincount(families, weights=values, minlength=count)).astype(np.int64)
    if not count:
        return np.full(draws, np.nan)
    # kinds of families: so many people, such a sum
    least, span = total.min(), total.max() - total.min() + 1
    how_many = np.bincount(size * span + total - least)
    kinds = np.flatnonzero(how_many)
    people, sums = kinds // span, kinds % span + least
    chance = how_many[kinds] / count
    random = np.random.default_rng(seed)
    means = np.empty(draws)
    step = max(1, _CELLS // len(kinds))
    for at in range(0, draws, step):
        drawn = random.multinomial(count, chance, size=min(step, draws - at))
        means[at : at + step] = (drawn @ sums) / (drawn @ people)
    return means


def _limits(values: np.ndarray, families: np.ndarray, count: int, draws: int, seed: Any) -> tuple[float, float]:
    if count < 2:
        return np.nan, np.nan
    tail = (1 - CONFIDENCE) / 2
    lower, upper = np.quantile(resampled(values, families, count, draws, seed), [tail, 1 - tail])
    return float(lower), float(upper)


def _row(measure, breakdown, groups, columns, limits, times, method) -> pl.DataFrame:
    n = np.array([len(v) for v in columns])
    total = np.array([v.sum() for v in columns]) * (1.0 if times == 100.0 else times)
    lower, upper = np.array(limits).T * times
    with np.errstate(invalid="ignore", divide="ignore"):
        value = total / n * (100.0 if times == 100.0 else 1.0)
    value = np.where(np.isfinite(lower), value, np.nan)
    return bare(
        measure, breakdown, groups, value, n, lower=lower, upper=upper, numerator=total, denominator=n, method=method
    )
