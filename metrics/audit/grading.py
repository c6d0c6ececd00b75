"""From answers to suggested grades, with the sentence that gives the reason.

Yes 1, partly ½, no 0; a graded question as graded (4 is 1, 1 is 0). Not applicable leaves the denominator, unanswered
does not. A section is 1 + 3 × mean, to the nearest grade and halfway to the lower, if half of what applies is answered.
The suggestion is the lower median of the sections; then gates and the two rules about single sections follow.
Questions about compliance make a percentage of their own and no grade. Answers are taken from any engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from .definitions import rules
from .templates import NOT_APPLICABLE, Template, TemplateError

GRADES = {4: "outstanding", 3: "good", 2: "requires improvement", 1: "inadequate"}
GOOD, INADEQUATE = 3, 1
_WORDS = ("yes", "partly", "no", NOT_APPLICABLE, "4", "3", "2", "1")
_SIXTHS = (6, 3, 0, 0, 6, 4, 2, 0)  # points of an answer in sixths, so that all sums are whole
_OTHER = len(_WORDS)  # words of a text question
_EMPTY = _OTHER + 1  # not answered


def grade(answers: Any, template: Template) -> pl.DataFrame:
    """A suggested grade for each audit.

    answers: a row an answer: `audit_id`, `question`, `answer` (yes, partly, no, not_applicable, 4 to 1, or words; null
        or "" is not answered), of any engine that Narwhals knows.

    Gives a row an audit, in order of first appearance: `audit_id`; `section_<id>` (4 outstanding to 1 inadequate, null
    where fewer than half of its applicable questions are answered); `asked`, `applicable`, `answered` (questions with a
    grade or for compliance; answered includes not applicable); `compliance` (% of its applicable questions, partly
    half, 0–100, higher is better); `suggested` (null while a mandatory question is unanswered or under half of the
    sections have a grade); `sentence`; `gate_failed` (0, 1, 2); `escalate` (gate 2 failed: act the same day).
    Raises `TemplateError` for a question that the template has not, an answer that its question does not take, or two
    answers to one question of an audit.
    """
    audits, cells = _cells(answers, template)
    questions = [q for q in template.questions if q.kind != "text"]
    place = {q.id: n for n, q in enumerate(template.questions)}
    answered = {q.id: cells[place[q.id]] for q in questions}
    n = len(audits)
    columns: dict[str, Any] = {"audit_id": audits}
    sections = np.zeros((n, len(template.sections)), dtype=np.int8)
    applies = np.zeros_like(sections, dtype=bool)
    for s, section in enumerate(template.sections):
        counted = [answered[q.id] for q in section.questions if q.kind != "text" and not q.compliance]
        points, applicable, given = _sums(counted, n)
        applies[:, s] = applicable > 0
        enough = applies[:, s] & (2 * given >= applicable)
        # 1 + 3 · points / (6 · applicable), rounded half down, in whole numbers
        twice = 2 * np.maximum(applicable, 1)
        sections[:, s] = np.where(enough, (points + applicable + twice - 1) // twice, 0)
        columns[f"section_{section.id}"] = _whole(sections[:, s])
    _, applicable, given = _sums(list(answered.values()), n)
    gone = len(questions) - applicable
    points, comply, _ = _sums([answered[q.id] for q in questions if q.compliance], n)
    lacking = {q.id: answered[q.id] == _EMPTY for q in questions if q.mandatory}
    missing = np.any([*lacking.values(), np.zeros(n, dtype=bool)], axis=0)
    failed = {q.id: answered[q.id] == _WORDS.index("no") for q in questions if q.gate}
    gate_of = {q.id: q.gate for q in questions if q.gate}
    gates = np.max([*(cell * np.int8(gate_of[id]) for id, cell in failed.items()), np.zeros(n, dtype=np.int8)], axis=0)
    enough = (sections > 0).sum(axis=1) >= np.maximum(rules().least_sections * applies.sum(axis=1), 1)
    median = _lower_median(sections)
    found = _suggested(median, sections, gates)
    suggested = np.where(gates == 2, INADEQUATE, found * (~missing & enough))
    percent = np.where(comply > 0, 100 * points / np.maximum(6 * comply, 1), np.nan)
    return pl.DataFrame(
        {
            **columns,
            "asked": pl.Series(np.full(n, len(questions), dtype=np.int64)),
            "applicable": pl.Series(applicable.astype(np.int64)),
            "answered": pl.Series((given + gone).astype(np.int64)),
            "compliance": pl.Series(percent).fill_nan(None),
            "suggested": _whole(suggested),
            "sentence": _sentences(template, sections, suggested, median, failed, lacking),
            "gate_failed": pl.Series(gates.astype(np.int64)),
            "escalate": pl.Series(gates == 2),
        }
    )


def _cells(answers: Any, template: Template) -> tuple[pl.Series, np.ndarray]:
    """The audits, and for each question (a row) and audit (a column) the place of the answer in `_WORDS`."""
    frame = nw.from_native(answers).lazy().select("audit_id", "question", "answer").collect("polars").to_native()
    ids = template.questions
    if frame["audit_id"].null_count():
        raise TemplateError("An answer names no audit.")
    codes = frame["audit_id"].cast(pl.String).cast(pl.Categorical(pl.Categories.random()))
    audits = codes.unique(maintain_order=True)
    order = np.zeros(len(audits), dtype=np.int64)
    order[audits.to_physical().to_numpy()] = np.arange(len(audits))
    row = order[codes.to_physical().to_numpy()]
    asked = frame["question"].cast(pl.Enum([q.id for q in ids]), strict=False)
    if asked.null_count():
        strange = frame["question"].filter(asked.is_null())[0]
        raise TemplateError(f"Version {template.version} of “{template.title}” has no question {strange}.")
    said = frame["answer"].cast(pl.String)
    word = said.cast(pl.Enum(_WORDS), strict=False).to_physical().fill_null(_OTHER).to_numpy()
    other = np.flatnonzero(word == _OTHER)
    if len(other):
        blank = said.gather(other).fill_null("").str.strip_chars() == ""
        word = word.astype(np.uint8)
        word[other[blank.to_numpy()]] = _EMPTY
    column = asked.to_physical().to_numpy().astype(np.int64)
    wrong = ~_allowed(template)[column, word]
    if wrong.any():
        first = int(np.argmax(wrong))
        raise TemplateError(template.refusal(frame["question"][first], said[first]))
    cells = np.full(len(ids) * len(audits), _EMPTY, dtype=np.uint8)
    at = column * len(audits) + row
    times = np.zeros(len(cells), dtype=bool)
    times[at] = True
    if np.count_nonzero(times) < len(at):
        twice = frame.filter(frame.select("audit_id", "question").is_duplicated()).row(0)
        raise TemplateError(f"Question {twice[1]} of audit {twice[0]} is answered twice.")
    cells[at] = word
    return audits.cast(pl.String), cells.reshape(len(ids), len(audits))


@lru_cache(maxsize=32)
def _allowed(template: Template) -> np.ndarray:
    """For each question and answer whether it may be given; any question may be left without one."""
    made = np.zeros((len(template.questions), _EMPTY + 1), dtype=bool)
    made[:, _EMPTY] = True
    for row, q in enumerate(template.questions):
        made[row, : _OTHER + 1] = [q.kind == "text" or w in q.answers for w in (*_WORDS, "")]
    return made


def _sums(cells: Sequence[np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each audit: points in sixths, applicable questions, and how many of these are answered."""
    sixths = np.array([*_SIXTHS, 0, 0], dtype=np.int32)
    points, applicable, given = (np.zeros(n, dtype=np.int32) for _ in range(3))
    gone = _WORDS.index(NOT_APPLICABLE)
    for cell in cells:
        points += sixths[cell]
        applicable += cell != gone
        given += (cell != gone) & (cell != _EMPTY)
    return points, applicable, given


def _lower_median(sections: np.ndarray) -> np.ndarray:
    """Of those that have a grade (above 0); 0 where none has."""
    n, width = sections.shape
    ordered = np.sort(sections, axis=1)  # those without come first
    graded = (sections > 0).sum(axis=1)
    middle = width - graded + (graded - 1) // 2
    return np.where(graded > 0, ordered[np.arange(n), np.minimum(middle, width - 1)], 0)


def _suggested(median: np.ndarray, sections: np.ndarray, gates: np.ndarray) -> np.ndarray:
    graded = sections > 0
    top = (sections == 4).sum(axis=1) * 2 >= graded.sum(axis=1)
    none_low = ~(graded & (sections < 3)).any(axis=1)
    made = np.where((median == 4) & ~(top & none_low), 3, median)
    capped = (gates == 1) | (sections == 1).any(axis=1)
    return np.where(capped, np.minimum(made, 2), made)


def _sentences(
    template: Template,
    sections: np.ndarray,
    suggested: np.ndarray,
    median: np.ndarray,
    failed: dict[str, np.ndarray],
    lacking: dict[str, np.ndarray],
) -> pl.Series:
    """Audits alike in sections, gates and gaps share a sentence: each is written once."""
    first, back = _patterns([*sections.T, *failed.values(), *lacking.values()])
    gate_of = {q.id: q.gate for q in template.questions}
    titles = [s.title for s in template.sections]
    texts = [
        _sentence(
            titles,
            sections[i].tolist(),
            int(suggested[i]),
            int(median[i]),
            [id for id, cell in failed.items() if cell[i] and gate_of[id] == 2],
            [id for id, cell in failed.items() if cell[i] and gate_of[id] == 1],
            [id for id, cell in lacking.items() if cell[i]],
        )
        for i in first
    ]
    return pl.Series(texts, dtype=pl.String).gather(back.astype(np.uint32))


def _sentence(
    titles: Sequence[str],
    sections: Sequence[int],
    suggested: int,
    median: int,
    harm: Sequence[str],
    gates: Sequence[str],
    missing: Sequence[str],
) -> str:
    """`Good: of 5 sections 2 outstanding, 2 good, 1 requires improvement; the middle one is good.`"""
    if harm:
        return f"Inadequate: {_listed(harm, 'was', 'were')} answered no, a sign of harm that nobody acts on. Act today."
    if missing:
        return f"No grade yet: {_listed(missing, 'is', 'are')} still to be answered."
    if not suggested:
        return "No grade yet: too few questions are answered."
    graded = [g for g in sections if g]
    counts = {g: graded.count(g) for g in GRADES if g in graded}
    told = ", ".join(f"{n} {GRADES[g]}" for g, n in counts.items())
    said = f"{GRADES[suggested].capitalize()}: of {len(graded)} sections {told}"
    if suggested == median:
        also = f"; {_listed(gates, 'was', 'were')} answered no as well" if gates else ""
        return f"{said}; the middle one is {GRADES[median]}{also}."
    why = []
    if gates:
        why.append(f"{_listed(gates, 'was', 'were')} answered no")
    if 1 in graded:
        why.append(f"“{titles[list(sections).index(1)]}” is inadequate")
    if not why:
        low = titles[next(n for n, g in enumerate(sections) if 0 < g < 3)]
        return f"{said}; the middle one is outstanding, but “{low}” is below good."
    return f"{said}; the middle one is {GRADES[median]}, but {' and '.join(why)}, so at most requires improvement."


def _patterns(facts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Audits with the same facts (whole numbers 0 to 4): where each pattern first stands, and the pattern of each."""
    key = np.zeros(len(facts[0]), dtype=np.int64)
    for count, fact in enumerate(facts, 1):
        key = key * 5 + fact
        if count % 16 == 0:  # before the number grows too long: numbered anew
            key = np.unique(key, return_inverse=True)[1]
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return first, back


def _listed(ids: Sequence[str], one: str, many: str) -> str:
    """`N1 was`, `N1 and N6 were`."""
    return f"{ids[0]} {one}" if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]} {many}"


def _whole(values: np.ndarray) -> pl.Series:
    """Grades with null for 0."""
    found = pl.Series(values.astype(np.int64))
    return found.set(found == 0, None)
