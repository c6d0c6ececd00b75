"""The address of a page and the controls whose choices stand in it: which of the two is the newer.

The address is newer when the page is opened and when the visitor goes back or forward: then the controls follow it. In
a run that somebody began with a control it never is: who is quicker than the server sends a choice along with an
address that does not know of the choice before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException

_WRITTEN = "address-"  # what this page last wrote into the address, by key
_USED = "address-used"


def used() -> None:
    """A control was used: the `on_change` of everything whose choice stands in the address."""
    st.session_state[_USED] = True


@contextmanager
def run_of_a_page() -> Iterator[None]:
    """Around every run: what was used is forgotten after it, unless the next run began before this one ended."""
    ended = True
    try:
        yield
    except RerunException:
        ended = False
        raise
    finally:
        if ended:
            st.session_state.pop(_USED, None)


def newer(key: str, control: str | None = None) -> bool:
    """Whether the address says more than the control, which has the same `key` unless another is named."""
    state, written = st.session_state, _WRITTEN + key
    if written not in state or (control or key) not in state:
        return True
    return not state.get(_USED) and st.query_params.get(key) != state[written]


def write(changes: Mapping[str, str | None]) -> None:
    """Put these choices into the address, and take out what is None."""
    now = st.query_params.to_dict()
    wanted = {k: v for k, v in {**now, **changes}.items() if v is not None}
    if wanted != now:
        st.query_params.from_dict(wanted)
    for key, text in changes.items():
        st.session_state[_WRITTEN + key] = text


def forget(keys: Collection[str]) -> None:
    """What was written for these keys belongs to another subject; what the address says newly of them stays."""
    state, now = st.session_state, st.query_params.to_dict()
    stale = {key for key in keys if key in now and now[key] == state.get(_WRITTEN + key)}
    if stale:
        st.query_params.from_dict({k: v for k, v in now.items() if k not in stale})
    for key in keys:
        state.pop(_WRITTEN + key, None)
