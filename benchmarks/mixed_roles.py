"""Twenty-five visitors of all roles at once, each going from page to page: no error, and nobody is told too much.

The server runs as `early-help demo` runs it, on the sample data and on figures with small counts among them. Each
visitor is signed in as one of the roles, opens page after page of the page table, also those closed to them, and every
message that arrives is looked through: for figures that are hidden, in digits or as the bytes of a number; for another
visitor's name; for a closed page that opens, and for an open one that does not.

    python -m benchmarks mixed_roles [--minutes 5]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import random
import statistics
import struct
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.disclosure_pages import NORTH, PAGES, PERIOD, WEST, database, small_figures
from benchmarks.session_client import PageFailed, Session, connected, sign_in
from benchmarks.sessions import START, our_server
from dashboard.access import ROLES
from dashboard.entry.app import TABLE
from dashboard.entry.local_provider import PEOPLE
from dashboard.entry.sign_in import FIRST

VISITORS = 25
MINUTES = 1.0
RECORDS = 0.05  # of the invented county, for the pages about early help's own work
PATIENCE = 90  # seconds for a page; the first to open one waits for all that is reckoned for it
CLOSED = b"This page is not open to you"
# Views of a page beside the one it opens with.
VIEWS = {
    "scorecard": [PAGES["scorecard"], f"area={WEST}&against=neighbours", "show=changed"],
    "turn_the_curve": [PAGES["turn_the_curve"], f"indicator=S1&area={WEST}", "indicator=V1&against=neighbours"],
    "area_map": [PAGES["area_map"], f"measure=held%3Arereferrals&level=council&year={PERIOD[0]}", "level=lsoa"],
}


def secrets() -> dict[str, bytes]:
    """What must never be sent: of each figure that is hidden, its count and value in digits, and as a number's bytes,
    plain or in base64 as charts carry them. Counts under 10 are found only beside their denominator, or by value."""
    made = {}
    hidden = {NORTH, WEST, "EHF01"}
    for row in small_figures().iter_rows(named=True):
        if row["group"] not in hidden:
            continue
        up, down, value = row["numerator"], row["denominator"], row["value"]
        spelled = {f"{up:,.0f} of {down:,.0f}", f"{value:.8g}"[:-1]} if down else set()
        spelled |= {f"{up:,.0f}", f"{up:.1f}"} if up > 99 else set()
        for text in spelled:
            made[f"{row['measure']} {row['group']}: {text}"] = text.encode()
        for number in ({value} if down else set()) | ({up} if up > 99 else set()):
            raw = struct.pack("<d", number)
            made[f"{row['measure']} {row['group']}: the bytes of {number}"] = raw
            for start in range(3):  # a number may begin anywhere in a group of three bytes; a letter holds six bits
                text = base64.b64encode(bytes(start) + raw)[-(-8 * start // 6) : (8 * start + 64) // 6]
                made[f"{row['measure']} {row['group']}: {number} in base64, {start}"] = text
    return made


@dataclass
class Visitor(Session):
    """A session that keeps what its last run sent."""

    role: str = ""
    heard: list[bytes] = field(default_factory=list)
    failed: PageFailed | None = None

    def finished(self, said: ForwardMsg) -> bool:
        self.heard.append(said.SerializeToString())
        try:
            finished = super().finished(said)
        except PageFailed as error:  # said at the end of this run, so that what follows is not taken for the next
            self.failed, finished = error, False
        if finished and self.failed is not None:
            raise self.failed
        return finished

    async def open(self, page: str, query: str) -> float:
        self.page, self.query, self.page_hash = "" if page == START else page, query, ""
        self.heard.clear()
        self.failed = None
        return await self.rerun()


@dataclass
class Found:
    """What went wrong, and how long each page took."""

    errors: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # milliseconds of open pages
    closed: Counter[str] = field(default_factory=Counter)


def look_through(visitor: Visitor, page: str, hidden: dict[str, bytes]) -> Iterator[str]:
    """What this visitor was told on this page that they must not be told, a sentence each."""
    heard, who = b"\x00".join(visitor.heard), f"{visitor.role} on {page}?{visitor.query}"
    for name, told in hidden.items():
        if told in heard:
            yield f"{who} was told {name}"
    for role, name in PEOPLE.items():
        if role != visitor.role and name.encode() in heard:
            yield f"{who} was shown the name of the {role}"
    if PEOPLE[visitor.role].encode() not in heard:
        yield f"{who} was not greeted by name"
    may = page in ROLES[visitor.role].pages
    if (CLOSED in heard) == may:
        yield f"{who}: the page was {'closed' if may else 'open'}"


async def visit(visitor: Visitor, until: float, hidden: dict[str, bytes], found: Found, chance: random.Random) -> None:
    pages = [page for _, page, _ in TABLE]
    while time.perf_counter() < until:
        page = chance.choice(pages)
        query = chance.choice(["", *VIEWS.get(page, [])])
        try:
            taken = await asyncio.wait_for(visitor.open(page, query), PATIENCE)
        except TimeoutError:  # whatever comes now belongs to a page that is given up: this visitor leaves
            found.errors.append(f"{visitor.role} on {page}?{query}: nothing for {PATIENCE} seconds")
            return
        except PageFailed as error:
            found.errors.append(f"{visitor.role} on {page}?{query}: {error}")
            continue
        if page in ROLES[visitor.role].pages:
            found.taken[page].append(taken)
        else:
            found.closed[page] += 1
        found.leaks += look_through(visitor, page, hidden)


async def drive(address: str, *, seconds: float, roles: Iterable[str]) -> Found:
    found, hidden, roles = Found(), secrets(), list(roles)
    cookies = {role: await sign_in(address, button=_button(role)) for role in dict.fromkeys(roles)}
    visitors = [Visitor(await connected(address, cookies[role]), role=role) for role in roles]
    print(f"{len(visitors)} visitors are signed in", flush=True)
    until = time.perf_counter() + seconds
    try:
        await asyncio.gather(
            *(visit(visitor, until, hidden, found, random.Random(number)) for number, visitor in enumerate(visitors))
        )
    finally:
        for visitor in visitors:
            await visitor.socket.close()
    return found


def _button(role: str) -> str:
    return f"Go on as a {FIRST}" if role == FIRST else f"{role[0].upper()}{role[1:]}"


def run(minutes: float) -> Found:
    with (
        tempfile.TemporaryDirectory() as name,
        our_server(database(Path(name) / "mixed.db", "invented", records=RECORDS)) as address,
    ):
        return asyncio.run(drive(address, seconds=minutes * 60, roles=islice(cycle(ROLES), VISITORS)))


def main() -> int:
    os.environ.pop("EARLY_HELP_DATABASE_URL", None)
    reader = argparse.ArgumentParser(prog="python -m benchmarks mixed_roles")
    reader.add_argument("--minutes", type=float, default=MINUTES)
    minutes = reader.parse_args().minutes
    found = run(minutes)
    print(f"{'page':20}{'opened':>8}{'closed':>8}{'median, ms':>12}{'longest, ms':>13}")
    for page in [page for _, page, _ in TABLE]:
        taken = found.taken[page] or [0.0]
        print(f"{page:20}{len(found.taken[page]):8,}{found.closed[page]:8,}", end="")
        print(f"{statistics.median(taken):12,.0f}{max(taken):13,.0f}")
    seen = sum(map(len, found.taken.values())) + found.closed.total()
    wrong = f"{len(found.errors)} errors, {len(found.leaks)} leaks"
    print(f"{VISITORS} visitors, {minutes:g} minutes: {seen:,} pages; {wrong}")
    for sentence in [*dict.fromkeys(found.errors), *dict.fromkeys(found.leaks)][:20]:
        print(f"  {sentence}")
    return int(bool(found.errors or found.leaks or not seen))


if __name__ == "__main__":
    raise SystemExit(main())
