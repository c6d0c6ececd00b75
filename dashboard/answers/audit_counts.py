"""What is counted of audits: finished rounds that were drawn by chance, each audit with its areas, year and quarter.

Everything here is kept under the audits' own version, which single answers do not raise.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from functools import partial

import polars as pl

from dashboard.access import Scope
from dashboard.answers import audit_templates, case_records
from dashboard.answers.keep import kept, kept_for_all, kept_with_records, the_store, versions
from metrics.audit import Template, grade
from metrics.audit.sampling import POPULATION

KIND_OF_SAMPLE: Mapping[str, str] = {"quarterly": POPULATION}  # the kinds that say something of all assessments


def state(scope: Scope) -> Hashable:
    """What answers about audits are kept under, beside the data version."""
    return versions().audits


kept_with_audits = partial(kept_for_all, state=state)
kept_with_audits_for_a_scope = partial(kept, state=state)
kept_with_records_and_audits = partial(kept_with_records, state=state)


@kept_with_audits
def audits(scope: Scope) -> pl.DataFrame:
    """The finished audits that count: a row each, of the first auditor, with what splits need.

    `audit_id`, `round_id`, `stratum`, `purpose`, `agency_id`, `agency_type`, `forum_area`, `final_grade`,
    `auditor_grade`, `moderator_grade`, `compliance` (%), `episode_id`, `completed_date`, `parent_audit_id` (null but
    for re-audits), `kind`, `as_at`, `year`, `quarter`, `template`, `version`. Of rounds that are closed, or in which
    nothing is left to do.
    """
    every = the_store().audits.audits()
    left = every.filter(pl.col("final_grade").is_null(), pl.col("closed_at").is_null(), part=1)["round_id"]
    rows = every.filter(
        pl.col("submitted_at").is_not_null(), ~pl.col("round_id").is_in(left.unique().implode()), part=1
    )
    placed = case_records.tables(scope)["assessment"].select("assessment_id", "agency_type", "forum_area")
    return (
        rows.join(placed, on="assessment_id", how="left", maintain_order="left")
        .join(compliance(scope), on="audit_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("kind").replace_strict(KIND_OF_SAMPLE, default=pl.col("kind")).alias("purpose"),
            pl.col("submitted_at").dt.date().alias("completed_date"),
            pl.when(pl.col("parent_audit_id") > 0).then("parent_audit_id").alias("parent_audit_id"),
            _of_days(year_of).alias("year"),
            _of_days(quarter_of).alias("quarter"),
        )
    )


@kept_with_audits
def sizes(scope: Scope) -> pl.DataFrame:
    """How many assessments each stratum of each round holds: `round_id`, `stratum`, `frame_size`."""
    return the_store().audits.strata().select("round_id", "stratum", "frame_size")


@kept_with_audits
def answers(scope: Scope) -> pl.DataFrame:
    """What was answered in finished audits: `audit_id`, `question`, `answer`."""
    return the_store().audits.given()


@kept_with_audits
def used(scope: Scope) -> tuple[Template, ...]:
    """The versions of the template that rounds used, the newest last."""
    rounds = the_store().audits.rounds().sort("round_id").select("template", "version").unique(maintain_order=True)
    return tuple(audit_templates.template(*row) for row in rounds.iter_rows())


@kept_with_audits
def compliance(scope: Scope) -> pl.DataFrame:
    """Of each audit, of 100 things that should be on the record, how many are: `audit_id`, `compliance`."""
    made = [pl.DataFrame(schema={"audit_id": pl.Int64, "compliance": pl.Float64})]
    versions = the_store().audits.audits().select("audit_id", "template", "version")
    for (id, version), ids in versions.group_by("template", "version", maintain_order=True):
        said = answers(scope).join(ids, on="audit_id", how="semi")
        if said.height:
            graded = grade(said, audit_templates.template(id, version))
            made.append(graded.select(pl.col("audit_id").cast(pl.Int64), pl.col("compliance").cast(pl.Float64)))
    return pl.concat(made)


def year_of(day: date) -> str:
    """The financial year of a day: `2025/26`."""
    first = day.year - (day.month < 4)
    return f"{first}/{(first + 1) % 100:02}"


def quarter_of(day: date) -> str:
    """The quarter of the financial year: `2025/26 Q3`."""
    return f"{year_of(day)} Q{(day.month - 4) % 12 // 3 + 1}"


def last_day(year: str) -> date:
    """The last day of a financial year."""
    return date(int(year[:4]) + 1, 3, 31)


def _of_days(name) -> pl.Expr:
    return pl.col("as_at").map_elements(name, return_dtype=pl.String)
