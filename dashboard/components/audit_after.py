"""Beside and after an audit: finishing it, its grades, moderation, and what is to be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import streamlit as st

from dashboard import words
from dashboard.components.blocks import html, literal, section
from dashboard.components.tables import plain_table

KINDS = {"suggested": "Suggested", "auditor": "Auditor", "moderator": "Moderator", "final": "Final"}
SUGGESTED = "as suggested"
_SAID = "said-after-audit"


def said_before() -> None:
    """Say once what was just done."""
    if said := st.session_state.pop(_SAID, ""):
        st.success(said)


def done(said: str) -> None:
    """Show the page anew, with this sentence on top."""
    st.session_state[_SAID] = said
    st.rerun()


def finish_form(
    held: Any, names: Mapping[int, str], *, same_day: Mapping[str, str], step: Callable[[str], str],
    finish: Callable[[int | None, str], str],
) -> None:  # fmt: skip
    """The steps of today where somebody must act, and the grade that the auditor gives."""
    section("Finish")
    if held.suggestion.escalate:
        for key, text in same_day.items():
            taken = key in held.steps
            label = f"{text} ({held.steps[key]})" if taken else text
            if st.checkbox(literal(label), value=taken, disabled=taken, key=f"step-{held.id}-{key}") and not taken:
                if wrong := step(key):
                    st.error(wrong)
                else:
                    st.rerun()
    with st.form(f"finish-{held.id}", border=False):
        choices = {SUGGESTED: "As suggested"} | {str(grade): name.capitalize() for grade, name in names.items()}
        given = st.selectbox("Your grade", list(choices), format_func=choices.__getitem__)
        why = st.text_area("Why, if it is another than the suggested one", height=80)
        if st.form_submit_button("Finish this audit", type="primary"):
            wrong = finish(None if given == SUGGESTED else int(given), why)
            if wrong:
                st.error(wrong)
            else:
                done("The audit is finished. Its answers stand as they are.")


def grades(held: Any, names: Mapping[int, str]) -> None:
    """Every grade that stands, with its reason."""
    rows = []
    for kind, name in KINDS.items():
        if one := held.grades.get(kind):
            why = f": {one.reason}" if one.reason else ""
            by = f"{one.author}, {words.day(one.written_at.date())}{why}"
            rows.append((name, names[one.grade].capitalize(), by))
    if held.other:
        rows.append(("Second auditor", names[held.other].capitalize(), "–"))
    plain_table(("Grade", "Is", "By, and why"), rows, caption="Grades: all are kept")


def moderation(
    held: Any,
    names: Mapping[int, str],
    *,
    moderate: Callable[[int, str, int], Any],
    settle: Callable[[int, str, int], Any],
) -> None:
    """The moderator's form; where grades differ or one is final, the form that settles it."""
    section("Moderation")
    _grade_form(held, names, "moderator", "Save the moderator's grade", moderate)
    if "moderator" in held.grades or held.other or "final" in held.grades:
        with st.expander("Settle the final grade", expanded="final" not in held.grades):
            _grade_form(held, names, "final", "Save the final grade", settle)


def _grade_form(
    held: Any, names: Mapping[int, str], kind: str, button: str, save: Callable[[int, str, int], Any]
) -> None:
    now = held.grades.get(kind)
    with st.form(f"{kind}-{held.id}", border=False):
        label = f"{KINDS[kind]} grade"
        start = list(names).index(now.grade if now else held.grades["auditor"].grade)
        choices = {grade: name.capitalize() for grade, name in names.items()}
        value = st.selectbox(label, list(choices), index=start, format_func=choices.__getitem__)
        why = st.text_area(f"Why ({kind})", height=80)
        sent = st.form_submit_button(button)
    if not sent:
        return
    answer = save(value, why, now.id if now else 0)
    if answer == "":
        done(f"The {kind} grade is saved; the grades before it are kept.")
    elif isinstance(answer, str):
        st.error(answer)
    else:
        st.error(
            literal(
                f"{answer.author or 'Somebody'} gave {names[int(answer.said)]} meanwhile: “{answer.evidence}”. Yours, "
                f"{names[value]} (“{why}”), is not saved. Look at theirs, then save yours again if it still stands."
            )
        )


def actions(
    these: tuple[Any, ...], failed: Mapping[str, str], owners: Mapping[str, str], severities: Mapping[str, str], *,
    agency: str, today: date, due: Callable[[str], date], add: Callable[..., str], finish: Callable[[int, str], str],
    verify: Callable[[int], str],
) -> None:  # fmt: skip
    """What is to be done after this audit, and a form to put down more."""
    section("What is to be done")
    if not these:
        html("paragraph.html", text="Nothing is put down yet.", kind="quiet")
    for one in these:
        _action(one, finish, verify)
    with st.expander("Put down an action", expanded=not these):
        severity = st.selectbox("How serious", list(severities), index=1, format_func=severities.__getitem__)
        with st.form("action", border=False, clear_on_submit=True):
            from_what = {"": "the audit as a whole"} | {q: f"{q}. {text}" for q, text in failed.items()}
            about = st.selectbox("It follows from", list(from_what), format_func=from_what.__getitem__)
            text = st.text_area("What is to be done", height=80)
            left, right = st.columns(2)
            ids = list(owners)
            owner = left.selectbox(
                "By which agency",
                ids,
                index=ids.index(agency) if agency in owners else 0,
                format_func=owners.__getitem__,
            )
            by = right.date_input(
                "By when", value=due(severity), min_value=today, format="DD/MM/YYYY", key=f"by-{severity}"
            )
            if st.form_submit_button("Put it down"):
                wrong = add(text, question=about, owner=owner, severity=severity, due=by)
                if wrong:
                    st.error(wrong)
                else:
                    done("The action is put down.")


def _action(one: Any, finish: Callable[[int, str], str], verify: Callable[[int], str]) -> None:
    said = f"{one.owner}, {one.severity}, due {words.day(one.due)}: {one.state}."
    html("note.html", name=one.text, text=one.about or "The audit as a whole.", written=said, empty=False)
    if one.evidence:
        html("paragraph.html", text=f"Done: {one.evidence}", kind="quiet")
    if one.may_finish:
        with st.form(f"done-{one.id}", border=False):
            evidence = st.text_input(f"How one can see that “{literal(one.text)}” was done")
            if st.form_submit_button("It is done"):
                _tell(finish(one.id, evidence), "It is down as done; somebody else verifies it.")
    elif one.may_verify and st.button("I have seen that it was done", key=f"verify-{one.id}"):
        _tell(verify(one.id), "The action is verified.")


def _tell(wrong: str, said: str) -> None:
    if wrong:
        st.error(wrong)
    else:
        done(said)
