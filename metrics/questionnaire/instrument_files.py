"""Instruments read from TOML or JSON, every field checked, and written down again."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from metrics.definition_files import DEFINITIONS

from .instruments import OVERALL, ROLES, Confidence, Instrument, InstrumentError, Item, Section

MOST_STEPS = 11  # a scale from 0 to 10
MOST_ITEMS, MOST_TEXT = 400, 2000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


@cache
def instruments() -> Mapping[str, Instrument]:
    """The instruments that ship, by key. Raises `InstrumentError`."""
    folder = DEFINITIONS / "instruments"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    made = (read_instrument(f.read_text(encoding="utf-8")) for f in files)
    return {one.key: one for one in made}


def read_instrument(content: str | Mapping[str, Any]) -> Instrument:
    """An instrument from TOML text, or from its table, every field checked.

    Fields as in the files that ship: `id`, `edition`, `title`, `official`, `source`, `licence`, `lowest`, `highest`,
    `labels`; `[[section]]` with `id`, `title` and `[[section.item]]` with `id`, `text`, and if wanted `title` and
    `descriptors` (score = text); if wanted `overall`, `[[also]]` (as a section), `[confidence]` and
    `[crosswalk."edition"]`. Raises `InstrumentError`.
    """
    if isinstance(content, str):
        try:
            content = tomllib.loads(content)
        except tomllib.TOMLDecodeError as wrong:
            raise InstrumentError(f"the instrument is not TOML that can be read: {wrong}") from None
    head = _Fields(content, "the instrument")
    head.only(*Instrument.__dataclass_fields__.keys() - {"sections"}, "section", "also", "confidence", "crosswalk")
    where = f"the instrument {head.text('id')}/{head.text('edition')}"
    head = _Fields(content, where)
    lowest, highest = head.whole("lowest"), head.whole("highest")
    if not 0 < highest - lowest < MOST_STEPS:
        raise InstrumentError(
            f"{where}: the scale runs from {lowest} to {highest}; it needs 2 to {MOST_STEPS} scores, the lowest first"
        )
    sections = tuple(_section(row, "section", where, lowest, highest) for row in head.tables("section"))
    if not sections:
        raise InstrumentError(f"{where} has no area: give at least one [[section]] with items")
    also = tuple(_section(row, "also", where, lowest, highest) for row in head.tables("also"))
    if (overall := content.get("overall", OVERALL)) != OVERALL:
        raise InstrumentError(f"{where}: overall is “{overall}”; the one rule that is known is “{OVERALL}”")
    if not isinstance(content.get("official"), bool):
        raise InstrumentError(f"{where}: official is missing: it is true for a publisher's own wording, else false")
    made = Instrument(
        id=_identifier(head.text("id"), where),
        edition=_identifier(head.text("edition"), where),
        title=head.text("title"),
        official=content["official"],
        source=head.text("source"),
        licence=head.text("licence"),
        lowest=lowest,
        highest=highest,
        labels=_labels(content.get("labels"), where, highest - lowest + 1),
        sections=sections,
        also=also,
        confidence=_confidence(content.get("confidence"), where, (*sections, *also), lowest, highest),
        crosswalk=_crosswalk(content.get("crosswalk", {}), where, sections),
    )
    _no_doubles((s.id for s in made.every_section), "area", where)
    _no_doubles((s.title.casefold() for s in made.every_section), "title of an area", where)
    _no_doubles((i.id for s in made.every_section for i in s.items), "item", where)
    if sum(len(s.items) for s in made.every_section) > MOST_ITEMS:
        raise InstrumentError(f"{where} has more than {MOST_ITEMS} items")
    return made


def as_table(instrument: Instrument) -> dict[str, Any]:
    """The instrument as `read_instrument` takes it."""
    whole = asdict(instrument)

    def section(row: dict[str, Any]) -> dict[str, Any]:
        items = [
            {k: i[k] for k in ("id", "text", "title")} | {"descriptors": {str(s): t for s, t in i["descriptors"]}}
            for i in row["items"]
        ]
        return {k: row[k] for k in ("id", "title", "labels", "asked_of")} | {"item": items}

    whole["section"] = [section(row) for row in whole.pop("sections")]
    whole["also"] = [section(row) for row in whole["also"]]
    if whole["confidence"] is None:
        del whole["confidence"]
    return whole


def as_json(instrument: Instrument) -> str:
    """The instrument as text, for a database or a file; `from_json` reads it back."""
    return json.dumps(as_table(instrument), ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Instrument:
    """What `as_json` wrote. Raises `InstrumentError`."""
    try:
        table = json.loads(text)
    except ValueError as wrong:
        raise InstrumentError(f"the instrument is not JSON that can be read: {wrong}") from None
    return read_instrument(table)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one table, each asked for by its type."""

    row: Any
    where: str

    def __post_init__(self) -> None:
        if not isinstance(self.row, Mapping):
            raise InstrumentError(f"{self.where} is not a table of fields")

    def only(self, *known: str) -> None:
        if strange := sorted(set(self.row) - set(known)):
            raise InstrumentError(f"{self.where} has a field that is not known: “{str(strange[0])[:40]}”; take it out")

    def text(self, name: str) -> str:
        found = self.row.get(name)
        if not isinstance(found, str) or not found.strip():
            raise InstrumentError(f"{self.where}: {name} is missing or is not text")
        if len(found) > MOST_TEXT:
            raise InstrumentError(f"{self.where}: {name} is longer than {MOST_TEXT:,} characters")
        return " ".join(found.split())

    def whole(self, name: str) -> int:
        found = self.row.get(name)
        number = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
        if not number or found != int(found):
            raise InstrumentError(f"{self.where}: {name} is missing or is not a whole number")
        return int(found)

    def tables(self, name: str) -> list[Any]:
        found = self.row.get(name, [])
        if not isinstance(found, list | tuple):
            raise InstrumentError(f"{self.where}: {name} is not a list of [[{name}]]")
        return list(found)


def _section(row: Any, kind: str, where: str, lowest: int, highest: int) -> Section:
    fields = _Fields(row, f"{where}: an area")
    fields = _Fields(row, f"{where}: the area “{fields.text('id')}”")
    fields.only("id", "title", "labels", "asked_of", "item")
    section = _identifier(fields.text("id"), where)
    asked_of = row.get("asked_of", ROLES)
    if not isinstance(asked_of, list | tuple) or not asked_of or not set(asked_of) <= set(ROLES):
        raise InstrumentError(f"{fields.where}: asked_of is a list of {', '.join(ROLES)}")
    items = tuple(_item(item, section, fields.where, lowest, highest) for item in fields.tables("item"))
    if not items:
        raise InstrumentError(f"{fields.where} has no items: give at least one [[{kind}.item]], or take the area out")
    labels = _labels(row["labels"], fields.where, highest - lowest + 1) if row.get("labels") else ()
    return Section(section, fields.text("title"), items, labels, tuple(r for r in ROLES if r in asked_of))


def _item(row: Any, section: str, where: str, lowest: int, highest: int) -> Item:
    fields = _Fields(row, f"{where}: an item")
    fields = _Fields(row, f"{where}: the item “{fields.text('id')}”")
    fields.only("id", "text", "title", "descriptors")
    said = _Fields(row.get("descriptors", {}), f"{fields.where}: descriptors")
    steps = {str(score): score for score in range(lowest, highest + 1)}
    if strange := [score for score in said.row if str(score) not in steps]:
        raise InstrumentError(f"{said.where}: {strange[0]} is not a score from {lowest} to {highest}")
    descriptors = tuple(sorted((steps[str(score)], said.text(score)) for score in said.row))
    title = fields.text("title") if row.get("title") else ""
    return Item(_identifier(fields.text("id"), fields.where), fields.text("text"), section, title, descriptors)


def _labels(found: Any, where: str, steps: int) -> tuple[str, ...]:
    if not isinstance(found, list | tuple) or len(found) != steps or not all(isinstance(t, str) for t in found):
        raise InstrumentError(f"{where}: labels is a list of {steps} texts, one a score, the lowest first")
    return tuple(" ".join(text.split()) for text in found)


def _confidence(found: Any, where: str, sections: tuple[Section, ...], lowest: int, highest: int) -> Confidence | None:
    if found is None:
        return None
    fields = _Fields(found, f"{where}: confidence")
    fields.only("items", "at_least")
    known = {item.id for section in sections for item in section.items}
    items = found.get("items")
    if not isinstance(items, list | tuple) or not items or not set(items) <= known:
        raise InstrumentError(f"{fields.where}: items is a list of ids of items of this instrument")
    at_least = fields.whole("at_least")
    if not lowest <= at_least <= highest:
        raise InstrumentError(f"{fields.where}: at_least is a score from {lowest} to {highest}")
    return Confidence(tuple(items), at_least)


def _crosswalk(found: Any, where: str, sections: tuple[Section, ...]) -> dict[str, dict[str, str]]:
    editions = _Fields(found, f"{where}: crosswalk").row
    ours = {item.id for section in sections for item in section.items}
    for edition, pairs in editions.items():
        there = f"{where}: crosswalk to edition “{edition}”"
        for old, new in _Fields(pairs, there).row.items():
            if new not in ours:
                raise InstrumentError(f"{there}: {old} = “{new}”, which is no scored item here")
        _no_doubles(pairs.values(), "item", there)
    return {str(edition): {str(old): str(new) for old, new in pairs.items()} for edition, pairs in editions.items()}


def _identifier(text: str, where: str) -> str:
    if not _ID.fullmatch(text):
        raise InstrumentError(f"{where}: the id “{text[:40]}” may hold only letters, digits, _, . and -, at most 40")
    return text


def _no_doubles(ids: Iterable[str], what: str, where: str) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise InstrumentError(f"{where}: the {what} “{one}” stands there twice: give each its own")
        seen.add(one)
