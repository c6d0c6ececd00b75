"""Numbers that make up a view, kept in the page's address as filters are: weights that keep their sum, amounts.

The address is the view: a control follows it when the page is opened or the visitor goes back, and writes it otherwise
(`dashboard.components.address`). What a control stands at is its default as well: one that the browser puts up late
starts from its default, and would send that as if somebody had chosen it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from dashboard.components import address
from dashboard.components.blocks import literal, room

_SUBJECT = "address-subject"
ROW = 5  # boxes beside each other
_NONE = "none"  # in the address: an amount that is left empty though it usually is not


@dataclass(frozen=True, slots=True)
class Amount:
    """One box for a number: `key` is its name in the address, `value` what it starts at (None: left empty)."""

    key: str
    label: str
    value: float | None
    step: float = 1000.0
    most: float = 1e10
    optional: bool = False  # may be left empty
    decimals: int = 2
    help: str = ""


def new_subject(subject: str, keys: Collection[str]) -> None:
    """Where another subject was chosen (a scenario), its own settings count: forget what was set for the one before.

    `keys`: the names in the address that belong to the subject. What the address says newly (an opened link, the way
    back) stays.
    """
    if st.session_state.get(_SUBJECT, subject) != subject:
        address.forget(keys)
    st.session_state[_SUBJECT] = subject


def weights(
    names: Mapping[str, str],
    start: Sequence[int],
    *,
    move: Callable[[tuple[int, ...], int, int], tuple[int, ...]],
    key: str = "weights",
) -> tuple[int, ...]:
    """A slider for each name; gives the weights in tenths of a per cent, which always sum to what `start` sums to.

    `move(weights, place, value)` gives all weights once one is set. A slider that goes there and back leaves the others
    where they were: they are scaled from where they stood when that slider was first touched. Arrow keys move by a
    tenth of a per cent, Page Up and Page Down by ten.
    """
    state, start = st.session_state, tuple(start)
    held, controls = f"{key}-held", [f"{key}-{i}" for i in range(len(start))]
    if address.newer(key, controls[0]) or len(state.get(held, ())) != len(start):
        asked = st.query_params.get(key)
        read = start if asked is None else _weights(asked, start)
        if read is None:
            st.warning("The link asked for weights that this model cannot have; the model's own are shown.")
        state[held] = read or start
        state.pop(f"{key}-from", None)
        _set(controls, state[held])
    for place, (control, name) in enumerate(zip(controls, names.values(), strict=True)):
        room(control).slider(
            _label(name), 0.0, 100.0, state[control], step=0.1, format="%.1f%%", key=control, on_change=_moved,
            args=(key, place, move),
        )  # fmt: skip
    chosen = state[held]
    address.write({key: None if chosen == start else "-".join(map(str, chosen))})
    return chosen


def _moved(key: str, place: int, move: Callable) -> None:
    address.used()
    state, held = st.session_state, f"{key}-held"
    value = round(state[f"{key}-{place}"] * 10)
    if value == state[held][place]:  # the server set it while somebody moved another
        return
    touched, origin = state.get(f"{key}-from", (None, ()))
    if touched != place:
        origin = state[held]
        state[f"{key}-from"] = (place, origin)
    state[held] = move(origin, place, value)
    _set([f"{key}-{i}" for i in range(len(origin))], state[held])


def back_to(start: Sequence[int], *, key: str = "weights") -> None:
    """Set all sliders to `start`; for a button's `on_click`."""
    address.used()
    state = st.session_state
    state[f"{key}-held"] = tuple(start)
    state.pop(f"{key}-from", None)
    _set([f"{key}-{i}" for i in range(len(start))], start)


def _set(controls: Sequence[str], tenths: Sequence[int]) -> None:
    for control, weight in zip(controls, tenths, strict=True):
        if st.session_state.get(control) != weight / 10:
            st.session_state[control] = weight / 10


def _weights(text: str, start: tuple[int, ...]) -> tuple[int, ...] | None:
    parts = text.split("-")
    if len(parts) != len(start) or not all(p.isascii() and p.isdigit() and len(p) <= 5 for p in parts):
        return None
    read = tuple(map(int, parts))
    return read if sum(read) == sum(start) else None


def amounts(*these: Amount) -> dict[str, float | None]:
    """One row of boxes for numbers; gives each key's number, None where an optional one is left empty."""
    fallen: list[str] = []
    chosen: dict[str, float | None] = {}
    for one, column in zip(these, st.columns(len(these)), strict=True):
        if address.newer(one.key):
            asked = st.query_params.get(one.key)
            sound, number = (True, one.value) if asked is None else _amount(asked, one)
            st.session_state[one.key] = number if sound else one.value
            if not sound:
                fallen.append(f"The link asked for a number that “{one.label}” cannot be; it is set back.")
        with column:
            chosen[one.key] = _box(one)
    address.write({one.key: None if chosen[one.key] == one.value else _text(chosen[one.key]) for one in these})
    if fallen:
        st.warning(" ".join(fallen))
    return chosen


def _box(one: Amount) -> float | None:
    return room(one.key).number_input(
        one.label,
        min_value=0.0,
        max_value=one.most,
        value=None if one.optional else st.session_state[one.key],  # with a default, a box cannot be emptied
        step=one.step,
        format=f"%.{one.decimals}f",
        key=one.key,
        on_change=address.used,
        help=one.help or None,
        placeholder="none" if one.optional else None,
    )


def area_amounts(
    names: Mapping[str, str],
    start: Mapping[str, float],
    *,
    read: Callable[[str, bytes], tuple[Mapping[str, float], str]],
    key: str = "before",
) -> tuple[tuple[str, float], ...]:
    """Pounds of each area, typed or from a file; gives (area, pounds) of those that are filled in, in order of `names`.

    `read(file name, bytes)` gives the amounts of a file, or a sentence why it cannot be read.
    """
    state, controls = st.session_state, {area: f"{key}-{area}" for area in names}
    start = {area: pounds for area, pounds in start.items() if area in names}
    if address.newer(key, next(iter(controls.values()))):
        asked = st.query_params.get(key)
        known = dict(start) if asked is None else _pairs(asked)
        for area, control in controls.items():
            state[control] = known.get(area)
    given = room(key, tall=True).file_uploader(
        "From a file: columns area and amount (CSV or workbook)",
        ["csv", "xlsx"],
        key=f"{key}-file",
        on_change=address.used,
    )
    if given is not None and state.get(f"{key}-taken") != given.file_id:
        found, problem = read(given.name, given.getvalue())
        if problem:
            st.error(literal(problem))
        else:
            for area, control in controls.items():
                state[control] = found.get(area)
            state[f"{key}-taken"] = given.file_id
    typed: list[tuple[str, float]] = []
    for place, (area, name) in enumerate(names.items()):
        if place % ROW == 0:
            columns = st.columns(ROW)  # a row at a time: on a phone they then stand in their order
        with columns[place % ROW]:
            value = _box(Amount(controls[area], _label(name), None, optional=True))
        if value is not None:
            typed.append((area, value))
    address.write({key: None if dict(typed) == dict(start) else urlencode({a: _text(p) for a, p in typed})})
    return tuple(typed)


def _label(text: str) -> str:
    """A name from outside as a label: no links, colours or formulas. Nothing else: a screen reader reads it raw."""
    return re.sub(r"([\\`*_\[\]<>$:~])", r"\\\1", text)


def _pairs(text: str) -> dict[str, float]:
    """Area → pounds of an address; what is no amount is left out."""
    try:
        pairs = parse_qsl(text, max_num_fields=200)
    except ValueError:
        return {}
    read = {area: _amount(number, Amount("", "", None, optional=True)) for area, number in pairs}
    return {area: number for area, (sound, number) in read.items() if sound and number is not None}


def _amount(text: str, one: Amount) -> tuple[bool, float | None]:
    if text == _NONE:
        return one.optional, None
    try:
        number = float(text)
    except ValueError:
        return False, None
    sound = math.isfinite(number) and 0 <= number <= one.most and round(number, 2) == number
    return sound, number


def _text(number: float | None) -> str:
    return _NONE if number is None else f"{number:.2f}".removesuffix(".00")
