"""A monthly series with its control limits (XmR): what is ordinary up and down, and which months are not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base
from dashboard.charts.segments import Point, points, segments

_HEIGHT = 320  # pixels
_TICKS = 8
_SIGNAL = "diamond"  # a shape of its own, for a black and white copy


def control_chart(
    frame: pl.DataFrame,
    limits: pl.DataFrame,
    *,
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
    unit: str = "",
    decimals: int = 1,
) -> tuple[go.Figure, str]:
    """The chart and its text alternative.

    `frame`: an estimates frame of one measure and one group, a row a month, in order of time. `limits`: what
    `metrics.trends.xmr` gives for its values, row by row. Without limits (under 13 months) the points alone are drawn.
    Months with a signal are diamonds and carry their number; months that are hidden are hatched and say [c].
    """
    told = tuple(limits["signal"].to_list())
    lines = tuple(limits.select("mean", "lower", "upper").drop_nulls().head(1).rows())
    return _drawn(points(frame), told, lines[0] if lines else None, (headline, subtitle, source, n), unit, decimals)


@lru_cache(maxsize=256)
def _drawn(
    months: tuple[Point, ...],
    signals: tuple[str | None, ...],
    lines: tuple[float, float, float] | None,
    texts: tuple[str, str, str, str],
    unit: str,
    decimals: int,
) -> tuple[go.Figure, str]:
    headline, subtitle, source, n = texts
    figure = base(headline=headline, subtitle=subtitle, source=source, n=n, height=_HEIGHT)

    def say(value: float) -> str:
        return words.value(value, unit=unit, decimals=decimals)

    if lines and months:
        _limits(figure, months, lines, say)
    for stretch in segments(months):
        figure.add_scatter(
            x=[p.end for p in stretch],
            y=[p.value for p in stretch],
            mode="lines+markers",
            line={"color": palette.OUR_AREA, "width": 2},
            marker={"color": palette.OUR_AREA, "size": 6},
            customdata=[f"{p.period}: {say(p.value)}" for p in stretch],
            hovertemplate="%{customdata}<extra></extra>",
        )
    beyond = [(p, s) for p, s in zip(months, signals, strict=True) if s and p.value is not None]
    if beyond:
        figure.add_scatter(
            x=[p.end for p, _ in beyond],
            y=[p.value for p, _ in beyond],
            mode="markers",
            marker={
                "symbol": _SIGNAL,
                "size": 13,
                "color": palette.WHITE,
                "line": {"color": palette.TEXT, "width": 2.5},
            },
            customdata=[f"{p.period}: {say(p.value)}, {s}" for p, s in beyond],
            hovertemplate="%{customdata}<extra></extra>",
        )
    for p in months:
        if p.status == "c":
            figure.add_annotation(x=p.end, y=0, yref="paper", yanchor="bottom", text="[c]", font={"size": 11})
    _axes(figure, months, lines, unit)
    return figure, _say(headline, months, beyond, lines, say)


def _limits(figure: go.Figure, months: Sequence[Point], lines: tuple[float, float, float], say) -> None:
    """The band of what is ordinary, its middle, and both named at the right end."""
    first, last = months[0].end, months[-1].end
    mean, lower, upper = lines
    figure.add_scatter(
        x=[first, last, last, first],
        y=[lower, lower, upper, upper],
        fill="toself",
        fillcolor=palette.BAND,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    for height, dash, text in ((mean, "dash", "mean"), (upper, "dot", "upper limit"), (lower, "dot", "lower limit")):
        figure.add_scatter(
            x=[first, last],
            y=[height, height],
            mode="lines",
            line={"color": palette.COMPARATOR, "width": 1.5, "dash": dash},
            hoverinfo="skip",
        )
        figure.add_annotation(
            x=1, xref="paper", y=height, xanchor="left", text=f" {text} {say(height)}", font={"color": palette.QUIET}
        )
    figure.update_layout(margin={"r": 132})


def _axes(figure: go.Figure, months: Sequence[Point], lines: tuple[float, ...] | None, unit: str) -> None:
    heights = [p.value for p in months if p.value is not None] + list(lines or ())
    low, high = (min(heights), max(heights)) if heights else (0.0, 1.0)
    room = 0.08 * ((high - low) or abs(high) or 1.0)
    share = words.sign_of(unit) == "%"
    bottom = min(0.0, low - room) if low < 0 else 0.0 if low < 0.5 * high else low - room
    figure.update_yaxes(range=[bottom, min(high + room, 104) if share else high + room], nticks=6)
    figure.update_yaxes(ticksuffix=words.sign_of(unit))
    step = max(1, -(-len(months) // _TICKS))
    shown = [p for place, p in enumerate(months) if (len(months) - 1 - place) % step == 0]
    if months:  # said outright: where every month is hidden, nothing drawn tells the axis that it is one of days
        room = (months[-1].end - months[0].end) * 0.02 + timedelta(days=20)
        figure.update_xaxes(type="date", range=[months[0].end - room, months[-1].end + room])
    figure.update_xaxes(tickvals=[p.end for p in shown], ticktext=[_named(p) for p in shown], autotickangles=[0, 45])


def _named(point: Point) -> str:
    """`Sep 2026` for the month that a table calls 2026-09; other periods as they are."""
    return f"{point.end:%b %Y}" if re.fullmatch(r"\d{4}-\d\d", point.period) else point.period


def _say(headline: str, months: Sequence[Point], beyond: Sequence[tuple[Point, str]], lines, say) -> str:
    known = [p for p in months if p.value is not None]
    said = [f"{headline.rstrip('.')}."]
    if not known:
        return " ".join([*said, "No figures."])
    low, high = min(known, key=lambda p: p.value), max(known, key=lambda p: p.value)
    said.append(
        f"{len(known)} months from {known[0].period} to {known[-1].period}; lowest {say(low.value)} in {low.period}, "
        f"highest {say(high.value)} in {high.period}."
    )
    if lines is None:
        said.append("Too few months for control limits.")
    elif not beyond:
        said.append(f"All lie within the limits {say(lines[1])} to {say(lines[2])}: ordinary up and down.")
    else:
        said.append(f"{len(beyond)} stand out: {words.listed([p.period for p, _ in beyond][:5])}.")
    hidden = sum(p.status == "c" for p in months)
    return " ".join([*said, f"{hidden} hidden because the count is small."] if hidden else said)
