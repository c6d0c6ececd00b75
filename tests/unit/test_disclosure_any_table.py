"""Disclosure control on any table: nothing shown, no sum and no difference, tells a count of people from 1 to 5.

What can be worked out is reckoned here by another road than the module's own: the reader's knowledge is written in
terms of the finest counts (area by month by level), and the least and the greatest that a hidden figure can be are
found in whole numbers by `scipy.optimize.milp`, or by going through every table there is.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.optimize import Bounds, LinearConstraint, milp

from metrics.disclosure import ALL, audit, suppress
from tests.unit.tables_of_counts import Axis, axes, cells_of, example, name


class Reader:
    """What somebody who reads every row can know: how each shown figure ties the finest counts together."""

    def __init__(self, shown: pl.DataFrame, cross: list[Axis], *, knows_zeros: bool) -> None:
        self.size = len(cells_of(cross)[0][3])
        self.rows = {(r["breakdown"], r["group"], r["period"]): r for r in shown.iter_rows(named=True)}
        self.share = shown["denominator"].is_not_null().any() or "share" in shown.columns
        self.figures = []  # (what, coefficients over the finest numerators and the finest rests, row)
        ties, least, most = [], [], []
        for a, p, s, members in cells_of(cross):
            key = name(a, s)
            row = self.rows[key["breakdown"], key["group"], p]
            none = np.zeros(self.size)
            numerator, denominator = np.concatenate([members, none]), np.concatenate([members, members])
            for what, known, side in (
                ("numerator", row["numerator"], numerator),
                ("denominator", row["denominator"], denominator),
            ):
                if what == "denominator" and not self.share:
                    continue
                if known is not None:
                    ties.append(side), least.append(known), most.append(known)
                else:
                    self.figures.append((what, side, row))
                    if knows_zeros:
                        ties.append(side), least.append(1.0), most.append(np.inf)
            if self.share and row["value"] is not None:  # a percentage ties the two
                ties.append(numerator - row["value"] / 100 * denominator), least.append(0.0), most.append(0.0)
            if self.share and (row["numerator"] is None or row["denominator"] is None):
                self.figures.append(("complement", np.concatenate([none, members]), row))
        self.ties = np.array(ties).reshape(len(ties), 2 * self.size)
        self.least, self.most = np.array(least), np.array(most)

    def range(self, side: np.ndarray) -> tuple[float, float]:
        ends = []
        for direction in (1.0, -1.0):
            limits = Bounds(np.zeros(2 * self.size), np.full(2 * self.size, 10_000.0))
            around = LinearConstraint(self.ties, self.least - 1e-7, self.most + 1e-7) if len(self.ties) else ()
            solved = milp(direction * side, constraints=around, bounds=limits, integrality=np.ones(2 * self.size))
            assert solved.status == 0, solved.message
            ends.append(round(direction * solved.fun, 6))
        return ends[0], ends[1]


def unguarded(shown: pl.DataFrame, cross: list[Axis]) -> list[str]:
    """Hidden figures that can be pinned down: not free over 1–5, and not clear of it."""
    wrong = []
    plain = Reader(shown, cross, knows_zeros=False)
    sharp = Reader(shown, cross, knows_zeros=True)
    for what, side, row in plain.figures:
        low, high = plain.range(side)
        if low > 5 or high == 0:
            continue
        _, top = sharp.range(side)
        if low > 1 or high < 5 or top < 5:
            wrong.append(f"{what} of {row['group']} {row['period']}: {low:g} to {high:g}, knowing zeros {top:g}")
    return wrong


small_counts = st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 9, 12, 30])
shapes = st.tuples(st.integers(1, 4), st.integers(1, 2), st.integers(1, 2))
kinds = st.sampled_from(["flat", "tree", "overlap"])
often = settings(derandomize=True, max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
now_and_then = settings(often, max_examples=9)


@st.composite
def tables(draw, shape=shapes, values=small_counts):
    size = draw(shape)
    cells = draw(st.lists(values, min_size=int(np.prod(size)), max_size=int(np.prod(size))))
    return np.array(cells).reshape(size)


def check_counts(table: np.ndarray, kind: str) -> None:
    estimates, totals = example(table, share=False, kind=kind)
    shown = suppress(estimates, totals=totals)
    assert unguarded(shown, axes(table.shape, kind)) == []
    small = estimates["numerator"].is_between(1, 5)
    assert (shown.filter(small)["status"] == "c").all()
    zero = estimates["numerator"] == 0
    assert_frame_equal(shown.filter(zero), estimates.filter(zero))
    assert audit(shown, totals=totals)["safe"].all()


@often
@given(tables(), kinds)
def test_no_count_is_given_away_in_any_table(table, kind):
    check_counts(table, kind)


@now_and_then
@given(tables(st.tuples(st.integers(3, 4), st.integers(2, 3), st.just(1)), st.sampled_from([0, 1, 2, 6, 8, 20])), kinds)
def test_no_count_is_given_away_in_a_two_way_table(table, kind):
    check_counts(table, kind)


@now_and_then
@given(tables(values=st.integers(1, 5)), kinds)
def test_no_count_is_given_away_where_all_are_small(table, kind):
    check_counts(table, kind)


@now_and_then
@given(tables(st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))), st.data(), kinds)
def test_no_share_gives_a_count_away(table, data, kind):
    rest = data.draw(tables(st.just(table.shape)))
    estimates, totals = example(table, share=True, kind=kind, rest=rest)
    shown = suppress(estimates, totals=totals)
    cross = axes(table.shape, kind)
    assert unguarded(shown.with_columns(share=pl.lit(True)), cross) == []
    assert audit(shown, totals=totals)["safe"].all()


@now_and_then
@given(tables(st.tuples(st.integers(2, 4), st.just(1), st.integers(1, 3))), st.data())
def test_no_count_is_given_away_that_has_no_row(table, data):
    """Some rows are left out of the table: what they hold can be worked out from the rest like anything else."""
    estimates, totals = example(table, share=False)
    missing = data.draw(st.sets(st.integers(0, estimates.height - 1), max_size=3))
    there = pl.Series([i not in missing for i in range(estimates.height)])
    if not there.any():
        return
    kept = suppress(estimates.filter(there), totals=totals)
    gone = estimates.filter(~there).with_columns(numerator=pl.lit(None, pl.Float64))
    cross = axes(table.shape, "flat")
    reader = Reader(pl.concat([kept, gone.select(kept.columns)]), cross, knows_zeros=False)
    for _, side, row in reader.figures:
        low, high = reader.range(side)
        assert low > 5 or high == 0 or (low <= 1 and high >= 5), (row["group"], low, high)


def test_every_table_gone_through_one_by_one():
    """Two areas by three months: all 20^5 tables with the 0 where it is, counted out rather than solved."""
    table = np.array([[[1], [4], [9]], [[7], [0], [6]]])
    estimates, totals = example(table, share=False)
    shown = suppress(estimates, totals=totals).filter(pl.col("breakdown").is_in(["area", "all"]))
    values = {(r["group"], r["period"]): r["numerator"] for r in shown.iter_rows(named=True)}
    free = np.indices((20,) * 5, dtype=np.int8).reshape(5, -1)
    finest = np.stack([*free[:4], np.zeros_like(free[0]), free[4]])
    figures = [
        (members.astype(np.int8) @ finest, values[a if a != ALL else "all", p])
        for a, p, level, members in cells_of(axes(table.shape, "flat"))
        if level == ALL
    ]
    fits = np.all([counted == value for counted, value in figures if value is not None], axis=0)
    possible = [set(counted[fits].tolist()) for counted, value in figures if value is None]
    assert fits.any()
    assert possible
    assert all(min(seen) > 5 or seen >= {1, 2, 3, 4, 5} for seen in possible)
