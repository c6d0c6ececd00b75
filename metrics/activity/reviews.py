"""Reviews that fell due: the first, and all (M05, M06)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.question import Question
from metrics.activity.tally import counts


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "review" not in q.facts:
        return
    for id, fact in (("M05", "first_review"), ("M06", "review")):
        if q.asks(id):
            parts = {"held": nw.col("in_time"), "due": nw.col("counted")}
            yield counts(id, q.every(q.happened(fact, "due", parts)), "held", "due")
