"""Sign-ins in the database: met once, ended everywhere, forgotten when their time is up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import polars as pl
import sqlalchemy as sa

from dashboard.store import Store, open_store
from dashboard.store.tables import session as table
from metrics.questionnaire import as_json, instruments

INSTRUMENT = instruments()["early_help_system/2"]
LATER = datetime.now(UTC) + timedelta(hours=8)


def kept(store: Store) -> set[str]:
    with store.engine.connect() as connection:
        return set(connection.scalars(sa.select(table.c.session)))


def test_a_session_is_new_then_open_then_ended(store: Store):
    assert store.session_ended("a") is None
    assert store.begin_session("a", until=LATER) is True
    assert store.begin_session("a", until=LATER) is False
    assert store.session_ended("a") is False
    store.end_session("a", until=LATER)
    assert store.session_ended("a") is True
    assert store.begin_session("a", until=LATER) is False
    assert store.session_ended("a") is True
    assert store.session_ended("b") is None


def test_a_session_that_nobody_met_can_be_ended_and_twice(store: Store):
    for _ in range(2):
        store.end_session("a", until=LATER)
    assert store.session_ended("a") is True


def test_what_a_page_asks_for_at_every_run_is_one_look_and_says_the_same(store: Store):
    def alike(session: str, identity: str) -> None:
        told = store.standing_of(session, identity)
        assert told == (store.session_ended(session), store.role_of(identity), store.has_real_loads())

    alike("a", "ann@council.example")
    alike("", "")
    assert store.standing_of("a", "ann@council.example") == (None, None, False)
    store.begin_session("a", until=LATER)
    store.set_role("ann@council.example", "auditor", by="root")
    store.set_role("bob", "data officer", by="root")
    alike("a", "ANN@council.example")
    assert store.standing_of("a", "ANN@council.example")[:2] == (False, store.role_of("ann@council.example"))
    store.end_session("a", until=LATER)
    store.questionnaires.add_instrument(as_json(INSTRUMENT), by="tests")
    asked = pl.DataFrame({"partner": ["Police"], "respondent": ["p@police.example"], "respondent_role": ["leader"]})
    store.questionnaires.open_round(
        INSTRUMENT.id, INSTRUMENT.edition, title="2026", period_end=date(2026, 6, 30), asked=asked, by="tests"
    )  # the partnership's own
    alike("a", "bob")
    alike("b", "nobody")
    assert (store.standing_of("a", "nobody").ended, store.standing_of("a", "nobody").real) == (True, True)


def test_another_server_sees_the_end(store: Store, database_url: str):
    store.begin_session("a", until=LATER)
    with open_store(database_url) as other:
        other.end_session("a", until=LATER)
    assert store.session_ended("a") is True


def test_what_is_out_of_time_is_forgotten(store: Store):
    store.begin_session("old", until=datetime.now(UTC) - timedelta(seconds=1))
    store.begin_session("new", until=LATER)
    assert kept(store) == {"new"}


def test_of_many_tabs_that_open_at_once_one_is_the_first(store: Store):
    together = Barrier(8)

    def begin(_: int) -> bool:
        together.wait(10)
        return store.begin_session("a", until=LATER)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(begin, range(8))) == [False] * 7 + [True]


def test_sessions_do_not_make_answers_void(store: Store):
    before = store.version()
    store.begin_session("a", until=LATER)
    store.end_session("a", until=LATER)
    assert store.version() == before
