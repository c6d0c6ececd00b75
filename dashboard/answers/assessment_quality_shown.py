"""Everything that is shown of the quality of assessments: reckoned once, and hidden where a count is small.

What is counted are audits. A group of fewer than 10 is not judged, and how many a group had is never said.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from dashboard.access import PUBLISHED, Scope
from dashboard.answers import audit_counts, case_records, places
from dashboard.answers.audit_counts import kept_with_audits
from metrics.audit import estimate
from metrics.cases import AGENCY_TYPES
from metrics.counting import ALL, NOT_RECORDED
from metrics.disclosure import THRESHOLD
from metrics.estimates import SCHEMA, SUPPRESSED, conform, empty

EVERY = "all rounds"
SPLITS: Mapping[str, str] = {
    "agency_type": "Type of agency",
    "agency": "Agency",
    "forum_area": "Forum area",
}


@kept_with_audits
def figures(scope: Scope) -> pl.DataFrame:
    """An estimates frame of `audit_good`, `audit_good_plain`, `audit_inadequate` and `audit_compliance`: of each year
    and of all rounds for everybody and for each of `SPLITS`, of each quarter for everybody. Without rows before the
    first round is finished."""
    rows = audit_counts.audits(scope).rename({"agency_id": "agency"})
    if rows.filter(pl.col("purpose") == "population").is_empty():
        return empty()
    frame = audit_counts.sizes(scope)
    years = rows["year"].unique().sort().to_list()
    made = []
    for period in [EVERY, *years]:
        part = rows if period == EVERY else rows.filter(year=period)
        end = part["as_at"].max() if period == EVERY else audit_counts.last_day(period)
        held = frame.join(part, on="round_id", how="semi")
        for by in (None, *SPLITS):
            made.append(estimate(part, held, by=by, period=period, period_end=end))
    for (quarter,), part in rows.group_by("quarter", maintain_order=True):
        held = frame.join(part, on="round_id", how="semi")
        made.append(estimate(part, held, period=quarter, period_end=part["as_at"].max()))
    return safe(pl.concat(made))


def safe(estimates: pl.DataFrame) -> pl.DataFrame:
    """The same rows without a number of audits that is from 1 to 5, or that would give one away.

    Of a group it is said whether it had 10 audits or more, and never how many: so no group's number can be had by
    taking the others from the whole. The whole's own number goes where it is small, and that of all rounds with it.
    """
    whole = pl.col("breakdown") == ALL
    small = whole & pl.col("n").is_between(1, THRESHOLD - 1)
    gone = small | (whole & (pl.col("period") == EVERY) & small.any())
    bare = estimates.with_columns(
        *(pl.when(whole & ~gone).then(pl.col(c)).alias(c) for c in ("numerator", "denominator", "n")),
        *(pl.when(~gone).then(pl.col(c)).alias(c) for c in ("value", "lower", "upper")),
        pl.when(gone).then(pl.lit(SUPPRESSED)).otherwise("status").alias("status"),
    )
    return conform(bare, SCHEMA)


def names(scope: Scope) -> dict[str, dict[str, str]]:
    """Split → code → what it is called."""
    blank = {NOT_RECORDED: "Not recorded"}
    return {
        "agency_type": {**AGENCY_TYPES, **blank},
        "agency": {**case_records.agencies(PUBLISHED), **blank},
        "forum_area": {**places.names(PUBLISHED, "forum"), **blank},
    }
