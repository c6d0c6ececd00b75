"""The stage matrix: where people began in an area, and where they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from .editions import Edition
from .frames import AREA, TIMES, crossed, shares, together
from .groups import by_stage, grouped, joint
from .pairs import as_pairs

FIRST, LAST = "first_stage", "last_stage"


def stage_matrix(
    readings: Any,
    edition: Edition | str | None = None,
    *,
    baseline: str = "first",
    period: Any = None,
    by: str | Sequence[str] | None = None,
    **options: Any,
) -> pl.DataFrame:
    """An estimates frame with a row an area, baseline stage and latest stage, also where nobody is.

    Breakdown `star_area × first_stage × last_stage` (after `by`, where given), group `area_1 × 2 × 4`; `numerator`
    people who began at the first stage and are now at the second, `denominator` and `n` those who began there, `value`
    per cent of them with Wilson limits. Arguments as `distance_travelled`.
    """
    splits = [by] if isinstance(by, str) else list(by or ())
    if splits:
        options.setdefault("by", splits)
    both = as_pairs(readings, edition, baseline=baseline, period=period, **options).both
    groups = grouped(both.people, splits)
    counts = by_stage(joint(both, groups), both.edition)[..., 1:, 1:]
    stages = [str(number) for number in range(1, both.edition.stage_count + 1)]
    lists = [list(both.edition.area_ids), stages, stages]
    names = [AREA, FIRST, LAST]
    if splits:
        lists, names = [groups.labels, *lists], [groups.name, *names]
    began = np.broadcast_to(counts.sum(-1, keepdims=True), counts.shape)
    rows = shares("stage_matrix", TIMES.join(names), crossed(*lists), counts, began)
    return together([rows], period=both.period, period_end=both.period_end)
