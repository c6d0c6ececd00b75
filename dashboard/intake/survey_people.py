"""Who answered, held against who was invited."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from metrics.questionnaire import ROLES

from . import numbers
from .batch import Ledger
from .headers import normal
from .survey_layout import Layout, words


def known_people(cells: pl.DataFrame, layout: Layout, invited: pl.DataFrame | None, ledger: Ledger) -> pl.DataFrame:
    """Rows of people who may answer, with `partner` and `role`; who is meant does not hang on capital letters."""
    title = {c: layout.title(at) for c, at in layout.columns.items()}
    cells = cells.with_columns(
        pl.lit(None, pl.String).alias(c) for c in ("partner", "role") if c not in cells.columns
    ).with_columns(pl.col("respondent").str.to_lowercase().alias("_key"))
    nobody = cells.filter(pl.col("respondent").is_null())
    ledger.refuse(nobody, title["respondent"], "no respondent: give the address or code that was invited")
    cells = cells.filter(pl.col("respondent").is_not_null())
    said = cells["role"].unique()
    read = pl.Series([words("role").get(normal(text)) for text in said], dtype=pl.String)
    cells = cells.with_columns(pl.col("role").replace_strict(said, read, return_dtype=pl.String).alias("_role"))
    if invited is None:
        return _from_file(cells, title, ledger)
    asked = invited.select(
        pl.col("respondent").str.strip_chars().str.to_lowercase().alias("_key"),
        pl.col("respondent").alias("_respondent"),
        pl.col("partner").alias("_partner"),
        pl.col("respondent_role").alias("_invited_role"),
    )
    cells = cells.join(asked, on="_key", how="left", validate="m:1", maintain_order="left")
    stranger = pl.col("_respondent").is_null()
    reason = "not invited to this round: invite them first, or write the address as it was invited"
    ledger.refuse(cells.filter(stranger), title["respondent"], reason)
    cells = cells.filter(~stranger)
    other = pl.col("partner").str.to_lowercase() != pl.col("_partner").str.to_lowercase()
    ledger.repair(cells.filter(other), title.get("partner", "partner"),
                  pl.format("invited for {}, which counts", "_partner"), value="partner")  # fmt: skip
    another = (pl.col("role").is_not_null() & (pl.col("_role") != pl.col("_invited_role"))).fill_null(True)
    another = another & pl.col("role").is_not_null()
    ledger.repair(cells.filter(another), title.get("role", "role"),
                  pl.format("invited as {}, which counts", "_invited_role"), value="role")  # fmt: skip
    return cells.with_columns(
        pl.col("_respondent").alias("respondent"),
        pl.col("_partner").alias("partner"),
        pl.col("_invited_role").alias("role"),
    )


def _from_file(cells: pl.DataFrame, title: Mapping[str, str], ledger: Ledger) -> pl.DataFrame:
    """Who answered as the file says it; a respondent has one partner and one role."""
    unsafe = numbers.formulas(pl.concat([cells[c] for c in ("respondent", "partner")]).drop_nulls().unique())
    first = {c: pl.col(c).first().over("_key") for c in ("partner", "_role")}
    faults = [
        ("respondent", pl.col("respondent").is_in(unsafe), "a formula, not an address or code"),
        ("partner", pl.col("partner").is_null(), "no partner: say for which organisation the answer is"),
        ("partner", pl.col("partner").is_in(unsafe), "a formula, not the name of a partner"),
        ("role", pl.col("_role").is_null(), f"no role that is known: it is one of {', '.join(ROLES)}"),
        ("partner", pl.col("partner") != first["partner"], "this respondent stands before with another partner"),
        ("role", pl.col("_role") != first["_role"], "this respondent stands before with another role"),
    ]
    bad = pl.lit(False)
    for column, fault, reason in faults:
        ledger.refuse(cells.filter(fault.fill_null(False)), title[column], reason,
                      value=None if column == "respondent" else column)  # fmt: skip
        bad = bad | fault.fill_null(False)
    return cells.filter(~bad).with_columns(
        pl.col("_role").alias("role"), pl.col("respondent").first().over("_key").alias("respondent")
    )
