"""Weights that keep their sum, and how firmly an order holds."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.weightings import firmness, rescaled, whole_parts


@pytest.mark.parametrize(
    ("weights", "place", "value", "expected"),
    [
        # the others share 240 of 440 alike
        ((160, 140, 140), 0, 200, (200, 120, 120)),
        # 300 : 100 share 600 as 450 : 150
        ((600, 300, 100), 0, 400, (400, 450, 150)),
        # 1 : 1 : 1 share 100: 33 each and one over, to the first of them
        ((70, 10, 10, 10), 0, 0, (0, 34, 33, 33)),
        # nothing to be in proportion to: alike
        ((1000, 0, 0), 0, 500, (500, 250, 250)),
        ((500, 500), 1, 1000, (0, 1000)),
        ((500, 500), 1, 1200, (0, 1000)),
        ((500, 500), 0, -5, (0, 1000)),
        ((1000,), 0, 300, (1000,)),
    ],
)
def test_one_weight_moves_and_the_others_follow_in_proportion(weights, place, value, expected):
    assert rescaled(weights, place, value) == expected


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(any), st.data())
def test_the_sum_stays_and_no_other_is_off_its_share_by_a_whole(weights, data):
    place = data.draw(st.integers(0, len(weights) - 1))
    value = data.draw(st.integers(0, sum(weights)))
    got = rescaled(weights, place, value)
    assert sum(got) == sum(weights)
    assert got[place] == value
    assert min(got) >= 0
    others = sum(weights) - weights[place]
    if others:
        for i, (before, after) in enumerate(zip(weights, got, strict=True)):
            if i != place:
                assert abs(after - before * (sum(weights) - value) / others) < 1


def test_shares_become_whole_numbers_by_largest_remainder():
    # 1000 × .225/.999 = 225.225…, .135 → 135.135…, .093 → 93.093…; 225 + 225 + 135 + 135 + 93 + 93 + 93 = 999, and the
    # one left over goes to the largest remainder, the first .225
    assert whole_parts([0.225, 0.225, 0.135, 0.135, 0.093, 0.093, 0.093], 1000) == (226, 225, 135, 135, 93, 93, 93)
    assert whole_parts([1 / 7] * 7, 1000) == (143, 143, 143, 143, 143, 143, 142)
    for wrong in ([], [0.0], [1.0, -1.0]):
        with pytest.raises(ValueError, match="shares of 0 or more"):
            whole_parts(wrong, 10)


def need(rows):
    """Two domains; the rank is that of their plain mean."""
    frame = pl.DataFrame(rows, schema=["area", "x_score", "y_score"], orient="row")
    mean = pl.col("x_score") + pl.col("y_score")
    return frame.with_columns(mean.rank("min", descending=True).cast(pl.Int64).alias("rank"))


def test_an_order_that_no_weight_can_change_always_holds():
    got = firmness(
        need([("a", 9.0, 9.0), ("b", 5.0, 5.0), ("c", 1.0, 1.0)]), {"x": 0.5, "y": 0.5}, area="area", draws=200, seed=1
    )
    assert got.same_order == 1.0
    assert got.frame["shares"].to_list() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert got.frame["lowest"].to_list() == got.frame["highest"].to_list() == [1, 2, 3]


def test_the_order_of_the_first_holds_in_the_share_of_draws_that_keeps_all_of_them():
    """a leads b where x weighs more than y; c is always last. Mean at .6 to .4: the order a, b holds in the share of
    draws with x above a half, by symmetry that with `a` at rank 1."""
    frame = need([("a", 3.0, 2.0), ("b", 2.0, 3.0), ("c", 0.0, 0.0)]).with_columns(
        pl.Series("rank", [1, 2, 3], dtype=pl.Int64)
    )
    got = firmness(frame, {"x": 0.6, "y": 0.4}, area="area", draws=2000, seed=3, closeness=20)
    leads = got.frame["shares"].to_list()[0][0]
    assert got.same_order == pytest.approx(leads)
    assert 0.5 < leads < 1
    only_first = firmness(frame, {"x": 0.6, "y": 0.4}, area="area", draws=2000, seed=3, closeness=20, first=1)
    assert only_first.same_order == pytest.approx(leads)


def test_many_areas_are_ranked_as_few_are():
    """More than fifty areas are sorted, fewer are counted: both by numpy's own ordering of the same scores."""
    for size in (20, 80):
        random = np.random.default_rng(4)
        frame = need([(str(i), *random.random(2)) for i in range(size)])
        got = firmness(frame, {"x": 1.0, "y": 0.0}, area="area", draws=3, seed=1)
        order = frame["x_score"].to_numpy().argsort()[::-1]
        for rank, place in enumerate(order, start=1):
            assert got.frame["lowest"][int(place)] == got.frame["highest"][int(place)] == rank
