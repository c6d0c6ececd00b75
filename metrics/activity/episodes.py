"""Open episodes: plan in place, how many for each lead professional, drift (M04, M07, M09)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import is_polars, only, yes
from metrics.activity.question import Question
from metrics.activity.tally import counts

_OPEN = 40_000  # later than any period: months since the year 0
_LATEST = 1 << 16  # beyond that


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "episode" not in q.facts:
        return
    loads = {"M07": "worker", "M07_agency": "agency"}
    opened = None
    if q.asks("M07_open", "M09", *loads):
        opened = q.stood("episode", also={f"{who}_known": yes(~nw.col(who).is_null()) for who in loads.values()})
    if q.asks("M07_open"):
        yield counts("M07_open", opened, "n")
    if q.asks("M04"):
        yield _planned(q)
    for id, who in loads.items():
        if q.asks(id):
            holders = distinct(q, who).rename({"n": "holders"})
            yield counts(id, _beside(opened, holders, "holders"), f"{who}_known", "holders")
    if q.asks("M09") and "drift" in q.facts:
        long, idle = q.stood("episode", "year"), q.stood("drift", "enter", "exit")
        both = pl.concat([long, idle]).group_by("g", "p").agg(pl.col("n").sum().alias("drift"))
        yield counts("M09", _beside(opened, both, "drift"), "drift", "n")


def _beside(whole: pl.DataFrame, part: pl.DataFrame, name: str) -> pl.DataFrame:
    return whole.join(part, on=["g", "p"], how="left").with_columns(pl.col(name).fill_null(0))


def _planned(q: Question) -> pl.DataFrame:
    """An episode enters once it has been open for the limit of days; with a plan, once it has both."""
    due, planned = q.stood("episode", "plan_due"), q.stood("episode", "planned")
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
    return q.standing(q.moves(spells))


def _windowed(rows: nw.LazyFrame, one: list[str]) -> nw.LazyFrame:
    """Spells of the same one by their beginning, and `before`: how far those that began earlier reach."""
    spells = rows.group_by([*one, "enter"]).agg(nw.col("exit").max())
    spells = spells.with_columns(reach=nw.col("exit").cum_max().over(one, order_by="enter"))
    return spells.with_columns(before=nw.col("reach").shift(1).over(one, order_by="enter"))


def _sorted(rows: nw.LazyFrame, one: list[str]) -> nw.LazyFrame:
    """The same with Polars, whose windows are slow where there are many small ones: sorted once, and the furthest reach
    carried down. The number of the one stands in front of the reach, so that it begins anew with the next."""
    frame: pl.LazyFrame = nw.to_native(rows)
    number = pl.lit(0, pl.Int64)
    spells = frame.with_columns(pl.col("enter", "exit").cast(pl.Int64)).collect(engine="streaming")
    for column in one:
        code = spells[column]
        code = (code.to_physical() if code.dtype == pl.Categorical else code.rank("dense")).cast(pl.Int64)
        number = number * ((code.max() or 0) + 1) + pl.lit(code)
    spells = spells.with_columns(number.alias("one"))
    if (spells["one"].max() or 0) >= 1 << 31:  # too large for what follows: numbered anew without gaps
        spells = spells.with_columns(pl.col("one").rank("dense").cast(pl.Int64))
    # One whole number a row (who, first and last period), so that sorting compares nothing else.
    spells = spells.with_columns(key=(pl.col("one") * _LATEST + pl.col("enter")) * _LATEST + pl.col("exit"))
    spells = spells.sort("key")
    reach = (pl.col("one") * _LATEST + pl.col("exit")).cum_max().shift(1)
    before = pl.when(reach // _LATEST == pl.col("one")).then(reach % _LATEST)
    return nw.from_native(spells.lazy().with_columns(before=before)).lazy()
