"""Where the answers to a questionnaire stand in a forms tool's export, and its cells under our names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from metrics.questionnaire import Instrument

from .batch import IntakeError, Ledger, plain, plain_cells
from .definitions import table
from .headers import normal
from .opening import Opened

HEADER_ROWS = 10


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in a sheet: our column → position; of wide tables item → position, (item, text) → position."""

    sheet: str
    row: int
    header: list[str | None]
    columns: dict[str, int]
    items: dict[str, int] = field(default_factory=dict)
    texts: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def line(self) -> int:
        """The header's number in a spreadsheet."""
        return self.row + 1

    def title(self, position: int) -> str:
        return plain(self.header[position] or "")


@cache
def words(sort: str) -> dict[str, str]:
    """Alias → what it means."""
    return {row["alias"]: row["of"] for row in table("survey_columns.csv") if row["sort"] == sort}


def names_of(instrument: Instrument) -> dict[str, str]:
    """How a file may call an item → its id; a title that two items share means neither."""
    found: dict[str, str | None] = {}
    for section in instrument.every_section:
        for item in section.items:
            for text in {normal(item.id), normal(item.title), normal(item.text)} - {""}:
                found[text] = item.id if found.get(text, item.id) == item.id else None
    return {text: item for text, item in found.items() if item}


def item_of(header: str | None, names: Mapping[str, str]) -> str | None:
    """`3. Families shape services` → `voice`."""
    text = normal(header)
    return names.get(text) or names.get(re.sub(r"^(?:q|question)?_?\d+[a-z]?_", "", text))


def text_of(header: str | None, names: Mapping[str, str]) -> tuple[str, str] | None:
    """`voice: comment` and `Comment on voice` → (`voice`, `comment`)."""
    text = normal(header)
    for ending, kind in words("ending").items():
        for rest in (text.removesuffix(f"_{ending}"), re.sub(rf"^{ending}_(?:on_|for_|to_)?", "", text)):
            if rest != text and (item := item_of(rest, names)):
                return item, kind
    return None


def find(opened: Opened, instrument: Instrument, *, wants_people: bool) -> Layout:
    names = names_of(instrument)
    lacking = ["respondent"]
    for sheet in opened.sheets:
        for row, header in enumerate(opened.preview(sheet)[:HEADER_ROWS]):
            columns: dict[str, int] = {}
            for position, cell in enumerate(header):
                if (ours := words("column").get(normal(cell))) and ours not in columns:
                    columns[ours] = position
            if "respondent" not in columns:
                continue
            if wants_people and (missing := [c for c in ("partner", "role") if c not in columns]):
                lacking = missing
                continue
            if "item" in columns and ({"answer", "state"} & set(columns)):
                return Layout(sheet, row, header, columns)
            who = {c: at for c, at in columns.items() if c in ("respondent", "partner", "role")}
            items: dict[str, int] = {}
            texts: dict[tuple[str, str], int] = {}
            for position, cell in enumerate(header):
                if position in who.values():
                    continue
                if item := item_of(cell, names):
                    if item in items:
                        raise IntakeError(
                            f"{opened.file_name}: the columns “{plain(header[items[item]] or '')}” and "
                            f"“{plain(cell or '')}” are both item {item}: take one out."
                        )
                    items[item] = position
                elif pair := text_of(cell, names):
                    texts.setdefault(pair, position)
            if items:
                return Layout(sheet, row, header, who, items, texts)
            lacking = [f"an item of {instrument.title}, edition {instrument.edition}"]
    raise IntakeError(
        f"{opened.file_name} holds no answers to this questionnaire: it has no column for {' or '.join(lacking)}."
    )


def cells_of(opened: Opened, layout: Layout, ledger: Ledger) -> pl.DataFrame:
    """The rows as text: `line`, our columns, and of wide tables `i:<item>` and `<item>:<text>`."""
    frame, too_long = opened.table(layout.sheet, layout.row)
    frame = frame.with_columns(pl.col("line").cast(pl.Int64))
    ledger.rows += frame.height
    ledger.refuse(too_long, "(whole row)", "this row has more cells than the header; is there a comma in a text?")
    frame = frame.join(too_long.select(pl.col("line").cast(pl.Int64)), on="line", how="anti", maintain_order="left")
    used = {f"c{at}": ours for ours, at in layout.columns.items()}
    used |= {f"c{at}": f"i:{item}" for item, at in layout.items.items()}
    used |= {f"c{at}": f"{kind}:{item}" for (item, kind), at in layout.texts.items()}
    unused = {c: int(c[1:]) for c in frame.columns[1:] if c not in used}
    if layout.items:
        _unknown_items(frame, unused, layout, ledger)
    titles = [layout.title(at) for at in unused.values() if at < len(layout.header) and layout.header[at]]
    if titles:
        ledger.remarks.append(f"Columns not used, and not kept: {', '.join(titles)}.")
    frame = frame.select("line", *(pl.col(c).alias(ours) for c, ours in used.items() if c in frame.columns))
    frame = frame.with_columns(plain_cells(pl.col(c)) for c in frame.columns if c != "line")
    blank = frame.filter(pl.all_horizontal(pl.all().exclude("line").is_null()))
    ledger.leave_out(blank, "they are blank, or blank in every column that is used")
    return frame.join(blank.select("line"), on="line", how="anti", maintain_order="left")


def _unknown_items(frame: pl.DataFrame, unused: dict[str, int], layout: Layout, ledger: Ledger) -> None:
    """A column of small numbers or of “don't know” that is no item here is one of another edition: say so by column."""
    for column in list(unused):
        cells = frame[column].drop_nulls().str.strip_chars()
        cells = cells.filter(cells != "")
        if cells.is_empty() or normal(layout.title(unused[column])) in ("id", "number", "response_id"):
            continue
        known = cells.str.contains(r"^\d{1,2}(\.0+)?$")
        known |= pl.Series([words("answer").get(normal(cell)) is not None for cell in cells], dtype=pl.Boolean)
        if known.all():
            reason = "this edition has no such item: head the column by an item's id or its text"
            line = pl.DataFrame({"line": [layout.line]})
            ledger.refuse(line, layout.title(unused.pop(column)), reason)
