"""Disclosure control: nothing shown, no sum and no difference, tells a count of people from 1 to 5.

What can be worked out is reckoned here by another road than the module's own: the reader's knowledge is written in
terms of the finest counts (area by month by level), and the least and the greatest that a hidden figure can be are
found in whole numbers by `scipy.optimize.milp`, or by going through every table there is.
"""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.optimize import Bounds, LinearConstraint, milp

from metrics.disclosure import ALL, BELOW_DISTRICT, TOTALS, Rule, audit, join, nest, suppress, total
from metrics.estimates import conform

NONE = pl.DataFrame(schema=TOTALS)


def frame(rows: list[dict], **same: object) -> pl.DataFrame:
    """An estimates frame: whatever is not given is as in most tables here."""
    usual = {"measure": "m", "breakdown": "area", "period": "2025", "period_end": dt.date(2025, 3, 31), "status": "ok"}
    table = pl.DataFrame([{**usual, **same, **r} for r in rows], infer_schema_length=None)
    table = conform(table)
    share = pl.col("numerator") / pl.col("denominator") * 100
    n = pl.coalesce("denominator", "numerator").cast(pl.Int64)
    return table.with_columns(value=pl.coalesce("value", share, "numerator"), n=pl.coalesce("n", n)).with_columns(
        lower=pl.col("value") * 0.9, upper=pl.col("value") * 1.1
    )


def counts(**groups: float) -> pl.DataFrame:
    return frame([{"group": g, "numerator": float(v)} for g, v in groups.items()])


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


def without(table: pl.DataFrame, hide: list[bool]) -> pl.DataFrame:
    """The table with some rows suppressed by hand."""
    mask = pl.Series(hide)
    gone = [
        pl.when(mask).then(None).otherwise(pl.col(c)).alias(c) for c in ("numerator", "value", "lower", "upper", "n")
    ]
    return table.with_columns(*gone, status=pl.when(mask).then(pl.lit("c")).otherwise("status"))


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


# --- any table ---


def crossed(rows: list[tuple[str, str, float]]) -> pl.DataFrame:
    """Area by level; `*` is all together."""
    return frame([{**name(area, level), "numerator": float(v)} for area, level, v in rows])


def name(area: str, level: str) -> dict[str, str]:
    parts = [(b, g) for b, g in (("area", area), ("level", level)) if g != ALL]
    return {"breakdown": "|".join(b for b, _ in parts) or "all", "group": "|".join(g for _, g in parts) or "all"}


class Axis:
    """One way of splitting: finest values, and groups of them with what each adds up from."""

    def __init__(
        self, dimension: str, size: int, groups: dict[str, tuple[str, ...]], whole: tuple[str, ...] | None
    ) -> None:
        finest = [f"{dimension[0]}{i}" for i in range(size)]
        self.members: dict[str, np.ndarray] = {n: np.arange(size) == i for i, n in enumerate(finest)}
        frames = []
        for group, children in groups.items():
            self.members[group] = np.any([self.members[c] for c in children], axis=0)
            frames.append(total(dimension, group, children, relation=group))
        top = "Year" if dimension == "period" else ALL
        self.members[top] = np.ones(size, dtype=bool)
        frames.append(total(dimension, top, whole or finest))
        self.totals = join(*frames)


def axes(shape: tuple[int, int, int], kind: str) -> list[Axis]:
    areas, months, levels = shape
    if kind == "flat":
        groups, whole = {}, None
    elif kind == "tree":  # wards of two, the last perhaps of one, then two districts, the last perhaps of one ward
        wards = {f"w{i}": tuple(f"a{j}" for j in range(2 * i, min(areas, 2 * i + 2))) for i in range((areas + 1) // 2)}
        names = list(wards)
        districts = {"d0": tuple(names[:-1]) or tuple(names), **({"d1": (names[-1],)} if len(names) > 1 else {})}
        groups, whole = {**wards, **districts}, tuple(districts)
    elif areas == 1:
        groups, whole = {"left": ("a0",)}, None
    else:  # two groups that overlap
        cut = max(1, areas // 2)
        groups = {
            "left": tuple(f"a{j}" for j in range(cut + (areas > 2))),
            "right": tuple(f"a{j}" for j in range(cut, areas)),
        }
        whole = None
    quarter = {"Q1": tuple(f"p{j}" for j in range(months - 1))} if months > 2 else {}
    year = ("Q1", f"p{months - 1}") if quarter else None
    return [Axis("area", areas, groups, whole), Axis("period", months, quarter, year), Axis("level", levels, {}, None)]


def cells_of(cross: list[Axis]) -> list[tuple[str, str, str, np.ndarray]]:
    found = []
    for (a, x), (p, y), (s, z) in itertools.product(*(axis.members.items() for axis in cross)):
        found.append((a, p, s, np.einsum("i,j,k->ijk", x, y, z).ravel().astype(float)))
    return found


def example(
    table: np.ndarray, *, share: bool, kind: str = "flat", rest: np.ndarray | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    cross = axes(table.shape, kind)
    rows = []
    rest = np.zeros_like(table) + (table[::-1] if rest is None else rest)
    for a, p, s, members in cells_of(cross):
        x = float(members @ table.ravel())
        row = {**name(a, s), "period": p, "numerator": x}
        rows.append({**row, "denominator": x + float(members @ rest.ravel())} if share else row)
    return frame(rows), join(*(axis.totals for axis in cross))


class Reader:
    """What somebody who reads every row can know: how each shown figure ties the finest counts together."""

    def __init__(self, shown: pl.DataFrame, cross: list[Axis], *, knows_zeros: bool) -> None:
        self.size = len(cells_of(cross)[0][3])
        self.rows = {(r["breakdown"], r["group"], r["period"]): r for r in shown.iter_rows(named=True)}
        self.share = shown["denominator"].is_not_null().any() or "share" in shown.columns
        self.figures = []  # (what, coefficients over the finest numerators and the finest rests, row)
        ties, least, most = [], [], []
        for a, p, s, members in cells_of(cross):
            key = name(a, s)
            row = self.rows[key["breakdown"], key["group"], p]
            none = np.zeros(self.size)
            numerator, denominator = np.concatenate([members, none]), np.concatenate([members, members])
            for what, known, side in (
                ("numerator", row["numerator"], numerator),
                ("denominator", row["denominator"], denominator),
            ):
                if what == "denominator" and not self.share:
                    continue
                if known is not None:
                    ties.append(side), least.append(known), most.append(known)
                else:
                    self.figures.append((what, side, row))
                    if knows_zeros:
                        ties.append(side), least.append(1.0), most.append(np.inf)
            if self.share and row["value"] is not None:  # a percentage ties the two
                ties.append(numerator - row["value"] / 100 * denominator), least.append(0.0), most.append(0.0)
            if self.share and (row["numerator"] is None or row["denominator"] is None):
                self.figures.append(("complement", np.concatenate([none, members]), row))
        self.ties = np.array(ties).reshape(len(ties), 2 * self.size)
        self.least, self.most = np.array(least), np.array(most)

    def range(self, side: np.ndarray) -> tuple[float, float]:
        ends = []
        for direction in (1.0, -1.0):
            limits = Bounds(np.zeros(2 * self.size), np.full(2 * self.size, 10_000.0))
            around = LinearConstraint(self.ties, self.least - 1e-7, self.most + 1e-7) if len(self.ties) else ()
            solved = milp(direction * side, constraints=around, bounds=limits, integrality=np.ones(2 * self.size))
            assert solved.status == 0, solved.message
            ends.append(round(direction * solved.fun, 6))
        return ends[0], ends[1]


def unguarded(shown: pl.DataFrame, cross: list[Axis]) -> list[str]:
    """Hidden figures that can be pinned down: not free over 1–5, and not clear of it."""
    wrong = []
    plain = Reader(shown, cross, knows_zeros=False)
    sharp = Reader(shown, cross, knows_zeros=True)
    for what, side, row in plain.figures:
        low, high = plain.range(side)
        if low > 5 or high == 0:
            continue
        _, top = sharp.range(side)
        if low > 1 or high < 5 or top < 5:
            wrong.append(f"{what} of {row['group']} {row['period']}: {low:g} to {high:g}, knowing zeros {top:g}")
    return wrong


small_counts = st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 9, 12, 30])
shapes = st.tuples(st.integers(1, 4), st.integers(1, 2), st.integers(1, 2))
kinds = st.sampled_from(["flat", "tree", "overlap"])
often = settings(derandomize=True, max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
now_and_then = settings(often, max_examples=9)


@st.composite
def tables(draw, shape=shapes, values=small_counts):
    size = draw(shape)
    cells = draw(st.lists(values, min_size=int(np.prod(size)), max_size=int(np.prod(size))))
    return np.array(cells).reshape(size)


def check_counts(table: np.ndarray, kind: str) -> None:
    estimates, totals = example(table, share=False, kind=kind)
    shown = suppress(estimates, totals=totals)
    assert unguarded(shown, axes(table.shape, kind)) == []
    small = estimates["numerator"].is_between(1, 5)
    assert (shown.filter(small)["status"] == "c").all()
    zero = estimates["numerator"] == 0
    assert_frame_equal(shown.filter(zero), estimates.filter(zero))
    assert audit(shown, totals=totals)["safe"].all()


@often
@given(tables(), kinds)
def test_no_count_is_given_away_in_any_table(table, kind):
    check_counts(table, kind)


@now_and_then
@given(tables(st.tuples(st.integers(3, 4), st.integers(2, 3), st.just(1)), st.sampled_from([0, 1, 2, 6, 8, 20])), kinds)
def test_no_count_is_given_away_in_a_two_way_table(table, kind):
    check_counts(table, kind)


@now_and_then
@given(tables(values=st.integers(1, 5)), kinds)
def test_no_count_is_given_away_where_all_are_small(table, kind):
    check_counts(table, kind)


@now_and_then
@given(tables(st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))), st.data(), kinds)
def test_no_share_gives_a_count_away(table, data, kind):
    rest = data.draw(tables(st.just(table.shape)))
    estimates, totals = example(table, share=True, kind=kind, rest=rest)
    shown = suppress(estimates, totals=totals)
    cross = axes(table.shape, kind)
    assert unguarded(shown.with_columns(share=pl.lit(True)), cross) == []
    assert audit(shown, totals=totals)["safe"].all()


@now_and_then
@given(tables(st.tuples(st.integers(2, 4), st.just(1), st.integers(1, 3))), st.data())
def test_no_count_is_given_away_that_has_no_row(table, data):
    """Some rows are left out of the table: what they hold can be worked out from the rest like anything else."""
    estimates, totals = example(table, share=False)
    missing = data.draw(st.sets(st.integers(0, estimates.height - 1), max_size=3))
    there = pl.Series([i not in missing for i in range(estimates.height)])
    if not there.any():
        return
    kept = suppress(estimates.filter(there), totals=totals)
    gone = estimates.filter(~there).with_columns(numerator=pl.lit(None, pl.Float64))
    cross = axes(table.shape, "flat")
    reader = Reader(pl.concat([kept, gone.select(kept.columns)]), cross, knows_zeros=False)
    for _, side, row in reader.figures:
        low, high = reader.range(side)
        assert low > 5 or high == 0 or (low <= 1 and high >= 5), (row["group"], low, high)


def test_every_table_gone_through_one_by_one():
    """Two areas by three months: all 20^5 tables with the 0 where it is, counted out rather than solved."""
    table = np.array([[[1], [4], [9]], [[7], [0], [6]]])
    estimates, totals = example(table, share=False)
    shown = suppress(estimates, totals=totals).filter(pl.col("breakdown").is_in(["area", "all"]))
    values = {(r["group"], r["period"]): r["numerator"] for r in shown.iter_rows(named=True)}
    free = np.indices((20,) * 5, dtype=np.int8).reshape(5, -1)
    finest = np.stack([*free[:4], np.zeros_like(free[0]), free[4]])
    figures = [
        (members.astype(np.int8) @ finest, values[a if a != ALL else "all", p])
        for a, p, level, members in cells_of(axes(table.shape, "flat"))
        if level == ALL
    ]
    fits = np.all([counted == value for counted, value in figures if value is not None], axis=0)
    possible = [set(counted[fits].tolist()) for counted, value in figures if value is None]
    assert fits.any()
    assert possible
    assert all(min(seen) > 5 or seen >= {1, 2, 3, 4, 5} for seen in possible)
