"""What docs/questionnaire.md says of the files is what is read: every column of an instrument, with its example."""

import re
from pathlib import Path

import polars as pl

from dashboard.intake.instruments import COLUMNS, NEEDED_COLUMNS, read_instrument_file
from metrics.questionnaire import QUADRANTS, rules

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "questionnaire.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (yes|) ?\| (.+?) \| `(.+?)` \|$", PAGE, flags=re.M)


def test_every_column_is_documented_and_nothing_else():
    told = [column.replace("descriptor_0", "descriptor") for column, *_ in ROWS]
    assert sorted(told) == sorted(COLUMNS)
    assert {column for column, needed, *_ in ROWS if needed} == set(NEEDED_COLUMNS)


def test_the_examples_make_an_instrument():
    example = {column: example.replace("\\|", "|") for column, _, _, example in ROWS}
    made = read_instrument_file(pl.DataFrame([example]).write_csv().encode(), file_name="example.csv")
    assert made.key == f"{example['instrument']}/{example['edition']}"
    [section] = made.sections
    [item] = section.items
    assert (section.id, section.title, section.asked_of) == ("voice", "Family voice", ("leader", "manager"))
    assert (item.id, item.name, item.descriptors) == ("heard", "Families shape help", ((0, "Nobody asks them."),))
    assert made.labels_of(section) == {0: "never", 1: "at times", 2: "always"}
    assert made.crosswalk == {"2025": {"voice": "heard"}} and made.confidence.at_least == 2


def test_the_rules_it_tells_are_the_rules():
    text = " ".join(PAGE.split())
    assert f"drawing the partners anew {rules().draws:,} times" in text
    assert (rules().least_for_interval, rules().least_for_agreement, rules().least_below_partner) == (6, 3, 3)
    assert "Under six partners there are none" in text and "from three partners on" in text
    assert (rules().section_needs, rules().items_needed, rules().low_below) == (0.5, 0.5, 50)
    for quadrant in QUADRANTS:
        assert f": {quadrant}." in text
