"""Feedback, forum actions, completeness of the records, cost (M27 to M30)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import yes
from metrics.activity.episodes import distinct
from metrics.activity.facts import mandatory
from metrics.activity.question import Question
from metrics.activity.tally import counts

CELLS = (  # fact, its day, column of filled cells, table and date as mandatory_cells.csv names them
    ("opening", "start", "filled", "episode", "start_date"),
    ("closure", "end", "filled", "episode", "end_date"),
    ("assessment", "start", "filled", "assessment", "start_date"),
    ("review_held", "held", "filled", "review", "held_date"),
)


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "feedback" in q.facts and q.asks("M27"):
        parts = {c: nw.col(c) for c in ("good", "n")}
        yield counts("M27", q.every(q.happened("feedback", "day", parts)), "good", "n")
    if "forum_item" in q.facts and q.asks("M28"):
        done = yes(nw.col("done") <= nw.col("asked"))
        yield counts("M28", q.every(q.happened("forum_item", "asked", {"done": done, "n": nw.lit(1)})), "done", "n")
    if q.asks("M29"):
        yield from _completeness(q)
    if "spend" in q.facts and "episode" in q.facts:
        yield from _cost(q)


def _completeness(q: Question) -> Iterator[pl.DataFrame]:
    found = []
    for fact, when, filled, table, date in CELLS:
        if fact in q.facts and (cells := len(mandatory(table, date))):
            sums = q.happened(fact, when, {"filled": nw.col(filled), "n": nw.col("n")})
            found.append(sums.select("g", "p", "filled", cells=pl.col("n") * cells))
    if found:
        sums = pl.concat(found).group_by("g", "p").agg(pl.col("filled").sum(), pl.col("cells").sum())
        yield counts("M29", q.every(sums), "filled", "cells")


def _cost(q: Question) -> Iterator[pl.DataFrame]:
    if not q.asks("M30", "M30_closed"):
        return
    spend = q.every(q.happened("spend", "day", {"pounds": nw.col("pounds")}))
    if q.asks("M30"):
        families = distinct(q, "kin", throughout=True).rename({"n": "below"})
        yield _over(q, "M30", spend, families)
    if q.asks("M30_closed"):
        yield _over(q, "M30_closed", spend, q.happened("closure", "end", {"below": nw.col("positive")}))


def _over(q: Question, id: str, spend: pl.DataFrame, below: pl.DataFrame) -> pl.DataFrame:
    """Pounds over a count; a group that spends nothing, or of which nothing was told, has no cost."""
    both = spend.join(below, on=["g", "p"], how="left").with_columns(pl.col("below").fill_null(0))
    return counts(id, both, "pounds", "below")
