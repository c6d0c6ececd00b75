"""What the workshop agreed: a score and its reason for each item of a closed round, beside the survey's own."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.database import reading, writing
from dashboard.store.errors import StaleEdit, StoreError
from dashboard.store.questionnaire_rows import changed, plain
from dashboard.store.questionnaire_tables import agreed, instrument, item, round_
from dashboard.store.results import rows_of

AGREED = pl.Schema(
    {
        "item": pl.String,
        "agreed_id": pl.Int64,
        "score": pl.Float64,
        "reason": pl.String,
        "author": pl.String,
        "written_at": pl.Datetime("us", "UTC"),
    }
)


class Workshop:
    """The part of `Questionnaires` that keeps what a facilitator recorded."""

    engine: sa.Engine

    def agree(
        self,
        round_id: int,
        asked: str,
        *,
        score: float,
        reason: str,
        base: int | None,
        by: str,
        as_role: str = "",
    ) -> int:
        """Keep the next version of what was agreed on an item; gives its id. It never replaces what was answered.

        `base`: id of the version that the writer started from, None if there was none. Raises `StaleEdit` with both in
        words if another was kept since, and `StoreError` where the round is open, the item unknown, the score outside
        the scale, or no reason given.
        """
        row = {"round_id": round_id, "item": asked, "score": float(score), "reason": plain(reason), "author": by}
        newest = None
        try:
            with writing(self.engine) as connection:
                _check(connection, round_id, row)
                newest = _newest(connection, round_id, asked)
                if (newest.agreed_id if newest else 0) == (base or 0):
                    values = row | {"base": base or 0, "written_at": datetime.now(UTC)}
                    [number] = connection.execute(agreed.insert().values(values)).inserted_primary_key
                    changed(connection)
                    record.append(connection, by, as_role, "changed", f"questionnaire round {round_id}: agreed {asked}")
                    return number
        except sa.exc.IntegrityError:  # another was written between our look and our writing
            with reading(self.engine) as connection:
                newest = _newest(connection, round_id, asked)
        raise StaleEdit(
            yours=in_words(row["score"], row["reason"]),
            theirs=in_words(newest.score, newest.reason) if newest else "",
            note_id=newest.agreed_id if newest else None,
            author=newest.author if newest else "",
            written_at=newest.written_at if newest else None,
            thing="agreed score",
        )

    def agreed(self, round_id: int) -> pl.DataFrame:
        """What stands agreed in a round, by item, with the columns of `AGREED`."""
        newest = sa.select(sa.func.max(agreed.c.agreed_id)).filter_by(round_id=round_id).group_by(agreed.c.item)
        query = sa.select(*(agreed.c[name] for name in AGREED)).where(agreed.c.agreed_id.in_(newest))
        return rows_of(self.engine, query.order_by(agreed.c.item), AGREED)

    def agreed_history(self, round_id: int, asked: str) -> pl.DataFrame:
        """Every version of what was agreed on an item, newest first, with the columns of `AGREED`."""
        query = sa.select(*(agreed.c[name] for name in AGREED)).filter_by(round_id=round_id, item=asked)
        return rows_of(self.engine, query.order_by(agreed.c.agreed_id.desc()), AGREED)


def in_words(score: float, reason: str) -> str:
    """What was agreed as a text, for where two versions stand side by side."""
    return f"{score:g}: {reason}"


def _newest(connection: sa.Connection, round_id: int, asked: str) -> sa.Row | None:
    mine = agreed.select().filter_by(round_id=round_id, item=asked)
    return connection.execute(mine.order_by(agreed.c.agreed_id.desc()).limit(1)).first()


def _check(connection: sa.Connection, round_id: int, row: dict[str, object]) -> None:
    both = round_.join(instrument).outerjoin(
        item,
        sa.and_(
            item.c.instrument == round_.c.instrument, item.c.edition == round_.c.edition, item.c.item == row["item"]
        ),
    )
    wanted = (round_.c.closed_at, item.c.item, instrument.c.lowest, instrument.c.highest)
    about = connection.execute(sa.select(*wanted).select_from(both).where(round_.c.round_id == round_id)).first()
    if about is None or about.item is None:
        raise StoreError(f"There is no item {row['item']} in such a round.")
    if about.closed_at is None:
        raise StoreError("Scores are agreed once the round is closed: until then people still answer.")
    if not about.lowest <= row["score"] <= about.highest:
        raise StoreError(f"An agreed score lies from {about.lowest} to {about.highest}.")
    if not row["reason"]:
        raise StoreError("Please say why this score was agreed.")
