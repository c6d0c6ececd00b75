"""Lists 1 to 3 of Ofsted's Annex A from the invented records, as a workbook with the faults of real ones.

Contacts, Early Help Assessments and referrals of the last six months, one row a child and event, with the columns that
councils give inspectors. The faults: titles above the header, headers in several spellings, codes and words mixed,
hard spaces, #N/A, formula cells, dates as text and as numbers, impossible dates, rows given twice, assessments that
overlap, rows without a child, blank rows and a total at the end.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import xlsxwriter

from .dirt import HARD_SPACE, Done
from .draw import choose

WINDOW = timedelta(days=183)
SEXES = {"F": ("b) Female", "Female", "F", "female "), "M": ("a) Male", "Male", "M", f"Male{HARD_SPACE}")}
NOT_STATED = ("c) Not stated/recorded (or unborn)", "Unknown", "Not known", "")
ETHNIC_WORDS = {"WBRI": "White British", "WOTH": "Any other White background", "BAFR": "African", "AIND": "Indian"}
SOURCES = {
    "6": "Police",
    "2A": "Schools",
    "1A": "Individual",
    "3B": "Health visitor",
    "5A": "LA services",
    "4": "Housing",
}
# A day of Excel, as text, with stray spaces, as a number; then the faults.
WAYS = (0.87, 0.06, 0.03, 0.02, 0.008, 0.006, 0.006)
FAULTS = ("31/02/2026", "#N/A", "01/01/1900")
DAYS, TEXTS = {"birth", "date", "start_date", "complete_date"}, {"sex", "ethnicity", "source", "agency"}


@dataclass(frozen=True, slots=True)
class List:
    """One list: its sheet, title, the table and day that it is drawn from, and its headers with what stands beneath."""

    sheet: str
    title: str
    table: str
    day: str
    headers: Mapping[str, str]


LISTS = (
    List(
        "List 1", "Contacts in the six months before the inspection", "contact", "date",
        {
            "Child Unique ID": "person_id", "Gender": "sex", "Ethnicity": "ethnicity", "Date of Birth": "birth",
            "Age of Child (Years)": "age", "Date of Contact": "date", "Contact Source": "source",
        },
    ),
    List(
        "List 2", "Early help assessments in the six months before the inspection", "assessment", "start_date",
        {
            f"Child Unique{HARD_SPACE}ID ": "person_id", "Gender ": "sex", "Ethnic Origin": "ethnicity",
            "Date of birth": "birth", "Age": "age", "Assessment start date": "start_date",
            "Assessment completion\ndate": "complete_date", "Organisation completing assessment": "agency",
        },
    ),
    List(
        "List 3", "Referrals in the six months before the inspection", "referral", "date",
        {
            "Child ID": "person_id", "Sex": "sex", "Ethnicity": "ethnicity", "DOB": "birth", "Age of Child": "age",
            "Date of Referral": "date", "Referral Source": "source", "Referral NFA?": "dropped",
            "Number of Referrals in last 12 months": "number", "Allocated Team": "team",
        },
    ),
)  # fmt: skip


def workbook(tables: Mapping[str, pl.DataFrame], *, seed: int, until: date) -> tuple[bytes, pl.DataFrame]:
    """The workbook, and a table of what is wrong in it: `table` (the sheet), `what`, `rows`."""
    data, done = io.BytesIO(), Done()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        book.set_properties({"title": "Invented county: no person in it exists", "created": datetime(2020, 1, 1)})
        styles = {"day": book.add_format({"num_format": "dd/mm/yyyy"}), "title": book.add_format({"bold": True})}
        for this in LISTS:
            rng = np.random.default_rng([seed, *b"annex a", *this.sheet.encode()])
            rows = _repeated(rng, this, _rows(rng, this, tables, until), done)
            _write(rng, book.add_worksheet(this.sheet), styles, this, rows, until, done)
    return data.getvalue(), done.table()


def _rows(rng: np.random.Generator, this: List, tables: Mapping[str, pl.DataFrame], until: date) -> pl.DataFrame:
    """The list as it should be: one row a child and event."""
    events = tables[this.table].filter(pl.col(this.day) > until - WINDOW)
    children = tables["person"].select("person_id", "birth_month", "sex", "ethnicity")
    agencies = tables["agency"].select("agency_id", pl.col("name").alias("agency"))
    rows = events.join(children, on="person_id", maintain_order="left")
    if "agency_id" in rows.columns:
        rows = rows.join(agencies, on="agency_id", maintain_order="left")
    if this.table == "referral":
        rows = rows.with_columns(
            pl.when("no_further_action").then(pl.lit("Yes")).otherwise(pl.lit("No")).alias("dropped"),
            (pl.len().over("person_id") - 1).alias("number"),
            pl.Series("team", [f"Invented team {number}" for number in rng.integers(1, 9, rows.height)]),
        )
    days = pl.Series(rng.integers(0, 28, rows.height)) * timedelta(days=1)
    return rows.with_columns((pl.col("birth_month") + days).alias("birth"), pl.lit(None).alias("age")).select(
        *this.headers.values()
    )


def _repeated(rng: np.random.Generator, this: List, rows: pl.DataFrame, done: Done) -> pl.DataFrame:
    twice = rows.filter(pl.Series(rng.random(rows.height) < 0.012))
    done.note(this.sheet, "rows given twice", twice.height)
    parts = [rows, twice]
    if this.table == "assessment":
        long = (pl.col("complete_date") - pl.col("start_date")).dt.total_days() > 12
        again = rows.filter(long & pl.Series(rng.random(rows.height) < 0.02))
        parts.append(again.with_columns(pl.col("start_date", "complete_date") + timedelta(days=6)))
        done.note(this.sheet, "assessments entered again while the first ran", again.height)
    whole = pl.concat(parts)
    lost = rng.random(whole.height) < 0.004
    done.note(this.sheet, "rows without a child", lost.sum())
    whole = whole.with_columns(pl.when(pl.Series(lost)).then(None).otherwise("person_id").alias("person_id"))
    return whole.sample(fraction=1, shuffle=True, seed=int(rng.integers(2**31)))


def _write(rng, sheet, styles, this: List, rows: pl.DataFrame, until: date, done: Done) -> None:
    columns = list(this.headers.values())
    sheet.merge_range(0, 0, 0, len(columns) - 1, f"Invented county – Annex A – {this.title}", styles["title"])
    sheet.write(1, 0, f"Run on {until:%d %B %Y}. Invented records: no person in them exists.")
    top = 3
    for place, header in enumerate(this.headers):
        sheet.write(top, place, header)
    faults: dict[str, int] = {}
    births, last = columns.index("birth"), top + 1 + rows.height
    for place, column in enumerate(columns):
        ways = choose(rng, WAYS, rows.height) if column in DAYS else rng.random(rows.height)
        for number, (value, way) in enumerate(zip(rows[column], ways.tolist(), strict=True), top + 1):
            if column == "age":
                _age(sheet, number, place, births, rows["birth"][number - top - 1], until)
            elif column in DAYS:
                _day(sheet, number, place, value, way, styles["day"], column, faults)
            elif column in TEXTS:
                sheet.write(number, place, _text(column, value, way))
            elif value is not None:
                sheet.write(number, place, value)
    for blank in range(last, last + 3):
        sheet.write_string(blank, 0, HARD_SPACE)
    sheet.write(last + 3, 0, "Total")
    sheet.write_formula(last + 3, 1, f"=COUNTA(A{top + 2}:A{last})", None, rows.height)
    for what, count in faults.items():
        done.note(this.sheet, what, count)


def _age(sheet, row: int, place: int, birth_place: int, birth: date | None, until: date) -> None:
    """A formula with its value, as systems write ages; #N/A where there is no birth date."""
    cell = f"{chr(65 + birth_place)}{row + 1}"
    value = "#N/A" if birth is None else max(0, (until - birth).days) // 365
    sheet.write_formula(row, place, f"=IF({cell}=0,NA(),INT((DATE({until:%Y,%m,%d})-{cell})/365.25))", None, value)


def _day(sheet, row: int, place: int, value: date | None, way: int, style, column: str, faults: dict[str, int]) -> None:
    """A day as Excel keeps it; one in eight otherwise (the order of WAYS)."""
    if value is None:
        if way == 1:
            sheet.write_formula(row, place, "=NA()", None, "#N/A")
    elif way == 0:
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), style)
    elif way == 3:
        _count(faults, f"{column} as a number of days")
        sheet.write_number(row, place, (value - date(1899, 12, 30)).days)
    elif way < 3:
        sheet.write_string(row, place, f"{value:%d/%m/%Y}" if way == 1 else f"{HARD_SPACE}{value:%Y-%m-%d} ")
    else:
        text = FAULTS[way - 4]
        _count(faults, f"{column} written as {text}")
        sheet.write_string(row, place, text)


def _count(faults: dict[str, int], what: str) -> None:
    faults[what] = faults.get(what, 0) + 1


def _text(column: str, value: str | None, way: float) -> str:
    """A code, its words or both, as each worker types it. `way` is between 0 and 1."""
    if column == "sex":
        ways = SEXES.get(value or "", NOT_STATED)
        return ways[0 if way < 0.5 else 1 if way < 0.8 else 2 if way < 0.95 else 3]
    if value is None:
        return "" if way < 0.7 else "Not known"
    words = {"ethnicity": ETHNIC_WORDS, "source": SOURCES}.get(column, {}).get(value)
    if column == "agency":
        return value.upper() if way < 0.04 else f"{value}{HARD_SPACE}" if way < 0.1 else value
    if words is None or way < 0.5:
        return value
    return words if way < 0.7 else f"{value}: {words}" if column == "source" else f"{value} - {words}"
