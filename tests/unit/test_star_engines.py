"""Readings in Polars, pandas, DuckDB and PySpark give the same Stars, and so the same figures."""

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics import star
from metrics.star.readings import stars

from .star_cases import KNOWN, TWO, readings

SERVICES = {"P1": "S1", "P2": "S1", "P4": "S2", "P5": "S2"}
ENGINES = ("polars", "polars lazy", "pandas", "pandas nullable", "duckdb", "pyspark")


def held(frame: pl.DataFrame, engine: str, request: pytest.FixtureRequest):
    """The same rows as `engine` holds them."""
    if engine == "polars":
        return frame
    if engine == "polars lazy":
        return frame.lazy()
    if engine == "duckdb":
        return duckdb.sql("SELECT * FROM frame")
    if engine == "pandas nullable":
        return frame.to_pandas(use_pyarrow_extension_array=True)
    if engine == "pandas":
        return frame.to_pandas()
    rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return request.getfixturevalue("spark_session").createDataFrame(rows)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("identified", [True, False], ids=["star_id", "no star_id"])
def test_every_engine_gives_the_same(engine, identified, request):
    """Stars with and without an id of their own; what comes after them is Polars whatever the engine."""
    frame = readings(service=SERVICES, family={"P1": "F1", "P2": "F1"})
    frame = frame if identified else frame.drop("star_id")
    theirs = held(frame, engine, request)
    if not identified:
        assert_frame_equal(stars(theirs, TWO), stars(frame, TWO), check_row_order=False)
        return
    ours, other = (star.pairs(rows, TWO, known=KNOWN) for rows in (frame, theirs))
    assert other.excluded == ours.excluded
    for table in (star.distance_travelled, star.stage_matrix, star.flow, star.family_bootstrap):
        assert_frame_equal(table(other), table(ours))


def test_order_of_the_rows_does_not_matter():
    frame = readings(service=SERVICES)
    for seed in range(5):
        shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
        assert_frame_equal(
            star.distance_travelled(shuffled, TWO, known=KNOWN), star.distance_travelled(frame, TWO, known=KNOWN)
        )
