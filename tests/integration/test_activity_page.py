"""Activity: what is shown of case records, to whom, and what never is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.access import PUBLISHED, Grant, NotAllowed, Scope, scopes_of
from dashboard.answers import (
    activity,
    activity_course,
    activity_own,
    activity_shown,
    activity_words,
    agency_due,
    case_records,
    data_quality,
    forum,
    journeys,
    star,
)
from dashboard.answers.keep import use_store
from dashboard.store import Store, open_store
from metrics.activity import measure_of, measures
from metrics.disclosure import Rule, audit, join
from metrics.estimates import SUPPRESSED
from sample_data.invented import invent
from tests.conftest import ROOT
from tests.sign_in import signed_in

PAGE = "../pages/activity.py"
ENTRY = str(ROOT / "dashboard" / "entry" / "app.py")
SMALL = range(1, 6)
WHOLE = {"area": "", "agency": "", "level": ""}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database with a tenth of the invented county, its figures reckoned."""
    path = tmp_path_factory.mktemp("activity") / "activity.db"
    with open_store(path) as store:
        store.load_cases(
            invent(scale=0.1), None, kind="cases", file_name="invented.zip", sha256="1" * 64, standing="invented"
        )
        use_store(store)
        assert activity_shown.reckon(PUBLISHED)
        use_store(None)
    yield path


@pytest.fixture
def records(held: Path) -> Iterator[Store]:
    with open_store(held) as store:
        use_store(store)
        yield store
        use_store(None)


def scope(role: str, **held: str) -> Scope:
    return scopes_of([Grant(role, **held)])[0]


SUBGROUP = scope("subgroup member")
COORDINATOR = scope("coordinator", forum_area="EHF01")
LEAD = scope("agency lead", agency="school")


# ---- what is shown, and what is not


def test_no_small_count_of_families_is_among_the_figures(records):
    rows = activity_shown.figures(PUBLISHED).filter(
        pl.col("measure").is_in(["M01_count", "M02", "M04", "M10", "M11", "M12", "M13_12", "M14", "M15", "M25"])
    )
    counted = rows.filter(pl.col("group") != "not recorded", pl.col("value").is_not_null())
    counted = counted.with_columns(
        (pl.col("denominator") - pl.col("numerator")).alias("complement"),
        pl.coalesce("numerator", "value").alias("count"),
    )
    assert counted.height > 500
    for column in ("count", "complement", "denominator", "n"):
        assert not set(counted[column].drop_nulls().cast(pl.Int64)) & set(SMALL), column


def test_what_is_hidden_cannot_be_worked_out(records):
    shown = activity_shown.figures(PUBLISHED).filter(measure="M02")
    dimension = {"council": "area", "district": "area", "forum_area": "area", "agency_type": "agency"}
    rows = shown.with_columns(pl.col("breakdown").replace(dimension), pl.lit(None, pl.Int64).alias("n"))
    totals = join(activity_shown._totals(), activity_shown._periods(rows))
    found = audit(rows, totals=totals, rules=[Rule(groups="not recorded", exempt=True)])
    assert found.height > 20
    assert found["safe"].all(), found.filter(~pl.col("safe"))


def test_every_family_of_measures_adds_up_as_it_is_said_to(records, monkeypatch):
    day = case_records.as_at(PUBLISHED)
    monkeypatch.setattr(
        activity_shown, "_withheld", lambda rows: rows if rows.is_empty() else pytest.fail("does not add up")
    )
    monkeypatch.setattr(activity_shown, "MOST_SMALL", 1.0)
    whole = measures(case_records.tables(PUBLISHED), as_at=day, period="year")
    assert activity_shown.safe(whole, totals=activity_shown._totals()).height == whole.height


def test_what_is_shown_is_what_was_reckoned(records):
    day = case_records.as_at(PUBLISHED)
    whole = measures(case_records.tables(PUBLISHED), as_at=day, period="year", by="forum_area")
    key = ["measure", "breakdown", "group", "period"]
    both = activity_shown.figures(PUBLISHED).join(whole, on=key, suffix="_whole").filter(pl.col("value").is_not_null())
    assert both.height > 100
    assert both.select((pl.col("value") == pl.col("value_whole")).all()).item()


def test_the_figures_are_reckoned_once_and_kept_in_the_database(records, monkeypatch):
    monkeypatch.setattr(activity_shown, "measures", lambda *a, **k: pytest.fail("reckoned again"))
    assert activity_shown.figures(PUBLISHED).height > 1_000
    assert not activity_shown.reckon(PUBLISHED)


def test_a_figure_that_differs_from_the_last_month_s_is_marked(held, tmp_path):
    with open_store(Path(tmp_path / "copy.db")) as store:
        store.load_cases(
            invent(scale=0.1), None, kind="cases", file_name="invented.zip", sha256="1" * 64, standing="invented"
        )
        use_store(store)
        with open_store(held) as other:
            now = other.snapshots().drop("taken_on")
        year = (pl.col("measure") == "M10") & (pl.col("period") == "2024/25") & (pl.col("breakdown") == "all")
        before = now.with_columns(pl.when(year).then(pl.col("value") - 3).otherwise("value").alias("value"))
        store.keep_snapshot(before, taken_on=case_records.as_at(PUBLISHED).replace(month=8, day=31))
        store.keep_snapshot(now, taken_on=case_records.as_at(PUBLISHED), reckoned_from=activity_shown._state())
        seen = activity.activity(SUBGROUP, **WHOLE, period="2024/25")
        use_store(None)
    marked = [line.id for box in seen.boxes for line in (*box.first, *box.rest) if "restated" in line.note]
    assert marked == ["M10"]


# ---- to whom


def test_a_coordinator_sees_the_own_area_whole_and_no_other(records):
    own = activity_own.figures(COORDINATOR, "forum_area", "EHF01")
    assert own.filter(status=SUPPRESSED).is_empty()
    assert set(own["group"]) == {"EHF01"}
    with pytest.raises(NotAllowed):
        activity_own.figures(COORDINATOR, "forum_area", "EHF02")
    seen = activity.activity(COORDINATOR, area="EHF01", agency="", level="", period="2025-12")
    assert (seen.own, seen.period, seen.remark) == (True, "2025-12", "")
    other = activity.activity(COORDINATOR, area="EHF02", agency="", level="", period="2025-12")
    assert (other.own, other.period) == (False, "2025/26")


@pytest.mark.parametrize("asker", [SUBGROUP, LEAD, scope("QA manager"), scope("data officer")])
def test_nobody_else_is_given_an_area_whole(records, asker):
    with pytest.raises(NotAllowed):
        activity_own.figures(asker, "forum_area", "EHF01")


def test_an_agency_lead_chooses_the_own_and_types_of_agency_only(records):
    names = set(case_records.agencies(PUBLISHED))
    lead = scope("agency lead", agency=sorted(names)[0])
    offered = set(activity.choices(lead).agencies)
    assert offered & names == {sorted(names)[0]}
    assert not set(activity.choices(SUBGROUP).agencies) & names
    with pytest.raises(NotAllowed):
        activity.activity(lead, area="", agency=sorted(names)[1], level="", period="2025/26")


def test_an_agency_lead_and_a_coordinator_begin_with_their_own_beside_the_county(records):
    agency = case_records.tables(PUBLISHED)["assessment"]["agency_id"].value_counts(sort=True)["agency_id"][0]
    lead = scope("agency lead", agency=agency)
    offered = activity.choices(lead)
    assert (offered.area, offered.agency) == ("", agency)
    assert (activity.choices(COORDINATOR).area, activity.choices(SUBGROUP).area) == ("EHF01", "")
    seen = activity.activity(lead, area="", agency=agency, level="", period="2025/26")
    assert f"were started by {case_records.agencies(PUBLISHED)[agency]}" in seen.sentence
    lines = {line.id: line for box in seen.boxes for line in (*box.first, *box.rest)}
    whole = activity_shown.figures(PUBLISHED).filter(measure="M02", breakdown="all", period="2025/26")["value"].item()
    assert lines["M02"].beside.startswith(f"whole county: {whole:.0f}% (")
    assert lines["M01_count"].beside == ""  # a count of one agency says nothing beside the county's
    county = activity.activity(SUBGROUP, **WHOLE, period="2025/26")
    assert not any(line.beside for box in county.boxes for line in (*box.first, *box.rest))


def test_two_agencies_of_one_lead_have_no_figure_together_to_begin_with(records):
    names = sorted(case_records.agencies(PUBLISHED))[:2]
    assert activity.choices(Scope("agency lead", agencies=frozenset(names))).agency == ""


# ---- what is due at an agency


def test_what_is_due_is_of_the_own_agencies_alone(records):
    tables, day = case_records.tables(PUBLISHED), case_records.as_at(PUBLISHED)
    schools = tables["agency"].filter(agency_type="school")["agency_id"]
    led = tables["episode"].filter(pl.col("lead_agency_id").is_in(schools.implode()))
    due = agency_due.due(LEAD)
    reviews, assessments = (made.frame for made in due.lists)
    assert reviews.height > 0 and set(reviews["Episode"]) <= set(led["episode_id"])
    own = tables["assessment"].filter(pl.col("agency_id").is_in(schools.implode()))
    assert set(assessments["Assessment"]) <= set(own["assessment_id"])
    # by hand: reviews past their day and not held, of episodes open today, none held since
    open_ones = led.filter(pl.col("end_date").is_null() | (pl.col("end_date") > day), pl.col("start_date") <= day)
    late = tables["review"].filter(pl.col("due_date") < day).join(open_ones, on="episode_id", how="semi")
    held = tables["review"].filter(pl.col("held_date") <= day)
    held = held.group_by("episode_id").agg(pl.col("held_date").max().alias("last"))
    missed = late.filter(pl.col("held_date").is_null()).join(held, on="episode_id", how="left")
    missed = missed.filter(pl.col("last").is_null() | (pl.col("due_date") > pl.col("last")))
    assert f"{missed['episode_id'].n_unique():,} review" in due.sentence
    assert reviews.filter(pl.col("Days overdue") != "–").height == missed["episode_id"].n_unique()


@pytest.mark.parametrize("asker", [SUBGROUP, COORDINATOR, scope("QA manager"), scope("data officer")])
def test_nobody_else_is_given_what_is_due(records, asker):
    assert agency_due.due(asker) is None


@pytest.mark.parametrize(
    ("page", "module", "question"),
    [("activity", activity, "activity"), ("journeys", journeys, "journeys"), ("forum", forum, "forum"),
     ("data_quality", data_quality, "quality"), ("distance_travelled", star, "distance")],
)  # fmt: skip
def test_who_waits_for_figures_is_told_so(records, monkeypatch, page, module, question):
    said: list[str] = []
    waiting: list[str] = []
    answer = getattr(module, question)

    @contextmanager
    def told(text: str) -> Iterator[None]:
        waiting.append(text)
        yield
        waiting.remove(text)

    def asked(*args: object, **kwargs: object) -> object:
        said.extend(waiting)
        return answer(*args, **kwargs)

    monkeypatch.setattr(st, "spinner", told)
    monkeypatch.setattr(module, question, asked)
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=120), "coordinator")
    at.switch_page(f"../pages/{page}.py").run()
    assert not at.exception
    assert len(said) == 1
    assert "takes up to a minute" in said[0]


def test_that_a_lead_saw_single_records_stands_in_the_record_once(records):
    def looked() -> int:
        return records.records().filter(pl.col("act") == "looked").height

    before = looked()
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=120), "agency lead").run()
    at.switch_page(PAGE).run()
    assert any("Reviews due: " in html.proto.body for html in at.get("html"))
    at.run()
    assert looked() == before + 1


def test_figures_are_cut_one_way_at_a_time_and_the_page_says_so(records):
    seen = activity.activity(SUBGROUP, area="E06000061", agency="school", level="2", period="2025/26")
    assert (seen.breakdown, seen.group) == ("agency_type", "school")
    assert "not North Northamptonshire (council) and Level 2 within it" in seen.remark


def test_a_period_that_is_not_shown_gives_way_to_its_year(records):
    seen = activity.activity(SUBGROUP, area="E07000150", agency="", level="", period="2026-02")
    assert seen.period == "2025/26"
    assert "is not shown for February 2026: this is 2025/26" in seen.remark


# ---- in words


def test_the_sentence_gives_the_figures_of_the_frame(records):
    seen = activity.activity(SUBGROUP, **WHOLE, period="2024/25")
    held = {row["measure"]: row for row in seen.rows.iter_rows(named=True)}
    assert f"{held['M01_count']['value']:.0f} Early Help Assessments (EHA) were started in the county" in seen.sentence
    assert f"{held['M02']['value']:.0f}% (" in seen.sentence


def test_a_measure_in_time_has_a_point_a_month_and_limits(records):
    course = activity_course.course(SUBGROUP, "M01_count", **WHOLE, period="2025/26")
    assert course.frame["period"][-1] == "2026-09"
    assert course.frame.height == course.limits.height == 72  # October 2020 to September 2026
    assert measure_of("M01_count").unit in course.subtitle


@pytest.mark.parametrize(
    ("of", "begins"),
    [("in the county", "In 2025/26, 206 Early Help Assessments (EHA) were started in the county. 66% ("),
     ("by a school", "In 2025/26, 206 Early Help Assessments (EHA) were started by a school. 66% (")],
)  # fmt: skip
def test_the_sentence_can_be_read_aloud(of, begins):
    rows = [("M01_count", 206.0, None, None), ("M10", 66.0, 139.0, 209.0)]
    frame = pl.DataFrame(rows, schema=["measure", "value", "numerator", "denominator"], orient="row")
    frame = frame.with_columns(lower=pl.lit(60.0), upper=pl.lit(73.0))
    assert activity_words.sentence(frame, of, "2025/26").startswith(begins)


def test_a_signal_is_said_without_the_words_of_the_trade():
    months = pl.DataFrame({"period_end": [date(2026, 3, 31)]})
    told = activity_words.signal(months, pl.DataFrame({"signal": ["beyond the limits; 7 or more rising"]}))
    assert told == "March 2026: beyond the usual ups and downs"


# ---- records without episodes


def test_of_annex_a_only_what_it_can_tell_is_shown(tmp_path):
    """It has no episodes: that nobody was helped before would be said for want of any."""
    some = invent(scale=0.05)
    held = {name: some[name] for name in ("assessment", "agency", "referral", "person")}
    with open_store(tmp_path / "annex.db") as store:
        store.load_cases(held, None, kind="annex_a", file_name="a.xlsx", sha256="2" * 64, standing="local")
        use_store(store)
        shown = set(activity_shown.figures(PUBLISHED)["measure"].str.split("_").list.first())
        assert shown == {"M01", "M02", "M03", "M18"}
        assert not case_records.has_episodes(PUBLISHED)
        assert "no early help episodes" in case_records.nothing(PUBLISHED)[0]
        for page, role in (("journeys", "data officer"), ("forum", "coordinator")):
            at = signed_in(AppTest.from_file(ENTRY, default_timeout=120), role).run()
            at.switch_page(f"../pages/{page}.py").run()
            assert not at.exception
            assert any("hold no early help episodes" in html.proto.body for html in at.get("html"))
        use_store(None)


# ---- the page


@pytest.mark.parametrize("role", ["subgroup member", "commissioner", "QA manager", "agency lead", "coordinator"])
def test_the_page_opens_for_those_who_may(records, role):
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=120), role).run()
    at.switch_page(PAGE).run()
    assert not at.exception
    assert [title.value for title in at.title] == ["How much do we do, how well, and is anyone better off?"]
    assert any("Invented records" in html.proto.body for html in at.get("html"))


@pytest.mark.parametrize("role", ["scrutiny", "administrator"])
def test_the_page_is_closed_to_those_who_may_not(records, role):
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=120), role).run()
    at.switch_page(PAGE).run()
    assert not any("How much" in title.value for title in at.title)


def test_without_records_the_page_says_what_to_do(empty_store):
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=120), "commissioner").run()
    at.switch_page(PAGE).run()
    assert not at.exception
    assert any("No case records are loaded yet." in html.proto.body for html in at.get("html"))
