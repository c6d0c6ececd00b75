"""Case tables, snapshots of what was reckoned from them, and where a refused or repaired line stood."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DAY, WHOLE, YES_NO, NUMBER = sa.Date(), sa.BigInteger(), sa.Boolean(), sa.Double()
MUST, MAY = False, True  # nullable

# Name, key, columns as they were when these tables were made; `metrics.cases` may know more by now.
TABLES = {
    "agency": (
        ["agency_id"],
        [
            ("agency_id", TEXT, MUST),
            ("name", TEXT, MUST),
            ("agency_type", TEXT, MUST),
            ("lsoa", TEXT, MAY),
        ],
    ),
    "family": (
        ["family_id"],
        [
            ("family_id", TEXT, MUST),
            ("lsoa", TEXT, MAY),
        ],
    ),
    "person": (
        ["person_id"],
        [
            ("person_id", TEXT, MUST),
            ("family_id", TEXT, MAY),
            ("role", TEXT, MAY),
            ("birth_month", DAY, MAY),
            ("sex", TEXT, MAY),
            ("ethnicity", TEXT, MAY),
            ("disability", YES_NO, MAY),
            ("lsoa", TEXT, MAY),
            ("school_urn", TEXT, MAY),
        ],
    ),
    "episode": (
        ["episode_id"],
        [
            ("episode_id", TEXT, MUST),
            ("family_id", TEXT, MAY),
            ("person_id", TEXT, MAY),
            ("start_date", DAY, MUST),
            ("end_date", DAY, MAY),
            ("start_reason", TEXT, MAY),
            ("end_reason", TEXT, MAY),
            ("level_at_start", WHOLE, MAY),
            ("level_at_end", WHOLE, MAY),
            ("route", TEXT, MAY),
            ("lead_agency_id", TEXT, MAY),
            ("lead_worker_id", TEXT, MAY),
            ("lsoa", TEXT, MAY),
        ],
    ),
    "assessment": (
        ["assessment_id"],
        [
            ("assessment_id", TEXT, MUST),
            ("episode_id", TEXT, MAY),
            ("family_id", TEXT, MAY),
            ("person_id", TEXT, MAY),
            ("start_date", DAY, MUST),
            ("complete_date", DAY, MAY),
            ("agency_id", TEXT, MUST),
            ("consent_status", TEXT, MAY),
            ("consent_date", DAY, MAY),
            ("lsoa", TEXT, MAY),
        ],
    ),
    "need": (
        ["need_id"],
        [
            ("need_id", TEXT, MUST),
            ("episode_id", TEXT, MUST),
            ("person_id", TEXT, MAY),
            ("outcome", WHOLE, MUST),
            ("baseline_date", DAY, MUST),
            ("resolved_date", DAY, MAY),
        ],
    ),
    "plan": (
        ["plan_id"],
        [
            ("plan_id", TEXT, MUST),
            ("episode_id", TEXT, MUST),
            ("version", WHOLE, MAY),
            ("start_date", DAY, MUST),
            ("end_date", DAY, MAY),
        ],
    ),
    "plan_action": (
        ["action_id"],
        [
            ("action_id", TEXT, MUST),
            ("plan_id", TEXT, MUST),
            ("need_id", TEXT, MAY),
            ("owner_agency_id", TEXT, MAY),
            ("due_date", DAY, MAY),
            ("done_date", DAY, MAY),
        ],
    ),
    "review": (
        ["review_id"],
        [
            ("review_id", TEXT, MUST),
            ("episode_id", TEXT, MUST),
            ("due_date", DAY, MUST),
            ("held_date", DAY, MAY),
            ("kind", TEXT, MAY),
            ("level_after", WHOLE, MAY),
            ("attendees", WHOLE, MAY),
            ("child_view", YES_NO, MAY),
            ("parent_view", YES_NO, MAY),
        ],
    ),
    "step_event": (
        ["step_id"],
        [
            ("step_id", TEXT, MUST),
            ("episode_id", TEXT, MAY),
            ("family_id", TEXT, MAY),
            ("direction", TEXT, MUST),
            ("from_level", WHOLE, MAY),
            ("to_level", WHOLE, MAY),
            ("date", DAY, MUST),
            ("accepted_date", DAY, MAY),
            ("referral_id", TEXT, MAY),
        ],
    ),
    "referral": (
        ["referral_id"],
        [
            ("referral_id", TEXT, MUST),
            ("family_id", TEXT, MAY),
            ("person_id", TEXT, MAY),
            ("date", DAY, MUST),
            ("source", TEXT, MAY),
            ("no_further_action", YES_NO, MAY),
            ("close_date", DAY, MAY),
            ("close_reason", TEXT, MAY),
            ("to_early_help", YES_NO, MAY),
            ("lsoa", TEXT, MAY),
        ],
    ),
    "contact": (
        ["contact_id"],
        [
            ("contact_id", TEXT, MUST),
            ("family_id", TEXT, MAY),
            ("person_id", TEXT, MAY),
            ("date", DAY, MUST),
            ("source", TEXT, MAY),
            ("outcome", TEXT, MAY),
        ],
    ),
    "feedback": (
        ["feedback_id"],
        [
            ("feedback_id", TEXT, MUST),
            ("episode_id", TEXT, MAY),
            ("date", DAY, MUST),
            ("respondent", TEXT, MUST),
            ("item", TEXT, MAY),
            ("score", WHOLE, MUST),
        ],
    ),
    "forum": (
        ["forum_id"],
        [
            ("forum_id", TEXT, MUST),
            ("forum_area", TEXT, MUST),
            ("date", DAY, MUST),
        ],
    ),
    "forum_item": (
        ["item_id"],
        [
            ("item_id", TEXT, MUST),
            ("forum_id", TEXT, MUST),
            ("family_id", TEXT, MAY),
            ("owner_agency_id", TEXT, MAY),
            ("due_date", DAY, MAY),
            ("done_date", DAY, MAY),
        ],
    ),
    "spend": (
        ["spend_id"],
        [
            ("spend_id", TEXT, MUST),
            ("agency_id", TEXT, MAY),
            ("date", DAY, MUST),
            ("pounds", NUMBER, MUST),
        ],
    ),
    "reading": (
        ["reading_id"],
        [
            ("reading_id", TEXT, MUST),
            ("episode_id", TEXT, MAY),
            ("person_id", TEXT, MAY),
            ("tool", TEXT, MUST),
            ("edition", TEXT, MAY),
            ("area", TEXT, MUST),
            ("date", DAY, MUST),
            ("score", NUMBER, MUST),
            ("star_id", TEXT, MAY),
            ("completed_by", TEXT, MAY),
            ("retrospective", YES_NO, MAY),
            ("state", TEXT, MAY),
            ("agency_id", TEXT, MAY),
        ],
    ),
    "audit_plan": (
        ["round_id", "stratum"],
        [
            ("round_id", TEXT, MUST),
            ("stratum", TEXT, MUST),
            ("due_date", DAY, MUST),
            ("frame_size", WHOLE, MUST),
            ("planned", WHOLE, MUST),
        ],
    ),
    "audit": (
        ["audit_id"],
        [
            ("audit_id", TEXT, MUST),
            ("round_id", TEXT, MAY),
            ("stratum", TEXT, MAY),
            ("episode_id", TEXT, MAY),
            ("assessment_id", TEXT, MAY),
            ("agency_id", TEXT, MAY),
            ("completed_date", DAY, MAY),
            ("auditor_grade", WHOLE, MAY),
            ("moderator_grade", WHOLE, MAY),
            ("final_grade", WHOLE, MAY),
            ("parent_audit_id", TEXT, MAY),
        ],
    ),
    "audit_answer": (
        ["audit_id", "question"],
        [
            ("audit_id", TEXT, MUST),
            ("question", TEXT, MUST),
            ("answer", TEXT, MUST),
        ],
    ),
    "audit_action": (
        ["action_id"],
        [
            ("action_id", TEXT, MUST),
            ("audit_id", TEXT, MUST),
            ("owner_agency_id", TEXT, MAY),
            ("due_date", DAY, MUST),
            ("done_date", DAY, MAY),
        ],
    ),
}


def upgrade() -> None:
    for name, (key, columns) in TABLES.items():
        op.create_table(
            f"case_{name}",
            sa.Column("load_id", sa.Integer, nullable=False),
            *(sa.Column(column, kind, nullable=nullable) for column, kind, nullable in columns),
            sa.PrimaryKeyConstraint("load_id", *key, name=f"pk_case_{name}"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "snapshot",
        sa.Column("standing", TEXT, nullable=False),
        sa.Column("taken_on", DAY, nullable=False),
        sa.Column("measure", TEXT, nullable=False),
        sa.Column("breakdown", TEXT, nullable=False),
        sa.Column("group", TEXT, nullable=False),
        sa.Column("period_end", DAY, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("numerator", NUMBER),
        sa.Column("denominator", NUMBER),
        sa.Column("value", NUMBER),
        sa.Column("lower", NUMBER),
        sa.Column("upper", NUMBER),
        sa.Column("n", WHOLE),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("method", sa.Text),
        sa.Column("reckoned_from", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "standing", "taken_on", "measure", "breakdown", "group", "period_end", "period", name="pk_snapshot"
        ),
        sqlite_with_rowid=False,
    )
    op.add_column("refused", sa.Column("table", sa.Text))
    op.add_column("refused", sa.Column("repaired", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("refused", "repaired")
    op.drop_column("refused", "table")
    for table in ("snapshot", *(f"case_{name}" for name in reversed(TABLES))):
        op.drop_table(table)
