"""The data protection annex says what the configuration says."""

from __future__ import annotations

import pytest

from dashboard import annex
from dashboard.access import ROLES, Role
from dashboard.store import retention
from dashboard.store.tables import metadata
from metrics.cases import CASE_TABLES


def test_the_page_says_what_the_configuration_says():
    page = annex.PAGE.read_text(encoding="utf-8")
    assert page == annex.filled(page), "run python -m dashboard.annex"


def test_a_change_of_the_configuration_is_noticed(monkeypatch):
    page = annex.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(annex, "ROLES", {**ROLES, "visitor": Role(frozenset({"scorecard"}))})
    assert "| visitor | scorecard |" in annex.filled(page)
    monkeypatch.undo()
    monkeypatch.setattr(annex, "retention", lambda: {**retention(), "record": 100})
    assert annex.filled(page) != page
    monkeypatch.undo()
    fewer = {name: table for name, table in CASE_TABLES.items() if name != "need"}
    monkeypatch.setattr(annex, "CASE_TABLES", fewer)
    assert annex.filled(page) != page


def test_every_table_is_described_and_no_other():
    tables = {name for name in metadata.tables if not name.startswith(annex.CASE)}
    assert tables == set(annex.HOLDS)
    case_tables = {name.removeprefix(annex.CASE) for name in metadata.tables if name.startswith(annex.CASE)}
    assert case_tables == set(CASE_TABLES)


def test_identifiers_of_people_stand_under_the_hash_and_nowhere_else():
    for line in annex.cases().splitlines()[2:]:
        _, _, columns, hashed, _, _ = (cell.strip() for cell in line.split("|"))
        assert not {"person_id", "family_id", "lead_worker_id"} & set(columns.split(", ")), line
        assert set(hashed.split(", ")) <= {"person_id", "family_id", "lead_worker_id", "–"}, line


def test_terms_are_said_in_days_and_years():
    # 2557 / 365.25 = 7.0
    assert "| 2,557 days (7 years) |" in annex.held()
    assert "| 365 days (1 year) |" in annex.held()


@pytest.mark.parametrize("text", ["", "<!-- from the configuration: roles -->\n<!-- end -->"])
def test_a_page_without_a_place_for_each_part_is_refused(text):
    with pytest.raises(ValueError, match="places for"):
        annex.filled(text)
