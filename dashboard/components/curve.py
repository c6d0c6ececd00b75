"""The picture of one curve: history, comparators, baseline, forecast, target, with its table and its files."""

from __future__ import annotations

from typing import Any

from dashboard.charts import Line, Target, history_chart
from dashboard.components.blocks import empty_state, headline
from dashboard.components.figures import figure_with_table
from dashboard.components.guard import open_link


def curve_chart(curve: Any) -> None:
    """Draw a `dashboard.answers.curve.Curve`."""
    it = curve.series
    figure, alt = history_chart(
        curve.ours,
        name=curve.area,
        headline=curve.headline,
        subtitle=f"{it.name}, {it.unit}",
        source=it.source,
        n=curve.n,
        unit=it.unit,
        decimals=it.decimals,
        comparators=[Line(name, frame) for name, frame in curve.comparators],
        breaks=curve.breaks,
        baseline=it.baseline_period,
        forecast=curve.ahead,
        target=Target(*curve.target) if curve.target else None,
    )
    figure_with_table(
        figure,
        alt,
        curve.frame,
        name=it.name,
        source=it.source,
        unit=it.unit,
        decimals=it.decimals,
        areas=curve.names,
        notes=curve.method,
    )


def no_curve(indicator: Any, *, top: Any) -> None:
    """In place of a curve, for an indicator of the data development agenda: what is missing, who has it, what to do.

    The sentence goes into `top`, under the page's title.
    """
    with top:
        headline(
            f"Nobody publishes a figure for this yet. Missing: {indicator.missing}. It is held by {indicator.holder}."
        )
    empty_state(
        "This indicator is on the data development agenda.",
        f"Ask {indicator.holder} for the figures; the data officer can load them as a table of our own.",
        link=("Load data", open_link("load_data")),
    )
