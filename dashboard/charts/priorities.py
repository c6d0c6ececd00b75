"""What to do first: each item by its score and by how far partners agree on it, in four fields."""

from __future__ import annotations

from functools import lru_cache

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base
from dashboard.charts.scatter import sides

_AROUND = 0.8  # points above and below the outermost items
_FIELDS = ("keep", "check the evidence", "act", "discuss first")  # high left, high right, low left, low right


def priority_chart(
    frame: pl.DataFrame,
    *,
    middle: float,
    agreed_below: float,
    lowest: int,
    highest: int,
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
) -> tuple[go.Figure, str]:
    """The chart and its words. The items carry their place in the frame: names would not fit beside each other.

    `frame`: `name`, `mean` (upwards), `deviation` (0 is agreement, to the right less of it), `quadrant`. `middle`: the
    mean under which an item is low; `agreed_below`: the deviation under which partners agree.
    """
    rows = tuple(frame.select("name", "deviation", "mean", "quadrant").iter_rows())
    return _drawn(rows, middle, agreed_below, lowest, highest, (headline, subtitle, source, n))


@lru_cache(maxsize=64)
def _drawn(rows, middle, agreed_below, lowest, highest, texts) -> tuple[go.Figure, str]:
    figure = base(headline=texts[0], subtitle=texts[1], source=texts[2], n=texts[3], height=440)
    said = [
        f"{place} {name}: {words.number(mean)} points, partners differ by {words.number(deviation)}: {quadrant}"
        for place, (name, deviation, mean, quadrant) in enumerate(rows, 1)
    ]
    low = [mean < middle for _, _, mean, _ in rows]
    points = [(str(place), deviation, mean) for place, (_, deviation, mean, _) in enumerate(rows, 1)]
    figure.add_scatter(
        x=[x for _, x, _ in points], y=[y for _, _, y in points], mode="markers+text",
        text=[f"<b>{label}</b>" for label, *_ in points], textposition=sides(points) if points else [],
        textfont={"size": 14}, cliponaxis=False, customdata=said, hovertemplate="%{customdata}<extra></extra>",
        marker={
            "size": 12, "symbol": ["triangle-down" if under else "circle" for under in low],
            "color": [palette.WORSE if under else palette.OUR_AREA for under in low],
            "line": {"color": palette.TEXT, "width": 1},
        },
    )  # fmt: skip
    means = [mean for _, _, mean, _ in rows] + [middle]
    bottom, top = max(lowest, min(means) - _AROUND), min(highest, max(means) + _AROUND)
    furthest = max([2 * agreed_below, *(deviation * 1.15 for _, deviation, _, _ in rows)])
    line = {"color": palette.COMPARATOR, "width": 1.5, "dash": "dash"}
    figure.add_vline(agreed_below, line=line)
    figure.add_hline(middle, line=line)
    for place, field in enumerate(_FIELDS):
        right, down = place % 2, place // 2
        figure.add_annotation(
            text=f"<b>{field}</b>", x=furthest if right else 0, y=bottom if down else top,
            xanchor="right" if right else "left", yanchor="bottom" if down else "top", xshift=-4 if right else 4,
            font={"color": palette.QUIET, "size": 13},
        )  # fmt: skip
    axis = {"showgrid": False, "zeroline": False}
    figure.update_xaxes(
        title={"text": "partners agree ◂ difference in points ▸ partners are split", "font": {"size": 13}},
        range=[0, furthest], **axis,
    )  # fmt: skip
    figure.update_yaxes(title={"text": "score", "font": {"size": 13}}, range=[bottom, top], **axis)
    figure.update_layout(margin={"l": 8, "r": 16, "t": 12, "b": 8})
    opening = f"{texts[0].rstrip('.')}."
    return figure, f"{opening} {'; '.join(said)}." if said else f"{opening} No figures."
