"""What is drawn in a history chart, one function a mark; each gives the labels that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import plotly.graph_objects as go

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import wrapped
from dashboard.charts.labels import Label
from dashboard.charts.segments import Point


@dataclass(frozen=True, slots=True)
class Target:
    """A value to reach by a date, on the measure's own scale."""

    value: float
    when: date


@dataclass(frozen=True, slots=True)
class Scale:
    unit: str
    decimals: int

    def say(self, p: Point) -> str:
        return words.figure(
            p.value, p.lower, p.upper, unit=self.unit, decimals=self.decimals,
            numerator=p.numerator, denominator=p.denominator, status=p.status,
        )  # fmt: skip

    def value(self, number: float | None) -> str:
        return words.value(number, unit=self.unit, decimals=self.decimals)


def in_order(stretches: Sequence[Sequence[Point]]) -> list[Point | None]:
    """The points in order with an opening (None) between stretches."""
    row: list[Point | None] = []
    for stretch in stretches:
        row += [None, *stretch] if row else list(stretch)
    return row


def _trace(row: Sequence[Point | None], scale: Scale, **look: object) -> go.Scatter:
    return go.Scatter(
        x=[p and p.end for p in row],
        y=[p and p.value for p in row],
        customdata=[p and scale.say(p) for p in row],
        hovertemplate="%{customdata}",
        connectgaps=False,
        **look,
    )


def comparator(figure, name, stretches, scale, dash, mark) -> list[Label]:
    if not stretches:
        return []
    alone = all(len(s) == 1 for s in stretches)
    figure.add_trace(
        _trace(
            in_order(stretches), scale, name=name, mode="markers" if alone else "lines+markers",
            line={"color": palette.COMPARATOR, "width": 2, "dash": dash},
            marker={"color": palette.COMPARATOR, "size": 6, "symbol": mark},
        )
    )  # fmt: skip
    last = stretches[-1][-1]
    return [Label(wrapped(name), last.end, last.value, palette.QUIET)]


def ours(figure, name, stretches, scale) -> list[Label]:
    if not stretches:
        return []
    for stretch in stretches:
        _band(figure, stretch, palette.BAND)
    alone = [s[0] for s in stretches if len(s) == 1]
    whiskers = [p for p in alone if p.lower is not None and p.upper is not None]
    if whiskers:
        figure.add_trace(
            go.Scatter(
                x=[p.end for p in whiskers], y=[p.value for p in whiskers], mode="markers", hoverinfo="skip",
                marker={"color": palette.OUR_AREA, "size": 1},
                error_y={
                    "array": [p.upper - p.value for p in whiskers], "thickness": 1.2, "width": 5,
                    "arrayminus": [p.value - p.lower for p in whiskers], "color": palette.OUR_AREA,
                },
            )
        )  # fmt: skip
    row = in_order(stretches)
    figure.add_trace(
        _trace(
            row, scale, name=name, mode="markers" if len(alone) == len(stretches) else "lines+markers",
            line={"color": palette.OUR_AREA, "width": 3},
            marker={
                "color": palette.OUR_AREA, "size": 8,
                # a provisional figure is drawn hollow
                "symbol": ["circle-open" if p and p.status == "provisional" else "circle" for p in row],
            },
        )
    )  # fmt: skip
    last = stretches[-1][-1]
    text = f"<b>{wrapped(name)}</b><br>{scale.value(last.value)}"
    return [Label(text, last.end, last.value, palette.OUR_AREA)]


def _band(figure, stretch: Sequence[Point], colour: str) -> None:
    known = [p for p in stretch if p.lower is not None and p.upper is not None]
    if len(known) < 2:
        return
    figure.add_trace(
        go.Scatter(
            x=[p.end for p in known] + [p.end for p in reversed(known)],
            y=[p.upper for p in known] + [p.lower for p in reversed(known)],
            mode="lines", line={"width": 0}, fill="toself", fillcolor=colour, hoverinfo="skip",
        )
    )  # fmt: skip


def forecast(figure, last: Point, coming: Sequence[Point], scale) -> list[Label]:
    start = Point(last.period, last.end, last.value, last.value, last.value)
    _band(figure, [start, *coming], palette.FORECAST_BAND)
    figure.add_trace(
        _trace(
            [start, *coming], scale, name="If nothing changes", mode="lines",
            line={"color": palette.FORECAST, "width": 2.5, "dash": "dot"},
        )
    )  # fmt: skip
    return [Label(wrapped("if nothing changes"), coming[-1].end, coming[-1].value, palette.QUIET)]


def hidden(figure, mine: Sequence[Point]) -> None:
    """Years that were published without a number keep their place: their marker stands at the foot of the chart."""
    for p in mine:
        marker = words.MARKERS.get(p.status)
        if p.value is None and marker:
            figure.add_annotation(x=p.end, y=0, yref="paper", yanchor="bottom", text=marker, bgcolor=palette.WHITE)


def turns(figure, stretches, turns: Sequence[date]) -> None:
    for before, after in pairwise(stretches):
        if any(before[-1].end < turn <= after[0].end for turn in turns):
            middle = before[-1].end + (after[0].end - before[-1].end) / 2
            figure.add_shape(
                type="line", x0=middle, x1=middle, y0=0, y1=1, yref="paper", layer="below",
                line={"color": palette.QUIET, "width": 1, "dash": "2px,4px"},
            )  # fmt: skip
            figure.add_annotation(
                x=middle, y=1, yref="paper", yanchor="bottom", text="new basis",
                font={"color": palette.QUIET, "size": 12},
            )  # fmt: skip


def baseline(figure, mine: Sequence[Point], baseline: str) -> None:
    at = next((p for p in mine if p.period == baseline and p.value is not None), None)
    if at is None:
        return
    figure.add_trace(
        go.Scatter(
            x=[at.end], y=[at.value], mode="markers", hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 17, "color": palette.OUR_AREA, "line": {"width": 2}},
        )
    )  # fmt: skip
    figure.add_annotation(
        x=at.end, y=at.value, yshift=19, text="baseline", font={"size": 12}, bgcolor="rgba(255, 255, 255, 0.75)"
    )


def target(figure, target: Target, scale) -> list[Label]:
    figure.add_trace(
        go.Scatter(
            x=[target.when], y=[target.value], mode="markers+text", cliponaxis=False, name="Target",
            text=["◎"], textfont={"size": 22, "color": palette.TEXT}, marker={"opacity": 0},
            customdata=[scale.value(target.value)], hovertemplate="%{customdata}",
        )
    )  # fmt: skip
    return [Label(f"target<br>{scale.value(target.value)}", target.when, target.value, palette.TEXT)]
