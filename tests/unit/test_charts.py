"""Charts: what is drawn, what is left open, and the words that go with it."""

import xml.etree.ElementTree as ET
from datetime import date

import plotly.graph_objects as go
import polars as pl
import pytest

from dashboard import words
from dashboard.charts import Line, Target, history_chart, palette, sparkline
from dashboard.charts.base import on_paper, wrapped
from dashboard.charts.labels import Label, spread
from dashboard.charts.segments import points, segments
from metrics.comparison import VERDICTS
from metrics.estimates import conform

SVG = "{http://www.w3.org/2000/svg}"


def estimates(values, *, start=2016, half=1.0, status=None, group="E10000021"):
    """Annual figures at 31 March; None is a year without a number."""
    rows = [
        {
            "measure": "rereferrals",
            "breakdown": "area",
            "group": group,
            "period": str(start + i),
            "period_end": date(start + i, 3, 31),
            "value": v,
            "lower": None if v is None or half is None else v - half,
            "upper": None if v is None or half is None else v + half,
            "status": (status or {}).get(i, "ok" if v is not None else "x"),
        }
        for i, v in enumerate(values)
    ]
    return conform(pl.DataFrame(rows, infer_schema_length=None))


def chart(ours, **changes):
    given = {"name": "Northamptonshire", "headline": "It fell", "subtitle": "Measure, place", "source": "DfE"}
    return history_chart(ours, **{**given, "unit": "% of referrals", **changes})


def trace(figure, name):
    return next(t for t in figure.data if t.name == name)


# --- where a line may be drawn ---------------------------------------------------------------------------------------


def lengths(frame, breaks=()):
    return [len(s) for s in segments(points(frame), breaks)]


def test_years_that_follow_each_other_are_one_line():
    assert lengths(estimates([1.0, 2.0, 3.0])) == [3]


def test_a_year_without_a_number_opens_the_line():
    assert lengths(estimates([1.0, 2.0, None, 4.0])) == [2, 1]


def test_a_year_that_is_absent_opens_the_line():
    assert lengths(estimates([1.0, 2.0, 3.0, 4.0]).filter(pl.col("period") != "2018")) == [2, 1]


def test_a_break_of_series_opens_the_line_before_its_first_period():
    assert lengths(estimates([1.0, 2.0, 3.0, 4.0]), [date(2018, 3, 31)]) == [2, 2]


def test_a_leap_year_is_not_a_gap():
    assert lengths(estimates([1.0] * 9, start=2012)) == [9]


# --- the small line --------------------------------------------------------------------------------------------------


def test_small_line_leaves_gaps_open_marks_the_last_point_and_says_the_range():
    small = sparkline(estimates([29.9, 31.0, None, 25.0, 23.9]), unit="%")
    drawn = ET.fromstring(small.svg)
    assert len(drawn.findall(f"{SVG}polyline")) == 2
    assert drawn.find(f"{SVG}title").text == small.alt
    assert small.alt == "From 29.9% in 2016 to 23.9% in 2020; highest 31.0% in 2017"
    last = drawn.findall(f"{SVG}circle")[-1]
    assert float(last.get("cx")) == 108  # the right edge: 112 pixels less a margin of 4


def test_small_line_shows_a_break_and_says_so():
    small = sparkline(estimates([1.0, 2.0, 3.0, 4.0]), breaks=["2018-03-31"])
    drawn = ET.fromstring(small.svg)
    assert len(drawn.findall(f"{SVG}line")) == 1
    assert len(drawn.findall(f"{SVG}polyline")) == 2
    assert "do not compare" in small.alt


def test_one_year_is_a_point_and_no_figures_are_no_picture():
    one = sparkline(estimates([4.0]))
    assert ET.fromstring(one.svg).find(f"{SVG}polyline") is None
    assert one.alt == "One figure only: 4.0 in 2016"
    assert sparkline(estimates([None, None])) is None


def test_small_line_is_an_address_that_keeps_its_hash_signs():
    address = sparkline(estimates([1.0, 2.0])).address
    assert address.startswith("data:image/svg+xml,")
    assert "#" not in address  # a bare one would end the picture there
    assert "%2312436D" in address


def test_a_period_from_a_file_cannot_write_markup():
    frame = estimates([1.0, 2.0]).with_columns(period=pl.lit("<script>x</script>"))
    small = sparkline(frame)
    assert "<script>" not in small.svg
    ET.fromstring(small.svg)


# --- the history -----------------------------------------------------------------------------------------------------


def test_our_line_has_a_band_and_stays_open_at_the_break():
    figure, alt = chart(estimates([30.0, 29.0, 25.0, 24.0]), breaks=[date(2018, 3, 31)])
    ours = trace(figure, "Northamptonshire")
    assert list(ours.y) == [30.0, 29.0, None, 25.0, 24.0]
    assert ours.connectgaps is False
    assert sum(t.fill == "toself" for t in figure.data) == 2
    assert [a.text for a in figure.layout.annotations].count("new basis") == 1
    assert "new basis" in alt


def test_one_year_is_a_point_with_whiskers():
    figure, _ = chart(estimates([30.0]))
    assert trace(figure, "Northamptonshire").mode == "markers"
    whisker = next(t for t in figure.data if t.error_y.array is not None)
    assert list(whisker.error_y.array) == [1.0]
    assert not any(t.fill == "toself" for t in figure.data)


def test_comparators_differ_by_dash_and_mark_and_carry_their_names():
    lines = [Line(name, estimates([20.0, 21.0])) for name in ("England", "Neighbours", "East Midlands")]
    figure, alt = chart(estimates([30.0, 29.0]), comparators=lines)
    drawn = [trace(figure, line.name) for line in lines]
    assert len({t.line.dash for t in drawn}) == len({t.marker.symbol for t in drawn}) == 3
    assert {t.line.color for t in drawn} == {palette.COMPARATOR}
    written = " ".join(a.text for a in figure.layout.annotations)
    assert all(line.name in written and line.name in alt for line in lines)


def test_a_fifth_line_is_refused():
    with pytest.raises(ValueError, match="at most 3 comparators"):
        chart(estimates([1.0, 2.0]), comparators=[Line(str(i), estimates([1.0])) for i in range(4)])


def test_forecast_is_dotted_lighter_and_starts_where_the_line_ends():
    figure, alt = chart(estimates([30.0, 29.0]), forecast=estimates([29.0, 29.0], start=2018, half=3.0))
    coming = trace(figure, "If nothing changes")
    assert coming.line.dash == "dot"
    assert coming.line.color == palette.FORECAST
    assert (coming.x[0], coming.y[0]) == (date(2017, 3, 31), 29.0)
    assert "If nothing changes: 29.0% in 2019, within 26.0–32.0." in alt


def test_target_baseline_and_hidden_years_are_marked():
    figure, alt = chart(
        estimates([30.0, None, 29.0], status={1: "c"}), baseline="2016", target=Target(20.0, date(2020, 3, 31))
    )
    written = [a.text for a in figure.layout.annotations]
    assert "[c]" in written
    assert "baseline" in written
    assert "target<br>20.0%" in written
    assert trace(figure, "Target").text == ("◎",)
    assert alt.endswith("Target: 20.0% by 31 March 2020.")


def test_a_provisional_year_is_hollow():
    figure, _ = chart(estimates([30.0, 29.0], status={1: "provisional"}))
    assert list(trace(figure, "Northamptonshire").marker.symbol) == ["circle", "circle-open"]


def test_alt_says_the_headline_and_the_range():
    _, alt = chart(estimates([30.0, 33.0, 29.0]), comparators=[Line("England", estimates([None]))])
    assert alt.startswith(
        "It fell. Northamptonshire: 30.0% in 2016, 29.0% in 2018, between 29.0% (2018) and 33.0% (2017)."
    )
    assert "England: no figures." in alt


def test_no_figures_at_all_is_an_empty_chart_and_says_so():
    figure, alt = chart(estimates([None]))
    assert "Northamptonshire: no figures." in alt
    assert isinstance(figure, go.Figure)


def test_axis_starts_at_zero_where_zero_is_near_and_never_below_for_figures_above_it():
    near, _ = chart(estimates([5.0, 10.0]))
    far, _ = chart(estimates([90.0, 95.0]))
    assert near.layout.yaxis.range[0] == 0
    assert 0 < far.layout.yaxis.range[0] < 89


def test_paper_carries_title_subtitle_source_and_n_and_leaves_the_chart_as_it_was():
    figure, _ = chart(estimates([30.0, 29.0]), n="10,082 referrals in 2025")
    before = figure.to_json()
    paper = on_paper(figure)
    assert paper.layout.title.text == "It fell"
    assert paper.layout.title.subtitle.text == "Measure, place"
    assert paper.layout.annotations[-1].text == "Source: DfE. n = 10,082 referrals in 2025."
    assert figure.to_json() == before


def test_text_in_a_picture_cannot_bring_markup():
    assert wrapped("<a href='x'>A</a>", 40) == "&lt;a href='x'&gt;A&lt;/a&gt;"


def test_labels_keep_their_order_stay_inside_and_do_not_cover_each_other():
    labels = [Label(name, date(2025, 3, 31), value, "") for name, value in (("a", 10.0), ("b<br>b", 10.1), ("c", 9.9))]
    placed = spread(labels, low=0, high=20, pixels=200, line=20)  # a line of text is 2 high on the axis
    assert [label.text for label, _ in placed] == ["c", "a", "b<br>b"]
    heights = [height for _, height in placed]
    assert heights[1] - heights[0] >= 2 - 1e-9  # half a line each
    assert heights[2] - heights[1] >= 3 - 1e-9  # half a line and a whole one
    top = spread([Label("t", date(2025, 3, 31), 20.0, "")], low=0, high=20, pixels=200, line=20)
    assert top[0][1] == 19


# --- colours ---------------------------------------------------------------------------------------------------------


def contrast(one, other="#FFFFFF"):
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_rightly():
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#777777") == pytest.approx(4.48, abs=0.005)  # the well-known grey just short of 4.5


def test_text_reaches_four_and_a_half_to_one_and_marks_three():
    assert all(contrast(c) >= 4.5 for c in (palette.TEXT, palette.QUIET, palette.OUR_AREA, palette.COMPARATOR))
    assert all(contrast(v.colour) >= 3 for v in palette.VERDICTS.values())
    assert contrast(palette.FORECAST) >= 3


def test_every_verdict_of_the_metrics_has_a_mark_of_its_own():
    assert set(palette.VERDICTS) == set(VERDICTS)
    assert len({v.mark for v in palette.VERDICTS.values()}) == len(VERDICTS)
    with pytest.raises(KeyError):
        palette.verdict("splendid")


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # 251/412 = 60.92…; Wilson 95%: 56.1–65.5
        (dict(shown=60.92, lower=56.13, upper=65.51, unit="% of families", decimals=0, numerator=251, denominator=412),
         "61% (56–66), 251 of 412"),
        (dict(shown=23.92, lower=23.10, upper=24.66, unit="%"), "23.9% (23.1–24.7)"),
        (dict(shown=49.4, lower=46.0, upper=53.0, unit="per 10,000"), "49.4 (46.0–53.0)"),
        (dict(shown=None, lower=1.0, upper=2.0, status="c"), "[c]"),
        (dict(shown=None, status="ok"), "–"),
        (dict(shown=-1.25, lower=-2.0, upper=0.5), "-1.3 (-2.0 to 0.5)"),
        (dict(shown=1123, decimals=0), "1,123"),
        (dict(shown=0.25, decimals=1), "0.3"),  # half up; Python's own rounding gives 0.2
    ],
)  # fmt: skip
def test_a_figure_in_words(given, expected):
    assert words.figure(**given) == expected


@pytest.mark.parametrize(
    ("percentage", "expected"),
    [
        (66.2, "about two in three"), (33.0, "about one in three"), (51, "about half"), (24, "about one in four"),
        (61, "about three in five"), (9, "about one in ten"), (99.5, "nearly all"), (100, "all"), (0, "none"),
        (0.4, "almost none"), (88, "about nine in ten"),
    ],
)  # fmt: skip
def test_a_percentage_as_one_would_say_it(percentage, expected):
    assert words.about(percentage) == expected


def test_dates_and_lists():
    assert words.day("2025-03-31") == words.day(date(2025, 3, 31)) == "31 March 2025"
    assert words.day("autumn 2026") == "autumn 2026"
    assert words.day(None) == ""
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed([]) == ""
