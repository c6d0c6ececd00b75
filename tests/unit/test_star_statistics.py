"""Tests, effect sizes, bootstrap and funnel of the Star: against scipy, statsmodels, pingouin, hand-working and plain
loops."""

import numpy as np
import pingouin
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from metrics import star
from metrics.star import statistics
from metrics.star.bootstrap import resampled

from .star_cases import KNOWN, TWO, T, date, readings, value

CHANGES = st.lists(st.integers(-9, 9), min_size=0, max_size=60)


def counted(changes):
    return np.bincount(np.asarray(changes, int) + 9, minlength=19)


# --- Wilcoxon and effect sizes --------------------------------------------------------------------------------------


@given(CHANGES.filter(lambda c: sum(x != 0 for x in c) >= 1))
def test_the_signed_rank_test_is_that_of_scipy(changes):
    moved = [c for c in changes if c]
    expected = stats.wilcoxon(changes, zero_method="wilcox", correction=False, method="asymptotic").pvalue
    assert statistics.wilcoxon_p(counted(changes), least=1) == pytest.approx(expected, rel=1e-12)
    ranks = stats.rankdata(np.abs(moved))
    up, down = (ranks[np.sign(moved) == sign].sum() for sign in (1, -1))
    found = statistics.signed_ranks(counted(changes))
    assert (found[0], found[1]) == (pytest.approx(up), pytest.approx(down))
    assert statistics.rank_biserial(counted(changes)) == pytest.approx((up - down) / (up + down))


@pytest.mark.parametrize("seed", range(5))
def test_test_and_effect_size_are_those_of_pingouin(seed):
    random = np.random.default_rng(seed)
    first = random.integers(1, 11, 60)
    last = np.clip(first + random.integers(-2, 4, 60), 1, 10)
    expected = pingouin.wilcoxon(last, first, correction=False, method="asymptotic", zero_method="wilcox").iloc[0]
    found = counted(last - first)
    assert statistics.wilcoxon_p(found, least=10) == pytest.approx(expected["p_val"], rel=1e-12)
    assert statistics.rank_biserial(found) == pytest.approx(expected["RBC"], rel=1e-12)
    assert min(statistics.signed_ranks(found)[:2]) == expected["W_val"]


def test_holm_is_that_of_pingouin():
    p = np.array([0.0012, 0.04, 0.03, 0.5, 0.011, 0.2])
    assert statistics.holm(p) == pytest.approx(pingouin.multicomp(p, method="holm")[1], rel=1e-12)


def test_effect_sizes_by_hand():
    # changes 3, 1, 1, −1, 0, −2: sizes 1 1 1 2 3 have ranks 2 2 2 4 5; R+ = 5 + 2 + 2 = 9, R− = 2 + 4 = 6
    changes = counted([3, 1, 1, -1, 0, -2])
    assert statistics.signed_ranks(changes)[:2] == (9, 6)
    assert statistics.rank_biserial(changes) == pytest.approx(3 / 15)
    assert statistics.dominance(changes) == pytest.approx((3 - 2) / 6)
    assert statistics.dominance(counted([1, 2])) == 1 and statistics.rank_biserial(counted([-4])) == -1
    assert np.isnan(statistics.rank_biserial(counted([0, 0]))) and np.isnan(statistics.dominance(counted([])))


def test_dominance_is_that_of_all_pairs_of_one_person():
    random = np.random.default_rng(3)
    first, last = random.integers(1, 11, (2, 40))
    assert statistics.dominance(counted(last - first)) == pytest.approx(np.sign(last - first).mean())


def test_no_test_where_few_changed():
    assert np.isnan(statistics.wilcoxon_p(counted([1] * 9 + [0] * 50), least=10))
    assert np.isfinite(statistics.wilcoxon_p(counted([1] * 10), least=10))


@settings(max_examples=10)  # statsmodels clears the whole memory at every call
@given(st.lists(st.one_of(st.just(float("nan")), st.floats(1e-9, 1)), min_size=1, max_size=10))
def test_holm_is_that_of_statsmodels(p):
    p = np.array(p)
    there = np.isfinite(p)
    expected = np.full(len(p), np.nan)
    if there.any():
        expected[there] = multipletests(p[there], method="holm")[1]
    for shaped in (p[None], np.stack([p, p[::-1]])):
        assert statistics.holm(shaped)[0] == pytest.approx(expected, rel=1e-12, nan_ok=True)


def many(people=300, seed=5):
    """Invented people with two Stars, some of them two of a family; services of 40, 9 and the rest."""
    random = np.random.default_rng(seed)
    first = random.integers(1, 11, (people, 3))
    last = np.clip(first + random.integers(-3, 5, (people, 3)), 1, 10)
    stars = [
        (f"P{i}", day, False, T, "final", "2", *(int(s) for s in scores[i]))
        for day, scores in ((date(2024, 1, 1), first), (date(2024, 7, 1), last))
        for i in range(people)
    ]
    family = {f"P{i}": f"F{i // 2 if i < 100 else i}" for i in range(people)}
    service = {f"P{i}": "forty" if i < 40 else "nine" if i < 49 else "rest" for i in range(people)}
    return readings(stars, family=family, service=service), first, last


def test_the_figures_of_a_frame_are_those_of_scipy():
    frame, first, last = many()
    found = star.distance_travelled(frame, TWO, known=KNOWN)
    p = []
    for i, area in enumerate("ABC"):
        test = stats.wilcoxon(last[:, i] - first[:, i], zero_method="wilcox", method="asymptotic")
        p.append(test.pvalue)
        assert value(found, "points_p", area) == pytest.approx(test.pvalue, rel=1e-9)
        stages = np.ceil(last[:, i] / 2) - np.ceil(first[:, i] / 2)
        assert value(found, "stage_p", area) == pytest.approx(
            stats.wilcoxon(stages, zero_method="wilcox", method="asymptotic").pvalue, rel=1e-9
        )
        assert value(found, "stage_up", area, "numerator") == (stages > 0).sum()
        assert value(found, "points_mean_change", area) == pytest.approx((last - first)[:, i].mean())
    adjusted = multipletests(p, method="holm")[1]
    assert [value(found, "points_p_holm", a) for a in "ABC"] == pytest.approx(adjusted, rel=1e-9)


def test_a_service_where_few_changed_has_no_test_and_says_so():
    frame, *_ = many()
    found = star.distance_travelled(frame, TWO, known=KNOWN, by="service")
    few = found.filter(measure="points_p", group="nine × A").row(0, named=True)
    assert few["value"] is None and few["status"] == "low"
    assert found.filter(measure="points_p", group="rest × A")["status"].item() == "ok"


# --- Bootstrap ------------------------------------------------------------------------------------------------------


def test_resampling_kinds_of_families_is_resampling_families():
    random = np.random.default_rng(1)
    families = np.sort(random.integers(0, 80, 150))
    families = np.unique(families, return_inverse=True)[1]
    count = families.max() + 1
    values = random.integers(0, 2, 150)
    ours = resampled(values, families, count, 20_000, 7)
    size, total = np.bincount(families), np.bincount(families, weights=values)
    drawn = random.integers(0, count, (20_000, count))
    loop = total[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    assert ours.mean() == pytest.approx(loop.mean(), abs=0.002)
    assert ours.std() == pytest.approx(loop.std(), rel=0.03)
    assert np.quantile(ours, [0.025, 0.975]) == pytest.approx(np.quantile(loop, [0.025, 0.975]), abs=0.012)


def test_people_on_their_own_have_the_binomial_spread():
    # one person a family: the bootstrap's mean is p and its variance p(1 − p)/n exactly
    values = np.array([1] * 61 + [0] * 39)
    ours = resampled(values, np.arange(100), 100, 40_000, 3)
    assert ours.mean() == pytest.approx(0.61, abs=0.001)
    assert ours.std() == pytest.approx((0.61 * 0.39 / 100) ** 0.5, rel=0.02)


def test_the_family_bootstrap_gives_the_same_values_and_honest_limits():
    frame, *_ = many()
    found = star.pairs(frame, TWO, known=KNOWN)
    assert found.clustered and not star.pairs(frame.drop("family_id"), TWO, known=KNOWN).clustered
    plain, limits = star.distance_travelled(found), star.family_bootstrap(found)
    same = limits.join(plain, on=["measure", "breakdown", "group", "n"], suffix="_plain")
    assert same.height == limits.height == 5 + 3 * 3
    assert same["value"].to_numpy() == pytest.approx(same["value_plain"].to_numpy())
    assert (limits["lower"] < limits["value"]).all() and (limits["value"] < limits["upper"]).all()
    assert limits["method"].unique().to_list() == ["bootstrap over 250 families, 2,000 draws"]


def test_a_seed_gives_the_same_limits_and_another_seed_others():
    frame, *_ = many(60)
    found = star.pairs(frame, TWO, known=KNOWN)
    one, again, other = (star.family_bootstrap(found, seed=s, draws=500) for s in (1, 1, 2))
    assert one.equals(again) and not one.equals(other)


def test_families_that_move_together_widen_the_limits():
    # 40 families of five who all do the same: 40 pieces of news, not 200
    alike = np.repeat([1] * 20 + [0] * 20, 5)
    together = resampled(alike, np.repeat(np.arange(40), 5), 40, 5_000, 1).std()
    apart = resampled(alike, np.arange(200), 200, 5_000, 1).std()
    assert together / apart == pytest.approx(5**0.5, rel=0.05)


def test_one_family_has_no_limits():
    stars = [("P1", date(2024, m, 1), False, T, "final", "2", m, m, m) for m in (1, 6)]
    found = star.family_bootstrap(readings(stars), TWO, known=KNOWN)
    assert set(found["status"]) == {"low"} and found["lower"].null_count() == found.height
    with pytest.raises(ValueError, match="at least one draw"):
        star.family_bootstrap(readings(stars), TWO, known=KNOWN, draws=0)


# --- Funnel ---------------------------------------------------------------------------------------------------------


def one_service(n, up, name):
    """`n` people of whom `up` move up a stage in area A; nobody moves elsewhere."""
    stars = []
    for i in range(n):
        person = f"{name}{i}"
        stars.append((person, date(2024, 1, 1), False, T, "final", "2", 4, 5, 5))
        stars.append((person, date(2024, 7, 1), False, T, "final", "2", 6 if i < up else 4, 5, 5))
    return stars


def test_the_funnel_has_exact_binomial_limits_and_judges_nobody_under_ten():
    sizes = {"a": (40, 20), "b": (20, 17), "c": (9, 9), "d": (30, 9), "e": (10, 5), "f": (30, 29), "g": (30, 3)}
    stars = [row for name, (n, up) in sizes.items() for row in one_service(n, up, name)]
    service = {row[0]: row[0][0] for row in stars}
    found = star.funnel(readings(stars, service=service), TWO, known=KNOWN)
    up = found.filter(measure="stage_up_any")
    n, x = (sum(size[i] for size in sizes.values()) for i in (0, 1))
    assert up["overall"].unique().to_list() == [pytest.approx(100 * x / n)]
    # limits from the sum of binomial probabilities, term by term
    for row in up.filter(pl.col("n") >= 10).rows(named=True):
        size = row["n"]
        terms = np.cumsum([stats.binom.pmf(k, size, x / n) for k in range(size + 1)])
        for name, tail in (("95", 0.025), ("998", 0.001)):
            expected = [100 * next(k for k in range(size + 1) if terms[k] >= q) / size for q in (tail, 1 - tail)]
            assert [row[f"lower_{name}"], row[f"upper_{name}"]] == pytest.approx(expected)
    # p = 92/169 = .544: 17 of 20 has P(X ≥ 17) = .004, 9 of 30 P(X ≤ 9) = .006, 29 of 30 and 3 of 30 under .0001
    assert dict(up.select("group", "verdict").rows()) == {
        "a": "within", "b": "above", "c": "too few", "d": "below", "e": "within", "f": "far above", "g": "far below",
    }  # fmt: skip
    few = up.filter(group="c").row(0, named=True)
    assert few["status"] == "low" and few["upper_95"] is None and few["numerator"] == 9
    assert found.filter(measure="stage_down_any")["value"].unique().to_list() == [0.0]
