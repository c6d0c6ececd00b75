"""Working days in England: Monday to Friday without bank holidays, which come from the library `holidays`.

The day after the start is day 1, as the guide to the children in need census counts: an assessment begun on Friday and
complete on Monday took one working day. A start at a weekend counts from the working day before.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import holidays
import numpy as np
import polars as pl

FIRST, LAST = 1995, 2045  # years that the table holds
_EPOCH = date(1970, 1, 1)


@cache
def bank_holidays(first: int = FIRST, last: int = LAST) -> tuple[date, ...]:
    """England's bank holidays of these years, both included, in order, also those of a single year (8 May 2023)."""
    return tuple(sorted(holidays.country_holidays("GB", subdiv="ENG", years=range(first, last + 1))))


@cache
def _calendar() -> tuple[np.ndarray, np.ndarray]:
    """Working days so far, by day since 1 January of FIRST; and the day of each working day."""
    days = np.arange(np.datetime64(f"{FIRST}-01-01"), np.datetime64(f"{LAST + 1}-01-01"))
    works = np.is_busday(days, holidays=np.array(bank_holidays(), dtype="datetime64[D]"))
    return np.cumsum(works), np.flatnonzero(works)


def working_days(start: str | pl.Expr, end: str | pl.Expr) -> pl.Expr:
    """Whole working days after `start` up to and with `end`: columns or expressions of dates, negative backwards.

    Null where a date is missing or lies outside FIRST to LAST.
    """
    return _so_far(end) - _so_far(start)


def overdue_from(working: int) -> pl.DataFrame:
    """The first day on which more than `working` working days have passed, for every start: `start`, `overdue` (days
    since 1970-01-01)."""
    so_far, days = _calendar()
    place = so_far + working  # of the working day after the last that is in time, counted from 0
    known = place < len(days)
    zero = (date(FIRST, 1, 1) - _EPOCH).days
    starts = np.arange(len(so_far))[known] + zero
    overdue = days[place[known]] + zero
    return pl.DataFrame({"start": starts.astype(np.int32), "overdue": overdue.astype(np.int32)})


def deadline(start: date, working: int) -> date:
    """The working day by which something must be done in `working` (1 or more) working days after `start`.

    Raises `ValueError` outside FIRST to LAST.
    """
    so_far, days = _calendar()
    place = (start - date(FIRST, 1, 1)).days
    if not 0 <= place < len(so_far) or not 1 <= working <= len(days) - so_far[place]:
        raise ValueError(f"Working days are known from {FIRST} to {LAST}, and a limit is 1 or more.")
    return date(FIRST, 1, 1) + timedelta(days=int(days[so_far[place] + working - 1]))


def _so_far(value: str | pl.Expr) -> pl.Expr:
    day = (pl.col(value) if isinstance(value, str) else value).cast(pl.Date).to_physical()

    def look_up(days: pl.Series) -> pl.Series:
        so_far, _ = _calendar()
        place = days.to_numpy().astype(float) - (date(FIRST, 1, 1) - _EPOCH).days
        inside = (place >= 0) & (place < len(so_far))  # a missing date is not a number, and not inside
        found = so_far[np.where(inside, place, 0).astype(int)]
        return pl.Series(days.name, found, dtype=pl.Int64).set(pl.Series(~inside), None)

    return day.map_batches(look_up, return_dtype=pl.Int64, is_elementwise=True)
