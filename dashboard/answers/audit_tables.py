"""The canonical audit tables (`metrics.cases`) out of the rounds that are kept here: what Activity counts."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from dashboard.access import Scope
from dashboard.answers.audit_counts import kept_with_audits
from dashboard.answers.keep import the_store
from metrics.cases import CASE_TABLES

NAMES = ("audit_plan", "audit", "audit_answer", "audit_action")


@kept_with_audits
def tables(scope: Scope) -> Mapping[str, pl.DataFrame]:
    """`audit_plan`, `audit`, `audit_answer`, `audit_action` with the columns of `CASE_TABLES`; without rows where no
    round was ever opened here.

    Of an assessment that two people audited, the first audit; its second grade is for agreement alone. Thematic, dip
    and calibration sets are in no plan, so they count as audits and not as coverage of a sample. Ids are the store's.
    """
    store = the_store().audits
    rounds = store.rounds().filter(kind="quarterly").select("round_id", "due_date")
    plan = store.strata().join(rounds, on="round_id")
    audits = store.audits().filter(pl.col("kind") != "calibration", part=1)
    finished = audits.filter(pl.col("submitted_at").is_not_null())
    sampled = pl.col("round_id").is_in(rounds["round_id"].implode())
    audit = audits.with_columns(
        pl.when(sampled).then("round_id").alias("round_id"),
        pl.when(sampled).then("stratum").alias("stratum"),
        pl.col("submitted_at").dt.date().alias("completed_date"),
        pl.when(pl.col("parent_audit_id") > 0).then("parent_audit_id").alias("parent_audit_id"),
    )
    answers = (
        store.given()
        .join(finished, on="audit_id", how="semi")
        .filter(pl.col("answer").is_in(["yes", "partly", "no", "not_applicable"]))
    )
    made = {"audit_plan": plan, "audit": audit, "audit_answer": answers, "audit_action": store.actions()}
    return {name: _as_case(made[name], name) for name in NAMES}


def _as_case(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(pl.col(column).cast(kind) for column, kind in CASE_TABLES[name].columns.items())
