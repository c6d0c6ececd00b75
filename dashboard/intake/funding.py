"""Files of the funding page: a model, values for its indicators, today's amounts, or a whole scenario.

What a file is, is told by its ending and its header; each fault is one sentence that says what to change.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from metrics.definition_files import DefinitionError
from metrics.funding import Domain, Indicator, Model, read_model

from . import personal
from .batch import IntakeError, safe_name
from .numbers import read_cell
from .opening import open_file

MAX_BYTES = 5_000_000  # a model is some kilobytes, values of 29 indicators for 422 areas some hundred
MAX_DOMAINS, MAX_INDICATORS = 12, 100  # more could not be told apart on a page
MAX_TEXT = 400  # characters of a name or source
SCENARIO = "need and funding"  # what a scenario's file says it is
AREA = ("lsoa", "lsoa11cd", "lsoa_code", "lsoa_2011", "small_area")
MODEL = (
    "domain",
    "domain_weight",
    "indicator",
    "column",
    "direction",
    "weight",
)  # a table of a model has at least these
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class FundingFile:
    """What one file brought; the rest is None.

    `values`: `lsoa` and a number column an indicator. `amounts`: area (code or name, as written) → pounds.
    `choices`: what a scenario was set to, unchecked.
    """

    file_name: str
    model: Model | None = None
    values: pl.DataFrame | None = None
    amounts: Mapping[str, float] | None = None
    choices: Mapping[str, Any] | None = None


def read_funding_file(data: bytes, *, file_name: str) -> FundingFile:
    """Read a file of the funding page. Raises `IntakeError` with one sentence, also for what could name a person."""
    file_name = safe_name(file_name)
    if len(data) > MAX_BYTES:
        raise IntakeError(f"{file_name} is larger than {MAX_BYTES // 1_000_000} MB, more than any of these files is.")
    if file_name.lower().endswith((".toml", ".json")) or data.lstrip()[:1] == b"{":
        return _from_text(data, file_name, from_outside=True)
    opened = open_file(data, file_name=file_name)
    for sheet in opened.sheets:
        top = opened.preview(sheet)
        header = [_plain(cell) for cell in top[0]] if top else []
        if set(header) & set(AREA):
            return FundingFile(file_name, values=_values(_table(opened, sheet, header, file_name), file_name))
        if set(MODEL) <= set(header):
            return FundingFile(file_name, model=_model_of_table(_table(opened, sheet, header, file_name), file_name))
        if {"area", "amount"} <= set(header):
            return FundingFile(file_name, amounts=_amounts(_table(opened, sheet, header, file_name), file_name))
    raise IntakeError(
        f"{file_name} is none of the files that this page reads: the first row of a model names {', '.join(MODEL)}, of "
        "values lsoa and a column an indicator, of today's amounts area and amount."
    )


def read_scenario(content: str, *, file_name: str = "The scenario") -> FundingFile:
    """A scenario from the JSON that it is kept and handed on as. Raises `IntakeError`."""
    return _from_text(content.encode(), file_name if file_name.endswith(".json") else f"{file_name}.json")


def model_of(table: object, *, file_name: str) -> Model:
    """A model from the table of a TOML or JSON file, every field checked. Raises `IntakeError`."""
    if not isinstance(table, Mapping) or not isinstance(table.get("domain"), list) or not table["domain"]:
        raise IntakeError(f"{file_name} holds no model: it has no [[domain]] with indicators.")
    _fields(table, Model, "domain", file_name)
    _texts(table, ("id", "name", "geography", "note"), file_name)
    if not isinstance(table.get("illustrative"), bool):
        raise IntakeError(f"{file_name}: illustrative is missing: it is true or false.")
    if len(table["domain"]) > MAX_DOMAINS:
        raise IntakeError(f"{file_name} has {len(table['domain'])} domains; {MAX_DOMAINS} is the most.")
    count = 0
    for domain in table["domain"]:
        where = f"{file_name}: domain {domain.get('id', '')}" if isinstance(domain, Mapping) else file_name
        if not isinstance(domain, Mapping) or not isinstance(domain.get("indicator"), list):
            raise IntakeError(f"{where} has no [[domain.indicator]].")
        _fields(domain, Domain, "indicator", where)
        _texts(domain, ("id", "name"), where)
        _weight(domain, where)
        for indicator in domain["indicator"]:
            count += 1
            if not isinstance(indicator, Mapping):
                raise IntakeError(f"{where}: an indicator is not a table of fields.")
            _fields(indicator, Indicator, "", where)
            _texts(indicator, [f.name for f in fields(Indicator) if f.name != "weight"], where)
            _weight(indicator, f"{where}, indicator {indicator['id']}")
    if count > MAX_INDICATORS:
        raise IntakeError(f"{file_name} has {count} indicators; {MAX_INDICATORS} is the most.")
    plain = [
        {**d, "indicator": [{**i, "column": _plain(i["column"])} for i in d["indicator"]]} for d in table["domain"]
    ]
    try:
        return read_model({**table, "domain": plain})
    except DefinitionError as error:
        raise IntakeError(f"{file_name}: {error}.") from None


def _from_text(data: bytes, name: str, *, from_outside: bool = False) -> FundingFile:
    """A model or scenario as TOML or JSON. `from_outside`: not from the store, so looked through for persons."""
    kind = "TOML" if name.lower().endswith(".toml") else "JSON"
    try:
        text = data.decode("utf-8-sig")
        table = tomllib.loads(text) if kind == "TOML" else json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        place = re.search(r"line \d+", str(error))
        raise IntakeError(f"{name} is not {kind} that can be read{f': look at {place[0]}' if place else ''}.") from None
    if from_outside:
        _no_persons_in(table, name)
    if isinstance(table, Mapping) and "model" in table:
        if table.get("kind") != SCENARIO:
            raise IntakeError(f"{name} is not a scenario of this page.")
        values, choices = table.get("values"), table.get("choices")
        return FundingFile(
            name,
            model=model_of(table["model"], file_name=name),
            values=None if values is None else _values(_columns(values, name), name),
            choices=choices if isinstance(choices, Mapping) else {},
        )
    return FundingFile(name, model=model_of(table, file_name=name))


def _no_persons_in(table: object, name: str) -> None:
    """Look through every text of a TOML or JSON file, under the name of its field."""
    fields_of: dict[str, list[str]] = {}
    waiting = [("a field", table)]
    while waiting:
        key, held = waiting.pop()
        if isinstance(held, Mapping):
            waiting += [(str(k), v) for k, v in held.items()]
            fields_of.setdefault("a field", []).extend(map(str, held))
        elif isinstance(held, list):
            waiting += [(key, v) for v in held]
        elif isinstance(held, str):
            fields_of.setdefault(key, []).append(held)
    found = [
        personal.Finding(key, what, needed=True)
        for key, texts in fields_of.items()
        for what, which in personal.values(pl.Series(texts).unique()).items()
        if len(which)
    ]
    if found:
        raise IntakeError(personal.sentence(found, file_name=name))


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _columns(values: object, name: str) -> pl.DataFrame:
    """The values in a scenario: column → list, all alike long."""
    if not isinstance(values, Mapping) or not all(isinstance(v, list) for v in values.values()) or not values:
        raise IntakeError(f"{name}: its values are not columns of numbers.")
    if len({len(v) for v in values.values()}) > 1:
        raise IntakeError(f"{name}: the columns of its values differ in length.")
    return pl.DataFrame({k: ["" if x is None else str(x) for x in v] for k, v in values.items()}).with_row_index("line")


def _texts(table: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    for key in keys:
        text = table.get(key)
        if not isinstance(text, str) or (key in ("id", "name", "column") and not text.strip()):
            raise IntakeError(f"{where}: {key} is missing or is not text.")
        if len(text) > MAX_TEXT:
            raise IntakeError(f"{where}: {key} is longer than {MAX_TEXT} characters.")
        if key == "id" and not _ID.fullmatch(text):
            raise IntakeError(f"{where}: the id “{text}” holds more than letters, digits and _ after a letter.")


def _fields(table: Mapping[str, Any], kind: type, also: str, where: str) -> None:
    """A field that no part of a model has is more likely a slip than a wish."""
    known = {f.name for f in fields(kind)} | {also}
    if strange := next((k for k in table if k not in known), None):
        raise IntakeError(f"{where} has a field that this page does not know: “{strange[:40]}”.")


def _weight(table: Mapping[str, Any], where: str) -> None:
    weight = table.get("weight")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight) or weight < 0:
        raise IntakeError(f"{where}: its weight is missing, or is not a number of 0 or more.")


def _plain(cell: str | None) -> str:
    return re.sub(r"\W+", "_", (cell or "").strip().lower()).strip("_")


def _table(opened: Any, sheet: str, header: list[str], name: str) -> pl.DataFrame:
    """The rows as text under the plain names of the header, with their `line`."""
    frame, long = opened.table(sheet, 0)
    written = {f"c{i}": cell or "" for i, cell in enumerate(opened.preview(sheet)[0])}
    expected = {f"c{i}" for i, h in enumerate(header) if h in ("name", *AREA)}  # the name is that of a small area
    personal.check(frame, written, file_name=name, expected=expected)
    personal.check(long, {"value": "(whole row)"}, file_name=name, expected={"value"})
    if long.height:
        raise IntakeError(f"{name}: line {long['line'][0]} has more cells than the header.")
    named = {f"c{i}": h for i, h in enumerate(header) if h}
    if doubled := next((h for h in named.values() if list(named.values()).count(h) > 1), None):
        raise IntakeError(f"{name}: the column “{doubled}” stands there twice.")
    frame = frame.select("line", *named).rename(named).with_columns(pl.col(pl.String).fill_null("").str.strip_chars())
    return frame.filter(pl.any_horizontal(pl.col(pl.String) != ""))


def _number(text: str, name: str, line: int, column: str) -> float | None:
    """A number, or None where the cell is empty or holds a marker such as x."""
    cell = read_cell(text) if text else None
    if cell is not None and cell.reason:
        raise IntakeError(f"{name}: line {line}, column {column}: “{text[:40]}” is {cell.reason}.")
    return cell.number if cell is not None else None


def _values(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """`lsoa` and a number column an indicator; empty cells and markers are missing values."""
    area = next(c for c in frame.columns if c in AREA) if set(frame.columns) & set(AREA) else ""
    if not area:
        raise IntakeError(f"{name}: its values have no column lsoa.")
    columns = [c for c in frame.columns if c not in ("line", area) and not (c == "name" or c.endswith("_name"))]
    if not columns or frame.is_empty():
        raise IntakeError(f"{name} has no column of values beside {area}, or no rows.")
    codes = frame[area].str.to_uppercase()
    if codes.is_duplicated().any():
        raise IntakeError(f"{name}: the small area {codes.filter(codes.is_duplicated())[0]} stands there twice.")
    made = {c: [_number(text, name, line, c) for line, text in frame.select("line", c).iter_rows()] for c in columns}
    return pl.DataFrame({"lsoa": codes, **made}, schema={"lsoa": pl.String, **dict.fromkeys(columns, pl.Float64)})


def _amounts(frame: pl.DataFrame, name: str) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for line, area, text in frame.select("line", "area", "amount").iter_rows():
        value = _number(text.lstrip("£ "), name, line, "amount")
        if not area or value is None or value < 0:
            raise IntakeError(f"{name}: line {line} has no area, or no amount of 0 or more.")
        if area in amounts:
            raise IntakeError(f"{name}: {area} stands there twice.")
        amounts[area] = value
    return amounts


def _model_of_table(frame: pl.DataFrame, name: str) -> Model:
    """A model from a row an indicator; domains in the order they first stand, weights as shares or per cent."""
    domains: dict[str, dict[str, Any]] = {}
    for row in frame.iter_rows(named=True):
        line, title = row["line"], row["domain"]
        numbers = {c: _number(row[c], name, line, c) for c in ("domain_weight", "weight")}
        domain = domains.setdefault(
            title, {"id": _identifier(title), "name": title, "weight": numbers["domain_weight"], "indicator": []}
        )
        if domain["weight"] != numbers["domain_weight"]:
            raise IntakeError(f"{name}: line {line}: the weight of {title} is not that of the lines before.")
        domain["indicator"].append(
            {
                "id": _identifier(f"{domain['id']}_{row['indicator']}"),
                "name": row["indicator"],
                "column": _plain(row["column"]),
                "direction": row["direction"].lower(),
                "weight": numbers["weight"],
                "unit": row.get("unit", ""),
                "source": row.get("source", ""),
            }
        )
    whole = sum(d["weight"] or 0 for d in domains.values())
    if abs(whole - 100) < 1e-6:
        for domain in domains.values():
            domain["weight"] = (domain["weight"] or 0) / 100
    title = re.sub(r"\.\w+$", "", name)
    head = {"id": _identifier(title), "name": title, "illustrative": False, "geography": "LSOA 2011", "note": ""}
    return model_of({**head, "domain": list(domains.values())}, file_name=name)


def _identifier(text: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return (plain if plain[:1].isalpha() else f"x_{plain}")[:40].rstrip("_")
