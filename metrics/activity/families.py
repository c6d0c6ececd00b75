"""What came to the same family: the next episode, the next referral, early help before a referral."""

from __future__ import annotations

import narwhals as nw

from metrics.activity.definitions import Rules
from metrics.activity.engine import yes


def next_after(known: nw.LazyFrame, later: nw.LazyFrame, name: str) -> nw.LazyFrame:
    """`episode_id` and `name`: the first day of `later` (`kin`, `day`) of the same family after the episode's end."""
    closed = known.filter(~nw.col("end").is_null(), ~nw.col("kin").is_null()).select("episode_id", "kin", "end")
    pairs = closed.join(later.filter(~nw.col("kin").is_null()), on="kin").filter(nw.col("day") > nw.col("end"))
    return pairs.group_by("episode_id").agg(nw.col("day").min().alias(name))


def links(calls: nw.LazyFrame, known: nw.LazyFrame | None, rules: Rules) -> nw.LazyFrame:
    """The referrals with marks `taken_up` and `earlier`.

    taken_up: an episode of the family was open on the day of closure or began within the limit of days after it.
    earlier: an episode began before the referral and was open on a day within the limit before it.
    An episode opened in error is none.
    """
    none = {"taken_up": nw.lit(0), "earlier": nw.lit(0)}
    if known is None:
        return calls.with_columns(**none).drop("referral_id", "kin")
    real = known.filter(~nw.col("kin").is_null(), nw.col("sound") == 1).select("kin", "start", "end")
    pairs = calls.filter(~nw.col("kin").is_null()).select("referral_id", "kin", "date", "closed").join(real, on="kin")
    still = nw.col("end").is_null()
    within = (nw.col("start") <= nw.col("closed") + rules.take_up_days) & (still | (nw.col("end") >= nw.col("closed")))
    before = (nw.col("start") < nw.col("date")) & (still | (nw.col("end") >= nw.col("date") - rules.earlier_days))
    found = pairs.select("referral_id", taken_up=yes(within), earlier=yes(before))
    found = found.group_by("referral_id").agg(nw.col("taken_up").max(), nw.col("earlier").max())
    rows = calls.join(found, on="referral_id", how="left").drop("referral_id", "kin")
    return rows.with_columns(nw.col(c).fill_null(0) for c in none)
