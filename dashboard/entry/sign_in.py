"""The door that people see: sign in, the ready users of the demonstration, no role yet, session ended, sign out."""

from __future__ import annotations

import time

import streamlit as st

from dashboard import identity
from dashboard.access import ROLES, scope_for, title_of
from dashboard.answers import people
from dashboard.components import empty_state, headline, navigation_bar, section, title
from dashboard.components.guard import visitor
from dashboard.identity import CLOSED, ENDED, IN, OUT, UNKNOWN, Visitor, name_of_provider

_WORDS = {
    OUT: ("Please sign in", "Sign in with your work account. You will come to the page that you asked for."),
    ENDED: ("Your session has ended", "Sign in again to go on. You will come back to this page."),
    UNKNOWN: ("You are signed in, but have no role here yet", ""),
    CLOSED: ("Sign-in is not set up here", ""),
}
_READY = (
    "This dashboard runs on this machine alone, on published and sample figures. So nobody needs an account: "
    "go on as a subgroup member, or choose another role to see what it sees."
)
FIRST = next(iter(ROLES))  # whom the first button goes on as


def show_door(who: Visitor, *, name: str) -> None:
    """What somebody sees who may not go on. Runs nothing of any page."""
    navigation_bar({}, name=name)
    rules = identity.the_sign_in()
    if who.state in (OUT, ENDED) and rules is not None and rules.local:
        _ready_users(who)
        return
    said, sentence = _WORDS[who.state]
    title(said)
    if who.state == CLOSED:
        _closed(local=rules is not None)
    elif who.state == UNKNOWN:
        _no_role(who)
    else:
        headline(sentence)
        if st.button("Sign in", type="primary"):
            st.login()


def _ready_users(who: Visitor) -> None:
    title("Who would you like to be?" if who.state == OUT else "Your session has ended. Who would you like to be?")
    headline(_READY)
    _enter(FIRST, f"Go on as a {FIRST}", type="primary")
    section("Other roles")
    with st.container(horizontal=True):
        for role in ROLES:
            if role != FIRST:
                _enter(role, f"{role[0].upper()}{role[1:]}")


def _enter(role: str, label: str, **look: str) -> None:
    if st.button(label, key=f"enter-{name_of_provider(role)}", **look):
        st.login(name_of_provider(role))


def _no_role(who: Visitor) -> None:
    headline(
        f"{who.name}, the administrator of this dashboard can give you a role. "
        "Send them the line below, and reload this page when they have done so."
    )
    st.code(who.person, language=None, wrap_lines=True)
    if st.button("Sign out"):
        sign_out(who)


def _closed(*, local: bool) -> None:
    empty_state(
        "Nobody can sign in at the moment.",
        "The database now holds figures that are neither published nor samples, so the ready users of this machine are "
        "closed. Set up sign-in, or take the load out with early-help undo."
        if local
        else "Start the dashboard with early-help demo, or with early-help serve and its sign-in settings.",
    )


def who_is_here(who: Visitor, page: str) -> None:
    """Name and role in one line, with the way out."""
    scope = scope_for(who.scopes, page) or who.scopes[0]
    st.caption(f"{who.name} · {title_of(scope)}", width="content")
    if st.button("Sign out", type="tertiary"):
        sign_out(who)
        st.stop()


def sign_out(who: Visitor) -> None:
    """End this sign-in in every tab, then let Streamlit forget it and sign out at the provider."""
    people.sign_out(who)
    st.logout()


def end_in_time(who: Visitor) -> None:
    """Take the page off the screen when the sign-in runs out, even if nobody touches it."""

    just_seen = True

    # The first call is part of this run; the second comes when the time is up.
    @st.fragment(run_every=max(1.0, who.until - time.time() + 0.5))
    def watch() -> None:
        nonlocal just_seen
        if time.time() >= who.until or not (just_seen or visitor().state == IN):
            st.rerun(scope="app")
        just_seen = False

    watch()
