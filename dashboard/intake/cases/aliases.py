"""Which words mean which table, column and value in files of case records. The words are data: `case_aliases.csv`.

A council adds its own system by a file of the same form, which EARLY_HELP_CASE_ALIASES names. Its rows come first, so
that they may also give one of our words another meaning.

| column | what it holds |
|---|---|
| `sort` | table: a sheet's or file's name; column: a header; value: what a cell says; word: a word in it; empty |
| `kind` | annex_a, ssds or cases; only of tables and columns |
| `table`, `column` | the table and column meant; a column without a table is one of every table |
| `means` | the value meant |
| `alias` | the outside word; case, spaces and punctuation do not count |
| `treatment` | of a column: empty, or `unread`: set aside before anything is looked at |
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from metrics.cases import AGENCY_TYPES, CASE_TABLES, IDENTIFIERS

from ..batch import IntakeError
from ..definitions import table
from ..headers import KINDS, normal, squashed
from ..privacy import BIRTH_DATE, IDENTIFIER, KEEP, POSTCODE

SETTING = "EARLY_HELP_CASE_ALIASES"
CASES = {kind: KINDS[kind] for kind in ("annex_a", "ssds", "cases")}
UNREAD = "unread"
FIELDS = ("sort", "kind", "table", "column", "means", "alias", "treatment")
SORTS = ("table", "column", "value", "word", "empty")
# Tables of the standard dataset that only add to others; its families are lists of who belongs to them.
HELPERS: Mapping[str, tuple[str, ...]] = {
    "family": ("family_id", "person_id"),
    "address": ("person_id", "postcode", "start_date", "end_date"),
    "disability": ("person_id", "code"),
}
INSTEAD = {"birth_date": "birth_month", "postcode": "lsoa"}  # what a file may have → what becomes of it
TREATMENTS = {"birth_date": BIRTH_DATE, "birth_month": BIRTH_DATE, "postcode": POSTCODE} | dict.fromkeys(
    IDENTIFIERS, IDENTIFIER
)
# Column → the list of words that it takes.
VOCABULARIES = {
    **dict.fromkeys(("level_at_start", "level_at_end", "from_level", "to_level", "level_after"), "level"),
    **dict.fromkeys(("auditor_grade", "moderator_grade", "final_grade"), "grade"),
    **{c: c for c in ("sex", "ethnicity", "source", "role", "route", "consent_status", "direction", "kind")},
    **{c: c for c in ("respondent", "answer", "end_reason", "agency_type", "completed_by", "state")},
}
CODED = ("sex", "ethnicity", "source")  # a code may stand beside its words: `e) 2A: Schools`, `WBRI - White British`
_LETTER = re.compile(r"^\s*\(?[a-z]\d?\)\s*(?=\S)", re.I)  # Annex A's `b) ` before a value


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    treatment: str


def _version() -> tuple[str, int]:
    """A council's own file of aliases and when it was last changed: what is worked out from them is kept by these."""
    path = os.environ.get(SETTING, "").strip()
    try:
        return path, Path(path).stat().st_mtime_ns if path else 0
    except OSError as error:
        raise IntakeError(f"The file {path}, which {SETTING} names, cannot be read: {error.strerror}.") from error


@cache
def _rows(version: tuple[str, int]) -> tuple[dict[str, str], ...]:
    """Every alias, a council's own before ours."""
    path = version[0]
    if not path:
        return table("case_aliases.csv")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            own = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise IntakeError(f"The file {path}, which {SETTING} names, cannot be read as CSV in UTF-8.") from error
    for line, row in enumerate(own, 2):
        if fault := _fault(row):
            raise IntakeError(f"The file {path}, which {SETTING} names, has a fault in line {line}: {fault}.")
    return (*({field: row.get(field, "") for field in FIELDS} for row in own), *table("case_aliases.csv"))


def _fault(row: Mapping[str, str]) -> str:
    """What is wrong with a council's alias, "" if nothing."""
    sort, kind, name, column = (row.get(c, "") for c in ("sort", "kind", "table", "column"))
    tables = dict(HELPERS)
    for ours, spec in CASE_TABLES.items():
        tables[ours] = (*spec.columns, *HELPERS.get(ours, ()))
    if sort not in SORTS:
        return f"sort is one of {', '.join(SORTS)}"
    if not row.get("alias"):
        return "no alias is given"
    if sort in ("table", "column") and kind not in CASES:
        return f"kind is one of {', '.join(CASES)}"
    if (sort == "table" or name) and name not in tables:
        return f"there is no table “{name}”"
    if row.get("treatment", "") not in ("", UNREAD):
        return f"treatment is empty or {UNREAD}"
    if sort == "column" and not row.get("treatment"):
        known = set(tables[name] if name else [c for t in tables.values() for c in t]) | set(INSTEAD)
        if column not in known:
            return f"there is no column “{column}”" + (f" in {name}" if name else "")
    if sort in ("value", "word") and not row.get("means"):
        return "it does not say what the word means"
    return ""


@cache
def _by_table(version: tuple[str, int], kind: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in _rows(version):
        if row["sort"] == "table" and row["kind"] == kind:
            found.setdefault(squashed(row["alias"]), row["table"])
    return ({squashed(name): name for name in CASE_TABLES} if kind == "cases" else {}) | found


def table_named(kind: str, name: str) -> str | None:
    """The table that a sheet or file of this name holds; folders, endings and a date behind the name do not count."""
    known = _by_table(_version(), kind)
    stem = re.sub(r"\.(csv|tsv|txt|xlsx)$", "", re.split(r"[/\\]", name)[-1], flags=re.I)
    for text in (stem, re.sub(r"[\d_\-. ]+$", "", stem)):
        if (key := squashed(text)) in known:
            return known[key]
    return None


def tables_of(kind: str) -> tuple[str, ...]:
    """The tables that a kind of file may bring."""
    if kind == "cases":
        return tuple(CASE_TABLES)
    return tuple(dict.fromkeys(r["table"] for r in _rows(_version()) if r["sort"] == "table" and r["kind"] == kind))


def columns(kind: str, name: str) -> dict[str, Column]:
    """Squashed header → the column of table `name` that it means, and what becomes of it."""
    return _columns(_version(), kind, name)


@cache
def _columns(version: tuple[str, int], kind: str, name: str) -> dict[str, Column]:
    found: dict[str, Column] = {}
    ours = set(HELPERS[name] if kind == "ssds" and name in HELPERS else CASE_TABLES[name].columns)
    if kind == "cases":
        found = {squashed(c): Column(c, TREATMENTS.get(c, KEEP)) for c in ours}
    takes = ours | {other for other, becomes in INSTEAD.items() if becomes in ours}
    if kind == "annex_a":  # the child stands in every list
        takes |= {"sex", "ethnicity", "birth_date", "disability", "postcode", "lsoa"}
    for row in _rows(version):
        if row["sort"] != "column" or row["kind"] != kind or row["table"] not in ("", name):
            continue
        if row["treatment"] == UNREAD:
            found.setdefault(squashed(row["alias"]), Column("", UNREAD))
        elif row["column"] in takes:
            column = row["column"]
            found.setdefault(squashed(row["alias"]), Column(column, TREATMENTS.get(column, KEEP)))
    return found


# Values --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """What the cells of a column may say: squashed word → value; and words that may stand within a longer text."""

    exact: Mapping[str, str]
    within: tuple[tuple[re.Pattern[str], str], ...]
    codes: frozenset[str]

    def read(self, cell: str) -> str | None:
        """The value that a cell means, None where it means none that is known."""
        bare = _LETTER.sub("", cell)
        for text in (bare, cell):
            if (found := self.exact.get(squashed(text))) is not None:
                return found
        if self.codes:
            for token in re.findall(r"[A-Za-z0-9]+", bare):
                if token.upper() in self.codes:
                    return token.upper()
        plain = f" {normal(cell.replace('’', '').replace(chr(39), '')).replace('_', ' ')} "
        return next((means for pattern, means in self.within if pattern.search(plain)), None)


def words(vocabulary: str) -> Words:
    return _words(_version(), vocabulary)


@cache
def _words(version: tuple[str, int], vocabulary: str) -> Words:
    exact: dict[str, str] = {}
    within: list[tuple[re.Pattern[str], str]] = []
    means = [row for row in _rows(version) if row["column"] == vocabulary]
    for row in means:
        if row["sort"] == "value":
            exact.setdefault(squashed(row["alias"]), row["means"])
        elif row["sort"] == "word":
            text = normal(row["alias"].replace("'", "")).replace("_", " ")
            within.append((re.compile(rf"\b{re.escape(text)}\b"), row["means"]))
    values = {row["means"] for row in means}
    if vocabulary == "end_reason":
        for row in table("closure_reasons.csv"):
            values.add(row["code"])
            for alias in (row["label"], *row["aliases"].split("|")):
                exact.setdefault(squashed(alias), row["code"])
    if vocabulary == "agency_type":
        values |= set(AGENCY_TYPES)
        exact = {squashed(label): code for code, label in AGENCY_TYPES.items()} | exact
    exact = {squashed(value): value for value in values if value} | exact
    return Words(exact, tuple(within), frozenset(values) if vocabulary in CODED else frozenset())


def empties() -> frozenset[str]:
    """What systems write where there is nothing, in small letters."""
    return frozenset(row["alias"].lower() for row in _rows(_version()) if row["sort"] == "empty")


def mapped(series: pl.Series, vocabulary: str) -> pl.Series:
    """Cells → the values that they mean; null where the cell is empty or not known. Each distinct cell is read once."""
    known = words(vocabulary)
    distinct = series.drop_nulls().unique()
    made = pl.Series([known.read(cell) for cell in distinct], dtype=pl.String)
    return series.replace_strict(distinct, made, default=None, return_dtype=pl.String).alias(series.name)
