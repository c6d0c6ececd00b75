"""What plans, reviews, needs, readings, feedback and later contacts say of an episode: a row an episode each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import narwhals as nw

from metrics.activity.definitions import Rules
from metrics.activity.engine import day, only, short, yes
from metrics.activity.families import next_after

_DAY = 100_000  # room below a day for another day, so that one minimum finds the earliest row and what it says
_NEEDS = {"M13_6": "referral", "M13_12": "referral", "M15": "referral"}  # the table that tells of what comes later
_READING, _POINT, _LOWEST = 10_000_000, 1_000, 1_000  # the same for a score: thousandths of a point above -1,000


def by_episode(
    tables: Mapping[str, nw.LazyFrame], known: nw.LazyFrame, calls: nw.LazyFrame | None, rules: Rules
) -> Iterator[nw.LazyFrame]:
    """Frames with `episode_id` and columns of their own, of those tables that are there:

    plan: the first plan's day. first_due, first_held: the first review. needs, resolved: how many, by the closure.
    pairs, improved, change, change_squared: readings of the same area, first and last. answered: the first day of
    feedback.
    next_episode, next_referral: the first day of each after the closure.
    """
    if "plan" in tables:
        plans = tables["plan"].select("episode_id", plan=day(tables["plan"], "start_date"))
        yield plans.group_by("episode_id").agg(nw.col("plan").min())
    if "review" in tables:
        yield _first_review(tables["review"])
    if "need" in tables:
        yield _needs(tables["need"], known)
    if "reading" in tables:
        yield _readings(tables["reading"], known, rules)
    if "feedback" in tables:
        answers = tables["feedback"].filter(~nw.col("episode_id").is_null())
        answers = answers.select("episode_id", answered=day(answers, "date"))
        yield answers.group_by("episode_id").agg(nw.col("answered").min())
    later = known.filter(nw.col("sound") == 1).select("kin", day="start")
    yield next_after(known, later, "next_episode")
    if calls is not None:
        yield next_after(known, calls.select("kin", day="date"), "next_referral")


def followed(rules: Rules) -> Mapping[str, int]:
    """Measure → days for which its closures must have been followed."""
    return {
        "M13_6": rules.step_up_days[0],
        "M13_12": rules.step_up_days[1],
        "M14": rules.return_days,
        "M15": rules.return_days,
    }


def later(tables: Mapping[str, nw.LazyFrame], rules: Rules) -> dict[str, nw.Expr]:
    """Measure → 1 for each closure after which what it counts came in time; of those measures that can be told."""
    told = {id: days for id, days in followed(rules).items() if _NEEDS.get(id, "episode") in tables}
    return {id: yes((nw.col("outcome") == 1) & _came(id, days)) for id, days in told.items()}


def _came(id: str, days: int) -> nw.Expr:
    """Whether it came within so many days of the closure (`next_…` is later than the closure)."""
    back = ~nw.col("next_episode").is_null() & (nw.col("next_episode") <= nw.col("end") + days)
    if id == "M14":
        return back
    up = ~nw.col("next_referral").is_null() & (nw.col("next_referral") <= nw.col("end") + days)
    return up if id.startswith("M13") else ~(back | up)


def _first_review(frame: nw.LazyFrame) -> nw.LazyFrame:
    due, held = nw.col("due"), nw.col("held")
    rows = frame.select("episode_id", due=day(frame, "due_date"), held=day(frame, "held_date"))
    rows = rows.filter(~due.is_null())
    late = nw.when(held.is_null()).then(nw.lit(_DAY - 1)).otherwise(held)
    code = rows.select("episode_id", code=due.cast(nw.Int64) * _DAY + late)
    first = code.group_by("episode_id").agg(nw.col("code").min())
    first = first.select("episode_id", first_due=nw.col("code") // _DAY, first_held=nw.col("code") % _DAY)
    return first.with_columns(first_held=only(nw.col("first_held") < _DAY - 1, nw.col("first_held")))


def _needs(frame: nw.LazyFrame, known: nw.LazyFrame) -> nw.LazyFrame:
    rows = frame.select("episode_id", found=day(frame, "baseline_date"), resolved=day(frame, "resolved_date"))
    rows = rows.join(known.select("episode_id", "end"), on="episode_id")
    rows = rows.filter(nw.col("found") <= nw.col("end"))
    rows = rows.select("episode_id", needs=nw.lit(1), resolved=yes(nw.col("resolved") <= nw.col("end")))
    return rows.group_by("episode_id").agg(nw.col("needs").sum(), nw.col("resolved").sum())


def _readings(frame: nw.LazyFrame, known: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """Two readings of one day are one: the lower where the first is sought, the higher where the last is."""
    rows = frame.filter(~nw.col("score").is_null()).select(
        "episode_id", "person_id", "tool", "area", "score", at=day(frame, "date")
    )
    closed = known.filter(nw.col("outcome") == 1, ~nw.col("end").is_null())
    rows = rows.join(closed.select("episode_id", "end"), on="episode_id").filter(nw.col("at") <= nw.col("end"))
    score = ((nw.col("score") + _LOWEST) * _POINT).round(0)
    least = nw.lit(float(rules.reliable_change["default"]))
    for tool, points in rules.reliable_change.items():
        if tool != "default":
            least = nw.when(nw.col("tool") == tool).then(nw.lit(float(points))).otherwise(least)
    rows = rows.with_columns(code=nw.col("at").cast(nw.Float64) * _READING + score, least=least)
    keys = ["episode_id", "person_id", "tool", "area"]
    rows = short(rows.select(*keys, "code", "least"), ["tool", "area"])
    pairs = rows.group_by(keys).agg(
        nw.col("code").min().alias("first"), nw.col("code").max().alias("last"), nw.col("least").max()
    )
    for name in ("first", "last"):
        pairs = pairs.with_columns((nw.col(name) / _READING).floor().alias(f"{name}_day"))
        pairs = pairs.with_columns((nw.col(name) - nw.col(f"{name}_day") * _READING).alias(name))
    pairs = pairs.filter(nw.col("last_day") > nw.col("first_day"))
    pairs = pairs.with_columns(change=(nw.col("last") - nw.col("first")) / _POINT)
    pairs = pairs.select(
        "episode_id",
        "change",
        pairs=nw.lit(1),
        improved=yes(nw.col("change") >= nw.col("least")),
        change_squared=nw.col("change") * nw.col("change"),
    )
    return pairs.group_by("episode_id").agg(nw.col(c).sum() for c in ("pairs", "improved", "change", "change_squared"))
