"""Journeys of families made up by hand: every expected count is worked out in the comment beside the family."""

from __future__ import annotations

from datetime import date

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from metrics import journeys
from metrics.activity import measures, prepare
from metrics.cases import CASE_TABLES
from metrics.disclosure import audit, suppress
from metrics.estimates import SCHEMA
from sample_data.invented import invent

D = date.fromisoformat
YEAR = {"start": D("2024-04-01"), "end": D("2025-03-31")}
AS_AT = D("2026-06-30")


def table(name: str, rows: list[dict], **more: type[pl.DataType]) -> pl.DataFrame:
    """A case table of these rows; days may be written as text."""
    schema = {**CASE_TABLES[name].schema, **more}
    made = [{c: D(v) if schema[c] == pl.Date and isinstance(v, str) else v for c, v in row.items()} for row in rows]
    return pl.DataFrame(made, schema=schema) if made else pl.DataFrame(schema=schema)


# episode, family, start, end, why, level at start, level at end, area
EPISODES = [
    # 3 at the start, needs met, 1 at the end: 3 → 1
    ("a", "A", "2024-05-01", "2024-09-30", "NEEDS_MET", 3, 1, "X"),
    # began the year before; a review of February 2024 says 2, and nothing since: 2 → 2, still open
    ("b", "B", "2023-06-01", None, None, 3, None, "X"),
    # stepped up at closing, the level at the end left empty: 3 → 4
    ("c", "C", "2024-06-01", "2024-12-20", "STEP_UP", 3, None, "X"),
    # stepped down from social care on its first day: 4 → 2 at closing
    ("d", "D", "2024-04-10", "2025-03-31", "SINGLE_AGENCY", 3, 2, "Y"),
    # no level recorded anywhere: unknown, open
    ("e", "E", "2025-01-15", None, None, None, None, "Y"),
    # opened in error: not in the flow
    ("f", "F", "2024-07-01", "2024-07-02", "ERROR", 2, 2, "Y"),
    # ended before the year began, and one that begins after it: neither counts
    ("g", "G", "2023-01-01", "2024-03-31", "NEEDS_MET", 2, 1, "Y"),
    ("h", "H", "2025-04-01", None, None, 2, None, "Y"),
    # reviewed to 3 within the year; the closure after the year says 1, which is not known by its end: 2 → 3, open
    ("i", "I", "2024-08-01", "2025-05-01", "MOVED", 2, 1, None),
]
REVIEWS = [
    ("r1", "b", "2024-02-01", "2024-02-01", 2),
    ("r2", "i", "2024-11-01", "2024-11-05", 3),
    ("r3", "a", "2024-12-01", "2024-12-01", 4),  # held after the closure: not believed
]
STEPS = [
    ("s1", "c", "C", "up", 3, 4, "2024-12-20"),
    ("s2", "d", "D", "down", 4, 3, "2024-04-10"),
]


def county() -> dict[str, pl.DataFrame]:
    names = (
        "episode_id", "family_id", "start_date", "end_date", "end_reason", "level_at_start", "level_at_end",
        "forum_area",
    )  # fmt: skip
    return {
        "episode": table("episode", [dict(zip(names, row, strict=True)) for row in EPISODES], forum_area=pl.String),
        "review": table(
            "review",
            [
                dict(zip(("review_id", "episode_id", "due_date", "held_date", "level_after"), row, strict=True))
                for row in REVIEWS
            ],
        ),
        "step_event": table(
            "step_event",
            [
                dict(
                    zip(
                        ("step_id", "episode_id", "family_id", "direction", "from_level", "to_level", "date"),
                        row,
                        strict=True,
                    )
                )
                for row in STEPS
            ],
        ),
    }


def counts(frame: pl.DataFrame, group: str = "all") -> dict[str, float]:
    """Measure → numerator of a group, without zeros."""
    rows = frame.filter(pl.col("group") == group, pl.col("numerator") > 0)
    return dict(rows.select("measure", "numerator").iter_rows())


# a, b, c, d, e, i count: six; i, b and e are open on 31 March 2025, d ended that day
FLOW = {
    "flow": 6, "flow:unknown": 1, "flow:open": 3, "flow:up": 2, "flow:down": 2, "flow:same": 1,
    "flow:2": 2, "flow:2:2": 1, "flow:2:3": 1, "flow:3": 2, "flow:3:1": 1, "flow:3:4": 1, "flow:4": 1, "flow:4:2": 1,
}  # fmt: skip


def test_families_move_between_the_levels_as_worked_by_hand():
    flow = journeys.level_flow(county(), as_at=AS_AT, **YEAR)
    assert counts(flow) == FLOW
    assert flow.schema == SCHEMA
    assert flow["period"].unique().to_list() == ["2024/25"]
    assert flow["status"].unique().sort().to_list() == ["ok", "x"]  # nobody began at level 1: no share of them


def test_a_share_is_of_those_who_began_at_that_level_with_its_wilson_limits():
    flow = journeys.level_flow(county(), as_at=AS_AT, **YEAR)
    row = flow.filter(measure="flow:3:4").row(0, named=True)
    low, high = proportion_confint(1, 2, method="wilson")
    assert (row["numerator"], row["denominator"], row["value"], row["n"]) == (1, 2, 50.0, 2)
    assert (row["lower"], row["upper"]) == pytest.approx((100 * low, 100 * high))
    up = flow.filter(measure="flow:up").row(0, named=True)
    assert (up["numerator"], up["denominator"]) == (2, 5)  # of those whose levels are known


def test_a_journey_is_as_it_was_known_on_that_day():
    # on 30 September 2024 a has ended, c is at 3, d at 3 (from 4), i at 2; e has not begun
    flow = journeys.level_flow(county(), as_at=D("2024-09-30"), **YEAR)
    assert counts(flow) == {
        "flow": 5, "flow:open": 4, "flow:down": 2, "flow:same": 3,
        "flow:2": 2, "flow:2:2": 2, "flow:3": 2, "flow:3:1": 1, "flow:3:3": 1, "flow:4": 1, "flow:4:3": 1,
    }  # fmt: skip
    assert "provisional" in flow["status"].to_list()


def test_the_flow_by_area_adds_up_and_says_where_the_area_is_not_recorded():
    flow = journeys.level_flow(county(), as_at=AS_AT, by="forum_area", **YEAR)
    assert counts(flow, "X") == {
        "flow": 3, "flow:open": 1, "flow:up": 1, "flow:down": 1, "flow:same": 1,
        "flow:2": 1, "flow:2:2": 1, "flow:3": 2, "flow:3:1": 1, "flow:3:4": 1,
    }  # fmt: skip
    assert counts(flow, "not recorded")["flow:2:3"] == 1
    summed = flow.group_by("measure").agg(pl.col("numerator").sum()).filter(pl.col("numerator") > 0)
    assert dict(summed.iter_rows()) == FLOW


def test_a_cross_of_two_keys_is_named_by_both():
    episodes = county()["episode"].with_columns(level=pl.col("level_at_start"))
    flow = journeys.level_flow({**county(), "episode": episodes}, as_at=AS_AT, by=("forum_area", "level"), **YEAR)
    assert flow["breakdown"].unique().to_list() == ["forum_area × level"]
    assert counts(flow, "X × 3")["flow:3:4"] == 1
    assert counts(flow, "Y × not recorded") == {"flow": 1, "flow:open": 1, "flow:unknown": 1}
    with pytest.raises(ValueError, match="one or two"):
        journeys.level_flow(county(), as_at=AS_AT, by=("a", "b", "c"), **YEAR)


def test_closures_by_reason():
    made = journeys.closures_by_reason(county(), as_at=AS_AT, **YEAR)
    # a, c, d and f ended in the year; f was opened in error: it has a count and no share
    assert counts(made) == {
        "closures": 4, "closure:NEEDS_MET": 1, "closure:STEP_UP": 1, "closure:SINGLE_AGENCY": 1, "closure:ERROR": 1,
    }  # fmt: skip
    met, error = (made.filter(measure=f"closure:{c}").row(0, named=True) for c in ("NEEDS_MET", "ERROR"))
    assert (met["denominator"], met["value"]) == (3, pytest.approx(100 / 3))
    assert (error["denominator"], error["value"], error["method"]) == (None, 1, "count")


def test_a_reason_that_nobody_knows_is_not_recorded():
    episodes = county()["episode"].with_columns(
        end_reason=pl.when(pl.col("episode_id") == "a").then(pl.lit("Because")).otherwise("end_reason")
    )
    made = journeys.closures_by_reason({"episode": episodes}, as_at=AS_AT, **YEAR)
    assert counts(made)["closure:UNKNOWN"] == 1
    assert "closure:NEEDS_MET" not in counts(made)


# ---- back again

CLOSED = "2024-06-30"


def returning(*days: str, **more) -> dict[str, pl.DataFrame]:
    """A family closed on 30 June 2024 whose next episodes begin on these days."""
    rows = [{"episode_id": "first", "family_id": "A", "start_date": "2024-01-01", "end_date": CLOSED, **more}]
    rows += [{"episode_id": day, "family_id": "A", "start_date": day} for day in days]
    return {"episode": table("episode", rows)}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (returning(), {"followed": 1, "stayed_free": 1}),
        # 30 June 2024 + 365 days = 30 June 2025
        (returning("2025-06-30"), {"followed": 1, "returned": 1}),
        (returning("2025-07-01"), {"followed": 1, "stayed_free": 1}),
        (returning(CLOSED), {"followed": 1, "stayed_free": 1}),  # on the day itself: another, not again
        (returning("2024-08-01", "2024-12-01"), {"followed": 1, "returned": 1}),  # twice counts once
        (returning("2024-08-01", end_reason="MOVED"), {}),
        (returning("2024-08-01", end_reason="ERROR"), {}),
        (returning("2024-08-01", end_reason="NEEDS_MET"), {"followed": 1, "returned": 1}),
    ],
    ids=["none", "day 365", "day 366", "day 0", "twice", "moved", "error", "needs met"],
)
def test_who_comes_back_within_twelve_months(tables, expected):
    assert counts(journeys.returns(tables, as_at=D("2025-06-30"), **YEAR)) == expected


def test_a_closure_not_yet_followed_up_is_counted_apart():
    made = journeys.returns(returning("2024-08-01"), as_at=D("2025-06-29"), **YEAR)
    assert counts(made) == {"not_mature": 1}
    assert made.filter(measure="returned")["status"].to_list() == ["x"]


def test_a_referral_of_a_child_of_the_family_is_a_step_up():
    tables = returning()
    tables["person"] = table("person", [{"person_id": "p", "family_id": "A"}])
    tables["referral"] = table("referral", [{"referral_id": "1", "person_id": "p", "date": "2025-06-30"}])
    assert counts(journeys.returns(tables, as_at=AS_AT, **YEAR)) == {"followed": 1, "stepped_up_after": 1}
    tables["referral"] = table("referral", [{"referral_id": "1", "person_id": "q", "date": "2025-06-30"}])
    assert counts(journeys.returns(tables, as_at=AS_AT, **YEAR)) == {"followed": 1, "stayed_free": 1}


def test_a_step_up_to_social_care_after_the_closure_counts_and_one_to_level_3_does_not():
    tables = returning("2024-09-01")
    step = {"step_id": "1", "episode_id": "2024-09-01", "direction": "up", "from_level": 3, "date": "2024-10-01"}
    tables["step_event"] = table("step_event", [{**step, "to_level": 4}])
    made = journeys.returns(tables, as_at=AS_AT, **YEAR)
    assert counts(made) == {"followed": 1, "returned": 1, "stepped_up_after": 1}
    tables["step_event"] = table("step_event", [{**step, "to_level": 3}])
    assert counts(journeys.returns(tables, as_at=AS_AT, **YEAR)) == {"followed": 1, "returned": 1}


def test_where_a_system_keeps_children_alone_the_child_is_followed():
    rows = [
        {"episode_id": "1", "person_id": "p", "start_date": "2024-01-01", "end_date": CLOSED},
        {"episode_id": "2", "person_id": "q", "start_date": "2024-08-01"},
        {"episode_id": "3", "person_id": "p", "start_date": "2024-09-01"},
    ]
    made = journeys.returns({"episode": table("episode", rows)}, as_at=AS_AT, **YEAR)
    assert counts(made) == {"followed": 1, "returned": 1}


# ---- without an end


def open_episode(start: str, *held: tuple[str, int | None], level: int | None = 2) -> dict[str, pl.DataFrame]:
    row = {"episode_id": "a", "start_date": start, "level_at_start": level}
    reviews = [
        {"review_id": str(n), "episode_id": "a", "due_date": day, "held_date": day, "level_after": after}
        for n, (day, after) in enumerate(held)
    ]
    return {"episode": table("episode", [row]), "review": table("review", reviews)}


@pytest.mark.parametrize(
    ("tables", "long", "idle"),
    [
        (open_episode("2024-06-30"), False, False),  # a year to the day is not more than a year
        (open_episode("2024-06-29"), True, False),
        (open_episode("2025-01-01", ("2025-02-01", 2), ("2025-03-01", 2), ("2025-04-01", 2)), False, True),
        (open_episode("2025-01-01", ("2025-02-01", 2), ("2025-03-01", None), ("2025-04-01", 2)), False, True),
        # changed at the second of four: two reviews without a change since
        (
            open_episode("2025-01-01", ("2025-02-01", 2), ("2025-03-01", 3), ("2025-04-01", 3), ("2025-05-01", 3)),
            False, False,
        ),
        # changed at the first of four: three since
        (
            open_episode("2025-01-01", ("2025-02-01", 3), ("2025-03-01", 3), ("2025-04-01", 3), ("2025-05-01", 3)),
            False, True,
        ),
        # there and back is a change
        (open_episode("2025-01-01", ("2025-02-01", 3), ("2025-03-01", 2), ("2025-04-01", 2)), False, False),
        (open_episode("2025-01-01", ("2025-02-01", 2), ("2025-03-01", 2), ("2025-07-01", 2)), False, False),
    ],
    ids=["a year", "over a year", "three idle", "one without a level", "two since", "three since", "back", "not yet"],
)  # fmt: skip
def test_drift(tables, long, idle):
    found = counts(journeys.drift(tables, as_at=D("2025-06-30")))
    assert found == {"open": 1, **{k: 1 for k, v in (("drift_long", long), ("drift_reviews", idle)) if v}} | (
        {"drift": 1} if long or idle else {}
    )


def test_a_closed_episode_does_not_drift():
    tables = open_episode("2020-01-01")
    tables["episode"] = tables["episode"].with_columns(end_date=pl.lit(D("2025-06-30")))
    assert counts(journeys.drift(tables, as_at=D("2025-06-30"))) == {}
    assert counts(journeys.drift(tables, as_at=D("2025-06-29"))) == {"open": 1, "drift": 1, "drift_long": 1}


def test_a_step_between_reviews_is_a_change():
    tables = open_episode("2025-01-01", ("2025-02-01", 2), ("2025-03-01", 2), ("2025-04-01", 3))
    step = {"step_id": "1", "episode_id": "a", "direction": "up", "from_level": 2, "to_level": 3}
    tables["step_event"] = table("step_event", [{**step, "date": "2025-03-15"}])
    assert counts(journeys.drift(tables, as_at=D("2025-06-30"))) == {"open": 1}


# ---- any engine, any order, and what adds up


def on_duckdb(frame: pl.DataFrame):
    return duckdb.connect().from_arrow(frame.to_arrow())


def test_the_same_on_every_engine():
    tables = {**county(), **{"person": table("person", []), "referral": table("referral", [])}}
    connection = duckdb.connect()
    engines = {
        "lazy": {k: v.lazy() for k, v in tables.items()},
        "pandas": {k: v.to_pandas(use_pyarrow_extension_array=True) for k, v in tables.items()},
        "duckdb": {k: connection.from_arrow(v.to_arrow()) for k, v in tables.items()},
    }
    asked = [
        lambda t: journeys.level_flow(t, as_at=AS_AT, by="forum_area", **YEAR),
        lambda t: journeys.closures_by_reason(t, as_at=AS_AT, by="forum_area", **YEAR),
        lambda t: journeys.returns(t, as_at=AS_AT, by="forum_area", **YEAR),
        lambda t: journeys.drift(t, as_at=AS_AT, by="forum_area"),
    ]
    for name, theirs in engines.items():
        for ask in asked:
            assert ask(theirs).equals(ask(tables)), name


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(random):
    def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
        rows = frame.rows()
        random.shuffle(rows)
        return pl.DataFrame(rows, schema=frame.schema, orient="row")

    tables = {k: shuffled(v) for k, v in county().items()}
    assert journeys.level_flow(tables, as_at=AS_AT, **YEAR).equals(journeys.level_flow(county(), as_at=AS_AT, **YEAR))


LEVEL = st.one_of(st.none(), st.integers(1, 4))
DAY = st.dates(D("2023-06-01"), D("2026-01-01"))


@st.composite
def counties(draw) -> dict[str, pl.DataFrame]:
    episodes, reviews = [], []
    for n in range(draw(st.integers(0, 8))):
        start, end = draw(DAY), draw(st.one_of(st.none(), DAY))
        episodes.append(
            {
                "episode_id": str(n), "family_id": draw(st.sampled_from("ABC")), "start_date": start, "end_date": end,
                "end_reason": draw(st.sampled_from([None, "MOVED", "STEP_UP", "ERROR", "NEEDS_MET", "odd"])),
                "level_at_start": draw(LEVEL), "level_at_end": draw(LEVEL),
                "forum_area": draw(st.sampled_from([None, "X", "Y"])),
            }
        )  # fmt: skip
        reviews += [
            {
                "review_id": f"{n}-{m}",
                "episode_id": str(n),
                "due_date": day,
                "held_date": day,
                "level_after": draw(LEVEL),
            }
            for m, day in enumerate(draw(st.lists(DAY, max_size=4)))
        ]
    return {"episode": table("episode", episodes, forum_area=pl.String), "review": table("review", reviews)}


@settings(max_examples=25)
@given(counties())
def test_splits_sum_to_the_whole(tables):
    for ask in (journeys.level_flow, journeys.closures_by_reason, journeys.returns):
        whole, split = (ask(tables, as_at=D("2025-12-31"), by=by, **YEAR) for by in (None, "forum_area"))
        summed = split.group_by("measure").agg(pl.col("numerator", "denominator").sum())
        for measure, up, down in summed.iter_rows():
            row = whole.filter(measure=measure).row(0, named=True)
            assert (row["numerator"], row["denominator"] or 0) == (up, down or 0)


@settings(max_examples=10)
@given(counties())
def test_what_is_said_to_add_up_does(tables):
    """`suppress` refuses a total that is not the sum of its parts; what it leaves, `audit` finds safe."""
    for ask in (journeys.level_flow, journeys.closures_by_reason, journeys.returns):
        made = ask(tables, as_at=D("2025-12-31"), **YEAR).with_columns(n=pl.lit(None, pl.Int64))
        hidden = suppress(made, totals=journeys.totals())
        assert audit(hidden, totals=journeys.totals())["safe"].all()


@settings(max_examples=40)
@given(counties(), DAY)
def test_what_happens_later_does_not_change_what_was_known(tables, day):
    later = tables["review"].filter(pl.col("held_date") <= day)
    known = journeys.level_flow(tables, as_at=day, **YEAR)
    assert journeys.level_flow({**tables, "review": later}, as_at=day, **YEAR).equals(known)


def test_levels_of_one_episode_that_no_row_of_episode_knows_are_nobodys():
    tables = county()
    stray = table("review", [{"review_id": "z", "episode_id": "nowhere", "due_date": "2024-05-01",
                              "held_date": "2024-05-01", "level_after": 4}])  # fmt: skip
    tables["review"] = pl.concat([tables["review"], stray])
    assert counts(journeys.level_flow(tables, as_at=AS_AT, **YEAR)) == FLOW


def test_the_reasons_are_those_of_the_definitions():
    reasons = journeys.closure_reasons()
    assert {"NEEDS_MET", "STEP_UP", "MOVED", "ERROR", "UNKNOWN"} <= set(reasons)
    assert not reasons["MOVED"].outcome and not reasons["ERROR"].outcome
    assert reasons["STEP_UP"].polarity == "escalation"
    assert nw.from_native(county()["episode"]).columns[0] == "episode_id"


def test_on_an_invented_county_the_figures_are_those_of_the_measures_reckoned_elsewhere():
    """Return, step up and drift are worked out there from day numbers and spells, here from joins and last levels."""
    tables, day = invent(scale=0.1), D("2026-09-30")
    theirs = measures(prepare(tables), as_at=day, period="year", measures=["M09", "M13", "M14", "M15"])
    theirs = {(m, p): (up, down) for m, p, up, down in theirs.select(
        "measure", "period", "numerator", "denominator").iter_rows()}  # fmt: skip
    back = journeys.returns(tables, as_at=day, **YEAR)
    drift = journeys.drift(tables, as_at=YEAR["end"])
    ours = {m: (up, down) for m, up, down in pl.concat([back, drift]).select(
        "measure", "numerator", "denominator").iter_rows()}  # fmt: skip
    pairs = {"returned": "M14", "stepped_up_after": "M13_12", "stayed_free": "M15", "drift": "M09"}
    assert {name: ours[name] for name in pairs} == {name: theirs[id_, "2024/25"] for name, id_ in pairs.items()}
    assert ours["returned"][0] > 0
