"""Questionnaires: instruments, rounds, who is invited, answers, agreed scores."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.database import writing
from dashboard.store.errors import StoreError
from dashboard.store.questionnaire_agreed import AGREED, Workshop
from dashboard.store.questionnaire_answers import ANSWERS, STATES, Answers
from dashboard.store.questionnaire_rounds import INVITATIONS, INVITED, ROUNDS, Rounds
from dashboard.store.questionnaire_rows import RESULTS
from dashboard.store.questionnaire_tables import instrument, item, round_
from dashboard.store.results import rows_of

__all__ = ["AGREED", "ANSWERS", "INSTRUMENTS", "INVITATIONS", "INVITED", "ROUNDS", "STATES", "Questionnaires"]

INSTRUMENTS = pl.Schema(
    {"instrument": pl.String, "edition": pl.String, "title": pl.String, "content": pl.String, "added_by": pl.String}
    | {"added_at": pl.Datetime("us", "UTC")}
)


class Questionnaires(Rounds, Answers, Workshop):
    """Questionnaires: instruments, rounds, who is invited, answers, agreed scores. Every call is one transaction."""

    def __init__(self, engine: sa.Engine):
        self.engine = engine

    def version(self) -> int:
        """A number that grows whenever a result changes: a round, who is invited, an import, an agreed score.

        Not with every answer: those of a round count once it is closed. One quick query.
        """
        return RESULTS.now(self.engine)

    def add_instrument(self, content: str, *, by: str, as_role: str = "") -> None:
        """Keep an edition of an instrument: JSON as `metrics.questionnaire.as_json` writes it.

        The very same once more does nothing, and an edition that no round has used may still be put right; one with a
        round is never changed (`StoreError`): give the next one a new edition.
        """
        given = json.loads(content)
        key = {"instrument": given["id"], "edition": given["edition"]}
        areas = [*given["section"], *given.get("also", [])]
        values = {name: given[name] for name in ("title", "lowest", "highest")}
        values |= {"content": content, "added_by": by, "added_at": datetime.now(UTC)}
        with writing(self.engine) as connection:
            held = connection.execute(sa.select(instrument.c.content).filter_by(**key)).scalar()
            if held == content:
                return
            if connection.execute(sa.select(round_.c.round_id).filter_by(**key).limit(1)).first():
                raise StoreError(
                    f"Edition {key['edition']} of this instrument was asked already and is never changed; "
                    "give yours a new edition."
                )
            connection.execute(item.delete().filter_by(**key))
            connection.execute(instrument.delete().filter_by(**key))
            connection.execute(instrument.insert().values(**key, **values))
            connection.execute(item.insert(), [{**key, "item": one["id"]} for area in areas for one in area["item"]])
            record.append(
                connection, by, as_role, "loaded", f"instrument {key['instrument']}, edition {key['edition']}"
            )

    def instruments(self) -> pl.DataFrame:
        """Every edition of every instrument, the newest last, with the columns of `INSTRUMENTS`."""
        columns = [instrument.c[name] for name in INSTRUMENTS]
        return rows_of(self.engine, sa.select(*columns).order_by(instrument.c.added_at), INSTRUMENTS)

    def real_rounds(self) -> sa.Select:
        """The query for rounds of the partnership's own, not invented."""
        return sa.select(round_.c.round_id).where(round_.c.standing != "invented")
