"""What every chart shares: the analysis function's template, quieter, and the words that go with the figure."""

from __future__ import annotations

import textwrap
from html import escape

import afcharts.pio_template  # registers the "afcharts" template with Plotly
import plotly.graph_objects as go
import plotly.io as pio

from dashboard.charts import palette

NAME = "early_help"
SIZE = 14  # pixels; ticks, labels
LABEL_WIDTH = 16  # letters to a line of a direct label

__all__ = ["CONFIG", "NAME", "afcharts", "base", "beneath", "on_paper", "wrapped"]

_ours = go.layout.Template(
    layout={
        "font": {"size": SIZE, "color": palette.TEXT, "family": '"Source Sans", "Source Sans 3", Arial, sans-serif'},
        "title": {"font": {"size": 18}, "subtitle": {"font": {"size": SIZE}}},
        "paper_bgcolor": palette.WHITE,
        "plot_bgcolor": palette.WHITE,
        "showlegend": False,
        "hoverlabel": {"font": {"size": SIZE}},
        "annotationdefaults": {"font": {"size": SIZE}, "showarrow": False},
        "xaxis": {"tickfont": {"size": SIZE}, "showgrid": False, "zeroline": False},
        "yaxis": {"tickfont": {"size": SIZE}, "linewidth": 0, "ticks": "", "zeroline": False},
    }
)
# Merged once: Plotly would merge `afcharts+…` anew for every figure, which takes longer than drawing it.
pio.templates[NAME] = pio.templates.merge_templates("afcharts", _ours)

# What the browser may do with a chart: nothing that a table does not do better.
CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "locale": "en-GB"}


def base(*, headline: str, subtitle: str, source: str, n: str = "", height: int = 380) -> go.Figure:
    """An empty figure with its words: headline (what it shows), subtitle (measure, place, period, unit), source and n.

    The words stand in `figure.layout.meta`, and whoever shows the figure sets them as text above and beneath it, where
    they wrap on a phone, grow with the reader's text size and can be read aloud. `on_paper` sets them in the picture.
    """
    return go.Figure(
        layout={
            "template": NAME,
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
            "meta": {"headline": headline, "subtitle": subtitle, "source": source, "n": n},
        }
    )


def beneath(meta: dict[str, str]) -> str:
    """`Source: … n = …`, the line under a chart."""
    return " ".join(part for part in (f"Source: {meta['source']}.", f"n = {meta['n']}." if meta["n"] else "") if part)


def on_paper(figure: go.Figure, *, letters: int = 78) -> go.Figure:
    """A copy with headline, subtitle, source and n in the picture itself, for paper and for saved pictures."""
    meta = figure.layout.meta
    dressed = go.Figure(figure)
    head, sub = (wrapped(meta[key], letters) for key in ("headline", "subtitle"))
    lines = head.count("<br>") + sub.count("<br>")
    dressed.update_layout(
        title={"text": head, "subtitle": {"text": sub}, "yref": "container", "y": 0.97, "yanchor": "top"},
        margin={"t": 84 + 22 * lines, "b": 64},
        height=(figure.layout.height or 380) + 92 + 22 * lines,
    )
    dressed.add_annotation(
        text=wrapped(beneath(meta), letters + 20), x=0, y=0, xref="paper", yref="paper", yshift=-34,
        xanchor="left", yanchor="top", align="left", font={"size": 12, "color": palette.QUIET},
    )  # fmt: skip
    return dressed


def wrapped(text: str, letters: int = LABEL_WIDTH) -> str:
    """Text on several lines, for where the browser does not wrap: inside a picture. Marks of HTML become letters."""
    return "<br>".join(escape(line, quote=False) for line in textwrap.wrap(text, letters))
