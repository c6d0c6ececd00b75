"""The measures, rules and fixed words of the Outcome Star as data (`star_measures.toml`), and editions by their
names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from metrics import definition_files
from metrics.definition_files import DefinitionError, measures_in, read_toml

from .editions import Edition

FILE = "star_measures.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(definition_files.Measure):
    MAY_BE_EMPTY: ClassVar = ("numerator", "denominator", "beside")

    definition: str
    beside: str  # the measure that it never stands without; "" where there is none


@dataclass(frozen=True, slots=True)
class Rules:
    second_due_days: int
    draws: int
    seed: int
    funnel_least: int  # people
    least_changes: int  # readings
    length_bands: tuple[tuple[int, str], ...]  # (from this many days, name), from the shortest on


@cache
def measures() -> Mapping[str, Measure]:
    """Every measure of the Star by id, in order. Raises `DefinitionError`."""
    found = measures_in(FILE, Measure)
    for one in found.values():
        if one.beside and one.beside not in found:
            raise DefinitionError(f"{FILE}: {one.id}: beside: there is no {one.beside}")
    return found


@cache
def rules() -> Rules:
    row = read_toml(FILE)["rules"]
    bands = tuple((band["from"], band["name"]) for band in row["length_bands"])
    return Rules(**{**row, "length_bands": bands})


@cache
def cannot_say() -> tuple[str, ...]:
    """What the figures cannot say: sentences that stand wherever they stand."""
    return tuple(read_toml(FILE)["words"]["cannot_say"])


@cache
def indicator_star() -> str:
    """The Star whose readings the strategy's indicator is read from."""
    return read_toml(FILE)["indicator"]["star"]


def squashed(text: str | None) -> str:
    """`Family Star Plus™ (2nd ed.)` → `familystarplus2nd`: letters and digits, without the word edition."""
    return re.sub(r"[^a-z0-9]|\bedition\b|\bed\b|\bversion\b|\btm\b", "", (text or "").lower())


def find(star: str | None, edition: str | None, known: Mapping[str, Edition]) -> Edition | None:
    """The edition that an export means by a Star's name and an edition, or by a name that holds both.

    Where no edition is said, the Star's only one; None where there are several, or none.
    """
    name, number = squashed(star), squashed(edition)
    both = f"{name}{number}"
    mine = [e for e in known.values() if name in _names(e)]
    for one in known.values():
        numbers = {squashed(e) for e in (one.edition, *one.editions)}
        if any(both == f"{n}{m}" for n in _names(one) for m in numbers):
            return one
    return mine[0] if len(mine) == 1 and not number else None


def _names(edition: Edition) -> set[str]:
    return {squashed(name) for name in (edition.star, edition.name, *edition.also_called)}
