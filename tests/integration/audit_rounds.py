"""A store with a small invented county, three people who audit, and a round that was drawn."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
from streamlit.testing.v1 import AppTest

from dashboard.access import Scope
from dashboard.answers import audit_allocation, audit_rounds, case_records
from tests.integration.case_pages import county, records
from tests.integration.test_pages import ENTRY
from tests.sign_in import ISSUER, claims

TODAY = date(2026, 10, 12)
DUE = date(2026, 11, 13)
ROUND = {"title": "Summer 2026", "template": "eha/1", "seed": 7, "dual": 20, "due": DUE}
WANTED = audit_rounds.Wanted(margin=20)


def somebody(name: str, role: str = "auditor") -> Scope:
    """The scope of a person of this name."""
    return Scope(role, person=f"{ISSUER}#{name}", author=name.capitalize())


QUINN, ALEX, BO = somebody("quinn", "QA manager"), somebody("alex"), somebody("bo")


@contextmanager
def drawn(folder: Path, **other):
    """The store with a round of 20-point margin that nobody has been given yet; Alex and Bo are of two agencies."""
    with records(folder, county()) as store:
        for who, agency in zip((ALEX, BO), two_agencies(), strict=True):
            assert audit_allocation.try_sign_up(who, agency) == ""
            assert audit_allocation.try_change(QUINN, who.person, most=30, active=True) == ""
        number = audit_rounds.try_open(QUINN, WANTED, **{**ROUND, **other})
        assert isinstance(number, int), number
        yield store


def two_agencies() -> tuple[str, str]:
    """Two agencies that have assessed nothing of late, so that their people may audit whatever is drawn."""
    late = county()["assessment"].filter(pl.col("start_date") > date(2026, 6, 1))["agency_id"]
    known = county()["agency"].filter(~pl.col("agency_id").is_in(late.implode()))["agency_id"].sort()
    return known[0], known[1]


def audits(store) -> pl.DataFrame:
    return store.audits.audits()


def as_person(page: str, who: Scope, **address: str) -> AppTest:
    """A page as this person opens it by its own address."""
    at = AppTest.from_file(ENTRY, default_timeout=120)
    group = {"QA manager": "eh-quality", "auditor": "eh-auditors"}[who.role]
    at.user = claims(group, sub=who.person.partition("#")[2], name=who.author)
    for key, value in address.items():
        at.query_params[key] = value
    at.switch_page(f"../pages/{page}.py").run()
    assert not at.exception, at.exception
    return at


def agencies_of(store) -> dict[str, str]:
    return dict(case_records.agencies(QUINN))
