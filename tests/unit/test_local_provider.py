"""What a code of the ready users' provider is bound to: role, server's secret, verifier, address, time."""

import base64
import hashlib
import time
from types import SimpleNamespace

import pytest

from dashboard.access import ROLES
from dashboard.entry.local_provider import PEOPLE, LocalProvider, _Code, local_sign_in, ready_grants
from dashboard.identity import checked

SETTINGS = local_sign_in(host="127.0.0.1", port=8501, real_loads=lambda: False)
PROVIDER = LocalProvider(SETTINGS, real_loads=lambda: False)
VERIFIER = "a verifier that only the server knows"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
GOOD = {
    "role": "auditor",
    "secret": SETTINGS.client_secret,
    "verifier": VERIFIER,
    "redirect_uri": "http://127.0.0.1:8501/oauth2callback",
    "age": 0,
}


def redeems(**changed) -> bool:
    given = {**GOOD, **changed}
    basic = base64.b64encode(f"early-help-local:{given['secret']}".encode()).decode()
    request = SimpleNamespace(headers={"authorization": f"Basic {basic}"})
    kept = _Code("auditor", "nonce", CHALLENGE, time.time() + 60 - given["age"])
    form = {"code_verifier": given["verifier"], "redirect_uri": given["redirect_uri"]}
    return PROVIDER._redeems(kept, request, given["role"], form)


def test_a_code_is_redeemed_by_the_server_that_asked_for_it():
    assert redeems() is True


@pytest.mark.parametrize(
    "changed",
    [
        {"role": "administrator"},
        {"secret": "guess"},
        {"secret": "é"},
        {"verifier": "guess"},
        {"verifier": ""},
        {"redirect_uri": "http://127.0.0.1:8502/oauth2callback"},
        {"age": 61},
    ],
)
def test_a_code_is_redeemed_in_no_other_way(changed):
    assert redeems(**changed) is False


def test_there_is_a_ready_user_of_every_role_and_its_settings_are_sound():
    assert set(PEOPLE) == set(ROLES) == set(ready_grants())
    assert checked(SETTINGS) is SETTINGS
    auth = SETTINGS.secrets()["auth"]
    assert auth["qamanager"]["server_metadata_url"].startswith("http://127.0.0.1:8501/local-sign-in/qamanager/")
    assert not [name for name in auth if "_" in name and name not in ("redirect_uri", "cookie_secret")]


def test_every_start_has_secrets_of_its_own():
    other = local_sign_in(host="127.0.0.1", port=8501, real_loads=lambda: False)
    assert len({SETTINGS.cookie_secret, SETTINGS.client_secret, other.cookie_secret, other.client_secret}) == 4
