"""Referrals to social care and early help: step-downs taken up, referrals with earlier early help (M16, M17)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import yes
from metrics.activity.question import Question
from metrics.activity.tally import counts


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "referral" not in q.facts or "episode" not in q.facts:
        return
    if q.asks("M16"):
        ripe = (nw.col("stepped_down") == 1) & (nw.col("closed") + q.rules.take_up_days <= q.today)
        down = q.happened(
            "referral", "closed", {"all": yes(ripe), "taken": yes(ripe & (nw.col("taken_up") == 1))},
            where=nw.col("stepped_down") == 1,
        )  # fmt: skip
        yield counts("M16", q.every(down), "taken", "all")
    if q.asks("M17"):
        made = q.happened("referral", "date", {"all": nw.lit(1), "earlier": nw.col("earlier")})
        yield counts("M17", q.every(made), "earlier", "all")
