"""Distance travelled: people worked by hand under four rules, scipy for the limits, and the definitions themselves."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

from metrics import star
from metrics.definition_files import DefinitionError
from metrics.estimates import SCHEMA

from .star_cases import EXPECTED, KNOWN, ONE, STARS, TWO, T, readings, value


def travelled(stars=STARS, **options):
    return star.distance_travelled(readings(stars), TWO, known=KNOWN, **options)


@pytest.mark.parametrize("rule", EXPECTED)
def test_the_people_worked_by_hand_come_out_as_worked(rule):
    options, areas, (up, down, mean), people = EXPECTED[rule]
    found = travelled(**options)
    assert found.schema == SCHEMA
    for area, (n, first, last, change, ups, same, downs, stage_up, first_high, last_high) in areas.items():
        assert value(found, "points_up", area, "n") == n
        for measure, expected in (("mean_first", first), ("mean_last", last), ("mean_change", change)):
            assert value(found, f"points_{measure}", area) == pytest.approx(expected, abs=5e-5)
        counted = {"points_up": ups, "points_same": same, "points_down": downs, "stage_up": stage_up}
        counted |= {"first_at_ceiling": first_high, "last_at_ceiling": last_high}
        assert {m: value(found, m, area, "numerator") for m in counted} == counted
    assert value(found, "points_up_any", column="numerator") == up
    assert value(found, "points_down_any", column="numerator") == down
    assert value(found, "person_change") == pytest.approx(mean, abs=5e-5)
    paired = star.pairs(readings(), TWO, known=KNOWN, **options).both
    assert sorted(paired.people["person_id"]) == people


def test_what_is_left_out_is_counted_by_its_reason():
    # P5's Star without a worker, P7's second Star without area B
    assert star.pairs(readings(), TWO, known=KNOWN).excluded == {
        "draft": 0, "person_only": 1, "incomplete": 1, "retrospective": 0, "same_day": 0,
    }  # fmt: skip
    draft = [*STARS, ("P3", date(2024, 9, 1), False, T, "draft", "2", 9, 9, 9)]
    without = star.pairs(readings(draft), TWO, known=KNOWN, retrospective=False)
    assert without.excluded["draft"] == 1 and without.excluded["retrospective"] == 1
    assert "P3" not in without.both.people["person_id"]


@pytest.mark.parametrize("scores", [(5, 5, 11), (5, 5, 0), (5, 5, 5.5), (5, 5, -3), (5, 5, float("nan"))], ids=str)
def test_a_star_with_a_reading_off_the_scale_is_incomplete(scores):
    found = star.pairs(readings([*STARS, ("P3", date(2024, 9, 1), False, T, "final", "2", *scores)]), TWO, known=KNOWN)
    assert found.excluded["incomplete"] == 2
    assert "P3" not in found.both.people["person_id"]


def test_an_area_twice_or_of_another_star_makes_a_star_incomplete():
    whole = readings([("P1", date(2024, 4, 1), False, T, "final", "2", 5, 5, 5)])
    for row in (whole[0], whole[0].with_columns(area=pl.lit("D"))):
        assert star.pairs(pl.concat([whole, row]), TWO, known=KNOWN).excluded["incomplete"] == 1
        # one area twice and one missing is three rows as well
        assert star.pairs(pl.concat([whole[1:2], row, row]), TWO, known=KNOWN).excluded["incomplete"] == 1


def test_the_latest_star_in_the_period_sets_it_and_later_ones_do_not_exist():
    # until 31 July: P1's latest is 5 July (A 2 → 5), P4's 1 June (6 → 3), P6's (1 → 5), P8's 10 January (3 → 6)
    early = star.pairs(readings(), TWO, known=KNOWN, period=(None, date(2024, 7, 31))).both
    assert dict(zip(early.people["person_id"], early.last[:, 0] - early.first[:, 0], strict=True)) == {
        "P1": 3, "P4": -3, "P6": 4, "P8": 3,
    }  # fmt: skip
    assert early.period_end == date(2024, 7, 31)
    # from 1 October: only P1 (1 October), P4 (1 December) and P5 (20 November)
    late = star.pairs(readings(), TWO, known=KNOWN, period=(date(2024, 10, 1), date(2025, 3, 31)))
    assert sorted(late.people["person_id"]) == ["P1", "P4", "P5"] and late.people["paired"].all()
    year = travelled(period=(date(2024, 4, 1), date(2025, 3, 31)))
    assert year["period"].unique().to_list() == ["2024/25"]
    assert year["period_end"].unique().to_list() == [date(2025, 3, 31)]


def test_with_exactly_two_the_first_is_the_baseline_even_when_the_second_is_lower():
    # P4 until June has two Stars only: 6, 7, 5 and 3, 4, 4
    found = star.pairs(readings(), TWO, known=KNOWN, baseline="lower", period=(None, date(2024, 6, 30))).both
    at = found.people["person_id"].to_list().index("P4")
    assert found.first[at].tolist() == [6, 7, 5] and found.last[at].tolist() == [3, 4, 4]


def test_two_stars_of_one_day_make_no_pair_and_the_one_made_together_counts():
    day = date(2024, 6, 10)
    same = [("P9", day, False, by, "final", "2", *scores) for by, scores in (("worker", (1, 1, 1)), (T, (5, 5, 5)))]
    found = star.pairs(readings(same), TWO, known=KNOWN)
    assert found.excluded["same_day"] == 1 and not found.people["paired"].any()
    assert found.first.tolist() == [[5, 5, 5]]
    lower = [("P9", day, False, T, "final", "2", *scores) for scores in ((5, 5, 5), (5, 4, 5))]
    assert star.pairs(readings(lower), TWO, known=KNOWN).first.tolist() == [[5, 4, 5]]


def test_limits_are_those_of_wilson_and_student():
    found = travelled()
    row = found.filter(measure="stage_up", group="A").row(0, named=True)
    # Wilson for 4 of 6, by hand: (2·4 + z² ∓ z√(z² + 4·4·2/6)) / (2(6 + z²)) with z = 1.959964
    z = 1.959963984540054
    half = z * (z * z + 4 * 4 * 2 / 6) ** 0.5
    assert (row["lower"], row["upper"]) == pytest.approx(
        tuple(100 * (8 + z * z + s * half) / (2 * (6 + z * z)) for s in (-1, 1))
    )
    # A: changes 2, 0, 0, 2, 4, 5
    low, high = stats.t.interval(0.95, 5, loc=13 / 6, scale=stats.sem([2, 0, 0, 2, 4, 5]))
    mean = found.filter(measure="points_mean_change", group="A").row(0, named=True)
    assert (mean["lower"], mean["upper"]) == pytest.approx((low, high))
    # everyone's mean change: 5/3, −1/3, 1/3, 1, 4, 7/3
    low, high = stats.t.interval(0.95, 5, loc=1.5, scale=stats.sem([5 / 3, -1 / 3, 1 / 3, 1, 4, 7 / 3]))
    mean = found.filter(measure="person_change").row(0, named=True)
    assert (mean["lower"], mean["upper"]) == pytest.approx((low, high))


def test_those_already_managing_are_split_from_the_others():
    # area A: only P2 begins at 8 or more and stays (9 → 9); B: P2 10 → 9; C: P2 8 → 8. Below: A up a stage P1 P5 P6 P8
    # of 5; B: P1 4 → 6, P6 1 → 5 up a stage, P4 7 → 6 down one, P5 5 → 6 and P8 5 → 6 within stage 3
    found = travelled()
    expected = {"A": (1, 1, 0, 4, 0), "B": (1, 1, 0, 2, 1), "C": (1, 1, 0, 4, 0)}
    for area, counts in expected.items():
        names = ("first_at_ceiling", "maintained", "slipped", "below_stage_up", "below_stage_down")
        assert tuple(value(found, m, area, "numerator") for m in names) == counts
        assert value(found, "below_stage_up", area, "denominator") == 5
        assert value(found, "maintained", area, "denominator") == 1


def test_up_in_some_area_never_stands_without_down_in_some_area():
    for by in (None, "service"):
        found = star.distance_travelled(readings(service={"P1": "S1"}), TWO, known=KNOWN, by=by)
        for one in star.measures().values():
            if one.beside.endswith("_any") and one.id.endswith("_any"):
                pair = [found.filter(measure=m).select("breakdown", "group", "n") for m in (one.id, one.beside)]
                assert pair[0].height and pair[0].equals(pair[1])


def test_split_by_a_column_by_two_and_by_the_length_of_support():
    services = {"P1": "S1", "P2": "S1", "P4": "S2", "P5": "S2", "P6": "S2"}
    frame = readings(service=services, forum_area={"P1": "F1", "P2": "F2"})
    found = star.distance_travelled(frame, TWO, known=KNOWN, by="service")
    assert set(found["breakdown"]) == {"service", "service × star_area"}
    # S1: P1 and P2, of whom P1 up; S2: P4, P5, P6; not known: P8
    assert found.filter(measure="stage_up_any").select("group", "numerator", "denominator").rows() == [
        ("S1", 1, 2), ("S2", 3, 3), ("not known", 1, 1),
    ]  # fmt: skip
    assert value(found, "points_mean_change", "S1 × A") == pytest.approx((2 + 0) / 2)
    crossed = star.distance_travelled(frame, TWO, known=KNOWN, by=("service", "forum_area"))
    assert value(crossed, "stage_up_any", "S1 × F1", "denominator") == 1
    assert crossed["breakdown"].unique(maintain_order=True).to_list() == [
        "service × forum_area", "service × forum_area × star_area",
    ]  # fmt: skip
    # days: P1 174, P2 171, P4 213, P5 163, P6 135, P8 519
    length = star.distance_travelled(frame, TWO, known=KNOWN, by="length").filter(measure="stage_up_any")
    assert dict(zip(length["group"], length["denominator"], strict=True)) == {
        "3 to 6 months": 4, "6 to 12 months": 1, "a year or more": 1,
    }  # fmt: skip
    whole = travelled()
    for measure in ("stage_up", "points_down", "maintained"):
        parts = found.filter(measure=measure)["numerator"].sum()
        assert parts == whole.filter(measure=measure)["numerator"].sum()


def test_nobody_is_not_an_error():
    empty = star.distance_travelled(readings([]), TWO, known=KNOWN)
    assert set(empty.filter(pl.col("measure").is_in(["stage_up_any", "stage_up"]))["status"]) == {"x"}
    assert empty["value"].null_count() == empty.height
    assert star.distance_travelled(readings([]), TWO, known=KNOWN, by="service").is_empty()


def test_wrong_arguments_are_said_in_words():
    with pytest.raises(ValueError, match="the baseline is one of first, lower"):
        travelled(baseline="highest")
    with pytest.raises(ValueError, match="there is no edition 'hand/3'"):
        star.pairs(readings(), "hand/3", known=KNOWN)
    with pytest.raises(ValueError, match="lack the column 'score'"):
        star.pairs(readings().drop("score"), TWO, known=KNOWN)
    with pytest.raises(ValueError, match="range must be set first"):
        star.pairs(readings(), "new_mum_star/1")
    with pytest.raises(ValueError, match="not split by 'ward'"):
        star.distance_travelled(star.pairs(readings(), TWO, known=KNOWN), by="ward")
    with pytest.raises(ValueError, match="of which edition"):
        star.distance_travelled(readings())


# Definitions ---------------------------------------------------------------------------------------------------------


def test_every_measure_is_defined_and_every_definition_is_reckoned():
    found = star.pairs(readings(service={"P1": "S1"}), TWO, known=KNOWN)
    frames = [star.distance_travelled(found), star.stage_matrix(found), star.flow(found), star.family_bootstrap(found)]
    assert {m for frame in frames for m in frame["measure"]} == set(star.measures())
    for one in star.measures().values():
        assert one.name and one.definition.endswith((".", ")")) and one.unit
        if one.unit.startswith("%"):
            assert one.numerator and one.denominator


@pytest.mark.parametrize(("key", "areas"), [("family_star_plus/1", 10), ("family_star_plus/2", 10), ("my_star/1", 8)])
def test_shipped_editions_with_a_known_range(key, areas):
    edition = star.editions()[key]
    assert len(edition.areas) == areas and not edition.unknown
    assert edition.stage_count == 5


def test_stages_of_ten_point_and_five_point_stars():
    ten, five = star.editions()["family_star_plus/1"], star.editions()["teen_star/1"]
    # ceil(reading / 2), and the reading itself
    assert ten.stage_of(np.arange(1, 11)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert five.stage_of(np.arange(1, 6)).tolist() == [1, 2, 3, 4, 5]
    assert ten.stage_name(2) == "Accepting help" and star.editions()["my_star/1"].stage_name(2) == "Stage 2"
    assert ten.area_name("area_3") == "Meeting emotional needs"
    assert star.editions()["family_star_plus/2"].area_name("area_3") == "Area 3"


def test_what_is_pooled_and_what_never():
    known = star.editions()
    assert known["family_star_plus/1"].pools_with == ("2",) and known["family_star_plus/2"].pools_with == ("1",)
    assert [k for k, e in known.items() if e.pools_with] == ["family_star_plus/1", "family_star_plus/2"]
    apart = star.distance_travelled(readings(), ONE, known=KNOWN, pool=False)
    assert value(apart, "stage_up_any", column="denominator") == 0  # P8 alone has one Star of edition 1


def test_an_edition_of_the_licence_holder_s_own_replaces_the_shipped_one():
    text = """
[[edition]]
star = "new_mum_star"
edition = "1"
name = "New Mum Star"
also_called = []
editions = ["1"]
lowest = 1
highest = 10
range_status = "confirmed"
readings_per_stage = 2
ceiling = 9
ceiling_status = "confirmed"
pools_with = []
pooling = ""
source = "our copy"
note = ""
area = [{ id = "area_1", name = "Life skills", status = "confirmed" }]
"""
    assert star.editions()["new_mum_star/1"].unknown
    own = star.editions(text)["new_mum_star/1"]
    assert not own.unknown and own.ceiling == 9 and own.stage_count == 5
    for wrong, words in (
        ("highest = 10", "highest = 30"),
        ("ceiling = 9", "ceiling = 12"),
        ('range_status = "confirmed"', 'range_status = "sure"'),
        ("lowest = 1", "lowest = 1\nmiddle = 5"),
        ("readings_per_stage = 2", "readings_per_stage = 3"),
    ):
        with pytest.raises(DefinitionError, match="new_mum_star/1"):
            star.editions(text.replace(wrong, words))


@pytest.mark.parametrize(
    ("name", "edition", "key"),
    [
        ("Family Star Plus", "1.1", "family_star_plus/1"),
        ("family_star_plus", "1", "family_star_plus/1"),
        ("Family Star Plus™", "Edition 2", "family_star_plus/2"),
        ("Family Star Plus (2nd edition)", None, "family_star_plus/2"),
        ("Family Star Plus", None, None),  # there are two
        ("Family Star Plus", "3", None),
        ("My Star", None, "my_star/1"),
        ("My Star", "7", None),
        ("Young Person's Star", "", "young_persons_star/1"),
        ("Strengths and Difficulties", "1", None),
        (None, None, None),
    ],
)
def test_an_edition_is_found_by_the_names_that_exports_use(name, edition, key):
    found = star.find(name, edition, star.editions())
    assert (found.key if found else None) == key


def test_nothing_of_the_licensor_s_is_shipped_but_names_and_the_acknowledgement_is_there():
    assert "Triangle" in star.acknowledgement() and "©" in star.acknowledgement()
    for edition in star.editions().values():
        assert all(len(thing.name) <= 40 for thing in (*edition.areas, *edition.stages))  # a name, not a description
    assert any("not change caused by support" in sentence for sentence in star.cannot_say())
