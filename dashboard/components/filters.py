"""Controls whose choice lives in the address of the page, so that a view is a link and survives a reload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.components import address
from dashboard.components.blocks import room

MOST = 4  # controls to a row


@dataclass(frozen=True, slots=True)
class Choice:
    """One control: `key` is its name in the address, `options` maps codes to what is shown."""

    key: str
    label: str
    options: Mapping[str, str]
    default: str = ""  # a code; the first option where empty
    help: str = ""


def filters(*choices: Choice, places: Sequence[DeltaGenerator] = ()) -> dict[str, str]:
    """One row of select boxes; gives the chosen code of each key. `places`: columns of a row that is there.

    The codes stand in the address (`?area=E06000061&against=neighbours`), defaults are left out, and going back in the
    browser goes back a choice. An address that asks for what is not offered falls back to the default, and a sentence
    says so. Raises `ValueError` for more than four controls, one without options, or options shown alike.
    """
    if len(choices) > MOST:
        raise ValueError(f"a page has at most {MOST} controls in its row, not {len(choices)}")
    defaults = {choice.key: _default(choice) for choice in choices}
    asked = st.query_params.to_dict()
    chosen: dict[str, str] = {}
    fallen: list[str] = []
    for choice, column in zip(choices, places or st.columns(len(choices)), strict=True):
        default = defaults[choice.key]
        if not _take(choice, asked.get(choice.key), default):
            fallen.append(
                f"The link asked for something that is not in “{choice.label}”; {choice.options[default]} is shown."
            )
        with column, room(choice.key):
            chosen[choice.key] = st.selectbox(
                choice.label,
                list(choice.options),
                # where the browser puts the control up late, it starts from here and not from the first option
                index=list(choice.options).index(st.session_state[choice.key]),
                format_func=choice.options.__getitem__,
                key=choice.key,
                on_change=address.used,
                help=choice.help or None,
                filter_mode="contains",
            )
    address.write({k: None if code == defaults[k] else code for k, code in chosen.items()})
    if fallen:
        st.warning(" ".join(fallen))
    return chosen


def _default(choice: Choice) -> str:
    shown = list(choice.options.values())
    if not shown or len(set(shown)) < len(shown):
        raise ValueError(f"control {choice.key}: options are missing or shown alike")
    return choice.default if choice.default in choice.options else next(iter(choice.options))


def _take(choice: Choice, asked: str | None, default: str) -> bool:
    """Set the control from the address where the address is newer than the control; False where it asks in vain."""
    state = st.session_state
    if address.newer(choice.key):
        state[choice.key] = asked if asked in choice.options else default
        return asked is None or asked in choice.options
    if state.get(choice.key) not in choice.options:
        state[choice.key] = default  # another control, or newer data, took the option away
    return True


def link(page: str, **choices: str) -> str:
    """The address of a page with choices made: `link("turn_the_curve", measure="S1")` → `turn_the_curve?measure=S1`."""
    return f"{page}?{urlencode(choices)}" if choices else page
