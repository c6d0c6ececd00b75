"""Episodes as journeys, a row an episode: levels before and after, whether it drifts, which family it belongs to.

Narwhals all through: the frames may be of Polars, pandas, DuckDB or PySpark. What is counted of these rows, and how the
words are meant, stands in `metrics.journeys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import narwhals as nw

from metrics.activity.definitions import activity_rules
from metrics.definition_files import csv_rows

REVIEWS = activity_rules().drift_reviews  # held in turn without a change of level: drift
UNKNOWN, ERROR = "UNKNOWN", "ERROR"  # codes of closure reasons that the reckoning itself needs
OUT_OF_OUTCOMES = ("exclude from outcome denominator", "exclude")  # polarities: moved away, opened in error
SOCIAL_CARE = 4  # the level of need that children's social care works at

Tables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an episode was closed. `polarity`: positive, neutral, escalation, disengaged, …, as the definitions say."""

    code: str
    label: str
    polarity: str

    @property
    def outcome(self) -> bool:
        """Whether it counts in the denominator of outcomes: not moved away, not opened in error."""
        return self.polarity not in OUT_OF_OUTCOMES


@cache
def closure_reasons() -> Mapping[str, Reason]:
    """Code → reason, in the order of `definitions/closure_reasons.csv`."""
    return {r["code"]: Reason(r["code"], r["label"], r["polarity"]) for r in csv_rows("closure_reasons.csv")}


def levels(tables: Tables, first: date, last: date) -> nw.LazyFrame:
    """The episodes open between two days, with `before`, `after` (levels, null unknown) and `open` at the end."""
    all_episodes = nw.from_native(tables["episode"]).lazy()
    episodes = sound(all_episodes).filter(
        nw.col("start_date") <= last, nw.col("end_date").is_null() | (nw.col("end_date") >= first)
    )
    spans = episodes.select("episode_id", opened="start_date", closed="end_date")
    begin = _order(nw.col("opened"))
    events = [
        spans.join(episodes.select("episode_id", level="level_at_start"), on="episode_id").select(
            "episode_id", at=begin * 10 + 2, level=_whole("level")
        )
    ]
    if "review" in tables:
        reviews = nw.from_native(tables["review"]).lazy().filter(nw.col("held_date") <= last)
        reviews = spans.join(reviews.select("episode_id", "held_date", level="level_after"), on="episode_id")
        reviews = reviews.filter(nw.col("closed").is_null() | (nw.col("held_date") <= nw.col("closed")))
        events.append(reviews.select("episode_id", at=_order(nw.col("held_date")) * 10 + 3, level=_whole("level")))
    if "step_event" in tables:
        steps = nw.from_native(tables["step_event"]).lazy().filter(nw.col("date") <= last)
        steps = spans.join(steps.select("episode_id", "date", "from_level", "to_level"), on="episode_id")
        steps = steps.filter(nw.col("closed").is_null() | (nw.col("date") <= nw.col("closed")))
        # A step on or before the first day is how the episode began.
        began = steps.filter(nw.col("date") <= nw.col("opened"))
        events.append(began.select("episode_id", at=begin * 10 + 1, level=_whole("from_level")))
        events.append(
            steps.filter(nw.col("date") > nw.col("opened")).select(
                "episode_id", at=_order(nw.col("date")) * 10 + 4, level=_whole("to_level")
            )
        )
    closing = episodes.filter(nw.col("end_date") <= last)
    finish = _order(nw.col("end_date")) * 10 + 5
    events.append(closing.select("episode_id", at=finish, level=_whole("level_at_end")))
    up = [code for code, reason in closure_reasons().items() if reason.polarity == "escalation"]
    unsaid = closing.filter(nw.col("level_at_end").is_null(), nw.col("end_reason").is_in(up))
    events.append(unsaid.select("episode_id", at=finish, level=nw.lit(SOCIAL_CARE, nw.Int64)))
    # The level rides along as the last digit of the moment, so that the latest moment brings its level whatever the
    # order of the rows.
    moments = nw.concat(events).filter(nw.col("level").is_between(1, 4))
    moments = moments.with_columns(code=nw.col("at") * 10 + nw.col("level"))
    found = moments.group_by("episode_id").agg(nw.col("code").min().alias("first"), nw.col("code").max().alias("last"))
    earlier = moments.filter(nw.col("code") < _ordered(first) * 100)
    earlier = earlier.group_by("episode_id").agg(earlier=nw.col("code").max())
    found = found.join(earlier, on="episode_id", how="left")
    joined = episodes.join(found, on="episode_id", how="left")
    return joined.with_columns(
        before=_last_digit(nw.coalesce("earlier", "first")),
        after=_last_digit(nw.col("last")),
        open=nw.col("end_date").is_null() | (nw.col("end_date") > last),
    )


def drifting(tables: Tables, *, as_at: date) -> nw.LazyFrame:
    """A row an episode open on that day, with all its columns and `drift_long`, `drift_reviews` (true or false)."""
    opened = sound(nw.from_native(tables["episode"]).lazy()).filter(
        nw.col("start_date") <= as_at, nw.col("end_date").is_null() | (nw.col("end_date") > as_at)
    )
    year_ago = _year_before(as_at)
    rows = opened.with_columns(drift_long=nw.col("start_date") < year_ago)
    if "review" not in tables:
        return rows.with_columns(drift_reviews=nw.lit(False))
    begun = opened.select("episode_id", at=_order(nw.col("start_date")) * 10 + 2, level=_whole("level_at_start"))
    reviews = nw.from_native(tables["review"]).lazy().filter(nw.col("held_date") <= as_at)
    reviews = reviews.join(opened.select("episode_id"), on="episode_id").select(
        "episode_id", at=_order(nw.col("held_date")) * 10 + 3, level=_whole("level_after")
    )
    moments = [begun.with_columns(review=nw.lit(0)), reviews.with_columns(review=nw.lit(1))]
    if "step_event" in tables:
        steps = nw.from_native(tables["step_event"]).lazy().filter(nw.col("date") <= as_at)
        steps = steps.join(opened.select("episode_id"), on="episode_id").select(
            "episode_id", at=_order(nw.col("date")) * 10 + 4, level=_whole("to_level")
        )
        moments.append(steps.with_columns(review=nw.lit(0)))
    every = nw.concat(moments)
    known = every.filter(~nw.col("level").is_null()).with_columns(
        previous=nw.col("level").shift(1).over("episode_id", order_by="at")
    )
    changed = known.filter(nw.col("level") != nw.col("previous"))
    changed = changed.group_by("episode_id").agg(nw.col("at").max().alias("changed"))
    idle = every.filter(nw.col("review") == 1).join(changed, on="episode_id", how="left")
    idle = idle.filter(nw.col("changed").is_null() | (nw.col("at") > nw.col("changed")))
    idle = idle.group_by("episode_id").agg(idle=nw.len())
    joined = rows.join(idle, on="episode_id", how="left")
    return joined.with_columns(drift_reviews=(nw.col("idle") >= REVIEWS).fill_null(False)).drop("idle")


def sound(episodes: nw.LazyFrame) -> nw.LazyFrame:
    """Without episodes opened in error and those that end before they start."""
    return episodes.filter(
        nw.col("end_reason").is_null() | (nw.col("end_reason") != ERROR),
        nw.col("end_date").is_null() | (nw.col("end_date") >= nw.col("start_date")),
    )


def with_family(frame: nw.LazyFrame, tables: Tables) -> nw.LazyFrame:
    """With `family`: the family, else that of the child, else the child, where a system keeps children alone."""
    if "person" not in tables:
        return frame.with_columns(family=nw.coalesce("family_id", "person_id"))
    people = nw.from_native(tables["person"]).lazy().select("person_id", of_person="family_id")
    return frame.join(people, on="person_id", how="left").with_columns(
        family=nw.coalesce("family_id", "of_person", "person_id")
    )


def _order(day: nw.Expr) -> nw.Expr:
    """A whole number that orders days, made of year, month and day: every engine reckons it alike."""
    return ((day.dt.year().cast(nw.Int64) * 12 + day.dt.month()) * 32 + day.dt.day()).cast(nw.Int64)


def _last_digit(number: nw.Expr) -> nw.Expr:
    """Without `%`, which pandas does not know for Arrow's numbers."""
    return number - number // 10 * 10


def _ordered(day: date) -> int:
    """The same of one day."""
    return (day.year * 12 + day.month) * 32 + day.day


def _whole(column: str) -> nw.Expr:
    return nw.col(column).cast(nw.Int64)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
