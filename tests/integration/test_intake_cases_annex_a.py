"""Ofsted's Annex A, lists 1 to 3, as councils send it: dirty headers, codes and words mixed, errors, totals, blanks."""

from datetime import date

import polars as pl
import pytest

from dashboard.intake import IntakeError, read

from .case_files import annex_a, csv_of, said, taken

CHILD = {"person_id": "1001", "sex": "b) Female", "ethnicity": "a) WBRI", "birth_date": date(2015, 2, 17), "age": 9}
SCHOOL = "Invented Primary School"
HASH = r"^[0-9a-f]{20}$"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", "4f1e2d3c4b5a69788796a5b4c3d2e1f0")


def assessment(start, complete=None, **more):
    return {**CHILD, "start_date": start, "complete_date": complete, "agency_id": SCHOOL, **more}


def test_the_three_lists_become_case_tables():
    batch = taken(
        annex_a(
            titles=True,
            contact=[{**CHILD, "date": date(2026, 3, 2), "source": "r) 6: Police"}],
            assessment=[assessment(date(2026, 3, 9), date(2026, 3, 27))],
            referral=[{**CHILD, "date": date(2026, 4, 1), "source": "e) 2A: Schools", "no_further_action": "a) Yes"}],
        ),
        file_name="annex a.xlsx",
    )
    assert batch.kind == "annex_a"
    assert batch.refused.is_empty() and batch.repaired.is_empty()
    assert {name: frame.height for name, frame in batch.cases.items()} == {
        "agency": 1,
        "person": 1,
        "contact": 1,
        "assessment": 1,
        "referral": 1,
    }
    assert batch.size == 5
    person = batch.cases["person"].row(0, named=True)
    assert (person["birth_month"], person["sex"], person["ethnicity"]) == (date(2015, 2, 1), "F", "WBRI")
    assert person["role"] == "child" and person["family_id"] is None
    [contact] = batch.cases["contact"].rows(named=True)
    assert (contact["date"], contact["source"]) == (date(2026, 3, 2), "6")
    [row] = batch.cases["assessment"].rows(named=True)
    assert (row["start_date"], row["complete_date"]) == (date(2026, 3, 9), date(2026, 3, 27))
    assert row["episode_id"] is None  # Annex A has none, and none is made up
    [referral] = batch.cases["referral"].rows(named=True)
    assert (referral["source"], referral["no_further_action"]) == ("2A", True)
    [agency] = batch.cases["agency"].rows(named=True)
    assert (agency["name"], agency["agency_type"]) == (SCHOOL, "school")
    assert row["agency_id"] == agency["agency_id"]


def test_no_identifier_comes_through():
    batch = taken(annex_a(assessment=[assessment(date(2026, 3, 9), person_id="CH-778899")]))
    person = batch.cases["person"]["person_id"]
    assert person.str.contains(HASH).all()
    everything = str([frame.rows() for frame in batch.cases.values()]) + str(batch.refused.rows()) + str(batch.remarks)
    assert "778899" not in everything
    assert "2015-02-17" not in everything and "17" not in str(batch.cases["person"]["birth_month"].to_list()[0].day)


def test_the_same_child_is_one_person_however_the_number_is_written():
    batch = taken(
        annex_a(assessment=[assessment(date(2026, 3, 9), person_id=n) for n in (1001, "1001", " 1001 ")])
        if False
        else annex_a(
            assessment=[
                assessment(date(2026, month, 9), person_id=n) for month, n in ((1, 1001), (3, "1001"), (5, "1 001"))
            ]
        )
    )
    assert batch.cases["person"].height == 1 and batch.cases["assessment"].height == 3


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Age", "age"),
        ("AGE OF CHILD (YEARS)", "age"),
        ("Child ID", "person_id"),
        ("child unique id ", "person_id"),
        ("ChildUniqueID", "person_id"),
        ("Sex", "sex"),
        ("DOB", "birth_date"),
        ("Date Birth", "birth_date"),
        ("Assessment\nstart date", "start_date"),
        ("AssessmentStartDate", "start_date"),
        ("Organisation completing the assessment", "agency_id"),
        ("Assessment\u00a0completion date", "complete_date"),
    ],
)
def test_headers_as_councils_write_them(header, column):
    row = assessment(date(2026, 3, 9), date(2026, 3, 27))
    row[header] = row.pop(column)
    batch = taken(annex_a(assessment=[row]))
    assert batch.cases["assessment"].height == 1 and batch.refused.is_empty() and batch.repaired.is_empty()
    assert batch.cases["person"].select("sex", "birth_month").rows() == [("F", date(2015, 2, 1))]
    assert not [remark for remark in batch.remarks if " not used: " in remark]


@pytest.mark.parametrize(
    ("cell", "sex"),
    [
        ("a) Male", "M"),
        ("b) Female", "F"),
        ("a) Female", "F"),  # the word counts, not its letter
        ("Female\u00a0", "F"),
        ("female", "F"),
        ("F", "F"),
        ("b)", "F"),
        (2, "F"),
        ("1", "M"),
        ("c) Not stated/recorded (or unborn)", "U"),
        ("d) Neither", "U"),
    ],
)
def test_codes_and_words_of_sex(cell, sex):
    batch = taken(annex_a(assessment=[assessment(date(2026, 3, 9), sex=cell)]))
    assert batch.cases["person"]["sex"].to_list() == [sex]
    assert batch.repaired.is_empty()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("a) WBRI", "WBRI"),
        ("WBRI", "WBRI"),
        ("White British", "WBRI"),
        ("WBRI - White - British", "WBRI"),
        ("t) NOBT", "NOBT"),
    ],
)
def test_codes_and_words_of_ethnicity(cell, code):
    batch = taken(annex_a(assessment=[assessment(date(2026, 3, 9), ethnicity=cell)]))
    assert batch.cases["person"]["ethnicity"].to_list() == [code]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (date(2026, 3, 9), date(2026, 3, 9)),
        ("09/03/2026", date(2026, 3, 9)),
        ("9/3/2026", date(2026, 3, 9)),
        ("2026-03-09", date(2026, 3, 9)),
        ("2026-03-09 00:00:00", date(2026, 3, 9)),
        ("09/03/2026 14:35", date(2026, 3, 9)),
        ("9 March 2026", date(2026, 3, 9)),
        ("09-Mar-2026", date(2026, 3, 9)),
        ("09.03.2026", date(2026, 3, 9)),
        ("\u00a009/03/2026 ", date(2026, 3, 9)),
        (46090, date(2026, 3, 9)),  # Excel: 1 January 2026 is 46023, so 9 March is 67 days later
        ("46090", date(2026, 3, 9)),
        ("09/03/26", date(2026, 3, 9)),
        (("=DATE(2026,3,9)", 46090), date(2026, 3, 9)),
    ],
)
def test_days_as_people_write_them(cell, day):
    batch = taken(annex_a(assessment=[assessment(cell)]))
    assert batch.cases["assessment"]["start_date"].to_list() == [day]


def test_what_is_read_by_a_guess_is_listed():
    batch = taken(annex_a(assessment=[assessment(46090, "27/03/26")]))
    assert said(batch.repaired) == {
        (2, "Assessment start date"): "a day as a spreadsheet numbers it: read as 2026-03-09",
        (2, "Assessment completion date"): "the year has two digits: read as 2026-03-27",
    }


@pytest.mark.parametrize("error", ["#N/A", ("=NA()", "#N/A"), ("=1/0", "#DIV/0!"), ("=VLOOKUP(1,A1:B2,2,0)", "#REF!")])
def test_a_spreadsheets_error_is_an_empty_cell_and_listed(error):
    batch = taken(annex_a(assessment=[assessment(date(2026, 3, 9), error)]))
    assert batch.cases["assessment"]["complete_date"].to_list() == [None]
    assert "spreadsheet's error" in said(batch.repaired)[2, "Assessment completion date"]


def test_totals_blank_rows_and_headers_again_are_no_children():
    rows = [
        assessment(date(2026, 3, 9)),
        {"person_id": "Child Unique ID", "start_date": "Assessment start date"},
        {"person_id": " ", "sex": "\u00a0"},
        {"person_id": None, "start_date": "Total", "agency_id": "1"},
        assessment(date(2026, 4, 9)),
    ]
    batch = taken(annex_a(assessment=rows))
    assert batch.cases["assessment"].height == 2
    assert batch.rows_left_out == 2 and batch.rows_refused == 1
    assert "1 row left out: they give the header again." in batch.remarks


def test_an_assessment_given_twice_is_one_and_an_overlapping_one_is_merged():
    rows = [
        assessment(date(2026, 1, 5)),
        assessment(date(2026, 1, 5), date(2026, 1, 30), agency_id="invented  primary school"),
        assessment(date(2026, 1, 19), date(2026, 2, 10)),
        assessment(date(2026, 6, 1), date(2026, 6, 20)),
        assessment(date(2026, 1, 12), date(2026, 2, 1), agency_id="Invented Health Visiting Team"),
    ]
    batch = taken(annex_a(assessment=rows))
    of_school = batch.cases["assessment"].filter(pl.col("agency_id") == "invented-primary-school")
    assert of_school.select("start_date", "complete_date").rows() == [
        (date(2026, 1, 5), date(2026, 2, 10)),
        (date(2026, 6, 1), date(2026, 6, 20)),
    ]
    assert batch.cases["assessment"].height == 3  # another organisation's stays another assessment
    assert said(batch.repaired) == {
        (3, "Assessment start date"): "the same child, organisation and start as line 2: taken into that line",
        (4, "Assessment start date"): (
            "begins before the assessment of line 2, of the same child by the same organisation, is complete: "
            "taken into that line"
        ),
    }


def test_a_later_file_gives_the_same_number_to_the_same_assessment():
    first = taken(annex_a(assessment=[assessment(date(2026, 1, 5))]))
    later = taken(annex_a(assessment=[assessment(date(2026, 1, 5), date(2026, 1, 30)), assessment(date(2026, 6, 1))]))
    assert first.cases["assessment"]["assessment_id"].item() in later.cases["assessment"]["assessment_id"].to_list()


def test_a_child_described_in_two_ways_is_one_and_told():
    rows = [assessment(date(2026, month, 5)) for month in (1, 3, 5)]
    rows[1]["sex"] = "a) Male"
    rows[2]["birth_date"] = date(2015, 3, 1)
    batch = taken(annex_a(assessment=rows))
    assert batch.cases["person"].select("sex", "birth_month").rows() == [("F", date(2015, 2, 1))]
    assert {line for line, column in said(batch.repaired)} == {3, 4}
    assert set(batch.repaired["value"]) == {""}


def test_workers_are_set_aside_unread_and_families_names_refuse_the_file():
    referral = {**CHILD, "date": date(2026, 4, 1), "source": "Police", "worker": "Invented Person", "team": "North"}
    batch = taken(annex_a(referral=[referral]))
    assert "Invented Person" not in str([f.rows() for f in batch.cases.values()]) + str(batch.remarks)
    assert any("set aside unread" in remark and "Allocated Worker" in remark for remark in batch.remarks)
    for header in ("Child Name", "Surname", "Home address", "NHS Number", "UPN"):
        with pytest.raises(IntakeError, match=f"“{header}”"):
            read(annex_a(referral=[{**referral, header: "x"}]), file_name="annex a.xlsx")


def test_a_number_that_could_name_a_person_refuses_the_file_and_is_not_repeated():
    with pytest.raises(IntakeError) as caught:
        read(
            annex_a(assessment=[assessment(date(2026, 3, 9), agency_id="Invented Primary NN1 1AA")]), file_name="a.xlsx"
        )
    assert "Organisation completing assessment" in str(caught.value) and "NN1" not in str(caught.value)


def test_other_sheets_are_not_looked_at_and_named():
    batch = taken(
        annex_a(
            contact=[{**CHILD, "date": date(2026, 3, 2), "source": "Police"}], assessment=[assessment(date(2026, 3, 9))]
        )
    )
    assert batch.tables == ("List 1", "List 2")
    assert batch.listed.columns == ["line", "column", "value", "reason", "table", "repaired"]


def test_a_list_alone_as_csv():
    rows = [{"Child Unique ID": "1", "Date of Contact": "02/03/2026", "Contact Source": "GP"}]
    batch = taken(csv_of(rows), file_name="list 1.csv")
    assert batch.kind == "annex_a" and batch.cases["contact"]["source"].to_list() == ["3A"]


def test_without_a_key_nothing_is_read(monkeypatch):
    monkeypatch.delenv("EARLY_HELP_IDENTIFIER_KEY")
    monkeypatch.delenv("EARLY_HELP_IDENTIFIER_KEY_FILE", raising=False)
    with pytest.raises(IntakeError, match="no identifier key"):
        read(annex_a(assessment=[assessment(date(2026, 3, 9))]), file_name="a.xlsx")


# ---- organisations that are known already


def test_an_organisation_takes_the_number_that_an_agency_of_its_name_has():
    names = {date(2026, 3, 9): "invented primary school.", date(2026, 4, 9): "Other"}
    rows = [assessment(day, agency_id=name) for day, name in names.items()]
    batch = taken(annex_a(assessment=rows), agencies={"AG012": "Invented Primary School", "AG013": "Another school"})
    assert batch.cases["assessment"]["agency_id"].to_list() == ["AG012", "other"]
    assert batch.cases["agency"]["agency_id"].to_list() == ["other"]  # what is known of AG012 stands as it is


def test_a_name_that_two_agencies_bear_is_neither_of_them():
    twice = {"AG012": "Invented Primary School", "AG013": "INVENTED PRIMARY SCHOOL"}
    batch = taken(annex_a(assessment=[assessment(date(2026, 3, 9))]), agencies=twice)
    assert batch.cases["assessment"]["agency_id"].to_list() == ["invented-primary-school"]
    assert batch.cases["agency"].height == 1


def test_an_agency_that_an_earlier_file_brought_is_brought_again():
    """So that it stays when the earlier load is undone."""
    known = {"invented-primary-school": "Invented Primary School"}
    batch = taken(annex_a(assessment=[assessment(date(2026, 3, 9))]), agencies=known)
    assert batch.cases["agency"]["agency_id"].to_list() == ["invented-primary-school"]
