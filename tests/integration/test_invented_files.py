"""The invented county as files and in the demonstration: what is written is what was drawn, and the dirt is as told."""

import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import fastexcel
import polars as pl
import pytest
from click.testing import CliRunner

from dashboard import intake
from dashboard.cli import main
from dashboard.demo import prepare_demo
from dashboard.store import open_store
from metrics.cases import CASE_TABLES
from sample_data.invented import files, invent

SCALE = 0.05
KEY = "a-key-of-the-tests-0123456789abcdef0123456789abcdef"
col = pl.col


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("invented")
    assert [path.name for path in files.write(folder, scale=SCALE)] == [
        files.CLEAN, files.DIRTY, files.ANNEX_A, files.WRONG,
    ]  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def county() -> dict[str, pl.DataFrame]:
    return invent(scale=SCALE)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", KEY)


def wrong(folder: Path, file: str) -> dict[tuple[str, str], int]:
    """What the list says is wrong in a file: (table, what) → rows."""
    rows = csv.DictReader((folder / files.WRONG).read_text().splitlines())
    return {(row["table"], row["what"]): int(row["rows"]) for row in rows if row["file"] == file}


def cells(folder: Path, file: str, table: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(folder / file) as archive:
        return list(csv.DictReader(io.TextIOWrapper(archive.open(f"{table}.csv"), encoding="utf-8")))


def test_the_clean_set_is_the_records(written, county):
    with zipfile.ZipFile(written / files.CLEAN) as archive:
        assert sorted(archive.namelist()) == sorted(f"{name}.csv" for name in CASE_TABLES)
        for name, table in CASE_TABLES.items():
            read = pl.read_csv(archive.read(f"{name}.csv"), schema=table.schema)
            assert read.equals(county[name]), name


def test_the_same_records_give_the_same_bytes(written, tmp_path):
    files.write(tmp_path, scale=SCALE)
    for name in (files.CLEAN, files.DIRTY, files.ANNEX_A, files.WRONG):
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes(), name


def test_the_clean_set_reads_through_the_intake_without_a_refusal(written, county, key):
    batch = intake.read(written / files.CLEAN)
    assert batch.kind == "cases"
    assert batch.refused.is_empty()
    assert batch.repaired.is_empty()
    assert {name: frame.height for name, frame in batch.cases.items()} == {n: f.height for n, f in county.items()}


@pytest.mark.parametrize("table", ["episode", "assessment", "review", "referral"])
def test_the_dirty_set_has_the_faults_that_are_told(written, county, table):
    told, rows = wrong(written, files.DIRTY), cells(written, files.DIRTY, table)
    more = [told.get((table, what), 0) for what in ("rows given twice",)]
    more.append(told.get((table, "rows of an episode that is not in the file"), 0))
    more.append(told.get((table, "episodes entered again, overlapping the first"), 0))
    assert len(rows) == county[table].height + sum(more)
    days = [name for name, dtype in CASE_TABLES[table].columns.items() if dtype == pl.Date]
    for day in days:
        for fault in ("#N/A", "31/02/2025", "unknown"):
            found = sum(row[day] == fault for row in rows)
            assert found == told.get((table, f"{day} written as {fault}"), 0), (day, fault)
    assert sum(told.get((table, f"{day} written as #N/A"), 0) for day in days) > 0
    if table in ("assessment", "review"):
        episodes = {row["episode_id"] for row in cells(written, files.DIRTY, "episode")}
        assert sum(row["episode_id"] not in episodes for row in rows) == more[1] > 0


def test_the_intake_finds_what_is_wrong_in_the_dirty_set(written, key):
    told, batch = wrong(written, files.DIRTY), intake.read(written / files.DIRTY)
    assert batch.refused.height
    merged = batch.repaired.filter(
        col("column").str.starts_with("episode"), col("reason").str.contains("begins before")
    )
    entered = told["episode", "episodes entered again, overlapping the first"]
    assert merged.height >= 0.6 * entered > 0  # another fault may have befallen either row
    lost = batch.repaired.filter(col("column") == "review: episode_id", col("reason").str.contains("no such episode"))
    assert lost.height >= told["review", "rows of an episode that is not in the file"] * 0.9


def test_the_workbook_has_titles_header_variants_errors_and_a_total(written):
    book = fastexcel.read_excel(written / files.ANNEX_A)
    assert book.sheet_names == ["List 1", "List 2", "List 3"]
    sheets = {name: book.load_sheet(name, header_row=None, dtypes="string").to_polars() for name in book.sheet_names}
    for sheet in sheets.values():
        first = sheet[:, 0].drop_nulls().to_list()
        assert first[0].startswith("Invented county")
        assert first[-1] == "Total"
    headers = [
        next(row for row in sheet.iter_rows() if "Gender" in str(row) or "Sex" in row) for sheet in sheets.values()
    ]
    ages = [next(cell for cell in header if cell and cell.startswith("Age")) for header in headers]
    assert ages == ["Age of Child (Years)", "Age", "Age of Child"]
    assert {"a) Male", "b) Female", "Male", "Female"} <= set(sheets["List 1"][:, 1])
    with zipfile.ZipFile(written / files.ANNEX_A) as book:
        cells = book.read("xl/worksheets/sheet2.xml").decode()
    assert "<f>" in cells and 't="e"' in cells


def test_the_workbook_reads_as_annex_a(written, county, key):
    batch = intake.read(written / files.ANNEX_A)
    assert batch.kind == "annex_a"
    begun = county["assessment"].filter(col("start_date") > date(2026, 3, 31)).height
    assert 0.85 * begun < batch.cases["assessment"].height < 1.05 * begun
    assert batch.cases["contact"].height and batch.cases["referral"].height
    assert batch.refused.height and batch.repaired.height
    assert "INV-P-" not in batch.cases["person"].write_csv()


def test_parquet_in_parts_is_the_same_county(tmp_path):
    (tmp_path / "episode").mkdir()
    (tmp_path / "episode" / "part-0007.parquet").write_bytes(b"of an earlier, larger county")
    done = []
    files.write_parquet(tmp_path, scale=1.02, progress=done.append)
    assert done == [1, 2]
    whole = invent(scale=1.02)
    for name, frame in whole.items():
        assert pl.scan_parquet(tmp_path / name / "*.parquet").collect().equals(frame), name


def test_the_fingerprint_follows_what_the_records_are_made_from():
    prints = [files.fingerprint(), files.fingerprint(seed=1), files.fingerprint(scale=2)]
    prints.append(files.fingerprint(until=date(2025, 1, 1)))
    assert len({*prints}) == 4
    assert files.fingerprint() == prints[0]
    assert all(len(text) == 64 for text in prints)


def test_the_demonstration_holds_the_county_marked_as_invented_and_takes_it_in_once(tmp_path, county):
    told = []
    url = prepare_demo(tmp_path / "demo.db", records=SCALE, progress=lambda *step: told.append(step))
    assert told[-2][2] == files.CLEAN
    assert prepare_demo(tmp_path / "demo.db", records=SCALE, progress=lambda *step: told.append(None)) == url
    assert None not in told
    with open_store(tmp_path / "demo.db") as store:
        assert store.case_standing() == {"invented"}
        assert not store.has_real_loads()
        assert store.read_cases("episode").sort("episode_id").equals(county["episode"].sort("episode_id"))
    prepare_demo(tmp_path / "demo.db", records=SCALE / 2)
    with open_store(tmp_path / "demo.db") as store:
        assert 0 < store.read_cases("episode").height < county["episode"].height
        assert store.loads().filter(col("file_name") == files.CLEAN)["undone_at"].is_null().sum() == 1
    prepare_demo(tmp_path / "demo.db", records=0)
    with open_store(tmp_path / "demo.db") as store:
        assert store.case_standing() == set()


def test_the_command_writes_files_to_load(tmp_path):
    result = CliRunner().invoke(main, ["invent", str(tmp_path / "here"), "--scale", "0.02", "--until", "2025-03-31"])
    assert result.exit_code == 0
    names = [Path(line).name for line in result.output.splitlines()]
    assert names == [files.CLEAN, files.DIRTY, files.ANNEX_A, files.WRONG]
    assert max(row["start_date"] for row in cells(tmp_path / "here", files.CLEAN, "episode")) <= "2025-03-31"


def test_the_command_writes_parquet_and_refuses_what_does_not_fit(tmp_path):
    result = CliRunner().invoke(main, ["invent", str(tmp_path), "--scale", "0.02", "--parquet"])
    assert result.exit_code == 0
    assert pl.read_parquet(tmp_path / "assessment" / "*.parquet").height > 300
    refused = CliRunner().invoke(main, ["invent", str(tmp_path), "--scale", "11"])
    assert refused.exit_code == 2
    assert "--parquet" in refused.output


def test_a_folder_that_cannot_be_written_to_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["invent", str(tmp_path / "file" / "folder"), "--scale", "0.02"])
    assert result.exit_code == 1
    assert "cannot be written to" in result.output
