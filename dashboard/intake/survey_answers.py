"""Answers to a questionnaire from a forms tool's export: a row a respondent with a column an item, or a row an answer.

| column | what it holds |
|---|---|
| `respondent` | who answered, as invited: an e-mail address or a code (`Email`, `Username` …) |
| `partner`, `role` | the organisation and role; needed only where nobody was invited beforehand |
| a column an item | wide: headed by the item's id, title or text, also numbered (`3. …`); score, label or words |
| … `comment`, `evidence`, `reason` | wide, optional: headed by the item and one of these words, `voice: comment` |
| `item`, `answer` | long: one item and its score, label or words |
| `state`, `reason`, `evidence`, `comment` | long, optional |

Other spellings are data (`survey_columns.csv`). Columns that are not used (a name, a time) are not read and not kept.
Rules, each of which lists the rows that it meets:

- refused: somebody who was not invited, or of no partner or role; a score outside the scale or that is no whole number;
words that are no answer; an unknown item; an item that the role is not asked; the same respondent once more with other
answers; an item that is answered in the round already; a formula;
- left out: a row that repeats another; a row without an answer;
- kept, and listed: not applicable without a reason (which then counts as blank); a partner or role that is not the one
invited (that of the invitation counts); a text that could name a person (the text is left out).

A file for a closed round is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from metrics.questionnaire import Instrument

from . import numbers, personal
from .batch import IntakeError, Ledger, plain, safe_name
from .headers import normal
from .opening import open_file
from .survey_layout import Layout, cells_of, find, item_of, names_of, words
from .survey_people import known_people

TEXTS = ("reason", "evidence", "comment")
PEOPLE = pl.Schema({"partner": pl.String, "respondent": pl.String, "respondent_role": pl.String})
ANSWERS = pl.Schema(
    {"respondent": pl.String, "item": pl.String, "state": pl.String, "score": pl.Int64}
    | dict.fromkeys(TEXTS, pl.String)
)
NO_REASON = "not applicable, and nobody says why: it counts as left blank until a reason is given"
TWICE = "this respondent stands there already, with other answers; the first ones count: take one of the rows out"


@dataclass(frozen=True, slots=True)
class SurveyAnswers:
    """What one file brought. Every row below the header is used, refused or left out, as in `Batch`."""

    file_name: str
    sha256: str
    answers: pl.DataFrame  # columns of ANSWERS; states score, dont_know, not_applicable
    people: pl.DataFrame  # columns of PEOPLE: those whose answers are here, as invited, else as the file says
    refused: pl.DataFrame  # line, column, value, reason
    repaired: pl.DataFrame  # the same of what is kept in spite of a fault
    remarks: list[str] = field(default_factory=list)
    rows: int = 0
    rows_used: int = 0
    rows_refused: int = 0
    rows_left_out: int = 0


def read_survey_answers(
    source: str | Path | bytes,
    *,
    file_name: str = "",
    instrument: Instrument,
    invited: pl.DataFrame | None = None,
    already: pl.DataFrame | None = None,
    closed: bool = False,
) -> SurveyAnswers:
    """The answers of one file to one round.

    `invited`: partner, respondent, respondent_role; None: whoever the file names, which then needs partner and role.
    `already`: respondent and item of what was answered in the round. `closed`: the round takes no more answers.
    Raises `IntakeError`, one sentence, for a file that holds no answers to `instrument`, and for a closed round.
    """
    name = safe_name(file_name or (Path(source).name if not isinstance(source, bytes) else "The file"))
    if closed:
        raise IntakeError(f"{name} was not read: the round is closed, and its answers are fixed.")
    opened = open_file(source, file_name=name)
    layout = find(opened, instrument, wants_people=invited is None)
    ledger = Ledger()
    cells = cells_of(opened, layout, ledger)
    people = known_people(cells, layout, invited, ledger)
    answers = _long(people, layout, instrument, ledger)
    answers = _read(answers, instrument, ledger)
    answers = _once(answers, ledger)
    answers = _not_yet(answers, already, ledger)
    answers = _harmless_texts(answers, ledger)
    ledger.use(answers)
    if not ledger.rows:
        raise IntakeError(f"{name} has a header and no rows below it.")
    used, refused, left_out = ledger.close()
    unknown = (ledger.refused()["line"] == layout.line).any()  # faults of the header, which is no row below it
    there = answers.select("partner", "respondent", pl.col("role").alias("respondent_role"))
    return SurveyAnswers(
        file_name=name,
        sha256=opened.sha256,
        answers=answers.select(list(ANSWERS)).cast(dict(ANSWERS)),
        people=there.unique(maintain_order=True).cast(dict(PEOPLE)),
        refused=ledger.refused(),
        repaired=ledger.repaired(),
        remarks=ledger.remarks,
        rows=ledger.rows,
        rows_used=used,
        rows_refused=refused - unknown,
        rows_left_out=left_out,
    )


def _long(cells: pl.DataFrame, layout: Layout, instrument: Instrument, ledger: Ledger) -> pl.DataFrame:
    """One row an answer: line, respondent, partner, role, item, answer, state, texts, and `title` of its column."""
    about = ["line", "respondent", "partner", "role"]
    if not layout.items:
        names = names_of(instrument)
        cells = cells.with_columns(
            pl.lit(None, pl.String).alias(c) for c in ("answer", "state", *TEXTS) if c not in cells.columns
        )
        asked = cells["item"].unique()
        found = pl.Series([item_of(text, names) for text in asked], dtype=pl.String)
        cells = cells.with_columns(
            pl.col("item").replace_strict(asked, found, return_dtype=pl.String).alias("_item"),
            pl.lit(layout.title(layout.columns.get("answer", layout.columns["item"]))).alias("title"),
        )
        strange = cells.filter(pl.col("_item").is_null())
        title = layout.title(layout.columns["item"])
        ledger.refuse(strange, title, "this edition has no such item: give its id or its text", value="item")
        cells = cells.filter(pl.col("_item").is_not_null())
        return cells.select(*about, pl.col("_item").alias("item"), "answer", "state", *TEXTS, "title")
    parts = []
    for item, at in layout.items.items():
        texts = [
            (pl.col(f"{kind}:{item}") if (item, kind) in layout.texts else pl.lit(None, pl.String)).alias(kind)
            for kind in TEXTS
        ]
        parts.append(
            cells.select(
                *about, pl.lit(item).alias("item"), pl.col(f"i:{item}").alias("answer"),
                pl.lit(None, pl.String).alias("state"), *texts, pl.lit(layout.title(at)).alias("title"),
            )
        )  # fmt: skip
    return pl.concat(parts).sort("line", maintain_order=True)


def _read(rows: pl.DataFrame, instrument: Instrument, ledger: Ledger) -> pl.DataFrame:
    """Answers as `state` and `score`; what cannot be read, and what the role is not asked, is refused by its cell."""
    key = [(s.id, role, i.id) for s in instrument.every_section for i in s.items for role in s.asked_of]
    asked = pl.DataFrame(key, schema=["_section", "role", "item"], orient="row")
    rows = rows.join(asked, on=["role", "item"], how="left", maintain_order="left")
    given = rows.filter(pl.col("answer").is_not_null() | pl.col("state").is_not_null())
    nothing = rows.join(given.select("line"), on="line", how="anti")
    ledger.leave_out(nothing, "they give no answer")
    distinct = given.select("_section", "item", "answer", "state").unique()
    sections = {i.id: s for s in instrument.every_section for i in s.items}
    read = [_answer(a, s, instrument.labels_of(sections[i]), instrument) for _, i, a, s in distinct.rows()]
    schema = {"_state": pl.String, "score": pl.Int64, "_fault": pl.String}
    known = pl.concat([distinct, pl.DataFrame(read, schema=schema, orient="row")], how="horizontal")
    given = given.join(
        known, on=["_section", "item", "answer", "state"], how="left", nulls_equal=True, maintain_order="left"
    )
    not_asked = pl.col("_section").is_null()
    shown = pl.coalesce("answer", "state").alias("_shown")
    for title, part in given.filter(pl.col("_fault").is_not_null()).group_by("title", maintain_order=True):
        ledger.refuse(part.with_columns(shown), title[0], pl.col("_fault"), value="_shown")
    uncalled = given.filter(not_asked & pl.col("_fault").is_null() & (pl.col("_state") != "blank"))
    for title, part in uncalled.group_by("title", maintain_order=True):
        ledger.refuse(part, title[0], pl.format("this is not asked of a {}: leave it empty", "role"), value="answer")
    blank = given.filter(pl.col("_state") == "blank")
    good = given.filter(pl.col("_fault").is_null(), ~not_asked, pl.col("_state") != "blank")
    ledger.leave_out(blank.join(good.select("line"), on="line", how="anti"), "they give no answer")
    bare = good.filter((pl.col("_state") == "not_applicable") & pl.col("reason").is_null())
    for title, part in bare.group_by("title", maintain_order=True):
        ledger.repair(part, title[0], NO_REASON, value="answer")
    return good.with_columns(pl.col("_state").alias("state"))


def _answer(
    answer: str | None, state: str | None, labels: Mapping[int, str], instrument: Instrument
) -> tuple[str | None, int | None, str | None]:
    """(state, score, fault) of one cell and, in long tables, of the state beside it."""
    said = words("answer").get(normal(state)) if state else None
    if state and said is None:
        return None, None, f"“{plain(state)[:40]}” is no state of an answer: score, don't know, not applicable or blank"
    if said and said != "score":
        return said, None, None
    word = words("answer").get(normal(answer)) if answer else "blank"
    if word and word != "score":
        return word, None, None
    low, high = instrument.lowest, instrument.highest
    by_label = {normal(label): score for score, label in labels.items()}
    if (score := by_label.get(normal(answer))) is not None:
        return "score", score, None
    number = numbers.read_cell(answer or "").number
    if number is None and (leading := re.match(r"\s*(\d+)\s*[-–—:.)]\s*\D", answer or "")):
        number = float(leading[1])
    if number is None or number != int(number) or not low <= number <= high:
        return None, None, f"a score is a whole number from {low} to {high}, or one of its labels: correct the cell"
    return "score", int(number), None


def _once(rows: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Each respondent answers an item once: a row that says nothing new is left out, one that contradicts refused."""
    key = ["respondent", "item"]
    first = pl.col("line") == pl.col("line").first().over(key)
    alike = pl.struct("state", "score").eq_missing(pl.struct("state", "score").first().over(key))
    rows = rows.with_columns(first.alias("_first"), alike.alias("_alike"))
    again = rows.filter(~pl.col("_first"))
    other = again.filter(~pl.col("_alike"))
    for title, part in other.group_by("title", maintain_order=True):
        ledger.refuse(part, title[0], TWICE, value="answer")
    kept = rows.filter("_first")
    repeats = again.join(pl.concat([other, kept]).select("line"), on="line", how="anti")
    ledger.leave_out(repeats, "they repeat another row")
    return kept.drop("_first", "_alike")


def _not_yet(rows: pl.DataFrame, already: pl.DataFrame | None, ledger: Ledger) -> pl.DataFrame:
    if already is None or already.is_empty():
        return rows
    there = already.select(
        pl.col("respondent").str.to_lowercase().alias("_key"), "item", pl.lit(True).alias("_there")
    ).unique()
    rows = rows.with_columns(pl.col("respondent").str.to_lowercase().alias("_key"))
    rows = rows.join(there, on=["_key", "item"], how="left", maintain_order="left")
    again = rows.filter(pl.col("_there").is_not_null())
    for title, part in again.group_by("title", maintain_order=True):
        ledger.refuse(part, title[0], "answered in the round already; that answer stays", value="answer")
    return rows.filter(pl.col("_there").is_null())


def _harmless_texts(rows: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Texts without those that could name a person, or that a spreadsheet would run."""
    for kind in TEXTS:
        cells = rows[kind].drop_nulls().unique()
        found = {what: set(which) for what, which in personal.values(cells).items() if len(which)}
        found["a formula"] = set(numbers.formulas(cells))
        for what, which in found.items():
            hit = rows.filter(pl.col(kind).is_in(list(which)))
            ledger.repair(hit, kind, f"the text is left out: it holds what looks like {what}")
        bad: Sequence[str] = sorted(set().union(*found.values()))
        rows = rows.with_columns(pl.when(~pl.col(kind).is_in(bad)).then(pl.col(kind)).alias(kind))
    return rows
