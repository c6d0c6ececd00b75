"""From which level of need to which: a bar for each level at the beginning, cut by the level at the end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import SIZE, base, wrapped

_ROW, _EDGE = 52, 72  # pixels: a bar with its space, and what stands above and beneath all bars
_NAME = 18  # letters to a line of a level's name
_NARROW = 0.05  # of the longest bar: a part narrower than this has its words in the table and when pointed at
# From light to dark as the level rises: neither direction is better, so no colour of judgement, and a copy in black and
# white says the same. The ink on each can be read: 4.5 to 1 at least.
_GREYS = ("#F0F0F0", "#C8CACC", "#6B7276", "#2B2F33")
_INK = (palette.TEXT, palette.TEXT, palette.WHITE, palette.WHITE)


def flow_chart(
    frame: pl.DataFrame, *, levels: Mapping[int, str], headline: str, subtitle: str, source: str, n: str = ""
) -> tuple[go.Figure, str]:
    """The chart and its text alternative.

    `frame`: an estimates frame of one group with the measures `flow:a` (episodes that began at level a) and `flow:a:b`
    (those of them that ended at b), `numerator` episodes. `levels`: level → its name, in their order; one that the
    frame does not have at the beginning has no bar. Where parts are
    hidden the rest of the bar is hatched and says [c]; where the whole is hidden there is no bar and the row says so.
    """
    counts = tuple(sorted(frame.select("measure", "numerator").iter_rows()))
    return _drawn(counts, tuple(levels.items()), (headline, subtitle, source, n))


@lru_cache(maxsize=128)
def _drawn(counts, levels, texts) -> tuple[go.Figure, str]:
    held = dict(counts)
    names, levels = levels, tuple((a, name) for a, name in levels if f"flow:{a}" in held)
    rows = [wrapped(f"{a} {name}", _NAME) for a, name in levels]
    wholes = [held.get(f"flow:{a}") for a, _ in levels]
    longest = max([w for w in wholes if w], default=1.0)
    traces = []
    for place, (b, name) in enumerate(names):
        parts = [held.get(f"flow:{a}:{b}") for a, _ in levels]
        lengths = [part if whole else None for part, whole in zip(parts, wholes, strict=True)]
        traces.append(
            _bar(
                rows,
                lengths,
                {"color": _GREYS[place], "line": {"color": palette.TEXT, "width": 1}},
                [f"to {b}: {words.number(v, decimals=0)}" if v and v / longest >= _NARROW else "" for v in lengths],
                [f"Began at {a}, ended at {b} ({name}): {_said(v)}" for (a, _), v in zip(levels, parts, strict=True)],
                _INK[place],
                f"to {b} {name}",
            )
        )
    rest = [_rest(held, a, names) for a, _ in levels]
    if any(rest):
        hatched = {
            "color": palette.WHITE,
            "pattern": {"shape": "/", "fgcolor": palette.QUIET, "size": 6, "solidity": 0.25},
            "line": {"color": palette.TEXT, "width": 1},
        }
        shown = [words.MARKERS["c"] if r else "" for r in rest]
        said = [f"Began at {a}: {words.status_words('c')}" for a, _ in levels]
        traces.append(_bar(rows, rest, hatched, shown, said, palette.TEXT, "hidden"))
    figure = base(headline=texts[0], subtitle=texts[1], source=texts[2], n=texts[3], height=_EDGE + _ROW * len(levels))
    figure.add_traces(traces)
    figure.update_layout(
        barmode="stack", bargap=0.35, uniformtext={"minsize": 12, "mode": "hide"},
        yaxis={"autorange": "reversed", "automargin": True, "title": None},
        xaxis={
            "range": [0, longest * 1.02], "showgrid": True, "gridcolor": palette.GRID, "nticks": 5, "tickformat": ",d",
        },
        annotations=[
            {
                "text": words.MARKERS["c"] if whole is None else "nobody", "x": 0, "y": row, "xanchor": "left",
                "xshift": 6, "showarrow": False, "font": {"size": SIZE},
            }
            for row, whole in zip(rows, wholes, strict=True)
            if not whole
        ],
    )  # fmt: skip
    return figure, _alt(texts[0], held, levels, names)


def _bar(rows, lengths, marker, text, said, ink, name) -> go.Bar:
    return go.Bar(
        x=lengths, y=rows, orientation="h", name=name, marker=marker, text=text, textposition="inside",
        insidetextanchor="middle", textangle=0, textfont={"color": ink, "size": 12}, customdata=said,
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _rest(held, a, levels) -> float | None:
    """What is hidden of a bar, taken together: the whole less the parts that are shown."""
    whole, parts = held.get(f"flow:{a}"), [held.get(f"flow:{a}:{b}") for b, _ in levels]
    if not whole or None not in parts:
        return None
    return whole - sum(p for p in parts if p is not None)


def _said(value: float | None) -> str:
    return words.status_words("c") if value is None else words.number(value, decimals=0)


def _alt(headline, held, levels, names) -> str:
    said = []
    for a, name in levels:
        whole = held.get(f"flow:{a}")
        parts = [f"{b}: {_said(held.get(f'flow:{a}:{b}'))}" for b, _ in names if held.get(f"flow:{a}:{b}") != 0]
        if whole:
            said.append(f"From {a} ({name}), {words.number(whole, decimals=0)} episodes, to {'; to '.join(parts)}.")
        else:
            said.append(f"From {a} ({name}): {_said(whole) if whole is None else 'nobody'}.")
    return " ".join([f"{headline.rstrip('.')}.", *said])
