"""Case records past their term: of each case that was closed before a day, its rows in every load.

A row's case is the episode that it hangs on, or else the row itself. What stands today says whether it is closed; what
is open stays. What hangs on a row that goes, goes with it. A person, family or referral stays while anything that stays
points to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import polars as pl
import sqlalchemy as sa

from dashboard.store import cases
from dashboard.store.case_tables import CASES, PREFIX
from dashboard.store.tables import load
from metrics.cases import CASE_TABLES

CHUNK = 2_000  # keys named in one statement

NEVER = pl.lit(None, pl.Date)
# What a row hangs on, the nearest first, and when it is closed where it hangs on nothing. Whatever a row hangs on
# stands before it here.
HANGS: Mapping[str, tuple[tuple[str, ...], pl.Expr]] = {
    "episode": ((), pl.col("end_date")),
    "assessment": (("episode",), pl.col("complete_date")),
    "need": (("episode",), NEVER),
    "plan": (("episode",), NEVER),
    "plan_action": (("plan",), NEVER),
    "review": (("episode",), NEVER),
    "step_event": (("episode",), pl.coalesce("accepted_date", "date")),
    "feedback": (("episode",), pl.col("date")),
    "reading": (("episode",), pl.col("date")),
    "audit": (("assessment", "episode"), pl.col("completed_date")),
    "audit_answer": (("audit",), NEVER),
    "audit_action": (("audit",), NEVER),
    "contact": ((), pl.col("date")),
    "referral": ((), pl.coalesce("close_date", pl.when("no_further_action").then("date"))),
    "forum_item": ((), pl.col("done_date")),
}
TERMS = tuple(PREFIX + name for name in HANGS)  # the tables that may have a term of their own
POINTED_TO = ("referral", "person", "family")


def past(
    connection: sa.Connection, before: Mapping[str, date]
) -> dict[str, tuple[sa.Table, list[sa.ColumnElement[bool]]]]:
    """What is past its term: tables by name, with conditions of which the rows that go meet one.

    `before`: for tables of `TERMS`, the first closing day that is young enough; without any, nothing goes.
    """
    if not before:
        return {}
    gone: dict[str, pl.Series] = {}
    known: dict[str, pl.DataFrame] = {}  # of what others hang on: key, `closed`, `goes`
    kept, left = defaultdict(list), defaultdict(list)  # keys that rows point to: of rows that stay, and that go
    for name, (on, own) in HANGS.items():
        case, key = CASE_TABLES[name], CASE_TABLES[name].key[0]
        points = {column: table for column, table in case.references.items() if table in POINTED_TO}
        wanted = dict.fromkeys([key, *(f"{table}_id" for table in on), *points, *own.meta.root_names()])
        frame = _closing(cases.rows(connection, name, list(wanted)), on, own, known)
        goes = pl.col("goes") | (pl.col("closed") < before.get(PREFIX + name, date.min))
        if name in POINTED_TO:
            goes &= ~_among(key, kept[name])
        frame = frame.with_columns(goes=goes.fill_null(False))
        gone[name] = frame.filter("goes")[key].unique()
        if any(name in others for others, _ in HANGS.values()):
            known[name] = frame.select(key, "closed", "goes")
        for column, table in points.items():
            kept[table].append(frame.filter(~pl.col("goes"))[column].drop_nulls().unique())
            left[table].append(frame.filter("goes")[column].drop_nulls().unique())
    gone |= _people(connection, kept, left, before)
    return {PREFIX + name: (CASES[name], _conditions(connection, name, keys)) for name, keys in gone.items()}


def _closing(frame: pl.DataFrame, on: tuple[str, ...], own: pl.Expr, known: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """With `closed`, the day on which the row's case was closed, and `goes`: whether anything that it hangs on goes."""
    closed, goes = own, pl.lit(False)
    for table in reversed(on):
        frame = frame.join(known[table], on=f"{table}_id", how="left")
        frame = frame.rename({"closed": f"{table} closed", "goes": f"{table} goes"})
        found = pl.col(f"{table} goes")
        closed = pl.when(found.is_not_null()).then(f"{table} closed").otherwise(closed)
        goes |= found.fill_null(False)
    return frame.with_columns(closed=closed, goes=goes)


def _people(
    connection: sa.Connection,
    kept: Mapping[str, list[pl.Series]],
    left: Mapping[str, list[pl.Series]],
    before: Mapping[str, date],
) -> dict[str, pl.Series]:
    """Persons and families to which nothing points any more: because it goes now, or since before the latest day.

    One whose records are still to come, in another file, is so not taken out before them.
    """
    moment = datetime.combine(max(before.values()), time(), UTC)
    old = pl.Series(
        connection.scalars(sa.select(load.c.load_id).where(load.c.loaded_at < moment)).all(), dtype=pl.Int64
    )
    aged = _among("load_id", [old])
    persons = cases.rows(connection, "person", ["person_id", "family_id", "load_id"])
    stay, go = _among("person_id", kept["person"]), _among("person_id", left["person"])
    needed = [*kept["family"], persons.filter(stay)["family_id"]]
    parted = [*left["family"], persons.filter(go)["family_id"]]
    stay, go = stay | _among("family_id", needed), go | _among("family_id", parted)
    persons = persons.with_columns(goes=~stay & (go | aged))
    needed.append(persons.filter(~pl.col("goes"))["family_id"])
    families = cases.rows(connection, "family", ["family_id", "load_id"])
    families = families.filter(~_among("family_id", needed) & (_among("family_id", parted) | aged))
    return {"person": persons.filter("goes")["person_id"], "family": families["family_id"]}


def _among(column: str, keys: list[pl.Series]) -> pl.Expr:
    every = pl.concat(keys).drop_nulls().unique() if keys else pl.Series([], dtype=pl.String)
    return pl.col(column).is_in(every.implode()).fill_null(False)


def _conditions(connection: sa.Connection, name: str, keys: pl.Series) -> list[sa.ColumnElement[bool]]:
    """Conditions for the rows of these keys in every load, some keys at a time.

    The loads are named as well, since the table's key begins with them.
    """
    table, loads = CASES[name], cases.loads_of(connection, name)
    key = table.c[CASE_TABLES[name].key[0]]
    parts = [keys.slice(start, CHUNK) for start in range(0, keys.len(), CHUNK)]
    return [sa.and_(table.c.load_id.in_(loads), key.in_(part.to_list())) for part in parts]
