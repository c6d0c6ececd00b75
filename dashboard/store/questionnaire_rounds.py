"""Rounds of a questionnaire: opened for an instrument, with those who are invited; closed once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.database import reading, writing
from dashboard.store.errors import StoreError
from dashboard.store.questionnaire_rows import changed, open_round, plain
from dashboard.store.questionnaire_tables import instrument, invited, round_
from dashboard.store.results import rows_of
from dashboard.store.roles import name_of

RESPONDENT_ROLES = ("leader", "manager", "practitioner")
ROUNDS = pl.Schema(
    {
        "round_id": pl.Int64,
        "title": pl.String,
        "instrument": pl.String,
        "edition": pl.String,
        "period_end": pl.Date,
        "standing": pl.String,
        "opened_by": pl.String,
        "opened_at": pl.Datetime("us", "UTC"),
        "closed_by": pl.String,
        "closed_at": pl.Datetime("us", "UTC"),
    }
)
INVITED = pl.Schema(
    {
        "invited_id": pl.Int64,
        "partner": pl.String,
        "identity": pl.String,
        "person": pl.String,
        "respondent_role": pl.String,
        "invited_at": pl.Datetime("us", "UTC"),
    }
)
INVITATIONS = pl.Schema(
    {
        "invited_id": pl.Int64,
        "partner": pl.String,
        "respondent_role": pl.String,
        "round_id": pl.Int64,
        "title": pl.String,
        "instrument": pl.String,
        "edition": pl.String,
        "standing": pl.String,
        "closed_at": pl.Datetime("us", "UTC"),
    }
)


class Rounds:
    """The part of `Questionnaires` that opens and closes rounds and knows who is invited."""

    engine: sa.Engine

    def open_round(
        self,
        instrument_id: str,
        edition: str,
        *,
        title: str,
        period_end: date,
        asked: pl.DataFrame,
        standing: str = "local",
        by: str,
        as_role: str = "",
    ) -> int:
        """Open a round; gives its id. All or nothing.

        `asked`: a row a person: `partner`, `respondent` (an e-mail address, or issuer#subject as the provider signs
        it), `respondent_role` (one of `RESPONDENT_ROLES`). `title`: what the round is called, no two alike. Raises
        `StoreError` for an unknown instrument, a title that is taken, nobody invited, or somebody invited twice.
        """
        title = plain(title)
        if not title or len(title) > 40:
            raise StoreError("A round needs a name of at most 40 characters, such as 2026.")
        if asked.is_empty():
            raise StoreError("A round needs somebody who is asked.")
        about = {"title": title, "instrument": instrument_id, "edition": edition, "period_end": period_end}
        about |= {"standing": standing, "opened_by": by, "opened_at": datetime.now(UTC)}
        try:
            with writing(self.engine) as connection:
                key = {"instrument": instrument_id, "edition": edition}
                if connection.execute(sa.select(instrument.c.title).filter_by(**key)).first() is None:
                    raise StoreError(f"There is no edition {edition} of the instrument {instrument_id}.")
                [number] = connection.execute(round_.insert().values(about)).inserted_primary_key
                _invite(connection, number, asked)
                changed(connection)
                record.append(connection, by, as_role, "changed", f"questionnaire round {number}: opened")
        except sa.exc.IntegrityError:
            raise StoreError(f"There is a round called {title} already; give this one another name.") from None
        return number

    def invite(self, round_id: int, asked: pl.DataFrame, *, by: str, as_role: str = "") -> None:
        """Ask more people in an open round, a row each as in `open_round`. `StoreError` for somebody asked already."""
        with writing(self.engine) as connection:
            open_round(connection, round_id)
            _invite(connection, round_id, asked)
            changed(connection)
            detail = f"questionnaire round {round_id}: {asked.height} more invited"
            record.append(connection, by, as_role, "changed", detail)

    def rounds(self) -> pl.DataFrame:
        """All rounds, the latest first, with the columns of `ROUNDS`; `closed_at` is null for those that are open."""
        columns = [round_.c[name] for name in ROUNDS]
        order = (round_.c.period_end.desc(), round_.c.round_id.desc())
        return rows_of(self.engine, sa.select(*columns).order_by(*order), ROUNDS)

    def invited(self, round_id: int) -> pl.DataFrame:
        """Who is asked, by partner, with the columns of `INVITED`; `person` is "" until they take it up."""
        query = sa.select(*(invited.c[name] for name in INVITED)).filter_by(round_id=round_id)
        return rows_of(self.engine, query.order_by(invited.c.partner, invited.c.invited_id), INVITED)

    def invitations(self, person: str, email: str = "") -> pl.DataFrame:
        """What somebody is asked, the latest first, closed rounds too, with the columns of `INVITATIONS`.

        An invitation that was written to their e-mail address becomes theirs when they first look: from then on it is
        this `person` (issuer and subject) alone who answers it, whoever may have the address later.
        """
        names = [name_of(name) for name in (person, email) if name]
        free = sa.and_(invited.c.person == "", invited.c.identity.in_(names))
        with reading(self.engine) as connection:
            waiting = connection.execute(sa.select(invited.c.invited_id).where(free).limit(1)).first()
        if waiting:
            with writing(self.engine) as connection:
                connection.execute(invited.update().where(free).values(person=person))
        columns = [invited.c[name] if name in invited.c else round_.c[name] for name in INVITATIONS]
        query = sa.select(*columns).select_from(invited.join(round_)).where(invited.c.person == person)
        return rows_of(self.engine, query.order_by(round_.c.period_end.desc(), round_.c.round_id.desc()), INVITATIONS)

    def close_round(self, round_id: int, *, by: str, as_role: str = "") -> None:
        """Close a round: its answers are fixed from then on. Raises `StoreError` where it is closed already."""
        with writing(self.engine) as connection:
            # Whoever is saving an answer at this moment holds the round until that is done.
            connection.execute(sa.select(round_.c.round_id).filter_by(round_id=round_id).with_for_update())
            open_round(connection, round_id)
            closed = {"closed_by": by, "closed_at": datetime.now(UTC)}
            connection.execute(round_.update().where(round_.c.round_id == round_id).values(closed))
            changed(connection)
            record.append(connection, by, as_role, "changed", f"questionnaire round {round_id}: closed")


def _invite(connection: sa.Connection, round_id: int, asked: pl.DataFrame) -> None:
    now = datetime.now(UTC)
    known = set(connection.scalars(sa.select(invited.c.identity).where(invited.c.round_id == round_id)))
    rows = []
    for partner, respondent, role in asked.select("partner", "respondent", "respondent_role").iter_rows():
        identity, partner = name_of(plain(respondent or "")), plain(partner or "")
        if not identity or not partner:
            raise StoreError("Whoever is asked needs a partner and an e-mail address.")
        if role not in RESPONDENT_ROLES:
            raise StoreError(f"{identity}: the role is one of {', '.join(RESPONDENT_ROLES)}, not {role}.")
        if identity in known:
            raise StoreError(f"{identity} is asked twice in this round.")
        known.add(identity)
        row = {"round_id": round_id, "partner": partner, "identity": identity, "person": ""}
        rows.append(row | {"respondent_role": role, "invited_at": now})
    connection.execute(invited.insert(), rows)
