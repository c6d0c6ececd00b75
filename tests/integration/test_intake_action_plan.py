"""An action plan from a file: the example of 2013, plans as people keep them, and what is refused with a reason."""

from __future__ import annotations

import io
from datetime import date
from importlib.resources import files

import pytest
import xlsxwriter

from dashboard.intake import IntakeError
from dashboard.intake.action_plan import names_person, read_plan


def plan(*lines: str):
    return read_plan("\n".join(lines).encode(), file_name="plan.csv")


def reasons(file) -> dict[int, str]:
    return dict(file.refused.select("line", "reason").rows())


def test_the_district_plan_of_2013_reads_without_a_refused_row():
    data = (files("sample_data") / "plans" / "district_plan_2013.csv").read_bytes()
    file = read_plan(data, file_name="district_plan_2013.csv")
    assert file.refused.is_empty()
    assert [row.fields["target"] for row in file.rows] == ["40", "100%", "100%"]
    assert [row.fields["by_when"] for row in file.rows] == [date(2014, 3, 31), None, None]
    assert [row.fields["measure"] for row in file.rows] == [
        "councillors briefed",
        "people in high-risk roles who are trained",
        "early help assessments that lead to an intervention",
    ]
    assert file.rows[0].fields["links"] == [("indicator", "Y4")]


def test_headers_and_words_that_people_use_are_known():
    file = plan(
        "Action plan of the forum,,,,",
        ",,,,",
        "Priority,Lead agency,Timescale,RAG,What we will do",
        "Fewer repeat referrals,Police,1 March 2027,Amber,Ring back",
        "Better plans,Schools,,Complete,",
    )
    assert [row.fields["status"] for row in file.rows] == ["under way", "done"]
    assert file.rows[0].fields["by_when"] == date(2027, 3, 1)
    assert file.rows[0].fields["actions"] == "Ring back"
    assert "progress" not in file.rows[0].fields  # what has no column leaves what stands
    assert file.rows[0].line == 4


def test_each_bad_row_is_refused_with_its_reason_and_the_rest_kept():
    file = plan(
        "Outcome,Owner (agency),Owner (role),By when,Status,Indicators,Why,Action",
        "Good,Police,Sergeant,31/03/2027,under way,S1; Y4,,",
        ",Police,,,,,,",
        "No owner,,,,,,,",
        "No such day,Police,,31/02/2027,,,,",
        "No such word,Police,,,late,,,",
        "No such indicator,Police,,,,Q9,,",
        "Closed without why,Police,,,closed,,,",
        "Closed with why,Police,,,closed,,No money,",
        "=1+1,Police,,,,,,",
        "A person,Police,Mrs Smith,,,,,",
        "A telephone,Police,ring 01604 123456,,,,,",
        "A number,Police,,,,,,seven",
        "Good,Police,,,,,,",
    )
    assert [row.line for row in file.rows] == [2, 9]
    assert file.rows[0].fields["links"] == [("indicator", "S1"), ("indicator", "Y4")]
    assert file.rows[1].note == "No money"
    said = reasons(file)
    assert sorted(said) == [3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14]
    assert "needs it" in said[3]
    assert "needs it" in said[4]
    assert "no day" in said[5]
    assert "not started" in said[6]
    assert "no indicator" in said[7]
    assert "reason" in said[8]
    assert "formula" in said[10]
    assert "name of a person" in said[11]
    assert "telephone" in said[12]
    assert "whole number" in said[13]
    assert "earlier row" in said[14]


def test_bullets_and_lines_within_a_cell_stay():
    file = plan("Outcome,Owner (agency),Actions", 'Good,Police,"- ring back\n- write down"', "Other,Police,'- escaped")
    assert [row.fields["actions"] for row in file.rows] == ["- ring back\n- write down", "- escaped"]


def test_a_workbook_reads_like_a_csv():
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Plan")
        sheet.write_row(0, 0, ["Outcome", "Owner", "By when"])
        sheet.write_row(1, 0, ["Good", "Police"])
        sheet.write_datetime(1, 2, date(2027, 3, 31), book.add_format({"num_format": "dd/mm/yyyy"}))
    [row] = read_plan(made.getvalue(), file_name="plan.xlsx").rows
    assert (row.fields["owner_agency"], row.fields["by_when"]) == ("Police", date(2027, 3, 31))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"Outcome,Owner (agency)\n", "no rows"),
        (b"Measure,Value\n1,2\n", "no action plan"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_a_file_that_is_no_plan_is_one_sentence(data, said):
    with pytest.raises(IntakeError, match=said) as error:
        read_plan(data, file_name="plan.csv")
    assert str(error.value).count(". ") == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Partnership manager", ""),
        ("Dr Jones", "the name of a person"),
        ("Cllr Brown", "the name of a person"),
        ("Mr. and Mrs. of the front door", ""),
        ("someone@example.org", "e-mail addresses"),
        ("Drs and nurses", ""),
    ],
)
def test_what_names_a_person(text, found):
    assert names_person(text) == found
