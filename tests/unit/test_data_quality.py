"""Faults of records made up by hand; every rule is broken by its own example and by no other rule."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from metrics import data_quality
from metrics.cases import CASE_TABLES

D = date.fromisoformat
AS_AT = D("2025-06-30")


def table(name: str, *rows: dict) -> pl.DataFrame:
    schema = CASE_TABLES[name].schema
    made = [{c: D(v) if schema[c] == pl.Date and v else v for c, v in row.items()} for row in rows]
    return pl.DataFrame(made, schema=schema)


EPISODES = table(
    "episode",
    {"episode_id": "a", "start_date": "2024-04-01", "lead_agency_id": "school", "family_id": "A", "lsoa": "E01"},
    {"episode_id": "b", "start_date": "2024-05-01", "lead_agency_id": "school", "family_id": None, "lsoa": "E01",
     "end_date": "2025-04-02", "end_reason": "MOVED"},
    {"episode_id": "c", "start_date": "2025-03-31", "lead_agency_id": "police", "family_id": "C", "lsoa": None},
    {"episode_id": "d", "start_date": "2025-04-01", "lead_agency_id": None, "family_id": "D", "lsoa": "E01"},
    {"episode_id": "e", "start_date": "2026-01-01", "lead_agency_id": "police", "family_id": None},  # not yet
)  # fmt: skip
TABLES = {
    "episode": EPISODES,
    "agency": table(
        "agency",
        {"agency_id": "school", "name": "A school", "agency_type": "school"},
        {"agency_id": "police", "name": "The police", "agency_type": "police"},
    ),
    "review": table(
        "review",
        {"review_id": "1", "episode_id": "a", "due_date": "2024-06-01", "held_date": "2024-06-01", "level_after": 2},
        {"review_id": "2", "episode_id": "a", "due_date": "2024-07-01", "held_date": "2024-07-01"},
        {"review_id": "3", "episode_id": "a", "due_date": "2024-08-01"},  # not held: no level is missed
        {"review_id": "4", "episode_id": "zz", "due_date": "2024-08-01", "held_date": "2024-08-01", "level_after": 2},
    ),
    "person": table("person", {"person_id": "p", "sex": "F"}, {"person_id": "q"}),
}


def of(frame: pl.DataFrame, measure: str, **where: str) -> list[tuple]:
    return frame.filter(measure=measure, **where).select("numerator", "denominator").rows()


def test_a_cell_is_missed_where_a_record_should_have_it():
    made = data_quality.completeness(TABLES, as_at=AS_AT)
    # financial year 2024/25: a, b, c; 2025/26 up to 30 June: d; e is not known yet
    assert of(made, "episode.family_id", period="2024/25") == [(2, 3)]
    assert of(made, "episode.lsoa", period="2024/25") == [(2, 3)]
    assert of(made, "episode.lead_agency_id", period="2025/26") == [(0, 1)]
    assert of(made, "episode.end_reason", period="2025/26") == [(1, 1)]  # b alone has ended
    assert of(made, "episode.end_reason", period="2024/25") == []
    assert of(made, "review.level_after", period="2024/25") == [(2, 3)]
    assert of(made, "person.sex") == [(1, 2)]
    assert made.filter(measure="person.sex")["period"].to_list() == ["all records"]
    status = made.filter(period="2025/26")["status"].unique().to_list()
    assert status == ["provisional"]


def test_a_cell_that_no_record_has_is_not_in_the_files():
    """Of the episodes made up above none has a reason for opening; of the people none a birth date or ethnicity."""
    never = data_quality.never_filled(TABLES)
    assert {"episode.start_reason", "person.birth_month", "person.ethnicity"} <= set(never)
    assert not {"episode.family_id", "person.sex", "review.level_after"} & set(never)
    assert data_quality.never_filled({"person": table("person")}) == []  # no records, so nothing is known


def test_cells_that_are_left_out_count_nowhere():
    whole = data_quality.completeness(TABLES, as_at=AS_AT)
    part = data_quality.completeness(TABLES, as_at=AS_AT, without=["episode.start_reason", "episode.lsoa"])
    assert set(whole["measure"]) - set(part["measure"]) == {"episode.start_reason", "episode.lsoa"}
    filled = {name: frame.filter(measure="filled")["denominator"].sum() for name, frame in (("w", whole), ("p", part))}
    assert filled["w"] - filled["p"] == 8  # two cells of the four episodes that began by the day


def test_all_cells_together():
    """2024/25: a, b, c have six cells each at the start. a: family, agency, area; b: agency, area; c: family, agency;
    and of three reviews held two say a level: 3 + 2 + 2 + 2 = 9 of 18 + 3 = 21."""
    made = data_quality.completeness(TABLES, as_at=AS_AT).filter(measure="filled", period="2024/25")
    low, high = proportion_confint(9, 21, method="wilson")
    assert made.select("numerator", "denominator", "value", "lower", "upper").row(0) == pytest.approx(
        (9, 21, 900 / 21, 100 * low, 100 * high)
    )


def test_by_agency_a_record_is_its_lead_agencys():
    made = data_quality.completeness(TABLES, as_at=AS_AT, by="agency")
    assert of(made, "review.level_after", group="school") == [(1, 2)]
    assert of(made, "review.level_after", group="not recorded") == [(1, 1)]  # of an episode that is not there
    kinds = data_quality.completeness(TABLES, as_at=AS_AT, by="agency_type", period="quarter")
    assert of(kinds, "episode.lsoa", group="police", period="2024/25 Q4") == [(0, 1)]
    assert set(kinds["breakdown"]) == {"agency_type"}
    months = data_quality.completeness(TABLES, as_at=AS_AT, period="month")
    assert of(months, "episode.lsoa", period="2025-03") == [(0, 1)]
    with pytest.raises(ValueError, match="week"):
        data_quality.completeness(TABLES, as_at=AS_AT, period="week")


def test_rows_that_point_to_nothing():
    made = data_quality.orphans(TABLES, as_at=AS_AT)
    assert of(made, "review.episode_id") == [(1, 4)]
    assert of(made, "episode.lead_agency_id") == [(0, 4)]
    by_agency = data_quality.orphans(TABLES, as_at=AS_AT, by="agency")
    assert of(by_agency, "review.episode_id", group="school") == [(0, 3)]
    assert of(by_agency, "review.episode_id", group="not recorded") == [(1, 1)]


def example(rule: data_quality.Rule) -> dict[str, pl.DataFrame]:
    """A record of the rule's table that is sound but for the example, with its episode."""
    value, other = rule.example.split("|")
    days = {
        "episode": {"start_date": "2024-06-01"},
        "assessment": {"start_date": "2024-06-01", "agency_id": "x"},
        "person": {},
        "review": {"due_date": "2024-06-01"},
        "need": {"baseline_date": "2024-06-01", "outcome": 1},
        "plan": {"start_date": "2024-06-01"},
        "step_event": {"date": "2024-06-01", "direction": "up"},
        "referral": {"date": "2024-06-01"},
    }[rule.table]
    row = {CASE_TABLES[rule.table].key[0]: "a", **days, rule.column: value}
    episode = {"episode_id": "a", "start_date": "2024-06-01"}
    where, _, column = rule.other.rpartition(".")
    if where:
        episode[column] = other
        row |= {"person_id": "a"} if rule.table == "person" else {"episode_id": "a"}
    elif rule.other in CASE_TABLES[rule.table].columns:
        row[rule.other] = other
    episode["person_id"] = "a" if where else None  # somebody not yet born has no episode of their own
    if rule.table == "episode":
        return {"episode": table("episode", row)}
    return {"episode": table("episode", episode), rule.table: table(rule.table, row)}


@pytest.mark.parametrize("rule", data_quality.rules().values(), ids=lambda rule: rule.id)
def test_each_rule_is_broken_by_its_own_example_and_by_that_alone(rule):
    tables = example(rule)
    made = data_quality.impossible_dates(tables, as_at=D("2024-12-31"))
    broken = made.filter(pl.col("numerator") > 0)
    assert broken.select("measure", "numerator").rows() == [(rule.id, 1)]
    found = data_quality.broken(tables, rule.id, as_at=D("2024-12-31"))
    assert found["value"].to_list() == [D(rule.example.split("|")[0])]


@pytest.mark.parametrize("rule", data_quality.rules().values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_is_wrong_and_what_to_do(rule):
    assert rule.message.endswith(".") and rule.to_do.endswith(".")
    assert rule.column in CASE_TABLES[rule.table].columns


def test_the_same_day_breaks_nothing():
    tables = {
        "episode": table(
            "episode", {"episode_id": "a", "person_id": "p", "start_date": "2025-06-30", "end_date": "2025-06-30"}
        ),
        # a month of birth is its first day: a child born on 15 June, in early help from the 10th, is in the same month
        "person": table("person", {"person_id": "p", "birth_month": "2025-06-01"}),
    }
    made = data_quality.impossible_dates(tables, as_at=AS_AT)
    assert made.height > 0
    assert made["numerator"].sum() == 0


def test_every_cell_and_reference_is_of_the_canonical_tables():
    for cell in data_quality.cells():
        assert cell.column in CASE_TABLES[cell.table].columns, cell
        assert not cell.date or cell.date in CASE_TABLES[cell.table].columns
        assert cell.name and cell.to_do.endswith(".")
    assert len({cell.id for cell in data_quality.cells()}) == len(data_quality.cells())


@pytest.mark.parametrize("engine", ["lazy", "pandas", "duckdb"])
def test_the_same_on_every_engine(engine):
    connection = duckdb.connect()
    turned = {
        "lazy": pl.DataFrame.lazy,
        "pandas": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
        "duckdb": lambda frame: connection.from_arrow(frame.to_arrow()),
    }[engine]
    theirs = {k: turned(v) for k, v in TABLES.items()}
    for ask in (data_quality.completeness, data_quality.impossible_dates, data_quality.orphans):
        for by in (None, "agency", "agency_type"):
            assert ask(theirs, as_at=AS_AT, by=by).equals(ask(TABLES, as_at=AS_AT, by=by)), (ask.__name__, by)


def test_nothing_is_no_error():
    for ask in (data_quality.completeness, data_quality.impossible_dates, data_quality.orphans):
        assert ask({}, as_at=AS_AT).is_empty()
