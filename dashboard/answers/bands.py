"""Bands of a map: at most five, with letter, range and count, A for the most need; and the nine of two measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from dashboard import words

LETTERS = "ABCDE"
THIRDS = ("1", "2", "3")  # of the second measure, 1 the third with most need


@dataclass(frozen=True, slots=True)
class Band:
    """One class of a map: its letter, its range in words, how many areas are in it."""

    letter: str
    said: str
    count: int


def banded(
    values: pl.Series, cuts: Sequence[float], *, unit: str = "", decimals: int = 1, highest_first: bool = True
) -> tuple[pl.Series, list[Band]]:
    """The letter of each value (null for a missing one) and the bands, those without an area left in.

    `cuts`: rising bounds between the bands, at most four; a value on a cut belongs to the band above it. A is the
    highest band, or the lowest where `highest_first` is False.
    """
    if len(cuts) >= len(LETTERS) or list(cuts) != sorted(set(cuts)):
        raise ValueError(f"a map has at most {len(LETTERS)} bands, between rising cuts")
    letters = LETTERS[: len(cuts) + 1]
    if highest_first:
        letters = letters[::-1]
    place = pl.lit(0)
    for cut in cuts:
        place = place + (pl.col("value") >= cut).cast(pl.Int64)
    frame = values.cast(pl.Float64).alias("value").to_frame()
    named = place.replace_strict(dict(enumerate(letters)), return_dtype=pl.String)
    found = frame.select(pl.when(pl.col("value").is_not_null()).then(named).alias("letter"))["letter"]
    edges = [words.value(c, unit=unit, decimals=decimals) for c in cuts]
    ranges = ["any figure"]
    if cuts:
        inner = [f"{a} to under {b}" for a, b in pairwise(edges)]
        ranges = [f"under {edges[0]}", *inner, f"{edges[-1]} and over"]
    counted = found.value_counts() if found.len() else pl.DataFrame({"letter": [], "count": []})
    counts = dict(counted.iter_rows())
    bands = [Band(letter, said, counts.get(letter, 0)) for letter, said in zip(letters, ranges, strict=True)]
    return found, sorted(bands, key=lambda band: band.letter)


def even_cuts(values: pl.Series, *, bands: int = 5, decimals: int = 1) -> list[float]:
    """Cuts that put about as many areas in each band, at round numbers of so many decimals; fewer where values tie."""
    known = values.drop_nulls().sort()
    if known.n_unique() < 2:
        return []
    wanted = min(bands, known.n_unique())
    cuts = {round(known.quantile(k / wanted, interpolation="higher"), decimals) for k in range(1, wanted)}
    return sorted(cut for cut in cuts if known[0] < cut <= known[-1])


def thirds(values: pl.Series, *, highest_first: bool = True) -> pl.Series:
    """1, 2 or 3 for each value, 1 the third with most need; equal values share a third. Null for a missing value, and
    for all where fewer than three areas differ."""
    known = values.drop_nulls()
    if known.n_unique() < 3:
        return pl.Series(values.name, [None] * values.len(), dtype=pl.String)
    rank = values.rank("min", descending=highest_first)
    third = ((rank - 1) * 3 / known.len()).floor().cast(pl.Int64)
    return third.replace_strict(dict(enumerate(THIRDS)), return_dtype=pl.String)
