"""The chart of rounds with limits that follow their size, and groups with their intervals."""

from __future__ import annotations

from datetime import date

import polars as pl

from dashboard.charts.p_chart import interval_rows, p_chart_figure

TEXTS = {"headline": "Rounds", "subtitle": "% of audits", "source": "us"}


def rounds(count: int, *, mean: float | None = 50.0, signal: int | None = None) -> pl.DataFrame:
    rows = [
        {
            "period": f"R{n}",
            "period_end": date(2024, 1 + n, 28),
            "value": 40.0 + 2 * n,
            "mean": mean,
            "lower": None if mean is None else mean - 10 - n,
            "upper": None if mean is None else mean + 10 + n,
            "signal": "beyond the limits" if n == signal else None,
        }
        for n in range(count)
    ]
    schema = {"period": pl.String, "period_end": pl.Date, "signal": pl.String}
    schema |= dict.fromkeys(("value", "mean", "lower", "upper"), pl.Float64)
    return pl.DataFrame(rows, schema=schema)


def test_each_round_has_its_own_limits():
    figure, alt = p_chart_figure(rounds(8), **TEXTS)
    band = figure.data[0]
    assert list(band.y[:8]) == [60.0 + n for n in range(8)]
    assert list(band.y[8:]) == [40.0 - n for n in reversed(range(8))]
    assert alt == (
        "Rounds. 8 rounds from R0 to R7; lowest 40% in R0, highest 54% in R7. All lie within their limits: ordinary up "
        "and down of samples."
    )


def test_what_stands_out_has_a_shape_and_a_word():
    figure, alt = p_chart_figure(rounds(8, signal=3), **TEXTS)
    assert figure.data[-1].marker.symbol == "diamond"
    assert list(figure.data[-1].y) == [46.0]
    assert alt.endswith("Beyond chance: R3.")


def test_too_few_rounds_have_points_and_no_limits():
    figure, alt = p_chart_figure(rounds(3, mean=None), **TEXTS)
    assert len(figure.data) == 1
    assert alt.endswith("Too few rounds for limits.")
    assert p_chart_figure(rounds(0), **TEXTS)[1] == "Rounds. No figures."


def test_groups_stand_with_their_limits_and_the_whole():
    frame = pl.DataFrame(
        {"group": ["a", "b"], "value": [60.0, 40.0], "lower": [50.0, 20.0], "upper": [75.0, 70.0], "n": [30, 12]}
    )
    figure, alt = interval_rows(frame, names={"a": "Schools"}, mean=55.0, **TEXTS)
    [dots] = figure.data
    assert list(dots.error_x.array) == [15.0, 30.0]
    assert list(dots.error_x.arrayminus) == [10.0, 20.0]
    assert list(dots.customdata) == ["Schools: 60%", "b: 40%"]
    assert alt == "Rounds. Schools 60% (50–75) and b 40% (20–70). The whole: 55%."
