"""The allocation on a map: pounds for each person, against the average of the county."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import funding, places
from dashboard.answers.bands import Band, banded
from dashboard.answers.funding import Allocation

# Per cent of the average. They stay when a weight moves, so a change of colour is a change of money.
CUTS = (-20.0, -5.0, 5.0, 20.0)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What is drawn: `areas` has `code`, `name`, `letter` (null without people) and `said`."""

    areas: pl.DataFrame
    bands: Sequence[Band]
    caption: str
    alt: str
    geography: Mapping[str, Any]
    above: Mapping[str, Any]
    above_name: str


def mapped(scope: Scope, answer: Allocation) -> Mapped:
    """Bands of pounds for each person, A the most; every area of the level."""
    level, areas = answer.settings.level, answer.areas
    average = areas["amount"].sum() / areas["people"].sum()
    share = (pl.col("per_head") / average - 1) * 100
    against = areas.select(pl.when(pl.lit(average) > 0).then(share).alias("value"))["value"]
    letter, bands = banded(against, CUTS, unit="%", decimals=0)
    each = "child" if answer.settings.people == "age_0_17" else "person"
    said = [
        f"{words.pounds(head, pence=True)} for each {each}, {words.pounds(amount)} in all"
        for head, amount in areas.select("per_head", "amount").iter_rows()
    ]
    above = places.ABOVE[level]
    caption = f"Pounds for each {each}, above or below the average of {words.pounds(average, pence=True)}"
    return Mapped(
        areas.select(pl.col("area").alias("code"), "name").with_columns(letter, pl.Series("said", said)),
        bands,
        caption,
        _alt(caption, areas, letter, bands),
        places.boundaries(scope, level),
        places.boundaries(scope, above),
        f"the {places.MANY[above]}" if above != "county" else "the county",
    )


def _alt(caption: str, areas: pl.DataFrame, letter: pl.Series, bands: Sequence[Band]) -> str:
    parts = []
    for band in bands:
        held = areas.filter(letter == band.letter)["name"].to_list()
        if held:
            parts.append(f"{band.letter} ({band.said}): {words.listed(held)}")
    return f"Map. {caption}. {'; '.join(parts)}."


def headline(answer: Allocation) -> str:
    """What the map shows."""
    heads = answer.areas.drop_nulls("per_head").sort("per_head", "name", descending=[True, False])
    most, least = heads.row(0, named=True), heads.row(-1, named=True)
    each = "child" if answer.settings.people == "age_0_17" else "person"
    return (
        f"From {words.pounds(least['per_head'], pence=True)} for each {each} in {least['name']} to "
        f"{words.pounds(most['per_head'], pence=True)} in {most['name']}"
    )


def subtitle(answer: Allocation) -> str:
    counted = funding.COUNTED[answer.settings.people]
    return f"Each {places.LEVELS[answer.settings.level].lower()}, counting {counted}"
