"""The server as people run it: its settings, its headers, its answers to anyone who asks, its end."""

import base64
import gc
import hashlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest
from streamlit import config

from dashboard.access import PAGES
from dashboard.entry import app, errors, settings
from dashboard.entry.front_page import front_page

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from dashboard.entry.server import run; run(port=0, database_url=sys.argv[1], local=True)"


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(address):
    try:
        with urllib.request.build_opener(Stay).open(address, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server started in a folder whose own settings would open everything."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(
        '[client]\nshowErrorDetails = "full"\n[server]\naddress = "0.0.0.0"'
    )
    command = [sys.executable, "-c", RUN, f"sqlite:///{folder / 'figures.db'}"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        first = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert address, first + process.stdout.read()
        yield address[0]
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read()
        assert process.wait(timeout=20) in (0, -signal.SIGTERM)
        assert "Traceback" not in said


def test_it_says_that_it_is_well_and_no_more(server):
    status, headers, body = ask(server + "/healthz")
    assert status == 200
    assert json.loads(body) in [{"status": "ok", "data_version": 0, "reckoned": done} for done in (True, False)]
    assert headers["Cache-Control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path", ["/", "/turn_the_curve?indicator=S1", "/healthz", "/_stcore/health", "/nowhere", "/methods"]
)
def test_every_answer_carries_the_security_headers(server, path):
    _, headers, _ = ask(server + path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"https?:|wss?:|\*", policy)  # nothing from elsewhere
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_only_the_scripts_of_the_front_page_may_run_in_it(server):
    _, headers, page = ask(server + "/")
    allowed = re.search(r"script-src ([^;]*)", headers["Content-Security-Policy"])[1].split()
    inside = re.findall(r"<script>(.*?)</script>", page, re.S)
    prints = {f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in inside}
    assert prints
    assert set(allowed) == {"'self'", *prints}


def test_front_page_speaks_british_english_and_names_the_dashboard(server):
    _, _, page = ask(server + "/turn_the_curve")
    assert page == front_page()
    assert '<html lang="en-GB">' in page
    assert "<title>Early Help dashboard</title>" in page


def test_the_start_page_under_its_own_name_keeps_its_choices(server):
    status, headers, _ = ask(server + "/scorecard?area=E06000061")
    assert (status, headers["Location"]) == (307, "./?area=E06000061")


def test_a_folder_of_the_machine_cannot_loosen_the_settings(server):
    port = int(server.rsplit(":", 1)[1])
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        own = "127.0.0.2"  # a machine without a network: another address of its own
    with socket.socket() as s:
        s.settimeout(5)
        assert s.connect_ex((own, port)) != 0


def test_a_website_that_points_its_name_at_this_machine_is_turned_away(server):
    host, port = server.removeprefix("http://").split(":")
    lines = {
        "Host": "evil.example", "Origin": "http://evil.example", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
    }  # fmt: skip
    request = "GET /_stcore/stream HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(request.encode())
        assert s.recv(100).split()[1] == b"403"


def test_a_taken_port_is_an_error_and_not_a_second_server(server):
    from dashboard.entry.server import open_socket

    with pytest.raises(OSError, match="in use"):
        open_socket("127.0.0.1", int(server.rsplit(":", 1)[1]))


def test_small_answers_are_sent_at_once():
    """asyncio turns TCP_NODELAY on only for sockets made with the protocol spelled out."""
    from dashboard.entry.server import open_socket

    with open_socket("127.0.0.1", 0) as made:
        assert made.proto == socket.IPPROTO_TCP


# --- the sign-in of this machine -------------------------------------------------------------------------------------


def start(*more, environment=None, **changed):
    """What `run` says when it does not start."""
    given = {"port": 0, "local": True, **changed}
    code = f"from dashboard.entry.server import run; run(**{given!r})"
    done = subprocess.run([sys.executable, "-c", code, *more], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **(environment or {})})  # fmt: skip
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_without_sign_in_nothing_is_served(tmp_path):
    assert "Sign-in is not set up" in start(local=False, database_url=f"sqlite:///{tmp_path / 'x.db'}")
    assert not (tmp_path / "x.db").exists()
    file = tmp_path / "sign-in.toml"
    file.write_text('address = "https://eh.example"\nclient_secret = "hush"\n')
    said = start(local=False, environment={"EARLY_HELP_SIGN_IN": str(file)})
    assert "not complete" in said
    assert "hush" not in said


def test_any_server_that_asks_for_the_application_is_told_too(monkeypatch):
    from dashboard.entry import server
    from dashboard.identity import SignInError

    monkeypatch.delenv("EARLY_HELP_SIGN_IN", raising=False)
    with pytest.raises(SignInError, match="not set up"):
        _ = server.app
    with pytest.raises(AttributeError):
        _ = server.nothing


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_ready_users_are_not_for_other_machines(tmp_path, host):
    assert "only for this machine" in start(host=host, database_url=f"sqlite:///{tmp_path / 'x.db'}")


@pytest.mark.parametrize(("standing", "starts"), [("local", False), ("published", True)])
def test_ready_users_are_not_for_real_loads(tmp_path, standing, starts):
    from dashboard.entry.local_provider import local_sign_in
    from dashboard.identity import SignInError
    from dashboard.intake import read
    from dashboard.store import open_store

    row = b"measure,area,period,numerator,denominator,value\nlait:ReReferral,E06000061,2025/26,100,400,25.0\n"
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with open_store(url) as store:
        batch = read(row, file_name="own.csv")
        about = {"kind": "own", "file_name": "own.csv", "sha256": batch.sha256, "standing": standing}
        number = store.load(batch.figures, batch.refused, **about)
        if starts:
            made = local_sign_in(host="127.0.0.1", port=1, real_loads=store.has_real_loads)
            assert made.local
        else:
            assert "holds others" in start(database_url=url)
            with pytest.raises(SignInError, match="holds others"):
                local_sign_in(host="127.0.0.1", port=1, real_loads=store.has_real_loads)
            store.undo(number)
            assert local_sign_in(host="127.0.0.1", port=1, real_loads=store.has_real_loads).local


PROVIDER = "/local-sign-in/auditor/.well-known/openid-configuration"


def ask_as(server, path, **headers):
    request = urllib.request.Request(server + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def test_ready_users_are_for_those_who_come_from_this_machine_under_its_own_name(server):
    status, said = ask_as(server, PROVIDER)
    assert status == 200
    assert json.loads(said)["issuer"] == f"{server}/local-sign-in/auditor"
    for headers in (
        {"Host": "evil.example"},
        {"X_Forwarded_For": "10.0.0.9"},
        {"Forwarded": "for=10.0.0.9"},
        {"Via": "1.1 proxy"},
        {"X_Real_IP": "10.0.0.9"},
    ):
        assert ask_as(server, PROVIDER, **headers) == (403, "The local sign-in is closed.")
    assert ask_as(server, PROVIDER.replace("auditor", "king"))[0] == 404


def authorize(server, **changed):
    given = {
        "client_id": "early-help-local", "redirect_uri": f"{server}/oauth2callback", "response_type": "code",
        "state": "s", "nonce": "n", "code_challenge": "c", "code_challenge_method": "S256", **changed,
    }  # fmt: skip
    return ask_as(server, f"/local-sign-in/auditor/authorize?{urlencode(given)}")


def test_the_provider_sends_nobody_elsewhere_and_takes_no_half_requests(server):
    assert authorize(server)[0] == 303
    for changed in (
        {"redirect_uri": "https://evil.example/oauth2callback"},
        {"redirect_uri": f"{server}/oauth2callback/../x"},
        {"client_id": "other"},
        {"state": ""},
        {"nonce": ""},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
    ):
        assert authorize(server, **changed)[0] == 400


def test_a_code_is_worth_nothing_without_the_secret_that_only_the_server_has(server):
    body = urlencode({"code": "guess", "redirect_uri": f"{server}/oauth2callback"}).encode()
    request = urllib.request.Request(f"{server}/local-sign-in/auditor/token", data=body)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    assert refused.value.code == 400
    refused.value.close()


def test_a_forged_way_to_sign_in_leads_to_the_start(server):
    for path in ("/auth/login", "/auth/login?provider=auditor", "/oauth2callback?code=x&state=y"):
        status, headers, _ = ask(server + path)
        assert (status, headers["Location"]) == (302, "/")
        assert "_streamlit_user=" not in str(headers)


def test_the_other_name_of_this_machine_leads_to_the_one_that_people_sign_in_under(server):
    port = server.rsplit(":", 1)[1]
    status, headers, _ = ask(f"http://localhost:{port}/methods?show=agenda")
    assert (status, headers["Location"]) == (307, f"{server}/methods?show=agenda")


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_are_known_to_streamlit():
    for name, value in settings.read_settings().items():
        config.get_option(name)  # raises for a name that Streamlit does not know
        assert value is not None


def test_settings_that_users_need_are_in_force():
    found = settings.read_settings()
    assert found["client.showErrorDetails"] == "none"
    assert found["browser.gatherUsageStats"] is False
    assert found["server.fileWatcherType"] == "none"
    assert found["server.address"] == "127.0.0.1"
    assert found["server.enableXsrfProtection"] is True
    assert found["runner.enforceSerializableSessionState"] is True
    assert found["theme.primaryColor"] == "#12436D"


def test_without_the_settings_file_nothing_is_served(monkeypatch):
    monkeypatch.setattr(settings, "__file__", "/nowhere/a/b/settings.py")
    monkeypatch.setattr(settings, "files", lambda _: [])
    with pytest.raises(settings.SettingsMissing, match="install the dashboard again"):
        settings.settings_path()


# --- pages and errors ------------------------------------------------------------------------------------------------


def test_every_page_of_the_table_has_a_file_an_address_of_its_own_and_a_rule_who_may_open_it():
    pages = [page for _, page, _ in app.TABLE]
    assert len(set(pages)) == len(pages)
    assert all((app.PAGES / f"{page}.py").is_file() for page in pages)
    assert set(pages) == PAGES


def test_the_log_says_where_a_page_failed_but_not_with_what():
    def inner(secret):
        raise ValueError(f"cannot read {secret}")

    try:
        try:
            inner("Jane Doe")
        except ValueError as error:
            raise RuntimeError("Jane Doe again") from error
    except RuntimeError as error:
        said = errors.trace_without_data(error)
    assert said.startswith("RuntimeError")
    assert "because of ValueError" in said
    assert re.search(r"test_server\.py:\d+ inner", said)
    assert "Jane" not in said


def test_streamlits_own_log_of_an_error_is_kept_out(caplog, monkeypatch):
    logger = logging.getLogger("streamlit.error_util")
    monkeypatch.setattr(logger, "filters", [])
    errors.keep_data_out_of_the_log()
    with caplog.at_level(logging.ERROR):
        logger.error("Uncaught app execution", exc_info=ValueError("Jane Doe"))
        logger.error("something else")
    assert "Jane" not in caplog.text
    assert "something else" in caplog.text


# ---- what is reckoned before anybody asks


class Records:
    """In place of the store: how often its records changed."""

    version = 0

    def records_version(self) -> int:
        return self.version


@pytest.fixture
def reckoned(monkeypatch):
    """The server with records of one's own, and the versions at which they were reckoned."""
    from dashboard.entry import server

    records, seen = Records(), []
    monkeypatch.setattr(server, "_reckoned", None)
    monkeypatch.setattr(server, "the_store", lambda: records)
    monkeypatch.setattr(server.answers, "reckon", lambda: seen.append(records.version))
    return server, records, seen


def test_records_are_reckoned_at_the_start_and_again_only_when_they_change(reckoned):
    server, records, seen = reckoned
    known = server._reckon(None, threading.Event())
    known = server._reckon(known, threading.Event())
    assert seen == [0]
    records.version = 3  # a file was loaded, by this server or by the command line
    assert server._reckon(known, threading.Event()) == 3
    assert seen == [0, 3]


def test_the_log_says_that_records_cannot_be_reckoned_and_they_are_tried_again_when_they_change(
    reckoned, monkeypatch, caplog
):
    server, records, _ = reckoned
    monkeypatch.setattr(server.answers, "reckon", lambda: 1 / 0)
    with caplog.at_level(logging.ERROR, logger=server.log.name):
        assert server._reckon(None, threading.Event()) == 0
    assert "could not be reckoned" in caplog.text
    caplog.clear()
    assert server._reckon(0, threading.Event()) == 0
    assert caplog.text == ""
    records.version = 1
    assert server._reckon(0, threading.Event()) == 1
    assert "could not be reckoned" in caplog.text


def test_reckoning_ends_with_the_server(reckoned, monkeypatch):
    server, _, seen = reckoned
    stop = threading.Event()
    monkeypatch.setattr(server.answers, "reckon", lambda: (seen.append(0), stop.set()))
    server._reckoning(stop)  # comes back
    assert seen == [0]
    assert server._reckoned == 0


def test_figures_that_could_not_be_reckoned_do_not_stand_ready(reckoned, monkeypatch):
    server, _, _ = reckoned
    stop = threading.Event()

    def fails():
        stop.set()
        raise ValueError("one row cannot be read")

    monkeypatch.setattr(server.answers, "reckon", fails)
    server._reckoning(stop)
    assert server._reckoned is None


def test_what_is_kept_for_a_visitor_is_left_out_of_memory_cleaning_soon(reckoned, monkeypatch):
    server, _, _ = reckoned
    stop, answer, looks = threading.Event(), [["kept for a visitor"]], []

    def look(known, stop):
        looks.append(any(it is answer for it in gc.get_objects()))  # frozen objects are not among these
        monkeypatch.setattr(server.answers, "how_many_came", lambda: 1 if len(looks) < 3 else 2)
        if len(looks) == 4:
            stop.set()

    monkeypatch.setattr(server, "LOOKS", 0)
    monkeypatch.setattr(server, "_reckon", look)
    server._reckoning(stop)
    assert looks == [True, False, False, False]
