"""A whole round put in at once, as it was: audits that were done before, or elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import sqlalchemy as sa

from dashboard.store import record
from dashboard.store.audit_rounds import FRAME, RESERVE, SAMPLE, template
from dashboard.store.audit_rows import changed
from dashboard.store.audit_tables import action, answer, audit, auditor, drawn, frame, grade, round_, stratum
from dashboard.store.copying import copy_in
from dashboard.store.database import writing
from dashboard.store.errors import StoreError


class Loading:
    """The part of `Audits` that takes rounds in whole."""

    engine: sa.Engine

    def load_round(
        self,
        about: Mapping[str, Any],
        *,
        sampled: pl.DataFrame,
        chosen: pl.DataFrame,
        audits: pl.DataFrame,
        answers: pl.DataFrame,
        grades: pl.DataFrame,
        actions: pl.DataFrame,
        auditors: Mapping[str, tuple[str, str]] | None = None,
        parents: Mapping[str, int] | None = None,
        by: str,
        as_role: str = "",
    ) -> dict[str, int]:
        """Put a round in with all that was done in it, all or nothing; gives the id of each audit by its key.

        `about`: `title`, `kind`, `template`, `version`, `as_at`, `due_date`, `seed`, `margin`, `dual_share`,
        `standing`, `closed` (yes or no). `sampled` and `chosen` as with `open_round`; `chosen` may say with `parent`
        which audit it repeats, a key of `parents`. `audits`: `audit` (key), `assessment_id`, `part`, `auditor`,
        `due_date`, `submitted` (day, empty: not finished). `answers`, `grades` and `actions` name their `audit`;
        `actions` say with `verified` whether somebody else has seen them done. `auditors`: identity → name, agency.
        """
        now, parents = datetime.now(UTC), dict(parents or {})
        with writing(self.engine) as connection:
            values = {name: about[name] for name in about if name not in ("closed", "frame_size")}
            key = {name: about[name] for name in ("template", "version")}
            if connection.execute(sa.select(template.c.title).filter_by(**key)).first() is None:
                raise StoreError(f"There is no version {about['version']} of the template {about['template']}.")
            closed = {"closed_by": by, "closed_at": now} if about["closed"] else {}
            made = connection.execute(round_.insert().values(**values, **closed, opened_by=by, opened_at=now))
            [number] = made.inserted_primary_key
            _people(connection, auditors or {}, by, now)
            _frame(connection, number, sampled, chosen)
            place = _drawn(connection, number, chosen, parents)
            ids = _audits(connection, audits, place)
            _insert(connection, answer, (_answer(row, ids, by, now) for row in answers.iter_rows(named=True)))
            _insert(connection, grade, (_grade(row, ids, by, now) for row in grades.iter_rows(named=True)))
            _insert(connection, action, (_action(row, ids, by, now) for row in actions.iter_rows(named=True)))
            changed(connection)
            record.append(connection, by, as_role, "loaded", f"audit round {number}, {len(ids)} audits")
        return ids


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    if rows := list(rows):
        connection.execute(table.insert(), rows)


def _people(connection: sa.Connection, auditors: Mapping[str, tuple[str, str]], by: str, now: datetime) -> None:
    known = set(connection.scalars(sa.select(auditor.c.identity)))
    fixed = {"most": 10, "active": False, "set_by": by, "set_at": now}  # they cannot sign in: nothing goes to them
    rows = [{"identity": one, "name": name, "agency_id": of} for one, (name, of) in auditors.items()]
    _insert(connection, auditor, ({**row, **fixed} for row in rows if row["identity"] not in known))


def _frame(connection: sa.Connection, number: int, sampled: pl.DataFrame, chosen: pl.DataFrame) -> None:
    planned = chosen.filter(~pl.col("replacement")).group_by("stratum").agg(pl.len().alias("planned"))
    plan = sampled.group_by("stratum").agg(pl.len().alias("frame_size")).join(planned, on="stratum", how="left")
    rows = plan.with_columns(pl.col("planned").fill_null(0)).to_dicts()
    _insert(connection, stratum, ({"round_id": number, **row} for row in rows))
    if sampled.height:
        copy_in(connection, frame, sampled.select(pl.lit(number).alias("round_id"), *FRAME))


def _drawn(connection: sa.Connection, number: int, chosen: pl.DataFrame, parents: Mapping[str, int]) -> dict[str, int]:
    """Assessment → id of what was drawn."""
    rows = []
    for row in chosen.iter_rows(named=True):
        kept = {name: row[name] for name in (*FRAME, "draw_order", "weight", "moderate")}
        parent = parents[row["parent"]] if row.get("parent") else 0
        state = RESERVE if row["replacement"] else SAMPLE
        rows.append({**kept, "round_id": number, "parent_audit_id": parent, "state": state, "reason": ""})
    made = connection.execute(drawn.insert().returning(drawn.c.drawn_id, sort_by_parameter_order=True), rows)
    return dict(zip((row["assessment_id"] for row in rows), made.scalars(), strict=True))


def _audits(connection: sa.Connection, audits: pl.DataFrame, place: Mapping[str, int]) -> dict[str, int]:
    """Key → audit id."""
    rows = [
        {
            "drawn_id": place[row["assessment_id"]],
            "part": row["part"],
            "auditor": row["auditor"],
            "due_date": row["due_date"],
            "started_at": _noon(row["submitted"]),
            "submitted_at": _noon(row["submitted"]),
            "source": "sample",
        }
        for row in audits.iter_rows(named=True)
    ]
    made = connection.execute(audit.insert().returning(audit.c.audit_id, sort_by_parameter_order=True), rows)
    return dict(zip(audits["audit"].to_list(), made.scalars(), strict=True))


def _answer(row: Mapping[str, Any], ids: Mapping[str, int], by: str, now: datetime) -> dict[str, Any]:
    said = {"question": row["question"], "answer": row["answer"], "evidence": row.get("evidence") or ""}
    return {"audit_id": ids[row["audit"]], **said, "base": 0, "author": by, "written_at": now}


def _grade(row: Mapping[str, Any], ids: Mapping[str, int], by: str, now: datetime) -> dict[str, Any]:
    said = {"kind": row["kind"], "grade": row["grade"], "reason": row.get("reason") or ""}
    return {"audit_id": ids[row["audit"]], **said, "base": 0, "author": by, "written_at": now}


def _action(row: Mapping[str, Any], ids: Mapping[str, int], by: str, now: datetime) -> dict[str, Any]:
    names = ("question", "text", "owner_agency_id", "severity", "due_date", "done_date")
    kept = {name: row[name] for name in names} | {"evidence": row.get("evidence") or ""}
    done = {"done_by": by if row["done_date"] else None}
    seen = {"verified_by": f"{by}, by another" if row.get("verified") else None}
    seen["verified_at"] = _noon(row["done_date"]) if row.get("verified") else None
    return {"audit_id": ids[row["audit"]], **kept, **done, **seen, "set_by": by, "set_at": now}


def _noon(day: date | None) -> datetime | None:
    """A moment of a day of which nobody wrote down the hour."""
    return None if day is None else datetime.combine(day, time(12), UTC)
