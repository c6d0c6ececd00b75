"""Dumbbells: two means of each area of a Star, joined by a line; open where people began, filled where they are now."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base, wrapped

FIRST, LAST = "stage_mean_first", "stage_mean_last"
_ROW, _EDGE = 38, 84  # pixels: an area with its space, and what stands above and beneath all of them
_NAME = 22  # letters to a line of an area's name


def dumbbell(
    frame: pl.DataFrame,
    *,
    areas: Mapping[str, str],
    stages: Mapping[int, str],
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
    decimals: int = 1,
) -> tuple[go.Figure, str]:
    """Mean stage at the baseline and now, one row an area, and the chart's words.

    `frame`: an estimates frame with the measures `stage_mean_first` and `stage_mean_last`, `group` a key of `areas`.
    The rows stand in the order of `areas`, the first on top; one without a value keeps its row and says why. `stages`:
    number → name, from the lowest on; a higher stage is better and stands to the right. No colour of judgement: a mean
    that rose is no verdict.
    """
    rows = {(m, g): (v, s) for m, g, v, s in frame.select("measure", "group", "value", "status").iter_rows()}
    nothing = (None, None)
    found = {area: tuple(rows.get((measure, area), nothing) for measure in (FIRST, LAST)) for area in areas}
    figure = base(headline=headline, subtitle=subtitle, source=source, n=n, height=_EDGE + _ROW * max(len(areas), 1))
    names = [wrapped(name, _NAME) for name in areas.values()]
    drawn = [(name, a, b) for name, ((a, _), (b, _)) in zip(names, found.values(), strict=True) if None not in (a, b)]
    for name, a, b in drawn:
        line = {"color": palette.OUR_AREA, "width": 3}
        figure.add_scatter(x=[a, b], y=[name, name], mode="lines", line=line, hoverinfo="skip")
    for place, (colour, what) in enumerate(((palette.WHITE, "first"), (palette.OUR_AREA, "now")), 1):
        figure.add_scatter(
            x=[row[place] for row in drawn],
            y=[row[0] for row in drawn],
            mode="markers",
            name=what,
            marker={"size": 13, "color": colour, "line": {"color": palette.OUR_AREA, "width": 2}},
            hovertemplate=f"%{{y}}, {what}: %{{x:.1f}}<extra></extra>",
        )
    for name, pair in zip(names, found.values(), strict=True):
        figure.add_annotation(
            text=_written(pair, decimals), x=1, xref="paper", xanchor="left", xshift=8, y=name, yref="y", align="left"
        )
    numbers = list(stages)  # their names would cover each other on a phone: they stand in words beside the chart
    figure.update_xaxes(
        range=[min(numbers) - 0.2, max(numbers) + 0.2], tickvals=numbers, ticktext=[f"{k}" for k in numbers],
        showgrid=True, gridcolor=palette.GRID, tickangle=0,
    )  # fmt: skip
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], range=[-0.6, len(names) - 0.4])
    figure.update_layout(margin={"r": 96})
    return figure, _say(headline, areas, found, decimals)


def _written(pair: tuple, decimals: int) -> str:
    """`2.4 → 3.1`, or the marker where a mean is hidden or missing."""
    (first, why), (last, also) = pair
    if first is None or last is None:
        return words.value(None, status=why if first is None else also)
    return f"{words.number(first, decimals=decimals)} → {words.number(last, decimals=decimals)}"


def _say(headline: str, areas: Mapping[str, str], found: Mapping[str, tuple], decimals: int) -> str:
    said = [f"{name}: {_written(found[area], decimals)}" for area, name in areas.items()]
    opening = f"{headline.rstrip('.')}."
    if not said:
        return f"{opening} No figures."
    return f"{opening} {'Mean stage' if decimals else 'Stage'}, first and now: {'; '.join(said)}."
