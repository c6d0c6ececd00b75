"""The page “Forum”: what one forum area has had since its last meeting.

Who is held to a forum area and may see cases gets the pseudonymous rows of that area, and of no other. Everybody else
gets counts, after disclosure control.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from dashboard import words
from dashboard.access import CASES, FORUM_AREA, ROLES, NotAllowed, Scope
from dashboard.answers import case_records, people, places
from dashboard.answers.journeys import INVENTED_SOURCE, SOURCE
from dashboard.answers.keep import kept, kept_with_records
from metrics import forums
from metrics.disclosure import suppress
from metrics.disclosure.totals import TOTALS

NEEDED = ("episode", "forum", "forum_item", "review", "step_event")
COUNTED: Mapping[str, tuple[str, str]] = {  # measure → what it is called, what to do
    "new": ("New episodes", "Agree who leads, and whether the forum is needed."),
    "stepped_up": ("Stepped up", "Ask what was tried before, and who stays with the family."),
    "drifting": ("Drifting", "Open over 12 months, or three reviews without a change: change the plan or close."),
    "actions_overdue": ("Actions not done, overdue", "Ask the owner what stands in the way."),
    "actions_to_do": ("Actions not done, not yet due", "Read out, with the day they are due."),
    "reviews_overdue": ("Reviews overdue", "Set a day with the lead professional."),
    "reviews_to_come": ("Reviews due by the next meeting", "See that a day is set."),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One list of the page in words; `numbers` are its columns of numbers."""

    name: str
    lead: str
    frame: pl.DataFrame
    numbers: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Forum:
    """The page's content. `cases`: whether the lists hold single, pseudonymous records of the area."""

    sentence: str
    cases: bool
    lists: Sequence[Listed]
    chosen: Mapping[str, str]
    source: str


@kept
def areas(scope: Scope) -> dict[str, str]:
    """The forum areas that may be chosen: a coordinator's own, everybody else's all; empty without case records."""
    if case_records.as_at(scope) is None:
        return {}
    every = places.names(scope, "forum")
    role = ROLES.get(scope.role)
    if role is None or role.held_to == FORUM_AREA:
        return {code: name for code, name in every.items() if code in scope.forum_areas}
    return dict(every)


def sees_cases(scope: Scope, area: str) -> bool:
    """Whether single records of this area may be shown: level of cases, held to forum areas, and this is one."""
    role = ROLES.get(scope.role)
    return role is not None and role.level == CASES and role.held_to == FORUM_AREA and area in scope.forum_areas


def looked(scope: Scope, area: str) -> None:
    """Put into the record that single records of the area were looked at."""
    people.note(scope, "looked", f"forum: records of {area}")


@kept
def forum(scope: Scope, area: str) -> Forum:
    """What the area has had since its last meeting. Raises `NotAllowed` for an area that the scope has not."""
    if area not in areas(scope):
        raise NotAllowed("This forum area is not open to your role.")
    cases, name = sees_cases(scope, area), places.names(scope, "forum")[area]
    as_at = case_records.as_at(scope)
    rows = _counts(scope).filter(group=area)
    counts = {row["measure"]: row for row in rows.iter_rows(named=True)}
    last, until = _meetings(scope)[area]
    if cases:
        lists = _lists(scope, forums.since_last(_tables(scope), forum_area=area, as_at=as_at))
    else:
        lists = [_counted(counts)]
    return Forum(
        _sentence(counts, name, last, as_at, lists if cases else None),
        cases,
        lists,
        {
            "Forum area": name,
            "Last meeting": words.day(last) or "none recorded",
            "Next meeting": words.day(until),
            "Records up to": words.day(as_at),
        },
        INVENTED_SOURCE if case_records.invented(scope) else SOURCE,
    )


def reckon(scope: Scope) -> None:
    """Reckon the counts before the first visitor asks; nothing without records."""
    if case_records.has_episodes(scope):
        _meetings(scope), _counts(scope)


def _tables(scope: Scope) -> dict[str, pl.DataFrame]:
    prepared = case_records.tables(scope)
    return {name: prepared[name] for name in NEEDED if name in prepared}


@kept_with_records
def _meetings(scope: Scope) -> dict[str, tuple[date | None, date]]:
    return {
        area: forums.meetings(_tables(scope), forum_area=area, as_at=case_records.as_at(scope))
        for area in places.names(scope, "forum")
    }


@kept_with_records
def _counts(scope: Scope) -> pl.DataFrame:
    """Counts of every forum area, small ones hidden. No total of areas or of lists is shown anywhere."""
    made = forums.counts(_tables(scope), forum_areas=[*places.names(scope, "forum")], as_at=case_records.as_at(scope))
    return suppress(made.with_columns(pl.lit(None, pl.Int64).alias("n")), totals=pl.DataFrame(schema=TOTALS))


# ---- in words


def _sentence(counts: Mapping[str, dict], name: str, last: date | None, as_at: date, lists) -> str:
    since = f"Since the forum's meeting of {words.day(last)}" if last else "In all that is recorded"
    if lists is not None:
        number = {made.name: words.number(made.frame.height, decimals=0) for made in lists}
        new, up, late, idle = (number[n] for n in ("New episodes", "Stepped up", "Actions not done", "Drifting"))
        late = f"{late} actions are not done"
    else:
        new, up, late, idle = (_number(counts, m) for m in ("new", "stepped_up", "actions_overdue", "drifting"))
        late = f"{late} actions are overdue"
    return (
        f"{since}, up to {words.day(as_at)}, {name} had {new} new episodes and {up} stepped up; {late}, and {idle} "
        "episodes drift."
    )


def _number(counts: Mapping[str, dict], measure: str) -> str:
    row = counts[measure]
    return words.value(row["numerator"], decimals=0, status=row["status"])


def _counted(counts: Mapping[str, dict]) -> Listed:
    rows = [(name, _number(counts, measure), to_do) for measure, (name, to_do) in COUNTED.items()]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("What", "How many", "What to do"), pl.String), orient="row")
    lead = "Counts of 1 to 5 are hidden: [c]. The coordinator of the area sees the records behind them."
    return Listed("Before the forum", lead, frame, ("How many",))


def _lists(scope: Scope, made: forums.SinceLast) -> list[Listed]:
    names = dict(case_records.agencies(scope))
    agency = {"Lead agency": "lead_agency_id", "Owner": "owner_agency_id"}
    reason = pl.when(pl.col("drift_long") & pl.col("drift_reviews")).then(
        pl.lit("over 12 months; three reviews without a change")
    )
    reason = (
        reason.when("drift_long").then(pl.lit("over 12 months")).otherwise(pl.lit("three reviews without a change"))
    )
    columns: dict[str, tuple[pl.DataFrame, dict[str, str]]] = {
        "stepped_up": (
            made.stepped_up,
            {"Episode": "episode_id", "Family": "family_id", "Stepped up": "date", "From": "from_level",
             "To": "to_level", "Accepted": "accepted_date"},
        ),
        "new": (
            made.new,
            {"Episode": "episode_id", "Family": "family_id", "Began": "start_date", "Level": "level_at_start",
             "Lead agency": agency["Lead agency"]},
        ),
        "actions": (
            made.actions,
            {"Action": "item_id", "Owner": agency["Owner"], "Days overdue": "overdue", "Due": "due_date",
             "Agreed": "met", "Family": "family_id"},
        ),
        "drifting": (
            made.drifting.with_columns(reason.alias("reason")),
            {"Episode": "episode_id", "Family": "family_id", "Open since": "start_date", "Why": "reason"},
        ),
        "reviews": (
            made.reviews,
            {"Episode": "episode_id", "Family": "family_id", "Days overdue": "overdue", "Due": "due_date"},
        ),
    }  # fmt: skip
    titles = {
        "stepped_up": ("Stepped up", "To a higher level of need since the last meeting."),
        "new": ("New episodes", "Begun since the last meeting."),
        "actions": ("Actions not done", "Agreed at the forum and not done, the longest overdue first."),
        "drifting": (
            "Drifting",
            "Open over 12 months, or three reviews held in turn without a change of level; the longest open first.",
        ),
        "reviews": ("Reviews due", "Due by the next meeting and not held, the longest overdue first."),
    }
    number = ("Days overdue", "Level", "From", "To")
    return [
        Listed(*titles[key], _said(frame, shown, names), [c for c in shown if c in number])
        for key, (frame, shown) in columns.items()
    ]


def _said(frame: pl.DataFrame, shown: Mapping[str, str], agencies: Mapping[str, str]) -> pl.DataFrame:
    """The rows in words: days spelled out, agencies by name, a dash where nothing is recorded."""

    def cell(value: object, column: str) -> str:
        if value is None:
            return words.MISSING
        if column.endswith("agency_id"):
            return agencies.get(str(value), str(value))
        if isinstance(value, int):
            return words.number(value, decimals=0)
        return words.day(value) if isinstance(value, date) else str(value)

    picked = frame.select(list(shown.values()))
    rows = [tuple(cell(v, c) for v, c in zip(row, shown.values(), strict=True)) for row in picked.iter_rows()]
    return pl.DataFrame(rows, schema=dict.fromkeys(shown, pl.String), orient="row")


def about(scope: Scope) -> dict[str, str]:
    """What stands under the page: fields of `components.About`."""
    return {
        "definition": (
            "New: episodes that began after the day of the last meeting, of families who live in the area. Actions: "
            "agreed at a forum of the area up to the last meeting, not done. Reviews: of open episodes, due by the "
            f"next meeting ({forums.AHEAD} days ahead where none is planned) and not held, one for each episode."
        ),
        "source": INVENTED_SOURCE if case_records.invented(scope) else SOURCE,
        "last_update": str(case_records.as_at(scope) or ""),
        "exclusions": "Episodes opened in error. Families whose area is not recorded are in no forum area's list.",
        "method": "Identifiers are pseudonyms, made when the records were loaded. No practitioner is named.",
        "limits": "What was agreed by word of mouth and not recorded is not here.",
    }
