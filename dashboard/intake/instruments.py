"""An instrument of the system questionnaire from a file: TOML or JSON as shipped, or a table with a row an item.

| column | what it holds |
|---|---|
| `instrument`, `edition`, `title` | what it is; these and the next six once, or alike in every row |
| `official` | yes for a publisher's own wording, else no |
| `source`, `licence` | whose wording it is, and what it may be used for |
| `lowest`, `highest` | the scale |
| `labels` | a label a score, the lowest first, parted by a vertical bar |
| `area`, `area_id` | the area that the item belongs to; the id is made from its title where there is none |
| `item`, `text` | the item's id and what is asked |
| `item_title` | optional: a few words for charts |
| `descriptor_0`, `descriptor_1`, … | optional: what that score looks like in practice |
| `asked_of` | optional: roles that the area is asked of, parted by a bar; else all |
| `beside` | optional: yes for an area that is asked beside the others and stands in no score |
| `area_labels` | optional: labels of the scale in this area, where they differ |
| `confidence_at_least` | optional: with this score or more the respondent understands, or is confident |
| `same_as` | optional: `1:voice`, the item of edition 1 that asks the same; several parted by a bar |

A workbook may hold what is said once in a second sheet with the columns `field` and `value`. Each fault is one sentence
that names the row and the column; nothing of a faulty instrument is taken.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from metrics.questionnaire import Instrument, InstrumentError, read_instrument

from . import personal
from .batch import IntakeError, plain, safe_name
from .headers import normal
from .opening import Opened, open_file, read_bytes

MAX_BYTES = 2_000_000  # an instrument is some kilobytes
HEAD = ("instrument", "edition", "title", "official", "source", "licence", "lowest", "highest", "labels")
NEEDED = ("area", "item", "text")
_OPTIONAL = ("overall", "area_id", "item_title", "asked_of", "beside", "area_labels", "confidence_at_least", "same_as")
NEEDED_COLUMNS = HEAD + NEEDED
COLUMNS = (*NEEDED_COLUMNS, *_OPTIONAL, "descriptor")  # a `descriptor_` for each score
_DESCRIPTOR = re.compile(r"descriptor_(\d+)")
_YES_NO = {"yes": True, "true": True, "y": True, "1": True, "no": False, "false": False, "n": False, "0": False}


def looks_like(opened: Opened) -> bool:
    """It holds a row an item, and says which instrument they are of."""
    sheet = _sheet_of_items(opened)
    if sheet is None:
        return False
    return "instrument" in [normal(cell) for cell in opened.preview(sheet)[0]] or "instrument" in _fields_sheet(opened)


def is_text(data: bytes, name: str) -> bool:
    """It is an instrument as TOML or JSON, or at least no table."""
    if name.lower().endswith(".toml"):
        return True
    return data.lstrip()[:1] == b"{" and b'"section"' in data


def read_instrument_file(source: str | Path | bytes, *, file_name: str = "") -> Instrument:
    """The instrument in a file. Raises `IntakeError`, one sentence, for one with a fault or of another kind."""
    name = safe_name(file_name or (Path(source).name if not isinstance(source, bytes) else "The file"))
    data = read_bytes(source, name)
    if len(data) > MAX_BYTES:
        raise IntakeError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB, more than any instrument is.")
    if name.lower().endswith((".toml", ".json")) or data.lstrip()[:1] == b"{":
        made = _checked(_text(data, name), name)
        _no_persons_in(made, name)
        return made
    return read_opened(open_file(data, file_name=name))


def read_opened(opened: Opened) -> Instrument:
    """The instrument in a table or workbook. Raises `IntakeError`."""
    name = opened.file_name
    sheet = _sheet_of_items(opened)
    if sheet is None:
        raise IntakeError(f"{name} holds no instrument: its first row needs the columns {', '.join(NEEDED)}.")
    rows, written = _rows(opened, sheet)
    if rows.is_empty():
        raise IntakeError(f"{name} has a header and no rows below it.")
    head = _head(rows, _fields_sheet(opened), name)
    return _checked(_as_table(rows, head, name, written), name)


def _checked(table: Mapping[str, Any], name: str) -> Instrument:
    try:
        return read_instrument(table)
    except InstrumentError as fault:
        raise IntakeError(f"{name}: {fault}.") from None


def _text(data: bytes, name: str) -> Mapping[str, Any]:
    kind = "TOML" if name.lower().endswith(".toml") else "JSON"
    try:
        text = data.decode("utf-8-sig")
        return tomllib.loads(text) if kind == "TOML" else json.loads(text)
    except (ValueError, RecursionError) as error:
        place = re.search(r"line \d+", str(error))
        raise IntakeError(f"{name} is not {kind} that can be read{f': look at {place[0]}' if place else ''}.") from None


def _no_persons_in(made: Instrument, name: str) -> None:
    """Of a table the cells are looked through; of a text what became of it."""
    items = [item for section in made.every_section for item in section.items]
    texts = [made.title, made.source, made.licence, *made.labels, *(i.text for i in items), *(i.title for i in items)]
    texts += [text for item in items for _, text in item.descriptors]
    for what, found in personal.values(pl.Series(texts).unique()).items():
        if len(found):
            raise IntakeError(f"{name} holds what looks like {what}: take them out of its texts.")


def _sheet_of_items(opened: Opened) -> str | None:
    for sheet in opened.sheets:
        top = opened.preview(sheet)
        if top and set(NEEDED) <= {normal(cell) for cell in top[0]}:
            return sheet
    return None


def _rows(opened: Opened, sheet: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """The rows under our names with their `line`, and what the file calls each column."""
    name, top = opened.file_name, opened.preview(sheet)[0]
    frame, long = opened.table(sheet, 0)
    if long.height:
        raise IntakeError(f"{name}: line {long['line'][0]} has more cells than the header; is there a comma in a text?")
    known = {*NEEDED_COLUMNS, *_OPTIONAL}
    written: dict[str, str] = {}
    places: dict[str, str] = {}
    for place, cell in enumerate(top):
        ours = normal(cell)
        if not ours:
            continue
        if ours not in known and not _DESCRIPTOR.fullmatch(ours):
            raise IntakeError(f"{name}: the column “{plain(cell or '')[:40]}” is not known here: take it out.")
        if ours in written:
            raise IntakeError(f"{name}: the column “{plain(cell or '')[:40]}” stands there twice: take one out.")
        written[ours], places[f"c{place}"] = plain(cell or ""), ours
    personal.check(frame.select("line", *places), {c: written[o] for c, o in places.items()}, file_name=name,
                   expected=places)  # fmt: skip
    frame = frame.select("line", *places).rename(places).with_columns(pl.col("line").cast(pl.Int64))
    texts = pl.col(pl.String).fill_null("").str.replace_all(r"\s+", " ").str.strip_chars()
    frame = frame.with_columns(texts)
    return frame.filter(pl.any_horizontal(pl.col(pl.String) != "")), written


def _fields_sheet(opened: Opened) -> dict[str, str]:
    """What a second sheet with `field` and `value` says once."""
    for sheet in opened.sheets:
        top = opened.preview(sheet)
        header = [normal(cell) for cell in top[0]] if top else []
        if {"field", "value"} <= set(header):
            at = header.index("field"), header.index("value")
            return {normal(row[at[0]]): plain(row[at[1]] or "") for row in top[1:] if row[at[0]]}
    return {}


def _head(rows: pl.DataFrame, once: Mapping[str, str], name: str) -> dict[str, str]:
    """What is said of the instrument as a whole, by field; what rows say of it must be alike."""
    head = {}
    for field in (*HEAD, "overall"):
        said = [(rows["line"][i], text) for i, text in enumerate(rows[field]) if text] if field in rows.columns else []
        first = once.get(field) or (said[0][1] if said else "")
        for line, text in said:
            if text != first:
                raise IntakeError(f"{name}: line {line}, column {field}: “{text[:40]}” is not what stands before it, "
                                  f"“{first[:40]}”; one file holds one instrument.")  # fmt: skip
        if not first and field != "overall":
            raise IntakeError(f"{name}: {field} is missing: give it in a column {field}, in the first row.")
        head[field] = first
    return head


def _as_table(rows: pl.DataFrame, head: Mapping[str, str], name: str, written: Mapping[str, str]) -> dict[str, Any]:
    """The table as `read_instrument` takes it."""
    table: dict[str, Any] = {f: head[f] for f in ("edition", "title", "source", "licence")}
    table |= {"id": _identifier(head["instrument"]), "labels": _listed(head["labels"])}
    table |= {f: _whole(head[f], name, f) for f in ("lowest", "highest")}
    table["official"] = _yes_no(head["official"], name, f"{name}: official")
    if head["overall"]:
        table["overall"] = head["overall"]
    areas: dict[str, dict[str, Any]] = {}
    lines: dict[str, int] = {}
    confident: list[tuple[str, int]] = []
    crosswalk: dict[str, dict[str, str]] = {}
    for row in rows.iter_rows(named=True):
        line = row["line"]
        for field in NEEDED:
            if not row[field]:
                raise IntakeError(f"{name}: line {line}: column “{written[field]}” is empty: give the {field}.")
        item = row["item"]
        if item in lines:
            raise IntakeError(f"{name}: line {line}, column {written['item']}: the id “{item[:40]}” stands in line "
                              f"{lines[item]} already; give each item its own.")  # fmt: skip
        lines[item] = line
        area = areas.setdefault(row["area"], {"id": row.get("area_id") or _identifier(row["area"]), "item": []})
        _same_area(area, row, name)
        descriptors = {m[1]: row[c] for c in row if (m := _DESCRIPTOR.fullmatch(c)) and row[c]}
        area["item"].append(
            {"id": item, "text": row["text"], "title": row.get("item_title", ""), "descriptors": descriptors}
        )
        if row.get("confidence_at_least"):
            confident.append((item, _whole(row["confidence_at_least"], name, "confidence_at_least", line)))
        for same in _listed(row.get("same_as", "")):
            edition, colon, other = same.rpartition(":")
            if not colon or not other or not edition:
                raise IntakeError(f"{name}: line {line}, column same_as: write “{same[:40]}” as edition:item, 1:voice.")
            crosswalk.setdefault(edition.strip(), {})[other.strip()] = item
    table["section"] = [_area(title, area) for title, area in areas.items() if not area["beside"]]
    table["also"] = [_area(title, area) for title, area in areas.items() if area["beside"]]
    table["crosswalk"] = crosswalk
    if confident:
        if len({score for _, score in confident}) > 1:
            raise IntakeError(f"{name}: column confidence_at_least: it is one score for all its items.")
        table["confidence"] = {"items": [item for item, _ in confident], "at_least": confident[0][1]}
    return table


def _same_area(area: dict[str, Any], row: Mapping[str, Any], name: str) -> None:
    """Keep what the row says of its area; rows of one area must not contradict each other."""
    where = f"{name}: line {row['line']}"
    said = {
        "id": row.get("area_id", ""),
        "asked_of": [role.lower() for role in _listed(row.get("asked_of", ""))],
        "labels": _listed(row.get("area_labels", "")),
        "beside": _yes_no(row["beside"], name, f"{where}, column beside") if row.get("beside") else None,
    }
    for field, value in said.items():
        if value not in ("", [], None):
            if area.setdefault(field, value) != value:
                column = field if field in row else f"area_{field}"
                raise IntakeError(f"{where}: column {column} contradicts another row of the area “{row['area'][:40]}”.")
        elif field == "beside":
            area.setdefault(field, False)


def _area(title: str, area: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": title} | {field: value for field, value in area.items() if field != "beside"}


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _whole(text: str, name: str, column: str, line: int | None = None) -> int:
    if not re.fullmatch(r"-?\d+(\.0+)?", text):
        where = f"line {line}, column {column}" if line else column
        raise IntakeError(f"{name}: {where}: “{text[:40]}” is not a whole number.")
    return int(float(text))


def _yes_no(text: str, name: str, where: str) -> bool:
    if text.lower() not in _YES_NO:
        raise IntakeError(f"{where}: “{text[:40]}” is neither yes nor no.")
    return _YES_NO[text.lower()]


def _identifier(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40]
