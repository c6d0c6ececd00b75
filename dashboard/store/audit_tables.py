"""The database's tables of quality audits: templates, rounds and their frozen frames, what was drawn, answers, grades.

Answers and grades are only ever added to. Whatever hangs on a drawn assessment goes with it when its term is over.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.store.tables import Code, Utc, metadata

CASCADE = "CASCADE"

template = sa.Table(
    "audit_template",
    metadata,
    sa.Column("template", Code, primary_key=True),
    sa.Column("version", Code, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),  # JSON
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("added_at", Utc, nullable=False),
)

# The questions of a version, so that an answer to another version's question is refused in one look-up.
question = sa.Table(
    "audit_question",
    metadata,
    sa.Column("template", Code, primary_key=True),
    sa.Column("version", Code, primary_key=True),
    sa.Column("question", Code, primary_key=True),
)

auditor = sa.Table(
    "audit_auditor",
    metadata,
    sa.Column("identity", Code, primary_key=True),  # issuer and subject
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("agency_id", Code, nullable=False),  # whom they work for: they audit none of its assessments
    sa.Column("most", sa.Integer, nullable=False),  # audits at a time
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", Utc, nullable=False),
)

round_ = sa.Table(
    "audit_round",
    metadata,
    sa.Column("round_id", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # one of `audits.KINDS`
    sa.Column("template", Code, nullable=False),
    sa.Column("version", Code, nullable=False),
    sa.Column("as_at", sa.Date, nullable=False),  # the day that the frame was frozen for
    sa.Column("due_date", sa.Date, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("margin", sa.Double),  # wanted, in percentage points; empty where the size was given
    sa.Column("dual_share", sa.Double, nullable=False),  # of the drawn, audited twice
    sa.Column("standing", sa.Text, nullable=False),  # of the records drawn from: invented, local
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", Utc),
    sa.ForeignKeyConstraint(["template", "version"], ["audit_template.template", "audit_template.version"]),
    sqlite_autoincrement=True,
)

stratum = sa.Table(
    "audit_stratum",
    metadata,
    sa.Column("round_id", sa.ForeignKey("audit_round.round_id"), primary_key=True),
    sa.Column("stratum", Code, primary_key=True),
    sa.Column("frame_size", sa.Integer, nullable=False),
    sa.Column("planned", sa.Integer, nullable=False),
)

frame = sa.Table(
    "audit_frame",
    metadata,
    # No foreign keys, as with `figure`: a frame of 100,000 rows is written in one go with its round.
    sa.Column("round_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("assessment_id", Code, primary_key=True),
    sa.Column("stratum", Code, nullable=False),
    sa.Column("agency_id", Code, nullable=False),
    sa.Column("episode_id", Code),
    sa.Column("family_id", Code),
    sqlite_with_rowid=False,
)

drawn = sa.Table(
    "audit_drawn",
    metadata,
    sa.Column("drawn_id", sa.Integer, primary_key=True),
    sa.Column("round_id", sa.ForeignKey("audit_round.round_id"), nullable=False),
    sa.Column("assessment_id", Code, nullable=False),
    sa.Column("parent_audit_id", sa.Integer, nullable=False),  # of a re-audit: which audit it repeats; else 0
    sa.Column("stratum", Code, nullable=False),
    sa.Column("agency_id", Code, nullable=False),
    sa.Column("episode_id", Code),
    sa.Column("family_id", Code),
    sa.Column("draw_order", sa.Integer, nullable=False),
    sa.Column("weight", sa.Double),  # how many assessments of the frame it stands for; empty where it stands for none
    sa.Column("moderate", sa.Boolean, nullable=False),  # chosen by lot to be moderated whatever its grade
    sa.Column("state", sa.Text, nullable=False),  # sample, reserve, excluded
    sa.Column("reason", sa.Text, nullable=False),  # why it was excluded
    # The same assessment is not drawn twice in a round.
    sa.UniqueConstraint("round_id", "assessment_id", "parent_audit_id", name="uq_audit_drawn_assessment"),
    sqlite_autoincrement=True,
)

# One auditor's examination of one drawn assessment. Audited twice: two rows, `part` 1 and 2.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("audit_id", sa.Integer, primary_key=True),
    sa.Column("drawn_id", sa.ForeignKey("audit_drawn.drawn_id", ondelete=CASCADE), nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("auditor", Code),  # identity; empty: to be allocated
    sa.Column("due_date", sa.Date, nullable=False),
    sa.Column("started_at", Utc),
    sa.Column("submitted_at", Utc),
    sa.Column("source", sa.Text, nullable=False),  # here, paper, sample
    sa.UniqueConstraint("drawn_id", "part", name="uq_audit_part"),
    sa.UniqueConstraint("drawn_id", "auditor", name="uq_audit_auditor"),
    sqlite_autoincrement=True,
)

answer = sa.Table(
    "audit_answer",
    metadata,
    sa.Column("answer_id", sa.Integer, primary_key=True),
    sa.Column("audit_id", sa.ForeignKey("audit.audit_id", ondelete=CASCADE), nullable=False),
    sa.Column("question", Code, nullable=False),
    sa.Column("base", sa.Integer, nullable=False),  # answer that the writer started from, 0 for the first
    sa.Column("answer", sa.Text, nullable=False),  # "" where only evidence is written
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
    # Two people who started from the same answer cannot both follow it.
    sa.UniqueConstraint("audit_id", "question", "base", name="uq_audit_answer_base"),
    sqlite_autoincrement=True,
)

grade = sa.Table(
    "audit_grade",
    metadata,
    sa.Column("grade_id", sa.Integer, primary_key=True),
    sa.Column("audit_id", sa.ForeignKey("audit.audit_id", ondelete=CASCADE), nullable=False),
    sa.Column("kind", Code, nullable=False),  # suggested, auditor, moderator, final
    sa.Column("base", sa.Integer, nullable=False),  # as with answers
    sa.Column("grade", sa.Integer, nullable=False),  # 4 outstanding, 3 good, 2 requires improvement, 1 inadequate
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
    sa.UniqueConstraint("audit_id", "kind", "base", name="uq_audit_grade_base"),
    sqlite_autoincrement=True,
)

# What was done on the day on which a risk of harm was found.
step = sa.Table(
    "audit_step",
    metadata,
    sa.Column("audit_id", sa.ForeignKey("audit.audit_id", ondelete=CASCADE), primary_key=True),
    sa.Column("step", Code, primary_key=True),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
)

action = sa.Table(
    "audit_action",
    metadata,
    sa.Column("action_id", sa.Integer, primary_key=True),
    sa.Column("audit_id", sa.ForeignKey("audit.audit_id", ondelete=CASCADE), nullable=False),
    sa.Column("question", Code, nullable=False),  # which failed; "" for the audit as a whole
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("owner_agency_id", Code, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),  # high, medium, low
    sa.Column("due_date", sa.Date, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", Utc, nullable=False),
    sa.Column("done_date", sa.Date),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("done_by", sa.Text),
    sa.Column("verified_by", sa.Text),  # somebody else than who set it or said that it was done
    sa.Column("verified_at", Utc),
    sqlite_autoincrement=True,
)

# One row: a number that grows whenever a result changes, and not with every answer.
audit_version = sa.Table(
    "audit_version",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("one = 1", name="ck_audit_version_one"),
)
