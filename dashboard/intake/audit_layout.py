"""Where a file of audits keeps what: its header, our columns, the questions' columns, and the evidence beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from metrics.audit import Question, Template

from .batch import IntakeError, plain
from .definitions import table
from .headers import normal, squashed
from .opening import Opened

HEADER_ROWS = 20
_EVIDENCE = re.compile(r"[\s_:–-]*(evidence|comments?|notes)$", re.IGNORECASE)
_LONG = ("question", "answer", "evidence")  # columns of a table with a row an answer


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by their place in the header. Without `asked` the table has a row an answer."""

    sheet: str
    row: int  # of the header
    header: list[str | None]
    columns: Mapping[str, int]
    asked: Mapping[int, Question]
    notes: Mapping[int, str]  # evidence: place → id of the question

    @property
    def named(self) -> dict[str, str]:
        """Column of the opened table → our name: `q:N1` and `e:N1` for questions and their evidence."""
        names = {f"c{i}": c for c, i in self.columns.items()} | {f"c{i}": f"q:{q.id}" for i, q in self.asked.items()}
        return names | {f"c{i}": f"e:{id}" for i, id in self.notes.items()}


@cache
def _aliases() -> Mapping[str, str]:
    return {row["alias"]: row["column"] for row in table("audit_columns.csv")}


def question_of(header: str | None, template: Template) -> Question | None:
    """The question that a header means: its id, its text, or the id and then the text."""
    text = plain(header or "")
    first = re.split(r"[\s.:)–-]", text, maxsplit=1)[0].lower()
    by_text = next((q for q in template.questions if squashed(q.text) == squashed(text)), None)
    by_id = next((q for q in template.questions if q.id.lower() == first), None)
    return by_text or by_id


def find(opened: Opened, template: Template, others: Mapping[str, Template], name: str) -> Layout:
    """The first header that names the assessment and either questions or the columns `question` and `answer`.

    Raises `IntakeError` where there is none, a question has two columns, or a column is another version's question.
    """
    for sheet in opened.sheets:
        for row, header in enumerate(opened.preview(sheet)[:HEADER_ROWS]):
            columns: dict[str, int] = {}
            for place, text in enumerate(header):
                if (ours := _aliases().get(normal(text))) and ours not in columns:
                    columns[ours] = place
            if "assessment" not in columns:
                continue
            if {"question", "answer"} <= set(columns):
                return Layout(sheet, row, header, columns, {}, {})
            columns = {c: i for c, i in columns.items() if c not in _LONG}
            asked, notes = _questions(header, set(columns.values()), template, others, name)
            if asked:
                return Layout(sheet, row, header, columns, asked, notes)
    raise IntakeError(
        f"{name} holds no audits by “{template.title}”, version {template.version}: it needs a column “assessment”, "
        "and a column for each question or the columns “question” and “answer”."
    )


def _questions(
    header: list[str | None], taken: set[int], template: Template, others: Mapping[str, Template], name: str
) -> tuple[dict[int, Question], dict[int, str]]:
    asked: dict[int, Question] = {}
    notes: dict[int, str] = {}
    for place, text in enumerate(header):
        if place in taken or not text:
            continue
        bare, said = _EVIDENCE.subn("", text)
        found = question_of(bare if said else text, template)
        if found is None:
            _other_version(text, template, others, name)
        elif said:
            notes[place] = found.id
        elif found.id in {q.id for q in asked.values()}:
            raise IntakeError(f"{name} has two columns for question {found.id}.")
        else:
            asked[place] = found
    return asked, notes


def _other_version(header: str, template: Template, others: Mapping[str, Template], name: str) -> None:
    """Raises `IntakeError` where a column is a question of another version."""
    for other in others.values():
        if other.id == template.id and other.version != template.version and (q := question_of(header, other)):
            raise IntakeError(
                f"{name}: {q.id} is a question of version {other.version}, and this round uses version "
                f"{template.version}."
            )
