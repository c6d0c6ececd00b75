"""Definitions as they stand in `metrics/definitions/`: read, and refused in one sentence where they are incomplete.

Every refusal is a `DefinitionError` that names the file, the id and the field.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from importlib.resources import files
from typing import Any

import polars as pl

DEFINITIONS = files("metrics") / "definitions"
POLARITIES = ("higher", "lower", "none")  # which way is better


class DefinitionError(ValueError):
    """A definition is missing or contradicts another; the message names the file, the id and the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What every measure of the partnership's own records says of itself; each subject adds its own fields."""

    id: str
    name: str
    numerator: str
    denominator: str
    unit: str  # begins with % for a percentage
    polarity: str  # higher | lower | none: which is better


def read_toml(file: str, *, folder: Any = DEFINITIONS) -> dict[str, Any]:
    return tomllib.loads((folder / file).read_text(encoding="utf-8"))


def csv_rows(file: str, *, folder: Any = DEFINITIONS) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / file).read_text(encoding="utf-8").splitlines()))


def csv_frame(file: str, types: Mapping[str, Any], *, folder: Any = DEFINITIONS) -> pl.DataFrame:
    """Text, but for the columns in `types`."""
    rows = csv_rows(file, folder=folder)
    return pl.DataFrame({c: [row[c] for row in rows] for c in rows[0]}).cast(types)


def measures_in(file: str, kind: type) -> dict[str, Any]:
    """Every `[[measure]]` of a file by id, in the file's order."""
    made = keyed(file, (build(file, kind, row) for row in read_toml(file)["measure"]))
    for one in made.values():
        check_word(file, one, "polarity", POLARITIES)
    return made


def keyed(file: str, things: Iterable[Any], *, key: str = "id") -> dict[str, Any]:
    """The things by their `key`, each once."""
    found: dict[str, Any] = {}
    for thing in things:
        name = getattr(thing, key)
        if name in found:
            raise DefinitionError(f"{file}: {name}: {key}: given twice")
        found[name] = thing
    return found


def build(file: str, kind: type, row: Mapping[str, Any], *, key: str = "id") -> Any:
    """A dataclass from a row that has each of its fields, filled but for those in its `MAY_BE_EMPTY`, and no other."""
    name = row.get(key) or "a row without a name"
    may_be_empty = getattr(kind, "MAY_BE_EMPTY", ())
    for field in fields(kind):
        value = row.get(field.name, MISSING)
        empty = not value.strip() if isinstance(value, str) else value in ((), [], None)
        if value is MISSING or (empty and field.name not in may_be_empty):
            raise DefinitionError(f"{file}: {name}: {field.name}: missing")
    if extra := sorted(set(row) - {f.name for f in fields(kind)}):
        raise DefinitionError(f"{file}: {name}: {extra[0]}: not a field of {kind.__name__}")
    return kind(**row)


def check_word(file: str, thing: Any, field: str, words: Iterable[str], *, key: str = "id") -> None:
    if getattr(thing, field) not in words:
        raise DefinitionError(
            f"{file}: {getattr(thing, key)}: {field}: “{getattr(thing, field)}” is not one of {words}"
        )


def check_date(file: str, name: str, field: str, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise DefinitionError(f"{file}: {name}: {field}: “{text}” is not a date such as 2022-08-31") from None
