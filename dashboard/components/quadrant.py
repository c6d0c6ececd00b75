"""What was done and whether anyone is better off, in four boxes; and who took part, as a strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dashboard.components.blocks import html


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """One measure in a box, in ready words. `address`: where a click leads; `signal`: what stands out, or nothing."""

    name: str
    address: str
    value: str
    detail: str = ""
    beside: str = ""
    before: str = ""
    signal: str = ""
    note: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """One of the four boxes: the few measures that matter first, and the rest folded away."""

    name: str
    lead: str
    first: Sequence[MeasureLine]
    rest: Sequence[MeasureLine] = field(default=())

    @property
    def open(self) -> bool:
        """Whether the rest is open: where the chosen measure is among it."""
        return any(line.chosen for line in self.rest)


@dataclass(frozen=True, slots=True)
class StripCell:
    text: str
    height: int  # of its column, 0 to 100


@dataclass(frozen=True, slots=True)
class StripRow:
    name: str
    cells: Sequence[StripCell]
    total: str


def quadrant(boxes: Sequence[Box]) -> None:
    """The boxes, two by two; under each other on a phone."""
    html("quadrant.html", boxes=boxes)


def strip(
    rows: Sequence[StripRow], *, caption: str, head: str, periods: Sequence[str], total: str = "Together"
) -> None:
    """A row each of who took part, a small column each period, with its figure."""
    html("strip.html", rows=rows, caption=caption, head=head, periods=periods, total=total)
