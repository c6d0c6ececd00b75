"""Figures of small areas brought to larger ones."""

import datetime

import polars as pl
import pytest

from metrics.deprivation import to_areas
from metrics.estimates import SCHEMA, conform


def estimates(rows: list[dict]) -> pl.DataFrame:
    end = datetime.date(2025, 3, 31)
    return conform(
        pl.DataFrame(
            [
                {"measure": "m", "breakdown": "area", "period": "2025", "period_end": end, "status": "ok", **r}
                for r in rows
            ],
            schema_overrides={c: t for c, t in SCHEMA.items() if c in {"numerator", "denominator", "value"}},
        )
    )


LOOKUP = pl.DataFrame({"part": ["a", "b", "c"], "area": ["X", "X", "Y"], "population": [100, 300, 50]})


def test_a_rate_is_the_sum_of_its_counts_and_not_the_mean_of_rates():
    figures = estimates(
        [
            {"group": "a", "numerator": 1, "denominator": 10, "value": 10.0},
            {"group": "b", "numerator": 45, "denominator": 90, "value": 50.0},
            {"group": "c", "numerator": 2, "denominator": 8, "value": 25.0},
        ]
    )
    got = to_areas(figures, LOOKUP, how="ratio", multiplier=100)
    assert got.schema == SCHEMA
    assert got.select("group", "numerator", "denominator", "value", "n", "status", "method").rows() == [
        ("X", 46, 100, 46.0, None, "ok", "sum of counts over 2 areas"),  # the mean of 10% and 50% would be 30%
        ("Y", 2, 8, 25.0, None, "ok", "sum of counts over 1 area"),
    ]


def test_the_records_behind_a_sum_are_those_of_its_parts_and_not_how_many_parts_there_are():
    rows = [{"group": "a", "value": 3.0, "n": 40}, {"group": "b", "value": 1.0, "n": 2}, {"group": "c", "value": 2.0}]
    assert to_areas(estimates(rows), LOOKUP, how="sum")["n"].to_list() == [42, None]
    hidden = [{**rows[0], "value": None, "status": "c"}, *rows[1:]]
    assert to_areas(estimates(hidden), LOOKUP, how="sum")["n"].to_list() == [None, None]


def test_a_score_is_weighed_by_people_and_a_count_is_summed():
    figures = estimates([{"group": g, "value": v} for g, v in (("a", 40.0), ("b", 20.0), ("c", 5.0))])
    mean = to_areas(figures, LOOKUP, how="mean")
    assert mean["value"].to_list() == [25.0, 5.0]  # (100·40 + 300·20)/400
    assert to_areas(figures, LOOKUP, how={"m": "sum"})["value"].to_list() == [60.0, 5.0]


@pytest.mark.parametrize(("status", "expected"), [("c", "x"), ("x", "x"), ("low", "low")])
def test_a_hidden_or_absent_part_leaves_the_whole_without_a_figure(status, expected):
    rows = [{"group": "a", "value": 3.0}, {"group": "b", "value": None, "status": status}, {"group": "c", "value": 2.0}]
    got = to_areas(estimates(rows), LOOKUP, how="sum")
    assert got.select("group", "value", "status", "method").rows() == [
        ("X", None, expected, "1 of 2 areas have a figure"),
        ("Y", 2.0, "ok", "sum over 1 area"),
    ]
    absent = to_areas(estimates([rows[0], rows[2]]), LOOKUP, how="sum")
    assert absent["status"].to_list() == ["x", "ok"]


def test_a_provisional_part_makes_the_whole_provisional():
    rows = [{"group": "a", "value": 3.0, "status": "provisional"}, {"group": "b", "value": 1.0}]
    assert to_areas(estimates(rows), LOOKUP.head(2), how="sum")["status"].to_list() == ["provisional"]


@pytest.mark.parametrize(
    ("options", "lookup", "words"),
    [
        ({"how": "average"}, LOOKUP, "'average'"),
        ({"how": {}}, LOOKUP, "'m'"),
        ({"how": "sum"}, pl.concat([LOOKUP, LOOKUP]), "twice"),
        ({"how": "mean"}, LOOKUP.drop("population"), "population"),
    ],
)
def test_what_cannot_be_brought_together_is_refused(options, lookup, words):
    with pytest.raises(ValueError, match=words):
        to_areas(estimates([{"group": "a", "value": 1.0}]), lookup, **options)
