"""Answers in Polars, pandas, DuckDB and PySpark give the same scores, whatever the order of the rows."""

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics import questionnaire
from sample_data.invented.questionnaire import invent_rounds

ENGINES = ("polars lazy", "pandas", "pandas nullable", "duckdb", "pyspark", "polars categorical")


@pytest.fixture(scope="module")
def sample():
    one = invent_rounds()[2]
    return one.responses, one.instrument


def held(frame, engine, request):
    """The same rows as `engine` holds them."""
    if engine == "polars lazy":
        return frame.lazy()
    if engine == "polars categorical":
        return frame.with_columns(pl.col("round", "partner", "item", "state", "respondent_role").cast(pl.Categorical))
    if engine == "duckdb":
        return duckdb.sql("SELECT * FROM frame")
    if engine == "pandas nullable":
        return frame.to_pandas(use_pyarrow_extension_array=True)
    if engine == "pandas":
        return frame.to_pandas()
    rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return request.getfixturevalue("spark_session").createDataFrame(rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same(sample, engine, request):
    responses, instrument = sample
    theirs = held(responses, engine, request)
    counted = questionnaire.tally(theirs, instrument)
    ours = questionnaire.tally(responses, instrument)
    for table in (questionnaire.score, questionnaire.agreement, questionnaire.spread):
        assert_frame_equal(table(counted), table(ours))
    leaders = [questionnaire.tally(rows, instrument, role="leader") for rows in (theirs, responses)]
    assert (leaders[0].total == leaders[1].total).all()
    assert_frame_equal(questionnaire.confident(theirs, instrument), questionnaire.confident(responses, instrument))


def test_order_of_the_rows_does_not_matter(sample):
    responses, instrument = sample
    for seed in range(3):
        shuffled = responses.sample(fraction=1, shuffle=True, seed=seed)
        assert_frame_equal(questionnaire.score(shuffled, instrument), questionnaire.score(responses, instrument))
