"""Case records coming in: what a file would bring, and putting it in. `loads.py` asks here for such files."""

from __future__ import annotations

from dashboard import words
from dashboard.access import LOAD, Scope, require
from dashboard.answers.keep import the_store
from dashboard.intake import Batch, clash

# What is told of a file: first the records that are counted, then the others in the order of the file.
_FIRST = ("episode", "assessment", "referral", "contact")
_MOST = 6


def problem(scope: Scope, batch: Batch) -> str:
    """Why a file of case records may not go in beside what stands, as a sentence; "" where it may."""
    return clash(batch.kind, batch.cases, the_store().loads(), the_store().case_loads)


def sentence(batch: Batch) -> str:
    """What a file of case records holds, a clause a table: `4,012 assessments, 6,429 people and 60 agencies`. Of more
    than `_MOST` tables the first are named and the rest added up."""
    order = sorted(batch.cases, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    named = order if len(order) <= _MOST else order[: len(_FIRST)]
    said = [_count(batch.cases[name].height, name) for name in named]
    if rest := sum(batch.cases[name].height for name in order[len(named) :]):
        said.append(f"{rest:,} other records")
    return words.listed(said)


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
    plural = {"agency": "agencies", "family": "families", "person": "people", "feedback": "answers of feedback"}
    return f"{number:,} {name if number == 1 else plural.get(table, name + 's')}"
