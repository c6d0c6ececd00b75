"""Every measure on hand-worked families (`families.py`)."""

from __future__ import annotations

import pytest

from metrics.activity import MEASURES, measures, prepare
from tests.unit import families


@pytest.fixture(scope="module")
def found():
    rows = measures(
        prepare(families.tables(), families.places()), as_at=families.AS_AT, period="month", by="forum_area"
    )
    return {(r["measure"], r["group"], r["period"]): r for r in rows.iter_rows(named=True)}


@pytest.mark.parametrize("case", families.CASES, ids=lambda c: c.name)
def test_the_family_gives_what_was_worked_out(found, case):
    for measure, period, numerator, denominator in case.expected:
        row = found.get((measure, case.name, period), {"numerator": 0, "denominator": 0 if denominator == 0 else None})
        told = (row["numerator"], row["denominator"])
        assert told == (numerator, denominator), f"{case.name}: {measure} {period}"


def test_the_cases_cover_every_measure_that_can_be_split_by_area():
    named = {measure for case in families.CASES for measure, *_ in case.expected}
    by_area = {m.base for m in MEASURES.values() if "forum_area" in m.splits}
    assert by_area - {id.split("_")[0] for id in named} == set()
