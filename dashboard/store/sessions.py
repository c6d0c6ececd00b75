"""Sign-ins: which have begun, and which were ended before their time. A session's name is a hash of its sign-in."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from dashboard.store.database import reading, writing
from dashboard.store.tables import session as table


def is_ended(engine: sa.Engine, session: str) -> bool | None:
    """Whether a session was ended; None if nobody has met it yet. One look-up by key."""
    with reading(engine) as connection:
        row = connection.execute(sa.select(table.c.ended_at).where(table.c.session == session)).first()
    return None if row is None else row.ended_at is not None


def begin(engine: sa.Engine, session: str, *, until: datetime) -> bool:
    """Note that a session has begun; True for the first who says so. See `Store.begin_session`."""
    try:
        with writing(engine) as connection:
            connection.execute(table.delete().where(table.c.until < datetime.now(UTC)))
            connection.execute(table.insert().values(session=session, until=until))
    except sa.exc.IntegrityError:  # another tab of the same sign-in came first
        return False
    return True


def end(engine: sa.Engine, session: str, *, until: datetime) -> None:
    """End a session, met or not. See `Store.end_session`."""
    ended = {"ended_at": datetime.now(UTC)}
    with writing(engine) as connection:
        mine = table.c.session == session
        if connection.execute(table.update().where(mine, table.c.ended_at.is_(None)).values(ended)).rowcount:
            return
        if connection.execute(sa.select(table.c.session).where(mine)).first() is None:
            connection.execute(table.insert().values(session=session, until=until, **ended))
