"""What stands small and constant above a page of case records: whether they are invented, whether areas are made up."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.components.blocks import banner


def standing(notes: Iterable[str]) -> None:
    """A banner for each note, in their order; the empty ones are left out."""
    for note in notes:
        if note:
            banner(note)
