"""The strategy's indicator Y1, “EHAs completed by all partners being of a good standard”, from finished audits."""

from __future__ import annotations

import polars as pl

from dashboard.access import PUBLISHED, Scope
from dashboard.answers import assessment_quality_shown as shown
from dashboard.answers import case_records
from metrics.counting import ALL
from metrics.estimates import FIGURES, conform

COUNTY = "E10000021"


def figures(scope: Scope) -> pl.DataFrame:
    """A row a financial year: the columns of `metrics.estimates.FIGURES`, and `standing`; of the county alone.

    `value` in per cent of assessments, weighted by the sample's design, as the page “Assessment quality” gives it.
    There is no numerator: a share of a sample in groups is not one count of another, and a test on counts would take
    the figure to be surer than its interval says.
    """
    rows = shown.figures(PUBLISHED).filter(
        pl.col("measure") == "audit_good", pl.col("breakdown") == ALL, pl.col("period").str.contains(r"^\d{4}/\d\d$")
    )
    standing = "invented" if case_records.invented(PUBLISHED) else "local"
    made = rows.sort("period_end").with_columns(
        pl.lit("area").alias("breakdown"),
        pl.lit(COUNTY).alias("group"),
        pl.lit(None, pl.Float64).alias("numerator"),
        pl.lit(None, pl.Float64).alias("denominator"),
        pl.format("{} audits of samples drawn by chance.", pl.col("n")).alias("note"),
    )
    return conform(made, FIGURES).with_columns(pl.lit(standing).alias("standing"))
