"""The estimates frame: the one shape in which every figure reaches a page, a file or a sheet of paper."""

from __future__ import annotations

import polars as pl

SCHEMA = pl.Schema(
    {
        "measure": pl.String,  # id in the definitions: a series id, or a feed id for figures as published
        "breakdown": pl.String,  # what it is split by: `area`, `agency`, `domain`, …
        "group": pl.String,  # the value of the split; areas are ONS codes or forum area codes
        "period": pl.String,  # label as published: `2018/19`, `2025`, `2024/25 Q4`
        "period_end": pl.Date,  # last day of the period, for ordering and as time in trends
        "numerator": pl.Float64,  # null where the publisher gives only a rate
        "denominator": pl.Float64,
        "value": pl.Float64,  # on the measure's own scale: 23.9 for 23.9%
        "lower": pl.Float64,  # 95% limits unless `method` says otherwise
        "upper": pl.Float64,
        "n": pl.Int64,  # records behind the value
        "status": pl.String,  # one of STATUSES
        "method": pl.String,  # `Wilson 95%`, `mean of 8 of 10 neighbours`, …
    }
)

OK, PROVISIONAL, SUPPRESSED, NOT_AVAILABLE, NOT_APPLICABLE, LOW = "ok", "provisional", "c", "x", "z", "low"
STATUSES = {
    OK: "published",
    PROVISIONAL: "provisional",
    SUPPRESSED: "hidden because the count is small",
    NOT_AVAILABLE: "not available",
    NOT_APPLICABLE: "not applicable",
    LOW: "too few to judge",
}

# Figures as an outside file gives them and the store keeps them: the same columns (`measure` is the feed's id, such as
# `lait:ReReferral`), and a remark that came with the row.
FIGURES = pl.Schema({**SCHEMA, "note": pl.String})


def conform(frame: pl.DataFrame, schema: pl.Schema = SCHEMA) -> pl.DataFrame:
    """Give `frame` exactly the columns of `schema`, in order and type; columns it lacks come as nulls.

    Columns that the schema does not know are left out. A column that cannot be cast raises `polars.exceptions`.
    """
    present = [pl.col(c).cast(t) if c in frame.columns else pl.lit(None, t).alias(c) for c, t in schema.items()]
    return frame.select(present)


def empty(schema: pl.Schema = SCHEMA) -> pl.DataFrame:
    """An estimates frame without rows."""
    return pl.DataFrame(schema=schema)
