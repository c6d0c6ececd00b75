"""The action plan: actions, what meetings said of them, and their history. Nothing is overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.database import reading, writing
from dashboard.store.errors import StaleEdit, StoreError
from dashboard.store.plan_tables import plan_action, plan_version

STATUSES = ("not started", "under way", "done", "closed")  # done: as promised; closed: given up, with a reason
ENDED = ("done", "closed")
LINKS = ("indicator", "questionnaire item", "audit theme")  # what an action may hang on
STANDINGS = ("local", "example", "invented")
LONGEST = 4_000  # characters of one text
NAMES: Mapping[str, str] = {
    "outcome": "Outcome",
    "measure": "Measure",
    "target": "Target",
    "by_when": "By when",
    "owner_agency": "Owner (agency)",
    "owner_role": "Owner (role)",
    "actions": "Actions",
    "progress": "Progress",
    "evidence": "Evidence",
    "status": "Status",
    "links": "Links",
}  # what an action says, and what people call it
VERSIONS = pl.Schema(
    {
        "version_id": pl.Int64,
        "action_id": pl.Int64,
        "base": pl.Int64,
        **dict.fromkeys(("outcome", "measure", "target"), pl.String),
        "by_when": pl.Date,
        **dict.fromkeys(("owner_agency", "owner_role", "actions", "progress", "evidence", "status"), pl.String),
        "links": pl.List(pl.Struct({"kind": pl.String, "reference": pl.String})),
        "meeting": pl.Date,
        "note": pl.String,
        "author": pl.String,
        "written_at": pl.Datetime("us", "UTC"),
    }
)
CURRENT = pl.Schema({**VERSIONS, "standing": pl.String, "reviewed": pl.Date, "begun_at": pl.Datetime("us", "UTC")})

Action = Mapping[str, Any]


class Plans:
    """The action plan. Every call is one transaction.

    An action is a mapping of the keys of `NAMES`: `outcome` and `owner_agency` are needed; `by_when` is a date or None,
    `status` one of `STATUSES`, `links` pairs of (one of `LINKS`, reference); all else is text. The owner is an agency
    and a role, never a named person.
    """

    def __init__(self, engine: sa.Engine):
        self.engine = engine

    def add(self, action: Action, *, author: str, as_role: str = "", standing: str = "local", note: str = "") -> int:
        """Put a new action into the plan; gives its number. Raises `StoreError` for one that is not as above."""
        if standing not in STANDINGS:
            raise StoreError(f"An action's standing is one of {', '.join(STANDINGS)}.")
        content = _checked(action)
        with writing(self.engine) as connection:
            [number] = connection.execute(plan_action.insert().values(standing=standing)).inserted_primary_key
            _write(connection, number, 0, content, note=note, author=author)
            if author:
                record.append(connection, author, as_role, "changed", f"action {number}")
        return number

    def change(
        self, action_id: int, action: Action, *, base: int, author: str, as_role: str = "", note: str = ""
    ) -> int:
        """Write what an action says now, keys that are left out as they stood; gives the version's id.

        `base`: id of the version that the writer started from. What others changed meanwhile in other fields stands.
        Raises `StaleEdit`, with both texts, where the same field was changed; `StoreError` for an action that there is
        not.
        """
        with writing(self.engine) as connection:
            version, written = _follow(connection, action_id, action, base=base, note=note, author=author)
            if author and written:
                record.append(connection, author, as_role, "changed", f"action {action_id}, version {version}")
        return version

    def review(
        self,
        action_id: int,
        *,
        meeting: date,
        status: str,
        note: str = "",
        by_when: date | None = None,
        base: int,
        author: str,
        as_role: str = "",
    ) -> int:
        """Note what a meeting said of an action; gives the version's id. `by_when`: carried forward to that day.

        Raises `StaleEdit` where another review came meanwhile, `StoreError` where an action is closed without a
        reason in `note`.
        """
        action: dict[str, Any] = {"status": status}
        if by_when is not None:
            action["by_when"] = by_when
        with writing(self.engine) as connection:
            version, _ = _follow(connection, action_id, action, base=base, meeting=meeting, note=note, author=author)
            if author:
                record.append(connection, author, as_role, "changed", f"action {action_id}, reviewed")
        return version

    def current(self) -> pl.DataFrame:
        """Every action as it stands, by number, with the columns of `CURRENT`; `reviewed`: the last meeting that looked
        at it, `begun_at`: when it came into the plan."""
        each = sa.select(
            plan_version.c.action_id,
            sa.func.max(plan_version.c.version_id).label("newest"),
            sa.func.max(plan_version.c.meeting).label("reviewed"),
            sa.func.min(plan_version.c.written_at).label("begun_at"),
        )
        each = each.group_by(plan_version.c.action_id).subquery()
        query = (
            sa.select(*_columns(), plan_action.c.standing, each.c.reviewed, each.c.begun_at)
            .join(each, plan_version.c.version_id == each.c.newest)
            .join(plan_action, plan_action.c.action_id == plan_version.c.action_id)
        )
        return self._frame(query.order_by(plan_version.c.action_id), CURRENT)

    def history(self, action_id: int) -> pl.DataFrame:
        """Every version of an action, newest first, with the columns of `VERSIONS`."""
        query = sa.select(*_columns()).where(plan_version.c.action_id == action_id)
        return self._frame(query.order_by(plan_version.c.version_id.desc()), VERSIONS)

    def versions(self) -> pl.DataFrame:
        """Every version of every action, by action, oldest first, with the columns of `VERSIONS`."""
        return self._frame(
            sa.select(*_columns()).order_by(plan_version.c.action_id, plan_version.c.version_id), VERSIONS
        )

    def meetings(self) -> list[date]:
        """The days of the meetings that looked at any action, newest first."""
        query = sa.select(plan_version.c.meeting).distinct().where(plan_version.c.meeting.is_not(None))
        with reading(self.engine) as connection:
            return sorted(connection.scalars(query), reverse=True)

    def version(self) -> int:
        """Rises with every change of the plan. One quick query."""
        with reading(self.engine) as connection:
            return connection.scalar(sa.select(sa.func.coalesce(sa.func.max(plan_version.c.version_id), 0)))

    def _frame(self, query: sa.Select, schema: pl.Schema) -> pl.DataFrame:
        with reading(self.engine) as connection:
            rows = [dict(row._mapping) for row in connection.execute(query)]
        for row in rows:
            row["links"] = [{"kind": kind, "reference": it} for kind, it in json.loads(row["links"])]
        return pl.DataFrame(rows, schema=schema)


def said(action: Action) -> str:
    """What an action says, a line a field; empty ones are left out. Shown where two people wrote at once."""
    shown = {**action, "by_when": action.get("by_when") and f"{action['by_when']:%d/%m/%Y}"}
    shown["links"] = ", ".join(f"{kind} {reference}" for kind, reference in pairs(action.get("links") or ()))
    return "\n".join(f"{name}: {shown[key]}" for key, name in NAMES.items() if shown.get(key))


def pairs(links: Iterable[Any]) -> list[tuple[str, str]]:
    """Links as (kind, reference), whether they come as pairs or as the mappings that a frame gives."""
    return [(it["kind"], it["reference"]) if isinstance(it, Mapping) else (it[0], it[1]) for it in links]


def _columns() -> list[sa.Column]:
    return [plan_version.c[name] for name in VERSIONS]


def _follow(
    connection: sa.Connection,
    action_id: int,
    action: Action,
    *,
    base: int,
    author: str,
    meeting: date | None = None,
    note: str = "",
) -> tuple[int, bool]:
    """Write an action's next version, what others changed meanwhile in other fields kept; gives the id of the version
    that stands, and whether anything had to be written."""
    # Whoever changes the same action waits here, so that the newest version is still the newest when it is followed.
    known = connection.scalar(sa.select(plan_action.c.action_id).filter_by(action_id=action_id).with_for_update())
    if known is None:
        raise StoreError(f"There is no action {action_id} in the plan.")
    mine = plan_version.select().where(plan_version.c.action_id == action_id).order_by(plan_version.c.version_id)
    versions = connection.execute(mine).fetchall()
    newest, start = versions[-1], next((v for v in versions if v.version_id == base), None)
    was, now = (_content(v) if v else {} for v in (start, newest))
    wanted = _checked({**(was or now), **action})
    changed = {key for key in NAMES if wanted[key] != was.get(key)}
    theirs = {key for key in changed if now[key] != was.get(key) and now[key] != wanted[key]}
    reviewed = meeting is not None and any(v.meeting for v in versions if v.version_id > base)
    if theirs or reviewed:
        raise StaleEdit(
            yours="\n".join(filter(None, (note, said({key: wanted[key] for key in changed})))),
            theirs="\n".join(filter(None, (newest.note, said(now)))),
            note_id=newest.version_id,
            author=newest.author,
            written_at=newest.written_at,
            thing="action",
        )
    merged = now | {key: wanted[key] for key in changed}
    if merged["status"] == "closed" and now["status"] != "closed" and not note.strip():
        raise StoreError("An action is closed with a reason: say why in the note.")
    if merged == now and meeting is None:
        return newest.version_id, False
    return _write(connection, action_id, newest.version_id, merged, meeting=meeting, note=note, author=author), True


def _write(
    connection: sa.Connection,
    action_id: int,
    base: int,
    action: Action,
    *,
    note: str,
    author: str,
    meeting: date | None = None,
) -> int:
    row = {**action, "links": json.dumps(action["links"]), "note": _text("note", note), "meeting": meeting}
    about = {"action_id": action_id, "base": base, "author": author, "written_at": datetime.now(UTC)}
    [number] = connection.execute(plan_version.insert().values({**row, **about})).inserted_primary_key
    return number


def _content(version: sa.Row) -> dict[str, Any]:
    row = {key: version._mapping[key] for key in NAMES}
    return row | {"links": pairs(json.loads(row["links"]))}


def _checked(action: Action) -> dict[str, Any]:
    """An action with all of its keys, its texts cleaned. Raises `StoreError`."""
    if unknown := sorted(set(action) - set(NAMES)):
        raise StoreError(f"An action says nothing called {unknown[0]!r}.")
    made: dict[str, Any] = {key: _text(key, action.get(key) or "") for key in NAMES if key not in ("by_when", "links")}
    for key in ("outcome", "owner_agency"):
        if not made[key]:
            raise StoreError(f"An action needs: {NAMES[key]}.")
    made["status"] = made["status"] or STATUSES[0]
    if made["status"] not in STATUSES:
        raise StoreError(f"The status of an action is one of {', '.join(STATUSES)}, not “{made['status']}”.")
    made["by_when"], made["links"] = action.get("by_when"), _links(action.get("links") or ())
    return made


def _links(links: Sequence[Any]) -> list[tuple[str, str]]:
    found = dict.fromkeys((kind, _text("links", reference)) for kind, reference in pairs(links))
    for kind, reference in found:
        if kind not in LINKS or not reference:
            raise StoreError(f"An action hangs on an {', '.join(LINKS)}: not on “{kind} {reference}”.")
    return list(found)


def _text(key: str, text: str) -> str:
    text = text.replace("\x00", "").strip()  # PostgreSQL keeps no NUL
    if len(text) > LONGEST:
        raise StoreError(f"{NAMES.get(key, 'The note')} has {len(text):,} characters; {LONGEST:,} is the most.")
    return text
