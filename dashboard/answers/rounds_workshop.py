"""The workshop after a round: what was answered to an item, what is agreed on it and why, and what will be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard import words
from dashboard.access import PLAN, NotAllowed, Scope, may, require
from dashboard.answers.keep import the_store
from dashboard.answers.questionnaire_parts import ASKS
from dashboard.answers.questionnaire_rows import Round, responses
from dashboard.answers.rounds import round_of
from dashboard.store import StaleEdit, StoreError
from metrics import questionnaire

ITEM = "questionnaire item"  # what an action hangs on, in the words of the action plan
ACTIONS = ("What will be done", "By whom", "By when", "Status")
COMMENTS = ("Partner", "Evidence", "Comment")


@dataclass(frozen=True, slots=True)
class Agreed:
    """What stands agreed. `base`: the id of this version, 0 before the first."""

    base: int
    score: float | None
    reason: str
    author: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the facilitator needs for one item. `comments`: columns `COMMENTS`; `actions`: columns `ACTIONS`."""

    sentence: str
    lowest: int
    highest: int
    agreed: Agreed
    earlier: Sequence[str]
    comments: pl.DataFrame
    actions: pl.DataFrame


def items(scope: Scope, chosen: str) -> dict[str, str]:
    """The scored items of a round's instrument: id → name, and whether something is agreed on it."""
    it = round_of(scope, chosen)
    done = set(the_store().questionnaires.agreed(it.id)["item"])
    return {i.id: f"{i.name}{' – agreed' if i.id in done else ''}" for i in it.instrument.items}


def desk(scope: Scope, chosen: str, item: str) -> Desk:
    """One item of a closed round, read anew each time: several may record at once. Raises `NotAllowed`."""
    it = round_of(scope, chosen)
    asked = it.instrument.item(item)
    counted = questionnaire.tally(responses(it), it.instrument)
    found = questionnaire.agreement(counted).row(by_predicate=pl.col("item") == item, named=True)
    history = the_store().questionnaires.agreed_history(it.id, item)
    now = history.row(0, named=True) if history.height else None
    return Desk(
        _sentence(asked.text, found, it.instrument.highest),
        it.instrument.lowest,
        it.instrument.highest,
        Agreed(now["agreed_id"], now["score"], now["reason"], words.name(now["author"]))
        if now
        else Agreed(0, None, "", ""),
        [
            f"{row['score']:g}: {row['reason']} ({words.name(row['author'])})"
            for row in history[1:].iter_rows(named=True)
        ],
        _comments(it, item),
        _actions(it, item),
    )


def _sentence(text: str, found: dict, highest: int) -> str:
    if found["mean"] is None:
        return f"{text} Nobody gave a score."
    said = f"{text} {found['n']} partners score it {words.number(found['mean'])} of {highest}"
    if found["words"] is None:
        return f"{said}."
    return f"{said}; {found['words']}. {ASKS[found['quadrant']].capitalize()}."


def _comments(it: Round, item: str) -> pl.DataFrame:
    """What people wrote, under their partner's name: neither who wrote it, nor what they scored."""
    store = the_store().questionnaires
    written = pl.any_horizontal(pl.col("reason", "evidence", "comment") != "")
    rows = store.answers(it.id).filter(pl.col("item") == item, written)
    rows = rows.join(store.invited(it.id).select("invited_id", "partner"), on="invited_id")
    made = [
        (
            row["partner"],
            row["evidence"] or words.MISSING,
            " ".join(filter(None, (row["reason"], row["comment"]))) or words.MISSING,
        )
        for row in rows.sort("partner", "evidence", "comment").iter_rows(named=True)
    ]
    return pl.DataFrame(made, schema=dict.fromkeys(COMMENTS, pl.String), orient="row")


def _reference(it: Round, item: str) -> str:
    """How the action plan names an item: `early_help_system/2:voice`."""
    return f"{it.instrument.key}:{item}"


def _actions(it: Round, item: str) -> pl.DataFrame:
    mine = [
        (row["actions"] or row["outcome"], row["owner_agency"], words.day(row["by_when"]), row["status"])
        for row in the_store().plans.current().iter_rows(named=True)
        if {"kind": ITEM, "reference": _reference(it, item)} in (row["links"] or [])
    ]
    return pl.DataFrame(mine, schema=dict.fromkeys(ACTIONS, pl.String), orient="row")


def try_agree(scope: Scope, chosen: str, item: str, score: float, reason: str, *, base: int) -> StaleEdit | str | None:
    """Keep what the workshop agreed: None when kept, a sentence when it cannot be, or what somebody else kept
    meanwhile. Raises `NotAllowed`."""
    it = round_of(scope, chosen)
    who = {"by": scope.signature, "as_role": scope.role}
    try:
        the_store().questionnaires.agree(it.id, item, score=score, reason=reason, base=base or None, **who)
    except StaleEdit as stale:
        return stale
    except StoreError as error:
        return str(error)
    return None


def may_plan(scope: Scope) -> bool:
    return may(scope, PLAN)


def try_action(
    scope: Scope, chosen: str, item: str, *, what: str, agency: str, role: str, by_when: date | None
) -> tuple[bool, str]:
    """Put a priority action into the action plan, hung on the item: whether that was done, and a sentence."""
    it = round_of(scope, chosen)
    action = {
        "outcome": it.instrument.item(item).text,
        "measure": f"Score of “{it.instrument.item(item).name}” in the system questionnaire",
        "actions": what.strip(),
        "owner_agency": agency.strip(),
        "owner_role": role.strip(),
        "by_when": by_when,
        "status": "not started",
        "links": [(ITEM, _reference(it, item))],
    }
    if not what.strip():
        return False, "Please say what will be done."
    try:
        require(scope, PLAN)
        standing = {"standing": it.standing} if it.banner else {}
        the_store().plans.add(action, author=scope.signature, as_role=scope.role, **standing)
    except (NotAllowed, StoreError) as error:
        return False, str(error)
    return True, "The action is in the action plan."
