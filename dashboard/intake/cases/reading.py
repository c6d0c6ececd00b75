"""Files of case records, read: without identifiers, checked, and put together as the canonical case tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import polars as pl

from metrics.cases import CASE_TABLES

from .. import personal
from ..batch import Ledger, plain
from ..headers import squashed
from ..privacy import BIRTH_DATE, IDENTIFIER, POSTCODE, pseudonymise
from . import annex_a, own_set, repair, ssds
from .aliases import UNREAD
from .rules import Account, rules
from .sheets import Sheet
from .spells import SHEET

SILENT = (IDENTIFIER, BIRTH_DATE, POSTCODE)  # what stands in such columns is never repeated
_ASSEMBLE = {"annex_a": annex_a.assemble, "ssds": ssds.assemble, "cases": own_set.assemble}


def read(
    sheets: Sequence[Sheet],
    ledger: Ledger,
    *,
    as_at: date,
    file_name: str,
    agencies: Mapping[str, str] | None = None,
    progress: Callable[[float], None] = lambda done: None,
) -> dict[str, pl.DataFrame]:
    """The tables of one file, each with the columns of `metrics.cases.CASE_TABLES` and at least one row.

    `as_at`: the day that no date of a record may be after. `agencies`: id → name of those that are known here. Raises
    `IntakeError`, one sentence, for what could name a person, or if there is no identifier key.
    """
    parts: dict[str, list[pl.DataFrame]] = {}
    accounts: dict[str, Account] = {}
    for number, sheet in enumerate(sheets):
        frame, account = take(sheet, number, ledger, file_name=file_name, label=sheet.title if len(sheets) > 1 else "")
        parts.setdefault(sheet.table, []).append(frame)
        accounts.setdefault(sheet.table, account)
        progress((number + 1) / (len(sheets) + 1))
    taken = {name: pl.concat(frames, how="diagonal_relaxed") for name, frames in parts.items()}
    tables = _ASSEMBLE[sheets[0].kind](taken, accounts, as_at=as_at, known=agencies)
    return {
        name: frame.select(CASE_TABLES[name].schema.names()) for name, frame in tables.items() if not frame.is_empty()
    }


def take(sheet: Sheet, number: int, ledger: Ledger, *, file_name: str, label: str) -> tuple[pl.DataFrame, Account]:
    """The cells of one table as text, under our names, with `line`; identifiers are hashes, birth dates months and
    postcodes small areas by now. `line` counts from 10,000,000 in the second table, and so on."""
    used = {f"c{i}": column for i, column in sheet.columns.items() if column.treatment != UNREAD}
    headers = {column.name: plain(sheet.header[int(c[1:])] or "") for c, column in used.items()}
    treatments = {column.name: column.treatment for column in used.values()}
    numbers = {c for c in treatments if c.endswith("_id") and "agency" not in c}  # of records; an agency is no person
    account = Account(ledger, headers, label, frozenset(numbers | {c for c, t in treatments.items() if t in SILENT}))
    frame, too_long = sheet.opened.table(sheet.name, sheet.row, errors=True)
    shift = pl.col("line").cast(pl.Int64) + number * SHEET
    frame, too_long = frame.with_columns(shift), too_long.with_columns(shift)
    _look_through(sheet, frame, file_name, ledger)
    frame = frame.select("line", *(pl.col(c).alias(column.name) for c, column in used.items() if c in frame.columns))
    ledger.rows += frame.height
    if not too_long.is_empty():
        personal.check(too_long, {"value": "(whole row)"}, file_name=file_name, expected={"value"})
        ledger.refuse(too_long, account.header("(whole row)"), "this row has more cells than the header")
        frame = repair.without(frame, [too_long.select("line")])
    frame = _rows_with_something(repair.clean(frame), sheet, ledger)
    frame = repair.formulas(repair.nothing(frame, account), account)
    for column in (c for c, t in treatments.items() if t == BIRTH_DATE and c in frame.columns):
        frame = repair.births(frame, column)
    return _hidden(frame, treatments, headers, account, file_name), account


def _look_through(sheet: Sheet, frame: pl.DataFrame, file_name: str, ledger: Ledger) -> None:
    """Look for what could name a person in the columns that are not known; those are not used."""
    unknown = [c for c in frame.columns if c != "line" and int(c[1:]) not in sheet.columns]
    headers = {c: (sheet.header[int(c[1:])] if int(c[1:]) < len(sheet.header) else "") or "" for c in unknown}
    personal.check(frame.select("line", *unknown), headers, file_name=file_name)
    where = f" of {plain(sheet.title)}" if sheet.name else ""
    for words, positions in (
        ("not used", [int(c[1:]) for c in unknown]),
        ("set aside unread", [i for i, c in sheet.columns.items() if c.treatment == UNREAD]),
    ):
        names = [plain(sheet.header[i]) for i in positions if i < len(sheet.header) and sheet.header[i]]
        if names:
            ledger.remarks.append(f"Columns{where} {words}: {', '.join(names)}.")


def _rows_with_something(frame: pl.DataFrame, sheet: Sheet, ledger: Ledger) -> pl.DataFrame:
    """Without blank rows and without the header given again further down."""
    cells = [c for c in frame.columns if c != "line"]
    blank = frame.filter(pl.all_horizontal(pl.col(c).is_null() for c in cells))
    ledger.leave_out(blank, "they are blank, or blank in every column that is used")
    title = squashed(next(sheet.header[i] for i, column in sheet.columns.items() if column.name == cells[0]))
    looks = pl.col(cells[0]).str.to_lowercase().str.replace_all(r"[^a-z0-9]", "") == title
    again = frame.filter(looks)
    ledger.leave_out(again, "they give the header again")
    gone = [part.select("line") for part in (blank, again) if not part.is_empty()]
    return repair.without(frame, gone)


def _hidden(
    frame: pl.DataFrame, treatments: Mapping[str, str], headers: Mapping[str, str], account: Account, file_name: str
) -> pl.DataFrame:
    """`frame` through `pseudonymise`, under the file's own headers so that a refusal names them."""
    named = {c: h if h not in ("", "line", "lsoa", "birth_month", "key_id") else c for c, h in headers.items()}
    if len(set(named.values())) < len(named):
        named = {c: c for c in named}
    definition = {named[c]: t for c, t in treatments.items()}
    kept = {c: h for c, h in named.items() if c in frame.columns}
    given_area = "postcode" in kept and "lsoa" in kept
    before = frame.select("line", pl.col("lsoa").alias("given")) if given_area else None
    done = pseudonymise(frame.rename(kept), definition, file_name=file_name)
    back = {h: c for c, h in kept.items() if h in done.frame.columns}
    found = done.frame.drop("key_id", strict=False).rename(back)
    if before is not None:
        found = found.join(before, on="line", how="left", maintain_order="left")
        found = found.with_columns(pl.coalesce("lsoa", "given").alias("lsoa")).drop("given")
    for rule, treatment in (("birth_unreadable", BIRTH_DATE), ("postcode_unknown", POSTCODE)):
        for column in (c for c, t in treatments.items() if t == treatment):
            account.note(rule, done.listed.filter(pl.col("reason") == rules()[rule].message), column)
    return found.sort("line")
