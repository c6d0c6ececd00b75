"""The command line as people use it: on both databases, with real files, and with the server running."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from dashboard.cli import KINDS, main
from dashboard.intake import KINDS as INTAKE_KINDS
from dashboard.store import Store

HEADER = "measure,area,period,value\n"
GOOD = HEADER + "rereferrals,North Northamptonshire,2023/24,21.0\nrereferrals,West Northamptonshire,2023/24,22.5\n"
MIXED = GOOD + "rereferrals,Atlantis,2023/24,20\nrereferrals,England,2023/24,=1+1\nrereferrals,=cmd,2023/24,20\n"


@pytest.fixture
def run(store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `early-help` on a fresh database in a folder of its own."""
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def early_help(*arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert "Traceback" not in result.output
        return result

    return early_help


def written(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_good_file_is_loaded(run, store: Store):
    result = run("load", written("good.csv", GOOD))
    assert result.exit_code == 0, result.output
    assert "Read as our own long table: 2 rows, 2 figures." in result.stdout
    assert "Loaded 2 figures as load 1." in result.stdout
    assert store.read_figures(["rereferrals"]).select("group", "value").rows() == [
        ("E06000061", 21.0),
        ("E06000062", 22.5),
    ]
    assert store.loads()["standing"].to_list() == ["local"]
    assert store.loads()["loaded_by"].item()


def test_refused_rows_are_told_and_the_rest_is_loaded(run, store: Store):
    result = run("load", written("mixed.csv", MIXED), "--refused", "refused.csv")
    assert result.exit_code == 3, result.output
    assert "3 rows refused:" in result.stdout
    assert re.search(r"line 4, area “Atlantis”: .*not among the areas", result.stdout)
    assert "Loaded 2 figures as load 1." in result.stdout
    rows = pl.read_csv("refused.csv")
    assert rows.columns == ["file", "line", "column", "value", "reason"]
    assert rows["file"].unique().to_list() == ["mixed.csv"]
    assert rows["line"].to_list() == [4, 5, 6]
    assert rows["value"].to_list() == ["Atlantis", "'=1+1", "'=cmd"]
    assert store.refused(1)["line"].to_list() == [4, 5, 6]


def test_no_cell_of_the_refused_rows_is_a_formula(run):
    risky = ["=1", "+1", "-1", "@a", "-"]
    lines = "".join(f"rereferrals,{cell},2023/24,20\n" for cell in risky)
    result = run("check", written("=risky.csv", GOOD + lines), "--refused", "refused.csv")
    assert result.exit_code == 3, result.output
    cells = [cell for row in pl.read_csv("refused.csv", infer_schema=False).rows() for cell in row if cell]
    assert len(cells) == 5 * len(risky)
    assert [cell for cell in cells if cell[0] in "=+-@"] == []


def test_the_same_file_twice_is_no_error_and_changes_nothing(run, store: Store):
    name = written("good.csv", GOOD)
    run("load", name)
    Path(name).rename("again.csv")
    result = run("load", "again.csv")
    assert result.exit_code == 0, result.output
    assert "Nothing to do. This file is in the database already: load 1 of " in result.stdout
    assert store.loads().height == 1


def test_a_dry_run_says_what_would_happen_and_does_nothing(run, store: Store):
    run("load", written("good.csv", GOOD))
    changed = GOOD.replace("22.5", "23.5") + "rereferrals,England,2023/24,22.4\n"
    result = run("load", written("changed.csv", changed), "--dry-run")
    assert result.exit_code == 0, result.output
    assert "Would load 3 figures: 1 new, 1 restating earlier ones, 1 as before. Nothing was changed." in result.stdout
    assert store.loads().height == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("other.csv", b"colour,size\nred,1\n"),
        ("empty.csv", b""),
        ("zeros.csv", bytes(5_000)),
        ("paper.pdf", b"%PDF-1.7"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_does_not_hold_up_the_next(run, store: Store, name: str, content: bytes):
    Path(name).write_bytes(content)
    result = run("load", name, written("good.csv", GOOD))
    assert result.exit_code == 1
    [sentence] = result.stderr.strip().splitlines()
    assert name in sentence and sentence.endswith(".")
    assert "Loaded 2 figures as load 1." in result.stdout
    assert run("check", name).exit_code == 1
    assert store.loads().height == 1


def test_a_file_of_which_nothing_can_be_used_is_an_error(run, store: Store):
    result = run("load", written("none.csv", HEADER + "rereferrals,Atlantis,2023/24,20\n"))
    assert result.exit_code == 1
    assert "1 row refused:" in result.stdout
    assert result.stderr.strip() == "Not one row of this file could be used."
    assert store.loads().is_empty()


def test_a_kind_given_by_hand_is_kept_to(run):
    name = written("good.csv", GOOD)
    assert run("check", name, "--as", "own").exit_code == 0
    result = run("check", name, "--as", "cover")
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert run("check", name, "--as", "parquet").exit_code == 2


def test_the_kinds_are_those_that_can_be_read():
    assert tuple(INTAKE_KINDS) == KINDS


def test_check_needs_no_database(run, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert run("check", written("good.csv", GOOD)).exit_code == 0
    assert run("check", written("mixed.csv", MIXED)).exit_code == 3


def test_loads_are_listed_and_undone(run, store: Store):
    assert "Nothing was loaded yet" in run("loads").stdout
    run("load", written("good.csv", GOOD), written("mixed.csv", MIXED.replace("21.0", "19.0")))
    header, *rows = run("loads").stdout.splitlines()
    assert header.split() == ["Load", "Date", "(UTC)", "Figures", "Refused", "Kind", "By", "File"]
    found = [
        re.search(r"^ +(\d) +\d{4}-\d\d-\d\d \d\d:\d\d +(\d) +(\d)  own .* (\w+\.csv)$", row).groups() for row in rows
    ]
    assert found == [("2", "2", "3", "mixed.csv"), ("1", "2", "0", "good.csv")]

    assert store.read_figures()["value"].to_list() == [19.0, 22.5]
    result = run("undo", "2")
    assert (result.exit_code, result.stdout) == (0, "Load 2 (mixed.csv, 2 figures) is undone.\n")
    assert store.read_figures()["value"].to_list() == [21.0, 22.5]
    assert "mixed.csv (undone " in run("loads").stdout

    again = run("undo", "2")
    assert (again.exit_code, again.stderr) == (1, "Error: Load 2 was undone before.\n")
    assert run("undo", "9").stderr == "Error: There is no load 9.\n"
    assert run("undo", "two").exit_code == 2


def test_a_database_that_cannot_be_reached_is_one_sentence(run, monkeypatch: pytest.MonkeyPatch):
    name = written("good.csv", GOOD)
    for url in ("postgresql://ann:secret@127.0.0.1:1/none", "mysql://server/x", f"sqlite:///{name}"):
        monkeypatch.setenv("EARLY_HELP_DATABASE_URL", url)
        for command in (["loads"], ["load", name], ["undo", "1"], ["serve"]):
            result = run(*command)
            assert result.exit_code == 1
            assert result.stderr.startswith("Error: The database ")
            assert "secret" not in result.output


def test_what_is_not_understood_has_its_own_exit_code(run):
    assert run("load").exit_code == 2
    assert run("load", "no such file.csv").exit_code == 2
    assert run("remove").exit_code == 2
    assert run("serve", "--port", "99999").exit_code == 2


def test_help_names_every_command_and_exit_code():
    output = CliRunner().invoke(main, ["--help"]).output
    for word in ("demo", "serve", "load", "check", "loads", "undo", "EARLY_HELP_DATABASE_URL"):
        assert re.search(rf"\b{word}\b", output)
    for code in (0, 1, 2, 3, 130):
        assert re.search(rf"^ .*\b{code}  \w", output, re.MULTILINE)
    for command in main.commands:
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
    version = CliRunner().invoke(main, ["--version"]).output
    assert re.search(r"version \d+\.\d+\.\d+", version)


def test_help_does_not_wait_for_what_it_does_not_need():
    heavy = "{'polars', 'sqlalchemy', 'streamlit', 'uvicorn', 'alembic', 'fastexcel'}"
    code = f"import sys, dashboard.cli; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen, list[str], str]]:
    """A running `early-help`, what it wrote before its address, and the address."""
    command = [sys.executable, "-c", "from dashboard.cli import main; main()", *arguments]
    # One stream for both, so that it can be read to the end without waiting for the other.
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            before = []
            for line in process.stdout:
                if found := re.search(r"http://[^ ]+", line):
                    yield process, before, found[0].rstrip(".")
                    return
                before.append(line)
            pytest.fail("It ended without an address:\n" + "".join(before))
        finally:
            process.kill()


def health(address: str) -> dict:
    """What the server says of itself, once the figures of its case records are reckoned."""
    for _ in range(600):
        with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answer:
            said = json.load(answer)
        if said["reckoned"]:
            return said
        time.sleep(0.1)
    pytest.fail(f"The figures of case records are not reckoned: {said}")


def test_serve_opens_the_dashboard_and_stops_with_control_c(database_url: str, store: Store):
    with started("serve", "--local-sign-in", "--port", "0", EARLY_HELP_DATABASE_URL=database_url) as (
        process,
        _,
        address,
    ):
        assert address.startswith("http://127.0.0.1:")
        assert health(address)["status"] == "ok"
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=60) == 0
        assert "Traceback" not in rest


def test_a_port_that_is_taken_is_one_sentence(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", "--local-sign-in", "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: Port {port} on 127.0.0.1 is taken")
    assert "--port" in result.stderr


def test_demo_fills_a_database_of_its_own_once(tmp_path: Path):
    own = tmp_path / "own.db"
    environment = {"XDG_DATA_HOME": str(tmp_path), "EARLY_HELP_DATABASE_URL": f"sqlite:///{own}"}
    with started("demo", "--records", "0", "--port", "0", **environment) as (_, before, address):
        number = len(before)
        assert number > 3
        for i, line in enumerate(before, 1):
            assert re.fullmatch(rf"Loading the sample data, file {i} of {number}: \S+\.(csv|zip)\n", line)
        assert health(address) == {"status": "ok", "data_version": number, "reckoned": True}
    with started("demo", "--records", "0", "--port", "0", **environment) as (_, before, address):
        assert before == []
        assert health(address) == {"status": "ok", "data_version": number, "reckoned": True}
    assert not own.exists()


def test_a_load_stopped_with_control_c_leaves_nothing_and_says_so(run, store: Store, monkeypatch: pytest.MonkeyPatch):
    whole = pl.DataFrame.iter_slices

    def stopped_half_way(frame: pl.DataFrame, n_rows: int) -> Iterator[pl.DataFrame]:
        for part in whole(frame, n_rows):
            yield part  # written when the next is asked for
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(pl.DataFrame, "iter_slices", stopped_half_way)
            result = run("load", written("good.csv", GOOD))
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 130
    assert result.stderr.strip() == "Stopped. Nothing is left half done."
    assert store.version() == 0
    assert store.read_figures().is_empty()
