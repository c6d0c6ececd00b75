"""Disclosure control worked by hand, and its audit: nothing shown tells a count of people from 1 to 5."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.disclosure import ALL, BELOW_DISTRICT, TOTALS, Rule, audit, join, nest, suppress, total
from tests.unit.tables_of_counts import counts, crossed, example, frame, without

NONE = pl.DataFrame(schema=TOTALS)


def hidden(shown: pl.DataFrame) -> set[str]:
    return set(shown.filter(pl.col("status") == "c")["group"].to_list())


# --- hand-worked ---


def test_a_small_count_takes_the_smallest_other_with_it_and_never_a_zero():
    # 31 - 20 - 8 - 0 = 3: the 8 must go too; then 3 and 8 are two numbers that make 11, each from 1 to 10
    shown = suppress(counts(a=3, b=0, c=8, d=20, all=31), totals=total("area", "all", "abcd"))
    assert hidden(shown) == {"a", "c"}
    assert shown.filter(group="b")["numerator"].to_list() == [0.0]
    gone = shown.filter(status="c")
    for column in ("numerator", "value", "lower", "upper", "n"):
        assert gone[column].null_count() == gone.height
    kept = shown.filter(pl.col("status") == "ok")
    assert_frame_equal(kept, counts(a=3, b=0, c=8, d=20, all=31).filter(~pl.col("group").is_in(["a", "c"])))


def test_without_totals_only_the_small_counts_go():
    shown = suppress(counts(a=0, b=1, c=5, d=6, e=700), totals=NONE)
    assert hidden(shown) == {"b", "c"}


def test_a_county_of_two_councils_hides_the_other_council():
    shown = suppress(counts(E06000061=3, E06000062=40, E10000021=43), totals=COUNTY)
    assert hidden(shown) == {"E06000061", "E06000062"}


COUNTY = total("area", "E10000021", ["E06000061", "E06000062"])


def test_two_ones_and_their_total():
    # the total, 2, is small itself; nothing else is there to hide
    assert hidden(suppress(counts(a=1, b=1, c=0, all=2), totals=total("area", "all", "abc"))) == {"a", "b", "all"}


def test_six_hidden_areas_and_a_total_of_six_would_each_be_one():
    # zeros are shown, so a reader knows that each [c] is at least 1: six of them adding up to 6 are 1 each
    areas = list("abcdef")
    shown = suppress(counts(**dict.fromkeys(areas, 1), all=6), totals=total("area", "all", areas))
    assert hidden(shown) == {*areas, "all"}


def test_hidden_counts_that_leave_too_little_room_take_a_third():
    # 2 + 2 = 4 is known from 24 - 20: neither could be 5. With the 20 hidden they can.
    shown = suppress(counts(a=2, b=2, c=20, all=24), totals=total("area", "all", "abc"))
    assert hidden(shown) == {"a", "b", "c"}


def test_an_only_child_is_as_small_as_its_parent():
    totals = join(total("area", "ward", ["lsoa"]), total("area", "district", ["ward", "other"]))
    shown = suppress(counts(lsoa=4, ward=4, other=9, district=13), totals=totals)
    assert hidden(shown) == {"lsoa", "ward", "other"}


def test_what_a_shown_count_tells_anyway_is_not_hidden_in_vain():
    # the smallest beside the 2 is the lsoa, 8, but its ward shows the same 8: the third goes instead
    totals = join(total("area", "ward", ["lsoa"]), total("area", "district", ["lsoa", "other", "third"]))
    shown = suppress(counts(lsoa=8, ward=8, other=2, third=50, district=60), totals=totals)
    assert hidden(shown) == {"other", "third"}


def test_months_quarter_and_year():
    rows = [("April", 2), ("May", 9), ("June", 14), ("Q1", 25), ("Q2", 30), ("Year", 55)]
    table = frame([{"group": "x", "period": p, "numerator": float(v)} for p, v in rows])
    totals = join(total("period", "Q1", ["April", "May", "June"]), total("period", "Year", ["Q1", "Q2"]))
    shown = suppress(table, totals=totals)
    assert shown.filter(status="c")["period"].to_list() == ["April", "May"]


def test_one_group_inside_another_is_not_told_by_their_difference():
    # 30 children of 0-17 less 27 of 0-15 are 3 of 16-17, who have no row: the 27 must go
    totals = total("area", "0-17", ["0-15", "16-17"])
    shown = suppress(counts(**{"0-17": 30, "0-15": 27}), totals=totals)
    assert hidden(shown) == {"0-15"}


def test_what_several_areas_outside_the_table_have_together_is_a_count_too():
    # district 30 = a 12 + b 15 + two areas without a row, 3 together
    shown = suppress(counts(a=12, b=15, all=30), totals=total("area", "all", ["a", "b", "c", "d"]))
    assert hidden(shown) == {"a"}
    # 3 together is known, though each could be nobody: that is what is looked after
    told = audit(counts(a=12, b=15, all=30), totals=total("area", "all", ["a", "b", "c", "d"]))
    assert not told.filter(count="not in the table")["safe"].any()


def test_overlapping_groups_by_the_areas_they_share():
    # ward = a + b, forum = b + c: ward 40, forum 43, c - a = 3 is a difference, not a count. With a = 2: c = 5.
    table = counts(a=2, b=38, c=5, ward=40, forum=43)
    totals = join(total("area", "ward", ["a", "b"]), total("area", "forum", ["b", "c"], relation="forum"))
    shown = suppress(table, totals=totals)
    # a, c small; b would give both: hidden. Then a in 1..39 while b = 40 - a, c = 3 + a: from a = 2 on c is 5 …
    told = audit(shown, totals=totals, exact=True)
    assert told["safe"].all()
    # b = 40 - a and c = 3 + a: c is at least 4, so one of the two totals must go as well
    assert hidden(shown) >= {"a", "b", "c"}
    assert hidden(shown) & {"ward", "forum"}


def test_complements_are_counts_of_people():
    # 197 of 200: three were not. The denominator does not tell by itself.
    table = frame([{"group": "a", "numerator": 197.0, "denominator": 200.0}])
    shown = suppress(table, totals=NONE)
    assert shown.select("status", "numerator", "denominator", "value", "n").row(0) == ("c", None, 200.0, None, None)
    events = suppress(table, totals=NONE, rules=[Rule(complement=False)])
    assert events["status"].to_list() == ["ok"]


def test_a_small_denominator_goes_and_a_zero_above_it_stays():
    table = frame(
        [
            {"group": "a", "numerator": 2.0, "denominator": 4.0},
            {"group": "b", "numerator": 0.0, "denominator": 4.0},
            {"group": "c", "numerator": 0.0, "denominator": 90.0},
            {"group": "d", "numerator": 90.0, "denominator": 90.0},
        ]
    )
    shown = suppress(table, totals=NONE)
    assert shown["status"].to_list() == ["c", "ok", "ok", "ok"]
    assert shown["denominator"].to_list() == [None, None, 90.0, 90.0]
    assert shown["numerator"].to_list() == [None, 0.0, 0.0, 90.0]
    assert shown["value"].to_list() == [None, 0.0, 0.0, 100.0]
    assert shown["upper"].is_null().to_list() == [True, True, False, False]  # the limits of 0 of 4 tell the 4
    assert shown["n"].to_list() == [None, None, 90, 90]


def test_denominators_add_up_too():
    # numerators 10 + 20 are no trouble; denominators 90 = 4 + 86: the first shows through 90 - 86
    table = frame(
        [
            {"group": "a", "numerator": 0.0, "denominator": 4.0},
            {"group": "b", "numerator": 30.0, "denominator": 86.0},
            {"group": "c", "numerator": 12.0, "denominator": 30.0},
            {"group": "all", "numerator": 42.0, "denominator": 120.0},
        ]
    )
    shown = suppress(table, totals=total("area", "all", "abc"))
    assert shown["denominator"].to_list() == [None, 86.0, None, 120.0]
    assert shown["numerator"][0] == 0.0
    assert shown["numerator"][2] is None  # 12 and 40% would be 30


def test_the_same_count_under_two_names():
    # the denominator of `late` is the numerator of `due`: 3 and 22 of them
    table = pl.concat(
        [
            frame(
                [
                    {"group": "a", "numerator": 0.0, "denominator": 3.0},
                    {"group": "b", "numerator": 9.0, "denominator": 22.0},
                ]
            ),
            frame([{"group": "a", "numerator": 3.0}, {"group": "b", "numerator": 22.0}], measure="due"),
        ]
    )
    totals = total("measure", "m/denominator", ["due"])
    shown = suppress(table, totals=totals)
    assert shown["denominator"].to_list() == [None, 22.0, None, None]
    assert shown["numerator"].to_list() == [0.0, 9.0, None, 22.0]
    # and a small numerator of one measure inside the other: closed = closed well + closed otherwise
    parts = pl.concat(
        [
            frame([{"group": "a", "numerator": v}], measure=m)
            for m, v in [("closed", 30.0), ("well", 26.0), ("other", 4.0)]
        ]
    )
    shown = suppress(parts, totals=total("measure", "closed", ["well", "other"]))
    assert shown.filter(status="c")["measure"].to_list() == ["well", "other"]


def test_thresholds_by_rule():
    lsoas = counts(E01000001=9, E01000002=11, E07000150=9, E06000061=5)
    assert hidden(suppress(lsoas, totals=NONE)) == {"E06000061"}
    assert hidden(suppress(lsoas, totals=NONE, rules=[BELOW_DISTRICT])) == {"E01000001", "E06000061"}
    assert hidden(suppress(lsoas, totals=NONE, rules=[Rule(measures={"other"}, threshold=12)])) == {"E06000061"}
    assert hidden(suppress(lsoas, totals=NONE, threshold=3)) == set()
    # at a threshold of 10 what is left open reaches 9: 7 + 2 of 29 - 20 leave at most 8 to either
    table = counts(E01000001=7, E01000002=2, E01000003=20, all=29)
    shown = suppress(
        table, totals=total("area", "all", ["E01000001", "E01000002", "E01000003"]), rules=[BELOW_DISTRICT]
    )
    assert hidden(shown) == {"E01000001", "E01000002", "E01000003"}


def test_published_series_stay_as_they_are():
    table = counts(a=3, b=40, all=43)
    totals = total("area", "all", "ab")
    exempt = suppress(table, totals=totals, rules=[Rule(measures={"m"}, exempt=True)])
    assert_frame_equal(exempt, table)
    marked = table.with_columns(standing=pl.Series(["local", "local", "published"]))
    shown = suppress(marked, totals=totals, rules=[Rule(standing="published", exempt=True)])
    assert hidden(shown) == {"a", "b"}
    # where a published total gives its only part away, nothing can be done here: the audit says so
    alone = counts(a=3, all=3)
    shown = suppress(alone, totals=total("area", "all", "a"), rules=[Rule(breakdowns={"area"}, exempt=True)])
    assert hidden(shown) == set()
    told = audit(
        suppress(
            alone.with_columns(standing=pl.Series(["local", "published"])),
            totals=total("area", "all", "a"),
            rules=[Rule(standing="published", exempt=True)],
        ),
        totals=total("area", "all", "a"),
    )
    assert told["safe"].to_list() == [False]


def test_rows_without_figures_pass_and_rates_without_their_count_do_not():
    table = frame(
        [
            {"group": "a", "numerator": 30.0, "denominator": 60.0},
            {"group": "b", "numerator": None, "denominator": None, "value": None, "status": "x"},
            {"group": "c", "numerator": None, "denominator": 40.0, "value": 5.0},  # 5% of 40 are 2
        ]
    )
    shown = suppress(table, totals=NONE)
    assert shown["status"].to_list() == ["ok", "x", "c"]
    assert shown["value"].to_list() == [50.0, None, None]


def test_means_go_by_the_people_behind_them():
    table = frame(
        [
            {"group": "a", "value": 3.2, "n": 4},
            {"group": "b", "value": 2.9, "n": 40},
            {"group": "c", "value": 0.0, "n": 2},
        ]
    )
    shown = suppress(table, totals=NONE)
    assert shown["status"].to_list() == ["c", "ok", "c"]
    assert shown["value"].to_list() == [None, 2.9, None]
    assert shown["n"].to_list() == [None, 40, None]


def test_ranks_and_other_numbers_go_with_the_figure():
    table = counts(a=3, b=7, c=9, d=20).with_columns(
        rank=pl.Series([1, 2, 3, 4]),
        previous_value=pl.Series([2.0, 7.0, 9.0, 20.0]),
        note=pl.Series(["three", "", "", ""]),
    )
    shown = suppress(table, totals=NONE)
    assert shown["rank"].to_list() == [None] * 4  # 2, 3, 4 would tell that the hidden one is first
    assert shown["previous_value"].to_list() == [None, 7.0, 9.0, 20.0]
    assert shown["note"].to_list() == [None, "", "", ""]
    assert shown.columns == table.columns


def test_order_of_rows_does_not_matter():
    table, totals = example(np.random.default_rng(4).poisson(3, (4, 3, 2)), share=False)
    expected = suppress(table, totals=totals)
    mixed = table.sample(fraction=1, shuffle=True, seed=1)
    again = suppress(mixed, totals=totals.sample(fraction=1, shuffle=True, seed=2))
    key = ["breakdown", "group", "period"]
    assert_frame_equal(again.sort(key), expected.sort(key))
    assert_frame_equal(again.select(key), mixed.select(key))


def test_nothing_in_nothing_out():
    empty = counts(a=1).clear()
    assert_frame_equal(suppress(empty, totals=COUNTY), empty)
    assert audit(empty, totals=COUNTY).height == 0


@pytest.mark.parametrize(
    ("table", "totals", "words"),
    [
        (counts(a=30, b=40, all=75), total("area", "all", "ab"), "not the sum of its parts"),
        (counts(a=30, b=50, all=75), total("area", "all", "abc"), "not the sum of its parts"),
        (pl.concat([counts(a=30), counts(a=31)]), NONE, "different counts for m, area, a, 2025"),
        (counts(a=-4), NONE, "below zero"),
        (counts(a=4), total("area", "a", "a"), "part of itself"),
    ],
)
def test_what_contradicts_itself_is_refused(table, totals, words):
    with pytest.raises(ValueError, match=words):
        suppress(table, totals=totals)


def test_a_threshold_that_hides_nothing_is_refused():
    with pytest.raises(ValueError, match="hides nothing"):
        suppress(counts(a=4), totals=NONE, threshold=1)


def test_nesting_from_a_lookup():
    lookup = pl.DataFrame({"lsoa": ["l1", "l2", "l3"], "ward": ["w1", "w1", "w2"], "district": ["d1", "d1", "d1"]})
    told = nest("area", lookup, ["lsoa", "ward", "district"], whole="county").select("parent", "child").rows()
    assert set(told) == {("w1", "l1"), ("w1", "l2"), ("w2", "l3"), ("d1", "w1"), ("d1", "w2"), ("county", "d1")}


# --- the audit ---


def test_the_audit_finds_what_a_lone_hidden_count_is():
    shown = suppress(counts(a=3, b=9, all=12), totals=NONE)  # as if nobody had known that they add up
    told = audit(shown, totals=total("area", "all", "ab"), exact=True)
    assert told.select("group", "lower", "upper", "how", "safe").row(0) == ("a", 3.0, 3.0, "linear programme", False)


def test_the_audit_gives_the_ends_of_the_range():
    # two by two, totals shown: a1 + a2 = 10, b1 + b2 = 12, a1 + b1 = 9. With each at least 1:
    # a1 = t, a2 = 10 - t, b1 = 9 - t, b2 = 3 + t, so t from 1 to 8
    rows = [
        ("a", "1", 3),
        ("a", "2", 7),
        ("b", "1", 6),
        ("b", "2", 6),
        ("a", ALL, 10),
        ("b", ALL, 12),
        (ALL, "1", 9),
        (ALL, "2", 13),
    ]
    table = crossed(rows)
    shown = without(table, [True] * 4 + [False] * 4)
    told = audit(shown, totals=join(total("area", ALL, "ab"), total("level", ALL, "12")), exact=True)
    ranges = {r["group"]: (r["lower"], r["upper"], r["safe"]) for r in told.iter_rows(named=True)}
    # b2 is 4 at least: given away in part. a2 from 2 to 9 likewise.
    expected = {"a|1": (1, 8, True), "a|2": (2, 9, False), "b|1": (1, 8, True), "b|2": (4, 11, False)}
    for group, (low, high, safe) in expected.items():
        assert ranges[group][:2] == pytest.approx((low, high))
        assert ranges[group][2] is safe


def test_the_audit_sees_what_looking_along_rows_and_columns_does_not():
    """Every row and column has none or at least two hidden counts, and yet one is told exactly."""
    #    k0 k1 k2 k3   What rows 0 and 1 hide lies in columns 0 and 1, but for (1, 2): rows 0 + 1 less columns 0 + 1
    # r0  x  x  .  .   leave just that one.
    # r1  x  x  x  .
    # r2  .  .  x  x
    # r3  .  .  x  x
    pattern = ["xx..", "xxx.", "..xx", "..xx"]
    values = np.arange(7.0, 23.0).reshape(4, 4)
    areas, levels = [f"r{i}" for i in range(4)], [f"k{j}" for j in range(4)]
    rows = [(a, k, values[i, j]) for i, a in enumerate(areas) for j, k in enumerate(levels)]
    rows += [(a, ALL, values[i].sum()) for i, a in enumerate(areas)] + [
        (ALL, k, values[:, j].sum()) for j, k in enumerate(levels)
    ]
    shown = without(crossed(rows), [c == "x" for line in pattern for c in line] + [False] * 8)
    totals = join(total("area", ALL, areas), total("level", ALL, levels))
    told = audit(shown, totals=totals, exact=True)
    bridge = told.filter(group="r1|k2").row(0, named=True)
    assert (bridge["lower"], bridge["upper"]) == pytest.approx((values[1, 2], values[1, 2]))
    others = told.filter(pl.col("group") != "r1|k2")
    assert (others["upper"] - others["lower"] > 1).all()


def test_the_audit_reports_progress_and_agrees_with_its_slow_self():
    table, totals = example(np.random.default_rng(8).poisson(5, (4, 2, 2)), share=True)
    shown = suppress(table, totals=totals)
    calls: list[tuple[int, int]] = []
    quick = audit(shown, totals=totals, progress=lambda done, wanted: calls.append((done, wanted)))
    assert calls
    assert all(0 <= done <= wanted for done, wanted in calls)
    slow = audit(shown, totals=totals, exact=True)
    key = ["breakdown", "group", "period", "count"]
    both = quick.join(slow, on=key, suffix="_exact", how="full", coalesce=True)
    assert both.height == quick.height == slow.height
    assert both["safe"].to_list() == both["safe_exact"].to_list() == [True] * both.height
    tables = both.filter(how="tables")
    assert tables.height
    assert (tables["lower"] >= tables["lower_exact"] - 1e-6).all()
    assert (tables["upper"] <= tables["upper_exact"] + 1e-6).all()


def test_the_audit_of_an_unprotected_table_finds_its_leaks():
    table, totals = example(np.random.default_rng(3).poisson(5, (4, 3, 2)), share=False)
    only_small = suppress(table, totals=NONE)
    assert not audit(only_small, totals=totals)["safe"].all()
