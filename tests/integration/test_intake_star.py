"""Outcome Star readings from outside: long and wide, CSV and workbook; every rule with the rows that it meets."""

import io
from datetime import date

import polars as pl
import pytest
import xlsxwriter

from dashboard.intake import IntakeError
from dashboard.intake.batch import Ledger
from dashboard.intake.opening import open_file
from dashboard.intake.privacy import Key, keyed_hash
from dashboard.intake.star import looks_like, read_star
from dashboard.intake.star_rules import MERGED, REPEATS, TWICE, TWO_ON_A_DAY, TWO_SERVICES
from metrics import star
from metrics.cases import CASE_TABLES, empty_tables

KEY = Key((b"4f1e2d3c4b5a69788796a5b4c3d2e1f0",))
AS_AT = date(2025, 3, 31)
TEEN = ["Drugs and alcohol", "Well-being", "Safety and security", "Structure and education",
        "Behaviour and citizenship", "Family and other key adults"]  # fmt: skip
HEAD = ["Client ID", "Star", "Edition", "Date completed", "Completed by", "Kind", "Status", "Service"]
LONG = ["person_id", "star", "edition", "date", "area", "score"]


def csv(header, rows):
    return "\n".join(",".join(str(c) for c in row) for row in [header, *rows]).encode()


def take(data, *, name="stars.csv", key=KEY, **options):
    """(readings, refused, repaired, ledger), with the account that every file must give."""
    ledger = Ledger()
    tables = read_star(open_file(data, file_name=name), ledger, as_at=AS_AT, key=key, **options)
    used, refused, left_out = ledger.close()
    assert used + refused + left_out == ledger.rows
    found = tables["reading"]
    assert found.schema == CASE_TABLES["reading"].schema
    assert found["reading_id"].is_unique().all()
    return found, ledger.refused(), ledger.repaired(), ledger


def teen(
    person, day, scores, *, service="S1", by="together", kind="standard", state="final", edition="1", name="Teen Star"
):
    return [person, name, edition, day, by, kind, state, service, *scores]


def wide(*rows, **options):
    return take(csv([*HEAD, *TEEN], rows), **options)


def test_one_row_a_star():
    found, refused, repaired, _ = wide(
        teen("C-1", "12/04/2024", [1, 2, 3, 4, 5, 1], by="Service user and worker"),
        teen("C-1", "2024-10-01", [2, 2, 3, 4, 5, 3], kind="Retrospective", by="Worker only", state="draft"),
    )
    assert refused.is_empty() and repaired.is_empty() and found.height == 12
    assert set(found["person_id"]) == {keyed_hash(pl.Series(["C-1"]), key=KEY)[0]}
    first = found.filter(date=date(2024, 4, 12))
    assert dict(first.select("area", "score").rows()) == {f"area_{i}": s for i, s in enumerate([1, 2, 3, 4, 5, 1], 1)}
    assert first.select("tool", "edition", "completed_by", "retrospective", "state", "agency_id").unique().rows() == [
        ("teen_star", "1", "together", False, "final", "S1")
    ]
    last = found.filter(date=date(2024, 10, 1))
    assert last.select("completed_by", "retrospective", "state").unique().rows() == [("worker", True, "draft")]
    assert first["star_id"].n_unique() == 1 and found["star_id"].n_unique() == 2


def test_our_own_long_table_and_the_workbook_give_the_same():
    rows = [["C-1", "Teen Star", "1", "2024-04-12", f"Area {i}", s] for i, s in enumerate([1, 2, 3, 4, 5, 1], 1)]
    found, refused, _, _ = take(csv(LONG, rows))
    assert refused.is_empty() and found["score"].to_list() == [1, 2, 3, 4, 5, 1]
    assert found["completed_by"].null_count() == found["state"].null_count() == 6
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"default_date_format": "dd/mm/yyyy"}) as workbook:
        workbook.add_worksheet("About").write(0, 0, "made for a test")
        sheet = workbook.add_worksheet("Raw data")
        sheet.write_row(0, 0, ["Export of readings"])
        sheet.write_row(2, 0, LONG)
        for number, row in enumerate(rows, 3):
            sheet.write_row(number, 0, [*row[:3]])
            sheet.write_datetime(number, 3, date.fromisoformat(row[3]))
            sheet.write_row(number, 4, row[4:])
    from_book, *_ = take(book.getvalue(), name="stars.xlsx")
    assert from_book.equals(found)


def test_a_file_comes_out_as_pairs():
    found, *_ = wide(
        teen("C-1", "2024-04-12", [1, 2, 3, 4, 5, 1]), teen("C-1", "2024-10-01", [2, 2, 3, 4, 5, 3]),
        teen("C-2", "2024-04-12", [1, 1, 1, 1, 1, 1]),
    )  # fmt: skip
    readings = star.from_cases({**empty_tables(), "reading": found})
    assert readings.collect_schema() == star.READINGS
    pairs = star.pairs(readings, "teen_star/1")
    assert pairs.people["paired"].to_list().count(True) == 1 and pairs.people.height == 2
    assert (pairs.both.last - pairs.both.first).tolist() == [[1, 0, 0, 0, 0, 2]]


WHOLE = "the readings of this Star are whole numbers from 1 to 5"
REFUSED = [
    (dict(scores=[6, 2, 3, 4, 5, 1]), TEEN[0], "6", WHOLE),
    (dict(scores=[0, 2, 3, 4, 5, 1]), TEEN[0], "0", WHOLE),
    (dict(scores=["2.5", 2, 3, 4, 5, 1]), TEEN[0], "2.5", WHOLE),
    (dict(scores=["stuck", 2, 3, 4, 5, 1]), TEEN[0], "stuck", WHOLE),
    (dict(scores=[""] * 6), "(whole row)", "", "there is no reading in any area"),
    (dict(day="01/04/2025"), "Date completed", "01/04/2025", "this day has not come yet"),
    (dict(day="1999-12-31"), "Date completed", "1999-12-31", "there was no Star yet on this day"),
    (dict(day="soon"), "Date completed", "soon", "no day that can be read, such as 2024-05-23 or 23/05/2024"),
    (dict(person=""), "Client ID", "", "no person"),
    (dict(name="Recovery Star"), "Star", "Recovery Star", "this Star and edition is not among those that are set up"),
    (dict(edition="9"), "Star", "Teen Star", "this Star and edition is not among those that are set up"),
    (
        dict(name="New Mum Star"), "Star", "New Mum Star",
        "of this edition, its range must be set first, by the holder of the licence",
    ),
    (dict(by="the neighbour"), "Completed by", "the neighbour", "this word is not known here"),
    (dict(state="perhaps"), "Status", "perhaps", "this word is not known here"),
    (dict(service="=1+1"), "Service", "'=1+1", "a formula, not the name of a service"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "column", "value", "reason"), REFUSED, ids=[str(r[0]) for r in REFUSED])
def test_what_is_refused_is_listed_with_its_reason(change, column, value, reason):
    good = dict(person="C-1", day="2024-04-12", scores=[1, 2, 3, 4, 5, 1])
    found, refused, _, _ = wide(teen(**{**good, **change}), teen("C-2", "2024-04-12", [1] * 6))
    assert refused.rows() == [(2, column, value, reason)]
    assert set(found.filter(date=date(2024, 4, 12))["score"]) <= {1, 2, 3, 4, 5}
    assert found.filter(person_id=keyed_hash(pl.Series(["C-2"]), key=KEY)[0]).height == 6


def test_an_area_of_another_star_is_refused_where_it_holds_something():
    # a table of two Stars side by side: each row has the columns of its own Star filled
    header = [*HEAD, *TEEN, "Where you live"]
    rows = [[*teen("C-1", "2024-04-12", [1] * 6), ""], [*teen("C-2", "2024-04-12", [1] * 6), 3]]
    found, refused, _, _ = take(csv(header, rows))
    assert refused.rows() == [(3, "Where you live", "", "this edition has no such area")]
    assert found.height == 12


def test_a_star_without_every_area_is_flagged_and_never_in_a_pair():
    found, refused, repaired, _ = wide(
        teen("C-1", "2024-04-12", [1, 2, 3, 4, 5, 1]), teen("C-1", "2024-10-01", [2, "", 3, "", 5, 3])
    )
    assert refused.is_empty() and found.height == 10
    assert repaired.rows() == [(3, "(whole row)", "", "this Star has readings in 4 of 6 areas, so it is in no pair")]
    pairs = star.pairs(star.from_cases({**empty_tables(), "reading": found}), "teen_star/1")
    assert pairs.excluded["incomplete"] == 1 and not pairs.people["paired"].any()


def test_the_same_star_twice_is_left_out_or_refused():
    same = teen("C-1", "2024-04-12", [1, 2, 3, 4, 5, 1])
    found, refused, _, ledger = wide(same, same, teen("C-1", "2024-04-12", [1, 2, 3, 4, 5, 2]))
    assert found["score"].to_list() == [1, 2, 3, 4, 5, 1]
    assert f"1 row left out: {REPEATS}." in ledger.remarks
    assert refused.rows() == [(4, "Date completed", "", TWICE)]


def test_in_a_long_table_a_reading_twice_is_left_out_or_refused():
    rows = [["C-1", "Teen Star", "1", "2024-04-12", f"area_{i}", 3] for i in range(1, 7)]
    again, other = list(rows[0]), [*rows[1][:5], 4]
    found, refused, _, ledger = take(csv(LONG, [*rows, again, other]))
    assert found.height == 6 and f"1 row left out: {REPEATS}." in ledger.remarks
    assert refused.rows() == [(9, "score", "", TWICE)]


def test_the_same_star_in_two_services_is_merged_into_the_latest_service():
    # moved from S1 to S2, and the export has the first Star in both
    found, refused, repaired, _ = wide(
        teen("C-1", "2024-04-12", [1, 2, 3, 4, 5, 1], service="S1"),
        teen("C-1", "2024-04-12", [1, 2, 3, 4, 5, 1], service="S2"),
        teen("C-1", "2024-10-01", [2, 2, 3, 4, 5, 3], service="S2"),
    )
    assert refused.is_empty() and found.height == 12 and set(found["agency_id"]) == {"S2"}
    assert repaired.rows() == [(2, "Service", "S1", MERGED)]


def test_a_person_in_two_services_is_flagged():
    _, refused, repaired, _ = wide(
        teen("C-1", "2024-04-12", [1] * 6, service="S1"), teen("C-1", "2024-10-01", [2] * 6, service="S2")
    )
    assert refused.is_empty() and repaired.rows() == [(3, "Service", "S2", TWO_SERVICES)]


def test_two_stars_of_one_day_in_two_services_are_flagged_and_make_no_pair():
    found, refused, repaired, _ = wide(
        teen("C-1", "2024-04-12", [1] * 6, service="S1"), teen("C-1", "2024-04-12", [2] * 6, service="S2")
    )
    assert refused.is_empty() and found["star_id"].n_unique() == 2
    assert [row[3] for row in repaired.rows()] == [TWO_ON_A_DAY, TWO_SERVICES]
    pairs = star.pairs(star.from_cases({**empty_tables(), "reading": found}), "teen_star/1")
    assert pairs.excluded["same_day"] == 1 and not pairs.people["paired"].any()


def test_the_edition_change_of_family_star_plus_is_pooled_and_counted():
    areas = [a.name for a in star.editions()["family_star_plus/1"].areas]
    old = csv([*HEAD, *areas], [["C-1", "Family Star Plus", "1.1", "2023-03-01", "together", "", "", "S1", *[4] * 10]])
    rows = [["C-1", "Family Star Plus", "2", "2024-03-01", f"Area {i}", 7] for i in range(1, 11)]
    both = pl.concat([take(data)[0] for data in (old, csv(LONG, rows))])
    found = star.flow(star.from_cases({**empty_tables(), "reading": both}), "family_star_plus/2")
    assert found.filter(measure="editions_pooled")["numerator"].item() == 1


def test_a_file_that_could_name_a_person_is_refused_whole():
    rows = [[*teen("C-1", "2024-04-12", [1] * 6), "Ann Other"]]
    for header in ("Worker name", "Client name", "Date of birth", "Comments"):
        with pytest.raises(IntakeError, match=f"“{header}”"):
            take(csv([*HEAD, *TEEN, header], rows))
    with pytest.raises(IntakeError, match="NHS numbers"):
        wide(teen("9990000018", "2024-04-12", [1] * 6))


def test_no_identifier_comes_through_and_without_a_key_nothing_does(monkeypatch):
    found, refused, repaired, ledger = wide(
        teen("C-77", "2024-04-12", [1, 2, 9, 4, 5, 1]), teen("C-77", "2024-04-12", [1, 2, 3, 4, 5, 2])
    )
    everything = "".join(frame.write_csv() for frame in (found, refused, repaired)) + "".join(ledger.remarks)
    assert "C-77" not in everything and "C77" not in everything
    for name in ("EARLY_HELP_IDENTIFIER_KEY", "EARLY_HELP_IDENTIFIER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(IntakeError, match="no identifier key"):
        wide(teen("C-1", "2024-04-12", [1] * 6), key=None)


def test_the_same_star_has_the_same_id_in_the_next_export():
    row = teen("C-1", "2024-04-12", [1, 2, 3, 4, 5, 1])
    ids = [wide(*rows)[0].filter(date=date(2024, 4, 12))["reading_id"].to_list()
           for rows in ([row], [teen("C-0", "2024-01-01", [1] * 6, service="S9"), row])]  # fmt: skip
    assert ids[0] == ids[1]


def test_other_tables_are_not_taken_for_stars():
    assert looks_like(open_file(csv(LONG, []) + b"\n", file_name="a.csv"))
    for header in (["measure", "area", "period", "value"], ["Client ID", "Date", "Score"]):
        opened = open_file(csv(header, [["x"] * len(header)]), file_name="a.csv")
        assert not looks_like(opened)
        with pytest.raises(IntakeError, match="holds no Star readings"):
            read_star(opened, Ledger(), as_at=AS_AT, key=KEY)


def test_unused_columns_and_blank_rows_are_told():
    rows = [[*teen("C-1", "2024-04-12", [1] * 6), "x"], [""] * (len(HEAD) + 7)]
    *_, ledger = take(csv([*HEAD, *TEEN, "Postal round"], rows))
    assert "Columns not used: Postal round." in ledger.remarks
    assert any(r.startswith("1 row left out: they are blank") for r in ledger.remarks)
