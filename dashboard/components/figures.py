"""A chart with everything that belongs to it: its words, its figures as a table, and files to take away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard import words
from dashboard.charts.base import CONFIG
from dashboard.components.blocks import html, source_line
from dashboard.components.files import download, to_csv, to_workbook
from dashboard.components.tables import plain_table


def chart(figure: go.Figure, alt: str, *, name: str, source: str = "") -> None:
    """The chart under its headline, with the source (else that of the drawing) and n beneath.

    `name` must differ between the charts of a page.
    """
    meta = figure.layout.meta or {}
    if meta.get("headline"):
        html("figure.html", headline=meta["headline"], subtitle=meta.get("subtitle", ""))
    st.plotly_chart(figure, theme=None, config=CONFIG, key=f"chart-{_slug(name)}", alt=alt)
    source_line(source or meta.get("source", ""), n=meta.get("n", ""))


def figure_with_table(
    figure: go.Figure,
    alt: str,
    frame: pl.DataFrame,
    *,
    name: str,
    source: str,
    unit: str = "",
    decimals: int = 1,
    areas: Mapping[str, str] | None = None,
    notes: str = "",
    open_table: bool = False,
) -> None:
    """A `chart`, "Figures in this chart" as a table, CSV and workbook.

    `frame` is the estimates frame that was drawn (all its lines); `areas` gives the name of each area code. `name`
    names the files and must differ between the charts of a page. The files are made when they are asked for.
    """
    chart(figure, alt, name=name, source=source)
    slug = _slug(name)
    columns, rows = _table(frame, unit, decimals, areas or {})
    plain_table(
        columns,
        rows,
        caption=f"{name}{f' ({unit})' if unit else ''}",
        numbers=columns[2:-1],
        summary="" if open_table else "Figures in this chart",
    )
    with st.container(horizontal=True):
        download(
            "Download as CSV",
            partial(to_csv, frame, source=source, areas=areas),
            file_name=f"{slug}.csv",
            mime="text/csv",
            key=f"csv-{slug}",
        )
        download(
            "Download as workbook",
            partial(to_workbook, frame, title=name, source=source, notes=notes, decimals=decimals, areas=areas),
            file_name=f"{slug}.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            key=f"xlsx-{slug}",
        )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _table(
    frame: pl.DataFrame, unit: str, decimals: int, areas: Mapping[str, str]
) -> tuple[list[str], list[tuple[str, ...]]]:
    columns = ["Area", "Period", "Figure", "95% limits", "Numerator", "Denominator", "Status"]
    picked = ("group", "period", "value", "lower", "upper", "numerator", "denominator", "status")
    rows = [
        (
            areas.get(group, group),
            period,
            words.value(value, unit=unit, decimals=decimals, status=status),
            words.interval(lower, upper, decimals=decimals) or words.MISSING,
            words.number(numerator, decimals=0),
            words.number(denominator, decimals=0),
            words.status_words(status),
        )
        for group, period, value, lower, upper, numerator, denominator, status in frame.select(picked).iter_rows()
    ]
    return columns, rows
