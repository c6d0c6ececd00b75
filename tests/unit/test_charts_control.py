"""The monthly chart with control limits: what is drawn, what is marked, and its words."""

from datetime import date

import polars as pl
import pytest

from dashboard.charts.control import control_chart
from metrics.estimates import conform
from metrics.trends import xmr


def months(values, *, hidden=()):
    rows = [
        {
            "measure": "M02",
            "breakdown": "area",
            "group": "E10000021",
            "period": f"{2024 + i // 12}-{i % 12 + 1:02}",
            "period_end": date(2024 + i // 12, i % 12 + 1, 28),
            "value": None if i in hidden else v,
            "status": "c" if i in hidden else "ok",
        }
        for i, v in enumerate(values)
    ]
    return conform(pl.DataFrame(rows, infer_schema_length=None))


def drawn(frame):
    return control_chart(
        frame, xmr(frame["value"]), headline="Finished on time", subtitle="Assessments, %", source="Records", unit="%"
    )


# mean 70, mean moving range 2: limits 70 ± 2.66 × 2 = 64.68 to 75.32 (worked by hand)
STEADY = [69.0, 71.0] * 8


def test_limits_stand_where_the_rule_puts_them_and_nothing_stands_out():
    figure, alt = drawn(months(STEADY))
    flat = [set(t.y) for t in figure.data if t.mode == "lines" and len(t.y) == 2]
    # 16 points, 15 moving ranges of 2: the mean range is 2
    assert sorted(round(h, 2) for line in flat for h in line) == [64.68, 70.0, 75.32]
    assert "All lie within the limits 64.7% to 75.3%" in alt
    assert all(t.marker.symbol != "diamond" for t in figure.data)


def test_a_month_beyond_the_limits_is_a_diamond_and_is_named():
    figure, alt = drawn(months([*STEADY, 95.0]))
    [marked] = [t for t in figure.data if t.marker.symbol == "diamond"]
    # the mean moves to 71.5, so that from the seventh on the others lie on one side of it
    assert [value for value, said in zip(marked.y, marked.customdata, strict=True) if "beyond" in said] == [95.0]
    assert marked.customdata[-1].startswith("2025-05: 95.0%, beyond the limits")
    assert f"{len(marked.y)} stand out" in alt


def test_under_thirteen_months_there_are_points_and_no_limits():
    figure, alt = drawn(months(STEADY[:12]))
    assert [len(t.x) for t in figure.data] == [12]
    assert "Too few months for control limits." in alt


def test_a_hidden_month_opens_the_line_and_says_so():
    figure, alt = drawn(months(STEADY, hidden={5}))
    lines = [t for t in figure.data if t.mode == "lines+markers"]
    assert [len(t.x) for t in lines] == [5, 10]
    assert [a.text for a in figure.layout.annotations].count("[c]") == 1
    assert "1 hidden because the count is small" in alt


def test_a_headline_in_html_is_shown_as_letters():
    figure, _ = control_chart(
        months(STEADY), xmr(STEADY), headline="<b>Fast</b>", subtitle="", source="Records", unit="%"
    )
    assert figure.layout.meta["headline"] == "<b>Fast</b>"  # the page escapes it; nothing of it is in the picture
    assert all("Fast" not in (a.text or "") for a in figure.layout.annotations)


def test_every_month_needs_its_row_of_limits():
    with pytest.raises(ValueError):
        control_chart(
            months([*STEADY, 95.0]), xmr([*STEADY, 95.0]).head(3), headline="", subtitle="", source="", unit="%"
        )
