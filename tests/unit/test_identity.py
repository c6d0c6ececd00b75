"""Sign-in settings: read, checked, refused with one sentence that holds no secret; what a provider's claims mean."""

from dataclasses import replace

import pytest

from dashboard.access import Grant
from dashboard.identity import (
    SignIn,
    SignInError,
    checked,
    groups_of,
    is_loopback,
    issued_at,
    name_of,
    person_of,
    read_sign_in,
    session_of,
)  # fmt: skip

GOOD = SignIn(
    address="https://eh.example.gov.uk",
    metadata_url="https://login.example/tenant/v2.0/.well-known/openid-configuration",
    client_id="a",
    client_secret="b",
    cookie_secret="c" * 32,
)
FILE = """
address = "https://eh.example.gov.uk"
metadata_url = "https://login.example/tenant/v2.0/.well-known/openid-configuration"
client_id = "early-help"
session_minutes = 60

[roles]
"0a1b" = { role = "QA manager" }
"2c3d" = { role = "agency lead", agency = "school" }
"""
SECRETS = {"EARLY_HELP_CLIENT_SECRET": "s3cret", "EARLY_HELP_COOKIE_SECRET": "k" * 40}


def read(tmp_path, text=FILE, **more):
    file = tmp_path / "sign-in.toml"
    file.write_text(text)
    return read_sign_in({"EARLY_HELP_SIGN_IN": str(file), **SECRETS, **more})


def test_settings_come_from_a_file_and_what_is_secret_from_the_environment(tmp_path):
    found = read(tmp_path)
    assert (found.address, found.session_minutes) == ("https://eh.example.gov.uk", 60)
    assert (found.client_secret, found.cookie_secret) == ("s3cret", "k" * 40)
    assert found.by_group == {"0a1b": Grant("QA manager"), "2c3d": Grant("agency lead", agency="school")}
    auth = found.secrets()["auth"]
    assert auth["redirect_uri"] == "https://eh.example.gov.uk/oauth2callback"
    assert "openid" in auth["client_kwargs"]["scope"]
    assert "expose_tokens" not in auth


def test_without_settings_there_is_no_sign_in():
    assert read_sign_in({}) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "http://eh.example.gov.uk"}, "https"),
        ({"address": "https://eh.example.gov.uk/"}, "slash"),
        ({"address": "https://eh.example.gov.uk/app"}, "without a path"),
        ({"address": "eh.example.gov.uk"}, "whole address"),
        ({"metadata_url": "https://login.example/common/v2.0/x"}, "tenant"),
        ({"metadata_url": "https://login.example/organizations/v2.0/x"}, "tenant"),
        ({"metadata_url": "http://login.example/x"}, "https"),
        ({"cookie_secret": "c" * 31}, "32"),
        ({"scope": "profile email"}, "openid"),
        ({"session_minutes": 0}, "session_minutes"),
        ({"session_minutes": 1441}, "session_minutes"),
        ({"by_group": {"g": Grant("king")}}, "king"),
        ({"by_group": {"g": Grant("agency lead")}}, "held to one agency"),
        ({"by_group": {"g": Grant("coordinator")}}, "forum area"),
        ({"by_group": {"g": Grant("commissioner", agency="school")}}, "leave agency out"),
    ],
)
def test_what_would_not_be_safe_is_refused(change, words):
    assert checked(GOOD) is GOOD
    with pytest.raises(SignInError, match=words):
        checked(replace(GOOD, **change))


def test_http_is_taken_for_this_machine_alone():
    assert checked(replace(GOOD, address="http://localhost:8501")).secure is False
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org", "10.0.0.1")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FILE.replace('client_id = "early-help"\n', ""), "client_id"),
        (FILE + 'king = "x"\n', "AttributeError|must|not complete"),
        (FILE.replace("session_minutes = 60", 'session_minutes = "60"'), "session_minutes must be a number"),
        (FILE.replace("session_minutes = 60", "sesion_minutes = 60"), "sesion_minutes"),
        (FILE.replace("session_minutes = 60", "local = true"), "no sign-in setting local"),
        (FILE.replace("agency =", "agentcy ="), "agentcy"),
        ("address = ", "TOML"),
    ],
)
def test_a_fault_in_the_file_is_named_without_values(tmp_path, text, words):
    with pytest.raises(SignInError, match=words) as raised:
        read(tmp_path, text)
    assert not any(value in str(raised.value) for value in (*SECRETS.values(), "early-help"))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SignInError, match="cannot be read"):
        read_sign_in({"EARLY_HELP_SIGN_IN": str(tmp_path / "none.toml")})


def test_secrets_do_not_show_when_settings_are_printed():
    shown = repr(replace(GOOD, client_secret="hush"))
    assert "cccc" not in shown
    assert "hush" not in shown


# --- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        (["a", "b"], {"a", "b"}),
        ("a", {"a"}),
        ({"a": 1}, set()),
        (["a", 7, None], {"a"}),
        (None, set()),
    ],
)
def test_groups_are_text_or_a_list_of_it(claim, groups):
    assert groups_of({"groups": claim}, claim="groups") == groups


def test_a_person_is_issuer_and_subject_and_never_an_address():
    signed = {"iss": "https://a.example", "sub": "1", "email": "x@y.example", "name": "Ann"}
    assert person_of(signed) == "https://a.example#1"
    assert person_of({**signed, "email": "other@y.example"}) == person_of(signed)
    assert person_of({**signed, "iss": "https://b.example"}) != person_of(signed)


def test_a_name_is_one_line_that_cannot_pass_for_a_signature():
    assert name_of({"name": "Ann\n<https://a.example#2>"}) == "Ann https://a.example#2"
    assert name_of({"sub": "7"}) == "7"
    assert name_of({}) == "Somebody"
    assert len(name_of({"name": "x" * 500})) == 80


def test_each_sign_in_is_a_session_of_its_own():
    signed = {"iss": "i", "sub": "s", "nonce": "n", "iat": 1}
    assert session_of(signed) == session_of(dict(signed))
    assert len({session_of({**signed, key: "x"}) for key in signed} | {session_of(signed)}) == 5
    assert session_of(signed).isalnum()


@pytest.mark.parametrize(("iat", "moment"), [(5, 5.0), (5.5, 5.5), (True, None), ("5", None), (None, None)])
def test_when_a_sign_in_was_signed(iat, moment):
    assert issued_at({"iat": iat}) == moment
