"""Journeys in words: the sentence that a chair reads out, and the tables under the chart.

`held`: measure (`metrics.journeys`) → its row of an estimates frame, after disclosure control.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard import words
from metrics import journeys as reckoned
from metrics.intervals import wilson

LEVELS: Mapping[int, str] = reckoned.LEVELS
_FOLLOWED: Mapping[str, str] = {
    "returned": "Came back to early help",
    "stepped_up_after": "Went to children's social care",
    "stayed_free": "Neither",
}
_DRIFT: Mapping[str, str] = {
    "drift": "Drifting, for either reason",
    "drift_long": "Open for more than 12 months",
    "drift_reviews": "Three reviews held in turn without a change of level",
}
COLUMNS = ("What", "Episodes", "Share", "95% limits", "Of")


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words: columns as `COLUMNS`. `fold`: what it is folded away under, if it is."""

    name: str
    lead: str
    frame: pl.DataFrame
    numbers: Sequence[str] = COLUMNS[1:]
    fold: str = ""


def sentence(held: Mapping[str, dict], of: str, year: str, *, level: str = "") -> str:
    """How many episodes, where they went, and how many came back; `of`: the county, an area or an agency."""
    said = _by_way(held) if "flow:up" in held else _from_most(held, level)
    first = f"In {year}, {of}"
    if held.get("flow", {}).get("numerator") is not None:
        first = f"In {year}, {number(held, 'flow')} episodes were open in {of}"
    first = f"{first}: {said or 'how many changed level is not shown'}."
    back = held.get("returned")
    if back and back["value"] is not None and back["denominator"] is not None:
        share = words.figure(
            back["value"], back["lower"], back["upper"], unit="%", decimals=0, numerator=back["numerator"],
            denominator=back["denominator"],
        )  # fmt: skip
        first += f" Of the closures followed for 12 months, {share}, came back to early help."
    return first


def _by_way(held: Mapping[str, dict]) -> str:
    names = {"flow:up": "moved up", "flow:down": "moved down"}
    shown = {name: _share(held[m], held[m]["denominator"]) for m, name in names.items() if m in held}
    return words.listed([f"{words.percent(row)} {name}" for name, row in shown.items() if row["value"] is not None])


def _from_most(held: Mapping[str, dict], level: str) -> str:
    """`of the 3,137 that began at level 2, the commonest, 35% (33–37) moved down and 6% (5–7) moved up`.

    Of one level, or of that at which most began, as far as it is shown and anybody could.
    """
    most, whole = _most(held, level)
    ways = {"moved down": [b for b in LEVELS if b < most], "moved up": [b for b in LEVELS if b > most]}
    said = []
    for way, to in ways.items():
        counts = [held.get(f"flow:{most}:{b}", {}).get("numerator") for b in to]
        if whole and counts and None not in counts:
            said.append(f"{words.percent(_share({'numerator': sum(counts)}, whole))} {way}")
    rank = "" if level else ", the commonest"
    began = f"of the {words.number(whole, decimals=0)} that began at level {most}{rank}, "
    return began + words.listed(said) if said else ""


def _most(held: Mapping[str, dict], level: str) -> tuple[int, float]:
    """The level chosen, else that at which most began; and how many did."""
    wholes = {a: held.get(f"flow:{a}", {}).get("numerator") or 0 for a in LEVELS if level in ("", str(a))}
    most = max(wholes, key=wholes.get)
    return most, wholes[most]


def headline(held: Mapping[str, dict], level: str) -> str:
    """What the chart shows: of one level, or of the level at which most began."""
    most, whole = _most(held, level)
    stayed = held.get(f"flow:{most}:{most}", {}).get("numerator")
    if not whole or stayed is None:
        return "From which level of need to which"
    share = words.percent(_share({"numerator": stayed}, whole))
    return f"{share} of those who began at level {most} ended at the same level"


def flow(held: Mapping[str, dict], level: str) -> Table:
    """From each level to each, the figures of the chart; a level at which too few began to be shown has no rows."""
    rows = []
    for a in LEVELS:
        if level in ("", str(a)) and held.get(f"flow:{a}", {}).get("numerator") is not None:
            rows += [_cells(f"From {a} {LEVELS[a]} to {b} {LEVELS[b]}", held[f"flow:{a}:{b}"]) for b in LEVELS]
    if not level and "flow:unknown" in held:
        rows.append(_cells("No level recorded at either end", held["flow:unknown"]))
    lead = (
        "Neither up nor down is good or bad in itself: a step up can be the right help at the right time. Shares are "
        "of the episodes that began at the level."
    )
    return Table("Step up and step down", lead if rows else "", _frame(rows), fold="Figures in this chart")


def ways(held: Mapping[str, dict]) -> Table:
    """The same of an agency: how many moved up, and how many down."""
    names = {"flow:up": "Moved up", "flow:down": "Moved down"}
    rows = [_cells(name, _share(held[m], held[m]["denominator"])) for m, name in names.items() if m in held]
    lead = "Shares are of all episodes; by agency the levels themselves are too small to show." if rows else ""
    return Table("Step up and step down", lead, _frame(rows))


def closures(held: Mapping[str, dict]) -> Table:
    """Why episodes were closed; shares leave out who moved and what was opened in error, where that is not hidden."""
    reasons = reckoned.closure_reasons()
    out = [held.get(f"closure:{code}") for code, reason in reasons.items() if not reason.outcome]
    whole = held.get("closures", {}).get("numerator")
    left = [row["numerator"] for row in out if row]
    of = whole - sum(left) if whole is not None and len(left) == len(out) and None not in left else None
    rows = []
    for code, reason in reasons.items():
        row = held.get(f"closure:{code}")
        if row is not None and reason.outcome:
            rows.append(_cells(reason.label, _share(row, of)))
        elif row is not None:
            rows.append((reason.label, _count(row), "not counted", "", ""))
    lead = f"{number(held, 'closures')} episodes were closed. " if "closures" in held else ""
    lead += (
        f"Shares are of the {words.number(of, decimals=0)} without families who moved away and episodes opened in "
        "error."
        if of
        else "Shares are of all closures: how many moved away or were opened in error is not shown here."
    )
    return Table("Why episodes were closed", lead, _frame(rows))


def returns(held: Mapping[str, dict]) -> Table:
    """Who came back, to early help or to social care."""
    rows = [_cells(name, held[m]) for m, name in _FOLLOWED.items() if m in held]
    lead = (
        f"{number(held, 'followed')} closures were followed for 12 months; {number(held, 'not_mature')} are not yet "
        "12 months old. A family can do both."
    )
    return Table("Who came back within 12 months of closing", lead if rows else "", _frame(rows))


def drift(held: Mapping[str, dict]) -> Table:
    """What has been open for long, or goes on without a change."""
    rows = [_cells(name, held[m]) for m, name in _DRIFT.items() if m in held]
    lead = f"{number(held, 'open')} episodes were open on the last day; fewer that drift is better." if rows else ""
    return Table("What drifts", lead, _frame(rows))


def _share(row: dict, of: float | None) -> dict:
    """The row as a share of `of`; without it, of all closures, as it is."""
    if row["numerator"] is None or not of:
        return row
    limits = pl.select(wilson(row["numerator"], of, multiplier=100)).item()
    return {**row, "denominator": of, "value": 100 * row["numerator"] / of, **limits}


def _cells(name: str, row: dict) -> tuple[str, ...]:
    hidden = row["numerator"] is None or row["denominator"] is None
    share = words.value(None if hidden else row["value"], unit="%", status=row["status"])
    limits = "" if hidden else words.interval(row["lower"], row["upper"])
    of = "" if hidden else words.number(row["denominator"], decimals=0)
    return name, _count(row), share, limits, of


def _count(row: dict) -> str:
    return words.value(row["numerator"], decimals=0, status=row["status"])


def number(held: Mapping[str, dict], measure: str) -> str:
    """A count as it is written; a dash where there is none."""
    row = held.get(measure)
    return words.MISSING if row is None else _count(row)


def _frame(rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
