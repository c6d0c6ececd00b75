"""The first line of every page: whether this visitor may open it, and as whom everything on it is asked."""

from __future__ import annotations

import streamlit as st

from dashboard.access import PUBLISHED, Scope, may_open
from dashboard.components.blocks import empty_state


def guard(page: str) -> Scope:
    """The visitor's scope; where the page is closed to them, a sentence says so and the page ends here.

    `page` is the page's id in the page table, for example `scorecard`.
    """
    scope = PUBLISHED
    if not may_open(scope, page):
        empty_state(
            "This page is not open to you.",
            "Go back to the start, or ask whoever runs the dashboard.",
            link=("Start", "/"),
        )
        st.stop()
    return scope
