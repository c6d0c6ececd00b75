"""Two measures of a few areas, each a named point, with the middle of either measure as a thin line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base, wrapped

_NAME = 18  # letters to a line of an area's name
_ROOM = (600, 260)  # pixels between the outermost points, about: names are kept apart for it


def scatter_chart(
    frame: pl.DataFrame,
    *,
    across: str,
    up: str,
    headline: str,
    subtitle: str,
    source: str,
    units: tuple[str, str] = ("", ""),
    decimals: tuple[int, int] = (1, 1),
    county: tuple[float | None, float | None] = (None, None),
    chosen: str = "",
) -> tuple[go.Figure, str]:
    """The chart and its words. `frame`: `name`, `value` (across), `second` (up), without missing figures; `across` and
    `up` name the two measures. `county`: the county's figures, drawn as lines. `chosen`: the name to mark."""
    rows = tuple(frame.select("name", "value", "second").iter_rows())
    return _drawn(rows, (across, up), (headline, subtitle, source), units, decimals, county, chosen)


@lru_cache(maxsize=64)
def _drawn(rows: Sequence[tuple[str, float, float]], names, texts, units, decimals, county, chosen):
    headline, subtitle, source = texts
    figure = base(headline=headline, subtitle=subtitle, source=source, n=str(len(rows)), height=430)
    marked = [name == chosen for name, _, _ in rows]
    said = [
        f"{name}: {words.value(x, unit=units[0], decimals=decimals[0])}, "
        f"{words.value(y, unit=units[1], decimals=decimals[1])}"
        for name, x, y in rows
    ]
    shown = [wrapped(name, _NAME) for name, _, _ in rows]
    figure.add_trace(
        go.Scatter(
            x=[x for _, x, _ in rows], y=[y for _, _, y in rows], mode="markers+text",
            text=[f"<b>{name}</b>" if m else name for name, m in zip(shown, marked, strict=True)],
            textposition=sides(rows), cliponaxis=False, customdata=said,
            hovertemplate="%{customdata}<extra></extra>",
            marker={
                "size": [15 if m else 11 for m in marked], "symbol": ["diamond" if m else "circle" for m in marked],
                "color": palette.OUR_AREA, "opacity": 1, "line": {"color": palette.WHITE, "width": 1},
            },
        )
    )  # fmt: skip
    for way, value in zip("xy", county, strict=True):
        if value is not None:
            line = {"color": palette.COMPARATOR, "width": 1.5, "dash": "dash"}
            draw = figure.add_vline if way == "x" else figure.add_hline
            draw(value, line=line, annotation={"text": "county", "font": {"color": palette.QUIET, "size": 12}})
    for axis, name, way in ((figure.update_xaxes, names[0], 0), (figure.update_yaxes, names[1], 1)):
        every = [row[way + 1] for row in rows] + ([county[way]] if county[way] is not None else [])
        room = (max(every) - min(every) or 1.0) * 0.16
        axis(
            title={"text": wrapped(name, 60 if way == 0 else 40), "font": {"size": 14}},
            range=[min(every) - room, max(every) + room],
            ticksuffix=words.sign_of(units[way]), showgrid=True, gridcolor=palette.GRID,
        )  # fmt: skip
    figure.update_layout(margin={"l": 8, "r": 16, "t": 16, "b": 8})
    alt = f"{headline.rstrip('.')}. {len(rows)} areas, each a named point. {'; '.join(said)}."
    return figure, alt


def sides(rows: Sequence[tuple[str, float, float]]) -> list[str]:
    """For each point the side on which its name covers the fewest other names and points."""
    xs, ys = [x for _, x, _ in rows], [y for _, _, y in rows]
    wide, high = (max(xs) - min(xs) or 1.0), (max(ys) - min(ys) or 1.0)
    at = [((x - min(xs)) / wide * _ROOM[0], (max(ys) - y) / high * _ROOM[1]) for _, x, y in rows]
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in at]
    found = []
    for (name, _, _), (x, y) in zip(rows, at, strict=True):
        lines = wrapped(name, _NAME).split("<br>")
        w, h = max(map(len, lines)) * 7.4, len(lines) * 17
        boxes = {
            "top center": (x - w / 2, y - 8 - h, x + w / 2, y - 8),
            "bottom center": (x - w / 2, y + 8, x + w / 2, y + 8 + h),
            "middle right": (x + 9, y - h / 2, x + 9 + w, y + h / 2),
            "middle left": (x - 9 - w, y - h / 2, x - 9, y + h / 2),
        }
        best = min(boxes, key=lambda side: sum(_cover(boxes[side], other) for other in taken))
        taken.append(boxes[best])
        found.append(best)
    return found


def _cover(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The area that two boxes (left, top, right, bottom) share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
