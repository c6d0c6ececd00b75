"""What was refused or put right in a file, for a data officer to read: reasons first, then row by row.

A list of faults has the columns `line`, `column`, `value`, `reason` (`Batch.refused`, `Batch.repaired`, and what the
store keeps of a load).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dashboard import words

SHOWN = 50  # faults that stand row by row on the page; all of them are in the file to take away
REASONS = ("Reason", "Column", "Rows", "Lines")
ROWS = ("Line", "Column", "Value", "Reason")
_LINES = 4  # of each reason
# What differs from row to row within one reason: `read as 2026-09-16`, `line 448`, `lines 3, 7`.
_OWN = r"\b(read as|lines?) \d+(?:-\d+)*(?:, \d+)*"


@dataclass(frozen=True, slots=True)
class Faults:
    """One list of faults in words: `reasons` under `REASONS`, `rows` under `ROWS`, and the frame to take away."""

    caption: str
    reasons: Sequence[tuple[str, ...]]
    rows: Sequence[tuple[str, ...]]
    fold: str  # what the rows are folded away under
    frame: pl.DataFrame


def both(refused: pl.DataFrame, repaired: pl.DataFrame) -> tuple[Faults, Faults]:
    """The rows that were kept out; and those that were used with a cell changed or left empty, taken into another row,
    or kept in spite of a fault. A cell that its row was refused for stands in the first list alone."""
    used = repaired.join(refused, on=["line", "column"], how="anti", nulls_equal=True, maintain_order="left")
    return (
        _listed("Why rows are refused", refused),
        _listed("What is put right, merged, or kept as it was found", used),
    )


def _listed(caption: str, faults: pl.DataFrame) -> Faults:
    fold = "Row by row"
    if faults.height > SHOWN:
        fold = f"Row by row: the first {SHOWN} of {faults.height:,}; all of them are in the file below"
    return Faults(caption, _by_reason(faults), _row_by_row(faults), fold, faults)


def _by_reason(faults: pl.DataFrame) -> list[tuple[str, ...]]:
    """A row each reason and column, the commonest first; of the lines `42 (31/02/2026), 51 (soon) and 118 more`."""
    reason = pl.col("reason").str.replace_all(_OWN, "$1 …")
    found = (
        faults.with_columns(reason)
        .unique(["line", "column", "reason"], maintain_order=True)
        .group_by("reason", "column", maintain_order=True)
        .agg(pl.len().alias("rows"), pl.struct("line", "value").head(_LINES).alias("first"))
        .sort("rows", descending=True, maintain_order=True)
    )
    return [
        (_capital(row["reason"]), row["column"], f"{row['rows']:,}", _lines(row["first"], row["rows"]))
        for row in found.iter_rows(named=True)
    ]


def _row_by_row(faults: pl.DataFrame) -> list[tuple[str, ...]]:
    picked = faults.head(SHOWN).select("line", "column", "value", "reason")
    return [
        (str(line), column, value or words.MISSING, _capital(reason)) for line, column, value, reason in picked.rows()
    ]


def _lines(first: list[dict], rows: int) -> str:
    said = [f"{it['line']} ({it['value']})" if it["value"] else str(it["line"]) for it in first]
    rest = rows - len(said)
    return f"{', '.join(said)} and {rest:,} more" if rest else words.listed(said)


def _capital(reason: str) -> str:
    return reason[:1].upper() + reason[1:]
