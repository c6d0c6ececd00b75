"""Notes: what people write about an indicator. Nothing is overwritten; a section shows its newest text."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from dashboard.store import edits
from dashboard.store.database import reading
from dashboard.store.tables import note

SECTIONS = ("story", "partners", "what_works", "action", "target")
KEY = ("indicator", "section")
NOTES = pl.Schema(
    {
        "note_id": pl.Int64,
        "section": pl.String,
        "text": pl.String,
        "author": pl.String,
        "written_at": pl.Datetime("us", "UTC"),
    }
)


def add(
    engine: sa.Engine, indicator: str, section: str, text: str, *, author: str, base: int | None, as_role: str
) -> int:
    """Write a section's next text; gives its id. See `Store.add_note`."""
    if section not in SECTIONS:
        raise ValueError(f"a note's section is one of {', '.join(SECTIONS)}, not {section!r}")
    key = {"indicator": indicator, "section": section}
    return edits.add(engine, note, key, "text", text, author=author, base=base, thing="text", as_role=as_role)


def current(engine: sa.Engine, indicator: str) -> pl.DataFrame:
    """The newest text of each section that has one, in the order of `SECTIONS`, with the columns of `NOTES`."""
    frame = _frame(engine, note.c.note_id.in_(edits.newest_ids(note, KEY).where(note.c.indicator == indicator)))
    return frame.sort(pl.col("section").replace_strict({name: i for i, name in enumerate(SECTIONS)}))


def history(engine: sa.Engine, indicator: str, section: str) -> pl.DataFrame:
    """Every text that the section ever had, newest first, with the columns of `NOTES`."""
    return _frame(engine, sa.and_(note.c.indicator == indicator, note.c.section == section))


def _frame(engine: sa.Engine, condition: sa.ColumnElement[bool]) -> pl.DataFrame:
    query = sa.select(*(note.c[name] for name in NOTES)).where(condition).order_by(note.c.note_id.desc())
    with reading(engine) as connection:
        rows = connection.execute(query).fetchall()
    return pl.DataFrame([dict(row._mapping) for row in rows], schema=NOTES)
