"""The form of the questionnaire: every change is saved at once, and a save runs only the item that was changed.

What stands is the default of every control: one that the browser puts up late starts from its default, and what it
starts from comes back as if somebody had answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.access import ANSWER
from dashboard.components.blocks import html, literal, render, section
from dashboard.components.guard import guarded_answer

REASON, EVIDENCE, COMMENT = TEXTS = ("reason", "evidence", "comment")
NOT_APPLICABLE = "not_applicable"
LONGEST = 5_000  # characters of one text
_MEANWHILE = (
    "This answer was changed in another window while you were writing here. Nothing is lost: the other one is below, "
    "yours above."
)


class Given(Protocol):
    """One answer as it stands, a dataclass. `base`: the id of its version, 0 before the first."""

    base: int
    choice: str
    texts: Mapping[str, str]


class Item(Protocol):
    """One thing that is asked. `choices`: code → what is shown; `notes`: code → what that choice looks like."""

    id: str
    name: str
    text: str
    choices: Mapping[str, str]
    notes: Mapping[str, str]


def answer_form(
    form, held: Mapping[str, Given], *, save: Callable[..., int | str | Exception], progress: Callable[..., str]
) -> None:
    """Every item of `form` with its answer, and above them how far one has come.

    `held`: the answers by item. `save(invited, item, choice, texts, base=…)` gives the id of the new version, a
    sentence where it could not be kept, or the other version where it was changed meanwhile: what was typed stays then.
    `progress(form, answers)`: the sentence above. A form that is closed shows its answers and changes none.
    """
    save = guarded_answer("answer", ANSWER)(save)  # each save runs without the page and its guard
    _follow(form, held)
    place = st.empty()
    _say_progress(form, place, progress)
    for part in form.sections:
        section(part.title)
        for item in part.items:
            _asked(form, item, place, save, progress)


def _follow(form, held: Mapping[str, Given]) -> None:
    """Show what stands in the database: also what was saved in another window, but never over what was not saved."""
    for item in form.items:
        key, state, now = _key(form, item), st.session_state, held[item.id]
        given, tried = state.get(f"given-{key}"), state.get(f"unsaved-{key}")
        if tried is None and (given is None or given.base != now.base):
            state[f"given-{key}"] = given = now
            _fill(key, now.choice, now.texts)
        elif f"choice-{key}" not in state:  # back from another page
            _fill(key, tried["choice"] if tried else given.choice, tried["texts"] if tried else given.texts)


def _fill(key: str, choice: str, texts: Mapping[str, str]) -> None:
    st.session_state[f"choice-{key}"] = choice or None
    for name in TEXTS:
        st.session_state[f"{name}-{key}"] = texts.get(name, "")


def _key(form, item: Item) -> str:
    return f"{form.invited}-{item.id}"


def _say_progress(form, place: DeltaGenerator, progress: Callable[..., str]) -> None:
    answers = {item.id: st.session_state[f"given-{_key(form, item)}"] for item in form.items}
    place.html(render("paragraph.html", text=progress(form, answers), kind="progress"))


@st.fragment
def _asked(form, item: Item, place: DeltaGenerator, save: Callable, progress: Callable) -> None:
    key, state = _key(form, item), st.session_state
    saving = {"on_change": _changed, "args": (form, item, save), "disabled": form.closed}
    html("asked.html", name=item.name)
    chosen = state[f"choice-{key}"]
    left, right = st.columns([3, 2])
    with left:
        st.radio(
            literal(item.text),
            list(item.choices),
            format_func={code: literal(name) for code, name in item.choices.items()}.__getitem__,
            captions=[literal(item.notes.get(code, "")) for code in item.choices] if item.notes else None,
            index=list(item.choices).index(chosen) if chosen in item.choices else None,
            key=f"choice-{key}",
            **saving,
        )
        if state[f"choice-{key}"] == NOT_APPLICABLE:
            why = state.setdefault(f"{REASON}-{key}", state[f"given-{key}"].texts.get(REASON, ""))
            st.text_input("Why does it not apply?", why, key=f"{REASON}-{key}", max_chars=LONGEST, **saving)
    with right:
        for name, label in ((EVIDENCE, "Evidence"), (COMMENT, "Comment")):
            said = f"{label} on “{literal(item.name)}”"
            st.text_area(said, state[f"{name}-{key}"], key=f"{name}-{key}", height=80, max_chars=LONGEST, **saving)
    _say_state(form, item, save)
    _say_progress(form, place, progress)


def _changed(form, item: Item, save: Callable) -> None:
    """Save the item as it stands in the form, from the version that this window last saw."""
    key, state = _key(form, item), st.session_state
    given = state[f"given-{key}"]
    choice = state[f"choice-{key}"] or ""
    texts = {name: state.get(f"{name}-{key}", given.texts.get(name, "")).strip() for name in TEXTS}
    done = save(form.invited, item.id, choice, texts, base=given.base)
    if isinstance(done, int):
        state[f"given-{key}"] = replace(given, base=done, choice=choice, texts=texts)
        state.pop(f"unsaved-{key}", None)
        state[f"saved-{key}"] = True
        return
    tried = {"choice": choice, "texts": texts, "said": str(done), "theirs": "", "base": 0}
    if not isinstance(done, str):
        tried |= {"said": _MEANWHILE, "theirs": done.theirs or "No answer.", "base": done.note_id or 0}
    state[f"unsaved-{key}"] = tried


def _keep_mine(form, item: Item, save: Callable) -> None:
    key, state = _key(form, item), st.session_state
    state[f"given-{key}"] = replace(state[f"given-{key}"], base=state[f"unsaved-{key}"]["base"])
    _changed(form, item, save)


def _take_theirs(form, item: Item) -> None:
    """Forget what was typed here; the next run of the page shows what stands in the database."""
    st.session_state.pop(f"unsaved-{_key(form, item)}")
    st.session_state.pop(f"given-{_key(form, item)}")


def _say_state(form, item: Item, save: Callable) -> None:
    """Whether the item is saved, always in the same place; what to do where it is not."""
    key, state = _key(form, item), st.session_state
    tried = state.get(f"unsaved-{key}")
    if tried is None:
        said = _saved_words(item, state[f"given-{key}"]) if state.get(f"saved-{key}") else ""
        html("saved.html", text=said)
        return
    st.error(literal(f"Not saved. {tried['said']}"))
    if tried["theirs"]:
        html("note.html", name="", text=tried["theirs"], written="As saved in the other window", empty=False)
        with st.container(horizontal=True):
            st.button("Keep mine", key=f"mine-{key}", on_click=_keep_mine, args=(form, item, save))
            if st.button("Take the other", key=f"theirs-{key}"):
                _take_theirs(form, item)
                st.rerun()


def _saved_words(item: Item, given: Given) -> str:
    with_texts = [name for name in TEXTS if given.texts.get(name)]
    said = item.choices.get(given.choice, "no choice yet")
    return f"Saved: {said}{', with ' if with_texts else ''}{' and '.join(with_texts)}."
