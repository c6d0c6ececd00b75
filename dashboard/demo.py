"""The dashboard on sample data, in a database of its own: published figures, and an invented county's case records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl

import sample_data
from dashboard import intake
from dashboard.demo_audits import add_audits
from dashboard.demo_plan import add_plan
from dashboard.demo_questionnaire import add_rounds
from dashboard.store import AlreadyLoaded, Store, data_folder, open_store
from sample_data.invented import invent
from sample_data.invented.files import CLEAN, fingerprint

LOADED_BY = "sample data"


def prepare_demo(
    url: str | Path | None = None,
    *,
    records: float = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> str:
    """Put every file of the sample data into a database, unless it is there; gives the database's address.

    `url`: None for the demonstration's own SQLite file in the user's data folder. `records`: how large the invented
    county is, 1 being about 24,000 assessments; 0 for published figures alone. `progress` is called with the number of
    files done, of all, and the name of the next, and not at all when nothing is to be done. Sample files of an earlier
    version of the dashboard are taken out. Raises `StoreError` if the database cannot be opened.
    """
    with open_store(url or data_folder() / "demo.db") as store:
        files = {row["sha256"]: row for row in sample_data.log().iter_rows(named=True)}
        if records:
            files[fingerprint(scale=records)] = {"file": CLEAN}
        mine = store.loads().filter((pl.col("loaded_by") == LOADED_BY) & pl.col("undone_at").is_null())
        for load_id in mine.filter(~pl.col("sha256").is_in(list(files)))["load_id"]:
            store.undo(load_id, undone_by=LOADED_BY)
        county = cache(partial(invent, scale=records))  # made once, and only where something is missing
        missing = [file for sha256, file in files.items() if sha256 not in set(mine["sha256"])]
        for done, file in enumerate(missing):
            if progress:
                progress(done, len(missing), file["file"])
            if file["file"] == CLEAN:
                _load_records(store, county(), fingerprint(scale=records))
            else:
                _load(store, file)
        if records:
            add_rounds(store)
            add_plan(store, author=LOADED_BY)
            add_audits(store, county, by=LOADED_BY)
        if progress and missing:
            progress(len(missing), len(missing), "")
        return store.engine.url.render_as_string(hide_password=False)


def _load(store: Store, file: dict[str, Any]) -> None:
    batch = intake.read(sample_data.folder() / file["file"], kind="own")
    with suppress(AlreadyLoaded):  # by another who prepares the same database at this moment
        store.load(
            batch.figures,
            batch.refused,
            kind=batch.kind,
            file_name=batch.file_name,
            sha256=batch.sha256,
            publisher=file["publisher"],
            release=file["release"],
            licence=file["licence"],
            standing=file["standing"],
            loaded_by=LOADED_BY,
        )


def _load_records(store: Store, county: Mapping[str, pl.DataFrame], sha256: str) -> None:
    with suppress(AlreadyLoaded):
        store.load_cases(
            county,
            None,
            kind="cases",
            file_name=CLEAN,
            sha256=sha256,
            publisher="Early Help dashboard",
            release="an invented county: no person in it exists",
            standing="invented",
            loaded_by=LOADED_BY,
        )
