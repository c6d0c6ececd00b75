"""Case records: of several loads the newest counts for each record, undo leaves no trace, nothing is half done."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from dashboard.store import (
    LISTED,
    REFUSED,
    AlreadyLoaded,
    NothingToLoad,
    Store,
    StoreError,
    case_tables,
    cases,
    database,
    loads,
    open_store,
    tables,
)
from metrics.cases import CASE_TABLES
from tests.integration.test_store import figures

DAY = date(2024, 2, 29)
SAMPLE = {pl.String: "Zoë’s “one”, 🏫\n\\N", pl.Date: DAY, pl.Int64: 2**40, pl.Boolean: False, pl.Float64: 0.1 + 0.2}
OTHER = {pl.String: "", pl.Date: date(1999, 12, 31), pl.Int64: 0, pl.Boolean: True, pl.Float64: 5e-324}


def every_table() -> dict[str, pl.DataFrame]:
    """Of each table a row that is full, one that has only what it must, and one of edge values."""
    made = {}
    for name, case in CASE_TABLES.items():
        must = {*case.key, *case.required}
        full, bare, edge = ({c: values[k] for c, k in case.columns.items()} for values in (SAMPLE, SAMPLE, OTHER))
        bare = {column: value if column in must else None for column, value in bare.items()}
        for row, key in ((full, "b"), (bare, "é"), (edge, "A")):
            row[case.key[0]] = key
        made[name] = pl.DataFrame([full, bare, edge], schema=case.schema)
    return made


def episodes(**ends: int | None) -> dict[str, pl.DataFrame]:
    """Episodes by id with the January day of 2025 on which each ended, None while open."""
    days = [day and date(2025, 1, day) for day in ends.values()]
    frame = pl.DataFrame(
        {"episode_id": list(ends), "start_date": date(2024, 1, 1), "end_date": days},
        schema_overrides={"end_date": pl.Date},
    )
    return {"episode": frame}


def put(store: Store, made: dict[str, pl.DataFrame], name: str, listed: pl.DataFrame | None = None, **more: str) -> int:
    return store.load_cases(made, listed, kind="cases", file_name=f"{name}.zip", sha256=name, **more)


def ends(store: Store) -> dict[str, int | None]:
    return {key: end and end.day for key, end in store.read_cases("episode", ["episode_id", "end_date"]).iter_rows()}


def rows_kept(store: Store) -> int:
    with store.engine.connect() as connection:
        count = sa.select(sa.func.count())
        return sum(connection.scalar(count.select_from(table)) for table in case_tables.CASES.values())


def test_every_table_comes_back_as_it_went_in(store: Store):
    assert all(frame.is_empty() for frame in store.case_tables().values())
    made = every_table()
    given = {name: frame.select(reversed(frame.columns)).with_columns(other=1) for name, frame in made.items()}
    put(store, given, "one")
    found = store.case_tables()
    assert list(found) == list(CASE_TABLES)
    for name, frame in made.items():
        # By key, byte by byte: A, b, é.
        assert_frame_equal(found[name], frame[[2, 0, 1]], check_exact=True)
        assert found[name].schema == CASE_TABLES[name].schema
    put(store, given, "two")
    assert all(frame.equals(found[name]) for name, frame in store.case_tables().items())


def test_many_rows_come_back_in_order(store: Store):
    """More than one slice, on either database."""
    keys = [f"{number:06}" for number in range(12_345)]
    frame = pl.DataFrame({"family_id": keys, "lsoa": [f"E{int(key) % 7}" if int(key) % 3 else None for key in keys]})
    put(store, {"family": frame.sample(fraction=1, shuffle=True, seed=1)}, "one")
    assert_frame_equal(store.read_cases("family"), frame)
    assert_frame_equal(store.read_cases("family", ["lsoa"]), frame.select("lsoa"))


def test_the_newest_load_counts_for_each_record_and_what_an_undone_one_replaced_stands_again(store: Store):
    put(store, episodes(a=None, b=None, c=3), "january")
    february = put(store, episodes(a=10, b=None, d=None), "february")
    march = put(store, episodes(a=11, c=None), "march")
    assert ends(store) == {"a": 11, "b": None, "c": None, "d": None}
    store.undo(march)
    assert ends(store) == {"a": 10, "b": None, "c": 3, "d": None}
    again = put(store, episodes(a=11, c=None), "march")
    store.undo(february)
    assert ends(store) == {"a": 11, "b": None, "c": None}
    assert store.read_cases("episode", ["load_id"])["load_id"].to_list() == [again, 1, again]
    assert store.case_loads("episode") == [1, again]
    assert store.case_loads("family") == []
    store.undo(1)
    store.undo(again)
    assert ends(store) == {}
    assert rows_kept(store) == 0


STEPS = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(1, 31)), min_size=1),
        st.integers(0, 9),
    ),
    max_size=8,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_run_of_loads_and_undos_gives_what_the_standing_loads_say(store: Store, steps: list):
    before = store.loads().filter(pl.col("undone_at").is_null())["load_id"].to_list()
    for load_id in before:
        store.undo(load_id)
    stand: dict[int, dict] = {}
    for step in steps:
        if isinstance(step, dict):
            number = put(store, episodes(**step), f"file {store.loads().height}")
            stand[number] = step
        elif stand:
            number = sorted(stand)[step % len(stand)]
            store.undo(number)
            del stand[number]
        expected = {}
        for number in sorted(stand):
            expected |= stand[number]
        assert ends(store) == dict(sorted(expected.items()))


def test_only_what_is_asked_for_is_read(store: Store, monkeypatch: pytest.MonkeyPatch):
    asked = []
    fetch = cases.fetch

    def noted(connection: sa.Connection, query: sa.Select, schema: pl.Schema) -> pl.DataFrame:
        asked.append((str(query), schema.names()))
        return fetch(connection, query, schema)

    monkeypatch.setattr(cases, "fetch", noted)
    put(store, episodes(a=1, b=None), "one")
    assert store.read_cases("episode", ["end_date"]).schema == {"end_date": pl.Date}
    assert store.case_tables({"episode": ["end_date", "route"], "family": None})["episode"].columns == [
        "end_date",
        "route",
    ]
    assert [names for _, names in asked] == [["end_date"], ["end_date", "route"], ["family_id", "lsoa"]]
    # One load alone cannot give a key twice: nothing is compared. Of two the newest is sought.
    assert not any("GROUP BY" in query for query, _ in asked)
    put(store, episodes(a=2), "two")
    asked.clear()
    assert ends(store) == {"a": 2, "b": None}
    assert "GROUP BY" in asked[0][0]
    with pytest.raises(KeyError):
        store.read_cases("child")
    with pytest.raises(ValueError, match="episode has no column name, surname"):
        store.read_cases("episode", ["surname", "name"])


def test_the_tables_are_read_at_one_moment(database_url: str, store: Store):
    put(store, episodes(a=1), "one")
    with database.reading(store.engine) as connection:
        cases.steady(connection)
        assert cases.rows(connection, "episode").height == 1
        with open_store(database_url) as other:
            put(other, every_table(), "two")
        assert cases.rows(connection, "episode").height == 1
        assert cases.rows(connection, "family").is_empty()
    assert store.read_cases("episode").height == 4


def test_a_load_of_cases_is_a_load_like_any_other(store: Store):
    listed = pl.DataFrame(
        {
            "line": [4, 4, 4, 9],
            "column": ["start_date", "lsoa", "lsoa", "sex"],
            "value": ["x", "E0\x001", "", "a) Female"],
            "reason": ["no day", "no such area", "empty", "read as F"],
            "table": ["episode", "episode", "family", "person"],
            "repaired": [False, None, False, True],
        }
    )
    version = store.version()
    number = put(store, every_table(), "ab", listed, standing="invented", loaded_by="ann", as_role="data officer")
    assert store.version() > version
    found = store.find_load("ab")
    # Three rows of each table; line 4 of episode twice and line 4 of family are two rows that were refused.
    assert (found.kind, found.figures, found.refused, found.standing) == ("cases", 63, 2, "invented")
    assert store.refused(number).schema == REFUSED
    assert store.refused(number)["value"].to_list() == ["x", "E0␀1", ""]
    assert store.listed(number).schema == LISTED
    assert store.listed(number).rows()[3] == (9, "sex", "a) Female", "read as F", "person", True)
    entry = ("ann", "data officer", "loaded", f"load {number}: cases, 63 rows")
    assert store.records(1).select("who", "role", "act", "detail").row(0) == entry
    with pytest.raises(AlreadyLoaded, match=r"load 1 of .*, as ab\.zip"):
        put(store, episodes(a=1), "ab")
    version = store.version()
    store.undo(number, undone_by="bob")
    assert store.version() > version
    assert rows_kept(store) == 0
    assert store.listed(number).height == 4
    assert put(store, episodes(a=1), "ab") > number


def test_rows_refused_before_there_were_repairs_are_still_refused(store: Store):
    from alembic import command
    from alembic.config import Config

    refused = pl.DataFrame({"line": [7], "column": ["V"], "value": ["x"], "reason": ["no number"]})
    frame = figures(("m", "E06000061", 2020, 1.0))
    number = store.load(frame, refused, kind="own", file_name="a", sha256="a")
    config = Config()
    config.set_main_option("script_location", "dashboard.store:migrations")
    for step, revision in ((command.downgrade, "0003"), (command.upgrade, database.HEAD)):
        with database.writing(store.engine) as connection:
            config.attributes["connection"] = connection
            step(config, revision)
    assert store.refused(number).equals(refused)
    assert store.listed(number).row(0) == (7, "V", "x", "no number", None, False)
    assert store.loads()["refused"].to_list() == [1]
    assert store.read_figures().height == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"episode": lambda f: f.vstack(f.head(1))},
            r"^2 rows of episode share episode_id with another row of the same",
        ),
        ({"audit_answer": lambda f: f.vstack(f)}, r"^6 rows of audit_answer share audit_id and question with another"),
        ({"episode": lambda f: f.drop("start_date")}, r"^3 rows of episode without start_date\.$"),
        ({"spend": lambda f: f.with_columns(spend_id=pl.lit(None))}, r"^3 rows of spend without spend_id\.$"),
        ({"need": lambda f: f.with_columns(outcome=pl.Series([1, None, 3]))}, r"^1 row of need without outcome\.$"),
        # Equal once what PostgreSQL cannot keep is taken out.
        ({"family": lambda f: f.with_columns(family_id=pl.Series(["a", "a\x00", "b"]))}, r"^2 rows of family share"),
    ],
)
def test_rows_that_are_not_whole_are_refused_in_one_sentence(store: Store, change: dict, sentence: str):
    made = every_table()
    made |= {name: spoil(made[name]) for name, spoil in change.items()}
    with pytest.raises(StoreError, match=sentence):
        put(store, made, "bad", loaded_by="ann")
    assert store.loads().is_empty()
    assert store.records().is_empty()
    assert store.version() == 0
    assert rows_kept(store) == 0


def test_the_database_itself_refuses_a_key_twice_and_a_lack(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cases, "_ready", lambda name, frame: frame)
    one = every_table()["episode"]
    for bad in (one.vstack(one.head(1)), one.with_columns(start_date=pl.lit(None, pl.Date))):
        with pytest.raises(StoreError, match="The database refused the rows"):
            put(store, {"agency": every_table()["agency"], "episode": bad}, "bad")
        assert rows_kept(store) == 0


def test_a_load_that_fails_in_the_middle_leaves_no_trace(store: Store, monkeypatch: pytest.MonkeyPatch):
    put(store, episodes(a=1), "one")
    copy_in, done = loads.copy_in, []

    def failing(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
        if table.name == "case_review":
            raise StoreError("The disk is full.")
        done.append(table.name)
        copy_in(connection, table, frame)

    with monkeypatch.context() as patch:
        patch.setattr(loads, "copy_in", failing)
        with pytest.raises(StoreError, match="The disk is full"):
            put(store, every_table(), "two", loaded_by="ann")
    assert "case_plan_action" in done
    assert (rows_kept(store), store.loads().height, store.records().height) == (1, 1, 0)
    assert ends(store) == {"a": 1}
    put(store, every_table(), "two")
    assert rows_kept(store) == 64


def test_nothing_or_an_unknown_table_is_refused(store: Store):
    for nothing in ({}, {name: frame.clear() for name, frame in every_table().items()}):
        with pytest.raises(NothingToLoad, match="There is no case record to load"):
            put(store, nothing, "none")
    with pytest.raises(ValueError, match="there is no case table child, parent"):
        put(store, {"parent": pl.DataFrame(), "child": pl.DataFrame()}, "none")
    assert store.loads().is_empty()


def test_what_the_records_are_is_known(store: Store):
    assert store.case_standing() == set()
    store.load(
        figures(("m", "E06000061", 2020, 1.0)), None, kind="own", file_name="a", sha256="a", standing="published"
    )
    assert store.case_standing() == set()
    invented = put(store, {"spend": every_table()["spend"]}, "invented", standing="invented")
    assert store.case_standing() == {"invented"}
    assert not store.has_real_loads()
    own = put(store, episodes(a=1), "own")
    assert store.case_standing() == {"invented", "local"}
    assert store.has_real_loads()
    store.undo(invented)
    assert store.case_standing() == {"local"}
    store.undo(own)
    assert store.case_standing() == set()
    assert not store.has_real_loads()


def test_figures_and_places_are_not_touched_by_an_undo_of_cases(store: Store):
    store.load(figures(("m", "E06000061", 2020, 1.0)), None, kind="own", file_name="a", sha256="a")
    areas = pl.DataFrame({"lsoa": ["E1"], "forum_area": ["F1"], "name": ["Corby"]})
    store.load_places(areas, None, kind="forum_areas", file_name="b", sha256="b")
    store.undo(put(store, every_table(), "c"))
    assert store.read_figures().height == 1
    assert store.places("forum_areas").height == 1


def test_the_tables_are_made_from_the_one_list_of_columns():
    assert set(case_tables.CASES) == set(CASE_TABLES)
    for name, case in CASE_TABLES.items():
        table = case_tables.CASES[name]
        assert table.metadata is tables.metadata
        assert [column.name for column in table.columns] == ["load_id", *case.columns]
        assert [column.name for column in table.primary_key] == ["load_id", *case.key]
        assert {c.name for c in table.columns if not c.nullable} == {"load_id", *case.key, *case.required}
