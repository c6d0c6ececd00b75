"""Own figures from the page “Load data” to the area map: at their level, summed up above it, small counts hidden."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.access import PUBLISHED, Scope
from dashboard.answers import area_card, area_map, area_measures, area_store, loads, places
from sample_data import places as shipped

OFFICER = Scope("data officer", person="provider|ann", author="Ann")
PLANS = "held:local:plans"
LEVELS = ("ward", "forum", "district", "council", "county")


def load(rows: list[str], *, name: str = "own.csv") -> str:
    """Put a table in as the page does; gives the sentence that it then shows."""
    seen = loads.preview(OFFICER, "\n".join(rows).encode(), file_name=name)
    assert seen.problem == "", seen.problem
    assert seen.batch.refused.is_empty(), seen.batch.refused
    return loads.put_in(OFFICER, seen.batch)


def by_area(
    codes, numerators: list[int], *, denominator: int = 300, measure: str = "local:plans", period: str = "2024"
):
    """A table with the numerators in turn, in the order of the codes."""
    rows = [
        f"{measure},{code},{period},{numerators[k % len(numerators)]},{denominator}"
        for k, code in enumerate(sorted(codes))
    ]
    return ["measure,area,period,numerator,denominator", *rows]


def figures(level: str, *, measure: str = PLANS, year: str = "2024") -> pl.DataFrame:
    return area_measures.figures(PUBLISHED, measure, level=level, year=year)


def wards() -> list[str]:
    return list(places.names(PUBLISHED, "ward"))


@pytest.mark.parametrize(("vintage", "areas"), [(2011, 422), (2021, 443)])
def test_small_areas_are_shown_and_summed_up_to_every_level_above(empty_store, vintage, areas):
    said = load(by_area(shipped.lookup(vintage)["lsoa"], [12, 30]))
    assert said == f"own.csv is in as load 1: {areas} figures, 0 rows refused."
    small = area_map.area_map(PUBLISHED, measure=PLANS, level="lsoa", year="2024")
    assert small.vintage == vintage and small.areas.height == areas
    assert set(small.areas["said"]) == {"4.0%", "10.0%"}  # 12 and 30 of 300
    whole = 12 * ((areas + 1) // 2) + 30 * (areas // 2)
    for level in LEVELS:
        frame = figures(level)
        assert frame["numerator"].sum() == whole and frame["denominator"].sum() == 300 * areas
        assert (frame["value"] - 100 * frame["numerator"] / frame["denominator"]).abs().max() < 1e-9
        assert frame["n"].null_count() == frame.height  # how many areas were added up is no number of people
    corby = shipped.lookup(vintage).sort("lsoa").with_row_index().filter(forum="EHF01")
    by_hand = sum(12 if k % 2 == 0 else 30 for k in corby["index"])
    assert figures("forum").filter(group="EHF01")["numerator"].item() == by_hand
    card = area_card.card(PUBLISHED, measure=PLANS, level="forum", year="2024", code="EHF01", name="Corby")
    assert [judged.name for judged in card.indicators] == ["plans"]


def test_below_district_counts_under_ten_are_hidden_and_districts_show_from_six(empty_store):
    forum, district = list(places.names(PUBLISHED, "forum")), list(places.names(PUBLISHED, "district"))
    load(by_area(forum, [9, 400], measure="local:forum", denominator=2000))
    load(by_area(district, [9, 400], measure="local:district", denominator=2000), name="district.csv")
    hidden = figures("forum", measure="held:local:forum")
    assert set(hidden["status"].gather_every(2)) == {"c"}  # others go with them, where sums would give them away
    assert set(hidden["numerator"].drop_nulls()) == {400}
    assert set(figures("district", measure="held:local:district")["status"]) == {"ok"}


@pytest.mark.parametrize("level", ["ward", "forum", "district"])
def test_figures_of_a_level_between_are_summed_up_to_the_councils_and_the_county(empty_store, level):
    codes = list(places.names(PUBLISHED, level))
    load(by_area(codes, [20]))
    inside = places.lookup(PUBLISHED).select(level, "council").unique().group_by("council").len()
    for council, number in inside.iter_rows():
        row = figures("council").filter(group=council).row(0, named=True)
        assert (row["numerator"], row["denominator"], row["status"]) == (20 * number, 300 * number, "ok")
    assert figures("county")["numerator"].item() == 20 * len(codes)
    assert figures("lsoa").is_empty()
    assert PLANS in area_store.held_at(PUBLISHED, "council")
    assert PLANS not in area_store.held_at(PUBLISHED, "lsoa")


def test_wards_are_not_summed_up_to_areas_that_cut_across_them(empty_store):
    load(by_area(wards(), [20]))
    seen = area_map.area_map(PUBLISHED, measure=PLANS, level="forum", year="2024")
    assert seen.problem[0] == "“plans” is not held for forum areas."


def test_a_ward_without_a_figure_leaves_its_council_without_one(empty_store):
    left_out, *rest = sorted(wards())
    load(by_area(rest, [20]))
    [council] = places.lookup(PUBLISHED).filter(ward=left_out)["council"].unique()
    row = figures("council").filter(group=council).row(0, named=True)
    assert (row["value"], row["status"]) == (None, "x") and "wards" not in row["method"]
    assert figures("council").filter(pl.col("group") != council)["status"].to_list() == ["ok"]


def test_loaded_forum_areas_have_figures_by_their_own_codes(empty_store):
    cut = ["lsoa,forum_area,forum_area_name"]
    cut += [f"{code},F{k % 3},Forum {k % 3}" for k, code in enumerate(shipped.lookup(2021)["lsoa"])]
    load(cut, name="forum.csv")
    load(by_area(["F0", "F1", "F2"], [30]))
    seen = area_map.area_map(PUBLISHED, measure=PLANS, level="forum", year="2024")
    assert seen.areas.select("name", "said").rows() == [(f"Forum {k}", "10.0%") for k in range(3)]
    strange = loads.preview(OFFICER, "\n".join(by_area(["EHF01"], [30])).encode(), file_name="old.csv")
    assert strange.batch.refused["reason"].to_list() == [
        "this stand-in for a forum area is out of use, as the partnership's own forum areas are loaded"
    ]


def test_rows_by_postcode_reach_the_map_as_their_small_area(empty_store):
    rows = ["measure,postcode,period,numerator,denominator"]
    rows += ["local:plans,NN3 2SF,2024,30,100", "local:plans,NN3 2BP,2024,40,180"]
    assert load(rows) == "own.csv is in as load 1: 1 figure, 0 rows refused."
    frame = figures("lsoa")
    assert frame.select("group", "numerator", "denominator", "value").rows() == [("E01027170", 70, 280, 25)]


def test_a_count_is_summed_up_and_a_later_year_may_have_other_small_areas(empty_store):
    rows = ["measure,area,period,count"]
    rows += [f"local:visits,{code},2019,10" for code in shipped.lookup(2011)["lsoa"]]
    rows += [f"local:visits,{code},2024,20" for code in shipped.lookup(2021)["lsoa"]]
    load(rows)
    for year, vintage, total in (("2019", 2011, 4_220), ("2024", 2021, 8_860)):
        assert figures("county", measure="held:local:visits", year=year)["value"].item() == total
        assert area_map.vintage(PUBLISHED, "held:local:visits", year) == vintage


def test_a_published_measure_by_ward_is_the_partnership_s_own_and_stays_off_the_scorecard(empty_store):
    from dashboard.answers.published import of_series

    rows = by_area(wards(), [4, 400], measure="lait:ReReferral", denominator=2000)
    load(rows)
    shown = figures("ward", measure="held:rereferrals", year="2023/24")
    assert shown.filter(status="c").height >= 33
    assert shown["numerator"].drop_nulls().min() >= 10
    assert of_series(PUBLISHED, "rereferrals").filter(pl.col("numerator") == 4).is_empty()


def test_undoing_the_load_takes_the_measure_off_the_map(empty_store):
    load(by_area(list(places.names(PUBLISHED, "district")), [20]))
    assert PLANS in area_map.choices(PUBLISHED)
    loads.undo(OFFICER, 1)
    assert PLANS not in area_map.choices(PUBLISHED)
