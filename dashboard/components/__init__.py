"""Blocks that the pages share. They take plain data, show it, and reckon nothing."""

from dashboard.charts import Line, Target, history_chart
from dashboard.components.blocks import (
    About,
    about,
    banner,
    empty_state,
    headline,
    html,
    key_to_words,
    literal,
    navigation_bar,
    open_page,
    reckoning,
    section,
    source_line,
    title,
)
from dashboard.components.figures import figure_with_table
from dashboard.components.filters import Choice, filters, link
from dashboard.components.guard import guard, open_link
from dashboard.components.tables import Missing, Printed, ScorecardRow, plain_table, scorecard_table

__all__ = [
    "About",
    "Choice",
    "Line",
    "Missing",
    "Printed",
    "ScorecardRow",
    "Target",
    "about",
    "banner",
    "empty_state",
    "figure_with_table",
    "filters",
    "guard",
    "headline",
    "history_chart",
    "html",
    "key_to_words",
    "link",
    "literal",
    "navigation_bar",
    "open_link",
    "open_page",
    "plain_table",
    "reckoning",
    "scorecard_table",
    "section",
    "source_line",
    "title",
]
