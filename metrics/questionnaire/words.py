"""Figures of the questionnaire in words. Rounded half up, at display only."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def written(value: float, places: int = 1) -> str:
    """`0.6`; never `-0.0`."""
    # the twelfth decimal is where a sum of binary fractions strays
    text = str(Decimal(f"{value:.12f}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
    return text.lstrip("-") if float(text) == 0 else text


def differ(deviation: float) -> str:
    """An average deviation: `partners differ by 0.6 of a point`."""
    text = written(deviation)
    if float(text) == 0:
        return "partners hardly differ" if deviation > 0 else "partners do not differ"
    return f"partners differ by {text} of a point" if float(text) < 1 else f"partners differ by {text} points"


def signed(value: float) -> str:
    """`+0.4`, `−0.4`, `0.0`."""
    text = written(value)
    return "0.0" if float(text) == 0 else ("+" if value > 0 else "−") + text.lstrip("-")


def counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
