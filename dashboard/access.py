"""Who may see what. One scope travels with every question, and every kept answer is kept for its scope."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What the asker may see: a part of every cache key, so that no answer crosses from one scope to another.

    `areas` are ONS codes, empty for the whole county; `author` is the name that edits are kept under.
    """

    role: str
    areas: frozenset[str] = frozenset()
    author: str = ""


# Published official figures carry no personal data: whoever reaches the dashboard may read them.
PUBLISHED = Scope(role="published figures")

PAGES = frozenset({"scorecard", "turn_the_curve", "area_map", "need_and_funding", "load_data", "methods"})


def may_open(scope: Scope, page: str) -> bool:
    """Whether a scope may open a page; an unknown page is closed."""
    return scope.role == PUBLISHED.role and page in PAGES
