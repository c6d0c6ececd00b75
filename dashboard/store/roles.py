"""Roles: which identity that signs in may do what. What a role may see is said in `dashboard/access.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.database import reading, writing
from dashboard.store.errors import StoreError
from dashboard.store.tables import role as table

ROLE_NAMES = (
    "subgroup member",
    "commissioner",
    "QA manager",
    "auditor",
    "agency lead",
    "coordinator",
    "data officer",
    "respondent",
    "scrutiny",
    "administrator",
)
# A role whose scope is one agency or area means nothing without it: empty must never be read as all.
NEEDS = {"agency lead": "agency", "coordinator": "forum_area"}
NONE = "none"
ROLES = pl.Schema(
    {
        "identity": pl.String,
        "role": pl.String,
        "agency": pl.String,
        "forum_area": pl.String,
        "set_by": pl.String,
        "set_at": pl.Datetime("us", "UTC"),
    }
)


@dataclass(frozen=True, slots=True)
class Role:
    """What one identity may do, who said so and when (UTC). `agency` and `forum_area` are "" where not tied to one."""

    identity: str
    role: str
    agency: str
    forum_area: str
    set_by: str
    set_at: datetime


def name_of(identity: str) -> str:
    """An identity as it is kept: an address without regard to capitals, anything else to the letter."""
    identity = identity.strip()
    return identity.casefold() if "@" in identity else identity


def give(engine: sa.Engine, identity: str, role: str, *, agency: str, forum_area: str, by: str, as_role: str) -> None:
    """Give an identity a role in place of any that it had. See `Store.set_role`."""
    identity, agency, forum_area = name_of(identity), agency.strip(), forum_area.strip()
    if not identity or not identity.isprintable() or len(identity) > record.LONGEST["who"]:
        raise StoreError("A role is given to an identity as it signs in, such as ann@council.example.")
    if role not in (*ROLE_NAMES, NONE):
        raise StoreError(f"There is no role {role}; the roles are {', '.join(ROLE_NAMES)}, and {NONE} to take it away.")
    given = {"agency": agency, "forum_area": forum_area}
    if role in NEEDS and not given[NEEDS[role]]:
        raise StoreError(f"The role {role} needs its {NEEDS[role].replace('_', ' ')}.")
    words = [f"{name.replace('_', ' ')} {value}" for name, value in given.items() if value and role != NONE]
    with writing(engine) as connection:
        # The record first: it makes those who change roles take turns, so that two for one identity do not collide.
        record.append(connection, by, as_role, "role changed", f"{identity}: {', '.join([role, *words])}")
        connection.execute(table.delete().where(table.c.identity == identity))
        if role != NONE:
            row = {"identity": identity, "role": role, **given, "set_by": by, "set_at": datetime.now(UTC)}
            connection.execute(table.insert().values(row))


def of(engine: sa.Engine, identity: str) -> Role | None:
    """The role of an identity, None if it has none."""
    with reading(engine) as connection:
        row = connection.execute(table.select().where(table.c.identity == name_of(identity))).first()
    return Role(**row._mapping) if row else None


def listed(engine: sa.Engine) -> pl.DataFrame:
    """Every identity with its role, by identity, with the columns of `ROLES`."""
    with reading(engine) as connection:
        rows = connection.execute(table.select().order_by(table.c.identity)).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=ROLES, orient="row")
