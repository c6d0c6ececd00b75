"""What a data officer reads of a file's faults: reasons with their lines first, row by row after."""

from __future__ import annotations

import polars as pl

from dashboard.answers.load_faults import REASONS, ROWS, SHOWN, both

FAULTS = {"line": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String}


def faults(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=FAULTS, orient="row")


NONE = faults()
UNREAD = "no day of the calendar"


def test_a_reason_stands_once_with_its_rows_and_first_lines_the_commonest_first():
    rows = [(1, "End", "soon", "not a day")] + [(n, "Start", f"31/02/20{n}", UNREAD) for n in range(10, 17)]
    refused, repaired = both(faults(*rows), NONE)
    assert refused.reasons == [
        (
            "No day of the calendar",
            "Start",
            "7",
            "10 (31/02/2010), 11 (31/02/2011), 12 (31/02/2012), 13 (31/02/2013) and 3 more",
        ),
        ("Not a day", "End", "1", "1 (soon)"),
    ]
    assert all(len(row) == len(REASONS) for row in refused.reasons)
    assert not repaired.reasons and not repaired.rows


def test_lines_without_a_value_and_few_of_them():
    refused, _ = both(faults((3, "Child", "", "none is given"), (8, "Child", None, "none is given")), NONE)
    assert refused.reasons == [("None is given", "Child", "2", "3 and 8")]


def test_what_differs_from_row_to_row_does_not_part_a_reason():
    repaired = both(
        NONE,
        faults(
            (2, "Start", "46281", "a number of a day: read as 2026-09-16"),
            (3, "Start", "46288", "a number of a day: read as 2026-09-23"),
            (4, "Start", "", "the same as line 448, word for word: taken once"),
            (5, "Start", "", "the same as line 7, word for word: taken once"),
            (6, "Key", "", "lines 3, 12 have the same key"),
            (7, "Key", "", "lines 4, 9, 10 have the same key"),
        ),
    )[1]
    assert [row[0] for row in repaired.reasons] == [
        "A number of a day: read as …",
        "The same as line …, word for word: taken once",
        "Lines … have the same key",
    ]
    assert repaired.rows[0] == ("2", "Start", "46281", "A number of a day: read as 2026-09-16")
    assert len(repaired.rows[0]) == len(ROWS)


def test_a_cell_that_a_row_was_refused_for_is_not_told_twice():
    error = "a spreadsheet's error: taken as empty"
    refused, repaired = both(
        faults((5, "Start", "", "no Start is given")),
        faults((5, "Start", "#N/A", error), (5, "End", "#N/A", error), (6, "Start", "#N/A", error)),
    )
    assert [row[3] for row in refused.reasons] == ["5"]
    assert [(row[1], row[3]) for row in repaired.reasons] == [("End", "5 (#N/A)"), ("Start", "6 (#N/A)")]


def test_of_many_rows_the_first_stand_and_the_fold_says_how_many_there_are():
    many, _ = both(faults(*((n, "Start", "soon", UNREAD) for n in range(SHOWN + 1))), NONE)
    assert len(many.rows) == SHOWN and many.frame.height == SHOWN + 1
    assert f"the first {SHOWN} of {SHOWN + 1}" in many.fold
    few, _ = both(faults((1, "Start", "soon", UNREAD)), NONE)
    assert few.fold == "Row by row"
