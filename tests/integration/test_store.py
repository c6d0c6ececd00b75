"""The store, on SQLite and on PostgreSQL: what is loaded comes back, nothing is half done, undo leaves no trace."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from dashboard.store import (
    AlreadyLoaded,
    NothingToLoad,
    StaleEdit,
    Store,
    StoreError,
    UnknownLoad,
    database,
    open_store,
    tables,
)
from metrics.estimates import FIGURES, conform, empty

ENGLAND, NORTH = "E92000001", "E06000061"


def figures(*rows: tuple[str, str, int, float | None]) -> pl.DataFrame:
    """Figures from (measure, area, year, value); financial years ending in `year`."""
    frame = pl.DataFrame(rows, schema=["measure", "group", "year", "value"], orient="row")
    frame = frame.with_columns(
        pl.lit("area").alias("breakdown"),
        pl.date("year", 3, 31).alias("period_end"),
        pl.col("year").cast(pl.String).alias("period"),
        pl.when(pl.col("value").is_null()).then(pl.lit("c")).otherwise(pl.lit("ok")).alias("status"),
    )
    return conform(frame, FIGURES)


def put(store: Store, frame: pl.DataFrame, name: str, refused: pl.DataFrame | None = None) -> int:
    return store.load(frame, refused, kind="own", file_name=f"{name}.csv", sha256=name)


def said(store: Store) -> list[tuple]:
    """(value, previous_value, load_id) of every figure that stands."""
    return store.read_figures().select("value", "previous_value", "load_id").rows()


def test_figures_come_back_as_they_went_in(store: Store):
    rows = {
        "measure": ["lait:%_2yr_olds ", "lait:%_2yr_olds ", 'own:"quoted", with\nnew line'],
        "breakdown": ["area", "area", "agency"],
        "group": [NORTH, NORTH, "Zoë’s école 🏫"],
        "period": ["2018/19", "2024/25 Q4", "2025"],
        "period_end": [date(2019, 3, 31), date(2025, 3, 31), date(2025, 12, 31)],
        "numerator": [1.0, 1e300, None],
        "denominator": [3.0, 0.1 + 0.2, None],
        "value": [100 / 3, 5e-324, None],
        "lower": [-0.5, None, None],
        "upper": [64.099999999999994, None, None],
        "n": [2**40, 0, None],
        "status": ["ok", "provisional", "c"],
        "method": ["published", "", None],
        "note": ["", None, "=HYPERLINK(1)"],
    }
    frame = pl.DataFrame(rows, schema=FIGURES)
    load_id = put(store, frame.reverse(), "one")
    expected = frame.with_columns(
        load_id=pl.lit(load_id, pl.Int64),
        previous_value=pl.lit(None, pl.Float64),
        standing=pl.lit("local"),
        previous_standing=pl.lit(None, pl.String),
    )
    assert_frame_equal(store.read_figures(), expected, check_exact=True)
    assert_frame_equal(store.read_figures(["lait:%_2yr_olds ", "other"]), expected.head(2), check_exact=True)
    assert store.read_figures([]).schema == store.read_figures().schema == expected.schema
    assert store.read_figures([]).is_empty()


def test_each_figure_says_what_its_load_was_and_what_the_one_was_that_it_restates(store: Store):
    def load(value: float, name: str, standing: str) -> int:
        frame = figures(("m", NORTH, 2020, value), (name, NORTH, 2020, value))
        return store.load(frame, None, kind="own", file_name=name, sha256=name, standing=standing)

    def of(measure: str) -> tuple:
        return store.read_figures([measure]).select("value", "previous_value", "standing", "previous_standing").row(0)

    load(1.0, "a", "local")
    assert of("m") == (1.0, None, "local", None)
    published = load(2.0, "b", "published")
    assert of("m") == (2.0, 1.0, "published", "local")
    load(2.0, "c", "invented")
    assert of("m") == (2.0, 1.0, "invented", "local")  # the load between says the same
    store.undo(published)
    assert of("m") == (2.0, 1.0, "invented", "local")
    assert of("a") == (1.0, None, "local", None)


def test_a_number_that_is_none_is_kept_as_missing(store: Store):
    put(store, figures(("m", NORTH, 2020, float("nan"))), "one")
    assert said(store) == [(None, None, 1)]


def test_a_load_keeps_where_it_came_from(store: Store):
    before = datetime.now(UTC)
    load_id = store.load(
        figures(("m", NORTH, 2020, 1.0), ("m", NORTH, 2021, 2.0)),
        pl.DataFrame({"line": [7], "column": ["Value"], "value": ["abc"], "reason": ["not a number"]}),
        kind="lait",
        file_name="lait.csv",
        sha256="ab12",
        publisher="Department for Education",
        release="June 2025",
        licence="OGL v3.0",
        standing="published",
        loaded_by="Ann Officer",
    )
    found = store.find_load("ab12")
    assert before <= found.loaded_at <= datetime.now(UTC)
    assert (found.load_id, found.kind, found.file_name, found.standing) == (load_id, "lait", "lait.csv", "published")
    assert (found.publisher, found.release, found.licence) == ("Department for Education", "June 2025", "OGL v3.0")
    assert (found.figures, found.refused, found.loaded_by, found.undone_at) == (2, 1, "Ann Officer", None)
    [row] = store.loads().to_dicts()
    assert row == {name: getattr(found, name) for name in row}
    assert store.find_load("other") is None


def test_refused_rows_are_kept_in_order_for_their_load(store: Store):
    refused = pl.DataFrame(
        {
            "line": [9, 2, 2, None],
            "column": ["Value", "Period", "Value", None],
            "value": ["n/a", "20188", "a\x00b", None],
            "reason": ["not a number", "not a year", "not a number", "the sheet is empty"],
        }
    )
    one = put(store, figures(("m", NORTH, 2020, 1.0)), "one", refused)
    two = put(store, figures(("m", NORTH, 2020, 1.0)), "two")
    kept = refused.with_columns(pl.col("value").str.replace("\x00", "␀"))
    assert_frame_equal(store.refused(one), kept)
    assert store.refused(two).is_empty()
    store.undo(one)
    assert_frame_equal(store.refused(one), kept)


def test_a_later_load_restates_an_earlier_one(store: Store):
    put(store, figures(("m", ENGLAND, 2020, 5.0), ("m", NORTH, 2020, 10.0), ("m", NORTH, 2021, 11.0)), "one")
    put(store, figures(("m", NORTH, 2020, 12.0), ("m", NORTH, 2021, 11.0), ("m", NORTH, 2022, 13.0)), "two")
    # England 2020 only in the first; North 2020 restated, 2021 said again unchanged, 2022 new.
    assert said(store) == [(12.0, 10.0, 2), (11.0, None, 2), (13.0, None, 2), (5.0, None, 1)]


def test_a_restatement_stays_marked_when_the_new_figure_is_said_again(store: Store):
    for name, value in (("one", 10.0), ("two", 12.0), ("three", 12.0)):
        put(store, figures(("m", NORTH, 2020, value)), name)
    assert said(store) == [(12.0, 10.0, 3)]


def test_a_withdrawn_figure_is_restated_and_a_first_publication_is_not(store: Store):
    put(store, figures(("m", NORTH, 2020, 10.0), ("m", NORTH, 2021, None)), "one")
    put(store, figures(("m", NORTH, 2020, None), ("m", NORTH, 2021, 7.0)), "two")
    assert said(store) == [(None, 10.0, 2), (7.0, None, 2)]


def test_the_crumbs_of_a_spreadsheet_are_no_restatement(store: Store):
    put(store, figures(("m", NORTH, 2020, 0.3), ("m", NORTH, 2021, 0.0), ("m", NORTH, 2022, -2.0)), "one")
    put(store, figures(("m", NORTH, 2020, 0.1 + 0.2), ("m", NORTH, 2021, 0.0), ("m", NORTH, 2022, -2.1)), "two")
    assert said(store) == [(0.1 + 0.2, None, 2), (0.0, None, 2), (-2.1, -2.0, 2)]


def test_what_a_file_would_change_is_counted_without_writing(store: Store):
    put(store, figures(("m", NORTH, 2018, 1.0), ("m", NORTH, 2019, None), ("m", NORTH, 2020, 3.0)), "one")
    put(store, figures(("m", NORTH, 2018, 1.5)), "two")
    version = store.version()
    rows = [
        ("m", NORTH, 2018, 1.0),  # restates load 2, though it says what load 1 said
        ("m", NORTH, 2019, 2.0),  # published for the first time
        ("m", NORTH, 2020, None),  # withdrawn: restated
        ("m", NORTH, 2021, 4.0),  # new
        ("n", NORTH, 2018, 1.5),  # new
    ]
    assert store.compare(figures(*rows)) == (3, 2, 0)
    assert store.compare(figures(("m", NORTH, 2018, 1.5), ("m", NORTH, 2019, None))) == (0, 0, 2)
    assert store.version() == version


def test_undoing_the_last_load_restores_what_stood_before(store: Store):
    put(store, figures(("m", NORTH, 2020, 10.0), ("m", NORTH, 2021, 11.0)), "one")
    put(store, figures(("m", NORTH, 2020, 12.0)), "two")
    before = store.read_figures()
    three = put(store, figures(("m", NORTH, 2020, 99.0), ("m", NORTH, 2021, 98.0), ("n", NORTH, 2021, 1.0)), "three")
    assert not store.read_figures().equals(before)
    store.undo(three, undone_by="Ann Officer")
    assert_frame_equal(store.read_figures(), before, check_exact=True)
    undone = store.loads().row(0, named=True)
    assert (undone["load_id"], undone["undone_by"]) == (three, "Ann Officer")
    assert undone["undone_at"] >= undone["loaded_at"]
    assert store.loads()["undone_at"].null_count() == 2


def test_undoing_a_load_in_the_middle_leaves_the_later_one(store: Store):
    put(store, figures(("m", NORTH, 2020, 10.0), ("m", NORTH, 2021, 20.0)), "one")
    two = put(store, figures(("m", NORTH, 2020, 11.0), ("m", NORTH, 2021, 21.0)), "two")
    put(store, figures(("m", NORTH, 2020, 12.0)), "three")
    assert said(store) == [(12.0, 11.0, 3), (21.0, 20.0, 2)]
    store.undo(two)
    assert said(store) == [(12.0, 10.0, 3), (20.0, None, 1)]


def test_an_undone_file_may_be_loaded_again_under_a_new_number(store: Store):
    one = put(store, figures(("m", NORTH, 2020, 10.0)), "one")
    store.undo(one)
    assert said(store) == []
    again = put(store, figures(("m", NORTH, 2020, 10.0)), "one")
    assert again > one
    assert said(store) == [(10.0, None, again)]


def test_only_a_load_that_stands_can_be_undone(store: Store):
    one = put(store, figures(("m", NORTH, 2020, 10.0)), "one")
    with pytest.raises(UnknownLoad, match="There is no load 77"):
        store.undo(77)
    store.undo(one)
    with pytest.raises(UnknownLoad, match="Load 1 was undone before"):
        store.undo(one)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.dictionaries(st.integers(2018, 2021), st.sampled_from([None, 0.0, 1.0, 2.5]), min_size=1),
            st.integers(0, 5),
        ),
        max_size=10,
    )
)
def test_any_run_of_loads_and_undos_gives_what_the_standing_loads_say(store: Store, steps: list):
    # A plain Python history of the same steps: a dictionary is a load (year → value), a number undoes that load.
    for load_id in store.loads().filter(pl.col("undone_at").is_null())["load_id"]:
        store.undo(load_id)
    standing: dict[int, dict[int, float | None]] = {}
    for step in steps:
        if isinstance(step, dict):
            name = f"{store.version()}"
            standing[put(store, figures(*(("m", NORTH, year, v) for year, v in step.items())), name)] = step
        elif len(standing) > step:
            store.undo(gone := list(standing)[step])
            del standing[gone]
    expected = []
    for year in sorted({year for load in standing.values() for year in load}):
        told = [(load_id, load[year]) for load_id, load in standing.items() if year in load]
        load_id, value = told[-1]
        earlier = [v for _, v in told if v is not None and v != value]
        expected.append((value, earlier[-1] if earlier else None, load_id))
    assert said(store) == expected


def test_the_same_file_twice_is_recognised(store: Store):
    put(store, figures(("m", NORTH, 2020, 10.0)), "one")
    with pytest.raises(AlreadyLoaded) as caught:
        put(store, figures(("m", NORTH, 2020, 11.0)), "one")
    assert caught.value.load == store.find_load("one")
    today = f"{caught.value.load.loaded_at:%-d %B %Y}"
    assert str(caught.value) == f"This file is in the database already: load 1 of {today}, as one.csv."
    assert said(store) == [(10.0, None, 1)]
    assert store.version() == 1


def test_of_two_loads_of_the_same_file_at_once_one_wins(database_url: str, store: Store):
    start = Barrier(2)
    many = figures(*(("m", f"area {i}", year, float(i)) for i in range(2_000) for year in (2020, 2021)))

    def attempt(_: int) -> int | AlreadyLoaded:
        with open_store(database_url) as mine:
            start.wait()
            try:
                return put(mine, many, "same")
            except AlreadyLoaded as refusal:
                return refusal

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(attempt, range(2)))
    [won] = [r for r in results if isinstance(r, int)]
    [lost] = [r for r in results if isinstance(r, AlreadyLoaded)]
    assert lost.load.load_id == won
    assert store.read_figures().height == 4_000
    assert store.loads().height == 1


CHILD = """
import sys
import polars as pl
from dashboard.store import open_store
from tests.integration.test_store import figures, put

whole = pl.DataFrame.iter_slices

def stopping_half_way(frame, n_rows):
    for count, part in enumerate(whole(frame, n_rows)):
        if count == 8:
            print("half way", flush=True)
            sys.stdin.read()  # until killed
        yield part

pl.DataFrame.iter_slices = stopping_half_way
many = figures(*(("m", f"area {i}", year, float(i)) for i in range(12_000) for year in range(2018, 2023)))
put(open_store(sys.argv[1]), many, "killed")
"""


def test_a_load_killed_half_way_leaves_no_trace(database_url: str, store: Store):
    put(store, figures(("m", "area 1", 2020, 0.5)), "before")
    stood, version = store.read_figures(), store.version()
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", CHILD, database_url]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "half way\n"  # 40,000 of 60,000 rows are with the database
        assert_frame_equal(store.read_figures(), stood)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    assert_frame_equal(store.read_figures(), stood)
    assert (store.version(), store.find_load("killed")) == (version, None)
    many = figures(*(("m", f"area {i}", year, float(i)) for i in range(12_000) for year in range(2018, 2023)))
    put(store, many, "killed")
    assert store.read_figures().height == 60_000
    with store.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.figure)) == 60_001


def test_a_load_that_fails_leaves_no_trace(store: Store):
    twice = figures(("m", NORTH, 2020, 10.0), ("m", NORTH, 2021, 10.0), ("m", NORTH, 2020, 11.0))
    with pytest.raises(StoreError, match=f"more than once: m, {NORTH}, 2020, among 2 such rows"):
        put(store, twice, "twice")
    undated = figures(("m", NORTH, 2020, 10.0)).with_columns(period_end=pl.lit(None, pl.Date))
    with pytest.raises(StoreError, match="1 figure without period_end"):
        put(store, undated, "undated")
    with pytest.raises(NothingToLoad, match="no figure to load"):
        put(store, empty(FIGURES), "empty")
    assert store.version() == 0
    assert store.loads().is_empty()


def test_the_version_changes_with_every_change_and_with_nothing_else(store: Store):
    seen = [store.version()]
    one = put(store, figures(("m", NORTH, 2020, 10.0)), "one")
    seen.append(store.version())
    note = store.add_note("S1", "story", "Why.", author="Ann", base=None)
    seen.append(store.version())
    store.undo(one)
    seen.append(store.version())
    store.add_note("S1", "story", "Why not.", author="Ann", base=note)
    seen.append(store.version())
    assert seen == sorted(set(seen))
    store.read_figures(), store.notes("S1"), store.loads(), store.refused(one), store.find_load("one")
    assert store.version() == seen[-1]
    one_by_one = (store.version(), store.records_version(), store.questionnaires.version(), store.audits.version())
    assert store.versions() == one_by_one


def test_people_read_while_a_load_is_written(database_url: str, store: Store):
    put(store, figures(("m", NORTH, 2020, 10.0)), "one")
    with database.writing(store.engine) as connection:
        connection.execute(tables.figure.delete())
        with open_store(database_url) as reader:
            assert said(reader) == [(10.0, None, 1)]
        connection.rollback()


def test_notes_keep_their_history(store: Store):
    first = store.add_note("S1", "story", "Neglect is seen earlier.", author="Ann", base=None)
    second = store.add_note("S1", "story", "Neglect is named earlier.", author="Bob", base=first)
    action = store.add_note("S1", "action", "Ask the forum\x00.", author="Ann", base=None)
    store.add_note("S2", "story", "Another indicator.", author="Ann", base=None)
    now = store.notes("S1")
    assert now.drop("written_at").rows() == [
        (second, "story", "Neglect is named earlier.", "Bob"),
        (action, "action", "Ask the forum.", "Ann"),
    ]
    assert now.schema["written_at"] == pl.Datetime("us", "UTC")
    assert store.note_history("S1", "story")["text"].to_list() == [
        "Neglect is named earlier.",
        "Neglect is seen earlier.",
    ]
    assert store.notes("S9").is_empty()
    with pytest.raises(ValueError, match=r"one of story, partners, what_works, action, .*not 'plot'"):
        store.add_note("S1", "plot", "", author="Ann", base=None)


def test_an_edit_of_a_text_that_changed_meanwhile_is_refused_with_both_texts(store: Store):
    first = store.add_note("S1", "story", "First.", author="Ann", base=None)
    second = store.add_note("S1", "story", "Ann's second.", author="Ann", base=first)
    for base in (first, None, 99):
        with pytest.raises(StaleEdit, match="Ann changed this text while you were writing") as caught:
            store.add_note("S1", "story", "Bob's second.", author="Bob", base=base)
        stale = caught.value
        assert (stale.yours, stale.theirs) == ("Bob's second.", "Ann's second.")
        assert (stale.note_id, stale.author) == (second, "Ann")
    assert store.note_history("S1", "story").height == 2
    with pytest.raises(StaleEdit):
        store.add_note("S2", "story", "Based on nothing.", author="Bob", base=first)


def test_of_two_edits_at_once_one_wins(store: Store):
    first = store.add_note("S1", "story", "First.", author="Ann", base=None)
    start = Barrier(4)

    def attempt(number: int) -> str:
        start.wait()
        try:
            store.add_note("S1", "story", f"Text {number}", author=f"Person {number}", base=first)
        except StaleEdit as stale:
            return stale.theirs
        return "won"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, range(4)))
    assert results.count("won") == 1
    winner = f"Text {results.index('won')}"
    assert sorted(results) == sorted([winner] * 3 + ["won"])
    assert store.notes("S1")["text"].to_list() == [winner]
