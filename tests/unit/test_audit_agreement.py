"""Agreement between graders: values of published examples and of other libraries."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from metrics import audit

# Tables of pairs (rows: first grade 1–4), with Gwet's AC2 by irrCAC 0.4.4 (quadratic weights, five digits) and ordinal
# alpha by krippendorff 0.9.0. They are no test libraries of ours: irrCAC needs an older SciPy, the other is GPL.
TABLES = [
    ([[6, 3, 0, 0], [4, 18, 7, 1], [0, 9, 30, 6], [0, 1, 5, 10]], 0.86424, 0.7056619436289898),
    ([[1, 0, 0, 0], [0, 2, 3, 0], [1, 4, 40, 3], [0, 0, 2, 9]], 0.9518, 0.6612857916882663),
    ([[0, 2, 0, 0], [1, 5, 9, 0], [0, 3, 22, 4], [0, 0, 6, 8]], 0.88869, 0.6060240492980766),
]
# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): twelve units, four observers; ordinal alpha .815.
OBSERVERS = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]


def pairs(table):
    table = np.array(table)
    first, second = np.nonzero(table)
    times = table[first, second]
    return pl.DataFrame({"first": np.repeat(first + 1, times), "second": np.repeat(second + 1, times)})


def found(frame, **options):
    return {row["measure"]: row for row in audit.agreement(frame, **options).iter_rows(named=True)}


@pytest.mark.parametrize(("table", "ac2", "alpha"), TABLES)
def test_coefficients_are_those_of_other_libraries(table, ac2, alpha):
    made = found(pairs(table))
    assert made["audit_kappa"]["value"] == pytest.approx(cohens_kappa(np.array(table), wt="fc", return_results=False))
    assert made["audit_ac2"]["value"] == pytest.approx(ac2, abs=5e-6)
    assert made["audit_alpha"]["value"] == pytest.approx(alpha)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=20, max_size=80))
@settings(deadline=None, max_examples=60)
def test_kappa_of_any_pairs(rows):
    frame = pl.DataFrame(rows, schema=["first", "second"], orient="row")
    made = found(frame, draws=50)["audit_kappa"]
    table = np.zeros((4, 4))
    for a, b in rows:
        table[a - 1, b - 1] += 1
    if len({a for a, _ in rows} | {b for _, b in rows}) == 1:
        assert (made["value"], made["status"]) == (None, "x")
    else:
        assert made["value"] == pytest.approx(cohens_kappa(table, wt="fc", return_results=False))
        assert made["lower"] <= made["upper"] <= 1


def test_krippendorffs_own_example():
    rows = [
        (unit, rater, int(mark)) for rater, row in enumerate(OBSERVERS) for unit, mark in enumerate(row) if mark != "."
    ]
    ratings = pl.DataFrame(rows, schema=["unit", "rater", "grade"], orient="row")
    assert audit.alpha(ratings) == pytest.approx(0.815, abs=5e-4)


def test_alpha_where_nothing_can_be_told():
    alike = pl.DataFrame({"unit": [1, 1, 2, 2], "rater": [1, 2, 1, 2], "grade": [3, 3, 3, 3]})
    assert audit.alpha(alike) is None
    alone = pl.DataFrame({"unit": [1, 2], "rater": [1, 1], "grade": [3, 2]})
    assert audit.alpha(alone) is None
    with pytest.raises(ValueError, match="graded the same assessment twice"):
        audit.alpha(pl.concat([alike, alike]))


def test_exact_within_one_and_leniency():
    made = found(pairs(TABLES[0][0]))
    exact, near, lenient = made["audit_exact"], made["audit_within_one"], made["audit_leniency"]
    assert (exact["numerator"], exact["n"], exact["value"]) == (64, 100, 64)
    assert (exact["lower"], exact["upper"]) == pytest.approx(
        [100 * x for x in proportion_confint(64, 100, method="wilson")]
    )
    assert near["value"] == 98
    frame = pairs(TABLES[0][0])
    step = (frame["first"] - frame["second"]).to_numpy()
    interval = stats.ttest_1samp(step, 0).confidence_interval()
    assert (lenient["value"], lenient["lower"], lenient["upper"]) == pytest.approx(
        (step.mean(), interval.low, interval.high)
    )


def test_bootstrap_limits_are_those_of_scipy():
    frame = pairs(TABLES[0][0])
    made = found(frame)["audit_kappa"]

    def kappa(first, second):
        return cohens_kappa(np.histogram2d(first, second, bins=[np.arange(1, 6)] * 2)[0], wt="fc", return_results=False)

    other = stats.bootstrap(
        (frame["first"].to_numpy(), frame["second"].to_numpy()), kappa, paired=True, vectorized=False, n_resamples=2000,
        method="percentile", rng=np.random.default_rng(1),
    )  # fmt: skip
    low, high = other.confidence_interval
    assert (made["lower"], made["upper"]) == pytest.approx((low, high), abs=0.02)  # two draws of 2,000 differ so much
    assert made == found(frame)["audit_kappa"]  # the same seed
    assert made["method"] == "quadratic weighted kappa, bootstrap over 100 pairs, 2,000 draws"


def test_no_coefficient_under_twenty_pairs():
    frame = pairs(TABLES[0][0])
    few, enough = found(frame.sample(19, seed=1)), found(frame.sample(20, seed=1))
    for id in ("audit_kappa", "audit_ac2", "audit_alpha"):
        assert (few[id]["status"], few[id]["value"], few[id]["n"]) == ("low", None, 19)
        assert enough[id]["status"] == "ok"
    assert few["audit_exact"]["status"] == "ok"


def test_one_grade_for_all_leaves_no_kappa_but_an_ac2():
    made = found(pairs([[0] * 4, [0] * 4, [0, 0, 30, 0], [0] * 4]))
    assert (made["audit_kappa"]["value"], made["audit_kappa"]["status"]) == (None, "x")
    assert (made["audit_ac2"]["value"], made["audit_exact"]["value"]) == (1, 100)


def test_nobody_graded_twice():
    made = found(pairs(np.zeros((4, 4), int)))
    assert {r["status"] for r in made.values()} == {"x"} and {r["n"] for r in made.values()} == {0}


def test_the_confusion_table_has_all_cells():
    made = audit.confusion(pairs(TABLES[0][0]))
    assert made.height == 16 and made["n"].sum() == 100
    assert made.filter(first=3, second=2)["n"].item() == 9
    assert made.row(0) == (4, 4, 10)


def test_grades_that_are_none():
    with pytest.raises(ValueError, match="Grades run from 1 to 4"):
        audit.agreement(pl.DataFrame({"first": [5], "second": [4]}))
    half = pl.DataFrame({"first": [4, None], "second": [4, 3]})
    assert found(half)["audit_exact"]["n"] == 1
