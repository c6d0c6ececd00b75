"""Audit templates as data: sections, questions, gates; each version whole, or as what it changes in an earlier one.

The shipped ones are in `definitions/audit_templates/`, whose first file explains the fields. A template that is kept
never changes: a new version stands beside the old one, and audits made with the old one keep it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import Any

from metrics.definition_files import DEFINITIONS

KINDS = ("ypn", "grade", "derived", "text")
MEASURES = ("assessment_in_time", "reviews_in_time", "drift_raised")  # what `derived` can answer from the case tables
NOT_APPLICABLE = "not_applicable"
MOST_QUESTIONS = 200
LONGEST = 600  # letters of a question or its guidance
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")


class TemplateError(ValueError):
    """A template that cannot be used; the message is one sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Question:
    id: str  # "N6": the same in every version in which the question means the same
    section: str  # id of its section
    text: str
    kind: str  # one of KINDS
    partly: bool = True  # of a ypn question: whether “partly” may be answered
    measure: str = ""  # of a derived question: one of MEASURES
    mandatory: bool = False  # no grade is suggested before it is answered
    gate: int = 0  # answered no: 1 caps at “requires improvement”, 2 makes inadequate and is acted on the same day
    compliance: bool = False  # about the record: counts for the compliance percentage, not for the grade
    guidance: str = ""

    @property
    def answers(self) -> tuple[str, ...]:
        """What may be answered; empty for text."""
        if self.kind == "text":
            return ()
        if self.kind == "grade":
            return ("4", "3", "2", "1", NOT_APPLICABLE)
        partly = ("partly",) if self.kind == "ypn" and self.partly else ()
        return ("yes", *partly, "no", NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    id: str  # "eha"
    version: str  # "2"
    title: str
    sections: tuple[Section, ...]
    based_on: str = ""  # the version that it changes; "" for one that was given whole
    source: str = ""

    @property
    def key(self) -> str:
        """`eha/2`."""
        return f"{self.id}/{self.version}"

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question, in the order in which it is asked."""
        return tuple(q for section in self.sections for q in section.questions)

    def question(self, id: str) -> Question:
        """The question of this id. Raises `TemplateError` where this version has none."""
        found = next((q for q in self.questions if q.id == id), None)
        if found is None:
            raise TemplateError(f"Version {self.version} of “{self.title}” has no question {id}.")
        return found

    def refusal(self, question: str, answer: str) -> str:
        """Why an answer cannot be taken, as a sentence; "" where it can."""
        try:
            asked = self.question(question)
        except TemplateError as wrong:
            return str(wrong)
        if asked.kind != "text" and answer not in asked.answers:
            allowed = ", ".join(a.replace("_", " ") for a in asked.answers)
            return f"Question {question} is answered {allowed}, not “{answer}”."
        return ""


@cache
def templates() -> Mapping[str, Template]:
    """The templates that ship, by key, each after the version that it is based on. Raises `TemplateError`."""
    found: dict[str, Template] = {}
    folder = DEFINITIONS / "audit_templates"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            made = read_template(file.read_text(encoding="utf-8"), known=found)
            found[made.key] = made
    return found


def read_template(source: str | Mapping[str, Any], *, known: Mapping[str, Template] | None = None) -> Template:
    """A template from TOML text or its tables, checked.

    known: templates by key that a version may be based on; by default those that ship. Raises `TemplateError` with one
    sentence that names what is wrong.
    """
    if isinstance(source, str):
        try:
            source = tomllib.loads(source)
        except tomllib.TOMLDecodeError as wrong:
            raise TemplateError(f"The template cannot be read as TOML: {wrong}.") from None
    row = dict(source)
    _known(row, {"id", "version", "title", "source", "based_on", "section", "question", "change", "add", "remove"})
    for name in ("id", "version", "title", "source", "based_on"):
        if not isinstance(row.get(name, ""), str):
            raise TemplateError(f"The template's {name} is text: write it in quotation marks.")
    if not _ID.fullmatch(row.get("id", "")) or not _VERSION.fullmatch(row.get("version", "")):
        raise TemplateError("A template needs an id and a version, each of up to 20 letters and digits.")
    sections, questions = _rows(row, "section"), _rows(row, "question")
    if row.get("based_on"):
        base = (templates() if known is None else known).get(f"{row['id']}/{row['based_on']}")
        if base is None:
            raise TemplateError(f"Version {row['based_on']} of {row['id']}, which this one is based on, is not known.")
        if questions:
            raise TemplateError(
                "A version that is based on another adds and changes questions: use “add” and “change”."
            )
        row.setdefault("title", base.title)
        row.setdefault("source", base.source)
        sections = [{"id": s.id, "title": s.title} for s in base.sections] + sections
        questions = _changed([asdict(q) for q in base.questions], row)
    elif {"change", "add", "remove"} & set(row):
        raise TemplateError("Only a version that is based on another can add, change or remove questions.")
    return _template(row, sections, [_question(q) for q in questions])


def as_json(template: Template) -> str:
    """The whole template as text, for the store."""
    return json.dumps(asdict(template), ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Template:
    """The template of `as_json`, checked again. Raises `TemplateError`."""
    try:
        row = json.loads(text)
        sections = [{"id": s["id"], "title": s["title"]} for s in row["sections"]]
        questions = [_question(q) for s in row["sections"] for q in s["questions"]]
    except (ValueError, KeyError, TypeError):
        raise TemplateError("This is not a template as it is kept.") from None
    return _template(row, sections, questions)


def supersede(new: Template, known: Mapping[str, Template]) -> list[str]:
    """What `new` changes, in sentences, against the version that it is based on or the last kept of its id.

    Raises `TemplateError` where that version is kept already with other contents: a kept template never changes.
    """
    kept = known.get(new.key)
    if kept is not None and replace(kept, based_on=new.based_on) != new:
        raise TemplateError(
            f"Version {new.version} of “{new.title}” is kept already and never changes: give the new one a version of "
            "its own."
        )
    others = [t for t in known.values() if t.id == new.id and t.version != new.version]
    old = known.get(f"{new.id}/{new.based_on}") or (others[-1] if others else None)
    if old is None:
        return [f"A first template with {len(new.questions)} questions in {len(new.sections)} sections."]
    before, after = ({q.id: q for q in t.questions} for t in (old, new))
    said = [f"{i} is no longer asked: {q.text}" for i, q in before.items() if i not in after]
    said += [f"{i} is new: {q.text}" for i, q in after.items() if i not in before]
    for id, q in after.items():
        if id in before and q != before[id]:
            which = [f.name for f in fields(Question) if getattr(q, f.name) != getattr(before[id], f.name)]
            said.append(f"{id} has another {' and another '.join(which)}.")
    return said or ["Nothing that is asked changes."]


def _template(row: Mapping[str, Any], sections: Iterable[Mapping[str, Any]], questions: list[Question]) -> Template:
    made: dict[str, Section] = {}
    for one in sections:
        _known(one, {"id", "title"})
        id, title = one.get("id", ""), one.get("title", "")
        if not isinstance(id, str) or not _ID.fullmatch(id) or not isinstance(title, str) or not title.strip():
            raise TemplateError("Each section needs an id of up to 20 letters and digits, and a title.")
        if id in made:
            raise TemplateError(f"The section {id} stands twice in the template.")
        made[id] = Section(id, title, tuple(q for q in questions if q.section == id))
    seen: set[str] = set()
    for q in questions:
        if q.id in seen:
            raise TemplateError(f"The question {q.id} stands twice in the template.")
        seen.add(q.id)
        if q.section not in made:
            raise TemplateError(f"The question {q.id} belongs to the section “{q.section}”, which there is not.")
    if not row.get("title", "").strip() or not made:
        raise TemplateError("A template needs a title and at least one section.")
    for section in made.values():
        if not any(q.kind != "text" and not q.compliance for q in section.questions):
            raise TemplateError(f"The section “{section.title}” has no question that counts for its grade.")
    if len(questions) > MOST_QUESTIONS:
        raise TemplateError(f"A template has at most {MOST_QUESTIONS} questions, not {len(questions)}.")
    about = (row.get("based_on", ""), row.get("source", ""))
    return Template(row["id"], row["version"], row["title"], tuple(made.values()), *about)


def _question(row: Mapping[str, Any]) -> Question:
    """One question, checked for itself."""
    where = f"The question {row.get('id') or '(without an id)'}"
    _known(row, {f.name for f in fields(Question)}, where)
    for name, kind in (("partly", bool), ("mandatory", bool), ("compliance", bool), ("gate", int)):
        if name in row and type(row[name]) is not kind:
            raise TemplateError(f"{where}: {name} is {'0, 1 or 2' if kind is int else 'true or false'}.")
    texts = {n: row.get(n, "") for n in ("id", "section", "text", "kind", "measure", "guidance")}
    for name, text in texts.items():
        if not isinstance(text, str) or len(text) > LONGEST:
            raise TemplateError(f"{where}: {name} is text of at most {LONGEST} letters.")
    q = Question(**{**row, **texts})
    if not _ID.fullmatch(q.id):
        raise TemplateError(f"{where}: an id begins with a letter and has up to 20 letters and digits.")
    if not q.text.strip():
        raise TemplateError(f"{where} has no text.")
    if q.kind not in KINDS:
        raise TemplateError(f"{where}: the kind “{q.kind}” is not one of {', '.join(KINDS)}.")
    if (q.kind == "derived") != bool(q.measure) or (q.measure and q.measure not in MEASURES):
        raise TemplateError(f"{where}: a derived question, and no other, has a measure: {', '.join(MEASURES)}.")
    if q.gate not in (0, 1, 2) or (q.gate and q.kind != "ypn"):
        raise TemplateError(f"{where}: a gate is 0, 1 or 2, and only a yes or no question can be one.")
    if q.kind == "text" and (q.compliance or q.mandatory):
        raise TemplateError(f"{where}: words are neither counted nor mandatory.")
    return replace(q, mandatory=q.mandatory or q.gate > 0, partly=q.partly and q.kind == "ypn")


def _changed(questions: list[dict[str, Any]], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The questions of the base with what the new version removes, changes and adds."""
    ids = [q["id"] for q in questions]
    gone = row.get("remove", [])
    if not isinstance(gone, list):
        raise TemplateError('“remove” is a list of ids, such as ["M4"].')
    changes = {c.get("id"): c for c in _rows(row, "change")}
    for id in [*gone, *changes]:
        if id not in ids:
            raise TemplateError(f"Version {row['based_on']} has no question {id} to change or remove.")
    made = [{**q, **changes.get(q["id"], {})} for q in questions if q["id"] not in gone]
    for new in _rows(row, "add"):
        after = new.pop("after", None)
        place = next((n for n, q in enumerate(made) if q["id"] == after), None)
        if after is not None and place is None:
            raise TemplateError(f"The question {new.get('id')} should stand after {after}, which there is not.")
        made.insert(len(made) if place is None else place + 1, new)
    return made


def _rows(row: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = row.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise TemplateError(f"“{name}” is a list of tables: write [[{name}]] above each.")
    return [dict(one) for one in found]


def _known(row: Mapping[str, Any], names: set[str], where: str = "The template") -> None:
    if strange := sorted(str(n) for n in set(row) - names):
        raise TemplateError(f"{where}: “{strange[0]}” is not known; there are {', '.join(sorted(names))}.")
