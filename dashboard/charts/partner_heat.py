"""Partners by areas as a grid of squares: the darker, the higher the score; every square carries its number."""

from __future__ import annotations

from functools import lru_cache

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base, wrapped

_ROW, _EDGE = 38, 84  # pixels: a partner, and what stands above all of them
_PARTNER, _AREA = 18, 12  # letters to a line of a partner's and of an area's name
_SCALE = [[0.0, "#FFFFFF"], [1.0, palette.OUR_AREA]]  # one hue: neither end is a judgement of a partner
_NONE = "–"  # too few items scored
_DARK = 0.7  # of the scale: from here on white letters reach 4.5 to 1, before it black ones do


def heat_map(
    frame: pl.DataFrame, *, lowest: int, highest: int, headline: str, subtitle: str, source: str, n: str = ""
) -> tuple[go.Figure, str]:
    """The chart and its words. `frame`: `partner`, `area`, `value` (null where there is none), in the order to show."""
    cells = tuple(frame.select("partner", "area", "value").iter_rows())
    return _drawn(cells, lowest, highest, (headline, subtitle, source, n))


@lru_cache(maxsize=128)
def _drawn(cells, lowest, highest, texts) -> tuple[go.Figure, str]:
    values = {(partner, area): value for partner, area, value in cells}
    partners, areas = (list(dict.fromkeys(cell[place] for cell in cells)) for place in (0, 1))
    grid = [[values.get((partner, area)) for area in areas] for partner in partners]
    figure = base(
        headline=texts[0], subtitle=texts[1], source=texts[2], n=texts[3], height=_EDGE + _ROW * max(len(partners), 1)
    )
    figure.add_trace(
        go.Heatmap(
            z=grid, x=[wrapped(area, _AREA) for area in areas], y=[wrapped(partner, _PARTNER) for partner in partners],
            zmin=lowest, zmax=highest, colorscale=_SCALE, showscale=False, xgap=2, ygap=2,
            customdata=[[f"{p}, {a}: {_said(values.get((p, a)))}" for a in areas] for p in partners],
            hovertemplate="%{customdata}<extra></extra>", hoverongaps=True,
        )
    )  # fmt: skip
    dark_from = lowest + _DARK * (highest - lowest)
    for line, row in enumerate(grid):
        for column, value in enumerate(row):
            dark = value is not None and value >= dark_from
            figure.add_annotation(
                x=column, y=line, text=words.number(value) if value is not None else _NONE,
                font={"size": 13, "color": palette.WHITE if dark else palette.TEXT},
            )  # fmt: skip
    figure.update_xaxes(side="top", automargin=True, showgrid=False, ticks="")
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    return figure, _say(texts[0], partners, areas, grid)


def _said(value: float | None) -> str:
    return "too few items are scored" if value is None else words.number(value)


def _say(headline: str, partners: list[str], areas: list[str], grid: list[list[float | None]]) -> str:
    said = [
        f"{partner}: {', '.join(f'{area} {_said(value)}' for area, value in zip(areas, row, strict=True))}"
        for partner, row in zip(partners, grid, strict=True)
    ]
    return f"{headline.rstrip('.')}. {'; '.join(said) or 'No figures'}."
