"""Each rule that case records are held to: its own example fails by it, and by nothing else."""

import re

import pytest

from dashboard.intake.cases.rules import ACTIONS, REFUSE, rules
from metrics.cases import CASE_TABLES

from .case_files import annex_a, own_set, ssd, taken

WRITERS = {"cases": own_set, "annex_a": annex_a, "ssds": ssd}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", "4f1e2d3c4b5a69788796a5b4c3d2e1f0")


def example(text):
    """`table: column=value; column=value | … / table: …` → table → rows."""
    tables = {}
    for part in text.split(" / "):
        table, _, rows = part.partition(": ")
        tables[table] = [dict(cell.split("=", 1) for cell in row.split("; ")) for row in rows.split(" | ")]
    return tables


def pattern(message):
    return re.sub(r"\\\{\w+\\\}", ".+", re.escape(message))


@pytest.mark.parametrize("id", rules())
def test_a_rules_example_fails_by_it_alone(id):
    rule = rules()[id]
    batch = taken(WRITERS[rule.kind](**example(rule.example)))
    found = {(reason, False) for reason in batch.refused["reason"]} | {(r, True) for r in batch.repaired["reason"]}
    assert found, f"nothing is found in the example of {id}"
    for reason, repaired in found:
        assert re.fullmatch(pattern(rule.message), reason), f"{id} also finds: {reason}"
        assert repaired == (rule.action != REFUSE)


@pytest.mark.parametrize("id", rules())
def test_a_rule_is_whole(id):
    rule = rules()[id]
    assert rule.action in ACTIONS and rule.kind in WRITERS and rule.message and rule.test
    assert not rule.message.endswith(".")  # it stands in a list
    tables = {"*", *CASE_TABLES}
    assert set(rule.table.split()) <= tables
    columns = {"*", "postcode"} | {c for name, t in CASE_TABLES.items() for c in t.columns}
    assert set(rule.column.split()) <= columns


def test_no_two_rules_say_the_same():
    # a row that cannot do without a cell says so; the same fault elsewhere leaves the cell empty
    told = [(rule.message, rule.kind) for rule in rules().values() if rule.test != "same event"]
    assert len(set(told)) == len(told)
