"""Who is behind the figures and who is not: from those supported to those with two Stars, and what the lost could
change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import t as student_t

from metrics.estimates import NOT_AVAILABLE

from .definitions import rules
from .editions import Edition
from .frames import ALL, AREA, TIMES, bare, crossed, means, shares, together
from .groups import Groups, grouped
from .pairs import Pairs, as_pairs
from .readings import WORKER

DUE, CLOSED = "_due", "_closed"


def flow(
    readings: Any,
    edition: Edition | str | None = None,
    *,
    people: pl.DataFrame | None = None,
    as_at: date | None = None,
    by: str | Sequence[str] | None = None,
    **options: Any,
) -> pl.DataFrame:
    """An estimates frame of the way from support to a second Star; measures `flow_…`, bounds, baselines, exclusions.

    `people`: who was supported: `person_id` (or `family_id`, where the Star is the family's), `started`, `closed`
    (dates, `closed` null while open), and the columns of `by`; without it `flow_eligible` and `flow_with_star` are not
    available and nobody counts as closed. `as_at`: the day on which a second Star is due or not; default the end of the
    period. `by` and the other arguments as `distance_travelled`.

    All who started = everyone whose latest usable Star lies in the period, with two Stars or with one: so the paired
    are those of `distance_travelled`. Second Star due: they have one, or are closed, or their first is as old as
    `second_due_days`. Bounds: improved/all ≤ … ≤ (improved + missing)/all. Lost: due and without a second Star;
    `baseline_gap` is the mean first reading of the followed less that of the lost, with Welch's limits. `days_between`
    is a median with quartiles. Excluded Stars are counted by reason, for everyone together only.
    """
    splits = [by] if isinstance(by, str) else list(by or ())
    if splits:
        options.setdefault("by", splits)
    every = as_pairs(readings, edition, **options)
    day = as_at or every.period_end or date.min
    started = _dated(every.people, people, day)
    groups = grouped(started, splits)
    parts = [
        *_supported(started, people, groups, splits, every, day),
        *_strip(started, groups),
        *_bounds(every, started, groups),
        *_baselines(every, started, groups),
        *_quality(started, groups),
        *_excluded(every),
    ]
    return together(parts, period=every.period, period_end=every.period_end)


def _dated(started: pl.DataFrame, people: pl.DataFrame | None, day: date) -> pl.DataFrame:
    """All who started, with whether their support is closed and whether a second Star is due."""
    if people is None:
        started = started.with_columns(pl.lit(None, pl.Date).alias("closed"))
    else:
        key = _key(people)
        # open while any of several spells is open
        ended = pl.when(pl.col("closed").is_not_null().all()).then(pl.col("closed").max()).alias("closed")
        ends = people.filter(pl.col("started") <= day).group_by(key).agg(ended)
        started = started.join(ends, on=key, how="left", maintain_order="left")
    old_enough = (
        pl.col("first_date") <= day - timedelta(days=rules().second_due_days) if day > date.min else pl.lit(False)
    )
    closed = (pl.col("closed") <= day).fill_null(False)
    return started.with_columns(closed.alias(CLOSED), (pl.col("paired") | closed | old_enough).alias(DUE))


def _key(people: pl.DataFrame) -> str:
    if missing := [c for c in ("started", "closed") if c not in people.columns]:
        raise ValueError(f"the people supported lack the column {missing[0]!r}")
    return "person_id" if "person_id" in people.columns else "family_id"


def _supported(
    started: pl.DataFrame, people: pl.DataFrame | None, groups: Groups, splits: list[str], pairs: Pairs, day: date
) -> list[pl.DataFrame]:
    none = np.full(len(groups.labels), np.nan)
    if people is None or any(c not in people.columns for c in splits):
        why = "who was supported is not known"
        zero = np.zeros(len(groups.labels))
        return [
            bare(m, groups.name, groups.labels, none, zero, method=why, status=NOT_AVAILABLE)
            for m in ("flow_eligible", "flow_with_star")
        ]
    key = _key(people)
    in_time = pl.col("started") <= day
    if pairs.start is not None:
        in_time &= pl.col("closed").is_null() | (pl.col("closed") >= pairs.start)
    supported = people.filter(in_time).unique([key, *splits], keep="any")
    mine = grouped(supported, splits)
    held = supported[key].is_in(pairs.with_star[key].implode()).to_numpy()
    n = np.bincount(mine.codes, minlength=len(mine.labels))
    x = np.bincount(mine.codes, weights=held, minlength=len(mine.labels))
    return [
        bare("flow_eligible", mine.name, mine.labels, n, n, method="count", numerator=n),
        shares("flow_with_star", mine.name, mine.labels, x, n),
    ]


def _strip(started: pl.DataFrame, groups: Groups) -> list[pl.DataFrame]:
    def count(condition: pl.Expr) -> np.ndarray:
        chosen = started.select(condition).to_series().to_numpy().astype(bool)
        return np.bincount(groups.codes[chosen], minlength=len(groups.labels))

    paired, due, closed = pl.col("paired"), pl.col(DUE), pl.col(CLOSED)
    n, n_due = np.bincount(groups.codes, minlength=len(groups.labels)), count(due)
    rows = {
        "flow_paired": (paired, n_due),
        "flow_closed_without": (due & ~paired & closed, n_due),
        "flow_open_without": (due & ~paired & ~closed, n_due),
        "flow_not_yet_due": (~due, n),
    }
    return [
        bare("flow_started", groups.name, groups.labels, n, n, method="count", numerator=n),
        shares("flow_second_due", groups.name, groups.labels, n_due, n),
        *(shares(m, groups.name, groups.labels, count(c), of) for m, (c, of) in rows.items()),
    ]


def _bounds(pairs: Pairs, started: pl.DataFrame, groups: Groups) -> list[pl.DataFrame]:
    """What the share of all who started could be, whatever became of those without a second Star."""
    both = pairs.both
    paired = started["paired"].to_numpy()
    codes, size = groups.codes[paired], len(groups.labels)
    n, everyone = np.bincount(codes, minlength=size), np.bincount(groups.codes, minlength=size)
    anywhere = both.moved_anywhere["stage"]
    stage = both.edition.stage_of
    up = stage(both.last) > stage(both.first)
    areas = list(both.edition.area_ids)
    by_area = np.stack([np.bincount(codes, weights=up[:, a], minlength=size) for a in range(len(areas))], axis=1)
    whole = groups.name == ALL
    name = AREA if whole else f"{groups.name}{TIMES}{AREA}"
    labels = areas if whole else crossed(groups.labels, areas)
    spread = np.ones((1, len(areas)))
    rows = [
        (
            f"stage_{move}_any_bounds",
            groups.name,
            groups.labels,
            np.bincount(codes, weights=x, minlength=size),
            n,
            everyone,
        )
        for move, x in zip(("up", "down"), anywhere, strict=True)
    ]
    rows.append(("stage_up_bounds", name, labels, by_area, n[:, None] * spread, everyone[:, None] * spread))
    parts = []
    for measure, breakdown, groups_of, x, of, all_started in rows:
        with np.errstate(invalid="ignore", divide="ignore"):
            least, most = x / all_started * 100, (x + all_started - of) / all_started * 100
            value = x / of * 100
        parts.append(
            bare(
                measure, breakdown, groups_of, value, all_started, lower=least, upper=most, numerator=x, denominator=of,
                method="bounds for all who started", status=NOT_AVAILABLE,
            )
        )  # fmt: skip
    return parts


def _baselines(pairs: Pairs, started: pl.DataFrame, groups: Groups) -> list[pl.DataFrame]:
    """Where the followed began, and where the lost."""
    size, areas = len(groups.labels), list(pairs.edition.area_ids)
    whole = groups.name == ALL
    name = AREA if whole else f"{groups.name}{TIMES}{AREA}"
    labels = areas if whole else crossed(groups.labels, areas)
    sums = {}
    for who, chosen in (("followed", pl.col("paired")), ("lost", pl.col(DUE) & ~pl.col("paired"))):
        rows = started.select(chosen).to_series().to_numpy().astype(bool)
        codes, first = groups.codes[rows], pairs.first[rows].astype(np.int64)
        sums[who] = tuple(
            np.stack([np.bincount(codes, weights=v[:, a], minlength=size) for a in range(len(areas))], axis=1)
            for v in (first, first**2, np.ones_like(first))
        )
    parts = [means(f"{who}_mean_first", name, labels, *sums[who]) for who in sums]
    gap, low, high, n = _welch(sums["followed"], sums["lost"])
    return [
        *parts,
        bare("baseline_gap", name, labels, gap, n, lower=low, upper=high, method="Welch's t 95%"),
    ]


def _welch(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Difference of two means with 95% limits and the number behind it; not-a-number under two of either.

    B. L. Welch, Biometrika 34 (1947) 28–35.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, share, n = [], [], []
        for total, squares, size in (one, other):
            mean.append(total / size)
            share.append(np.maximum(squares - size * mean[-1] ** 2, 0) / (size - 1) / size)
            n.append(size)
        error = np.sqrt(share[0] + share[1])
        freedom = error**4 / (share[0] ** 2 / (n[0] - 1) + share[1] ** 2 / (n[1] - 1))
        reach = np.where(error > 0, student_t.ppf(0.975, np.where(error > 0, freedom, 1.0)) * error, 0.0)
    enough = (n[0] > 1) & (n[1] > 1)
    gap = np.where(enough, mean[0] - mean[1], np.nan)
    return gap, gap - reach, gap + reach, n[0] + n[1]


def _quality(started: pl.DataFrame, groups: Groups) -> list[pl.DataFrame]:
    """Of those with two Stars: days between, and how many pairs are of a weaker kind."""
    kinds = {
        "worker_only": (pl.col("first_completed_by") == WORKER) | (pl.col("last_completed_by") == WORKER),
        "retrospective": pl.col("first_retrospective").fill_null(False) | pl.col("last_retrospective").fill_null(False),
        "editions_pooled": pl.col("first_edition") != pl.col("last_edition"),
        "services_changed": pl.col("first_service") != pl.col("last_service"),
    }
    days = (pl.col("last_date") - pl.col("first_date")).dt.total_days()
    counted = (
        started.with_columns(pl.Series("_group", groups.codes))
        .filter("paired")
        .group_by("_group")
        .agg(
            pl.len().alias("_n"),
            *(days.quantile(q, "linear").alias(f"_{q}") for q in (0.25, 0.5, 0.75)),
            *(kind.fill_null(False).sum().cast(pl.Float64).alias(k) for k, kind in kinds.items()),
        )
    )
    order = pl.DataFrame({"_group": pl.Series(range(len(groups.labels)), dtype=pl.Int64)})
    counted = order.join(counted, on="_group", how="left", maintain_order="left")
    n = counted["_n"].fill_null(0).to_numpy()
    low, middle, high = (counted[f"_{q}"].fill_null(np.nan).to_numpy() for q in (0.25, 0.5, 0.75))
    method = "median, quartiles"
    return [
        bare("days_between", groups.name, groups.labels, middle, n, lower=low, upper=high, method=method),
        *(shares(k, groups.name, groups.labels, counted[k].fill_null(0).to_numpy(), n) for k in kinds),
    ]


def _excluded(pairs: Pairs) -> list[pl.DataFrame]:
    return [
        bare(f"excluded_{why}", ALL, [ALL], np.array([count]), np.array([count]), method="count", numerator=[count])
        for why, count in pairs.excluded.items()
    ]
