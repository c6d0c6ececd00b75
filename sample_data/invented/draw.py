"""Drawing many values at once: days, choices, identifiers. Days are whole numbers since 1 January 1970."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

NONE = np.iinfo(np.int32).min  # stands for an empty cell in arrays of days, numbers of records and levels
BLOCK = 1_000_000  # records of one kind in one part: numbers of the next part begin here


@cache
def rates() -> dict[str, Any]:
    """What the county is drawn from (`rates.toml`)."""
    return tomllib.loads((files("sample_data") / "invented" / "rates.toml").read_text(encoding="utf-8"))


def day(when: date | str) -> int:
    return (date.fromisoformat(str(when)) - date(1970, 1, 1)).days


def choose(rng: np.random.Generator, weights: Sequence[float] | np.ndarray, size: int) -> np.ndarray:
    """Positions drawn by weight."""
    steps = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(steps, rng.random(size) * steps[-1], side="right").astype(np.int32)


def choose_by_row(rng: np.random.Generator, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Positions drawn by weight, each from its own row of `weights`."""
    steps = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    ladder = (steps + np.arange(len(weights))[:, None]).ravel()  # one rising ladder for all rows: one search
    place = np.searchsorted(ladder, rng.random(len(rows)) + rows, side="right")
    return np.minimum(place - rows * weights.shape[1], weights.shape[1] - 1).astype(np.int32)


def names(rng: np.random.Generator, likely: dict[str, float], size: int) -> np.ndarray:
    """Names drawn by weight."""
    return np.array(list(likely))[choose(rng, list(likely.values()), size)]


def month_of(days: np.ndarray | int) -> np.ndarray:
    """The month, as numpy counts them."""
    return np.asarray(days, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]")


def first_day(months: np.ndarray) -> np.ndarray:
    return months.astype("datetime64[D]").astype(np.int64)


def chance(rng: np.random.Generator, share: float | np.ndarray, size: int) -> np.ndarray:
    return rng.random(size) < share


def working(days: np.ndarray) -> np.ndarray:
    """A day at a weekend becomes the Monday after it; empty stays empty."""
    weekday = (days + 3) % 7  # 1 January 1970 was a Thursday
    return np.where((days != NONE) & (weekday > 4), days + 7 - weekday, days)


def known(days: np.ndarray, until: int) -> np.ndarray:
    """What had happened by the last day; the rest is empty."""
    return np.where(days > until, NONE, days)


def only(keep: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`values` where `keep`, else empty."""
    return np.where(keep, values, NONE)


def spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that hang on records: which record each belongs to, and its place (0, 1, …) among that record's."""
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - np.repeat(first, counts)


def days_column(days: np.ndarray) -> pl.Series:
    return whole_column(days, pl.Int32).cast(pl.Date)


def whole_column(values: np.ndarray, dtype: type[pl.DataType] = pl.Int64) -> pl.Series:
    numbers = pl.Series(np.asarray(values, dtype=np.int32))
    return numbers.set(numbers == NONE, None).cast(dtype)


def id_column(letter: str, numbers: np.ndarray, part: int = 0) -> pl.Series:
    """Identifiers as `INV-F-000123`; empty where the number is."""
    whole = whole_column(numbers) + part * BLOCK
    return f"INV-{letter}-" + whole.cast(pl.String).str.zfill(6)


def text_column(texts: Sequence[str | None], positions: np.ndarray) -> pl.Series:
    """The text at each position; empty where the position is."""
    return pl.Series(list(texts), dtype=pl.String).gather(whole_column(positions, pl.UInt32))


def yes_no_column(values: np.ndarray, known: np.ndarray) -> pl.Series:
    flags = pl.Series(np.asarray(values, dtype=bool))
    return flags.set(pl.Series(~np.asarray(known, dtype=bool)), None)
