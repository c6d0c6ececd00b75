"""The record: who did what, each entry sealed to the one before by its hash.

An entry's hash is the SHA-256 of the hash before it, a line feed, and the entry itself: number, moment in UTC, who,
role, act and detail as a JSON list without spaces. Entries are numbered without a gap, and `record_end` keeps the
number and hash of the last one. So whoever checks the record notices an entry that was changed, taken out (the last
ones too), put in or exchanged.

What it cannot notice by itself: someone who may write to the database past its triggers, reckons every hash from their
change to the end anew, and changes `record_end` to match; or who puts back an old copy of the whole database. For that
an entry's number and hash must be kept where they cannot reach (`early-help verify-log` prints the last one, and its
`--known` compares). Nor does it tell of what was never written, or that an entry was untrue from the start.

An entry names the identity that signed in, and for a change of role the identity whose role it is; no other person.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store.database import reading, writing
from dashboard.store.errors import day
from dashboard.store.tables import record, record_end

ACTS = (
    "signed in",
    "signed out",
    "refused",
    "looked",
    "exported",
    "loaded",
    "changed",
    "undid",
    "purged",
    "restored",
    "role changed",
)
RECORDS = pl.Schema(
    {
        "record_id": pl.Int64,
        "at": pl.Datetime("us", "UTC"),
        "who": pl.String,
        "role": pl.String,
        "act": pl.String,
        "detail": pl.String,
        "previous": pl.String,
        "hash": pl.String,
    }
)
LONGEST = {"who": 320, "role": 100, "detail": 1000}  # characters; what someone sends must not fill the disk
PURGED_TO = "record: entries up to {},"  # how the entry of a purge names the last one that went
SLICE = 5_000
# On SQLite those who wait for another writer look again now and then, and one of 25 waited for seconds while others
# passed. In one process they queue.
_TURNS = threading.Lock()
_GUARDS = ("record_in_turn", "record_kept", "record_unchanged", "record_end_forward", "record_end_kept")


def add(engine: sa.Engine, who: str, role: str, act: str, detail: str = "") -> int:
    """Write one entry; gives its number. See `Store.record`."""
    with _TURNS, writing(engine) as connection:
        return append(connection, who, role, act, detail)


def append(connection: sa.Connection, who: str, role: str, act: str, detail: str = "") -> int:
    """Write one entry in a transaction that writes other things too; gives its number.

    Do it last: from here on to the transaction's end every other writer of the record waits.
    """
    if act not in ACTS:
        raise ValueError(f"an act is one of {', '.join(ACTS)}, not {act!r}")
    if not who:
        raise ValueError("the record needs to know who")
    end = connection.execute(sa.select(record_end).with_for_update()).one()
    entry = {"record_id": end.last_id + 1, "at": datetime.now(UTC), "act": act, "previous": end.last_hash}
    entry |= {name: _plain(text, LONGEST[name]) for name, text in (("who", who), ("role", role), ("detail", detail))}
    entry["hash"] = seal(**entry)
    connection.execute(record.insert().values(entry))
    connection.execute(record_end.update().values(last_id=entry["record_id"], last_hash=entry["hash"]))
    return entry["record_id"]


def seal(*, record_id: int, at: datetime, who: str, role: str, act: str, detail: str, previous: str) -> str:
    """The hash of an entry that follows the hash `previous`, as 64 hexadecimal digits."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    content = json.dumps([record_id, moment, who, role, act, detail], separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def listed(engine: sa.Engine, limit: int | None) -> pl.DataFrame:
    """The newest `limit` entries, or all, newest first, with the columns of `RECORDS`."""
    query = record.select().order_by(record.c.record_id.desc()).limit(limit)
    with reading(engine) as connection:
        rows = connection.execute(query).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=RECORDS, orient="row")


def verify(engine: sa.Engine, known: Mapping[int, str] | None = None) -> list[str]:
    """What is wrong with the record, one sentence for each fault; nothing if it is sound. See `Store.verify_record`."""
    with reading(engine) as connection:
        # One view of both tables, so that an entry written meanwhile does not look like a fault.
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        ends = connection.execute(sa.select(record_end)).fetchall()
        if not ends:
            return ["The mark of where the record begins and ends is missing."]
        rows = connection.execute(record.select().order_by(record.c.record_id).execution_options(yield_per=SLICE))
        faults = list(_faults(rows, ends[0], dict(known or {})))
        missing = sorted(set(_GUARDS) - _guards(connection))
    return faults + [f"The database no longer guards the record: its trigger {name} is missing." for name in missing]


def _faults(rows: sa.CursorResult, end: sa.Row, known: dict[int, str]) -> Iterator[str]:
    before, expected, purged_by = end.purged_hash, end.purged_to + 1, False
    wanted = PURGED_TO.format(end.purged_to)
    for row in rows:
        if row.record_id <= end.purged_to:
            yield f"Entry {row.record_id} should have been purged, but is there."
            continue
        if row.record_id > end.last_id:
            yield f"Entry {row.record_id} was put in behind the end of the record, which is at entry {end.last_id}."
            continue
        if row.record_id > expected:
            yield _gone(expected, row.record_id - 1)
            before = ""
        entry = dict(row._mapping)
        if seal(**{name: value for name, value in entry.items() if name != "hash"}) != row.hash:
            yield f"Entry {row.record_id}, dated {day(row.at)}, was changed: its hash is that of other content."
        elif before and row.previous != before:
            yield f"Entry {row.record_id}, dated {day(row.at)}, does not follow the one before it: one was exchanged."
        if known.pop(row.record_id, row.hash) != row.hash:
            yield f"Entry {row.record_id} is not the one that was known: it had another hash."
        purged_by = purged_by or (row.act == "purged" and wanted in row.detail)
        before, expected = row.hash, row.record_id + 1
    if expected <= end.last_id:
        yield _gone(expected, end.last_id) + " It is the end of the record that was cut off."
    elif before != end.last_hash:
        yield f"Entry {end.last_id}, the last one, is not the one that was written last."
    if end.purged_to and not purged_by:
        yield f"The entries up to {end.purged_to} were taken out, and no entry says that they were purged."
    for number in sorted(known):
        why = "was purged; compare a later one" if number <= end.purged_to else "is missing"
        yield f"Entry {number}, which was known, {why}."


def _gone(first: int, last: int) -> str:
    return f"Entry {first} is missing." if first == last else f"Entries {first} to {last} are missing."


def _guards(connection: sa.Connection) -> set[str]:
    """Names of the triggers that stand and work."""
    names = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.dialect.name == "postgresql":
        names = (
            "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
            " AND tgrelid IN ('record'::regclass, 'record_end'::regclass)"
        )
    return set(connection.scalars(sa.text(names)))


def _plain(text: str, longest: int) -> str:
    """One line of printable characters: the record is read in terminals, and what goes in may come from outside."""
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
