"""What stands small and constant above a page of case records: whether they are invented, whether areas are made up."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from dashboard.components.blocks import banner, empty_state
from dashboard.components.guard import open_link


def standing(notes: Iterable[str]) -> None:
    """One banner for all notes, in their order, so that they take little room; none where there is nothing to say."""
    if said := " ".join(note for note in notes if note):
        banner(said)


def stop_without_records(
    title: str = "No case records are loaded yet.",
    what_to_do: str = (
        "Load an export of the case system: Annex A, the standard safeguarding dataset, or the dashboard's own tables."
    ),
) -> None:
    """What a page of case records says where it has none to show (`answers.case_records.nothing`), and its end."""
    empty_state(title, what_to_do, link=("Load data", open_link("load_data")))
    st.stop()
