"""The measures, rules and fixed words of the questionnaire as data (`questionnaire.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from metrics import definition_files
from metrics.definition_files import measures_in, read_toml

FILE = "questionnaire.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(definition_files.Measure):
    definition: str


@dataclass(frozen=True, slots=True)
class Rules:
    section_needs: float  # share of a section's items
    items_needed: float  # share of the items of two editions
    least_for_interval: int  # partners
    least_for_agreement: int  # partners
    least_below_partner: int  # respondents
    low_below: float  # per cent of the scale
    agreed_below: int  # steps of the scale are divided by it
    draws: int
    seed: int


@cache
def measures() -> Mapping[str, Measure]:
    """Every measure of the questionnaire by id, in order. Raises `DefinitionError`."""
    return measures_in(FILE, Measure)


@cache
def rules() -> Rules:
    return Rules(**read_toml(FILE)["rules"])


@cache
def cannot_say() -> tuple[str, ...]:
    """What the figures cannot say: sentences that stand wherever they stand."""
    return tuple(read_toml(FILE)["words"]["cannot_say"])
