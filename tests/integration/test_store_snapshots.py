"""Snapshots: what was reckoned on a day stays as it was, and invented figures are never held against real ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dashboard.store import SNAPSHOT, Store, StoreError
from metrics.estimates import SCHEMA, conform
from tests.integration.test_store_cases import episodes, put

MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


def estimates(**values: float | None) -> pl.DataFrame:
    """One estimate a measure, of March 2026."""
    rows = [(measure, value, "ok" if value is not None else "c") for measure, value in values.items()]
    frame = pl.DataFrame(rows, schema={"measure": pl.String, "value": pl.Float64, "status": pl.String}, orient="row")
    period = {"breakdown": "all", "group": "all", "period": "2026-03", "period_end": date(2026, 3, 31)}
    return conform(frame.with_columns(**{name: pl.lit(value) for name, value in period.items()}))


def said(store: Store, before: date | None = None) -> tuple[date | None, dict[str, float | None]]:
    frame = store.snapshots(before)
    return frame["taken_on"].unique().item() if frame.height else None, dict(
        frame.select("measure", "value").iter_rows()
    )


def test_a_snapshot_comes_back_as_it_went_in(store: Store):
    assert store.snapshots().schema == SNAPSHOT
    assert store.snapshots().is_empty()
    rows = {
        "measure": ["M01", "M01", "M01", "M02"],
        "breakdown": ["all", "all", "all", "forum_area × agency"],
        "group": ["all", "all", "all", "F1 × Zoë’s école"],
        # A month, a quarter and a year end on the same day.
        "period": ["2025/26", "2025/26 Q4", "2026-03", "2026-03"],
        "period_end": [date(2026, 3, 31)] * 4,
        "numerator": [1.0, 0.1 + 0.2, 1e300, None],
        "denominator": [3.0, 3.0, 5e-324, None],
        "value": [100 / 3, -0.5, 0.0, None],
        "lower": [1.5, None, None, None],
        "upper": [2.5, None, None, None],
        "n": [2**40, 0, 3, None],
        "status": ["ok", "low", "provisional", "c"],
        "method": ["Wilson 95%", "", None, None],
    }
    frame = pl.DataFrame(rows, schema=SCHEMA)
    store.keep_snapshot(frame.reverse().with_columns(other=1), taken_on=MAY)
    assert_frame_equal(store.snapshots(), frame.with_columns(taken_on=pl.lit(MAY)), check_exact=True)


def test_the_newest_before_a_day_is_given_and_older_ones_stay_as_they_were(store: Store):
    put(store, episodes(a=1), "one")
    store.keep_snapshot(estimates(M01=1.0, M02=2.0), taken_on=MAY)
    store.keep_snapshot(estimates(M01=3.0), taken_on=JULY)
    store.keep_snapshot(estimates(M01=2.0), taken_on=JUNE)
    assert said(store) == (JULY, {"M01": 3.0})
    assert said(store, JULY) == (JUNE, {"M01": 2.0})
    assert said(store, JUNE) == (MAY, {"M01": 1.0, "M02": 2.0})
    assert said(store, MAY) == (None, {})


def test_the_same_day_s_is_replaced_as_a_whole(store: Store):
    store.keep_snapshot(estimates(M01=1.0, M02=2.0), taken_on=MAY)
    store.keep_snapshot(estimates(M01=5.0), taken_on=JUNE)
    store.keep_snapshot(estimates(M01=3.0, M03=None), taken_on=MAY)
    assert said(store, JUNE) == (MAY, {"M01": 3.0, "M03": None})
    assert said(store) == (JUNE, {"M01": 5.0})


def test_the_version_grows_with_a_snapshot_that_says_something_new(store: Store):
    version = store.version()
    store.keep_snapshot(estimates(M01=1.0), taken_on=MAY)
    assert store.version() > version
    version = store.version()
    store.keep_snapshot(estimates(M01=1.0), taken_on=MAY)
    assert store.version() == version
    store.keep_snapshot(estimates(M01=2.0), taken_on=MAY)
    assert store.version() > version


def test_two_servers_may_keep_the_same_day_s_at_once(store: Store):
    together = Barrier(4)

    def keep(value: float) -> None:
        together.wait(timeout=60)
        store.keep_snapshot(estimates(M01=value, M02=value), taken_on=MAY)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, (1.0, 2.0, 3.0, 4.0)))
    day, values = said(store)
    assert day == MAY
    assert values["M01"] == values["M02"] in (1.0, 2.0, 3.0, 4.0)  # one of them, whole


def test_figures_of_invented_records_are_not_held_against_real_ones(store: Store):
    invented = put(store, episodes(a=1), "invented", standing="invented")
    store.keep_snapshot(estimates(M01=100.0), taken_on=MAY)
    own = put(store, episodes(b=1), "own")
    assert said(store) == (None, {})  # of both together none was taken
    store.keep_snapshot(estimates(M01=101.0), taken_on=JUNE)
    assert said(store) == (JUNE, {"M01": 101.0})
    store.undo(own)
    assert said(store) == (MAY, {"M01": 100.0})
    own = put(store, episodes(b=1), "own")
    store.undo(invented)
    assert said(store) == (None, {})
    store.keep_snapshot(estimates(M01=1.0), taken_on=JUNE)
    put(store, episodes(c=1), "own too")
    assert said(store) == (JUNE, {"M01": 1.0})


def test_what_was_reckoned_from_invented_records_goes_with_the_last_of_them(store: Store):
    own = put(store, episodes(b=1), "own")
    store.keep_snapshot(estimates(M01=1.0), taken_on=MAY)
    numbers = [put(store, episodes(a=1), name, standing="invented") for name in ("one", "two")]
    store.keep_snapshot(estimates(M01=101.0), taken_on=MAY)
    store.undo(numbers[0])
    assert said(store) == (MAY, {"M01": 101.0})
    store.undo(numbers[1])
    assert said(store) == (MAY, {"M01": 1.0})
    put(store, episodes(a=1), "one", standing="invented")
    assert said(store) == (None, {})
    store.undo(own)
    assert said(store) == (None, {})


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (pl.concat([estimates(M01=1.0), estimates(M01=2.0)]), "given more than once: M01, all all, 2026-03"),
        (estimates(M01=1.0).with_columns(period=pl.lit(None, pl.String)), "1 estimate without period"),
        (estimates(M01=1.0, M02=1.0).with_columns(status=pl.lit(None, pl.String)), "2 estimates without status"),
    ],
)
def test_estimates_that_cannot_be_told_apart_are_refused(store: Store, frame: pl.DataFrame, sentence: str):
    store.keep_snapshot(estimates(M01=7.0), taken_on=MAY)
    version = store.version()
    with pytest.raises(StoreError, match=sentence):
        store.keep_snapshot(frame, taken_on=MAY)
    assert said(store) == (MAY, {"M01": 7.0})
    assert store.version() == version
