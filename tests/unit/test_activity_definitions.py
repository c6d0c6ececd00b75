"""The thirty measures are all defined, in full, and as the canonical list of early help measures says."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

import pytest

from metrics.activity import BY, MEASURES, activity_rules, measure_of
from metrics.activity.definitions import Measure, _measure, chosen
from metrics.cases import CASE_TABLES
from metrics.definition_files import DefinitionError

# The list that the partnership's measures were drawn up from: id, which is better, what it is over.
LIST = {
    row["id"]: row
    for row in csv.DictReader((Path(__file__).parent / "data" / "activity_list.csv").read_text("utf-8").splitlines())
}
MAY_BE_FALSE = {"stock", "first", "mature_days", "splits", "decimals"}


def test_there_are_thirty():
    assert {m.base for m in MEASURES.values()} == set(LIST) == {f"M{n:02d}" for n in range(1, 31)}


@pytest.mark.parametrize("id", MEASURES)
def test_a_measure_lacks_nothing(id):
    measure = MEASURES[id]
    for field in fields(Measure):
        if field.name not in MAY_BE_FALSE:
            assert getattr(measure, field.name), f"{id} has no {field.name}"
    assert set(measure.needs) <= set(CASE_TABLES)
    assert set(measure.splits) <= set(BY)
    assert len(measure.name) <= 55
    assert measure.limits.endswith(".")


@pytest.mark.parametrize("id", LIST)
def test_direction_is_that_of_the_list(id):
    parts = {m.polarity for m in MEASURES.values() if m.base == id}
    assert parts == {LIST[id]["better"]}


def test_every_quadrant_has_measures_and_eight_or_so_come_first():
    assert {m.quadrant for m in MEASURES.values()} == {"how much", "how well", "better off"}
    assert {m.side for m in MEASURES.values()} == {"effort", "effect"}
    first = [m for m in MEASURES.values() if m.first]
    assert 7 <= len(first) <= 10
    assert {m.quadrant for m in first} == {"how much", "how well", "better off"}


def test_what_must_be_followed_up_says_for_how_long():
    mature = {m.id: m.mature_days for m in MEASURES.values() if m.mature_days}
    rules = activity_rules()
    assert mature == {
        "M13_6": rules.step_up_days[0],
        "M13_12": rules.step_up_days[1],
        "M14": rules.return_days,
        "M15": rules.return_days,
        "M16": rules.take_up_days,
        "M23": rules.re_audit_days,
        "M27_rate": rules.feedback_days,
    }


def test_parts_made_from_the_data_have_the_definition_of_their_measure():
    assert measure_of("M18_school") is MEASURES["M18"]
    assert measure_of("M24_A1") is MEASURES["M24"]
    with pytest.raises(KeyError):
        measure_of("M99")


def test_asking_for_a_measure_brings_its_parts():
    assert chosen(["M13"]) == {"M13_6", "M13_12"}
    assert chosen("M14") == {"M14"}
    assert chosen(["M18_school"]) == {"M18"}
    with pytest.raises(ValueError, match="There is no measure M31"):
        chosen(["M31"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "M14: name: missing"),
        ({"quadrant": "how often"}, "M14: quadrant: “how often” is not one of"),
        ({"needs": ["shoe"]}, "M14: needs: "),
        ({"extra": 1}, "M14: extra: not a field"),
    ],
)
def test_an_incomplete_definition_is_refused(change, said):
    row = {f.name: getattr(MEASURES["M14"], f.name) for f in fields(Measure)} | {"splits": "all", "needs": ["episode"]}
    with pytest.raises(DefinitionError, match=said):
        _measure(row | change)
