"""Audit templates, rounds and their frames, what was drawn, audits, answers, grades, steps, actions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True)
TABLES = (
    "audit_template",
    "audit_question",
    "audit_auditor",
    "audit_round",
    "audit_stratum",
    "audit_frame",
    "audit_drawn",
    "audit",
    "audit_answer",
    "audit_grade",
    "audit_step",
    "audit_action",
    "audit_version",
)  # each after those that it points to


def upgrade() -> None:
    op.create_table(
        "audit_template",
        sa.Column("template", Code, nullable=False),
        sa.Column("version", Code, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("template", "version", name="pk_audit_template"),
    )
    op.create_table(
        "audit_question",
        sa.Column("template", Code, nullable=False),
        sa.Column("version", Code, nullable=False),
        sa.Column("question", Code, nullable=False),
        sa.PrimaryKeyConstraint("template", "version", "question", name="pk_audit_question"),
    )
    op.create_table(
        "audit_auditor",
        sa.Column("identity", Code, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("agency_id", Code, nullable=False),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_audit_auditor"),
    )
    op.create_table(
        "audit_round",
        sa.Column("round_id", sa.Integer),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("template", Code, nullable=False),
        sa.Column("version", Code, nullable=False),
        sa.Column("as_at", sa.Date, nullable=False),
        sa.Column("due_date", sa.Date, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("margin", sa.Double),
        sa.Column("dual_share", sa.Double, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("closed_by", sa.Text),
        sa.Column("closed_at", Moment),
        sa.PrimaryKeyConstraint("round_id", name="pk_audit_round"),
        sa.ForeignKeyConstraint(
            ["template", "version"],
            ["audit_template.template", "audit_template.version"],
            name="fk_audit_round_template_audit_template",
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_stratum",
        sa.Column("round_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("stratum", Code, nullable=False),
        sa.Column("frame_size", sa.Integer, nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("round_id", "stratum", name="pk_audit_stratum"),
        sa.ForeignKeyConstraint(["round_id"], ["audit_round.round_id"], name="fk_audit_stratum_round_id_audit_round"),
    )
    op.create_table(
        "audit_frame",
        sa.Column("round_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("assessment_id", Code, nullable=False),
        sa.Column("stratum", Code, nullable=False),
        sa.Column("agency_id", Code, nullable=False),
        sa.Column("episode_id", Code),
        sa.Column("family_id", Code),
        sa.PrimaryKeyConstraint("round_id", "assessment_id", name="pk_audit_frame"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_drawn",
        sa.Column("drawn_id", sa.Integer),
        sa.Column("round_id", sa.Integer, nullable=False),
        sa.Column("assessment_id", Code, nullable=False),
        sa.Column("parent_audit_id", sa.Integer, nullable=False),
        sa.Column("stratum", Code, nullable=False),
        sa.Column("agency_id", Code, nullable=False),
        sa.Column("episode_id", Code),
        sa.Column("family_id", Code),
        sa.Column("draw_order", sa.Integer, nullable=False),
        sa.Column("weight", sa.Double),
        sa.Column("moderate", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("drawn_id", name="pk_audit_drawn"),
        sa.ForeignKeyConstraint(["round_id"], ["audit_round.round_id"], name="fk_audit_drawn_round_id_audit_round"),
        sa.UniqueConstraint("round_id", "assessment_id", "parent_audit_id", name="uq_audit_drawn_assessment"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.Integer),
        sa.Column("drawn_id", sa.Integer, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("auditor", Code),
        sa.Column("due_date", sa.Date, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("submitted_at", Moment),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit"),
        sa.ForeignKeyConstraint(
            ["drawn_id"], ["audit_drawn.drawn_id"], name="fk_audit_drawn_id_audit_drawn", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("drawn_id", "auditor", name="uq_audit_auditor"),
        sa.UniqueConstraint("drawn_id", "part", name="uq_audit_part"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_answer",
        sa.Column("answer_id", sa.Integer),
        sa.Column("audit_id", sa.Integer, nullable=False),
        sa.Column("question", Code, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("answer_id", name="pk_audit_answer"),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.audit_id"], name="fk_audit_answer_audit_id_audit", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("audit_id", "question", "base", name="uq_audit_answer_base"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_grade",
        sa.Column("grade_id", sa.Integer),
        sa.Column("audit_id", sa.Integer, nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("grade", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("grade_id", name="pk_audit_grade"),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.audit_id"], name="fk_audit_grade_audit_id_audit", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("audit_id", "kind", "base", name="uq_audit_grade_base"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_step",
        sa.Column("audit_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("step", Code, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("audit_id", "step", name="pk_audit_step"),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.audit_id"], name="fk_audit_step_audit_id_audit", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "audit_action",
        sa.Column("action_id", sa.Integer),
        sa.Column("audit_id", sa.Integer, nullable=False),
        sa.Column("question", Code, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("owner_agency_id", Code, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("due_date", sa.Date, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", Moment, nullable=False),
        sa.Column("done_date", sa.Date),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("done_by", sa.Text),
        sa.Column("verified_by", sa.Text),
        sa.Column("verified_at", Moment),
        sa.PrimaryKeyConstraint("action_id", name="pk_audit_action"),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.audit_id"], name="fk_audit_action_audit_id_audit", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    version = op.create_table(
        "audit_version",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_audit_version"),
        sa.CheckConstraint("one = 1", name="ck_audit_version_one"),
    )
    op.bulk_insert(version, [{"one": 1, "version": 0}])


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
