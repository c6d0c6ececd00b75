"""Audits themselves: answers saved one by one, grades of which all are kept, and the steps of the same day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.audit_rounds import SAMPLE
from dashboard.store.audit_rows import changed, open_audit
from dashboard.store.audit_tables import answer, audit, auditor, drawn, grade, question, round_, step
from dashboard.store.copying import fetch
from dashboard.store.database import reading, writing
from dashboard.store.errors import StaleEdit, StoreError
from dashboard.store.results import rows_of

GRADES = ("suggested", "auditor", "moderator", "final")
MOMENT = pl.Datetime("us", "UTC")
AUDITS = pl.Schema(
    {
        "audit_id": pl.Int64,
        "drawn_id": pl.Int64,
        "part": pl.Int64,
        "auditor": pl.String,
        "due_date": pl.Date,
        "started_at": MOMENT,
        "submitted_at": MOMENT,
        "source": pl.String,
        "round_id": pl.Int64,
        "assessment_id": pl.String,
        "parent_audit_id": pl.Int64,
        "stratum": pl.String,
        "agency_id": pl.String,
        "episode_id": pl.String,
        "family_id": pl.String,
        "weight": pl.Float64,
        "moderate": pl.Boolean,
        "title": pl.String,
        "kind": pl.String,
        "template": pl.String,
        "version": pl.String,
        "as_at": pl.Date,
        "standing": pl.String,
        "closed_at": MOMENT,
        "auditor_name": pl.String,
        **{f"{kind}_grade": pl.Int64 for kind in GRADES},
    }
)
ANSWERS = pl.Schema(
    {
        "answer_id": pl.Int64,
        "audit_id": pl.Int64,
        "question": pl.String,
        "answer": pl.String,
        "evidence": pl.String,
        "author": pl.String,
        "written_at": MOMENT,
    }
)
GRADED = pl.Schema(
    {
        "grade_id": pl.Int64,
        "audit_id": pl.Int64,
        "kind": pl.String,
        "grade": pl.Int64,
        "reason": pl.String,
        "author": pl.String,
        "written_at": MOMENT,
    }
)
STEPS = pl.Schema({"audit_id": pl.Int64, "step": pl.String, "author": pl.String, "written_at": MOMENT})


class Sheets:
    """The part of `Audits` in which auditing is done."""

    engine: sa.Engine

    def audits(
        self, *, audit_id: int | None = None, drawn_id: int | None = None, auditor_is: str | None = None
    ) -> pl.DataFrame:
        """Audits of what is in a sample, one row each with its round and newest grades: the columns of `AUDITS`.

        Of all, of one, of one drawn assessment, or of one auditor. Left-out assessments and reserves are not there.
        """
        query = _audits().where(drawn.c.state == SAMPLE).order_by(audit.c.audit_id)
        if audit_id is not None:
            query = query.where(audit.c.audit_id == audit_id)
        if drawn_id is not None:
            query = query.where(audit.c.drawn_id == drawn_id)
        if auditor_is is not None:
            query = query.where(audit.c.auditor == auditor_is)
        return rows_of(self.engine, query, AUDITS)

    def save_answer(self, audit_id: int, asked: str, *, said: str, evidence: str, base: int | None, by: str) -> int:
        """Keep the next answer to a question, with its evidence; gives its id.

        `base`: id of the answer that the writer started from, None if there was none. Raises `StaleEdit`, with both,
        if another was saved since (its texts are answer and evidence, on a line each), and `StoreError` where the round
        is closed, the audit is finished, or the question is of another version of the template.

        It is no result yet: `version` stays as it is, and no entry is written in the record.
        """
        evidence = evidence.replace("\x00", "")
        row = {"audit_id": audit_id, "question": asked, "base": base or 0}
        row |= {"answer": said, "evidence": evidence, "author": by, "written_at": datetime.now(UTC)}
        try:
            with writing(self.engine) as connection:
                _open(connection, audit_id, asked)
                newest = _newest(connection, answer, {"audit_id": audit_id, "question": asked})
                if (newest[0] if newest else 0) == row["base"]:
                    begun = audit.c.audit_id == audit_id, audit.c.started_at.is_(None)
                    connection.execute(audit.update().where(*begun).values(started_at=row["written_at"]))
                    return connection.execute(answer.insert().values(row)).inserted_primary_key[0]
        except sa.exc.IntegrityError:  # someone else's was written between our look and our writing
            with reading(self.engine) as connection:
                newest = _newest(connection, answer, {"audit_id": audit_id, "question": asked})
        raise StaleEdit(
            yours=f"{said}\n{evidence}",
            theirs=f"{newest.answer}\n{newest.evidence}" if newest else "",
            note_id=newest[0] if newest else None,
            author=newest.author if newest else "",
            written_at=newest.written_at if newest else None,
            thing="answer",
        )

    def answers(self, audit_ids: Sequence[int] | None = None) -> pl.DataFrame:
        """The answer to each question that stands, of these audits or of all, with the columns of `ANSWERS`."""
        query = _only(answer, ANSWERS).where(~_followed()).order_by(answer.c.answer_id)
        if audit_ids is not None:
            query = query.where(answer.c.audit_id.in_(list(audit_ids)))
        return rows_of(self.engine, query, ANSWERS)

    def given(self) -> pl.DataFrame:
        """What stands at every question of every audit, and nothing beside: `audit_id`, `question`, `answer`. Quick."""
        schema = pl.Schema({"audit_id": pl.Int64, "question": pl.String, "answer": pl.String})
        query = _only(answer, schema).where(~_followed()).order_by(answer.c.audit_id, answer.c.answer_id)
        with reading(self.engine) as connection:
            return fetch(connection, query, schema)

    def answer_history(self, audit_id: int, asked: str) -> pl.DataFrame:
        """Every answer that a question of an audit ever had, newest first, with the columns of `ANSWERS`."""
        query = _only(answer, ANSWERS).filter_by(audit_id=audit_id, question=asked)
        return rows_of(self.engine, query.order_by(answer.c.answer_id.desc()), ANSWERS)

    def submit(
        self, audit_id: int, grades: Mapping[str, tuple[int, str]], *, by: str, as_role: str = "", source: str = "here"
    ) -> None:
        """Finish an audit with its grades, each with its reason: `suggested`, `auditor` and, if it stands, `final`.

        `StoreError` where it is finished already or its round is closed.
        """
        with writing(self.engine) as connection:
            _open(connection, audit_id)
            now = datetime.now(UTC)
            done = {"submitted_at": now, "source": source, "started_at": sa.func.coalesce(audit.c.started_at, now)}
            # Of two who finish it at once the second waits here, and finds it finished.
            mine = audit.c.audit_id == audit_id, audit.c.submitted_at.is_(None)
            if not connection.execute(audit.update().where(*mine).values(done)).rowcount:
                raise StoreError("This audit is finished already.")
            for kind, (value, why) in grades.items():
                _grade(connection, audit_id, kind, value, why, 0, by, now)
            changed(connection)
            record.append(connection, by, as_role, "changed", f"audit {audit_id} finished")

    def set_grade(
        self, audit_id: int, kind: str, value: int, reason: str, *, base: int | None, by: str, as_role: str = ""
    ) -> int:
        """Keep the next grade of one of the kinds `GRADES` (4 outstanding to 1 inadequate); gives its id.

        `base` as with answers; raises `StaleEdit` in the same way. The grades before it stay.
        """
        key = {"audit_id": audit_id, "kind": kind}
        try:
            with writing(self.engine) as connection:
                newest = _newest(connection, grade, key)
                if (newest[0] if newest else 0) == (base or 0):
                    made = _grade(connection, audit_id, kind, value, reason, base or 0, by, datetime.now(UTC))
                    changed(connection)
                    record.append(connection, by, as_role, "changed", f"audit {audit_id}: {kind} grade")
                    return made
        except sa.exc.IntegrityError:
            with reading(self.engine) as connection:
                newest = _newest(connection, grade, key)
        raise StaleEdit(
            yours=f"{value}\n{reason}",
            theirs=f"{newest.grade}\n{newest.reason}" if newest else "",
            note_id=newest[0] if newest else None,
            author=newest.author if newest else "",
            written_at=newest.written_at if newest else None,
            thing="grade",
        )

    def grades(self, audit_id: int) -> pl.DataFrame:
        """Every grade that an audit was ever given, newest first, with the columns of `GRADED`."""
        query = _only(grade, GRADED).filter_by(audit_id=audit_id)
        return rows_of(self.engine, query.order_by(grade.c.grade_id.desc()), GRADED)

    def take_step(self, audit_id: int, name: str, *, by: str, as_role: str = "") -> None:
        """Say that one of the same-day steps was taken. Twice is as once: the first who said so stands."""
        row = {"audit_id": audit_id, "step": name, "author": by, "written_at": datetime.now(UTC)}
        try:
            with writing(self.engine) as connection:
                connection.execute(step.insert().values(row))
                record.append(connection, by, as_role, "changed", f"audit {audit_id}: {name}")
        except sa.exc.IntegrityError:
            return

    def steps(self, audit_id: int) -> pl.DataFrame:
        """The same-day steps that were taken, in their order, with the columns of `STEPS`."""
        query = _only(step, STEPS).filter_by(audit_id=audit_id)
        return rows_of(self.engine, query.order_by(step.c.written_at), STEPS)


def _followed() -> sa.Exists:
    """Whether somebody gave another answer after this one."""
    later = answer.alias("later")
    return sa.exists().where(
        later.c.audit_id == answer.c.audit_id,
        later.c.question == answer.c.question,
        later.c.base == answer.c.answer_id,
    )


def _only(table: sa.Table, schema: pl.Schema) -> sa.Select:
    return sa.select(*(table.c[name] for name in schema))


def _audits() -> sa.Select:
    tables = audit.join(drawn).join(round_).outerjoin(auditor, auditor.c.identity == audit.c.auditor)
    columns = []
    for name in list(AUDITS)[: -len(GRADES) - 1]:
        columns.append(next(table.c[name] for table in (audit, drawn, round_) if name in table.c))
    return sa.select(*columns, auditor.c.name, *map(_newest_grade, GRADES)).select_from(tables)


def _newest_grade(kind: str) -> sa.ScalarSelect:
    mine = sa.select(grade.c.grade).where(grade.c.audit_id == audit.c.audit_id, grade.c.kind == kind)
    return mine.order_by(grade.c.grade_id.desc()).limit(1).correlate(audit).scalar_subquery()


def _open(connection: sa.Connection, audit_id: int, asked: str = "") -> None:
    """Raise `StoreError` unless answers to this audit, and to this question, may be given."""
    of_version = sa.exists().where(
        question.c.template == round_.c.template, question.c.version == round_.c.version, question.c.question == asked
    )
    it = open_audit(connection, audit_id, of_version.label("known"))
    if it.submitted_at is not None:
        raise StoreError("This audit is finished already.")
    if it.state != SAMPLE:
        raise StoreError("This assessment was left out of the sample.")
    if asked and not it.known:
        raise StoreError(f"Question {asked} is not of the version of the template that this round uses.")


def _newest(connection: sa.Connection, table: sa.Table, key: Mapping[str, object]) -> sa.Row | None:
    [number] = table.primary_key
    return connection.execute(table.select().filter_by(**key).order_by(number.desc()).limit(1)).first()


def _grade(
    connection: sa.Connection, audit_id: int, kind: str, value: int, why: str, base: int, by: str, now: datetime
) -> int:
    if kind not in GRADES or value not in (1, 2, 3, 4):
        raise ValueError(f"a grade is one of {', '.join(GRADES)} from 1 to 4, not {kind!r} {value!r}")
    row = {"audit_id": audit_id, "kind": kind, "base": base, "grade": value, "reason": why.replace("\x00", "")}
    return connection.execute(grade.insert().values(**row, author=by, written_at=now)).inserted_primary_key[0]
