"""What the parts of `Questionnaires` share: the number that says whether results have changed, and rows as a frame."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from dashboard.store.database import reading
from dashboard.store.errors import StoreError
from dashboard.store.questionnaire_tables import questionnaire_version, round_

LONGEST = 5_000  # characters of one text: evidence, comment, reason


def changed(connection: sa.Connection) -> None:
    """Say that results changed. Not for an answer of an open round: that changes none."""
    connection.execute(questionnaire_version.update().values(version=questionnaire_version.c.version + 1))


def version(engine: sa.Engine) -> int:
    """The number of today; 0 where nothing was ever done."""
    with reading(engine) as connection:
        return connection.scalar(sa.select(questionnaire_version.c.version)) or 0


def rows_of(engine: sa.Engine, query: sa.Select, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query whose columns are those of `schema`, in its order."""
    with reading(engine) as connection:
        rows = connection.execute(query).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def open_round(connection: sa.Connection, round_id: int) -> sa.Row:
    """The round, which must be open and stays so until this transaction is over. Raises `StoreError`."""
    held = connection.execute(round_.select().filter_by(round_id=round_id).with_for_update(read=True)).first()
    if held is None:
        raise StoreError("There is no such round.")
    if held.closed_at is not None:
        raise StoreError(f"The round {held.title} is closed, and its answers are fixed.")
    return held


def plain(text: str) -> str:
    """A text as it is kept. Raises `StoreError` where it is too long."""
    text = text.replace("\x00", "").strip()  # PostgreSQL keeps no NUL
    if len(text) > LONGEST:
        raise StoreError(f"A text here has at most {LONGEST:,} characters, and this has {len(text):,}: shorten it.")
    return text
