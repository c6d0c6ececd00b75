"""The server: the Streamlit app as an ASGI application, with start-up, security headers and a health check.

Any ASGI server can run `dashboard.entry.server:app`; `early-help serve` runs it with uvicorn through `run`.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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
from dashboard.entry.errors import keep_data_out_of_the_log, log, on_script_error, trace_without_data
from dashboard.entry.headers import SecurityHeaders
from dashboard.entry.settings import apply_settings, change_setting

ENTRY = Path(__file__).resolve().parent / "app.py"
DATABASE_URL = "EARLY_HELP_DATABASE_URL"


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
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, object]]:
    """What happens before the first visitor and after the last."""
    await asyncio.to_thread(_prepare)
    try:
        yield {}
    finally:
        gc.unfreeze()
        store = the_store()
        use_store(None)
        store.close()


async def healthz(request: Request) -> JSONResponse:
    """200 and the version of the data while the database answers, 503 when it does not. Says nothing else."""
    try:
        version = await asyncio.to_thread(lambda: the_store().version())
    except Exception as error:
        log.error("Health check failed: %s", type(error).__name__)
        answer, status = {"status": "the database does not answer"}, 503
    else:
        answer, status = {"status": "ok", "data_version": version}, 200
    return JSONResponse(answer, status_code=status, headers={"Cache-Control": "no-store"})


apply_settings()
keep_data_out_of_the_log()
app = st.App(
    ENTRY,
    lifespan=lifespan,
    middleware=[Middleware(SecurityHeaders)],
    routes=[Route("/healthz", healthz), *shapes.routes(), *front_page.routes()],
    on_script_error=on_script_error,
)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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


def run(*, host: str = "127.0.0.1", port: int = 8501, database_url: str | None = None, demo: bool = False) -> None:
    """Serve the dashboard until it is stopped (Ctrl+C or a termination signal); open pages get five seconds to finish.

    `database_url` is a SQLAlchemy address, default the one in `EARLY_HELP_DATABASE_URL`. `demo` marks the pages as
    showing sample data. `port` 0 takes a free one. Raises `OSError` where the port is taken or not allowed.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    if database_url is not None:
        os.environ[DATABASE_URL] = database_url
    if demo:
        os.environ[DEMO] = "1"
    listening = open_socket(host, port)
    port = listening.getsockname()[1]
    change_setting("server.address", host)
    change_setting("server.port", port)
    if is_loopback(host):
        # A website whose name points at this machine (DNS rebinding) is turned away.
        change_setting("server.allowedHosts", ["localhost", "127.0.0.1", "::1", host])
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # addresses and choices of visitors are not kept
        server_header=False,
        timeout_graceful_shutdown=5,
        ws_max_size=50 * 1024 * 1024,  # bytes; as `maxMessageSize` in the settings
    )
    shown = f"[{host}]" if ":" in host else host
    print(f"The dashboard is at http://{shown}:{port} (Ctrl+C stops it).", flush=True)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])
