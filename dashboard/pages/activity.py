"""How much did we do, how well, and is anyone better off? The performance measures from case records."""

import streamlit as st

from dashboard.answers import activity as answer
from dashboard.answers import activity_course as one
from dashboard.answers import case_records
from dashboard.answers.agency_due import due, looked
from dashboard.components import About, Choice, about, filters, guard, headline, open_link, reckoning, section, title
from dashboard.components.activity import boxes, control, split_table, taking_part
from dashboard.components.charted import folded_table
from dashboard.components.standing import standing, stop_without_records

scope = guard("activity")
standing(case_records.banners(scope))
title("How much do we do, how well, and is anyone better off?")
with reckoning():
    offered = answer.choices(scope)
if offered is None:
    stop_without_records(*case_records.nothing(scope))
top = st.container()
chosen = filters(
    Choice("area", "Area", offered.areas, default=offered.area),
    Choice("agency", "Agency", offered.agencies, default=offered.agency),
    Choice("level", "Level of need", offered.levels),
    Choice("period", "Period", offered.periods, default=offered.period),
)
with top, reckoning():
    seen = answer.activity(scope, **chosen)
with top:
    headline(seen.sentence)
    if seen.remark:
        st.info(seen.remark)
four = st.container()
if (mine := due(scope)) is not None:
    section("What is due at your agency", lead=mine.sentence)
    for made in mine.lists:  # single records are looked at here and not taken away
        folded_table(made.frame, name=made.name, numbers=made.numbers)
    if "due" not in st.session_state.setdefault("looked-at", []):
        looked(scope)
        st.session_state["looked-at"].append("due")

section("One measure in time", lead="A click on a measure above shows it here.")
measure = filters(Choice("measure", "Measure", one.offered_measures(scope)))["measure"]
with four:
    boxes(seen.boxes, chosen=measure, address=lambda id: open_link("activity", **{**chosen, "measure": id}))
course = one.course(scope, measure, **chosen)
control(course)

section("Where, and by whom")
if one.splits_of(measure):
    by = filters(Choice("by", "The measure cut by", one.splits_of(measure)))["by"]
    cut = one.split(scope, measure, by, period=chosen["period"])
    split_table(cut.cells, name=cut.name, numbers=one.NUMBERS, source=seen.source, empty=one.NO_CUT)
taking_part(*one.taking_part(scope), caption="Early Help Assessments started, by quarter")
about(About(**one.about(scope, seen, course)))
