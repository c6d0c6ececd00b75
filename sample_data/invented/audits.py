"""Audits of assessments as case tables: what the audit rounds of `audit_rounds.py` leave in the records."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from . import audit_rounds
from .audit_rounds import Round
from .county import County

SAID = ("yes", "partly", "no", "not_applicable")  # answers that Activity counts; grades of questions and words are not


def audits(county: County, tables: dict[str, pl.DataFrame], scale: float) -> dict[str, pl.DataFrame]:
    """The four tables of audits, of assessments of the first part; a county audits no more because it is larger."""
    rounds = [r for r in audit_rounds.rounds(county, tables) if r.about["kind"] in ("quarterly", "re-audit")]
    first = [_first(r) for r in rounds]
    audit = pl.concat([_audits(r, kept) for r, kept in zip(rounds, first, strict=True)])
    answers = pl.concat([r.answers.join(kept, on="audit", how="semi") for r, kept in zip(rounds, first, strict=True)])
    actions = pl.concat([r.actions for r in rounds]).with_row_index("_n")
    number = pl.col("_n").cast(pl.String).str.zfill(6)
    return {
        "audit_plan": _plan([r for r in rounds if r.about["kind"] == "quarterly"], scale),
        "audit": audit,
        "audit_answer": answers.filter(pl.col("answer").is_in(list(SAID))).select(
            pl.col("audit").alias("audit_id"), "question", "answer"
        ),
        "audit_action": actions.select(
            ("INV-Y-" + number).alias("action_id"),
            pl.col("audit").alias("audit_id"),
            "owner_agency_id",
            "due_date",
            "done_date",
        ),
    }


def _first(made: Round) -> pl.DataFrame:
    """Of an assessment that two people audited, the first audit is the one in the records."""
    return made.audits.filter(pl.col("part") == 1)


def _audits(made: Round, kept: pl.DataFrame) -> pl.DataFrame:
    drawn = made.chosen.filter(~pl.col("replacement"))
    rows = kept.join(drawn, on="assessment_id", maintain_order="left")
    for kind in ("auditor", "moderator", "final"):
        grades = made.grades.filter(pl.col("kind") == kind).select("audit", pl.col("grade").alias(f"{kind}_grade"))
        rows = rows.join(grades, on="audit", how="left", maintain_order="left")
    again = made.about["kind"] == "re-audit"
    name = pl.lit(None if again else made.key, pl.String)
    return rows.select(
        pl.col("audit").alias("audit_id"),
        name.alias("round_id"),
        (pl.lit(None, pl.String) if again else pl.col("stratum")).alias("stratum"),
        "episode_id",
        "assessment_id",
        "agency_id",
        pl.col("submitted").alias("completed_date"),
        "auditor_grade",
        "moderator_grade",
        "final_grade",
        pl.col("parent").alias("parent_audit_id"),
    )


def _plan(rounds: Sequence[Round], scale: float) -> pl.DataFrame:
    """A row a round and stratum. A larger county has larger frames, audited no more."""
    parts = []
    for made in rounds:
        sizes = made.sampled.group_by("stratum").agg((pl.len() * max(1.0, scale)).round().alias("frame_size"))
        planned = made.chosen.filter(~pl.col("replacement")).group_by("stratum").agg(pl.len().alias("planned"))
        rows = sizes.join(planned, on="stratum").sort("stratum")
        named = (pl.lit(made.key).alias("round_id"), pl.lit(made.about["due_date"]).alias("due_date"))
        parts.append(rows.select(named[0], "stratum", named[1], "frame_size", "planned"))
    return pl.concat(parts)
