"""One action of the plan: what it says, its history, and what may be changed in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import PLAN, NotAllowed, Scope, require
from dashboard.answers import action_plan, hung_on
from dashboard.answers.keep import the_store
from dashboard.intake.action_plan import names_person
from dashboard.store import StaleEdit, StoreError
from dashboard.store.plans import ENDED, NAMES, STATUSES, pairs

HISTORY = ("When", "Who", "What")
TEXTS = ("outcome", "measure", "target", "owner_agency", "owner_role", "actions", "progress", "evidence")
STATUS_WORDS: Mapping[str, str] = {status: status for status in STATUSES}


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `number` 0 and `base` 0 for one that is still to be written."""

    number: int
    base: int  # the version that is shown, from which a change starts
    fields: Mapping[str, Any]  # the keys of `NAMES`
    state: Sequence[str]
    facts: Sequence[tuple[str, str]]
    links: Sequence[tuple[str, str, Mapping[str, str]]]  # words, page, what to choose there
    history: Sequence[tuple[str, str, str]]
    banner: str
    open: bool


def new(indicator: str = "") -> Action:
    """An action that is still to be written, hanging on an indicator if one is given."""
    links = [("indicator", indicator)] if indicator else []
    empty = {**dict.fromkeys(TEXTS, ""), "by_when": None, "status": STATUSES[0], "links": links}
    return Action(0, 0, empty, (), (), (), (), "", True)


def one(scope: Scope, number: int, *, today: date | None = None) -> Action | None:
    """An action with its history, newest first; None for a number that the plan has not. Raises `NotAllowed`."""
    every = action_plan.actions(scope, today=today).filter(pl.col("action_id") == number)
    if every.is_empty():
        return None
    row = every.row(0, named=True)
    fields = {key: row[key] for key in NAMES} | {"links": pairs(row["links"])}
    marks = (("overdue", "overdue"), ("stale", "not looked at"), ("soon", "due soon"))
    banner = action_plan.INVENTED if row["standing"] == "invented" else ""
    return Action(
        number,
        row["version_id"],
        fields,
        [word for column, word in marks if row[column]],
        _facts(row),
        [_link(kind, reference, hung_on.names(scope)) for kind, reference in fields["links"]],
        _history(the_store().plans.history(number)),
        "An example: a plan of 2013, counted nowhere." if row["standing"] == action_plan.EXAMPLE else banner,
        row["open"],
    )


def _facts(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    looked = words.day(row["reviewed"]) or "no meeting yet"
    every = [
        ("Owner", action_plan.owner(row)),
        ("By when", words.day(row["by_when"]) or "no day set"),
        ("Status", row["status"]),
        ("Measure and target", ": ".join(filter(None, (row["measure"], row["target"])))),
        ("What will be done", row["actions"]),
        ("Progress", row["progress"]),
        ("Evidence", row["evidence"]),
        ("Last looked at", looked),
    ]
    return [(name, text) for name, text in every if text]


def _link(kind: str, reference: str, names: Mapping[tuple[str, str], str]) -> tuple[str, str, Mapping[str, str]]:
    chosen = {"indicator": reference} if kind == hung_on.INDICATOR else {}
    return names.get((kind, reference), f"{kind} {reference}"), hung_on.PAGES[kind], chosen


def _history(versions: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Newest first: when, who, and what was changed or said."""
    rows = list(versions.iter_rows(named=True))
    return [
        (words.day(row["written_at"].date()), words.name(row["author"]) or "–", _happened(row, before))
        for row, before in zip(rows, [*rows[1:], None], strict=True)
    ]


def _happened(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    if before is None:  # the first, or the first that is kept
        return "Put into the plan." if not row["base"] else "As it stood."
    changed = [key for key in NAMES if row[key] != before[key]]
    said = []
    if row["meeting"]:
        said.append(f"Meeting of {words.day(row['meeting'])}: {row['status']}.")
        if "by_when" in changed:
            said.append(f"Carried forward from {_shown('by_when', before)} to {_shown('by_when', row)}.")
    else:
        said += [f"{NAMES[key]}: “{_shown(key, before)}”, now “{_shown(key, row)}”." for key in changed]
    return " ".join([*said, *([f"“{row['note']}”"] if row["note"] else [])])


def _shown(key: str, row: Mapping[str, Any]) -> str:
    if key == "by_when":
        return words.day(row[key]) or "no day"
    if key == "links":
        return ", ".join(reference for _, reference in pairs(row[key])) or "none"
    return row[key] or "nothing"


def try_save(scope: Scope, number: int, fields: Mapping[str, Any], *, base: int) -> int | StaleEdit | str:
    """Write a new action (`number` 0) or what an action says now. Gives its number, a sentence why it cannot be, or
    both texts where somebody else changed the same meanwhile."""
    try:
        require(scope, PLAN)
        for key in TEXTS:
            if found := names_person(fields.get(key) or ""):
                return f"“{NAMES[key]}” looks as if it held {found}. An action is owned by an agency and a role."
        who = {"author": scope.signature, "as_role": scope.role}
        if not number:
            return the_store().plans.add(fields, **who)
        the_store().plans.change(number, fields, base=base, **who)
    except (StoreError, NotAllowed) as error:
        return error if isinstance(error, StaleEdit) else str(error)
    return number


def try_review(
    scope: Scope, number: int, *, meeting: date, status: str, note: str, by_when: date | None, base: int
) -> int | StaleEdit | str:
    """Note what a meeting said of an action; `by_when`: the day that it is carried forward to. As `try_save`."""
    try:
        require(scope, PLAN)
        if found := names_person(note):
            return f"The note looks as if it held {found}. Write roles and agencies instead."
        if by_when is not None and by_when < meeting and status not in ENDED:
            return "The new day lies before the meeting: carry the action forward to a later one."
        the_store().plans.review(
            number, meeting=meeting, status=status, note=note, by_when=by_when, base=base,
            author=scope.signature, as_role=scope.role,
        )  # fmt: skip
    except (StoreError, NotAllowed) as error:
        return error if isinstance(error, StaleEdit) else str(error)
    return number


def choices(scope: Scope) -> dict[str, dict[str, str]]:
    """What an action may hang on: kind → reference → name."""
    return {
        hung_on.INDICATOR: hung_on.indicators(),
        hung_on.ITEM: hung_on.items(scope),
        hung_on.THEME: hung_on.themes(scope),
    }
