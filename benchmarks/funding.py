"""A weight moved on the page “Need and funding”, timed beside the rerun of the same page with nothing changed.

Both are asked over the websocket of a server of its own, turn about, so that a busy machine slows both. Each move is to
weights that nobody has asked for before, so the allocation, its stability over 1,000 weightings and its pictures are
reckoned anew; only the domain scores of the small areas are kept.

    python -m benchmarks.funding
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys

from benchmarks.session_client import Session, open_session, sign_in
from benchmarks.sessions import our_server
from dashboard.answers.scenarios import example, move, tenths

PAGE = "need_and_funding"
MUST = 2.0  # a weight moved takes at most so many times as long
RUNS = 40


def run(*, database_url: str | None = None, runs: int = RUNS) -> list[dict[str, object]]:
    """One row: name, moved_ms, unchanged_ms, ratio (moved over unchanged), must (the highest ratio allowed)."""
    with our_server(database_url) as address:
        pairs = asyncio.run(_pairs(address, runs))
    moved, unchanged = (statistics.median(times) for times in zip(*pairs, strict=True))
    name = "A weight moved, against nothing changed"
    return [{"name": name, "moved_ms": moved, "unchanged_ms": unchanged, "ratio": moved / unchanged, "must": MUST}]


async def _pairs(address: str, runs: int) -> list[tuple[float, float]]:
    """(Milliseconds with a weight moved, milliseconds with nothing changed), once unmeasured before."""
    session = await open_session(address, page=PAGE, cookies=await sign_in(address, button="Commissioner"))
    start = tenths(example().model)
    try:
        await _asked(session, start)
        pairs = []
        for turn in range(runs):
            weights = move(start, turn % len(start), 200 + 7 * turn)
            moved = await _asked(session, weights)
            pairs.append((moved, await _asked(session, weights)))
        return pairs
    finally:
        await session.socket.close()


async def _asked(session: Session, weights: tuple[int, ...]) -> float:
    session.query = f"weights={'-'.join(map(str, weights))}"
    return await session.rerun()


def main() -> int:
    os.environ.pop("EARLY_HELP_DATABASE_URL", None)  # the sample data, whatever this machine serves otherwise
    rows = run()
    print(f"{'':42}{'moved, ms':>11}{'unchanged, ms':>15}{'times':>8}{'must':>8}")
    for row in rows:
        print(
            f"{row['name']:42}{row['moved_ms']:11.1f}{row['unchanged_ms']:15.1f}{row['ratio']:8.2f}"
            f"{'≤ ' + str(row['must']):>8}"
        )
    return 0 if all(row["ratio"] <= row["must"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
