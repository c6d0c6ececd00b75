"""First tables: loads with their figures and refused rows, and notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "load",
        sa.Column("load_id", sa.Integer),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("publisher", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("licence", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("figures", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("loaded_by", sa.Text, nullable=False),
        sa.Column("loaded_at", Moment, nullable=False),
        sa.Column("undone_by", sa.Text),
        sa.Column("undone_at", Moment),
        sa.PrimaryKeyConstraint("load_id", name="pk_load"),
        sqlite_autoincrement=True,
    )
    standing = sa.text("undone_at IS NULL")
    op.create_index(
        "uq_load_sha256_standing", "load", ["sha256"], unique=True, sqlite_where=standing, postgresql_where=standing
    )
    op.create_table(
        "figure",
        sa.Column("load_id", sa.Integer, nullable=False),
        sa.Column("measure", Code, nullable=False),
        sa.Column("breakdown", Code, nullable=False),
        sa.Column("group", Code, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("numerator", sa.Double),
        sa.Column("denominator", sa.Double),
        sa.Column("value", sa.Double),
        sa.Column("lower", sa.Double),
        sa.Column("upper", sa.Double),
        sa.Column("n", sa.BigInteger),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("method", sa.Text),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("measure", "breakdown", "group", "period_end", "load_id", name="pk_figure"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refused",
        sa.Column("load_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("line", sa.Integer),
        sa.Column("column", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("load_id", "number", name="pk_refused"),
        sa.ForeignKeyConstraint(["load_id"], ["load.load_id"], name="fk_refused_load_id_load"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "note",
        sa.Column("note_id", sa.Integer),
        sa.Column("indicator", sa.Text, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("note_id", name="pk_note"),
        sa.UniqueConstraint("indicator", "section", "base", name="uq_note_base"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for table in ("note", "refused", "figure", "load"):
        op.drop_table(table)
