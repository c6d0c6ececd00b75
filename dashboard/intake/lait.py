"""The long table of DfE's Local Authority Interactive Tool: one row a measure, area and year, only the value."""

from __future__ import annotations

import polars as pl

from .batch import Ledger
from .definitions import lait_measures
from .figures import Facts, Rows, known_facts


def read(frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger) -> Rows:
    """`frame` has the file's cells under our column names; `columns` says what the file calls them.

    The code is kept exactly as LAIT writes it (`Total_ Pup_FixedEx`), as `lait:<code>`. A plain year is the year that
    ends then; which kind of year comes from the file or from the list of measures. `-` is missing, hidden or not
    applicable alike, and an empty value is not available.
    """
    distinct = frame["code"].unique().drop_nulls()
    found = [lait_measures().get(code) or lait_measures().get(" ".join(code.split())) for code in distinct]
    codes = [f[0] if f else code for f, code in zip(found, distinct, strict=True)]
    feeds = pl.Series([f"lait:{code}" for code in codes], dtype=pl.String)
    facts = {}
    for feed, entry in zip(feeds, found, strict=True):
        known = known_facts().get(feed, Facts())
        year_type = entry[1] if entry else known.year_type
        facts[feed] = Facts(known.value_type, known.multiplier, year_type)
    unknown = sorted(code for code, entry in zip(distinct, found, strict=True) if entry is None)
    if unknown and "year_type" not in frame.columns:
        shown = ", ".join(unknown[:5]) + (" and others" if len(unknown) > 5 else "")
        ledger.remarks.append(
            f"{len(unknown):,} {'measure is' if len(unknown) == 1 else 'measures are'} not in the list of LAIT measures"
            f" ({shown}): a plain year of theirs was taken for a calendar year."
        )
    known_codes = pl.DataFrame({"code": distinct, "measure": feeds})
    frame = frame.join(known_codes, on="code", how="left", maintain_order="left").drop("code")
    keep = ("line", "measure", "area_code", "la_number", "area", "period", "year_type", "value", "note")
    return Rows(frame.select(c for c in keep if c in frame.columns), {**columns, "measure": columns["code"]}, facts)
