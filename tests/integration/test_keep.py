"""Answers kept in the process: told again while the data stand, reckoned anew when they change, apart by scope."""

import threading

import polars as pl
import pytest

from dashboard.access import Scope
from dashboard.answers.keep import LIMIT, kept, kept_with_records, the_store
from metrics.estimates import FIGURES, conform

ASKED: list[tuple] = []


@kept
def question(scope: Scope, *, area: str) -> list[str]:
    ASKED.append((scope, area))
    return [scope.role, area, inner(scope)]


@kept
def inner(scope: Scope) -> str:
    return scope.role


@kept_with_records
def of_records(scope: Scope) -> list[str]:
    ASKED.append((scope,))
    return [scope.role]


@kept
def failing(scope: Scope) -> None:
    ASKED.append((scope,))
    raise ValueError("no")


@pytest.fixture(autouse=True)
def fresh(empty_store):
    ASKED.clear()


def figures() -> pl.DataFrame:
    row = {"measure": "own:x", "breakdown": "area", "group": "E06000061", "period": "2025", "value": 1.0}
    return conform(pl.DataFrame(row).with_columns(period_end=pl.date(2025, 12, 31), status=pl.lit("ok")), FIGURES)


def test_an_answer_is_reckoned_once_and_shared():
    first = question(Scope("a"), area="x")
    assert question(Scope("a"), area="x") is first
    assert len(ASKED) == 1


def test_what_one_scope_was_told_is_never_told_to_another():
    assert question(Scope("a"), area="x")[0] == "a"
    assert question(Scope("b"), area="x")[0] == "b"
    assert question(Scope("a", frozenset({"N"})), area="x")[0] == "a"
    assert len(ASKED) == 3


def test_new_data_make_old_answers_void():
    question(Scope("a"), area="x")
    the_store().load(figures(), None, kind="own", file_name="f.csv", sha256="0" * 64)
    question(Scope("a"), area="x")
    assert len(ASKED) == 2


def test_twenty_five_at_once_reckon_once():
    threads = [threading.Thread(target=question, args=(Scope("a"),), kwargs={"area": "x"}) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ASKED) == 1


def test_an_error_is_raised_each_time_and_not_kept():
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            failing(Scope("a"))
    assert len(ASKED) == 2


def test_what_rests_on_records_is_one_answer_for_everybody_and_gets_to_know_no_role():
    first = of_records(Scope("a"))
    assert of_records(Scope("b", frozenset({"N"}))) is first
    assert first == ["published figures"]
    assert len(ASKED) == 1


def test_a_note_and_many_other_answers_leave_what_rests_on_records():
    first = of_records(Scope("a"))
    the_store().add_note("S1", "story", "Something was written.", author="tests", base=None)
    for n in range(LIMIT + 1):
        question(Scope("a"), area=str(n))
    assert of_records(Scope("a")) is first


def test_a_load_and_its_undoing_make_what_rests_on_records_void():
    of_records(Scope("a"))
    number = the_store().load(figures(), None, kind="own", file_name="f.csv", sha256="0" * 64)
    of_records(Scope("a"))
    the_store().undo(number)
    of_records(Scope("a"))
    assert len(ASKED) == 3
