"""Answer the questionnaire: one page that saves as one goes, to be left and come back to."""

from functools import partial

import streamlit as st

from dashboard.answers import questionnaire_form as answer
from dashboard.components import About, Choice, about, empty_state, filters, guard, headline, title
from dashboard.components.questionnaire_form import answer_form
from dashboard.components.standing import standing

scope = guard("answer")
offered = answer.invitations(scope)
if not offered:
    title("What are you asked?")
    empty_state(
        "You are not asked anything at the moment.",
        "A coordinator opens a round and invites people by e-mail address. If you expected an invitation, "
        "ask them whether it was written to the address that you sign in with.",
    )
    st.stop()
place = st.container()
chosen = next(iter(offered)) if len(offered) == 1 else filters(Choice("for", "Round and partner", offered))["for"]
form = answer.form(scope, chosen)
with place:
    standing([form.banner])
    title(form.title)
    headline(form.who)
    st.caption(answer.HOW)
answer_form(form, answer.held(scope, form), save=partial(answer.try_save, scope), progress=answer.progress)
about(About(**answer.about(scope)), name="What becomes of your answers")
