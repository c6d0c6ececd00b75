"""Means over partners, of items, sections and overall, for the partners as they are and as they are drawn again.

Partners are resampled, not answers: those of one partner are not independent of each other. Drawing k partners with
replacement needs only how often each was drawn, so all draws are one matrix of counts, and all means of all draws are
two products of matrices.

B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .definitions import rules

CONFIDENCE = 0.95
METHOD = "mean over partners"
INTERVAL = f"{METHOD}, limits by resampling partners"

Sections = Sequence[np.ndarray]  # of each section, the columns of its items


def sections_of(items: np.ndarray, sections: Sections) -> np.ndarray:
    """… × items → … × sections: the mean of a section's items, nan where too few of them are scored."""
    out = np.full((*items.shape[:-1], len(sections)), np.nan)
    for column, members in enumerate(sections):
        part = items[..., members]
        there = np.isfinite(part).sum(axis=-1)
        enough = (there > 0) & (there >= rules().section_needs * len(members))
        total = np.nansum(part, axis=-1)
        out[..., column] = np.where(enough, total / np.maximum(there, 1), np.nan)
    return out


def means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over partners of each column of `values` (partners × columns), without those that have none.

    `weights`: partners, or draws × partners.
    """
    there = np.isfinite(values)
    total = weights @ np.where(there, values, 0.0)
    if there.all() and len(values):
        return total / weights.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / (weights @ there.astype(np.float64))


def drawn(partners: int, kept: dict[int, np.ndarray] | None = None) -> np.ndarray:
    """How often each partner was drawn, draws × partners; the same seed gives the same draws. `kept` remembers them."""
    kept = {} if kept is None else kept
    if partners == 0:  # nobody to draw from
        return np.zeros((rules().draws, 0))
    if partners not in kept:
        random = np.random.default_rng([rules().seed, partners])
        even = np.full(partners, 1 / partners)
        kept[partners] = random.multinomial(partners, even, size=rules().draws).astype(np.float64)
    return kept[partners]


def limits(draws: np.ndarray, partners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95% limits of each column of `draws`; nan where fewer partners than an interval needs stand behind it."""
    lower, upper = np.full(draws.shape[1], np.nan), np.full(draws.shape[1], np.nan)
    enough = np.flatnonzero(partners >= rules().least_for_interval)
    tail = (1 - CONFIDENCE) / 2
    whole = np.isfinite(draws).all(axis=0)  # in some draws nobody may have scored an item that few did
    at_once = enough[whole[enough]]
    lower[at_once], upper[at_once] = np.quantile(draws[:, at_once], [tail, 1 - tail], axis=0)
    for column in enough[~whole[enough]]:
        found = draws[np.isfinite(draws[:, column]), column]
        if len(found):
            lower[column], upper[column] = np.quantile(found, [tail, 1 - tail])
    return lower, upper
