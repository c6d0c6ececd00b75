"""Files of places in and out of the database, by the command line and the page."""

import polars as pl
import pytest

from dashboard.answers import loads
from dashboard.answers.keep import use_store
from dashboard.cli import main
from dashboard.intake import PLACES
from dashboard.store.places import PLACES as STORED

from .place_files import as_csv, collection, forum_rows, geojson


def test_the_store_keeps_the_columns_that_intake_gives():
    assert dict(PLACES) == dict(STORED)


@pytest.fixture
def run(store, database_url, tmp_path, monkeypatch):
    from click.testing import CliRunner

    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forum.csv").write_text(as_csv(forum_rows(2011)))
    (tmp_path / "services.csv").write_text("name,type,postcode\nHub,hub,NN3 2SF\nGone,hub,NN99 9ZZ\n")
    (tmp_path / "areas.geojson").write_bytes(geojson(collection("district")))
    return lambda *arguments: CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_places_are_loaded_known_again_and_undone(run, store):
    result = run("load", "forum.csv", "services.csv", "areas.geojson")
    assert result.exit_code == 3, result.output
    assert "Read as a list of small areas and their forum areas: 422 rows, 422 small areas." in result.output
    assert "Loaded 422 small areas as load 1." in result.output and "Loaded 1 service as load 2." in result.output
    assert "Loaded 7 outlines as load 3." in result.output
    assert [store.places(kind).height for kind in PLACES] == [422, 1, 7]
    assert store.refused(2)["value"].to_list() == ["NN99 9ZZ"]
    assert store.places("forum_areas").filter(pl.col("lsoa") == "E01026949").rows() == [("E01026949", "EHF01", "Corby")]
    assert "Nothing to do. This file is in the database already: load 1" in run("load", "forum.csv").output
    assert run("undo", "1").output == "Load 1 (forum.csv, 422 small areas) is undone.\n"
    assert store.places("forum_areas") is None and store.places("boundaries").height == 7


def test_a_dry_run_and_a_check_change_nothing(run, store):
    result = run("load", "--dry-run", "forum.csv")
    assert result.exit_code == 0
    assert "Would load 422 small areas, in place of any loaded before. Nothing was changed." in result.output
    assert run("check", "services.csv", "--as", "services").exit_code == 3
    assert run("check", "areas.geojson", "--as", "boundaries").exit_code == 0
    assert store.loads().is_empty()


def test_the_load_page_s_answers_take_places_too(store):
    from dashboard.access import Scope

    officer = Scope("data officer", person="provider|ann", author="Ann")
    use_store(store)
    try:
        first = loads.preview(officer, as_csv(forum_rows(2011)).encode(), file_name="../../forum.csv")
        assert first.problem == "" and first.file_name == "forum.csv"
        assert first.sentence == (
            "forum.csv is a list of small areas and their forum areas with 422 rows: "
            "422 small areas can be used and 0 rows are refused."
        )
        assert loads.put_in(officer, first.batch) == "forum.csv is in as load 1: 422 small areas, 0 rows refused."
        again = loads.preview(officer, as_csv(forum_rows(2011)).encode(), file_name="forum.csv")
        assert again.problem.startswith("This very file is in already: load 1")
        newer = loads.preview(officer, as_csv(forum_rows(2021)).encode(), file_name="forum.csv")
        assert newer.sentence.endswith("They take the place of the 422 that stand now.")
        assert loads.summary(store.loads()).startswith("No published figures yet, but places from 1 file are in.")
    finally:
        use_store(None)
