"""Indicators that the questionnaire gives: its overall score, and who understands early help and is confident in it.

Of rounds that are over, one a calendar year: of several that end in one year, the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from dashboard.access import Scope
from dashboard.answers.hidden import hide
from dashboard.answers.questionnaire_parts import LEAST_PARTNERS
from dashboard.answers.questionnaire_rows import Round, responses, rounds
from dashboard.store import Versions
from metrics import questionnaire
from metrics.disclosure import join
from metrics.estimates import FIGURES, SUPPRESSED, conform
from metrics.questionnaire import Instrument

COUNTY = "E10000021"
COLUMNS = pl.Schema({**FIGURES, "standing": pl.String, "new_basis": pl.String})
_NUMBERS = ("numerator", "denominator", "value", "lower", "upper", "n")


def version(now: Versions) -> tuple[int, int]:
    """Changes when these figures may have changed; with the data version, which a restored backup raises."""
    return now.data, now.questionnaires


def score(scope: Scope) -> pl.DataFrame:
    """The overall score of each year, points of the instrument's scale, `n` partners. A new edition is a new basis."""

    def basis(now: Instrument, before: Instrument) -> str:
        if now.key == before.key:
            return ""
        return f"The questionnaire changed from edition {before.edition} to edition {now.edition}."

    frame = _yearly(_overall, basis)
    few = pl.col("n") < LEAST_PARTNERS
    return frame.with_columns(
        *(pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in _NUMBERS),
        pl.when(few).then(pl.lit(SUPPRESSED)).otherwise("status").alias("status"),
    )


def confidence(scope: Scope) -> pl.DataFrame:
    """Of those who answered, who understands early help and is confident in it, in per cent, `n` people; small counts
    hidden. Other items, or another score asked of them, are a new basis."""

    def basis(now: Instrument, before: Instrument) -> str:
        return "" if now.confidence == before.confidence else "Other questions on confidence were asked."

    frame = _yearly(lambda one: questionnaire.confident(responses(one), one.instrument), basis)
    if frame.is_empty():
        return frame
    return hide(frame, totals=join(), value_types={"confident": "proportion"})


def _overall(one: Round) -> pl.DataFrame:
    found = questionnaire.score(responses(one), one.instrument, breakdowns=("overall",))
    return found.filter(pl.col("measure") == "score")


def _yearly(figures: Callable[[Round], pl.DataFrame], basis: Callable[[Instrument, Instrument], str]) -> pl.DataFrame:
    """What `figures` gives for the round of each year, in order, with its standing and where a new basis begins."""
    parts: list[pl.DataFrame] = []
    held = [(one, frame) for one in _one_a_year() if not (frame := figures(one)).is_empty()]
    for place, (one, frame) in enumerate(held):
        why = basis(one.instrument, held[place - 1][0].instrument) if place else ""
        parts.append(
            conform(frame, FIGURES).with_columns(
                pl.lit("area").alias("breakdown"),
                pl.lit(COUNTY).alias("group"),
                pl.lit(str(one.period_end.year)).alias("period"),
                pl.lit(one.standing).alias("standing"),
                pl.lit(why).alias("new_basis"),
            )
        )
    return pl.concat(parts) if parts else pl.DataFrame(schema=COLUMNS)


def _one_a_year() -> Sequence[Round]:
    """The last round of each year that is over, the earliest year first."""
    closed = sorted((one for one in rounds().values() if one.closed), key=lambda one: (one.period_end, one.id))
    return list({one.period_end.year: one for one in closed}.values())
