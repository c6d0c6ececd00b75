"""Opens a file from outside, safely: what it is, how it is encoded, which tables it holds. Nothing is read into it."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import fastexcel
import polars as pl

from .batch import IntakeError, safe_name

MAX_BYTES = 250_000_000  # a file; LAIT's whole table is about 120 MB as CSV
MAX_UNPACKED_BYTES = 600_000_000  # everything in a workbook, unpacked
MAX_UNPACKED_RATIO = 250  # unpacked over packed; real workbooks stay under 60, bombs start at 1,000
MAX_COLUMNS = 400
MAX_ROWS = 3_000_000
PREVIEW_ROWS = 60  # a header is looked for in this many rows
MAX_TABLES = 100  # in an archive; our own set has 21
TABLE_ENDINGS = (".csv", ".tsv", ".txt")
_MEGABYTE = 1_000_000
_WORKBOOK = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}  # one of these is in every workbook

_ERRORS = {
    "NA": "#N/A",
    "Div0": "#DIV/0!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "Name": "#NAME?",
    "Num": "#NUM!",
    "Null": "#NULL!",
    "GettingData": "#GETTING_DATA",
}
# First bytes of files that are not tables, and what to tell their owner.
_NOT_TABLES = {
    b"%PDF": "is a PDF, not a table: save the table as CSV or XLSX",
    b"\x89PNG": "is a picture, not a table: save the table as CSV or XLSX",
    b"\xff\xd8\xff": "is a picture, not a table: save the table as CSV or XLSX",
    b"GIF8": "is a picture, not a table: save the table as CSV or XLSX",
    b"\xd0\xcf\x11\xe0": "is an old or password-protected Excel workbook: save it as XLSX without a password",
    b"\x1f\x8b": "is a compressed file: unpack it first",
    b"7z\xbc\xaf": "is a compressed file: unpack it first",
    b"Rar!": "is a compressed file: unpack it first",
    b"PAR1": "is a Parquet file: save the table as CSV or XLSX",
}


@dataclass(slots=True)
class Opened:
    """A file whose tables can be looked at. A CSV has one sheet, called ""."""

    file_name: str
    sha256: str
    sheets: list[str]
    data: bytes = b""  # of a CSV, in UTF-8
    separator: str = ","
    workbook: fastexcel.ExcelReader | None = None
    _previews: dict[str, list[list[str | None]]] = field(default_factory=dict)

    def preview(self, sheet: str) -> list[list[str | None]]:
        """The first rows of a sheet as text."""
        if sheet not in self._previews:
            self._previews[sheet] = (
                [list(row) for row in _sheet(self.workbook, sheet, rows=PREVIEW_ROWS).rows()]
                if self.workbook
                else self._csv_top()[0]
            )
        return self._previews[sheet]

    def _csv_top(self) -> tuple[list[list[str | None]], list[int]]:
        """First records, and after how many lines of text each ends (a quoted cell may hold line ends)."""
        reader = csv.reader(io.StringIO(_start(self.data)), delimiter=self.separator)
        rows, ends = [], []
        try:
            for record in reader:
                rows.append([cell or None for cell in record])
                ends.append(reader.line_num)
                if len(rows) == PREVIEW_ROWS:
                    break
        except csv.Error as error:
            raise IntakeError(f"{self.file_name} cannot be read as a table: a cell of it never ends.") from error
        return rows, ends

    def table(
        self, sheet: str, header_row: int, *, columns: Collection[int] | None = None, errors: bool = False
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Everything below the header, as text: columns `line`, `c0`, `c1`, …, and the lines with more cells than that.

        `line` is the row's number in a spreadsheet. The second frame has `line` and `value`. `columns` says which
        columns are wanted, by position; None: all. `errors`: a workbook's errors are given as text, such as `#N/A`,
        instead of as empty cells.
        """
        if self.workbook:
            frame = _sheet(self.workbook, sheet, errors=errors).slice(header_row + 1)
            long = pl.DataFrame(schema={"line": pl.Int64, "value": pl.String})
        else:
            frame, long = self._csv_body(header_row, columns)
        if frame.height > MAX_ROWS:
            raise IntakeError(f"{self.file_name} has more than {MAX_ROWS:,} rows: load it in parts.")
        if columns is not None:
            frame = frame.select(c for c in frame.columns if int(c[1:]) in columns)
        return frame.with_row_index("line", offset=header_row + 2), long

    def _csv_body(self, header_row: int, columns: Collection[int] | None) -> tuple[pl.DataFrame, pl.DataFrame]:
        rows, ends = self._csv_top()
        width = len(rows[header_row])
        names = [f"c{i}" for i in range(width)]
        long = pl.DataFrame(schema={"line": pl.Int64, "value": pl.String})
        try:
            frame = pl.read_csv(
                self.data,
                separator=self.separator,
                skip_lines=ends[header_row - 1] if header_row else 0,
                infer_schema=False,
                columns=sorted(columns) if columns is not None else None,
            )
            names = names if columns is None else [f"c{i}" for i in sorted(columns)]
            return frame.rename(dict(zip(frame.columns, names, strict=True))), long
        except (pl.exceptions.PolarsError, ValueError):
            return self._csv_body_by_hand(header_row, names)

    def _csv_body_by_hand(self, header_row: int, names: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The slow way, for files with rows that are longer than the header."""
        text = self.data.decode()
        cells: list[list[str | None]] = []
        long: list[tuple[int, str]] = []
        width = len(names)
        try:
            for number, record in enumerate(csv.reader(io.StringIO(text), delimiter=self.separator)):
                if number <= header_row:
                    continue
                if any(cell.strip() for cell in record[width:]):
                    long.append((number + 1, self.separator.join(record)))
                cells.append([cell or None for cell in record[:width]] + [None] * (width - len(record)))
        except csv.Error as error:
            raise IntakeError(f"{self.file_name} cannot be read as a table: a cell of it never ends.") from error
        frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")
        return frame, pl.DataFrame(long, schema={"line": pl.Int64, "value": pl.String}, orient="row")


def open_file(source: str | Path | bytes, *, file_name: str) -> Opened:
    """Open a CSV or a workbook. Raises `IntakeError` with one sentence for anything else."""
    name = file_name or "The file"
    data = read_bytes(source, name)
    digest = hashlib.sha256(data).hexdigest()
    if data[:4] == b"PK\x03\x04" or data[:4] == b"PK\x05\x06":
        _check_zip(data, name)
        try:
            workbook = fastexcel.read_excel(data)
        except fastexcel.FastExcelError as error:
            raise IntakeError(f"{name} is damaged or not a workbook: save it again as XLSX.") from error
        return Opened(name, digest, list(workbook.sheet_names), workbook=workbook)
    data = as_utf8(data, name)
    start = _start(data)
    if not start.strip() and not data.strip():
        raise IntakeError(f"{name} is empty.")
    if start.lstrip().lower().startswith(("<!doctype", "<html", "<?xml", "{", "[{")):
        raise IntakeError(f"{name} is a web page or a data feed, not a table: save the table as CSV or XLSX.")
    return Opened(name, digest, [""], data=data, separator=_separator(start))


def open_archive(data: bytes, *, file_name: str) -> list[Opened]:
    """The tables of a ZIP archive of CSV files, one a table; none where it is a workbook or holds no such file.

    Raises `IntakeError` as `open_file` does.
    """
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [m.filename for m in archive.infolist() if m.filename.lower().endswith(TABLE_ENDINGS)]
            tables = [n for n in names if not re.search(r"(^|[/\\])(\.|__MACOSX)", n)]
            if _WORKBOOK & set(archive.namelist()) or not tables:
                return []
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, ValueError):
        return []  # for `open_file` to say
    if len(tables) > MAX_TABLES:
        raise IntakeError(f"{file_name} holds more than {MAX_TABLES} tables: load it in parts.")
    _check_zip(data, file_name, tables=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = [(safe_name(name), archive.read(name)) for name in tables]
    return [open_file(member, file_name=name) for name, member in found if member.strip()]


def _start(data: bytes) -> str:
    """The first two megabytes of UTF-8, as text; a letter cut in two at the end is dropped."""
    return data[: 2 * _MEGABYTE].decode(errors="ignore")


def read_bytes(source: str | Path | bytes, name: str) -> bytes:
    """The file's bytes. Raises `IntakeError` for what its first bytes or its size show to be no use."""
    if isinstance(source, bytes):
        size, start = len(source), source[:4096]
    else:
        path = Path(source)
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                start = file.read(4096)
        except OSError as error:
            raise IntakeError(f"{name} cannot be opened: {error.strerror or error}.") from error
    if size == 0:
        raise IntakeError(f"{name} is empty.")
    for magic, words in _NOT_TABLES.items():
        if start.startswith(magic):
            raise IntakeError(f"{name} {words}.")
    if b"\x00" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff", b"PK")):
        raise IntakeError(f"{name} is not a table: it holds bytes that no text has.")
    if size > MAX_BYTES:
        raise IntakeError(
            f"{name} is larger than {MAX_BYTES // _MEGABYTE} MB, more than any of these files is: load it in parts."
        )
    return source if isinstance(source, bytes) else Path(source).read_bytes()


def _check_zip(data: bytes, name: str, *, tables: bool = False) -> None:
    """Refuse what is not a workbook (or, if `tables`, an archive of CSV), is damaged, or unpacks to far too much.

    The sizes that the archive declares are believed only once each member has been unpacked, in pieces, and counted.
    """
    damaged = f"{name} is damaged or not a workbook: save it again as XLSX."
    too_big = f"{name} would unpack to far more than a workbook holds, so it was not opened."
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {m.filename for m in members}
            if any(m.flag_bits & 1 for m in members):
                raise IntakeError(f"{name} is password-protected: save it without a password.")
            if not tables and not names & _WORKBOOK:
                raise IntakeError(f"{name} is a ZIP archive, not a workbook: unpack it and load the table itself.")
            if _bomb(sum(m.file_size for m in members), len(data)):
                raise IntakeError(too_big)
            unpacked = 0
            for member in members:
                with archive.open(member) as file:
                    while piece := file.read(_MEGABYTE):
                        unpacked += len(piece)
                        if _bomb(unpacked, len(data)):
                            raise IntakeError(too_big)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise IntakeError(damaged) from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise IntakeError(damaged) from error
        raise


def _bomb(unpacked: int, packed: int) -> bool:
    return unpacked > MAX_UNPACKED_BYTES or (unpacked > 10 * _MEGABYTE and unpacked > MAX_UNPACKED_RATIO * packed)


def as_utf8(data: bytes, name: str) -> bytes:
    """The same text in UTF-8, without a byte order mark, with line ends that count as such."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise IntakeError(f"{name} is damaged: its text breaks off or is mixed up.") from error
    elif b"\x00" in data:
        raise IntakeError(f"{name} is not a table: it holds bytes that no text has.")
    elif not data.isascii() and not _is_utf8(data):
        try:
            data = data.decode("cp1252").encode()  # what Excel on Windows writes as “CSV”
        except UnicodeDecodeError as error:
            raise IntakeError(f"{name} is not a table: it is neither UTF-8 nor Windows text.") from error
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\n" not in data[:_MEGABYTE] and b"\r" in data[:_MEGABYTE]:
        data = data.replace(b"\r", b"\n")
    return data


def _is_utf8(data: bytes) -> bool:
    """Read in pieces, so that a large file does not stand in memory twice."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), _MEGABYTE):
            decoder.decode(data[at : at + _MEGABYTE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(text: str) -> str:
    """The separator that gives the widest agreement among the first lines."""
    lines = [line for line in text[:200_000].splitlines()[:PREVIEW_ROWS] if line.strip()]
    best = max((",", ";", "\t"), key=lambda s: max(len(next(csv.reader([line], delimiter=s))) for line in lines))
    return best


def _sheet(
    workbook: fastexcel.ExcelReader, sheet: str, *, rows: int | None = None, errors: bool = False
) -> pl.DataFrame:
    """A sheet as text, without a header; its first `rows` only, where given."""
    try:
        loaded = workbook.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=rows, dtypes="string")
        frame = _with_errors(loaded) if errors else loaded.to_polars()
    except fastexcel.FastExcelError as error:
        raise IntakeError(f"The sheet “{sheet}” cannot be read: save the workbook again as XLSX.") from error
    if frame.width > MAX_COLUMNS:
        raise IntakeError(f"The sheet “{sheet}” has more than {MAX_COLUMNS} columns, so it is not one of these tables.")
    return frame.rename({name: f"c{i}" for i, name in enumerate(frame.columns)})


def _with_errors(loaded: fastexcel.ExcelSheet) -> pl.DataFrame:
    """The sheet with its errors (`#N/A`, `#DIV/0!`) as text; they come as empty cells otherwise."""
    table, found = loaded.to_arrow_with_errors()
    frame = pl.DataFrame(pl.from_arrow(table))
    by_column: dict[int, tuple[list[int], list[str]]] = {}
    for error in found.errors if found else ():
        if "Error(" in error.detail:
            row, column = error.offset_position
            at, said = by_column.setdefault(column, ([], []))
            at.append(row)
            said.append(_ERRORS.get(error.detail.partition("Error(")[2].partition(")")[0], "#ERROR!"))
    for column, (at, said) in by_column.items():
        frame = frame.with_columns(frame.to_series(column).scatter(at, said))
    return frame
