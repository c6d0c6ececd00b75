"""The one way in: opens a file, tells its kind, has it read and checked, and accounts for every row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from metrics.estimates import FIGURES
from metrics.questionnaire import Instrument, as_json

from . import boundaries, cases, cover, ees, fingertips, instruments, lait, own, personal, place_files, star
from .batch import Batch, IntakeError, Ledger, plain, safe_name
from .figures import Rows, build, settle
from .headers import KINDS, Fit, detect, fit
from .opening import Opened, as_utf8, open_archive, open_file, read_bytes
from .star_editions import star_editions

LICENCE = "Open Government Licence v3.0"
PUBLISHERS = {
    "lait": ("Department for Education", "Local Authority Interactive Tool", LICENCE),
    "ees": ("Department for Education", "Explore education statistics", LICENCE),
    "fingertips": ("Office for Health Improvement and Disparities", "Fingertips", LICENCE),
    "cover": ("UK Health Security Agency", "COVER", LICENCE),
}
LOCAL = ("", "", "")
_HEADER_ROWS = 40  # how far down a header may stand
_SHEET = 10_000_000  # lines of the second sheet count from here while the file is read
_FOOTNOTE = 3  # a publisher's notes may give a telephone number or two; from here on it is a column of them


@dataclass(frozen=True, slots=True)
class Found:
    sheet: str
    row: int  # position of the header, 0 is the first row
    header: list[str | None]
    fit: Fit


def read(
    source: str | Path | bytes,
    *,
    file_name: str = "",
    kind: str | None = None,
    sheet: str | None = None,
    forum_areas: Mapping[str, str] | None = None,
    agencies: Mapping[str, str] | None = None,
    as_at: date | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Batch:
    """Read one file.

    source: a path, or the file's bytes. file_name: what people call it (default: the path's name), see `safe_name`.
    kind: a key of `KINDS`; None lets the header decide. sheet: of a workbook; None finds the one whose header fits.
    forum_areas: code → name of those that were loaded, which figures may be of; None: those that ship.
    agencies: id → name of those that were loaded, which case records may name.
    as_at: the day after which no date of a case record or Star may lie; None: today.
    progress: called with the share done (0–1) and what is being done.

    Raises `IntakeError`, one sentence, when the file as a whole is no good, or holds what could name a person. Bad rows
    do not raise: they are in `Batch.refused`.
    """
    tell = progress or (lambda done, words: None)
    name = safe_name(file_name or (Path(source).name if not isinstance(source, bytes) else "The file"))
    if kind is not None and kind not in KINDS:
        raise IntakeError(f"“{kind}” is not a kind of file; the kinds are {', '.join(KINDS)}.")
    tell(0.0, "Opening the file")
    data = read_bytes(source, name)
    ledger = Ledger()
    if kind in (None, "instrument") and instruments.is_text(data, name):
        return _instrument(instruments.read_instrument_file(data, file_name=name), name, data)
    if _is_geojson(data, kind, name):
        tell(0.3, "Checking the outlines")
        outlines = boundaries.read(as_utf8(data, name), ledger, file_name=name)
        tell(1.0, "Read")
        return _batch("boundaries", name, hashlib.sha256(data).hexdigest(), ledger, places=outlines)
    files = open_archive(data, file_name=name)
    opened = None if files else open_file(data, file_name=name)
    tell(0.2, "Looking for the table")
    if opened is not None and _holds_stars(opened, kind):
        tell(0.3, "Reading and checking the Stars")
        tables = star.read_star(opened, ledger, as_at=as_at or date.today(), sheet=sheet, known=star_editions())
        if not ledger.rows:
            raise IntakeError(f"{name} has a header and no rows below it.")
        tell(1.0, "Read")
        return _batch("star", name, opened.sha256, ledger, tables=tables)
    batch = _cases(files or [opened], data, kind, sheet, ledger, name, as_at or date.today(), agencies, tell)
    if batch is not None:
        return batch
    opened = opened or open_file(data, file_name=name)
    if kind == "instrument" or (kind is None and instruments.looks_like(opened)):
        return _instrument(instruments.read_opened(opened), name, data)
    kind, tables = _locate(opened, kind, sheet)
    figures: list[pl.DataFrame] = []
    names: dict[str, str] = {}
    for number, found in enumerate(tables):
        tell(0.3 + 0.5 * number / len(tables), "Reading and checking the rows")
        frame = _table(kind, opened, found, number, ledger)
        if kind in place_files.PLACES:
            continue
        for rows in _rows(kind, frame, found, opened, ledger, forum_areas):
            made = build(rows, ledger)
            figures.append(cover.count_back(made, ledger) if kind == "cover" else made)
            names = names or rows.names
    if not ledger.rows:
        raise IntakeError(f"{name} has a header and no rows below it.")
    tell(0.9, "Looking for rows that contradict each other")
    if kind in place_files.PLACES:
        frame, columns = _ours(frame, tables[0], ledger)
        there = place_files.read(kind, frame, columns, ledger, file_name=name)
        batch = _batch(kind, name, opened.sha256, ledger, places=there)
    else:
        together = settle(figures or [_no_figures()], names, ledger)
        batch = _batch(kind, name, opened.sha256, ledger, figures=together)
    tell(1.0, "Read")
    return batch


def _is_geojson(data: bytes, kind: str | None, name: str) -> bool:
    if boundaries.looks_like(data):
        if kind not in (None, "boundaries"):
            raise IntakeError(f"{name} looks like {KINDS['boundaries']}, not like {KINDS[kind]}.")
        return True
    if kind == "boundaries":
        raise boundaries.not_boundaries(name)
    return False


def _holds_stars(opened: Opened, kind: str | None) -> bool:
    """Whether to read a file as Stars. The table `reading` of our own set looks like them, and a list of Stars like a
    list of persons: where the set's own readings are there, it is the set."""
    if kind is not None or not star.looks_like(opened, star_editions()):
        return kind == "star"
    return all(sheet.table != "reading" for sheet in cases.find([opened])[1])


def _cases(
    files: list[Opened],
    data: bytes,
    kind: str | None,
    sheet: str | None,
    ledger: Ledger,
    name: str,
    as_at: date,
    agencies: Mapping[str, str] | None,
    tell: Callable[[float, str], None],
) -> Batch | None:
    """Case records, read; None where the file holds none."""
    if kind is not None and kind not in cases.CASES:
        return None
    known, sheets, rest = cases.find(files, kind)
    if sheet is not None:
        sheets = [s for s in sheets if s.name == sheet]
    if not sheets and kind:
        raise IntakeError(f"{name} is not {KINDS[kind]}: no table of it has the columns of one of these.")
    if not sheets:
        return None
    if rest:
        ledger.remarks.append(f"Not read, as they hold none of these tables: {', '.join(plain(r) for r in rest)}.")
    tell(0.3, "Reading and checking the records")
    tables = cases.read(
        sheets, ledger, as_at=as_at, file_name=name, agencies=agencies,
        progress=lambda done: tell(0.3 + 0.6 * done, ""),
    )  # fmt: skip
    if not ledger.rows:
        raise IntakeError(f"{name} has a header and no rows below it.")
    titles = tuple(dict.fromkeys(s.title for s in sheets)) if len(sheets) > 1 else ()
    batch = _batch(known, name, hashlib.sha256(data).hexdigest(), ledger, tables=tables, titles=titles)
    tell(1.0, "Read")
    return batch


def _instrument(made: Instrument, name: str, data: bytes) -> Batch:
    ledger, items = Ledger(), sum(len(section.items) for section in made.every_section)
    batch = _batch("instrument", name, hashlib.sha256(data).hexdigest(), ledger)
    return replace(batch, instrument=as_json(made), licence=made.licence, rows=items, rows_used=items)


def _no_figures() -> pl.DataFrame:
    return pl.DataFrame(schema={**FIGURES, "line": pl.Int64})


def _batch(
    kind: str,
    name: str,
    sha256: str,
    ledger: Ledger,
    *,
    figures: pl.DataFrame | None = None,
    places: pl.DataFrame | None = None,
    tables: dict[str, pl.DataFrame] | None = None,
    titles: tuple[str, ...] = (),
) -> Batch:
    """What was read, and the account of every row."""
    used, refused, left_out = ledger.close()
    publisher, release, licence = PUBLISHERS.get(kind, LOCAL)
    return Batch(
        kind=kind,
        file_name=name,
        sha256=sha256,
        figures=(_no_figures() if figures is None else figures).select(list(FIGURES)),
        refused=ledger.refused().with_columns(pl.col("line") % _SHEET),
        remarks=ledger.remarks,
        publisher=publisher,
        release=release,
        licence=licence,
        rows=ledger.rows,
        rows_used=used,
        rows_refused=refused,
        rows_left_out=left_out,
        places=places,
        places_kind="" if places is None else kind,
        cases=tables,
        tables=titles,
        repaired=ledger.repaired().with_columns(pl.col("line") % _SHEET),
    )


def _locate(opened: Opened, kind: str | None, sheet: str | None) -> tuple[str, list[Found]]:
    """The kind of the file and where its tables stand. Raises `IntakeError` where there is none."""
    there = ", ".join(f"“{s}”" for s in opened.sheets)
    if sheet is not None and sheet not in opened.sheets:
        raise IntakeError(f"{opened.file_name} has no sheet “{sheet}”; its sheets are {there}.")
    sheets = [sheet] if sheet is not None else opened.sheets
    found: list[Found] = []
    told: str | None = None
    for name in sheets:
        for position, cells in enumerate(opened.preview(name)[:_HEADER_ROWS]):
            here = kind or told or detect(cells)
            if here is None:
                continue
            fitted = fit(here, cells)
            if fitted.complete:
                told = here
                found.append(Found(name, position, cells, fitted))
                break
    if not found:
        raise IntakeError(_misfit(opened, kind, sheets, there))
    if not found[0].fit.wide:
        found = found[:1]
    return told or "", found


def _misfit(opened: Opened, kind: str | None, sheets: list[str], there: str) -> str:
    rows = [cells for name in sheets for cells in opened.preview(name)[:_HEADER_ROWS]]
    where = f" in the sheet “{sheets[0]}”" if len(opened.sheets) > 1 and len(sheets) == 1 else ""
    also = f"; its sheets are {there}" if len(opened.sheets) > 1 else ""
    if kind is None:
        if said := cases.nearest(opened):
            return said
        return (
            f"{opened.file_name} has no header that is known here{where}{also}: say which kind of "
            "file it is, and what it lacks is named."
        )
    other = next((k for cells in rows if (k := detect(cells)) not in (None, kind)), None)
    if other:
        return f"{opened.file_name} looks like {KINDS[other]}, not like {KINDS[kind]}{where}."
    nearest = min((fit(kind, cells).missing for cells in rows), key=len, default=("a header",))
    return f"{opened.file_name} is not {KINDS[kind]}{where}: it lacks a column for {', '.join(nearest)}{also}."


def _table(kind: str, opened: Opened, found: Found, number: int, ledger: Ledger) -> pl.DataFrame:
    """The rows of one sheet, without blank ones and without those that are longer than the header.

    All columns are looked through for what could name a person, also those that are not used: nothing is read then.
    """
    frame, too_long = opened.table(found.sheet, found.row)
    _no_persons(kind, opened.file_name, found, frame, too_long)
    if not (kind == "ees" or found.fit.wide):
        wanted = {f"c{i}" for i in found.fit.columns.values()}
        frame = frame.select("line", *(c for c in frame.columns if c in wanted))
    shift = pl.col("line").cast(pl.Int64) + number * _SHEET
    frame, too_long = frame.with_columns(shift), too_long.with_columns(shift)
    ledger.rows += frame.height
    reason = "this row has more cells than the header; is there a comma in a number or a name?"
    ledger.refuse(too_long, "(whole row)", reason, value="value")
    if not too_long.is_empty():
        frame = frame.join(too_long.select("line"), on="line", how="anti", maintain_order="left")
    cells = [c for c in frame.columns if c != "line"]
    blank = frame.filter(pl.all_horizontal(pl.col(c).is_null() | (pl.col(c) == "") for c in cells))
    if not blank.is_empty():
        ledger.leave_out(blank, "they are blank, or blank in every column that is used")
        frame = frame.join(blank.select("line"), on="line", how="anti", maintain_order="left")
    return frame


def _no_persons(kind: str, name: str, found: Found, frame: pl.DataFrame, too_long: pl.DataFrame) -> None:
    headers = {c: (found.header[int(c[1:])] if int(c[1:]) < len(found.header) else "") or "" for c in frame.columns[1:]}
    expected = {f"c{i}" for i in found.fit.columns.values()}
    allowed = {(f"c{i}", personal.POSTCODES) for ours, i in found.fit.columns.items() if ours == "postcode"}
    least = _FOOTNOTE if kind in PUBLISHERS else 1
    personal.check(frame, headers, file_name=name, expected=expected, allowed=allowed, least=least)
    personal.check(too_long, {"value": "(whole row)"}, file_name=name, expected={"value"})


def _rows(
    kind: str, frame: pl.DataFrame, found: Found, opened: Opened, ledger: Ledger, forum_areas: Mapping[str, str] | None
) -> list[Rows]:
    if frame.is_empty():
        return []
    if kind == "ees":
        return ees.read(frame, found.header, found.fit.columns, ledger)
    if found.fit.wide:
        period = cover.period_of(opened)
        return [cover.read_wide(frame, found.header, found.fit, sheet=found.sheet, period=period, ledger=ledger)]
    frame, columns = _ours(frame, found, ledger)
    if kind == "own":
        return [own.read(frame, columns, ledger, forum_areas=forum_areas)]
    reader = {"lait": lait.read, "fingertips": fingertips.read, "cover": cover.read_long}[kind]
    return [reader(frame, columns, ledger)]


def _ours(frame: pl.DataFrame, found: Found, ledger: Ledger) -> tuple[pl.DataFrame, dict[str, str]]:
    """The cells under our names, and what the file calls each; columns that are not used are remarked on."""
    here = {ours: f"c{i}" for ours, i in found.fit.columns.items() if f"c{i}" in frame.columns}
    frame = frame.select("line", *(pl.col(c).alias(ours) for ours, c in here.items()))
    columns = {ours: (found.header[found.fit.columns[ours]] or ours).strip() for ours in here}
    unused = [plain(h) for i, h in enumerate(found.header) if h and i not in found.fit.columns.values()]
    if unused:
        ledger.remarks.append(f"Columns not used: {', '.join(unused)}.")
    return frame, columns
