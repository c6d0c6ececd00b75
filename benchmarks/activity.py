"""All thirty measures by month and forum area, beside one Polars group-by count of the same rows by the same keys.

    python benchmarks/activity.py [scale, 100] [folder]

`scale` times the invented county: 100 is 2.4 million assessments. The records are written to the folder as Parquet, or
read from it where they are there already. Each scale runs in a Python of its own, so that its peak memory is its own.

In the clock of `first` is everything from the canonical tables to the estimates: Parquet read, rows put into their
areas, episodes told what came after them, all measures reckoned. `further` is the same question asked again of prepared
tables, as a page asks for another day, period or area: what was worked out of the rows is kept with them.

The rows that the measures reduce are those of ten tables, 40 million at scale 100; people and families are only looked
up, and are not among them. Beside `first` stands one count a table of those rows, beside `further` one of the
assessments alone. The counts have an easier life: their rows are in memory, the month and the forum area stand beside
them as columns, and neither reading nor placing is in their clock. `first` beside a count of the assessments alone is
told too; it is held to no limit, for it reads seventeen times as many rows, and from disk.

Times are seconds of processor, of all threads: other work on the machine does not come into them as it does into the
clock, which stands beside. Memory is the peak of the whole process.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from metrics.activity import measures, prepare
from metrics.cases import CASE_TABLES
from sample_data.invented.files import write_parquet
from sample_data.places import lookup

AS_AT = dt.date(2026, 9, 30)
MUST = 40.0  # times the count, at most
MEMORY = 2_000  # megabytes, at most
GROWTH = 1.1  # seconds a row at the largest scale over those at a tenth of it, at most: 1, and a tenth for chance
RUNS = 3  # of what can be run again; the least counts
READ = {  # the tables that the measures reduce, and the day of each row
    "assessment": "start_date", "episode": "start_date", "review": "due_date", "need": "baseline_date",
    "reading": "date", "referral": "date", "plan": "start_date", "step_event": "date", "feedback": "date",
    "forum_item": "due_date",
}  # fmt: skip


def tables(folder: Path) -> dict[str, pl.LazyFrame]:
    return {name: pl.scan_parquet(folder / name) for name in CASE_TABLES}


def places() -> pl.DataFrame:
    return lookup(2021).select(
        "lsoa", "district", "council", "county", pl.col("forum").alias("forum_area"), pl.col("ward_2025").alias("ward")
    )


def child(folder: Path) -> dict[str, float]:
    """Of one scale: `first`, `further`, `count` (of all rows), `assessments` (the count of these), each with `…_clock`;
    `rows`, `assessment_rows`, `megabytes` (peak of this process, before the counts), `figures`."""
    first, clock, prepared = _timed(lambda: prepare(tables(folder), places()))
    question = {"as_at": AS_AT, "period": "month", "by": "forum_area"}
    more, more_clock, found = _timed(lambda: measures(prepared, **question))
    result = {"first": first + more, "first_clock": clock + more_clock, "figures": found.height}
    result["further"], result["further_clock"] = _least(lambda: measures(prepared, **question))
    result["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024 / 1_000_000
    result |= {"rows": 0, "count": 0.0, "count_clock": 0.0}
    for name, day in READ.items():
        month = pl.col(day).dt.truncate("1mo").alias("month")
        rows = prepared[name].select("forum_area", month).collect(engine="streaming")
        taken, clock = _least(lambda rows=rows: rows.group_by("month", "forum_area").len())
        result["rows"] += rows.height
        result["count"] += taken
        result["count_clock"] += clock
        if name == "assessment":
            result |= {"assessments": taken, "assessments_clock": clock, "assessment_rows": rows.height}
    return result


def run(scales: tuple[float, ...], folder: Path) -> list[dict[str, float]]:
    """A row a scale."""
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
        results.append(json.loads(done.stdout.splitlines()[-1]) | {"scale": scale})
    return results


def _timed(work: Callable[[], object]) -> tuple[float, float, object]:
    """Seconds of processor, seconds by the clock, and what came of it."""
    clock, processor = time.perf_counter(), time.process_time()
    made = work()
    return time.process_time() - processor, time.perf_counter() - clock, made


def _least(work: Callable[[], object]) -> tuple[float, float]:
    runs = [_timed(work)[:2] for _ in range(RUNS)]
    return min(run[0] for run in runs), min(run[1] for run in runs)


def main(scale: float = 100, folder: Path | None = None) -> int:
    with tempfile.TemporaryDirectory() as fresh:
        small, large = run((scale / 10, scale), folder or Path(fresh))
    print(f"{'':34}{'processor, s':>14}{'count, s':>10}{'times':>8}{'clock':>8}{'count':>8}{'times':>8}{'must':>7}")
    ratios = []
    for row in (small, large):
        print(f"{row['assessment_rows']:,} assessments, {row['rows']:,} rows")
        for what, beside, must in (
            ("first", "count", MUST),
            ("further", "assessments", MUST),
            ("first", "assessments", 0),
        ):
            ratio = row[what] / row[beside]
            ratios += [ratio] if must and row is large else []
            clock = row[f"{what}_clock"], row[f"{beside}_clock"]
            name = f"  {what}, {'all rows' if beside == 'count' else 'assessments'}"
            print(
                f"{name:34}{row[what]:14.2f}{row[beside]:10.3f}{ratio:8.1f}{clock[0]:8.2f}{clock[1]:8.3f}"
                f"{clock[0] / clock[1]:8.1f}{f'≤ {must:g}' if must else '':>7}"
            )
    growth = (large["first"] / large["rows"]) / (small["first"] / small["rows"])
    print(f"peak memory {large['megabytes']:,.0f} MB (at most {MEMORY:,}); time a row, large over small: {growth:.2f}")
    return 0 if max(ratios) <= MUST and large["megabytes"] <= MEMORY and growth <= GROWTH else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(Path(sys.argv[2]))))
    else:
        sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else 100, Path(sys.argv[2]) if sys.argv[2:] else None))
