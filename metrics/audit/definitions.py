"""The measures and rules of audits as data (`audit_measures.toml`).

What Activity counts by as well (days to a re-audit, pairs for a kappa, which grade is good) is in `activity.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from metrics import definition_files
from metrics.definition_files import measures_in, read_toml

FILE = "audit_measures.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(definition_files.Measure):
    decimals: int
    limits: str  # what it cannot say
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    least_audits: int  # below it nobody is judged or ranked
    least_sections: float  # share of the sections that must have a grade
    apart_months: int  # a family is not audited twice within them
    least_points: int  # below it a p-chart has no limits
    draws: int  # of the bootstrap
    seed: int
    margin: float  # of the wanted estimate, in shares of 1
    dual_share: float  # audited twice
    moderated_share: float  # of those that are neither inadequate nor outstanding
    action_days: Mapping[str, int]  # severity → days within which an action is due


@cache
def measures() -> Mapping[str, Measure]:
    """Every measure of audits by id, in order. Raises `DefinitionError`."""
    return measures_in(FILE, Measure)


@cache
def rules() -> Rules:
    return Rules(**read_toml(FILE)["rules"])
