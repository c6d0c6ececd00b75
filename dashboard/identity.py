"""How people sign in: the settings, read from a file and the environment and checked; and who somebody is who did."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dashboard.access import AGENCY, FORUM_AREA, ROLES, Grant, Scope

SETTINGS_FILE = "EARLY_HELP_SIGN_IN"  # path of a TOML file; what is secret may come from the environment instead
FROM_ENVIRONMENT = {
    "client_id": "EARLY_HELP_CLIENT_ID",
    "client_secret": "EARLY_HELP_CLIENT_SECRET",
    "cookie_secret": "EARLY_HELP_COOKIE_SECRET",
}
SHORTEST_SECRET = 32  # characters
LONGEST_SESSION = 24 * 60  # minutes
LEEWAY = 60  # seconds that the provider's clock may be ahead of ours


class SignInError(RuntimeError):
    """Sign-in cannot be used as it is set up; the message says in one sentence what to change, and holds no secret."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people sign in. `address` is what stands in their address bar; what is secret never shows in `repr`.

    `by_group`: a group as the provider names it → what its members are granted. `local`: the ready users of this
    machine, for sample and published figures only.
    """

    address: str
    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)
    cookie_secret: str = field(repr=False)
    session_minutes: float = 480.0
    group_claim: str = "groups"
    prompt: str = "select_account"
    scope: str = "openid profile email"
    by_group: Mapping[str, Grant] = field(default_factory=dict)
    local: bool = False

    @property
    def secure(self) -> bool:
        return self.address.startswith("https://")

    def secrets(self) -> dict[str, dict[str, object]]:
        """The settings as Streamlit takes them. No tokens are handed to the pages."""
        client = {"client_id": self.client_id, "client_secret": self.client_secret}
        common = {"redirect_uri": f"{self.address}/oauth2callback", "cookie_secret": self.cookie_secret}
        if self.local:  # a provider for each ready user: one click, and nothing more to choose
            each = {
                name_of_provider(role): {
                    **client,
                    "server_metadata_url": self.metadata_url.replace("{role}", name_of_provider(role)),
                }
                for role in ROLES
            }
            return {"auth": {**common, **each}}
        kwargs = {"scope": self.scope, "prompt": self.prompt}
        return {"auth": {**common, **client, "server_metadata_url": self.metadata_url, "client_kwargs": kwargs}}


def name_of_provider(role: str) -> str:
    """A role as Streamlit names a provider, and as it stands in an address: `QA manager` → `qamanager`."""
    return role.replace(" ", "").lower()


def sample_address(role: str) -> str:
    """The e-mail address of the ready user of a role: where the sample rounds of the questionnaire invite them."""
    return f"{name_of_provider(role)}@demo.example"


def checked(settings: SignIn) -> SignIn:
    """The settings as given. Raises `SignInError` for what would not work or would not be safe."""
    for name, url in (("address", settings.address), ("metadata_url", settings.metadata_url)):
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SignInError(f"Sign-in setting {name} must be a whole address such as https://….")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise SignInError(f"Sign-in setting {name} must begin with https:// unless it is this machine.")
    if settings.address != "{0.scheme}://{0.netloc}".format(urlsplit(settings.address)):
        raise SignInError("Sign-in setting address is scheme and host only, without a path or a final slash.")
    if any(f"/{word}/" in settings.metadata_url for word in ("common", "organizations", "consumers")):
        raise SignInError("Sign-in setting metadata_url must name one tenant: /common/ would let anyone in.")
    if "openid" not in settings.scope.split():
        raise SignInError("Sign-in setting scope must contain openid.")
    if len(settings.cookie_secret) < SHORTEST_SECRET:
        raise SignInError(f"Sign-in setting cookie_secret must be at least {SHORTEST_SECRET} random characters.")
    if not 0 < settings.session_minutes <= LONGEST_SESSION:
        raise SignInError(f"Sign-in setting session_minutes must be above 0 and at most {LONGEST_SESSION:,}.")
    for group, grant in settings.by_group.items():
        _check_grant(f"Sign-in setting roles, group {group!r}", grant)
    return settings


def _check_grant(where: str, grant: Grant) -> None:
    role = ROLES.get(grant.role)
    if role is None:
        raise SignInError(f"{where}: there is no role {grant.role!r}; the roles are {', '.join(ROLES)}.")
    for kind, held, key in ((AGENCY, grant.agency, "agency"), (FORUM_AREA, grant.forum_area, "forum_area")):
        if role.held_to == kind and not held:
            raise SignInError(f"{where}: {grant.role} is held to one {kind}; please name it with {key}.")
        if role.held_to != kind and held:
            raise SignInError(f"{where}: {grant.role} is not held to one {kind}; please leave {key} out.")


def check_grant(grant: Grant) -> Grant:
    """The grant as given. Raises `SignInError` for an unknown role, and for one without what it is held to."""
    _check_grant("This role cannot be given", grant)
    return grant


def read_sign_in(environ: Mapping[str, str] = os.environ) -> SignIn | None:
    """The settings that the environment names, None where it names none. Raises `SignInError`."""
    path = environ.get(SETTINGS_FILE)
    if not path:
        return None
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SignInError(f"The sign-in settings {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # of TOML or of its letters
        raise SignInError(f"The sign-in settings {path} are not a TOML file as it should be: {error}.") from None
    groups = table.pop("roles", {})
    given = {**table, **{key: environ[name] for key, name in FROM_ENVIRONMENT.items() if environ.get(name)}}
    try:
        by_group = {str(group): Grant(**grant) for group, grant in groups.items()}
        return checked(SignIn(**{"local": False, **_of_right_kind(given)}, by_group=by_group))
    except (TypeError, AttributeError) as error:  # missing or misspelt: the message names the setting and no value
        said = str(error).replace("SignIn.__init__()", "they").replace("Grant.__init__()", "a line under [roles]")
        raise SignInError(f"The sign-in settings {path} are not complete: {said}.") from None


def _of_right_kind(given: Mapping[str, object]) -> dict[str, object]:
    if "local" in given:
        raise SignInError("There is no sign-in setting local: the local sign-in is chosen when the server is started.")
    for key, value in given.items():
        wanted = (int, float) if key == "session_minutes" else (str,)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise SignInError(f"Sign-in setting {key} must be {'a number' if wanted != (str,) else 'text'}.")
    return dict(given)


_the_sign_in: SignIn | None = None


def the_sign_in() -> SignIn | None:
    """How people sign in to this process, None before the server has said so: then nobody is let in."""
    return _the_sign_in


def use_sign_in(settings: SignIn | None) -> None:
    """People sign in so from now on (a server's start, a test)."""
    global _the_sign_in
    _the_sign_in = settings


# --- the person who signed in ----------------------------------------------------------------------------------------

OUT, ENDED, UNKNOWN, IN, CLOSED = "out", "ended", "unknown", "in", "closed"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is here. `state`: not signed in (`OUT`), no longer (`ENDED`), without a role (`UNKNOWN`), `IN`, or sign-in is
    not to be had here (`CLOSED`). `until` is a Unix time; `session` names one sign-in, in whichever tab it is used.
    """

    state: str
    scopes: tuple[Scope, ...] = ()
    name: str = ""
    person: str = ""
    until: float = 0.0
    session: str = ""


def person_of(claims: Mapping[str, object]) -> str:
    """Issuer and subject: the only pair that a provider promises never to give to somebody else (OpenID Connect
    Core 1.0, section 5.7). An e-mail address is not one."""
    return f"{claims.get('iss', '')}#{claims.get('sub', '')}"


def name_of(claims: Mapping[str, object]) -> str:
    """What to call a person, on one line, without the marks that set the identity off in a signature."""
    said = str(claims.get("name") or claims.get("email") or claims.get("sub") or "")
    return " ".join(said.replace("<", " ").replace(">", " ").split())[:80] or "Somebody"


def email_of(claims: Mapping[str, object]) -> str:
    """The address that the provider gives, "" where it gives none or says that it did not check it.

    It finds an invitation and nothing more: addresses are given to others one day (see `person_of`).
    """
    said = claims.get("email")
    checked = claims.get("email_verified", True) in (True, "true")
    return said.strip().casefold()[:320] if isinstance(said, str) and "@" in said and checked else ""


def groups_of(claims: Mapping[str, object], *, claim: str) -> frozenset[str]:
    """The groups in a claim. One string and a list are both met; anything else counts for nothing."""
    found = claims.get(claim)
    if isinstance(found, str):
        return frozenset({found})
    if isinstance(found, list | tuple):
        return frozenset(item for item in found if isinstance(item, str))
    return frozenset()


def issued_at(claims: Mapping[str, object]) -> float | None:
    """When the provider signed this sign-in, a Unix time; None where it does not say."""
    issued = claims.get("iat")
    return float(issued) if isinstance(issued, int | float) and not isinstance(issued, bool) else None


def session_of(claims: Mapping[str, object]) -> str:
    """One sign-in, whichever tab it is used in: a hash of the nonce that was sent for it."""
    token = f"{person_of(claims)}|{claims.get('nonce') or ''}|{claims.get('iat')}"
    return hashlib.sha256(token.encode()).hexdigest()
