"""Open episodes: plan in place, how many for each lead professional, drift (M04, M07, M09)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import Packing, is_polars, only
from metrics.activity.question import Question
from metrics.activity.tally import counts

_OPEN = 40_000  # later than any period: months since the year 0


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "episode" not in q.facts:
        return
    loads = {"M07": "worker", "M07_agency": "agency"}
    opened = None
    if q.asks("M07_open", "M09", *loads):
        opened = q.stood("episode_open")
    if q.asks("M07_open"):
        yield counts("M07_open", opened, "n")
    if q.asks("M04"):
        yield _planned(q)
    for id, who in loads.items():
        if q.asks(id):
            holders = distinct(q, who).rename({"n": "holders"})
            yield counts(id, _beside(opened, holders, "holders"), f"{who}_known", "holders")
    if q.asks("M09") and "idle" in q.facts:
        both = pl.concat([q.stood("long"), q.stood("idle")]).group_by("g", "p").agg(pl.col("n").sum().alias("drift"))
        yield counts("M09", _beside(opened, both, "drift"), "drift", "n")


def _beside(whole: pl.DataFrame, part: pl.DataFrame, name: str) -> pl.DataFrame:
    return whole.join(part, on=["g", "p"], how="left").with_columns(pl.col(name).fill_null(0))


def _planned(q: Question) -> pl.DataFrame:
    """An episode enters once it has been open for the limit of days; with a plan, once it has both."""
    due, planned = q.stood("plan_due"), q.stood("planned")
    return counts("M04", _beside(due, planned.rename({"n": "planned"}), "planned"), "planned", "n")


def distinct(q: Question, who: str, *, throughout: bool = False) -> pl.DataFrame:
    """`g`, `p`, `n`: how many different values of `who` have an episode open at each period's end; or, `throughout`,
    on any day of the period.

    Spells of the same one that overlap are laid together first, so that each counts once.
    """
    keys = [k for k in q.by if k != who]
    left = only(nw.col("end") <= q.today, q.within("end_m"))
    rows = q.facts["episode"].filter(nw.col("start") <= q.today, ~nw.col(who).is_null())
    rows = rows.filter(nw.col("end").is_null() | (nw.col("end") >= nw.col("start")))
    rows = rows.select(*keys, who=nw.col(who), enter=q.within("start_m"), exit=left)
    gone = nw.col("exit") + 1 if throughout else nw.col("exit")
    rows = rows.with_columns(exit=nw.when(nw.col("exit").is_null()).then(nw.lit(_OPEN)).otherwise(gone))
    rows = rows.filter(nw.col("exit") > nw.col("enter"))
    spells = (_sorted if is_polars(rows) else _windowed)(rows, [*keys, "who"])
    begin = nw.when(nw.col("before") > nw.col("enter")).then("before").otherwise("enter")
    spells = spells.with_columns(enter=begin).filter(nw.col("exit") > nw.col("enter"))
    spells = spells.with_columns(exit=only(nw.col("exit") < _OPEN, nw.col("exit")))
    spells = spells.rename({"who": who}) if who in q.by else spells
    return q.standing(q.moves(spells.select(*q.by, "enter", "exit")))


def _windowed(rows: nw.LazyFrame, one: list[str]) -> nw.LazyFrame:
    """Spells of the same one by their beginning, and `before`: how far those that began earlier reach."""
    spells = rows.group_by([*one, "enter"]).agg(nw.col("exit").max())
    spells = spells.with_columns(reach=nw.col("exit").cum_max().over(one, order_by="enter"))
    return spells.with_columns(before=nw.col("reach").shift(1).over(one, order_by="enter"))


def _sorted(rows: nw.LazyFrame, one: list[str]) -> nw.LazyFrame:
    """The same with Polars, whose windows are slow where there are many small ones: each row is one number (who, first
    and last period), sorted, and the furthest reach is carried down. The number of the one stands in front of the
    reach, so that it begins anew with the next."""
    frame: pl.DataFrame = nw.to_native(rows.select(*one, "enter", "exit")).collect(engine="streaming")
    laid = Packing.of(frame, [*one, "enter", "exit"])
    if laid is None:  # nobody, or too many to be numbered
        return _windowed(nw.from_native(frame.lazy()), one)
    last = laid.rooms[-1][-1]  # of how many values `exit` is
    both = last * laid.rooms[-2][-1]
    code, who, gone = pl.col("code"), pl.col("code") // both, pl.col("code") % last
    spells = frame.select(laid.code().sort().alias("code"))
    reach = spells.select((who * last + gone).cum_max().shift(1))
    spells = spells.with_columns(reach.to_series().alias("reach"))
    before = pl.when(pl.col("reach") // last == who).then(pl.col("reach") % last + laid.rooms[-1][2] - 1)
    return nw.from_native(spells.lazy().select(*laid.parts(code), before=before)).lazy()
