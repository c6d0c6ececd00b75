"""What the measures count, reckoned once for all questions: counts by day and group, and a few slim frames of rows.

A day is a whole number (`…`), its month stands beside it (`…_m`); a mark is 0 or 1. Nothing here depends on the day
that figures are taken on, so any month can be asked of the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import narwhals as nw

from metrics.activity.definitions import Rules
from metrics.activity.drift import idle_spells
from metrics.activity.engine import (
    beside,
    daily,
    day,
    flow,
    held,
    month,
    only,
    short,
    small,
    with_months,
    year_after,
    yes,
)  # fmt: skip
from metrics.activity.families import links
from metrics.activity.placing import BY, Placing
from metrics.activity.prepare import Prepared
from metrics.activity.progress import by_episode, later
from metrics.cases import CASE_TABLES, TEXT
from metrics.definition_files import csv_rows
from metrics.working_days import overdue_from

NOT_RECORDED = ("UNKNOWN", "not_recorded")  # what systems write into a cell that nobody filled
IDS = ("episode_id", "family_id", "person_id", "assessment_id", "referral_id")
MARKS = ("outcome", "sound", "positive", "disengaged", "stepped_up")  # of a closure
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
    put = Placing(plain, prepared.places, rules, keys, codes=True)
    # Of episodes and assessments the agency is counted also where nothing is split by it.
    whose = Placing(plain, prepared.places, rules, (*keys, "agency", "agency_type"), codes=True)
    made: dict[str, nw.LazyFrame] = {}
    known = calls = None
    if "episode" in plain:
        known = held(_known(whose, plain["episode"]), groups=(*whose.keys, "worker"))
        made["episode"] = known.select("kin", *whose.keys, "worker", "start", "start_m", "end", "end_m", "length")
    if "referral" in plain:
        calls = held(_calls(put, plain["referral"]), groups=keys)
    if known is not None:
        made |= _episodes(plain, known, calls, rules, keys)
        if "review" in plain:
            made |= _reviews(plain["review"], known, keys)
            made["long"] = flow(known, keys, "year", "end")
            made["idle"] = flow(idle_spells(plain, known, rules.drift_reviews, keys), keys, "enter", "exit")
    if calls is not None:
        made |= _referrals(links(calls, known, rules), keys)
    if "assessment" in plain:
        made |= _assessments(whose, plain["assessment"], known, rules, keys)
    if "feedback" in plain and known is not None:
        made["feedback"] = _feedback(put.under(plain["feedback"], known, "episode_id"), keys, rules)
    return made | _others(plain, put, known)


@cache
def polarity(*kinds: str) -> tuple[str, ...]:
    """The codes of closure reasons of these polarities, as `closure_reasons.csv` says."""
    rows = csv_rows("closure_reasons.csv")
    return tuple(row["code"] for row in rows if row["polarity"] in kinds)


def _known(whose: Placing, frame: nw.LazyFrame) -> nw.LazyFrame:
    """Of every episode: its id, family, first and last day, what its closure was, and its groups."""
    reason = nw.col("end_reason")
    slim = frame.filter(~nw.col("start_date").is_null()).select(
        *("episode_id", "family_id", "person_id", "lsoa", "lead_agency_id", "level_at_start", "start_date"),
        worker="lead_worker_id",
        start=day(frame, "start_date"),
        start_m=month(frame, "start_date"),
        end=day(frame, "end_date"),
        end_m=month(frame, "end_date"),
        year=year_after(frame, "start_date") + 1,  # the first day on which it has been open for more than 12 months
        outcome=1 - yes(reason.is_in(polarity("exclude", "exclude from outcome denominator"))),
        sound=1 - yes(reason.is_in(polarity("exclude"))),
        positive=yes(reason.is_in(polarity("positive"))),
        disengaged=yes(reason.is_in(polarity("disengaged"))),
        stepped_up=yes(reason.is_in(polarity("escalation"))),
        filled_start=_filled("episode", "start_date"),
        filled_end=_filled("episode", "end_date"),
    )
    slim = small(slim, (*MARKS, "filled_start", "filled_end")).with_columns(length=nw.col("end") - nw.col("start"))
    names = ("worker", "start", "start_m", "end", "end_m", "year", "length", *MARKS, "filled_start", "filled_end")
    return whose.episodes(slim).select("episode_id", "kin", *whose.keys, *names)


def _calls(put: Placing, frame: nw.LazyFrame) -> nw.LazyFrame:
    """A row a referral: `referral_id`, `kin`, `date`, `closed` (days), mark `stepped_down`, groups."""
    slim = frame.filter(~nw.col("date").is_null()).select(
        *("referral_id", "family_id", "person_id", "lsoa"),
        made="date",
        closed=day(frame, "close_date"),
        stepped_down=yes(nw.col("to_early_help") == nw.lit(True)),
    )
    placed = put.referrals(small(slim, ["stepped_down"]), "made")
    return placed.select("referral_id", "kin", *put.keys, "closed", "stepped_down", date=day(placed, "made"))


def _episodes(
    tables: Mapping[str, nw.LazyFrame], known: nw.LazyFrame, calls: nw.LazyFrame | None, rules: Rules, keys: Keys
) -> dict[str, nw.LazyFrame]:
    """What plans, reviews, needs, readings, feedback and later contacts say of episodes, by day and group."""
    frame = known.drop("start_m", "year", "length")
    for part in by_episode(tables, known, calls, rules):  # one after the other: together they would fill the memory
        frame = held(frame.join(held(part), on="episode_id", how="left"))
    columns = set(frame.collect_schema().names())
    made = {
        "opening": daily(frame.select(*keys, "start", filled="filled_start", n=nw.lit(1)), keys, "start"),
        "episode_open": flow(
            frame.with_columns(
                worker_known=yes(~nw.col("worker").is_null()), agency_known=yes(~nw.col("agency").is_null())
            ),
            keys, "start", "end", "worker_known", "agency_known",
        ),
    }  # fmt: skip
    plan = nw.col("plan") if "plan" in columns else nw.lit(None, nw.Int32)
    plans = frame.select(*keys, "end", plan=plan, plan_due=nw.col("start") + rules.plan_days)
    early = nw.when(nw.col("plan") < nw.col("plan_due")).then(nw.col("plan_due")).otherwise(nw.col("plan"))
    plans = plans.with_columns(planned=early)
    made |= {entered: flow(plans, keys, entered, "end") for entered in ("plan_due", "planned")}
    if "first_due" in columns:
        made["first_review"] = daily(_in_time(frame, keys, "first_due", "first_held"), keys, "due")
    marks = later(tables, rules)
    if "answered" in columns:
        marks["answered"] = yes(nw.col("answered") <= nw.col("end") + rules.feedback_days)
    if "pairs" in columns:
        marks |= {c: nw.col(c).fill_null(0) for c in ("pairs", "improved", "change", "change_squared")}
    closed = frame.filter(~nw.col("end").is_null())
    made["closure"] = daily(closed.select(*keys, *MARKS, "end", filled="filled_end", n=nw.lit(1), **marks), keys, "end")
    if "needs" in columns:
        families = closed.filter(nw.col("outcome") == 1, nw.col("needs") > 0, ~nw.col("kin").is_null())
        made["family_closure"] = held(families.select(*keys, "kin", "end", "end_m", "needs", "resolved"))
    return made


def _in_time(frame: nw.LazyFrame, keys: Keys, due: str, done: str) -> nw.LazyFrame:
    """A review that is not held by its day falls away where the episode had closed before that day."""
    in_time = ~nw.col(done).is_null() & (nw.col(done) <= nw.col(due))
    counted = in_time | nw.col("end").is_null() | (nw.col("end") >= nw.col(due))
    return frame.select(*keys, due=due, in_time=yes(in_time), counted=yes(counted))


def _reviews(frame: nw.LazyFrame, known: nw.LazyFrame, keys: Keys) -> dict[str, nw.LazyFrame]:
    rows = frame.select(
        "episode_id",
        due=day(frame, "due_date"),
        held=day(frame, "held_date"),
        filled=_filled("review", "held_date"),
    )
    rows = held(small(rows, ["filled"]).join(known.select("episode_id", "end", *keys), on="episode_id"))
    return {
        "review": daily(_in_time(rows, keys, "due", "held"), keys, "due"),
        "review_held": daily(rows.select(*keys, "held", "filled", n=nw.lit(1)), keys, "held"),
    }


def _referrals(frame: nw.LazyFrame, keys: Keys) -> dict[str, nw.LazyFrame]:
    rows = held(frame)
    down = rows.filter(nw.col("stepped_down") == 1)
    return {
        "referral": daily(rows.select(*keys, "date", "earlier", n=nw.lit(1)), keys, "date"),
        "step_down": daily(down.select(*keys, "closed", "taken_up", n=nw.lit(1)), keys, "closed"),
    }


def _assessments(
    whose: Placing, frame: nw.LazyFrame, known: nw.LazyFrame | None, rules: Rules, keys: Keys
) -> dict[str, nw.LazyFrame]:
    """Begun, completed, and open: until complete, or until the episode has ended."""
    complete, typed = nw.col("complete"), tuple(dict.fromkeys((*keys, "agency_type")))
    slim = frame.filter(~nw.col("start_date").is_null()).select(
        *("episode_id", "family_id", "person_id", "lsoa", "agency_id", "start_date"),
        start=day(frame, "start_date"),
        complete=day(frame, "complete_date"),
        filled=_filled("assessment", "start_date"),
    )
    rows = whose.assessments(small(slim, ["filled"]), known, also={} if known is None else {"closed": "end"})
    if known is None:
        rows = rows.with_columns(closed=nw.lit(None, nw.Int32))
    rows = rows.select(*typed, "start", "complete", "filled", "closed")
    rows = rows.join(beside(frame, overdue_from(rules.assessment_working_days)), on="start", how="left")
    rows = rows.with_columns(closed=only(nw.col("closed") >= nw.col("start"), nw.col("closed")))
    first = complete.is_null() | (nw.col("closed") < complete)
    rows = held(rows.with_columns(left=nw.when(first).then("closed").otherwise("complete")), groups=typed)
    done = rows.filter(complete >= nw.col("start"))
    late = rows.filter(nw.col("left").is_null() | (nw.col("left") > nw.col("overdue")))
    return {
        "assessment": daily(rows.select(*typed, "start", "filled", n=nw.lit(1)), typed, "start"),
        "assessment_done": daily(
            done.select(*keys, "complete", n=nw.lit(1), in_time=yes(complete < nw.col("overdue"))), keys, "complete"
        ),
        "assessment_open": flow(rows, keys, "start", "left"),
        "assessment_overdue": flow(late, keys, "overdue", "left"),
    }


def _feedback(frame: nw.LazyFrame, keys: Keys, rules: Rules) -> nw.LazyFrame:
    good = yes(nw.col("score") >= rules.positive_score)
    return daily(frame.select(*keys, day=day(frame, "date"), good=good, n=nw.lit(1)), keys, "day")


@cache
def mandatory(table: str, date: str) -> tuple[str, ...]:
    """Columns of a table that should be filled once a date is there, as `mandatory_cells.csv` says."""
    rows = csv_rows("mandatory_cells.csv")
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
