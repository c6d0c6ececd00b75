"""Audit templates, auditors, rounds with their frozen frames, what was drawn of them, and who audits it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.audit_rows import changed, open_audit
from dashboard.store.audit_tables import audit, auditor, drawn, frame, question, round_, stratum, template
from dashboard.store.copying import copy_in
from dashboard.store.database import writing
from dashboard.store.errors import StoreError
from dashboard.store.results import rows_of

# Quarterly rounds stand for the partnership; the others are looked at by themselves.
KINDS: Mapping[str, str] = {
    "quarterly": "quarterly sample",
    "thematic": "thematic sample",
    "dip": "dip sample",
    "calibration": "calibration set, which every auditor audits",
    "re-audit": "re-audits",
}
SAMPLE, RESERVE, EXCLUDED = "sample", "reserve", "excluded"
FRAME = ("assessment_id", "stratum", "agency_id", "episode_id", "family_id")

TEMPLATES = pl.Schema(
    {"template": pl.String, "version": pl.String, "title": pl.String, "content": pl.String, "added_by": pl.String}
    | {"added_at": pl.Datetime("us", "UTC")}
)
AUDITORS = pl.Schema(
    {"identity": pl.String, "name": pl.String, "agency_id": pl.String, "most": pl.Int64, "active": pl.Boolean}
)
ROUNDS = pl.Schema(
    {
        "round_id": pl.Int64,
        "title": pl.String,
        "kind": pl.String,
        "template": pl.String,
        "version": pl.String,
        "as_at": pl.Date,
        "due_date": pl.Date,
        "seed": pl.Int64,
        "margin": pl.Float64,
        "dual_share": pl.Float64,
        "standing": pl.String,
        "opened_by": pl.String,
        "opened_at": pl.Datetime("us", "UTC"),
        "closed_by": pl.String,
        "closed_at": pl.Datetime("us", "UTC"),
    }
)
STRATA = pl.Schema({"round_id": pl.Int64, "stratum": pl.String, "frame_size": pl.Int64, "planned": pl.Int64})
DRAWN = pl.Schema(
    {
        "drawn_id": pl.Int64,
        "round_id": pl.Int64,
        "assessment_id": pl.String,
        "parent_audit_id": pl.Int64,
        "stratum": pl.String,
        "agency_id": pl.String,
        "episode_id": pl.String,
        "family_id": pl.String,
        "draw_order": pl.Int64,
        "weight": pl.Float64,
        "moderate": pl.Boolean,
        "state": pl.String,
        "reason": pl.String,
    }
)
_DRAWN_OF = ("assessment_id", "stratum", "agency_id", "episode_id", "family_id", "draw_order", "weight", "moderate")


class Rounds:
    """The part of `Audits` that sets the work up."""

    engine: sa.Engine

    def add_template(
        self, template_id: str, version: str, title: str, content: str, questions: Sequence[str], *, by: str,
        as_role: str = "",
    ) -> None:  # fmt: skip
        """Keep a version of a template; a version is never changed afterwards.

        `content`: JSON (`ValueError` if not). The very same once more does nothing; `StoreError` for other content.
        """
        json.loads(content)
        key = {"template": template_id, "version": version}
        with writing(self.engine) as connection:
            held = connection.execute(sa.select(template.c.content).filter_by(**key)).scalar()
            if held == content:
                return
            if held is not None:
                raise StoreError(
                    f"Version {version} of this template is there already and is not changed; give yours a new version."
                )
            connection.execute(
                template.insert().values(**key, title=title, content=content, added_by=by, added_at=datetime.now(UTC))
            )
            connection.execute(question.insert(), [{**key, "question": one} for one in questions])
            record.append(connection, by, as_role, "loaded", f"audit template {template_id}, version {version}")

    def templates(self) -> pl.DataFrame:
        """Every version of every template, the newest last, with the columns of `TEMPLATES`."""
        return rows_of(self.engine, _only(template, TEMPLATES).order_by(template.c.added_at), TEMPLATES)

    def set_auditor(
        self, identity: str, name: str, agency_id: str, *, most: int, active: bool = True, by: str, as_role: str = ""
    ) -> None:
        """Say who audits, whom they work for, and how many audits at a time they take (1 or more)."""
        if not identity or not agency_id or most < 1:
            raise StoreError("An auditor needs an agency, and takes at least one audit at a time.")
        values = {"name": name, "agency_id": agency_id, "most": most, "active": active}
        values |= {"set_by": by, "set_at": datetime.now(UTC)}
        with writing(self.engine) as connection:
            mine = auditor.c.identity == identity
            if not connection.execute(auditor.update().where(mine).values(values)).rowcount:
                connection.execute(auditor.insert().values(identity=identity, **values))
            record.append(connection, by, as_role, "changed", f"auditor {identity}")

    def auditors(self) -> pl.DataFrame:
        """Those who audit, by name, with the columns of `AUDITORS`."""
        return rows_of(self.engine, _only(auditor, AUDITORS).order_by(auditor.c.name, auditor.c.identity), AUDITORS)

    def open_round(
        self,
        sampled: pl.DataFrame,
        chosen: pl.DataFrame,
        *,
        title: str,
        kind: str,
        template_id: str,
        version: str,
        as_at: date,
        due_date: date,
        seed: int,
        margin: float | None = None,
        dual_share: float = 0.0,
        standing: str = "local",
        by: str,
        as_role: str = "",
    ) -> int:
        """Freeze a frame and what was drawn of it; gives the round's id. All or nothing.

        `sampled`: the frame, with the columns of `FRAME`. `chosen`: the same, `draw_order`, `weight`, `moderate`
        (whether the lot fell on it to be moderated), `replacement` (kept in reserve) and `audits` (how many auditors
        are to look at it). Raises `StoreError` where an assessment is drawn twice, is not in the frame, or more are
        drawn than there are, and where the template is unknown.
        """
        _check(sampled, chosen, title, kind)
        about = {"title": title, "kind": kind, "template": template_id, "version": version, "as_at": as_at}
        about |= {"due_date": due_date, "seed": seed, "margin": margin, "dual_share": dual_share, "standing": standing}
        with writing(self.engine) as connection:
            key = {"template": template_id, "version": version}
            if connection.execute(sa.select(template.c.title).filter_by(**key)).first() is None:
                raise StoreError(f"There is no version {version} of the template {template_id}.")
            made = connection.execute(round_.insert().values(**about, opened_by=by, opened_at=datetime.now(UTC)))
            [number] = made.inserted_primary_key
            sizes = sampled.group_by("stratum").agg(pl.len().alias("frame_size"))
            planned = chosen.filter(~pl.col("replacement")).group_by("stratum").agg(pl.len().alias("planned"))
            plan = sizes.join(planned, on="stratum", how="left").with_columns(pl.col("planned").fill_null(0))
            connection.execute(stratum.insert(), [{"round_id": number, **row} for row in plan.to_dicts()])
            held = sampled.select(pl.lit(number).alias("round_id"), *FRAME)
            copy_in(connection, frame, held)
            _draw(connection, number, chosen, due_date)
            changed(connection)
            detail = f"audit round {number}: {chosen.filter(~pl.col('replacement')).height} of {sampled.height}"
            record.append(connection, by, as_role, "changed", detail)
        return number

    def open_re_audit(self, audit_id: int, *, due_date: date, by: str, as_role: str = "") -> int:
        """Put an assessment down to be audited once more; gives the new audit's id.

        Re-audits stand in a round of their own, which stays open, with the template of the audit that is repeated.
        """
        with writing(self.engine) as connection:
            first = connection.execute(
                sa.select(drawn, round_.c.template, round_.c.version, round_.c.standing)
                .select_from(audit.join(drawn).join(round_))
                .where(audit.c.audit_id == audit_id)
            ).first()
            if first is None:
                raise StoreError("There is no such audit.")
            again = drawn.c.parent_audit_id == audit_id
            if connection.execute(sa.select(drawn.c.drawn_id).where(again)).first() is not None:
                raise StoreError("A re-audit of this assessment is down already.")
            number = _re_audits(connection, first, by)
            row = {name: first._mapping[name] for name in _DRAWN_OF}
            row |= {"round_id": number, "parent_audit_id": audit_id, "draw_order": 0, "weight": 1.0, "moderate": True}
            made = connection.execute(drawn.insert().values(**row, state=SAMPLE, reason=""))
            part = {"drawn_id": made.inserted_primary_key[0], "part": 1, "due_date": due_date, "source": "here"}
            [new] = connection.execute(audit.insert().values(part)).inserted_primary_key
            changed(connection)
            record.append(connection, by, as_role, "changed", f"audit {new}: re-audit of audit {audit_id}")
        return new

    def rounds(self) -> pl.DataFrame:
        """All rounds, newest first, with the columns of `ROUNDS`; `closed_at` is null for those that are open."""
        return rows_of(self.engine, _only(round_, ROUNDS).order_by(round_.c.round_id.desc()), ROUNDS)

    def strata(self) -> pl.DataFrame:
        """Of every round the size of each stratum and how many were to be audited: the columns of `STRATA`."""
        return rows_of(self.engine, _only(stratum, STRATA).order_by(*stratum.primary_key), STRATA)

    def frame(self, round_id: int) -> pl.DataFrame:
        """The frame of a round as it was frozen, with the columns of `FRAME`."""
        schema = pl.Schema(dict.fromkeys(FRAME, pl.String))
        return rows_of(self.engine, _only(frame, schema).filter_by(round_id=round_id), schema)

    def drawn(self, round_id: int | None = None) -> pl.DataFrame:
        """What was drawn, in the order of the draw, reserves and exclusions too: the columns of `DRAWN`."""
        query = _only(drawn, DRAWN).order_by(drawn.c.round_id, drawn.c.draw_order, drawn.c.drawn_id)
        return rows_of(self.engine, query if round_id is None else query.filter_by(round_id=round_id), DRAWN)

    def exclude(self, drawn_id: int, reason: str, *, by: str, as_role: str = "") -> int | None:
        """Leave an assessment out, with the reason; the next in reserve of its stratum takes its place.

        Gives the `drawn_id` of the replacement, None where the stratum has none left. `StoreError` where the round is
        closed, or an audit of it is finished.
        """
        if not reason.strip():
            raise StoreError("Please say why it is left out.")
        with writing(self.engine) as connection:
            it = connection.execute(
                sa.select(drawn, round_.c.closed_at, round_.c.due_date)
                .select_from(drawn.join(round_))
                .where(drawn.c.drawn_id == drawn_id)
            ).first()
            if it is None or it.state != SAMPLE:
                raise StoreError("This assessment is not in the sample.")
            if it.closed_at is not None:
                raise StoreError("The round is closed.")
            audits = connection.execute(audit.select().filter_by(drawn_id=drawn_id)).fetchall()
            if any(one.submitted_at for one in audits):
                raise StoreError("An audit of this assessment is finished; it stays in the sample.")
            gone = {"state": EXCLUDED, "reason": reason.strip().replace("\x00", "")}
            connection.execute(drawn.update().filter_by(drawn_id=drawn_id).values(gone))
            waiting = drawn.select().filter_by(round_id=it.round_id, stratum=it.stratum, state=RESERVE)
            next_one = connection.execute(waiting.order_by(drawn.c.draw_order).limit(1)).first()
            if next_one is not None:
                connection.execute(drawn.update().filter_by(drawn_id=next_one.drawn_id).values(state=SAMPLE))
                parts = [
                    {"drawn_id": next_one.drawn_id, "part": one.part, "due_date": one.due_date, "source": "here"}
                    for one in audits
                ]
                connection.execute(audit.insert(), parts)
            changed(connection)
            record.append(connection, by, as_role, "changed", f"audit round {it.round_id}: one drawn was left out")
        return None if next_one is None else next_one.drawn_id

    def allocate(self, auditors: Mapping[int, str], *, by: str, as_role: str = "") -> None:
        """Give audits to auditors: audit id → identity; "" takes an audit back. All or nothing.

        Raises `StoreError` where an auditor is of the audited agency, has the assessment already, or is not on the
        list, and where the audit is begun or its round closed.
        """
        with writing(self.engine) as connection:
            known = {row.identity: row for row in connection.execute(auditor.select().where(auditor.c.active))}
            for audit_id, identity in auditors.items():
                _allocate(connection, audit_id, known.get(identity), identity)
            changed(connection)
            record.append(connection, by, as_role, "changed", f"{len(auditors)} audits allocated")

    def close_round(self, round_id: int, *, by: str, as_role: str = "") -> None:
        """Close a round: no more answers. `StoreError` if it is closed."""
        with writing(self.engine) as connection:
            mine = sa.and_(round_.c.round_id == round_id, round_.c.closed_at.is_(None))
            closed = {"closed_by": by, "closed_at": datetime.now(UTC)}
            if not connection.execute(round_.update().where(mine).values(closed)).rowcount:
                raise StoreError("There is no such open round.")
            changed(connection)
            record.append(connection, by, as_role, "changed", f"audit round {round_id} closed")


def _only(table: sa.Table, schema: pl.Schema) -> sa.Select:
    return sa.select(*(table.c[name] for name in schema))


def _check(sampled: pl.DataFrame, chosen: pl.DataFrame, title: str, kind: str) -> None:
    if not title.strip():
        raise StoreError("Please give the round a title.")
    if kind not in KINDS:
        raise ValueError(f"a round is one of {', '.join(KINDS)}, not {kind!r}")
    if chosen["assessment_id"].is_duplicated().any() or sampled["assessment_id"].is_duplicated().any():
        raise StoreError("The same assessment is drawn twice.")
    if chosen.height > sampled.height:
        raise StoreError(f"More are drawn ({chosen.height}) than there are to draw from ({sampled.height}).")
    if not chosen["assessment_id"].is_in(sampled["assessment_id"].implode()).all():
        raise StoreError("An assessment was drawn that is not among those to draw from.")
    if chosen.filter(~pl.col("replacement")).is_empty():
        raise StoreError("Nothing was drawn.")


def _draw(connection: sa.Connection, round_id: int, chosen: pl.DataFrame, due_date: date) -> None:
    state = pl.when("replacement").then(pl.lit(RESERVE)).otherwise(pl.lit(SAMPLE)).alias("state")
    rows = chosen.select(*_DRAWN_OF, state).to_dicts()
    fixed = {"round_id": round_id, "parent_audit_id": 0, "reason": ""}
    made = connection.execute(
        drawn.insert().returning(drawn.c.drawn_id, sort_by_parameter_order=True), [{**row, **fixed} for row in rows]
    )
    parts = [
        {"drawn_id": number, "part": part, "due_date": due_date, "source": "here"}
        for number, wanted, waits in zip(
            made.scalars(), chosen["audits"].to_list(), chosen["replacement"].to_list(), strict=True
        )
        for part in range(1, 1 + (0 if waits else wanted))
    ]
    connection.execute(audit.insert(), parts)


def _re_audits(connection: sa.Connection, first: sa.Row, by: str) -> int:
    """The open round of re-audits with this template, made where there is none."""
    key = {"kind": "re-audit", "template": first.template, "version": first.version, "standing": first.standing}
    found = connection.execute(sa.select(round_.c.round_id).filter_by(**key, closed_at=None)).scalar()
    if found is not None:
        return found
    now = datetime.now(UTC)
    values = {"title": "Re-audits", "as_at": now.date(), "due_date": now.date(), "seed": 0, "dual_share": 0.0}
    made = connection.execute(round_.insert().values(**key, **values, opened_by=by, opened_at=now))
    return made.inserted_primary_key[0]


def _allocate(connection: sa.Connection, audit_id: int, who: sa.Row | None, identity: str) -> None:
    it = open_audit(connection, audit_id)
    if it.started_at is not None:
        raise StoreError("The audit is begun already, and stays with whoever began it.")
    if identity and who is None:
        raise StoreError("This person is not on the list of auditors.")
    if who is not None and who.agency_id == it.agency_id:
        raise StoreError(f"{who.name} works for the agency whose assessment this is, and may not audit it.")
    try:
        connection.execute(audit.update().filter_by(audit_id=audit_id).values(auditor=identity or None))
    except sa.exc.IntegrityError:
        raise StoreError(f"{who.name if who else 'This auditor'} has the assessment already.") from None
