"""Own figures: hidden where they are small, before anything is compared, averaged, drawn or exported."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dashboard.access import PUBLISHED
from dashboard.answers import hidden, published, use_store
from dashboard.answers.area_store import held_figures
from dashboard.answers.curve import curve
from dashboard.answers.published import COUNTY, ENGLAND, NEIGHBOURS, NORTH, WEST
from dashboard.answers.scorecard import scorecard
from dashboard.store import Store, open_store
from metrics.catalogue import catalogue
from metrics.disclosure import TOTALS, audit, join, total
from metrics.estimates import FIGURES, SCHEMA, conform
from sample_data import places as shipped

YEAR = ("2025/26", date(2026, 3, 31))  # after everything that is published
REREFERRALS = "lait:ReReferral"


def rows(*cells: tuple, period: tuple[str, date] = YEAR, breakdown: str = "area") -> pl.DataFrame:
    """Figures of our own: (feed, area, numerator, denominator), and a value where it is not their percentage."""
    made = [
        {
            "measure": feed, "breakdown": breakdown, "group": area, "period": period[0], "period_end": period[1],
            "numerator": up, "denominator": down, "status": "ok",
            "value": value[0] if value else up if down is None else 100 * up / down,
        }
        for feed, area, up, down, *value in cells
    ]  # fmt: skip
    schema = {**{c: FIGURES[c] for c in made[0]}, "numerator": pl.Float64, "denominator": pl.Float64}
    return conform(pl.DataFrame(made, schema=schema), FIGURES)


def put(store: Store, figures: pl.DataFrame, *, name: str = "mine", standing: str = "local") -> int:
    return store.load(figures, None, kind="own", file_name=f"{name}.csv", sha256=name, standing=standing)


def shown(series: str, area: str, period: str = YEAR[0]) -> dict:
    found = published.of_series(PUBLISHED, series).filter(group=area, period=period)
    return found.row(0, named=True) if found.height else {}


def numbers(row: dict) -> tuple:
    return tuple(row[c] for c in ("numerator", "denominator", "value", "lower", "upper", "n"))


@pytest.fixture
def own(sample_database: Path, tmp_path: Path) -> Iterator[Store]:
    """The sample data, and North 3 of 400, West 60 of 500 of our own."""
    with open_store(shutil.copy(sample_database, tmp_path / "own.db")) as store:
        put(store, rows((REREFERRALS, NORTH, 3, 400), (REREFERRALS, WEST, 60, 500)))
        use_store(store)
        yield store
        use_store(None)


# --- what is hidden --------------------------------------------------------------------------------------------------


def test_a_small_count_goes_with_its_share_and_the_other_council_with_it(own):
    north, west, county = (shown("rereferrals", area) for area in (NORTH, WEST, COUNTY))
    # 63 of 900 is shown, so that 60 of 500 would tell the 3
    assert (north["status"], numbers(north)) == ("c", (None, 400.0, None, None, None, None))
    assert (west["status"], numbers(west)) == ("c", (None, 500.0, None, None, None, None))
    assert numbers(county)[:3] == (63.0, 900.0, 7.0)
    assert county["n"] == 900


def test_the_complement_is_a_count_too(sample_store):
    put(sample_store, rows(("ees:cla_immunisations", NORTH, 197, 200), ("ees:cla_immunisations", WEST, 150, 300)))
    assert shown("looked_after_immunised", NORTH)["status"] == "c"
    assert shown("looked_after_immunised", WEST)["value"] is None
    assert shown("looked_after_immunised", COUNTY)["value"] == pytest.approx(100 * 347 / 500)


def test_a_nought_is_shown(sample_store):
    put(sample_store, rows((REREFERRALS, NORTH, 0, 400), (REREFERRALS, WEST, 60, 500)))
    assert numbers(shown("rereferrals", NORTH))[:3] == (0.0, 400.0, 0.0)
    assert shown("rereferrals", WEST)["value"] == 12.0


def test_large_figures_of_our_own_are_shown_with_all_that_belongs_to_them(sample_store):
    put(sample_store, rows((REREFERRALS, NORTH, 100, 400), (REREFERRALS, WEST, 60, 500)))
    row = shown("rereferrals", NORTH)
    # Wilson for 100 of 400 at 95%: 20.99 to 29.47 (statsmodels proportion_confint)
    assert numbers(row) == (100.0, 400.0, 25.0, pytest.approx(20.999, abs=0.01), pytest.approx(29.467, abs=0.01), 400)
    assert shown("rereferrals", COUNTY)["numerator"] == 160.0


def test_official_figures_stay_as_they_are(sample_store):
    put(sample_store, rows((REREFERRALS, WEST, 2, 300), period=("2014/15", date(2015, 3, 31))), standing="published")
    before = published.published(PUBLISHED)
    put(sample_store, rows((REREFERRALS, NORTH, 3, 400), ("cover:MMR1_24m", NORTH, 2, 30)), name="local")
    after = published.published(PUBLISHED)
    key = ["measure", "group", "period_end"]
    mine = after.filter(standing="local").select(key)
    assert mine.height == 4  # North and the county in both
    assert_frame_equal(after.join(mine, on=key, how="anti").sort(key), before.join(mine, on=key, how="anti").sort(key))
    assert numbers(shown("rereferrals", WEST, "2014/15"))[:2] == (2.0, 300.0)


def test_beside_a_council_whose_figure_is_published_the_county_is_hidden(sample_store):
    put(sample_store, rows((REREFERRALS, WEST, 60, 500)), name="west", standing="published")
    put(sample_store, rows((REREFERRALS, NORTH, 3, 400)))
    assert numbers(shown("rereferrals", WEST))[:3] == (60.0, 500.0, 12.0)
    for area in (NORTH, COUNTY):  # 63 less 60
        assert shown("rereferrals", area)["value"] is None
        assert shown("rereferrals", area)["numerator"] is None


@pytest.mark.parametrize("standing", ["local", "invented", "illustrative", ""])
def test_everything_that_no_publisher_cleared_is_our_own(sample_store, standing):
    put(sample_store, rows((REREFERRALS, NORTH, 3, 400), (REREFERRALS, WEST, 60, 500)), standing=standing)
    assert shown("rereferrals", NORTH)["status"] == "c"


@pytest.mark.parametrize("standing", ["published", "reference"])
def test_what_a_publisher_cleared_is_not(sample_store, standing):
    put(sample_store, rows((REREFERRALS, NORTH, 3, 400)), standing=standing)
    assert shown("rereferrals", NORTH)["value"] == 0.75


def test_measures_that_share_counts_do_not_tell_each_others(sample_store):
    feeds = ("lait:16-17 NEET", "lait:16-17_not known", "lait:16-17_not known_NEET")
    put(sample_store, rows(*((feed, NORTH, up, 4000) for feed, up in zip(feeds, (3, 40, 43), strict=True))))
    seen = {series: shown(series, NORTH)["numerator"] for series in ("neet", "not_known", "neet_or_not_known")}
    assert seen == {"neet": None, "not_known": None, "neet_or_not_known": 43.0}
    put(sample_store, rows(("lait:LACnum", NORTH, 4, None), ("lait:LACnum", WEST, 500, None)), name="number")
    put(sample_store, rows(("lait:LAC", NORTH, None, None, 0.5), ("lait:LAC", WEST, None, None, 50.0)), name="rate")
    for series in ("looked_after_number", "looked_after"):
        for area in (NORTH, WEST):
            assert shown(series, area, "March 2026")["value"] is None, (series, area)


def test_a_quarter_is_not_told_by_its_year(sample_store):
    ends = (date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31), date(2027, 3, 30))
    for quarter, (end, up) in enumerate(zip(ends, (3, 40, 50, 60), strict=True), start=1):
        label = f"2026/27 Q{quarter}"
        put(sample_store, rows(("cover:MMR1_24m", NORTH, up, 200), period=(label, end)), name=label)
    put(sample_store, rows(("cover:MMR1_24m", NORTH, 153, 800), period=("2026/27", date(2027, 3, 31))), name="year")
    seen = (
        published.of_series(PUBLISHED, "mmr1_24m").filter(group=NORTH).filter(pl.col("period").str.starts_with("2026"))
    )
    assert seen.filter(period="2026/27 Q1")["status"].to_list() == ["c"]
    assert seen.filter(pl.col("value").is_null()).height >= 2


@pytest.mark.parametrize(
    ("cell", "series"),
    [
        (("lait:HospAd0-14", NORTH, None, None, 0.9), "injuries_0_14"),  # of 33,000 children: 3
        ((REREFERRALS, NORTH, 40, None, 93.0), "rereferrals"),  # of 43: 3 others
        ((REREFERRALS, NORTH, None, 400, 0.75), "rereferrals"),
        (("lait:AVG_Prog8_Score", NORTH, None, None, 0.3), "progress_8"),
    ],
)
def test_a_figure_without_its_counts_is_withheld_and_says_why(sample_store, cell, series):
    put(sample_store, rows(cell))
    row = shown(series, NORTH)
    if series == "rereferrals" and cell[2] is None:  # the count is worked back from share and denominator
        assert row["status"] == "c"
    else:
        assert (row["status"], row["note"]) == ("x", hidden.NO_COUNT)
    assert row["value"] is None


def test_what_does_not_add_up_is_withheld_where_something_in_it_is_small(sample_store):
    cells = [(REREFERRALS, NORTH, 3, 400), (REREFERRALS, WEST, 60, 500), (REREFERRALS, COUNTY, 70, 900)]
    put(sample_store, rows(*cells))
    for area in (NORTH, WEST, COUNTY):
        assert (shown("rereferrals", area)["status"], shown("rereferrals", area)["value"]) == ("x", None)
        assert shown("rereferrals", area)["note"] == hidden.NO_SUM


def test_what_does_not_add_up_is_shown_where_nothing_in_it_is_small(sample_store):
    cells = [(REREFERRALS, NORTH, 30, 400), (REREFERRALS, WEST, 60, 500), (REREFERRALS, COUNTY, 100, 950)]
    put(sample_store, rows(*cells))
    assert [shown("rereferrals", area)["numerator"] for area in (NORTH, WEST, COUNTY)] == [30.0, 60.0, 100.0]


def test_figures_split_otherwise_than_by_area_are_left_out(sample_store):
    put(sample_store, rows((REREFERRALS, f"Schools|{NORTH}", 3, 40), breakdown="agency"))
    assert published.published(PUBLISHED).filter(standing="local").is_empty()


# --- what is made of it ----------------------------------------------------------------------------------------------


def test_an_earlier_figure_of_our_own_is_not_told_by_the_one_that_restates_it(own):
    put(own, rows((REREFERRALS, NORTH, 80, 400), (REREFERRALS, WEST, 60, 500)), name="later")
    row = shown("rereferrals", NORTH)
    assert (row["value"], row["previous_value"]) == (20.0, None)
    assert published.RESTATED in row["note"]
    card = scorecard(PUBLISHED, area=NORTH, against=ENGLAND, vintage="2025-05")
    noted = next(r["note"] for g in card.groups for r in g.rows if r["id"] == "S1")
    assert published.RESTATED in noted
    assert "0.8" not in noted
    put(own, rows((REREFERRALS, NORTH, 90, 400), (REREFERRALS, WEST, 60, 500)), name="official", standing="published")
    row = shown("rereferrals", NORTH)
    assert (row["value"], row["previous_value"], row["note"]) == (22.5, None, None)


def test_an_average_of_neighbours_is_taken_of_what_is_shown(own):
    line = published.comparator(PUBLISHED, "rereferrals", WEST, NEIGHBOURS, "2025-05").filter(period=YEAR[0])
    # North is a neighbour of West; nobody else has a figure of this year.
    assert NORTH in published.neighbour_list(WEST, "2025-05")["neighbour"].to_list()
    assert line["value"].to_list() == [None]


def test_nothing_on_the_curve_or_the_scorecard_knows_the_hidden_year(sample_store):
    """Hidden figures change neither trend, run, forecast nor average: as if only the [c] had been loaded."""
    arguments = {"indicator": "S1", "series": "rereferrals", "area": NORTH, "against": NEIGHBOURS, "vintage": "2025-05"}
    first = put(sample_store, rows((REREFERRALS, NORTH, 3, 400), (REREFERRALS, WEST, 60, 500)))
    seen = curve(PUBLISHED, **arguments)
    sample_store.undo(first)
    put(sample_store, rows((REREFERRALS, NORTH, 5, 400), (REREFERRALS, WEST, 58, 500)), name="other")
    again = curve(PUBLISHED, **arguments)
    assert seen.ours.filter(period=YEAR[0])["status"].to_list() == ["c"]
    for part in ("sentence", "headline", "target_start", "remarks", "best", "n"):
        assert getattr(seen, part) == getattr(again, part), part
    assert_frame_equal(seen.ahead, again.ahead)
    assert_frame_equal(seen.frame, again.frame)


def test_the_area_map_shows_no_more_than_the_scorecard(own):
    council = held_figures(PUBLISHED, "held:rereferrals", level="council", period=YEAR[0])
    assert council.sort("group").select("group", "value", "status").rows() == [(NORTH, None, "c"), (WEST, None, "c")]


def test_small_areas_are_left_to_the_map_which_hides_below_ten(sample_store):
    where = shipped.lookup(2021)
    cells = [(REREFERRALS, lsoa, i % 13, 200) for i, lsoa in enumerate(where["lsoa"])]
    put(sample_store, rows(*cells))
    assert published.published(PUBLISHED).filter(standing="local").is_empty()
    seen = held_figures(PUBLISHED, "held:rereferrals", level="lsoa", period=YEAR[0])
    assert seen.height == where.height
    assert seen.filter(pl.col("numerator").is_between(1, 9)).is_empty()
    assert seen.filter(pl.col("numerator") == 0).height == sum(i % 13 == 0 for i in range(where.height))


# --- proof -----------------------------------------------------------------------------------------------------------


def test_what_is_shown_passes_the_audit_with_the_totals_that_the_county_obeys(own):
    put(own, rows(*((f"ees:{slug}", area, up, 500) for slug, area, up in (
        ("cla_immunisations", NORTH, 4), ("cla_immunisations", WEST, 400), ("cla_convicted", NORTH, 5),
        ("cla_convicted", WEST, 2), ("cla_missing", NORTH, 80), ("cla_missing", WEST, 90),
        ("cla_missing_repeat", NORTH, 77), ("cla_missing_repeat", WEST, 40),
    ))), name="more")  # fmt: skip
    frame = published.published(PUBLISHED).filter(pl.col("group").is_in([COUNTY, NORTH, WEST]), period=YEAR[0])
    # Written out here, apart from the code: North + West = county; missing = more than once + once.
    totals = join(
        total("area", COUNTY, [NORTH, WEST]),
        total("measure", "missing_looked_after", ["missing_more_than_once", "once"]),
        total("measure", "missing_looked_after/denominator", ["missing_more_than_once/denominator"]),
    )
    found = audit(frame.select(list(SCHEMA)), totals=totals, exact=True)
    assert found.height > 8
    assert found.filter(~pl.col("safe")).is_empty(), found


def test_the_audit_finds_what_would_be_shown_without(own, monkeypatch):
    monkeypatch.setattr(published, "hide", lambda estimates, **_: estimates)
    own.add_note("S1", "story", "so that nothing kept is given", author="x", base=None)
    assert shown("rereferrals", NORTH)["numerator"] == 3.0


def line(measure: str, group: str, up, down, value, n=None, standing: str = "local", period: str = "2025") -> dict:
    return {
        "measure": measure, "breakdown": "area", "group": group, "period": period, "numerator": up, "denominator": down,
        "value": value, "n": n, "status": "ok", "standing": standing,
    }  # fmt: skip


def hide(*lines: dict, kinds: dict[str, str], totals: pl.DataFrame | None = None) -> list[tuple]:
    frame = pl.DataFrame(
        list(lines), schema_overrides={"numerator": pl.Float64, "denominator": pl.Float64, "n": pl.Int64}
    )
    frame = conform(frame, pl.Schema({**FIGURES, "standing": pl.String}))
    totals = total("area", "all", ["a", "b"]) if totals is None else totals
    safe = hidden.hide(frame, totals=totals, value_types=kinds)
    assert safe.columns == frame.columns
    assert safe.select("measure", "group", "period").equals(frame.select("measure", "group", "period"))
    return safe.select("numerator", "denominator", "value", "n", "status").rows()


def test_the_sum_of_scores_is_no_count_and_the_number_of_pupils_is():
    rows_ = hide(
        line("m", "a", 3.0, 40.0, 0.075, 40), line("m", "b", 30.0, 4.0, 7.5, 4), line("m", "c", 4.0, 60.0, 0.07, 60),
        kinds={"m": "score"},
    )  # fmt: skip
    assert rows_[0] == (3.0, 40.0, 0.075, 40, "ok")
    assert rows_[1] == (None, None, None, None, "c")
    assert rows_[2] == (4.0, 60.0, 0.07, 60, "ok")


def test_of_events_and_of_rates_what_is_left_of_the_denominator_is_nobody():
    """197 suspensions of 200 pupils say nothing of three pupils; 197 pupils of 200 do."""
    assert hide(line("m", "a", 197.0, 200.0, 98.5), kinds={"m": "rate"})[0][4] == "ok"
    assert hide(line("m", "a", 197.0, 200.0, 98.5), kinds={"m": "proportion"})[0][4] == "c"
    assert hide(line("m", "a", 197.0, 200.0, 98.5), kinds={})[0][4] == "c"


def test_a_count_is_its_own_numerator():
    rows_ = hide(line("m", "a", None, None, 3.0), line("m", "b", None, None, 40.0), line("m", "all", None, None, 43.0),
                 kinds={"m": "count"})  # fmt: skip
    assert [row[2] for row in rows_] == [None, None, 43.0]
    assert [row[0] for row in rows_] == [None, None, None]  # nothing is added that was not given


def test_small_areas_have_the_higher_threshold():
    """9 in a ward (E05) is hidden, 9 in a council is not."""
    wards = hide(line("m", "E05000001", 9.0, 90.0, 10.0), line("m", "E06000061", 9.0, 90.0, 10.0), kinds={})
    assert [row[4] for row in wards] == ["c", "ok"]


def test_official_rows_and_their_order_stay_whatever_stands_beside_them():
    lines = [
        line("m", "b", 2.0, 30.0, 6.7, 30, "published"), line("m", "a", 3.0, 40.0, 7.5, 40),
        line("k", "a", 1.0, 9.0, 11.1, 9, "reference"), line("m", "all", 5.0, 70.0, 7.1, 70, "invented"),
    ]  # fmt: skip
    rows_ = hide(*lines, kinds={})
    assert rows_[0] == (2.0, 30.0, 6.7, 30, "ok")
    assert rows_[2] == (1.0, 9.0, 11.1, 9, "ok")
    assert [rows_[i][2] for i in (1, 3)] == [None, None]
    only = [line("m", "b", 2.0, 30.0, 6.7, 30, "published")]
    assert hide(*only, kinds={}) == [(2.0, 30.0, 6.7, 30, "ok")]


def test_measures_in_a_chain_of_sums_are_one_family():
    totals = join(total("measure", "x", ["y", "rest: z"]), total("measure", "w/denominator", ["y/denominator"]))
    families = hidden.families(join(totals, total("measure", "p", ["q"])))
    assert len({families[m] for m in ("x", "y", "w")}) == 1
    assert families["p"] == families["q"] != families["x"]


def test_the_sums_of_the_series_name_series():
    """Each part is a series, its denominator, or says of itself that it has none."""
    totals = hidden.measure_totals()
    assert totals.columns == list(TOTALS)
    names = {
        n.removesuffix("/denominator") for n in (*totals["parent"], *totals["child"]) if not n.startswith("rest: ")
    }
    assert names <= set(catalogue().series)
    assert {"neet", "looked_after_number"} <= names
    # what the definitions say is one count is written in the same words
    for parent, child in totals.filter(relation="same").select("parent", "child").iter_rows():
        assert _words(parent) == _words(child), (parent, child)


def _words(count: str) -> str:
    series, _, kind = count.partition("/")
    return getattr(catalogue().series[series], kind or "numerator")


def test_areas_are_sums_of_what_lies_in_them_and_of_what_is_left():
    where = pl.DataFrame({"lsoa": ["a", "b", "c", "d"], "ward": ["v", "v", "w", None], "council": ["N", "N", "N", "W"]})
    made = hidden.area_totals(where, whole="all").select("parent", "relation", "child").rows()
    assert set(made) == {
        *(("v", "by lsoa", x) for x in "ab"), ("w", "by lsoa", "c"), *(("N", "by lsoa", x) for x in "abc"),
        ("W", "by lsoa", "d"), *(("all", "by lsoa", x) for x in "abcd"),
        ("N", "by ward", "v"), ("N", "by ward", "w"), ("W", "by ward", "the rest of W"),
        ("all", "by ward", "v"), ("all", "by ward", "w"), ("all", "by ward", "the rest of all"),
        ("all", "by council", "N"), ("all", "by council", "W"),
    }  # fmt: skip
