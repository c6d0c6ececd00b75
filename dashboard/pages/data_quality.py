"""Can the case records be relied on? Empty cells, impossible dates, rows that point to nothing."""

import streamlit as st

from dashboard.answers import case_records
from dashboard.answers import data_quality as answer
from dashboard.components import About, Choice, about, filters, guard, headline, reckoning, title
from dashboard.components.charted import completeness, listed_table, worded_table
from dashboard.components.standing import standing, stop_without_records

scope = guard("data_quality")
standing(case_records.banners(scope))
title("Can the case records be relied on?")
with reckoning():
    offered = answer.choices(scope)
if offered is None:
    stop_without_records(*case_records.nothing(scope))
agencies, years = offered
place = st.empty()
chosen = filters(
    Choice("agency", "Agency", agencies, default=case_records.own_agency(scope)), Choice("year", "Year", years)
)
with place, reckoning():
    seen = answer.quality(scope, **chosen)
with place.container():
    headline(seen.sentence)
    if seen.remark:
        st.info(seen.remark)
completeness(seen.history, names=seen.names, source=seen.source)
for table in seen.tables:
    worded_table(
        table.frame,
        name=table.name,
        lead=table.lead,
        numbers=table.numbers,
        source=seen.source,
        chosen=seen.chosen,
        empty="Nothing is wrong here.",
    )
if seen.correct:  # single records are looked at here and not taken away
    listed_table(seen.correct.frame, name=seen.correct.name, lead=seen.correct.lead, empty="None of your records.")
about(About(**answer.about(scope)))
