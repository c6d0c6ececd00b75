"""All thirty measures by month and forum area, beside one Polars group-by count of the assessments by the same keys.

    python benchmarks/activity.py [scale, 100] [folder]

`scale` times the invented county: 100 is 2.4 million assessments. The records are written to the folder as Parquet, or
read from it where they are there already. Each scale runs in a Python of its own, so that its peak memory is its own.
Two times are told: the first question, which works out of the tables what all questions need, and every further one.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from metrics.activity import measures, prepare
from metrics.cases import CASE_TABLES
from sample_data.invented.files import write_parquet
from sample_data.places import lookup

AS_AT = dt.date(2026, 9, 30)
MUST = 40.0  # times the count, at most
MEMORY = 2_000  # megabytes, at most
GROWTH = 1.0  # seconds a row at the largest scale over those at a tenth of it, at most (and a tenth for chance)
RUNS = 3


def tables(folder: Path) -> dict[str, pl.LazyFrame]:
    return {name: pl.scan_parquet(folder / name) for name in CASE_TABLES}


def places() -> pl.DataFrame:
    return lookup(2021).select(
        "lsoa", "district", "council", "county", pl.col("forum").alias("forum_area"), pl.col("ward_2025").alias("ward")
    )


def child(folder: Path) -> dict[str, float]:
    """Times of one scale: `rows`, `count`, `first`, `further` (seconds), `megabytes` (peak, of the measures alone)."""
    prepared = prepare(tables(folder), places())
    start = time.perf_counter()
    found = measures(prepared, as_at=AS_AT, period="month", by="forum_area")
    first = time.perf_counter() - start
    further = statistics.median(
        _seconds(lambda: measures(prepared, as_at=AS_AT, period="month", by="forum_area")) for _ in range(RUNS)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = prepared["assessment"].select("forum_area", pl.col("start_date").dt.truncate("1mo").alias("month")).collect()
    count = statistics.median(_seconds(lambda: rows.group_by("month", "forum_area").len()) for _ in range(5))
    return {
        "rows": rows.height, "count": count, "first": first, "further": further, "megabytes": peak,
        "figures": found.height,
    }  # fmt: skip


def run(scales: tuple[float, ...], folder: Path) -> list[dict[str, float]]:
    """A row a scale, with `ratio` (a further question over the count) and `first_ratio`."""
    results = []
    for scale in scales:
        place = folder / f"scale-{scale:g}"
        if not (place / "spend").exists():
            write_parquet(place, scale=scale)
        done = subprocess.run(
            [sys.executable, __file__, "--child", str(place)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        row = json.loads(done.stdout.splitlines()[-1])
        row |= {"scale": scale, "ratio": row["further"] / row["count"], "first_ratio": row["first"] / row["count"]}
        results.append(row)
    return results


def _seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(scale: float = 100, folder: Path | None = None) -> int:
    with tempfile.TemporaryDirectory() as fresh:
        results = run((scale / 10, scale), folder or Path(fresh))
    print(
        f"{'assessments':>12}{'count, ms':>11}{'first, s':>10}{'further, s':>12}{'times':>8}{'must':>6}{'peak, MB':>10}"
    )
    for row in results:
        print(
            f"{row['rows']:12,}{1000 * row['count']:11.1f}{row['first']:10.2f}{row['further']:12.2f}{row['ratio']:8.1f}"
            f"{MUST:6.0f}{row['megabytes']:10,.0f}"
        )
    small, large = results
    growth = (large["further"] / large["rows"]) / (small["further"] / small["rows"])
    print(f"time a row, large over small: {growth:.2f}; first question: {large['first_ratio']:.0f} times the count")
    good = large["ratio"] <= MUST and large["megabytes"] <= MEMORY and growth <= GROWTH * 1.1
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(Path(sys.argv[2]))))
    else:
        sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else 100, Path(sys.argv[2]) if sys.argv[2:] else None))
