"""Bars: what is drawn, in which order, and the words that go with it."""

from itertools import pairwise

import plotly.graph_objects as go
import polars as pl
import pytest

from dashboard.charts import palette
from dashboard.charts.bars import _PARTS, _ink, colour_of, diverging_bars, lettered, stacked_bars
from tests.unit.test_charts import contrast

AREAS = {"n": "North", "s": "South <b>"}
PARTS = {"x": "First part", "y": "Second part"}
WORDS = {"headline": "North has most", "subtitle": "Pounds", "source": "Us"}


def amounts():
    rows = [("n", "x", 300.0), ("n", "y", 100.0), ("s", "x", 50.0), ("s", "y", None)]
    return pl.DataFrame(rows, schema=["group", "measure", "value"], orient="row")


def stacked(**changes):
    return stacked_bars(amounts(), **{"areas": AREAS, "parts": PARTS, **WORDS, **changes})


def diverging(values):
    frame = pl.DataFrame(
        {"group": list(values), "value": list(values.values())}, schema_overrides={"value": pl.Float64}
    )
    return diverging_bars(frame, areas={a: AREAS[a] for a in values}, **WORDS)


def labels(figure):
    return [a.text for a in figure.layout.annotations]


@pytest.mark.parametrize("figure", [stacked()[0], stacked(before={"n": 350.0})[0], diverging({"n": 5.0, "s": None})[0]])
def test_plotly_accepts_every_figure(figure):
    """They are drawn without its checks, for speed."""
    assert go.Figure(figure.to_dict()).to_json()
    assert figure.layout.meta["headline"] == "North has most"
    assert figure.layout.template.layout.font.color == palette.TEXT


def test_parts_start_at_zero_stand_in_order_and_carry_their_letters():
    figure, _ = stacked()
    assert figure.layout.barmode == "stack"
    assert [t.name for t in figure.data] == ["A First part", "B Second part"]
    assert [list(t.x) for t in figure.data] == [[300.0, 50.0], [100.0, 0.0]]
    assert [set(t.text) for t in figure.data] == [{"A"}, {"B"}]
    assert figure.layout.xaxis.range[0] == 0
    assert figure.layout.yaxis.autorange == "reversed"  # the first area on top
    assert labels(figure) == ["£400", "£50"]


def test_names_from_outside_bring_no_markup():
    figure, _ = stacked()
    assert list(figure.data[0].y) == ["North", "South &lt;b&gt;"]


def test_a_line_marks_what_was_before_where_it_is_known():
    figure, alt = stacked(before={"s": 80.0}, before_name="today")
    [line] = figure.layout.shapes
    assert (line.x0, line.x1) == (80.0, 80.0)
    assert line.y0 < 1 < line.y1  # the second bar
    assert "marks today" in alt
    assert "marks" not in stacked()[1]
    assert stacked(before={"n": 900.0})[0].layout.xaxis.range[1] > 900


def test_alt_says_the_headline_the_range_and_the_parts():
    assert stacked()[1] == (
        "North has most. Most: North, £400. Least: South <b>, £50. Each bar from zero: A First part, B Second part."
    )


def test_more_is_dark_less_is_outlined_and_unknown_says_so():
    figure, alt = diverging({"n": 1234.4, "s": -99.6})
    [bars] = figure.data
    assert list(bars.x) == [1234.4, -99.6]
    assert list(bars.marker.color) == [palette.OUR_AREA, palette.WHITE]
    assert bars.marker.line.color == palette.OUR_AREA
    assert labels(figure) == ["+£1,234", "-£100"]
    assert alt == "North has most. North +£1,234; South <b> -£100."
    low, high = figure.layout.xaxis.range
    assert low < -99.6
    assert high > 1234.4
    unknown, alt = diverging({"n": None, "s": 0.0})
    assert labels(unknown) == ["[x]", "£0"]
    assert alt.endswith("North [x]; South <b> £0.")


def test_no_areas_is_an_empty_chart_that_says_so():
    nothing = pl.DataFrame(schema={"group": pl.String, "measure": pl.String, "value": pl.Float64})
    for figure, alt in (
        stacked_bars(nothing, areas={}, parts={}, **WORDS),
        diverging_bars(nothing, areas={}, **WORDS),
    ):
        assert alt == "North has most. No figures."
        assert go.Figure(figure.to_dict()).to_json()


def test_neighbouring_parts_differ_on_a_grey_copy_and_their_letters_can_be_read():
    for one, other in pairwise(_PARTS):
        assert contrast(one, other) >= 2
    for colour in _PARTS:
        assert contrast(colour, _ink(colour)) >= 4.5
    assert not {palette.WORSE, palette.BETTER} & set(_PARTS)  # a part is neither
    assert colour_of(len(_PARTS)) == colour_of(0)


def test_letters_go_in_order():
    assert lettered({"a": "One", "b": "Two"}) == {"a": "A One", "b": "B Two"}
