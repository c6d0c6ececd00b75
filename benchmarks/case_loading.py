"""Loading case records beside plain inserts of the same rows, reading them, and taking them out, on both databases.

    python benchmarks/case_loading.py [ROWS]

Ours is `Store.load_cases`: keys and required columns checked, every table written under its key with its load, in one
transaction. Plain is the least that puts the very same rows in: rows in memory as the driver takes them, tables without
key, rule or index, one transaction, `executemany` of an INSERT; on PostgreSQL `COPY` of the same rows as well. `read`
is every table read whole; `assessments` one table, with the growth of this process's memory while it is read.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from zlib import crc32

import numpy as np
import polars as pl
import psycopg

from benchmarks.loading import databases
from metrics.cases import CASE_TABLES

ROWS = 300_000
MUST = 3  # times the plain insert, at most
RUNS = 3  # turn about; the medians count
# How many of every hundred rows each table has: about what early help of a county holds in six years.
SHARES = {
    "family": 7,
    "person": 20,
    "episode": 8,
    "assessment": 8,
    "need": 16,
    "plan": 8,
    "plan_action": 16,
    "review": 12,
    "referral": 5,
}
TYPES = {pl.String: "text", pl.Date: "date", pl.Int64: "bigint", pl.Boolean: "boolean", pl.Float64: "float8"}


def made_up(rows: int) -> dict[str, pl.DataFrame]:
    """Tables of rows drawn at random, with keys as long as keyed hashes are; one cell in five is empty where it may."""
    chance = np.random.default_rng(2026)
    counts = {name: rows * share // 100 for name, share in SHARES.items()}
    return {name: _table(name, counts, chance) for name in counts}


def _table(name: str, counts: Mapping[str, int], chance: np.random.Generator) -> pl.DataFrame:
    case, height = CASE_TABLES[name], counts[name]
    columns = []
    for column, kind in case.columns.items():
        if column in case.key:
            values = _hashes(name, pl.Series(chance.permutation(height)))
        elif column in case.references:
            pointed = case.references[column]
            values = _hashes(pointed, pl.Series(chance.integers(0, counts.get(pointed, 60), height)))
        elif kind is pl.String:
            values = "code " + pl.Series(chance.integers(0, 40, height)).cast(pl.String)
        elif kind is pl.Date:
            values = pl.Series(chance.integers(18_000, 20_400, height)).cast(pl.Int32).cast(pl.Date)
        else:
            values = pl.Series(chance.integers(0, 2 if kind is pl.Boolean else 5, height)).cast(kind)
        if column not in (*case.key, *case.required):
            values = values.to_frame("v").select(pl.when(pl.Series(chance.random(height) > 0.2)).then("v"))["v"]
        columns.append(values.alias(column))
    return pl.DataFrame(columns)


def _hashes(name: str, numbers: pl.Series) -> pl.Series:
    """20 digits for each number, always the same for the same table and number."""
    return numbers.cast(pl.Int64).hash(crc32(name.encode())).cast(pl.String).str.zfill(20)


def plain(url: str, tables: Mapping[str, pl.DataFrame], *, copy: bool = False) -> float:
    """Seconds to put the rows into tables without key, rule or index, in one transaction."""
    lite = url.startswith("sqlite")
    rows = {
        name: (frame.with_columns(pl.col(pl.Date).dt.to_string("iso")) if lite else frame).rows()
        for name, frame in tables.items()
    }
    with closing(sqlite3.connect(url.partition(":///")[2]) if lite else psycopg.connect(url)) as connection:
        for name in tables:
            columns = ", ".join(f'"{column}" {TYPES[kind]}' for column, kind in CASE_TABLES[name].columns.items())
            connection.execute(f"CREATE TABLE plain_{name} ({columns})")
        connection.commit()
        cursor = connection.cursor()
        start = time.perf_counter()
        for name, values in rows.items():
            if copy:
                with cursor.copy(f"COPY plain_{name} FROM STDIN") as target:
                    for row in values:
                        target.write_row(row)
            else:
                places = ", ".join(["?" if lite else "%s"] * len(CASE_TABLES[name].columns))
                cursor.executemany(f"INSERT INTO plain_{name} VALUES ({places})", values)
        connection.commit()
        seconds = time.perf_counter() - start
        for name in tables:
            connection.execute(f"DROP TABLE plain_{name}")
        connection.commit()
    return seconds


def ours(url: str, tables: Mapping[str, pl.DataFrame]) -> dict[str, float]:
    """Seconds of loading, reading and undoing, and megabytes that reading the assessments took."""
    from dashboard.store import open_store

    took = {}
    with open_store(url) as store:
        start = time.perf_counter()
        load = store.load_cases(tables, None, kind="cases", file_name="made up", sha256="made up", standing="invented")
        took["load"] = time.perf_counter() - start
        before, start = _peak(), time.perf_counter()
        store.read_cases("assessment")
        took["assessments"], took["megabytes"] = time.perf_counter() - start, _peak() - before
        start = time.perf_counter()
        read = store.case_tables()
        took["read"] = time.perf_counter() - start
        if sum(frame.height for frame in read.values()) != sum(frame.height for frame in tables.values()):
            raise RuntimeError("not every row came back")
        start = time.perf_counter()
        store.undo(load)
        took["undo"] = time.perf_counter() - start
    return took


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024 / 1_000_000


def run(rows: int = ROWS) -> list[dict[str, object]]:
    """A row a database: name, rows, median seconds of `load`, `plain`, `copy` (PostgreSQL), `read`, `undo`, and of
    reading the `assessments` alone with `megabytes`; `ratio` of load to plain, `must` (the most allowed)."""
    tables, results = made_up(rows), []
    with tempfile.TemporaryDirectory() as folder:
        for kind, addresses in databases(Path(folder)):
            runs = []
            for address in addresses:
                took = ours(address, tables) | {"plain": plain(address, tables)}
                runs.append(took | ({"copy": plain(address, tables, copy=True)} if kind == "PostgreSQL" else {}))
            middle = {what: sorted(took[what] for took in runs)[RUNS // 2] for what in runs[0]}
            middle["megabytes"] = max(took["megabytes"] for took in runs)
            height = sum(frame.height for frame in tables.values())
            results.append(
                {"name": kind, "rows": height, **middle, "ratio": middle["load"] / middle["plain"], "must": MUST}
            )
    return results


def main(rows: int = ROWS) -> int:
    results = run(rows)
    print(f"{'seconds':12}{'rows':>12}{'load':>8}{'plain':>8}{'times':>8}{'most':>6}{'COPY':>8}{'read':>8}{'undo':>8}")
    for row in results:
        copy = f"{row['copy']:8.2f}" if "copy" in row else f"{'':8}"
        print(
            f"{row['name']:12}{row['rows']:12,}{row['load']:8.2f}{row['plain']:8.2f}{row['ratio']:8.2f}{row['must']:6}"
            f"{copy}{row['read']:8.2f}{row['undo']:8.2f}"
        )
        print(f"  the assessments alone: {row['assessments']:.2f} s, {row['megabytes']:,.0f} MB more at the peak")
    return 0 if all(row["ratio"] <= row["must"] for row in results) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
