"""Figures to take away: a CSV and an accessible workbook, both from the same frame as the chart."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import date, datetime

import polars as pl
import streamlit as st
import xlsxwriter

from dashboard import words
from dashboard.access import EXPORT
from dashboard.components.guard import guarded_maker, may_here

# What a spreadsheet would take for a formula at the start of a cell.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_HEADINGS = {
    "measure": "Measure",
    "area": "Area",
    "group": "Area code",
    "period": "Period",
    "period_end": "Period ends",
    "value": "Value",
    "lower": "Lower 95% limit",
    "upper": "Upper 95% limit",
    "numerator": "Numerator",
    "denominator": "Denominator",
    "n": "n",
    "status": "Status",
    "method": "Method",
}


def harmless(text: str) -> str:
    """Text that a spreadsheet shows instead of reckoning: an apostrophe before `=`, `+`, `-`, `@` or a tab."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def as_table(frame: pl.DataFrame, *, areas: Mapping[str, str] | None = None) -> pl.DataFrame:
    """An estimates frame with the columns people need, named in words; `areas` gives the name of each code.

    A hidden or missing figure keeps its row: the status says why in words and the numbers are empty.
    """
    named = frame.with_columns(
        area=pl.col("group").replace(dict(areas or {})),
        status=pl.col("status").replace_strict(
            {s: f"{words.MARKERS.get(s, '')} {words.status_words(s)}".strip() for s in frame["status"].unique()},
            return_dtype=pl.String,
        ),
    )
    return named.select(pl.col(column).alias(heading) for column, heading in _HEADINGS.items())


def to_csv(frame: pl.DataFrame, *, source: str, areas: Mapping[str, str] | None = None) -> bytes:
    """UTF-8 with the mark that makes Excel read `–` rightly; dates as 31/03/2025; the source in the last line."""
    table = as_table(frame, areas=areas)
    text = [c for c, kind in table.schema.items() if kind == pl.String]
    table = table.with_columns(pl.col(text).map_elements(harmless, return_dtype=pl.String))
    body = table.write_csv(include_bom=True, date_format="%d/%m/%Y", quote_style="non_numeric")
    quoted = harmless(f"Source: {source}").replace('"', '""')
    return f'{body}"{quoted}"\n'.encode()


def download(label: str, make: Callable[[], bytes | str], *, file_name: str, mime: str, key: str) -> None:
    """A button that makes a file when it is pressed, for those who may take figures away; others do not see it.

    Whether they may is asked again at the press, and the record says what was taken.
    """
    if may_here(EXPORT):
        maker = guarded_maker(make, name=file_name)
        # "ignore": the press runs no page, so the file's address cannot change under it.
        st.download_button(label, maker, file_name=file_name, mime=mime, key=key, on_click="ignore")


def refused_file(refused: pl.DataFrame, *, name: str, label: str = "Download the refused rows") -> None:
    """A button that takes listed rows away: line, column, value, reason."""

    def make() -> bytes:
        harmless_rows = refused.with_columns(pl.col(pl.String).map_elements(harmless, return_dtype=pl.String))
        return harmless_rows.write_csv(include_bom=True, quote_style="non_numeric").encode()

    if refused.height:
        file_name = f"{name}.refused.csv"
        download(label, make, file_name=file_name, mime="text/csv", key=f"refused-{name}")


def to_workbook(
    frame: pl.DataFrame,
    *,
    title: str,
    source: str,
    notes: str = "",
    decimals: int = 1,
    areas: Mapping[str, str] | None = None,
) -> bytes:
    """One sheet, read from the top: title, source, notes, then one table with its header row kept in sight.

    No merged cells, no empty rows or columns within the table, text never taken for a formula or a link.
    """
    table = as_table(frame, areas=areas)
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": title, "comments": f"Source: {source}"})
        sheet = book.add_worksheet("Figures")
        bold = book.add_format({"bold": True, "font_size": 14})
        sheet.write_string(0, 0, title, bold)
        sheet.write_string(1, 0, f"Source: {source}")
        sheet.write_string(2, 0, notes or "Status says in words why a number is missing.")
        head = 3
        sheet.add_table(
            head, 0, head + max(table.height, 1), table.width - 1,
            {
                "name": "Figures", "style": "Table Style Light 1", "autofilter": True,
                "columns": [{"header": column} for column in table.columns],
            },
        )  # fmt: skip
        whole = book.add_format({"num_format": "#,##0"})
        shown = book.add_format({"num_format": "#,##0." + "0" * decimals if decimals else "#,##0"})
        dated = book.add_format({"num_format": "d mmmm yyyy"})
        counts = {"Numerator", "Denominator", "n"}
        for line, row in enumerate(table.iter_rows(), start=head + 1):
            for place, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(line, place, datetime(cell.year, cell.month, cell.day), dated)
                elif isinstance(cell, int | float):
                    sheet.write_number(line, place, cell, whole if table.columns[place] in counts else shown)
                elif cell is not None:
                    sheet.write_string(line, place, cell)
        sheet.freeze_panes(head + 1, 0)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, max(12, len(column) + 3))
    return made.getvalue()
