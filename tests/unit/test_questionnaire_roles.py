"""Leaders against practitioners, who is confident, what may be shown, and what was asked of whom."""

from datetime import date

import polars as pl
import pytest

from metrics.estimates import SCHEMA
from metrics.questionnaire import (
    RESPONSES,
    beside_agreed,
    confident,
    fill,
    instruments,
    leaders_against_practitioners,
    score,
    shown,
    spread,
    tally,
)

from .questionnaire_cases import answers, figure, one_each, small


def both(leaders, practitioners):
    """One leader and one practitioner a partner, alike on every item: partner → score."""
    rows = [(p, f"{p}-l", "leader", i, s) for p, s in leaders.items() for i in ("a1", "a2", "b1")]
    rows += [(p, f"{p}-p", "practitioner", i, s) for p, s in practitioners.items() for i in ("a1", "a2", "b1")]
    return answers(rows)


def test_only_partners_where_both_scored_count():
    """A has both, 4 against 2; B has a leader alone, at 0."""
    found = leaders_against_practitioners(both({"A": 4, "B": 0}, {"A": 2}), small())
    assert found.schema == SCHEMA
    for breakdown, group in (("overall", "all"), ("section", "a"), ("item", "b1")):
        assert figure(found, "leaders", breakdown, group) == 4
        assert figure(found, "practitioners", breakdown, group) == 2
        assert figure(found, "leaders_less_practitioners", breakdown, group) == 2
        assert figure(found, "leaders", breakdown, group, "n") == 1


def test_the_difference_has_limits_from_six_partners_on():
    """Leaders one higher in every partner: +1 without doubt; at five partners no limits."""
    seats = {f"P{at}": at % 4 for at in range(6)}
    found = leaders_against_practitioners(both({p: s + 1 for p, s in seats.items()}, seats), small())
    assert figure(found, "leaders_less_practitioners", column="lower") == pytest.approx(1)
    five = {p: s for p, s in seats.items() if p != "P5"}
    few = leaders_against_practitioners(both({p: s + 1 for p, s in five.items()}, five), small())
    assert figure(few, "leaders_less_practitioners", column="lower") is None
    assert figure(few, "leaders_less_practitioners") == pytest.approx(1)


def test_without_practitioners_there_is_no_comparison():
    found = leaders_against_practitioners(both({"A": 4}, {}), small())
    assert found.filter(breakdown="overall").is_empty()


def test_seats_of_different_partners_are_not_compared():
    """A sent a leader and B a practitioner: there are both seats, and no partner that has both."""
    found = leaders_against_practitioners(both({"A": 4}, {"B": 2}), small())
    difference = found.filter(measure="leaders_less_practitioners")
    assert difference["n"].unique().to_list() == [0]
    assert difference["value"].drop_nulls().is_empty()
    assert figure(found, "score", "partner × role", "A × leader") == 4


def test_nobodys_own_answers_are_shown():
    """A: three leaders and three practitioners. B: five and two: with the two hidden alone, B's own figure and that of
    its leaders would give them away, so both go. C: four leaders and nobody else."""
    people = {"A": (3, 3), "B": (5, 2), "C": (4, 0)}
    rows = [
        (partner, f"{partner}{role}{at}", role, item, 3)
        for partner, counts in people.items()
        for role, count in zip(("leader", "practitioner"), counts, strict=True)
        for at in range(count)
        for item in ("a1", "a2", "b1")
    ]
    found = shown(leaders_against_practitioners(answers(rows), small())).filter(breakdown="partner × role")
    status = dict(found.select("group", "status").iter_rows())
    assert status == {
        "A × leader": "ok", "A × practitioner": "ok", "B × leader": "c", "B × practitioner": "c", "C × leader": "ok",
    }  # fmt: skip
    hidden = found.filter(status="c").select("value", "n", "lower", "upper")
    assert hidden.null_count().sum_horizontal()[0] == 8


def test_hiding_leaves_all_else_as_it_was():
    whole = score(both({"A": 4, "B": 1}, {"A": 2, "B": 2}), small())
    assert shown(whole).equals(whole)
    split = leaders_against_practitioners(both({"A": 4}, {"A": 2}), small())
    assert shown(split, least=1).equals(split)
    kept = pl.col("breakdown") != "partner × role"
    assert shown(split).filter(kept).equals(split.filter(kept))


FIRST = instruments()["early_help_system/1"]


def said(understands, is_confident, *, who="x"):
    given = [("understands", understands), ("confident", is_confident)]
    return [("P", who, "practitioner", item, answer) for item, answer in given]


def test_confident_are_those_who_score_both_at_four_or_more():
    """Of four who scored both: 4 and 4, 5 and 3, 5 and 5, 0 and 4. The fifth does not know and stands in neither."""
    pairs = [(4, 4), (5, 3), (5, 5), (0, 4), ("dont_know", 5)]
    rows = answers([row for at, pair in enumerate(pairs) for row in said(*pair, who=f"x{at}")])
    [row] = confident(rows, FIRST).to_dicts()
    assert (row["numerator"], row["denominator"], row["value"], row["n"]) == (2, 4, 50, 4)
    # Wilson, 2 of 4: 15.0% to 85.0%
    assert (row["lower"], row["upper"]) == pytest.approx((15.0039, 84.9961), abs=1e-3)


def test_nobody_asked_or_nobody_answering():
    assert confident(one_each({"P": {"a1": 3}}), small()).is_empty()
    [row] = confident(answers(said("blank", "dont_know")), FIRST).to_dicts()
    assert (row["value"], row["status"], row["n"]) == (None, "x", 0)


def test_partners_are_spread_over_the_answers():
    """a1: P1 at 2.5, which is 3; P2 at 0; P3 does not know twice to one not applicable; P4 left it blank."""
    rows = answers(
        [("P1", "p", "leader", "a1", 2), ("P1", "q", "leader", "a1", 3), ("P2", "r", "leader", "a1", 0),
         ("P3", "s", "leader", "a1", "dont_know"), ("P3", "t", "leader", "a1", "dont_know"),
         ("P3", "u", "leader", "a1", "not_applicable"), ("P4", "v", "leader", "a1", "blank"),
         ("P5", "w", "leader", "a1", "not_asked")]
    )  # fmt: skip
    found = spread(rows, small()).filter(pl.col("group").str.starts_with("a1"))
    counts = {group.split(" × ")[1]: n for group, n in found.select("group", "numerator").iter_rows()}
    assert counts == {
        "0": 1, "1": 0, "2": 0, "3": 1, "4": 0, "5": 0, "dont_know": 1, "not_applicable": 0, "blank": 1,
    }  # fmt: skip
    assert found["value"].sum() == pytest.approx(100) and found["denominator"].unique().to_list() == [4]


def test_the_agreed_score_stands_beside_the_surveys():
    rows = one_each({"P1": {"a1": 4, "b1": 1}, "P2": {"a1": 3}})
    agreed = pl.DataFrame({"round": ["2025"], "item": ["a1"], "score": [3], "reason": ["no evidence of more"]})
    found = beside_agreed(rows, agreed, small())
    assert found.filter(item="a1").select("section", "survey", "agreed", "difference", "reason").row(0) == (
        "a", 3.5, 3.0, -0.5, "no evidence of more",
    )  # fmt: skip
    assert found.filter(item="b1").select("survey", "agreed", "difference").row(0) == (1.0, None, None)


def test_what_was_asked_and_not_given_is_blank_or_not_asked():
    invited = pl.DataFrame(
        [("P", "x", "leader"), ("P", "y", "practitioner")], schema=["partner", "respondent", "respondent_role"],
        orient="row",
    )  # fmt: skip
    given = pl.DataFrame(
        [("x", "voice", "score", 3), ("y", "voice", "dont_know", None), ("stranger", "voice", "score", 5)],
        schema={"respondent": pl.String, "item": pl.String, "state": pl.String, "score": pl.Int64}, orient="row",
    )  # fmt: skip
    rows = fill(given, invited, FIRST, round="2025", period_end=date(2025, 6, 30))
    assert rows.schema == RESPONSES and rows.height == 2 * 11  # nine items and the two beside them
    states = rows.group_by("respondent").agg(pl.col("state").value_counts(sort=True)).sort("respondent")
    counted = {who: {s["state"]: s["count"] for s in found} for who, found in states.iter_rows()}
    assert counted == {"x": {"score": 1, "blank": 8, "not_asked": 2}, "y": {"dont_know": 1, "blank": 10}}
    assert tally(rows, FIRST).respondents.tolist() == [[2]]
