"""Places, scenarios, roles, and the record with what guards it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True)
START = "0" * 64  # what the first entry of the record follows

# What the database itself refuses: any change of an entry; taking one out that was not marked as purged; an entry out
# of turn; moving the mark of the end back. Each line: name of the trigger, table, what it refuses, and when.
ONLY_ADDED = "the record is only ever added to"
IN_TURN = "an entry of the record follows the last one"
GUARDS = [
    ("record_unchanged", "record", "UPDATE", "true", ONLY_ADDED),
    ("record_kept", "record", "DELETE", "OLD.record_id > coalesce((SELECT purged_to FROM record_end), 0)", ONLY_ADDED),
    (
        "record_in_turn",
        "record",
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM record_end WHERE last_id + 1 = NEW.record_id AND last_hash = NEW.previous)",
        IN_TURN,
    ),
    ("record_end_kept", "record_end", "DELETE", "true", ONLY_ADDED),
    (
        "record_end_forward",
        "record_end",
        "UPDATE",
        "NEW.last_id < OLD.last_id OR NEW.purged_to < OLD.purged_to OR NEW.purged_to > NEW.last_id"
        " OR (NEW.last_id = OLD.last_id AND NEW.last_hash <> OLD.last_hash)"
        " OR (NEW.purged_to = OLD.purged_to AND NEW.purged_hash <> OLD.purged_hash)",
        ONLY_ADDED,
    ),
]


def upgrade() -> None:
    op.create_table(
        "forum_area",
        sa.Column("load_id", sa.Integer, nullable=False),
        sa.Column("lsoa", Code, nullable=False),
        sa.Column("forum_area", Code, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("load_id", "lsoa", name="pk_forum_area"),
        sa.ForeignKeyConstraint(["load_id"], ["load.load_id"], name="fk_forum_area_load_id_load"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "service",
        sa.Column("load_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("lsoa", Code),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("load_id", "number", name="pk_service"),
        sa.ForeignKeyConstraint(["load_id"], ["load.load_id"], name="fk_service_load_id_load"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "boundary",
        sa.Column("load_id", sa.Integer, nullable=False),
        sa.Column("level", Code, nullable=False),
        sa.Column("code", Code, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("geometry", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("load_id", "level", "code", name="pk_boundary"),
        sa.ForeignKeyConstraint(["load_id"], ["load.load_id"], name="fk_boundary_load_id_load"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scenario",
        sa.Column("scenario_id", sa.Integer),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("scenario_id", name="pk_scenario"),
        sa.UniqueConstraint("name", "base", name="uq_scenario_base"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "role",
        sa.Column("identity", Code, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("forum_area", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_role"),
    )
    op.create_table(
        "record",
        sa.Column("record_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_record"),
    )
    end = op.create_table(
        "record_end",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("last_id", sa.Integer, nullable=False),
        sa.Column("last_hash", sa.Text, nullable=False),
        sa.Column("purged_to", sa.Integer, nullable=False),
        sa.Column("purged_hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_record_end"),
        sa.CheckConstraint("one = 1", name="ck_record_end_one"),
    )
    op.bulk_insert(end, [{"one": 1, "last_id": 0, "last_hash": START, "purged_to": 0, "purged_hash": START}])
    op.create_table(
        "version_step",
        sa.Column("step_id", sa.Integer),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("step_id", name="pk_version_step"),
        sqlite_autoincrement=True,
    )
    for guard in GUARDS:
        _guard(*guard)
    if op.get_bind().dialect.name == "postgresql":
        for table in ("record", "record_end"):
            op.execute(
                f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_kept()"
            )


def _guard(name: str, table: str, change: str, condition: str, message: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {change} ON {table} WHEN {condition} BEGIN"
            f" SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    # OLD and NEW do not exist for TRUNCATE, which is always refused; a trigger that returns null would drop the change
    # without a word, so each returns the row that it was given.
    row = "OLD" if change == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION '{message}'; END IF;"
        f" IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    for table in ("version_step", "record_end", "record", "role", "scenario", "boundary", "service", "forum_area"):
        op.drop_table(table)  # its triggers go with it
    if op.get_bind().dialect.name == "postgresql":
        for name, *_ in GUARDS:
            op.execute(f"DROP FUNCTION {name}()")
