"""Scores over random answers against the same reckoned one by one in plain Python."""

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.questionnaire import agreement, score, spread

from .questionnaire_cases import answers, small

AREAS = {"a": ["a1", "a2", "a3"], "b": ["b1"], "c": ["c1", "c2"]}
ITEMS = [item for items in AREAS.values() for item in items]
ANSWERS = st.sampled_from([0, 1, 2, 3, 4, 5, "dont_know", "not_applicable", "blank", "not_asked"])
ROUNDS = st.lists(st.lists(st.lists(ANSWERS, min_size=6, max_size=6), min_size=1, max_size=3), min_size=1, max_size=5)


def mean(values):
    found = [v for v in values if v is not None]
    return sum(found, Fraction(0)) / len(found) if found else None


def rows_of(partners):
    return [
        (f"P{p}", f"P{p}-{r}", "leader", item, answer)
        for p, people in enumerate(partners)
        for r, person in enumerate(people)
        for item, answer in zip(ITEMS, person, strict=True)
    ]


def by_hand(partners):
    """(items, sections, overall) of the partnership, and each partner's overall, as exact fractions or None."""
    means = [
        [mean([Fraction(person[i]) for person in people if isinstance(person[i], int)]) for i in range(len(ITEMS))]
        for people in partners
    ]
    of_sections = []
    for own in means:
        found = []
        for items in AREAS.values():
            there = [own[ITEMS.index(i)] for i in items if own[ITEMS.index(i)] is not None]
            found.append(mean(there) if there and 2 * len(there) >= len(items) else None)
        of_sections.append(found)
    items = [mean([own[i] for own in means]) for i in range(len(ITEMS))]
    sections = [mean([own[s] for own in of_sections]) for s in range(len(AREAS))]
    overall = None if None in sections else mean(sections)
    return items, sections, overall, [None if None in own else mean(own) for own in of_sections]


def near(expected):
    return None if expected is None else pytest.approx(float(expected))


@settings(max_examples=40, deadline=None)
@given(ROUNDS)
def test_scores_are_those_reckoned_by_hand(partners):
    found = score(answers(rows_of(partners)), small(AREAS)).filter(measure="score")
    cells = {(b, g): v for b, g, v in found.select("breakdown", "group", "value").iter_rows()}
    items, sections, overall, own = by_hand(partners)
    assert cells[("overall", "all")] == near(overall)
    for names, breakdown, values in ((AREAS, "section", sections), (ITEMS, "item", items)):
        for name, value in zip(names, values, strict=True):
            assert cells[(breakdown, name)] == near(value)
    for number, value in enumerate(own):
        if ("partner", f"P{number}") in cells:
            assert cells[("partner", f"P{number}")] == near(value)
        else:
            assert all(answer == "not_asked" for person in partners[number] for answer in person)


@settings(max_examples=40, deadline=None)
@given(ROUNDS)
def test_what_must_hold_of_any_answers(partners):
    frame = answers(rows_of(partners))
    found = agreement(frame, small(AREAS))
    assert found.filter(~found["consensus"].is_between(-1e-9, 1 + 1e-9).fill_null(True)).is_empty()
    assert found.filter(~found["average_deviation"].is_between(0, 2.5).fill_null(True)).is_empty()  # half the scale
    shares = spread(frame, small(AREAS)).with_columns(pl.col("group").str.slice(0, 2).alias("item"))
    for total in shares.group_by("item").agg(pl.col("value").sum())["value"]:
        assert total == pytest.approx(100)  # each partner stands in one group
