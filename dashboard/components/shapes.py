"""Map data that a browser fetches once and keeps, instead of getting it with every run of a page.

The server has an address for it (`dashboard.entry.shapes`). Where a page is run without that server, the data go with
the page itself.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections import OrderedDict
from typing import Any

ADDRESS = "shapes"  # the folder of addresses, beside the pages
LIMIT = 256  # held packed, some 50 kB each at most

_held: OrderedDict[str, bytes] = OrderedDict()
_lock = threading.Lock()
_served = False


def serve(on: bool = True) -> None:
    """Say that this process answers at `ADDRESS`."""
    global _served
    _served = on


def given(body: bytes) -> str | Any:
    """JSON as a map layer takes it: its address on this server, or the data themselves where no server answers.

    An address is made of the content, so whoever has not been shown a map cannot guess one.
    """
    if not _served:
        return json.loads(body)
    name = hashlib.sha256(body).hexdigest()[:40]
    with _lock:
        if name in _held:
            _held.move_to_end(name)
            return f"{ADDRESS}/{name}.json"
    packed = gzip.compress(body, 6, mtime=0)
    with _lock:
        _held[name] = packed
        while len(_held) > LIMIT:
            _held.popitem(last=False)
    return f"{ADDRESS}/{name}.json"


def packed(name: str) -> bytes | None:
    """What stands at an address (its last part without `.json`), packed with gzip; None if nothing does."""
    with _lock:
        return _held.get(name)
