"""The small line of a table row: the shape of the years, gaps and breaks left open, the latest point marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from urllib.parse import quote

import polars as pl
from jinja2 import Environment, PackageLoader

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.segments import Point, as_dates, points, segments

_TEMPLATES = Environment(loader=PackageLoader("dashboard.charts"), autoescape=True, auto_reload=False, trim_blocks=True)
WIDTH, HEIGHT, EDGE = 112, 28, 4  # pixels


@dataclass(frozen=True, slots=True)
class Small:
    """A small line: its SVG, what it says, and the address by which an `<img>` shows it without asking a server."""

    svg: str
    alt: str

    @property
    def address(self) -> str:
        return "data:image/svg+xml," + quote(self.svg, safe=" =:/',;()-")


def sparkline(
    frame: pl.DataFrame, *, unit: str = "", decimals: int = 1, breaks: Sequence[date | str] = ()
) -> Small | None:
    """The small line of one area and one measure; `None` where no row has a value.

    `frame` is an estimates frame. `breaks` are the last days of the first periods on a new basis (dates or ISO dates):
    the line is open there, with a dotted upright. One value alone is a point.
    """
    return _draw(points(frame), unit, decimals, as_dates(breaks))


@lru_cache(maxsize=4096)
def _draw(drawn: tuple[Point, ...], unit: str, decimals: int, breaks: tuple[date, ...]) -> Small | None:
    stretches = segments(drawn, breaks)
    if not stretches:
        return None
    known = [p for stretch in stretches for p in stretch]
    low, high = min(p.value for p in known), max(p.value for p in known)
    first, last = known[0].end, known[-1].end

    def x(when: date) -> float:
        share = (when - first).days / (last - first).days if last > first else 1
        return round(EDGE + share * (WIDTH - 2 * EDGE), 1)

    def y(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)

    uprights = [
        round((x(before[-1].end) + x(after[0].end)) / 2, 1)
        for before, after in pairwise(stretches)
        if any(before[-1].end < turn <= after[0].end for turn in breaks)
    ]
    alt = _say(known, uprights, unit, decimals)
    svg = _TEMPLATES.get_template("sparkline.html").render(
        width=WIDTH,
        height=HEIGHT,
        alt=alt,
        colour=palette.OUR_AREA,
        quiet=palette.QUIET,
        breaks=uprights,
        lines=[" ".join(f"{x(p.end)},{y(p.value)}" for p in stretch) for stretch in stretches if len(stretch) > 1],
        dots=[(x(s[0].end), y(s[0].value)) for s in stretches if len(s) == 1],
        last=(x(known[-1].end), y(known[-1].value)),
    )
    return Small(svg.replace("\n", ""), alt)


def _say(known: Sequence[Point], uprights: Sequence[float], unit: str, decimals: int) -> str:
    def at(point: Point) -> str:
        return f"{words.value(point.value, unit=unit, decimals=decimals)} in {point.period}"

    if len(known) == 1:
        return f"One figure only: {at(known[0])}"
    low, high = min(known, key=lambda p: p.value), max(known, key=lambda p: p.value)
    said = f"From {at(known[0])} to {at(known[-1])}"
    extremes = [f"{name} {at(p)}" for name, p in (("lowest", low), ("highest", high)) if p not in (known[0], known[-1])]
    if extremes:
        said += f"; {words.listed(extremes)}"
    return said + ("; figures before and after the dotted upright do not compare" if uprights else "")
