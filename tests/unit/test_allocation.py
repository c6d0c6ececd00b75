"""Sharing out a budget to the penny."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.funding import AllocationError, allocate


def frame(weights: list[float], **columns) -> pl.DataFrame:
    """Areas A00, A01, … of one person each, so that need is the weight."""
    names = [f"A{i:02}" for i in range(len(weights))]
    return pl.DataFrame({"area": names, "need": weights, "people": [1.0] * len(weights), **columns})


def share(budget, table, **rules) -> pl.DataFrame:
    return allocate(budget, table, area="area", population="people", **rules)


def test_pence_left_over_go_to_the_largest_remainders_then_the_first_code():
    assert share(100, frame([1, 1, 1]))["pence"].to_list() == [3334, 3333, 3333]
    # 1, 2 and 4 sevenths of £1.00 are 14.29, 28.57 and 57.14 p: the one penny left goes to .57
    assert share(1, frame([1, 2, 4]))["pence"].to_list() == [14, 29, 57]
    turned = share(100, frame([1, 1, 1]).reverse())
    assert turned.sort("area")["pence"].to_list() == [3334, 3333, 3333]


def test_money_follows_people_times_need_after_the_base():
    table = frame([10.0, 20.0, 0.0]).with_columns(pl.Series("people", [300.0, 100.0, 50.0]))
    got = share(5_300, table, base=100)  # 5,000 by 3,000 : 2,000 : 0
    assert got["amount"].to_list() == [3_100.0, 2_100.0, 100.0]
    assert got["share"].sum() == pytest.approx(1)
    assert got["held"].to_list() == ["", "", ""]


def test_a_floor_takes_from_all_others_in_proportion():
    got = share(1_000, frame([1.0, 3.0, 6.0]), floor=190)  # the first is lifted from 100; 810 is left for 3 : 6
    assert got["amount"].to_list() == [190.0, 270.0, 540.0]
    assert got["held"].to_list() == ["floor", "", ""]


def test_a_limit_holds_change_and_what_it_frees_moves_on():
    table = frame([1.0, 1.0, 2.0], last=[400.0, 200.0, 400.0])
    got = share(1_000, table, previous="last", limit=0.1)
    # by need alone 250, 250, 500; the first may not fall below 360, which leaves 213.33 and 426.67, not above 220, 440
    assert got["amount"].to_list() == pytest.approx([360.0, 213.33, 426.67])
    assert got["held"].to_list() == ["limit below", "", ""]
    assert got["difference"].to_list() == pytest.approx([-40.0, 13.33, 26.67])
    assert got["change"].to_list() == pytest.approx([-0.1, 13.33 / 200, 26.67 / 400])
    free = share(1_000, table, previous="last")
    assert free["difference"].to_list() == [-150.0, 50.0, 100.0]


def test_an_area_without_a_previous_amount_is_not_held():
    table = frame([1.0, 1.0], last=[100.0, None])
    got = share(1_000, table, previous="last", limit=0.05)
    assert got["amount"].to_list() == [105.0, 895.0]
    assert got["difference"].to_list() == [5.0, None]


areas = st.lists(st.floats(0, 90, allow_subnormal=False).map(lambda w: round(w, 3)), min_size=1, max_size=25)


@given(areas, st.integers(0, 10**10))
@settings(deadline=None)
def test_without_bounds_it_is_the_method_of_largest_remainders_exactly(weights, pence):
    """Against the method written out in fractions."""
    if sum(weights) == 0:
        return
    exact = [Fraction(str(w)) for w in weights]
    quotas = [pence * w / sum(exact) for w in exact]
    got = share(Decimal(pence) / 100, frame(weights))["pence"].to_list()
    assert sum(got) == pence
    # floats carry quotas of ten thousand million pence to about a ten-thousandth of a penny
    assert all(abs(g - q) < 1 + 1e-4 for g, q in zip(got, quotas, strict=True))
    order = sorted(range(len(exact)), key=lambda i: exact[i])
    assert all(got[a] <= got[b] for a, b in pairwise(order) if exact[a] < exact[b])


@given(
    areas,
    st.integers(0, 10**9),
    st.integers(0, 50_000),
    st.one_of(st.none(), st.integers(0, 80_000)),
    st.one_of(st.none(), st.tuples(st.floats(0, 0.5), st.lists(st.integers(0, 10**8), min_size=25, max_size=25))),
)
@settings(deadline=None, max_examples=300)
def test_every_rule_holds_to_the_penny_or_one_sentence_says_why_not(weights, pence, base, floor, limits):
    table, rules = frame(weights), {"base": base / 100, "floor": None if floor is None else floor / 100}
    low = np.maximum(base, floor or 0) * np.ones(len(weights))
    high = np.full(len(weights), np.inf)
    if limits is not None:
        limit, last = limits[0], np.array(limits[1][: len(weights)])
        table = table.with_columns(pl.Series("last", last / 100))
        rules |= {"previous": "last", "limit": limit}
        low, high = np.maximum(low, last * (1 - limit)), last * (1 + limit)
    w = np.array(weights)
    try:
        got = share(Decimal(pence) / 100, table, **rules)
    except AllocationError as refused:
        # refused only where no shares could keep the rules; bounds are drawn in to whole pence, hence the allowance
        n = len(weights)
        most = high[w > 0].sum() + low[w == 0].sum() if (w > 0).any() else low.sum()
        assert (low > high - 2).any() or pence < low.sum() + n or pence > most - n
        assert str(refused).endswith(".")
        assert str(refused).count(". ") == 0
        return
    p = got["pence"].to_numpy()
    assert p.sum() == pence
    assert (p >= low - 1e-3).all()
    assert (p <= high + 1e-3).all()
    # one k serves all that are not held; the held ones would be beyond their bound at that k
    free = (w > 0) & (p > low + 1) & (p < high - 1)
    if free.any():
        k = (p[free] - base).sum() / w[free].sum()
        wish = base + k * w
        assert (np.abs(p - np.clip(wish, low, high)) <= len(weights) + 1).all()


@given(areas, st.integers(1, 10**8), st.integers(1, 10**6))
@settings(deadline=None)
def test_a_larger_budget_takes_no_more_than_a_penny_from_anyone(weights, pence, more):
    if sum(weights) == 0:
        return
    small = share(Decimal(pence) / 100, frame(weights))["pence"]
    large = share(Decimal(pence + more) / 100, frame(weights))["pence"]
    assert (large - small).min() >= -1


@pytest.mark.parametrize(
    ("budget", "weights", "rules", "words"),
    [
        (10, [1, 1], {"floor": 6}, "£10.00 is less than the £12.00 that base, floor and limit promise"),
        (10, [1, 1], {"base": 6}, "less than the £12.00"),
        (500, [1, 1], {"previous": "last", "limit": 0.1}, "more than the £220.00 to which the limit"),
        (100, [1, 1], {"previous": "last", "limit": 0.1}, "less than the £180.00"),
        (200, [1, 1], {"previous": "last", "limit": 0.1, "floor": 150}, "at least £150.00 for A00, .* rise to £110.00"),
        (10, [0, 0], {}, "No area has both people and need"),
        (10, [1, -1], {}, "need of A01 is missing or below 0"),
        (10, [1, None], {}, "need of A01 is missing"),
        (-1, [1, 1], {}, "below 0"),
        (0.001, [1, 1], {}, "parts of a penny"),
        (float("nan"), [1, 1], {}, "not an amount"),
        (10, [1, 1], {"limit": 0.1}, "needs last year's amounts"),
        (10, [1, 1], {"base": -1}, "base is an amount"),
    ],
)
def test_what_cannot_be_shared_out_is_said_in_one_sentence(budget, weights, rules, words):
    table = frame([1.0] * len(weights), last=[100.0] * len(weights)).with_columns(
        pl.Series("need", weights, dtype=pl.Float64)
    )
    with pytest.raises(AllocationError, match=words):
        share(budget, table, **rules)
