"""Audits as Activity counts them: the canonical audit tables (`metrics.cases`) out of the rounds that are kept here.

Where a round was ever opened here, audits among the loaded records are left alone: the two are never mixed.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from dashboard.access import Scope
from dashboard.answers import case_records
from dashboard.answers.audit_counts import kept_with_audits, kept_with_records_and_audits
from dashboard.answers.keep import the_store
from metrics.activity import MEASURES, prepare
from metrics.audit import rules
from metrics.cases import CASE_TABLES
from metrics.counting import ALL
from metrics.estimates import LOW

NAMES = ("audit_plan", "audit", "audit_answer", "audit_action")
_PLACED_BY = ("agency", "family", "person", "episode", "assessment")
MEASURED = tuple(measure.id for measure in MEASURES.values() if set(measure.needs) <= set(NAMES))


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


@kept_with_audits
def kept_here(scope: Scope) -> bool:
    """Whether a round was ever opened here."""
    return not the_store().audits.rounds().is_empty()


@kept_with_records_and_audits
def placed(scope: Scope) -> Mapping[str, pl.DataFrame]:
    """What the measures `MEASURED` are reckoned from, with the columns that splits need."""
    records = case_records.tables(scope)
    if not kept_here(scope):
        return records
    around = {name: records.plain[name].collect().to_polars() for name in _PLACED_BY}
    return prepare({**around, **tables(scope)}, case_records.where(scope))


def restrained(estimates: pl.DataFrame) -> pl.DataFrame:
    """Estimates of `MEASURED` as they may be shown: a group of fewer than 10 audits is not judged, and how many a group
    had is never said. The same holds on Assessment quality, so that neither page tells what the other keeps.
    """
    key = ["breakdown", "group", "period"]
    audits = estimates.filter(measure="M19").select(*key, pl.col("n").alias("_audits"))
    rows = estimates.join(audits, on=key, how="left", maintain_order="left")
    whole = pl.col("breakdown") == ALL
    judged = whole | (pl.col("_audits") >= rules().least_audits).fill_null(False)
    return rows.with_columns(
        *(pl.when(whole).then(c).alias(c) for c in ("numerator", "denominator", "n")),
        *(pl.when(judged).then(c).alias(c) for c in ("value", "lower", "upper")),
        pl.when(judged).then("status").otherwise(pl.lit(LOW)).alias("status"),
    ).select(estimates.columns)


def _as_case(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(pl.col(column).cast(kind) for column, kind in CASE_TABLES[name].columns.items())
