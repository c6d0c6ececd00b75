"""What the parts of `Questionnaires` share: whether results have changed, the round that is written to, texts."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.store.errors import StoreError
from dashboard.store.questionnaire_tables import questionnaire_version, round_
from dashboard.store.results import Version

LONGEST = 5_000  # characters of one text: evidence, comment, reason


RESULTS = Version(questionnaire_version)
changed = RESULTS.grow


def open_round(connection: sa.Connection, round_id: int) -> sa.Row:
    """The round, which must be open and stays so until this transaction is over. Raises `StoreError`."""
    held = connection.execute(round_.select().filter_by(round_id=round_id).with_for_update(read=True)).first()
    if held is None:
        raise StoreError("There is no such round.")
    if held.closed_at is not None:
        raise StoreError(f"The round {held.title} is closed, and its answers are fixed.")
    return held


def plain(text: str) -> str:
    """A text as it is kept. Raises `StoreError` where it is too long."""
    text = text.replace("\x00", "").strip()  # PostgreSQL keeps no NUL
    if len(text) > LONGEST:
        raise StoreError(f"A text here has at most {LONGEST:,} characters, and this has {len(text):,}: shorten it.")
    return text
