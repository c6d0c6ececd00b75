"""What the Star's page is told: by hand, out of the answers, after disclosure control."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from dashboard.access import NotAllowed, Scope
from dashboard.answers import star as answer
from dashboard.answers import star_areas, star_indicator, star_shown, use_store
from dashboard.answers import star_records as records
from dashboard.answers.star_areas import BEGAN, NOW
from metrics.disclosure import audit, join, total
from metrics.star import indicator_star

from .star_cases import by_hand, county, stars, together

COMMISSIONER = Scope("commissioner")
STAR, YEAR = "family_star_plus-1", "2025/26"
CHOSEN = {"star": STAR, "year": YEAR, "baseline": "first", "by": "service"}


@pytest.fixture(scope="module")
def small_store(tmp_path_factory):
    """200 people with two Stars in 2025/26, of two services: 40 up by a stage, 30 down, 130 unchanged; 50 without a
    second. In 2026/27, twelve more without a second, of a third service."""
    one = by_hand("A", [(2, 24), (-2, 18), (0, 78)], only_first=30)
    other = by_hand("B", [(2, 16), (-2, 12), (0, 52)], only_first=20)
    late = by_hand("C", [], only_first=12, begun=date(2026, 4, 20))
    with stars(tmp_path_factory.mktemp("small"), together(one, other, late)) as store:
        yield store


@pytest.fixture(scope="module")
def invented_store(tmp_path_factory):
    with stars(tmp_path_factory.mktemp("invented"), county(), standing="invented") as store:
        yield store


@pytest.fixture
def small(small_store):
    use_store(small_store)


@pytest.fixture
def invented(invented_store):
    use_store(invented_store)


def test_the_sentence_says_both_ways_and_who_is_missing(small):
    seen = answer.distance(COMMISSIONER, **CHOSEN)
    # Wilson: 40/200 → 15.0–26.1, 30/200 → 10.7–20.6
    assert seen.sentence == (
        "Of 200 families with two Stars in 2025/26, 20% (15–26) moved up at least one stage in at least one area; "
        "15% (11–21) moved down in at least one; 50 more have no second Star yet."
    )
    # of 250: 40 up to 40 + 50, 30 up to 30 + 50
    assert "between 16% and 36% moved up and between 12% and 32% moved down" in seen.bounds
    assert seen.lost == (
        "Of 250 families whose second Star was due, 80% (75–84) have it; 50 closed without one and 0 are open and "
        "overdue."
    )
    assert [(s.name, s.number, s.width, s.lost) for s in seen.steps[2:]] == [
        ("families, latest Star in the year", "250", 100, False),
        ("second Star not yet due", "0", 0, False),
        ("second Star due", "250", 100, False),
        ("have it", "200", 80, False),
        ("closed without one", "50", 20, True),
        ("open and overdue", "0", 0, True),
    ]


def test_area_by_area(small):
    seen = answer.distance(COMMISSIONER, **CHOSEN)
    first, second = seen.moved.rows()[:2]
    # a reading of 5 is stage 3; mean now (40·4 + 30·2 + 130·3)/200 = 3.05
    assert first == ("Physical health", "3.0", "3.1", "20% (15–26), 40 of 200", "65% (58–71), 130 of 200",
                     "15% (11–21), 30 of 200")  # fmt: skip
    assert second[1:] == ("3.0", "3.0", "0% (0–2), 0 of 200", "100% (98–100), 200 of 200", "0% (0–2), 0 of 200")
    means = seen.means.filter(group="area_1")
    assert dict(means.select("measure", "value").rows()) == {BEGAN: 3.0, NOW: pytest.approx(3.05)}
    assert seen.headline == "Most movement in Physical health: 0.1 of a stage on average"
    # nobody began at 8 or above
    assert seen.further.rows()[0][1:6] == (
        "0% (0–2), 0 of 200", "[x]", "[x]", "20% (15–26), 40 of 200", "15% (11–21), 30 of 200",
    )  # fmt: skip


def test_the_matrix_of_an_area(small):
    cells = answer.matrix(COMMISSIONER, star=STAR, year=YEAR, baseline="first", area="area_1")
    table = answer.matrix_table(cells, "area_1", answer.distance(COMMISSIONER, **CHOSEN).stages)
    assert table.rows()[2][1:] == ("0", "30", "130", "40", "0")
    assert all(row[1:] == ("0",) * 5 for i, row in enumerate(table.rows()) if i != 2)


def test_services_are_shown_together_for_the_newest_years_and_judged(small):
    cut = answer.split(COMMISSIONER, **CHOSEN)
    assert cut.moved.rows() == [
        ("Service A", "120", "20% (14–28), 24 of 120", "15% (10–22), 18 of 120", "as chance would have it"),
        ("Service B", "80", "20% (13–30), 16 of 80", "15% (9–24), 12 of 80", "as chance would have it"),
        ("Service C", "0", "–", "–", "too few to say"),
    ]
    assert cut.lost.rows() == [
        ("Service A", "150", "80% (73–86)", "30", "20%"),
        ("Service B", "100", "80% (71–87)", "20", "20%"),
        ("Service C", "0", "[x]", "0", "[x]"),  # not due yet on the last day of the records
    ]
    assert cut.lost_lead == "Most were lost at Service A (30 of 150) and Service B (20 of 100)."
    assert cut.lead.startswith("Of 3 services, 2 have enough Stars to be judged: 0 above what chance explains, 0 below")


def test_length_of_support(small):
    cut = answer.split(COMMISSIONER, **{**CHOSEN, "by": "length"})
    # 1 May to 3 November 2025: 186 days
    assert cut.moved.rows() == [("6 to 12 months", "200", "20% (15–26), 40 of 200", "15% (11–21), 30 of 200")]
    assert cut.lost.is_empty() and cut.funnel.is_empty()


def test_what_is_not_offered_is_refused(small):
    for wrong in ({"star": "teen_star-1"}, {"year": "1999/00"}, {"baseline": "last"}, {"by": "worker"}):
        for question in (answer.distance, answer.split):
            with pytest.raises(NotAllowed):
                question(COMMISSIONER, **{**CHOSEN, **wrong})
    with pytest.raises(NotAllowed):
        answer.matrix(COMMISSIONER, star=STAR, year=YEAR, baseline="first", area="area_11")


def test_the_strategy_s_indicator_is_the_page_s_own_figure(small):
    found = star_indicator.figures(COMMISSIONER).row(0, named=True)
    assert (found["group"], found["period"], found["numerator"], found["denominator"]) == (
        "E10000021", YEAR, 40, 200,
    )  # fmt: skip
    assert found["value"] == 20 and found["standing"] == "local"
    assert found["note"] == "15% (11–21) moved down in at least one area: never read one without the other."
    assert records.kinds(COMMISSIONER)[STAR].edition.star == indicator_star()


def test_without_readings_there_is_nothing_to_choose(tmp_path):
    tables = county() | {"reading": county()["reading"].clear()}
    with stars(tmp_path, tables):
        assert answer.choices(COMMISSIONER) is None
        assert star_indicator.figures(COMMISSIONER).is_empty()
        answer.reckon(COMMISSIONER)


def test_readings_without_any_other_record_can_be_reckoned(tmp_path):
    """A Star export alone: nobody knows who was supported, who closed, or of which type a service is."""
    tables = by_hand("A", [(2, 30), (0, 40)], only_first=12)
    alone = {**{name: frame.clear() for name, frame in tables.items()}, "reading": tables["reading"]}
    with stars(tmp_path, alone):
        seen = answer.distance(COMMISSIONER, **{**CHOSEN, "by": "agency_type"})
        assert seen.sentence.startswith(
            "Of 70 families with two Stars in 2025/26 to 3 November 2025, 43% (32–55) moved"
        )
        assert seen.steps[0].name == "families, latest Star in the year"
        cut = answer.split(COMMISSIONER, **CHOSEN)
        assert cut.moved.rows()[0][:2] == ("A", "70")


def test_editions_that_are_pooled_are_one_star_and_the_pairs_across_are_told(invented):
    offered = answer.choices(COMMISSIONER)
    assert offered.stars[STAR] == "Family Star Plus, editions 1 and 2"
    assert list(offered.stars) == [STAR, "my_star-1", "youth_star-2"]
    across = answer.about(COMMISSIONER, star=STAR, year="2023/24", baseline="first")["exclusions"]
    assert "have Stars of two editions" in across


def test_where_families_have_several_people_they_are_people_and_the_limits_allow_for_it(tmp_path):
    with stars(tmp_path, by_hand("A", [(2, 30), (0, 40)], of_a_family=2)):
        seen = answer.distance(COMMISSIONER, **CHOSEN)
        assert seen.sentence.startswith("Of 70 people with two Stars")
        for frame in (star_shown.county(COMMISSIONER, STAR), star_areas.areas(COMMISSIONER, STAR, YEAR, "first")):
            moved = frame.filter(pl.col("measure").str.ends_with("stage_up_any") | (pl.col("measure") == "stage_up"))
            assert moved["method"].str.starts_with("bootstrap over 35 families").all()


def test_everything_shown_of_the_county_passes_the_audit(invented):
    """What a reader can work out: every hidden count may be 5, or is known to be 6 or more; and may be 1, but for
    complements of two hidden counts, of which zeros alone tell that they are 2 at least."""
    told = 0
    for kind in records.kinds(COMMISSIONER):
        shown = star_shown.county(COMMISSIONER, kind)
        pairs = [f"{b}:{m}" for b in ("first", "lower") for m in ("stage_up_any", "stage_down_any")]
        parts = {"flow_started": ["flow_second_due", "flow_not_yet_due"],
                 "flow_second_due": ["flow_paired", "flow_closed_without", "flow_open_without"]}  # fmt: skip
        same = {part: whole for whole, some in (*parts.items(), ("flow_paired", pairs)) for part in some}
        sums = [total("measure", whole, some) for whole, some in parts.items()]
        sums += [total("measure", f"{m}/denominator", [whole], relation="the same") for m, whole in same.items()]
        newest, lately = records.periods(COMMISSIONER)[0].name, records.lately(COMMISSIONER).name
        sums.append(total("period", lately, [newest, "earlier years"]))
        found = audit(shown.with_columns(pl.lit(None, pl.Int64).alias("n")), totals=join(*sums), exact=True)
        assert ((found["upper"] >= 5) | (found["lower"] >= 6)).all(), kind
        assert ((found["lower"] <= 1) | (found["lower"] >= 6) | (found["count"] == "complement")).all(), kind
        told += found.height
    assert told > 50


def test_the_smaller_the_star_the_less_is_shown(invented):
    """A matrix of few people would be hidden nearly whole: it is not shown."""
    year = answer.choices(COMMISSIONER).year
    for kind in ("my_star-1", "youth_star-2"):
        assert star_areas.matrix(COMMISSIONER, kind, year, "first", "area_1").is_empty()
