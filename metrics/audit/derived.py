"""Questions that the case system answers: whether things were done in time. Nobody types these answers.

Limits of time are those of Activity (`activity.toml`). Each answer says what it was reckoned from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules, activity_rules
from metrics.audit.templates import MEASURES, NOT_APPLICABLE
from metrics.working_days import deadline, working_days

DERIVED = pl.Schema({"assessment_id": pl.String, "measure": pl.String, "answer": pl.String, "source": pl.String})
YEAR = 365  # days that an episode may be open before it counts as drifting
_Row = dict[str, Any]
_Answer = tuple[str, str]


def derived(
    tables: Mapping[str, Any], assessments: Sequence[str], *, as_at: date, rules: Rules | None = None
) -> pl.DataFrame:
    """For each assessment and each of `MEASURES` an answer (`yes`, `no`, `not_applicable`) and its source sentence.

    tables: case tables of any engine; `assessment`, and where there are such `episode`, `review`, `step_event`,
    `forum`, `forum_item`. What happened after `as_at` is not looked at. Columns: `DERIVED`.
    Raises `ValueError` for an assessment that the tables have not.
    """
    rules = rules or activity_rules()
    wanted = list(dict.fromkeys(assessments))
    found = {r["assessment_id"]: r for r in _rows(tables, "assessment", "assessment_id", wanted)}
    if missing := [a for a in wanted if a not in found]:
        raise ValueError(f"There is no assessment {missing[0]} in the case records.")
    episodes = {r["episode_id"] for r in found.values()} - {None}
    about = {r["episode_id"]: r for r in _rows(tables, "episode", "episode_id", episodes)}
    reviews = _gathered(_rows(tables, "review", "episode_id", episodes), "episode_id")
    steps = _gathered(_rows(tables, "step_event", "episode_id", episodes), "episode_id")
    families = {r["family_id"] for r in (*found.values(), *about.values())} - {None}
    items = _rows(tables, "forum_item", "family_id", families)
    days = {r["forum_id"]: r["date"] for r in _rows(tables, "forum", "forum_id", {r["forum_id"] for r in items})}
    talks = _gathered([r | {"date": days[r["forum_id"]]} for r in items if r["forum_id"] in days], "family_id")
    made = []
    for id in wanted:
        row = found[id]
        episode = about.get(row["episode_id"])
        held, moved = reviews.get(row["episode_id"], []), steps.get(row["episode_id"], [])
        family = row["family_id"] or (episode or {}).get("family_id")
        answers: dict[str, Callable[[], _Answer]] = {
            "assessment_in_time": lambda row=row: _assessment(row, as_at, rules),
            "reviews_in_time": lambda e=episode, held=held: _reviews(e, held, as_at),
            "drift_raised": lambda e=episode, h=held, m=moved, f=family: _drift(
                e, h, m, talks.get(f, []), as_at, rules
            ),
        }
        for measure in MEASURES:
            answer, why = answers[measure]()
            made.append((id, measure, answer, f"From the case system as at {_day(as_at)}: {why}."))
    return pl.DataFrame(made, schema=DERIVED, orient="row")


def _assessment(row: _Row, as_at: date, rules: Rules) -> _Answer:
    start, done, limit = row["start_date"], row["complete_date"], rules.assessment_working_days
    if done is None or done > as_at:
        last = deadline(start, limit)
        if last < as_at:
            return "no", f"begun on {_day(start)}, not finished, and due by {_day(last)} ({limit} working days)"
        return NOT_APPLICABLE, f"begun on {_day(start)}, not finished yet, and not due before {_day(last)}"
    took = pl.select(working_days(pl.lit(start), pl.lit(done))).item()
    answer = "yes" if took <= limit else "no"
    return answer, f"begun on {_day(start)}, finished on {_day(done)}, {took} working days of at most {limit}"


def _reviews(episode: _Row | None, reviews: Sequence[_Row], as_at: date) -> _Answer:
    """A review not held by its day falls away where the episode had closed before that day, as in Activity's M06."""
    end = episode["end_date"] if episode else None
    on_time, late = 0, []
    for review in sorted(reviews, key=lambda r: r["due_date"]):
        due, held = review["due_date"], review["held_date"]
        if due > as_at:
            continue
        if held is not None and held <= due:
            on_time += 1
        elif end is None or end >= due:
            late.append(f"due {_day(due)}, {'not held' if held is None or held > as_at else f'held {_day(held)}'}")
    if not on_time + len(late):
        return NOT_APPLICABLE, "no review has fallen due"
    told = f"{on_time} of {on_time + len(late)} reviews that fell due were held by their day"
    return ("no", f"{told}; {'; '.join(late)}") if late else ("yes", told)


def _drift(
    episode: _Row | None,
    reviews: Sequence[_Row],
    steps: Sequence[_Row],
    talks: Sequence[_Row],
    as_at: date,
    rules: Rules,
) -> _Answer:
    """Adrift: open for a year, or so many reviews in a row held without a change of level. Raised: the family was
    discussed at a forum, or stepped up, while the episode ran."""
    if episode is None:
        return NOT_APPLICABLE, "the assessment belongs to no episode"
    start, end = episode["start_date"], min(episode["end_date"] or as_at, as_at)
    why = []
    if start + timedelta(days=YEAR) <= end:
        why.append(f"open for more than a year, since {_day(start)}")
    events = [(r["held_date"], 1, r["level_after"], "review") for r in reviews if r["held_date"]]
    events += [(s["date"], 2, s["to_level"], "step") for s in steps]
    level, idle = episode["level_at_start"], 0
    for day, _, to, kind in sorted(events, key=lambda e: e[:2]):
        if day > end:
            break
        changed = to is not None and level is not None and to != level
        level = level if to is None else to
        idle = 0 if changed else idle + (kind == "review")
        if idle == rules.drift_reviews and kind == "review":
            why.append(f"{idle} reviews without a change of level by {_day(day)}")
    if not why:
        return NOT_APPLICABLE, f"no drift since {_day(start)}"
    raised = [(t["date"], "discussed at a forum") for t in talks if start <= t["date"] <= as_at]
    raised += [(s["date"], "stepped up") for s in steps if s["direction"] == "up" and s["date"] <= as_at]
    told = " and ".join(why)
    if not raised:
        return "no", f"{told}; neither discussed at a forum nor stepped up"
    day, how = min(raised)
    return "yes", f"{told}; {how} on {_day(day)}"


def _rows(tables: Mapping[str, Any], name: str, key: str, wanted: Any) -> list[_Row]:
    """Rows of a table whose key is among the wanted, with dates as such."""
    ids = [w for w in wanted if w is not None]
    if name not in tables or tables[name] is None or not ids:
        return []
    frame = nw.from_native(tables[name]).lazy().filter(nw.col(key).is_in(ids)).collect("polars").to_native()
    return frame.with_columns(pl.selectors.datetime().cast(pl.Date)).to_dicts()


def _gathered(rows: Sequence[_Row], key: str) -> dict[Any, list[_Row]]:
    made: dict[Any, list[_Row]] = {}
    for row in rows:
        made.setdefault(row[key], []).append(row)
    return made


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
