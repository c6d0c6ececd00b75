"""The measures, rules and fixed words of the questionnaire as data (`questionnaire.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from metrics.catalogue import DEFINITIONS, DefinitionError

POLARITIES = ("higher", "lower", "none")


@dataclass(frozen=True, slots=True)
class Measure:
    id: str
    name: str
    definition: str
    numerator: str
    denominator: str
    unit: str  # begins with % for a percentage
    polarity: str


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
    found = {row["id"]: Measure(**row) for row in _file()["measure"]}
    for one in found.values():
        if one.polarity not in POLARITIES or not (one.name and one.definition and one.unit):
            raise DefinitionError(f"questionnaire.toml: {one.id}: polarity, name, definition or unit")
    return found


@cache
def rules() -> Rules:
    return Rules(**_file()["rules"])


@cache
def cannot_say() -> tuple[str, ...]:
    """What the figures cannot say: sentences that stand wherever they stand."""
    return tuple(_file()["words"]["cannot_say"])


@cache
def _file() -> dict[str, object]:
    return tomllib.loads((DEFINITIONS / "questionnaire.toml").read_text(encoding="utf-8"))
