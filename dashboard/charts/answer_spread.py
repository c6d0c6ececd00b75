"""How partners spread over the scores of each item: low ones to the left of a line, high ones to the right.

Don't know, not applicable and blank stand apart, on an axis of their own: they are no low scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import base

_ROW, _EDGE = 60, 72  # pixels: an item with its name above it, and what stands above and beneath all of them
_ABOVE = 12  # pixels from the middle of a bar to its name
# From the outermost score inwards. Dark orange and dark blue at the ends: no red-green pair, and each part carries its
# score. In the middle, where a scale has one, grey; what is no score is white and grey.
_LOW = ("#B8450C", "#F08A4B", "#FBD3B8")
_HIGH = ("#12436D", "#5B8DB8", "#C6DCEE")
_MIDDLE = "#DCDEDF"
_APART = ("#FFFFFF", "#C8CACC", "#6B7276")
_WHITE_ON = frozenset({"#B8450C", "#12436D", "#6B7276"})  # white letters on these: 4.5 to 1 at least
_SPLIT, _GAP = 0.7, 0.06  # of the chart's width: the scores, and what parts them from the rest
_LEAST = 4.0  # % of answers: a narrower part has its figure in the table and when pointed at


def colours(scores: int, apart: int) -> list[str]:
    """A colour for each score, the lowest first, then for each answer that is none."""
    half = scores // 2
    low = [_LOW[place * len(_LOW) // half] for place in range(half)]
    high = [_HIGH[place * len(_HIGH) // half] for place in range(half)]
    return [*low, *[_MIDDLE] * (scores % 2), *reversed(high), *_APART[:apart]]


def spread_chart(
    frame: pl.DataFrame,
    apart: pl.DataFrame,
    *,
    items: Mapping[str, str],
    answers: Mapping[str, str],
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
) -> tuple[go.Figure, str]:
    """The chart and its words.

    `frame`: `item`, `answer` (a score), `partners`. `apart`: `item`, `answer` (what is no score; three at most),
    `share` (% of all answers). `items`, `answers`: id → name, in the order to show, the scores from the lowest first.
    """
    rows = tuple(sorted(frame.select("item", "answer", "partners").iter_rows()))
    others = tuple(sorted(apart.select("item", "answer", "share").iter_rows()))
    return _drawn(rows, others, tuple(items.items()), tuple(answers.items()), (headline, subtitle, source, n))


@lru_cache(maxsize=128)
def _drawn(rows, others, items, answers, texts) -> tuple[go.Figure, str]:
    counts = {(item, answer): partners for item, answer, partners in rows}
    shares = {(item, answer): share or 0.0 for item, answer, share in others}
    none = {answer for _, answer in shares}
    scores = [(code, name) for code, name in answers if code not in none]
    figure = base(
        headline=texts[0], subtitle=texts[1], source=texts[2], n=texts[3], height=_EDGE + _ROW * max(len(items), 1)
    )
    ids = [item for item, _ in items]  # two items may share a name
    shades = dict(zip((code for code, _ in answers), colours(len(scores), len(answers) - len(scores)), strict=True))
    half, middle = len(scores) // 2, len(scores) % 2
    for place in [*range(half - 1, -1, -1), *range(half, len(scores))]:  # what lies at the line first
        code, said = scores[place]
        many = [counts.get((item, code), 0.0) for item, _ in items]
        hover = [f"{name}: {said}, {_partners(m)}" for (_, name), m in zip(items, many, strict=True)]
        for way in (-0.5, 0.5) if middle and place == half else (-1,) if place < half else (1,):
            text = [code if m and way != -0.5 else "" for m in many]
            figure.add_trace(_bar(ids, [m * way for m in many], said, shades[code], text, hover))
    for code, said in (pair for pair in answers if pair[0] in none):
        many = [shares.get((item, code), 0.0) for item, _ in items]
        hover = [
            f"{name}: {said}, {words.number(m, decimals=0)}% of answers"
            for (_, name), m in zip(items, many, strict=True)
        ]
        text = [words.number(m, decimals=0) if m >= _LEAST else "" for m in many]
        figure.add_trace(_bar(ids, many, said, shades[code], text, hover, axis="x2"))
    reach = 1.04 * max([1.0, *(_reach(counts, item, scores, half, middle) for item, _ in items)])
    longest = 1.04 * max([1.0, *(sum(shares.get((item, code), 0.0) for code in none) for item, _ in items)])
    across = {"zeroline": True, "zerolinecolor": palette.TEXT, "showgrid": False, "showticklabels": False, "ticks": ""}
    title = {"font": {"size": 13}}
    figure.update_layout(
        barmode="relative",
        bargap=0.55,
        uniformtext={"minsize": 11, "mode": "hide"},
        yaxis={"range": [len(items) - 0.5, -0.85], "showticklabels": False},
        xaxis=across
        | {"domain": [0, _SPLIT], "range": [-reach, reach], "zerolinewidth": 2}
        | {"title": title | {"text": "lower ◂ score ▸ higher"}},
        xaxis2=across
        | {"domain": [_SPLIT + _GAP, 1], "range": [0, longest], "anchor": "y"}
        | {"title": title | {"text": "no score, %"}},
    )
    # Above its bar and not beside it: on a phone there is no room beside.
    for place, (_, name) in enumerate(items):
        figure.add_annotation(
            text=escape(name, quote=False),
            x=0,
            xref="paper",
            xanchor="left",
            y=place,
            yanchor="bottom",
            yshift=_ABOVE,
            bgcolor=palette.WHITE,
        )
    return figure, _say(texts[0], counts, shares, items, answers)


def _bar(ids, many, said, colour, text, hover, axis="x") -> go.Bar:
    return go.Bar(
        x=many, y=ids, orientation="h", name=said, xaxis=axis, text=text, textposition="inside",
        insidetextanchor="middle", textangle=0,
        textfont={"color": palette.WHITE if colour in _WHITE_ON else palette.TEXT, "size": 12},
        marker={"color": colour, "line": {"color": palette.QUIET, "width": 1}}, customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _reach(counts, item, scores: Sequence[tuple[str, str]], half: int, middle: int) -> float:
    """How far the longer side of an item's bar goes from the line."""
    many = [counts.get((item, code), 0.0) for code, _ in scores]
    shared = many[half] / 2 if middle else 0.0
    return max(sum(many[:half]), sum(many[half + middle :])) + shared


def _partners(many: float) -> str:
    return f"{words.number(many, decimals=0)} {'partner' if many == 1 else 'partners'}"


def _say(headline, counts, shares, items, answers) -> str:
    opening = f"{headline.rstrip('.')}."
    if not items:
        return f"{opening} No figures."
    said = []
    for item, name in items:
        known = [f"{_partners(counts[item, code])} {label}" for code, label in answers if counts.get((item, code))]
        rest = [
            f"{words.number(shares[item, code], decimals=0)}% of answers {label}"
            for code, label in answers
            if shares.get((item, code))
        ]
        said.append(f"{name}: {', '.join([*known, *rest])}")
    return f"{opening} {'; '.join(said)}."
