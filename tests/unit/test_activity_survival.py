"""Kaplan and Meier's median against statsmodels, by itself and as a measure."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from metrics.activity import activity_rules, kaplan_meier, measures, median_time, prepare
from tests.unit.families import frame


def lengths(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    length = np.minimum(random.lognormal(5.0, 0.7, n).astype(int), 700)
    seen = random.integers(1, 700, n)  # days since each began
    return np.minimum(length, seen), length <= seen


def survival(time: np.ndarray, closed: np.ndarray) -> SurvfuncRight:
    with np.errstate(all="ignore"):  # where nobody is left open it divides by nothing, and says so
        return SurvfuncRight(time, closed.astype(int))


def half(theirs: SurvfuncRight) -> tuple[float, float, float]:
    """The first day on which one half or less is open, and their limits. (Their own quantile waits for less.)"""
    at = theirs.surv_times[theirs.surv_prob <= 0.5 + 1e-12]
    with np.errstate(all="ignore"):
        low, high = theirs.quantile_ci(0.5, method="cloglog")
    return (at[0] if len(at) else np.nan), low, high


def counts(time: np.ndarray, closed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.bincount(time[closed], minlength=800).astype(float), np.bincount(time[~closed], minlength=800).astype(
        float
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_curve_and_its_median_are_those_of_statsmodels(seed):
    time, closed = lengths(seed)
    events, censored = counts(time, closed)
    theirs = survival(time, closed)
    still, greenwood = kaplan_meier(events, censored)
    at = theirs.surv_times.astype(int)
    np.testing.assert_allclose(still[at], theirs.surv_prob, rtol=1e-12)
    some = (still[at] > 0) & np.isfinite(theirs.surv_prob_se)
    np.testing.assert_allclose(still[at][some] * np.sqrt(greenwood[at][some]), theirs.surv_prob_se[some], rtol=1e-9)
    assert tuple(median_time(events, censored)) == half(theirs)


def test_where_half_have_not_closed_there_is_no_median():
    events, censored = np.zeros(10), np.zeros(10)
    events[3], censored[9] = 4, 6
    assert np.isnan(median_time(events, censored)[0])


@pytest.mark.parametrize("period", ["month", "year"])
def test_the_measure_is_that_of_the_episodes_begun_in_two_years(period):
    """Every period's figure, worked out one by one from the raw rows with statsmodels."""
    random = np.random.default_rng(3)
    first, as_at = date(2021, 1, 1), date(2025, 9, 16)
    starts = [first + timedelta(days=int(d)) for d in random.integers(0, 1700, 600)]
    ends = [s + timedelta(days=int(d)) for s, d in zip(starts, random.lognormal(5.0, 0.8, 600), strict=True)]
    rows = [
        {"episode_id": str(n), "start_date": s.isoformat(), "end_date": e.isoformat() if e <= as_at else None}
        for n, (s, e) in enumerate(zip(starts, ends, strict=True))
        if s <= as_at
    ]
    found = measures(prepare({"episode": frame("episode", rows)}), as_at=as_at, period=period, measures=["M08_open"])
    assert len(found) > 4
    window = activity_rules().survival_months
    for row in found.iter_rows(named=True):
        whole, end = row["period_end"], min(row["period_end"], as_at)
        month = whole.year * 12 + whole.month - 1 - window + 1
        begin = date(month // 12, month % 12 + 1, 1)
        some = [(s, e) for s, e in zip(starts, ends, strict=True) if begin <= s <= end]
        time = np.array([(min(e, end) - s).days for s, e in some])
        closed = np.array([e <= end for s, e in some])
        assert row["n"] == len(some)
        told = (row["value"], row["lower"], row["upper"])
        if not closed.any():
            assert told == (None, None, None)
        else:
            assert told == tuple(float(x) if np.isfinite(x) else None for x in half(survival(time, closed))), row[
                "period"
            ]
