"""The page that a browser gets first: Streamlit's own, with our title, language and the server's address in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.entry.app import NAME, TABLE

# At /turn_the_curve Streamlit's script would look for its server at /turn_the_curve/ first, and leave two errors in the
# browser's console before it tries /. Told where the server is, it asks once.
_ADDRESS = '<script>window.__streamlit = { BACKEND_BASE_URL: new URL("./", window.location.href).href }</script>'
_WITHOUT_SCRIPT = (
    "<noscript>This dashboard needs JavaScript. The same figures can be had on paper: ask for them.</noscript>"
)


@cache
def front_page() -> str:
    """Streamlit's `index.html` with our changes. What a later Streamlit may have renamed is left as it is."""
    text = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    for theirs, ours in (
        ('<html lang="en">', '<html lang="en-GB">'),
        ("<title>Streamlit</title>", f"<title>{NAME}</title>{_ADDRESS}"),
    ):
        text = text.replace(theirs, ours)
    return text


async def _show(request: Request) -> Response:
    return HTMLResponse(front_page(), headers={"Cache-Control": "no-cache"})


async def _to_start(request: Request) -> Response:
    """The start page under its own name is the start page: `/scorecard?area=…` → `/?area=…`."""
    return RedirectResponse(f"./?{request.url.query}" if request.url.query else "./", status_code=307)


def routes() -> list[BaseRoute]:
    """The addresses of the page table; whatever else is asked for goes to Streamlit."""
    (_, start, _), *others = TABLE
    return [
        Route("/", _show),
        Route(f"/{start}", _to_start),
        *(Route(f"/{page}", _show) for _, page, _ in others),
    ]
