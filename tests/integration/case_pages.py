"""A store with the case records of a small invented county, and some faults put in by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
from streamlit.testing.v1 import AppTest

from dashboard.answers import use_store
from dashboard.store import Store, open_store
from metrics.cases import CASE_TABLES
from sample_data.invented import invent
from tests.integration.test_pages import ENTRY
from tests.sign_in import GROUP_OF, claims

AREA = "EHF01"  # that of the coordinator among the ready users (tests.sign_in)


@cache
def county() -> dict[str, pl.DataFrame]:
    """A tenth of the invented county's families: about 2,400 assessments."""
    return invent(scale=0.1)


@cache
def faulty() -> dict[str, pl.DataFrame]:
    """The same, with eight episodes of its largest agency that end before they start, and two reviews of no episode."""
    tables = dict(county())
    episodes = tables["episode"]
    agency = largest()
    chosen = episodes.filter(pl.col("lead_agency_id") == agency, pl.col("end_date").is_not_null()).head(8)["episode_id"]
    wrong = pl.col("episode_id").is_in(chosen.to_list())
    tables["episode"] = episodes.with_columns(
        pl.when(wrong).then(pl.col("start_date").dt.offset_by("-3d")).otherwise("end_date").alias("end_date")
    )
    stray = [{"review_id": f"stray {n}", "episode_id": "nowhere", "due_date": date(2026, 1, 1)} for n in range(7)]
    strays = pl.DataFrame(stray, schema=CASE_TABLES["review"].schema)
    tables["review"] = pl.concat([tables["review"], strays])
    return tables


@cache
def largest() -> str:
    """The agency that leads most episodes."""
    return county()["episode"]["lead_agency_id"].drop_nulls().value_counts(sort=True)["lead_agency_id"][0]


@contextmanager
def records(folder: Path, tables: dict[str, pl.DataFrame], *, standing: str = "invented") -> Iterator[Store]:
    """A store of one's own with these records, which all answers come from."""
    with open_store(folder / "records.db") as store:
        store.load_cases(
            tables, None, kind="cases", file_name="invented.zip", sha256="0" * 64, standing=standing, loaded_by="tests"
        )
        use_store(store)
        yield store
        use_store(None)


def opened(page: str, role: str, **address: str) -> AppTest:
    """A page as somebody of this role opens it by its own address."""
    at = AppTest.from_file(ENTRY, default_timeout=120)
    at.user = claims(GROUP_OF[role])
    for key, value in address.items():
        at.query_params[key] = value
    at.switch_page(f"../pages/{page}.py").run()
    assert not at.exception, at.exception
    return at
