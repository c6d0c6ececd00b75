"""Colours of map bands, in even steps of lightness: told apart on a grey copy and without colour sight."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.charts import palette

# Darkest for the most need. Lightness (CIE L*) 27, 44, 62, 78, 92.
RAMP = ("#12436D", "#2E6CA4", "#6E9BC9", "#A9C6E4", "#DEE9F5")
_STEPS = {1: (2,), 2: (0, 3), 3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}
# Two measures: rows A–C by the first, columns 1–3 by the second; A1 is the most need in both.
BOTH = {
    "A1": "#2A2F6E", "A2": "#7D4FA0", "A3": "#BE64AC",
    "B1": "#2E7399", "B2": "#8F97C6", "B3": "#D9A6CF",
    "C1": "#5AC8C8", "C2": "#B0E2E2", "C3": "#EDEDED",
}  # fmt: skip
MISSING = "#F3F2F1"  # with its marker written on it, and hatched in the picture


def colours(letters: Sequence[str]) -> dict[str, str]:
    """Band letter → colour, `#RRGGBB`. Letters A–E in order, or pairs such as `B3`."""
    if letters and len(letters[0]) == 2:
        return {letter: BOTH[letter] for letter in letters}
    return {letter: RAMP[step] for letter, step in zip(letters, _STEPS[len(letters)], strict=True)}


def rgb(colour: str) -> list[int]:
    """`#12436D` → `[18, 67, 109]`."""
    return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white). Web Content Accessibility Guidelines 2.2."""
    shares = [v / 255 for v in rgb(colour)]
    r, g, b = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """How clearly one colour stands on another: 1 (not at all) to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink(colour: str) -> str:
    """White or the text colour, whichever is better read on `colour`."""
    return max((palette.WHITE, palette.TEXT), key=lambda text: contrast(text, colour))
