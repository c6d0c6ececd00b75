"""Wide tables to take away: a CSV and an accessible workbook, with what was chosen and the source."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from functools import partial

import polars as pl
import streamlit as st
import xlsxwriter

from dashboard.components.files import download, harmless

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def take_away(
    table: pl.DataFrame,
    *,
    name: str,
    source: str,
    chosen: Mapping[str, str],
    more: Mapping[str, tuple[str, str, Callable[[], bytes]]] | None = None,
) -> None:
    """Buttons for a table whose columns are named in words: CSV and workbook, then `more`: label → (file name, kind of
    file, its bytes when asked for). `chosen`: what the figures were set to, said in both files."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    files = {
        "Download as CSV": (f"{slug}.csv", "text/csv", partial(table_csv, table, source=source, chosen=chosen)),
        "Download as workbook": (
            f"{slug}.xlsx",
            WORKBOOK,
            partial(table_workbook, table, title=name, source=source, chosen=chosen),
        ),
        **(more or {}),
    }
    with st.container(horizontal=True):
        for label, (file_name, kind, made) in files.items():
            download(label, made, file_name=file_name, mime=kind, key=f"take-{file_name}")


def table_csv(table: pl.DataFrame, *, source: str = "", chosen: Mapping[str, str] | None = None) -> bytes:
    """UTF-8 with the mark that makes Excel read `£` rightly; what was chosen and the source in the last lines."""
    safe = table.with_columns(pl.col(pl.String).map_elements(harmless, return_dtype=pl.String))
    lines = [f"{k}: {v}" for k, v in (chosen or {}).items()] + ([f"Source: {source}"] if source else [])
    quoted = "".join('"{}"\n'.format(harmless(line).replace('"', '""')) for line in lines)
    return (safe.write_csv(include_bom=True, quote_style="non_numeric") + quoted).encode()


def table_workbook(table: pl.DataFrame, *, title: str, source: str, chosen: Mapping[str, str]) -> bytes:
    """A sheet with the table, read from the top: title, source, table; and a sheet with what was chosen."""
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": title, "comments": f"Source: {source}"})
        bold = book.add_format({"bold": True, "font_size": 14})
        money, plain = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "#,##0.###"})
        sheet = book.add_worksheet("Figures")
        sheet.write_string(0, 0, title, bold)
        sheet.write_string(1, 0, f"Source: {source}")
        head = 2
        sheet.add_table(
            head, 0, head + max(table.height, 1), table.width - 1,
            {
                "name": "Figures", "style": "Table Style Light 1", "autofilter": True,
                "columns": [{"header": column} for column in table.columns],
            },
        )  # fmt: skip
        for line, row in enumerate(table.iter_rows(), start=head + 1):
            for place, cell in enumerate(row):
                if isinstance(cell, int | float):
                    sheet.write_number(line, place, cell, money if "£" in table.columns[place] else plain)
                elif cell is not None:
                    sheet.write_string(line, place, cell)
        sheet.freeze_panes(head + 1, 1)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, max(12, len(column) + 3))
        settings = book.add_worksheet("Chosen")
        settings.write_string(0, 0, "What the figures were set to", bold)
        for line, (what, words) in enumerate((chosen or {"–": "–"}).items(), start=1):
            settings.write_string(line, 0, what)
            settings.write_string(line, 1, words)
        settings.set_column(0, 1, 40)
    return made.getvalue()
