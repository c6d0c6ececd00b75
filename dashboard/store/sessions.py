"""Sign-ins: which have begun, and which were ended before their time. A session's name is a hash of its sign-in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from dashboard.store import roles
from dashboard.store.database import reading, writing
from dashboard.store.tables import session as table


def is_ended(engine: sa.Engine, session: str) -> bool | None:
    """Whether a session was ended; None if nobody has met it yet. One look-up by key."""
    with reading(engine) as connection:
        row = connection.execute(sa.select(table.c.ended_at).where(table.c.session == session)).first()
    return None if row is None else row.ended_at is not None


class Standing(NamedTuple):
    """What stands of somebody who asks. `ended`: None if nobody has met the sign-in yet; `role`: None without one by
    name; `real`: whether the partnership's own data are here.
    """

    ended: bool | None
    role: roles.Role | None
    real: bool


def standing(engine: sa.Engine, session: str, identity: str, real: sa.ColumnElement[bool]) -> Standing:
    """All of it at one look. See `Store.standing_of`."""
    anyhow = sa.select(sa.literal(1).label("one")).subquery()
    met = anyhow.outerjoin(table, table.c.session == session)
    by_name = met.outerjoin(roles.table, roles.table.c.identity == roles.name_of(identity))
    query = sa.select(real, table.c.session, table.c.ended_at, *roles.table.c).select_from(by_name)
    with reading(engine) as connection:
        is_real, known, ended_at, *role = connection.execute(query).one()
    ended = None if known is None else ended_at is not None
    return Standing(ended, roles.Role(*role) if role[0] is not None else None, bool(is_real))


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
