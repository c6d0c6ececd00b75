"""The standard safeguarding dataset: early help episodes, families and persons, contacts and children-in-need episodes.

It counts episodes of children, and has no early help assessments: none are made up from episodes. Its organisations are
names, which become agencies. Source: Data to Insight, standard safeguarding dataset specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from metrics.cases import CASE_TABLES

from . import agencies, own_set, repair
from .rules import Account

TO_EARLY_HELP = "RC9"  # children in need census: closed after assessment, referred to early help
NO_DISABILITY = "NONE"
_PERSON = {"person_id": pl.String}


def assemble(
    taken: Mapping[str, pl.DataFrame],
    accounts: Mapping[str, Account],
    *,
    as_at: date,
    known: Mapping[str, str] | None = None,
) -> dict[str, pl.DataFrame]:
    """The dataset's tables → case tables `person`, `family`, `agency`, `episode`, `contact`, `referral`."""
    raw = dict(taken)
    homes = _homes(raw.pop("address", None), accounts)
    disabled = _disabled(raw.pop("disability", None), accounts)
    families, members = _families(raw.pop("family", None), accounts)
    if "episode" in raw:
        raw["episode"], agency = agencies.from_names(raw["episode"], "lead_agency_id", known)
    if "referral" in raw:
        raw["referral"] = _closed(raw["referral"])
    tables = {name: own_set.table(frame, name, accounts[name], as_at=as_at) for name, frame in raw.items()}
    for name, frame in tables.items():
        tables[name] = _joined(_joined(frame, members, name), homes, name)
    if "person" in tables:
        tables["person"] = _joined(tables["person"], disabled, "person").with_columns(pl.lit("child").alias("role"))
    joined = own_set.episodes(tables, accounts)
    own_set.orphans(tables, accounts)
    if "episode" in tables:
        accounts["episode"].ledger.use(joined)
        tables["agency"] = agency
    if not families.is_empty():
        tables["family"] = families
    return tables


def _joined(frame: pl.DataFrame, known: pl.DataFrame, name: str) -> pl.DataFrame:
    """`frame` with what is known of its persons, in the columns that its case table has for it."""
    new = [c for c in known.columns if c != "person_id" and c in CASE_TABLES[name].columns]
    if not new or known.is_empty() or "person_id" not in CASE_TABLES[name].columns:
        return frame
    return frame.drop(new).join(known.select("person_id", *new), on="person_id", how="left", maintain_order="left")


def _whole(frame: pl.DataFrame | None, account: Account | None, columns: tuple[str, ...]) -> pl.DataFrame:
    """The rows that have all of `columns`; the others are refused."""
    if frame is None or account is None:
        return pl.DataFrame(schema={"line": pl.Int64, **dict.fromkeys(columns, pl.String)})
    frame = frame.with_columns(pl.lit(None, pl.String).alias(c) for c in columns if c not in frame.columns)
    bad = []
    for column in columns:
        lost = frame.filter(pl.col(column).is_null())
        account.note("missing", lost, column)
        bad.append(lost.select("line"))
    frame = repair.without(frame, bad)
    account.ledger.use(frame)
    return frame


def _families(frame: pl.DataFrame | None, accounts: Mapping[str, Account]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(the table `family`, `person_id` → `family_id`); a person of several families is put in the first."""
    rows = _whole(frame, accounts.get("family"), ("family_id", "person_id"))
    members = rows.unique("person_id", keep="first", maintain_order=True)
    several = rows.join(members.select("person_id", "family_id"), on=["person_id", "family_id"], how="anti")
    if not several.is_empty():
        accounts["family"].note("two_families", several, "person_id")
    table = rows.select("family_id", pl.lit(None, pl.String).alias("lsoa")).unique(maintain_order=True)
    return table, members.select("person_id", "family_id")


def _homes(frame: pl.DataFrame | None, accounts: Mapping[str, Account]) -> pl.DataFrame:
    """`person_id` → `lsoa` of the address that still stands, or else of the latest; never the address."""
    if frame is None or "lsoa" not in frame.columns:
        return pl.DataFrame(schema={**_PERSON, "lsoa": pl.String})
    account = accounts["address"]
    rows = _whole(frame, account, ("person_id",))
    days = [
        repair.read_days(rows[c])["day"].alias(c) if c in rows.columns else pl.lit(None, pl.Date).alias(c)
        for c in ("start_date", "end_date")
    ]
    rows = rows.with_columns(days).filter(pl.col("lsoa").is_not_null())
    rows = rows.sort("end_date", "start_date", descending=True, nulls_last=[False, True], maintain_order=True)
    return rows.unique("person_id", keep="first", maintain_order=True).select("person_id", "lsoa")


def _disabled(frame: pl.DataFrame | None, accounts: Mapping[str, Account]) -> pl.DataFrame:
    """`person_id` → `disability`: whether any code other than NONE is given."""
    rows = _whole(frame, accounts.get("disability"), ("person_id", "code"))
    has = (pl.col("code").str.to_uppercase() != NO_DISABILITY).any().alias("disability")
    return rows.group_by("person_id", maintain_order=True).agg(has)


def _closed(frame: pl.DataFrame) -> pl.DataFrame:
    """Why a case was closed, as its code, and whether it was handed to early help."""
    if "close_reason" not in frame.columns:
        return frame
    said = pl.col("close_reason").str.to_uppercase()
    code = said.str.extract(r"^\W*(RC\d)")
    return frame.with_columns(
        pl.coalesce(code, "close_reason").alias("close_reason"),
        pl.when(said.is_not_null()).then(said.str.contains(TO_EARLY_HELP)).alias("to_early_help"),
    )
