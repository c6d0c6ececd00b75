"""Answers to a questionnaire: saved one at a time while somebody answers, or taken from a forms tool's file."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.database import reading, writing
from dashboard.store.errors import StaleEdit, StoreError
from dashboard.store.questionnaire_rows import changed, open_round, plain
from dashboard.store.questionnaire_tables import answer, instrument, invited, item, round_
from dashboard.store.results import rows_of
from dashboard.store.roles import name_of

STATES = ("score", "dont_know", "not_applicable", "blank")
TEXTS = ("reason", "evidence", "comment")
ANSWERS = pl.Schema(
    {
        "invited_id": pl.Int64,
        "item": pl.String,
        "answer_id": pl.Int64,
        "state": pl.String,
        "score": pl.Int64,
        "reason": pl.String,
        "evidence": pl.String,
        "comment": pl.String,
        "written_at": pl.Datetime("us", "UTC"),
    }
)
# SQLite lets one write at a time, and those who wait look again only now and then: one of 25 would wait for seconds
# while others pass. In one process they queue.
_TURNS = threading.Lock()

# Everything that a save must know, in one look: whose invitation, whether the round is open, the scale, the item.
_ABOUT = (
    sa.select(
        invited.c.person, round_.c.round_id, round_.c.title, round_.c.closed_at, item.c.item,
        instrument.c.lowest, instrument.c.highest,
    )
    .select_from(
        invited.join(round_)
        .join(instrument)
        .outerjoin(
            item,
            sa.and_(
                item.c.instrument == round_.c.instrument,
                item.c.edition == round_.c.edition,
                item.c.item == sa.bindparam("asked"),
            ),
        )
    )
    .where(invited.c.invited_id == sa.bindparam("of"))
    .with_for_update(of=round_, read=True)
)  # fmt: skip
_NEWEST = (
    answer.select()
    .where(answer.c.invited_id == sa.bindparam("of"), answer.c.item == sa.bindparam("asked"))
    .order_by(answer.c.answer_id.desc())
    .limit(1)
)


class Answers:
    """The part of `Questionnaires` that keeps what was answered."""

    engine: sa.Engine

    def save_answer(
        self,
        invited_id: int,
        asked: str,
        *,
        state: str,
        score: int | None = None,
        reason: str = "",
        evidence: str = "",
        comment: str = "",
        base: int | None,
        person: str,
    ) -> int:
        """Keep the next version of one answer; gives its id. One short transaction, without an entry in the record.

        `asked`: the item. `base`: id of the version that `person` started from, None if there was none. Raises
        `StaleEdit` with both in words if another was saved since, and `StoreError` for an invitation that is somebody
        else's, a closed round, an unknown item, a state that is none of `STATES`, or a score outside the scale.
        """
        texts = {name: plain(text) for name, text in zip(TEXTS, (reason, evidence, comment), strict=True)}
        row = {"state": state, "score": score if state == "score" else None, **texts}
        key = {"of": invited_id, "asked": asked}
        newest = None
        try:
            with _TURNS, writing(self.engine) as connection:
                about = connection.execute(_ABOUT, key).first()
                _check(about, person, asked, row)
                newest = connection.execute(_NEWEST, key).first()
                if (newest.answer_id if newest else 0) == (base or 0):
                    values = row | {"invited_id": invited_id, "item": asked, "base": base or 0}
                    made = connection.execute(answer.insert().values(values | {"written_at": datetime.now(UTC)}))
                    return made.inserted_primary_key[0]
        except sa.exc.IntegrityError:  # another was written between our look and our writing
            with reading(self.engine) as connection:
                newest = connection.execute(_NEWEST, key).first()
        raise StaleEdit(
            yours=in_words(row),
            theirs=in_words(newest._mapping) if newest else "",
            note_id=newest.answer_id if newest else None,
            author="",
            written_at=newest.written_at if newest else None,
            thing="answer",
        )

    def answers(self, round_id: int) -> pl.DataFrame:
        """What was answered in a round, the newest version of each answer, with the columns of `ANSWERS`."""
        mine = invited.c.round_id == round_id
        return rows_of(self.engine, _standing(mine).order_by(answer.c.invited_id, answer.c.item), ANSWERS)

    def answers_of(self, invited_id: int, *, person: str) -> pl.DataFrame:
        """The same of one invitation, for the person who took it up alone."""
        mine = sa.and_(invited.c.invited_id == invited_id, invited.c.person == person)
        return rows_of(self.engine, _standing(mine).order_by(answer.c.item), ANSWERS)

    def answer_history(self, invited_id: int, asked: str) -> pl.DataFrame:
        """Every version of one answer, newest first, with the columns of `ANSWERS`."""
        query = sa.select(*(answer.c[name] for name in ANSWERS)).filter_by(invited_id=invited_id, item=asked)
        return rows_of(self.engine, query.order_by(answer.c.answer_id.desc()), ANSWERS)

    def load_answers(self, round_id: int, frame: pl.DataFrame, *, by: str, as_role: str = "") -> int:
        """Take answers from a file into an open round, each as the next version of its answer; gives how many.

        `frame`: `respondent` (as invited), `item`, `state`, `score`, and if wanted the texts `reason`, `evidence` and
        `comment`. All or nothing; raises `StoreError` for a row that `save_answer` would refuse, somebody who is not
        invited, and two answers of one person to one item.
        """
        with _TURNS, writing(self.engine) as connection:
            held = open_round(connection, round_id)
            key = {"instrument": held.instrument, "edition": held.edition}
            scale = connection.execute(sa.select(instrument.c.lowest, instrument.c.highest).filter_by(**key)).one()
            items = set(connection.scalars(sa.select(item.c.item).filter_by(**key)))
            people = sa.select(invited.c.identity, invited.c.invited_id).where(invited.c.round_id == round_id)
            ids = {identity: number for identity, number in connection.execute(people)}
            mine = sa.select(invited.c.invited_id).where(invited.c.round_id == round_id)
            newest = sa.select(answer.c.invited_id, answer.c.item, sa.func.max(answer.c.answer_id)).where(
                answer.c.invited_id.in_(mine)
            )
            grouped = newest.group_by(answer.c.invited_id, answer.c.item)
            bases = {(who, asked): number for who, asked, number in connection.execute(grouped)}
            now, rows = datetime.now(UTC), {}
            for given in frame.iter_rows(named=True):
                identity = name_of(given["respondent"] or "")
                if identity not in ids:
                    raise StoreError(f"{identity} is not invited to the round {held.title}.")
                row = {"state": given["state"], "score": given["score"] if given["state"] == "score" else None}
                row |= {name: plain(given.get(name) or "") for name in TEXTS}
                _check_answer(row, given["item"] in items, given["item"], scale.lowest, scale.highest)
                place = ids[identity], given["item"]
                if place in rows:
                    raise StoreError(f"{identity} answers item {given['item']} twice.")
                about = {"invited_id": place[0], "item": place[1], "base": bases.get(place, 0), "written_at": now}
                rows[place] = row | about
            if rows:
                connection.execute(answer.insert(), list(rows.values()))
                changed(connection)
                detail = f"questionnaire round {round_id}: {len(rows):,} answers"
                record.append(connection, by, as_role, "loaded", detail)
        return len(rows)


def in_words(row: Mapping[str, object]) -> str:
    """One answer as a text, for where two versions stand side by side."""
    said = {"score": f"score {row['score']}", "dont_know": "don’t know", "not_applicable": "not applicable"}
    lines = [said.get(str(row["state"]), "no score")]
    return "\n".join(lines + [f"{name.capitalize()}: {row[name]}" for name in TEXTS if row[name]])


def _standing(mine: sa.ColumnElement[bool]) -> sa.Select:
    """The newest version of each answer of these invitations."""
    newest = sa.select(sa.func.max(answer.c.answer_id)).select_from(answer.join(invited)).where(mine)
    newest = newest.group_by(answer.c.invited_id, answer.c.item)
    return sa.select(*(answer.c[name] for name in ANSWERS)).where(answer.c.answer_id.in_(newest))


def _check(about: sa.Row | None, person: str, asked: str, row: Mapping[str, object]) -> None:
    if about is None or about.person != person or not person:
        raise StoreError("This invitation is not yours.")
    if about.closed_at is not None:
        raise StoreError(f"The round {about.title} is closed, and its answers are fixed. This answer was not saved.")
    _check_answer(row, about.item is not None, asked, about.lowest, about.highest)


def _check_answer(row: Mapping[str, object], known: bool, asked: str, lowest: int, highest: int) -> None:
    score = row["score"]
    if not known:
        raise StoreError(f"The instrument of this round has no item {asked}.")
    if row["state"] not in STATES:
        raise StoreError(f"An answer is one of {', '.join(STATES)}, not {row['state']}.")
    if row["state"] == "score" and (score is None or score != int(score) or not lowest <= score <= highest):
        raise StoreError(f"Item {asked}: a score is a whole number from {lowest} to {highest}, not {score}.")
