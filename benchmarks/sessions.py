"""Pages against a default Streamlit app that shows one word: alone, and with twenty-five visitors at once.

Both servers run as processes of their own on this machine and are asked over their websocket, as a browser asks. What
counts is the ratio between the two in one run; milliseconds differ from machine to machine.

    python -m benchmarks.sessions [PAGE …]
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.session_client import drive, sign_in

PAGES = ("scorecard", "turn_the_curve", "load_data", "methods")
ROLE = "Data officer"  # the button of a ready user who opens all of them
START = "scorecard"  # the page at the root of the site
VISITORS = 25
ALONE, TOGETHER = 1.5, 4.0  # seconds of each measurement
PATIENCE = 90  # seconds for a server to come up
RECKONING = 3_600  # seconds for what it reckons behind its pages

_OURS = (
    "import sys; from dashboard.entry.server import run; "
    "run(port=int(sys.argv[1]), database_url=sys.argv[2], local=True)"
)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def _served(command: list[str], *, folder: Path, address: str, health: str) -> Iterator[str]:
    """The server of this command while it is needed; ended by its own process id, whatever happens."""
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + PATIENCE
        while not _answers(address + health):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def default_app() -> Iterator[str]:
    """An app of one word, run with `streamlit run` as it comes, away from our settings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "word.py").write_text('import streamlit as st\n\nst.write("word")\n')
        port = _free_port()
        command = [sys.executable, "-m", "streamlit", "run", "word.py", "--server.headless=true"]
        command += [f"--server.port={port}", "--server.address=127.0.0.1"]
        with _served(command, folder=folder, address=f"http://127.0.0.1:{port}", health="/_stcore/health") as address:
            yield address


@contextmanager
def our_server(database_url: str | None = None, *, first: str = "") -> Iterator[str]:
    """Our server as `early-help serve` runs it, on the sample data unless a database is given; from the moment when it
    does nothing but serve. `first`: what is run in it before it starts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if database_url is None:
            from dashboard.demo import prepare_demo

            database_url = prepare_demo(folder / "sample.db", records=0)
        port = _free_port()
        command = [sys.executable, "-c", f"{first}\n{_OURS}", str(port), database_url]
        with _served(command, folder=folder, address=f"http://127.0.0.1:{port}", health="/healthz") as address:
            _wait_until_reckoned(address)
            yield address


def _wait_until_reckoned(address: str) -> None:
    """Wait until a server has reckoned all that it reckons behind its pages.

    Raises `RuntimeError` where that takes more than `RECKONING` seconds.
    """
    end = time.monotonic() + RECKONING
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answer:
            if json.load(answer)["reckoned"]:
                return
        time.sleep(1)
    raise RuntimeError(f"The figures of {address} were not reckoned within {RECKONING} seconds.")


def _measure(address: str, page: str, *, alone: float, together: float, cookies: str = "") -> tuple[float, float]:
    """Median milliseconds of a rerun alone; reruns per second with all visitors."""
    first, _ = asyncio.run(drive(address, page=page, visitors=1, seconds=alone, cookies=cookies))
    _, rate = asyncio.run(drive(address, page=page, visitors=VISITORS, seconds=together, cookies=cookies))
    return statistics.median(first), rate


def run(
    pages: Sequence[str] = PAGES,
    *,
    database_url: str | None = None,
    alone: float = ALONE,
    together: float = TOGETHER,
) -> list[dict[str, object]]:
    """Two rows a page: `name`, `ours`, `theirs`, `ratio` (ours / theirs), `must` (what the ratio must be, or empty).

    The servers are measured one after the other, never at the same time.
    """
    with default_app() as address:
        their_ms, their_rate = _measure(address, "", alone=alone, together=together)
    rows: list[dict[str, object]] = []
    with our_server(database_url) as address:
        who = asyncio.run(sign_in(address, button=ROLE))
        for page in pages:
            at = "" if page == START else page
            ms, rate = _measure(address, at, alone=alone, together=together, cookies=who)
            rows.append(_row(f"{page}: rerun alone, median ms", ms, their_ms, "at most 1"))
            must = "at least 1" if page == START else ""
            rows.append(_row(f"{page}: reruns per second, {VISITORS} visitors", rate, their_rate, must))
    return rows


def _row(name: str, ours: float, theirs: float, must: str) -> dict[str, object]:
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": ours / theirs, "must": must}


def holds(row: dict[str, object]) -> bool:
    """Whether a row is as it must be."""
    ratio, must = row["ratio"], row["must"]
    return not must or (ratio <= 1 if must == "at most 1" else ratio >= 1)


def main() -> int:
    os.environ.pop("EARLY_HELP_DATABASE_URL", None)  # the sample data, whatever this machine serves otherwise
    rows = run(sys.argv[1:] or PAGES)
    print(f"{'':58}{'ours':>9}{'default':>9}{'ratio':>8}  must be")
    for row in rows:
        said = row["must"] and f"{row['must']}{'' if holds(row) else '  FAILED'}"
        print(f"{row['name']:58}{row['ours']:9.1f}{row['theirs']:9.1f}{row['ratio']:8.2f}  {said}")
    return 0 if all(map(holds, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
