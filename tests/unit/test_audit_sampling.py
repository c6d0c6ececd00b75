"""Samples: sizes by the published formula, proportional shares, the draw, who audits what, and what is refused."""

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from metrics import audit
from metrics.audit import AllocationError, SamplingError
from metrics.audit.sampling import shares

AS_AT = date(2026, 6, 30)


def frame(count=200, families=None, agencies=6):
    """A frame of `count` assessments, of agencies of three types, a fifth of them closed."""
    numbers = range(count)
    return pl.DataFrame(
        {
            "assessment_id": [f"S{n:04d}" for n in numbers],
            "episode_id": [f"E{n:04d}" for n in numbers],
            "family_id": [f"F{n % (families or count):04d}" for n in numbers],
            "agency_id": [f"A{n % agencies}" for n in numbers],
            "agency_type": [("school", "health", "early_help")[n % agencies % 3] for n in numbers],
            "forum_area": [f"EHF0{n % 2}" for n in numbers],
            "state": ["closed" if n % 5 == 0 else "open" for n in numbers],
        }
    )


def auditors(*agencies, most=None):
    rows = [(f"auditor {n}", agency, most) for n, agency in enumerate(agencies)]
    return pl.DataFrame(rows, schema=audit.AUDITORS, orient="row")


# sizes


@pytest.mark.parametrize(
    ("population", "margin", "expected"),
    # 600: as the audit's rules give them. The others by Krejcie and Morgan, Educational and Psychological Measurement
    # 30 (1970) 607–610, table 1 (5 points, 95%), rounded there.
    [(600, 0.1, 83), (600, 0.15, 40), (100, 0.05, 80), (500, 0.05, 218), (1000, 0.05, 278), (10_000, 0.05, 370)],
)
def test_published_sample_sizes(population, margin, expected):
    assert audit.sample_size(population, margin=margin) == pytest.approx(expected, abs=1 if population != 600 else 0)


@given(st.integers(1, 10**6), st.floats(0.01, 0.4), st.sampled_from([0.8, 0.9, 0.95, 0.99]), st.floats(0.05, 0.95))
@settings(deadline=None)
def test_the_size_gives_the_margin_and_one_fewer_does_not(population, margin, confidence, p):
    n = audit.sample_size(population, margin=margin, confidence=confidence, p=p)
    assert 1 <= n <= population

    def reach(n):  # of a share of p among n of a finite population, by the variance without n − 1
        return norm.ppf(0.5 + confidence / 2) * math.sqrt(p * (1 - p) / n * (population - n) / max(population - 1, 1))

    assert reach(n) <= margin * (1 + 1e-6)
    if n > 1:
        assert reach(n - 1) > margin * (1 - 1e-6)


@pytest.mark.parametrize("wrong", [{"margin": 0}, {"margin": 10}, {"margin": 0.1, "confidence": 95}])
def test_sizes_that_cannot_be_reckoned(wrong):
    with pytest.raises(SamplingError, match="a share between 0 and 1"):
        audit.sample_size(600, **wrong)
    with pytest.raises(SamplingError, match="no assessments"):
        audit.sample_size(0, margin=0.1)


@pytest.mark.parametrize(
    ("sizes", "size", "expected"),
    [
        ([100, 50, 50], 40, [20, 10, 10]),
        ([97, 2, 1], 20, [17, 2, 1]),  # at least two, or the whole stratum; the rest to the large one
        ([60, 30, 10], 7, [3, 2, 2]),  # 4.2 2.1 .7: two for the last leave five, of which 3.33 and 1.67
        ([3, 3, 3], 7, [3, 2, 2]),  # equal remainders: the earlier first
        ([5], 5, [5]),
    ],
)
def test_shares_are_proportional_and_at_least_two(sizes, size, expected):
    assert shares(sizes, size).tolist() == expected


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.floats(0, 1))
@settings(deadline=None)
def test_shares_add_up_and_are_within_one_of_proportion(sizes, position):
    least = sum(min(s, 2) for s in sizes)
    size = least + round(position * (sum(sizes) - least))
    made = shares(sizes, size)
    assert made.sum() == size and all(min(s, 2) <= m <= s for s, m in zip(sizes, made, strict=True))
    free = [(s, m) for s, m in zip(sizes, made, strict=True) if m > min(s, 2)]
    if free:
        rest = sum(m for _, m in free)
        assert all(abs(m - rest * s / sum(s for s, _ in free)) < 1 + 1e-9 for s, m in free) or len(free) < len(sizes)


# the draw


def test_a_plan_is_stratified_weighted_and_has_replacements():
    drawn = audit.sampling_plan(frame(), strata=("agency_type", "state"), size=40, seed=7)
    first = drawn.filter(~pl.col("replacement"))
    assert first.height == 40 and drawn.height == 80
    assert drawn["assessment_id"].is_unique().all()
    sizes = frame().group_by("agency_type", "state").len()
    names = sizes.select(pl.concat_str("agency_type", "state", separator=" × "), "len").rows()
    assert dict(audit.strata_table(drawn).select("stratum", "frame_size").iter_rows()) == dict(names)
    weights = first.group_by("stratum").agg(pl.col("weight").sum(), pl.col("frame_size").first(), n=pl.len())
    assert weights["weight"].to_list() == pytest.approx(weights["frame_size"].to_list())
    assert weights["n"].min() >= 2
    for _, part in drawn.group_by("stratum"):
        assert part["order"].to_list() == list(range(1, part.height + 1))
        assert part.filter("replacement")["order"].min() == part["planned"][0] + 1


def test_the_seed_alone_decides():
    plan = {"strata": "state", "size": 20}
    one = audit.sampling_plan(frame(), seed=1, **plan)
    again = audit.sampling_plan(frame().sample(fraction=1, shuffle=True, seed=5), seed=1, **plan)
    assert one.equals(again.select(one.columns))
    assert not one["assessment_id"].equals(audit.sampling_plan(frame(), seed=2, **plan)["assessment_id"])


def test_every_assessment_of_a_stratum_has_the_same_chance():
    count = np.zeros(30)
    for seed in range(1000):
        drawn = audit.sampling_plan(frame(30), strata=[], size=6, seed=seed, replacements=0)
        count[[int(a[1:]) for a in drawn["assessment_id"]]] += 1
    # each count is binomial (1000, 1/5): mean 200, standard deviation 12.65; five of them is one in a million
    assert abs(count - 200).max() < 5 * 12.65


def test_a_family_is_drawn_once():
    drawn = audit.sampling_plan(frame(200, families=60), strata="state", size=40, seed=3)
    assert drawn["family_id"].is_unique().all()
    assert drawn.filter(~pl.col("replacement")).height == 40


def test_replacements_step_in_in_their_order():
    drawn = audit.sampling_plan(frame(30), strata="state", size=10, seed=1, replacements=0.3)
    gone = drawn.filter(stratum="open", replacement=False)["assessment_id"][0]
    spare = drawn.filter(stratum="open", replacement=True)["assessment_id"].to_list()
    assert audit.next_replacement(drawn, gone)["assessment_id"] == spare[0]
    assert audit.next_replacement(drawn, gone, used=spare[:1])["assessment_id"] == spare[1]
    with pytest.raises(SamplingError, match="No replacement is left in “open”"):
        audit.next_replacement(drawn, gone, used=spare)
    with pytest.raises(SamplingError, match="was not drawn in this round"):
        audit.next_replacement(drawn, "S9999")


@pytest.mark.parametrize(
    ("data", "plan", "said"),
    [
        (frame(40), {"size": 83}, "The frame has 40 assessments, fewer than the 83 to be drawn"),
        (pl.concat([frame(40), frame(1)]), {"size": 10}, "Assessment S0000 stands twice in the frame"),
        (frame(40), {"size": 0}, "At least one assessment is drawn, not 0"),
        (
            frame(200),
            {"size": 10, "strata": ("agency_type", "state")},
            "6 strata need at least 12 assessments, more than",
        ),
        (frame(200), {"size": 10, "strata": "ward"}, "The frame has no column ward"),
    ],
)
def test_samples_that_cannot_be_drawn(data, plan, said):
    with pytest.raises(SamplingError, match=said):
        audit.sampling_plan(data, **({"strata": "state", "seed": 1} | plan))


def test_a_thematic_sample_stands_for_nothing_but_itself():
    chosen = audit.chosen_sample(frame(), seed=1, assessments=["S0004", "S0001", "S0009"], size=2)
    assert set(chosen["purpose"]) == {"thematic"} and chosen["weight"].null_count() == 2
    assert chosen.columns == audit.sampling_plan(frame(), strata="state", size=20, seed=1).columns
    assert set(chosen["assessment_id"]) < {"S0004", "S0001", "S0009"}
    for wrong, said in (
        ({"assessments": ["S9999"]}, "S9999 is not in the frame"),
        ({"assessments": ["S0001", "S0001"]}, "The same assessment is chosen twice"),
        ({"size": 500}, "There are 200 assessments to choose from, and 500"),
        ({"purpose": "population"}, "A chosen sample is thematic, dip, calibration"),
    ):
        with pytest.raises(SamplingError, match=said):
            audit.chosen_sample(frame(), seed=1, **wrong)


# what is left out


def test_what_is_left_out_has_a_reason():
    reasons = pl.DataFrame({"assessment_id": ["S0005"], "reason": ["in court"]})
    before = pl.DataFrame(
        {
            "family_id": ["F0001", "F0002", "F0003", "F0005"],
            "completed_date": [date(2025, 7, 1), date(2025, 6, 30), date(2026, 8, 1), date(2026, 1, 1)],
        }
    )
    kept, gone = audit.exclude(frame(), as_at=AS_AT, reasons=reasons, audited=before)
    assert dict(gone.select("assessment_id", "reason").iter_rows()) == {
        "S0005": "in court",
        "S0001": "the family was audited on 1 July 2025, and not twice in 12 months",
        "S0003": "the family was audited on 1 August 2026, and not twice in 12 months",
    }
    assert kept.height == 197 and "S0002" in kept["assessment_id"]  # 12 months ago to the day


@pytest.mark.parametrize(
    ("row", "said"),
    [(("S9999", "in court"), "S9999 is not in the frame"), (("S0001", " "), "S0001 is left out without a reason")],
)
def test_reasons_that_are_refused(row, said):
    with pytest.raises(SamplingError, match=said):
        audit.exclude(
            frame(), as_at=AS_AT, reasons=pl.DataFrame([row], schema=["assessment_id", "reason"], orient="row")
        )


# who audits


def test_work_is_even_and_nobody_audits_their_own_agency():
    drawn = audit.sampling_plan(frame(), strata="state", size=40, seed=7)
    team = auditors("A0", "A0", "A1", "A2", "elsewhere", None, None, None)
    given_out = audit.allocate(drawn, team, seed=1)
    assert given_out.filter("replacement")["auditor"].null_count() == 40
    assert set(given_out.drop_nulls("auditor")["auditor"].value_counts()["count"]) == {5}
    audit.check_allocation(given_out, team)
    assert given_out.equals(audit.allocate(drawn, team, seed=1))


def test_the_most_that_an_auditor_takes_is_kept():
    drawn = audit.sampling_plan(frame(), strata="state", size=20, seed=7)
    team = pl.concat([auditors("A0", most=2), auditors("A1", "A2").with_columns(auditor=pl.Series(["x", "y"]))])
    counts = dict(audit.allocate(drawn, team, seed=1).drop_nulls("auditor")["auditor"].value_counts().iter_rows())
    assert counts["auditor 0"] == 2 and counts["x"] == counts["y"] == 9


def test_audits_that_cannot_be_given_out():
    drawn = audit.sampling_plan(frame(30, agencies=2), strata="state", size=20, seed=7)
    with pytest.raises(AllocationError, match="take 6 audits between them, and 20 are to be done"):
        audit.allocate(drawn, auditors("A0", "A1", most=3), seed=1)
    with pytest.raises(AllocationError, match="Nobody is free to audit assessment S00"):
        audit.allocate(drawn, auditors("A0", "A0"), seed=1)
    with pytest.raises(AllocationError, match="The same auditor is listed twice"):
        audit.allocate(drawn, pl.concat([auditors("A5")] * 2), seed=1)


def test_an_auditor_of_the_audited_agency_is_refused():
    by_hand = frame(3).with_columns(auditor=pl.Series(["auditor 0", None, "auditor 0"]))
    with pytest.raises(AllocationError, match="auditor 0 works for the agency that made assessment S0002"):
        audit.check_allocation(by_hand, auditors("A2"))
    with pytest.raises(AllocationError, match="auditor 0 is not among the auditors"):
        audit.check_allocation(by_hand, auditors())


def test_a_share_is_audited_twice_by_somebody_else():
    drawn = audit.sampling_plan(frame(), strata="state", size=40, seed=7)
    team = auditors("A0", "A1", "A2", "A3")
    first = audit.allocate(drawn, team, seed=1)
    second = audit.second_auditors(first, team, share=0.15, seed=1)
    assert second.height == 6
    both = second.join(first, on="assessment_id", suffix="_first")
    assert (both["auditor"] != both["auditor_first"]).all()
    audit.check_allocation(both, team)


def test_moderation_takes_both_ends_and_a_share_of_the_rest():
    rng = np.random.default_rng(1)
    done = pl.DataFrame({"audit_id": [f"Q{n}" for n in range(4000)], "auditor_grade": rng.integers(1, 5, 4000)})
    chosen = audit.to_moderate(done, share=0.2, seed=1)
    ends = done.filter(pl.col("auditor_grade").is_in([1, 4]))
    assert set(ends["audit_id"]) <= set(chosen["audit_id"])
    why = dict(chosen["why"].value_counts().iter_rows())
    assert why["inadequate"] + why["outstanding"] == ends.height
    rest = 4000 - ends.height
    assert abs(why["drawn by lot"] - 0.2 * rest) < 4 * math.sqrt(0.16 * rest)


def test_what_is_graded_later_changes_no_lot():
    done = pl.DataFrame({"audit_id": [f"Q{n}" for n in range(100)], "auditor_grade": [2] * 100})
    early = set(audit.to_moderate(done.head(40), share=0.2, seed=1)["audit_id"])
    late = set(audit.to_moderate(done.reverse(), share=0.2, seed=1)["audit_id"])
    assert early == {a for a in late if int(a[1:]) < 40}
    assert not audit.to_moderate(done, share=0.2, seed=2)["audit_id"].equals(
        audit.to_moderate(done, share=0.2, seed=1)["audit_id"]
    )


def test_a_calibration_set_is_graded_by_all_and_of_nobodys_agency():
    team = auditors("A0", "A1")
    chosen = audit.calibration_set(frame(), team, size=5, seed=1)
    assert chosen.height == 10 and chosen["assessment_id"].n_unique() == 5
    agencies = chosen.join(frame(), on="assessment_id")["agency_id"]
    assert not set(agencies) & {"A0", "A1"}
    with pytest.raises(AllocationError, match="0 assessments are of agencies that no auditor works for"):
        audit.calibration_set(frame(agencies=2), team, size=5, seed=1)
