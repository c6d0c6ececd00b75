"""What became of audits: actions on time and verified, re-audits, and whether families say what the record says."""

from __future__ import annotations

from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from metrics.activity.definitions import activity_rules
from metrics.audit.grading import GOOD, INADEQUATE
from metrics.counting import ALL, shares

GOOD_OR_BETTER, BELOW_GOOD = "good or better", "below good"
FAMILY = ("child", "parent")


def actions_done(
    actions: pl.DataFrame, audits: pl.DataFrame | None = None, *, as_at: date, period: str = ""
) -> pl.DataFrame:
    """Estimates frame of `audit_actions_on_time`, `audit_actions_verified`, `audit_actions_overdue` and, with the
    audits, `audit_repeated`, as they stand at the end of `as_at`.

    actions: `due_date`, `done_date` (null: not done) and, where there is one, `verified_date` (null: nobody else has).
    audits: `audit_id`, `completed_date`, `final_grade`, `parent_audit_id`. Shares in %, Wilson 95%, higher is better.
    """
    done = pl.col("done_date") <= as_at
    due = pl.col("due_date") <= as_at
    in_time = done & (pl.col("done_date") <= pl.col("due_date"))
    rows: list[tuple[str, int, int | None]] = [
        ("audit_actions_on_time", _count(actions, due & in_time), _count(actions, due)),
        ("audit_actions_overdue", _count(actions, (pl.col("due_date") < as_at) & ~done.fill_null(False)), None),
    ]
    if "verified_date" in actions.columns:
        verified = done & (pl.col("verified_date") <= as_at)
        rows.insert(1, ("audit_actions_verified", _count(actions, verified), _count(actions, done)))
    if audits is not None:
        ripe = _again(audits).filter(pl.col("limit") <= as_at)
        rows.append(("audit_repeated", _count(ripe, pl.col("repeated") <= pl.col("limit")), ripe.height))
    schema = {"measure": pl.String, "numerator": pl.Float64, "denominator": pl.Float64}
    made = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.lit(ALL).alias("group"), pl.lit(period).alias("period"), pl.lit(as_at).alias("period_end"),
        pl.lit("ok").alias("status"),
    )  # fmt: skip
    return shares(made, breakdown=ALL)


def follow_up(audits: pl.DataFrame, actions: pl.DataFrame, *, as_at: date) -> pl.DataFrame:
    """Inadequate audits and what is still owed: `audit_id`, `without_action`, `re_audit_due` (day), `re_audit_late`.

    audits: `audit_id`, `completed_date`, `final_grade`, `parent_audit_id`; actions: `audit_id`. Only those that have no
    action yet, or have not been repeated by `as_at`.
    """
    acted = actions.select("audit_id").unique().with_columns(pl.lit(True).alias("_acted"))
    poor = _again(audits).join(acted, on="audit_id", how="left", maintain_order="left")
    poor = poor.filter(pl.col("completed_date") <= as_at)
    again = (pl.col("repeated") <= as_at).fill_null(False)
    found = poor.select(
        "audit_id",
        pl.col("_acted").is_null().alias("without_action"),
        pl.when(~again).then("limit").alias("re_audit_due"),
        (~again & (pl.col("limit") < as_at)).alias("re_audit_late"),
    )
    return found.filter(pl.col("without_action") | pl.col("re_audit_due").is_not_null())


def quality_and_feedback(
    audits: pl.DataFrame, feedback: Any, *, period: str = "", period_end: date | None = None
) -> pl.DataFrame:
    """Do families of well-graded assessments say more good of the help? Estimates frame of `audit_feedback_positive`.

    audits: `episode_id`, `final_grade`, `parent_audit_id`. feedback: the case table, of any engine; only what children
    and parents said counts, averaged in the episode; 4 and above of 5 is positive. Breakdown `final_grade`, groups
    `good or better` and `below good`; n: assessments with feedback. Shares in %, Wilson 95%.
    """
    said = (
        nw.from_native(feedback)
        .lazy()
        .filter(nw.col("respondent").is_in(list(FAMILY)), ~nw.col("episode_id").is_null())
    )
    means = said.group_by("episode_id").agg(nw.col("score").mean().alias("mean")).collect("polars").to_native()
    first = audits.filter(pl.col("parent_audit_id").is_null()).drop_nulls(["final_grade", "episode_id"])
    both = first.unique("episode_id", keep="last", maintain_order=True).join(means, on="episode_id")
    good = pl.when(pl.col("final_grade") >= GOOD).then(pl.lit(GOOD_OR_BETTER)).otherwise(pl.lit(BELOW_GOOD))
    both = both.with_columns(good.alias("group"))
    positive = pl.col("mean") >= activity_rules().positive_score
    rows = [
        (
            "audit_feedback_positive",
            g,
            _count(both, positive & (pl.col("group") == g)),
            _count(both, pl.col("group") == g),
        )
        for g in (GOOD_OR_BETTER, BELOW_GOOD)
    ]
    schema = {"measure": pl.String, "group": pl.String, "numerator": pl.Float64, "denominator": pl.Float64}
    made = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.lit(period).alias("period"), pl.lit(period_end, pl.Date).alias("period_end"), pl.lit("ok").alias("status")
    )
    return shares(made, breakdown="final_grade")


def _again(audits: pl.DataFrame) -> pl.DataFrame:
    """Inadequate audits with `limit`, the last day for the re-audit, and `repeated`, the day of it."""
    limit = pl.col("completed_date").dt.offset_by(f"{activity_rules().re_audit_days}d")
    repeats = audits.drop_nulls(["parent_audit_id", "completed_date"]).group_by("parent_audit_id")
    repeats = repeats.agg(pl.col("completed_date").min().alias("repeated"))
    poor = audits.filter(pl.col("final_grade") == INADEQUATE).drop_nulls("completed_date")
    poor = poor.with_columns(limit.alias("limit")).drop("parent_audit_id")
    return poor.join(repeats, left_on="audit_id", right_on="parent_audit_id", how="left", maintain_order="left")


def _count(frame: pl.DataFrame, test: pl.Expr) -> int:
    return int(frame.select(test.fill_null(False).sum()).item())
