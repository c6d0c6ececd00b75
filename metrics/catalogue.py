"""The definitions as Python objects: indicators, published series, areas, statistical neighbours, printed figures.

The content lives in `metrics/definitions/`; this module reads it once and refuses what is incomplete.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

DEFINITIONS = files("metrics") / "definitions"


class DefinitionError(ValueError):
    """A definition is missing or contradicts another; the message names the file, the id and the field."""


@dataclass(frozen=True, slots=True)
class Break:
    """A break of series: figures before `period_end` (ISO date, first period of the new basis) do not compare."""

    period_end: str
    reason: str


@dataclass(frozen=True, slots=True)
class Series:
    """One published series: what is drawn as one line and judged as one measure."""

    id: str  # slug, `rereferrals`
    name: str  # "Referred again within 12 months"
    definition: str
    numerator: str
    denominator: str
    unit: str  # "% of referrals", "per 10,000 children aged 0–17"
    value_type: str  # proportion | rate | count | score
    multiplier: float  # value = multiplier × numerator / denominator; 100 for a percentage
    decimals: int  # shown, never used to reckon
    polarity: str  # lower | higher | none
    target_rule: str  # "", "stay above England", "stay below England"
    year_type: str  # financial | academic | calendar | snapshot | quarter
    feeds: tuple[str, ...]  # feed ids in order of preference: `ees:rereferrals`, `lait:ReReferral`
    numerator_feed: str  # feed that publishes the count behind a published rate, or ""
    breaks: tuple[Break, ...]
    baseline_period: str  # period label
    source: str  # publisher and release
    frequency: str
    last_update: str  # ISO date of the release held, or ""
    next_update: str  # when the publisher says the next one comes, in words
    limits: str  # what the figure cannot say


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator or performance measure of a strategy."""

    id: str  # "S1"
    parent: str
    strategy: str  # Northamptonshire 2020 | Somerset | North West
    outcome_group: str  # "All children are safe", …
    question: str  # "Are fewer children referred twice?"
    name: str  # short, for a table row
    definition: str
    numerator: str
    denominator: str
    unit: str
    value_type: str
    polarity: str  # lower | higher | none | mixed
    target_rule: str
    target: str  # value and date, or "none set"
    accountability: str  # population indicator | how much | how well | better off
    source: str
    frequency: str
    baseline_period: str  # period label, or "none yet"
    breaks: str  # in words, "none known"
    relation: str  # direct | near | proxy | partial | none: how close the published series comes to the wording
    series: tuple[str, ...]  # series ids, the headline first; empty where nothing is published
    missing: str  # what is missing, "nothing" where the series is direct
    holder: str  # who has it
    caution: str  # what is unclear in the strategy's wording


@dataclass(frozen=True, slots=True)
class Area:
    code: str  # ONS code
    name: str
    level: str  # country | region | county | unitary | district | london borough | metropolitan | …
    la_number: str  # DfE number, "" where there is none
    region: str
    successors: tuple[str, ...]  # codes that follow it
    ended: str  # ISO date, or ""
    aliases: tuple[str, ...]  # other spellings met in files


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure printed in a strategy, with what its own comparator and the published series say of it."""

    id: str
    strategy: str
    outcome_group: str
    indicator: str  # indicator id it belongs to, or ""
    claim: str  # "Too many children are …"
    name: str
    area: str
    period: str
    value: float | None
    value_text: str  # as printed
    unit: str
    polarity: str
    neighbours: float | None  # comparators as printed
    england: float | None
    other: float | None
    series: str  # series that holds the published figure, or ""
    published_period: str  # label in that series
    published: float | None  # what the publisher says, on the same basis
    finding: str  # matches | revised since | wrong as printed | cannot be checked
    explanation: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    indicators: dict[str, Indicator]
    series: dict[str, Series]
    areas: dict[str, Area]
    printed: tuple[Printed, ...]
    neighbours: pl.DataFrame  # vintage, area, rank, neighbour (ONS codes), closeness


@cache
def catalogue() -> Catalogue:
    """Every definition, read and checked once. Raises `DefinitionError`."""
    raise NotImplementedError
