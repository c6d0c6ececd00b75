"""Our own set of case tables: as CSV, ZIP and workbook; keys, orphans, merged episodes; a council's own words."""

import io
from datetime import date

import polars as pl
import pytest
import xlsxwriter

from dashboard.intake import IntakeError, read
from metrics.cases import CASE_TABLES, IDENTIFIERS
from sample_data import places

from .case_files import csv_of, own_set, said, taken, zip_of

EPISODE = {"episode_id": "E1", "family_id": "F1", "start_date": "2025-01-06", "end_date": "2025-05-30"}
REVIEW = {"review_id": "R1", "episode_id": "E1", "due_date": "2025-02-17"}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", "4f1e2d3c4b5a69788796a5b4c3d2e1f0")
    monkeypatch.delenv("EARLY_HELP_CASE_ALIASES", raising=False)


def whole_row(name):
    """A row of a case table with every column filled."""
    worded = {
        "sex": "F", "ethnicity": "WBRI", "role": "child", "route": "new", "consent_status": "given", "direction": "up",
        "kind": "taf", "respondent": "parent", "answer": "yes", "end_reason": "NEEDS_MET", "agency_type": "school",
        "source": "6", "completed_by": "together", "state": "final", "lsoa": "E01027030",
    }  # fmt: skip
    by_type = {pl.Date: "2025-03-03", pl.Int64: "2", pl.Boolean: "true", pl.Float64: "2.5", pl.String: "X1"}
    return {c: worded.get(c, by_type[t]) for c, t in CASE_TABLES[name].columns.items()}


@pytest.mark.parametrize("name", CASE_TABLES)
def test_every_table_is_known_by_its_columns_and_comes_through_whole(name):
    row = whole_row(name)
    batch = taken(csv_of([row]), file_name="export.csv")
    assert batch.kind == "cases" and list(batch.cases) == [name]
    assert batch.refused.is_empty() and batch.repaired.is_empty()
    frame = batch.cases[name]
    assert frame.schema == CASE_TABLES[name].schema
    [found] = frame.rows(named=True)
    for column, value in row.items():
        if column in IDENTIFIERS:
            assert found[column] != value and len(found[column]) == 20
        elif column == "birth_month":
            assert found[column] == date(2025, 3, 1)
        else:
            assert str(found[column]).lower() == value.lower()


def test_a_workbook_with_a_sheet_a_table():
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data)
    for name, row in (("Episodes", EPISODE), ("Reviews", REVIEW), ("Read me", {"about": "invented"})):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, list(row))
        sheet.write_row(1, 0, list(row.values()))
    book.close()
    batch = taken(data.getvalue(), file_name="cases.xlsx")
    assert {name: frame.height for name, frame in batch.cases.items()} == {"episode": 1, "review": 1}
    assert batch.remarks == ["Not read, as they hold none of these tables: Read me."]


def test_a_zip_of_something_else_is_no_set_of_tables():
    with pytest.raises(IntakeError, match="ZIP archive"):
        read(zip_of({"letter.csv": b"dear,all\n1,2\n"}), file_name="letter.zip")


def test_a_zip_that_unpacks_to_far_too_much_is_not_opened():
    bomb = b"episode_id,start_date\n" + b" " * 60_000_000
    with pytest.raises(IntakeError, match="far more than"):
        read(zip_of({"episode.csv": bomb}), file_name="cases.zip")


def test_an_address_in_a_table_that_is_not_asked_for_refuses_the_file():
    with pytest.raises(IntakeError, match="addresses in column “Home address”"):
        read(own_set(episode=[{**EPISODE, "Home address": "1 Invented Street"}]), file_name="cases.zip")


def test_a_header_without_rows_is_told():
    with pytest.raises(IntakeError, match="a header and no rows"):
        read(b"episode_id,start_date\n", file_name="episode.csv")


def test_a_table_that_lacks_a_column_is_told_by_its_name():
    with pytest.raises(
        IntakeError, match=r"“assessment” looks like assessment records, but lacks a column for “agency_id”"
    ):
        read(csv_of([{"assessment_id": "A1", "start_date": "2025-01-06"}]), file_name="assessment.csv", kind="cases")


def test_the_wrong_kind_is_told():
    with pytest.raises(IntakeError, match="is not Ofsted's Annex A"):
        read(csv_of([EPISODE]), file_name="episode.csv", kind="annex_a")


def test_overlapping_episodes_take_what_hangs_on_them_along():
    batch = taken(
        own_set(
            episode=[
                {**EPISODE, "level_at_start": "2", "level_at_end": "2", "end_reason": "NEEDS_MET"},
                {
                    **EPISODE,
                    "episode_id": "E2",
                    "start_date": "2025-05-30",
                    "end_date": "",
                    "level_at_start": "Level 3",
                },
                {**EPISODE, "episode_id": "E3", "family_id": "F2"},
                {**EPISODE, "episode_id": "E4", "start_date": "2025-03-03", "end_reason": "Opened in error"},
            ],
            review=[REVIEW, {**REVIEW, "review_id": "R2", "episode_id": "E2"}],
        )
    )
    rows = batch.cases["episode"].select("episode_id", "start_date", "end_date", "level_at_start", "end_reason").rows()
    assert sorted(rows) == [
        ("E1", date(2025, 1, 6), None, 2, None),  # open again, so it has no end and no reason for one
        ("E3", date(2025, 1, 6), date(2025, 5, 30), None, None),
        ("E4", date(2025, 3, 3), date(2025, 5, 30), None, "ERROR"),
    ]
    assert batch.cases["review"]["episode_id"].to_list() == ["E1", "E1"]
    assert len(said(batch.repaired)) == 1 and "line 2" in batch.repaired["reason"].item()


def test_three_in_a_chain_are_one_and_the_next_day_is_another():
    days = [
        ("2025-01-06", "2025-02-10"),
        ("2025-02-03", "2025-03-03"),
        ("2025-03-03", "2025-04-07"),
        ("2025-04-08", ""),
    ]
    rows = [{**EPISODE, "episode_id": f"E{i}", "start_date": a, "end_date": b} for i, (a, b) in enumerate(days)]
    for order in (rows, rows[::-1]):
        batch = taken(own_set(episode=order))
        assert sorted(batch.cases["episode"].select("episode_id", "start_date", "end_date").rows()) == [
            ("E0", date(2025, 1, 6), date(2025, 4, 7)),
            ("E3", date(2025, 4, 8), None),
        ]
        assert batch.repaired.height == 2


def test_orphans_are_kept_and_listed_where_the_table_is_there():
    lost = {**REVIEW, "review_id": "R2", "episode_id": "E9"}
    batch = taken(own_set(episode=[EPISODE], review=[REVIEW, lost]))
    assert batch.cases["review"].height == 2
    assert list(said(batch.repaired)) == [(3, "review: episode_id")]
    assert taken(own_set(review=[REVIEW, lost])).repaired.is_empty()  # episodes may have come in an earlier file


def test_what_hangs_on_a_refused_row_is_an_orphan():
    batch = taken(
        own_set(
            episode=[EPISODE, {**EPISODE, "episode_id": "E2", "start_date": ""}],
            review=[{**REVIEW, "episode_id": "E2"}],
        )
    )
    assert list(said(batch.refused)) == [(3, "episode: start_date")]
    assert list(said(batch.repaired)) == [(2, "review: episode_id")]


def test_no_number_of_a_person_or_record_is_repeated_in_the_lists():
    rows = [{**EPISODE, "episode_id": "E-SECRET", "family_id": "F-SECRET", "start_date": "soon"}, EPISODE, EPISODE]
    reviews = [{**REVIEW, "episode_id": "E-SECRET"}, {**REVIEW, "due_date": "2025-02-18"}]
    batch = taken(own_set(episode=rows, review=reviews))
    assert batch.refused.height == 3 and batch.repaired.height == 1
    assert "SECRET" not in str(batch.listed.rows())


def test_a_postcode_becomes_a_small_area_and_an_area_given_beside_it_fills_in():
    postcode, lsoa = places.postcodes().select("postcode", "lsoa_2021").row(0)
    rows = [
        {"family_id": "F1", "postcode": postcode, "lsoa": ""},
        {"family_id": "F2", "postcode": "ZZ99 3WZ", "lsoa": "E01027030"},
        {"family_id": "F3", "postcode": "", "lsoa": "e01027030"},
    ]
    batch = taken(csv_of(rows), file_name="families.csv")
    assert batch.cases["family"]["lsoa"].to_list() == [lsoa, "E01027030", "E01027030"]
    assert said(batch.repaired) == {(3, "postcode"): "this postcode is not among the county's, or is misspelt"}
    assert batch.repaired["value"].to_list() == [""]


@pytest.mark.parametrize(
    ("said_so", "code"),
    [
        ("NEEDS_MET", "NEEDS_MET"),
        ("All outcomes achieved", "NEEDS_MET"),
        ("Stepped up to children’s social care", "STEP_UP"),
        ("step-up", "STEP_UP"),
        ("Family withdrew consent", "CONSENT_WITHDRAWN"),
        ("Moved out of area", "MOVED"),
        ("opened in error", "ERROR"),
        ("Not recorded", "UNKNOWN"),
        ("Blue moon", "UNKNOWN"),
    ],
)
def test_closure_reasons_in_a_councils_words(said_so, code):
    batch = taken(own_set(episode=[{**EPISODE, "end_reason": said_so}]))
    assert batch.cases["episode"]["end_reason"].to_list() == [code]
    assert batch.repaired.height == (said_so == "Blue moon")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("St Invented's C of E Primary School", "school"),
        ("Invented Academy", "school"),
        ("School nursing team", "health"),
        ("Invented Health Visiting Team", "health"),
        ("Children's Centre North", "early_years"),
        ("Police – neighbourhood team", "police"),
        ("Borough Council housing options", "housing"),
        ("Family Support Team East", "early_help"),
        ("Invented Women's Aid", "voluntary"),
        ("Children's Social Care", "social_care"),
        ("Somebody else", "other"),
    ],
)
def test_the_sort_of_an_agency_is_told_from_its_name(name, kind):
    row = {"earl_episode_id": "E1", "earl_person_id": "1", "earl_episode_start_date": "2025-01-06"}
    batch = taken(csv_of([{**row, "earl_episode_organisation": name}]), file_name="x.csv")
    assert batch.cases["agency"].select("name", "agency_type").rows() == [(name, kind)]


def test_a_council_adds_its_own_system_by_rows_in_a_file(tmp_path, monkeypatch):
    aliases = tmp_path / "aliases.csv"
    aliases.write_text(
        "sort,kind,table,column,means,alias,treatment\n"
        "table,cases,episode,,,Invented EHM cases,\n"
        "column,cases,episode,episode_id,,Case ref,\n"
        "column,cases,episode,family_id,,Household,\n"
        "column,cases,episode,start_date,,Opened on,\n"
        "column,cases,episode,end_reason,,Outcome of case,\n"
        "column,cases,episode,,,Team colour,unread\n"
        "value,,,end_reason,NEEDS_MET,Gold star,\n",
        encoding="utf-8",
    )
    row = {
        "Case ref": "1",
        "Household": "H1",
        "Opened on": "06/01/2025",
        "Outcome of case": "Gold star",
        "Team colour": "red",
    }
    with pytest.raises(IntakeError):
        read(csv_of([row]), file_name="invented ehm cases.csv")
    monkeypatch.setenv("EARLY_HELP_CASE_ALIASES", str(aliases))
    batch = taken(csv_of([row]), file_name="invented ehm cases.csv")
    assert batch.cases["episode"].select("episode_id", "start_date", "end_reason").rows() == [
        ("1", date(2025, 1, 6), "NEEDS_MET")
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("colour,,,,,x,", "sort is one of"),
        ("column,cases,episodes,start_date,,x,", "no table “episodes”"),
        ("column,cases,episode,begun,,x,", "no column “begun” in episode"),
        ("column,mine,episode,start_date,,x,", "kind is one of"),
        ("value,,,sex,,x,", "does not say what the word means"),
        ("column,cases,episode,start_date,,,", "no alias is given"),
        ("column,cases,episode,start_date,,x,burn", "treatment is empty or unread"),
    ],
)
def test_a_fault_in_a_councils_own_words_is_told_by_its_line(tmp_path, monkeypatch, row, fault):
    aliases = tmp_path / "aliases.csv"
    aliases.write_text(f"sort,kind,table,column,means,alias,treatment\n{row}\n", encoding="utf-8")
    monkeypatch.setenv("EARLY_HELP_CASE_ALIASES", str(aliases))
    with pytest.raises(IntakeError, match=rf"line 2: .*{fault}"):
        read(csv_of([EPISODE]), file_name="episode.csv")


# ---- small areas of 2011


def test_an_area_of_2011_that_was_divided_is_its_largest_part_and_is_listed():
    """Census 2021, usual residents: E01035397 1,929 and E01035398 1,896, of which E01026977 was made up in 2011."""
    rows = [{"family_id": "F1", "lsoa": "E01026977"}, {"family_id": "F2", "lsoa": "E01026949"}]
    batch = taken(own_set(family=rows))
    assert batch.cases["family"]["lsoa"].to_list() == ["E01035397", "E01026949"]  # the other still stands
    assert said(batch.repaired) == {
        (2, "lsoa"): "a small area of 2011 that was divided in 2021: read as E01035397, the part with the most people"
    }
