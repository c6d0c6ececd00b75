"""People: who was given which role by name, and what each role sees."""

import streamlit as st

from dashboard.answers import roles
from dashboard.components import empty_state, guard, headline, plain_table, section, title

scope = guard("people")
title("Who may see what?")
given = roles.given(scope)
headline(roles.sentence(given))
if st.session_state.get("done"):
    st.success(st.session_state.pop("done"))

section("Give somebody a role", lead="It takes the place of the role they were given by name before.")
with st.form("give"):
    left, right = st.columns(2)
    person = left.text_input("Person", help="The line that the dashboard shows to somebody who has no role yet.")
    role = right.selectbox("Role", roles.choices(), format_func=roles.choices().get)
    agency = left.text_input("Agency", help="Only for an agency lead: whose cases they see.", max_chars=80)
    area = right.text_input("Forum area", help="Only for a coordinator: the code of their area.", max_chars=80)
    if st.form_submit_button("Give this role", type="primary"):
        done, said = roles.try_give(scope, person, role, agency=agency, forum_area=area)
        if done:
            st.session_state["done"] = said
            st.rerun()
        st.error(said)

section("Roles given by name")
if given.is_empty():
    empty_state(
        "Nobody has a role by name yet.", "Those who have one here have it from a group of the sign-in provider."
    )
else:
    plain_table(roles.GIVEN, roles.cells(given), caption="Roles given by name, newest first")

section(
    "What each role sees and may do", lead="Somebody with several roles has, on each page, the first that opens it."
)
plain_table(roles.TABLE, roles.table(), caption="Roles")
