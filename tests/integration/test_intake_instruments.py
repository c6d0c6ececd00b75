"""Instruments from outside: TOML and JSON as shipped, CSV and workbooks; each fault in a sentence that says where."""

import io
import json
from datetime import date

import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner

from dashboard.access import Scope
from dashboard.answers import loads
from dashboard.answers.keep import use_store
from dashboard.cli import main
from dashboard.intake import IntakeError, read
from dashboard.intake.instruments import read_instrument_file
from dashboard.store import open_store
from metrics.definition_files import DEFINITIONS
from metrics.questionnaire import as_json, as_table, from_json, instruments

SHIPPED = "early_help_system_2.toml"
HEAD = {
    "instrument": "ours", "edition": "2026", "title": "Our own questions", "official": "no", "source": "our forum",
    "licence": "free", "lowest": "1", "highest": "4", "labels": "never | sometimes | often | always",
}  # fmt: skip
ROWS = [
    {"area": "Family voice", "item": "voice", "text": "Families are heard.", "descriptor_1": "Nobody asks.",
     "descriptor_4": "They decide with us.", "same_as": "2025:heard | old/1:f1"},
    {"area": "Family voice", "item": "plan", "text": "There is one plan.", "item_title": "One plan"},
    {"area": "Data", "item": "share", "text": "We share what we know."},
    {"area": "Confidence", "area_id": "sure", "item": "sure", "text": "I am confident.", "asked_of": "Practitioner",
     "beside": "yes", "confidence_at_least": "3"},
]  # fmt: skip


def csv(rows=ROWS, head=HEAD, **changes):
    """The table as a file; what is said once stands in the first row. `changes`: column → value of that row."""
    first = {**head, **rows[0], **changes} if rows else {**head}
    every = [first, *rows[1:]]
    columns = list(dict.fromkeys(c for row in every for c in row))
    frame = pl.DataFrame(
        [{c: row.get(c, "") for c in columns} for row in every], schema=dict.fromkeys(columns, pl.String)
    )
    return frame.write_csv().encode()


def refused(data, name="ours.csv"):
    with pytest.raises(IntakeError) as fault:
        read_instrument_file(data, file_name=name)
    sentence = str(fault.value)
    assert sentence.startswith(name) and sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_what_ships_is_read_from_its_own_file():
    found = read_instrument_file((DEFINITIONS / "instruments" / SHIPPED).read_bytes(), file_name=SHIPPED)
    assert found == instruments()["early_help_system/2"]
    assert read_instrument_file(as_json(found).encode(), file_name="from the store.json") == found


def test_a_table_is_read_with_all_that_it_says():
    found = read_instrument_file(csv(), file_name="ours.csv")
    assert (found.key, found.official, found.lowest, found.highest) == ("ours/2026", False, 1, 4)
    assert found.labels == ("never", "sometimes", "often", "always")
    assert [(s.id, s.title, len(s.items)) for s in found.sections] == [
        ("family_voice", "Family voice", 2), ("data", "Data", 1),
    ]  # fmt: skip
    assert found.item("voice").descriptors == ((1, "Nobody asks."), (4, "They decide with us."))
    assert found.item("plan").name == "One plan"
    assert [(s.id, s.asked_of) for s in found.also] == [("sure", ("practitioner",))]
    assert found.confidence.items == ("sure",) and found.confidence.at_least == 3
    assert found.crosswalk == {"2025": {"heard": "voice"}, "old/1": {"f1": "voice"}}


def test_a_workbook_may_say_once_what_stands_for_all():
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        about = workbook.add_worksheet("About")
        for row, pair in enumerate([("Field", "Value"), *HEAD.items()]):
            about.write_row(row, 0, pair)
        sheet = workbook.add_worksheet("Items")
        columns = list(dict.fromkeys(c for row in ROWS for c in row))
        sheet.write_row(0, 0, [c.replace("_", " ").title() for c in columns])
        for number, row in enumerate(ROWS, 1):
            sheet.write_row(number, 0, [row.get(c, "") for c in columns])
    assert read_instrument_file(book.getvalue(), file_name="ours.xlsx") == read_instrument_file(
        csv(), file_name="ours.csv"
    )


def changed(at, **cells):
    return [{**row, **cells} if place == at else row for place, row in enumerate(ROWS)]


FAULTS = [
    (csv(changed(2, area="")), "line 4: column “area” is empty: give the area."),
    (csv(changed(1, text="")), "line 3: column “text” is empty: give the text."),
    (csv(changed(2, item="voice")), "line 4, column item: the id “voice” stands in line 2 already; give each"),
    (csv(changed(1, item="one plan")), "the id “one plan” may hold only letters, digits"),
    (csv(head=HEAD | {"edition": ""}), "edition is missing: give it in a column edition, in the first row."),
    (csv(head=HEAD | {"highest": "four"}), "highest: “four” is not a whole number."),
    (csv(head=HEAD | {"labels": "low | high"}), "labels is a list of 4 texts"),
    (csv(head=HEAD | {"official": "perhaps"}), "official: “perhaps” is neither yes nor no."),
    (csv(changed(2, edition="2025")), "line 4, column edition: “2025” is not what stands before it, “2026”"),
    (csv(changed(1, same_as="heard")), "line 3, column same_as: write “heard” as edition:item, 1:voice."),
    (csv(changed(1, descriptor_9="Far up")), "descriptors: 9 is not a score from 1 to 4"),
    (csv(changed(3, asked_of="everyone")), "asked_of is a list of leader, manager, practitioner"),
    (csv(changed(1, colour="blue")), "the column “colour” is not known here: take it out."),
    (csv(changed(1, area_id="other")), "line 3: column area_id contradicts another row of the area “Family voice”."),
    (csv(changed(3, confidence_at_least="9")), "at_least is a score from 1 to 4"),
    (b"area,item,text,lowest\n", "has a header and no rows below it."),
    (b"item,text,lowest\nvoice,Heard,1\n", "holds no instrument: its first row needs the columns area, item, text."),
    (b"a,b\n1,2\n", "holds no instrument"),
]


@pytest.mark.parametrize(("data", "words"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_says_where_it_is_and_what_to_do(data, words):
    assert words in refused(data)


def test_texts_that_are_none():
    assert "is not TOML that can be read" in refused(b"id = ", "ours.toml")
    assert "is not JSON that can be read" in refused(b'{"id": ', "ours.json")
    table = as_table(instruments()["early_help_system/1"])
    table["section"][0]["item"] = []
    assert "the area “families” has no items" in refused(json.dumps(table).encode(), "ours.json")
    assert "larger than 2 MB" in refused(b"area,item,text\n" * 200_000)


def test_a_text_with_a_telephone_number_is_not_taken_in():
    assert "telephone numbers" in refused(csv(changed(1, text="Call 01604 123456 for a plan")))


def test_it_is_recognised_among_all_files_and_comes_as_the_store_keeps_it():
    shipped = instruments()["early_help_system/1"]
    text = (DEFINITIONS / "instruments" / "early_help_system_1.toml").read_bytes()
    for data, name in ((text, "guide.toml"), (as_json(shipped).encode(), "guide.json"), (csv(), "ours.csv")):
        batch = read(data, file_name=name)
        assert batch.kind == "instrument" and batch.refused.is_empty() and batch.figures.is_empty()
        made = from_json(batch.instrument)
        assert made == (shipped if "guide" in name else read_instrument_file(csv(), file_name=name))
        assert batch.size == batch.rows == batch.rows_used == sum(len(s.items) for s in made.every_section)
    with pytest.raises(IntakeError, match="line 4: column “area” is empty"):
        read(csv(changed(2, area="")), file_name="ours.csv", kind="instrument")


def test_early_help_load_keeps_it_once_and_never_another_under_its_edition(tmp_path, monkeypatch):
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", f"sqlite:///{tmp_path / 'one.db'}")
    file = tmp_path / "ours.csv"
    file.write_bytes(csv())
    run = CliRunner().invoke
    assert "Would load an instrument of 4 items." in run(main, ["load", "--dry-run", str(file)]).output
    done = run(main, ["load", str(file)])
    assert done.exit_code == 0 and "Loaded an instrument of 4 items." in done.output
    assert run(main, ["load", str(file)]).exit_code == 0
    asked = pl.DataFrame({"partner": ["One"], "respondent": ["a@one.example"], "respondent_role": ["leader"]})
    with open_store() as store:
        [kept] = store.questionnaires.instruments().to_dicts()
        assert from_json(kept["content"]) == read_instrument_file(csv(), file_name="ours.csv")
        store.questionnaires.open_round(
            "ours", "2026", title="2026", period_end=date(2026, 6, 30), asked=asked, standing="local", by="a test"
        )
    file.write_bytes(csv(changed(1, text="There are two plans.")))
    again = run(main, ["load", str(file)])
    assert again.exit_code == 1 and "never changed" in again.output


def test_a_faulty_instrument_does_not_hold_up_the_next_file(tmp_path, monkeypatch):
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", f"sqlite:///{tmp_path / 'one.db'}")
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_bytes(csv(changed(2, item="voice")))
    good.write_bytes(csv())
    done = CliRunner().invoke(main, ["load", str(bad), str(good)])
    assert done.exit_code == 1 and "stands in line 2 already" in done.output
    assert "Loaded an instrument of 4 items." in done.output


def test_the_load_page_takes_it_too(tmp_path):
    officer = Scope("data officer", person="provider|ann", author="Ann")
    with open_store(tmp_path / "one.db") as store:
        use_store(store)
        try:
            seen = loads.preview(officer, csv(), file_name="ours.csv")
            assert seen.problem == "" and seen.kept_out == ""
            assert seen.sentence == (
                "ours.csv is the instrument “Our own questions”, edition 2026 (not official): 3 items in 2 areas, "
                "scored from 1 to 4."
            )
            assert loads.put_in(officer, seen.batch) == (
                "In is the instrument “Our own questions”, edition 2026. A round that asks it is opened on the page "
                "of the rounds."
            )
            assert store.questionnaires.instruments()["instrument"].to_list() == ["ours"]
            faulty = loads.preview(officer, csv(changed(2, area="")), file_name="ours.csv")
            assert faulty.problem == "ours.csv: line 4: column “area” is empty: give the area."
        finally:
            use_store(None)
