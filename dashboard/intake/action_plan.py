"""An action plan as CSV or workbook, as a partnership keeps one or as the dashboard's own export gives it.

| column | what it holds |
|---|---|
| `Action`, `Version` | of the dashboard's export: which action a row changes, from which version; empty: a new one |
| `Outcome` | needed |
| `Owner (agency)`, `Owner (role)` | the first needed; never a named person |
| `Measure`, `Target`, `Actions`, `Progress`, `Evidence` | text |
| `By when` | a day, `31/03/2014` |
| `Status` | not started, under way, done or closed; other words for these are known |
| `Why` | for an action that is closed: the reason |
| `Indicators`, `Questionnaire items`, `Audit themes` | what it hangs on, several with a semicolon between them |

A column that is not there leaves what stands. Any other column is left out, and named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from metrics.catalogue import catalogue

from . import personal
from .batch import IntakeError, Ledger, plain, safe_name
from .cases.repair import read_days
from .headers import normal
from .opening import Opened, open_file

HEADER_ROWS = 20
MOST = 2_000  # actions in a file: a plan with more is no plan
LONGEST = 4_000  # characters of one cell
# Column of ours → the headers it may have.
HEADERS: Mapping[str, Sequence[str]] = {
    "action": ("action", "action_number", "number", "no", "ref"),
    "version": ("version",),
    "outcome": ("outcome", "outcome_wanted", "what_we_want_to_achieve", "priority"),
    "measure": ("measure", "how_we_will_know", "success_measure"),
    "target": ("target",),
    "by_when": ("by_when", "due", "due_date", "deadline", "timescale", "target_date", "by"),
    "owner_agency": ("owner_agency", "agency", "lead_agency", "owner", "lead", "responsible"),
    "owner_role": ("owner_role", "role", "lead_role"),
    "actions": ("actions", "what_we_will_do", "steps", "task", "tasks"),
    "progress": ("progress", "update", "progress_update"),
    "evidence": ("evidence", "source"),
    "status": ("status", "rag", "state"),
    "note": ("why", "reason", "note"),
    "indicator": ("indicators", "indicator"),
    "questionnaire item": ("questionnaire_items", "questionnaire_item"),
    "audit theme": ("audit_themes", "audit_theme"),
}
LINKS = ("indicator", "questionnaire item", "audit theme")
# What people write for the four states.
STATUSES: Mapping[str, Sequence[str]] = {
    "not started": ("not started", "not begun", "planned", "new", "to do"),
    "under way": ("under way", "underway", "in progress", "ongoing", "on track", "started", "amber", "carried forward"),
    "done": ("done", "complete", "completed", "achieved", "finished", "green"),
    "closed": ("closed", "stopped", "withdrawn", "abandoned", "no longer needed"),
}
_TEXTS = ("outcome", "measure", "target", "owner_agency", "owner_role", "actions", "progress", "evidence")
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Cllr|Councillor|Prof|Sir|Dame|Rev)\.? [A-Z][\w'-]+")
_CONTROL = r"[\p{Cc}\p{Cf}&&[^\n]]"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row that can be used: `fields` as `dashboard.store.plans` takes them, only those whose column is there."""

    line: int
    action: int | None
    version: int | None
    fields: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A file's rows, those refused with the reason (columns of `dashboard.intake.batch.REFUSED`), and remarks."""

    file_name: str
    rows: Sequence[PlanRow]
    refused: pl.DataFrame
    remarks: Sequence[str] = field(default_factory=tuple)


def read_plan(data: bytes, *, file_name: str) -> PlanFile:
    """Read and check an action plan. Raises `IntakeError`, one sentence, for a file that is none; bad rows are in
    `refused` and the others kept."""
    name = safe_name(file_name)
    opened = open_file(data, file_name=name)
    sheet, header_row, columns = _header(opened)
    frame, long = opened.table(sheet, header_row)
    header = opened.preview(sheet)[header_row]
    titles = {ours: plain(header[position] or "") for ours, position in columns.items()}
    ledger = Ledger()
    ledger.refuse(long, "(whole row)", "the row has more cells than the header", value="value")
    rows = frame.select("line", *(pl.col(f"c{position}").alias(ours) for ours, position in columns.items()))
    rows = rows.with_columns(pl.exclude("line").str.replace_all(_CONTROL, "").str.strip_chars())
    rows = rows.with_columns(pl.when(pl.exclude("line") != "").then(pl.exclude("line")).name.keep())
    if "action" in rows.columns:  # what the dashboard writes beneath a table: what was chosen, and the source
        beneath = pl.col("outcome").is_null() & pl.col("owner_agency").is_null() & pl.col("action").str.contains(": ")
        rows = rows.filter(~beneath.fill_null(False))
    rows = rows.filter(pl.any_horizontal(pl.exclude("line").is_not_null()))
    rows = rows.filter(~pl.col("line").is_in(long["line"].implode()))
    if rows.is_empty():
        raise IntakeError(f"{name} has a header and no rows below it.")
    if rows.height > MOST:
        raise IntakeError(f"{name} has {rows.height:,} rows; a plan of more than {MOST:,} actions is not read.")
    good = _good(rows, titles, ledger)
    left_out = [plain(cell) for i, cell in enumerate(header) if cell and i not in columns.values()]
    remarks = (f"Left out: {personal.listed(left_out)}.",) if left_out else ()
    return PlanFile(name, [_row(row) for row in good.iter_rows(named=True)], ledger.refused(), remarks)


def names_person(text: str) -> str:
    """What in a text looks like a person's name, address or number, in words; "" where nothing does."""
    found = [what for what, cells in personal.values(pl.Series([text])).items() if len(cells)]
    return found[0] if found else "the name of a person" if _TITLE.search(text) else ""


def _header(opened: Opened) -> tuple[str, int, dict[str, int]]:
    """(sheet, row of the header, column of ours → position), of the first sheet that has an outcome and an owner."""
    for sheet in opened.sheets:
        for row, cells in enumerate(opened.preview(sheet)[:HEADER_ROWS]):
            named = [normal(cell) for cell in cells]
            found: dict[str, int] = {}
            for ours, headers in HEADERS.items():
                for header in headers:
                    if header in named and named.index(header) not in found.values():
                        found[ours] = named.index(header)
                        break
            if {"outcome", "owner_agency"} <= set(found):
                return sheet, row, found
    raise IntakeError(
        f"{opened.file_name} is no action plan: it needs a column Outcome and a column Owner (agency); export the plan "
        "here to see all of them."
    )


def _good(rows: pl.DataFrame, titles: Mapping[str, str], ledger: Ledger) -> pl.DataFrame:
    """The rows that can be used, with `by_when` as a day and `status` in our words; the others are refused."""

    def refuse(which: pl.Expr, column: str, reason: str) -> None:
        ledger.refuse(rows.filter(which), titles[column], reason, value=column)

    for column in ("outcome", "owner_agency"):
        refuse(pl.col(column).is_null(), column, "this is empty, and an action needs it")
    for column in [c for c in rows.columns if c != "line"]:
        refuse(pl.col(column).str.len_chars() > LONGEST, column, f"this has more than {LONGEST:,} characters")
        refuse(pl.col(column).str.contains(r"^[=@]"), column, "this is a formula; write what it comes to")
        if column in (*_TEXTS, "note"):
            who = {text: what for text in rows[column].drop_nulls().unique() if (what := names_person(text))}
            for what in sorted(set(who.values())):
                refuse(
                    pl.col(column).is_in([text for text, is_ in who.items() if is_ == what]),
                    column,
                    f"this looks like {what}: an owner is an agency and a role, and no person is named",
                )
    if "by_when" in rows.columns:
        day = read_days(rows["by_when"])["day"]
        rows = rows.with_columns(day.alias("_day"))
        unread = pl.col("by_when").is_not_null() & pl.col("_day").is_null()
        refuse(unread, "by_when", "this is no day such as 31/03/2014")
    if "status" in rows.columns:
        known = {word: ours for ours, spellings in STATUSES.items() for word in spellings}
        said = pl.col("status").str.to_lowercase().str.replace_all(r"[\s_-]+", " ")
        rows = rows.with_columns(said.replace_strict(known, default=None, return_dtype=pl.String).alias("_status"))
        unknown = pl.col("status").is_not_null() & pl.col("_status").is_null()
        refuse(unknown, "status", f"this is none of {', '.join(STATUSES)}")
        reason = pl.col("note") if "note" in rows.columns else pl.lit(None, pl.String)
        refuse(
            (pl.col("_status") == "closed") & reason.is_null(), "status", "a closed action needs a reason (column Why)"
        )
    if "indicator" in rows.columns:
        codes = rows["indicator"].drop_nulls().unique().to_list()
        strange = [cell for cell in codes if set(_several(cell)) - set(catalogue().indicators)]
        refuse(pl.col("indicator").is_in(strange), "indicator", "this is no indicator here; one is such as S1 or Y4")
    for column in ("action", "version"):
        if column in rows.columns:
            refuse(~pl.col(column).str.contains(r"^\d{1,9}(\.0+)?$"), column, "this is no whole number")
    identity = [pl.col(c) for c in ("outcome", "measure", "actions", "owner_agency") if c in rows.columns]
    new = pl.col("action").is_null() if "action" in rows.columns else pl.lit(True)
    refuse(new & ~pl.struct(identity).is_first_distinct(), "outcome", "this action stands in an earlier row already")
    if "action" in rows.columns:
        again = pl.col("action").is_not_null() & ~pl.col("action").is_first_distinct()
        refuse(again, "action", "this action stands in an earlier row already")
    return rows.join(ledger.refused(), on=pl.col("line").cast(pl.Int64), how="anti", maintain_order="left")


def _row(row: Mapping[str, Any]) -> PlanRow:
    # An apostrophe before a sign is how the dashboard keeps spreadsheets from reckoning: it is no part of the text.
    fields: dict[str, Any] = {c: re.sub(r"^'(?=[+-])", "", row[c] or "") for c in _TEXTS if c in row}
    if "by_when" in row:
        fields["by_when"] = row["_day"]
    if row.get("_status"):
        fields["status"] = row["_status"]
    if any(kind in row for kind in LINKS):
        fields["links"] = [(kind, one) for kind in LINKS for one in _several(row.get(kind) or "")]
    number = {c: int(float(row[c])) if row.get(c) else None for c in ("action", "version")}
    return PlanRow(row["line"], number["action"], number["version"], fields, row.get("note") or "")


def _several(cell: str) -> list[str]:
    """`S1; Y4` → both; indicators may also stand with a comma between them."""
    by = r"[;,\n]" if re.fullmatch(r"[\w -]+(?:,\s*[\w -]+)+", cell) and len(cell) < 60 else r"[;\n]"
    return [one for part in re.split(by, cell) if (one := part.strip())]
