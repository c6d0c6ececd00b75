"""Closed episodes: how they ended, what came after, needs, readings, feedback (M10 to M15, M25, M26, M27's rate)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules
from metrics.activity.engine import fetched, yes
from metrics.activity.question import Question
from metrics.activity.tally import counts, mean_change

_NEEDS = {"M13_6": ("referral",), "M13_12": ("referral",), "M14": (), "M15": ("referral",)}


def followed(rules: Rules) -> Mapping[str, int]:
    """Measure → days for which its closures must have been followed."""
    return {
        "M13_6": rules.step_up_days[0],
        "M13_12": rules.step_up_days[1],
        "M14": rules.return_days,
        "M15": rules.return_days,
    }


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    """One pass over the closures gives them all but those that count families."""
    if "episode" not in q.facts:
        return
    columns = set(q.facts["episode"].collect_schema().names())
    shares = dict(_shares(q, columns))
    wanted = {i: pair for i, pair in shares.items() if q.asks(i)}
    parts = {f"{i}_{side}": expr for i, pair in wanted.items() for side, expr in zip("ud", pair, strict=True)}
    moved = "pairs" in columns and q.asks("M26_change")
    if moved:
        parts |= {c: nw.col(c).fill_null(0) for c in ("pairs", "change", "change_squared")}
    if parts:
        closed = q.every(q.happened("episode", "end", parts))
        for id in wanted:
            yield counts(id, closed, f"{id}_u", f"{id}_d")
        if moved:
            yield mean_change("M26_change", closed)
    if "needs" in columns and q.asks("M25", "M25_all"):
        yield from _families(q)


def _shares(q: Question, columns: set[str]) -> Iterator[tuple[str, tuple[nw.Expr, nw.Expr]]]:
    """Measure → what each closure adds to numerator and denominator."""
    outcome, sound = nw.col("outcome"), nw.col("sound")
    yield "M10", (nw.col("positive"), outcome)
    yield "M11", (nw.col("disengaged"), outcome)
    yield "M12", (nw.col("stepped_up"), sound)
    for id, days in followed(q.rules).items():
        if not {"next_referral"} - columns or not _NEEDS[id]:
            cohort = (outcome == 1) & (nw.col("end") + days <= q.today)
            yield id, (yes(cohort & came(id, days)), yes(cohort))
    if "answered" in columns:
        ripe = nw.col("end") + q.rules.feedback_days <= q.today
        yield "M27_rate", (yes(ripe & (nw.col("answered") <= nw.col("end") + q.rules.feedback_days)), yes(ripe))
    if "pairs" in columns:
        yield "M26", (nw.col("improved").fill_null(0), nw.col("pairs").fill_null(0))


def came(id: str, days: int) -> nw.Expr:
    """Whether what the measure counts came within so many days of the closure (`next_…` is later than the closure)."""
    back = ~nw.col("next_episode").is_null() & (nw.col("next_episode") <= nw.col("end") + days)
    if id == "M14":
        return back
    up = ~nw.col("next_referral").is_null() & (nw.col("next_referral") <= nw.col("end") + days)
    return up if id.startswith("M13") else ~(back | up)


def _families(q: Question) -> Iterator[pl.DataFrame]:
    """Needs of a family's episodes that closed in the same period are taken together: siblings are one family."""
    rows = q.facts["episode"].filter(
        nw.col("end") <= q.today, nw.col("end") >= q.earliest, nw.col("outcome") == 1, nw.col("needs") > 0,
        ~nw.col("kin").is_null(),
    )  # fmt: skip
    keys = ["p", *q.by]
    rows = rows.select(*q.by, "kin", "needs", "resolved", p=q.within("end_m"))
    families = rows.group_by([*keys, "kin"]).agg(nw.col("needs").sum(), nw.col("resolved").sum())
    families = families.filter(nw.col("needs") >= q.rules.needs_at_baseline)
    marks = families.select(
        *keys, n=nw.lit(1), some=yes(nw.col("resolved") > 0), all=yes(nw.col("resolved") >= nw.col("needs"))
    )
    sums = fetched(marks.group_by(keys).agg(nw.col(c).sum() for c in ("n", "some", "all")))
    wide = q.every(q.grouped(sums.with_columns(pl.col("p").cast(pl.Int64))))
    for id, part in (("M25", "some"), ("M25_all", "all")):
        if q.asks(id):
            yield counts(id, wide, part, "n")
