"""Which column is which: header variants and the kind of file they betray. The variants are data (`headers.csv`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from .definitions import table

KINDS = {
    "own": "our own long table",
    "lait": "the long table of DfE's Local Authority Interactive Tool",
    "ees": "a table of DfE's Explore education statistics",
    "fingertips": "a Fingertips download",
    "cover": "UKHSA's COVER vaccination figures",
    "forum_areas": "a list of small areas and their forum areas",
    "services": "a directory of services",
    "boundaries": "boundaries as GeoJSON",
    "annex_a": "Ofsted's Annex A, lists 1 to 3",
    "ssds": "tables of the standard safeguarding dataset",
    "cases": "our own set of case tables",
    "star": "Outcome Star readings",
    "instrument": "an instrument of the system questionnaire",
}
# What a file of each kind cannot do without; alternatives stand in one tuple.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "own": (("measure",), ("area", "postcode", "group"), ("period",), ("value", "numerator", "status")),
    "lait": (("code",), ("area", "area_code", "la_number"), ("period",), ("value",)),
    "ees": (("period",), ("period_type",), ("level",)),
    "fingertips": (("indicator",), ("area_code", "area"), ("period",), ("value",)),
    "cover": (("area", "area_code"), ("item",), ("period",), ("value",)),
    "forum_areas": (("lsoa",), ("forum_area", "name")),
    "services": (("name",), ("type",), ("postcode", "lsoa", "latitude")),
}
# The most particular header first.
DETECTION_ORDER = ("fingertips", "ees", "cover", "lait", "services", "forum_areas", "own")


def normal(header: str | None) -> str:
    """`  Time Period` → `time_period`: case, spaces, underscores, brackets and per cent signs do not count."""
    return re.sub(r"[^a-z0-9]+", "_", (header or "").lower()).strip("_")


def squashed(header: str | None) -> str:
    """`24m MMR1 %` → `24mmmr1`, for headers whose spacing varies as well."""
    return normal(header).replace("_", "")


@cache
def aliases(kind: str) -> dict[str, tuple[str, ...]]:
    """Column → the headers it may have, the preferred one first."""
    found: dict[str, tuple[str, ...]] = {}
    for row in table("headers.csv"):
        if row["kind"] == kind:
            found[row["column"]] = (*found.get(row["column"], ()), row["alias"])
    return found


@cache
def _only_here(kind: str) -> frozenset[str]:
    return frozenset(row["alias"] for row in table("headers.csv") if row["kind"] == kind and row["only_here"])


@cache
def cover_headers() -> dict[str, tuple[str, str]]:
    """Squashed header → (vaccine or `denominator`, age or "" where only the sheet's name says it)."""
    return {row["alias"]: (row["vaccine"], row["age"]) for row in table("cover.csv")}


@dataclass(frozen=True, slots=True)
class Fit:
    """How a header row fits a kind: column of ours → position in the row; `missing` is empty where it fits."""

    columns: dict[str, int]
    missing: tuple[str, ...]
    wide: bool = False  # COVER's workbooks have one column a vaccine

    @property
    def complete(self) -> bool:
        return not self.missing


def fit(kind: str, header: list[str | None]) -> Fit:
    """Match one row of cells with the headers of `kind`."""
    cells = [normal(cell) for cell in header]
    columns: dict[str, int] = {}
    for column, names in aliases(kind).items():
        for name in names:
            if name in cells and cells.index(name) not in columns.values():
                columns[column] = cells.index(name)
                break
    if kind == "own" and "area" in columns:
        columns.pop("postcode", None)  # not needed then, so no business of ours: the file is refused for it
    missing = tuple(options[0] for options in NEEDED[kind] if not any(o in columns for o in options))
    if kind == "cover" and missing:
        vaccines = [cover_headers().get(squashed(cell), ("", ""))[0] for cell in header]
        if any(v not in ("", "denominator") for v in vaccines) and ("area" in columns or "area_code" in columns):
            return Fit(columns, (), wide=True)
    return Fit(columns, missing)


def detect(header: list[str | None]) -> str | None:
    """The kind that a header row betrays, or None."""
    cells = {normal(cell) for cell in header}
    for kind in DETECTION_ORDER:
        found = fit(kind, header)
        if found.complete and (kind == "own" or found.wide or _only_here(kind) & cells):
            return kind
    return None
