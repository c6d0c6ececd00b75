"""Agencies from their names, for files that have no list of them: which they are, and of what sort."""

from __future__ import annotations

import polars as pl

from metrics.cases import CASE_TABLES

from . import aliases


def from_names(frame: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`frame` with ids in place of the names, the table `agency`).

    `St. Mary’s Primary` and `st marys primary` are one agency, under the name that is written most often. The sort is
    told from its words (`case_aliases.csv`); without one that is known it is `other`.
    """
    schema = CASE_TABLES["agency"].schema
    if column not in frame.columns:
        return frame, pl.DataFrame(schema=schema)
    names = frame[column].drop_nulls().value_counts(sort=True).rename({column: "name"})
    names = names.sort(["count", "name"], descending=[True, False])
    plain = pl.col("name").str.to_lowercase().str.replace_all(r"['’`.]", "").str.replace_all(r"[^\p{L}\p{N}]+", "-")
    names = names.with_columns(plain.str.strip_chars("-").alias("agency_id"))
    sort = aliases.mapped(names["name"], "agency_type").fill_null("other").alias("agency_type")
    known = names.with_columns(sort, pl.lit(None, pl.String).alias("lsoa"))
    ids = frame[column].replace_strict(names["name"], names["agency_id"], default=None, return_dtype=pl.String)
    table = known.unique("agency_id", keep="first", maintain_order=True).select(schema.names()).cast(dict(schema))
    return frame.with_columns(ids.alias(column)), table
