"""Which threshold holds for which figures, as data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

THRESHOLD = 6  # counts of people from 1 to 5 are hidden


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What holds for the rows that match; whatever is left None matches every row. A later rule overrides an earlier.

    measures, breakdowns: names. groups: a regular expression that the group begins with. standing: the value of the
    frame's column `standing`, where it has one (`published`, `local`, …).
    threshold: counts of people below it, other than 0, are hidden. exempt: shown as they are, being published by
    their owner. complement: whether denominator less numerator is a count of people too; switch it off for events.
    """

    measures: Collection[str] | None = None
    breakdowns: Collection[str] | None = None
    groups: str | None = None
    standing: str | None = None
    threshold: int | None = None
    exempt: bool | None = None
    complement: bool | None = None

    def matches(self, columns: Collection[str]) -> pl.Expr:
        tests = [pl.lit(True)]
        if self.measures is not None:
            tests.append(pl.col("measure").is_in(sorted(self.measures)))
        if self.breakdowns is not None:
            tests.append(pl.col("breakdown").is_in(sorted(self.breakdowns)))
        if self.groups is not None:
            tests.append(pl.col("group").str.contains(f"^(?:{self.groups})").fill_null(False))
        if self.standing is not None:
            known = "standing" in columns
            tests.append((pl.col("standing") == self.standing).fill_null(False) if known else pl.lit(False))
        return pl.all_horizontal(tests)


# Lower and middle layer super output areas, output areas, wards: what maps below district are drawn from.
BELOW_DISTRICT = Rule(groups="E0[0125]", threshold=10)
RULES = (BELOW_DISTRICT,)


@dataclass(frozen=True)
class Settings:
    """The rules worked out for every row of one frame."""

    threshold: np.ndarray
    exempt: np.ndarray
    complement: np.ndarray
    default: int


def settle(estimates: pl.DataFrame, threshold: int, rules: Sequence[Rule]) -> Settings:
    """Settings of each row. ValueError for a threshold below 2, which would hide nothing."""
    for value in (threshold, *(r.threshold for r in rules if r.threshold is not None)):
        if value < 2:
            raise ValueError(f"A threshold of {value} hides nothing: give 2 or more.")
    limit, exempt, complement = pl.lit(threshold), pl.lit(False), pl.lit(True)
    for rule in rules:
        here = rule.matches(estimates.columns)
        if rule.threshold is not None:
            limit = pl.when(here).then(rule.threshold).otherwise(limit)
        if rule.exempt is not None:
            exempt = pl.when(here).then(rule.exempt).otherwise(exempt)
        if rule.complement is not None:
            complement = pl.when(here).then(rule.complement).otherwise(complement)
    frame = estimates.with_columns(_limit=limit, _exempt=exempt, _complement=complement)
    return Settings(
        threshold=frame["_limit"].to_numpy().astype(float),
        exempt=frame["_exempt"].to_numpy().astype(bool),
        complement=frame["_complement"].to_numpy().astype(bool),
        default=threshold,
    )
