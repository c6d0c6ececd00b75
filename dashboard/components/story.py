"""What the partnership writes under an indicator: the text, who wrote it and when, a form to change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import streamlit as st

from dashboard import words
from dashboard.access import STORY, TARGET
from dashboard.components.blocks import html
from dashboard.components.guard import may_here

EMPTY = "Nothing is written yet."


class Note(Protocol):
    """One text as it stands or once stood; `id` 0 where nothing has been written yet."""

    id: int
    section: str
    text: str
    author: str
    written_at: datetime | None


class Stale(Protocol):
    """Somebody else wrote meanwhile."""

    yours: str
    theirs: str
    note_id: int | None


def story(
    names: Mapping[str, str],
    notes: Mapping[str, Note],
    *,
    subject: str,
    save: Callable[..., Stale | str | None],
    history: Callable[[str], Sequence[Note]],
) -> None:
    """The sections of the story, two abreast, each with its earlier texts and, for those who may, its form.

    `save(section, text, base=…)` gives None when kept, a sentence when it cannot be kept, or the other text
    where somebody else wrote meanwhile: both are then shown and nothing typed is lost. `subject` keeps the forms of
    different indicators apart.
    """
    for pair in _pairs(list(names)):
        for section, column in zip(pair, st.columns(2), strict=False):
            with column:
                _section(names[section], notes[section], subject, save, history)


def _pairs(items: list[str]) -> list[list[str]]:
    return [items[i : i + 2] for i in range(0, len(items), 2)]


def _section(name: str, note: Note, subject: str, save: Callable, history: Callable) -> None:
    html("note.html", name=name, text=note.text or EMPTY, written=_written(note), empty=not note.text)
    key = f"{subject}-{note.section}"
    if may_here(STORY):
        with st.expander(f"Change “{name}”"):
            _form(name, note, key, save)
    earlier = history(note.section)[1:]
    if earlier:
        with st.expander(f"Earlier texts ({len(earlier)})"):
            for old in earlier:
                html("note.html", name="", text=old.text or EMPTY, written=_written(old), empty=not old.text)


def _form(name: str, note: Note, key: str, save: Callable) -> None:
    box, started = f"text-{key}", f"base-{key}"
    base = st.session_state.setdefault(started, (note.id, note.text))
    if base[0] != note.id and st.session_state.get(box, base[1]) == base[1]:
        base = st.session_state[started] = (note.id, note.text)  # others changed it, this visitor has not: follow
        st.session_state[box] = note.text
    written = st.session_state.setdefault(box, base[1])
    with st.form(f"form-{key}", border=False):
        text = st.text_area(name, written, key=box, height=140)
        sent = st.form_submit_button("Save")
    if not sent:
        return
    answer = save(note.section, text, base=base[0])
    if answer is None:
        del st.session_state[started]
        st.session_state["saved"] = name
        st.rerun()
    elif isinstance(answer, str):
        st.error(answer)
    else:
        st.session_state[started] = (answer.note_id or 0, answer.theirs)
        st.error(
            "Somebody else saved this text while you were writing. Nothing is lost: theirs is below, yours in the box."
        )
        html("note.html", name="", text=answer.theirs or EMPTY, written="As saved meanwhile", empty=False)
        st.caption("Put both together in the box, then save again.")


def saved_message() -> None:
    """Says once that a text was kept."""
    name = st.session_state.pop("saved", "")
    if name:
        st.success(f"“{name}” is saved. The text before it is kept under “Earlier texts”.")


def target_form(
    sentence: str,
    note: Note,
    *,
    subject: str,
    unit: str,
    value: float,
    by: date,
    save: Callable[..., Stale | str | None],
) -> None:
    """The target in words, and for those who may a form to set it. `save(value, by, base=…)` answers as in `story`."""
    st.write(sentence)
    if not may_here(TARGET):
        return
    with st.expander("Set a target"), st.form(f"target-{subject}", border=False):
        left, right = st.columns(2)
        aim = left.number_input(f"Value ({unit})", value=value, step=0.1, format="%.1f", key=f"aim-{subject}")
        when = right.date_input("To be reached by", value=by, format="DD/MM/YYYY", key=f"by-{subject}")
        if st.form_submit_button("Save target"):
            answer = save(aim, when, base=note.id)
            if answer is None:
                st.session_state["saved"] = "Target"
                st.rerun()
            st.error(
                answer
                if isinstance(answer, str)
                else "Somebody else set a target meanwhile; look at it and save again."
            )


def _written(note: Note) -> str:
    return f"{note.author}, {words.day(note.written_at.date())}" if note.written_at else ""
