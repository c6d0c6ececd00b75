"""Where a line may be drawn: through years that follow each other, never across a gap or a break of series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import polars as pl

# Two points further apart than this many usual steps have something missing between them.
_GAP = 1.5


@dataclass(frozen=True, slots=True)
class Point:
    """One row of an estimates frame, as drawn. `value` null: nothing was published, or it is hidden (`status`)."""

    period: str
    end: date
    value: float | None
    lower: float | None = None
    upper: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    status: str = "ok"


def points(frame: pl.DataFrame) -> tuple[Point, ...]:
    """The rows of an estimates frame of one area and one measure, in order of time."""
    columns = ("period", "period_end", "value", "lower", "upper", "numerator", "denominator", "status")
    # column by column: many small queries of a frame would have visitors wait for each other
    rows = sorted(zip(*(frame[column].to_list() for column in columns), strict=True), key=lambda row: row[1])
    return tuple(Point(*row) for row in rows)


def as_dates(days: Iterable[date | str]) -> tuple[date, ...]:
    """Dates and ISO dates as dates, in order."""
    return tuple(sorted(date.fromisoformat(day) if isinstance(day, str) else day for day in days))


def segments(drawn: Sequence[Point], breaks: Iterable[date] = ()) -> list[list[Point]]:
    """The stretches to draw as one line; a stretch of one is a point.

    `breaks` are the last days of the first period on each new basis. A point without a value ends a stretch, and so
    does a missing year: a step longer than one and a half times the shortest.
    """
    turns = sorted(breaks)
    known = [p for p in drawn if p.value is not None]
    steps = [(b.end - a.end).days for a, b in pairwise(drawn)]
    longest = _GAP * min(steps) if steps else 0
    empty = [p.end for p in drawn if p.value is None]
    stretches: list[list[Point]] = []
    for previous, current in zip([None, *known], known, strict=False):
        joined = (
            previous is not None
            and (current.end - previous.end).days <= longest
            and not any(previous.end < turn <= current.end for turn in turns)
            and not any(previous.end < gap < current.end for gap in empty)
        )
        if joined:
            stretches[-1].append(current)
        else:
            stretches.append([current])
    return stretches
