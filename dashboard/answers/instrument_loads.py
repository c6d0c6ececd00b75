"""Instruments of the system questionnaire among the files coming in: what one would bring, and putting it in."""

from __future__ import annotations

from dashboard.access import LOAD, Scope, require
from dashboard.answers.keep import the_store
from dashboard.intake import Batch
from dashboard.store import StoreError
from metrics.questionnaire import Instrument, from_json


def sentence(batch: Batch) -> str:
    """What the file holds, and whether its wording is somebody's own."""
    made = from_json(batch.instrument)
    standing = "its publisher’s own wording" if made.official else "not official"
    return (
        f"{batch.file_name} is {_named(made)} ({standing}): {_count(len(made.items), 'item')} in "
        f"{_count(len(made.sections), 'area')}, scored from {made.lowest} to {made.highest}."
    )


def put_in(scope: Scope, batch: Batch) -> str:
    """Keep the instrument; gives a sentence. An edition that was asked already stays as it is. Raises `NotAllowed`."""
    require(scope, LOAD)
    try:
        the_store().questionnaires.add_instrument(batch.instrument, by=scope.signature, as_role=scope.role)
    except StoreError as error:
        return str(error)
    return f"In is {_named(from_json(batch.instrument))}. A round that asks it is opened on the page of the rounds."


def _named(made: Instrument) -> str:
    return f"the instrument “{made.title}”, edition {made.edition}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
