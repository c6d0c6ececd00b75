"""Where browsers fetch the outlines and colours of a map: once, for the address changes with the content."""

from __future__ import annotations

import gzip

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.components import shapes


async def _give(request: Request) -> Response:
    body = shapes.packed(request.path_params["name"])
    if body is None:
        return Response(status_code=404)
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return Response(body, media_type="application/geo+json", headers=headers)


def routes() -> list[Route]:
    """The address of map data; from here on pages send it instead of the data."""
    shapes.serve()
    return [Route(f"/{shapes.ADDRESS}/{{name}}.json", _give)]
