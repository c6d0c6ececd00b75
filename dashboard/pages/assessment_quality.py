"""Are Early Help Assessments good? What audited samples say of all of them."""

import streamlit as st

from dashboard.answers import assessment_quality as answer
from dashboard.answers import assessment_quality_sure as second
from dashboard.answers import case_records
from dashboard.answers.assessment_quality_shown import SPLITS
from dashboard.components import (
    About,
    Choice,
    about,
    empty_state,
    filters,
    guard,
    headline,
    open_link,
    reckoning,
    section,
    title,
)
from dashboard.components.assessment_quality import groups, over_time, three
from dashboard.components.audit_after import said_before
from dashboard.components.charted import listed_table
from dashboard.components.standing import standing

scope = guard("assessment_quality")
standing(case_records.banners(scope))
title("Are Early Help Assessments good?")
periods = answer.periods(scope)
if not periods:
    empty_state(
        "No round of audits is finished yet.",
        "A QA manager opens a round on the audit desk; once it is audited and graded, its figures stand here.",
        link=("Audit desk", open_link("audit_desk")),
    )
    st.stop()
top = st.container()
chosen = filters(Choice("period", "Year", periods), Choice("by", "By", SPLITS))
with top, reckoning():
    seen = answer.quality(scope, **chosen)
with top:
    headline(seen.sentence)
    said_before()
groups(seen, by=SPLITS[chosen["by"]], mean=seen.mean, numbers=answer.NUMBERS, source=answer.SOURCE)
if seen.recording:
    section("Recording", lead=seen.recording)
section("Round by round")
over_time(*answer.course(scope), source=answer.SOURCE)

three(
    answer.three_to_fix(scope),
    owners=list(case_records.agencies(scope).values()),
    put=lambda question, owner: answer.try_plan(scope, question, owner),
    plan=open_link("action_plan"),
)
listed_table(
    answer.weakness_table(scope),
    name="What audits find wanting",
    lead="Of 100 times that it could have been met, how often it was not; the newest four quarters, worst first.",
    numbers=answer.WEAK_NUMBERS,
)

sure, table = second.sureness(scope)
section("How sure are the grades?", lead=sure)
listed_table(table, name="Agreement", numbers=("Is", "Pairs"))
met = second.confusion_table(scope)
if met is not None:
    listed_table(met, name="Which grade met which", numbers=met.columns[1:])

section("What came of it", lead=second.afterwards(scope))
beside = second.beside_feedback(scope)
if beside:
    section("Beside what families say", lead=beside)
about(About(**answer.about(scope)))
