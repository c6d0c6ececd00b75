"""Files that are not tables, tables in every encoding, workbooks: each bad one gives exactly one clear sentence."""

import io
import struct
import tracemalloc
import zipfile
from contextlib import contextmanager

import pytest
import xlsxwriter

from dashboard.intake import KINDS, IntakeError, opening, read

HEADER = ["measure", "area", "period", "value"]
ROW = ["rereferrals", "E06000061", "2019", "23.9"]


def csv_of(*rows, separator=","):
    return "\r\n".join(separator.join(row) for row in rows) + "\r\n"


def workbook(sheets, *, first_cell=(0, 0)):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if value is not None:
                        sheet.write(i + first_cell[0], j + first_cell[1], value)
    return buffer.getvalue()


def sentence(data, *, file_name="figures.csv", **options):
    """The one sentence that a wrong file gives."""
    with pytest.raises(IntakeError) as caught:
        read(data, file_name=file_name, **options)
    words = str(caught.value)
    assert words.endswith(".") and "\n" not in words and words.count(". ") == 0, words
    assert len(words) < 300
    return words


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(encoding, separator):
    text = csv_of([*HEADER, "note"], [*ROW, "café – 5 £"], separator=separator)
    batch = read(text.encode(encoding), file_name="figures.csv")
    assert batch.figures.select("measure", "group", "value", "note").rows() == [
        ("rereferrals", "E06000061", 23.9, "café – 5 £")
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends(line_end):
    assert read(csv_of(HEADER, ROW).replace("\r\n", line_end).encode(), file_name="a.csv").figures.height == 1


def test_a_header_below_title_lines_and_the_line_numbers_of_a_spreadsheet():
    rows = [["Re-referrals"], ['"two\nlines"'], [], HEADER, ROW, ["", "", "", ""], [*ROW[:2], "2018/20", "1"]]
    batch = read(csv_of(*rows).encode(), file_name="a.csv")
    # title 1, the quoted cell is one row of a spreadsheet: 2, blank 3, header 4, 5 good, 6 blank, 7 bad
    assert batch.refused.select("line", "column", "value").rows() == [(7, "period", "2018/20")]
    assert (batch.rows, batch.rows_used, batch.rows_refused, batch.rows_left_out) == (3, 1, 1, 1)


def test_a_row_with_more_cells_than_the_header_is_refused_not_shifted():
    batch = read(
        b"measure,area,period,value\nrereferrals,E06000061,2019,1,234\nrereferrals,E06000062,2019,24\n",
        file_name="a.csv",
    )
    assert batch.figures["group"].to_list() == ["E06000062"]
    assert batch.refused.rows() == [
        (
            2,
            "(whole row)",
            "rereferrals,E06000061,2019,1,234",
            "this row has more cells than the header; is there a comma in a number or a name?",
        )
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"  \n\n ", "is empty"),
        (b"\x00" * 100_000, "is not a table"),
        (b"measure,area\n" + b"\x00" * 10_000, "is not a table"),
        (b"a,b\n" * 2000 + b"\x00", "is not a table"),
        (b"%PDF-1.7\n1 0 obj", "is a PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old or password-protected Excel"),
        (b"\x1f\x8b\x08\x00", "is a compressed file"),
        (b"PAR1\x15\x04", "is a Parquet file"),
        (b"<!DOCTYPE html><html><body>Page not found", "is a web page"),
        (b'{"figures": []}', "is a web page or a data feed"),
        (b"measure,area,period,value\n", "has a header and no rows below it"),
        (b"once upon a time\nthere was a county\n", "has no header that is known here"),
        (b"a,b,c\n1,2,3\n", "has no header that is known here"),
        (b"\x81\x8d\x8f\x90\x9d" * 50, "neither UTF-8 nor Windows text"),
        (b"\xff\xfeabc", "is damaged"),
        (b"PK\x03\x04 and nothing more", "is damaged or not a workbook"),
    ],
)
def test_what_is_not_a_table_gives_one_sentence(data, says):
    words = sentence(data)
    assert words.startswith("figures.csv ")
    assert says in words


@contextmanager
def most_memory(limit):
    """What is done here takes this many bytes more at most."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def test_two_hundred_megabytes_of_zero_bytes_are_refused_without_being_read(tmp_path):
    path = tmp_path / "zeros.csv"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    with most_memory(1_000_000):
        words = sentence(path, file_name="")
    assert words == "zeros.csv is not a table: it holds bytes that no text has."


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(csv_of(HEADER, ROW).encode() + b" " * 5000)
        file.truncate(opening.MAX_BYTES + 1)
    assert "huge.csv is larger than 250 MB" in sentence(path, file_name="")


def test_a_file_that_is_not_there(tmp_path):
    assert "cannot be opened" in sentence(tmp_path / "gone.csv", file_name="")


def test_a_zip_that_is_not_a_workbook():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("figures.csv", csv_of(HEADER, ROW))
    assert "is a ZIP archive" in sentence(buffer.getvalue())


def bomb(size):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as member:
            for _ in range(size // 1_000_000):
                member.write(b"0" * 1_000_000)
    return buffer.getvalue()


def test_a_zip_bomb_is_refused_by_what_it_declares():
    data = bomb(60_000_000)
    with most_memory(1_000_000):
        assert "would unpack to far more than a workbook holds" in sentence(data, file_name="bomb.xlsx")


def test_a_zip_bomb_that_lies_about_its_size_is_refused():
    data = bytearray(bomb(60_000_000))
    size = struct.pack("<I", 60_000_000)
    while (at := data.find(size)) >= 0:  # the declared size, in the member's header and in the directory
        data[at : at + 4] = struct.pack("<I", 1000)
    words = sentence(bytes(data), file_name="bomb.xlsx")
    assert "is damaged or not a workbook" in words or "would unpack" in words


def test_a_workbook_with_a_broken_member():
    data = bytearray(workbook({"Data": [HEADER, ROW]}))
    at = data.find(b"xl/worksheets/sheet1.xml") + 40
    data[at : at + 8] = b"\xff" * 8
    assert "is damaged or not a workbook" in sentence(bytes(data), file_name="a.xlsx")


def test_an_encrypted_zip():
    data = bytearray(workbook({"Data": [HEADER, ROW]}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + offset] |= 1
    assert "is password-protected" in sentence(bytes(data), file_name="a.xlsx")


def test_a_workbook_finds_the_sheet_whose_header_fits():
    rows = [
        ["Local figures 2019"],
        [],
        HEADER,
        ["rereferrals", "E06000061", 2019, 23.9],
        ["rereferrals", "Nowhere", 2019, 1],
    ]
    data = workbook({"Read me": [["Notes"]], "Figures": rows}, first_cell=(2, 1))
    batch = read(data, file_name="figures.xlsx")
    assert batch.figures.select("group", "period", "value").rows() == [("E06000061", "2019", 23.9)]
    # two empty rows above, title 3, blank 4, header 5, good 6, bad 7
    assert batch.refused.select("line", "column", "value").rows() == [(7, "area", "Nowhere")]


def test_a_wrong_sheet_names_the_sheets_that_there_are():
    data = workbook({"Read me": [["Notes"]], "Figures": [HEADER, ROW]})
    words = sentence(data, file_name="figures.xlsx", sheet="Data")
    assert words == "figures.xlsx has no sheet “Data”; its sheets are “Read me”, “Figures”."
    words = sentence(data, file_name="figures.xlsx", sheet="Read me")
    assert "in the sheet “Read me”" in words and "“Figures”" in words
    assert read(data, file_name="figures.xlsx", sheet="Figures").figures.height == 1


def test_a_workbook_without_rows():
    assert "no rows below it" in sentence(workbook({"Data": [HEADER]}), file_name="a.xlsx")
    assert "no header that is known" in sentence(workbook({"Data": []}), file_name="a.xlsx")


def test_too_many_columns():
    words = sentence(workbook({"Data": [[f"c{i}" for i in range(opening.MAX_COLUMNS + 1)]]}), file_name="a.xlsx")
    assert "more than 400 columns" in words


def test_the_wrong_kind_is_named():
    words = sentence(csv_of(HEADER, ROW).encode(), kind="ees")
    assert words == f"figures.csv looks like {KINDS['own']}, not like {KINDS['ees']}."
    words = sentence(b"a,b\n1,2\n", kind="own")
    assert words == f"figures.csv is not {KINDS['own']}: it lacks a column for measure, area, period, value."
    assert "the kinds are own, lait, ees, fingertips, cover" in sentence(b"a,b\n1,2\n", kind="excel")


def test_progress_only_moves_forward_and_ends_at_one():
    told = []
    read(csv_of(HEADER, ROW).encode(), file_name="a.csv", progress=lambda done, words: told.append((done, words)))
    shares = [done for done, _ in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert all(words for _, words in told)


def test_the_hash_is_of_the_bytes_as_they_came():
    import hashlib

    data = csv_of(HEADER, ROW).encode("utf-8-sig")
    assert read(data, file_name="a.csv").sha256 == hashlib.sha256(data).hexdigest()


def open_document(rows):
    """A workbook as the publisher of COVER saves it since 2021 (OpenDocument), with the least that it needs."""
    cells = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in row)
        + "</table:table-row>"
        for row in rows
    )
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {namespaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Table_1">{cells}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return buffer.getvalue()


def test_an_open_document_workbook():
    batch = read(open_document([HEADER, ROW]), file_name="figures.ods")
    assert batch.figures.select("group", "value").rows() == [("E06000061", 23.9)]
