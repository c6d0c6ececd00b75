"""Instruments of the system questionnaire as data: areas, items, scale, labels, and what matches in other editions.

No official wording is built in. The instrument that ships (`metrics/definitions/instruments/`) is our own and says so;
the partnership loads the one that it is licensed to use. An instrument with answers is never changed: a new edition
supersedes it, and its crosswalk says which items stayed the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics.definition_files import DefinitionError

ROLES = ("leader", "manager", "practitioner")
OVERALL = "mean of sections"  # how an overall score is made; no other rule is known


class InstrumentError(DefinitionError):
    """An instrument cannot be used. The message is one clause that names the area or item and what to do."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is asked, answered by a score."""

    id: str
    text: str
    section: str
    title: str = ""  # a few words for charts and tables; "" where the text is short enough
    descriptors: tuple[tuple[int, str], ...] = ()  # what a score looks like in practice, for some or all scores

    @property
    def name(self) -> str:
        return self.title or self.text


@dataclass(frozen=True, slots=True)
class Section:
    """An area of the questionnaire and its items."""

    id: str
    title: str
    items: tuple[Item, ...]
    labels: tuple[str, ...] = ()  # of the scale, where they differ from the instrument's
    asked_of: tuple[str, ...] = ROLES


@dataclass(frozen=True, slots=True)
class Confidence:
    """Who understands early help and is confident in it: those who score all of `items` at `at_least` or more."""

    items: tuple[str, ...]
    at_least: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """One edition of an instrument. Scores are whole numbers from `lowest` to `highest`; higher is better."""

    id: str  # "early_help_system"
    edition: str  # "1"
    title: str
    official: bool  # the wording is its publisher's
    source: str
    licence: str
    lowest: int
    highest: int
    labels: tuple[str, ...]  # one a step, the lowest first
    sections: tuple[Section, ...]  # the areas that are scored
    overall: str = OVERALL
    also: tuple[Section, ...] = ()  # asked beside them, in no section score and not in the overall score
    confidence: Confidence | None = None
    # edition (or id/edition of another instrument) → its item → the item here that asks the same in the same way
    crosswalk: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`early_help_system/1`."""
        return f"{self.id}/{self.edition}"

    @property
    def steps(self) -> int:
        """How many scores there are to choose from: 6 on a scale from 0 to 5."""
        return self.highest - self.lowest + 1

    @property
    def items(self) -> tuple[Item, ...]:
        """Every item that is scored, in order."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def every_section(self) -> tuple[Section, ...]:
        """The scored areas, then what is asked beside them."""
        return self.sections + self.also

    def asked(self, role: str) -> tuple[Section, ...]:
        """The sections that somebody in `role` is asked, in order."""
        return tuple(section for section in self.every_section if role in section.asked_of)

    def item(self, item: str) -> Item:
        """The item of this id. Raises KeyError."""
        return {i.id: i for section in self.every_section for i in section.items}[item]

    def section(self, section: str) -> Section:
        """The section of this id. Raises KeyError."""
        return {s.id: s for s in self.every_section}[section]

    def labels_of(self, section: Section) -> dict[int, str]:
        """Score → label, from the lowest."""
        return dict(zip(range(self.lowest, self.highest + 1), section.labels or self.labels, strict=True))

    def matches(self, other: Instrument) -> dict[str, str]:
        """Item of `other` → the item here that asks the same in the same way; {} where nothing is known to match.

        The same edition matches itself. Where only the other's crosswalk knows this one, it is read backwards. Nothing
        matches on another scale: three of five is not three of ten.
        """
        if (self.lowest, self.highest) != (other.lowest, other.highest):
            return {}
        theirs = {item.id for item in other.items}
        if self.key == other.key:
            return {item.id: item.id for item in self.items if item.id in theirs}
        forwards = self._known(other)
        pairs = forwards.items() if forwards else ((old, new) for new, old in other._known(self).items())
        ours = {item.id for item in self.items}
        return {old: new for old, new in pairs if old in theirs and new in ours}

    def _known(self, other: Instrument) -> Mapping[str, str]:
        short = self.crosswalk.get(other.edition, {}) if self.id == other.id else {}
        return self.crosswalk.get(other.key, short)
