"""Answers from a forms tool's export: checked against the round, shown, then taken in."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers.keep import the_store
from dashboard.answers.rounds import round_of
from dashboard.intake import IntakeError
from dashboard.intake.survey_answers import read_survey_answers
from dashboard.store import StoreError

SHOWN = 200  # rows of a list on the page; the rest is in its file


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would bring. `problem`: why nothing can be taken, else ""; `refused`: line, column, value, reason."""

    file_name: str
    sentence: str
    problem: str
    answers: pl.DataFrame
    refused: pl.DataFrame


def preview(scope: Scope, chosen: str, content: bytes, *, file_name: str) -> Preview:
    """What a file would bring to a round; nothing is changed. Raises `NotAllowed`."""
    it = round_of(scope, chosen)
    store = the_store().questionnaires
    invited = store.invited(it.id).rename({"identity": "respondent"})
    already = (
        store.answers(it.id)
        .filter(pl.col("state") != "blank")
        .join(invited.select("invited_id", "respondent"), on="invited_id")
        .select("respondent", "item")
    )
    try:
        read = read_survey_answers(
            content,
            file_name=file_name,
            instrument=it.instrument,
            invited=invited.select("partner", "respondent", "respondent_role"),
            already=already,
            closed=it.closed,
        )
    except IntakeError as error:
        return Preview(file_name, "", str(error), pl.DataFrame(), pl.DataFrame())
    listed = pl.concat([read.refused, read.repaired])
    people = read.answers["respondent"].n_unique()
    said = (
        f"{words.number(read.answers.height, decimals=0)} answers of {people} {'person' if people == 1 else 'people'}"
    )
    said += f" can be taken; {read.rows_refused} rows are refused and {read.rows_left_out} left out."
    problem = "" if read.answers.height else "There is no answer in this file that can be taken."
    return Preview(read.file_name, " ".join([said, *read.remarks]), problem, read.answers, listed)


def try_take(scope: Scope, chosen: str, seen: Preview) -> tuple[bool, str]:
    """Take in what `preview` showed: whether that was done, and a sentence. Raises `NotAllowed`."""
    it = round_of(scope, chosen)
    try:
        count = the_store().questionnaires.load_answers(it.id, seen.answers, by=scope.signature, as_role=scope.role)
    except StoreError as error:
        return False, str(error)
    return True, f"{count:,} answers are taken into the round {it.title}."
