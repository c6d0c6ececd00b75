"""What the measures count, reckoned once for all questions: slim frames of day numbers, months, marks and groups.

A day is a whole number (`…`), its month stands beside it (`…_m`); a mark is 0 or 1. Nothing here depends on the day
that figures are taken on, so any month can be asked of the same facts.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache

import narwhals as nw

from metrics.activity.definitions import FOLDER, Rules
from metrics.activity.drift import idle_spells
from metrics.activity.engine import beside, day, held, month, only, short, with_months, year_after, yes
from metrics.activity.families import links, referred
from metrics.activity.placing import BY, Placing
from metrics.activity.prepare import Prepared
from metrics.activity.progress import by_episode
from metrics.cases import CASE_TABLES, TEXT
from metrics.working_days import overdue_from

NOT_RECORDED = ("UNKNOWN", "not_recorded")  # what systems write into a cell that nobody filled
IDS = ("episode_id", "family_id", "person_id", "assessment_id", "referral_id")
Facts = Mapping[str, nw.LazyFrame]
Keys = tuple[str, ...]


def facts(prepared: Prepared, rules: Rules, by: Sequence[str]) -> Facts:
    """Name → frame: `episode`, `assessment`, `review`, `drift`, `referral`, `audit` and so on, of the tables there.

    They hold the groups asked for; of tables in memory all, so that they are worked out but once.
    """
    for known, keys, made in prepared.facts:
        if known == rules.key and set(by) <= set(keys):
            return made
    keys = BY if prepared.eager else tuple(k for k in BY if k in by)
    made = _facts(prepared, rules, keys)
    prepared.facts.append((rules.key, keys, made))
    return made


def _facts(prepared: Prepared, rules: Rules, keys: Keys) -> Facts:
    plain = {name: short(frame, IDS) for name, frame in prepared.plain.items()}
    put = Placing(plain, prepared.places, rules, keys)
    # Of episodes and assessments the agency is counted also where nothing is split by it.
    whose = Placing(plain, prepared.places, rules, (*keys, "agency", "agency_type"))
    made: dict[str, nw.LazyFrame] = {}
    known = calls = None
    if "episode" in plain:
        known = held(_known(whose.episodes(plain["episode"]), whose.keys), groups=(*whose.keys, "worker"))
    if "referral" in plain:
        calls = held(referred(put.referrals(plain["referral"]), keys), groups=keys)
    if known is not None:
        made["episode"] = _episodes(plain, known, calls, rules)
        if "review" in plain:
            made["review"] = _reviews(plain["review"], known, keys)
            made["drift"] = held(idle_spells(plain, known, rules.drift_reviews, keys))
    if "assessment" in plain:
        placed = whose.assessments(plain["assessment"], known)
        made["assessment"] = _assessments(placed, known, rules, whose.keys)
    if calls is not None:
        made["referral"] = held(links(calls, known, rules))
    if "feedback" in plain and known is not None:
        made["feedback"] = _timed(put.under(plain["feedback"], known, "episode_id"), keys, day="date", also=("score",))
    return made | _others(plain, put, known)


@cache
def polarity(*kinds: str) -> tuple[str, ...]:
    """The codes of closure reasons of these polarities, as `closure_reasons.csv` says."""
    rows = csv.DictReader((FOLDER / "closure_reasons.csv").read_text(encoding="utf-8").splitlines())
    return tuple(row["code"] for row in rows if row["polarity"] in kinds)


def _known(frame: nw.LazyFrame, keys: Keys) -> nw.LazyFrame:
    """Of every episode: its id, family, first and last day, what its closure was, and its groups."""
    reason = nw.col("end_reason")
    return frame.filter(~nw.col("start_date").is_null()).select(
        "episode_id",
        "kin",
        *keys,
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
    for part in by_episode(tables, known, calls, rules):  # one after the other: together they would fill the memory
        frame = held(frame.join(held(part), on="episode_id", how="left"))
    plan = nw.col("plan") if "plan" in tables else nw.lit(None, nw.Int32)
    frame = frame.with_columns(plan_due=nw.col("start") + rules.plan_days, length=nw.col("end") - nw.col("start"))
    early = nw.when(plan < nw.col("plan_due")).then(nw.col("plan_due")).otherwise(plan)
    frame = frame.with_columns(planned=early)
    days = ["plan_due", "planned", "year", *(["first_due"] if "review" in tables else [])]
    return held(with_months(frame.drop("episode_id"), *days))


def _reviews(frame: nw.LazyFrame, known: nw.LazyFrame, keys: Keys) -> nw.LazyFrame:
    rows = frame.select(
        "episode_id",
        due=day(frame, "due_date"),
        due_m=month(frame, "due_date"),
        held=day(frame, "held_date"),
        held_m=month(frame, "held_date"),
        filled=_filled("review", "held_date"),
    )
    return held(rows.join(known.select("episode_id", "end", *keys), on="episode_id").drop("episode_id"))


def _assessments(frame: nw.LazyFrame, known: nw.LazyFrame | None, rules: Rules, keys: Keys) -> nw.LazyFrame:
    """`left`: the day on which an assessment stopped being open, complete or because its episode had ended."""
    rows = frame.filter(~nw.col("start_date").is_null()).select(
        "episode_id",
        *keys,
        start=day(frame, "start_date"),
        start_m=month(frame, "start_date"),
        complete=day(frame, "complete_date"),
        complete_m=month(frame, "complete_date"),
        filled=_filled("assessment", "start_date"),
    )
    if known is None:
        rows = rows.with_columns(closed=nw.lit(None, nw.Int32))
    else:
        rows = rows.join(known.select("episode_id", closed="end"), on="episode_id", how="left")
    rows = rows.with_columns(closed=only(nw.col("closed") >= nw.col("start"), nw.col("closed")))
    first = nw.col("complete").is_null() | (nw.col("closed") < nw.col("complete"))
    rows = rows.with_columns(left=nw.when(first).then("closed").otherwise("complete")).drop("closed", "episode_id")
    late = beside(frame, overdue_from(rules.assessment_working_days))
    rows = rows.join(late, on="start", how="left")
    return held(with_months(rows, "left", "overdue"), groups=keys)


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
        if CASE_TABLES[table].columns[column] is TEXT and column not in IDS:
            empty = empty | nw.col(column).is_in(list(NOT_RECORDED))
        total = total + nw.when(empty).then(nw.lit(0)).otherwise(nw.lit(1))
    return total


def _others(plain: Mapping[str, nw.LazyFrame], put: Placing, known: nw.LazyFrame | None) -> dict[str, nw.LazyFrame]:
    """The smaller tables: audits with their answers and actions, forum actions, spend."""
    made, keys = {}, put.keys
    if "audit" in plain:
        frame = held(put.audits(plain["audit"], known, plain.get("assessment")))
        again = frame.filter(~nw.col("parent_audit_id").is_null()).select(
            audit_id="parent_audit_id", again=day(frame, "completed_date")
        )
        again = again.group_by("audit_id").agg(nw.col("again").min())
        made["audit"] = held(
            frame.join(again, on="audit_id", how="left").select(
                *keys, "again", "round_id", "stratum", "auditor_grade", "moderator_grade", "final_grade",
                done=day(frame, "completed_date"),
                done_m=month(frame, "completed_date"),
                repeat=1 - yes(nw.col("parent_audit_id").is_null()),
            ),
            groups=keys,
        )  # fmt: skip
        if "audit_answer" in plain:
            done = frame.select(
                "audit_id", *keys, done=day(frame, "completed_date"), done_m=month(frame, "completed_date")
            )
            made["audit_answer"] = held(plain["audit_answer"].join(done, on="audit_id"), groups=keys)
        if "audit_action" in plain:
            actions = put.agency(put.under(plain["audit_action"], frame, "audit_id"), "owner_agency_id")
            made["audit_action"] = _timed(actions, keys, due="due_date", done="done_date")
    if "audit_plan" in plain:
        columns = ("round_id", "stratum", "frame_size", "planned")
        made["audit_plan"] = _timed(plain["audit_plan"], (), due="due_date", also=columns)
    if "spend" in plain:
        made["spend"] = _timed(put.spend(plain["spend"]), keys, day="date", also=("pounds",))
    if "forum_item" in plain and "forum" in plain:
        frame = put.forum_items(plain["forum_item"], plain["forum"]).filter(~nw.col("next_meeting").is_null())
        days = {"met": "next_meeting", "due": "due_date", "done": "done_date"}
        meets = frame.select(*keys, **{name: day(frame, column) for name, column in days.items()})
        asked = nw.when(nw.col("due") > nw.col("met")).then(nw.col("due")).otherwise(nw.col("met"))
        made["forum_item"] = held(with_months(meets.with_columns(asked=asked), "asked"), groups=keys)
    return made


def _timed(frame: nw.LazyFrame, keys: Keys, *, also: tuple[str, ...] = (), **dates: str) -> nw.LazyFrame:
    """Some columns, the groups, and for every date its day and its month."""
    days = {name: day(frame, column) for name, column in dates.items()}
    months = {f"{name}_m": month(frame, column) for name, column in dates.items()}
    return held(frame.select(*keys, *also, **days, **months), groups=keys)
