"""The action plan and its history."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "plan_action",
        sa.Column("action_id", sa.Integer, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("action_id", name="pk_plan_action"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plan_version",
        sa.Column("version_id", sa.Integer, nullable=False),
        sa.Column("action_id", sa.Integer, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("by_when", sa.Date),
        sa.Column("owner_agency", sa.Text, nullable=False),
        sa.Column("owner_role", sa.Text, nullable=False),
        sa.Column("actions", sa.Text, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("links", sa.Text, nullable=False),
        sa.Column("meeting", sa.Date),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("version_id", name="pk_plan_version"),
        sa.ForeignKeyConstraint(["action_id"], ["plan_action.action_id"], name="fk_plan_version_action_id_plan_action"),
        sa.UniqueConstraint("action_id", "base", name="uq_plan_version_base"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("plan_version")
    op.drop_table("plan_action")
