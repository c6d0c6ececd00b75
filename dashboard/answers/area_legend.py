"""The key of the area map: which band an area is in, what the bands are, what is missing."""

from __future__ import annotations

import polars as pl

from dashboard import words
from dashboard.answers import bands as banding
from dashboard.answers.area_measures import CHANGE, CUTS, NEED, PEOPLE, POSITION, PROVISION, AreaMeasure
from dashboard.answers.area_words import lower
from dashboard.answers.bands import Band

NINE_NOTE = (
    "Thirds of the areas with both figures at this level: letters for the first measure, numbers for the second."
)


def banded(it: AreaMeasure, areas: pl.DataFrame, year: str) -> tuple[pl.Series, list[Band], str]:
    """Letters, bands, and what is to be said of their bounds."""
    same = "The bands are the same at every level."
    sign = words.sign_of(it.unit)
    if it.kind == NEED:
        cuts, note = (
            (CUTS["change"], same) if year == CHANGE else (CUTS[POSITION], f"{same} 50 is the middle of England.")
        )
    elif it.kind == PROVISION:
        cuts, note = CUTS["km"], same
    else:
        decimals = it.decimals
        if it.kind == PEOPLE and it.unit != "%":
            top = areas["value"].max() or 0
            decimals = -3 if top > 20_000 else -2 if top > 4_000 else -1
        cuts = banding.even_cuts(areas["value"], decimals=decimals)
        note = "The bands hold about as many areas each at this level: they change when the level changes."
    letters, made = banding.banded(
        areas["value"], cuts, unit=sign, decimals=it.decimals, highest_first=it.more_is_need
    )  # fmt: skip
    return letters, made, note


def nine(areas: pl.DataFrame, it: AreaMeasure, other: AreaMeasure) -> pl.Series:
    both = areas.select(
        pl.when(pl.col("second").is_not_null()).then("value").alias("first"),
        pl.when(pl.col("value").is_not_null()).then("second").alias("second"),
    )
    row = banding.thirds(both["first"], highest_first=it.more_is_need).replace_strict(
        {"1": "A", "2": "B", "3": "C"}, default=None, return_dtype=pl.String
    )
    column = banding.thirds(both["second"], highest_first=other.more_is_need)
    return (row + column).alias("letter")


def nine_bands(letters: pl.Series, it: AreaMeasure, other: AreaMeasure) -> list[Band]:
    third = dict(zip((*"ABC", *banding.THIRDS), ("most need", "middle", "least need") * 2, strict=True))
    pairs = [f"{row}{column}" for row in "ABC" for column in banding.THIRDS]
    first, second = lower(it.name), lower(other.name)
    return [
        Band(pair, f"{third[pair[0]]} by {first}, {third[pair[1]]} by {second}", int((letters == pair).sum()))
        for pair in pairs
    ]


def missing(areas: pl.DataFrame, year: str) -> list[tuple[str, str, int]]:
    """Marker, meaning and number of the areas without a band."""
    without = areas.filter(pl.col("letter").is_null())
    counted = without.group_by("status", maintain_order=True).agg(pl.len())
    meanings = {s: words.status_words(s) for s in words.MARKERS} | ({"z": "boundary changed"} if year == CHANGE else {})
    return [(words.MARKERS.get(s, "[x]"), meanings.get(s, "no figure"), n) for s, n in counted.iter_rows()]
