"""Figures that changed since they were last kept."""

from __future__ import annotations

import polars as pl

from metrics.estimates import OK

KEYS = ["measure", "breakdown", "group", "period"]


def restated(now: pl.DataFrame, before: pl.DataFrame, *, tolerance: float = 1e-9) -> pl.DataFrame:
    """`now` with `previous_value`: what an earlier snapshot said of the same figure, where it says otherwise now.

    now, before: estimates frames. `before` may hold several snapshots told apart by `taken_on`; of each figure the
    newest counts that was not provisional: a period that is not over changes as it should. A figure that was given
    and is not any more, or the other way about, is not marked: nothing stands beside it.
    """
    firm = before.filter(pl.col("status") == OK, pl.col("value").is_not_null())
    if "taken_on" in firm.columns:
        firm = firm.sort("taken_on")
    last = firm.unique(KEYS, keep="last", maintain_order=True).select(*KEYS, pl.col("value").alias("previous_value"))
    joined = now.join(last, on=KEYS, how="left", maintain_order="left")
    changed = (pl.col("value") - pl.col("previous_value")).abs() > tolerance
    return joined.with_columns(pl.when(changed).then("previous_value"))
