"""The layers around the server's own routes: nothing from the outside leads elsewhere, and cookies stay close."""

import pytest

from dashboard.entry.door import BackToThePage, CloserCookies, OneName, wanted_page

OURS = "https://eh.example.gov.uk"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (f"{OURS}/", "/"),
        (f"{OURS}/audit", "/audit"),
        (f"{OURS}/audit?area=E06000061&show=a%20b", "/audit?area=E06000061&show=a%20b"),
        (f"{OURS}/audit#part", "/audit"),
        ("https://evil.example/audit", None),
        ("http://eh.example.gov.uk/audit", None),
        (f"{OURS}.evil.example/audit", None),
        (f"{OURS}@evil.example/audit", None),
        (f"{OURS}//evil.example", None),
        (f"{OURS}/\\evil.example", None),
        (f"{OURS}/audit/../x", None),
        (f"{OURS}/unknown", None),
        (f"{OURS}/audit?x=%0a\r\nSet-Cookie:b", None),
        (f"{OURS}/audit?x=<script>", None),
        (f"{OURS}/audit?{'x' * 1501}", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_only_our_own_pages_are_gone_back_to(asked, wanted):
    assert wanted_page(asked, address=OURS, pages=["audit"]) == wanted


def through(layer, path="/", *, status=302, answers=(), **headers):
    """What comes out of a layer around an application that answers so: status and headers."""
    sent = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(answers)})

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"", "scheme": "http",
        "server": ("localhost", 1), "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    with pytest.raises(StopIteration):  # nothing in the layers waits, so one step runs them to their end
        layer(application)(scope, None, send).send(None)
    return sent[0]["status"], [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]


def back(application):
    return BackToThePage(application, address=OURS, pages=["audit"])


def test_the_page_waits_in_a_short_cookie_that_only_the_callback_gets():
    _, found = through(back, "/auth/login", referer=f"{OURS}/audit?a=1")
    assert found == [
        (
            "set-cookie",
            'early_help_wanted="/audit?a=1"; Max-Age=600; Path=/oauth2callback; HttpOnly; SameSite=Lax; Secure',
        )
    ]


def test_after_the_callback_the_page_stands_in_place_of_the_start_and_the_cookie_is_gone():
    _, found = through(back, "/oauth2callback", answers=[(b"location", b"/")], cookie='early_help_wanted="/audit?a=1"')
    assert ("location", "/audit?a=1") in found
    assert any(name == "set-cookie" and "Max-Age=0" in value for name, value in found)


@pytest.mark.parametrize("kept", ["//evil.example", "https://evil.example/", "/unknown", "", '"/audit\\015\\012X: y"'])
def test_a_forged_cookie_leads_to_the_start(kept):
    _, found = through(back, "/oauth2callback", answers=[(b"location", b"/")], cookie=f"early_help_wanted={kept}")
    assert [value for name, value in found if name == "location"] == ["/"]


def test_a_way_to_the_provider_is_left_alone():
    answers = [(b"location", b"https://login.example/authorize")]
    _, found = through(back, "/oauth2callback", answers=answers, cookie="early_help_wanted=/audit")
    assert ("location", "https://login.example/authorize") in found


def test_sign_in_cookies_live_as_long_as_a_session_and_travel_on_https_alone():
    answers = [
        (b"set-cookie", b"_streamlit_user=x; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"),
        (b"set-cookie", b"_streamlit_session=x; path=/; httponly"),
        (b"set-cookie", b'_streamlit_user=""; Max-Age=0; Path=/'),
        (b"set-cookie", b"other=x"),
    ]
    _, found = through(lambda app: CloserCookies(app, seconds=60, secure=True), answers=answers)
    assert [value for _, value in found] == [
        "_streamlit_user=x; HttpOnly; Max-Age=60; Path=/; SameSite=lax; Secure",
        "_streamlit_session=x; path=/; httponly; Secure",
        '_streamlit_user=""; Max-Age=0; Path=/; Secure',
        "other=x",
    ]


@pytest.mark.parametrize(
    ("host", "path", "to"),
    [
        ("localhost:1", "/audit", "http://127.0.0.1:1/audit"),
        ("127.0.0.1:1", "/audit", None),
        ("evil.example:1", "/audit", None),
        ("localhost:1", "/healthz", None),
    ],
)
def test_another_name_of_this_machine_leads_to_ours(host, path, to):
    status, found = through(lambda app: OneName(app, address="http://127.0.0.1:1", pages=["audit"]), path, host=host)
    assert dict(found).get("location") == to
    assert status == (307 if to else 302)
