"""The coordinator's and the facilitator's forms: who has answered, opening and closing, files, what was agreed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import streamlit as st

from dashboard.components.blocks import headline, html, literal, section
from dashboard.components.charted import listed_table
from dashboard.components.files import refused_file
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away

_DONE = "round-done"


def say_done() -> None:
    """Say once what was done."""
    if said := st.session_state.pop(_DONE, ""):
        st.success(literal(said))


def _finish(done: object, said: str) -> None:
    """The sentence of an attempt: after a reload where something was done, in its place where not."""
    if done:
        st.session_state[_DONE] = said
        st.rerun()
    st.error(literal(said))


def who_answered(it: Any, *, title: str, source: str, closed: bool, close: Callable[..., tuple[bool, str]]) -> None:
    """How far a round has come, the reminder list with its files, and closing the round."""
    headline(it.sentence)
    plain = it.partners
    section("Partner by partner")
    plain_table(plain.columns, plain.rows(), caption="Partner by partner", numbers=plain.columns[1:])
    name = f"Who has not answered, {title}"
    if listed_table(it.reminders, name=name, numbers=["Answered"], empty="Everybody has answered everything."):
        take_away(it.reminders, name=name, source=source, chosen={"Round": title})
    if closed:
        return
    section("Close the round", lead="After that nobody can answer or change an answer, and results are shown.")
    with st.form("close"):
        sure = st.checkbox("Yes, close it for good")
        if st.form_submit_button("Close the round"):
            _finish(*close(sure=sure))


def open_round(editions: Mapping[str, str], *, hint: str, try_open: Callable[..., tuple[int | None, str]]) -> None:
    """The form that opens a round."""
    headline("A new round asks the people of a list. Its questionnaire is never changed afterwards, only superseded.")
    with st.form("open"):
        left, middle, right = st.columns([3, 1, 1])
        key = left.selectbox("Questionnaire", list(editions), format_func=editions.__getitem__)
        title = middle.text_input("Name of the round", max_chars=40, placeholder="2026")
        end = right.date_input("Answers describe the time up to", value=date.today(), format="DD/MM/YYYY")
        people = st.text_area("Who is asked", height=200)
        st.caption(hint)
        if st.form_submit_button("Open the round", type="primary"):
            _finish(*try_open(key, title, end, people))


def invite(*, closed: bool, hint: str, try_invite: Callable[..., tuple[bool, str]]) -> None:
    """The form that asks more people."""
    if closed:
        headline("This round is closed: nobody can be asked any more.")
        return
    headline("More people can be asked as long as the round is open. Those who are asked already are left out.")
    with st.form("invite"):
        people = st.text_area("Who else is asked", height=140)
        st.caption(hint)
        if st.form_submit_button("Invite", type="primary"):
            _finish(*try_invite(people))


def take_file(*, shown: int, preview: Callable[..., Any], take: Callable[..., tuple[bool, str]]) -> None:
    """Answers from a file: first only checked, with the rows that are refused."""
    headline("The export of a forms tool is checked row by row. Nothing changes until you press “Take in”.")
    given = st.file_uploader("File (CSV or Excel workbook)", type=["csv", "tsv", "txt", "xlsx"], key="answers-file")
    if given is None:
        return
    with st.spinner("Checking every row…"):
        seen = preview(given.getvalue(), file_name=given.name)
    if seen.sentence:
        st.info(literal(seen.sentence))
    if seen.problem:
        st.error(literal(seen.problem))
    if seen.refused.height:
        columns = ["line", "column", "value", "reason"]
        rows = seen.refused.select(columns).head(shown).rows()
        plain_table([c.capitalize() for c in columns], rows, caption="Refused or changed", numbers=["Line"])
        refused_file(seen.refused, name=seen.file_name)
    if not seen.problem and st.button("Take in", type="primary"):
        _finish(*take(seen))


def workshop(it: Any, *, subject: str, agree: Callable[..., Any], act: Callable[..., tuple[bool, str]] | None) -> None:
    """One item in the workshop: what was answered, what is agreed on it and why, what will be done. `subject` keeps the
    forms of different items apart."""
    headline(it.sentence)
    _agree(it, subject, agree)
    listed_table(it.actions, name="Priority actions", empty="No action hangs on this topic yet.")
    if act is not None:
        _act(subject, act)
    listed_table(
        it.comments, name="What people wrote", lead="By partner, without names.", empty="Nobody wrote anything."
    )


def _agree(it: Any, subject: str, agree: Callable[..., Any]) -> None:
    section("Agreed in the workshop")
    base, now = f"agreed-base-{subject}", it.agreed
    score, reason = f"agreed-score-{subject}", f"agreed-reason-{subject}"
    state, written = st.session_state, f"agreed-written-{subject}"
    untouched = state.get(base) is None or (state.get(score), state.get(reason)) == state.get(written)
    if untouched or score not in state:  # others changed it, this facilitator has not: follow
        middle = float(round((it.lowest + it.highest) / 2))
        state[base] = now.base
        state[score], state[reason] = (middle if now.score is None else now.score), now.reason
        state[written] = (state[score], state[reason])
    if now.base:
        html(
            "note.html", name="", text=f"{now.score:g}: {now.reason}", written=f"Recorded by {now.author}", empty=False
        )
    with st.form(f"agree-{subject}"):
        left, right = st.columns([1, 3])
        number = left.number_input(
            "Agreed score", float(it.lowest), float(it.highest), state[score], step=0.5, format="%g", key=score
        )
        why = right.text_area("Why this score", state[reason], key=reason, height=90, max_chars=5_000)
        sent = st.form_submit_button("Record", type="primary")
    if sent:
        done = agree(number, why, base=state[base])
        if done is None:
            for key in (base, written):
                state.pop(key)
            _finish(True, "What was agreed is recorded.")
        elif isinstance(done, str):
            st.error(literal(done))
        else:
            state[base] = done.note_id or 0
            st.error(
                "Somebody else recorded something meanwhile. Nothing is lost: theirs is below, yours in the form. "
                "Put both together, then record again."
            )
            html("note.html", name="", text=done.theirs, written="As recorded meanwhile", empty=False)
    if it.earlier:
        with st.expander(f"Earlier versions ({len(it.earlier)})"):
            for said in it.earlier:
                html("note.html", name="", text=said, written="", empty=False)


def _act(subject: str, act: Callable[..., tuple[bool, str]]) -> None:
    with st.expander("Put a priority action into the action plan"), st.form(f"act-{subject}", border=False):
        what = st.text_area("What will be done", height=80, max_chars=2_000)
        left, middle, right = st.columns(3)
        agency = left.text_input("Owner (agency)", max_chars=120)
        role = middle.text_input("Owner (role, no name)", max_chars=120)
        by_when = right.date_input("By when", value=None, format="DD/MM/YYYY")
        if st.form_submit_button("Put it into the plan"):
            _finish(*act(what=what, agency=agency, role=role, by_when=by_when))
