"""Scores worked by hand: partners first, sections that have enough, what is withheld, and what the scores rest on."""

import polars as pl
import pytest

from metrics.estimates import SCHEMA
from metrics.questionnaire import BREAKDOWNS, measures, score, tally

from .questionnaire_cases import answers, figure, one_each, small

#            item a1, a2 (area a), b1 (area b)
# P1, three people:  5 4 3 → 4;  1 1 – → 1;  2 2 2 → 2      area a 2.5, area b 2, overall 2.25
# P2, one person:    2;          dont_know;  0              area a 2 (half of it is scored), b 0, overall 1
# P3, one person:    blank;      blank;      4              area a withheld, b 4, overall withheld
PEOPLE = answers(
    [("P1", "p", "leader", "a1", 5), ("P1", "q", "manager", "a1", 4), ("P1", "r", "practitioner", "a1", 3),
     ("P1", "p", "leader", "a2", 1), ("P1", "q", "manager", "a2", 1), ("P1", "r", "practitioner", "a2", "dont_know"),
     ("P1", "p", "leader", "b1", 2), ("P1", "q", "manager", "b1", 2), ("P1", "r", "practitioner", "b1", 2),
     ("P2", "s", "leader", "a1", 2), ("P2", "s", "leader", "a2", "dont_know"), ("P2", "s", "leader", "b1", 0),
     ("P3", "t", "leader", "a1", "blank"), ("P3", "t", "leader", "a2", "blank"), ("P3", "t", "leader", "b1", 4)]
)  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return score(PEOPLE, small())


def test_it_is_an_estimates_frame_of_known_measures(found):
    assert found.schema == SCHEMA
    assert set(found["measure"]) <= set(measures()) and set(found["breakdown"]) == set(BREAKDOWNS)
    assert not found.select("measure", "breakdown", "group", "period").is_duplicated().any()


@pytest.mark.parametrize(
    ("breakdown", "group", "value", "n"),
    [
        ("item", "a1", 3.0, 2),  # (4 + 2) / 2: one partner, one vote
        ("item", "a2", 1.0, 1),
        ("item", "b1", 2.0, 3),  # (2 + 0 + 4) / 3
        ("section", "a", 2.25, 2),  # (2.5 + 2) / 2
        ("section", "b", 2.0, 3),
        ("overall", "all", 2.125, 3),  # mean of the two areas
        ("partner", "P1", 2.25, 3),
        ("partner", "P2", 1.0, 1),
        ("partner", "P3", None, 1),
        ("partner × section", "P1 × a", 2.5, 3),
        ("partner × section", "P2 × a", 2.0, 1),
        ("partner × section", "P3 × a", None, 1),
        ("partner × item", "P1 × a2", 1.0, 3),
        ("partner × item", "P2 × a2", None, 1),
    ],
)
def test_scores_by_hand(found, breakdown, group, value, n):
    assert figure(found, "score", breakdown, group) == (None if value is None else pytest.approx(value))
    assert figure(found, "score", breakdown, group, "n") == n


def test_what_is_withheld_says_why_by_its_status(found):
    assert figure(found, "score", "partner × section", "P3 × a", "status") == "low"
    assert figure(found, "score", "partner", "P3", "status") == "low"
    assert figure(found, "score", "partner × item", "P2 × a2", "status") == "x"
    assert figure(found, "score", column="status") == "ok"


def test_sensitivity_line_and_share_of_the_scale(found):
    assert figure(found, "score_by_items") == pytest.approx((3 + 1 + 2) / 3)
    assert figure(found, "pomp") == pytest.approx(42.5)  # 2.125 of 5
    shifted = score(one_each({"P": {"a1": 2, "a2": 2, "b1": 4}}), small(lowest=1, highest=5))
    assert figure(shifted, "pomp") == pytest.approx(100 * (3 - 1) / 4)


def test_overall_is_withheld_where_a_section_is_missing():
    found = score(one_each({"P1": {"a1": 3, "a2": 4}, "P2": {"b1": "not_applicable", "a1": 2, "a2": 2}}), small())
    assert figure(found) is None and figure(found, column="status") == "low"
    assert figure(found, "score", "section", "b") is None and figure(found, "score", "section", "b", "status") == "low"
    assert figure(found, "score", "section", "a") == pytest.approx((3.5 + 2) / 2)


@pytest.mark.parametrize(("scored", "value"), [(1, None), (2, 3.0), (4, 3.0)])
def test_a_section_needs_half_its_items(scored, value):
    one = small({"a": ["a1", "a2", "a3", "a4"], "b": ["b1"]})
    given = {f"a{i}": 3 if i <= scored else "dont_know" for i in range(1, 5)}
    assert figure(score(one_each({"P": {**given, "b1": 1}}), one), "score", "section", "a") == value


@pytest.mark.parametrize(
    ("measure", "group", "numerator", "denominator"),
    [
        ("completion", "all", 13, 15),  # 11 scores and 2 don't know of 15; none does not apply
        ("scored", "all", 11, 15),
        ("dont_know", "all", 2, 15),
        ("blank", "all", 2, 15),
        ("not_applicable", "all", 0, 15),
        ("not_asked", "all", 0, 15),
    ],
)
def test_what_the_scores_rest_on(found, measure, group, numerator, denominator):
    assert figure(found, measure, column="numerator") == numerator
    assert figure(found, measure, column="denominator") == denominator
    assert figure(found, measure) == pytest.approx(numerator / denominator * 100)


def test_what_does_not_apply_leaves_completion_and_what_was_not_asked_leaves_both():
    rows = [("P", "x", "leader", i, g) for i, g in (("a1", 3), ("a2", "not_applicable"), ("b1", "blank"))]
    rows += [("P", "y", "leader", i, g) for i, g in (("a1", "dont_know"), ("a2", "not_asked"), ("b1", 2))]
    found = score(answers(rows), small())
    assert figure(found, "completion") == pytest.approx(3 / 4 * 100)  # 3, dont_know, 2 of those and a blank
    assert figure(found, "not_applicable") == pytest.approx(1 / 5 * 100)
    assert figure(found, "not_asked") == pytest.approx(1 / 6 * 100)
    states = ("scored", "dont_know", "not_applicable", "blank")
    assert sum(figure(found, state) for state in states) == pytest.approx(100)


def test_what_is_asked_beside_stands_in_no_score_and_no_completion():
    beside = [{"id": "c", "title": "Area c", "item": [{"id": "c1", "text": "Item c1"}]}]
    plain, more = small(), small(also=beside)
    rows = one_each({"P": {"a1": 3, "a2": 3, "b1": 1}})
    asked = pl.concat([rows, one_each({"P": {"c1": 5}}), one_each({"Q": {"c1": "blank"}})])
    found = score(asked, more)
    for measure in ("score", "score_by_items", "completion"):
        assert figure(found, measure) == figure(score(rows, plain), measure)
    assert figure(found, "score", "section", "c") == 5


def test_weights_change_the_vote_of_a_partner_and_say_so():
    rows = one_each({"P1": {"a1": 1, "a2": 1, "b1": 1}, "P2": {"a1": 4, "a2": 4, "b1": 4}})
    found = score(rows, small(), weights={"P1": 3})
    assert figure(found) == pytest.approx((3 * 1 + 4) / 4)
    assert "weighted" in figure(found, column="method") and "weighted" not in figure(
        score(rows, small()), column="method"
    )
    with pytest.raises(ValueError, match="above 0"):
        score(rows, small(), weights={"P1": 0})


def test_limits_come_from_six_partners_on_and_are_the_same_each_time():
    def of(count):
        return score(one_each({f"P{i}": {"a1": i % 4, "a2": 2, "b1": 3} for i in range(count)}), small())

    assert figure(of(5), column="lower") is None
    lower, upper = figure(of(6), column="lower"), figure(of(6), column="upper")
    assert lower < figure(of(6)) < upper
    assert (lower, upper) == (figure(of(6), column="lower"), figure(of(6), column="upper"))
    # no difference among partners, no width
    assert figure(of(6), "score", "item", "a2", "lower") == figure(of(6), "score", "item", "a2", "upper") == 2


def test_limits_are_near_those_of_the_normal_approximation():
    """With 60 partners a mean's resampled limits lie near mean ± 1.96·sd/√n (sd of the partners, divisor n)."""
    given = {f"P{i:02}": {"a1": i % 6, "a2": i % 6, "b1": i % 6} for i in range(60)}
    found = score(one_each(given), small())
    # 0 … 5 ten times each: mean 2.5, variance 35/12
    half = 1.959964 * (35 / 12 / 60) ** 0.5
    assert figure(found, column="lower") == pytest.approx(2.5 - half, abs=0.05)
    assert figure(found, column="upper") == pytest.approx(2.5 + half, abs=0.05)


def test_rounds_are_scored_each_by_itself():
    both = pl.concat([PEOPLE, one_each({"P1": {"a1": 5, "a2": 5, "b1": 5}}, round="2026", end=None)])
    found = score(both, small())
    assert found.filter(measure="score", breakdown="overall")["period"].to_list() == ["2025", "2026"]
    assert found.filter(measure="score", breakdown="overall")["value"].to_list() == pytest.approx([2.125, 5])
    assert found.filter(period="2025").equals(score(PEOPLE, small()))
    counted = tally(both, small())
    assert score(counted.only("2026"))["period"].unique().to_list() == ["2026"]
    with pytest.raises(ValueError, match="there is no round '2024'; there are 2025, 2026"):
        counted.only("2024")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"item": "z9"}, "small/1 has no item 'z9'"),
        ({"state": "maybe"}, "the state of an answer is one of score"),
        ({"score": 6.0}, "round 2025, P1, item a1: a score is a number from 0 to 5"),
        ({"score": float("nan")}, "round 2025, P1, item a1: a score is a number from 0 to 5"),
        ({"score": None}, "round 2025, P1, item a1: a score is a number from 0 to 5"),
    ],
)
def test_answers_that_cannot_be_are_refused(change, words):
    rows = one_each({"P1": {"a1": 3}}).with_columns(
        **{c: pl.lit(v, pl.Float64 if c == "score" else pl.String) for c, v in change.items()}
    )
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        score(rows, small())


def test_missing_columns_and_no_rows():
    with pytest.raises(ValueError, match="lack the column 'state'"):
        score(PEOPLE.drop("state"), small())
    with pytest.raises(ValueError, match="say which instrument"):
        score(PEOPLE)
    assert score(PEOPLE.clear(), small()).is_empty()


def test_every_measure_is_defined():
    for one in measures().values():
        assert one.name and one.definition and one.numerator and one.denominator and one.unit and one.polarity
