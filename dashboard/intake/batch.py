"""What reading a file gives: figures or places, the rows that were refused and why, and remarks on everything else."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import polars as pl

REFUSED = pl.Schema({"line": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String})
LONGEST_NAME = 100  # characters of a file's name that are kept
# Characters that nobody sees: controls (NUL, escape), and marks that turn the direction of writing or join invisibly.
_UNSEEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"


class IntakeError(Exception):
    """The file as a whole cannot be read. The message is one sentence that says what to do about it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One file, read.

    `figures` has the columns of `metrics.estimates.FIGURES`. `refused` has one row a fault: `line` as a spreadsheet
    numbers it, the `column` as the file calls it, the `value`, and the `reason`. Every row below the header is either
    used, refused or left out, and what is left out is named in `remarks`:
    `rows == rows_used + rows_refused + rows_left_out`.

    A file of places (forum areas, services, boundaries) brings no figures: its rows are `places`, with the columns of
    `dashboard.intake.PLACES[places_kind]`, and `figures` is empty. Of any other file `places` is None.

    A file of case records brings tables: `cases`, by the names of `metrics.cases.CASE_TABLES`. `repaired` lists, as
    `refused` does, the rows of it that were used with a cell changed or left empty, kept in spite of a fault, or taken
    into another row. Of any other file `cases` is None and `repaired` empty.
    """

    kind: str
    file_name: str
    sha256: str
    figures: pl.DataFrame
    refused: pl.DataFrame
    remarks: list[str] = field(default_factory=list)
    publisher: str = ""
    release: str = ""
    licence: str = ""
    rows: int = 0  # below the header, in every sheet that was read
    rows_used: int = 0  # gave a figure, or the denominator of one
    rows_refused: int = 0
    rows_left_out: int = 0
    places: pl.DataFrame | None = None
    places_kind: str = ""
    cases: dict[str, pl.DataFrame] | None = None
    tables: tuple[str, ...] = ()  # of case records: what the file calls its tables, where it has several
    repaired: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REFUSED))
    instrument: str = ""  # as `metrics.questionnaire.as_json` writes it; its items count as rows

    @property
    def listed(self) -> pl.DataFrame:
        """The refused and the repaired rows in one list, as the store keeps it.

        `table` says which of the file's tables a line is of, where it has several; `column` names it elsewhere
        (`List 2: Assessment start date`) and here does not.
        """
        both = [f.with_columns(pl.lit(r).alias("repaired")) for f, r in ((self.refused, False), (self.repaired, True))]
        table = pl.lit("")
        for name in self.tables:
            table = pl.when(pl.col("column").str.starts_with(f"{name}: ")).then(pl.lit(name)).otherwise(table)
        there = pl.when(pl.col("table") != "").then(pl.col("table").str.len_chars() + 2).otherwise(0)
        found = pl.concat(both).with_columns(table.alias("table"))
        found = found.with_columns(pl.col("column").str.slice(there))
        return found.select(*REFUSED, "table", "repaired").sort("table", "line", maintain_order=True)

    @property
    def size(self) -> int:
        """How many figures, small areas, services, outlines, records or items the file brings."""
        if self.instrument:
            return self.rows
        if self.cases is not None:
            return sum(frame.height for frame in self.cases.values())
        return self.figures.height if self.places is None else self.places.height


@dataclass(slots=True)
class Ledger:
    """Keeps account of every row of a file while it is read: each is refused, used, or left out for a stated reason."""

    rows: int = 0
    faults: list[pl.DataFrame] = field(default_factory=list)
    used: list[pl.Series] = field(default_factory=list)  # lines that gave a figure or a denominator
    left_out: list[tuple[pl.Series, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    repairs: list[pl.DataFrame] = field(default_factory=list)

    def refuse(self, rows: pl.DataFrame, column: str, reason: str | pl.Expr, *, value: str | None = None) -> None:
        """Refuse `rows` (which have `line`), for what stands in their column `value`."""
        if not rows.is_empty():
            self.faults.append(_listed(rows, column, reason, value))

    def repair(self, rows: pl.DataFrame, column: str, reason: str | pl.Expr, *, value: str | None = None) -> None:
        """List `rows` that are used all the same; as `refuse`."""
        if not rows.is_empty():
            self.repairs.append(_listed(rows, column, reason, value))

    def use(self, rows: pl.DataFrame) -> None:
        self.used.append(rows["line"].cast(pl.Int64))

    def leave_out(self, rows: pl.DataFrame, why: str) -> None:
        if not rows.is_empty():
            self.left_out.append((rows["line"].cast(pl.Int64), why))

    def refused(self) -> pl.DataFrame:
        return _in_order(self.faults)

    def repaired(self) -> pl.DataFrame:
        return _in_order(self.repairs)

    def close(self) -> tuple[int, int, int]:
        """(rows used, refused, left out); a row that is two of these counts as the first of refused, used, left out.

        What is left out goes into the remarks, with its number of rows.
        """
        none = pl.Series([], dtype=pl.Int64)
        refused = self.refused()["line"].unique()
        used = pl.concat([none, *self.used]).unique()
        if len(refused):
            used = used.filter(~used.is_in(refused.implode()))
        gone, remarks = 0, []
        known = pl.concat([refused, used]) if self.left_out else none
        whys = dict.fromkeys(why for _, why in self.left_out)
        for why in whys:
            lines = pl.concat([lines for lines, said in self.left_out if said == why])
            fresh = lines.unique().to_frame("line").join(known.to_frame("line"), on="line", how="anti")["line"]
            known = pl.concat([known, fresh])
            gone += len(fresh)
            if len(fresh):
                remarks.append(f"{len(fresh):,} {'row' if len(fresh) == 1 else 'rows'} left out: {why}.")
        self.remarks = remarks + self.remarks
        return len(used), len(refused), gone


def _listed(rows: pl.DataFrame, column: str, reason: str | pl.Expr, value: str | None) -> pl.DataFrame:
    words = pl.lit(reason) if isinstance(reason, str) else reason
    shown = pl.col(value).cast(pl.String) if value else pl.lit("")
    return rows.select(
        pl.col("line").cast(pl.Int64),
        pl.lit(plain(column)).alias("column"),
        harmless(shown.fill_null("")).alias("value"),
        words.str.replace_all(_UNSEEN, " ").alias("reason"),
    )


def _in_order(lists: list[pl.DataFrame]) -> pl.DataFrame:
    found = pl.concat([pl.DataFrame(schema=REFUSED), *lists]).unique(maintain_order=True)
    return found.sort("line", maintain_order=True)


def harmless(text: pl.Expr) -> pl.Expr:
    """Text that is shown and downloaded: unseen characters out, an apostrophe before what a spreadsheet would run."""
    text = text.str.replace_all(_UNSEEN, " ")
    risky = text.str.contains(r"^\s*[=+@-]") & ~text.str.contains(r"^\s*[+-][\d.,\s]*%?$")
    return pl.when(risky).then("'" + text).otherwise(text).str.slice(0, 200)


def plain_cells(text: pl.Expr) -> pl.Expr:
    """`plain` for a column; a cell with nothing in it becomes null."""
    one_line = text.str.replace_all(_UNSEEN, " ").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(one_line != "").then(one_line)


def plain(text: str) -> str:
    """Text on one line without unseen characters: no terminal, page or log can be made to do anything by it."""
    seen = (" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
    return " ".join("".join(seen).split())


def safe_name(name: str) -> str:
    """A file's name as it may be shown, logged and kept: no folders, no unseen characters, at most 100 letters.

    `../../x.csv` and `C:\\temp\\x.csv` become `x.csv`; a long name keeps its ending. No file is
    ever opened by it.
    """
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    last = plain(re.split(r"[/\\]", text.rstrip("/\\ "))[-1]).lstrip(". ")
    stem, dot, ending = last.rpartition(".")
    if len(last) > LONGEST_NAME and dot and len(ending) < 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 2]}….{ending}"
    return last[:LONGEST_NAME] or "The file"
