"""Answers from a forms tool's export: wide and long, CSV and workbook; every rule with the rows that it meets."""

import io

import polars as pl
import pytest
import xlsxwriter

from dashboard.intake import IntakeError
from dashboard.intake.survey_answers import ANSWERS, NO_REASON, TWICE, read_survey_answers
from metrics import questionnaire
from metrics.questionnaire import instruments
from sample_data.invented.questionnaire import invent_rounds

FIRST = instruments()["early_help_system/1"]
ANN, BOB, CAT = "ann@one.example", "bob@one.example", "cat@two.example"
INVITED = pl.DataFrame(
    [("One", ANN, "leader"), ("One", BOB, "practitioner"), ("Two", CAT, "manager")],
    schema=["partner", "respondent", "respondent_role"],
    orient="row",
)
RANGE = "a score is a whole number from 0 to 5, or one of its labels: correct the cell"
NO_ITEM = "this edition has no such item: give its id or its text"


def csv(header, *rows):
    frame = pl.DataFrame([dict(zip(header, row, strict=True)) for row in rows], schema=dict.fromkeys(header, pl.String))
    return frame.write_csv().encode()


def take(data, *, name="answers.csv", invited=INVITED, **options):
    """What the file brings, with the account that every file must give."""
    found = read_survey_answers(data, file_name=name, instrument=FIRST, invited=invited, **options)
    assert found.rows == found.rows_used + found.rows_refused + found.rows_left_out
    assert found.answers.schema == ANSWERS
    assert not found.answers.select("respondent", "item").is_duplicated().any()
    return found


def given(found):
    """(respondent, item) → score, or the state where there is none."""
    said = found.answers.with_columns(pl.col("score").cast(pl.String).fill_null(pl.col("state")).alias("said"))
    pairs = {(who, item): answer for who, item, answer in said.select("respondent", "item", "said").iter_rows()}
    return {key: int(answer) if answer.isdigit() else answer for key, answer in pairs.items()}


def reasons(found):
    return {(line, column): reason for line, column, _, reason in found.refused.rows()}


def test_a_row_a_respondent_with_items_by_id_title_and_text():
    header = ["ID", "Email", "Name", "voice", "2. One story, one plan", f"Q3 {FIRST.item('whole_family').text}",
              "voice comment", "Evidence for voice"]  # fmt: skip
    found = take(csv(header, ["1", ANN.upper(), "Ann", "3", "5.0", "in place everywhere", "slowly", "minutes"]))
    assert given(found) == {(ANN, "voice"): 3, (ANN, "one_story"): 5, (ANN, "whole_family"): 4}
    assert found.answers.filter(item="voice").select("comment", "evidence", "reason").row(0) == (
        "slowly", "minutes", None,
    )  # fmt: skip
    assert found.remarks == ["Columns not used, and not kept: ID, Name."]
    assert found.people.rows() == [("One", ANN, "leader")]


def test_a_row_an_answer():
    header = ["respondent", "item", "answer", "state", "reason", "comment"]
    found = take(
        csv(header, [ANN, "voice", "4", "", "", "good"], [ANN, "sharing", "", "dont_know", "", ""],
            [BOB, "voluntary", "", "not_applicable", "We have none here.", ""],
            [BOB, "understands", "5", "score", "", ""], [CAT, "voice", "", "", "", ""])
    )  # fmt: skip
    assert given(found) == {
        (ANN, "voice"): 4, (ANN, "sharing"): "dont_know", (BOB, "voluntary"): "not_applicable",
        (BOB, "understands"): 5,
    }  # fmt: skip
    assert found.answers.filter(item="voluntary")["reason"][0] == "We have none here."
    assert (found.rows, found.rows_left_out) == (5, 1) and found.refused.is_empty()


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("Don't know", "dont_know"), ("don’t know", "dont_know"), ("not sure", "dont_know"), ("N/A", "not_applicable"),
        ("Not applicable", "not_applicable"), ("0", 0), ("5", 5), ("3.0", 3), ("nothing yet", 0),
        ("3 - in place in most of the county", 3), ("4: everywhere", 4), ("Begun in places", 2),
    ],
)  # fmt: skip
def test_how_an_answer_may_be_written(cell, meant):
    assert given(take(csv(["email", "voice"], [ANN, cell]))) == {(ANN, "voice"): meant}


def test_a_section_with_labels_of_its_own_is_read_by_them():
    assert given(take(csv(["email", "understands"], [BOB, "mostly"]))) == {(BOB, "understands"): 4}
    assert "column" not in reasons(take(csv(["email", "understands"], [BOB, "mostly"])))


@pytest.mark.parametrize("cell", ["6", "-1", "2.5", "very good", "1e9", "=1+1", "five", "10"])
def test_a_score_outside_the_scale_is_refused_by_its_cell_and_the_rest_is_kept(cell):
    found = take(csv(["email", "voice", "sharing"], [ANN, cell, "3"], [CAT, "2", "1"]))
    assert given(found) == {(ANN, "sharing"): 3, (CAT, "voice"): 2, (CAT, "sharing"): 1}
    assert reasons(found) == {(2, "voice"): RANGE} and (found.rows_used, found.rows_refused) == (1, 1)


def test_unknown_items_are_refused_in_long_and_named_by_column_in_wide():
    long = take(csv(["email", "item", "score"], [ANN, "voice", "3"], [ANN, "hubs", "2"]))
    assert given(long) == {(ANN, "voice"): 3} and reasons(long) == {(3, "item"): NO_ITEM}
    assert long.refused["value"].to_list() == ["hubs"]
    wide = take(csv(["email", "voice", "Family hubs"], [ANN, "3", "2"], [CAT, "1", "don't know"]))
    assert given(wide) == {(ANN, "voice"): 3, (CAT, "voice"): 1}
    assert reasons(wide) == {
        (1, "Family hubs"): "this edition has no such item: head the column by an item's id or its text"
    }
    assert (wide.rows, wide.rows_used, wide.rows_refused) == (2, 2, 0)


def test_the_same_respondent_twice():
    header = ["email", "voice", "sharing"]
    found = take(csv(header, [ANN, "3", "2"], [ANN, "3", "2"], [ANN.title(), "4", "2"]))
    assert given(found) == {(ANN, "voice"): 3, (ANN, "sharing"): 2}
    assert reasons(found) == {(4, "voice"): TWICE}
    assert (found.rows_used, found.rows_refused, found.rows_left_out) == (1, 1, 1)
    assert "1 row left out: they repeat another row." in found.remarks


def test_a_second_row_may_add_what_the_first_left_empty():
    found = take(csv(["email", "voice", "sharing"], [ANN, "3", ""], [ANN, "", "2"]))
    assert given(found) == {(ANN, "voice"): 3, (ANN, "sharing"): 2} and found.rows_used == 2


def test_a_closed_round_takes_nothing():
    with pytest.raises(
        IntakeError, match=r"^answers.csv was not read: the round is closed, and its answers are fixed\.$"
    ):
        take(csv(["email", "voice"], [ANN, "3"]), closed=True)


def test_what_is_answered_already_stays():
    already = pl.DataFrame({"respondent": [ANN], "item": ["voice"]})
    found = take(csv(["email", "voice", "sharing"], [ANN.upper(), "3", "2"]), already=already)
    assert given(found) == {(ANN, "sharing"): 2}
    assert reasons(found) == {(2, "voice"): "answered in the round already; that answer stays"}


def test_strangers_and_rows_without_a_respondent_are_refused():
    found = take(csv(["email", "voice"], ["dan@three.example", "3"], ["", "2"], [CAT, "1"]))
    assert given(found) == {(CAT, "voice"): 1}
    assert list(reasons(found)) == [(2, "email"), (3, "email")]
    assert "not invited to this round" in reasons(found)[(2, "email")]
    assert "dan@" not in str(found.refused.to_dict(as_series=False))


def test_what_the_role_is_not_asked_is_refused():
    found = take(csv(["email", "voice", "confident"], [ANN, "3", "5"], [BOB, "2", "4"], [CAT, "1", ""]))
    assert (ANN, "confident") not in given(found) and given(found)[(BOB, "confident")] == 4
    assert reasons(found) == {(2, "confident"): "this is not asked of a leader: leave it empty"}


def test_the_invitation_counts_where_the_file_says_otherwise():
    found = take(csv(["email", "partner", "role", "voice"], [ANN, "Two", "Practitioner", "3"]))
    assert found.people.rows() == [("One", ANN, "leader")] and given(found) == {(ANN, "voice"): 3}
    assert [(c, v, r) for _, c, v, r in found.repaired.rows()] == [
        ("partner", "Two", "invited for One, which counts"),
        ("role", "Practitioner", "invited as leader, which counts"),
    ]


def test_where_nobody_was_invited_the_file_says_who_they_are():
    header = ["respondent", "Organisation", "Your role", "voice"]
    found = take(
        csv(header, ["r1", "One", "Senior leader", "3"], ["r2", "", "worker", "2"], ["r3", "Two", "wizard", "1"],
            ["r4", "=HYPERLINK()", "worker", "1"]), invited=None
    )  # fmt: skip
    assert found.people.rows() == [("One", "r1", "leader")] and given(found) == {("r1", "voice"): 3}
    assert [(line, column) for line, column in reasons(found)] == [
        (3, "Organisation"), (4, "Your role"), (5, "Organisation"),
    ]  # fmt: skip
    with pytest.raises(IntakeError, match="it has no column for partner or role"):
        take(csv(["respondent", "voice"], ["r1", "3"]), invited=None)


def test_not_applicable_without_a_reason_is_kept_and_listed():
    found = take(csv(["email", "voice", "voice reason"], [ANN, "n/a", ""], [CAT, "n/a", "None here."]))
    assert set(given(found).values()) == {"not_applicable"}
    assert [(line, r) for line, _, _, r in found.repaired.rows()] == [(2, NO_REASON)]


def test_a_text_that_could_name_a_person_is_left_out():
    found = take(csv(["email", "voice", "voice comment"], [ANN, "3", "Ask mum on 01604 123456"], [CAT, "2", "Fine"]))
    assert found.answers.sort("respondent")["comment"].to_list() == [None, "Fine"]
    assert given(found)[(ANN, "voice")] == 3
    assert [r for *_, r in found.repaired.rows()] == [
        "the text is left out: it holds what looks like telephone numbers"
    ]
    assert "01604" not in str(found.repaired.to_dict(as_series=False))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"name,voice\nAnn,3\n", "it has no column for respondent."),
        (b"email,colour\na@b.example,blue\n", "it has no column for an item of How good is our early help system?"),
        (b"email,voice\n", "has a header and no rows below it."),
        (
            b"email,voice,1. voice\na@b.example,3,4\n",
            "the columns “voice” and “1. voice” are both item voice: take one",
        ),
        (b"", "is empty"),
    ],
)
def test_a_file_that_is_none(data, words):
    with pytest.raises(IntakeError) as fault:
        take(data)
    assert words in str(fault.value)


def test_a_workbook_gives_the_same():
    rows = [[ANN, 3, "don't know"], [CAT, 5, 0]]
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet("Form1")
        for number, row in enumerate([["Email", "voice", "sharing"], *rows]):
            sheet.write_row(number, 0, row)
    found = take(book.getvalue(), name="answers.xlsx")
    assert given(found) == {(ANN, "voice"): 3, (ANN, "sharing"): "dont_know", (CAT, "voice"): 5, (CAT, "sharing"): 0}


def test_a_whole_round_comes_back_as_it_went_out():
    """The invented round of 2026, written wide as a forms tool does, and read again."""
    one = invent_rounds()[2]
    word = pl.col("state").replace({"dont_know": "Don't know", "not_applicable": "Not applicable"})
    cell = pl.when(pl.col("score").is_not_null()).then(pl.col("score").cast(pl.String)).otherwise(word)
    wide = one.answers.with_columns(cell.alias("cell")).pivot("item", index="respondent", values="cell")
    found = read_survey_answers(
        wide.write_csv().encode(), file_name="round.csv", instrument=one.instrument, invited=one.invited
    )
    assert found.refused.is_empty() and found.rows_used == wide.height
    key = ["respondent", "item", "state", "score"]
    assert found.answers.select(key).sort(key).equals(one.answers.select(key).sort(key))
    responses = questionnaire.fill(
        found.answers, one.invited, one.instrument, round=one.title, period_end=one.period_end
    )
    assert questionnaire.score(responses, one.instrument).equals(questionnaire.score(one.responses, one.instrument))
