"""Small files for the intake's tests, and the account that every file must give."""

import polars as pl

from dashboard.intake import read
from metrics.estimates import FIGURES, STATUSES

NORTH, WEST, COUNTY, ENGLAND = "E06000061", "E06000062", "E10000021", "E92000001"


def read_rows(header, *rows, kind=None, file_name="figures.csv"):
    """Read a CSV made of these cells, and check the account that every file must give."""
    frame = pl.DataFrame([dict(zip(header, row, strict=True)) for row in rows], schema=dict.fromkeys(header, pl.String))
    return balanced(read(frame.write_csv().encode(), file_name=file_name, kind=kind))


def balanced(batch):
    """Nothing is dropped silently: rows in = used + refused + left out, and the remarks add up to what was left out."""
    assert batch.rows == batch.rows_used + batch.rows_refused + batch.rows_left_out
    assert batch.rows_refused == batch.refused["line"].n_unique()
    said = [r for r in batch.remarks if " left out: " in r]
    assert sum(int(r.split()[0].replace(",", "")) for r in said) == batch.rows_left_out
    assert batch.figures.schema == FIGURES
    assert set(batch.figures["status"].unique()) <= set(STATUSES)
    hidden = batch.figures.filter(pl.col("status").is_in(["c", "x", "z"]))
    assert hidden.select("value", "numerator", "denominator", "lower", "upper").null_count().sum_horizontal().sum() == (
        5 * hidden.height
    )
    return batch


def reasons(batch):
    return {(line, column): reason for line, column, _, reason in batch.refused.rows()}
