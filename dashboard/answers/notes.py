"""What the partnership writes about an indicator: story, partners, what works, actions, target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from dashboard import words
from dashboard.access import STORY, TARGET, NotAllowed, Scope, require
from dashboard.answers.keep import kept, the_store
from dashboard.store import StaleEdit

SECTIONS: Mapping[str, str] = {
    "story": "Story behind the curve",
    "partners": "Partners with a part to play",
    "what_works": "What works, with one low-cost idea",
    "action": "What we will do",
}
LONGEST = 10_000  # characters of one text


class NoteError(ValueError):
    """What was written cannot be kept; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Note:
    """One text as it stands or once stood. `id` 0 where nothing has been written yet."""

    id: int
    section: str
    text: str
    author: str
    written_at: datetime | None


@kept
def notes(scope: Scope, indicator: str) -> dict[str, Note]:
    """The text of every section that stands now, empty ones included."""
    held = {row["section"]: _note(row) for row in the_store().notes(indicator).iter_rows(named=True)}
    return {section: held.get(section, Note(0, section, "", "", None)) for section in SECTIONS}


@kept
def history(scope: Scope, indicator: str, section: str) -> list[Note]:
    """Every text a section ever had, newest first."""
    return [_note(row) for row in the_store().note_history(indicator, section).iter_rows(named=True)]


def write(scope: Scope, indicator: str, section: str, text: str, *, base: int) -> None:
    """Keep a new text under the name of whoever is signed in. `base` is the id of the note the writer started from, 0
    for none.

    Raises `NotAllowed`, `NoteError` for an over-long text, `dashboard.store.StaleEdit` with both texts where somebody
    else wrote meanwhile.
    """
    require(scope, TARGET if section == "target" else STORY)
    text = text.strip()
    if len(text) > LONGEST:
        raise NoteError(f"The text has {len(text):,} characters; {LONGEST:,} is the most. Please shorten it.")
    who = {"author": scope.signature, "as_role": scope.role}
    the_store().add_note(indicator, section, text, base=base or None, **who)


def try_write(scope: Scope, indicator: str, section: str, text: str, *, base: int) -> StaleEdit | str | None:
    """`write`, giving None when kept, a sentence when it cannot be, or the other text if somebody wrote meanwhile."""
    try:
        write(scope, indicator, section, text, base=base)
    except (NoteError, NotAllowed) as error:
        return str(error)
    except StaleEdit as stale:
        return stale
    return None


def try_target(scope: Scope, series: str, value: float, by: date, *, base: int) -> StaleEdit | str | None:
    """Set the value that a series is to reach, and by when; answers as `try_write`."""
    return try_write(scope, series, "target", f"{value!r} {by.isoformat()}", base=base)


@kept
def target_note(scope: Scope, series: str) -> Note:
    """The note that holds a series' target."""
    held = {row["section"]: _note(row) for row in the_store().notes(series).iter_rows(named=True)}
    return held.get("target", Note(0, "target", "", "", None))


def target_of(scope: Scope, series: str) -> tuple[float, date] | None:
    """The target of a series as (value, date), if one is set."""
    value, _, by = target_note(scope, series).text.partition(" ")
    return (float(value), date.fromisoformat(by)) if by else None


def _note(row: Mapping) -> Note:
    return Note(row["note_id"], row["section"], row["text"], words.name(row["author"]), row["written_at"])
