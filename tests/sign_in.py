"""Signing in for tests: settings as an organisation would have them, and people of each role."""

from __future__ import annotations

import secrets
import time

from streamlit.testing.v1 import AppTest

from dashboard.access import Grant, Scope
from dashboard.identity import SignIn

ISSUER = "https://provider.example/tenant"

# Group of the identity provider → what it is given here.
GROUPS = {
    "eh-subgroup": Grant("subgroup member"),
    "eh-commissioning": Grant("commissioner"),
    "eh-quality": Grant("QA manager"),
    "eh-auditors": Grant("auditor"),
    "eh-schools": Grant("agency lead", agency="school"),
    "eh-police": Grant("agency lead", agency="police"),
    "eh-corby": Grant("coordinator", forum_area="EHF01"),
    "eh-data": Grant("data officer"),
    "eh-admin": Grant("administrator"),
    "eh-scrutiny": Grant("scrutiny"),
    "eh-respondents": Grant("respondent"),
}
GROUP_OF = {grant.role: group for group, grant in reversed(GROUPS.items())}
SIGN_IN = SignIn(
    address="https://early-help.example",
    metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id="early-help",
    client_secret="of the tests alone",
    cookie_secret="of the tests alone, and long enough",
    by_group=GROUPS,
)


def claims(*groups: str, sub: str = "", age: float = 0, **more: object) -> dict[str, object]:
    """What a provider signs for somebody in these groups, `age` seconds ago."""
    return {
        "is_logged_in": True,
        "iss": ISSUER,
        "sub": sub or "-".join(groups) or "nobody",
        "name": f"Member of {', '.join(groups) or 'nothing'}",
        "nonce": secrets.token_hex(8),
        "iat": time.time() - age,
        "groups": list(groups),
        **more,
    }


def signed_in(at: AppTest, role: str) -> AppTest:
    """The same page, opened by somebody of this role."""
    at.user = claims(GROUP_OF[role])
    return at


def scope(role: str) -> Scope:
    """The scope of somebody of this role."""
    grant = GROUPS[GROUP_OF[role]]
    agencies, areas = (frozenset({held} - {""}) for held in (grant.agency, grant.forum_area))
    return Scope(role, agencies, areas, person=f"{ISSUER}#{role}", author=f"The {role}")
