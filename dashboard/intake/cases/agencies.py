"""Agencies from their names, for files that have no list of them: which they are, and of what sort."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from metrics.cases import CASE_TABLES

from . import aliases


def from_names(
    frame: pl.DataFrame, column: str, known: Mapping[str, str] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`frame` with ids in place of the names, the table `agency` of those that are new).

    `St. Mary’s Primary` and `st marys primary` are one agency, under the name that is written most often; it has the id
    that it has already in `known` (id → name), where one agency there, and only one, is called so. The sort is told
    from its words (`case_aliases.csv`); without one that is known it is `other`.
    """
    schema = CASE_TABLES["agency"].schema
    if column not in frame.columns:
        return frame, pl.DataFrame(schema=schema)
    names = frame[column].drop_nulls().value_counts(sort=True).rename({column: "name"})
    names = names.sort(["count", "name"], descending=[True, False]).with_columns(_plain("name").alias("plain"))
    names = names.join(_by_name(known or {}), on="plain", how="left", maintain_order="left")
    sort = aliases.mapped(names["name"], "agency_type").fill_null("other").alias("agency_type")
    names = names.with_columns(pl.coalesce("known", "plain").alias("agency_id"), sort)
    ids = frame[column].replace_strict(names["name"], names["agency_id"], default=None, return_dtype=pl.String)
    fresh = names.filter(pl.col("known").is_null() | (pl.col("known") == pl.col("plain")))
    fresh = fresh.unique("agency_id", keep="first", maintain_order=True).with_columns(lsoa=pl.lit(None, pl.String))
    return frame.with_columns(ids.alias(column)), fresh.select(schema.names()).cast(dict(schema))


def _plain(column: str) -> pl.Expr:
    """`St. Mary’s Primary` → `st-marys-primary`."""
    plain = pl.col(column).str.to_lowercase().str.replace_all(r"['’`.]", "")
    return plain.str.replace_all(r"[^\p{L}\p{N}]+", "-").str.strip_chars("-")


def _by_name(known: Mapping[str, str]) -> pl.DataFrame:
    """`plain` → `known`, the id of the one agency that is called so."""
    table = pl.DataFrame({"known": list(known), "name": list(known.values())}, schema=["known", "name"], strict=False)
    table = table.cast(pl.String).drop_nulls().select(_plain("name").alias("plain"), "known")
    return table.filter(pl.col("plain") != "", pl.len().over("plain") == 1)
