"""What a forum talks about when it meets: what is new in its area since the last meeting, and what is not done.

Takes the canonical case tables (`metrics.cases.CASE_TABLES`, a mapping of name → frame of any engine; a missing table
counts as empty), in which `episode` has the column `forum_area` (`metrics.activity.prepare` adds it). Days after
`as_at` are not known yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import polars as pl

from metrics.counting import collect
from metrics.estimates import OK, SCHEMA, conform
from metrics.journey_rows import drifting

Tables = Mapping[str, Any]

AHEAD = 28  # days: the usual time to the next meeting, where none is planned
# What is counted, in the order in which a forum takes it, and which direction is better.
COUNTED: Mapping[str, str] = {
    "new": "none",
    "stepped_up": "none",
    "drifting": "lower",
    "actions_overdue": "lower",
    "actions_to_do": "none",
    "reviews_overdue": "lower",
    "reviews_to_come": "none",
}


@dataclass(frozen=True, slots=True)
class SinceLast:
    """What one forum area has had since its last meeting. Every frame holds pseudonymous rows.

    `last` is the day of the last meeting up to `as_at` (None: never met; then everything counts), `until` the next one
    planned, else 28 days after `as_at`.
    new: `episode_id`, `family_id`, `start_date`, `level_at_start`, `lead_agency_id`, episodes begun since.
    stepped_up: `episode_id`, `family_id`, `date`, `from_level`, `to_level`, `accepted_date`, step ups since.
    drifting: `episode_id`, `family_id`, `start_date`, `drift_long`, `drift_reviews`, as `metrics.journeys.drift`.
    actions: `item_id`, `family_id`, `owner_agency_id`, `met` (where it was agreed), `due_date`, `overdue` (days, null
    where not), agreed up to the last meeting and not done; overdue first, the longest before the others.
    reviews: `review_id`, `episode_id`, `family_id`, `due_date`, `overdue`, of open episodes, due up to `until` and not
    held, one an episode: the first since the last that was held; overdue first.
    """

    forum_area: str
    as_at: date
    last: date | None
    until: date
    new: pl.DataFrame
    stepped_up: pl.DataFrame
    drifting: pl.DataFrame
    actions: pl.DataFrame
    reviews: pl.DataFrame

    def counts(self) -> dict[str, int]:
        """How many of each of `COUNTED`."""
        late = {name: rows["overdue"].is_not_null().sum() for name, rows in self._dated().items()}
        return {
            "new": self.new.height,
            "stepped_up": self.stepped_up.height,
            "drifting": self.drifting.height,
            "actions_overdue": late["actions"],
            "actions_to_do": self.actions.height - late["actions"],
            "reviews_overdue": late["reviews"],
            "reviews_to_come": self.reviews.height - late["reviews"],
        }

    def _dated(self) -> dict[str, pl.DataFrame]:
        return {"actions": self.actions, "reviews": self.reviews}


def since_last(tables: Tables, *, forum_area: str, as_at: date) -> SinceLast:
    """What a forum area has had since its last meeting.

    New is what began after the day of the last meeting and up to `as_at`. An action of an item is of the area whose
    forum agreed it; episodes, reviews and step ups are of the area in which the family lives.
    """
    last, until = meetings(tables, forum_area=forum_area, as_at=as_at)
    since = nw.lit(True) if last is None else nw.col("start_date") > last
    episodes = (
        nw.from_native(tables["episode"])
        .lazy()
        .filter(nw.col("forum_area") == forum_area, nw.col("end_reason").is_null() | (nw.col("end_reason") != "ERROR"))
    )
    new = episodes.filter(since, nw.col("start_date") <= as_at).select(
        "episode_id", "family_id", "start_date", "level_at_start", "lead_agency_id"
    )
    idle = drifting({**tables, "episode": episodes.to_native()}, as_at=as_at)
    idle = idle.filter(nw.col("drift_long") | nw.col("drift_reviews")).select(
        "episode_id", "family_id", "start_date", "drift_long", "drift_reviews"
    )
    return SinceLast(
        forum_area,
        as_at,
        last,
        until,
        _rows(new).sort("start_date", "episode_id"),
        _stepped_up(tables, episodes, last, as_at),
        _rows(idle).sort("start_date", "episode_id"),
        _actions(tables, forum_area, as_at),
        reviews_due(tables, episodes, as_at=as_at, until=until),
    )


def counts(tables: Tables, *, forum_areas: list[str], as_at: date) -> pl.DataFrame:
    """The same as counts of several areas: an estimates frame, measures of `COUNTED`, breakdown `forum_area`.

    The period is the day; what is since the last meeting covers another stretch in each area. Actions are counted as
    actions, the rest as episodes.
    """
    rows = [
        {"measure": measure, "group": area, "numerator": float(n), "value": float(n), "n": n}
        for area in forum_areas
        for measure, n in since_last(tables, forum_area=area, as_at=as_at).counts().items()
    ]
    frame = pl.DataFrame(rows, schema={c: SCHEMA[c] for c in ("measure", "group", "numerator", "value", "n")})
    return conform(
        frame.with_columns(
            breakdown=pl.lit("forum_area"),
            period=pl.lit(as_at.isoformat()),
            period_end=pl.lit(as_at),
            status=pl.lit(OK),
            method=pl.lit("count"),
        )
    )


def meetings(tables: Tables, *, forum_area: str, as_at: date) -> tuple[date | None, date]:
    """The day of the last meeting up to `as_at` (None: there was none), and of the next: planned, else in 28 days."""
    days: list[date] = []
    if "forum" in tables:
        met = nw.from_native(tables["forum"]).lazy().filter(nw.col("forum_area") == forum_area).select("date")
        days = sorted(set(_rows(met)["date"].drop_nulls().cast(pl.Date)))
    past, coming = [d for d in days if d <= as_at], [d for d in days if d > as_at]
    return (past[-1] if past else None), (coming[0] if coming else as_at + timedelta(days=AHEAD))


def _stepped_up(tables: Tables, episodes: nw.LazyFrame, last: date | None, as_at: date) -> pl.DataFrame:
    wanted = ["episode_id", "family_id", "date", "from_level", "to_level", "accepted_date"]
    if "step_event" not in tables:
        return _none(wanted)
    steps = (
        nw.from_native(tables["step_event"])
        .lazy()
        .filter(
            nw.col("direction") == "up",
            nw.col("date") <= as_at,
            nw.lit(True) if last is None else nw.col("date") > last,
        )
    )
    of_area = episodes.select("episode_id", of_episode="family_id")
    made = steps.join(of_area, on="episode_id").with_columns(family_id=nw.coalesce("family_id", "of_episode"))
    return _rows(made.select(wanted)).sort("date", "episode_id")


def _actions(tables: Tables, forum_area: str, as_at: date) -> pl.DataFrame:
    if "forum" not in tables or "forum_item" not in tables:
        return _none(["item_id", "family_id", "owner_agency_id", "met", "due_date"]).with_columns(
            overdue=pl.lit(None, pl.Int64)
        )
    met = nw.from_native(tables["forum"]).lazy().filter(nw.col("forum_area") == forum_area, nw.col("date") <= as_at)
    items = (
        nw.from_native(tables["forum_item"])
        .lazy()
        .filter(nw.col("done_date").is_null() | (nw.col("done_date") > as_at))
    )
    made = items.join(met.select("forum_id", met="date"), on="forum_id").select(
        "item_id", "family_id", "owner_agency_id", "met", "due_date"
    )
    return _overdue(_rows(made), as_at, "item_id")


def reviews_due(tables: Tables, episodes: Any, *, as_at: date, until: date) -> pl.DataFrame:
    """The reviews of these episodes that are due up to `until` and not held, as `SinceLast.reviews`."""
    episodes = nw.from_native(episodes, pass_through=True).lazy()
    if "review" not in tables:
        return _none(["review_id", "episode_id", "family_id", "due_date"]).with_columns(overdue=pl.lit(None, pl.Int64))
    running = episodes.filter(
        nw.col("start_date") <= as_at, nw.col("end_date").is_null() | (nw.col("end_date") > as_at)
    ).select("episode_id", "family_id")
    reviews = nw.from_native(tables["review"]).lazy().join(running, on="episode_id")
    held = reviews.filter(nw.col("held_date") <= as_at).group_by("episode_id").agg(held=nw.col("held_date").max())
    due = reviews.filter(nw.col("due_date") <= until, nw.col("held_date").is_null() | (nw.col("held_date") > as_at))
    due = due.join(held, on="episode_id", how="left")
    due = due.filter(nw.col("held").is_null() | (nw.col("due_date") > nw.col("held")))
    made = _rows(due.select("review_id", "episode_id", "family_id", "due_date"))
    first = made.sort("due_date", "review_id").unique("episode_id", keep="first", maintain_order=True)
    return _overdue(first, as_at, "review_id")


def _overdue(rows: pl.DataFrame, as_at: date, key: str) -> pl.DataFrame:
    """With `overdue`, days past the due date, null where it is not past; the longest first, then by due date."""
    late = pl.when(pl.col("due_date") < as_at).then((pl.lit(as_at) - pl.col("due_date")).dt.total_days())
    return rows.with_columns(late.alias("overdue")).sort("due_date", key, nulls_last=True)


def _rows(frame: nw.LazyFrame) -> pl.DataFrame:
    made = collect(frame)
    days = [c for c, kind in made.schema.items() if kind.is_temporal()]
    return made.with_columns(pl.col(days).cast(pl.Date))


def _none(columns: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        schema={c: pl.Date if c in {"met", "date"} or c.endswith("_date") else pl.String for c in columns}
    )
