"""Who is signed in and as what, where that stands in the database: roles given by name, sessions, and the record."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from dashboard.access import Grant, Scope, scopes_of
from dashboard.answers.keep import the_store
from dashboard.identity import (
    CLOSED,
    ENDED,
    IN,
    LEEWAY,
    OUT,
    UNKNOWN,
    SignIn,
    Visitor,
    email_of,
    groups_of,
    issued_at,
    name_of,
    person_of,
    session_of,
)
from dashboard.store import Role

SIGNED_IN, SIGNED_OUT, REFUSED, EXPORTED = "signed in", "signed out", "refused", "exported"


def visitor_of(claims: Mapping[str, object], rules: SignIn | None, *, now: float | None = None) -> Visitor:
    """Who asks, judged anew at every call: the sign-in, its age, whether it was ended, and the roles of today.

    `claims` as the provider signed them. `now` is a Unix time.
    """
    if rules is None:
        return Visitor(CLOSED)
    signed = claims.get("is_logged_in") is True and bool(claims.get("iss") and claims.get("sub"))
    person, session = (person_of(claims), session_of(claims)) if signed else ("", "")
    stands = the_store().standing_of(session, person)
    if rules.local and stands.real:
        return Visitor(CLOSED)
    if not signed:
        return Visitor(OUT)
    moment, issued = time.time() if now is None else now, issued_at(claims)
    if issued is None or issued > moment + LEEWAY:
        return Visitor(ENDED)
    name, until = name_of(claims), issued + rules.session_minutes * 60
    if stands.ended or moment >= until:
        return Visitor(ENDED, session=session, person=person)
    scopes = scopes_of(
        _grants(claims, rules, stands.role), person=person, author=name, local=rules.local, email=email_of(claims)
    )
    who = Visitor(IN if scopes else UNKNOWN, scopes, name, person, until, session)
    if stands.ended is None and the_store().begin_session(session, until=_moment(until)):
        note(_scope_of(who), SIGNED_IN)
    return who


def _grants(claims: Mapping[str, object], rules: SignIn, by_name: Role | None) -> list[Grant]:
    groups = groups_of(claims, claim=rules.group_claim)
    given = [Grant(by_name.role, by_name.agency, by_name.forum_area)] if by_name else []
    return given + [rules.by_group[group] for group in sorted(groups) if group in rules.by_group]


def sign_out(who: Visitor) -> None:
    """End this sign-in in every tab and on every server."""
    the_store().end_session(who.session, until=_moment(max(who.until, time.time())))
    note(_scope_of(who), SIGNED_OUT)


def note(scope: Scope, act: str, detail: str = "") -> None:
    """Write one entry of the record: who, in which role, did what. Loads, undoings and edits write their own."""
    the_store().record(scope.signature, scope.role, act, detail)


def _scope_of(who: Visitor) -> Scope:
    return who.scopes[0] if who.scopes else Scope("no role", person=who.person, author=who.name)


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
