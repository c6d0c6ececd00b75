"""The record: only ever added to, and whoever changes it behind the dashboard's back is noticed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from threading import Barrier

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.store import ACTS, RECORDS, AlreadyLoaded, StaleEdit, Store, StoreError, database, open_store, record
from dashboard.store import backup as backups
from tests.integration.test_store import figures

NORTH = "E06000061"
ONE = figures(("m", NORTH, 2020, 1.0))


def filled(store: Store, number: int = 6) -> Store:
    for i in range(1, number + 1):
        store.record(f"person {i}", "auditor", "looked", f"page {i}")
    return store


def behind_its_back(store: Store, *statements: str) -> None:
    """What someone with the database's password could do: take the triggers away, change something, put them back."""
    with database.writing(store.engine) as connection, backups._unguarded(connection):
        for statement in statements:
            connection.exec_driver_sql(statement)


def sealed_anew(store: Store, first: int) -> None:
    """Reckon every hash from entry `first` on, as someone would who knows how it is done."""
    rows = store.records().sort("record_id").to_dicts()
    previous = rows[0]["previous"]
    statements = []
    for row in rows:
        hash_ = row.pop("hash")
        if row["record_id"] >= first:
            hash_ = record.seal(**row | {"previous": previous})
            statements.append(
                f"UPDATE record SET previous = '{previous}', hash = '{hash_}' WHERE record_id = {row['record_id']}"
            )
        previous = hash_
    behind_its_back(store, *statements)


def end_moved_to_match(store: Store) -> None:
    last = store.records(limit=1).row(0, named=True)
    behind_its_back(store, f"UPDATE record_end SET last_id = {last['record_id']}, last_hash = '{last['hash']}'")


def test_an_entry_s_hash_is_that_of_other_programs():
    # printf '%s\n%s' 000…0 '[1,"2026-03-04T05:06:07.000089Z","zo\u00eb@council.example","QA manager","looked",
    # "audit \"A\""]' | sha256sum, on one line, with 64 noughts
    entry = {
        "record_id": 1,
        "at": datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC),
        "who": "zoë@council.example",
        "role": "QA manager",
        "act": "looked",
        "detail": 'audit "A"',
        "previous": "0" * 64,
    }
    assert record.seal(**entry) == "6a3951642793dc3564bd5e3bec48d8baa2321c277a6a656bc87b872878c50f7a"


def test_entries_come_back_newest_first_and_hold_together(store: Store):
    assert store.records().schema == RECORDS
    assert store.verify_record() == []
    before = datetime.now(UTC)
    assert store.record("zoë@council.example", "QA manager", "signed in") == 1
    assert store.record("unknown", "", "refused", "no role") == 2
    frame = store.records()
    assert frame.schema == RECORDS
    assert frame.select("record_id", "who", "role", "act", "detail").rows() == [
        (2, "unknown", "", "refused", "no role"),
        (1, "zoë@council.example", "QA manager", "signed in", ""),
    ]
    second, first = frame.to_dicts()
    assert before <= first["at"] <= second["at"] <= datetime.now(UTC)
    assert (first["previous"], second["previous"]) == ("0" * 64, first["hash"])
    moment = second["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    content = f'{first["hash"]}\n[2,"{moment}","unknown","","refused","no role"]'
    assert second["hash"] == hashlib.sha256(content.encode()).hexdigest()
    assert store.records(limit=1)["record_id"].to_list() == [2]
    assert store.verify_record() == []


def test_the_record_is_no_new_figure(store: Store):
    version = store.version()
    filled(store)
    assert store.version() == version


def test_every_change_writes_its_entry(store: Store):
    def newest() -> tuple:
        return store.records(limit=1).select("who", "role", "act", "detail").row(0)

    load = store.load(
        figures(("m", NORTH, 2020, 1.0), ("m", NORTH, 2021, 1.0)),
        None,
        kind="own",
        file_name="Jane Smith's family.csv",
        sha256="a",
        loaded_by="ann",
        as_role="data officer",
    )
    assert newest() == ("ann", "data officer", "loaded", f"load {load}: own, 2 rows")
    store.undo(load, undone_by="bob")
    assert newest() == ("bob", "", "undid", f"load {load}")
    places = pl.DataFrame({"lsoa": ["E1"], "forum_area": ["F1"], "name": ["Jane Smith"]})
    store.load_places(places, None, kind="forum_areas", file_name="b", sha256="b", loaded_by="ann")
    assert newest() == ("ann", "", "loaded", "load 2: forum_areas, 1 row")
    store.add_note("S1", "story", "Jane Smith", author="ann", base=None, as_role="administrator")
    assert newest() == ("ann", "administrator", "changed", "note 1 (S1, story)")
    store.save_scenario("Jane Smith", '"Jane Smith"', author="ann", base=None)
    assert newest() == ("ann", "", "changed", "scenario 1")
    store.set_role("bob", "agency lead", agency="Police", by="ann", as_role="administrator")
    assert newest() == ("ann", "administrator", "role changed", "bob: agency lead, agency Police")
    entries = store.records()
    assert entries.height == 6
    assert not [cell for row in entries.rows() for cell in row if "Smith" in str(cell)]
    assert store.verify_record() == []


def test_what_nobody_is_named_for_writes_no_entry(store: Store):
    load = store.load(ONE, None, kind="own", file_name="a", sha256="a")
    store.undo(load)
    store.add_note("S1", "story", "Why.", author="", base=None)
    assert store.records().is_empty()


def test_what_does_not_happen_leaves_no_entry(store: Store):
    store.load(ONE, None, kind="own", file_name="a", sha256="a", loaded_by="ann")
    note = store.add_note("S1", "story", "Why.", author="ann", base=None)
    with pytest.raises(AlreadyLoaded):
        store.load(ONE, None, kind="own", file_name="a", sha256="a", loaded_by="bob")
    with pytest.raises(StaleEdit):
        store.add_note("S1", "story", "Why not.", author="bob", base=note + 1)
    with pytest.raises(StoreError):
        store.undo(7, undone_by="bob")
    with pytest.raises(StoreError):
        store.load(pl.concat([ONE, ONE]), None, kind="own", file_name="b", sha256="b", loaded_by="bob")
    assert store.records()["who"].to_list() == ["ann", "ann"]


def test_what_cannot_be_recorded_does_not_happen(store: Store, monkeypatch: pytest.MonkeyPatch):
    load = store.load(ONE, None, kind="own", file_name="a", sha256="a")

    def full(*_: object) -> int:
        raise StoreError("The record is full.")

    monkeypatch.setattr(record, "append", full)
    for attempt in (
        lambda: store.load(ONE, None, kind="own", file_name="b", sha256="b", loaded_by="ann"),
        lambda: store.undo(load, undone_by="ann"),
        lambda: store.add_note("S1", "story", "Why.", author="ann", base=None),
        lambda: store.save_scenario("A", "{}", author="ann", base=None),
        lambda: store.set_role("ann", "scrutiny", by="ann"),
    ):
        with pytest.raises(StoreError, match="The record is full"):
            attempt()
    assert store.loads()["undone_at"].to_list() == [None]
    assert store.notes("S1").is_empty()
    assert store.scenarios().is_empty()
    assert store.roles().is_empty()


def test_what_comes_from_outside_stays_on_one_line_and_short(store: Store):
    store.record("ann\n2 forged", "", "refused", "\x1b[31m\x00\ud800" + "x" * 2_000)
    row = store.records().row(0, named=True)
    assert row["who"] == "ann�2 forged"
    assert row["detail"] == "�[31m��" + "x" * 992 + "…"  # 1,000 characters
    assert store.verify_record() == []


def test_an_entry_needs_an_act_and_a_person(store: Store):
    with pytest.raises(ValueError, match=r"one of signed in, .*, not 'deleted'"):
        store.record("ann", "", "deleted")
    with pytest.raises(ValueError, match="who"):
        store.record("", "", "looked")
    for act in ACTS:
        store.record("ann", "", act)
    assert store.records()["act"].to_list() == list(reversed(ACTS))


def test_25_writers_at_once_leave_one_chain_without_a_gap(
    database_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
):
    start, each = Barrier(25), 8
    monkeypatch.setattr(record, "_TURNS", nullcontext())  # which several processes do not share

    def write(number: int) -> None:
        # A store each, so that only the database keeps them apart; half of the entries come with a change.
        with open_store(database_url) as mine:
            start.wait()
            base = None
            for i in range(each):
                if number % 2:
                    base = mine.add_note(f"S{number}", "story", f"{i}", author=f"person {number}", base=base)
                else:
                    mine.record(f"person {number}", "auditor", "looked", f"{i}")

    with ThreadPoolExecutor(25) as pool:
        list(pool.map(write, range(25)))
    frame = store.records().reverse()
    assert frame["record_id"].to_list() == list(range(1, 25 * each + 1))
    assert frame["previous"].to_list() == ["0" * 64, *frame["hash"].to_list()[:-1]]
    assert frame["hash"].n_unique() == frame.height
    for number in range(25):  # what each wrote stands in the order in which it was written
        mine = frame.filter(pl.col("who") == f"person {number}")
        assert mine.height == each
        if number % 2 == 0:
            assert mine["detail"].to_list() == [f"{i}" for i in range(each)]
    assert store.verify_record() == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (
            ["UPDATE record SET detail = 'page 9' WHERE record_id = 3"],
            [r"Entry 3, dated .*, was changed: its hash is that of other content\."],
        ),
        (
            ["UPDATE record SET at = '2020-01-01 00:00:00+00' WHERE record_id = 3"],
            [r"Entry 3, dated 1 January 2020, was changed: its hash is that of other content\."],
        ),
        (
            [f"UPDATE record SET previous = '{'1' * 64}' WHERE record_id = 3"],
            [r"Entry 3, dated .*, was changed: its hash is that of other content\."],
        ),
        (["DELETE FROM record WHERE record_id = 3"], [r"Entry 3 is missing\."]),
        (["DELETE FROM record WHERE record_id IN (2, 3, 5)"], [r"Entries 2 to 3 are missing\.", "Entry 5 is missing."]),
        (["DELETE FROM record WHERE record_id = 1"], [r"Entry 1 is missing\."]),
        (
            ["DELETE FROM record WHERE record_id >= 5"],
            [r"Entries 5 to 6 are missing\. It is the end of the record that was cut off\."],
        ),
        (["DELETE FROM record"], [r"Entries 1 to 6 are missing\. It is the end of the record that was cut off\."]),
        (
            ["INSERT INTO record SELECT 7, at, who, role, act, detail, hash, hash FROM record WHERE record_id = 6"],
            [r"Entry 7 was put in behind the end of the record, which is at entry 6\."],
        ),
        (  # swapped: each says what the other said
            [
                "UPDATE record SET detail = 'page 5', who = 'person 5' WHERE record_id = 2",
                "UPDATE record SET detail = 'page 2', who = 'person 2' WHERE record_id = 5",
            ],
            [r"Entry 2, dated .* was changed", r"Entry 5, dated .* was changed"],
        ),
        (  # swapped with number, hash and all
            [
                "UPDATE record SET record_id = 99 WHERE record_id = 2",
                "UPDATE record SET record_id = 2 WHERE record_id = 5",
                "UPDATE record SET record_id = 5 WHERE record_id = 99",
            ],
            [
                r"Entry 2, dated .* was changed",
                r"Entry 3, dated .* does not follow the one before it: one was exchanged\.",
                r"Entry 5, dated .* was changed",
                r"Entry 6, dated .* does not follow the one before it: one was exchanged\.",
            ],
        ),
        (
            ["UPDATE record_end SET last_id = 5"],
            [r"Entry 6 was put in behind the end of the record", "Entry 5, the last"],
        ),
        (["UPDATE record_end SET last_hash = 'x'"], [r"Entry 6, the last one, is not the one that was written last\."]),
        (["DELETE FROM record_end"], [r"The mark of where the record begins and ends is missing\."]),
        (  # the first two taken out, as if they had been purged
            [
                "UPDATE record_end SET purged_to = 2, purged_hash = (SELECT hash FROM record WHERE record_id = 2)",
                "DELETE FROM record WHERE record_id <= 2",
            ],
            [r"The entries up to 2 were taken out, and no entry says that they were purged\."],
        ),
        (
            ["UPDATE record_end SET purged_to = 2, purged_hash = (SELECT hash FROM record WHERE record_id = 2)"],
            ["Entry 1 should have been purged", "Entry 2 should have been purged", "no entry says"],
        ),
    ],
)
def test_whoever_changes_the_record_is_noticed(store: Store, statements: list[str], expected: list[str]):
    behind_its_back(filled(store), *statements)
    faults = store.verify_record()
    assert len(faults) == len(expected), faults
    for fault, pattern in zip(faults, expected, strict=True):
        assert pl.Series([fault]).str.contains(pattern).item(), fault


def test_an_entry_sealed_anew_is_noticed_by_the_one_that_follows(store: Store):
    filled(store)
    [row] = store.records().filter(pl.col("record_id") == 3).drop("hash").to_dicts()
    seal = record.seal(**row | {"detail": "page 9"})
    behind_its_back(store, f"UPDATE record SET detail = 'page 9', hash = '{seal}' WHERE record_id = 3")
    [fault] = store.verify_record()
    assert fault.startswith("Entry 4, dated ")
    assert fault.endswith(" does not follow the one before it: one was exchanged.")


def test_an_entry_put_in_between_is_noticed(store: Store):
    filled(store)
    behind_its_back(
        store,
        *(f"UPDATE record SET record_id = {i + 1} WHERE record_id = {i}" for i in (6, 5, 4)),
        "INSERT INTO record SELECT 4, at, 'someone', role, act, detail, hash, previous FROM record WHERE record_id = 3",
    )
    sealed_anew(store, 4)
    assert store.verify_record() == [
        "Entry 7 was put in behind the end of the record, which is at entry 6.",
        "Entry 6, the last one, is not the one that was written last.",
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(1, 6),
    column=st.sampled_from(["who", "role", "act", "detail", "previous", "hash"]),
    text=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="'%:\\\x7f"), max_size=70),
)
def test_any_change_of_any_entry_is_noticed(store: Store, number: int, column: str, text: str):
    if store.records().is_empty():
        filled(store)
    [was] = store.records().filter(pl.col("record_id") == number)[column]
    change = f"UPDATE record SET {column} = '{{}}' WHERE record_id = {number}"
    behind_its_back(store, change.format(text))
    assert bool(store.verify_record()) == (text != was)
    behind_its_back(store, change.format(was))
    assert store.verify_record() == []


def test_a_record_written_anew_as_a_whole_needs_a_hash_noted_elsewhere(store: Store):
    """The limit of what a chain can show by itself; `known` is for that."""
    filled(store)
    noted = {row["record_id"]: row["hash"] for row in store.records().to_dicts() if row["record_id"] in (2, 5)}
    assert store.verify_record(noted) == []
    behind_its_back(store, "UPDATE record SET detail = 'page 9' WHERE record_id = 3")
    sealed_anew(store, 3)
    assert store.verify_record() == ["Entry 6, the last one, is not the one that was written last."]
    end_moved_to_match(store)
    assert store.verify_record() == []
    assert store.verify_record(noted) == ["Entry 5 is not the one that was known: it had another hash."]
    behind_its_back(store, "DELETE FROM record WHERE record_id >= 3")
    end_moved_to_match(store)
    assert store.verify_record() == []
    assert store.verify_record(noted) == ["Entry 5, which was known, is missing."]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET detail = 'x' WHERE record_id = 3",
        "UPDATE record SET detail = detail",
        "DELETE FROM record WHERE record_id = 6",
        "DELETE FROM record",
        "INSERT INTO record SELECT 9, at, who, role, act, detail, hash, 'x' FROM record WHERE record_id = 6",
        "INSERT INTO record SELECT 7, at, who, role, act, detail, 'x', 'x' FROM record WHERE record_id = 6",
        "DELETE FROM record_end",
        "UPDATE record_end SET last_id = last_id - 1",
        "UPDATE record_end SET last_hash = 'x'",
        "UPDATE record_end SET purged_to = 7",
        "UPDATE record_end SET purged_hash = 'x'",
        "INSERT INTO record_end VALUES (2, 0, 'x', 0, 'x')",
    ],
)
def test_the_database_itself_refuses_changes(store: Store, statement: str):
    filled(store)
    was = store.records()
    with pytest.raises((StoreError, sa.exc.DBAPIError)), database.writing(store.engine) as connection:
        connection.exec_driver_sql(statement)
    assert store.records().equals(was)
    assert store.verify_record() == []
    assert store.record("ann", "", "looked") == 7


def test_each_database_s_own_ways_round_are_closed_too(store: Store):
    filled(store)
    was = store.records()
    statements = ["TRUNCATE record", "TRUNCATE record_end"]
    if store.engine.dialect.name == "sqlite":
        copied = "SELECT 3, at, 'someone', role, act, detail, previous, hash FROM record WHERE record_id = 3"
        statements = [f"INSERT OR REPLACE INTO record {copied}", f"REPLACE INTO record {copied}"]
    for statement in statements:
        with (
            pytest.raises((StoreError, sa.exc.DBAPIError), match="the record"),
            database.writing(store.engine) as connection,
        ):
            connection.exec_driver_sql(statement)
    assert store.records().equals(was)


def test_a_guard_that_was_taken_away_is_named(store: Store):
    filled(store)
    statement = {"sqlite": "DROP TRIGGER record_kept", "postgresql": "ALTER TABLE record DISABLE TRIGGER record_kept"}
    with database.writing(store.engine) as connection:
        connection.exec_driver_sql(statement[store.engine.dialect.name])
    assert store.verify_record() == ["The database no longer guards the record: its trigger record_kept is missing."]


def test_a_database_of_the_version_before_keeps_its_figures_and_gets_a_record(database_url: str, store: Store):
    from alembic import command
    from alembic.config import Config

    store.load(ONE, None, kind="own", file_name="a", sha256="a")
    store.add_note("S1", "story", "Why.", author="", base=None)
    stood, version = store.read_figures(), store.version()
    config = Config()
    config.set_main_option("script_location", "dashboard.store:migrations")
    with database.writing(store.engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert set(sa.inspect(store.engine).get_table_names()) == {"alembic_version", "figure", "load", "note", "refused"}
    with open_store(database_url) as again:
        assert again.read_figures().equals(stood)
        assert again.version() == version
        again.record("ann", "", "looked")
        assert again.verify_record() == []
