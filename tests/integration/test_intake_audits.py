"""Audit templates and audits done on paper, from CSV, workbook and TOML; every rule with the rows that it meets."""

import io
from datetime import date

import polars as pl
import pytest
import xlsxwriter

from dashboard.intake import IntakeError
from dashboard.intake.audit_templates import read_template_file
from dashboard.intake.audits import ANSWERS, SHEETS, read_audits
from metrics import audit

ONE, TWO = audit.templates()["eha/1"], audit.templates()["eha/2"]
TODAY = date(2026, 9, 30)
DRAWN = pl.DataFrame({"assessment_id": ["S1", "S2", "S3"], "agency_id": ["A1", "A2", "A1"]})
AUDITORS = pl.DataFrame({"auditor": ["anna", "ben"], "agency_id": ["A1", "A9"]})


def csv(header, *rows):
    return "\n".join(",".join(f'"{c}"' for c in row) for row in [header, *rows]).encode()


def take(data, *, template=ONE, name="audits.csv", **options):
    """The file's audits, with the account that every file must give."""
    options = {"as_at": TODAY, "drawn": DRAWN, "auditors": AUDITORS, "others": audit.templates()} | options
    found = read_audits(data, file_name=name, template=template, **options)
    assert found.rows == found.rows_used + found.rows_refused + found.rows_left_out
    assert found.answers.schema == ANSWERS and found.sheets.schema == SHEETS
    return found


def reasons(found):
    return {(line, column): reason for line, column, _, reason in found.refused.rows()}


def test_a_row_an_audit_with_a_column_a_question():
    header = ["Assessment ID", "Audited by", "Date of audit", "Overall grade", "N1", "N6 evidence", f"N6 {'Was every'}",
              ONE.question("H4").text, "M5", "Filing cabinet"]  # fmt: skip
    row = ["S1", "ben", "14/09/2026", "RI", "Y", "Own words on page 2", "partially", "3 - Good", "Clear plan", "7"]
    found = take(csv(header, row, ["S2", "ben", "", "", "N/A", "", "", "", "", ""]))
    assert found.sheets.rows() == [
        ("S1 / ben", "S1", "ben", date(2026, 9, 14), 2, None),
        ("S2 / ben", "S2", "ben", None, None, None),
    ]
    assert set(found.answers.rows()) == {
        ("S1 / ben", "N1", "yes", ""),
        ("S1 / ben", "N6", "partly", "Own words on page 2"),
        ("S1 / ben", "H4", "3", ""),
        ("S1 / ben", "M5", "Clear plan", ""),
        ("S2 / ben", "N1", "not_applicable", ""),
    }
    assert found.remarks == ["Columns not used, and not kept: Filing cabinet."]
    graded = audit.grade(found.answers.rename({"audit": "audit_id"}), ONE)
    assert graded["suggested"].to_list() == [None, None]  # gates are unanswered


def test_a_row_an_answer():
    rows = [
        ["S1", "ben", "N1", "no", "asked afterwards"],
        ["S1", "ben", "n6", "Yes", ""],
        ["S2", "anna", "O2", "p", ""],
    ]
    found = take(csv(["assessment", "auditor", "question", "response", "comments"], *rows))
    assert found.answers["answer"].to_list() == ["no", "yes", "partly"]
    assert found.answers["evidence"].to_list() == ["asked afterwards", "", ""]
    assert found.sheets["audit"].to_list() == ["S1 / ben", "S2 / anna"]


def test_rows_that_are_refused():
    header = ["assessment", "auditor", "completed", "grade", "N1", "N6"]
    found = take(
        csv(
            header,
            ["S9", "ben", "", "", "yes", "yes"],
            ["S1", "anna", "", "", "yes", "yes"],
            ["S1", "carl", "", "", "yes", "yes"],
            ["S1", "ben", "1 October 2026", "", "yes", "yes"],
            ["S1", "ben", "", "5", "yes", "yes"],
            ["", "ben", "", "", "yes", "yes"],
            ["S1", "ben", "", "", "partly", "yes"],
            ["S1", "ben", "", "", "yes", "yes"],
            ["S2", "ben", "", "", "=1+1", "yes"],
            ["S3", "ben", "", "", "", ""],
            ["", "", "", "", "", ""],
        )
    )
    assert reasons(found) == {
        (2, "assessment"): "this assessment was not drawn in the round",
        (3, "auditor"): "the auditor works for the audited agency",
        (4, "auditor"): "nobody of this name audits here",
        (5, "completed"): "this day has not come yet",
        (6, "grade"): "no grade: 1 to 4, or its word",
        (7, "assessment"): "no assessment is named",
        (8, "N1"): "it is answered yes, no, not applicable",
        (9, "assessment"): "audited twice by the same person; the first row counts",
        (10, "N1"): "a formula, not an answer",
    }
    assert found.answers.rows() == [("S1 / ben", "N6", "yes", "")]
    assert found.rows_left_out == 2


def test_long_rows_that_are_refused():
    header = ["assessment", "auditor", "question", "answer"]
    found = take(
        csv(
            header,
            ["S1", "ben", "O9", "yes"],
            ["S1", "ben", "N1", "yes"],
            ["S1", "ben", "N1", "no"],
            ["S1", "ben", "H4", "5"],
        )
    )
    assert reasons(found) == {
        (2, "question"): "version 1 has no such question",
        (4, "question"): "answered twice in this audit; the first counts",
        (5, "H4"): "it is answered 4, 3, 2, 1, not applicable",
    }
    assert found.answers["answer"].to_list() == ["yes"]


def test_derived_questions_are_not_taken_from_paper():
    found = take(csv(["assessment", "auditor", "N1", "H7", "R3"], ["S1", "ben", "yes", "yes", "no"]))
    assert found.answers["question"].to_list() == ["N1"]
    assert found.remarks == ["Answers to H7, R3 were not taken: the case system gives them."]


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (csv(["assessment", "N1"], ["S1", "yes"]), {"closed": True}, "the round is closed"),
        (csv(["assessment", "N1", "M4"], ["S1", "yes", "no"]), {"template": TWO}, "M4 is a question of version 1"),
        (csv(["assessment", "N1", "N1 again"], ["S1", "yes", "no"]), {}, "two columns for question N1"),
        (csv(["assessment", "colour"], ["S1", "red"]), {}, "holds no audits by “Quality audit of an Early Help"),
        (csv(["assessment", "N1"]), {}, "has a header and no rows below it"),
        (csv(["assessment", "N1", "M5"], ["S1", "yes", "Ring 07700 900123"]), {}, "telephone numbers in column “M5”"),
    ],
)
def test_files_that_are_refused_as_a_whole(data, options, said):
    with pytest.raises(IntakeError, match=said) as wrong:
        take(data, **options)
    assert str(wrong.value).count(".") <= 2  # one sentence, and the file's name


def test_a_workbook_reads_as_its_csv_does():
    header, row = ["assessment", "auditor", "completed", "N1", "H4"], ["S1", "ben", "2026-09-14", "yes", "2"]
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet("Audits")
        sheet.write_row(0, 0, ["Quarterly audit"])
        sheet.write_row(1, 0, header)
        sheet.write_row(2, 0, row)
    made = take(book.getvalue(), name="audits.xlsx")
    plain = take(csv(header, row))
    assert made.answers.equals(plain.answers) and made.sheets.equals(plain.sheets)
    assert made.answers["answer"].to_list() == ["yes", "2"]


# templates


def test_the_shipped_template_survives_a_table():
    rows = [
        [q.section, s.title, q.id, q.text, q.kind, q.partly, q.gate, q.compliance, q.measure, q.guidance]
        for s in ONE.sections
        for q in s.questions
    ]
    header = ["section", "section_title", "id", "text", "kind", "partly", "gate", "compliance", "measure", "guidance"]
    about = ["template", "version", "title", "source"]
    body = [[*(str(c) for c in row), *([ONE.id, "1", ONE.title, ONE.source] if n == 0 else ["", "", "", ""])]
            for n, row in enumerate(rows)]  # fmt: skip
    assert read_template_file(csv([*header, *about], *body), file_name="template.csv") == ONE


def test_published_question_banks_name_their_kinds_otherwise():
    made = read_template_file(
        csv(["section", "id", "text", "kind", "gate"],
            ["A", "A1", "Agreed?", "YNNA", "1"],
            ["A", "B1", "Heard?", "YPNNA", "0"],
            ["A", "D2", "How well?", "G4", ""]),
        file_name="local bank.csv",
    )  # fmt: skip
    assert (made.key, [q.kind for q in made.questions]) == ("local_bank/1", ["ypn", "ypn", "grade"])
    assert made.question("A1").answers == ("yes", "no", "not_applicable") and made.question("A1").mandatory
    assert made.question("B1").answers == ("yes", "partly", "no", "not_applicable")


def test_a_version_as_what_it_changes():
    text = 'id = "eha"\nversion = "3"\nbased_on = "2"\nremove = ["O9"]\n'
    made = read_template_file(text.encode(), file_name="eha_3.toml")
    assert [q.id for q in made.questions] == [q.id for q in TWO.questions if q.id != "O9"]
    assert made.title == TWO.title


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"id = ", "t.toml", "cannot be read as TOML"),
        (
            b'id = "x"\nversion = "2"\nbased_on = "1"\n',
            "t.toml",
            "Version 1 of x, which this one is based on, is not known",
        ),
        (csv(["section", "id", "text", "kind"], ["a", "A1", "Well?", "stars"]), "t.csv", "“stars” is not one of ypn"),
        (
            csv(["section", "id", "text", "kind", "gate"], ["a", "A1", "Well?", "ypn", "3"]),
            "t.csv",
            "line 2: “gate” is 0, 1",
        ),
        (csv(["section", "id", "text", "kind"], ["a", "A1", "Ring 07700 900123", "ypn"]), "t.csv", "telephone numbers"),
        (csv(["colour"], ["red"]), "t.csv", "is no audit template"),
    ],
)
def test_templates_that_are_refused(data, name, said):
    with pytest.raises(IntakeError, match=said):
        read_template_file(data, file_name=name)
