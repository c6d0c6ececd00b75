"""Audit rounds of the invented county, for the demonstration: three years of them, put into its database."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from dashboard.store import Store
from metrics.audit import as_json, templates
from sample_data.invented import SEED, UNTIL
from sample_data.invented.audit_rounds import invent_audits

ROLE = ""  # nobody's: put in with the sample data


def add_audits(store: Store, county: Callable[[], Mapping[str, pl.DataFrame]], *, by: str) -> int:
    """Put the rounds in, unless invented ones are there; gives how many audits came in.

    `county`: gives the tables of the county whose assessments are audited, as `invent` does.
    """
    audits = store.audits
    if not audits.rounds().filter(pl.col("standing") == "invented").is_empty():
        return 0
    for one in templates().values():
        questions = [q.id for q in one.questions]
        audits.add_template(one.id, one.version, one.title, as_json(one), questions, by=by, as_role=ROLE)
    ids: dict[str, int] = {}
    for made in invent_audits(county(), seed=SEED, until=UNTIL):
        ids |= audits.load_round(
            made.about,
            sampled=made.sampled,
            chosen=made.chosen,
            audits=made.audits,
            answers=made.answers,
            grades=made.grades,
            actions=made.actions,
            auditors=made.auditors,
            parents=ids,
            by=by,
            as_role=ROLE,
        )
    return len(ids)
