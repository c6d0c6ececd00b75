"""The figures that come with the dashboard: each file is logged with its source, and reads through the intake whole."""

import hashlib

import polars as pl
import pytest

from dashboard.intake import read
from metrics.catalogue import catalogue
from sample_data import LOG, folder, log, published_files
from sample_data.build_published import SOURCES, as_own_table, tidy

FILES = published_files()


def test_there_are_figures_and_they_stay_small():
    assert len(FILES) >= 7
    assert sum(path.stat().st_size for path in FILES) < 4_000_000


def test_every_file_is_logged_once_and_nothing_else_is():
    assert log()["file"].to_list() == list(dict.fromkeys(source.file for source in SOURCES))
    assert sorted(log()["file"]) == [path.name for path in FILES]
    assert {path.name for path in folder().iterdir()} == {*log()["file"], "log.csv"}


@pytest.mark.parametrize("row", log().rows(named=True), ids=lambda row: row["file"])
def test_every_entry_says_what_it_is_and_whose(row):
    assert list(row) == list(LOG)
    assert row["standing"] in {"published", "reference", "invented"}
    for column in ("publisher", "release", "licence", "attribution", "what"):
        assert row[column].strip(), column
    assert row["publisher"] in row["attribution"]
    if row["licence"] == "Open Government Licence v3.0":
        assert "Open Government Licence v3.0" in row["attribution"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_the_one_that_was_logged_and_reads_without_a_refusal(path):
    entry = log().row(by_predicate=pl.col("file") == path.name, named=True)
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    batch = read(path)
    assert batch.kind == "own"
    assert batch.refused.is_empty()
    assert batch.rows == batch.rows_used == batch.figures.height == entry["rows"]
    assert batch.figures.select("measure", "breakdown", "group", "period_end").is_duplicated().sum() == 0


def test_every_feed_of_every_series_has_figures():
    here = {feed for path in FILES for feed in read(path).figures["measure"].unique()}
    named = {feed for series in catalogue().series.values() for feed in (*series.feeds, series.numerator_feed) if feed}
    assert here == named


@pytest.mark.parametrize(
    ("file", "feed", "area", "period", "numerator", "denominator", "value"),
    [
        # Children in need 2025, table C1, England: 142,900 of 632,830 referrals, published as 22.6%
        ("dfe_children_in_need_2025.csv", "ees:rereferrals", "E92000001", "2025", 142900, 632830, 22.6),
        # Children in need 2025, table C3, England: neglect in 90,370 of 513,250 assessments, by hand 17.607403…%
        ("dfe_children_in_need_2025.csv", "ees:assessments_neglect", "E92000001", "2025", 90370, 513250, 17.60740),
        # Children looked after 2025, England: 81,770 on 31 March, of 12,183,016 children, published as 67 per 10,000
        ("dfe_looked_after_2025.csv", "ees:cla_at_31_march", "E92000001", "2025", 81770, 12183016, 67),
        # Key stage 4 2024/25, West Northamptonshire: 13 of 49
        ("dfe_ks4_2025.csv", "ees:ks4_cla_english_maths_94", "E06000062", "2024/25", 13, 49, 26.5),
        # Fingertips 90284, England 2010/11
        ("ohid_fingertips.csv", "fingertips:90284", "E92000001", "2010/11", 107429, 9324084, 115.2166797),
        # DWP: 9,717 children, 0.137 of those under 16 in North Northamptonshire in the year to March 2019
        ("dwp_low_income.csv", "dwp:relative_low_income_under16", "E06000061", "2018/19", 9717, None, 13.7),
        # LAIT: children looked after at 31 March 2018 in Northamptonshire, as the strategy prints it
        ("dfe_lait_2026.csv", "lait:LACnum", "E10000021", "2018", None, None, 1092),
    ],
)
def test_figures_known_from_the_publications(file, feed, area, period, numerator, denominator, value):
    figures = read(folder() / file).figures
    wanted = (pl.col("measure") == feed) & (pl.col("group") == area) & (pl.col("period") == period)
    row = figures.row(by_predicate=wanted, named=True)
    assert (row["numerator"], row["denominator"]) == (numerator, denominator)
    assert row["value"] == pytest.approx(value, abs=1e-5)


def test_the_county_s_two_halves_begin_when_the_county_ends():
    figures = read(folder() / "dfe_looked_after_2025.csv").figures.filter(pl.col("value").is_not_null())
    last = figures.filter(pl.col("group") == "E10000021")["period_end"].max()
    first = figures.filter(pl.col("group").is_in(["E06000061", "E06000062"]))["period_end"].min()
    assert str(last) == "2021-03-31" and str(first) == "2022-03-31"


def test_of_two_releases_the_newer_holds_and_empty_rows_of_ended_councils_go():
    base = {"measure": "lait:LAC", "breakdown": "area", "status": "ok"}
    rows = [  # the newer release comes first
        base | {"group": "E06000061", "period": "2025", "period_end": "2025-03-31", "value": 68.0},
        base | {"group": "E06000061", "period": "2025", "period_end": "2025-03-31", "value": 67.0},
        base | {"group": "E10000021", "period": "2025", "period_end": "2025-03-31", "value": None, "status": "z"},
        base | {"group": "E06000061", "period": "2021", "period_end": "2021-03-31", "value": None, "status": "x"},
        base | {"group": "E06000062", "period": "2022", "period_end": "2022-03-31", "value": None, "status": "c"},
        base
        | {
            "measure": "lait:nothing_asks_for_it",
            "group": "E06000062",
            "period": "2022",
            "period_end": "2022-03-31",
            "value": 1.0,
        },
    ]
    figures = pl.DataFrame(rows).with_columns(pl.col("period_end").str.to_date())
    kept = tidy(figures)
    assert kept.select("group", "period", "value", "status").rows() == [
        ("E06000061", "2025", 68.0, "ok"),
        ("E06000062", "2022", None, "c"),
    ]
    empty = pl.lit(None, pl.Float64)
    filled = kept.with_columns(
        note=pl.lit(None, pl.String), numerator=empty, denominator=empty, lower=empty, upper=empty
    )
    assert as_own_table(filled).write_csv() == (
        "measure,area,period,value,status\nlait:LAC,E06000061,2025,68,\nlait:LAC,E06000062,2022,,c\n"
    )
