"""Journeys through early help: between levels of need, to the closure, and back again.

Every function takes the canonical case tables (`metrics.cases.CASE_TABLES`, a mapping of name → frame; a table that is
missing counts as empty) and gives an estimates frame (`metrics.estimates.SCHEMA`): one row a measure and group, zeros
included. The tables may be Polars frames, lazy or not, pandas frames, DuckDB relations or PySpark frames.

`start` and `end` are the first and last day of the period, both in it; what happened after `as_at` is not known, and
the figures of a period that is not over are `provisional`. `by` is a column of `episode` (`forum_area`, `agency_type`,
`level` …, as `metrics.activity.prepare` adds them), or two of them for a cross, written `forum_area × level`.
Shares are in per cent with Wilson 95% limits. What is counted are episodes (early help periods of a family); those
opened in error, and those that end before they start, count nowhere but among the closures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw
import polars as pl

from metrics.activity.definitions import activity_rules
from metrics.counting import collect, day_of, estimates, keys_of, period_of, sums
from metrics.disclosure import total
from metrics.journey_rows import SOCIAL_CARE, UNKNOWN, Tables, closure_reasons, drifting, levels, sound, with_family

LEVELS: Mapping[int, str] = {1: "Universal", 2: "Early help", 3: "Targeted early help", 4: "Children's social care"}
DAYS = activity_rules().return_days  # after the closure: within 12 months


# ---- between levels of need


def level_flow(
    tables: Tables, *, as_at: date, start: date, end: date, by: str | Sequence[str] | None = None
) -> pl.DataFrame:
    """From which level of need to which the episodes of a period went; neither direction is good or bad in itself.

    An episode counts if it was open on any day of the period. Its level at the beginning is the one that it had on the
    day before the period, or at its start; one that began by stepping down from social care began at that level. Its
    level at the end is the last that was recorded by the end of the period or the closure: at reviews, step ups, step
    downs and at closing; closed by stepping up to social care without a level means 4.

    Measures: `flow` all episodes; `flow:2` those that began at level 2, of `flow`; `flow:2:3` those of them that ended
    at level 3, of `flow:2`; `flow:up`, `flow:down`, `flow:same`, of all whose levels are known; `flow:unknown` without
    a level at either end; `flow:open` open at the end, of `flow`.
    """
    keys = keys_of(by)
    last = min(end, as_at)
    rows = levels(tables, start, last).select(*keys, "before", "after", "open")
    counts = collect(rows.group_by(*keys, "before", "after", "open").agg(n=nw.len()))
    known = pl.col("before").is_not_null() & pl.col("after").is_not_null()
    up, down = pl.col("after") > pl.col("before"), pl.col("after") < pl.col("before")
    way = {"up": up, "down": down, "same": pl.col("after") == pl.col("before")}
    parts = {"flow": pl.lit(True), "flow:unknown": ~known, "flow:open": pl.col("open")}
    parts |= {f"flow:{word}": known & test for word, test in way.items()}
    for a in LEVELS:
        parts[f"flow:{a}"] = known & (pl.col("before") == a)
        parts |= {f"flow:{a}:{b}": known & (pl.col("before") == a) & (pl.col("after") == b) for b in LEVELS}
    of = {"flow:unknown": "flow", "flow:open": "flow"}
    of |= {f"flow:{a}": "flow" for a in LEVELS} | {f"flow:{a}:{b}": f"flow:{a}" for a in LEVELS for b in LEVELS}
    wide = sums(counts, keys, {**parts, "_known": known})
    return estimates(wide, keys, [*parts], of | {f"flow:{w}": "_known" for w in way}, period_of(start, end, as_at))


# ---- to the closure


def closures_by_reason(
    tables: Tables, *, as_at: date, start: date, end: date, by: str | Sequence[str] | None = None
) -> pl.DataFrame:
    """Why the episodes that ended in a period were closed.

    Measures: `closures` all of them; `closure:<code>` for each of `closure_reasons()`, a share of the closures without
    those who moved away and those opened in error, which have a count and no share. A reason that is empty or not
    known counts as `UNKNOWN`. Better is more with a positive polarity, fewer with `disengaged`.
    """
    keys, reasons = keys_of(by), closure_reasons()
    closed = (
        nw.from_native(tables["episode"])
        .lazy()
        .filter(
            nw.col("end_date") >= start,
            nw.col("end_date") <= min(end, as_at),
            nw.col("end_date") >= nw.col("start_date"),
        )
    )
    counts = collect(closed.group_by(*keys, "end_reason").agg(n=nw.len()))
    code = pl.when(pl.col("end_reason").is_in(list(reasons))).then("end_reason").otherwise(pl.lit(UNKNOWN))
    parts = {"closures": pl.lit(True)} | {f"closure:{c}": code == c for c in reasons}
    outcomes = code.is_in([c for c, reason in reasons.items() if reason.outcome])
    wide = sums(counts, keys, {**parts, "_outcomes": outcomes})
    of = {f"closure:{c}": "_outcomes" for c, reason in reasons.items() if reason.outcome}
    return estimates(wide, keys, [*parts], of, period_of(start, end, as_at))


# ---- and back again


def returns(
    tables: Tables, *, as_at: date, start: date, end: date, by: str | Sequence[str] | None = None
) -> pl.DataFrame:
    """What became of the families whose episode ended in a period, within 365 days; the fewer return the better.

    Only closures followed up in full count, that is those at least 365 days before `as_at`; not those who moved away.
    Measures, of these: `returned` a new early help episode of the family began on day 1 to 365; `stepped_up_after` a
    referral to children's social care or a step up to it came on day 1 to 365; `stayed_free` neither. `followed` is
    how many were followed up, `not_mature` how many closures of the period were not yet.
    """
    keys = keys_of(by)
    episodes = with_family(nw.from_native(tables["episode"]).lazy(), tables)
    out = [code for code, reason in closure_reasons().items() if not reason.outcome]
    closed = sound(episodes).filter(
        nw.col("end_date") >= start, nw.col("end_date") <= min(end, as_at),
        nw.col("end_reason").is_null() | ~nw.col("end_reason").is_in(out),
    )  # fmt: skip
    closed = closed.with_columns(until=nw.col("end_date").dt.offset_by(f"{DAYS}d").cast(nw.Date))
    closed = closed.with_columns(mature=nw.col("until") <= as_at)
    mature = closed.filter(nw.col("mature")).select("episode_id", "family", "end_date", "until")
    again = sound(episodes).filter(nw.col("start_date") <= as_at).select("family", date="start_date")
    up = []
    if "referral" in tables:
        referrals = with_family(nw.from_native(tables["referral"]).lazy(), tables)
        up.append(referrals.select("family", "date"))
    if "step_event" in tables:
        steps = (
            nw.from_native(tables["step_event"])
            .lazy()
            .filter(nw.col("direction") == "up", nw.col("to_level") == SOCIAL_CARE)
        )
        steps = steps.join(
            episodes.select("episode_id", of_episode="family"), on="episode_id", how="left"
        ).with_columns(family=nw.coalesce("family_id", "of_episode"))
        up.append(steps.select("family", "date"))
    flags = {"returned": again} | ({"stepped_up_after": nw.concat(up)} if up else {})
    for name, events in flags.items():
        met = mature.join(events.filter(~nw.col("family").is_null()), on="family")
        met = met.filter(nw.col("date") > nw.col("end_date"), nw.col("date") <= nw.col("until"))
        met = met.select("episode_id").unique(["episode_id"]).with_columns(nw.lit(1).alias(name))
        closed = closed.join(met, on="episode_id", how="left").with_columns(nw.col(name).fill_null(0))
    counts = collect(closed.group_by(*keys, "mature", *flags).agg(n=nw.len()))
    back, went = (pl.col(name) == 1 if name in flags else pl.lit(False) for name in ("returned", "stepped_up_after"))
    done = pl.col("mature")
    parts = {
        "followed": done, "not_mature": ~done, "returned": done & back, "stepped_up_after": done & went,
        "stayed_free": done & ~back & ~went,
    }  # fmt: skip
    of = dict.fromkeys(("returned", "stepped_up_after", "stayed_free"), "followed")
    return estimates(sums(counts, keys, parts), keys, [*parts], of, period_of(start, end, as_at))


# ---- without an end


def drift(tables: Tables, *, as_at: date, by: str | Sequence[str] | None = None) -> pl.DataFrame:
    """Episodes open on the day `as_at` that drift: fewer is better.

    Measures, of `open`: `drift` either of the two; `drift_long` open for more than 12 months; `drift_reviews` at least
    three reviews held one after the other without a change of level, up to now.
    """
    keys = keys_of(by)
    rows = drifting(tables, as_at=as_at)
    counts = collect(rows.group_by(*keys, "drift_long", "drift_reviews").agg(n=nw.len()))
    long, idle = pl.col("drift_long"), pl.col("drift_reviews")
    parts = {"open": pl.lit(True), "drift": long | idle, "drift_long": long, "drift_reviews": idle}
    of = dict.fromkeys(("drift", "drift_long", "drift_reviews"), "open")
    return estimates(sums(counts, keys, parts), keys, [*parts], of, day_of(as_at))


# ---- what adds up to what, for disclosure control


def totals() -> pl.DataFrame:
    """Which of these counts are sums of others, as `metrics.disclosure` takes them (dimension `measure`).

    Parts that no row shows are named too: families that both returned and stepped up, open long and for three reviews.
    """
    levels = [*LEVELS]
    made = [
        total("measure", "flow", [*(f"flow:{a}" for a in levels), "flow:unknown"], relation="by first level"),
        total("measure", "flow", ["flow:known", "flow:unknown"], relation="by what is known"),
        total("measure", "flow", ["flow:open", "flow:closed"], relation="open or closed"),
        total("measure", "flow:known", ["flow:up", "flow:down", "flow:same"], relation="by way"),
    ]
    ways = {"up": lambda a, b: b > a, "down": lambda a, b: b < a, "same": lambda a, b: a == b}
    for way, test in ways.items():
        pairs = [f"flow:{a}:{b}" for a in levels for b in levels if test(a, b)]
        made.append(total("measure", f"flow:{way}", pairs))
        made.append(_same(f"flow:{way}/denominator", "flow:known"))
    for a in levels:
        made.append(total("measure", f"flow:{a}", [f"flow:{a}:{b}" for b in levels], relation="by last level"))
        made.append(_same(f"flow:{a}/denominator", "flow"))
        made += [_same(f"flow:{a}:{b}/denominator", f"flow:{a}") for b in levels]
    made += [_same(f"flow:{word}/denominator", "flow") for word in ("unknown", "open")]
    reasons = closure_reasons()
    outcomes = [f"closure:{code}" for code, reason in reasons.items() if reason.outcome]
    others = [f"closure:{code}" for code, reason in reasons.items() if not reason.outcome]
    made.append(total("measure", "closures", ["closures:outcomes", *others], relation="by reason"))
    made.append(total("measure", "closures:outcomes", outcomes))
    made += [_same(f"{outcome}/denominator", "closures:outcomes") for outcome in outcomes]
    either = ["returned alone", "stepped up alone", "both"]
    made += [
        total("measure", "followed", [*either, "stayed_free"]),
        total("measure", "returned", ["returned alone", "both"]),
        total("measure", "stepped_up_after", ["stepped up alone", "both"]),
        *(_same(f"{m}/denominator", "followed") for m in ("returned", "stepped_up_after", "stayed_free")),
        total("measure", "drift", ["long alone", "idle alone", "long and idle"]),
        total("measure", "drift_long", ["long alone", "long and idle"]),
        total("measure", "drift_reviews", ["idle alone", "long and idle"]),
        *(_same(f"{m}/denominator", "open") for m in ("drift", "drift_long", "drift_reviews")),
    ]
    return pl.concat(made)


def _same(count: str, other: str) -> pl.DataFrame:
    """Two names of one count."""
    return total("measure", count, [other], relation="the same")
