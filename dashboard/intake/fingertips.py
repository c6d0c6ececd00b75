"""A Fingertips download: one row an indicator, area, sex, age, period and inequality category."""

from __future__ import annotations

import polars as pl

from .batch import Ledger
from .figures import Rows


def _filled(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars()


def read(frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger) -> Rows:
    """The feed is `fingertips:<indicator id>`. Where the file has several sexes, all but Persons get `:<sex>`; where it
    has several ages, each gets `:<age>`. Rows of an inequality category are kept under that category."""
    for column in ("sex", "age", "category_type", "category"):
        if column not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(column))
    sexes = _filled("sex").n_unique().over("indicator")
    ages = _filled("age").n_unique().over("indicator")
    sex = pl.when((sexes > 1) & (_filled("sex") != "Persons")).then(":" + _filled("sex")).otherwise(pl.lit(""))
    age = pl.when(ages > 1).then(":" + _filled("age")).otherwise(pl.lit(""))
    frame = frame.with_columns(
        pl.when(_filled("indicator") != "")
        .then("fingertips:" + _filled("indicator").str.replace(r"\.0+$", "") + sex + age)
        .alias("measure"),
        pl.when(_filled("category_type") != "")
        .then(_filled("category_type"))
        .otherwise(pl.lit("area"))
        .alias("breakdown"),
        pl.when(_filled("category_type") != "").then(_filled("category")).alias("group"),
    )
    split = frame.filter(pl.col("breakdown") != "area")
    if not split.is_empty():
        kinds = ", ".join(sorted(split["breakdown"].unique()))
        ledger.remarks.append(f"{split.height:,} rows are split by {kinds}: kept apart, not as figures of the area.")
    others = frame.filter(pl.col("measure").str.count_matches(":") > 1)["measure"].unique().sort()
    if len(others):
        ledger.remarks.append(f"Several sexes or ages, kept as measures of their own: {', '.join(others)}.")
    keep = (
        "line",
        "measure",
        "area_code",
        "area",
        "period",
        "value",
        "numerator",
        "denominator",
        "lower",
        "upper",
        "note",
    )
    wanted = [c for c in (*keep, "breakdown", "group") if c in frame.columns]
    return Rows(frame.select(wanted), {**columns, "measure": columns["indicator"]})
