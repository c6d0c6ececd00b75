"""The funnel of services: each a point, its share against its size, and how far chance alone would take it."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base, wrapped

_HEIGHT = 420
_NAME = 22  # letters to a line of a service's name
# Within the limits a grey ring, beyond the outer ones a diamond: no colour of judgement, and a copy in black and white
# says the same.
_MARKS = {
    "within": ("circle-open", palette.SIMILAR, 9),
    "too few": ("circle-open", palette.SIMILAR, 7),
    "above": ("triangle-up", palette.OUR_AREA, 13),
    "below": ("triangle-down", palette.OUR_AREA, 13),
    "far above": ("diamond", palette.OUR_AREA, 14),
    "far below": ("diamond", palette.OUR_AREA, 14),
}


def funnel_chart(
    frame: pl.DataFrame,
    lines: pl.DataFrame,
    *,
    names: Mapping[str, str],
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
) -> tuple[go.Figure, str]:
    """The chart and its words. `frame`: rows of one measure as `metrics.star.FUNNEL`, those without a value left out;
    `lines`: `n` and the limits `lower_95`, `upper_95`, `lower_998`, `upper_998` over sizes. Services beyond a limit are
    named; the others when pointed at."""
    figure = base(headline=headline, subtitle=subtitle, source=source, n=n, height=_HEIGHT)
    overall = frame["overall"][0] if frame.height else None
    if lines.height:
        for level, dash, width in (("95", "solid", 1.5), ("998", "dot", 1.5)):
            for side in ("lower", "upper"):
                figure.add_scatter(
                    x=lines["n"], y=lines[f"{side}_{level}"], mode="lines", hoverinfo="skip",
                    line={"color": palette.COMPARATOR, "width": width, "dash": dash, "shape": "hvh"},
                )  # fmt: skip
        figure.add_hline(
            y=overall, line={"color": palette.COMPARATOR, "width": 1.5, "dash": "dash"},
            annotation={"text": f"all {words.value(overall, unit='%', decimals=0)}", "font": {"color": palette.QUIET}},
            annotation_position="bottom right",
        )  # fmt: skip
    rows = [
        (names.get(g, g), n_, v, verdict) for g, n_, v, verdict in frame.select("group", "n", "value", "verdict").rows()
    ]
    for verdict, (symbol, colour, size) in _MARKS.items():
        mine = [row for row in rows if row[3] == verdict and row[1] is not None]
        if not mine:
            continue
        named = verdict not in ("within", "too few")
        figure.add_scatter(
            x=[row[1] for row in mine], y=[row[2] for row in mine], mode="markers+text" if named else "markers",
            text=[wrapped(row[0], _NAME) for row in mine] if named else None,
            textposition=["middle left" if row[1] > 0.6 * _most(rows) else "middle right" for row in mine],
            marker={"symbol": symbol, "color": colour, "size": size, "line": {"color": colour, "width": 2}},
            customdata=[_said(row) for row in mine], hovertemplate="%{customdata}<extra></extra>", cliponaxis=False,
        )  # fmt: skip
    figure.update_xaxes(title="with two Stars", range=[0, 1.08 * _most(rows)], showgrid=False)
    figure.update_yaxes(range=[-4, 104], ticksuffix="%", showgrid=True, gridcolor=palette.GRID, nticks=6)
    return figure, _alt(headline, rows, overall)


def _most(rows: list[tuple]) -> float:
    return max([row[1] for row in rows if row[1]], default=10)


def _said(row: tuple) -> str:
    name, size, value, verdict = row
    return f"{name}: {words.value(value, unit='%', decimals=0)} of {size}, {verdict}"


def _alt(headline: str, rows: list[tuple], overall: float | None) -> str:
    opening = f"{headline.rstrip('.')}."
    if overall is None or not rows:
        return f"{opening} No figures."
    judged = [row for row in rows if row[3] != "too few"]
    out = [_said(row) for row in judged if row[3] != "within"]
    values = [row[2] for row in judged]
    said = f"{opening} {len(judged)} services against {words.value(overall, unit='%', decimals=0)} of all"
    if values:
        low, high = (words.value(v, unit="%", decimals=0) for v in (min(values), max(values)))
        said += f", from {low} to {high}"
    return f"{said}. {'; '.join(out)}." if out else f"{said}. All within what chance explains."
