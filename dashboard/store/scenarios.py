"""Scenarios: named settings of the funding model that people keep to compare. Every version is kept."""

from __future__ import annotations

import json

import polars as pl
import sqlalchemy as sa

from dashboard.store import edits
from dashboard.store.database import reading
from dashboard.store.errors import StoreError
from dashboard.store.tables import scenario

SCENARIOS = pl.Schema(
    {
        "scenario_id": pl.Int64,
        "name": pl.String,
        "content": pl.String,
        "author": pl.String,
        "written_at": pl.Datetime("us", "UTC"),
    }
)
LONGEST_NAME = 200  # characters: it is a heading


def save(engine: sa.Engine, name: str, content: str, *, author: str, base: int | None, as_role: str) -> int:
    """Keep a scenario's next version; gives its id. See `Store.save_scenario`."""
    name = " ".join(name.replace("\x00", "").split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise StoreError(f"A scenario needs a name of at most {LONGEST_NAME} characters.")
    json.loads(content)  # raises ValueError: what is kept must be readable by whoever opens it
    key = {"name": name}
    return edits.add(
        engine, scenario, key, "content", content, author=author, base=base, thing="scenario", as_role=as_role
    )


def current(engine: sa.Engine) -> pl.DataFrame:
    """The newest version of each name, by name, with the columns of `SCENARIOS`."""
    return _frame(engine, scenario.c.scenario_id.in_(edits.newest_ids(scenario, ("name",)))).sort("name")


def history(engine: sa.Engine, name: str) -> pl.DataFrame:
    """Every version of one name, newest first, with the columns of `SCENARIOS`."""
    return _frame(engine, scenario.c.name == " ".join(name.split()))


def _frame(engine: sa.Engine, condition: sa.ColumnElement[bool]) -> pl.DataFrame:
    query = sa.select(*(scenario.c[name] for name in SCENARIOS)).where(condition)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(scenario.c.scenario_id.desc())).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=SCENARIOS, orient="row")
