"""Sign-in for the demonstration and for trying out: an OpenID Connect provider inside the server, with ready users.

The pages sign in through the same `st.login` as in use; nothing in them knows of ready users. Whoever can reach it can
be any of them, so it is there only where `local_sign_in` allowed it: on this machine, with no real load in the
database. Every use asks both again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from joserfc import jwk, jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.access import AGENCY, FORUM_AREA, ROLES, Grant
from dashboard.identity import SignIn, SignInError, is_loopback, name_of_provider, sample_address

BASE = "/local-sign-in"
ROLE_OF = {name_of_provider(role): role for role in ROLES}  # as it stands in an address
SCHOOL, AREA = "school", "EHF01"  # what the ready agency lead and coordinator are held to
_CODE_SECONDS, _TOKEN_SECONDS = 60, 300
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

# Invented people, one of each role.
PEOPLE: Mapping[str, str] = {
    "subgroup member": "Sam Subgroup",
    "commissioner": "Chris Commissioner",
    "QA manager": "Quinn Quality",
    "auditor": "Alex Auditor",
    "agency lead": "Lee Lead",
    "coordinator": "Corin Coordinator",
    "data officer": "Dana Data",
    "administrator": "Ada Administrator",
    "respondent": "Robin Respondent",
    "scrutiny": "Sol Scrutiny",
}


def ready_grants() -> dict[str, Grant]:
    """Group → grant of the ready users: each is in the group of their role."""
    held = {AGENCY: {"agency": SCHOOL}, FORUM_AREA: {"forum_area": AREA}}
    return {name: Grant(name, **held.get(role.held_to, {})) for name, role in ROLES.items()}


def local_sign_in(*, host: str, port: int, real_loads: Callable[[], bool]) -> SignIn:
    """Settings of the local sign-in. Raises `SignInError` where the address is not this machine or the database holds
    real loads. Its secrets are made anew at every start: a cookie of it is worth nothing elsewhere or later."""
    if not is_loopback(host):
        raise SignInError(f"The local sign-in is only for this machine, and {host} can be reached from others.")
    if real_loads():
        raise SignInError(
            "The local sign-in is only for published and sample figures, and this database holds others; "
            "give the sign-in settings of your organisation (docs/deployment.md)."
        )
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return SignIn(
        address=address,
        metadata_url=f"{address}{BASE}/{{role}}/.well-known/openid-configuration",
        client_id="early-help-local",
        client_secret=secrets.token_urlsafe(32),
        cookie_secret=secrets.token_urlsafe(48),
        by_group=ready_grants(),
        local=True,
    )


@dataclass(frozen=True, slots=True)
class _Code:
    """What a sign-in that has begun is bound to, until it is redeemed once."""

    role: str
    nonce: str
    challenge: str
    until: float


class LocalProvider:
    """Discovery, authorisation, token and keys for each role: as much of OpenID Connect as `st.login` uses, with PKCE.

    `real_loads` is asked at every request.
    """

    def __init__(self, settings: SignIn, *, real_loads: Callable[[], bool]) -> None:
        self.settings, self.real_loads = settings, real_loads
        self.redirect_uri = str(settings.secrets()["auth"]["redirect_uri"])
        self.key = jwk.ECKey.generate_key("P-256", parameters={"kid": secrets.token_hex(8), "alg": "ES256"})
        self.codes: dict[str, _Code] = {}

    def routes(self) -> list[Route]:
        base = f"{BASE}/{{role}}"
        return [
            Route(f"{base}/.well-known/openid-configuration", self._only_here(self.metadata), methods=["GET"]),
            Route(f"{base}/authorize", self._only_here(self.authorize), methods=["GET"]),
            Route(f"{base}/token", self._only_here(self.token), methods=["POST"]),
            Route(f"{base}/keys", self._only_here(self.keys), methods=["GET"]),
        ]

    def _only_here(self, answer: Callable) -> Callable:
        """Reached by a name of this machine (no DNS rebinding), from this machine, and still no real load."""

        async def checked(request: Request) -> Response:
            client = request.client.host if request.client else ""
            # A proxy on this machine makes the whole world look like this machine; it leaves one of these.
            passed_on = any(name in request.headers for name in _PASSED_ON)
            here = is_loopback(request.url.hostname or "") and is_loopback(client) and not passed_on
            if not here or await asyncio.to_thread(self.real_loads):
                return PlainTextResponse("The local sign-in is closed.", status_code=403)
            if request.path_params["role"] not in ROLE_OF:
                return PlainTextResponse("There is no such role.", status_code=404)
            return await answer(request, request.path_params["role"])

        return checked

    def _issuer(self, role: str) -> str:
        return f"{self.settings.address}{BASE}/{role}"

    async def metadata(self, request: Request, role: str) -> Response:
        issuer = self._issuer(role)
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def keys(self, request: Request, role: str) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: Request, role: str) -> Response:
        """The press of a role's button was the choice: back with a code at once."""
        asked = request.query_params
        if asked.get("client_id") != self.settings.client_id or asked.get("redirect_uri") != self.redirect_uri:
            return PlainTextResponse("Unknown application.", status_code=400)
        bound = [asked.get(name) for name in ("state", "nonce", "code_challenge")]
        if asked.get("code_challenge_method") != "S256" or not all(bound):
            return PlainTextResponse("Incomplete request.", status_code=400)
        now = time.time()
        self.codes = {code: kept for code, kept in self.codes.items() if kept.until > now}
        code = secrets.token_urlsafe(32)
        self.codes[code] = _Code(role, asked["nonce"], asked["code_challenge"], now + _CODE_SECONDS)
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{self.redirect_uri}?{back}", status_code=303)

    async def token(self, request: Request, role: str) -> Response:
        form = await request.form()
        kept = self.codes.pop(str(form.get("code", "")), None)  # one use
        if kept is None or not self._redeems(kept, request, role, form):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self._issuer(role),
            "sub": role,
            "aud": self.settings.client_id,
            "nonce": kept.nonce,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "name": PEOPLE[ROLE_OF[role]],
            "email": sample_address(role),
            self.settings.group_claim: [ROLE_OF[role]],
        }
        signed = jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key, algorithms=["ES256"])
        return JSONResponse(
            {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60, "id_token": signed},
            headers={"Cache-Control": "no-store"},
        )

    def _redeems(self, kept: _Code, request: Request, role: str, form: Mapping[str, object]) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        due = base64.b64encode(f"{self.settings.client_id}:{self.settings.client_secret}".encode()).decode()
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (
            kept.role == role
            and kept.until > time.time()
            and secrets.compare_digest(given.encode(), due.encode())
            and secrets.compare_digest(challenge.encode(), kept.challenge.encode())
            and form.get("redirect_uri") == self.redirect_uri
        )
