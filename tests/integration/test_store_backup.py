"""Backup and restore: from either database into either, everything comes back, and nothing is half done."""

from __future__ import annotations

import secrets
import sqlite3
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from dashboard.store import Store, StoreError, database, open_store, record, tables
from dashboard.store import backup as backups
from dashboard.store.backup import backup, restore
from metrics.estimates import FIGURES
from tests.integration import test_store_audits as audited
from tests.integration.test_store import figures
from tests.integration.test_store_cases import every_table
from tests.integration.test_store_questionnaires import ann, opened, save


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Gives the address of one more empty database of a kind."""
    with ExitStack() as after:

        def make(kind: str) -> str:
            name = f"early_help_test_{secrets.token_hex(6)}"
            if kind == "sqlite":
                return f"sqlite:///{tmp_path / name}.db"
            server: sa.URL = request.getfixturevalue("postgresql_server")
            address = server.set(drivername="postgresql").render_as_string(hide_password=False)
            connection = after.enter_context(psycopg.connect(address, autocommit=True))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            after.callback(connection.execute, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

        yield make


def filled(store: Store) -> None:
    """Something in every table, with what is hard to carry over."""
    store.begin_session("session", until=datetime(2100, 1, 1, 12, 30, tzinfo=UTC))
    awkward = pl.DataFrame(
        {
            "measure": ["lait:%_2yr_olds ", 'own:"quoted",\twith\\N\nnew line'],
            "breakdown": ["area", "agency"],
            "group": ["E06000061", "Zoë’s école 🏫"],
            "period": ["2018/19", ""],
            "period_end": [date(2019, 3, 31), date(2025, 12, 31)],
            "numerator": [1e300, None],
            "denominator": [0.1 + 0.2, None],
            "value": [100 / 3, 5e-324],
            "lower": [-0.5, None],
            "upper": [64.099999999999994, None],
            "n": [2**40, 0],
            "status": ["ok", "c"],
            "method": ["", None],
            "note": [None, "=HYPERLINK(1)"],
        },
        schema=FIGURES,
    )
    refused = pl.DataFrame({"line": [7, None], "column": ["V", None], "value": ["\\.", None], "reason": ["x", ""]})
    store.load(awkward, refused, kind="own", file_name="a.csv", sha256="a", loaded_by="ann")
    gone = store.load(figures(("m", "E06000061", 2020, 1.0)), None, kind="own", file_name="b", sha256="b")
    store.undo(gone, undone_by="bob")
    areas = pl.DataFrame({"lsoa": ["E01"], "forum_area": ["F1"], "name": ["Corby"]})
    store.load_places(areas, None, kind="forum_areas", file_name="f", sha256="f", loaded_by="ann")
    services = pl.DataFrame({"name": ["Hub"], "type": ["hub"], "latitude": [52.4], "longitude": [None]})
    store.load_places(services, None, kind="services", file_name="s", sha256="s", loaded_by="ann")
    outline = pl.DataFrame({"level": ["ward"], "code": ["W1"], "name": ["One"], "geometry": ['{"a":[1.5,2]}']})
    store.load_places(outline, None, kind="boundaries", file_name="o", sha256="o", loaded_by="ann")
    store.load_cases(every_table(), refused, kind="cases", file_name="c", sha256="c", standing="invented")
    store.keep_snapshot(awkward, taken_on=date(2026, 5, 1))
    first = store.add_note("S1", "story", "Why.", author="ann", base=None)
    store.add_note("S1", "story", "Why\nnot.", author="ann", base=first)
    store.save_scenario("A", '{"a": "½"}', author="ann", base=None)
    store.plans.add({"outcome": "½", "owner_agency": "Zoë’s", "by_when": date(2026, 5, 1)}, author="ann")
    number = opened(store)
    save(store, ann(store), 4, comment="½ \\N \t")
    store.questionnaires.close_round(number, by="ann")
    store.questionnaires.agree(number, "voice", score=2.5, reason="½", base=None, by="ann")
    store.audits.add_template("eha", "1", "EHA", "{}", ["N1"], by="ann")
    store.audits.set_auditor("i#alex", "Zoë", "AG-S", most=10, by="ann")
    store.audits.open_round(audited.frame(), audited.chosen(), **audited.OPEN)
    store.audits.save_answer(1, "N1", said="yes", evidence="½ \\N \t", base=None, by="ann")
    store.audits.submit(1, {"suggested": (1, "½"), "auditor": (1, "")}, by="ann")
    store.audits.take_step(1, "told the safeguarding lead", by="ann")
    owed = {"owner_agency_id": "AG-S", "severity": "high", "due_date": date(2026, 5, 1), "by": "ann"}
    store.audits.add_action(1, "Ask ½", asked="N1", **owed)
    store.set_role("ann", "agency lead", agency="Police", by="root")
    # The first entries are purged and their purge recorded, so that the record begins in its middle.
    store.purge({"record": 0}, as_at=date(2100, 1, 1), dry_run=False, by="root")
    store.record("zoë@council.example", "auditor", "looked", "audit")


def content(store: Store) -> dict[str, list[tuple]]:
    """Every row of every table, as SQLAlchemy reads it: numbers, dates and moments, not text."""
    with store.engine.connect() as connection:
        return {
            table.name: connection.execute(table.select().order_by(*table.primary_key)).fetchall()
            for table in tables.metadata.sorted_tables
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_everything_comes_back_in_either_kind_of_database(database_url: str, store: Store, fresh, tmp_path, kind: str):
    filled(store)
    expected = content(store)
    assert [name for name, rows in expected.items() if not rows] == []
    backup(database_url, tmp_path / "copy.db")
    assert content(store) == expected
    target = fresh(kind)
    frame = restore(tmp_path / "copy.db", target)
    assert dict(frame.iter_rows()) == {name: len(rows) for name, rows in expected.items()}
    with open_store(target) as other:
        found = content(other)
        steps = found.pop("version_step")
        assert steps[: len(expected["version_step"])] == expected.pop("version_step")
        assert found == expected
        assert other.verify_record() == []
        assert other.read_figures().equals(store.read_figures())
        # Life goes on: new ids follow the old ones, and the record its last entry.
        assert other.record("ann", "", "looked") == store.record("ann", "", "looked")
        newest = store.loads()["load_id"].max()
        assert (
            other.load(figures(("m", "E06000061", 2021, 1.0)), None, kind="own", file_name="b", sha256="b")
            == newest + 1
        )
        assert other.add_note("S1", "story", "Third.", author="ann", base=2) == 3
        assert other.save_scenario("A", "2", author="ann", base=1) == 2
        assert other.verify_record() == []


def test_a_backup_and_a_restore_are_recorded(database_url: str, store: Store, tmp_path: Path):
    filled(store)
    backup(database_url, tmp_path / "copy.db", by="root", as_role="administrator")
    entry = ("root", "administrator", "exported", "backup of the whole database")
    assert store.records(1).select("who", "role", "act", "detail").row(0) == entry
    with open_store(tmp_path / "copy.db") as copy:
        assert copy.records(1).select("who", "role", "act", "detail").row(0) == entry
    store.record("bob", "", "looked", "what the backup does not know")
    last = store.records(1).row(0, named=True)
    restore(tmp_path / "copy.db", database_url, replace=True, by="root")
    newest, before = store.records(2).to_dicts()
    assert (newest["who"], newest["act"], newest["record_id"]) == ("root", "restored", last["record_id"])
    assert newest["detail"] == (f"from a backup; the record before ended at entry {last['record_id']}, {last['hash']}")
    assert before["act"] == "exported"
    assert store.verify_record() == []
    assert len(store.verify_record({last["record_id"]: last["hash"]})) == 1


def test_a_database_in_use_is_not_replaced_unless_it_is_said(database_url: str, store: Store, fresh, tmp_path: Path):
    filled(store)
    backup(database_url, tmp_path / "copy.db")
    target = fresh(store.engine.dialect.name)
    for change, held in (
        (lambda other: other.load(figures(("m", "a", 2020, 1.0)), None, kind="own", file_name="x", sha256="x"), "load"),
        (lambda other: other.add_note("S1", "story", "Other.", author="", base=None), "note"),
        (lambda other: other.save_scenario("Other", "{}", author="", base=None), "scenario"),
        (lambda other: other.set_role("other", "scrutiny", by="root"), "role"),
    ):
        with open_store(target) as other:
            change(other)
            was, version = content(other), other.version()
            with pytest.raises(StoreError, match=f"not empty .*{held}s.*say --replace"):
                restore(tmp_path / "copy.db", target)
            assert content(other) == was
            restore(tmp_path / "copy.db", target, replace=True)
            assert content(other)["figure"] == content(store)["figure"]
            # Answers kept for the version before must not be told for what was restored.
            assert other.version() > version
            assert other.verify_record() == []
            with database.writing(other.engine) as connection, backups._unguarded(connection):
                for table in reversed(tables.metadata.sorted_tables):
                    if table is not tables.record_end:
                        connection.execute(table.delete())


def test_the_version_of_a_restored_database_was_never_there_before(database_url: str, store: Store, tmp_path: Path):
    filled(store)
    backup(database_url, tmp_path / "copy.db")
    seen = {store.version()}
    for number in range(3):
        base = store.notes("S1")["note_id"].max() if number else 2
        store.add_note("S1", "story", "Later.", author="", base=base)
        seen.add(store.version())
        restore(tmp_path / "copy.db", database_url, replace=True)
        assert store.version() not in seen
        seen.add(store.version())


def test_a_restore_that_fails_half_way_changes_nothing(
    database_url: str, store: Store, fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    backup(fresh_and_filled(fresh), tmp_path / "copy.db")
    store.record("ann", "", "looked")
    was = content(store)

    def failing(_: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(backups, "_follow_ids", failing)
    with pytest.raises(StoreError, match="The disk is full"):
        restore(tmp_path / "copy.db", database_url)
    assert content(store) == was
    assert store.verify_record() == []


def fresh_and_filled(fresh: Callable[[str], str]) -> str:
    address = fresh("sqlite")
    with open_store(address) as store:
        filled(store)
    return address


def test_people_work_on_while_a_backup_is_taken(
    database_url: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What the copy holds is one moment: each note in it has its entry in the record, whose chain is whole."""
    filled(store)
    stop, started = Event(), Event()

    def write() -> None:
        base = None
        while not stop.is_set():
            base = store.add_note("S2", "story", "Why.", author="ann", base=base)
            started.set()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(write)
        assert started.wait(timeout=60)
        backup(database_url, tmp_path / "copy.db", by="root")
        stop.set()
        done.result()
    with open_store(tmp_path / "copy.db") as copy:
        assert copy.verify_record() == []
        notes = copy.note_history("S2", "story").height
        assert notes >= 1
        assert copy.records().filter(pl.col("detail").str.ends_with("(S2, story)")).height == notes


def test_a_backup_is_one_file_that_only_its_owner_reads(database_url: str, store: Store, tmp_path: Path):
    filled(store)
    folder = tmp_path / "backups"
    folder.mkdir()
    backup(database_url, folder / "copy.db")
    assert [path.name for path in folder.iterdir()] == ["copy.db"]
    assert stat.S_IMODE((folder / "copy.db").stat().st_mode) == 0o600
    with closing(sqlite3.connect(folder / "copy.db")) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert file.execute("SELECT count(*) FROM figure").fetchone() == (2,)
    was = (folder / "copy.db").read_bytes()
    with pytest.raises(StoreError, match=r"There is a file copy\.db already"):
        backup(database_url, folder / "copy.db")
    assert (folder / "copy.db").read_bytes() == was
    with pytest.raises(StoreError, match=r"none.copy\.db cannot be written: No such file or directory"):
        backup(database_url, folder / "none" / "copy.db")


def test_a_backup_that_fails_leaves_nothing(
    database_url: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def failing(_: object) -> None:
        raise StoreError("The disk is full.")

    folder = tmp_path / "backups"
    folder.mkdir()
    monkeypatch.setattr(backups, "_finish", failing)
    with pytest.raises(StoreError, match="The disk is full"):
        backup(database_url, folder / "copy.db")
    assert list(folder.iterdir()) == []


def test_there_must_be_a_database_to_copy(tmp_path: Path):
    with pytest.raises(StoreError, match=r"There is no database at .*none\.db"):
        backup(tmp_path / "none.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def of_something_else(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE other (a)")


def of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (damaged, r"copy\.db .*damaged"),
        (cut_short, r"copy\.db .*damaged"),
        (lambda path: path.write_text("measure,area\n" * 1000), r"copy\.db is not a backup of this dashboard"),
        (lambda path: path.write_bytes(b""), r"copy\.db is not a backup of this dashboard"),
        (of_something_else, r"copy\.db is not a backup of this dashboard"),
        (of_a_newer_version, "newer version of the dashboard"),
        (Path.unlink, r"There is no file copy\.db"),
    ],
)
def test_what_is_no_sound_backup_is_refused_and_nothing_is_touched(fresh, tmp_path: Path, spoil, sentence: str):
    address = fresh_and_filled(fresh)
    backup(address, tmp_path / "copy.db")
    spoil(tmp_path / "copy.db")
    with open_store(address) as store:
        was = content(store)
        with pytest.raises(StoreError, match=sentence):
            restore(tmp_path / "copy.db", address, replace=True)
        assert content(store) == was


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(database_url: str, store: Store, fresh, tmp_path: Path):
    from alembic import command
    from alembic.config import Config

    address = fresh("sqlite")
    with open_store(address) as old:
        old.load(figures(("m", "E06000061", 2020, 1.0)), None, kind="own", file_name="a", sha256="a")
        backup(address, tmp_path / "copy.db")
    config = Config()
    config.set_main_option("script_location", "dashboard.store:migrations")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'copy.db'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    engine.dispose()
    was = (tmp_path / "copy.db").read_bytes()
    restore(tmp_path / "copy.db", database_url)
    assert store.read_figures()["value"].to_list() == [1.0]
    assert store.record("ann", "", "looked") == 1
    assert store.verify_record() == []
    assert (tmp_path / "copy.db").read_bytes() == was


def test_moments_keep_their_moment_whatever_the_zone_of_the_database(database_url: str, store: Store, fresh, tmp_path):
    if store.engine.dialect.name == "postgresql":
        with database.writing(store.engine) as connection:
            name = connection.scalar(sa.text("SELECT current_database()"))
            connection.execute(sa.text(f"ALTER DATABASE {name} SET timezone TO 'Asia/Kathmandu'"))
        store.engine.dispose()
    before = datetime.now(UTC)
    store.record("ann", "", "looked")
    backup(database_url, tmp_path / "one.db")
    other = fresh("sqlite")
    restore(tmp_path / "one.db", other)
    backup(other, tmp_path / "two.db")
    restore(tmp_path / "two.db", database_url)
    [at] = store.records()["at"]
    assert before <= at <= datetime.now(UTC)
    assert store.verify_record() == []
    assert store.records().schema == record.RECORDS
