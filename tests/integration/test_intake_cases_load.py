"""Case records from a file into the database, by the command line and by the page; and never counted twice."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from dashboard.access import PUBLISHED, NotAllowed, Scope
from dashboard.answers import case_loads
from dashboard.answers.keep import use_store
from dashboard.cli import main
from dashboard.intake import clash, read
from metrics.cases import CASE_TABLES

from .case_files import AS_AT, annex_a, own_set, ssd, taken

OFFICER = Scope(role="data officer", author="Invented Officer")
ASSESSMENT = {"person_id": "1001", "start_date": date(2026, 3, 9), "agency_id": "Invented Primary School"}
EPISODE = {"episode_id": "E1", "person_id": "1001", "start_date": "2026-03-09"}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", "4f1e2d3c4b5a69788796a5b4c3d2e1f0")


@pytest.fixture
def run(store, database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def early_help(*arguments):
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert "Traceback" not in result.output
        return result

    return early_help


def test_a_workbook_is_loaded_listed_and_undone(run, store):
    rows = [ASSESSMENT, {**ASSESSMENT, "start_date": "soon"}, {**ASSESSMENT, "start_date": "09/04/26"}]
    Path("annex a.xlsx").write_bytes(annex_a(assessment=rows))
    tried = run("load", "--dry-run", "annex a.xlsx")
    assert "Would load 4 records" in tried.output and store.loads().is_empty()
    done = run("load", "annex a.xlsx", "--refused", "listed.csv")
    assert done.exit_code == 3  # loaded, and some rows refused
    assert "Read as Ofsted's Annex A, lists 1 to 3: 3 rows, 4 records." in done.output
    assert "1 row refused:" in done.output and "1 fault put right" in done.output
    assert "Loaded 4 records as load 1" in done.output
    assert pl.read_csv("listed.csv")["line"].to_list() == [3, 4]
    assert store.read_cases("assessment").height == 2
    assert store.refused(1)["line"].to_list() == [3]
    assert store.listed(1)["repaired"].to_list() == [False, True]
    assert "Nothing to do." in run("load", "annex a.xlsx").output
    assert "4 records) is undone" in run("undo", "1").output
    assert store.read_cases("assessment").is_empty()


def test_check_needs_no_database(run, store):
    Path("cases.zip").write_bytes(own_set(episode=[EPISODE]))
    assert "Read as our own set of case tables: 1 row, 1 record." in run("check", "cases.zip").output
    assert store.loads().is_empty()


def test_the_page_loads_what_it_showed(store):
    use_store(store)
    batch = taken(annex_a(assessment=[ASSESSMENT, {**ASSESSMENT, "start_date": "soon"}]))
    assert case_loads.problem(PUBLISHED, batch) == ""
    assert case_loads.sentence(batch) == "1 assessment, 1 agency and 1 person"
    number = case_loads.load(OFFICER, batch)
    assert store.read_cases("assessment")["agency_id"].to_list() == ["invented-primary-school"]
    assert store.listed(number).select("line", "column", "table", "repaired").rows() == [
        (3, "Assessment start date", "", False)
    ]
    with pytest.raises(NotAllowed):
        case_loads.load(Scope(role="subgroup member"), batch)


def test_a_later_file_completes_an_assessment_and_does_not_count_it_again(store):
    use_store(store)
    for rows in ([ASSESSMENT], [{**ASSESSMENT, "complete_date": date(2026, 3, 27)}]):
        case_loads.load(OFFICER, taken(annex_a(assessment=rows)))
    assert store.read_cases("assessment")["complete_date"].to_list() == [date(2026, 3, 27)]


def test_what_is_counted_comes_from_one_kind_of_file(store):
    use_store(store)
    case_loads.load(OFFICER, taken(annex_a(assessment=[ASSESSMENT])))
    episodes = taken(ssd(episode=[EPISODE]))
    assert case_loads.problem(PUBLISHED, episodes) == ""  # other things: episodes beside assessments
    case_loads.load(OFFICER, episodes)
    own = {"assessment_id": "A1", "start_date": "2026-03-09", "agency_id": "G1"}
    both = taken(own_set(assessment=[own], episode=[EPISODE]))
    assert "assessments already from Ofsted's Annex A, lists 1 to 3 (load 1)" in case_loads.problem(PUBLISHED, both)
    assert "episodes already from tables of the standard" in case_loads.problem(
        PUBLISHED, taken(own_set(episode=[EPISODE]))
    )
    assert case_loads.problem(PUBLISHED, taken(own_set(family=[{"family_id": "F1"}]))) == ""
    store.undo(1, undone_by="Invented Officer")
    assert case_loads.problem(PUBLISHED, taken(own_set(assessment=[own]))) == ""


def test_the_command_line_keeps_them_apart_too(run, store):
    Path("annex a.xlsx").write_bytes(annex_a(assessment=[ASSESSMENT]))
    own = {"assessment_id": "A1", "start_date": "2026-03-09", "agency_id": "G1"}
    Path("cases.zip").write_bytes(own_set(assessment=[own]))
    assert run("load", "annex a.xlsx").exit_code == 0
    refused = run("load", "cases.zip")
    assert refused.exit_code == 1 and "counted twice" in refused.output
    assert store.loads().height == 1


def test_the_loads_that_hold_a_table_are_asked_for_only_where_another_kind_stands():
    loads = pl.DataFrame({"load_id": [1, 2], "kind": ["cases", "own"], "standing": "local", "undone_at": [None, None]})

    def never(table):
        raise AssertionError(table)

    assert clash("cases", ["episode"], loads, never) == ""


def test_real_records_are_not_put_beside_invented_ones(store):
    use_store(store)
    batch = taken(own_set(episode=[EPISODE]))
    store.load_cases(batch.cases, None, kind="cases", file_name="invented", sha256="0" * 64, standing="invented")
    assert "Invented records stand (load 1)" in case_loads.problem(
        PUBLISHED, taken(own_set(family=[{"family_id": "F1"}]))
    )
    store.undo(1, undone_by="Invented Officer")
    assert case_loads.problem(PUBLISHED, batch) == ""


# At size -------------------------------------------------------------------------------------------------------------


def a_large_list(rows):
    """List 2 with this many rows, a tenth of them a second line of the same assessment."""
    first, pairs = date(2020, 1, 6), [(n * 7919 % 1800, n % 40) for n in range(rows)]
    children = [n if n % 10 else n - 1 for n in range(rows)]
    days = [first + timedelta(pairs[c][0]) for c in children]
    return (
        pl.DataFrame(
            {
                "Child Unique ID": [f"C{c}" for c in children],
                "Gender": ["a) Male" if c % 2 else "Female" for c in children],
                "Ethnicity": ["a) WBRI"] * rows,
                "Date of Birth": ["17/02/2015"] * rows,
                "Assessment start date": [f"{day:%d/%m/%Y}" for day in days],
                "Assessment completion date": [f"{day + timedelta(20):%d/%m/%Y}" for day in days],
                "Organisation completing assessment": [f"Invented Primary School {pairs[c][1]}" for c in children],
            }
        )
        .write_csv()
        .encode()
    )


def test_a_quarter_of_a_million_rows_are_read_and_none_is_lost():
    batch = read(a_large_list(240_000), file_name="list 2.csv", as_at=AS_AT)
    # every tenth line repeats the one before it, but for the very first
    assert batch.cases["assessment"].height == 240_000 - 23_999
    assert batch.repaired.height == 23_999
    assert set(batch.cases) == {"person", "assessment", "agency"} <= set(CASE_TABLES)
