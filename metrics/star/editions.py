"""Editions of the Outcomes Star: areas, range, stages and what may be pooled, as data (`star_editions.toml`).

The Star is licensed by Triangle. Names of areas and stages are configuration that the licence holder confirms; where a
range is not known it stays unknown, and readings of that edition are refused until it is set.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from metrics.definition_files import DEFINITIONS, DefinitionError

STATUSES = ("found", "inferred", "recalled", "not found", "our choice", "confirmed")
MOST_AREAS = 12  # a Star is packed into one number, four bits an area, that a float holds exactly as well
MOST_READING = 15


@dataclass(frozen=True, slots=True)
class Area:
    id: str  # "area_1": its place on the Star
    name: str  # "" where it is not known
    status: str


@dataclass(frozen=True, slots=True)
class Stage:
    number: int
    name: str  # "" where it is not known
    status: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of one Star. Readings run from `lowest` to `highest`; higher is better."""

    star: str  # "family_star_plus"
    edition: str  # "1"
    name: str  # "Family Star Plus"
    also_called: tuple[str, ...]
    editions: tuple[str, ...]  # how exports write the edition
    lowest: int
    highest: int  # 0: not known
    range_status: str
    readings_per_stage: int  # 2: stage = reading / 2, rounded up; 1: the reading is the stage
    ceiling: int  # lowest reading of “already managing”; 0: not known
    ceiling_status: str
    pools_with: tuple[str, ...]  # editions of the same Star
    pooling: str  # the rule in words
    source: str
    note: str
    areas: tuple[Area, ...]
    stages: tuple[Stage, ...]
    who: str = "people"  # whom its Stars are about, as figures call them: families, children

    @property
    def key(self) -> str:
        """`family_star_plus/1`."""
        return f"{self.star}/{self.edition}"

    @property
    def title(self) -> str:
        return f"{self.name}, edition {self.edition}"

    @property
    def unknown(self) -> str:
        """Why readings of this edition are refused, as a clause; "" where they are taken."""
        lacking = [what for what, there in (("its range", self.highest), ("its areas", self.areas)) if not there]
        return f"{' and '.join(lacking)} must be set first, by the holder of the licence" if lacking else ""

    @property
    def area_ids(self) -> tuple[str, ...]:
        return tuple(area.id for area in self.areas)

    @property
    def stage_count(self) -> int:
        return int(self.stage_of(self.highest))

    def stage_of(self, reading: int | np.ndarray) -> np.ndarray:
        """Stage of a reading, 1 the lowest; for arrays too. Ten-point Stars: reading / 2, rounded up."""
        return -(-(np.asarray(reading) - self.lowest + 1) // self.readings_per_stage)

    def area_name(self, area: str) -> str:
        """`Physical health`; `Area 3` where the name is not known."""
        known = {a.id: a.name for a in self.areas}
        return known.get(area) or area.replace("_", " ").capitalize()

    def stage_name(self, number: int) -> str:
        """`Accepting help`; `Stage 2` where the name is not known."""
        return {s.number: s.name for s in self.stages}.get(number) or f"Stage {number}"


@cache
def editions(local: str = "") -> Mapping[str, Edition]:
    """The editions by key, in the order of the file.

    `local`: text of a TOML file of the same form. An edition in it replaces the shipped one of the same star and
    edition as a whole, or is added. Raises `DefinitionError` naming the edition and the field.
    """
    text = (DEFINITIONS / "star_editions.toml").read_text(encoding="utf-8")
    found = {e.key: e for source in (text, local) if source for e in _read(source)}
    for one in found.values():
        for other in pooled(one, found):
            if (other.lowest, other.highest, other.area_ids) != (one.lowest, one.highest, one.area_ids):
                raise DefinitionError(f"{one.key}: pools_with: {other.key} has another range or other areas")
    return found


def pooled(edition: Edition, known: Mapping[str, Edition]) -> list[Edition]:
    """The editions that `edition` pools with, itself first."""
    return [edition, *(known[k] for e in edition.pools_with if (k := f"{edition.star}/{e}") in known)]


@cache
def acknowledgement() -> str:
    """What stands on every page and paper with Star figures."""
    text = (DEFINITIONS / "star_editions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["acknowledgement"]


def _read(text: str) -> list[Edition]:
    try:
        rows = tomllib.loads(text).get("edition", [])
    except tomllib.TOMLDecodeError as wrong:
        raise DefinitionError(f"the editions cannot be read: {wrong}") from None
    return [read_edition(row) for row in rows]


def read_edition(row: Mapping[str, object]) -> Edition:
    """One `[[edition]]` table as an `Edition`. Raises `DefinitionError` naming the edition and the field."""
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    where = f"{row.get('star', 'an edition')}/{row.get('edition', '')}"
    try:
        areas = tuple(Area(**a) for a in fields.pop("area", ()))
        stages = tuple(Stage(**s) for s in fields.pop("stage", ()))
        made = Edition(**fields, areas=areas, stages=stages)
    except TypeError as wrong:
        raise DefinitionError(f"{where}: {wrong}") from None
    for what, status in [("range_status", made.range_status), ("ceiling_status", made.ceiling_status)] + [
        (thing.name or where, thing.status) for thing in (*areas, *stages)
    ]:
        if status not in STATUSES:
            raise DefinitionError(f"{where}: {what}: the status {status!r} is not one of {', '.join(STATUSES)}")
    if len(set(made.area_ids)) < len(areas) or len(areas) > MOST_AREAS:
        raise DefinitionError(f"{where}: area: ids must differ, and a Star has at most {MOST_AREAS} areas")
    if made.readings_per_stage not in (1, 2) or [s.number for s in stages] != list(range(1, len(stages) + 1)):
        raise DefinitionError(f"{where}: readings_per_stage is 1 or 2, and stages are numbered from 1")
    if made.highest and not 1 <= made.lowest < made.highest <= MOST_READING:
        raise DefinitionError(f"{where}: readings run from at least 1 to at most {MOST_READING}")
    if made.highest and not made.lowest <= made.ceiling <= made.highest:
        raise DefinitionError(f"{where}: ceiling: it lies outside the range of the readings")
    if made.highest and len(stages) not in (0, made.stage_count):
        raise DefinitionError(f"{where}: stage: the range has {made.stage_count} stages, not {len(stages)}")
    return made
