"""Rounds of the system questionnaire for the demonstration: three that are over, and one to answer oneself."""

from __future__ import annotations

from datetime import date

import polars as pl

from dashboard.identity import sample_address
from dashboard.store import Store
from metrics.questionnaire import as_json
from sample_data.invented.questionnaire import SampleRound, invent_rounds

BY = "sample data"
OPEN = "2027"  # the round that is still open, in which the ready users of this machine are asked
# Ready user → as what they are asked there; the partners are those of the last round, in the order of their names.
ASKED = {"respondent": "practitioner", "subgroup member": "leader", "agency lead": "manager", "QA manager": "leader"}


def add_rounds(store: Store) -> None:
    """Put the invented rounds in that are not there yet, by their titles, each with what its workshop agreed."""
    there = set(store.questionnaires.rounds()["title"])
    rounds = invent_rounds()
    for one in rounds:
        if one.title not in there:
            _add(store, one)
    if OPEN not in there:
        _open(store, rounds[-1])


def _add(store: Store, one: SampleRound) -> None:
    kept = store.questionnaires
    number = _opened(store, one, one.title, one.period_end, one.invited)
    kept.load_answers(number, one.answers, by=BY)
    kept.close_round(number, by=BY)
    for row in one.agreed.iter_rows(named=True):
        kept.agree(number, row["item"], score=row["score"], reason=row["reason"], base=None, by=BY)


def _open(store: Store, last: SampleRound) -> None:
    partners = last.invited["partner"].unique().sort()
    asked = [
        (partner, sample_address(role), as_what)
        for partner, (role, as_what) in zip(partners, ASKED.items(), strict=False)
    ]
    invited = pl.DataFrame(asked, schema=last.invited.schema, orient="row")
    _opened(store, last, OPEN, date(2027, 6, 30), pl.concat([invited, last.invited]))


def _opened(store: Store, one: SampleRound, title: str, end: date, invited: pl.DataFrame) -> int:
    it = one.instrument
    store.questionnaires.add_instrument(as_json(it), by=BY)
    return store.questionnaires.open_round(
        it.id, it.edition, title=title, period_end=end, asked=invited, standing="invented", by=BY
    )
