"""What early help does, reckoned from case records: thirty measures of how much, how well, and who is better off.

    tables = prepare(tables, places)
    measures(tables, as_at=date(2026, 9, 30), period="month", by="forum_area")

The definitions stand in `definitions/activity_measures.toml`, the limits of time in `definitions/activity.toml`. Work
on rows is done by the engine that holds them: Polars, pandas, DuckDB or PySpark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from metrics.activity import assessments, audits, closures, episodes, others, referrals, reviews, survival
from metrics.activity.definitions import Measure, Rules, activity_rules, chosen, measure_definitions, measure_of
from metrics.activity.facts import facts
from metrics.activity.follow_up import immature, overdue
from metrics.activity.prepare import BY, PLACES, Prepared, prepare
from metrics.activity.question import PERIODS, Question
from metrics.activity.restated import restated
from metrics.activity.survival import kaplan_meier, median_time
from metrics.activity.tally import estimates
from metrics.counting import keys_of

MEASURES: Mapping[str, Measure] = measure_definitions()

__all__ = [
    "BY", "MEASURES", "PERIODS", "PLACES", "Measure", "Prepared", "Rules", "activity_rules", "immature", "kaplan_meier",
    "measure_of", "measures", "median_time", "overdue", "prepare", "restated",
]  # fmt: skip


def measures(
    tables: Mapping[str, Any],
    *,
    as_at: date,
    period: str = "month",
    by: str | Sequence[str] = (),
    measures: Sequence[str] | None = None,
    rules: Rules | None = None,
) -> pl.DataFrame:
    """The measures as an estimates frame (`metrics.estimates.SCHEMA`), sorted by measure, group and time.

    tables: as `prepare` gives them, or as it takes them (then nothing can be split by area). What it works out of them
        is kept with prepared tables, so that the next question costs only the counting.
    as_at: the day on which figures are taken; nothing after it is looked at.
    period: `month` (`2024-05`), `quarter` (`2024/25 Q1`) or `year` (`2024/25`, financial).
    by: none, one or two of `BY`; two give each pair (`forum_area × agency`). Rows whose value is not known are the
        group `not recorded`, so that a count's groups add up to the whole. A measure that cannot be split so is left
        out (`Measure.splits`).
    measures: ids; a measure brings its parts (`M13` gives `M13_6` and `M13_12`). None: all.
    rules: limits of time, if not those of `activity_rules()`.

    A stock measure stands as it was at each period's end. `status`: provisional while the period is not over or its
    rows are not followed up in full; `z` where there was nothing to count; `x` where a denominator is not known; `low`
    where there is too little. `method` names the interval. n: the denominator, or the count; null where cells are
    counted.
    Raises `ValueError` for a period, split or measure that is not known, and for a split by area without places.
    """
    q = question(tables, as_at=as_at, period=period, by=by, measures=measures, rules=rules)
    rooms = (assessments, episodes, reviews, closures, survival, referrals, audits, others)
    population = tables.get("population")
    if population is not None:
        population = population.lazy().collect() if isinstance(population, pl.LazyFrame) else pl.DataFrame(population)
    tallies = (
        tally for room in rooms for tally in (room.tallies(q, population) if room is assessments else room.tallies(q))
    )
    return estimates(q, tallies)


def question(
    tables: Mapping[str, Any],
    *,
    as_at: date,
    period: str,
    by: str | Sequence[str],
    measures: Sequence[str] | None,
    rules: Rules | None,
) -> Question:
    """The question in its checked form, with the facts that answer it."""
    keys = tuple(keys_of(by))
    if period not in PERIODS:
        raise ValueError(f"A period is one of {', '.join(PERIODS)}, not {period!r}.")
    if unknown := [k for k in keys if k not in BY]:
        raise ValueError(f"Figures are split by {', '.join(BY)}, not by {', '.join(map(str, unknown))}.")
    rules = rules or activity_rules()
    prepared = prepare(tables, rules=rules)
    if prepared.places is None and set(keys) & set(PLACES):
        raise ValueError("To split by area, prepare the tables with the places first.")
    return Question(facts(prepared, rules, keys), as_at, period, keys, rules, chosen(measures))
