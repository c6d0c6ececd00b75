"""Loading a file of LAIT's size with all checks, beside a bare insert of the same rows, on both databases.

    python benchmarks/loading.py

Ours is the command `early-help load` in a process of its own, from its start to its end: Python starting, the file
read, recognised and checked, and written under its key. Its peak memory is that process's. Bare is the least that puts
the very same rows into the same columns: rows in memory already, a table without key, rule or index, one transaction
(`executemany` on SQLite, `COPY` on PostgreSQL).
"""

from __future__ import annotations

import csv
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice, product
from pathlib import Path

import psycopg

from metrics.catalogue import catalogue
from metrics.definition_files import DEFINITIONS

ROOT = Path(__file__).resolve().parents[1]
ROWS = 640_000
MUST = 3  # times the bare insert, at most
MUST_MEGABYTES = 1_000  # at the peak, at most
RUNS = 3  # of each, turn about; the medians count
HEADER = ("measure_short", "years", "la_and_regions", "la_number", "region", "value_raw")
TYPES = (
    "load_id integer, measure text, breakdown text, area text, period text, period_end date, numerator float8, "
    "denominator float8, value float8, lower float8, upper float8, n bigint, status text, method text, note text"
)


def write_file(path: Path, rows: int = ROWS) -> None:
    """A long table as LAIT gives it: its measures, all areas, years to 2025, invented values; one in 50 is missing."""
    chance = random.Random(2019)
    areas = list(catalogue().areas.values())
    with (DEFINITIONS / "lait.csv").open(encoding="utf-8", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    years = range(2025, 2025 - (rows // (len(codes) * len(areas)) + 1), -1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for year, code, area in islice(product(years, codes, areas), rows):
            value = "-" if chance.random() < 0.02 else repr(chance.uniform(0, 100))
            writer.writerow((code, year, area.name, area.la_number, "", value))


def early_help_load(file: Path, url: str) -> tuple[float, float]:
    """Seconds and peak megabytes of `early-help load` in a process of its own."""
    command = [sys.executable, "-c", "from dashboard.cli import main; main()", "load", str(file)]
    environment = {**os.environ, "EARLY_HELP_DATABASE_URL": url}
    start = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):  # 3: some rows were refused
        raise RuntimeError(f"early-help load ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss * 1_024 / 1_000_000


def bare_sqlite(path: Path, rows: list[tuple]) -> float:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"CREATE TABLE bare ({TYPES})")
        start = time.perf_counter()
        with connection:
            connection.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * 15)})", rows)
        seconds = time.perf_counter() - start
        connection.execute("DROP TABLE bare")
    return seconds


def bare_postgresql(url: str, rows: list[tuple]) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE bare ({TYPES})")
        start = time.perf_counter()
        with connection.transaction(), connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        seconds = time.perf_counter() - start
        connection.execute("DROP TABLE bare")
    return seconds


def databases(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Kind of database and addresses of a fresh one for each run."""
    yield "SQLite", [f"sqlite:///{folder / f'{number}.db'}" for number in range(RUNS)]
    sys.path.insert(0, str(ROOT))
    from tests.integration.conftest import own_cluster  # the tests' own server, from Debian's programs

    with own_cluster() as server:
        addresses = []
        for number in range(RUNS):
            with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE run_{number}")
            addresses.append(server.set(database=f"run_{number}").render_as_string(hide_password=False))
        yield "PostgreSQL", addresses


def run(rows: int = ROWS) -> list[dict[str, object]]:
    """A row a database: name, ours_seconds, theirs_seconds, ratio (ours over theirs), must (the most allowed),
    megabytes (peak of our process) and must_megabytes."""
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_file(folder / "lait.csv", rows)
        same: list[tuple] = []
        for kind, addresses in databases(folder):
            bare, ours, megabytes = [], [], []
            for address in addresses:
                seconds, peak = early_help_load(folder / "lait.csv", address)
                ours.append(seconds)
                megabytes.append(peak)
                if kind == "SQLite":
                    if not same:
                        with closing(sqlite3.connect(folder / "0.db")) as connection:
                            same = connection.execute("SELECT * FROM figure").fetchall()
                    bare.append(bare_sqlite(folder / "bare.db", same))
                else:
                    bare.append(bare_postgresql(address, same))
            middle = RUNS // 2
            results.append(
                {
                    "name": f"Loading {rows:,} rows, {kind}",
                    "ours_seconds": sorted(ours)[middle],
                    "theirs_seconds": sorted(bare)[middle],
                    "ratio": sorted(ours)[middle] / sorted(bare)[middle],
                    "must": MUST,
                    "megabytes": max(megabytes),
                    "must_megabytes": MUST_MEGABYTES,
                    "figures": len(same),
                }
            )
    return results


def main() -> int:
    print(f"{'':36}{'figures':>10}{'ours, s':>10}{'bare, s':>10}{'times':>8}{'most':>6}{'peak, MB':>10}{'most':>7}")
    results = run()
    for row in results:
        print(
            f"{row['name']:36}{row['figures']:10,}{row['ours_seconds']:10.2f}{row['theirs_seconds']:10.2f}"
            f"{row['ratio']:8.2f}{row['must']:6}{row['megabytes']:10,.0f}{row['must_megabytes']:7,}"
        )
    return 0 if all(r["ratio"] <= r["must"] and r["megabytes"] <= r["must_megabytes"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
