"""Forecasts, past changes and on track, against numpy, scipy, statsmodels and hand-working."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.tsa.holtwinters import Holt, SimpleExpSmoothing

from metrics.estimates import conform
from metrics.forecasts import LEAST_CHANGES
from metrics.trends import forecast, on_track, past_changes


def line(years, value, *, measure="m", group="E06000061", **columns) -> pl.DataFrame:
    ends = [y if isinstance(y, date) else date(y, 3, 31) for y in years]
    numbers = [None if v is None else float(v) for v in value]
    frame = pl.DataFrame({"period_end": ends, "value": numbers}, schema={"period_end": pl.Date, "value": pl.Float64})
    labels = pl.col("period_end").dt.year().cast(pl.String)
    frame = frame.with_columns(
        pl.lit(measure).alias("measure"), pl.lit("area").alias("breakdown"), labels.alias("period")
    )
    return conform(frame.with_columns(pl.lit(group).alias("group"), **{k: pl.Series(v) for k, v in columns.items()}))


def areas(n=60, years=range(2010, 2020), seed=3) -> pl.DataFrame:
    steps = np.random.default_rng(seed).normal(0, 1, (n, len(years)))
    return pl.concat(line(years, 50 + row.cumsum(), group=f"E08{i:06d}") for i, row in enumerate(steps))


def test_flat_forecast_carries_the_last_value_with_the_spread_of_past_changes():
    everyone = areas()
    changes = past_changes(everyone)
    assert changes.group_by("years_ahead").len().sort("years_ahead")["len"].to_list() == [540, 480, 420]
    own = line(range(2010, 2020), range(10))
    ours = forecast(own, changes=changes)
    assert ours["value"].to_list() == [9, 9, 9]
    assert ours["period"].to_list() == ["2020", "2021", "2022"]
    assert ours["period_end"].to_list() == [date(y, 3, 31) for y in (2020, 2021, 2022)]
    table = everyone.pivot("group", index="period_end", values="value").drop("period_end").to_numpy()
    for h, lower, upper in ours.select("years_ahead", "lower", "upper").iter_rows():
        q = np.quantile((table[h:] - table[:-h]).ravel(), [0.025, 0.975])
        assert (lower, upper) == pytest.approx((9 + q[0], 9 + q[1]))
    assert ours["method"][2] == "flat; middle 95% of 420 past 3-year changes"


def test_changes_leave_out_england_the_tiny_and_what_lies_across_a_break():
    frame = pl.concat(
        [line([2018, 2019], [1, 3], group=g) for g in ("E92000001", "E12000004", "E09000001", "E06000061")]
    )
    assert past_changes(frame)["group"].to_list() == ["E06000061"]
    broken = line(range(2015, 2021), [1, 2, 3, 40, 41, 42])
    assert past_changes(broken, breaks=["2018-03-31"])["change"].abs().max() == 2
    assert past_changes(broken)["change"].max() == 39


def test_changes_are_over_calendar_years_not_over_rows():
    changes = past_changes(line([2015, 2016, 2019], [1, 2, 9])).sort("years_ahead")
    assert changes.select("years_ahead", "change").rows() == [(1, 1.0), (3, 7.0)]


def test_few_past_changes_give_no_interval():
    ours = forecast(line(range(2010, 2020), range(10)))
    assert ours["lower"].null_count() == 3
    assert "too few past changes" in ours["method"][0]
    enough = pl.DataFrame(
        {"measure": ["m"] * LEAST_CHANGES, "years_ahead": [1] * LEAST_CHANGES, "change": range(LEAST_CHANGES)}
    )
    ours = forecast(line([2019], [5]), changes=enough)
    assert ours["lower"].to_list() == [5, None, None]  # every past change was up, yet the band holds the line itself
    assert ours["upper"][0] == pytest.approx(5 + np.quantile(range(LEAST_CHANGES), 0.975))


Y = [10.0, 12.0, 11.0, 15.0, 14.0, 18.0]


def test_smoothing_and_holt_agree_with_statsmodels():
    own = line(range(2014, 2020), Y)
    ses = SimpleExpSmoothing(np.array(Y), initialization_method="known", initial_level=Y[0])
    wanted = ses.fit(smoothing_level=0.8, optimized=False).forecast(3)
    assert forecast(own, method="exponential smoothing")["value"].to_list() == pytest.approx(wanted.tolist())
    # Holt's first level is the first value and the first slope the first step; statsmodels starts one step earlier
    holt = Holt(np.array(Y[1:]), initialization_method="known", initial_level=Y[0], initial_trend=Y[1] - Y[0])
    wanted = holt.fit(smoothing_level=0.8, smoothing_trend=0.2, optimized=False).forecast(3)
    assert forecast(own, method="holt")["value"].to_list() == pytest.approx(wanted.tolist())


def test_straight_line_agrees_with_scipy_and_keeps_gaps():
    years = [2010, 2014, 2015, 2017, 2018, 2019]
    fit = stats.linregress(years, Y)
    ours = forecast(line(years, Y), method="straight line", horizon=2)["value"].to_list()
    assert ours == pytest.approx([fit.intercept + fit.slope * y for y in (2020, 2021)])


def test_a_forecast_starts_after_the_last_break():
    broken = line(range(2014, 2020), [100, 90, 80, 10, 12, 14])
    ours = forecast(broken, method="straight line", horizon=1, breaks={"m": ["2017-03-31"]})
    assert ours["value"].item() == pytest.approx(16)


@pytest.mark.parametrize("method", ["straight line", "holt", "exponential smoothing"])
def test_other_methods_bring_their_own_past_errors(method):
    errors = past_changes(line(range(2010, 2016), [1, 2, 3, 4, 5, 6]), method=method)
    counts = errors.group_by("years_ahead").len().sort("years_ahead")["len"].to_list()
    assert counts == [3, 2, 1]  # looked from 2012, 2013, 2014
    if method == "exponential smoothing":
        # after 1, 2, 3 the level is 0.8·3 + 0.2·(0.8·2 + 0.2·1) = 2.76; the next is 4
        assert errors.filter(years_ahead=1)["change"][0] == pytest.approx(4 - 2.76)
    else:
        assert errors["change"].to_list() == pytest.approx([0] * 6)  # a straight line holds no surprise


def test_walks_without_a_trend_are_best_forecast_flat():
    everyone = areas(n=80)
    size = {m: past_changes(everyone, method=m)["change"].abs().mean() for m in ("straight line", "holt")}
    flat = past_changes(everyone).filter(pl.col("period_end") >= date(2012, 3, 31))["change"].abs().mean()
    assert min(size.values()) > flat


@pytest.mark.parametrize(
    ("label", "after"), [("2018/19", "2019/20"), ("2018-19", "2019-20"), ("201819", "201920"), ("2025", "2026"),
                         ("2024/25 Q4", "2025/26 Q4"), ("2016 - 18", "2017 - 19"),
                         ("1999/00", "2000/01"), ("1998/99", "1999/00"),
                         ("March", "2020")],
)  # fmt: skip
def test_labels_go_on_in_the_publishers_style(label, after):
    frame = line([2019], [1]).with_columns(period=pl.lit(label))
    assert forecast(frame, horizon=1)["period"].item() == after


def test_another_method_is_refused():
    for call in (forecast, past_changes):
        with pytest.raises(ValueError, match="arima"):
            call(line([2019], [1]), method="arima")


# --- On track -------------------------------------------------------------------------------------------------------

WORDS = {
    "consistent_fail": "not on track",
    "consistent_pass": "on track",
    "inconsistent": "could go either way",
    "": "cannot say",
}


@pytest.mark.parametrize(
    # NHSRplotthedots' cases of a target against control limits; the same question of a forecast's interval
    ("lower", "upper", "target", "polarity", "answer"),
    [
        (1, 3, 4, "higher", "consistent_fail"),
        (5, 7, 4, "higher", "consistent_pass"),
        (1, 5, 4, "higher", "inconsistent"),
        (1, 3, 4, "lower", "consistent_pass"),
        (5, 7, 4, "lower", "consistent_fail"),
        (1, 5, 4, "lower", "inconsistent"),
        (1, 3, 4, "none", ""),
    ],
)
def test_on_track(lower, upper, target, polarity, answer):
    ahead = line([2026], [(lower + upper) / 2], lower=[float(lower)], upper=[float(upper)])
    assert on_track(ahead, target, polarity) == WORDS[answer]


def test_on_track_by_a_date():
    ahead = line([2026, 2027, 2028], [5, 5, 5], lower=[4.5, 3.5, 2.5], upper=[5.5, 6.5, 7.5])
    assert on_track(ahead, 4, "lower", by=date(2025, 12, 31)) == "not on track"
    assert on_track(ahead, 4, "lower", by=date(2026, 4, 1)) == "could go either way"
    assert on_track(ahead, 4, "stay above England", by=date(2026, 3, 31)) == "on track"
    assert on_track(ahead, 4, "lower", by=date(2030, 1, 1)) == "cannot say"
    assert on_track(ahead, None, "lower") == "cannot say"
    assert on_track(line([2026], [5]), 4, "lower") == "cannot say"
    assert on_track(ahead.head(0), 4, "lower") == "cannot say"
    with pytest.raises(ValueError, match="one series"):
        on_track(pl.concat([ahead, ahead.with_columns(group=pl.lit("other"))]), 4, "lower")
