"""Direct labels at the ends of lines, moved apart so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Label:
    """A name to write beside a line: its text (lines parted by `<br>`), the point it belongs to, its colour."""

    text: str
    when: date
    value: float
    colour: str


def spread(
    labels: Sequence[Label], *, low: float, high: float, pixels: float, line: float
) -> list[tuple[Label, float]]:
    """Each label with the height, on the value axis from `low` to `high`, at which its middle stands.

    `pixels` is the height of the axis on the screen and `line` that of one line of text. Labels keep their order by
    value; those too near are pushed up, and all that would pass the top are pushed down again.
    """
    per_pixel = (high - low) / pixels
    order = sorted(labels, key=lambda label: label.value)
    halves = [(label.text.count("<br>") + 1) * line / 2 * per_pixel for label in order]
    heights: list[float] = []
    for label, half in zip(order, halves, strict=True):
        floor = heights[-1] + halves[len(heights) - 1] + half if heights else low + half
        heights.append(max(label.value, floor))
    ceiling = high
    for place in range(len(order) - 1, -1, -1):
        heights[place] = min(heights[place], ceiling - halves[place])
        ceiling = heights[place] - halves[place]
    return list(zip(order, heights, strict=True))
