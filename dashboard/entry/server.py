"""The server: the Streamlit app as an ASGI application, with start-up, sign-in, security headers and a health check.

Any ASGI server can run `dashboard.entry.server:app`, with the sign-in settings that `EARLY_HELP_SIGN_IN` names;
`early-help serve` runs it with uvicorn through `run`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pandas  # noqa: F401  # now, and whole: else two visitors' first charts import it at once, and one finds half of it
import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dashboard import answers
from dashboard.answers.keep import the_store, use_store
from dashboard.components.blocks import DEMO
from dashboard.entry import front_page, shapes
from dashboard.entry.app import TABLE
from dashboard.entry.door import BackToThePage, CloserCookies, OneName
from dashboard.entry.errors import keep_data_out_of_the_log, log, on_script_error, trace_without_data
from dashboard.entry.headers import SecurityHeaders
from dashboard.entry.local_provider import LocalProvider, local_sign_in
from dashboard.entry.settings import apply_settings, change_setting
from dashboard.identity import SETTINGS_FILE, SignIn, SignInError, is_loopback, read_sign_in, use_sign_in

ENTRY = Path(__file__).resolve().parent / "app.py"
DATABASE_URL = "EARLY_HELP_DATABASE_URL"
LONGEST_COOKIES = 65_536  # bytes
LOOKS = 5  # seconds from one look for new records to the next
_reckoned: int | None = None  # the version of the case records whose figures are kept


def _prepare() -> None:
    """Open the store, reckon the answers that most visitors ask for, and take all of it out of memory cleaning.

    After every run of a page Streamlit cleans the whole of memory; what is frozen here is not gone through again, which
    is most of a page's time.
    """
    store = the_store()
    try:
        answers.warm(store)
    except Exception as error:  # the page that asks the same will say so in words; the others still serve
        log.error("Answers could not be prepared: %s", trace_without_data(error))
    _leave_out_what_stands()


def _reckon(known: int | None, stop: threading.Event) -> int | None:
    """Reckon what case records come to, where they are not the `known` ones: a minute of work that visitors should not
    wait for. Gives the version of what was found: what failed is not tried again before the records change."""
    global _reckoned
    found = known
    try:
        found = the_store().records_version()
        if found != known:
            answers.reckon()
            _reckoned = found
    except Exception as error:
        if not stop.is_set():  # else the store was closed meanwhile
            log.error("The figures of case records could not be reckoned: %s", trace_without_data(error))
    return found


def _reckoning(stop: threading.Event) -> None:
    """Reckon at the start, and again whenever records came in or went, by whichever way they did; and leave out of
    memory cleaning what was kept since, by this or for a visitor."""
    global _reckoned
    known = _reckoned = left_out = None
    while not stop.is_set():
        known, came = _reckon(known, stop), answers.how_many_came()
        if came != left_out:
            _leave_out_what_stands()
            left_out = came
        stop.wait(LOOKS)


def _leave_out_what_stands() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, object]]:
    """What happens before the first visitor and after the last."""
    await asyncio.to_thread(_prepare)
    stop = threading.Event()
    # Nobody waits for it at the end: what it has not kept by then is reckoned at the next start.
    threading.Thread(target=_reckoning, args=(stop,), name="reckoning", daemon=True).start()
    try:
        yield {}
    finally:
        stop.set()
        gc.unfreeze()
        store = the_store()
        use_store(None)
        store.close()


async def healthz(request: Request) -> JSONResponse:
    """200, the version of the data, and whether the figures of its case records are reckoned, while the database
    answers; 503 when it does not. Says nothing else."""
    try:
        version, records = await asyncio.to_thread(lambda: the_store().versions()[:2])
    except Exception as error:
        log.error("Health check failed: %s", type(error).__name__)
        answer, status = {"status": "the database does not answer"}, 503
    else:
        answer, status = {"status": "ok", "data_version": version, "reckoned": records == _reckoned}, 200
    return JSONResponse(answer, status_code=status, headers={"Cache-Control": "no-store"})


NOT_SET_UP = (
    f"Sign-in is not set up: name its settings in {SETTINGS_FILE} (docs/deployment.md), or add --local-sign-in "
    "to look at published figures on this machine."
)


def _real_loads() -> bool:
    return the_store().has_real_loads()


def build(sign_in: SignIn | None) -> st.App:
    """The application with this way of signing in. Raises `SignInError` without one: nothing is served then."""
    if sign_in is None:
        raise SignInError(NOT_SET_UP)
    apply_settings()
    keep_data_out_of_the_log()
    use_sign_in(sign_in)
    # Streamlit makes its sign-in session before it knows of `secrets`: without this, each process would sign the
    # moments between login and callback with a key of its own.
    change_setting("server.cookieSecret", sign_in.cookie_secret)
    change_setting("server.trustedUserHeaders", {})  # no header says who somebody is, whatever the environment holds
    pages = [page for _, page, _ in TABLE]
    layers = [
        Middleware(SecurityHeaders),
        Middleware(BackToThePage, address=sign_in.address, pages=pages),
        Middleware(CloserCookies, seconds=max(1, int(sign_in.session_minutes * 60)), secure=sign_in.secure),
    ]
    routes = [Route("/healthz", healthz), *shapes.routes(), *front_page.routes()]
    if sign_in.local:
        layers.insert(1, Middleware(OneName, address=sign_in.address, pages=pages))
        routes += LocalProvider(sign_in, real_loads=_real_loads).routes()
    return st.App(
        ENTRY,
        lifespan=lifespan,
        middleware=layers,
        routes=routes,
        secrets=sign_in.secrets(),
        on_script_error=on_script_error,
    )


def __getattr__(name: str) -> st.App:
    """`app`, built when it is first asked for: only then must the sign-in settings be there."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = build(read_sign_in())
    return globals()["app"]


def _own_name(sign_in: SignIn) -> list[str]:
    """What visitors call this server, where a proxy on this machine passes their requests on."""
    return [name] if (name := urlsplit(sign_in.address).hostname) else []


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `OSError` where the port is taken or not allowed.

    Made with the protocol spelled out: only then does asyncio send small answers at once (TCP_NODELAY) instead of
    letting a lone visitor wait some 40 ms for each.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    return listening


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    database_url: str | None = None,
    demo: bool = False,
    local: bool = False,
) -> None:
    """Serve the dashboard until it is stopped (Ctrl+C or a termination signal); open pages get five seconds to finish.

    `database_url` is a SQLAlchemy address, default the one in `EARLY_HELP_DATABASE_URL`. `demo` marks the pages as
    showing sample data. `port` 0 takes a free one. `local`: the ready users of this machine instead of the sign-in
    settings. Raises `OSError` where the port is taken or not allowed, `SignInError` where nobody could sign in, or
    everybody could.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    if database_url is not None:
        os.environ[DATABASE_URL] = database_url
    if demo:
        os.environ[DEMO] = "1"
    # A connection may bring so many bytes of cookies: somebody in many groups has large ones.
    os.environ.setdefault("WEBSOCKETS_MAX_LINE_LENGTH", str(LONGEST_COOKIES))
    sign_in = None if local else read_sign_in()
    if not local and sign_in is None:
        raise SignInError(NOT_SET_UP)
    listening = open_socket(host, port)
    with listening:
        port = listening.getsockname()[1]
        if local:
            sign_in = local_sign_in(host=host, port=port, real_loads=_real_loads)
        application = build(sign_in)
        change_setting("server.address", host)
        change_setting("server.port", port)
        if is_loopback(host):
            # A website whose name points at this machine (DNS rebinding) is turned away.
            change_setting("server.allowedHosts", ["localhost", "127.0.0.1", "::1", host, *_own_name(sign_in)])
        config = uvicorn.Config(
            application,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,  # addresses and choices of visitors are not kept
            server_header=False,
            timeout_graceful_shutdown=5,
            ws_max_size=50 * 1024 * 1024,  # bytes; as `maxMessageSize` in the settings
        )
        address = sign_in.address if sign_in.local else f"http://{f'[{host}]' if ':' in host else host}:{port}"
        known = "" if address == sign_in.address else f", for visitors {sign_in.address}"
        print(f"The dashboard is at {address}{known} (Ctrl+C stops it).", flush=True)
        uvicorn.Server(config).run(sockets=[listening])
