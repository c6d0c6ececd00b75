"""Closed episodes: how they ended, what came after, needs, readings, feedback (M10 to M15, M25, M26, M27's rate)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import added, some, yes
from metrics.activity.progress import followed
from metrics.activity.question import Question
from metrics.activity.tally import counts, mean_change


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    """One pass over the closures gives them all but those that count families."""
    if "closure" not in q.facts:
        return
    columns = set(q.facts["closure"].collect_schema().names())
    wanted = {i: pair for i, pair in _shares(q, columns) if q.asks(i)}
    parts = {f"{i}_{side}": expr for i, pair in wanted.items() for side, expr in zip("ud", pair, strict=True)}
    moved = "pairs" in columns and q.asks("M26_change")
    if moved:
        parts |= {c: nw.col(c) for c in ("pairs", "change", "change_squared")}
    if parts:
        closed = q.every(q.happened("closure", "end", parts))
        for id in wanted:
            yield counts(id, closed, f"{id}_u", f"{id}_d")
        if moved:
            yield mean_change("M26_change", closed)
    if "family_closure" in q.facts and q.asks("M25", "M25_all"):
        yield from _families(q)


def _shares(q: Question, columns: set[str]) -> Iterator[tuple[str, tuple[nw.Expr, nw.Expr]]]:
    """Measure → numerator and denominator of each day's closures."""
    yield "M10", (nw.col("positive"), nw.col("outcome"))
    yield "M11", (nw.col("disengaged"), nw.col("outcome"))
    yield "M12", (nw.col("stepped_up"), nw.col("sound"))
    for id, days in followed(q.rules).items():
        if id in columns:
            ripe = nw.col("end") + days <= q.today
            yield id, (some(ripe, id), some(ripe, "outcome"))
    if "answered" in columns:
        ripe = nw.col("end") + q.rules.feedback_days <= q.today
        yield "M27_rate", (some(ripe, "answered"), some(ripe, "n"))
    if "pairs" in columns:
        yield "M26", (nw.col("improved"), nw.col("pairs"))


def _families(q: Question) -> Iterator[pl.DataFrame]:
    """Needs of a family's episodes that closed in the same period are taken together: siblings are one family."""
    rows = q.facts["family_closure"].filter(nw.col("end") <= q.today, nw.col("end") >= q.earliest)
    keys = ["p", *q.by]
    rows = rows.select(*q.by, "kin", "needs", "resolved", p=q.within("end_m"))
    families = rows.group_by([*keys, "kin"]).agg(nw.col("needs").sum(), nw.col("resolved").sum())
    families = families.filter(nw.col("needs") >= q.rules.needs_at_baseline)
    marks = families.select(
        *keys, n=nw.lit(1), some=yes(nw.col("resolved") > 0), all=yes(nw.col("resolved") >= nw.col("needs"))
    )
    sums = added(marks, keys)
    wide = q.every(q.grouped(sums.with_columns(pl.col("p").cast(pl.Int64))))
    for id, part in (("M25", "some"), ("M25_all", "all")):
        if q.asks(id):
            yield counts(id, wide, part, "n")
