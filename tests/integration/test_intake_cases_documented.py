"""What docs/case-records.md says of the tables is what is read: every table, column and example."""

import re
from pathlib import Path

import pytest

from dashboard.intake import CASES
from dashboard.intake.cases.aliases import FIELDS, SORTS
from dashboard.intake.cases.rules import ACTIONS
from metrics.cases import CASE_TABLES

from .case_files import csv_of, taken

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "case-records.md").read_text(encoding="utf-8")


def documented(name):
    """Column → (what it holds, needed, example), of one table."""
    [part] = re.findall(rf"^### `{name}`\n(.*?)(?=^### )", PAGE, flags=re.M | re.S)
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (key|yes|) ?\| `(.+?)` \|$", part, flags=re.M)
    return {column: rest for column, *rest in rows}


@pytest.mark.parametrize("name", CASE_TABLES)
def test_a_tables_columns_are_documented_and_its_example_is_read(name, monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", "4f1e2d3c4b5a69788796a5b4c3d2e1f0")
    spec, told = CASE_TABLES[name], documented(name)
    assert list(told) == list(spec.columns)
    for column, (_, needed, _) in told.items():
        assert needed == ("key" if column in spec.key else "yes" if column in spec.required else "")
    batch = taken(csv_of([{column: example for column, (_, _, example) in told.items()}]), file_name="example.csv")
    assert batch.refused.is_empty() and batch.repaired.is_empty() and batch.cases[name].height == 1
    assert None not in batch.cases[name].row(0)


def test_the_kinds_the_actions_and_the_form_of_a_councils_own_words_are_documented():
    for word in (*CASES, *SORTS):
        assert f"`{word}`" in PAGE
    for action in ACTIONS:
        assert f"\n| {action} |" in PAGE
    assert ",".join(FIELDS) in PAGE
