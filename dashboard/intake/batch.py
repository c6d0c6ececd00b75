"""What reading a file gives: the figures, the rows that were refused and why, and remarks on everything else."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

REFUSED = pl.Schema({"line": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String})


class IntakeError(Exception):
    """The file as a whole cannot be read. The message is one sentence that says what to do about it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One file, read.

    `figures` has the columns of `metrics.estimates.FIGURES`. `refused` has one row a fault: `line` as a spreadsheet
    numbers it, the `column` as the file calls it, the `value`, and the `reason`. Every row below the header is either
    used, refused or left out, and what is left out is named in `remarks`:
    `rows == rows_used + rows_refused + rows_left_out`.
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


@dataclass(slots=True)
class Ledger:
    """Keeps account of every row of a file while it is read: each is refused, used, or left out for a stated reason."""

    rows: int = 0
    faults: list[pl.DataFrame] = field(default_factory=list)
    used: list[pl.Series] = field(default_factory=list)  # lines that gave a figure or a denominator
    left_out: list[tuple[pl.Series, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def refuse(self, rows: pl.DataFrame, column: str, reason: str | pl.Expr, *, value: str | None = None) -> None:
        """Refuse `rows` (which have `line`), for what stands in their column `value`."""
        if rows.is_empty():
            return
        words = pl.lit(reason) if isinstance(reason, str) else reason
        shown = pl.col(value).cast(pl.String) if value else pl.lit("")
        self.faults.append(
            rows.select(
                pl.col("line").cast(pl.Int64),
                pl.lit(column).alias("column"),
                harmless(shown.fill_null("")).alias("value"),
                words.alias("reason"),
            )
        )

    def use(self, rows: pl.DataFrame) -> None:
        self.used.append(rows["line"].cast(pl.Int64))

    def leave_out(self, rows: pl.DataFrame, why: str) -> None:
        if not rows.is_empty():
            self.left_out.append((rows["line"].cast(pl.Int64), why))

    def refused(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=REFUSED), *self.faults]).unique(maintain_order=True).sort("line")

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
        for lines, why in self.left_out:
            fresh = lines.unique().to_frame("line").join(known.to_frame("line"), on="line", how="anti")["line"]
            known = pl.concat([known, fresh])
            gone += len(fresh)
            if len(fresh):
                remarks.append(f"{len(fresh):,} {'row' if len(fresh) == 1 else 'rows'} left out: {why}.")
        self.remarks = remarks + self.remarks
        return len(used), len(refused), gone


def harmless(text: pl.Expr) -> pl.Expr:
    """Text that a spreadsheet would take for a formula gets an apostrophe, since the list of refusals is downloaded."""
    risky = text.str.contains(r"^\s*[=+@-]") & ~text.str.contains(r"^\s*[+-][\d.,\s]*%?$")
    return pl.when(risky).then("'" + text).otherwise(text).str.slice(0, 200)
