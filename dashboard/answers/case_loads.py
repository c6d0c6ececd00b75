"""Case records coming in: what a file would bring, and putting it in. `loads.py` asks here for such files."""

from __future__ import annotations

from dashboard import words
from dashboard.access import LOAD, Scope, require
from dashboard.answers.keep import the_store
from dashboard.intake import Batch, clash

SHOWN = 50  # faults on the page, as in `loads`; all of them are in the file to take away


def problem(scope: Scope, batch: Batch) -> str:
    """Why a file of case records may not go in beside what stands, as a sentence; "" where it may."""
    return clash(batch.kind, batch.cases, the_store().loads(), the_store().case_loads)


def sentence(batch: Batch) -> str:
    """What a file of case records holds, a clause a table: `4,012 assessments, 60 agencies`."""
    return words.listed([_count(frame.height, name) for name, frame in batch.cases.items()])


def repaired_caption(rows: int) -> str:
    """The heading of the table of rows that were used with a change, or in spite of a fault."""
    if rows > SHOWN:
        return f"The first {SHOWN:,} of {rows:,} faults put right, merged or kept as found; all of them are in the file"
    return f"{rows:,} {'fault' if rows == 1 else 'faults'} put right, merged or kept as found"


def load(scope: Scope, batch: Batch) -> int:
    """Put a file's case records in, all of them or none; gives the load's number. Raises `NotAllowed`, `StoreError`."""
    require(scope, LOAD)
    return the_store().load_cases(
        batch.cases,
        batch.listed,
        kind=batch.kind,
        file_name=batch.file_name,
        sha256=batch.sha256,
        standing="local",
        loaded_by=scope.signature,
        as_role=scope.role,
    )


def _count(number: int, table: str) -> str:
    name = table.replace("_", " ")
    plural = {"agency": "agencies", "family": "families", "person": "persons", "feedback": "answers of feedback"}
    return f"{number:,} {name if number == 1 else plural.get(table, name + 's')}"
