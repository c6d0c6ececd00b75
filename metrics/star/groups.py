"""Who belongs to which group, and the joint table of first and latest readings that all figures of an area come
from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from .editions import Edition
from .frames import ALL, TIMES
from .pairs import Pairs

NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Groups:
    """`name`: what people are split by (`service`, `service × length`, or `all`); `labels` in order; `codes`: the group
    of each person, an index into the labels."""

    name: str
    labels: list[str]
    codes: np.ndarray


def grouped(people: pl.DataFrame, by: str | Sequence[str] | None) -> Groups:
    """The groups of `people`. Who has no value of a column is in the group `not known`. Raises ValueError."""
    columns = [by] if isinstance(by, str) else list(by or ())
    if not columns:
        return Groups(ALL, [ALL], np.zeros(people.height, np.int64))
    if missing := [c for c in columns if c not in people.columns]:
        raise ValueError(f"the Stars are not split by {missing[0]!r}: name it in `by` when they are paired")
    known = (pl.col(c).cast(pl.String).fill_null(NOT_KNOWN) for c in columns)
    joined = people.select(pl.concat_str(known, separator=TIMES).alias("_group"))
    labels = joined["_group"].unique().sort()
    codes = (
        joined["_group"].replace_strict(labels, pl.Series(range(len(labels)), dtype=pl.Int64)) if len(labels) else []
    )
    return Groups(TIMES.join(columns), labels.to_list(), np.asarray(codes, dtype=np.int64))


def joint(pairs: Pairs, groups: Groups) -> np.ndarray:
    """Counts of people by group, area, first and latest reading: shape (groups, areas, highest + 1, highest + 1).

    `pairs`: of people with two Stars only.
    """
    size = pairs.edition.highest + 1
    cells = size * size
    tables = np.zeros((len(groups.labels), len(pairs.edition.areas), size, size), np.int64)
    for area in range(len(pairs.edition.areas)):
        place = (groups.codes * size + pairs.first[:, area]) * size + pairs.last[:, area]
        counted = np.bincount(place, minlength=len(groups.labels) * cells)
        tables[:, area] = counted.reshape(len(groups.labels), size, size)
    return tables


def by_stage(tables: np.ndarray, edition: Edition) -> np.ndarray:
    """The same counts by stage instead of reading."""
    readings = np.arange(tables.shape[-1])
    stages = np.where(readings >= edition.lowest, edition.stage_of(np.maximum(readings, edition.lowest)), 0)
    to_stage = (stages[:, None] == np.arange(edition.stage_count + 1)).astype(np.int64)
    return np.einsum("gaij,ik,jl->gakl", tables, to_stage, to_stage, optimize=True)


def changes(tables: np.ndarray) -> np.ndarray:
    """Counts of people by change, latest less first, from −k to k: the last axis is 2k + 1 long."""
    size = tables.shape[-1]
    return np.stack([np.trace(tables, offset=d, axis1=-2, axis2=-1) for d in range(1 - size, size)], axis=-1)
