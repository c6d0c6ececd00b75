"""The parts of the data protection annex that follow from the configuration: who sees what, what is held, for how long.

`docs/data-protection.md` holds a place for each, between two marks. `python -m dashboard.annex` fills them in again; a
test fails while the page says something else than the configuration.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from dashboard.access import CASES, FIGURES, PRINTED, ROLES
from dashboard.store import retention
from dashboard.store.tables import metadata
from metrics.cases import CASE_TABLES, IDENTIFIERS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "data-protection.md"
CASE = "case_"  # how the tables of case records begin

# What each table of the database holds, whether about people who use early help, and how personal that is.
HOLDS: Mapping[str, tuple[str, str]] = {
    "figure": ("figures about areas: counts, shares, limits", "nobody alone; small counts stand in it unsuppressed"),
    "load": ("each file that was put in: kind, publisher, when, by whom", "staff: who loaded and who undid"),
    "refused": ("rows that were refused: line, column, value, reason", "may hold what should not have been in a file"),
    "snapshot": ("figures as they stood on a day, to mark what was restated", "nobody alone; suppressed when shown"),
    "note": ("story, partners, what works, action, and their earlier texts", "staff: who wrote; whatever they wrote"),
    "scenario": ("funding scenarios", "staff: who kept them"),
    "plan_action": ("actions of the plan, by number", "nobody"),
    "plan_version": ("what an action says, and what meetings said of it", "staff: who wrote; owners as roles"),
    "questionnaire_instrument": ("editions of the system questionnaire", "staff: who loaded them"),
    "questionnaire_item": ("the items of each edition", "nobody"),
    "questionnaire_round": ("rounds of the questionnaire", "staff: who opened and closed them"),
    "questionnaire_invited": ("who is asked: partner, role", "staff of partners: e-mail address, identity"),
    "questionnaire_answer": (
        "scores, evidence and comments, each version",
        "staff of partners: their view of the system; whatever they wrote",
    ),
    "questionnaire_agreed": ("what workshops agreed on each item, each version", "staff: who recorded it"),
    "questionnaire_version": ("that results of the questionnaire changed", "nobody"),
    "audit_template": ("versions of the audit template", "staff: who loaded them"),
    "audit_question": ("the questions of each version", "nobody"),
    "audit_auditor": ("who audits, and for which agency they work", "staff: name, identity, agency"),
    "audit_round": ("rounds of audits: kind, day, seed", "staff: who opened and closed them"),
    "audit_stratum": ("how large each group of a round was, and how many were drawn", "nobody alone"),
    "audit_frame": ("the assessments that a round was drawn from", "families, by pseudonym"),
    "audit_drawn": ("the assessments that were drawn, or left out and why", "families, by pseudonym"),
    "audit": ("who audits which drawn assessment, and until when", "staff: the auditor's identity"),
    "audit_answer": (
        "answers and evidence, each version",
        "families, by pseudonym, and whatever auditors wrote; staff: who wrote",
    ),
    "audit_grade": ("suggested, auditor's, moderator's and final grades", "staff: who graded; what they wrote"),
    "audit_step": ("steps taken on the day on which a risk of harm was found", "staff: who took them"),
    "audit_action": ("what is to be done after an audit, done and verified", "staff: who set, did and verified it"),
    "audit_version": ("that results of audits changed", "nobody"),
    "forum_area": ("which small area lies in which forum area", "nobody"),
    "boundary": ("outlines of areas", "nobody"),
    "service": ("a directory of services", "nobody; it must not list people"),
    "role": ("who was given which role by name", "staff: their identity at the provider"),
    "session": ("sign-ins, as a hash", "staff, not to be told from the hash"),
    "record": ("who signed in, looked at case-level pages, exported, loaded, changed, undid", "staff: identity, role"),
    "record_end": ("where the record begins and ends", "nobody"),
    "version_step": ("that the data changed", "nobody"),
}
LEVEL_WORDS: Mapping[str, str] = {
    PRINTED: "what is printed for everyone",
    FIGURES: "figures, after disclosure control",
    CASES: "figures, after disclosure control; single records, pseudonymised",
}


def roles() -> str:
    """Who sees what and may do what."""
    rows = [
        (
            name,
            ", ".join(page.replace("_", " ") for page in sorted(role.pages)),
            LEVEL_WORDS[role.level] + (f", of their own {role.held_to}" if role.held_to else ""),
            ", ".join(sorted(role.may)) or "look",
        )
        for name, role in ROLES.items()
    ]
    return table(("Role", "Pages", "Sees", "May"), rows)


def held() -> str:
    """What the database holds beside case records. Raises `KeyError` for a table that nobody has described."""
    terms = retention()
    rows = [
        (name, *HOLDS[name], _term(terms.get(name))) for name in sorted(metadata.tables) if not name.startswith(CASE)
    ]
    return table(("Table", "Holds", "About whom", "Kept after its time"), rows)


def cases() -> str:
    """What case records hold, column by column."""
    terms = retention()
    rows = []
    for name, it in CASE_TABLES.items():
        hashed = [c for c in it.columns if c in IDENTIFIERS]
        plain = [c for c in it.columns if c not in IDENTIFIERS]
        rows.append((name, ", ".join(plain), ", ".join(hashed) or "–", _term(terms.get(CASE + name))))
    return table(("Table", "Columns", "Replaced by a keyed hash", "Kept after the case is closed"), rows)


def personal() -> str:
    """Headers that make intake refuse a file, by what they speak of."""
    text = (files("metrics") / "definitions" / "personal_columns.csv").read_text(encoding="utf-8")
    headers: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        headers.setdefault(row["what"], []).append(row["alias"].replace("_", " "))
    rows = [(what, str(len(names)), ", ".join(names[:6])) for what, names in headers.items()]
    return table(("What", "Headers known", "Such as"), rows)


PARTS: Mapping[str, Callable[[], str]] = {"roles": roles, "held": held, "cases": cases, "personal": personal}


def _term(days: int | None) -> str:
    if days is None:
        return "no term"
    return f"{days:,} days ({days / 365.25:.0f} {'year' if round(days / 365.25) == 1 else 'years'})"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; what would end a cell is escaped."""
    heads = tuple(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def filled(text: str) -> str:
    """The page with every part put in anew. Raises `ValueError` where a part has no place, or a place no part."""
    pattern = r"<!-- from the configuration: (\w+) -->\n.*?<!-- end -->"
    places = re.findall(pattern, text, re.DOTALL)
    if sorted(places) != sorted(PARTS):
        raise ValueError(f"the page has places for {', '.join(places) or 'nothing'}; needed: {', '.join(PARTS)}")

    def part(found: re.Match[str]) -> str:
        return f"<!-- from the configuration: {found[1]} -->\n{PARTS[found[1]]()}\n<!-- end -->"

    return re.sub(pattern, part, text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
