"""The database's tables of questionnaires: instruments, rounds, who is invited, answers, what the workshop agreed.

Answers and agreed scores are only ever added to: every version of them is kept.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.store.tables import Code, Utc, metadata

instrument = sa.Table(
    "questionnaire_instrument",
    metadata,
    sa.Column("instrument", Code, primary_key=True),
    sa.Column("edition", Code, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("lowest", sa.Integer, nullable=False),
    sa.Column("highest", sa.Integer, nullable=False),
    sa.Column("content", sa.Text, nullable=False),  # JSON
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("added_at", Utc, nullable=False),
)

# The items of an edition, so that an answer to something else is refused in one look-up.
item = sa.Table(
    "questionnaire_item",
    metadata,
    sa.Column("instrument", Code, primary_key=True),
    sa.Column("edition", Code, primary_key=True),
    sa.Column("item", Code, primary_key=True),
    sa.ForeignKeyConstraint(
        ["instrument", "edition"], ["questionnaire_instrument.instrument", "questionnaire_instrument.edition"]
    ),
)

round_ = sa.Table(
    "questionnaire_round",
    metadata,
    sa.Column("round_id", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),  # what it is called in tables and in time: "2025"
    sa.Column("instrument", Code, nullable=False),
    sa.Column("edition", Code, nullable=False),
    sa.Column("period_end", sa.Date, nullable=False),
    sa.Column("standing", sa.Text, nullable=False),  # local, invented
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", Utc),
    sa.ForeignKeyConstraint(
        ["instrument", "edition"], ["questionnaire_instrument.instrument", "questionnaire_instrument.edition"]
    ),
    sa.UniqueConstraint("title", name="uq_questionnaire_round_title"),
    sqlite_autoincrement=True,
)

invited = sa.Table(
    "questionnaire_invited",
    metadata,
    sa.Column("invited_id", sa.Integer, primary_key=True),
    sa.Column("round_id", sa.ForeignKey("questionnaire_round.round_id"), nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("identity", Code, nullable=False),  # as invited: an e-mail address, or issuer#subject
    sa.Column("person", Code, nullable=False),  # issuer#subject of who took the invitation up, "" until then
    sa.Column("respondent_role", sa.Text, nullable=False),  # leader, manager, practitioner
    sa.Column("invited_at", Utc, nullable=False),
    sa.UniqueConstraint("round_id", "identity", name="uq_questionnaire_invited_identity"),
    sqlite_autoincrement=True,
)

answer = sa.Table(
    "questionnaire_answer",
    metadata,
    sa.Column("answer_id", sa.Integer, primary_key=True),
    sa.Column("invited_id", sa.ForeignKey("questionnaire_invited.invited_id"), nullable=False),
    sa.Column("item", Code, nullable=False),
    sa.Column("base", sa.Integer, nullable=False),  # answer that the writer started from, 0 for the first
    sa.Column("state", sa.Text, nullable=False),  # score, dont_know, not_applicable, blank
    sa.Column("score", sa.Integer),  # where the state is score
    sa.Column("reason", sa.Text, nullable=False),  # why it does not apply
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
    # Two who started from the same answer cannot both follow it.
    sa.UniqueConstraint("invited_id", "item", "base", name="uq_questionnaire_answer_base"),
    sqlite_autoincrement=True,
)

agreed = sa.Table(
    "questionnaire_agreed",
    metadata,
    sa.Column("agreed_id", sa.Integer, primary_key=True),
    sa.Column("round_id", sa.ForeignKey("questionnaire_round.round_id"), nullable=False),
    sa.Column("item", Code, nullable=False),
    sa.Column("base", sa.Integer, nullable=False),  # as with answers
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
    sa.UniqueConstraint("round_id", "item", "base", name="uq_questionnaire_agreed_base"),
    sqlite_autoincrement=True,
)

# One row: a number that grows whenever a result changes, and not with every answer.
questionnaire_version = sa.Table(
    "questionnaire_version",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("one = 1", name="ck_questionnaire_version_one"),
)
