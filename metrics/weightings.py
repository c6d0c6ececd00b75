"""Weights: moved so that their sum stays, and how firmly an order of areas holds when they are drawn anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl
from scipy.stats import rankdata

SURE = 0.90  # share of draws that a range of ranks covers


@dataclass(frozen=True, slots=True)
class Firmness:
    """`frame`: a row an area: its code, `rank`, `lowest`, `highest`, `shares` (see `firmness`). `same_order`: share of
    draws, 0–1, in which the first few areas stand in the very order of the chosen weights; 1.0 is firmest."""

    frame: pl.DataFrame
    same_order: float


def firmness(
    need: pl.DataFrame,
    weights: Mapping[str, float],
    *,
    area: str,
    draws: int,
    seed: int,
    closeness: float = 100.0,
    first: int = 3,
) -> Firmness:
    """Ranks of `need` under `draws` sets of weights drawn around `weights` (domain → share of 1).

    `need`: a row an area with its code (`area`), `rank` at the chosen weights (1 = most need) and a `<domain>_score`
    for each domain. Weights come from a Dirichlet distribution with mean at the chosen ones; with `closeness` 100 a
    weight of .14 lies mostly between .08 and .21, higher is closer. A weight of 0 stays 0.

    Gives for each area `rank`, `lowest` and `highest` (ranks that nine draws in ten lie between, 5% cut off at each
    end) and `shares`, the share of draws at rank 1, 2, …; ties share the lowest rank. The same seed gives the same
    figures. Raises ValueError for draws or closeness below 1.
    """
    if draws < 1 or closeness < 1:
        raise ValueError("at least one draw, and a closeness of at least 1, are needed")
    scores = need.select(f"{domain}_score" for domain in weights).to_numpy()
    chosen = np.array(list(weights.values()))
    random = np.random.default_rng(seed)
    gamma = random.standard_gamma(chosen * closeness / chosen.sum(), size=(draws, len(chosen)))
    drawn = (scores @ (gamma / gamma.sum(axis=1, keepdims=True)).T).round(12)
    ranks = _ranks(drawn)
    counts = np.stack([np.bincount(row, minlength=len(scores) + 1)[1:] for row in ranks]) / draws
    inner = np.sort(ranks, axis=1)
    tail = (1 - SURE) / 2  # the rank at which the share of draws first reaches the tail
    low, high = (max(int(np.ceil(share * draws - 1e-9)) - 1, 0) for share in (tail, 1 - tail))
    frame = need.select(area, "rank").with_columns(
        pl.Series("lowest", inner[:, low], dtype=pl.Int64),
        pl.Series("highest", inner[:, high], dtype=pl.Int64),
        pl.Series("shares", counts.tolist(), dtype=pl.List(pl.Float64)),
    )
    order = need["rank"].to_numpy()
    top = np.flatnonzero(order <= first)
    return Firmness(frame, float((ranks[top] == order[top, None]).all(axis=0).mean()))


def _ranks(drawn: np.ndarray) -> np.ndarray:
    """Rank of each area (row) within each draw (column), 1 = highest, ties sharing the lowest."""
    if len(drawn) > 50:
        return rankdata(-drawn, method="min", axis=0).astype(np.int64)
    # few areas: how many stand above each, which is quicker than sorting
    return 1 + (drawn[None] > drawn[:, None]).sum(axis=1)


def rescaled(weights: Sequence[int], place: int, value: int) -> tuple[int, ...]:
    """Whole weights with the one at `place` set to `value` and the others scaled in proportion; the sum stays exactly.

    Where all others are 0 they share what is left alike. `value` is brought within 0 and the sum. A weight that stands
    alone keeps the whole.
    """
    total = sum(weights)
    others = [w for i, w in enumerate(weights) if i != place]
    if not others:
        return tuple(weights)
    value = min(max(value, 0), total)
    pool = whole_parts(others if any(others) else [1] * len(others), total - value)
    return (*pool[:place], value, *pool[place:])


def whole_parts(shares: Sequence[float], total: int) -> tuple[int, ...]:
    """`total` divided into whole numbers in proportion to `shares` by largest remainder, the earlier one first among
    equal remainders; they sum to `total` exactly. Raises ValueError for shares below 0 or without a sum."""
    exact = [Fraction(s) for s in shares]
    if not exact or min(exact) < 0 or not sum(exact):
        raise ValueError("shares of 0 or more, some of them above 0, are needed")
    parts = [s * total / sum(exact) for s in exact]
    whole = [int(p) for p in parts]
    # equal shares given as floats may differ in their last bits
    order = sorted(range(len(parts)), key=lambda i: (-round(float(parts[i] - whole[i]), 9), i))
    for i in order[: total - sum(whole)]:
        whole[i] += 1
    return tuple(whole)
