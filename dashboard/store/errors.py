"""What can go wrong in the store, each with a sentence fit to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class StoreError(Exception):
    """The store cannot do what was asked; the message is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Load:
    """One load: a file, where it came from, who put it in and when (UTC), and how many rows came of it."""

    load_id: int
    kind: str
    file_name: str
    sha256: str
    publisher: str
    release: str
    licence: str
    standing: str
    figures: int
    refused: int
    loaded_by: str
    loaded_at: datetime
    undone_by: str | None
    undone_at: datetime | None


def day(moment: datetime) -> str:
    """A date as people write it: `3 August 2026`."""
    return f"{moment.day} {moment:%B %Y}"


class AlreadyLoaded(StoreError):
    """The very same file stands in the database; `load` says as which load and since when."""

    def __init__(self, load: Load):
        self.load = load
        super().__init__(
            f"This file is in the database already: load {load.load_id} of {day(load.loaded_at)}, as {load.file_name}."
        )


class NothingToLoad(StoreError):
    """There is not one figure, or not one place, to load."""

    def __init__(self, thing: str = "figure") -> None:
        super().__init__(f"There is no {thing} to load.")


class UnknownLoad(StoreError):
    """There is no such load, or it was undone before."""


class StaleEdit(StoreError):
    """Someone else saved the same section, or a scenario of the same name, meanwhile. Nothing was written.

    `yours` is the text that was not saved, `theirs` the one that stands now, by `author` at `written_at`; `note_id` is
    its note's or scenario's id, the `base` to start from next.
    """

    def __init__(
        self,
        *,
        yours: str,
        theirs: str,
        note_id: int | None,
        author: str,
        written_at: datetime | None,
        thing: str = "text",
    ):
        self.yours, self.theirs, self.note_id = yours, theirs, note_id
        self.author, self.written_at = author, written_at
        super().__init__(f"{author or 'Someone'} changed this {thing} while you were writing. Yours was not saved.")
