"""What the server does about sign-in outside the pages: three small ASGI layers around Streamlit's own routes."""

from __future__ import annotations

import re
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.identity import is_loopback

LOGIN, CALLBACK = "/auth/login", "/oauth2callback"
WANTED = "early_help_wanted"  # the cookie that keeps the page somebody asked for while they sign in
WANTED_SECONDS = 600
_QUERY = re.compile(r"[A-Za-z0-9_.~%+=&\-]{0,1500}")


def wanted_page(asked: str, *, address: str, pages: Collection[str]) -> str | None:
    """The page with its query that a person was on, if it is one of ours; else None.

    Built anew from checked parts, so that nothing from the outside can lead elsewhere (open redirect) or into a header.
    """
    try:
        parts = urlsplit(asked)
    except ValueError:
        return None
    if f"{parts.scheme}://{parts.netloc}" != address:
        return None
    page = parts.path.removeprefix("/")
    if (page and page not in pages) or not _QUERY.fullmatch(parts.query):
        return None
    return f"/{page}" + (f"?{parts.query}" if parts.query else "")


class BackToThePage:
    """After sign-in the browser returns to the page it came from, with its query, instead of the first page.

    The page goes by `Referer` to the login, waits in a cookie of ten minutes that only the callback is sent, and takes
    the place of the first page in the callback's redirect.
    """

    def __init__(self, app: ASGIApp, *, address: str, pages: Collection[str]) -> None:
        self.app, self.address, self.pages = app, address, frozenset(pages)
        self.secure = "; Secure" if address.startswith("https://") else ""

    def _cookie(self, value: str, *, seconds: int) -> str:
        coded = SimpleCookie({WANTED: value})[WANTED].coded_value
        return f"{WANTED}={coded}; Max-Age={seconds}; Path={CALLBACK}; HttpOnly; SameSite=Lax{self.secure}"

    def _kept(self, headers: Headers) -> str | None:
        try:
            kept = SimpleCookie(headers.get("cookie", "")).get(WANTED)
        except CookieError:
            return None
        return wanted_page(self.address + kept.value, address=self.address, pages=self.pages) if kept else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if scope["type"] != "http" or path not in {LOGIN, CALLBACK}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if path == LOGIN:
            page = wanted_page(headers.get("referer", ""), address=self.address, pages=self.pages)
        else:
            page = self._kept(headers)

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start" and page is not None:
                out = MutableHeaders(scope=message)
                if path == LOGIN:
                    out.append("set-cookie", self._cookie(page, seconds=WANTED_SECONDS))
                elif out.get("location") == "/":
                    out["location"] = page
                    out.append("set-cookie", self._cookie("", seconds=0))
            await send(message)

        await self.app(scope, receive, changed)


class CloserCookies:
    """Streamlit's sign-in cookies live 30 days and lack `Secure`: here as long as a session, and `Secure` on https."""

    def __init__(self, app: ASGIApp, *, seconds: int, secure: bool) -> None:
        self.app, self.seconds, self.secure = app, seconds, secure

    def _closer(self, cookie: str) -> str:
        if cookie.startswith("_streamlit_user") and "Max-Age=0" not in cookie:
            cookie = re.sub(r"(?i)max-age=\d+", f"Max-Age={self.seconds}", cookie)
        if self.secure and cookie.startswith("_streamlit") and "secure" not in cookie.lower():
            cookie += "; Secure"
        return cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, self._closer(value.decode("latin-1")).encode("latin-1") if name == b"set-cookie" else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        await self.app(scope, receive, changed if scope["type"] == "http" else send)


class OneName:
    """`localhost` and `127.0.0.1` are two visitors to a browser: whoever comes by the other name is sent to ours, since
    a sign-in begun under one would end under the other. Only between names of this machine."""

    def __init__(self, app: ASGIApp, *, address: str, pages: Collection[str]) -> None:
        self.app, self.ours, self.paths = app, urlsplit(address).netloc, {"/", *(f"/{page}" for page in pages)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in self.paths:
            url = URL(scope=scope)
            if (
                url.netloc != self.ours
                and is_loopback(url.hostname or "")
                and is_loopback(urlsplit(f"//{self.ours}").hostname or "")
            ):
                await RedirectResponse(url.replace(netloc=self.ours), status_code=307)(scope, receive, send)
                return
        await self.app(scope, receive, send)
