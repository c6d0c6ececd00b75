"""What every answer about the questionnaire rests on: instruments, rounds, and what was answered, row by row.

Nothing of this module goes to a page as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import polars as pl

from dashboard.answers.keep import the_store
from metrics import questionnaire
from metrics.questionnaire import Instrument

INVENTED = "Invented answers: no partner or respondent in this round exists. They show how the page works."
LOCAL, MADE_UP = "local", "invented"  # standings of a round


@dataclass(frozen=True, slots=True)
class Round:
    """One round. `closed`: its answers are fixed."""

    id: int
    title: str
    instrument: Instrument
    period_end: date
    standing: str
    closed: bool

    @property
    def banner(self) -> str:
        return INVENTED if self.standing == MADE_UP else ""


@lru_cache(maxsize=64)
def _parsed(content: str) -> Instrument:
    return questionnaire.from_json(content)


def instruments() -> Mapping[str, Instrument]:
    """Every instrument there is, by key: those that ship, and in their place or beside them those that were loaded."""
    held = (_parsed(content) for content in the_store().questionnaires.instruments()["content"])
    return {**questionnaire.instruments(), **{one.key: one for one in held}}


def rounds() -> Mapping[int, Round]:
    """Every round by id, the latest first."""
    known = instruments()
    return {
        row["round_id"]: Round(
            row["round_id"],
            row["title"],
            known[f"{row['instrument']}/{row['edition']}"],
            row["period_end"],
            row["standing"],
            row["closed_at"] is not None,
        )
        for row in the_store().questionnaires.rounds().iter_rows(named=True)
    }


def responses(it: Round) -> pl.DataFrame:
    """Every answer that a round asked for, with the columns of `metrics.questionnaire.RESPONSES`.

    Respondents are numbers: nobody can be told from them. An item that does not apply, and nobody said why, counts as
    left blank.
    """
    store = the_store().questionnaires
    asked = store.invited(it.id).select(
        "partner", pl.col("invited_id").cast(pl.String).alias("respondent"), "respondent_role"
    )
    unexplained = (pl.col("state") == "not_applicable") & (pl.col("reason") == "")
    given = store.answers(it.id).select(
        pl.col("invited_id").cast(pl.String).alias("respondent"),
        "item",
        pl.when(unexplained).then(pl.lit("blank")).otherwise("state").alias("state"),
        pl.col("score").cast(pl.Float64),
    )
    return questionnaire.fill(given, asked, it.instrument, round=it.title, period_end=it.period_end)
