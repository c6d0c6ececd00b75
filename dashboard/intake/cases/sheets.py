"""Where the tables of case records stand in a file: which sheet holds which table, and which column is which."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.cases import CASE_TABLES

from ..batch import IntakeError
from ..headers import squashed
from ..opening import Opened
from ..personal import listed
from . import aliases
from .aliases import CASES, UNREAD, Column

HEADER_ROWS = 40  # how far down a header may stand, below titles
# What a table of each kind cannot do without; of our own set, its key and its required columns.
NEEDED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "annex_a": {
        "contact": ("person_id", "date"),
        "assessment": ("person_id", "start_date", "agency_id"),
        "referral": ("person_id", "date"),
    },
    "ssds": {
        "person": ("person_id",),
        "family": ("family_id", "person_id"),
        "address": ("person_id", "postcode"),
        "disability": ("person_id", "code"),
        "episode": ("episode_id", "start_date"),
        "contact": ("contact_id", "date"),
        "referral": ("referral_id", "date"),
    },
    "cases": {name: (*spec.key, *spec.required) for name, spec in CASE_TABLES.items()},
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file. `columns`: position in the header → what it is; columns that are not known are left out."""

    kind: str
    table: str
    opened: Opened
    name: str  # of the sheet; "" in a CSV
    row: int  # position of the header, 0 is the first row
    header: Sequence[str | None]
    columns: Mapping[int, Column]

    @property
    def title(self) -> str:
        """What people call it: the sheet's name, or the file's without its ending."""
        return _title(self.opened, self.name)


def _title(opened: Opened, sheet: str) -> str:
    return sheet or re.sub(r"\.[A-Za-z]{3}$", "", opened.file_name)


def find(files: Sequence[Opened], kind: str | None = None) -> tuple[str, list[Sheet], list[str]]:
    """(kind, the tables, the titles of the sheets that hold none); no tables where it is no file of case records.

    Raises `IntakeError` where a sheet is called after a table of our own set and lacks a column that it cannot do
    without.
    """
    best: tuple[str, list[Sheet]] = ("", [])
    for each in (kind,) if kind else CASES:
        found = [s for opened in files for name in opened.sheets if (s := _sheet(opened, name, each)) is not None]
        if len(found) > len(best[1]):
            best = each, found
    here = {(id(s.opened), s.name) for s in best[1]}
    rest = [_title(o, name) for o in files for name in o.sheets if (id(o), name) not in here]
    if best[1] or kind:
        for title in rest:
            _lacking(files, title, kind or best[0])
    return *best, rest


def _sheet(opened: Opened, name: str, kind: str) -> Sheet | None:
    """The table that a sheet holds, None if none of this kind. The fullest fit wins, unless the name says otherwise."""
    title = _title(opened, name)
    named = aliases.table_named(kind, title)
    for position, cells in enumerate(opened.preview(name)[:HEADER_ROWS]):
        fits = []
        for table, needed in NEEDED[kind].items():
            columns = match(kind, table, cells)
            there = {c.name for c in columns.values()}
            if all(_has(there, column) for column in needed):
                used = sum(c.treatment != UNREAD for c in columns.values())
                fits.append((table == named, used, table, columns))
        if fits:
            _, _, table, columns = max(fits, key=lambda fit: fit[:2])
            return Sheet(kind, table, opened, name, position, cells, columns)
    return None


def _has(there: set[str], column: str) -> bool:
    return column in there or any(becomes == column and other in there for other, becomes in aliases.INSTEAD.items())


def match(kind: str, table: str, cells: Sequence[str | None]) -> dict[int, Column]:
    """Position → column, for the cells of a header that are known; of two of the same meaning the first is used."""
    known = aliases.columns(kind, table)
    found: dict[int, Column] = {}
    taken: set[str] = set()
    for position, cell in enumerate(cells):
        column = known.get(squashed(cell)) if cell else None
        if column is None:
            continue
        what = "birth_month" if column.name == "birth_date" else column.name
        found[position] = Column("", UNREAD) if what in taken else column
        taken |= {what} - {""}
    return found


def nearest(opened: Opened) -> str:
    """What a file lacks that is nearly one of case records, as a sentence; "" where it is nothing like one."""
    best: tuple[int, str, str, list[str]] = (1, "", "", [])
    for kind, tables in NEEDED.items():
        for table, needed in tables.items():
            for name in opened.sheets:
                for cells in opened.preview(name)[:HEADER_ROWS]:
                    there = {c.name for c in match(kind, table, cells).values() if c.treatment != UNREAD}
                    missing = [c for c in needed if not _has(there, c)]
                    if len(there) > best[0] and len(missing) < len(needed):
                        best = len(there), table, _title(opened, name), missing
    _, table, title, missing = best
    if not missing:
        return ""
    return f"“{title}” looks like {_named(table)} records, but lacks a column for {listed(missing)}."


def _named(table: str) -> str:
    return table.replace("_", " ")


def _lacking(files: Sequence[Opened], title: str, kind: str) -> None:
    table = aliases.table_named(kind, title)
    needed = NEEDED[kind].get(table or "")
    if not needed:
        return
    for opened in files:
        for name in (n for n in opened.sheets if _title(opened, n) == title):
            tops = [match(kind, table, cells) for cells in opened.preview(name)[:HEADER_ROWS]]
            there = {c.name for c in max(tops, key=len, default={}).values()} - {""}
            missing = [c for c in needed if not _has(there, c)]
            if there and missing:
                what = f"a column for {listed(missing)}"
                raise IntakeError(f"“{title}” looks like {_named(table)} records, but lacks {what}.")
