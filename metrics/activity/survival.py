"""How long episodes last: the median of those that closed, and Kaplan and Meier's with those still open (M08)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import narwhals as nw
import numpy as np
import polars as pl
from scipy import stats

from metrics.activity.engine import added
from metrics.activity.question import Question, month_number
from metrics.activity.tally import values
from metrics.estimates import NOT_AVAILABLE
from metrics.intervals import z_value

_EPOCH = date(1970, 1, 1)
_AT_ONCE = 8  # groups; the table of periods × groups × days is held for so many
_SLACK = 1e-12  # below this two shares are the same number, reckoned in another order


def kaplan_meier(events: np.ndarray, censored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share still open after each day, and Greenwood's sum for its variance.

    events, censored: counts by day (last axis: 0, 1, 2, …), of episodes that closed and that are open so far. Gives two
    arrays of the same shape: S in 0 to 1, and Σ d/(r(r − d)), infinite once nobody is left.
    Source: E. L. Kaplan and P. Meier, JASA 53 (1958) 457–481.
    """
    leaving = events + censored
    at_risk = np.flip(np.cumsum(np.flip(leaving, -1), -1), -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(at_risk > 0, 1 - events / at_risk, 1.0)
        part = np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0)
    return np.cumprod(step, -1), np.cumsum(part, -1)


def median_time(events: np.ndarray, censored: np.ndarray, *, confidence: float = 0.95) -> np.ndarray:
    """Median and its limits in days, last axis `[median, lower, upper]`; not-a-number where half have not closed.

    Limits by Brookmeyer and Crowley: the days on which the log–log interval of the share still open holds one half.
    """
    still, greenwood = kaplan_meier(events, censored)
    z = z_value(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.log(-np.log(still))
        apart = (inside - np.log(-np.log(0.5))) / (np.sqrt(greenwood) / np.log(still))
    # Between the first day on which S is no longer surely above one half, and the first on which it is surely below.
    sure = np.isfinite(apart) & (still > 0) & (still < 1)
    happened = events > 0
    maybe = happened & np.where(sure, np.abs(apart) <= z + _SLACK, False)
    below = happened & np.where(sure, (np.abs(apart) > z + _SLACK) & (still < 0.5), still <= 0)
    return np.stack([_first(happened & (still <= 0.5 + _SLACK)), _first(maybe), _first(below)], -1)


def _first(holds: np.ndarray) -> np.ndarray:
    return np.where(holds.any(-1), holds.argmax(-1).astype(float), np.nan)


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "episode" not in q.facts or not q.asks("M08", "M08_open"):
        return
    window = q.rules.survival_months
    sound = (nw.col("end") >= nw.col("start")) & (nw.col("end") >= q.earliest)
    rows = q.facts["episode"].filter(nw.col("end") <= q.today).filter(sound)
    keys = [*q.by, "end_m", "length", "recent"]
    rows = rows.select(
        *q.by, "end_m", "length", "start_m",
        recent=nw.when(nw.col("end_m") < nw.col("start_m") + window).then(nw.lit(1)).otherwise(nw.lit(0)),
    )  # fmt: skip
    closed = q.grouped(added(rows.select(keys), keys, count="n"))
    if q.asks("M08"):
        yield _closed(q, closed)
    if q.asks("M08_open"):
        yield _open(q, rows, closed)


def _closed(q: Question, closed: pl.DataFrame) -> pl.DataFrame:
    """The middle of the lengths, and the lengths whose ranks hold the median with 95% (binomial, at least)."""
    months = pl.col("end_m").cast(pl.Int64)
    number = {"month": months, "quarter": months // 3, "year": (months - 3) // 12}[q.period]
    counted = closed.group_by("g", number.alias("p"), "length").agg(pl.col("n").sum()).sort("length")
    total = counted.group_by("g", "p").agg(pl.col("n").sum().alias("all"))
    sizes = total["all"].unique()
    # ranks counted from 1: the lower limit is the k-th shortest, the upper the k-th longest; none below six lengths
    rank = np.asarray(stats.binom.ppf(0.025, sizes.to_numpy(), 0.5))
    total = total.join(pl.DataFrame({"all": sizes, "k": rank}), on="all")
    n, k = pl.col("all"), pl.col("k")
    places = total.with_columns(
        low=((n + 1) / 2).floor(), high=((n + 1) / 2).ceil(), lower=pl.when(k >= 1).then(k),
        upper=pl.when(k >= 1).then(n - k + 1),
    )  # fmt: skip
    ranked = counted.join(places, on=["g", "p"]).with_columns(
        reach=pl.col("n").cum_sum().over("g", "p", order_by="length")
    )
    at = {
        c: pl.col("length").filter(pl.col("reach") >= pl.col(c)).min().alias(c)
        for c in ("low", "high", "lower", "upper")
    }
    found = ranked.group_by("g", "p").agg(*at.values(), pl.col("all").first())
    # a period without closures, and one with too few for limits, has none: not 0
    found = found.with_columns(value=(pl.col("low") + pl.col("high")) / 2, limited=pl.col("lower").is_not_null())
    found = q.every(found.with_columns(pl.col("limited").cast(pl.Int64)))
    some, limited = pl.col("all") > 0, pl.col("limited") == 1
    return values(
        "M08", found, denominator=pl.col("all"), n=pl.col("all"), value=pl.when(some).then("value"),
        lower=pl.when(limited).then("lower"), upper=pl.when(limited).then("upper"),
        method=pl.lit("median of closed, order statistics 95%"),
    )  # fmt: skip


def _open(q: Question, rows: nw.LazyFrame, closed: pl.DataFrame) -> pl.DataFrame:
    """Of episodes begun in the `survival_months` to each period's end. A closure counts from its month until its start
    falls out of those months; nothing is looked at once for every period."""
    window = q.rules.survival_months
    recent = closed.filter(pl.col("recent") == 1).select("g", m="end_m", day="length", n="n")
    gone = rows.filter(nw.col("recent") == 1).select(*q.by, "length", m=nw.col("start_m") + window)
    gone = q.grouped(added(gone, [*q.by, "m", "length"], count="n"))
    gone = gone.select("g", "m", day="length", n=-pl.col("n"))
    begun = q.facts["episode"].filter(nw.col("start") <= q.today, nw.col("start") >= q.earliest - 31 * window)
    left = nw.when(nw.col("end") <= q.today).then(nw.col("end_m"))
    begun = begun.select(*q.by, "start", end_m=left)
    begun = q.grouped(added(begun, [*q.by, "start", "end_m"], count="n"))
    if begun.is_empty():
        return values("M08_open", begun.with_columns(p=pl.lit(0)).clear())
    numbers = list(range(_first_period(q, begun), q.last + 1))
    found = []
    groups = begun["g"].unique().sort().to_list()
    for at in range(0, len(groups), _AT_ONCE):
        some = groups[at : at + _AT_ONCE]
        closures = pl.concat([recent, gone]).filter(pl.col("g").is_in(some))
        found.append(_medians(q, some, numbers, closures, begun.filter(pl.col("g").is_in(some))))
    return pl.concat(found)


def _first_period(q: Question, begun: pl.DataFrame) -> int:
    first = _EPOCH + timedelta(days=int(begun["start"].min()))
    return max(q.first, q.number(month_number(first)))


def _medians(
    q: Question, groups: list[str], numbers: list[int], closures: pl.DataFrame, begun: pl.DataFrame
) -> pl.DataFrame:
    ends = q.calendar(pl.Series(numbers))["period_end"].to_list()
    days = np.array([(min(end, q.as_at) - _EPOCH).days for end in ends])
    months = np.array([q.last_month(n) for n in numbers])
    first = months - q.rules.survival_months  # starts of this month and before are out of the window
    place = {g: n for n, g in enumerate(groups)}
    long = 31 * (q.rules.survival_months + 1)
    events = _dense(
        closures, place, np.searchsorted(months, closures["m"].to_numpy()), closures["day"], long, len(numbers)
    )
    events = np.cumsum(events, axis=0)
    # Open at each end by day of beginning: begun, less those that had ended.
    zero = int(begun["start"].min())
    width = int(begun["start"].max()) - zero + 1
    ended = begun.filter(pl.col("end_m").is_not_null())
    when = np.searchsorted(months, ended["end_m"].to_numpy())
    gone = np.cumsum(_dense(ended, place, when, ended["start"] - zero, width, len(numbers)), axis=0)
    every = _dense(begun, place, np.zeros(len(begun), dtype=int), begun["start"] - zero, width, 1)[0]
    rows = []
    starts = (np.arange(width) + zero).astype("datetime64[D]").astype("datetime64[M]").astype(int) + 1970 * 12
    for k, end in enumerate(days):
        inside = (starts > first[k]) & (np.arange(width) + zero <= end)
        open_now = np.maximum(every[:, inside] - gone[k][:, inside], 0)
        censored = np.zeros((len(groups), long))
        length = end - (np.flatnonzero(inside) + zero)
        censored[:, length] = open_now
        rows.append((events[k], censored))
    closed, still = (np.stack([row[i] for row in rows]) for i in (0, 1))
    median = median_time(closed, still)
    counted = (closed + still).sum(-1)
    frame = pl.DataFrame(
        {
            "g": groups * len(numbers),
            "p": np.repeat(numbers, len(groups)),
            "n": counted.ravel(),
            **{c: median[..., i].ravel() for i, c in enumerate(("value", "lower", "upper"))},
        }
    ).with_columns(pl.col("value", "lower", "upper").fill_nan(None))
    never = pl.col("value").is_null() & (pl.col("n") > 0)
    return values(
        "M08_open", frame, denominator=pl.col("n"), n=pl.col("n"), value=pl.col("value"), lower=pl.col("lower"),
        upper=pl.col("upper"), marked=pl.when(never).then(pl.lit(NOT_AVAILABLE)),
        method=pl.when(never).then(pl.lit("Kaplan–Meier: half have not closed")).otherwise(pl.lit("Kaplan–Meier 95%")),
    )  # fmt: skip


def _dense(
    frame: pl.DataFrame, place: dict[str, int], when: np.ndarray, day: pl.Series, width: int, periods: int
) -> np.ndarray:
    """Counts as an array of periods × groups × days; what lies outside either is left out."""
    group = frame["g"].replace_strict(place, return_dtype=pl.Int64).to_numpy() if len(frame) else np.zeros(0, dtype=int)
    days = day.to_numpy().astype(int)
    fits = (when < periods) & (days >= 0) & (days < width)
    flat = (when[fits] * len(place) + group[fits]) * width + days[fits]
    made = np.bincount(flat, weights=frame["n"].to_numpy()[fits], minlength=periods * len(place) * width)
    return made.reshape(periods, len(place), width)
