"""Forum areas, services and boundaries: the newest load that stands counts as a whole, and undo takes it out."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from dashboard.store import PLACES, AlreadyLoaded, NothingToLoad, Store, StoreError, tables
from tests.integration.test_store import figures

FORUM_AREAS = pl.DataFrame(
    {
        "lsoa": ["E01027012", "E01027001", "E01027002"],
        "forum_area": ["F02", "F01", "F01"],
        "name": ["Daventry", "Corby", "Corby"],
    }
)
SERVICES = pl.DataFrame(
    {
        "name": ["Zoë’s family hub", "Library", "Library"],
        "type": ["family hub", "library", "library"],
        "lsoa": ["E01027001", None, None],
        "latitude": [52.48, None, 0.1 + 0.2],
        "longitude": [-0.7, None, None],
        "note": ["", "=1+1", None],
    }
)
BOUNDARIES = pl.DataFrame(
    {
        "level": ["forum", "ward"],
        "code": ["F01", "F01"],
        "name": ["Corby", "Also F01"],
        "geometry": ['{"type":"Point","coordinates":[-0.7,52.48]}', '{"type":"Polygon","coordinates":[]}'],
    }
)
ALL = {"forum_areas": FORUM_AREAS, "services": SERVICES, "boundaries": BOUNDARIES}


def put(store: Store, kind: str, frame: pl.DataFrame, name: str, **more: object) -> int:
    return store.load_places(frame, None, kind=kind, file_name=f"{name}.csv", sha256=name, **more)


@pytest.mark.parametrize("kind", ALL)
def test_places_come_back_as_they_went_in(store: Store, kind: str):
    assert store.places(kind) is None
    assert store.places_load(kind) is None
    put(store, kind, ALL[kind].select(reversed(ALL[kind].columns)).with_columns(other=pl.lit(1)), "one")
    expected = ALL[kind] if kind == "services" else ALL[kind].sort(ALL[kind].columns[:2])
    assert_frame_equal(store.places(kind), expected, check_exact=True)
    assert store.places(kind).schema == PLACES[kind]
    assert [other for other in ALL if store.places(other) is not None] == [kind]


def test_the_newest_load_that_stands_counts_as_a_whole(store: Store):
    one = put(store, "forum_areas", FORUM_AREAS, "one")
    two = put(store, "forum_areas", FORUM_AREAS.head(1), "two", publisher="The partnership")
    put(store, "boundaries", BOUNDARIES, "three")
    assert store.places("forum_areas").rows() == [("E01027012", "F02", "Daventry")]
    assert (store.places_load("forum_areas").load_id, store.places_load("forum_areas").publisher) == (
        two,
        "The partnership",
    )
    store.undo(two)
    assert store.places("forum_areas").height == 3
    store.undo(one)
    assert store.places("forum_areas") is None
    assert store.places("boundaries").height == 2
    with store.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.forum_area)) == 0


def test_of_boundaries_the_newest_load_of_each_level_counts(store: Store):
    def outlines(level: str, *codes: str) -> pl.DataFrame:
        rows = [(level, code, code, '{"type":"Polygon","coordinates":[]}') for code in codes]
        return pl.DataFrame(rows, schema=PLACES["boundaries"], orient="row")

    def held() -> list[tuple[str, str]]:
        return store.places("boundaries").select("level", "code").rows()

    put(store, "boundaries", pl.concat([outlines("ward", "W1", "W2"), outlines("forum", "F1", "F2")]), "both")
    newer = put(store, "boundaries", outlines("forum", "F3"), "forum")
    assert held() == [("forum", "F3"), ("ward", "W1"), ("ward", "W2")]
    latest = put(store, "boundaries", outlines("ward", "W3"), "ward")
    assert held() == [("forum", "F3"), ("ward", "W3")]
    assert store.places_load("boundaries").load_id == latest
    store.undo(newer)
    assert held() == [("forum", "F1"), ("forum", "F2"), ("ward", "W3")]


def test_a_load_of_places_is_a_load_like_any_other(store: Store):
    refused = pl.DataFrame({"line": [4], "column": ["lsoa"], "value": ["E0\x001"], "reason": ["no such LSOA"]})
    version = store.version()
    load_id = store.load_places(
        FORUM_AREAS,
        refused,
        kind="forum_areas",
        file_name="areas.csv",
        sha256="ab",
        standing="illustrative",
        loaded_by="ann",
    )
    assert store.version() > version
    found = store.find_load("ab")
    assert (found.load_id, found.kind, found.figures, found.refused, found.standing) == (
        load_id,
        "forum_areas",
        3,
        1,
        "illustrative",
    )
    assert store.refused(load_id)["value"].to_list() == ["E0␀1"]
    with pytest.raises(AlreadyLoaded, match="load 1 of "):
        put(store, "services", SERVICES, "ab")
    assert store.loads().height == 1
    version = store.version()
    store.undo(load_id)
    assert store.version() > version
    assert put(store, "forum_areas", FORUM_AREAS, "ab") > load_id


def test_undoing_figures_leaves_places_and_the_other_way_round(store: Store):
    one = store.load(figures(("m", "E06000061", 2020, 1.0)), None, kind="own", file_name="a.csv", sha256="a")
    two = put(store, "services", SERVICES, "b")
    store.undo(one)
    assert store.places("services").height == 3
    again = store.load(figures(("m", "E06000061", 2020, 1.0)), None, kind="own", file_name="a.csv", sha256="a")
    store.undo(two)
    assert store.read_figures()["load_id"].to_list() == [again]


@pytest.mark.parametrize(
    ("kind", "frame", "sentence"),
    [
        ("forum_areas", FORUM_AREAS.vstack(FORUM_AREAS.head(1)), "E01027012 is given more than once, among 2 such"),
        ("forum_areas", FORUM_AREAS.drop("name"), "3 rows without name."),
        ("forum_areas", FORUM_AREAS.with_columns(forum_area=pl.lit(None)), "3 rows without forum area."),
        ("boundaries", BOUNDARIES.vstack(BOUNDARIES.tail(1)), "ward F01 is given more than once"),
        ("services", SERVICES.with_columns(type=pl.Series(["x", None, "y"])), "1 row without type."),
    ],
)
def test_places_that_are_not_whole_are_refused_in_one_sentence(store: Store, kind: str, frame, sentence: str):
    with pytest.raises(StoreError, match=sentence):
        put(store, kind, frame, "bad", loaded_by="ann")
    assert store.loads().is_empty()
    assert store.records().is_empty()
    assert store.places(kind) is None


def test_nothing_or_an_unknown_kind_is_refused(store: Store):
    with pytest.raises(NothingToLoad, match="There is no place to load"):
        put(store, "services", SERVICES.clear(), "none")
    with pytest.raises(ValueError, match="of kind forum_areas, services, boundaries, not 'wards'"):
        put(store, "wards", SERVICES, "wards")


def test_a_standing_load_of_the_partnership_s_own_is_real(store: Store):
    assert not store.has_real_loads()
    for name, standing in enumerate(("published", "reference", "invented", "illustrative")):
        put(store, "services", SERVICES, f"{name}", standing=standing)
    assert not store.has_real_loads()
    own = put(store, "services", SERVICES, "own")
    assert store.has_real_loads()
    store.undo(own)
    assert not store.has_real_loads()
    store.load(figures(("m", "E06000061", 2020, 1.0)), None, kind="own", file_name="a", sha256="a", standing="other")
    assert store.has_real_loads()
