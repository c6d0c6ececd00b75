"""What is due at an agency lead's own agency today: reviews and assessments, by the case system's own numbers.

For the lead alone, who may see these cases: nobody else is given a single record of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from dashboard import words
from dashboard.access import AGENCY, CASES, ROLES, Scope
from dashboard.answers import case_records, people
from dashboard.answers.keep import kept
from metrics.activity import activity_rules, overdue
from metrics.forums import AHEAD, reviews_due

REVIEWS = ("Episode", "Family", "Due", "Days overdue")
ASSESSMENTS = ("Assessment", "Episode", "Began", "Working days")


@dataclass(frozen=True, slots=True)
class Listed:
    """One list in words; `numbers` are its columns of numbers."""

    name: str
    frame: pl.DataFrame
    numbers: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Due:
    sentence: str
    lists: Sequence[Listed]


@kept
def due(scope: Scope) -> Due | None:
    """What is due at the agencies of a scope; None for a role that is held to none, or without episodes."""
    role = ROLES.get(scope.role)
    if role is None or role.level != CASES or role.held_to != AGENCY or not case_records.has_episodes(scope):
        return None
    tables, day = case_records.tables(scope), case_records.as_at(scope)
    mine = _agencies(tables["agency"], scope)
    led = tables["episode"].filter(pl.col("lead_agency_id").is_in(mine))
    reviews = reviews_due({"review": tables["review"]}, led, as_at=day, until=day + timedelta(days=AHEAD))
    late = overdue(tables, as_at=day).filter(pl.col("agency_id").is_in(mine))
    past = reviews["overdue"].is_not_null().sum()
    limit = activity_rules().assessment_working_days
    return Due(
        f"On {words.day(day)}, {_are(past, 'review was', 'reviews were')} overdue and "
        f"{_are(reviews.height - past, 'more was', 'more were')} due in the next {AHEAD} days; "
        f"{_are(late.height, 'assessment was', 'assessments were')} open for more than {limit} working days.",
        [
            Listed(
                "Reviews due", _said(reviews, REVIEWS, "episode_id", "family_id", "due_date", "overdue"), REVIEWS[3:]
            ),
            Listed(
                "Assessments overdue",
                _said(late, ASSESSMENTS, "assessment_id", "episode_id", "start_date", "working_days"),
                ASSESSMENTS[3:],
            ),
        ],
    )


def looked(scope: Scope) -> None:
    """Put into the record that single records were looked at."""
    people.note(scope, "looked", f"activity: what is due at {', '.join(sorted(scope.agencies))}")


def _agencies(known: pl.DataFrame, scope: Scope) -> list[str]:
    """The agencies that a scope is held to, by number or by type."""
    held = pl.col("agency_id").is_in(sorted(scope.agencies)) | pl.col("agency_type").is_in(sorted(scope.agencies))
    return known.filter(held)["agency_id"].to_list()


def _are(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _said(rows: pl.DataFrame, heads: Sequence[str], *columns: str) -> pl.DataFrame:
    """The rows in words: days spelled out, a dash where nothing is recorded."""
    days = {c for c, kind in rows.schema.items() if kind == pl.Date}
    cells = [
        tuple(
            words.MISSING if v is None else words.day(v) if c in days else f"{v:,}" if isinstance(v, int) else str(v)
            for c, v in zip(columns, row, strict=True)
        )
        for row in rows.select(columns).iter_rows()
    ]
    return pl.DataFrame(cells, schema=dict.fromkeys(heads, pl.String), orient="row")
