"""What stands small and constant above a page of case records: whether they are invented, whether areas are made up."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from dashboard.components.blocks import banner, empty_state
from dashboard.components.guard import open_link


def standing(notes: Iterable[str]) -> None:
    """A banner for each note, in their order; the empty ones are left out."""
    for note in notes:
        if note:
            banner(note)


def stop_without_records() -> None:
    """What a page of case records says where there are none, and its end."""
    empty_state(
        "No case records are loaded yet.",
        "Load an export of the case system: Annex A, the standard safeguarding dataset, or the dashboard's own tables.",
        link=("Load data", open_link("load_data")),
    )
    st.stop()
