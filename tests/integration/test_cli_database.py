"""Looking after the database from the command line, on both databases."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from dashboard.cli import main
from dashboard.store import ROLE_NAMES, Store, database, retention
from dashboard.store import backup as backups
from tests.integration.test_store import figures


@pytest.fixture
def run(store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `early-help` on a fresh database in a folder of its own, as Ann."""
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", database_url)
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.chdir(tmp_path)

    def early_help(*arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert "Traceback" not in result.output
        return result

    return early_help


def filled(store: Store) -> None:
    refused = pl.DataFrame({"line": [1], "column": ["a"], "value": ["b"], "reason": ["c"]})
    frame = figures(("m", "E06000061", 2020, 1.0))
    store.load(frame, refused, kind="own", file_name="a.csv", sha256="a", loaded_by="ann")


def test_a_sound_record_is_said_with_what_to_note(run, store: Store):
    result = run("verify-log")
    assert (result.exit_code, result.stdout) == (0, "The record is sound, and empty.\n")
    filled(store)
    result = run("verify-log")
    assert result.exit_code == 0
    [noted] = re.findall(r"^1:[0-9a-f]{64}$", result.stdout, re.MULTILINE)
    store.record("ann", "", "looked")
    assert run("verify-log", "--known", noted).exit_code == 0
    other = run("verify-log", "--known", noted, "--known", f"2:{'0' * 64}")
    assert other.exit_code == 1
    assert other.stderr.splitlines() == [
        "Error: The record is not sound.",
        "Entry 2 is not the one that was known: it had another hash.",
    ]
    for wrong in ("1", noted[:-1], f"0:{'0' * 64}", "x:y"):
        assert run("verify-log", "--known", wrong).exit_code == 2


def test_a_changed_record_is_an_error_with_sentences(run, store: Store):
    filled(store)
    store.record("ann", "", "looked", "page")
    with database.writing(store.engine) as connection, backups._unguarded(connection):
        connection.exec_driver_sql("DELETE FROM record WHERE record_id = 1")
        connection.exec_driver_sql("UPDATE record SET who = 'bob' WHERE record_id = 2")
    result = run("verify-log")
    assert (result.exit_code, result.stdout) == (1, "")
    first, *faults = result.stderr.splitlines()
    assert first == "Error: The record is not sound."
    assert faults[0] == "Entry 1 is missing."
    assert re.fullmatch(r"Entry 2, dated \d+ \w+ \d{4}, was changed: its hash is that of other content\.", faults[1])
    assert len(faults) == 2


def test_purging_says_what_would_go_and_then_what_went(run, store: Store):
    filled(store)
    Path("terms.toml").write_text("[days]\nrefused = 0\nnote = 10\n")
    dry = run("purge", "--dry-run")
    assert dry.exit_code == 0
    assert re.findall(r"^(\w+): 0 rows from before \d{4}-\d\d-\d\d would go\.$", dry.stdout, re.MULTILINE) == list(
        retention()
    )
    assert dry.stdout.endswith("Nothing was changed.\n")
    with database.writing(store.engine) as connection:
        connection.exec_driver_sql("UPDATE load SET loaded_at = '2020-01-01 00:00:00.000000'")
    assert "refused: 1 row from before " in run("purge", "--dry-run").stdout
    assert store.refused(1).height == 1
    done = run("purge", "--terms", "terms.toml")
    assert done.exit_code == 0
    assert re.fullmatch(r"refused: 1 row from before \S+ went\.\nnote: 0 rows from before \S+ went\.\n", done.stdout)
    assert store.refused(1).is_empty()
    assert store.records(1).select("who", "act").row(0) == ("ann", "purged")
    Path("terms.toml").write_text("[days]\nfigure = 0\n")
    wrong = run("purge", "--terms", "terms.toml")
    assert wrong.exit_code == 1
    possible = ", ".join(retention())
    assert wrong.stderr == f"Error: figure is not among the tables with a term: {possible}.\n"


def test_a_backup_is_written_and_put_back(run, store: Store):
    filled(store)
    written = run("backup", "copy.db")
    assert written.exit_code == 0
    assert re.fullmatch(r"copy\.db: [\d,]+ bytes\.\n", written.stdout)
    assert run("backup", "copy.db").stderr == "Error: There is a file copy.db already; please choose another name.\n"
    store.undo(1)
    refused = run("restore", "copy.db")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: This database is not empty (it holds loads).")
    assert store.read_figures().is_empty()
    restored = run("restore", "copy.db", "--replace")
    assert restored.exit_code == 0, restored.output
    assert "figure 1" in restored.stdout
    assert store.read_figures().height == 1
    assert store.records(1).select("who", "act").row(0) == ("ann", "restored")
    assert run("verify-log").exit_code == 0
    Path("other.db").write_text("not a backup" * 100)
    wrong = run("restore", "other.db", "--replace")
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("Error: other.db is not a backup of this dashboard")
    assert run("restore", "none.db").exit_code == 2


def test_roles_are_given_listed_and_taken_away(run, store: Store):
    assert run("roles").stdout == "Nobody has a role yet. Give one with: early-help role IDENTITY ROLE\n"
    explained = " ".join(run("role", "--help").stdout.split())
    assert [name for name in (*ROLE_NAMES, "none") if name not in explained] == []
    assert run("role", "Bob@council.example", "agency lead", "--agency", "Police").exit_code == 0
    assert run("role", "zoë@council.example", "coordinator", "--forum-area", "F01").exit_code == 0
    assert run("role", "carol@council.example", "scrutiny").stdout == "carol@council.example: scrutiny\n"
    assert run("role", "carol@council.example", "none").exit_code == 0
    lines = run("roles").stdout.splitlines()
    assert [re.sub(r"\d{4}-\d\d-\d\d$", "DAY", line) for line in lines] == [
        "bob@council.example: agency lead, agency Police; set by ann on DAY",
        "zoë@council.example: coordinator, forum area F01; set by ann on DAY",
    ]
    wrong = run("role", "bob@council.example", "king")
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("Error: There is no role king; the roles are subgroup member, ")
    assert run("role", "bob@council.example", "coordinator").stderr == (
        "Error: The role coordinator needs its forum area.\n"
    )
    assert store.role_of("bob@council.example").role == "agency lead"
    assert store.records()["act"].to_list() == ["role changed"] * 4
