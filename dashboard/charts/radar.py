"""Areas as the corners of a web: only ever a second view, since areas of a shape deceive and order is arbitrary."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base, wrapped

_AREA = 16  # letters to a line of an area's name
_LINES = (
    {"color": palette.OUR_AREA, "width": 3},
    {"color": palette.COMPARATOR, "width": 2, "dash": "dash"},
)


def radar_chart(
    rounds: Mapping[str, Mapping[str, float | None]],
    *,
    lowest: int,
    highest: int,
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
) -> tuple[go.Figure, str]:
    """The chart and its words. `rounds`: title → area → score (None where there is none); two at most, the first solid.
    All begin at `lowest`, in the middle."""
    if len(rounds) > len(_LINES):
        raise ValueError(f"a radar shows at most {len(_LINES)} rounds, not {len(rounds)}")
    figure = base(headline=headline, subtitle=subtitle, source=source, n=n, height=440)
    for (title, scores), line in zip(rounds.items(), _LINES, strict=False):
        corners = [*scores, next(iter(scores))]  # round to where it began
        figure.add_trace(
            go.Scatterpolar(
                r=[scores[area] for area in corners], theta=[wrapped(area, _AREA) for area in corners], name=title,
                mode="lines+markers", line=line, marker={"size": 8, "color": line["color"]}, connectgaps=False,
                customdata=[f"{title}, {area}: {words.number(scores[area])}" for area in corners],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": -0.12},
        polar={
            "radialaxis": {"range": [lowest, highest], "gridcolor": palette.GRID, "angle": 90, "tickangle": 90},
            "angularaxis": {"gridcolor": palette.GRID, "direction": "clockwise", "rotation": 90},
            "bgcolor": palette.WHITE,
        },
        margin={"l": 60, "r": 60, "t": 40, "b": 40},
    )
    said = [
        f"{title}: {', '.join(f'{area} {words.number(value)}' for area, value in scores.items())}"
        for title, scores in rounds.items()
    ]
    return figure, f"{headline.rstrip('.')}. {'; '.join(said)}."
