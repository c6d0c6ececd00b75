"""The administrator's table: who was given which role by name, and what each role sees, in words."""

from __future__ import annotations

import polars as pl

from dashboard import words
from dashboard.access import ADMINISTER, CASES, FIGURES, PRINTED, ROLES, Grant, Scope, require
from dashboard.answers.keep import the_store
from dashboard.identity import SignInError, check_grant
from dashboard.store import StoreError

GIVEN = ("Person", "Role", "Agency", "Forum area", "By", "On")
TABLE = ("Role", "Opens", "Sees", "Of", "May")
NO_ROLE = "none"
LONGEST = 320  # characters of issuer and subject together
_LEVELS = {PRINTED: "what is printed", FIGURES: "figures", CASES: "figures and single records"}


def given(scope: Scope) -> pl.DataFrame:
    """The roles given by name. Raises `NotAllowed`."""
    require(scope, ADMINISTER)
    return the_store().roles()


def sentence(roles: pl.DataFrame) -> str:
    """What stands first on the page; `roles` as from `given`."""
    said = f"{roles.height} {'person has' if roles.height == 1 else 'people have'} a role by name."
    return f"{said} Others have theirs from a group of the sign-in provider, as the sign-in settings say."


def choices() -> dict[str, str]:
    """What may be given: role → words."""
    return {name: name for name in ROLES} | {NO_ROLE: "none: take the role given by name away"}


def cells(roles: pl.DataFrame) -> list[tuple[str, ...]]:
    """The roles given as rows of words under `GIVEN`."""
    return [
        (
            row["identity"],
            row["role"],
            row["agency"] or "–",
            row["forum_area"] or "–",
            words.name(row["set_by"]) or "–",
            words.day(row["set_at"].date()),
        )
        for row in roles.sort("set_at", descending=True).iter_rows(named=True)
    ]


def table() -> list[tuple[str, ...]]:
    """What each role sees and may do, as rows of words under `TABLE`."""
    return [
        (
            name,
            words.listed(sorted(page.replace("_", " ") for page in role.pages)),
            _LEVELS[role.level],
            f"their own {role.held_to}" if role.held_to else "the whole county",
            words.listed(sorted(role.may)) or "–",
        )
        for name, role in ROLES.items()
    ]


def try_give(scope: Scope, person: str, role: str, *, agency: str = "", forum_area: str = "") -> tuple[bool, str]:
    """Give a person a role, or `NO_ROLE`, in place of the one given before; whether that was done, and a sentence.

    `person` is issuer and subject, as the dashboard shows them to those who sign in without a role. Raises
    `NotAllowed`.
    """
    require(scope, ADMINISTER)
    person, grant = person.strip(), Grant(role, agency.strip(), forum_area.strip())
    issuer, _, subject = person.partition("#")
    if not issuer or not subject or len(person) > LONGEST or not person.isprintable():
        return False, "The person is the line that the dashboard shows to somebody without a role, with a # in it."
    if person == scope.person:
        return False, "Your own role is for another administrator to change."
    try:
        if role != NO_ROLE:
            check_grant(grant)
        held = {"agency": grant.agency, "forum_area": grant.forum_area}
        the_store().set_role(person, role, **held, by=scope.signature, as_role=scope.role)
    except (SignInError, StoreError) as error:
        return False, str(error)
    return True, f"{person}: {choices()[role]}."
