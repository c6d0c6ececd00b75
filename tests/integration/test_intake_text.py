"""Text from outside is shown as text: tricks in names of files, formulas, HTML, Markdown, unseen characters."""

import re
import unicodedata

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cli import main
from dashboard.components import literal
from dashboard.intake import read, safe_name

from .intake_files import NORTH, read_rows
from .invented import OWN


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("figures.csv", "figures.csv"),
        ("../../x.csv", "x.csv"),
        ("/etc/passwd", "passwd"),
        ("C:\\temp\\x.csv", "x.csv"),
        ("..\\..\\x.csv", "x.csv"),
        ("x.csv\x00.exe", "x.csv .exe"),
        ("evil\x1b[31m\r\n.csv", "evil [31m .csv"),
        ("invoice‮vsc.exe", "invoice vsc.exe"),
        ("..", "The file"),
        ("", "The file"),
        ("/", "The file"),
        ("  .hidden.csv", "hidden.csv"),
        ("\udcff.csv", "?.csv"),
        ("<b>x</b>.csv", "b>.csv"),
        ("a" * 5000 + ".csv", "a" * 95 + "….csv"),
    ],
)
def test_tricks_in_a_file_s_name(name, shown):
    assert safe_name(name) == shown
    data = f"measure,area,period,value\nrereferrals,{NORTH},2019,23.9\n".encode()
    assert read(data, file_name=name).file_name == (shown if name else "The file")


@given(st.text(max_size=300))
def test_a_file_s_name_is_one_short_line_without_folders(name):
    shown = safe_name(name)
    assert 0 < len(shown) <= 100 and not set(shown) & set("/\\")
    assert not shown.startswith(".") and {unicodedata.category(c) for c in shown}.isdisjoint(
        {"Cc", "Cf", "Zl", "Zp", "Cs"}
    )
    assert safe_name(shown) == shown


HTML = "<script>alert(1)</script>"
RISKY = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", " =1"]


@pytest.mark.parametrize("column", ["measure", "area", "period", "status", "note", "breakdown", "group", "year_type"])
@pytest.mark.parametrize("cell", RISKY)
def test_a_formula_in_a_text_cell_is_refused_and_shown_as_text(column, cell):
    header = ["measure", "area", "period", "value", "status", "note", "breakdown", "group", "year_type"]
    good = ["rereferrals", NORTH, "2019", "23.9", "", "", "agency", "Schools", ""]
    bad = [cell if name == column else value for name, value in zip(header, good, strict=True)]
    batch = read_rows(header, good, bad)
    assert batch.size == 1
    assert {v[:1] for v in batch.refused["value"] if v} == {"'"}


def test_html_in_a_text_cell_stays_text():
    batch = read_rows(OWN, ["rereferrals", NORTH, "2019", "23.9", HTML], ["rereferrals", HTML, "2019", "23.9", ""])
    assert batch.figures["note"].to_list() == [HTML]
    assert batch.refused["value"].to_list() == [HTML]


def test_unseen_characters_of_a_file_reach_no_terminal(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(
        f"measure,ar\x1bea,area,period,value\nrereferrals,x,\x1b[2J‮{NORTH},20\x1b[1m,23.9\n", encoding="utf-8"
    )
    result = CliRunner().invoke(main, ["check", str(path)])
    assert result.exit_code == 1 and "1 row refused" in result.output
    assert [c for c in result.output if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"] == []


def test_markdown_in_a_name_is_shown_as_it_stands():
    text = "![x](http://example.org/p.png) :red[y] $z$ <b>*_`~|#\\"
    assert re.sub(r"\\(.)", r"\1", literal(text)) == text
    assert not re.search(r"(?<!\\)[\[\]()<>!:$*_`~|#]", literal(text))


def test_the_load_page_shows_a_name_with_markdown_in_it_as_text(look):
    from .test_pages import open_page, upload

    at = upload(open_page("load_data"), b"", "![x](http:p.png).csv")
    assert at.error[0].value == r"\!\[x\]\(http\:p.png\).csv is empty."
