"""Agreement over partners, with the values that its sources print."""

import numpy as np
import polars as pl
import pytest

from metrics.questionnaire import agreed_below, agreement, average_deviation, consensus, instruments

from .questionnaire_cases import one_each, small


def test_consensus_of_the_published_counts():
    """Counts 30 40 210 130 530 50 10 on a scale from 1 to 7."""
    found = consensus(np.arange(1, 8), [30, 40, 210, 130, 530, 50, 10], lowest=1, highest=7)
    assert found == pytest.approx(0.7256876, abs=5e-8)


@pytest.mark.parametrize(
    ("values", "expected"), [([3, 3, 3, 3, 3], 1.0), ([0, 0, 5, 5], 0.0), ([5, 5, 5], 1.0), ([0, 5], 0.0)]
)
def test_consensus_at_its_ends(values, expected):
    assert consensus(values, lowest=0, highest=5) == pytest.approx(expected, abs=1e-12)


def test_consensus_by_hand():
    """1 and 3 on 0 to 4: mean 2, both a quarter of the scale away: 1 + log2(0.75)."""
    assert consensus([1, 3], lowest=0, highest=4) == pytest.approx(1 + np.log2(0.75))


def test_average_deviation_by_hand():
    """1, 2, 4, 5: mean 3, distances 2, 1, 1, 2, so 1.5; missing partners do not count."""
    assert average_deviation([1, 2, 4, 5]) == 1.5
    assert average_deviation([1, 2, np.nan, 4, 5]) == 1.5


def test_agreed_means_under_a_sixth_of_the_steps():
    """Burke and Dunlap: 5 / 6 on a five-point scale; a scale from 0 to 5 has six points, so 1."""
    assert agreed_below(small(lowest=1, highest=5)) == pytest.approx(5 / 6)
    assert agreed_below(instruments()["early_help_system/1"]) == 1.0


def of(*scores):
    """What agreement says of one item that so many partners scored."""
    frame = one_each({f"P{at}": {"a1": score} for at, score in enumerate(scores)})
    [row] = agreement(frame, small()).filter(item="a1").to_dicts()
    return row


@pytest.mark.parametrize(
    ("scores", "agreed", "quadrant"),
    [
        ((1, 2, 1, 2), True, "act"),
        ((0, 0, 4, 5), False, "discuss first"),
        ((5, 5, 5, 0, 1), False, "check the evidence"),
        ((4, 4, 3, 4), True, "keep"),
        ((2, 3), None, None),  # two partners are too few
    ],
)
def test_quadrants(scores, agreed, quadrant):
    row = of(*scores)
    assert (row["agreed"], row["quadrant"]) == (agreed, quadrant)
    assert row["status"] == ("ok" if agreed is not None else "low") and row["n"] == len(scores)
    assert row["mean"] == pytest.approx(sum(scores) / len(scores))


def test_half_way_up_is_not_low():
    assert of(2, 3, 2, 3)["quadrant"] == "keep"  # 2.5 of 0 to 5


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ((2, 3, 3, 4, 3), "partners differ by 0.4 of a point"),  # mean 3: 1, 0, 0, 1, 0
        ((1, 2, 4, 5), "partners differ by 1.5 points"),
        ((3, 3, 3), "partners do not differ"),
        ((0, 5), None),
    ],
)
def test_agreement_in_words(scores, words):
    assert of(*scores)["words"] == words


def test_under_three_partners_nothing_is_said_of_agreement():
    row = of(0, 5)
    assert row["consensus"] is None and row["average_deviation"] is None and row["status"] == "low"


def test_an_item_nobody_scored_has_no_agreement():
    found = agreement(one_each({"P1": {"a1": "dont_know", "a2": 3}}), small())
    assert found.filter(item="a1").select("n", "mean", "consensus").row(0) == (0, None, None)


def test_partners_count_alike_whatever_their_number_of_respondents():
    """Four people of one partner at 0 and one each of two others at 5: means 0, 5, 5, mean 10/3."""
    many = pl.concat(
        [one_each({"P1": {"a1": 0}}).with_columns(respondent=pl.lit(f"x{i}")) for i in range(4)]
        + [one_each({"P2": {"a1": 5}, "P3": {"a1": 5}})]
    )
    [row] = agreement(many, small()).filter(item="a1").to_dicts()
    assert row["mean"] == pytest.approx(10 / 3) and row["n"] == 3
    # distances from 10/3: 10/3, 5/3, 5/3; mean 20/9
    assert row["average_deviation"] == pytest.approx(20 / 9)
