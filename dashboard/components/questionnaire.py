"""The pictures of a questionnaire's round: the spread of partners, priorities, partners by area, years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboard.charts.answer_spread import colours, spread_chart
from dashboard.charts.history import history_chart
from dashboard.charts.partner_heat import heat_map
from dashboard.charts.priorities import priority_chart
from dashboard.charts.radar import radar_chart
from dashboard.components.blocks import html, section
from dashboard.components.charted import chart
from dashboard.components.figures import figure_with_table
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away


def shown_table(it: Any, *, source: str, chosen: Mapping[str, str], folded: bool = False) -> None:
    """A table in ready words (`name`, `lead`, `frame`, `numbers`) with its files. `folded`: under its own chart."""
    if not folded:
        section(it.name, lead=it.lead)
    frame = it.frame
    if frame.is_empty():
        html("paragraph.html", text="There is nothing to show for what is chosen.", kind="quiet")
        return
    summary = f"{it.name} as a table" if folded else ""
    plain_table(frame.columns, frame.rows(), caption=it.name, numbers=it.numbers, summary=summary)
    take_away(frame, name=it.name, source=source, chosen=chosen)


def spread(it: Any, *, scores: int, **said: str) -> None:
    """How partners spread over the answers (`charts.answer_spread`), with the key of its colours above it."""
    section("Where do partners stand on each topic?")
    shades = colours(scores, len(it.labels) - scores)
    parts = [(place, name) for place, name in enumerate(it.labels.values())]
    html("letters.html", parts=[("", name, shades[place]) for place, name in parts], line="")
    figure, alt = spread_chart(it.frame, it.apart, items=it.names, answers=it.labels, **said)
    chart(figure, alt, name="Partners by answer")
    columns = it.table.columns
    plain_table(columns, it.table.rows(), caption=it.caption, numbers=columns[1:], summary="Figures in this chart")


def priorities(points: pl.DataFrame, *, asks: Mapping[str, str], **said: Any) -> None:
    """What to do first (`charts.priorities`), with its table."""
    section("What comes first?")
    if points.is_empty():
        html("paragraph.html", text="With fewer than three partners nothing is said about agreement.", kind="quiet")
        return
    figure, alt = priority_chart(points, **said)
    chart(figure, alt, name="Priorities")
    columns = ["No.", "Topic", "Score", "Partners differ by", "What it asks for"]
    rows = [
        (str(place), name, f"{mean:.1f}", f"{deviation:.1f}", asks[quadrant])
        for place, (name, mean, deviation, quadrant) in enumerate(points.iter_rows(), 1)
    ]
    plain_table(columns, rows, caption="Priorities, by their numbers in the chart", numbers=columns[2:4])


def partners(cells: pl.DataFrame, table: Any, *, source: str, chosen: Mapping[str, str], **said: Any) -> None:
    """Partners by area (`charts.partner_heat`), with its table and files."""
    section("How do partners differ?")
    figure, alt = heat_map(cells, source=source, **said)
    chart(figure, alt, name="Partners by area")
    shown_table(table, source=source, chosen=chosen, folded=True)


def radar(rounds: Mapping[str, Mapping[str, float | None]], *, source: str, **said: Any) -> None:
    """The areas as a web: the second view. The table of areas above holds the same figures."""
    section("The areas as a web")
    figure, alt = radar_chart(rounds, source=source, **said)
    chart(figure, alt, name="Areas as a web")


def course(frame: pl.DataFrame, breaks: list[str], *, highest: int, source: str) -> None:
    """The overall score of every round, with a break where the edition changed."""
    figure, alt = history_chart(
        frame,
        name="All partners",
        headline="The overall score of each round",
        subtitle=f"Mean of the areas, points of {highest}; a gap where the questionnaire changed",
        source=source,
        unit="points",
        breaks=breaks,
    )
    figure_with_table(figure, alt, frame, name="Overall score by round", source=source, areas={"all": "All partners"})
