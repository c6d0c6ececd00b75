"""The first line of every page: who is asking, may they, and until when. The only module that reads `st.user`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

import streamlit as st

from dashboard import identity
from dashboard.access import EXPORT, PAGES, NotAllowed, Scope, may, require, scope_for
from dashboard.answers import people
from dashboard.components.blocks import empty_state, title
from dashboard.components.filters import link
from dashboard.identity import IN, Visitor

P = ParamSpec("P")
T = TypeVar("T")
_SCOPE = "guarded-scope"  # as whom the page that is being shown was asked; what is offered on it follows from that
_OPEN = "open-pages"  # what this visitor may open; links to other pages are not shown
_REFUSED = "refused-pages"  # closed pages that the record has already


def visitor() -> Visitor:
    """Who is asking, judged anew at every call."""
    return people.visitor_of(st.user.to_dict(), identity.the_sign_in())


def guard(page: str) -> Scope:
    """The visitor's scope; where the page is closed to them, a sentence says so and the page ends here.

    `page` is the page's id in the page table, for example `scorecard`.
    """
    st.session_state.pop(_SCOPE, None)
    who = visitor()
    if who.state != IN:
        _closed("Please sign in to see this page", "Reload the page to sign in.")
    scope = scope_for(who.scopes, page)
    if scope is None:
        _note_refused(who, page)
        _closed(
            "This page is not open to you", "Your role does not include it. Ask the administrator if you need the page."
        )
    st.session_state[_SCOPE] = scope
    st.session_state[_OPEN] = [page for page in sorted(PAGES) if scope_for(who.scopes, page)]
    return scope


def _closed(said: str, what_to_do: str) -> NoReturn:
    title(said)
    empty_state("Nothing of the page is shown.", what_to_do, link=("Back to the start", "./"))
    st.stop()


def _note_refused(who: Visitor, page: str) -> None:
    known = st.session_state.setdefault(_REFUSED, [])
    if page not in known:
        known.append(page)
        people.note(who.scopes[0], people.REFUSED, page)


def may_here(act: str) -> bool:
    """Whether the visitor may do this on the page that is being shown: what is closed is not offered either.

    No control by itself: what is done asks again (`access.require`, `guarded_callback`, `guarded_maker`).
    """
    scope = st.session_state.get(_SCOPE)
    return isinstance(scope, Scope) and may(scope, act)


def open_link(page: str, **choices: str) -> str:
    """The address of a page with choices made, as `link` gives it; "" where the page is closed to this visitor."""
    return link(page, **choices) if page in st.session_state.get(_OPEN, ()) else ""


def guarded_callback(page: str, act: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """For `on_click` and the like, which Streamlit runs before the page and its guard: without leave, no effect."""

    def wrap(function: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> None:
            who = visitor()
            scope = scope_for(who.scopes, page) if who.state == IN else None
            if scope is not None and may(scope, act):
                function(*args, **kwargs)

        return checked

    return wrap


def guarded_answer(page: str, act: str) -> Callable[[Callable[P, T]], Callable[P, T | str]]:
    """For what a fragment does, which runs without the page and its guard: without leave, a sentence."""

    def wrap(function: Callable[P, T]) -> Callable[P, T | str]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T | str:
            who = visitor()
            scope = scope_for(who.scopes, page) if who.state == IN else None
            if scope is None or not may(scope, act):
                return "Your session has ended or your role has changed. Reload the page."
            return function(*args, **kwargs)

        return checked

    return wrap


def guarded_maker(make: Callable[[], bytes | str], *, name: str) -> Callable[[], bytes | str]:
    """For a file made when it is asked for: whether they may is asked again then, and the record says what was made.

    Streamlit calls the maker outside any run of a page, where nobody is signed in: so who asks is taken now. `name` is
    the file's. The maker raises `NotAllowed`.
    """
    claims, rules, scope = st.user.to_dict(), identity.the_sign_in(), st.session_state.get(_SCOPE)

    def checked() -> bytes | str:
        who = people.visitor_of(claims, rules)
        if who.state != IN or scope not in who.scopes:
            raise NotAllowed("Your session has ended or your role has changed. Reload the page.")
        require(scope, EXPORT)
        made = make()
        people.note(scope, people.EXPORTED, name)
        return made

    return checked
