"""Notes: what people write about an indicator. Nothing is overwritten; a section shows its newest text."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store.database import reading, writing
from dashboard.store.errors import StaleEdit
from dashboard.store.tables import note

SECTIONS = ("story", "partners", "what_works", "action", "target")
NOTES = pl.Schema(
    {
        "note_id": pl.Int64,
        "section": pl.String,
        "text": pl.String,
        "author": pl.String,
        "written_at": pl.Datetime("us", "UTC"),
    }
)


def add(engine: sa.Engine, indicator: str, section: str, text: str, *, author: str, base: int | None) -> int:
    """Write a section's next text; gives its id. See `Store.add_note`."""
    if section not in SECTIONS:
        raise ValueError(f"a note's section is one of {', '.join(SECTIONS)}, not {section!r}")
    text = text.replace("\x00", "")  # PostgreSQL keeps no NUL
    row = {"indicator": indicator, "section": section, "base": base or 0, "text": text, "author": author}
    try:
        with writing(engine) as connection:
            newest = _newest(connection, indicator, section)
            if (newest.note_id if newest else 0) == row["base"]:
                written = connection.execute(note.insert().values(row | {"written_at": datetime.now(UTC)}))
                return written.inserted_primary_key[0]
    except sa.exc.IntegrityError:  # someone else's was written between our look and our writing
        with reading(engine) as connection:
            newest = _newest(connection, indicator, section)
    raise StaleEdit(
        yours=text,
        theirs=newest.text if newest else "",
        note_id=newest.note_id if newest else None,
        author=newest.author if newest else "",
        written_at=newest.written_at if newest else None,
    )


def current(engine: sa.Engine, indicator: str) -> pl.DataFrame:
    """The newest text of each section that has one, in the order of `SECTIONS`, with the columns of `NOTES`."""
    newest = sa.select(sa.func.max(note.c.note_id)).where(note.c.indicator == indicator).group_by(note.c.section)
    frame = _frame(engine, note.c.note_id.in_(newest))
    return frame.sort(pl.col("section").replace_strict({name: i for i, name in enumerate(SECTIONS)}))


def history(engine: sa.Engine, indicator: str, section: str) -> pl.DataFrame:
    """Every text that the section ever had, newest first, with the columns of `NOTES`."""
    return _frame(engine, sa.and_(note.c.indicator == indicator, note.c.section == section))


def _frame(engine: sa.Engine, condition: sa.ColumnElement[bool]) -> pl.DataFrame:
    query = sa.select(*(note.c[name] for name in NOTES)).where(condition).order_by(note.c.note_id.desc())
    with reading(engine) as connection:
        rows = connection.execute(query).fetchall()
    return pl.DataFrame([dict(row._mapping) for row in rows], schema=NOTES)


def _newest(connection: sa.Connection, indicator: str, section: str) -> sa.Row | None:
    mine = note.select().where(note.c.indicator == indicator, note.c.section == section)
    return connection.execute(mine.order_by(note.c.note_id.desc()).limit(1)).first()
