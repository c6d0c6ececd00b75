"""Two rounds side by side: what compares, on which basis, and the five verdicts of the strategy's indicator."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from metrics.questionnaire import VERDICTS, compare_years, tally

from .questionnaire_cases import figure, one_each, small

BEFORE = small()
EIGHT = [f"P{at}" for at in range(8)]
STEPS = dict(zip(EIGHT, (0, 1, 1, 2, 2, 2, 0, 1), strict=True))


def round_of(shift=0, *, partners=EIGHT, instrument=BEFORE, label="2025", items=("a1", "a2", "b1")):
    rows = {p: {item: STEPS.get(p, 2) + shift for item in items} for p in partners}
    return tally(one_each(rows, round=label, end=date(int(label), 6, 30)), instrument)


def after(shift=0, **more):
    return round_of(shift, label="2026", **more)


@pytest.mark.parametrize(("shift", "verdict"), [(1, "improved"), (-1, "worse"), (0, "no clear change")])
def test_every_partner_moving_alike_is_a_change_and_none_is_none(shift, verdict):
    found = compare_years(round_of(1), after(1 + shift))
    assert found.verdict == verdict and found.basis == "headline" and verdict in VERDICTS
    assert figure(found.figures, "change", "basis", "headline") == pytest.approx(shift)
    assert figure(found.figures, "before", "basis", "headline") == pytest.approx(2.125)  # 9 / 8 and 1 more
    # partners that move alike leave no doubt
    assert figure(found.figures, "change", "basis", "headline", "lower") == pytest.approx(shift)


def test_a_change_within_its_interval_is_not_clear():
    """Four partners up by two, four down by one: +0.5 on average, and far from sure."""
    moved = {p: {i: STEPS[p] + (2 if at % 2 else -1) + 1 for i in ("a1", "a2", "b1")} for at, p in enumerate(EIGHT)}
    found = compare_years(round_of(1), tally(one_each(moved, round="2026"), BEFORE))
    assert found.verdict == "no clear change"
    lower, upper = (figure(found.figures, "change", "basis", "headline", c) for c in ("lower", "upper"))
    assert lower < 0 < upper and figure(found.figures, "change", "basis", "headline") == pytest.approx(0.5)
    # of 8 draws k go up, k binomial (8, ½): limits at k = 1 and 7, (3k − 8) / 8 = −0.625 and 1.625
    assert found.words.startswith("No clear change: from 2.1 to 2.6 of 5 (+0.5, 95% interval −0.6 to +1.6)")


def test_limits_are_those_of_drawing_partners_one_by_one():
    random = np.random.default_rng(1)
    moves = np.array([2, 1, 0, 2, -1, 1, 2, 0])
    rows = {p: {i: STEPS[p] + 1 + moves[at] for i in ("a1", "a2", "b1")} for at, p in enumerate(EIGHT)}
    rows = {p: {i: int(min(5, s)) for i, s in said.items()} for p, said in rows.items()}
    found = compare_years(round_of(1), tally(one_each(rows, round="2026"), BEFORE))
    change = np.array([rows[p]["a1"] - STEPS[p] - 1 for p in EIGHT])
    drawn = change[random.integers(0, 8, (20_000, 8))].mean(axis=1)
    for limit, share in (("lower", 0.025), ("upper", 0.975)):
        theirs = figure(found.figures, "change", "basis", "headline", limit)
        assert theirs == pytest.approx(np.quantile(drawn, share), abs=0.13)  # a step of these means is an eighth


def test_under_six_partners_there_is_no_interval_and_no_verdict_of_change():
    found = compare_years(round_of(1, partners=EIGHT[:5]), after(2, partners=EIGHT[:5]))
    assert found.verdict == "no clear change"
    assert figure(found.figures, "change", "basis", "headline") == pytest.approx(1)
    assert figure(found.figures, "change", "basis", "headline", "lower") is None
    assert "With 5 partners there is no interval to judge it by; that takes 6." in found.words


def test_no_data():
    for pair in ((None, after()), (round_of(), None)):
        found = compare_years(*pair)
        assert found.verdict == "no data" and found.figures.is_empty()
    missing = after(items=("a1", "a2"))
    found = compare_years(round_of(), missing)
    assert found.verdict == "no data" and "later round has no overall score" in found.words
    assert figure(found.figures, "before", "basis", "headline") is not None


CHANGED = small({"a": ["a1", "new"], "b": ["b1"]}, edition="2", crosswalk={"1": {"a1": "a1", "b1": "b1"}})


def test_a_changed_edition_is_compared_on_the_items_that_match():
    """The new item stands high; what both ask fell by one."""
    rows = {p: {"a1": STEPS[p], "new": 5, "b1": STEPS[p]} for p in EIGHT}
    later = tally(one_each(rows, round="2026"), CHANGED)
    found = compare_years(round_of(1), later)
    assert (found.verdict, found.basis) == ("worse", "matched_items")
    assert found.matched.rows() == [("a1", "a1"), ("b1", "b1")] and found.matched_share == pytest.approx(2 / 3)
    assert figure(found.figures, "change", "basis", "matched_items") == pytest.approx(-1)
    # headline of the new edition: area a (x + 5) / 2 and area b x, with mean x of 9 / 8
    assert figure(found.figures, "after", "basis", "headline") == pytest.approx(((9 / 8 + 5) / 2 + 9 / 8) / 2)
    assert figure(found.figures, "change", "item", "b1") == pytest.approx(-1)
    assert "on the 2 items that both editions ask" in found.words


def test_fewer_than_half_the_items_is_not_comparable():
    thin = small({"a": ["a1", "x"], "b": ["y"]}, edition="3", crosswalk={"1": {"a1": "a1"}})
    rows = {p: {"a1": 3, "x": 3, "y": 3} for p in EIGHT}
    found = compare_years(round_of(), tally(one_each(rows, round="2026"), thin))
    assert found.verdict == "not comparable" and found.basis == ""
    assert found.words.endswith("only 1 of 3 items asks the same.")
    change = found.figures.filter(measure="change")
    assert change["value"].null_count() == 3 and change["status"].unique().to_list() == ["z"]
    assert figure(found.figures, "after", "basis", "headline") == 3


@pytest.mark.parametrize(("pairs", "verdict"), [(1, "no clear change"), (0, "not comparable")])
def test_exactly_half_is_enough(pairs, verdict):
    crosswalk = {"1": dict(list({"a1": "a1"}.items())[:pairs])}
    two, other = small({"a": ["a1", "a2"]}), small({"a": ["a1", "x"]}, edition="2", crosswalk=crosswalk)
    before = round_of(instrument=two, items=("a1", "a2"))
    later = after(instrument=other, items=("a1", "x"))
    assert compare_years(before, later).verdict == verdict


def test_another_scale_is_not_comparable_whatever_matches():
    other = small(edition="2", highest=10, crosswalk={"1": {"a1": "a1", "a2": "a2", "b1": "b1"}})
    found = compare_years(round_of(), after(instrument=other))
    assert found.verdict == "not comparable"
    assert found.words == "Not comparable: the scale changed from 0 to 5 into 0 to 10."


def test_matched_partners_are_those_in_both_rounds():
    """A partner at 5 joins: the headline rises though nobody moved."""
    before, later = round_of(0), after(0, partners=EIGHT)
    joined = tally(
        pl.concat([one_each({p: dict.fromkeys(("a1", "a2", "b1"), STEPS[p]) for p in EIGHT}, round="2026"),
                   one_each({"New": dict.fromkeys(("a1", "a2", "b1"), 5)}, round="2026")]), BEFORE
    )  # fmt: skip
    found = compare_years(before, joined)
    assert found.partners_in_both == tuple(EIGHT)
    assert figure(found.figures, "change", "basis", "headline") == pytest.approx((9 + 5) / 9 - 9 / 8)
    assert figure(found.figures, "change", "basis", "matched_partners") == pytest.approx(0)
    assert "8 of 9 partners took part in both years" in found.words
    assert compare_years(before, later).partners_in_both == tuple(EIGHT)


def test_rounds_without_a_partner_in_both_have_no_matched_partners():
    found = compare_years(round_of(partners=["P1", "P2"]), after(partners=["P3", "P4"]))
    assert found.verdict == "no clear change" and found.partners_in_both == ()
    assert figure(found.figures, "change", "basis", "headline") == pytest.approx(1)  # (2 + 2) / 2 less (1 + 1) / 2
    assert figure(found.figures, "change", "basis", "matched_partners") is None


def test_a_crosswalk_may_be_given_and_must_name_items():
    plain = small({"a": ["x", "y"], "b": ["z"]}, edition="9")
    later = after(1, instrument=plain, items=("x", "y", "z"))
    assert compare_years(round_of(), later).verdict == "not comparable"
    found = compare_years(round_of(), later, crosswalk={"a1": "y", "a2": "x"})
    assert found.verdict == "improved" and found.matched_share == pytest.approx(2 / 3)
    for wrong in ({"nowhere": "x"}, {"a1": "nowhere"}):
        with pytest.raises(ValueError, match="nowhere"):
            compare_years(round_of(), later, crosswalk=wrong)
    with pytest.raises(ValueError, match="twice"):
        compare_years(round_of(), later, crosswalk={"a1": "x", "a2": "x"})


def test_a_round_is_compared_with_a_round():
    two = tally(pl.concat([one_each({"P": {"a1": 1, "a2": 1, "b1": 1}}, round=r) for r in ("2024", "2025")]), BEFORE)
    with pytest.raises(ValueError, match="here are 2: choose with `only`"):
        compare_years(two, after())
    assert compare_years(two.only("2024"), two.only("2025")).verdict == "no clear change"
    rows = one_each({"P": {"a1": 1, "a2": 1, "b1": 1}})
    assert compare_years((rows, BEFORE), (rows, BEFORE)).verdict == "no clear change"
