"""The charts of the questionnaire: what is drawn where, that figures can be read on their colours, and the words."""

import polars as pl
import pytest

from dashboard.charts import palette
from dashboard.charts.answer_spread import _WHITE_ON, colours, spread_chart
from dashboard.charts.partner_heat import heat_map
from dashboard.charts.priorities import priority_chart
from dashboard.charts.radar import radar_chart
from tests.unit.test_charts import contrast

WORDS = {"headline": "Partners are split", "subtitle": "By partner", "source": "Answers", "n": "9 partners"}
ITEMS = {"voice": "Families shape services", "data": "Sharing"}
ANSWERS = {**{str(n): f"{n} label {n}" for n in range(6)}, "dont_know": "don’t know", "blank": "blank"}
SPREAD = {("voice", "0"): 1.0, ("voice", "2"): 2.0, ("voice", "3"): 4.0, ("voice", "5"): 2.0, ("data", "4"): 9.0}
APART = {("voice", "dont_know"): 25.0, ("voice", "blank"): 2.0, ("data", "dont_know"): 0.0}


def spread(counts=SPREAD, answers=ANSWERS, apart=APART):
    frame = pl.DataFrame([(*key, n) for key, n in counts.items()], schema=["item", "answer", "partners"], orient="row")
    others = pl.DataFrame([(*key, n) for key, n in apart.items()], schema=["item", "answer", "share"], orient="row")
    return spread_chart(frame, others, items=ITEMS, answers=answers, **WORDS)


def test_low_scores_go_to_the_left_and_high_ones_to_the_right():
    figure, _ = spread()
    assert figure.to_json()
    bars = {trace.name: trace for trace in figure.data}
    assert list(bars["0 label 0"].x) == [-1.0, 0.0]
    assert list(bars["2 label 2"].x) == [-2.0, 0.0]
    assert list(bars["3 label 3"].x) == [4.0, 0.0]
    assert list(bars["4 label 4"].x) == [0.0, 9.0]
    # from the line outwards: 2, 1, 0 to the left and 3, 4, 5 to the right
    assert [trace.name[0] for trace in figure.data][:6] == ["2", "1", "0", "3", "4", "5"]
    assert list(bars["4 label 4"].text) == ["", "4"]


def test_what_is_no_score_stands_on_an_axis_of_its_own():
    figure, _ = spread()
    bars = {trace.name: trace for trace in figure.data}
    assert bars["don’t know"].xaxis == "x2"
    assert list(bars["don’t know"].x) == [25.0, 0.0]
    assert {trace.xaxis for trace in figure.data if trace.name[0].isdigit()} == {"x"}
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]


def test_the_middle_of_an_odd_scale_lies_across_the_line():
    answers = {str(n): str(n) for n in range(5)}
    figure, _ = spread({("voice", "2"): 3.0, ("data", "2"): 1.0}, answers, {})
    middle = [trace for trace in figure.data if trace.name == "2"]
    assert [list(trace.x) for trace in middle] == [[-1.5, -0.5], [1.5, 0.5]]
    assert figure.layout.xaxis.range[1] == pytest.approx(1.5 * 1.04)


def test_the_words_say_every_figure():
    _, alt = spread()
    assert alt.startswith("Partners are split. Families shape services: 1 partner 0 label 0, 2 partners 2 label 2")
    assert "25% of answers don’t know" in alt
    assert "Sharing: 9 partners 4 label 4" in alt


@pytest.mark.parametrize("scores", [2, 4, 5, 6, 7, 10, 11])
def test_letters_can_be_read_on_every_colour_of_every_scale(scores):
    shades = colours(scores, 3)
    assert len(shades) == scores + 3
    for shade in shades:
        ink = palette.WHITE if shade in _WHITE_ON else palette.TEXT
        assert contrast(ink, shade) >= 4.5
    low, high = shades[: scores // 2], shades[scores - scores // 2 : scores]
    assert not set(low) & set(high)


def cells(*rows):
    return pl.DataFrame(rows, schema={"partner": pl.String, "area": pl.String, "value": pl.Float64}, orient="row")


def test_every_square_carries_its_number_and_an_empty_one_says_so():
    frame = cells(
        ("Police", "Data", 4.64), ("Police", "Leaders", None), ("Schools", "Data", 1.0), ("Schools", "Leaders", 2.5)
    )
    figure, alt = heat_map(frame, lowest=0, highest=5, **WORDS)
    assert figure.to_json()
    assert [note.text for note in figure.layout.annotations] == ["4.6", "–", "1.0", "2.5"]
    assert [list(row) for row in figure.data[0].z] == [[4.64, None], [1.0, 2.5]]
    assert "Police: Data 4.6, Leaders too few items are scored" in alt


@pytest.mark.parametrize("value", [0.0, 1.0, 2.5, 3.4, 3.5, 3.6, 4.2, 5.0])
def test_the_number_can_be_read_on_its_square(value):
    figure, _ = heat_map(cells(("Police", "Data", value)), lowest=0, highest=5, **WORDS)
    # between white and our blue, as far along as the value lies on the scale
    parts = [round(255 + (int(palette.OUR_AREA[i : i + 2], 16) - 255) * value / 5) for i in (1, 3, 5)]
    assert contrast(figure.layout.annotations[0].font.color, "#{:02x}{:02x}{:02x}".format(*parts)) >= 4.4


def points(*rows):
    schema = {"name": pl.String, "mean": pl.Float64, "deviation": pl.Float64, "quadrant": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def priorities(frame):
    return priority_chart(frame, middle=2.5, agreed_below=1.0, lowest=0, highest=5, **WORDS)


def test_low_items_have_a_shape_of_their_own_and_the_fields_are_named():
    figure, alt = priorities(points(("Money", 1.8, 0.4, "act"), ("Hubs", 2.6, 1.2, "check the evidence")))
    assert figure.to_json()
    assert list(figure.data[0].marker.symbol) == ["triangle-down", "circle"]
    assert (list(figure.data[0].x), list(figure.data[0].y)) == ([0.4, 1.2], [1.8, 2.6])
    fields = [note.text for note in figure.layout.annotations]
    assert fields == [f"<b>{name}</b>" for name in ("keep", "check the evidence", "act", "discuss first")]
    assert [(s.x0, s.y0) for s in figure.layout.shapes] == [(1.0, 0), (0, 2.5)]
    assert "1 Money: 1.8 points, partners differ by 0.4: act" in alt


def test_items_carry_their_number_in_the_table():
    figure, alt = priorities(points(*((f"Topic {n}", 3.0, n / 20, "keep") for n in range(20))))
    assert list(figure.data[0].text) == [f"<b>{n}</b>" for n in range(1, 21)]
    assert "20 Topic 19: 3.0 points" in alt


def test_two_items_of_one_name_have_a_bar_each():
    figure, _ = spread_chart(
        pl.DataFrame({"item": ["a", "b"], "answer": ["0", "1"], "partners": [1.0, 2.0]}),
        pl.DataFrame(schema={"item": pl.String, "answer": pl.String, "share": pl.Float64}),
        items={"a": "Same", "b": "Same"},
        answers={"0": "0", "1": "1"},
        **WORDS,
    )
    assert [list(trace.y) for trace in figure.data] == [["a", "b"]] * 2
    assert [note.text for note in figure.layout.annotations] == ["Same", "Same"]


def test_without_items_there_are_no_figures():
    assert priorities(points())[1] == "Partners are split. No figures."


def test_a_web_closes_and_takes_two_rounds_at_most():
    rounds = {
        "2026": {"Data": 2.0, "Leaders": None, "Workforce": 3.0},
        "2025": {"Data": 1.0, "Leaders": 2.0, "Workforce": 3.0},
    }
    figure, alt = radar_chart(rounds, lowest=0, highest=5, **WORDS)
    assert figure.to_json()
    assert list(figure.data[0].r) == [2.0, None, 3.0, 2.0]
    assert figure.data[1].line.dash == "dash"
    assert "2026: Data 2.0, Leaders –, Workforce 3.0" in alt
    with pytest.raises(ValueError, match="at most 2 rounds"):
        radar_chart(rounds | {"2024": rounds["2025"]}, lowest=0, highest=5, **WORDS)
