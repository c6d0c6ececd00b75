"""The frozen frame: the assessments that a sample is drawn from, as they stood on one day; and what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from metrics.activity import prepare
from metrics.counting import NOT_RECORDED

from .definitions import rules

OPEN, CLOSED = "open", "closed"

FRAME = pl.Schema(
    {
        "assessment_id": pl.String,
        "episode_id": pl.String,
        "family_id": pl.String,  # or the child, where no family is known
        "agency_id": pl.String,  # whose assessment it is
        "agency_type": pl.String,
        "forum_area": pl.String,  # code
        "state": pl.String,  # open or closed: the episode, on the day
        "start_date": pl.Date,
        "as_at": pl.Date,
    }
)
EXCLUDED = pl.Schema({"assessment_id": pl.String, "family_id": pl.String, "reason": pl.String})


class SamplingError(ValueError):
    """A sample that cannot be drawn so; the message is one sentence for the person who wanted it."""


def freeze(
    tables: Mapping[str, Any], *, as_at: date, begun: tuple[date, date] | None = None, places: Any = None
) -> pl.DataFrame:
    """The frame: assessments begun in the days `begun` (first, last), or at any time up to `as_at`, sorted by id.

    tables: case tables of any engine, prepared (`metrics.activity.prepare`) or, with `places`, as they come.
    An assessment is open while its episode is; without an episode, while it is not complete. What is not recorded is
    called so, for it is a group of the sample as well. Columns: `FRAME`.
    """
    if "kin" not in nw.from_native(tables["assessment"]).lazy().collect_schema().names():
        tables = prepare(tables, places)
    first, last = begun or (date.min, as_at)
    started = nw.col("start_date").cast(nw.Date)
    wanted = (started >= first) & (started <= min(last, as_at))
    rows = nw.from_native(tables["assessment"]).lazy().filter(wanted)
    rows = rows.select(
        "assessment_id", "episode_id", "agency_id", "agency_type", "forum_area", "complete_date",
        start_date=started, family_id=nw.col("kin"),
    )  # fmt: skip
    ended = nw.col("complete_date").cast(nw.Date)
    if "episode" in tables:
        ends = nw.from_native(tables["episode"]).lazy()
        ends = ends.select("episode_id", _end=nw.col("end_date").cast(nw.Date), _known=nw.lit(1))
        rows = rows.join(ends, on="episode_id", how="left")
        ended = nw.when(nw.col("_known") == 1).then(nw.col("_end")).otherwise(ended)
    rows = rows.with_columns(state=nw.when(ended <= as_at).then(nw.lit(CLOSED)).otherwise(nw.lit(OPEN)))
    found = rows.collect("polars").to_native()
    texts = [pl.col(c).cast(pl.String) for c in FRAME if FRAME[c] == pl.String]
    found = found.with_columns(*texts, pl.lit(as_at).alias("as_at"))
    groups = ("agency_type", "forum_area")
    found = found.with_columns(pl.col(c).fill_null(NOT_RECORDED) for c in groups)
    return found.select(pl.col(c).cast(t) for c, t in FRAME.items()).sort("assessment_id")


def exclude(
    frame: pl.DataFrame,
    *,
    as_at: date,
    reasons: pl.DataFrame | None = None,
    audited: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame without what is left out, and that, with the reason: `assessment_id`, `family_id`, `reason`.

    reasons: `assessment_id`, `reason`, given by a person (in court, a worker's own family, …). audited: `family_id`,
    `completed_date` of audits before: families of the 12 months up to `as_at`, and after it, are left out.
    Raises `SamplingError` for a reason that is empty or for an assessment that is not in the frame.
    """
    out = [pl.DataFrame(schema=EXCLUDED)]
    if reasons is not None and reasons.height:
        strange = reasons.join(frame, on="assessment_id", how="anti")
        if strange.height:
            raise SamplingError(
                f"Assessment {strange['assessment_id'][0]} is not in the frame, so it cannot be left out."
            )
        bare = reasons.filter(pl.col("reason").fill_null("").str.strip_chars() == "")
        if bare.height:
            raise SamplingError(f"Assessment {bare['assessment_id'][0]} is left out without a reason: give one.")
        chosen = frame.select("assessment_id", "family_id").join(reasons.unique("assessment_id"), on="assessment_id")
        out.append(chosen.select(EXCLUDED.names()))
    if audited is not None and audited.height:
        apart = rules().apart_months
        since = pl.lit(as_at).dt.offset_by(f"-{apart}mo")
        recent = audited.filter(pl.col("completed_date") > since).drop_nulls("family_id")
        recent = recent.group_by("family_id").agg(pl.col("completed_date").max())
        day = pl.col("completed_date").dt.strftime("%-d %B %Y")
        reason = pl.format("the family was audited on {}, and not twice in {} months", day, pl.lit(apart))
        again = frame.join(recent, on="family_id").with_columns(reason.alias("reason"))
        out.append(again.select(EXCLUDED.names()))
    left_out = pl.concat(out).unique("assessment_id", keep="first", maintain_order=True)
    return frame.join(left_out, on="assessment_id", how="anti", maintain_order="left"), left_out
