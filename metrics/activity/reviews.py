"""Reviews that fell due: the first, and all (M05, M06)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import yes
from metrics.activity.question import Question
from metrics.activity.tally import counts


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    """A review that is not held by its day falls away where the episode had closed before that day."""
    if "review" not in q.facts:
        return
    for id, fact, due, held in (("M05", "episode", "first_due", "first_held"), ("M06", "review", "due", "held")):
        if q.asks(id):
            in_time = ~nw.col(held).is_null() & (nw.col(held) <= nw.col(due))
            counted = in_time | nw.col("end").is_null() | (nw.col("end") >= nw.col(due))
            parts = {"held": yes(in_time), "due": yes(counted)}
            yield counts(id, q.every(q.happened(fact, due, parts)), "held", "due")
