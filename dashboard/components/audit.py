"""One audit on one page: its questions, each saved as it is answered, and the grade that they come to.

A section stands at a time, in a fragment, and so does each of its questions: an answer runs that question alone. What
stands at each is kept in the session with the number of its version, so that nothing is lost when the connection is, or
when two people edit one audit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import words
from dashboard.components.blocks import html, literal, section
from dashboard.components.tables import plain_table

ACT_TODAY = "Tell the safeguarding lead and children's social care, and tick the steps under “Finish”."
GATES = {
    1: "Gate: answered no, the audit is at most “requires improvement”.",
    2: "Risk of harm: answered no, act today.",
}
Save = Callable[[str, str, str, int], Any]


def facts(these: tuple[tuple[str, str], ...]) -> None:
    """What is audited, in a line."""
    html("audit_facts.html", facts=these)


def grade_panel(found: Any, names: Mapping[int, str]) -> None:
    """The suggested grade with its sentence."""
    html(
        "audit_grade.html",
        grade=names[found.grade].capitalize() if found.grade else "",
        sentence=found.sentence,
        answered=found.answered,
        asked=found.asked,
        compliance=words.value(found.compliance, unit="%", decimals=0) if found.compliance is not None else "",
        urgent=ACT_TODAY if found.escalate else "",
    )


def answered(held: Any, answers: Mapping[str, str]) -> None:
    """What was answered in an audit that is finished or closed, to be read."""
    for part in held.template.sections:
        rows = []
        for question in part.questions:
            line, one = held.lines.get(question.id), held.derived.get(question.id)
            said, why = (one.answer, one.source) if one else (line.said, line.evidence) if line else ("", "")
            rows.append((f"{question.id}. {question.text}", answers.get(said, "–"), why or "–"))
        section(part.title)
        plain_table(("Question", "Answer", "Evidence"), rows, caption=part.title, headed=True)


def questions(
    held: Any, *, save: Save, suggest: Callable[[dict[str, str]], Any], names: Mapping[int, str],
    answers: Mapping[str, str],
) -> None:  # fmt: skip
    """The audit `held` (`dashboard.answers.audit.Sheet`), a section at a time, with the grade so far."""
    _sheet(held, _known(held), save, suggest, names, answers)


def _known(held: Any) -> dict[str, dict[str, Any]]:
    """What this window takes to stand at each question. Brought up to date where it has nothing unsaved."""
    known = st.session_state.setdefault(f"audit-{held.id}", {})
    for question in held.template.questions:
        line, mine = held.lines.get(question.id), known.get(question.id)
        theirs = {"said": line.said, "evidence": line.evidence, "base": line.base} if line else _EMPTY
        said, evidence = _keys(held.id, question.id)
        if mine is None:
            known[question.id] = dict(theirs)
        elif mine["base"] != theirs["base"] and _shown(said, evidence, mine) == (mine["said"], mine["evidence"]):
            known[question.id] = dict(theirs)
            _put(held.id, question.id, theirs)
    return known


_EMPTY: Mapping[str, Any] = {"said": "", "evidence": "", "base": 0}


def _keys(audit_id: int, question: str) -> tuple[str, str]:
    return f"said-{audit_id}-{question}", f"evidence-{audit_id}-{question}"


def _shown(said: str, evidence: str, mine: Mapping[str, Any]) -> tuple[str, str]:
    state = st.session_state
    return state.get(said, mine["said"]) or "", state.get(evidence, mine["evidence"])


def _put(audit_id: int, question: str, line: Mapping[str, Any]) -> None:
    said, evidence = _keys(audit_id, question)
    st.session_state[said], st.session_state[evidence] = line["said"] or None, line["evidence"]


@st.fragment
def _sheet(held, known, save, suggest, names, answers) -> None:
    chosen, grade = f"section-{held.id}", _Grade(held, known, suggest, names, st.empty())
    grade.show()
    parts = {part.id: part for part in held.template.sections}
    titles = {id: part.title for id, part in parts.items()}
    place_of = _place(list(parts), st.session_state.get(chosen, next(iter(parts))))
    at = st.radio("Section", list(parts), place_of, format_func=titles.__getitem__, horizontal=True, key=chosen)
    section(titles[at])
    for question in parts[at].questions:
        if question.kind == "derived":
            one = held.derived[question.id]
            html("audit_line.html", text=question.text, answer=answers[one.answer], source=one.source)
        else:
            _question(held, question, known[question.id], save, answers, grade)
    later = list(parts)[list(parts).index(at) + 1 :]
    if later:
        st.button(f"Next: {titles[later[0]]}", on_click=_go, args=(chosen, later[0]), key=f"next-{held.id}")


@dataclass
class _Grade:
    """The grade that the answers come to, above the section.

    Every question shows it in each of its runs: what a fragment does not show again of a place outside it is taken off.
    """

    held: Any
    known: Mapping[str, Mapping[str, Any]]
    suggest: Callable[[dict[str, str]], Any]
    names: Mapping[int, str]
    place: DeltaGenerator
    found: Any = None  # until an answer changes

    def show(self) -> None:
        if self.found is None:
            self.found = self.suggest(_given(self.held, self.known))
        with self.place:
            grade_panel(self.found, self.names)
        urgent = f"urgent-{self.held.id}"
        if self.found.escalate != st.session_state.get(urgent, self.held.suggestion.escalate):
            st.session_state[urgent] = self.found.escalate
            st.rerun()  # the steps of today come in, or go

    def changed(self) -> None:
        self.found = None


def _go(chosen: str, section: str) -> None:
    st.session_state[chosen] = section


def _given(held: Any, known: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {q: line["said"] for q, line in known.items()} | {q: one.answer for q, one in held.derived.items()}


@st.fragment
def _question(
    held: Any, question: Any, line: dict[str, Any], save: Save, answers: Mapping[str, str], grade: _Grade
) -> None:
    """One question with its evidence. What differs from what stands is saved at once.

    What stands is the default of both controls in every run: one that the browser puts up late starts from the default
    of the newest run, and what it starts from comes back as if somebody had chosen it.
    """
    said_key, evidence_key = _keys(held.id, question.id)
    help_text = " ".join(filter(None, [GATES.get(question.gate, ""), question.guidance]))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    said = line["said"]
    if question.kind != "text":
        options = list(question.answers)
        said = (
            left.radio(
                literal(f"{question.id}. {question.text}"),
                options,
                index=_place(options, line["said"]),
                format_func=answers.__getitem__,
                horizontal=True,
                key=said_key,
                help=literal(help_text) or None,
                disabled=not held.open,
            )
            or line["said"]  # nobody can take a choice back to none
        )
    else:
        left.markdown(literal(f"{question.id}. {question.text}"))
    evidence = right.text_input(
        f"Evidence for {question.id}" if question.kind != "text" else f"Words for {question.id}",
        value=line["evidence"],
        key=evidence_key,
        max_chars=2000,
        placeholder="page, date, what it says",
        disabled=not held.open,
    )
    clash = f"clash-{held.id}-{question.id}"
    if held.open and (said, evidence) != (line["said"], line["evidence"]) and clash not in st.session_state:
        _keep(question, line, said, evidence, save, clash)
        grade.changed()
    if clash in st.session_state:
        _both(held, question, line, clash, answers, grade)
    elif line["base"]:
        html("paragraph.html", text="Saved, with evidence" if line["evidence"] else "Saved", kind="quiet")
    grade.show()


def _place(options: list[str], said: str) -> int | None:
    return options.index(said) if said in options else None


def _keep(question: Any, line: dict[str, Any], said: str, evidence: str, save: Save, clash: str) -> None:
    kept = save(question.id, said, evidence, line["base"])
    if isinstance(kept, str):
        st.error(f"Not saved. {kept}")
    elif hasattr(kept, "written_at"):
        line.update(said=said, evidence=evidence, base=kept.base)
    else:
        st.session_state[clash] = {
            "said": kept.said, "evidence": kept.evidence, "base": kept.base, "author": kept.author,
        }  # fmt: skip


def _both(
    held: Any, question: Any, line: dict[str, Any], clash: str, answers: Mapping[str, str], grade: _Grade
) -> None:
    """Somebody else answered meanwhile: both stand there until one is chosen."""
    theirs = st.session_state[clash]
    said = answers.get(theirs["said"], "no answer")
    st.error(
        literal(
            f"{theirs['author'] or 'Somebody'} answered {question.id} while you did: “{said}”, evidence "
            f"“{theirs['evidence'] or 'none'}”. Yours is above and is not saved yet; nothing is lost."
        )
    )

    def choose(mine: bool) -> None:
        del st.session_state[clash]
        grade.changed()
        line.update(said=theirs["said"], evidence=theirs["evidence"], base=theirs["base"])
        if not mine:
            _put(held.id, question.id, line)

    one, two = st.columns(2)
    one.button("Keep mine", key=f"mine-{clash}", on_click=choose, args=(True,))
    two.button(f"Take {theirs['author'] or 'theirs'}’s", key=f"theirs-{clash}", on_click=choose, args=(False,))
