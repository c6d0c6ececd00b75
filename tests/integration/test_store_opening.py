"""Opening the database: by several at once, again, one of a newer version, and how its address is found."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from dashboard.store import (
    Store,
    StoreError,
    database,
    open_store,
    tables,
)
from dashboard.store import (
    database_url as address_of,
)
from tests.integration.test_store import NORTH, figures, put, said


def test_a_fresh_database_may_be_opened_by_several_at_once(bare_url: str):
    start = Barrier(6)

    def attempt(number: int) -> int:
        start.wait()
        with open_store(bare_url) as store:
            return put(store, figures(("m", NORTH, 2000 + number, 1.0)), f"{number}")

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(attempt, range(6))) == [1, 2, 3, 4, 5, 6]


def test_opening_again_keeps_what_is_there(database_url: str, store: Store):
    put(store, figures(("m", NORTH, 2020, 10.0)), "one")
    with open_store(database_url) as again:
        assert said(again) == [(10.0, None, 1)]


def test_the_migrations_make_the_tables_that_the_code_expects(store: Store):
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "dashboard.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [database.HEAD]
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_the_migrations_can_be_taken_back(store: Store):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "dashboard.store:migrations")
    with database.writing(store.engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(store.engine).get_table_names() == ["alembic_version"]


def test_a_database_of_a_newer_version_is_left_alone(database_url: str, store: Store):
    with database.writing(store.engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version of the dashboard"):
        open_store(database_url)


def test_the_address_is_taken_from_the_environment_or_the_user_s_own_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("EARLY_HELP_DATABASE_URL", raising=False)
    with open_store() as store:
        assert store.version() == 0
    assert (tmp_path / "share" / "early-help" / "early-help.db").is_file()
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", f"sqlite:///{tmp_path / 'mine.db'}")
    with open_store() as store:
        assert store.version() == 0
    assert (tmp_path / "mine.db").is_file()
    assert address_of(tmp_path / "a b.db").database == str(tmp_path / "a b.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_addresses_are_taken_as_people_write_them(scheme: str):
    address = address_of(f"{scheme}://ann:secret@db.example/early_help")
    assert address.render_as_string(hide_password=False) == "postgresql+psycopg://ann:secret@db.example/early_help"


@pytest.mark.parametrize(
    "wrong", ["mysql://server/early_help", "http://server", "sqlite://", "sqlite:///:memory:", ":"]
)
def test_any_other_address_is_refused_in_one_sentence(wrong: str):
    with pytest.raises(StoreError, match="must look like postgresql://name@server/database or sqlite:///"):
        open_store(wrong)


def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path):
    (tmp_path / "text.db").write_text("This is not a database. " * 100)
    with pytest.raises(StoreError, match=r"text\.db cannot be opened: file is not a database"):
        open_store(tmp_path / "text.db")
    with pytest.raises(StoreError, match=r"The folder of .*text\.db/x\.db cannot be made"):
        open_store(tmp_path / "text.db" / "x.db")
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        open_store("postgresql://ann:secret@127.0.0.1:1/early_help")
    assert "secret" not in str(caught.value)
