"""Our own set of case tables, one file or sheet a table. docs/case-records.md describes every column."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from metrics.cases import CASE_TABLES

from . import repair, schemas, spells
from .rules import Account


def assemble(
    taken: Mapping[str, pl.DataFrame],
    accounts: Mapping[str, Account],
    *,
    as_at: date,
    known: Mapping[str, str] | None = None,  # agencies elsewhere: here each row names its own by its id
) -> dict[str, pl.DataFrame]:
    """The tables' cells → case tables, each key once, overlapping episodes made one, orphans listed."""
    tables = {name: table(frame, name, accounts[name], as_at=as_at) for name, frame in taken.items()}
    joined = episodes(tables, accounts)
    orphans(tables, accounts)
    for name, rows in tables.items():
        accounts[name].ledger.use(rows)
    if "episode" in accounts:
        accounts["episode"].ledger.use(joined)
    return tables


def table(frame: pl.DataFrame, name: str, account: Account, *, as_at: date) -> pl.DataFrame:
    """One table: cells read, rules held to, each key once."""
    rows = schemas.hold(repair.convert(frame, name, account), name, account, as_at=as_at)
    kept = spells.once(rows, name, account)
    account.ledger.use(rows)
    return kept


def episodes(tables: dict[str, pl.DataFrame], accounts: Mapping[str, Account]) -> pl.DataFrame:
    """Make one of the overlapping episodes of a child, or of a family where the system keeps families; what hung on the
    others hangs on that one then. Those that were opened in error stay apart. Gives the lines that were merged."""
    nothing = pl.DataFrame(schema={"line": pl.Int64, "into": pl.Int64})
    if "episode" not in tables:
        return nothing
    before = tables["episode"]
    whose = pl.when(pl.col("person_id").is_not_null()).then("person_id").otherwise("family_id")
    after, joined = spells.periods(
        before.with_columns(whose.alias("whose")),
        ["whose"],
        accounts["episode"],
        start="start_date",
        end="end_date",
        same="spell_same",
        overlap="spell_overlap",
        open_reaches=True,
        at_the_end=("end_reason", "level_at_end"),
        apart=pl.col("end_reason") == "ERROR",
    )
    tables["episode"] = after.drop("whose")
    if joined.is_empty():
        return nothing
    ids = before.select("line", "episode_id")
    moved = joined.join(ids, on="line").join(ids.rename({"line": "into", "episode_id": "stays"}), on="into")
    for name, frame in tables.items():
        if name != "episode" and "episode_id" in frame.columns:
            now = pl.col("episode_id").replace(moved["episode_id"], moved["stays"])
            tables[name] = frame.with_columns(now)
    return joined


def orphans(tables: Mapping[str, pl.DataFrame], accounts: Mapping[str, Account]) -> None:
    """List the rows that point to a record which is not there, where the file brings the table that it should be in.

    They are kept: the record may be in the system and not in the file, and the data quality page counts them.
    """
    for name, frame in tables.items():
        for column, other in CASE_TABLES[name].references.items():
            if other in tables:
                known = tables[other][CASE_TABLES[other].key[0]]
                lost = frame.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(known.implode()))
                accounts[name].note("orphan", lost, column, value=column, other=other.replace("_", " "))
