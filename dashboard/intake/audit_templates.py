"""An audit template from a file: TOML, whole or as what it changes in an earlier version, or a table of questions.

| column | what it holds |
|---|---|
| `template`, `version`, `title`, `source` | what it is; in the first row, or alike in every row |
| `section`, `section_title` | the section's id and its title; the title is needed once |
| `id`, `text`, `guidance` | the question |
| `kind` | ypn, grade, derived or text; also YPNNA, YNNA (no “partly”), G4, DERIVED |
| `gate` | 0, 1 or 2 |
| `partly`, `mandatory`, `compliance` | yes or no |
| `measure` | of a derived question |

Nothing of a faulty template is taken: its first fault is one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from metrics.audit import Template, TemplateError, read_template

from . import personal
from .batch import IntakeError, plain, safe_name
from .headers import normal
from .opening import as_utf8, open_file, read_bytes

MAX_BYTES = 2_000_000  # a template is some kilobytes
NEEDED = ("section", "id", "text", "kind")
_HEAD = ("template", "version", "title", "source")
_OPTIONAL = ("section_title", "guidance", "gate", "partly", "mandatory", "compliance", "measure")
_KINDS: Mapping[str, dict[str, Any]] = {
    "ypnna": {"kind": "ypn"}, "ynna": {"kind": "ypn", "partly": False}, "yn": {"kind": "ypn", "partly": False},
    "g4": {"kind": "grade"},
}  # fmt: skip
_YES_NO = {"yes": True, "true": True, "y": True, "1": True, "no": False, "false": False, "n": False, "0": False}


def read_template_file(
    source: str | Path | bytes, *, file_name: str = "", known: Mapping[str, Template] | None = None
) -> Template:
    """The template in a file. `known`: those that a version may be based on; None: those that ship.

    Raises `IntakeError`, one sentence, for a template with a fault or a file of another kind.
    """
    name = safe_name(file_name or (Path(source).name if not isinstance(source, bytes) else "The file"))
    data = read_bytes(source, name)
    if len(data) > MAX_BYTES:
        raise IntakeError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB, more than any template is.")
    try:
        if name.lower().endswith(".toml"):
            return read_template(as_utf8(data, name).decode(), known=known)
        return read_template(_table(data, name), known=known)
    except TemplateError as wrong:
        raise IntakeError(f"{name}: {wrong}") from None


def _table(data: bytes, name: str) -> dict[str, Any]:
    """The rows of a table as the tables of a TOML file."""
    opened = open_file(data, file_name=name)
    for sheet in opened.sheets:
        for row, cells in enumerate(opened.preview(sheet)[:20]):
            columns = {normal(c): i for i, c in enumerate(cells) if c}
            if set(NEEDED) <= set(columns):
                frame, _ = opened.table(sheet, row)
                return _read(frame, columns, cells, name)
    wanted = ", ".join(f"“{c}”" for c in NEEDED)
    raise IntakeError(f"{name} is no audit template: it has no header with {wanted}.")


def _read(frame: pl.DataFrame, columns: dict[str, int], header: list[str | None], name: str) -> dict[str, Any]:
    used = {c: f"c{columns[c]}" for c in (*_HEAD, *NEEDED, *_OPTIONAL) if c in columns}
    texts = {at: header[columns[c]] or "" for c, at in used.items()}
    expected = list(texts)  # “title”, “text”: nobody's name; what stands in them is looked at all the same
    personal.check(frame.select("line", *texts), texts, file_name=name, expected=expected)
    made: dict[str, Any] = {"section": [], "question": []}
    for row in frame.iter_rows(named=True):
        cells = {c: plain(row[at] or "") for c, at in used.items()}
        if not any(cells.values()):
            continue
        for field in _HEAD:
            if cells.get(field):
                made.setdefault("id" if field == "template" else field, cells[field])
        if cells["section"] not in {s["id"] for s in made["section"]}:
            title = cells.get("section_title") or cells["section"]
            made["section"].append({"id": cells["section"], "title": title})
        made["question"].append(_question(cells, f"{name}, line {row['line']}"))
    if not made["question"]:
        raise IntakeError(f"{name} has a header and no rows below it.")
    made.setdefault("id", Path(name).stem.replace("-", "_").replace(" ", "_")[:20])
    made.setdefault("version", "1")
    made.setdefault("title", made["id"])
    return made


def _question(cells: Mapping[str, str], where: str) -> dict[str, Any]:
    kind = cells["kind"].lower()
    row: dict[str, Any] = {c: cells[c] for c in ("id", "section", "text", "guidance", "measure") if cells.get(c)}
    row |= _KINDS.get(kind, {"kind": kind})
    for field in ("partly", "mandatory", "compliance"):
        if cells.get(field):
            if cells[field].lower() not in _YES_NO:
                raise IntakeError(f"{where}: “{field}” is yes or no, not “{cells[field][:40]}”.")
            row[field] = _YES_NO[cells[field].lower()]
    if cells.get("gate"):
        if cells["gate"] not in ("0", "1", "2"):
            raise IntakeError(f"{where}: “gate” is 0, 1 or 2, not “{cells['gate'][:40]}”.")
        row["gate"] = int(cells["gate"])
    return row
