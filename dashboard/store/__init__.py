"""The database: figures by load, refused rows, notes. SQLite in a file, or PostgreSQL.

store = open_store()
store.load(figures, refused, kind="lait", file_name="lait.csv", sha256="…", publisher="DfE")
store.read_figures(["lait:ReReferral"])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from dashboard.store import figures as _figures
from dashboard.store import loads as _loads
from dashboard.store import notes as _notes
from dashboard.store.database import data_folder, database_url, open_engine
from dashboard.store.errors import AlreadyLoaded, Load, NothingToLoad, StaleEdit, StoreError, UnknownLoad
from dashboard.store.figures import CURRENT, Changes
from dashboard.store.loads import LOADS, REFUSED
from dashboard.store.notes import NOTES, SECTIONS

__all__ = [
    "CURRENT",
    "LOADS",
    "NOTES",
    "REFUSED",
    "SECTIONS",
    "AlreadyLoaded",
    "Changes",
    "Load",
    "NothingToLoad",
    "StaleEdit",
    "Store",
    "StoreError",
    "UnknownLoad",
    "data_folder",
    "database_url",
    "open_store",
]


def open_store(url: str | Path | None = None) -> Store:
    """Open the database and bring its tables up to date.

    `url`: an SQLAlchemy address (`sqlite:///folder/file.db`, `postgresql://name@server/database`) or the path of an
    SQLite file. None: what `EARLY_HELP_DATABASE_URL` says, else `early-help.db` in the user's data folder.
    Raises `StoreError` with one sentence if it cannot be opened.
    """
    return Store(open_engine(url))


class Store:
    """An open database. May be shared by threads; every call is one transaction."""

    def __init__(self, engine: sa.Engine):
        self.engine = engine

    def close(self) -> None:
        """Give the connections back. The store may not be used afterwards."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def version(self) -> int:
        """A number that grows whenever figures or notes change, and only then. One quick query."""
        return _figures.version(self.engine)

    def load(
        self,
        figures: pl.DataFrame,
        refused: pl.DataFrame | None,
        *,
        kind: str,
        file_name: str,
        sha256: str,
        publisher: str = "",
        release: str = "",
        licence: str = "",
        standing: str = "local",
        loaded_by: str = "",
    ) -> int:
        """Put one file in, all or nothing; gives the id of the load.

        `figures`: columns of `metrics.estimates.FIGURES`; a measure, breakdown, group and period_end at most once, and
        none of them empty. `refused`: `line`, `column`, `value`, `reason`, kept for whoever put the file right.
        `standing`: published, reference, invented or local.

        Raises `AlreadyLoaded` if a load of a file with this `sha256` stands (also when two try at the same moment),
        `NothingToLoad` without figures, `StoreError` for figures that are not as above.
        """
        about = {
            "kind": kind,
            "file_name": file_name,
            "sha256": sha256,
            "publisher": publisher,
            "release": release,
            "licence": licence,
            "standing": standing,
            "loaded_by": loaded_by,
        }
        return _loads.add(self.engine, figures, refused, about)

    def compare(self, figures: pl.DataFrame) -> Changes:
        """How many of these figures are new, restate what stands, or say the same again. Nothing is written."""
        return _figures.compare(self.engine, figures)

    def find_load(self, sha256: str) -> Load | None:
        """The load of the file with this hash, if one stands."""
        return _loads.find(self.engine, sha256)

    def loads(self) -> pl.DataFrame:
        """All loads, newest first, with the columns of `LOADS`; `undone_at` is null for those that stand."""
        return _loads.listed(self.engine)

    def refused(self, load_id: int) -> pl.DataFrame:
        """The rows of a load's file that were refused: `line`, `column`, `value`, `reason`, in the file's order."""
        return _loads.refused_rows(self.engine, load_id)

    def undo(self, load_id: int, *, undone_by: str = "") -> None:
        """Take a load's figures out again; what other loads said stands as if it had never been.

        Any load may be undone, not only the last, and its file may be loaded again. Raises `UnknownLoad`.
        """
        _loads.undo(self.engine, load_id, undone_by)

    def read_figures(self, measures: Sequence[str] | None = None) -> pl.DataFrame:
        """The figures that stand today, of these measures or of all, with the columns of `CURRENT`.

        Of several loads that give a figure for the same measure, breakdown, group and period_end, the newest counts.
        `previous_value` is then the newest differing value among the earlier ones: not null means restated.
        Sorted by measure, breakdown, group, period_end.
        """
        return _figures.read(self.engine, measures)

    def add_note(self, indicator: str, section: str, text: str, *, author: str, base: int | None) -> int:
        """Write the next text of an indicator's section (one of `SECTIONS`); gives its id.

        `base`: id of the note that the writer started from, None if there was none. Raises `StaleEdit`, with both
        texts, if another was written since.
        """
        return _notes.add(self.engine, indicator, section, text, author=author, base=base)

    def notes(self, indicator: str) -> pl.DataFrame:
        """The newest text of each section that has one: `note_id`, `section`, `text`, `author`, `written_at` (UTC)."""
        return _notes.current(self.engine, indicator)

    def note_history(self, indicator: str, section: str) -> pl.DataFrame:
        """Every text that a section ever had, newest first, with the same columns as `notes`."""
        return _notes.history(self.engine, indicator, section)
