"""One indicator's history: our area with its limits, comparators, baseline, what happens if nothing changes, target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import plotly.graph_objects as go
import polars as pl

from dashboard import words
from dashboard.charts import marks, palette
from dashboard.charts.base import LABEL_WIDTH, SIZE, base
from dashboard.charts.labels import Label, spread
from dashboard.charts.marks import Scale, Target
from dashboard.charts.segments import Point, as_dates, points, segments

_HEIGHT = 350  # pixels
_TICKS = 7  # at most so many periods are written under the chart
_DASHES = ("dash", "dot", "dashdot")  # comparators differ by dash and mark as well as by label
_MARKS = ("diamond", "square", "triangle-up")


@dataclass(frozen=True, slots=True)
class Line:
    """A comparator: its name ("England"), its estimates frame, and where its own series breaks."""

    name: str
    frame: pl.DataFrame
    breaks: Sequence[date | str] = ()


def history_chart(
    ours: pl.DataFrame,
    *,
    name: str,
    headline: str,
    subtitle: str,
    source: str,
    n: str = "",
    unit: str = "",
    decimals: int = 1,
    comparators: Sequence[Line] = (),
    breaks: Sequence[date | str] = (),
    baseline: str = "",
    forecast: pl.DataFrame | None = None,
    target: Target | None = None,
) -> tuple[go.Figure, str]:
    """The chart and its text alternative.

    `ours` and each comparator's frame are estimates frames of one area and one measure; rows without a value leave the
    line open. `breaks` are the last days of the first periods on a new basis (dates or ISO dates) of our area's line; a
    comparator brings its own. `baseline` is a period label of `ours`. `forecast` is an estimates frame of the periods
    to come (value, lower, upper). At most three comparators: more raise `ValueError`, for a fifth line could not be
    told from the others.

    A chart drawn once is kept and given again: `go.Figure(figure)` makes a copy that may be changed.
    """
    if len(comparators) > len(_DASHES):
        raise ValueError(f"a chart holds at most {len(_DASHES)} comparators, not {len(comparators)}")
    return _drawn(
        points(ours),
        tuple((line.name, points(line.frame), as_dates(line.breaks)) for line in comparators),
        points(forecast) if forecast is not None else (),
        target,
        name,
        as_dates(breaks),
        baseline,
        Scale(unit, decimals),
        (headline, subtitle, source, n),
    )


@lru_cache(maxsize=256)
def _drawn(mine, others, coming, target, name, turns, baseline, scale, texts) -> tuple[go.Figure, str]:
    """The chart from plain values: what looks the same is drawn once (Plotly takes some 25 ms to check a figure)."""
    headline, subtitle, source, n = texts
    figure = base(headline=headline, subtitle=subtitle, source=source, n=n, height=_HEIGHT)
    labels: list[Label] = []
    for (other, theirs, broken), dash, mark in zip(others, _DASHES, _MARKS, strict=False):
        labels += marks.comparator(figure, other, segments(theirs, broken), scale, dash, mark)
    stretches = segments(mine, turns)
    labels += marks.ours(figure, name, stretches, scale)
    if stretches and coming:
        labels += marks.forecast(figure, stretches[-1][-1], coming, scale)
    marks.hidden(figure, mine)
    marks.turns(figure, stretches, turns)
    marks.baseline(figure, mine, baseline)
    if target is not None:
        labels += marks.target(figure, target, scale)
    _axes(figure, [mine, coming, *(theirs for _, theirs, _ in others)], target, scale)
    _write(figure, labels)
    return figure, _say(headline, name, stretches, others, coming, target, turns, scale)


def _axes(figure, rows: Sequence[Sequence[Point]], target: Target | None, scale) -> None:
    every = [p for row in rows for p in row]
    heights = [v for p in every for v in (p.value, p.lower, p.upper) if v is not None]
    heights += [target.value] if target else []
    low, high = (min(heights), max(heights)) if heights else (0.0, 1.0)
    room = (high - low or abs(high) or 1.0) * 0.1
    # From zero where zero is near, and never below it for figures that cannot be negative.
    bottom = 0.0 if 0 <= low < 0.5 * high else low - room
    figure.update_yaxes(
        range=[bottom, high + room], ticksuffix=words.sign_of(scale.unit), nticks=6, rangemode="tozero"
    )  # fmt: skip
    labels = {p.end: p.period for row in rows for p in row}
    ends = sorted({*labels, *([target.when] if target else [])})
    if not ends:
        return
    step = -(-len(labels) // _TICKS)
    latest = [p.end for p in rows[0]][-1:] or ends[-1:]
    shown = [e for place, e in enumerate(sorted(labels)) if (place - sorted(labels).index(latest[0])) % step == 0]
    edge = max((ends[-1] - ends[0]) * 0.03, timedelta(days=60))
    figure.update_xaxes(
        range=[ends[0] - edge, ends[-1] + edge],
        tickvals=shown,
        ticktext=[labels[e] for e in shown],
        hoverformat="%Y",
        autotickangles=[0, 45],
    )


def _write(figure, labels: Sequence[Label]) -> None:
    """Names at the ends of the lines, apart from each other, each with a thin leader to its line."""
    low, high = figure.layout.yaxis.range
    right = figure.layout.xaxis.range[1] if figure.layout.xaxis.range else None
    if right is None:
        return
    inside = _HEIGHT - figure.layout.margin.t - 40
    for label, height in spread(labels, low=low, high=high, pixels=inside, line=SIZE + 6):
        figure.add_annotation(
            x=label.when, y=label.value, ax=right, ay=height, axref="x", ayref="y", text=label.text, align="left",
            xanchor="left", font={"color": label.colour, "size": SIZE}, showarrow=True, arrowhead=0, arrowwidth=1,
            arrowcolor=palette.GRID, standoff=6,
        )  # fmt: skip
    figure.update_layout(margin={"r": 10 + 7.6 * min(LABEL_WIDTH, max(map(_letters, labels), default=0))})


def _letters(label: Label) -> int:
    return max(len(line.replace("<b>", "").replace("</b>", "")) for line in label.text.split("<br>"))


def _say(headline, name, stretches, others, coming, target, turns, scale) -> str:
    def sentence(who: str, known: Sequence[Point]) -> str:
        if not known:
            return f"{who}: no figures."
        if len(known) == 1:
            return f"{who}: {scale.value(known[0].value)} in {known[0].period}, the only figure."
        low, high = min(known, key=lambda p: p.value), max(known, key=lambda p: p.value)
        return (
            f"{who}: {scale.value(known[0].value)} in {known[0].period}, {scale.value(known[-1].value)} in "
            f"{known[-1].period}, between {scale.value(low.value)} ({low.period}) and {scale.value(high.value)} "
            f"({high.period})."
        )

    known = [p for stretch in stretches for p in stretch]
    parts = [headline.rstrip(".") + ".", sentence(name, known)]
    parts += [sentence(other, [p for p in theirs if p.value is not None]) for other, theirs, _ in others]
    if known and coming:
        limits = words.interval(coming[-1].lower, coming[-1].upper, decimals=scale.decimals)
        within = f", within {limits}" if limits else ""
        parts.append(f"If nothing changes: {scale.value(coming[-1].value)} in {coming[-1].period}{within}.")
    if target:
        parts.append(f"Target: {scale.value(target.value)} by {words.day(target.when)}.")
    if known and any(known[0].end < turn <= known[-1].end for turn in turns):
        parts.append("The line is open where the series starts on a new basis.")
    return " ".join(parts)
