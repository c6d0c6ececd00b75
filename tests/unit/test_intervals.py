"""Intervals against printed tables, scipy, statsmodels, hand-working and properties that must hold."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from metrics.intervals import byar, directly_standardised_rate, student, wilson, z_value

CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.998])


def limits(expression: pl.Expr) -> tuple[float | None, float | None]:
    pair = pl.select(expression).item()
    return pair["lower"], pair["upper"]


# --- Wilson ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "n", "lower", "upper"), [(0, 10, 0, 0.27753), (10, 10, 0.72247, 1)])
def test_wilson_at_the_ends(x, n, lower, upper):
    assert limits(wilson(x, n)) == pytest.approx((lower, upper), abs=5e-6)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.998])
def test_wilson_agrees_with_statsmodels(confidence):
    frame = pl.DataFrame({"x": [0, 1, 5, 81, 7, 1000, 0, 3], "n": [1, 1, 10, 263, 7, 123_456, 500, 1_000_000]})
    ours = frame.select(wilson("x", "n", confidence=confidence).alias("w")).unnest("w")
    lower, upper = proportion_confint(frame["x"].to_numpy(), frame["n"].to_numpy(), 1 - confidence, method="wilson")
    assert ours["lower"].to_numpy() == pytest.approx(lower, rel=1e-9, abs=1e-12)
    assert ours["upper"].to_numpy() == pytest.approx(upper, rel=1e-9, abs=1e-12)


def test_wilson_on_a_percentage_scale_and_from_expressions():
    frame = pl.DataFrame({"yes": [81], "no": [182]})
    once = frame.select(wilson("yes", pl.col("yes") + pl.col("no")).alias("w")).unnest("w").row(0)
    percent = frame.select(wilson(pl.col("yes"), 263, multiplier=100).alias("w")).unnest("w").row(0)
    # 81 of 263 is the example that Newcombe (Statistics in Medicine 17, 1998, table I) prints as 0.2553 to 0.3662
    assert once == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert percent == pytest.approx((100 * once[0], 100 * once[1]))


@pytest.mark.parametrize(
    ("x", "n"), [(None, 10), (3, None), (3, 0), (0, 0), (-1, 10), (11, 10), (3, -5), (math.nan, 10), (3, math.inf)]
)
def test_wilson_of_the_impossible_is_null(x, n):
    assert limits(wilson(pl.lit(x, pl.Float64), pl.lit(n, pl.Float64))) == (None, None)


@given(n=st.integers(1, 10**7), share=st.floats(0, 1), confidence=CONFIDENCES)
def test_wilson_holds_the_proportion_and_stays_inside_0_and_1(n, share, confidence):
    x = share * n
    lower, upper = limits(wilson(x, n, confidence=confidence))
    assert 0 <= lower <= upper <= 1
    assert lower - 1e-9 <= x / n <= upper + 1e-9


@given(n=st.integers(1, 10**6), share=st.floats(0, 1))
def test_wilson_widens_with_confidence(n, share):
    narrow, wide = limits(wilson(share * n, n, confidence=0.9)), limits(wilson(share * n, n, confidence=0.99))
    assert wide[0] <= narrow[0] + 1e-12
    assert wide[1] >= narrow[1] - 1e-12


# --- Counts and rates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "lower", "upper"),
    [(0, 0, 3.6889), (1, 0.0253, 5.5716), (9, 4.1154, 17.0848), (10, 4.7874, 18.3915)],
)
def test_count_limits_of_the_printed_table(x, lower, upper):
    # 4.78745 for 10 events lies on the edge of the fourth decimal, hence a whole unit of it
    assert limits(byar(x)) == pytest.approx((lower, upper), abs=1e-4)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.998])
def test_small_counts_are_exact(confidence):
    # the exact limits by their meaning: P(X ≥ x | lower) = P(X ≤ x | upper) = (1 − c)/2
    frame = pl.DataFrame({"x": range(10)}).with_columns(byar("x", confidence=confidence).alias("b")).unnest("b")
    tail = (1 - confidence) / 2
    for x, lower, upper in frame.iter_rows():
        assert stats.poisson.cdf(x, upper) == pytest.approx(tail)
        assert lower == 0 if x == 0 else stats.poisson.sf(x - 1, lower) == pytest.approx(tail)


def test_byar_is_close_to_exact_from_ten_on():
    x = np.arange(10, 400)
    ours = pl.DataFrame({"x": x}).select(byar("x").alias("b")).unnest("b")
    assert ours["lower"].to_numpy() == pytest.approx(stats.chi2.ppf(0.025, 2 * x) / 2, rel=2e-3)
    assert ours["upper"].to_numpy() == pytest.approx(stats.chi2.ppf(0.975, 2 * x + 2) / 2, rel=2e-3)


def test_byar_by_hand():
    # x = 100, z = 1.959964: L = 100(1 − 1/900 − 1.959964/30)³ = 100 × 0.933557³ = 81.3628…
    #                        U = 101(1 − 1/909 + 1.959964/(3√101))³ = 101 × 1.063907…³ = 121.629…
    lower, upper = limits(byar(100))
    assert lower == pytest.approx(100 * (1 - 1 / 900 - 1.9599640 / 30) ** 3, rel=1e-7)
    assert upper == pytest.approx(101 * (1 - 1 / 909 + 1.9599640 / (3 * 10.0498756)) ** 3, rel=1e-7)
    assert (lower, upper) == pytest.approx((81.36, 121.63), abs=0.01)


def test_counts_that_are_not_whole_are_exact_too_and_repeat():
    frame = pl.DataFrame({"x": [0.5, 9.5, 3.25, 9.5, 4.0, 12.5]}).with_columns(byar("x").alias("b")).unnest("b")
    x = frame["x"].to_numpy()[:5]
    assert frame["lower"].to_numpy()[:5] == pytest.approx(stats.chi2.ppf(0.025, 2 * x) / 2)
    assert frame["upper"].to_numpy()[:5] == pytest.approx(stats.chi2.ppf(0.975, 2 * x + 2) / 2)
    assert frame["lower"][5] == pytest.approx(12.5 * (1 - 1 / 112.5 - 1.959964 / (3 * math.sqrt(12.5))) ** 3)


def test_a_rate_is_the_count_limits_over_the_denominator():
    frame = pl.DataFrame({"x": [0, 7, 55], "n": [1_000, 20_000, 35_000]})
    rate = frame.select(byar("x", "n", multiplier=10_000).alias("b")).unnest("b")
    count = frame.select(byar("x").alias("b")).unnest("b")
    for side in ("lower", "upper"):
        assert rate[side].to_list() == pytest.approx((count[side] / frame["n"] * 10_000).to_list())


@pytest.mark.parametrize(("x", "n"), [(None, 5), (-1, 5), (math.nan, 5), (math.inf, 5), (3, 0), (3, None), (12, -1)])
def test_a_rate_of_the_impossible_is_null(x, n):
    assert limits(byar(pl.lit(x, pl.Float64), pl.lit(n, pl.Float64))) == (None, None)


def test_nulls_and_grouping_leave_the_other_rows_alone():
    frame = pl.DataFrame({"g": ["a", "b", "a", "b"], "x": [0, None, 12, 3]})
    together = frame.with_columns(byar("x").alias("b"))["b"].to_list()
    alone = [limits(byar(pl.lit(x, pl.Float64))) for x in frame["x"]]
    assert [(b["lower"], b["upper"]) for b in together] == alone
    lazily = frame.lazy().with_columns(byar("x").alias("b")).collect()["b"].to_list()
    assert lazily == together


@given(x=st.floats(0, 1e7), confidence=CONFIDENCES)
def test_count_limits_hold_the_count(x, confidence):
    lower, upper = limits(byar(x, confidence=confidence))
    assert 0 <= lower <= x * (1 + 1e-9) + 1e-9
    assert x <= upper


@given(x=st.floats(0, 1e6))
def test_count_limits_widen_with_confidence(x):
    narrow, wide = limits(byar(x, confidence=0.9)), limits(byar(x, confidence=0.99))
    assert wide[0] <= narrow[0]
    assert wide[1] >= narrow[1]


# --- Means ----------------------------------------------------------------------------------------------------------


def test_student_agrees_with_scipy():
    frame = pl.DataFrame({"m": [3.2, -1.0, 50.0], "s": [1.1, 2.0, 0.0], "n": [6, 2, 40]})
    ours = frame.select(student("m", "s", "n", confidence=0.9).alias("t")).unnest("t")
    for (m, s, n), got in zip(frame.iter_rows(), ours.iter_rows(), strict=True):
        wanted = stats.t.interval(0.9, n - 1, loc=m, scale=s / math.sqrt(n)) if s else (m, m)
        assert got == pytest.approx(wanted)


@pytest.mark.parametrize(("m", "s", "n"), [(3, 1, 1), (3, 1, 0), (3, -1, 9), (None, 1, 9), (3, None, 9), (3, 1, None)])
def test_student_of_the_impossible_is_null(m, s, n):
    assert limits(student(*(pl.lit(v, pl.Float64) for v in (m, s, n)))) == (None, None)


# --- Directly standardised rates --------------------------------------------------------------------------------------

BANDS = pl.DataFrame(
    {
        "area": ["N"] * 3 + ["W"] * 3,
        "events": [6, 10, 4, 2, 3, 4],
        "people": [1_000, 2_000, 500, 900, 800, 700],
        "standard": [30, 50, 20, 30, 50, 20],
    }
)


def dsr(frame, **options):
    return directly_standardised_rate(frame, events="events", population="people", weights="standard", **options)


def test_standardised_rate_by_hand():
    # N: v = (30·6/1000 + 50·10/2000 + 20·4/500)/100 = (0.18 + 0.25 + 0.16)/100 = 0.0059 → 590 per 100,000
    # var = (6·0.03² + 10·0.025² + 4·0.04²)/100² = (0.0054 + 0.00625 + 0.0064)/10⁴ = 1.805e-6; X = 20
    # Byar(20), z = 1.959964: L = 20(1 − 1/180 − z/(3√20))³ = 12.2097…, U = 21(1 − 1/189 + z/(3√21))³ = 30.8896…
    # limits: 0.0059 + √(1.805e-6/20)·(L − 20) and …(U − 20)
    low, high = 20 * (1 - 1 / 180 - 1.959964 / (3 * 20**0.5)) ** 3, 21 * (1 - 1 / 189 + 1.959964 / (3 * 21**0.5)) ** 3
    stretch = (1.805e-6 / 20) ** 0.5
    north = dsr(BANDS, by="area").row(0, named=True)
    assert (north["numerator"], north["denominator"], north["status"]) == (20, 3_500, "ok")
    assert north["value"] == pytest.approx(590)
    assert north["lower"] == pytest.approx(1e5 * (0.0059 + stretch * (low - 20)))
    assert north["upper"] == pytest.approx(1e5 * (0.0059 + stretch * (high - 20)))
    assert north["method"] == "Dobson–Byar 95%"


def test_standardised_rate_agrees_with_phstatsmethods():
    # what `ph_dsr` of PHStatsMethods 0.1.16 gives for the same six bands: its formula, unlike others there, is sound
    bands = pl.DataFrame(
        {
            "events": [3, 8, 20, 31, 55, 12],
            "people": [5_000, 6_000, 7_000, 4_000, 3_000, 500],
            "standard": [22_000, 23_000, 26_000, 20_000, 7_000, 2_000],
        }
    )
    rate = dsr(bands).select("value", "lower", "upper").row(0)
    assert rate == pytest.approx((449.485714, 371.751478, 538.09084), abs=1e-5)


def test_fewer_than_ten_events_is_too_few_to_judge():
    west = dsr(BANDS, by="area").row(1, named=True)
    assert west["status"] == "low"
    assert west["numerator"] == 9
    assert (west["value"], west["lower"], west["upper"]) == (None, None, None)
    one_more = BANDS.with_columns(pl.when(pl.int_range(pl.len()) == 5).then(5).otherwise("events").alias("events"))
    assert dsr(one_more, by="area")["status"].to_list() == ["ok", "ok"]


def test_weights_like_the_population_give_the_crude_rate_with_byar_limits():
    own = BANDS.with_columns(standard=pl.col("people"))
    rate = dsr(own, multiplier=1_000, confidence=0.998).row(0, named=True)
    crude = limits(byar(29, 5_900, multiplier=1_000, confidence=0.998))
    assert rate["value"] == pytest.approx(29 / 5.9)
    assert (rate["lower"], rate["upper"]) == pytest.approx(crude)


@pytest.mark.parametrize(
    "spoiled",
    [
        pl.lit(None, pl.Int64).alias("events"),
        pl.lit(0).alias("people"),
        pl.lit(-1).alias("standard"),
        pl.lit(0).alias("standard"),
    ],
)
def test_a_band_that_cannot_be_makes_the_rate_not_available(spoiled):
    rate = dsr(BANDS.with_columns(spoiled)).row(0, named=True)
    assert rate["status"] == "x"
    assert rate["value"] is None and rate["lower"] is None


# --- Level of confidence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [95, 1, 0, -0.5, 100, math.nan])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    for call in (lambda c: wilson(1, 2, confidence=c), lambda c: byar(1, confidence=c), z_value):
        with pytest.raises(ValueError, match="between 0 and 1"):
            call(confidence)
    with pytest.raises(ValueError, match="between 0 and 1"):
        student(1, 1, 5, confidence=confidence)


def test_z_value():
    assert z_value(0.95) == pytest.approx(1.959963984540054, abs=1e-12)
    assert z_value(0.998) == pytest.approx(stats.norm.ppf(0.999))
