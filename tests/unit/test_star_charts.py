"""Dumbbell and stage matrix: what is drawn, in which order, and the words that go with it."""

import plotly.graph_objects as go
import polars as pl

from dashboard.charts import palette
from dashboard.charts.base import on_paper
from dashboard.charts.dumbbell import dumbbell
from dashboard.charts.stage_matrix import stage_matrix_chart
from metrics import star

from .star_cases import KNOWN, TWO, readings

WORDS = {"headline": "Most moved up", "subtitle": "Mean stage", "source": "Us", "n": "6 people"}
AREAS = {"A": "Home <b>", "B": "Money", "C": "Work"}
STAGES = {1: "Stuck", 2: "", 3: "Trying", 4: "", 5: "Top"}


def test_the_dumbbell_joins_where_people_began_and_where_they_are():
    frame = star.distance_travelled(readings(), TWO, known=KNOWN)
    figure, said = dumbbell(frame, areas=AREAS, stages=STAGES, **WORDS)
    # area A: stages 1 5 3 2 1 2 → 2 5 3 3 3 4, means 14/6 and 20/6
    first, now = (trace for trace in figure.data if trace.mode == "markers")
    assert (round(first.x[0], 4), round(now.x[0], 4)) == (2.3333, 3.3333)
    assert (first.name, now.name) == ("first", "now")
    assert first.marker.color == palette.WHITE and now.marker.color == palette.OUR_AREA  # told apart without colour
    assert figure.layout.yaxis.categoryarray[-1] == "Home &lt;b&gt;"  # the first on top, without markup
    assert list(figure.layout.xaxis.ticktext) == ["1", "2", "3", "4", "5"]  # names stand beside the chart
    assert figure.layout.annotations[0].text == "2.3 → 3.3"
    assert said.startswith("Most moved up. Mean stage, first and now: Home <b>: 2.3 → 3.3; Money: ")
    assert figure.layout.meta["n"] == "6 people"
    assert on_paper(figure).to_json() and go.Figure(figure.to_dict())


def test_a_hidden_mean_keeps_its_row_and_its_marker():
    frame = star.distance_travelled(readings(), TWO, known=KNOWN).with_columns(
        value=pl.when(group="B").then(None).otherwise("value"),
        status=pl.when(group="B").then(pl.lit("c")).otherwise("status"),
    )
    figure, said = dumbbell(frame, areas=AREAS, stages=STAGES, **WORDS)
    assert len(next(t for t in figure.data if t.mode == "markers").x) == 2
    assert [a.text for a in figure.layout.annotations][1] == "[c]" and "Money: [c]" in said
    assert dumbbell(frame, areas={}, stages=STAGES, **WORDS)[1] == "Most moved up. No figures."


def test_the_stage_matrix_counts_people_and_says_how_many_moved():
    frame = star.stage_matrix(readings(), TWO, known=KNOWN)
    figure, said = stage_matrix_chart(frame, area="A", stages=STAGES, **WORDS)
    # 1 → 2, 1 → 3, 2 → 3, 2 → 4, 3 → 3, 5 → 5
    assert [list(row) for row in figure.data[0].z] == [
        [0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 0, 0], [0] * 5, [0, 0, 0, 0, 1],
    ]  # fmt: skip
    assert len(figure.layout.shapes) == 5  # the diagonal
    assert said == "Most moved up. Of 6 people, 4 are at a higher stage, 2 at the same, 0 at a lower."
    assert figure.layout.yaxis.autorange == "reversed"
    assert go.Figure(figure.to_dict()).to_json()


def test_a_hidden_cell_says_so_and_no_sum_gives_it_away():
    hidden = pl.col("group") == "A × 1 × 2"
    frame = star.stage_matrix(readings(), TWO, known=KNOWN).with_columns(
        numerator=pl.when(hidden).then(None).otherwise("numerator"),
        status=pl.when(hidden).then(pl.lit("c")).otherwise("status"),
    )
    figure, said = stage_matrix_chart(frame, area="A", stages=STAGES, **WORDS)
    assert figure.data[0].text[0][1] == "[c]" and figure.data[0].z[0][1] == 0
    assert said == "Most moved up. 1 of 25 cells are hidden because the count is small."
    empty, words = stage_matrix_chart(frame.clear(), area="A", stages=STAGES, **WORDS)
    assert words == "Most moved up. No figures." and {t for row in empty.data[0].text for t in row} == {"–"}
