"""Suppression of 422 areas × 12 months × 3 levels with all their margins, timed beside pytauargus in the same run.

    python benchmarks/disclosure.py [seconds to wait for the other, 600]

Needs pytauargus 0.6 and pandas in a Python of their own, named in the environment variable PYTAUARGUS_PYTHON: it is a
benchmark only, no part of the product. pytauargus brings its own engine, so no τ-Argus program is needed. Its optimal
method (`OPT`) is what it offers for a table without hierarchy; where it has not finished after the wait it is stopped
and the wait stands as its time ("at least").

The two do not prove the same: τ-Argus is given its frequency rule, which asks of each small cell only that it cannot be
told exactly. Its modular method (`MOD`), for tables with a hierarchy, looks at one part of it at a time; there it is
faster than ours (see `docs/disclosure.md`). Ours proves every hidden count
free over 1–5 in the whole table, for a reader who knows that zeros are shown.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from metrics.disclosure import ALL, join, suppress, total
from metrics.estimates import conform

AREAS, MONTHS, LEVELS = 422, 12, 3
MUST = 1.0  # times as fast as the other, at least
WAIT = 600.0  # seconds


def people(areas: int = AREAS) -> np.ndarray:
    """Invented counts: areas differ as early help does, two people a cell on average, a third of the cells empty."""
    random = np.random.default_rng(1)
    return random.poisson(random.gamma(1.0, 2.0, (areas, 1, 1)) * np.ones((1, MONTHS, LEVELS)))


def figures(counts: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The estimates frame of a three-way table with every margin, and its totals."""
    names = [[f"{letter}{i:03d}" for i in range(size)] for letter, size in zip("AML", counts.shape, strict=True)]
    full = counts.astype(float)
    for axis in range(3):
        full = np.concatenate([full, full.sum(axis=axis, keepdims=True)], axis=axis)
    rows = []
    for (i, a), (j, m), (k, s) in itertools.product(*(enumerate([*n, ALL]) for n in names)):
        split = [(b, g) for b, g in (("area", a), ("level", s)) if g != ALL]
        rows.append(("|".join(b for b, _ in split) or "all", "|".join(g for _, g in split) or "all", m, full[i, j, k]))
    table = pl.DataFrame(rows, schema=["breakdown", "group", "period", "numerator"], orient="row").with_columns(
        measure=pl.lit("families"), status=pl.lit("ok"), period_end=dt.date(2026, 3, 31), value="numerator"
    )
    totals = [total(d, ALL, n) for d, n in zip(("area", "period", "level"), names, strict=True)]
    return conform(table), join(*totals)


# Runs in the other Python: reads one line a filled cell, builds people from it, protects, prints the seconds.
_THEIRS = """
import sys, tempfile, time
import numpy as np, pandas as pd
from pytauargus import protect
counts = np.load(sys.argv[1])
at = np.nonzero(counts)
each = np.repeat(np.arange(len(at[0])), counts[at])
table = pd.DataFrame({n: [f"{n[0]}{i:03d}" for i in a[each]] for n, a in zip(("area", "month", "level"), at)})
table["people"] = 1.0
with tempfile.TemporaryDirectory() as work:
    start = time.perf_counter()
    protect(
        table, ["area", "month", "level"], response="people", safety_rules="FREQ(6,0)", suppress="OPT(1)", workdir=work
    )
    print("SECONDS", time.perf_counter() - start, flush=True)
"""


def theirs(counts: np.ndarray, wait: float) -> tuple[float, bool]:
    """Seconds that pytauargus takes, and whether it finished within the wait."""
    python = os.environ.get("PYTAUARGUS_PYTHON")
    if not python:
        raise SystemExit("Set PYTAUARGUS_PYTHON to a Python that has pytauargus and pandas.")
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "counts.npy"
        np.save(file, counts)
        try:
            done = subprocess.run(
                [python, "-c", _THEIRS, str(file)], capture_output=True, text=True, timeout=wait, check=True, cwd=work
            )
        except subprocess.TimeoutExpired:
            return wait, False
    return float(done.stdout.split("SECONDS")[1]), True


def run(sizes: tuple[int, ...] = (AREAS,), *, wait: float = WAIT) -> list[dict[str, object]]:
    """A row a table: name, ours_seconds, theirs_seconds, ratio (theirs over ours), must (the least ratio wanted)."""
    results = []
    for areas in sizes:
        counts = people(areas)
        table, totals = figures(counts)
        start = time.perf_counter()
        shown = suppress(table, totals=totals)
        ours = time.perf_counter() - start
        other, finished = theirs(counts, wait)
        results.append(
            {
                "name": f"suppress {areas} x {MONTHS} x {LEVELS}"
                + ("" if finished else ", the other stopped unfinished"),
                "ours_seconds": ours,
                "theirs_seconds": other,
                "ratio": other / ours,
                "must": MUST,
                "rows": table.height,
                "small": int(table["numerator"].is_between(1, 5).sum()),
                "hidden": int((shown["status"] == "c").sum()),
            }
        )
    return results


if __name__ == "__main__":
    for row in run(wait=float(sys.argv[1]) if len(sys.argv) > 1 else WAIT):
        print(row)
        if row["ratio"] < row["must"]:
            raise SystemExit("slower than wanted")
