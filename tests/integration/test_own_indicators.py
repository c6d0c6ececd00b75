"""Figures reckoned here stand on the scorecard and on Turn the curve like any other, and say what they rest on."""

from __future__ import annotations

import threading
from datetime import date

import polars as pl
import pytest

from dashboard.access import PUBLISHED, Scope
from dashboard.answers import curve, definitions, own_indicators, published, scorecard
from dashboard.answers.own_indicators import Feed
from dashboard.store import Versions
from metrics.catalogue import catalogue, own_series
from tests.integration.test_pages import open_page, words_of

MEMBER = Scope("subgroup member")
# 71 of 96 audited assessments: 71 / 96 = 73.958…, Wilson 95% 64.4 to 81.7 (worked with the formula by hand)
AUDITS = {
    "group": ["E10000021", "E10000021", "E07000999"],
    "period": ["2024/25", "2025/26", "2025/26"],
    "period_end": [date(2025, 3, 31), date(2026, 3, 31), date(2026, 3, 31)],
    "numerator": [60.0, 71.0, 3.0],
    "denominator": [100.0, 96.0, 4.0],
    "value": [60.0, 73.958, 75.0],
    "lower": [50.2, 64.4, 30.1],
    "upper": [69.1, 81.7, 95.4],
    "n": [100, 96, 4],
    "status": ["ok"] * 3,
    "method": ["Wilson 95%"] * 3,
}


class Subject:
    """Something that is counted here, with a version of its own."""

    def __init__(self, frame: pl.DataFrame):
        self.frame, self.now, self.asked, self.ready = frame, 1, 0, threading.Event()
        self.ready.set()

    def figures(self, scope: Scope) -> pl.DataFrame:
        assert scope == PUBLISHED
        assert self.ready.wait(timeout=60)
        self.asked += 1
        return self.frame

    def version(self, now: Versions) -> int:
        return self.now


@pytest.fixture
def audits(monkeypatch) -> Subject:
    monkeypatch.setattr(own_indicators, "PATIENCE", 60.0)  # a busy machine is slow and not wrong
    subject = Subject(pl.DataFrame(AUDITS).with_columns(standing=pl.lit("invented")))
    monkeypatch.setattr(own_indicators, "FEEDS", (Feed("Y1", subject.figures, subject.version),))
    return subject


@pytest.mark.parametrize("own", own_series().values(), ids=lambda own: own.indicator)
def test_every_series_reckoned_here_fits_its_indicator(own):
    indicator = catalogue().indicators[own.indicator]
    assert indicator.relation == "none"  # nobody publishes it
    assert own.series.polarity == indicator.polarity
    assert own.series.value_type == indicator.value_type
    assert own.series.unit.startswith("%") == (own.series.value_type == "proportion")
    assert own.series.feeds == (f"own:{own.indicator}",)
    assert own.indicator in [feed.indicator for feed in own_indicators.FEEDS]


def card(area: str = published.COUNTY) -> scorecard.Scorecard:
    return scorecard.scorecard(MEMBER, area=area, against=published.ENGLAND, vintage=published.vintages()[0])


def row(found: scorecard.Scorecard, code: str) -> dict | None:
    return next((r for group in found.groups for r in group.rows if r["id"] == code), None)


def without(found: scorecard.Scorecard) -> dict[str, str]:
    return {m["id"]: m["missing"] for group in found.groups for m in group.missing}


def test_its_indicator_has_a_row_with_value_interval_n_and_period(look, audits):
    found = card()
    ours = row(found, "Y1")
    told = [ours[k] for k in ("value", "lower", "upper", "numerator", "denominator", "period")]
    assert told == [73.958, 64.4, 81.7, 71.0, 96.0, "2025/26"]
    assert ours["note"] == "Reckoned here from audits of early help assessments, n = 96."
    assert "Of 21 indicators with published figures" in found.sentence
    assert "1 more is reckoned here from the partnership's own records" in found.sentence
    assert "11 have no figures yet" in found.sentence
    assert "Y1" not in without(found)
    assert catalogue().indicators["Y1"].name not in [name for name, *_ in definitions.unmeasured(MEMBER)]


def test_invented_records_are_said_to_be_invented(look, audits):
    assert "Y1" in card().banner
    assert "invented" in card().banner
    audits.frame, audits.now = audits.frame.with_columns(standing=pl.lit("local")), 2
    assert card().banner == ""


def test_another_area_says_where_it_is_reckoned(look, audits):
    found = card(published.NORTH)
    assert row(found, "Y1") is None
    assert "county as a whole" in without(found)["Y1"]
    assert "12 have no figures yet" in found.sentence


def test_no_figures_leave_the_indicator_without(look, audits):
    audits.frame = audits.frame.clear()
    found = card()
    assert "audit grades by partner" in without(found)["Y1"]
    assert found.banner == ""


def test_new_figures_are_seen_and_the_same_ones_not_reckoned_again(look, audits):
    before = card()
    assert card() is before
    assert audits.asked == 1
    audits.now = 2  # something was saved, and the figures are the same: what is kept still stands
    assert card() is before
    assert audits.asked == 2
    audits.now, audits.frame = 3, audits.frame.with_columns(value=pl.lit(80.0))
    assert row(card(), "Y1")["value"] == 80.0


def test_small_areas_are_never_taken_in(look, audits):
    assert published.of_series(MEMBER, "own_audits_good")["group"].unique().to_list() == [published.COUNTY]


def test_a_new_basis_breaks_the_line(look, audits):
    audits.frame = audits.frame.with_columns(new_basis=pl.Series([None, "Another edition.", None]))
    asked = {"area": published.COUNTY, "against": published.ENGLAND, "vintage": published.vintages()[0]}
    shown = curve.curve(MEMBER, indicator="Y1", series="own_audits_good", **asked)
    assert list(shown.breaks) == ["2026-03-31"]
    assert any("Another edition." in remark for remark in shown.remarks)


def test_a_feed_that_fails_takes_nothing_else_with_it(look, audits, caplog):
    audits.frame = pl.concat([audits.frame, audits.frame])  # two figures of one period
    found = card()
    assert "Of 21 indicators with published figures" in found.sentence
    assert "Y1" in without(found)
    assert "Y1 could not be reckoned: ValueError" in caplog.text
    audits.frame, audits.now = audits.frame.unique(maintain_order=True), 2
    assert row(card(), "Y1")["value"] == 73.958


def test_nobody_waits_for_what_takes_long(look, audits, monkeypatch):
    """Until they are there, an indicator says that it is being reckoned, or stands as it was."""
    monkeypatch.setattr(own_indicators, "PATIENCE", 0.01)
    audits.ready.clear()
    assert "being reckoned" in without(card())["Y1"]
    job = next(iter(own_indicators._jobs.values()))
    audits.ready.set()
    job.result(timeout=20)
    assert row(card(), "Y1")["value"] == 73.958
    audits.now, audits.frame = 2, audits.frame.with_columns(value=pl.lit(80.0))
    audits.ready.clear()
    assert row(card(), "Y1")["value"] == 73.958
    job = next(iter(own_indicators._jobs.values()))
    audits.ready.set()
    job.result(timeout=20)
    assert row(card(), "Y1")["value"] == 80.0


def test_the_pages_show_it_with_its_source_and_banner(look, audits):
    said = words_of(open_page("scorecard"))
    assert "74%" in said
    assert "(64–82)" in said
    assert "71 of 96" in said
    assert "Y1: reckoned here from audits of early help assessments that are invented" in said
    at = open_page("turn_the_curve", indicator="Y1")
    assert len(at.get("plotly_chart")) == 1
    said = words_of(at)
    assert "74% (64–82), 71 of 96" in said
    assert "own audits of early help assessments" in said
    assert "that are invented" in said
    assert "assessments good or better at audit" in words_of(open_page("methods")).lower()
