"""What the sample says of all assessments: against a survey library's values, and every sample of a small county."""

from itertools import combinations, product

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from metrics import audit
from metrics.estimates import SCHEMA

# Stratum → assessments in the frame, type of agency, grades; the audits' agencies are P, Q, P, R in turn.
STRATA = {
    "a": (60, "X", [4, 3, 3, 2, 2, 1, 3, 4, 2, 3]),
    "b": (40, "X", [2, 2, 3, 1, 3]),
    "c": (300, "Y", [3, 3, 3, 4, 2, 3, 2, 2, 4, 3, 3, 1]),
    "d": (25, "Y", [1, 2, 3, 3]),
}
# Share good or better and its standard error by samplics 0.6.1, TaylorEstimator(PopParam.mean) with strata, weights N/n
# and 1 − n/N as finite-population correction; groups are domains.
LIBRARY = {
    None: {"all": (0.6223529411764706, 0.10398840886842678)},
    "agency_type": {"X": (0.52, 0.128062484748657), "Y": (0.6538461538461539, 0.13015073811362854)},
    "agency_id": {
        "P": (0.6478060046189377, 0.14482734590287555),
        "Q": (0.8111888111888111, 0.10818566098411532),
        "R": (0.36790123456790125, 0.21557366519396573),
    },
}


def audits(strata=STRATA):
    rows = [
        (f"{h}{n}", h, grade, kind, "PQPR"[n % 4])
        for h, (_, kind, grades) in strata.items()
        for n, grade in enumerate(grades)
    ]
    return pl.DataFrame(rows, schema=["audit_id", "stratum", "final_grade", "agency_type", "agency_id"], orient="row")


def sizes(strata=STRATA):
    return pl.DataFrame({"stratum": list(strata), "frame_size": [s[0] for s in strata.values()]})


def found(measure="audit_good", audits_=None, frame=None, **options):
    made = audit.estimate(audits() if audits_ is None else audits_, sizes() if frame is None else frame, **options)
    assert made.schema == SCHEMA
    return {row["group"]: row for row in made.filter(measure=measure).iter_rows(named=True)}


@pytest.mark.parametrize("by", list(LIBRARY))
def test_weighted_estimates_are_those_of_a_survey_library(by):
    rows = found(by=by, least=1)
    assert set(rows) == set(LIBRARY[by])
    for group, (share, error) in LIBRARY[by].items():
        effective = share * (1 - share) / error**2
        lower, upper = proportion_confint(share * effective, effective, method="wilson")
        row = rows[group]
        assert (row["value"], row["lower"], row["upper"]) == pytest.approx((100 * share, 100 * lower, 100 * upper))


def test_the_stratified_formula_by_hand():
    """Σ W·p and Σ W²(1 − f)p(1 − p)/(n − 1): shares .6, .4, .667, .5 with weights 60, 40, 300, 25 of 425."""
    n, size, good = np.array([10, 5, 12, 4]), np.array([60, 40, 300, 25]), np.array([6, 2, 8, 2])
    w, p = size / 425, good / n
    value, variance = (w * p).sum(), (w**2 * (1 - n / size) * p * (1 - p) / (n - 1)).sum()
    assert (value, variance**0.5) == pytest.approx(LIBRARY[None]["all"])
    assert found()["all"]["value"] == pytest.approx(100 * value)


def test_over_every_possible_sample_the_estimate_is_right_on_average_and_so_is_its_variance():
    """A county of nine assessments in two strata: all 60 samples of two and three, from first principles."""
    one, two = [4, 3, 1, 2], [3, 3, 2, 2, 1]
    true = np.mean([g >= 3 for g in one + two])
    values, variances = [], []
    for a, b in product(combinations(one, 2), combinations(two, 3)):
        made = found(audits_=audits({"a": (4, "X", a), "b": (5, "X", b)}), frame=sizes({"a": (4,), "b": (5,)}), least=1)
        row = made["all"]
        p = row["value"] / 100
        values.append(p)
        width = (row["upper"] - row["lower"]) / 100
        spread = any(len({g >= 3 for g in drawn}) > 1 for drawn in (a, b))  # else the variance is estimated as 0
        variances.append(_variance(p, width) if spread else 0)
    assert len(values) == 60 and 0 in variances
    assert np.mean(values) == pytest.approx(true)
    assert np.mean(variances) == pytest.approx(np.var(values))


def _variance(p, width):
    """The variance whose effective number gives a Wilson interval so wide."""
    z2 = 1.959963984540054**2
    # width² = 4z²(p(1 − p)/n + z²/4n²)/(1 + z²/n)²: solved for 1/n = x
    # width²(1 + z²x)² = 4z²p(1 − p)x + z⁴x²
    a, b, c = width**2 * z2**2 - z2**2, 2 * width**2 * z2 - 4 * z2 * p * (1 - p), width**2
    x = min(r for r in np.roots([a, b, c]).real if r > 0)
    return p * (1 - p) * x


def test_the_plain_share_is_of_the_audits_seen():
    row = found("audit_good_plain")["all"]
    lower, upper = proportion_confint(18, 31, method="wilson")
    assert (row["numerator"], row["denominator"]) == (18, 31)
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((1800 / 31, 100 * lower, 100 * upper))


def test_fewer_than_ten_audits_are_not_judged():
    rows = found(by="agency_id")
    assert {g: (r["status"], r["n"], r["value"] is None) for g, r in rows.items()} == {
        "P": ("ok", 16, False), "Q": ("low", 8, True), "R": ("low", 7, True),
    }  # fmt: skip
    plain = found("audit_good_plain", by="agency_id")["Q"]
    assert plain["numerator"] is None and plain["lower"] is None


def test_thematic_samples_and_re_audits_stay_out():
    more = audits().with_columns(
        purpose=pl.when(pl.col("audit_id") == "a0").then(pl.lit("thematic")),
        parent_audit_id=pl.when(pl.col("audit_id") == "a1").then(pl.lit("z")),
    )
    less = audits().filter(~pl.col("audit_id").is_in(["a0", "a1"]))
    assert found(audits_=more) == found(audits_=less)


def test_the_frozen_frame_serves_as_sizes():
    rows = [(f"S{h}{n}", h) for h, (size, *_) in STRATA.items() for n in range(size)]
    frozen = pl.DataFrame(rows, schema=["assessment_id", "stratum"], orient="row")
    assert found(frame=frozen) == found()


def test_rounds_are_strata_of_their_own():
    both = pl.concat([audits().with_columns(round_id=pl.lit(r)) for r in ("r1", "r2")])
    frames = pl.concat([sizes().with_columns(round_id=pl.lit(r)) for r in ("r1", "r2")])
    row = found(audits_=both, frame=frames)["all"]
    assert row["value"] == pytest.approx(100 * LIBRARY[None]["all"][0])
    share, error = LIBRARY[None]["all"]
    effective = share * (1 - share) / (error**2 / 2)  # two independent samples of the same: half the variance
    assert row["lower"] == pytest.approx(100 * proportion_confint(share * effective, effective, method="wilson")[0])


def test_a_whole_frame_audited_leaves_no_doubt():
    whole = {"a": (10, "X", [4, 3, 3, 2, 2, 1, 3, 4, 2, 3])}
    row = found(audits_=audits(whole), frame=sizes(whole))["all"]
    assert row["value"] == row["lower"] == row["upper"] == 60


def test_all_alike_in_the_sample_is_not_certainty():
    alike = {"a": (100, "X", [3] * 20)}
    row = found(audits_=audits(alike), frame=sizes(alike))["all"]
    # 20 of 100: 1 − f = .8, so as good as 25 audits; Wilson's lower limit of 25 of 25
    assert (row["value"], row["upper"]) == (100, 100)
    assert row["lower"] == pytest.approx(100 * proportion_confint(25, 25, method="wilson")[0])


def test_a_stratum_of_one_adds_its_distance_from_the_mean():
    single = {"a": (10, "X", [4, 2]), "b": (10, "X", [3])}
    row = found(audits_=audits(single), frame=sizes(single), least=1)["all"]
    # p = .75; stratum a: 100·.8·.5/2 = 20; b: 100·.9·(1 − .75)² = 5.625; over 20²
    variance = (20 + 5.625) / 400
    effective = 0.75 * 0.25 / variance
    assert row["lower"] == pytest.approx(100 * proportion_confint(0.75 * effective, effective, method="wilson")[0])


def test_strata_without_an_audit_are_told():
    more = pl.concat([sizes(), pl.DataFrame({"stratum": ["e"], "frame_size": [9]})])
    assert found(frame=more)["all"]["method"].endswith(", 1 of 5 strata without an audit")


def test_compliance_is_a_weighted_mean():
    rows = audits({"a": (30, "X", [3, 3]), "b": (10, "X", [3, 3])}).with_columns(
        compliance=pl.Series([80.0, 60, 50, 30])
    )
    row = found("audit_compliance", audits_=rows, frame=sizes({"a": (30,), "b": (10,)}), least=1)["all"]
    assert row["value"] == pytest.approx(0.75 * 70 + 0.25 * 40)
    variance = 0.75**2 * (28 / 30) * 200 / 2 + 0.25**2 * 0.8 * 200 / 2
    assert row["upper"] == pytest.approx(62.5 + 1.959963984540054 * variance**0.5)


def test_nothing_audited_yet():
    row = found(audits_=audits().clear())["all"]
    assert (row["status"], row["n"], row["value"]) == ("x", 0, None)
    assert found(audits_=audits().clear(), by="agency_id") == {}


def test_an_audit_of_a_stratum_that_the_frame_has_not():
    with pytest.raises(ValueError, match="no stratum d"):
        audit.estimate(audits(), sizes().filter(pl.col("stratum") != "d"))
