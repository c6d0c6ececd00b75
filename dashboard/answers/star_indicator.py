"""The strategy's indicator of families improving on the Outcomes Star (Y3), from the same figures as the page."""

from __future__ import annotations

import polars as pl

from dashboard.access import Scope
from dashboard.answers import case_records
from dashboard.answers import star_records as records
from dashboard.answers import star_shown as shown
from dashboard.answers.star_words import HIDDEN, share
from metrics.estimates import FIGURES, conform
from metrics.star import indicator_star

COUNTY = "E10000021"
COLUMNS = pl.Schema({**FIGURES, "standing": pl.String})


def figures(scope: Scope) -> pl.DataFrame:
    """A row a financial year that is over, for the county: the share of those with two Stars who moved up at least one
    stage in at least one area, from the first Star ever to the latest of the year.

    The columns of FIGURES and `standing` (`invented` or `local`); `note` says how many moved down. After disclosure
    control: a hidden year has the status `c`. One Star only (`metrics.star.indicator_star`), its pooled editions
    together; no rows where it has no readings.
    """
    kind = next((k for k in records.kinds(scope).values() if k.edition.star == indicator_star()), None)
    if kind is None:
        return pl.DataFrame(schema=COLUMNS)
    over = [period.name for period in records.periods(scope) if period.over]
    every = shown.county(scope, kind.key).filter(pl.col("period").is_in(over))
    down = {row["period"]: row for row in every.filter(measure=shown.of(shown.FIRST, shown.DOWN)).iter_rows(named=True)}
    notes = pl.Series("note", [_note(down.get(year)) for year in over], dtype=pl.String)
    up = every.filter(measure=shown.of(shown.FIRST, shown.UP)).join(
        pl.DataFrame({"period": over, "note": notes}), on="period", how="left"
    )
    return conform(
        up.with_columns(
            pl.lit("Y3").alias("measure"),
            pl.lit("area").alias("breakdown"),
            pl.lit(COUNTY).alias("group"),
            pl.lit("invented" if case_records.invented(scope) else "local").alias("standing"),
        ),
        COLUMNS,
    )


def _note(down: dict | None) -> str:
    if down is None or down["value"] is None:
        return f"How many moved down is {HIDDEN}."
    return f"{share(down, counted=False)} moved down in at least one area: never read one without the other."
