"""Scenarios: every version is kept, and of two people who start from the same one only one can follow it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import polars as pl
import pytest

from dashboard.store import SCENARIOS, StaleEdit, Store, StoreError


def test_scenarios_keep_their_history(store: Store):
    assert store.scenarios().schema == SCENARIOS
    first = store.save_scenario("More on transport", '{"weight": 0.2}', author="Ann", base=None)
    other = store.save_scenario("As today", "{}", author="Ann", base=None)
    second = store.save_scenario("  More on\ttransport ", '{"weight": "½ & <b>"}', author="Bob", base=first)
    assert store.scenarios().drop("written_at").rows() == [
        (other, "As today", "{}", "Ann"),
        (second, "More on transport", '{"weight": "½ & <b>"}', "Bob"),
    ]
    assert store.scenarios().schema["written_at"] == pl.Datetime("us", "UTC")
    assert store.scenario_history("More on transport")["scenario_id"].to_list() == [second, first]
    assert store.scenario_history("as today").is_empty()


def test_a_stale_copy_is_refused_with_both_versions_and_nothing_is_lost(store: Store):
    first = store.save_scenario("A", '{"a": 1}', author="Ann", base=None)
    second = store.save_scenario("A", '{"a": 2}', author="Ann", base=first)
    for base in (first, None, 99):
        with pytest.raises(StaleEdit, match="Ann changed this scenario while you were writing") as caught:
            store.save_scenario("A", '{"a": 3}', author="Bob", base=base)
        stale = caught.value
        assert (stale.yours, stale.theirs, stale.note_id, stale.author) == ('{"a": 3}', '{"a": 2}', second, "Ann")
    third = store.save_scenario("A", '{"a": 3}', author="Bob", base=caught.value.note_id)
    assert store.scenario_history("A")["scenario_id"].to_list() == [third, second, first]
    with pytest.raises(StaleEdit) as caught:
        store.save_scenario("B", "{}", author="Bob", base=first)
    assert (caught.value.theirs, caught.value.note_id) == ("", None)


def test_of_several_at_once_one_wins_and_the_others_see_what_it_wrote(store: Store):
    base = store.save_scenario("A", "0", author="Ann", base=None)
    start = Barrier(8)

    def attempt(number: int) -> str:
        start.wait()
        try:
            store.save_scenario("A", f"{number + 1}", author=f"Person {number}", base=base)
        except StaleEdit as stale:
            return stale.theirs
        return "won"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    winner = f"{results.index('won') + 1}"
    assert sorted(results) == sorted([winner] * 7 + ["won"])
    assert store.scenarios()["content"].to_list() == [winner]
    assert store.records()["act"].to_list() == ["changed"] * 2
    assert store.verify_record() == []


def test_what_is_no_scenario_is_refused(store: Store):
    for name in ("", " \n", "x" * 201):
        with pytest.raises(StoreError, match="needs a name of at most 200 characters"):
            store.save_scenario(name, "{}", author="Ann", base=None)
    with pytest.raises(ValueError):
        store.save_scenario("A", "{'a': 1}", author="Ann", base=None)
    assert store.scenarios().is_empty()


def test_scenarios_do_not_count_as_new_figures(store: Store):
    version = store.version()
    store.save_scenario("A", "{}", author="Ann", base=None)
    assert store.version() == version
