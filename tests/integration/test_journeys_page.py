"""The page “Journeys” on a small invented county: what each role may choose, and that nothing small gets out."""

from __future__ import annotations

import re

import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from dashboard.access import PUBLISHED, NotAllowed, Scope
from dashboard.answers import case_records, journey_counts, journey_words
from dashboard.answers import journeys as answer
from metrics.disclosure import audit, join
from tests.integration.case_pages import AREA, county, largest, opened, records
from tests.integration.test_pages import words_of
from tests.sign_in import scope


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory):
    with records(tmp_path_factory.mktemp("journeys"), county()) as store:
        yield store


def test_the_page_says_where_families_went():
    at = opened("journeys", "commissioner")
    said = words_of(at)
    assert [t.value for t in at.title] == ["Where do families go?"]
    assert "Invented records" in said
    assert "the whole county" in said
    assert "episodes were open" in said
    for name in ("Step up and step down", "Why episodes were closed", "Who came back", "What drifts", "About these"):
        assert name in said
    [chart] = at.get("plotly_chart")
    assert "From 2 (Early help)" in chart.proto.alt
    assert [s.label for s in at.selectbox] == ["Area", "Agency", "Level of need at the beginning", "Year"]
    assert "Figures in this chart" in said  # the table of the flow is folded away under the chart


def test_the_figures_are_those_of_the_records():
    """All closures of 2024/25, counted from the records by hand here."""
    days = county()["episode"].filter(pl.col("end_date").is_between(pl.date(2024, 4, 1), pl.date(2025, 3, 31)))
    seen = answer.journeys(scope("commissioner"), area="", agency="", level="", year="2024/25")
    closed = next(t for t in seen.tables if t.name == "Why episodes were closed")
    assert closed.lead.startswith(f"{days.height} episodes were closed.")


def flows(*counts: tuple[str, int | None]) -> dict[str, dict]:
    return {measure: {"numerator": count, "status": "c" if count is None else "ok"} for measure, count in counts}


def test_the_sentence_tells_of_the_commonest_level_with_its_limits():
    held = flows(("flow", 600), ("flow:1", 100), ("flow:2", 412), ("flow:2:1", 251), ("flow:2:3", 15), ("flow:2:4", 5))
    said = journey_words.sentence(held, "the whole county", "2024/25")
    low, high = proportion_confint(20, 412, method="wilson")
    assert said == (
        "In 2024/25, 600 episodes were open in the whole county: of the 412 that began at level 2, the commonest, "
        f"61% (56–66) moved down and 5% ({100 * low:.0f}–{100 * high:.0f}) moved up."
    )
    assert "of the 412 that began at level 2, 61%" in journey_words.sentence(held, "Kettering", "2024/25", level="2")
    one = held | flows(("flow:2:4", None))
    assert journey_words.sentence(one, "the whole county", "2024/25").endswith("the commonest, 61% (56–66) moved down.")
    none = flows(("flow", 600), ("flow:1", None))
    assert journey_words.sentence(none, "the whole county", "2024/25").endswith(
        ": how many changed level is not shown."
    )


def test_every_choice_can_be_shown():
    offered = answer.choices(scope("commissioner"))
    assert offered.year == "2025/26"  # the newest that the records cover, up to 30 September 2026
    assert "2026/27 to 30 September 2026" in offered.years.values()
    asked = [(AREA, "", "", "2025/26"), ("E06000061", "", "2", "2024/25"), ("", "", "3", "2020/21")]
    asked += [("", largest(), "", "2025/26"), (AREA, largest(), "2", "2025/26"), ("", "INV-A-000031", "", "2020/21")]
    for area, agency, level, year in asked:
        seen = answer.journeys(scope("commissioner"), area=area, agency=agency, level=level, year=year)
        assert seen.sentence.endswith(".")
        assert seen.remark or not seen.tables[0].frame.is_empty()  # what is not shown is explained


def test_a_choice_stands_in_the_address_and_a_forged_one_falls_back():
    at = opened("journeys", "commissioner", area=AREA, level="2")
    assert (at.selectbox(key="area").value, at.selectbox(key="level").value) == (AREA, "2")
    at = opened("journeys", "commissioner", area="<script>", year="1066")
    assert at.selectbox(key="area").value == ""
    assert "not in “Area”" in at.warning[0].value


def test_an_agency_lead_sees_their_own_agency_beside_the_partnership_and_no_other():
    mine = Scope("agency lead", agencies=frozenset({largest()}))
    offered = answer.choices(mine)
    assert set(offered.agencies) == {"", largest()}
    assert offered.agency == largest()  # what the page begins with
    other = next(a for a in case_records.agencies(PUBLISHED) if a != largest())
    with pytest.raises(NotAllowed):
        answer.journeys(mine, area="", agency=other, level="", year="2025/26")
    ours = answer.journeys(mine, area="", agency=largest(), level="", year="2025/26")
    assert ours.flow.is_empty()  # a whole agency is too small for the levels
    assert any(not table.frame.is_empty() for table in ours.tables)


def test_a_coordinator_chooses_between_the_county_and_their_own_area():
    offered = answer.choices(scope("coordinator"))
    assert set(offered.areas) == {"", AREA}
    assert offered.area == AREA  # what the page begins with
    with pytest.raises(NotAllowed):
        answer.journeys(scope("coordinator"), area="EHF02", agency="", level="", year="2025/26")


@pytest.mark.parametrize("year", ["2025/26", "2020/21"])
def test_no_small_count_leaves_and_none_can_be_worked_out(year):
    areas = journey_counts.of_areas(PUBLISHED, year)
    agencies = journey_counts.of_agencies(PUBLISHED, year)
    for frame in (areas, agencies):
        small = frame.filter(pl.col("numerator").is_between(1, 5) | pl.col("denominator").is_between(1, 5))
        assert small.is_empty()
    assert (areas["status"] == "c").any()  # a tenth of a county has small counts
    totals = journey_counts.totals(PUBLISHED)
    for measures in ("^(flow)", "^(followed|returned|stepped|stayed|not_m)", "^(open|drift)"):
        part = areas.filter(pl.col("measure").str.contains(measures))
        assert audit(part, totals=join(totals))["safe"].all(), measures


def test_no_number_of_1_to_5_stands_in_a_table():
    for area in ("", AREA):
        for year in ("2025/26", "2021/22"):
            seen = answer.journeys(scope("commissioner"), area=area, agency="", level="", year=year)
            cells = [c for t in seen.tables for c in t.frame["Episodes"]]
            assert not [c for c in cells if re.fullmatch("[1-5]", c)]


def test_own_records_are_not_marked_as_invented(tmp_path):
    with records(tmp_path, county(), standing="local"):
        assert "Invented records" not in words_of(opened("journeys", "commissioner"))


def test_without_records_the_page_says_what_to_do(empty_store):
    said = words_of(opened("journeys", "subgroup member"))
    assert "No case records are loaded yet" in said
