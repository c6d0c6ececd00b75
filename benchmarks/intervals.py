"""Wilson and Byar limits on 100,000 rows, timed beside PHStatsMethods 0.1.16 in the same run.

    python benchmarks/intervals.py

Needs the `bench` extra. The official package takes about 14 seconds for each, so it is timed once; ours is the median
of several runs.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
from PHStatsMethods import ph_proportion, ph_rate

from metrics.intervals import byar, wilson

ROWS = 100_000
MUST = 1_000  # times faster
OURS_RUNS = 15


def figures(rows: int = ROWS) -> pl.DataFrame:
    """Invented counts: a fifth below 10, where the exact limits are needed; none is 0, at which the other fails."""
    random = np.random.default_rng(20_200_101)
    many = random.integers(10, 5_000, rows)
    count = np.where(random.random(rows) < 0.2, random.integers(1, 10, rows), many)
    return pl.DataFrame({"count": count, "people": count + random.integers(1, 50_000, rows)})


def run(rows: int = ROWS) -> list[dict[str, object]]:
    """A row a method: name, ours_seconds, theirs_seconds, ratio (theirs over ours), must (the least ratio wanted)."""
    ours = figures(rows)
    theirs = pd.DataFrame(ours.to_dict(as_series=False))
    pairs: list[tuple[str, Callable[[], pl.DataFrame], Callable[[], object]]] = [
        (
            "Wilson",
            lambda: ours.select(wilson("count", "people")),
            lambda: ph_proportion(theirs, "count", "people", confidence=0.95),
        ),
        (
            "Byar",
            lambda: ours.select(byar("count", "people", multiplier=100_000)),
            lambda: ph_rate(theirs, "count", "people", confidence=0.95),
        ),
    ]
    results = []
    for name, mine, other in pairs:
        mine()  # once unmeasured: polars starts its threads, the table of exact limits fills
        ours_seconds = statistics.median(_seconds(mine) for _ in range(OURS_RUNS))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the other package's, about pandas
            theirs_seconds = _seconds(other)
        results.append(
            {
                "name": f"{name}, {rows:,} rows",
                "ours_seconds": ours_seconds,
                "theirs_seconds": theirs_seconds,
                "ratio": theirs_seconds / ours_seconds,
                "must": MUST,
            }
        )
    return results


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    print(f"{'':24}{'ours, ms':>10}{'PHStatsMethods, s':>20}{'times':>10}{'must':>8}")
    results = run()
    for row in results:
        ours, theirs = row["ours_seconds"] * 1_000, row["theirs_seconds"]
        print(f"{row['name']:24}{ours:10.2f}{theirs:20.2f}{row['ratio']:10,.0f}{row['must']:8,}")
    return 0 if all(row["ratio"] >= row["must"] for row in results) else 1


if __name__ == "__main__":
    sys.exit(main())
