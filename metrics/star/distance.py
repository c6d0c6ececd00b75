"""Distance travelled: how far people have come from the baseline to their latest Star. Stages first, points second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from metrics.estimates import NOT_AVAILABLE

from . import statistics
from .definitions import rules
from .editions import Edition
from .frames import AREA, TIMES, bare, crossed, means, shares, together
from .groups import Groups, by_stage, changes, grouped, joint
from .pairs import Pairs, as_pairs

TEST = "Wilcoxon signed-rank, normal approximation"


def distance_travelled(
    readings: Any,
    edition: Edition | str | None = None,
    *,
    baseline: str = "first",
    period: Any = None,
    by: str | Sequence[str] | None = None,
    **options: Any,
) -> pl.DataFrame:
    """An estimates frame of everything about the pairs; measures as in `star_measures.toml`, higher readings are
    better.

    `readings`, `edition`, `baseline`, `period` and further `options`: as `metrics.star.pairs` takes them, or Pairs.
    `by`: a column, or two, that the figures are split by; None: everyone together.

    Breakdown `all` (or `by`): `stage_up_any` and `stage_down_any`, always both, then the same by points, and
    `person_change`. Breakdown `star_area` (or `service × star_area`): shares up, same and down by stage and by point
    (Wilson), means first, latest and change (Student), dominance, matched rank-biserial, Wilcoxon p as it is and after
    Holm over the areas, and the split of those already managing (`maintained`, `slipped`) from the others
    (`below_stage_up`, `below_stage_down`). Shares are per cent of `denominator` people; `n` people with two Stars.
    """
    splits = [by] if isinstance(by, str) else list(by or ())
    if splits:
        options.setdefault("by", splits)
    every = as_pairs(readings, edition, baseline=baseline, period=period, **options)
    both = every.both
    groups = grouped(both.people, splits)
    tables = joint(both, groups)
    areas = list(both.edition.area_ids)
    name = f"{groups.name}{TIMES}{AREA}" if splits else AREA
    labels = crossed(groups.labels, areas) if splits else areas
    stage_tables = by_stage(tables, both.edition)
    parts = [
        *anywhere(both, groups),
        *_moves("stage", name, labels, stage_tables),
        *_ceiling(name, labels, tables, stage_tables, both.edition),
        *_moves("points", name, labels, tables),
    ]
    return together(parts, period=both.period, period_end=both.period_end)


def anywhere(pairs: Pairs, groups: Groups) -> list[pl.DataFrame]:
    """How many moved up, and down, in at least one area; and the mean of each person's mean change."""
    count = len(groups.labels)

    def per_group(values: np.ndarray) -> np.ndarray:
        return np.bincount(groups.codes, weights=values, minlength=count)

    n = per_group(np.ones(len(groups.codes)))
    parts = []
    for scale, (up, down) in pairs.moved_anywhere.items():
        parts.append(shares(f"{scale}_up_any", groups.name, groups.labels, per_group(up), n))
        parts.append(shares(f"{scale}_down_any", groups.name, groups.labels, per_group(down), n))
    mean = pairs.mean_change
    parts.append(means("person_change", groups.name, groups.labels, per_group(mean), per_group(mean**2), n))
    return parts


def _moves(scale: str, name: str, labels: Sequence[str], tables: np.ndarray) -> list[pl.DataFrame]:
    """Everything about one scale, by group and area."""
    change = changes(tables)
    size = tables.shape[-1]
    n = tables.sum(axis=(-2, -1))
    up, same, down = change[..., size:].sum(-1), change[..., size - 1], change[..., : size - 1].sum(-1)
    parts = [shares(f"{scale}_{move}", name, labels, x, n) for move, x in (("up", up), ("same", same), ("down", down))]
    readings, differences = np.arange(size), np.arange(1 - size, size)
    for what, counts, values in (
        ("first", tables.sum(-1), readings),
        ("last", tables.sum(-2), readings),
        ("change", change, differences),
    ):
        parts.append(means(f"{scale}_mean_{what}", name, labels, counts @ values, counts @ values**2, n))
    p = statistics.wilcoxon_p(change, least=rules().least_changes)
    biserial = statistics.rank_biserial(change)
    return [
        *parts,
        bare(
            f"{scale}_dominance", name, labels, statistics.dominance(change), n, method="(up − down)/n",
            numerator=up - down, denominator=n, status=NOT_AVAILABLE,
        ),
        bare(f"{scale}_rank_biserial", name, labels, biserial, n, method="matched rank-biserial"),
        bare(f"{scale}_p", name, labels, p, n, method=TEST),
        bare(f"{scale}_p_holm", name, labels, statistics.holm(p), n, method=f"{TEST}, Holm over the areas"),
    ]  # fmt: skip


def _ceiling(
    name: str, labels: Sequence[str], tables: np.ndarray, stage_tables: np.ndarray, edition: Edition
) -> list[pl.DataFrame]:
    """Those already managing at the baseline, apart from those who were not."""
    high = edition.ceiling
    n = tables.sum(axis=(-2, -1))
    first, last = tables[..., high:, :].sum(axis=(-2, -1)), tables[..., high:].sum(axis=(-2, -1))
    maintained = tables[..., high:, high:].sum(axis=(-2, -1))
    below = tables.copy()
    below[..., high:, :] = 0
    change = changes(by_stage(below, edition))
    middle = stage_tables.shape[-1] - 1
    return [
        shares("first_at_ceiling", name, labels, first, n),
        shares("last_at_ceiling", name, labels, last, n),
        shares("maintained", name, labels, maintained, first),
        shares("slipped", name, labels, first - maintained, first),
        shares("below_stage_up", name, labels, change[..., middle + 1 :].sum(-1), n - first),
        shares("below_stage_down", name, labels, change[..., :middle].sum(-1), n - first),
    ]
