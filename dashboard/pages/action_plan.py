"""Who has promised what, and is it done? The action plan, gone through at each meeting."""

from datetime import date

import streamlit as st

from dashboard.answers import action_plan as answer
from dashboard.answers import action_plan_files as files
from dashboard.answers import one_action
from dashboard.components import About, Choice, about, empty_state, filters, guard, headline, open_link, section, title
from dashboard.components import action_plan as show
from dashboard.components.standing import standing
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away

scope = guard("action_plan")
above = st.container()
title("Who has promised what, and is it done?")
top = st.container()
card = st.container()
offered = answer.options(scope)
chosen = filters(
    Choice("owner", "Owner", offered.owners),
    Choice("status", "Status", offered.statuses),
    Choice("indicator", "Linked indicator", offered.indicators),
    Choice("meeting", "Meeting", offered.meetings, help="What a meeting noted, or the plan as it stands."),
)
meeting = chosen.pop("meeting")
plan = answer.plan(scope, **chosen)
with top:
    headline(plan.sentence)
    show.said()


def save(number: int, fields: dict, *, base: int):
    return one_action.try_save(scope, number, fields, base=base)


forms = {
    "names": one_action.NAMES,
    "choices": one_action.choices(scope),
    "save": save,
}
it = one_action.one(scope, show.opened()) if show.opened() else None
with above:
    standing([it.banner] if it else plan.banners)
with card:
    if it:
        show.action(
            it,
            **forms,
            statuses=one_action.STATUS_WORDS,
            review=lambda number, **said: one_action.try_review(scope, number, **said),
            following=lambda day: answer.next_one(plan, it.number, day),
            history=one_action.HISTORY,
        )
    elif show.opened():
        st.warning("The plan has no such action; here is the list.")

if meeting:
    sentence, rows = answer.said_at(scope, date.fromisoformat(meeting))
    section("What the meeting noted", lead=sentence)
    plain_table(answer.MINUTES, rows, caption="Actions that the meeting looked at")
elif plan.items:
    first = answer.next_one(plan, 0, show.meeting_day())
    if first and not it and st.button("Go through them, one by one", type="primary"):
        show.open_action(first)
    picked = {key: code for key, code in chosen.items() if code and code != "open"}
    show.action_list(
        plan.items,
        caption=answer.caption(plan, offered.statuses[chosen["status"]]),
        address=lambda number: open_link("action_plan", **picked, action=str(number)),
    )
elif plan.empty:
    empty_state(
        "The plan is empty.",
        "Put the first action in below, or bring a plan from a file. An action says what is to be better, who does "
        "what by when, and on which indicator, questionnaire item or audit theme it hangs.",
    )
else:
    empty_state("No action is like that.", "Choose another owner, status or indicator above.")
show.new_action(one_action.new(chosen["indicator"]), **forms)
show.from_file(
    check=lambda name, data: files.check(scope, name, data),
    put_in=lambda file: files.put_in(scope, file),
    heads=files.REFUSED,
)
if not plan.empty:
    take_away(files.table(scope), name="Action plan", source=files.SOURCE, chosen={})
about(About(**answer.about()), name="About this plan")
