"""The blocks of the page “Activity”: four boxes, one measure in time, the same cut, and who took part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from dashboard.charts.control import control_chart
from dashboard.components.blocks import html
from dashboard.components.figures import figure_with_table
from dashboard.components.quadrant import Box, MeasureLine, StripCell, StripRow, quadrant, strip
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away


def boxes(these: Sequence[Any], *, chosen: str, address: Callable[[str], str]) -> None:
    """The boxes of a `dashboard.answers.activity.Activity`; `address`: where a measure's name leads."""

    def line(it: Any) -> MeasureLine:
        return MeasureLine(
            name=it.name,
            address=address(it.id),
            value=it.value,
            detail=it.detail,
            beside=it.beside,
            before=it.before,
            signal=it.signal,
            note=it.note,
            chosen=it.id == chosen,
        )

    quadrant([Box(box.name, box.lead, [*map(line, box.first)], [*map(line, box.rest)]) for box in these])


def control(course: Any) -> None:
    """Draw a `dashboard.answers.activity_course.Course` with its table and files."""
    it = course.measure
    figure, alt = control_chart(
        course.frame,
        course.limits,
        headline=course.headline,
        subtitle=course.subtitle,
        source=course.source,
        n=course.n,
        unit=it.unit,
        decimals=it.decimals,
    )
    figure_with_table(
        figure,
        alt,
        course.frame,
        name=it.name,
        source=course.source,
        unit=it.unit,
        decimals=it.decimals,
        areas=course.names,
    )


def split_table(cells: pl.DataFrame, *, name: str, numbers: Sequence[str], source: str, empty: str) -> None:
    """One measure cut by something, in ready words, to read and to take away."""
    if cells.is_empty():
        html("paragraph.html", text=empty, kind="quiet")
        return
    plain_table(cells.columns, cells.rows(), caption=name, numbers=numbers)
    take_away(cells, name=name, source=source, chosen={})


def taking_part(
    quarters: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[str, int]], str]], *, caption: str
) -> None:
    """Who began assessments, a row each type of agency, a small column each quarter."""
    made = [StripRow(name, [StripCell(*cell) for cell in cells], total) for name, cells, total in rows]
    strip(made, caption=caption, head="Agencies", periods=quarters)
