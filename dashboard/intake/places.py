"""Which area a row is about: by ONS code, by DfE number, or by name and its other spellings."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

import polars as pl

from metrics.catalogue import catalogue

from .within import Within, plain_name

KEYS = ("area_code", "la_number", "area")


def _number(text: str) -> str:
    """DfE numbers come as `928`, `928.0` from spreadsheets that took them for decimals."""
    return re.sub(r"\.0+$", "", text.strip())


@cache
def _indexes() -> tuple[dict[str, str], dict[str, list[str]], dict[str, list[str]]]:
    """Code → code; DfE number → codes; name → codes, the areas that still exist first.

    An area that only changed its code (same DfE number, one successor) is known by the newer code, so that its line
    goes on.
    """
    areas = catalogue().areas
    codes: dict[str, str] = {}
    numbers: dict[str, list[str]] = defaultdict(list)
    names: dict[str, list[str]] = defaultdict(list)
    for area in sorted(areas.values(), key=lambda a: (a.ended != "", a.code)):
        code = area.code
        if len(area.successors) == 1:
            heir = areas.get(area.successors[0])
            if heir and heir.la_number == area.la_number != "" and heir.name == area.name:
                code = heir.code
        codes[area.code.upper()] = code
        if area.la_number and code not in numbers[area.la_number]:
            numbers[area.la_number].append(code)
        for name in (area.name, *area.aliases):
            if re.fullmatch(r"[EWSNK]\d{8}", name):
                codes.setdefault(name.upper(), code)
            elif re.fullmatch(r"\d{3}", name):
                numbers[name].append(code)
            elif code not in names[plain_name(name)]:
                names[plain_name(name)].append(code)
    return codes, numbers, names


def resolve(area_code: str | None, la_number: str | None, area: str | None) -> tuple[str | None, str | None]:
    """(ONS code, None), or (None, why the area cannot be told)."""
    codes, numbers, names = _indexes()
    code, number, name = ((x or "").strip() for x in (area_code, la_number, area))
    by_name = (
        [codes[name.upper()]]
        if name.upper() in codes
        else names.get(plain_name(name)) or numbers.get(_number(name), [])
    )
    found = codes.get(code.upper()) if code else None
    if code and found is None and re.fullmatch(r"[A-Za-z]\d{8}", code):
        return None, "this area code is not among the areas of the dashboard"
    if found is None and code and not name:
        by_name = names.get(plain_name(code), numbers.get(_number(code), []))
    if found is None and number:
        choices = numbers.get(_number(number), [])
        both = [c for c in choices if c in by_name]
        found = both[0] if both else (choices[0] if choices else None)
    if found is None:
        if by_name:
            return by_name[0], None
        if not (code or number or name):
            return None, "no area is given"
        return None, "this area is not among the areas of the dashboard; use its ONS code or full name"
    if by_name and found not in by_name:
        return None, f"the code means {catalogue().areas[found].name}, the name another area"
    return found, None


def resolve_own(text: str | None, near: Within) -> tuple[str | None, str | None]:
    """As `resolve`, for one cell of the partnership's own that may also name an area within the county."""
    text = (text or "").strip()
    code, why = resolve(None, None, text)
    found = near.find(text) | ({code} if code else set())
    if len(found) > 1:
        return None, near.ambiguous(text, found)
    return (found.pop(), None) if found else (None, near.why_not(text) or why)


def find(frame: pl.DataFrame, near: Within | None = None) -> pl.DataFrame:
    """`frame` with `place` (code) and `place_fault`, from whichever of `area_code`, `la_number`, `area` it has.

    `near`: the areas within the county that `area` may name too; None: a publisher's file, which knows none of them.
    """
    keys = [key for key in KEYS if key in frame.columns]
    distinct = frame.select(keys).unique()
    found = [
        resolve(row.get("area_code"), row.get("la_number"), row.get("area"))
        if near is None
        else resolve_own(row.get("area"), near)
        for row in distinct.iter_rows(named=True)
    ]
    known = distinct.with_columns(
        pl.Series("place", [f[0] for f in found], dtype=pl.String),
        pl.Series("place_fault", [f[1] for f in found], dtype=pl.String),
    )
    return frame.join(known, on=keys, how="left", nulls_equal=True, maintain_order="left")
