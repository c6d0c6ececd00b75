"""Shares over time with control limits that follow the number behind each (p-chart), and shares of groups in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base, wrapped

_HEIGHT = 320  # pixels
_ROW, _EDGE = 30, 72
_NAME = 26  # letters to a line of a group's name
Row = tuple[str, object, float | None, float | None, float | None, float | None, str | None]


def p_chart_figure(
    chart: pl.DataFrame, *, headline: str, subtitle: str, source: str, n: str = ""
) -> tuple[go.Figure, str]:
    """The chart of what `metrics.audit.p_chart` gives, with `period` as label, and its text alternative.

    Percentages, 0–100. Without limits (too few rounds) the points alone are drawn. What stands out is a diamond.
    """
    columns = ("period", "period_end", "value", "mean", "lower", "upper", "signal")
    rows = tuple(chart.sort("period_end").select(columns).iter_rows())
    return _drawn(rows, (headline, subtitle, source, n))


@lru_cache(maxsize=64)
def _drawn(rows: Sequence[Row], texts: tuple[str, str, str, str]) -> tuple[go.Figure, str]:
    headline, subtitle, source, n = texts
    figure = base(headline=headline, subtitle=subtitle, source=source, n=n, height=_HEIGHT)
    held = [row for row in rows if row[2] is not None]
    limited = [row for row in held if row[3] is not None]
    if limited:
        _limits(figure, limited)
    # Each point is another sample: dots, joined so that the eye can follow.
    figure.add_scatter(
        x=[row[1] for row in held],
        y=[row[2] for row in held],
        mode="lines+markers",
        line={"color": palette.OUR_AREA, "width": 1.5},
        marker={"color": palette.OUR_AREA, "size": 8},
        customdata=[f"{row[0]}: {_percent(row[2])}" for row in held],
        hovertemplate="%{customdata}<extra></extra>",
    )
    beyond = [row for row in held if row[6]]
    if beyond:
        ring = {"color": palette.TEXT, "width": 2.5}
        figure.add_scatter(
            x=[row[1] for row in beyond],
            y=[row[2] for row in beyond],
            mode="markers",
            marker={"symbol": "diamond", "size": 13, "color": palette.WHITE, "line": ring},
            customdata=[f"{row[0]}: {_percent(row[2])}, {row[6]}" for row in beyond],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_yaxes(range=[0, 104], nticks=6, ticksuffix="%")
    if held:
        room = (held[-1][1] - held[0][1]) * 0.03 + timedelta(days=20)
        figure.update_xaxes(type="date", range=[held[0][1] - room, held[-1][1] + room], autotickangles=[0, 45, 90])
        figure.update_xaxes(tickvals=[row[1] for row in held], ticktext=[row[0] for row in held])
    return figure, _say(headline, held, limited, beyond)


def _limits(figure: go.Figure, rows: Sequence[Row]) -> None:
    days = [row[1] for row in rows]
    figure.add_scatter(
        x=[*days, *days[::-1]],
        y=[*(row[5] for row in rows), *(row[4] for row in rows[::-1])],
        fill="toself",
        fillcolor=palette.BAND,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    line = {"color": palette.COMPARATOR, "width": 1.5, "dash": "dash"}
    figure.add_scatter(x=days, y=[row[3] for row in rows], mode="lines", line=line, hoverinfo="skip")
    figure.add_annotation(
        x=1, xref="paper", y=rows[-1][3], xanchor="left", text=f" mean {_percent(rows[-1][3])}",
        font={"color": palette.QUIET},
    )  # fmt: skip
    figure.update_layout(margin={"r": 92})


def _say(headline: str, held: Sequence[Row], limited: Sequence[Row], beyond: Sequence[Row]) -> str:
    said = f"{headline.rstrip('.')}."
    if not held:
        return f"{said} No figures."
    low, high = min(held, key=lambda row: row[2]), max(held, key=lambda row: row[2])
    said += (
        f" {len(held)} rounds from {held[0][0]} to {held[-1][0]}; lowest {_percent(low[2])} in {low[0]}, highest "
        f"{_percent(high[2])} in {high[0]}."
    )
    if not limited:
        return f"{said} Too few rounds for limits."
    if not beyond:
        return f"{said} All lie within their limits: ordinary up and down of samples."
    return f"{said} Beyond chance: {words.listed([row[0] for row in beyond])}."


def interval_rows(
    frame: pl.DataFrame,
    *,
    names: Mapping[str, str],
    headline: str,
    subtitle: str,
    source: str,
    mean: float | None = None,
) -> tuple[go.Figure, str]:
    """Shares of groups with their 95% limits, a dot and a whisker each, in the order of the frame; and the words.

    `frame`: an estimates frame of one measure, in per cent. `mean`: where the whole stands, as a dashed line.
    """
    rows = tuple(frame.select("group", "value", "lower", "upper").iter_rows())
    return _rows_drawn(rows, tuple(names.items()), (headline, subtitle, source), mean)


@lru_cache(maxsize=64)
def _rows_drawn(rows, names, texts, mean) -> tuple[go.Figure, str]:
    headline, subtitle, source = texts
    called = dict(names)
    figure = base(headline=headline, subtitle=subtitle, source=source, height=_EDGE + _ROW * max(1, len(rows)))
    labels = [wrapped(called.get(group, group), _NAME) for group, *_ in rows]
    if mean is not None:
        figure.add_vline(x=mean, line={"color": palette.COMPARATOR, "width": 1.5, "dash": "dash"})
    figure.add_scatter(
        x=[row[1] for row in rows],
        y=labels,
        mode="markers",
        marker={"color": palette.OUR_AREA, "size": 10},
        error_x={
            "type": "data", "symmetric": False, "color": palette.OUR_AREA, "thickness": 1.5,
            "array": [row[3] - row[1] for row in rows], "arrayminus": [row[1] - row[2] for row in rows],
        },
        customdata=[f"{called.get(row[0], row[0])}: {_percent(row[1])}" for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(range=[0, 100], ticksuffix="%", showgrid=True)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True, showgrid=False)
    said = [f"{called.get(g, g)} {_percent(v)} ({words.interval(low, up, decimals=0)})" for g, v, low, up in rows]
    whole = f" The whole: {_percent(mean)}." if mean is not None else ""
    return figure, f"{headline.rstrip('.')}. {words.listed(said) or 'No figures'}.{whole}"


def _percent(value: float | None) -> str:
    return words.value(value, unit="%", decimals=0)
