"""Tables of the action plan: what an action is known by, and every version of what it says.

A version is written when somebody changes an action, and when a meeting looks at it: then it carries the meeting's day.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.store.tables import Utc, metadata

plan_action = sa.Table(
    "plan_action",
    metadata,
    sa.Column("action_id", sa.Integer, primary_key=True),
    sa.Column("standing", sa.Text, nullable=False),  # local, example, invented
    sqlite_autoincrement=True,
)

plan_version = sa.Table(
    "plan_version",
    metadata,
    sa.Column("version_id", sa.Integer, primary_key=True),
    sa.Column("action_id", sa.ForeignKey("plan_action.action_id"), nullable=False),
    sa.Column("base", sa.Integer, nullable=False),  # the version that it follows, 0 for the first
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
    sa.Column("links", sa.Text, nullable=False),  # JSON: [[kind, reference], …]
    sa.Column("meeting", sa.Date),  # the meeting that looked at it, null for any other change
    sa.Column("note", sa.Text, nullable=False),  # what that meeting said, or why the change was made
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", Utc, nullable=False),
    # Nobody can follow a version that somebody else has followed already.
    sa.UniqueConstraint("action_id", "base", name="uq_plan_version_base"),
    sqlite_autoincrement=True,
)
