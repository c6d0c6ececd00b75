"""Figures, periods and dates as people read them. Rounding happens here and nowhere earlier, half up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from math import isnan
from typing import Any

from metrics.estimates import STATUSES
from metrics.indicators import half_up

MISSING = "–"
MARKERS = {"c": "[c]", "x": "[x]", "z": "[z]", "low": "[low]"}

_PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}
_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def number(value: float | None, *, decimals: int = 1) -> str:
    """`1234.56` → `1,234.6`; `None` → a dash."""
    if value is None or isnan(value):
        return MISSING
    return f"{float(half_up(value, decimals)):,.{decimals}f}"


def sign_of(unit: str) -> str:
    """The sign that goes behind a number: `%` for a percentage, nothing otherwise (the unit stands in the header)."""
    return "%" if unit.lstrip().startswith(("%", "proportion")) else ""


def value(figure: float | None, *, unit: str = "", decimals: int = 1, status: str | None = None) -> str:
    """`23.9%`, `49.4`; a marker such as `[c]` where the status hides the number."""
    if figure is None:
        return MARKERS.get(status or "", MISSING)
    return f"{number(figure, decimals=decimals)}{sign_of(unit)}"


def pounds(amount: float | None, *, pence: bool = False, signed: bool = False) -> str:
    """`1234.5` → `£1,235`; with pence `£1,234.50`; signed `+£1,235`, `-£1,235`, `£0`."""
    if amount is None or isnan(amount):
        return MISSING
    text = number(abs(amount), decimals=2 if pence else 0)
    zero = not float(text.replace(",", ""))
    sign = "" if zero else "-" if amount < 0 else "+" if signed else ""
    return f"{sign}£{text}"


def interval(lower: float | None, upper: float | None, *, decimals: int = 1) -> str:
    """`23.1–24.7`; empty where either limit is missing. A negative limit is spelled with `to`."""
    if lower is None or upper is None or isnan(lower) or isnan(upper):
        return ""
    low, high = number(lower, decimals=decimals), number(upper, decimals=decimals)
    return f"{low} to {high}" if low.startswith("-") or high.startswith("-") else f"{low}–{high}"


def figure(
    shown: float | None,
    lower: float | None = None,
    upper: float | None = None,
    *,
    unit: str = "",
    decimals: int = 1,
    numerator: float | None = None,
    denominator: float | None = None,
    status: str | None = None,
) -> str:
    """`61% (56–66), 251 of 412`, `23.9% (23.1–24.7)`, `49.4 (46.0–53.0)`."""
    text = value(shown, unit=unit, decimals=decimals, status=status)
    limits = interval(lower, upper, decimals=decimals) if shown is not None else ""
    if limits:
        text = f"{text} ({limits})"
    counts = of(numerator, denominator) if shown is not None else ""
    return f"{text}, {counts}" if counts else text


def percent(row: Mapping[str, Any]) -> str:
    """The share of a row of estimates with its limits, in whole numbers: `59% (53–64)`."""
    return figure(row["value"], row["lower"], row["upper"], unit="%", decimals=0, status=row.get("status"))


def of(numerator: float | None, denominator: float | None) -> str:
    """`251 of 412`; empty where either is missing."""
    if numerator is None or denominator is None:
        return ""
    return f"{number(numerator, decimals=0)} of {number(denominator, decimals=0)}"


def about(percentage: float) -> str:
    """A percentage as one would say it: `66.2` → `about two in three`; within 1 point `nearly all` or `almost none`.

    The nearest of halves, thirds, quarters, fifths and tenths; the simpler one where two are equally near.
    """
    share = percentage / 100
    if share >= 0.99:
        return "nearly all" if share < 1 else "all"
    if share <= 0.01:
        return "almost none" if share > 0 else "none"
    choices = [Fraction(top, bottom) for bottom in _PARTS for top in range(1, bottom)]
    nearest = min(choices, key=lambda part: (round(abs(float(part) - share), 9), part.denominator))
    if nearest == Fraction(1, 2):
        return "about half"
    below = "ten" if nearest.denominator == 10 else _NUMBERS[nearest.denominator]
    return f"about {_NUMBERS[nearest.numerator]} in {below}"


def day(when: date | str | None) -> str:
    """`2025-03-31` → `31 March 2025`; empty where there is none. Text that is not an ISO date comes back as it is."""
    if not when:
        return ""
    if isinstance(when, str):
        try:
            when = date.fromisoformat(when)
        except ValueError:
            return when
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def month(when: date) -> str:
    """`2025-03-31` → `March 2025`."""
    return f"{_MONTHS[when.month - 1]} {when.year}"


# Spelled here: the computer's own names of months change with its language.
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def status_words(status: str | None) -> str:
    """`c` → `hidden because the count is small`."""
    return STATUSES.get(status or "", "")


def listed(items: list[str]) -> str:
    """`["a", "b", "c"]` → `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def name(signature: str | None) -> str:
    """The name people know out of what an edit is signed with: `Sam Subgroup <issuer#subject>` → `Sam Subgroup`."""
    return (signature or "").partition(" <")[0]
