"""What is new in this forum area since its last meeting, and what is not done?"""

import streamlit as st

from dashboard.answers import case_records
from dashboard.answers import forum as answer
from dashboard.components import About, Choice, about, empty_state, filters, guard, headline, reckoning, title
from dashboard.components.charted import listed_table, worded_table
from dashboard.components.standing import standing, stop_without_records

scope = guard("forum")
standing(case_records.banners(scope))
title("What is before the forum?")
if not case_records.has_episodes(scope):
    stop_without_records(*case_records.nothing(scope))
areas = answer.areas(scope)
if not areas:
    empty_state("There is nothing to show yet.", "Your role is held to a forum area that is not one of the county's.")
    st.stop()
place = st.empty()
chosen = filters(Choice("area", "Forum area", areas))
with place, reckoning():
    seen = answer.forum(scope, chosen["area"])
with place.container():
    headline(seen.sentence)
if seen.cases and chosen["area"] not in st.session_state.setdefault("looked-at", []):
    answer.looked(scope, chosen["area"])
    st.session_state["looked-at"].append(chosen["area"])
for made in seen.lists:
    if seen.cases:  # single records are looked at here and not taken away
        listed_table(made.frame, name=made.name, lead=made.lead, numbers=made.numbers)
    else:
        worded_table(
            made.frame,
            name=made.name,
            lead=made.lead,
            numbers=made.numbers,
            source=seen.source,
            chosen=seen.chosen,
        )
about(About(**answer.about(scope)))
