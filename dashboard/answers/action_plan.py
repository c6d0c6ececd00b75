"""Who has promised what, and is it done? The action plan as it stands, what is late first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import NotAllowed, Scope, may_open, title_of
from dashboard.answers import hung_on
from dashboard.answers.keep import the_store
from dashboard.answers.published import northamptonshire
from dashboard.store.plans import ENDED, pairs
from metrics.catalogue import catalogue
from metrics.definition_files import read_toml

_TERMS = read_toml("action_plan.toml")
STALE, SOON = timedelta(weeks=_TERMS["stale_weeks"]), timedelta(days=_TERMS["soon_days"])
STATUSES = {
    "open": "open actions",
    "overdue": "overdue",
    "stale": "not looked at",
    "ended": "done or closed",
    "all": "every action",
}
MINUTES = ("Action", "Owner", "Status", "What the meeting said")
EXAMPLE = "example"  # a plan that is there to be looked at, and counted nowhere
INVENTED = "Invented actions are among these: nobody promised them. They show how the page works."


@dataclass(frozen=True, slots=True)
class Item:
    """One action in the list, in words."""

    number: int
    outcome: str
    actions: str
    owner: str
    by_when: str
    state: Sequence[str]  # overdue, not looked at, due soon
    status: str
    looked: str  # when a meeting last looked at it, and what it said
    links: Sequence[str]
    reviewed: date | None


@dataclass(frozen=True, slots=True)
class Plan:
    sentence: str
    banners: Sequence[str]
    items: Sequence[Item]
    empty: bool  # nobody has put anything in yet


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen: code → words."""

    owners: Mapping[str, str]
    statuses: Mapping[str, str]
    indicators: Mapping[str, str]
    meetings: Mapping[str, str]


def actions(scope: Scope, *, today: date | None = None) -> pl.DataFrame:
    """Every action as it stands, what needs attention first: columns of `dashboard.store.plans.CURRENT`, `open`,
    `overdue`, `stale` and `soon`. Raises `NotAllowed`.

    Overdue: open, and its day has passed. Stale: open, and the last meeting did not look at it though it was in the
    plan, or none has for `STALE`. Read anew each time: it is short, and changes by the minute in a meeting.
    """
    if not may_open(scope, "action_plan"):
        raise NotAllowed(f"Your role ({title_of(scope)}) may not see the action plan.")
    return _stood(the_store().plans.current(), today or date.today())


def _stood(frame: pl.DataFrame, today: date) -> pl.DataFrame:
    last = frame["reviewed"].max()
    looked = pl.coalesce("reviewed", pl.col("begun_at").dt.date())  # what has just come in need not be looked at yet
    missed = pl.lit(False) if last is None else looked < last
    marked = frame.with_columns(
        (~pl.col("status").is_in(ENDED)).alias("open"),
    ).with_columns(
        (pl.col("open") & (pl.col("by_when") < today).fill_null(False)).alias("overdue"),
        (pl.col("open") & (missed | (looked < today - STALE))).alias("stale"),
        (pl.col("open") & pl.col("by_when").is_between(today, today + SOON).fill_null(False)).alias("soon"),
    )
    order = [pl.col(c) for c in ("open", "overdue", "stale")]
    return marked.sort(*order, "by_when", "action_id", descending=[True, True, True, False, False], nulls_last=True)


def options(scope: Scope) -> Options:
    """What the page's controls offer."""
    every = actions(scope)
    ours = every.filter(pl.col("standing") != EXAMPLE)
    owners = sorted(ours["owner_agency"].unique(), key=str.lower)
    hung = {it["reference"] for links in ours["links"] for it in links if it["kind"] == "indicator"}
    known = catalogue().indicators
    mine = hung | set(northamptonshire(catalogue()))
    example = {EXAMPLE: "an example: a plan of 2013"} if every.height > ours.height else {}
    return Options(
        {"": "every owner", **{name: name for name in owners}},
        STATUSES | example,
        {"": "any or none", **{code: f"{code} {known[code].name}" for code in known if code in mine}},
        {"": "as it stands now", **{day.isoformat(): words.day(day) for day in the_store().plans.meetings()}},
    )


def plan(
    scope: Scope, *, owner: str = "", status: str = "open", indicator: str = "", today: date | None = None
) -> Plan:
    """The plan in words. `status`: a key of `STATUSES`, or `EXAMPLE`."""
    every = actions(scope, today=today)
    ours = every.filter(pl.col("standing") != EXAMPLE)
    shown = every.filter(pl.col("standing") == EXAMPLE) if status == EXAMPLE else _of_status(ours, status)
    if owner:
        shown = shown.filter(pl.col("owner_agency") == owner)
    if indicator:
        shown = shown.filter(_hangs_on("indicator", indicator))
    banners = (INVENTED,) if (shown["standing"] == "invented").any() else ()
    names = hung_on.names(scope)
    items = [_item(row, names) for row in shown.iter_rows(named=True)]
    return Plan(_sentence(ours, today or date.today()), banners, items, every.is_empty())


def next_one(plan: Plan, number: int, meeting: date) -> int | None:
    """The next action of the list that this meeting has not looked at; None at its end. `number` 0: the first."""
    numbers = [item.number for item in plan.items]
    rest = plan.items[numbers.index(number) + 1 :] if number in numbers else plan.items
    return next((item.number for item in rest if item.reviewed != meeting and item.number != number), None)


def said_at(scope: Scope, meeting: date, *, today: date | None = None) -> tuple[str, list[tuple[str, ...]]]:
    """What a meeting noted: a sentence, and a row under `MINUTES` for each action that it looked at."""
    known = actions(scope, today=today)["action_id"]
    versions = (
        the_store()
        .plans.versions()
        .with_columns(
            pl.col("by_when").shift(1).over("action_id").alias("day_before"),
            (pl.col("version_id") == pl.col("version_id").first().over("action_id")).alias("first"),
        )
    )
    rows, counts = [], Counter()
    for row in (
        versions.filter(meeting=meeting).filter(pl.col("action_id").is_in(known.implode())).iter_rows(named=True)
    ):
        forward = row["by_when"] and row["by_when"] != row["day_before"] and not row["first"]
        counts["carried forward" if forward else row["status"]] += 1
        said = f"{row['status']}, carried forward to {words.day(row['by_when'])}" if forward else row["status"]
        rows.append((row["outcome"], owner(row), said, row["note"] or "–"))
    which = words.listed([f"{count} {said}" for said, count in counts.items()])
    looked = f"The meeting of {words.day(meeting)} looked at {len(rows)} {'action' if len(rows) == 1 else 'actions'}"
    return f"{looked}{': ' if which else ''}{which}.", rows


def hanging_on(scope: Scope, kind: str, reference: str, *, today: date | None = None) -> list[Item]:
    """The actions that hang on one indicator, questionnaire item or audit theme, open ones first; none for a role that
    may not see the plan."""
    if not may_open(scope, "action_plan"):
        return []
    found = actions(scope, today=today).filter(_hangs_on(kind, reference), pl.col("standing") != EXAMPLE)
    names = hung_on.names(scope)
    return [_item(row, names) for row in found.iter_rows(named=True)]


def _of_status(ours: pl.DataFrame, status: str) -> pl.DataFrame:
    if status == "ended":
        return ours.filter(~pl.col("open"))
    return ours if status == "all" else ours.filter(status)


def _hangs_on(kind: str, reference: str) -> pl.Expr:
    it = pl.element().struct
    wanted = (it.field("kind") == kind) & (it.field("reference") == reference)
    return pl.col("links").list.eval(wanted).list.any()


def _sentence(ours: pl.DataFrame, today: date) -> str:
    """Read out at the head of a meeting."""
    if ours.is_empty():
        return "No action is in the plan yet."
    ended = {status: ours.filter(pl.col("status") == status).height for status in ENDED}
    over = [f"{count} {_is(count)} {status}" for status, count in ended.items() if count]
    standing = ours.filter("open")
    if standing.is_empty():
        return f"No action is open: {words.listed(over)}."
    late, stale = standing["overdue"].sum(), standing["stale"].sum()
    last = ours["reviewed"].max()
    if last is None:
        seen = "no meeting has looked at the plan yet"
    elif last < today - STALE:
        seen = f"no meeting has looked at the plan since {words.day(last)}"
    elif stale:
        seen = f"the last meeting, on {words.day(last)}, did not look at {stale} of them"
    else:
        seen = f"the last meeting, on {words.day(last)}, looked at every one that was in the plan"
    said = f"Of {standing.height} open {'action' if standing.height == 1 else 'actions'}, {late or 'none'} {_is(late)}"
    return f"{said} overdue, and {seen}." + (f" Beside them, {words.listed(over)}." if over else "")


def _is(count: int) -> str:
    return "is" if count in (0, 1) else "are"


def _item(row: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> Item:
    looked = words.day(row["reviewed"]) or "not yet"
    if row["meeting"] and row["note"]:
        looked = f"{looked}: {row['note']}"
    marks = {"overdue": "overdue", "stale": "not looked at", "soon": "due soon"}
    return Item(
        row["action_id"],
        row["outcome"],
        row["actions"] or row["measure"],
        owner(row),
        words.day(row["by_when"]) or "no day set",
        [word for column, word in marks.items() if row[column]],
        row["status"],
        looked,
        [_short(link, names) for link in pairs(row["links"])],
        row["reviewed"],
    )


def _short(link: tuple[str, str], names: Mapping[tuple[str, str], str]) -> str:
    """What an action hangs on, short enough for a list: `S1`, the item's name, `audit N6`."""
    kind, reference = link
    if kind == hung_on.ITEM:
        return names.get(link, reference)
    return f"audit {reference}" if kind == hung_on.THEME else reference


def owner(row: Mapping[str, Any]) -> str:
    """`Northamptonshire Police, neighbourhood inspector`: agency and role."""
    return ", ".join(filter(None, (row["owner_agency"], row["owner_role"])))


def caption(plan: Plan, status: str) -> str:
    """What stands over the list."""
    return f"{len(plan.items)} {'action' if len(plan.items) == 1 else 'actions'}: {status}, what is late first"


def about() -> dict[str, str]:
    """What stands under the page."""
    return {
        "definition": "An action says what is to be better, how that is measured, who does what by when. Overdue: open "
        "though its day has passed. Not looked at: open, and the last meeting did not look at it, or no meeting has "
        f"for {STALE.days // 7} weeks. Due soon: within {SOON.days} days.",
        "source": "Written here by those who take part in the partnership, or brought in as a file.",
        "method": "Every version is kept, with who wrote it and when. An action that is closed says why.",
        "exclusions": "An example plan is counted nowhere.",
        "limits": "An action that is done need not have changed anything: the indicator that it hangs on says that.",
    }
