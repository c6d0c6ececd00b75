"""UKHSA's COVER figures, vaccination by 12 months, 24 months and 5 years: a long extract, or the publisher's workbook.

The publisher gives how many children reached the age and the percentage vaccinated. The count is worked back:
numerator = round(denominator × coverage / 100), which the note says.
"""

from __future__ import annotations

import re

import polars as pl

from .batch import IntakeError, Ledger
from .figures import Facts, Rows
from .headers import Fit, cover_headers, squashed
from .opening import Opened

FACTS = Facts("proportion", 100.0, "quarter")
WORKED_BACK = "count worked back from the published percentage"
_AGES = {"12m": r"12[ _-]?m", "24m": r"24[ _-]?m", "5y": r"5[ _-]?y"}
_FIRST_MONTHS = {"april": 1, "apr": 1, "july": 2, "jul": 2, "october": 3, "oct": 3, "january": 4, "jan": 4}


def read_long(frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger) -> Rows:
    """Rows `period, area, item, value`, where some items are the denominators of others."""
    items = frame["item"].unique().drop_nulls()
    meanings = [cover_headers().get(squashed(item), ("", "")) for item in items]
    known = pl.DataFrame(
        {"item": items, "vaccine": [m[0] for m in meanings], "age": [m[1] for m in meanings]},
        schema={"item": pl.String, "vaccine": pl.String, "age": pl.String},
    )
    frame = frame.join(known, on="item", how="left", maintain_order="left")
    unknown = frame.filter(pl.col("vaccine").fill_null("") == "")
    ledger.refuse(
        unknown, columns["item"], "not an item of these figures, such as MMR1_24m or 24m_denominator", value="item"
    )
    place = [c for c in ("area_code", "area") if c in frame.columns]
    key = ["period", *place, "age"]
    totals = frame.filter(pl.col("vaccine") == "denominator").select(*key, pl.col("value").alias("denominator"))
    totals = totals.unique().unique(subset=key, keep="none")
    ledger.use(frame.filter(pl.col("vaccine") == "denominator"))
    rows = frame.filter((pl.col("vaccine") != "") & (pl.col("vaccine") != "denominator"))
    rows = rows.join(totals, on=key, how="left", nulls_equal=True, maintain_order="left")
    rows = rows.with_columns(_feed(pl.col("vaccine"), pl.col("age")))
    keep = ("line", "measure", *place, "period", "value", "denominator", "note")
    return _rows(rows.select(c for c in keep if c in rows.columns), {**columns, "denominator": columns["value"]})


def _feed(vaccine: pl.Expr, age: pl.Expr) -> pl.Expr:
    return pl.format("cover:{}_{}", vaccine, age).alias("measure")


def _rows(frame: pl.DataFrame, names: dict[str, str]) -> Rows:
    return Rows(frame, {**names, "numerator": "value"}, {feed: FACTS for feed in frame["measure"].unique()})


def count_back(figures: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Put in the count that the percentage and the denominator stand for.

    A workbook may hold 0.947 where its cell shows 94.7%: where no figure is above 1, they are read so.
    """
    if 0 < (figures["value"].max() or 0) <= 1:
        figures = figures.with_columns((pl.col("value") * 100).round(6).alias("value"))
        ledger.remarks.append("The percentages are written as fractions (0.95 for 95%) and were read so.")
    counted = pl.col("numerator").is_null() & pl.col("denominator").is_not_null() & pl.col("value").is_not_null()
    note = pl.concat_str("note", pl.lit(WORKED_BACK), separator="; ", ignore_nulls=True)
    worked = (pl.col("denominator") * pl.col("value") / 100 + 0.5).floor()
    return figures.with_columns(
        pl.when(counted).then(worked).otherwise("numerator").alias("numerator"),
        pl.when(counted).then(note).otherwise("note").alias("note"),
    )


def quarter_named(text: str) -> str | None:
    """The quarter that a title or file name speaks of, as `2024/25 Q4`.

    Understood: `Quarter 4 2024 to 2025`, `Q4 2024/25`, `2024-25 Q4`, `January to March 2025`, `cover_q4_2024-to-2025`.
    """
    words = re.sub(r"[_\s]+", " ", text.lower().replace("–", "-"))
    years = re.search(r"(20\d\d)\s*(?:/|-|\s|-?to-?|\sto\s)\s*(?:20)?(\d\d)(?!\d)", words)
    quarter = re.search(r"(?:q|quarter)[\s-]*([1-4])(?!\d)", words)
    if years and quarter and (int(years[1]) + 1) % 100 == int(years[2]):
        return f"{years[1]}/{years[2]} Q{quarter[1]}"
    months = re.search(r"(april|apr|july|jul|october|oct|january|jan)[a-z]*\s*(?:to|-)\s*[a-z]+\s+(20\d\d)", words)
    if months:
        number, year = _FIRST_MONTHS[months[1]], int(months[2])
        first = year - 1 if number == 4 else year
        return f"{first}/{(first + 1) % 100:02d} Q{number}"
    return None


def period_of(opened: Opened) -> str:
    """The quarter of a workbook, from its title rows or else its file name."""
    for sheet in opened.sheets:
        for row in opened.preview(sheet)[:15]:
            for cell in row:
                if cell and len(cell) > 8 and (found := quarter_named(cell)):
                    return found
    if found := quarter_named(opened.file_name):
        return found
    raise IntakeError(
        f"{opened.file_name} does not say which quarter it is about: name it in the file name, such as “2024-25 Q4”."
    )


def read_wide(
    frame: pl.DataFrame, header: list[str | None], fitted: Fit, *, sheet: str, period: str, ledger: Ledger
) -> Rows:
    """One sheet of the publisher's workbook: a row an area, a column a vaccine."""
    from_sheet = next((age for age, pattern in _AGES.items() if re.search(pattern, sheet.lower())), "")
    vaccines: list[tuple[str, str, str]] = []
    totals: dict[str, str] = {}
    ages_here = {age for cell in header if (age := cover_headers().get(squashed(cell), ("", ""))[1])}
    only_age = from_sheet or (next(iter(ages_here)) if len(ages_here) == 1 else "")
    for i, cell in enumerate(header):
        vaccine, age = cover_headers().get(squashed(cell), ("", ""))
        age = age or only_age
        if vaccine == "denominator" and age:
            totals.setdefault(age, f"c{i}")
        elif vaccine and age and not any(v[:2] == (vaccine, age) for v in vaccines):
            vaccines.append((vaccine, age, f"c{i}"))
    places = {column: f"c{i}" for column, i in fitted.columns.items() if column in ("area", "area_code")}
    numbers = [column for *_, column in vaccines]
    no_number = pl.all_horizontal(pl.col(c).fill_null("").str.strip_chars() == "" for c in numbers)
    blank = frame.filter(no_number)
    ledger.leave_out(blank, "they hold no percentage, such as blank lines and notes below the table")
    frame = frame.filter(~no_number)
    parts = []
    for vaccine, age, column in vaccines:
        chosen = [pl.col("line"), *(pl.col(c).alias(ours) for ours, c in places.items()), pl.col(column).alias("value")]
        chosen += [pl.col(totals[age]).alias("denominator")] if age in totals else []
        parts.append(frame.select(chosen).with_columns(pl.lit(f"cover:{vaccine}_{age}").alias("measure")))
    unused = [
        cell for i, cell in enumerate(header) if cell and f"c{i}" not in {*numbers, *totals.values(), *places.values()}
    ]
    if unused:
        ledger.remarks.append(f"Columns of sheet {sheet} not used: {', '.join(unused)}.")
    rows = pl.concat(parts, how="diagonal").with_columns(pl.lit(period).alias("period"))
    names = {ours: header[int(c[1:])] or ours for ours, c in places.items()}
    return _rows(rows, {**names, "measure": "vaccine", "period": "period", "value": f"{sheet}: percentage"})
