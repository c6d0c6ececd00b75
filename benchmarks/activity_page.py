"""The Activity page asked for again, over many records and over few: a warm rerun must not know how many there are.

Two servers run as processes of their own, each on a database of its own: the invented county at two scales, loaded a
table at a time, its figures reckoned after, as the program does it; each in a Python of its own, so that what it took
of memory is given back. A visitor signed in as a data officer opens the page in both and asks for it again and again,
turn about, so that other work on the machine falls on both alike. Reading and reckoning happen once for each state of
the records; a rerun cuts its view out of what is kept. What loading, reckoning and the first page took is told beside
it. What the servers reckon behind other pages is left out: at a hundred counties the journeys between levels take more
memory than this page ever does.

    python -m benchmarks.activity_page [SMALL, 1] [LARGE, 10] [folder]

Databases are written to the folder, or read from it where they are there already. A scale of 100 needs 15 GB of disk
and most of an hour.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from benchmarks.session_client import Session, open_session, sign_in
from benchmarks.sessions import ROLE, our_server
from dashboard.access import PUBLISHED
from dashboard.answers import activity_shown, use_store
from dashboard.demo import prepare_demo
from dashboard.entry.server import LOOKS
from dashboard.store import open_store
from sample_data.invented.files import write_parquet

SCALES = (1.0, 10.0)  # times 24,000 assessments
MUST = 1.2  # times the rerun over few records, at most
ROUNDS, EACH = 10, 5  # reruns in turn; the median of all counts
PAGE = "activity"
ONLY = """
from dashboard import answers
from dashboard.access import PUBLISHED
from dashboard.answers import activity_shown
answers.reckon = lambda: activity_shown.reckon(PUBLISHED)
"""


def database(file: Path, scale: float) -> dict[str, object]:
    """A database of the invented county, its figures reckoned: `url`, `rows`, seconds of `load` and of `reckon`, and
    the most `gigabytes` that either took."""
    told = file.with_suffix(".json")
    if not told.exists():
        url = prepare_demo(file, records=0)
        found = {"url": url, "gigabytes": 0.0}
        for step in (partial(_load, scale=scale), _reckon):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                more = pool.submit(step, url).result()
            found |= more | {"gigabytes": max(found["gigabytes"], more["gigabytes"])}
        told.write_text(json.dumps(found))
    return json.loads(told.read_text())


def _load(url: str, scale: float) -> dict[str, float]:
    taken, rows = 0.0, 0
    with tempfile.TemporaryDirectory() as name, open_store(url) as store:
        for folder in write_parquet(Path(name), scale=scale):
            frame = pl.read_parquet(folder)
            if frame.height:
                about = {"kind": "cases", "standing": "invented", "file_name": folder.name, "sha256": folder.name}
                start = time.perf_counter()
                store.load_cases({folder.name: frame}, None, **about)
                taken, rows = taken + time.perf_counter() - start, rows + frame.height
    return {"load": taken, "rows": rows, "gigabytes": _peak()}


def _reckon(url: str) -> dict[str, float]:
    with open_store(url) as store:
        use_store(store)
        start = time.perf_counter()
        activity_shown.reckon(PUBLISHED)
        taken = time.perf_counter() - start
        use_store(None)
    return {"reckon": taken, "gigabytes": _peak()}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024 / 1e9


async def _reruns(addresses: list[str]) -> list[dict[str, float]]:
    """Of each server: `first` (milliseconds until the page stood), `rerun` (median), `elements` that the page sent."""
    sessions: list[Session] = []
    first = []
    for address in addresses:
        cookies = await sign_in(address, button=ROLE)
        start = time.perf_counter()
        sessions.append(await open_session(address, page=PAGE, cookies=cookies))
        first.append((time.perf_counter() - start) * 1000)
    await asyncio.sleep(2 * LOOKS)  # by then the servers leave what was kept for that page out of memory cleaning
    taken: list[list[float]] = [[] for _ in sessions]
    for _ in range(ROUNDS):
        for mine, session in zip(taken, sessions, strict=True):
            mine += [await session.rerun() for _ in range(EACH)]
    for session in sessions:
        await session.socket.close()
    return [
        {"first": one, "rerun": statistics.median(many), "elements": session.elements}
        for one, many, session in zip(first, taken, sessions, strict=True)
    ]


def run(scales: tuple[float, float] = SCALES, folder: Path | None = None) -> list[dict[str, object]]:
    """A row a scale."""
    with tempfile.TemporaryDirectory() as fresh, ExitStack() as servers:
        place = folder or Path(fresh)
        made = [database(place / f"{scale:g}.db", scale) | {"scale": scale} for scale in scales]
        addresses = [servers.enter_context(our_server(str(row["url"]), first=ONLY)) for row in made]
        return [row | took for row, took in zip(made, asyncio.run(_reruns(addresses)), strict=True)]


def main(scales: tuple[float, float] = SCALES, folder: Path | None = None) -> int:
    os.environ.pop("EARLY_HELP_DATABASE_URL", None)  # its own databases, whatever this machine serves otherwise
    results = run(scales, folder)
    head = ("rows", 12), ("load, s", 10), ("reckon, s", 11), ("peak, GB", 10), ("first page, ms", 16), ("rerun, ms", 11)
    print("".join(f"{name:>{wide}}" for name, wide in (*head, ("elements", 10))))
    for row in results:
        print(
            f"{row['rows']:12,}{row['load']:10.1f}{row['reckon']:11.1f}{row['gigabytes']:10.1f}"
            f"{row['first']:16.0f}{row['rerun']:11.1f}{row['elements']:10}"
        )
    ratio = results[1]["rerun"] / results[0]["rerun"]
    print(f"rerun over many records, times that over few: {ratio:.2f} (at most {MUST})")
    return 0 if ratio <= MUST else 1


if __name__ == "__main__":
    given = tuple(float(text) for text in sys.argv[1:3])
    sys.exit(main(given if len(given) == 2 else SCALES, Path(sys.argv[3]) if sys.argv[3:] else None))
