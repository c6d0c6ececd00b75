"""Tests and effect sizes of paired readings, from counts of changes: exact sums over a handful of different changes.

Changes are whole numbers between −9 and 9, so the counts of each say all that ranks need, for any number of people and
for all areas and services at once.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm


def signed_ranks(changes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(R⁺, R⁻, variance of either under no change) for counts of changes.

    `changes`: any leading axes, and a last one of odd length that counts the changes −k … k. No change is left out,
    ties share their mean rank (F. Wilcoxon, Biometrics Bulletin 1 (1945) 80–83).
    """
    middle = changes.shape[-1] // 2
    up = changes[..., middle + 1 :].astype(float)
    down = changes[..., :middle][..., ::-1].astype(float)
    tied = up + down  # by size of change
    rank = np.cumsum(tied, axis=-1) - (tied - 1) / 2
    m = tied.sum(-1)
    variance = m * (m + 1) * (2 * m + 1) / 24 - (tied**3 - tied).sum(-1) / 48
    return (up * rank).sum(-1), (down * rank).sum(-1), variance


def wilcoxon_p(changes: np.ndarray, *, least: int) -> np.ndarray:
    """Two-sided p of the signed-rank test: normal approximation, corrected for ties, not for continuity.

    As `scipy.stats.wilcoxon(d, zero_method="wilcox", correction=False, method="asymptotic")`. Not-a-number where fewer
    than `least` readings changed: the approximation does not hold.
    """
    up, down, variance = signed_ranks(changes)
    changed = changes.sum(-1) - changes[..., changes.shape[-1] // 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (np.minimum(up, down) - (up + down) / 2) / np.sqrt(variance)
    return np.where(changed >= least, 2 * norm.sf(np.abs(z)), np.nan)


def rank_biserial(changes: np.ndarray) -> np.ndarray:
    """Matched rank-biserial (R⁺ − R⁻)/(R⁺ + R⁻), −1 to 1, positive for improvement; not-a-number without a change.

    D. S. Kerby, Comprehensive Psychology 3 (2014) 11.IT.3.1.
    """
    up, down, _ = signed_ranks(changes)
    return _divided(up - down, up + down)


def dominance(changes: np.ndarray) -> np.ndarray:
    """(up − down)/n, −1 to 1, positive for improvement (N. Cliff, Psychological Bulletin 114 (1993) 494–509)."""
    middle = changes.shape[-1] // 2
    return _divided(changes[..., middle + 1 :].sum(-1) - changes[..., :middle].sum(-1), changes.sum(-1))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's correction over the last axis (the areas of a Star); missing ones stay missing and do not count.

    As `statsmodels.stats.multitest.multipletests(p, method="holm")`, which takes one list at a time and clears the
    whole memory on each. S. Holm, Scandinavian Journal of Statistics 6 (1979) 65–70.
    """
    order = np.argsort(p, axis=-1)  # what is missing comes last
    left = np.isfinite(p).sum(-1, keepdims=True) - np.arange(p.shape[-1])
    stepped = np.maximum.accumulate(np.take_along_axis(p, order, axis=-1) * left, axis=-1)
    adjusted = np.empty_like(stepped)
    np.put_along_axis(adjusted, order, np.minimum(stepped, 1.0), axis=-1)
    return adjusted


def _divided(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom != 0)
