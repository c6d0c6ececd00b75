"""Is early help working? The strategy's indicators in their five groups."""

import streamlit as st

from dashboard.answers import published, scorecard
from dashboard.answers.definitions import unmeasured
from dashboard.answers.printed import COLUMNS, all_printed, printed_sentence
from dashboard.components import (
    Choice,
    Missing,
    Printed,
    ScorecardRow,
    empty_state,
    filters,
    guard,
    headline,
    key_to_words,
    open_link,
    plain_table,
    scorecard_table,
    section,
    source_line,
    title,
)
from dashboard.components.standing import standing

scope = guard("scorecard")
above = st.container()
title("Is early help working?")
place = st.empty()
chosen = filters(
    Choice("area", "Area", published.AREAS),
    Choice("against", "Compare with", published.COMPARATORS),
    Choice(
        "vintage", "Neighbours as listed in", published.vintage_names(), help="Used where neighbours are compared with."
    ),
    Choice("show", "Show", scorecard.SHOW),
)
card = scorecard.scorecard(scope, **chosen)
with above:
    standing([card.banner])
with place.container():
    headline(card.sentence)

if card.frame.is_empty():
    empty_state(
        "No figures are loaded yet.",
        "Load a file of published figures, for example the long table of the Department for Education's LAIT.",
        link=("Load data", open_link("load_data")),
    )
if card.lead:
    st.caption(card.lead)


def row(fields: dict) -> ScorecardRow:
    printed = [Printed(p.text, p.finding, p.published_words, p.contradiction) for p in fields["printed"]]
    address = open_link(
        "turn_the_curve", indicator=fields["id"], **{k: chosen[k] for k in ("area", "against", "vintage")}
    )
    return ScorecardRow(**{**fields, "printed": printed, "address": address})


for group in card.groups:
    missing = [Missing(address=open_link("turn_the_curve", indicator=m["id"]), **m) for m in group.missing]
    if group.rows or missing:
        scorecard_table([row(r) for r in group.rows], caption=group.name, missing=missing)

section("What nobody publishes yet", lead="The data development agenda: what is missing, and who has it.")
agenda = unmeasured(scope)
plain_table(
    ["Indicator", "What is missing", "Who has it"],
    agenda,
    caption="Data development agenda",
    summary=f"The {len(agenda)} indicators without figures",
)
printed = all_printed()
section("What the strategy printed", lead=printed_sentence(printed))
plain_table(
    COLUMNS,
    [p.cells for p in printed],
    caption="Figures printed in the strategy, checked against what is published",
    summary=f"The {len(printed)} printed figures, checked",
)
key_to_words()
source_line(published.SOURCES)
