"""The blocks of the pages about the Outcome Star: the way to a second Star, dumbbells, stage matrix, funnel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboard.charts.dumbbell import dumbbell
from dashboard.charts.funnel import funnel_chart
from dashboard.charts.stage_matrix import stage_matrix_chart
from dashboard.components.blocks import html, room, section
from dashboard.components.charted import chart
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away


def steps(these: Sequence[Any], *, name: str) -> None:
    """The way to a second Star, a line each step with its bar; `these`: `dashboard.answers.star_tables.Step`."""
    html("star_steps.html", steps=these, name=name)


def sentences(these: Sequence[str], *, name: str) -> None:
    """A section of sentences that always stand together."""
    section(name)
    html("star_sentences.html", sentences=these)


def acknowledgement(text: str) -> None:
    """Triangle's copyright, at the foot of every page with Star figures."""
    html("paragraph.html", text=text, kind="quiet")


def paragraph(text: str) -> None:
    """A sentence between the blocks; nothing where there is none."""
    if text:
        html("paragraph.html", text=text, kind="lead")


def pick(label: str, options: Mapping[str, str], *, of: str) -> str | None:
    """One of the options, none at first and whenever `of`, what they are options of, changes. It does not go into the
    address: an address is kept and passed on."""
    with room("pick"):
        return st.selectbox(
            label, list(options), index=None, format_func=options.get, key=f"pick-{of}", placeholder="Choose",
            filter_mode="contains",
        )  # fmt: skip


def by_area(
    means: pl.DataFrame, *, areas: Mapping[str, str], stages: Mapping[int, str], decimals: int = 1, **said: str
) -> None:
    """The dumbbells of a Star's areas; `said`: headline, subtitle, source, n."""
    chart(*dumbbell(means, areas=areas, stages=stages, decimals=decimals, **said), name="Areas, first and now")


def matrix(rows: pl.DataFrame, *, area: str, stages: Mapping[int, str], **said: str) -> None:
    """The stage matrix of one area."""
    chart(*stage_matrix_chart(rows, area=area, stages=stages, **said), name="Stage matrix")


def funnel(rows: pl.DataFrame, lines: pl.DataFrame, *, names: Mapping[str, str], **said: str) -> None:
    """The services against the limits of chance."""
    chart(*funnel_chart(rows, lines, names=names, **said), name="Services")


def files_table(
    frame: pl.DataFrame,
    *,
    name: str,
    numbers: Sequence[str],
    source: str,
    chosen: Mapping[str, str],
    empty: str,
    fold: bool = False,
) -> None:
    """A table in words beneath a chart, and buttons to take it away; `empty`: what is said where it has no rows."""
    if frame.is_empty():
        paragraph(empty)
        return
    folded = f"{name}: {frame.height} rows" if fold else ""
    plain_table(frame.columns, frame.rows(), caption=name, numbers=numbers, summary=folded)
    take_away(frame, name=name, source=source, chosen=chosen)
