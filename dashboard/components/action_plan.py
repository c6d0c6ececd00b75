"""The action plan on a page: the list, one action with its forms, a new action, a plan brought from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboard import words
from dashboard.access import PLAN
from dashboard.charts import palette
from dashboard.components.blocks import html, literal, section
from dashboard.components.files import refused_file
from dashboard.components.guard import may_here, open_link
from dashboard.components.tables import plain_table

_MARKS = {"overdue": "worse", "not looked at": "similar", "due soon": "similar"}
_SAID, _MEETING, _OPEN, _STARTED, _FOLLOWS = "plan-said", "plan-meeting", "plan-open", "plan-started", "plan-follows"

Answer = Any  # the action's number, a sentence, or both texts (`yours`, `theirs`, `note_id`)


def _marks() -> dict[str, Any]:
    return {word: palette.verdict(verdict) for word, verdict in _MARKS.items()}


def said() -> None:
    """Says once what was kept."""
    if text := st.session_state.pop(_SAID, ""):
        st.success(literal(text))


def opened() -> int:
    """The number of the action that the address opens, 0 for none."""
    text = st.query_params.get("action", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def open_action(number: int | None) -> None:
    """Open another action, or none, and run the page again."""
    if number:
        st.query_params["action"] = str(number)
    else:
        st.query_params.pop("action", None)
    st.rerun()


def action_list(items: Sequence[Any], *, caption: str, address: Callable[[int], str]) -> None:
    """The list: each action leads to itself. On a phone each is a card."""
    html("action_list.html", rows=[(item, address(item.number)) for item in items], caption=caption, marks=_marks())


def meeting_day() -> date:
    """The meeting that is being held: today, or what was last chosen in the form."""
    return st.session_state.get(_MEETING) or date.today()


def action(
    it: Any,
    *,
    names: Mapping[str, str],
    choices: Mapping[str, Mapping[str, str]],
    statuses: Mapping[str, str],
    save: Callable[..., Answer],
    review: Callable[..., Answer],
    following: Callable[[date], int | None],
    history: Sequence[str],
) -> None:
    """One action: what it says; for those who may, the meeting's form and the form to change it; its history.

    `save(number, fields, base=…)` and `review(number, …, base=…)` give the number when kept, a sentence when it cannot
    be, or both texts where somebody else changed the same meanwhile: those are shown, and what was typed stays.
    `following(meeting)`: the next action of the list that this meeting has not looked at.
    """
    if st.session_state.get(_OPEN) != it.number:
        for key in (_STARTED, _FOLLOWS):
            st.session_state.pop(key, None)
        st.session_state[_OPEN] = it.number
    shown = [(name, open_link(page, **chosen)) for name, page, chosen in it.links]
    may = may_here(PLAN)
    left, right = st.columns([3, 2], gap="medium") if may else (st.container(), None)
    with left:
        html("action.html", action=it, links=shown, marks=_marks())
    if may:
        with right, st.container(border=True):
            _review(it, statuses, review, following)
        with st.expander("Change what it says"):
            _form(it, names, choices, lambda fields, base: save(it.number, fields, base=base))
    with st.expander(f"History ({len(it.history)})"):
        plain_table(history, it.history, caption=f"Every version of action {it.number}, newest first")
    with st.container(horizontal=True):
        after = following(meeting_day())
        if after and st.button("Leave it, and open the next"):
            open_action(after)
        if st.button("Back to the list"):
            open_action(None)


def _start(it: Any) -> tuple[int, dict[str, Any]]:
    """The version that the forms on the page started from: it stays, whatever others save, until something is saved
    here, so that nothing typed is lost."""
    return st.session_state.setdefault(_STARTED, (it.base, dict(it.fields)))


def _base(started: int) -> int:
    """The version that the next save follows: the one started from, or the other's after both were shown."""
    return st.session_state.get(_FOLLOWS) or started


def _review(it: Any, statuses: Mapping[str, str], review: Callable, following: Callable) -> None:
    started, fields = _start(it)
    key = f"{it.number}-{started}"
    held_on = st.session_state.setdefault(_MEETING, date.today())
    with st.form(f"review-{key}", border=False):
        status = st.radio(
            "What the meeting says",
            list(statuses),
            format_func=statuses.get,
            index=list(statuses).index(fields["status"]),
            horizontal=True,
            key=f"status-{key}",
        )
        note = st.text_area("Note, or the reason for closing", key=f"note-{key}", max_chars=1_000, height=68)
        left, right = st.columns(2)
        by_when = left.date_input("Carried forward to", value=None, format="DD/MM/YYYY", key=f"forward-{key}")
        meeting = right.date_input("Meeting of", held_on, format="DD/MM/YYYY", key=_MEETING)
        sent = st.form_submit_button("Save, and open the next", type="primary")
    if not sent:
        return
    after = following(meeting)
    answer = review(it.number, meeting=meeting, status=status, note=note, by_when=by_when, base=_base(started))
    if _kept(answer):
        end = "" if after else " That was the last of this list."
        st.session_state[_SAID] = f"Action {it.number} is noted: {statuses[status]}.{end}"
        open_action(after)


def new_action(
    start: Any,
    *,
    names: Mapping[str, str],
    choices: Mapping[str, Mapping[str, str]],
    save: Callable[..., Answer],
) -> None:
    """A form for an action that is not in the plan yet, for those who may."""
    if may_here(PLAN):
        with st.expander("Put an action into the plan"):
            _form(start, names, choices, lambda fields, base: save(0, fields, base=base))


def _form(it: Any, names: Mapping[str, str], choices: Mapping[str, Mapping[str, str]], save: Callable) -> None:
    started, fields = _start(it) if it.number else (0, it.fields)
    key = f"{it.number}-{started}-{st.session_state.get('plan-new', 0)}"

    def text(place: Any, name: str, **more: Any) -> str:
        return place.text_input(names[name], fields[name], key=f"{name}-{key}", max_chars=1_000, **more)

    def long(place: Any, name: str) -> str:
        return place.text_area(names[name], fields[name], key=f"{name}-{key}", height=90, max_chars=4_000)

    with st.form(f"form-{key}", border=False):
        typed: dict[str, Any] = {"outcome": text(st, "outcome")}
        left, right = st.columns(2)
        typed["owner_agency"] = text(left, "owner_agency")
        typed["owner_role"] = text(right, "owner_role", help="A role such as team manager, never a person's name.")
        typed["measure"] = text(left, "measure")
        typed["target"] = text(right, "target")
        typed["by_when"] = left.date_input(
            names["by_when"], fields["by_when"], format="DD/MM/YYYY", key=f"by-{key}", min_value=date(2000, 1, 1)
        )
        with right:
            hung = _hung(fields["links"], choices, key)
        typed["actions"] = long(left, "actions")
        typed["progress"] = long(left, "progress")
        typed["evidence"] = long(left, "evidence")
        sent = st.form_submit_button("Save the action")
    if not sent:
        return
    typed["links"] = hung
    changed = {name: value for name, value in typed.items() if value != fields[name]} if it.number else typed
    answer = save(changed, _base(started) if it.number else 0)
    if _kept(answer):
        st.session_state[_SAID] = f"Action {answer} is saved." if it.number else f"Action {answer} is in the plan."
        st.session_state["plan-new"] = st.session_state.get("plan-new", 0) + 1
        open_action(answer)


def _hung(
    links: Sequence[tuple[str, str]], choices: Mapping[str, Mapping[str, str]], key: str
) -> list[tuple[str, str]]:
    """What the action hangs on: a list to choose from for each kind. What it hangs on already can always stay."""
    found = []
    for kind, offered in choices.items():
        held = [reference for of, reference in links if of == kind]
        known = {**offered, **{reference: reference for reference in held if reference not in offered}}
        chosen = st.multiselect(
            f"Hangs on {kind}s", list(known), held, format_func=known.get, key=f"{kind}-{key}", disabled=not known
        )
        found += [(kind, reference) for reference in chosen]
    return found


def _kept(answer: Answer) -> bool:
    """Whether it was kept; if not, why, or both texts."""
    if isinstance(answer, int):
        for key in (_STARTED, _FOLLOWS):
            st.session_state.pop(key, None)
        return True
    if isinstance(answer, str):
        st.error(literal(answer))
        return False
    st.session_state[_FOLLOWS] = answer.note_id
    who = words.name(answer.author) or "Somebody else"
    st.error(f"{literal(who)} changed this while you were writing. Nothing is lost: theirs and yours are below.")
    left, right = st.columns(2)
    with left:
        html("note.html", name="As it stands now", text=answer.theirs, written="", empty=False)
    with right:
        html("note.html", name="Yours", text=answer.yours, written="", empty=False)
    st.caption("Put both together in the form, then save again.")
    return False


def from_file(
    *, check: Callable[[str, bytes], Any], put_in: Callable[[Any], tuple[str, list]], heads: Sequence[str]
) -> None:
    """A plan brought from a CSV or workbook, for those who may: first checked, then put in; refused rows are listed."""
    if not may_here(PLAN):
        return
    with st.expander("Bring a plan from a file (CSV or workbook)"):
        st.write(
            "A row an action, with the columns Outcome and Owner (agency), and any of those of the file that can be "
            "downloaded here. A row that carries an action's number and version changes that action."
        )
        given = st.file_uploader("Action plan", type=["csv", "tsv", "txt", "xlsx"], key="plan-file")
        if given is None:
            return
        seen = check(given.name, given.getvalue())
        (st.error if seen.problem else st.info)(literal(seen.problem or seen.sentence))
        if seen.file is not None:
            for remark in seen.file.remarks:
                st.caption(literal(remark))
            if seen.file.refused.height:
                plain_table(heads, seen.file.refused.rows(), caption="Rows that are refused", numbers=heads[:1])
                refused_file(seen.file.refused, name=seen.file.file_name)
        if not seen.problem and st.button("Put these into the plan", type="primary"):
            sentence, refused = put_in(seen.file)
            st.success(literal(sentence))
            if refused:
                plain_table(heads, refused, caption="Rows that were refused meanwhile", numbers=heads[:1])


def hanging(items: Sequence[Any], *, indicator: str) -> None:
    """In the action plan: the actions that hang on one indicator, and the way there. Nothing where the plan is closed
    to this visitor."""
    way = open_link("action_plan", indicator=indicator, status="all")
    if not way:
        return
    section("In the action plan")
    if items:
        action_list(
            items,
            caption="Actions that hang on this indicator",
            address=lambda number: open_link("action_plan", indicator=indicator, status="all", action=str(number)),
        )
    text = "" if items else "No action of the plan hangs on this indicator yet."
    html("line_link.html", text=text, address=way, label="Open the action plan")
