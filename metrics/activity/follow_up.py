"""What a measure cannot count yet, and who waits: closures not followed up in full, assessments overdue today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules, activity_rules
from metrics.activity.engine import day, fetched, yes
from metrics.activity.progress import followed
from metrics.counting import ALL, CROSS
from metrics.working_days import overdue_from, working_days

COLUMNS = ("measure", "breakdown", "group", "period", "period_end", "mature", "immature")


def immature(
    tables: Mapping[str, Any],
    *,
    as_at: date,
    period: str = "month",
    by: str | Sequence[str] = (),
    measures: Sequence[str] | None = None,
    rules: Rules | None = None,
) -> pl.DataFrame:
    """How many rows of each period count and how many do not yet: COLUMNS, for the measures that follow up (`M13_6`,
    `M13_12`, `M14`, `M15`, `M16`, `M23`, `M27_rate`). Arguments as for `metrics.activity.measures`.
    """
    from metrics.activity import question

    q = question(tables, as_at=as_at, period=period, by=by, measures=measures, rules=rules)
    asked = {id: ("closure", "end", days, nw.col("outcome")) for id, days in followed(q.rules).items()}
    asked["M27_rate"] = ("closure", "end", q.rules.feedback_days, nw.col("n"))
    asked["M16"] = ("step_down", "closed", q.rules.take_up_days, nw.col("n"))
    poor = yes(nw.col("final_grade") == q.rules.inadequate_grade)
    asked["M23"] = ("audit", "done", q.rules.re_audit_days, poor)
    found = []
    for id, (fact, when, days, many) in asked.items():
        if q.asks(id) and fact in q.facts:
            ripe = nw.col(when) + days <= q.today
            rows = q.every(q.happened(fact, when, {"mature": many * yes(ripe), "immature": many * (1 - yes(ripe))}))
            rows = rows.join(q.calendar(rows["p"]).drop("status"), on="p").with_columns(
                measure=pl.lit(id), breakdown=pl.lit(CROSS.join(q.by) or ALL), group=pl.col("g")
            )
            found.append(rows.select(COLUMNS))
    kinds = [pl.String] * 4 + [pl.Date] + [pl.Float64] * 2
    none = pl.DataFrame(schema=dict(zip(COLUMNS, kinds, strict=True)))
    counted = pl.concat([none, *found]).with_columns(pl.col("mature", "immature").cast(pl.Int64))
    return counted.sort("measure", "group", "period_end")


def overdue(tables: Mapping[str, Any], *, as_at: date, rules: Rules | None = None) -> pl.DataFrame:
    """The list behind M03: assessments open on a day for more working days than the limit, the longest first.

    Gives `assessment_id`, `episode_id`, `agency_id`, `start_date`, `working_days`. Takes tables of any engine, prepared
    or not. For those alone who may see cases.
    """
    rules = rules or activity_rules()
    names = ["assessment_id", "episode_id", "agency_id", "start_date"]
    if tables.get("assessment") is None:
        kinds = [pl.String] * 3 + [pl.Date, pl.Int64]
        return pl.DataFrame(schema=dict(zip([*names, "working_days"], kinds, strict=True)))
    frame = nw.from_native(tables["assessment"]).lazy()
    today = (as_at - date(1970, 1, 1)).days
    late = overdue_from(rules.assessment_working_days).filter(pl.col("overdue") <= today)["start"].max()
    rows = frame.with_columns(_start=day(frame, "start_date"), _done=day(frame, "complete_date"))
    rows = rows.filter(nw.col("_start") <= late, nw.col("_done").is_null() | (nw.col("_done") > today))
    if tables.get("episode") is not None:
        episodes = nw.from_native(tables["episode"]).lazy()
        rows = rows.join(episodes.select("episode_id", _end=day(episodes, "end_date")), on="episode_id", how="left")
        ended = nw.col("_end")
        rows = rows.filter(ended.is_null() | (ended > today) | (ended < nw.col("_start")))
    made = fetched(rows.select(*names)).with_columns(pl.col("start_date").cast(pl.Date))
    made = made.with_columns(working_days=working_days("start_date", pl.lit(as_at)))
    return made.sort("working_days", "assessment_id", descending=[True, False])
