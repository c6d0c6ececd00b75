"""Numbers as people type them, and the markers where a number is missing, which are data (`markers.csv`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import polars as pl

from .definitions import table

_THOUSANDS = re.compile(r"-?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_FLAG = re.compile(r"\s*[\[(]\s*([pre])\s*[\])]$", re.I)  # `12.3 [p]` provisional, `[r]` revised, `[e]` estimated


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell that is not a plain number says."""

    number: float | None = None
    status: str | None = None
    note: str | None = None
    reason: str | None = None  # why it is refused


def formulas(distinct: pl.Series) -> list[str]:
    """Those texts that a spreadsheet would run: they begin with `=` or `@`, or with a sign that no number follows."""
    suspects = distinct.filter(distinct.str.contains(r"^\s*[=@+-]"))
    return [text for text in suspects if _runs(text.strip())]


def _runs(text: str) -> bool:
    if text.lower() in markers():
        return False
    return text[0] in "=@" or not re.fullmatch(r"[-+][\d.,\s]*(?:[eE][-+]?\d+)?%?", text)


@cache
def markers() -> dict[str, tuple[str, str]]:
    """Marker in lower case → (status, note)."""
    return {row["marker"]: (row["status"], row["note"]) for row in table("markers.csv")}


def read_cell(text: str) -> Cell:
    """Read one cell that did not pass as a plain number."""
    cell = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ").replace("−", "-").strip()
    if (known := markers().get(cell.lower())) is not None:
        return Cell(status=known[0], note=known[1] or None)
    status = None
    if flag := _FLAG.search(cell):
        status = "provisional" if flag[1].lower() in "pe" else None
        cell = cell[: flag.start()]
    cell = cell.removesuffix("%").strip()
    if re.fullmatch(r"[-+]?(inf|infinity)", cell, re.I):
        return Cell(reason="not a finite number")
    if formulas(pl.Series([cell])):
        return Cell(reason="a formula, not a number; type the number itself")
    if _THOUSANDS.fullmatch(cell):
        return Cell(number=float(re.sub("[, ]", "", cell)), status=status)
    if _PLAIN.fullmatch(cell):
        number = float(cell)
        if number in (float("inf"), float("-inf")):
            return Cell(reason="not a finite number")
        return Cell(number=number, status=status)
    if re.fullmatch(r"-?\d+,\d+", cell):
        return Cell(reason="the comma does not part thousands; write a decimal point as “.”")
    return Cell(reason="not a number, nor a marker such as c, x or z")


def parse(column: pl.Series) -> pl.DataFrame:
    """Read a column of text: `number`, `status`, `note`, `reason`, one row a cell.

    Plain numbers are cast in one go; only the distinct other cells are looked at one by one.
    """
    text = column.str.strip_chars()
    number = text.cast(pl.Float64, strict=False)
    finite = number.is_finite().fill_null(False)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(column))
    number = number.to_frame("number").select(pl.when(finite).then(pl.col("number")))["number"]
    odd = text.filter(~finite & text.is_not_null() & (text != "")).unique()
    if odd.is_empty():
        return pl.DataFrame({"number": number, "status": nothing, "note": nothing, "reason": nothing})
    cells = [read_cell(value) for value in odd]
    known = pl.DataFrame(
        {
            "cell": odd,
            "odd_number": pl.Series([c.number for c in cells], dtype=pl.Float64),
            "status": pl.Series([c.status for c in cells], dtype=pl.String),
            "note": pl.Series([c.note for c in cells], dtype=pl.String),
            "reason": pl.Series([c.reason for c in cells], dtype=pl.String),
        }
    )
    frame = pl.DataFrame({"cell": text, "number": number}).join(known, on="cell", how="left", maintain_order="left")
    return frame.select(pl.coalesce("number", "odd_number").alias("number"), "status", "note", "reason")
