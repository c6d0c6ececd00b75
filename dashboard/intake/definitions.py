"""The formats' own definitions: LAIT's measures (`lait.csv`), tables of Explore education statistics (`ees.csv`)."""

from __future__ import annotations

import csv
from functools import cache

from metrics.definition_files import DEFINITIONS


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    with (DEFINITIONS / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def lait_measures() -> dict[str, tuple[str, str]]:
    """LAIT's measure code, or its full name → (code, kind of year)."""
    rows = table("lait.csv")
    by_name = {" ".join(row["measure"].split()): (row["code"], row["year_type"]) for row in rows}
    return by_name | {row["code"]: (row["code"], row["year_type"]) for row in rows}


@cache
def year_types() -> dict[str, str]:
    """Feed → kind of year, for the feeds whose publisher's tables are defined here."""
    lait = {f"lait:{row['code']}": row["year_type"] for row in table("lait.csv")}
    return lait | {row["feed"]: row["year_type"] for row in table("ees.csv")}
