"""A store with one round of the questionnaire that is over, another that is open, and people who open its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
from streamlit.testing.v1 import AppTest

from dashboard.answers import use_store
from dashboard.store import Store, open_store
from metrics.questionnaire import as_json, instruments
from tests.integration.test_pages import ENTRY
from tests.sign_in import GROUP_OF, ISSUER, claims

FIRST, SECOND = "early_help_system/1", "early_help_system/2"
ASKED = [
    ("Police", "pat@police.example", "leader"),
    ("Police", "pim@police.example", "practitioner"),
    ("Schools", "sam@schools.example", "leader"),
    ("Schools", "sid@schools.example", "practitioner"),
    ("Health", "hal@health.example", "leader"),
    ("Health", "hue@health.example", "practitioner"),
]
# Who scores what on every item of the round that is over; nobody else answered.
SCORES = {"pat@police.example": 2, "pim@police.example": 4, "sam@schools.example": 3, "hal@health.example": 0}


def asked(rows: list[tuple[str, str, str]] = ASKED) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["partner", "respondent", "respondent_role"], orient="row")


def add_round(
    store: Store,
    title: str,
    *,
    key: str = FIRST,
    scores: dict[str, int] = SCORES,
    closed: bool = True,
    people: list[tuple[str, str, str]] = ASKED,
) -> int:
    """A round in which each of `scores` gave that score to every scored item."""
    it = instruments()[key]
    kept = store.questionnaires
    kept.add_instrument(as_json(it), by="tests")
    number = kept.open_round(
        it.id, it.edition, title=title, period_end=date(int(title), 6, 30), asked=asked(people), by="tests"
    )
    rows = [(who, item.id, "score", score) for who, score in scores.items() for item in it.items]
    if rows:
        frame = pl.DataFrame(rows, schema=["respondent", "item", "state", "score"], orient="row")
        kept.load_answers(number, frame, by="tests")
    if closed:
        kept.close_round(number, by="tests")
    return number


@contextmanager
def questionnaires(folder: Path) -> Iterator[Store]:
    """An empty store of one's own, which all answers come from."""
    with open_store(folder / "questionnaires.db") as store:
        use_store(store)
        yield store
        use_store(None)


def page_of(page: str, role: str, *, email: str = "", sub: str = "", **address: str) -> AppTest:
    """A page as somebody of this role opens it, signed in with this address."""
    at = AppTest.from_file(ENTRY, default_timeout=120)
    at.user = claims(GROUP_OF[role], sub=sub or email or role, **({"email": email} if email else {}))
    for key, value in address.items():
        at.query_params[key] = value
    at.switch_page(f"../pages/{page}.py").run()
    assert not at.exception, at.exception
    return at


def person(email: str) -> str:
    """Who `page_of` signs in with that address."""
    return f"{ISSUER}#{email}"
