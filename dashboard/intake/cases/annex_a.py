"""Ofsted's Annex A, lists 1 to 3, as councils send it: contacts, early help assessments, referrals.

The lists are of children, and give neither families nor early help episodes: list 2 counts assessments. They have no
numbers of their own either, so a record is known by its child (hashed), day and organisation or source, and keeps its
number from one file to the next. Source: Ofsted, inspecting local authority children's services, Annex A.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from metrics.cases import CASE_TABLES

from . import agencies, repair, schemas, spells
from .rules import Account

PREFIX = "annex-a"
LISTS = {"assessment": ("start_date", "agency_id"), "contact": ("date", "source"), "referral": ("date", "source")}
ABOUT = ("sex", "ethnicity", "birth_month", "disability", "lsoa")


def assemble(
    taken: Mapping[str, pl.DataFrame],
    accounts: Mapping[str, Account],
    *,
    as_at: date,
    known: Mapping[str, str] | None = None,
) -> dict[str, pl.DataFrame]:
    """The lists' rows → case tables `person`, `agency`, `assessment`, `contact`, `referral`."""
    tables: dict[str, pl.DataFrame] = {}
    people: list[pl.DataFrame] = []
    for name, frame in taken.items():
        account = accounts[name]
        if name == "assessment":
            frame, tables["agency"] = agencies.from_names(frame, "agency_id", known)
        people.append(_about(frame, account))
        when, of = LISTS[name]
        no_child = frame.filter(pl.col("person_id").is_null())
        account.note("missing", no_child, "person_id")
        frame = repair.without(frame, [no_child.select("line")])
        rows = repair.convert(frame, name, account)
        number = pl.concat_str(
            pl.lit(PREFIX), "person_id", pl.col(when).dt.strftime("%Y%m%d"), of, separator=":", ignore_nulls=True
        )
        rows = rows.with_columns(number.alias(CASE_TABLES[name].key[0]))
        rows = schemas.hold(rows, name, account, as_at=as_at)
        tables[name] = _once(rows, name, account)
        account.ledger.use(rows)
    tables["person"] = _persons(people, accounts).filter(
        pl.col("person_id").is_in(pl.concat(tables[name]["person_id"] for name in taken).unique().implode())
    )
    if "assessment" in tables:
        tables["agency"] = tables["agency"].filter(
            pl.col("agency_id").is_in(tables["assessment"]["agency_id"].implode())
        )
    return tables


def _once(rows: pl.DataFrame, name: str, account: Account) -> pl.DataFrame:
    if name != "assessment":
        return spells.events(rows, ["person_id", "date", "source"], account, rule=f"{name}_same", column="date")
    rows, _ = spells.periods(
        rows,
        ["person_id", "agency_id"],
        account,
        start="start_date",
        end="complete_date",
        same="assessment_same",
        overlap="assessment_overlap",
        open_reaches=False,
    )
    return spells.once(rows, name, account)


def _about(frame: pl.DataFrame, account: Account) -> pl.DataFrame:
    """What a list says of its children, read with the account of that list."""
    known = [c for c in ABOUT if c in frame.columns]
    child = repair.convert(
        frame.filter(pl.col("person_id").is_not_null()).select("line", "person_id", *known), "person", account
    )
    return child.select("line", "person_id", *ABOUT)


def _persons(people: list[pl.DataFrame], accounts: Mapping[str, Account]) -> pl.DataFrame:
    """One row a child: of each thing what is given most often, the first of equals. What differs is listed."""
    rows = pl.concat(people)
    found = rows.select(pl.col("person_id").unique(maintain_order=True))
    for column in ABOUT:
        given = rows.filter(pl.col(column).is_not_null())
        counts = given.group_by("person_id", column, maintain_order=True).agg(pl.len().alias("n"))
        most = counts.sort("n", descending=True, maintain_order=True).unique(
            "person_id", keep="first", maintain_order=True
        )
        found = found.join(most.select("person_id", column), on="person_id", how="left", maintain_order="left")
        if column != "lsoa" and most.height < counts.height:
            other = given.join(most.select("person_id", column), on=["person_id", column], how="anti")
            for name, account in accounts.items():
                here = other.join(people[list(accounts).index(name)].select("line"), on="line", how="semi")
                account.note("person_differs", here, _header_of(column))
    found = found.with_columns(pl.lit("child").alias("role"))
    schema = CASE_TABLES["person"].schema
    return found.select(
        pl.col(c) if c in found.columns else pl.lit(None, dtype).alias(c) for c, dtype in schema.items()
    ).cast(dict(schema))


def _header_of(column: str) -> str:
    return "birth_date" if column == "birth_month" else column
