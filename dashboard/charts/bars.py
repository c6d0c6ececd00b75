"""Bars of areas: an amount made up of parts, and what is more or less than before. Told apart without colour."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from string import ascii_uppercase

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import SIZE, base, wrapped

_ROW, _EDGE = 30, 64  # pixels: a bar with its space, and what stands above and beneath all bars
_NAME = 18  # letters to a line of an area's name
# Parts by their place: dark and light take turns, so that neighbours differ on a black and white copy; each carries its
# letter. No orange, teal or red-green pair: a part is neither better nor worse.
_PARTS = ("#12436D", "#9DC3E6", "#801650", "#D6D6D6", "#3D3D3D", "#C9B6E4", "#2E6F9E", "#F0E3C0", "#5B4B8A", "#B7C9B0")


def stacked_bars(
    frame: pl.DataFrame,
    *,
    areas: Mapping[str, str],
    parts: Mapping[str, str],
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
    before: Mapping[str, float] | None = None,
    before_name: str = "today",
) -> tuple[go.Figure, str]:
    """Pounds of each area in parts, one bar an area, and the chart's words.

    `frame`: an estimates frame, `measure` a key of `parts`, `group` a key of `areas`, `value` pounds, 0 or more. The
    bars stand in the order of `areas`, the first on top; the parts in the order of `parts`, from zero, each with the
    letter that `lettered` gives it. `before`: pounds at which a line crosses the bar.
    """
    rows = tuple(frame.select("group", "measure", "value").iter_rows())
    known = tuple((before or {}).items())
    return _stacked(
        rows, tuple(areas.items()), tuple(parts.items()), known, before_name, (headline, subtitle, source, n)
    )


def lettered(parts: Mapping[str, str]) -> dict[str, str]:
    """`{"adults": "Adults"}` → `{"adults": "A Adults"}`: the letters under which the parts stand in the bars."""
    return {key: f"{letter} {name}" for letter, (key, name) in zip(ascii_uppercase, parts.items(), strict=False)}


def colour_of(place: int) -> str:
    """The colour of the part at that place."""
    return _PARTS[place % len(_PARTS)]


@lru_cache(maxsize=128)
def _stacked(rows, areas, parts, before, before_name, texts) -> tuple[go.Figure, str]:
    values = {(group, measure): value or 0.0 for group, measure, value in rows}
    totals = {group: sum(values.get((group, part), 0.0) for part, _ in parts) for group, _ in areas}
    shown = [wrapped(name, _NAME) for _, name in areas]
    letters = lettered(dict(parts))
    traces: list[dict] = []
    for place, (part, name) in enumerate(parts):
        colour = colour_of(place)
        amounts = [values.get((group, part), 0.0) for group, _ in areas]
        said = [f"{area}, {name}: {words.pounds(v)}" for (_, area), v in zip(areas, amounts, strict=True)]
        traces.append(
            {
                "type": "bar", "x": amounts, "y": shown, "orientation": "h", "name": letters[part],
                "marker": {"color": colour, "line": {"color": palette.WHITE, "width": 1.5}},
                "text": [letters[part][0]] * len(areas), "textposition": "inside", "insidetextanchor": "middle",
                "textangle": 0, "textfont": {"color": _ink(colour), "size": 12},
                "customdata": said, "hovertemplate": "%{customdata}<extra></extra>",
            }
        )  # fmt: skip
    marked = [(dict(before)[group], place) for place, (group, _) in enumerate(areas) if group in dict(before)]
    reach = 1.03 * (max([*totals.values(), *(x for x, _ in marked)], default=1.0) or 1.0)
    shapes = [
        {
            "type": "line", "x0": x, "x1": x, "y0": place - 0.46, "y1": place + 0.46, "yref": "y",
            "line": {"color": palette.TEXT, "width": 3},
        }
        for x, place in marked
    ]  # fmt: skip
    figure = _figure(
        texts, traces, [words.pounds(t) for t in totals.values()], reach=(0, reach), barmode="stack",
        shapes=shapes, uniformtext={"minsize": 11, "mode": "hide"},
    )  # fmt: skip
    return figure, _say_stacked(texts[0], areas, parts, totals, letters, before_name if marked else "")


def _say_stacked(headline, areas, parts, totals, letters, before_name) -> str:
    if not areas:
        return f"{headline.rstrip('.')}. No figures."
    names = dict(areas)
    most, least = max(totals, key=totals.get), min(totals, key=totals.get)
    said = [
        f"{headline.rstrip('.')}.",
        f"Most: {names[most]}, {words.pounds(totals[most])}. Least: {names[least]}, {words.pounds(totals[least])}.",
        f"Each bar from zero: {', '.join(letters[p] for p, _ in parts)}.",
    ]
    return " ".join([*said, f"A line across each bar marks {before_name}."] if before_name else said)


def diverging_bars(
    frame: pl.DataFrame,
    *,
    areas: Mapping[str, str],
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
) -> tuple[go.Figure, str]:
    """Pounds more (dark, to the right) or less (outlined, to the left) of each area, and the chart's words.

    `frame`: an estimates frame of one measure, `group` a key of `areas`; an area without a value keeps its row and
    says that it is not available. The bars stand in the order of `areas`, the first on top. Neither more nor less is
    better: no colour of judgement.
    """
    rows = tuple(frame.select("group", "value").iter_rows())
    return _diverging(rows, tuple(areas.items()), (headline, subtitle, source, n))


@lru_cache(maxsize=128)
def _diverging(rows, areas, texts) -> tuple[go.Figure, str]:
    values = dict(rows)
    amounts = [values.get(group) for group, _ in areas]
    shown = [wrapped(name, _NAME) for _, name in areas]
    up = [v is not None and v >= 0 for v in amounts]
    labels = [_signed(v) for v in amounts]
    bars = {
        "type": "bar", "x": [v or 0.0 for v in amounts], "y": shown, "orientation": "h",
        "marker": {
            "color": [palette.OUR_AREA if u else palette.WHITE for u in up],
            "line": {"color": palette.OUR_AREA, "width": 1.2},
        },
        "customdata": [f"{area}: {label}" for (_, area), label in zip(areas, labels, strict=True)],
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    known = [v for v in amounts if v is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    room = 0.03 * (high - low or 1.0)
    zero = {"zeroline": True, "zerolinecolor": palette.TEXT, "zerolinewidth": 1.5}
    figure = _figure(texts, [bars], labels, reach=(low - room, high + room), axis=zero)
    return figure, _say_diverging(texts[0], areas, values)


def _say_diverging(headline, areas, values) -> str:
    said = [f"{name} {_signed(values.get(group))}" for group, name in areas]
    return f"{headline.rstrip('.')}. {'; '.join(said)}." if said else f"{headline.rstrip('.')}. No figures."


def _signed(value: float | None) -> str:
    return words.MARKERS["x"] if value is None else words.pounds(value, signed=True)


def _figure(texts, traces, labels, *, reach, axis=None, **layout) -> go.Figure:
    """`labels`: what stands right of each bar, in a column of its own, clear of bars and lines on any width.

    Drawn without Plotly's own checks, which take longer than all the rest; a test has it check every figure."""
    headline, subtitle, source, n = texts
    across = {
        "tickprefix": "£", "tickformat": "~s", "nticks": 4, "tickangle": 0, "showgrid": True, "gridcolor": palette.GRID,
        "range": list(reach), **(axis or {}),
    }  # fmt: skip
    return go.Figure(
        data=traces,
        layout={
            **_layout(_EDGE + _ROW * max(len(labels), 1)),
            "meta": {"headline": headline, "subtitle": subtitle, "source": source, "n": n},
            "bargap": 0.22,
            "xaxis": across,
            "annotations": [
                {
                    "text": label,
                    "x": 1,
                    "xref": "paper",
                    "xanchor": "left",
                    "xshift": 8,
                    "y": place,
                    "yref": "y",
                    "showarrow": False,
                    "font": {"size": SIZE},
                }
                for place, label in enumerate(labels)
            ],
            "margin": {"l": 8, "r": 16 + 8 * max(map(len, labels), default=0), "t": 12, "b": 8},
            "yaxis": {"autorange": "reversed", "automargin": True},
            **layout,
        },
        _validate=False,
    )


@lru_cache(maxsize=64)
def _layout(height: int) -> dict:
    """What `base` gives every chart, as plain data."""
    return base(headline="", subtitle="", source="", height=height).to_plotly_json()["layout"]


def _ink(colour: str) -> str:
    """Black or white, whichever reads better on the colour (relative luminance, WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return palette.WHITE if 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.1791 else palette.TEXT
