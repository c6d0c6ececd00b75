"""The chart of journeys: what is drawn, what is hidden, and the words that go with it."""

import polars as pl
import pytest

from dashboard.charts import palette
from dashboard.charts.flow import _GREYS, _INK, flow_chart
from metrics.journeys import LEVELS
from tests.unit.test_charts import contrast

WORDS = {"headline": "Most stayed", "subtitle": "Episodes", "source": "Records", "n": "120 episodes"}
# began at 2: 100, of whom 60 stayed, 30 went down, two figures are hidden (10 together); at 3: 20, all stayed
COUNTS = {
    "flow:2": 100.0, "flow:2:1": 30.0, "flow:2:2": 60.0, "flow:2:3": None, "flow:2:4": None,
    "flow:3": 20.0, "flow:3:1": 0.0, "flow:3:2": 0.0, "flow:3:3": 20.0, "flow:3:4": 0.0,
    "flow:4": None, "flow:4:4": None,
}  # fmt: skip


def drawn(counts=COUNTS):
    schema = {"measure": pl.String, "numerator": pl.Float64}
    frame = pl.DataFrame(list(counts.items()), schema=schema, orient="row")
    return flow_chart(frame, levels=LEVELS, **WORDS)


def test_plotly_accepts_the_figure_and_the_words_go_with_it():
    figure, _ = drawn()
    assert figure.to_json()
    assert figure.layout.meta["headline"] == "Most stayed"
    assert figure.layout.meta["n"] == "120 episodes"


def test_a_bar_for_each_level_at_the_beginning_cut_by_the_level_at_the_end():
    figure, _ = drawn()
    bars = {trace.name: trace for trace in figure.data}
    assert list(bars["to 1 Universal"].x) == [30.0, 0.0, None]
    assert list(bars["to 2 Early help"].x) == [60.0, 0.0, None]
    assert list(bars["to 3 Targeted early help"].x) == [None, 20.0, None]
    assert [row.split(" ")[0] for row in bars["to 1 Universal"].y] == ["2", "3", "4"]


def test_what_is_hidden_is_hatched_together_and_never_a_number_of_its_own():
    figure, alt = drawn()
    hidden = figure.data[-1]
    assert list(hidden.x) == [10.0, None, None]  # 100 less 30 less 60
    assert hidden.marker.pattern.shape == "/"
    assert hidden.text[0] == "[c]"
    assert [a.text for a in figure.layout.annotations] == ["[c]"]  # the whole of level 4
    assert "to 3: hidden because the count is small" in alt


def test_the_alternative_says_the_headline_and_every_count():
    _, alt = drawn()
    assert alt.startswith("Most stayed. From 2 (Early help), 100 episodes, to 1: 30; to 2: 60;")
    assert "From 3 (Targeted early help), 20 episodes, to 3: 20." in alt


def test_no_colour_of_judgement_and_ink_that_can_be_read():
    for grey, ink in zip(_GREYS, _INK, strict=True):
        assert contrast(grey, ink) >= 4.5
        red, green, blue = (int(grey[i : i + 2], 16) for i in (1, 3, 5))
        assert max(red, green, blue) - min(red, green, blue) <= 12
    assert not {palette.BETTER, palette.WORSE} & set(_GREYS)


@pytest.mark.parametrize("counts", [{}, {"flow:2": 0.0, "flow:2:2": 0.0}])
def test_nothing_is_no_error(counts):
    figure, alt = drawn(counts)
    assert alt.startswith("Most stayed.")
    assert figure.to_json()
