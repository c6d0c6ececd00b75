"""Databases for the tests: an SQLite file, and a PostgreSQL of their own started from Debian's programs."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from dashboard.store import Store, open_store

GIVEN_SERVER = "EARLY_HELP_TEST_POSTGRESQL_URL"  # a server to use in place of our own; databases are made and dropped
MISSING = "PostgreSQL is not installed: the tests need Debian's package `postgresql` (apt-get install postgresql)."


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """Address of a PostgreSQL server on which databases may be made."""
    if given := os.environ.get(GIVEN_SERVER):
        yield sa.make_url(given)
        return
    with own_cluster() as address:
        yield address


@contextmanager
def own_cluster() -> Iterator[sa.URL]:
    """A PostgreSQL cluster in a temporary folder, reachable on loopback alone, stopped and removed at the end."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.fail(MISSING)
    programs = found[-1].parent
    # PostgreSQL will not run as root; Debian's package made a user for it.
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="early-help-postgresql-"))
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    if who:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")

    def run(program: str, *arguments: str) -> None:
        command = [programs / program, "--pgdata", folder / "data", *arguments]
        # The server goes on writing where its starter wrote: a file, since a pipe would be waited on for ever.
        with (folder / "log").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", **who)
        if done.returncode:
            pytest.fail(f"{program} failed:\n{(folder / 'log').read_text(errors='replace')[-3000:]}")

    # Stops the server and clears up when this process ends, however it ends: the pipe then closes.
    halt = f"'{programs / 'pg_ctl'}' stop --wait --mode=fast --pgdata '{folder}/data' >/dev/null 2>&1"
    stop = f"cat; {halt}; rm -rf '{folder}'"
    guard = subprocess.Popen(["/bin/sh", "-c", stop], stdin=subprocess.PIPE, cwd="/", start_new_session=True, **who)
    try:
        access = ["--username=early_help", f"--pwfile={folder / 'password'}", "--auth=scram-sha-256"]
        run("initdb", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", *access)
        port = free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "start", "--wait", "-o", options)
        yield sa.URL.create("postgresql", "early_help", password, host="127.0.0.1", port=port, database="postgres")
    finally:
        guard.communicate()


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_server: sa.URL) -> Iterator[str]:
    """Name of a database on the server that holds our tables and nothing else: others are copied from it."""
    with own_database(postgresql_server) as url:
        with open_store(url):
            pass
        yield sa.make_url(url).database


@contextmanager
def own_database(server: sa.URL, *, like: str = "template1") -> Iterator[str]:
    """Address of a database of one's own on the server, `like` another, dropped at the end."""
    name = f"early_help_test_{secrets.token_hex(6)}"
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(like)))
        yield server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a fresh database without a table; each test that takes it runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'early-help.db'}"
        return
    with own_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database that holds our tables and nothing else; each test that takes it runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_tables'), tmp_path / 'early-help.db')}"
        return
    like = request.getfixturevalue("postgresql_tables")
    with own_database(request.getfixturevalue("postgresql_server"), like=like) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store that holds nothing."""
    with open_store(database_url) as store:
        yield store
