"""Control chart limits and signals, against the cases of NHSRplotthedots and hand-made ones."""

from pathlib import Path

import polars as pl
import pytest

from metrics.control_chart import LEAST_XMR_POINTS, seven_in_order, seven_on_one_side, two_of_three
from metrics.trends import xmr

DATA = Path(__file__).parent / "data"

RULES = {
    "seven_point_trend": seven_in_order,
    "seven_point_one_side": seven_on_one_side,
    "two_in_three_same_side": two_of_three,
}


@pytest.mark.parametrize("case", pl.read_csv(DATA / "control_chart_rules.csv").to_dicts(), ids=lambda c: c["points"])
def test_official_control_chart_signals(case):
    points, flags = ([int(v) for v in case[c].split()] for c in ("points", "flags"))
    assert RULES[case["rule"]](points).astype(int).tolist() == flags


LIMITS = pl.read_csv(DATA / "control_chart_limits.csv")


@pytest.mark.parametrize("case", LIMITS["case"].unique(maintain_order=True).to_list())
def test_official_control_chart_limits(case):
    rows = LIMITS.filter(case=case).sort("t")
    assert rows.height in (18, 20)
    ours = xmr(rows["value"], screen_outliers=rows["screened"][0])
    near = 0.5 * 10 ** -rows["decimals"][0] + 1e-9
    for side in ("mean", "lower", "upper"):
        assert ours[side].to_list() == pytest.approx(rows[side].to_list(), abs=near)


def test_the_vignettes_ten_lies_beyond_the_limits():
    ours = xmr(LIMITS.filter(case="vignette, as the spreadsheet").sort("t")["value"])
    assert [i + 1 for i, so in enumerate(ours["beyond_limits"]) if so] == [5]
    assert ours["signal"][4] == "beyond the limits"
    assert ours["signal"][0] is None


def test_signals_are_found_in_a_chart():
    values = [5, 6, 5, 4, 5, 6, 4, 5, 4, 6, 4, 5, 6, 7, 8, 9, 10]
    ours = xmr(values)
    assert ours["run"].to_list() == [0] * 16 + [1]
    assert "7 or more rising" in ours["signal"][16]
    flipped = xmr([-v for v in values])
    assert flipped["run"][16] == -1
    assert flipped["lower"].to_list() == pytest.approx((-ours["upper"]).to_list())


def test_two_of_three_must_be_on_the_same_side():
    calm = [0.0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    # mean of moving ranges about 1.2, so two thirds of the way is about 2.1 from the mean of about 0.5
    assert xmr([*calm, 3, 1, 3])["two_of_three"].to_list()[-3:] == [True] * 3
    assert not xmr([*calm, 3.2, 0.5, -2.2])["two_of_three"].any()


def test_no_limits_under_thirteen_points():
    assert LEAST_XMR_POINTS == 13
    few = xmr([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    assert few["mean"].null_count() == few["upper"].null_count() == 12
    assert few["run"].to_list() == [0] * 12 and few["signal"].null_count() == 12
    assert few["moving_range"].to_list() == [None] + [1.0] * 11
    assert xmr(range(13))["mean"].to_list() == [6] * 13
    assert xmr([]).height == 0


def test_a_missing_month_keeps_its_row_and_constants_give_no_signal():
    ours = xmr([0.1] * 7 + [None] + [0.1] * 7)
    assert ours.height == 15
    assert ours["mean"].null_count() == 1
    assert ours["signal"].null_count() == 15
