"""Texts of which every version is kept: nobody can follow a version that somebody else has followed already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.database import reading, writing
from dashboard.store.errors import StaleEdit


def add(
    engine: sa.Engine,
    table: sa.Table,
    key: Mapping[str, str],
    column: str,
    text: str,
    *,
    author: str,
    base: int | None,
    thing: str,
    as_role: str,
) -> int:
    """Write the next version of the text that `key` names; gives its id.

    `base`: id of the version that the writer started from, None if there was none. `thing`: what it is called in
    sentences. Raises `StaleEdit`, with both texts, if another version was written since.
    """
    text = text.replace("\x00", "")  # PostgreSQL keeps no NUL
    row = {**key, "base": base or 0, column: text, "author": author}
    try:
        with writing(engine) as connection:
            newest = _newest(connection, table, key)
            if (newest[0] if newest else 0) == row["base"]:
                written = connection.execute(table.insert().values(row | {"written_at": datetime.now(UTC)}))
                [number] = written.inserted_primary_key
                if author:
                    # Not the name of a scenario: people write it, and might write a person's.
                    about = f" ({', '.join(key.values())})" if table.name == "note" else ""
                    record.append(connection, author, as_role, "changed", f"{table.name} {number}{about}")
                return number
    except sa.exc.IntegrityError:  # someone else's was written between our look and our writing
        with reading(engine) as connection:
            newest = _newest(connection, table, key)
    raise StaleEdit(
        yours=text,
        theirs=newest._mapping[column] if newest else "",
        note_id=newest[0] if newest else None,
        author=newest.author if newest else "",
        written_at=newest.written_at if newest else None,
        thing=thing,
    )


def newest_ids(table: sa.Table, key: tuple[str, ...]) -> sa.Select:
    """A query for the ids of the newest version of each text."""
    [number] = table.primary_key
    return sa.select(sa.func.max(number)).group_by(*(table.c[name] for name in key))


def _newest(connection: sa.Connection, table: sa.Table, key: Mapping[str, str]) -> sa.Row | None:
    [number] = table.primary_key
    mine = table.select().where(*(table.c[name] == value for name, value in key.items()))
    return connection.execute(mine.order_by(number.desc()).limit(1)).first()
