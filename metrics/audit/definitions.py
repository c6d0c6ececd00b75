"""The measures and rules of audits as data (`audit_measures.toml`).

What Activity counts by as well (days to a re-audit, pairs for a kappa, which grade is good) is in `activity.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from metrics.catalogue import DEFINITIONS, DefinitionError

POLARITIES = ("higher", "lower", "none")


@dataclass(frozen=True, slots=True)
class Measure:
    id: str
    name: str
    numerator: str
    denominator: str
    unit: str
    polarity: str
    decimals: int
    limits: str  # what it cannot say
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    least_audits: int  # below it nobody is judged or ranked
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
    found = {}
    for row in _file()["measure"]:
        if set(row) != {f.name for f in fields(Measure)} or row["polarity"] not in POLARITIES:
            raise DefinitionError(f"audit_measures.toml: {row.get('id')}: a field is missing, unknown or wrong")
        found[row["id"]] = Measure(**row)
    return found


@cache
def rules() -> Rules:
    return Rules(**_file()["rules"])


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((DEFINITIONS / "audit_measures.toml").read_text(encoding="utf-8"))
