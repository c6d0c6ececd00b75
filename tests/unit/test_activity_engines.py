"""The same families, the same answers, whichever engine holds the rows: Polars, pandas, DuckDB, PySpark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.activity import measures, prepare
from metrics.activity.engine import with_months
from tests.unit import families

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WHOLE = ["M07", "M19_weighted", "M20", "M25", "M30", "M30_closed"]  # most of these are not split by area

Engine = Callable[[dict[str, pl.DataFrame], Path], dict[str, Any]]


def polars_lazy(tables: dict[str, pl.DataFrame], folder: Path) -> dict[str, Any]:
    return {name: frame.lazy() for name, frame in tables.items()}


def pandas(tables: dict[str, pl.DataFrame], folder: Path) -> dict[str, Any]:
    return {name: frame.to_pandas() for name, frame in tables.items()}


def duck(tables: dict[str, pl.DataFrame], folder: Path) -> dict[str, Any]:
    """Relations of a connection of its own, not of the library's shared one."""
    connection = duckdb.connect()
    return {name: connection.read_parquet(str(path)) for name, path in parquet(tables, folder).items()}


def spark(tables: dict[str, pl.DataFrame], folder: Path, session: SparkSession) -> dict[str, Any]:
    return {name: session.read.parquet(str(path)) for name, path in parquet(tables, folder).items()}


def parquet(tables: dict[str, pl.DataFrame], folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"{name}.parquet" for name in tables}
    for name, path in paths.items():
        if not path.exists():
            tables[name].write_parquet(path)
    return paths


ENGINES: dict[str, Engine | None] = {"Polars": polars_lazy, "pandas": pandas, "DuckDB": duck, "PySpark": None}


@pytest.fixture(scope="module")
def sample() -> dict[str, pl.DataFrame]:
    """The families, and beside them an audit round and a ledger, which are not kept by area."""
    tables = families.tables()
    tables["audit_plan"] = families.frame(
        "audit_plan",
        [
            {"round_id": "R1", "stratum": "a", "due_date": "2024-06-30", "frame_size": 60, "planned": 2},
            {"round_id": "R1", "stratum": "b", "due_date": "2024-06-30", "frame_size": 40, "planned": 2},
        ],
    )
    strata = {"C1": "a", "C2": "a", "C3": "b"}
    tables["audit"] = tables["audit"].with_columns(
        pl.col("audit_id").replace_strict(strata, default=None).alias("stratum"),
        pl.when(pl.col("audit_id").is_in(list(strata))).then(pl.lit("R1")).alias("round_id"),
    )
    tables["spend"] = families.frame(
        "spend", [{"spend_id": "1", "agency_id": "A1", "date": "2024-03-31", "pounds": 4_500.0}]
    )
    return tables


@pytest.fixture(scope="module")
def expected(sample) -> tuple[pl.DataFrame, pl.DataFrame]:
    return ask(sample)


def ask(tables: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    prepared = prepare(tables, families.places())
    by_area = measures(prepared, as_at=families.AS_AT, period="month", by="forum_area")
    return by_area, measures(prepared, as_at=families.AS_AT, period="year", measures=WHOLE)


@pytest.fixture(scope="module", params=ENGINES)
def found(request, sample, tmp_path_factory) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One question by area and month, and one of the whole by year, asked of one engine."""
    put, folder = ENGINES[request.param], tmp_path_factory.mktemp("engine")
    tables = put(sample, folder) if put else spark(sample, folder, request.getfixturevalue("spark_session"))
    return ask(tables)


def test_every_engine_gives_the_same_figures(found, expected):
    for mine, polars in zip(found, expected, strict=True):
        assert_frame_equal(mine, polars, abs_tol=1e-9)


def test_every_engine_gives_what_was_worked_out(found):
    rows = {(r["measure"], r["group"], r["period"]): r for r in found[0].iter_rows(named=True)}
    for case in families.CASES:
        for measure, period, numerator, denominator in case.expected:
            if row := rows.get((measure, case.name, period)):
                told = (row["numerator"], row["denominator"])
                assert told == (numerator, denominator), f"{case.name}: {measure} {period}"
            else:
                assert not numerator and not denominator, f"{case.name}: {measure} {period} is missing"


def test_the_month_of_a_day_is_that_of_the_calendar():
    """Where an engine cannot take a number for a date, it is reckoned: right for every day of 200 years."""
    every = pl.DataFrame({"date": pl.date_range(date(1900, 3, 1), date(2100, 2, 28), eager=True)})
    days = every.select(day=pl.col("date").cast(pl.Int32))
    found = nw.from_native(duckdb.connect().from_arrow(days.to_arrow())).lazy()
    got = with_months(found, "day").sort("day").collect("polars").to_native()
    assert got["day_m"].cast(pl.Int64).to_list() == [12 * d.year + d.month - 1 for d in every["date"]]
