"""Star exports put in as people do it: on the page Load data and on the command line; editions that are set first."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner

from dashboard.access import Scope
from dashboard.answers import loads, use_store
from dashboard.answers import star as answer
from dashboard.cli import main
from dashboard.intake import CASES, IntakeError, read, star_editions
from dashboard.store import Store

OFFICER = Scope("data officer", author="Dana")
AREAS = [f"Area {n}" for n in range(1, 11)]
HEAD = ["Client ID", "Star", "Edition", "Date completed", "Completed by", "Service", *AREAS]
KEY = "4f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", KEY)
    monkeypatch.delenv("EARLY_HELP_STAR_EDITIONS", raising=False)


def star(person: int, day: str, score: int, *, name: str = "Family Star Plus", edition: str = "2") -> list[str]:
    return [f"C-{person}", name, edition, day, "together", "East", *[str(score)] * 10]


def rows(people: int = 40) -> list[list[str]]:
    """40 people of one service, each up by a stage in every area within half a year."""
    made = [star(n, day, score) for n in range(people) for day, score in (("2025-05-01", 5), ("2025-11-03", 7))]
    return [*made, star(99, "2025-05-01", 11)]  # and one out of range


def csv(table: list[list[str]]) -> bytes:
    return "\n".join(",".join(row) for row in [HEAD, *table]).encode()


def book(table: list[list[str]]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Raw data")
        for line, row in enumerate([HEAD, *table]):
            sheet.write_row(line, 0, row)
    return made.getvalue()


@pytest.mark.parametrize(("name", "made"), [("stars.csv", csv), ("stars.xlsx", book)])
def test_an_export_is_recognised_by_its_header(name, made):
    batch = read(made(rows()), file_name=name)
    assert batch.kind == "star" and "star" in CASES
    assert batch.cases["reading"].height == 40 * 2 * 10
    assert (batch.rows, batch.rows_used, batch.rows_refused) == (81, 80, 1)
    assert batch.refused["reason"].unique().to_list() == ["the readings of this Star are whole numbers from 1 to 10"]
    assert "C-99" not in batch.refused.write_csv()


def test_other_files_are_not_taken_for_stars_and_stars_not_for_others():
    assert read(b"measure,area,period,value\nrereferrals,England,2023/24,20\n", file_name="own.csv").kind == "own"
    with pytest.raises(IntakeError, match="holds no Star readings"):
        read(b"measure,area,period,value\nrereferrals,England,2023/24,20\n", file_name="own.csv", kind="star")
    with pytest.raises(IntakeError, match="a header and no rows"):
        read(csv([]), file_name="stars.csv")


def test_on_the_page_it_is_checked_put_in_shown_and_taken_out(store: Store):
    use_store(store)
    try:
        seen = loads.preview(OFFICER, csv(rows()), file_name="stars.csv")
        assert seen.problem == "" and seen.kept_out == ""
        assert "Outcome Star readings with 81 rows" in seen.sentence and "800 readings" in seen.sentence
        assert "as load 1" in loads.put_in(OFFICER, seen.batch)
        offered = answer.choices(OFFICER)
        view = {"star": "family_star_plus-1", "year": offered.year, "baseline": "first", "by": "service"}
        said = answer.distance(OFFICER, **view).sentence
        assert said.startswith("Of 40 families with two Stars in 2025/26 to 3 November 2025, 100% (91–100) moved up")
        loads.undo(OFFICER, 1)
        assert answer.choices(OFFICER) is None
    finally:
        use_store(None)


def test_on_the_command_line(store: Store, database_url: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", database_url)
    path = tmp_path / "stars.csv"
    path.write_bytes(csv(rows()))
    result = CliRunner().invoke(main, ["load", str(path)], catch_exceptions=False)
    assert "Outcome Star readings" in result.output and "Traceback" not in result.output
    assert store.read_cases("reading").height == 800
    people = store.read_cases("reading")["person_id"]
    assert people.n_unique() == 40 and not people.str.contains("C-").any()
    assert result.exit_code == 3  # some rows are refused


SET = """
[[edition]]
star = "family_star"
edition = "2"
name = "Family Star"
who = "families"
also_called = []
editions = ["2"]
lowest = 1
highest = 10
range_status = "confirmed"
readings_per_stage = 2
ceiling = 8
ceiling_status = "confirmed"
pools_with = []
pooling = "Not pooled."
source = "our own copy of the licence"
note = ""
area = [
  { id = "area_1", name = "First", status = "confirmed" },
  { id = "area_2", name = "Second", status = "confirmed" },
  { id = "area_3", name = "Third", status = "confirmed" },
]
stage = []
"""


def test_an_edition_whose_range_is_not_set_is_refused_until_the_licence_holder_sets_it(tmp_path, monkeypatch):
    # a list of Stars also looks like a list of persons
    data = b"person_id,star,edition,date,area,score\n" + b"".join(
        f"C-1,Family Star,2,2024-05-01,Area {n},6\n".encode() for n in (1, 2, 3)
    )
    batch = read(data, file_name="stars.csv")
    assert batch.cases["reading"].is_empty() and batch.rows_refused == 3
    assert "its range must be set first, by the holder of the licence" in batch.refused["reason"][0]
    (tmp_path / "ours.toml").write_text(SET, encoding="utf-8")
    monkeypatch.setenv("EARLY_HELP_STAR_EDITIONS", str(tmp_path / "ours.toml"))
    again = read(data, file_name="stars.csv")
    assert again.cases["reading"]["area"].to_list() == ["area_1", "area_2", "area_3"]
    assert star_editions()["family_star/2"].area_name("area_1") == "First"
    assert star_editions()["my_star/1"].highest == 5  # the shipped ones stay


@pytest.mark.parametrize(
    ("content", "said"),
    [(SET.replace("confirmed", "certain"), "has a fault: family_star/2"), (None, "cannot be read as text")],
)
def test_a_faulty_file_of_editions_is_told_in_one_sentence(tmp_path, content, said):
    path = tmp_path / "ours.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(IntakeError, match=said):
        star_editions({"EARLY_HELP_STAR_EDITIONS": str(path)})


def test_readings_come_with_the_own_set_of_tables_as_well():
    header = "reading_id,person_id,tool,edition,area,date,score\n"
    made = header + "R1,C-1,Family Star Plus,2,area_1,2024-05-01,5\n"
    batch = read(made.encode(), file_name="reading.csv")
    assert batch.kind == "cases" and isinstance(batch.cases["reading"], pl.DataFrame)
