"""Rows by postcode: each is put into its small area and the counts are added up, so that no postcode is kept."""

from __future__ import annotations

import polars as pl

from metrics.estimates import LOW, NOT_APPLICABLE, NOT_AVAILABLE, OK, PROVISIONAL, SUPPRESSED

from .batch import Ledger, plain
from .privacy import plain_postcode, postcode_to_lsoa

TENFOLDS = (1.0, 100.0, 1_000.0, 10_000.0, 100_000.0)  # what a rate may be given per
KEY = ["measure", "breakdown", "group", "period", "period_end"]
_VALUE_ALONE = "a figure by postcode needs its count (numerator): counts can be added up, and a value alone cannot"
_NO_DENOMINATOR = "other rows of this measure have a denominator and this one has none, so they cannot be added up"


def placed(frame: pl.DataFrame, column: str, ledger: Ledger) -> pl.DataFrame:
    """`frame` with `area`, the small area of 2021 that each postcode lies in, and `postcode` without spaces.

    Rows without a postcode, or with one that is not in the county's look-up, are refused, without the postcode itself:
    it may be a family's. `column`: what the file calls it.
    """
    blank = plain_postcode("postcode").fill_null("") == ""
    ledger.refuse(frame.filter(blank), column, "no postcode is given")
    frame = frame.filter(~blank)
    keyed = frame.with_columns(plain_postcode("postcode"), pl.col("postcode").alias("given"))
    found, lost = postcode_to_lsoa(keyed, "given", vintage=2021)
    ledger.faults.append(lost.with_columns(pl.lit(plain(column)).alias("column")))
    return found.join(lost.select("line"), on="line", how="anti", maintain_order="left").rename({"lsoa": "area"})


def countable(frame: pl.DataFrame, refuse) -> None:
    """Refuse the rows that cannot be added up to others: a value without its count, a count without its denominator."""
    marked = pl.any_horizontal(pl.col("told", "value_status", "numerator_status").is_not_null())
    alone = pl.col("numerator").is_null() & ~marked
    refuse(frame.filter(alone), "value", _VALUE_ALONE, "value")
    shares = pl.col("denominator").is_not_null().any().over("measure", "period_end")
    bare = pl.col("numerator").is_not_null() & pl.col("denominator").is_null() & pl.col("denominator_status").is_null()
    refuse(frame.filter(shares & bare & ~alone), "denominator", _NO_DENOMINATOR, None)


def added_up(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """One row a measure, split, small area and period: Σ numerator, Σ denominator, and the value that they give.

    Where the count of one row is hidden or missing, so is the sum. Limits are not given: they do not add up.
    """
    if frame.is_empty():
        return frame
    ledger.use(frame)
    status = pl.col("status")
    unknown = status.is_in([NOT_AVAILABLE, NOT_APPLICABLE, LOW]) | pl.col("numerator").is_null()
    made = (
        frame.with_columns(_scale().over("measure").alias("scale"))
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.col("line").first(),
            *(pl.when(~pl.col(c).has_nulls()).then(pl.col(c).sum()).alias(c) for c in ("numerator", "denominator")),
            pl.col("scale").first(),
            pl.col("value_type", "multiplier").first(),
            pl.when((status == SUPPRESSED).any())
            .then(pl.lit(SUPPRESSED))
            .when(unknown.any())
            .then(pl.lit(NOT_AVAILABLE))
            .when((status == PROVISIONAL).any())
            .then(pl.lit(PROVISIONAL))
            .otherwise(pl.lit(OK))
            .alias("status"),
            pl.col("note").drop_nulls().unique(maintain_order=True).str.join("; ").alias("note"),
            pl.len().alias("rows"),
        )
    )
    shown = pl.col("status").is_in([OK, PROVISIONAL])
    share = pl.col("scale") * pl.col("numerator") / pl.col("denominator")
    rows = pl.col("rows")
    value = pl.when(pl.col("denominator").is_null()).then("numerator").otherwise(share)
    ledger.remarks.append(
        f"Rows by postcode: {frame.height:,}, added up to {made.height:,} "
        f"{'figure' if made.height == 1 else 'figures'} of small areas of 2021; the postcodes are not kept. Rows that "
        "are refused are not in the sums."
    )
    return made.with_columns(
        pl.when(shown).then(value).alias("value"),
        *(pl.when(shown).then(pl.col(c)).alias(c) for c in ("numerator", "denominator")),
        pl.when(pl.col("note") != "").then("note").alias("note"),
        pl.format(
            "sum of {} {} by postcode", "rows", pl.when(rows == 1).then(pl.lit("row")).otherwise(pl.lit("rows"))
        ).alias("method"),
    )


def _scale() -> pl.Expr:
    """What one measure's values are given per: as defined, else the power of ten that its rows obey."""
    obeyed = (pl.col("value") * pl.col("denominator") / pl.col("numerator")).filter(pl.col("numerator") > 0).median()
    nearest = pl.lit(100.0)
    for tenfold in TENFOLDS:
        nearest = pl.when((obeyed / tenfold - 1).abs() < 0.02).then(pl.lit(tenfold)).otherwise(nearest)
    return pl.coalesce(pl.col("multiplier").first(), nearest)
