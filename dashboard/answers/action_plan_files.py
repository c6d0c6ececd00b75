"""The action plan as a file, both ways: taken away as a table, and brought in from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard import words
from dashboard.access import PLAN, Scope, require
from dashboard.answers import action_plan
from dashboard.answers.keep import the_store
from dashboard.intake import IntakeError
from dashboard.intake.action_plan import PlanFile, PlanRow, read_plan
from dashboard.store import StaleEdit, StoreError
from dashboard.store.plans import NAMES

SOURCE = "the partnership's action plan"
REFUSED = ("Line", "Column", "Value", "Reason")
_LINK_HEADS = {"indicator": "Indicators", "questionnaire item": "Questionnaire items", "audit theme": "Audit themes"}
_SAME = ("outcome", "measure", "actions", "owner_agency")  # two new actions alike in these are one


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a file would bring; `problem` is one sentence where it brings nothing."""

    file: PlanFile | None = None
    sentence: str = ""
    problem: str = ""


def table(scope: Scope, *, today: date | None = None) -> pl.DataFrame:
    """The whole plan with a row an action, columns named in words, as `check` reads it. Raises `NotAllowed`."""
    every = action_plan.actions(scope, today=today).filter(pl.col("standing") != action_plan.EXAMPLE)
    plain = [key for key in NAMES if key not in ("by_when", "links")]
    text = every.with_columns(pl.col("by_when").dt.strftime("%d/%m/%Y"), pl.col("reviewed").dt.strftime("%d/%m/%Y"))
    late = pl.concat_str(
        [pl.when(c).then(pl.lit(w)) for c, w in (("overdue", "overdue"), ("stale", "not looked at"))],
        separator=", ",
        ignore_nulls=True,
    )
    heads = {key: NAMES[key] for key in plain}
    return text.select(
        pl.col("action_id").alias("Action"),
        pl.col("version_id").alias("Version"),
        *(pl.col(key).alias(heads[key]) for key in plain[:3]),
        pl.col("by_when").alias(NAMES["by_when"]),
        *(pl.col(key).alias(heads[key]) for key in plain[3:]),
        pl.col("note").alias("Why"),
        *(_linked(kind).alias(head) for kind, head in _LINK_HEADS.items()),
        pl.col("reviewed").alias("Last looked at"),
        late.alias("Needs attention"),
    )


def _linked(kind: str) -> pl.Expr:
    it = pl.element().struct
    found = pl.col("links").list.eval(it.field("reference").filter(it.field("kind") == kind))
    return found.list.join("; ")


def check(scope: Scope, name: str, data: bytes) -> Incoming:
    """Read and check a file; nothing is written. Raises `NotAllowed`."""
    require(scope, PLAN)
    try:
        file = read_plan(data, file_name=name)
    except IntakeError as error:
        return Incoming(problem=str(error))
    refused = file.refused["line"].n_unique()
    if not file.rows:
        return Incoming(file, problem="No row of this file can be used; the reasons are listed below.")
    new = sum(row.action is None for row in file.rows)
    parts = [f"{new} new {_actions(new)}"] if new else []
    if known := len(file.rows) - new:
        parts.append(f"{known} {_actions(known)} of the plan")
    kept_out = f"; {refused} {'row is' if refused == 1 else 'rows are'} refused" if refused else ""
    return Incoming(file, f"{file.file_name} holds {words.listed(parts)}{kept_out}.")


def put_in(scope: Scope, file: PlanFile) -> tuple[str, list[tuple[int, str, str, str]]]:
    """Put the rows of a file into the plan, each by itself. Gives a sentence, and a row under `REFUSED` for each that
    could not be: what somebody changed meanwhile stands, and is shown. Raises `NotAllowed`."""
    require(scope, PLAN)
    standing = the_store().plans.current()
    there = set(standing.select(_SAME).rows())
    versions = dict(standing.select("action_id", "version_id").rows())
    counts = dict.fromkeys(("new", "changed", "same"), 0)
    refused = []
    for row in file.rows:
        try:
            counts[_put(scope, row, file.file_name, there, versions)] += 1
        except StaleEdit as stale:
            why = f"{words.name(stale.author) or 'somebody'} changed it meanwhile, and that stands: {stale.theirs}"
            refused.append((row.line, "(whole row)", stale.yours, why))
        except StoreError as error:
            refused.append((row.line, "(whole row)", str(row.action or ""), str(error)))
    said = [
        f"{counts['new']} {_actions(counts['new'])} put in",
        f"{counts['changed']} changed",
        f"{counts['same']} as they stood",
        *([f"{len(refused)} refused"] if refused else []),
    ]
    return f"{file.file_name}: {words.listed(said)}.", refused


def _put(scope: Scope, row: PlanRow, file_name: str, there: set[Sequence[str]], versions: Mapping[int, int]) -> str:
    plans, who = the_store().plans, {"author": scope.signature, "as_role": scope.role}
    if row.action is None:
        key = tuple(row.fields.get(c, "") for c in _SAME)
        if key in there:
            return "same"
        there.add(key)
        plans.add(row.fields, note=row.note or f"From {file_name}", **who)
        return "new"
    after = plans.change(row.action, row.fields, base=row.version or 0, note=row.note or f"From {file_name}", **who)
    return "same" if after == versions.get(row.action) else "changed"


def _actions(count: int) -> str:
    return "action" if count == 1 else "actions"
