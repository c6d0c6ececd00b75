"""Questionnaire instruments, rounds, who is invited, answers, agreed scores."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True)
TABLES = (
    "questionnaire_instrument",
    "questionnaire_item",
    "questionnaire_round",
    "questionnaire_invited",
    "questionnaire_answer",
    "questionnaire_agreed",
    "questionnaire_version",
)  # each after those that it points to


def _of_instrument(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["instrument", "edition"],
        ["questionnaire_instrument.instrument", "questionnaire_instrument.edition"],
        name=f"fk_{table}_instrument_questionnaire_instrument",
    )


def upgrade() -> None:
    op.create_table(
        "questionnaire_instrument",
        sa.Column("instrument", Code, nullable=False),
        sa.Column("edition", Code, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("lowest", sa.Integer, nullable=False),
        sa.Column("highest", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("instrument", "edition", name="pk_questionnaire_instrument"),
    )
    op.create_table(
        "questionnaire_item",
        sa.Column("instrument", Code, nullable=False),
        sa.Column("edition", Code, nullable=False),
        sa.Column("item", Code, nullable=False),
        sa.PrimaryKeyConstraint("instrument", "edition", "item", name="pk_questionnaire_item"),
        _of_instrument("questionnaire_item"),
    )
    op.create_table(
        "questionnaire_round",
        sa.Column("round_id", sa.Integer),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("instrument", Code, nullable=False),
        sa.Column("edition", Code, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("closed_by", sa.Text),
        sa.Column("closed_at", Moment),
        sa.PrimaryKeyConstraint("round_id", name="pk_questionnaire_round"),
        sa.UniqueConstraint("title", name="uq_questionnaire_round_title"),
        _of_instrument("questionnaire_round"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "questionnaire_invited",
        sa.Column("invited_id", sa.Integer),
        sa.Column("round_id", sa.Integer, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("identity", Code, nullable=False),
        sa.Column("person", Code, nullable=False),
        sa.Column("respondent_role", sa.Text, nullable=False),
        sa.Column("invited_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("invited_id", name="pk_questionnaire_invited"),
        sa.ForeignKeyConstraint(
            ["round_id"], ["questionnaire_round.round_id"], name="fk_questionnaire_invited_round_id_questionnaire_round"
        ),
        sa.UniqueConstraint("round_id", "identity", name="uq_questionnaire_invited_identity"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "questionnaire_answer",
        sa.Column("answer_id", sa.Integer),
        sa.Column("invited_id", sa.Integer, nullable=False),
        sa.Column("item", Code, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("answer_id", name="pk_questionnaire_answer"),
        sa.ForeignKeyConstraint(
            ["invited_id"],
            ["questionnaire_invited.invited_id"],
            name="fk_questionnaire_answer_invited_id_questionnaire_invited",
        ),
        sa.UniqueConstraint("invited_id", "item", "base", name="uq_questionnaire_answer_base"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "questionnaire_agreed",
        sa.Column("agreed_id", sa.Integer),
        sa.Column("round_id", sa.Integer, nullable=False),
        sa.Column("item", Code, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("agreed_id", name="pk_questionnaire_agreed"),
        sa.ForeignKeyConstraint(
            ["round_id"], ["questionnaire_round.round_id"], name="fk_questionnaire_agreed_round_id_questionnaire_round"
        ),
        sa.UniqueConstraint("round_id", "item", "base", name="uq_questionnaire_agreed_base"),
        sqlite_autoincrement=True,
    )
    version = op.create_table(
        "questionnaire_version",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_questionnaire_version"),
        sa.CheckConstraint("one = 1", name="ck_questionnaire_version_one"),
    )
    op.bulk_insert(version, [{"one": 1, "version": 0}])


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
