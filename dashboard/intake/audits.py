"""Audits done on paper or in a forms tool: a row an audit with a column a question, or a row an answer.

| column | what it holds |
|---|---|
| `assessment` | id of the audited assessment, as drawn |
| `auditor` | optional: who audited it, as known here |
| `completed` | optional: the day |
| `grade`, `reason` | optional: the auditor's own grade, and why it differs from the suggested one |
| a column a question | wide: headed by the question's id or text, also both (`N1 Did the family …`) |
| … `evidence` | wide, optional: headed by the id and this word, `N1 evidence` |
| `question`, `answer`, `evidence` | long: one question and what was answered |

Other spellings of headers and answers are data (`audit_columns.csv`, `audit_words.csv`). Rules, each of which lists the
rows that it meets:

- refused: an assessment that was not drawn; an auditor who is not known or works for the audited agency; an answer that
the question does not take; a question of another version; a grade that is none; a day that cannot be read or has not
come; an assessment audited twice by the same person; a formula;
- left out: blank rows; answers to derived questions, which the case system gives.

A file with a column of another version's question, and any file for a closed round, is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from metrics.audit import Question, Template

from . import numbers, personal
from .audit_layout import Layout, find, question_of
from .batch import IntakeError, Ledger, plain, plain_cells, safe_name
from .cases.repair import read_days
from .definitions import table
from .opening import Opened, open_file

SHEETS = pl.Schema(
    {"audit": pl.String, "assessment_id": pl.String, "auditor": pl.String, "completed": pl.Date, "grade": pl.Int64}
    | {"reason": pl.String}
)
ANSWERS = pl.Schema({"audit": pl.String, "question": pl.String, "answer": pl.String, "evidence": pl.String})


@dataclass(frozen=True, slots=True)
class AuditFile:
    """What one file brought. Every row below the header is used, refused or left out, as in `Batch`."""

    file_name: str
    sha256: str
    sheets: pl.DataFrame  # columns of SHEETS, a row an audit; `audit` is a key within the file
    answers: pl.DataFrame  # columns of ANSWERS
    refused: pl.DataFrame  # line, column, value, reason
    remarks: list[str] = field(default_factory=list)
    rows: int = 0
    rows_used: int = 0
    rows_refused: int = 0
    rows_left_out: int = 0


def read_audits(
    source: str | Path | bytes,
    *,
    file_name: str = "",
    template: Template,
    as_at: date,
    drawn: pl.DataFrame | None = None,
    auditors: pl.DataFrame | None = None,
    others: Mapping[str, Template] | None = None,
    closed: bool = False,
) -> AuditFile:
    """The audits of one file, of one round.

    `template`: the round's version. `as_at`: today; no audit was done later. `drawn`: `assessment_id`, `agency_id` of
    the round; None: any assessment. `auditors`: `auditor`, `agency_id`; None: any. `others`: templates by key, by which
    a question of another version is known. Raises `IntakeError`, one sentence, for a file that holds no audits, for a
    column of another version's question, and for a closed round.
    """
    name = safe_name(file_name or (Path(source).name if not isinstance(source, bytes) else "The file"))
    if closed:
        raise IntakeError(f"{name} was not read: the round is closed, and its answers are fixed.")
    opened = open_file(source, file_name=name)
    layout = find(opened, template, others or {}, name)
    ledger = Ledger()
    cells = _cells(opened, layout, name, ledger)
    sheets = _sheets(cells, drawn, auditors, as_at, long=not layout.asked, ledger=ledger)
    answers = _answers(cells.join(sheets.select("line", "audit"), on="line"), template, layout.asked, ledger)
    ledger.use(answers)
    if not ledger.rows:
        raise IntakeError(f"{name} has a header and no rows below it.")
    used, refused, left_out = ledger.close()
    first = sheets.unique("audit", keep="first", maintain_order=True).join(answers, on="audit", how="semi")
    return AuditFile(
        file_name=name,
        sha256=opened.sha256,
        sheets=first.select(list(SHEETS)).cast(dict(SHEETS)),
        answers=answers.select(list(ANSWERS)).cast(dict(ANSWERS)),
        refused=ledger.refused(),
        remarks=ledger.remarks,
        rows=ledger.rows,
        rows_used=used,
        rows_refused=refused,
        rows_left_out=left_out,
    )


@cache
def _words() -> Mapping[tuple[str, str], str]:
    """(kind, word in lower case) → answer."""
    return {(row["kind"], row["word"]): row["answer"] for row in table("audit_words.csv")}


def _cells(opened: Opened, layout: Layout, name: str, ledger: Ledger) -> pl.DataFrame:
    """The rows below the header that hold something, by the names of `Layout.named`."""
    frame, long = opened.table(layout.sheet, layout.row)
    header, named = layout.header, layout.named
    ledger.rows = frame.height
    unused = [plain(h) for i, h in enumerate(header) if h and f"c{i}" not in named]
    if unused:
        ledger.remarks.append(f"Columns not used, and not kept: {', '.join(unused)}.")
    ledger.refuse(long.join(frame.select("line"), on="line", how="semi"), "(whole row)", "more cells than the header")
    frame = frame.join(long, on="line", how="anti", maintain_order="left")
    frame = frame.select("line", *(pl.col(c).alias(ours) for c, ours in named.items()))
    frame = frame.with_columns(plain_cells(pl.col(c)) for c in frame.columns if c != "line")
    texts = {ours: header[int(c[1:])] or "" for c, ours in named.items()}
    personal.check(frame, texts, file_name=name, expected=list(texts))
    blank = frame.filter(pl.all_horizontal(pl.all().exclude("line").is_null()))
    ledger.leave_out(blank, "they are blank, or blank in every column that is used")
    frame = frame.join(blank.select("line"), on="line", how="anti", maintain_order="left")
    for column in [c for c in frame.columns if c != "line"]:
        risky = frame.filter(pl.col(column).is_in(numbers.formulas(frame[column].drop_nulls().unique())))
        ledger.refuse(risky, plain(texts[column]), "a formula, not an answer", value=column)
        frame = frame.join(risky.select("line"), on="line", how="anti", maintain_order="left")
    return frame


def _sheets(
    cells: pl.DataFrame,
    drawn: pl.DataFrame | None,
    auditors: pl.DataFrame | None,
    as_at: date,
    *,
    long: bool,
    ledger: Ledger,
) -> pl.DataFrame:
    """Rows whose audit can be taken, with `audit`: one row an audit, or, of a long table, one an answer."""
    wanted = ("assessment", "auditor", "completed", "grade", "reason")
    missing = [pl.lit(None, pl.String).alias(c) for c in wanted if c not in cells.columns]
    rows = cells.with_columns(missing).select("line", *wanted)
    days = read_days(rows["completed"])["day"] if rows.height else pl.Series([], dtype=pl.Date)
    grades = {w: int(a) for (kind, w), a in _words().items() if kind == "grade"}
    lower = pl.col("grade").str.to_lowercase()
    rows = rows.with_columns(
        days.alias("day"), lower.replace_strict(grades, default=None, return_dtype=pl.Int64).alias("graded")
    )
    faults = [
        ("assessment", pl.col("assessment").is_null(), "no assessment is named"),
        ("completed", pl.col("completed").is_not_null() & pl.col("day").is_null(), "no day that can be read"),
        ("completed", pl.col("day") > as_at, "this day has not come yet"),
        ("grade", pl.col("grade").is_not_null() & pl.col("graded").is_null(), "no grade: 1 to 4, or its word"),
    ]
    if drawn is not None:
        about = drawn.select("assessment_id", pl.col("agency_id").alias("_of")).unique("assessment_id")
        rows = rows.join(about, left_on="assessment", right_on="assessment_id", how="left", maintain_order="left")
        known = pl.col("assessment").is_in(drawn["assessment_id"].to_list())
        faults.append(("assessment", ~known, "this assessment was not drawn in the round"))
    else:
        rows = rows.with_columns(pl.lit(None, pl.String).alias("_of"))
    if auditors is not None:
        own = auditors.select("auditor", pl.col("agency_id").alias("_own")).unique("auditor")
        rows = rows.join(own, on="auditor", how="left", maintain_order="left")
        known = pl.col("auditor").is_in(auditors["auditor"].to_list())
        faults.append(("auditor", pl.col("auditor").is_not_null() & ~known, "nobody of this name audits here"))
        faults.append(("auditor", pl.col("_own") == pl.col("_of"), "the auditor works for the audited agency"))
    rows = _kept(rows, faults, ledger)
    who = pl.col("auditor").fill_null("")
    rows = rows.with_columns(pl.concat_str("assessment", who, separator=" / ").alias("audit"))
    if not long:
        twice = rows.filter(~pl.col("audit").is_first_distinct())
        ledger.refuse(twice, "assessment", "audited twice by the same person; the first row counts", value="assessment")
        rows = rows.filter(pl.col("audit").is_first_distinct())
    return rows.select(
        "line", "audit", pl.col("assessment").alias("assessment_id"), "auditor", pl.col("day").alias("completed"),
        pl.col("graded").alias("grade"), "reason",
    )  # fmt: skip


def _answers(cells: pl.DataFrame, template: Template, asked: Mapping[int, Question], ledger: Ledger) -> pl.DataFrame:
    """One row an answer: `line`, `audit`, `question`, `answer`, `evidence`."""
    if asked:
        parts = []
        for q in asked.values():
            note = pl.col(f"e:{q.id}") if f"e:{q.id}" in cells.columns else pl.lit(None, pl.String)
            parts.append(
                cells.select("line", "audit", pl.lit(q.id).alias("question"), pl.col(f"q:{q.id}").alias("said"),
                             note.alias("evidence"))
            )  # fmt: skip
        rows = pl.concat(parts).filter(pl.col("said").is_not_null() | pl.col("evidence").is_not_null())
    else:
        note = pl.col("evidence") if "evidence" in cells.columns else pl.lit(None, pl.String).alias("evidence")
        rows = cells.select("line", "audit", "question", pl.col("answer").alias("said"), note)
        meant = {t: q.id for t in rows["question"].drop_nulls().unique() if (q := question_of(t, template))}
        id = pl.col("question").replace_strict(meant, default=None, return_dtype=pl.String)
        rows = rows.with_columns(id.alias("_id"))
        unknown = f"version {template.version} has no such question"
        rows = _kept(rows, [("question", pl.col("_id").is_null(), unknown)], ledger)
        rows = rows.with_columns(pl.col("_id").alias("question"))
        again = ~pl.struct("audit", "question").is_first_distinct()
        rows = _kept(rows, [("question", again, "answered twice in this audit; the first counts")], ledger)
    kinds = {q.id: q.kind for q in template.questions}
    rows = rows.with_columns(pl.col("question").replace_strict(kinds, return_dtype=pl.String).alias("kind"))
    reckoned = rows.filter(kind="derived")
    if reckoned.height:
        ids = ", ".join(reckoned["question"].unique().sort())
        ledger.remarks.append(f"Answers to {ids} were not taken: the case system gives them.")
    rows = rows.filter(pl.col("kind") != "derived")
    read = [_read(q, k, s, template) for q, k, s in rows.select("question", "kind", "said").iter_rows()]
    rows = rows.with_columns(pl.Series("answer", read, dtype=pl.String))
    wrong = rows.filter(pl.col("answer").is_null())
    for (id,), part in wrong.group_by("question", maintain_order=True):
        allowed = ", ".join(a.replace("_", " ") for a in template.question(id).answers)
        ledger.refuse(part, id, f"it is answered {allowed}", value="said")
    taken = rows.filter(pl.col("answer").is_not_null()).with_columns(pl.col("evidence").fill_null(""))
    empty = cells.join(taken, on="line", how="anti")
    ledger.leave_out(empty.join(wrong, on="line", how="anti"), "they hold no answer that could be taken")
    return taken


def _read(id: str, kind: str, said: str | None, template: Template) -> str | None:
    """The answer as it is kept, "" for none; None where the question does not take it."""
    if kind == "text" or said is None:
        return said or ""
    word = said.lower()
    answer = _words().get((kind, word)) or _words().get(("any", word))
    return answer if answer in template.question(id).answers else None


def _kept(rows: pl.DataFrame, faults: list[tuple[str, pl.Expr, str]], ledger: Ledger) -> pl.DataFrame:
    """The rows without a fault; the others are refused, each for its first."""
    for column, fault, reason in faults:
        bad = fault.fill_null(False)
        ledger.refuse(rows.filter(bad), column, reason, value=column)
        rows = rows.filter(~bad)
    return rows
