"""What the measures count, reckoned once for all questions: slim frames of day numbers, months, marks and groups.

A day is a whole number (`…`), its month stands beside it (`…_m`); a mark is 0 or 1. Nothing here depends on the day
that figures are taken on, so any month can be asked of the same facts.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache

import narwhals as nw

from metrics.activity.definitions import FOLDER, Rules
from metrics.activity.drift import idle_spells
from metrics.activity.engine import beside, day, held, month, only, with_months, year_after, yes
from metrics.activity.families import links, referred
from metrics.activity.prepare import BY, Prepared
from metrics.activity.progress import by_episode
from metrics.cases import CASE_TABLES, TEXT
from metrics.journey_rows import closure_reasons
from metrics.working_days import overdue_from

NOT_RECORDED = ("UNKNOWN", "not_recorded")  # what systems write into a cell that nobody filled
Facts = Mapping[str, nw.LazyFrame]


def facts(prepared: Prepared, rules: Rules) -> Facts:
    """Name → frame: `episode`, `assessment`, `review`, `drift`, `referral`, `audit` and so on, of the tables there."""
    if rules.key not in prepared.facts:
        prepared.facts[rules.key] = _facts(prepared, rules)
    return prepared.facts[rules.key]


def _facts(prepared: Prepared, rules: Rules) -> Facts:
    plain = prepared.plain
    placed = {n: nw.from_native(prepared[n]).lazy() for n in plain}
    made: dict[str, nw.LazyFrame] = {}
    known = held(_known(placed["episode"]), groups=BY) if "episode" in plain else None
    calls = held(referred(placed["referral"]), groups=BY) if "referral" in plain else None
    if known is not None:
        made["episode"] = _episodes(plain, known, calls, rules)
        if "review" in plain:
            made["review"] = _reviews(plain["review"], known)
            made["drift"] = held(idle_spells(plain, known, rules.drift_reviews))
    if "assessment" in plain:
        made["assessment"] = _assessments(placed["assessment"], rules)
    if calls is not None:
        made["referral"] = held(links(calls, known, rules))
    if "feedback" in plain and known is not None:
        groups = known.select("episode_id", *BY)
        made["feedback"] = _timed(
            plain["feedback"].join(groups, on="episode_id", how="left"), day="date", also=("score",)
        )
    made |= _others(placed)
    return made


def polarity(*kinds: str) -> list[str]:
    """The codes of closure reasons of these polarities."""
    return [code for code, reason in closure_reasons().items() if reason.polarity in kinds]


def _known(frame: nw.LazyFrame) -> nw.LazyFrame:
    """Of every episode: its id, family, first and last day, what its closure was, and its groups."""
    reason = nw.col("end_reason")
    return frame.filter(~nw.col("start_date").is_null()).select(
        "episode_id",
        "kin",
        *BY,
        worker="lead_worker_id",
        start=day(frame, "start_date"),
        start_m=month(frame, "start_date"),
        end=day(frame, "end_date"),
        end_m=month(frame, "end_date"),
        outcome=1 - yes(reason.is_in(polarity("exclude", "exclude from outcome denominator"))),
        sound=1 - yes(reason.is_in(polarity("exclude"))),
        positive=yes(reason.is_in(polarity("positive"))),
        disengaged=yes(reason.is_in(polarity("disengaged"))),
        stepped_up=yes(reason.is_in(polarity("escalation"))),
        filled_start=_filled("episode", "start_date"),
        filled_end=_filled("episode", "end_date"),
        year=year_after(frame, "start_date") + 1,  # the first day on which it has been open for more than 12 months
    )


def _episodes(
    tables: Mapping[str, nw.LazyFrame], known: nw.LazyFrame, calls: nw.LazyFrame | None, rules: Rules
) -> nw.LazyFrame:
    """A row an episode, with what its plans, reviews, needs, readings, feedback and later contacts say of it."""
    frame = known
    for part in by_episode(tables, known, calls, rules):
        frame = frame.join(part, on="episode_id", how="left")
    plan = nw.col("plan") if "plan" in tables else nw.lit(None, nw.Int32)
    frame = frame.with_columns(plan_due=nw.col("start") + rules.plan_days, length=nw.col("end") - nw.col("start"))
    early = nw.when(plan < nw.col("plan_due")).then(nw.col("plan_due")).otherwise(plan)
    frame = frame.with_columns(planned=early)
    days = ["plan_due", "planned", "year", *(["first_due"] if "review" in tables else [])]
    return held(with_months(frame.drop("episode_id"), *days))


def _reviews(frame: nw.LazyFrame, known: nw.LazyFrame) -> nw.LazyFrame:
    rows = frame.select(
        "episode_id",
        due=day(frame, "due_date"),
        due_m=month(frame, "due_date"),
        held=day(frame, "held_date"),
        held_m=month(frame, "held_date"),
        filled=_filled("review", "held_date"),
    )
    return held(rows.join(known.select("episode_id", "end", *BY), on="episode_id").drop("episode_id"))


def _assessments(frame: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """`left`: the day on which an assessment stopped being open, complete or because its episode had ended."""
    closed = nw.lit(None, nw.Int32)
    if "episode_end" in frame.collect_schema().names():
        closed = day(frame, "episode_end")
    rows = frame.filter(~nw.col("start_date").is_null()).select(
        *BY,
        start=day(frame, "start_date"),
        start_m=month(frame, "start_date"),
        complete=day(frame, "complete_date"),
        complete_m=month(frame, "complete_date"),
        closed=closed,
        filled=_filled("assessment", "start_date"),
    )
    rows = rows.with_columns(closed=only(nw.col("closed") >= nw.col("start"), nw.col("closed")))
    first = nw.col("complete").is_null() | (nw.col("closed") < nw.col("complete"))
    rows = rows.with_columns(left=nw.when(first).then("closed").otherwise("complete")).drop("closed")
    late = beside(frame, overdue_from(rules.assessment_working_days))
    rows = rows.join(late, on="start", how="left")
    return held(with_months(rows, "left", "overdue"), groups=BY)


@cache
def mandatory(table: str, date: str) -> tuple[str, ...]:
    """Columns of a table that should be filled once a date is there, as `mandatory_cells.csv` says."""
    rows = csv.DictReader((FOLDER / "mandatory_cells.csv").read_text(encoding="utf-8").splitlines())
    return tuple(r["column"] for r in rows if (r["table"], r["date"]) == (table, date))


def _filled(table: str, date: str) -> nw.Expr:
    """How many of those columns are filled."""
    total: nw.Expr = nw.lit(0)
    for column in mandatory(table, date):
        empty = nw.col(column).is_null()
        if CASE_TABLES[table].columns[column] is TEXT:
            empty = empty | nw.col(column).is_in(list(NOT_RECORDED))
        total = total + nw.when(empty).then(nw.lit(0)).otherwise(nw.lit(1))
    return total


def _others(tables: Mapping[str, nw.LazyFrame]) -> dict[str, nw.LazyFrame]:
    """The smaller tables: audits with their answers and actions, forum actions, spend."""
    made = {}
    if "audit" in tables:
        frame = tables["audit"]
        again = frame.filter(~nw.col("parent_audit_id").is_null()).select(
            audit_id="parent_audit_id", again=day(frame, "completed_date")
        )
        again = again.group_by("audit_id").agg(nw.col("again").min())
        made["audit"] = held(
            frame.join(again, on="audit_id", how="left").select(
                *BY, "again", "round_id", "stratum", "auditor_grade", "moderator_grade", "final_grade",
                done=day(frame, "completed_date"),
                done_m=month(frame, "completed_date"),
                repeat=1 - yes(nw.col("parent_audit_id").is_null()),
            ),
            groups=BY,
        )  # fmt: skip
        if "audit_answer" in tables:
            done = frame.select("audit_id", done=day(frame, "completed_date"), done_m=month(frame, "completed_date"))
            answers = tables["audit_answer"].join(done, on="audit_id")
            made["audit_answer"] = held(answers.select(*BY, "question", "answer", "done", "done_m"), groups=BY)
        if "audit_action" in tables:
            made["audit_action"] = _timed(tables["audit_action"], due="due_date", done="done_date")
    if "audit_plan" in tables:
        made["audit_plan"] = _timed(tables["audit_plan"], due="due_date", also=("round_id", "stratum"), groups=())
    if "spend" in tables:
        made["spend"] = _timed(tables["spend"], day="date", also=("pounds",))
    if "forum_item" in tables and "next_meeting" in tables["forum_item"].collect_schema().names():
        frame = tables["forum_item"].filter(~nw.col("next_meeting").is_null())
        meets = frame.select(
            *BY, met=day(frame, "next_meeting"), due=day(frame, "due_date"), done=day(frame, "done_date")
        )
        asked = nw.when(nw.col("due") > nw.col("met")).then(nw.col("due")).otherwise(nw.col("met"))
        meets = meets.with_columns(asked=asked)
        made["forum_item"] = held(with_months(meets, "asked"), groups=BY)
    return made


def _timed(
    frame: nw.LazyFrame, *, also: tuple[str, ...] = (), groups: tuple[str, ...] = BY, **dates: str
) -> nw.LazyFrame:
    """Some columns, the groups, and for every date its day and its month."""
    days = {name: day(frame, column) for name, column in dates.items()}
    months = {f"{name}_m": month(frame, column) for name, column in dates.items()}
    if "frame_size" in frame.collect_schema().names():
        also = (*also, "frame_size", "planned")
    return held(frame.select(*groups, *also, **days, **months), groups=groups)
