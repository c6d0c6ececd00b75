"""The stage matrix of one area: rows where people began, columns where they are now, the count in each cell."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base, wrapped

MEASURE, TIMES = "stage_matrix", " × "
_ROW, _EDGE = 58, 120  # pixels: a stage, and what stands above and beneath all of them
_STAGE = 12  # letters to a line of a stage's name
_SHADES = ((0.0, palette.WHITE), (1.0, "#9DC3E6"))  # light enough for the text colour on every shade


def stage_matrix_chart(
    frame: pl.DataFrame,
    *,
    area: str,
    stages: Mapping[int, str],
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
) -> tuple[go.Figure, str]:
    """Counts of people of one area by first stage (down) and present stage (across), and the chart's words.

    `frame`: an estimates frame with the measure `stage_matrix`, groups `area_1 × 2 × 4`, `numerator` people; a hidden
    cell says [c]. `stages`: number → name, from the lowest on; higher is better. Cells right of the outlined diagonal
    are people who moved up, left of it down; the shade says how many, as the number does.
    """
    numbers = list(stages)
    groups = {f"{area}{TIMES}{a}{TIMES}{b}": (a, b) for a in numbers for b in numbers}
    cells = {
        groups[group]: (count, status)
        for group, count, status in frame.filter(measure=MEASURE).select("group", "numerator", "status").iter_rows()
        if group in groups
    }
    # a cell without a number is as light as a 0: an empty one would carry no text
    counts = [[cells.get((a, b), (None, None))[0] or 0 for b in numbers] for a in numbers]
    text = [[_written(*cells.get((a, b), (None, None))) for b in numbers] for a in numbers]
    titles = [wrapped(f"{k} {stages[k]}".strip(), _STAGE) for k in numbers]
    figure = base(headline=headline, subtitle=subtitle, source=source, n=n, height=_EDGE + _ROW * len(numbers))
    figure.add_heatmap(
        z=counts, x=titles, y=titles, text=text, texttemplate="%{text}", textfont={"color": palette.TEXT},
        colorscale=_SHADES, zmin=0, showscale=False, xgap=2, ygap=2,
        hovertemplate="first %{y}, now %{x}: %{text}<extra></extra>",
    )  # fmt: skip
    for place in range(len(numbers)):
        corner = {"x0": place - 0.5, "x1": place + 0.5, "y0": place - 0.5, "y1": place + 0.5}
        figure.add_shape(type="rect", **corner, line={"color": palette.TEXT, "width": 2})
    figure.update_xaxes(title="now", side="top", tickangle=0, showgrid=False)
    figure.update_yaxes(title="first", autorange="reversed", showgrid=False)
    return figure, _say(headline, cells)


def _written(count: float | None, status: str | None) -> str:
    return words.value(count, decimals=0, status=status)


def _say(headline: str, cells: Mapping[tuple[int, int], tuple[float | None, str | None]]) -> str:
    opening = f"{headline.rstrip('.')}."
    known = {at: count for at, (count, _) in cells.items() if count is not None}
    hidden = sum(status == "c" for _, status in cells.values())
    if hidden:  # sums would give the hidden cells away
        return f"{opening} {hidden} of {len(cells)} cells are hidden because the count is small."
    if not sum(known.values()):
        return f"{opening} No figures."
    up, same, down = (sum(count for (a, b), count in known.items() if (b > a) - (b < a) == sign) for sign in (1, 0, -1))
    whole = words.number(up + same + down, decimals=0)
    moved = [words.number(x, decimals=0) for x in (up, same, down)]
    return (
        f"{opening} Of {whole} people, {moved[0]} are at a higher stage, {moved[1]} at the same, {moved[2]} at a lower."
    )
