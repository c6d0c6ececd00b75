"""Referrals to social care and early help: step-downs taken up, referrals with earlier early help (M16, M17)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import some
from metrics.activity.question import Question
from metrics.activity.tally import counts


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "referral" not in q.facts or "episode" not in q.facts:
        return
    if q.asks("M16"):
        ripe = nw.col("closed") + q.rules.take_up_days <= q.today
        down = q.happened("step_down", "closed", {"all": some(ripe, "n"), "taken": some(ripe, "taken_up")})
        yield counts("M16", q.every(down), "taken", "all")
    if q.asks("M17"):
        made = q.happened("referral", "date", {"all": nw.col("n"), "earlier": nw.col("earlier")})
        yield counts("M17", q.every(made), "earlier", "all")
