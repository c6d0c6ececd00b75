"""What an action of the plan may hang on: indicators, questionnaire items, questions of the audit; and their names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dashboard.access import Scope
from dashboard.answers.keep import the_store
from metrics import audit, questionnaire
from metrics.catalogue import catalogue

INDICATOR, ITEM, THEME = "indicator", "questionnaire item", "audit theme"
# Where each leads, and what is chosen there.
PAGES = {INDICATOR: "turn_the_curve", ITEM: "questionnaire", THEME: "assessment_quality"}


def indicators() -> dict[str, str]:
    """Id → title of every indicator."""
    return {code: f"{code} {it.name}" for code, it in catalogue().indicators.items()}


def items(scope: Scope) -> dict[str, str]:
    """Reference → name of every questionnaire item, the newest edition first: `early_help_system/2:voice`."""
    kept = the_store().questionnaires.instruments()["content"].to_list()
    shipped = [questionnaire.as_json(it) for it in questionnaire.instruments().values()]
    newest_first = dict.fromkeys(reversed(kept or shipped))
    return {reference: name for content in newest_first for reference, name in _items(content).items()}


def themes(scope: Scope) -> dict[str, str]:
    """Reference → text of every question of the audit, the newest version first: `N6`."""
    kept = the_store().audits.templates()["content"].to_list()
    shipped = [audit.as_json(it) for it in audit.templates().values()]
    found: dict[str, str] = {}
    for content in reversed(kept or shipped):
        found = {**_questions(content), **found}
    return found


def names(scope: Scope) -> Mapping[tuple[str, str], str]:
    """(kind, reference) → the name that people know. What is not known any more is called by its reference."""
    every = ((INDICATOR, indicators()), (ITEM, items(scope)), (THEME, themes(scope)))
    return {(kind, reference): name for kind, found in every for reference, name in found.items()}


@cache
def _items(content: str) -> Mapping[str, str]:
    it = questionnaire.from_json(content)
    sections = it.every_section
    return {f"{it.key}:{one.id}": f"{one.name} (edition {it.edition})" for s in sections for one in s.items}


@cache
def _questions(content: str) -> Mapping[str, str]:
    return {one.id: f"{one.id} {one.text}" for one in audit.from_json(content).questions}
