"""Where do families go? Step up and step down, closures by reason, return within 12 months, drift."""

import streamlit as st

from dashboard.answers import case_records
from dashboard.answers import journeys as answer
from dashboard.components import About, Choice, about, filters, guard, headline, reckoning, title
from dashboard.components.charted import flow, worded_table
from dashboard.components.standing import standing, stop_without_records

scope = guard("journeys")
standing(case_records.banners(scope))
title("Where do families go?")
with reckoning():
    offered = answer.choices(scope)
if offered is None:
    stop_without_records(*case_records.nothing(scope))
place = st.empty()
chosen = filters(
    Choice("area", "Area", offered.areas, default=offered.area),
    Choice("agency", "Agency", offered.agencies, default=offered.agency),
    Choice("level", "Level of need at the beginning", offered.levels),
    Choice("year", "Year", offered.years, default=offered.year),
)
with place, reckoning():
    seen = answer.journeys(scope, **chosen)
with place.container():
    headline(seen.sentence)
if seen.remark:
    st.info(seen.remark)
if not seen.flow.is_empty():
    flow(
        seen.flow,
        levels=answer.LEVELS,
        name="Journeys between levels of need",
        headline=seen.headline,
        subtitle=seen.subtitle,
        source=seen.source,
        n=seen.n,
    )
for table in seen.tables:
    worded_table(
        table.frame,
        name=table.name,
        lead=table.lead,
        numbers=table.numbers,
        source=seen.source,
        chosen=seen.chosen,
        fold=table.fold,
        empty="No figure of this is shown for what is chosen. Choose another year, area or agency.",
    )
about(About(**answer.about(scope)))
