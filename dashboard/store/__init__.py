"""The database: figures, places and case records by load, refused rows, notes, scenarios, roles and the record.

SQLite in a file, or PostgreSQL.

store = open_store()
store.load(figures, refused, kind="lait", file_name="lait.csv", sha256="…", publisher="DfE")
store.read_figures(["lait:ReReferral"])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from dashboard.store import cases as _cases
from dashboard.store import figures as _figures
from dashboard.store import keeping as _keeping
from dashboard.store import loads as _loads
from dashboard.store import notes as _notes
from dashboard.store import places as _places
from dashboard.store import record as _record
from dashboard.store import roles as _roles
from dashboard.store import scenarios as _scenarios
from dashboard.store import sessions as _sessions
from dashboard.store import snapshots as _snapshots
from dashboard.store import versions as _versions
from dashboard.store.audits import Audits
from dashboard.store.database import data_folder, database_url, open_engine
from dashboard.store.errors import AlreadyLoaded, Load, NothingToLoad, StaleEdit, StoreError, UnknownLoad
from dashboard.store.figures import CURRENT, Changes
from dashboard.store.keeping import PURGED, retention
from dashboard.store.loads import LISTED, LOADS, REFUSED
from dashboard.store.notes import NOTES, SECTIONS
from dashboard.store.places import PLACES
from dashboard.store.plans import Plans
from dashboard.store.questionnaires import Questionnaires
from dashboard.store.record import ACTS, RECORDS
from dashboard.store.roles import ROLE_NAMES, ROLES, Role
from dashboard.store.scenarios import SCENARIOS
from dashboard.store.sessions import Standing
from dashboard.store.snapshots import SNAPSHOT
from dashboard.store.versions import Versions
from metrics.cases import CASE_TABLES

__all__ = [
    "ACTS",
    "CURRENT",
    "LISTED",
    "LOADS",
    "NOTES",
    "PLACES",
    "PURGED",
    "RECORDS",
    "REFUSED",
    "ROLES",
    "ROLE_NAMES",
    "SCENARIOS",
    "SECTIONS",
    "SNAPSHOT",
    "AlreadyLoaded",
    "Changes",
    "Load",
    "NothingToLoad",
    "Role",
    "StaleEdit",
    "Standing",
    "Store",
    "StoreError",
    "UnknownLoad",
    "Versions",
    "data_folder",
    "database_url",
    "open_store",
    "retention",
]


def open_store(url: str | Path | None = None) -> Store:
    """Open the database and bring its tables up to date.

    `url`: an SQLAlchemy address (`sqlite:///folder/file.db`, `postgresql://name@server/database`) or the path of an
    SQLite file. None: what `EARLY_HELP_DATABASE_URL` says, else `early-help.db` in the user's data folder.
    Raises `StoreError` with one sentence if it cannot be opened.
    """
    return Store(open_engine(url))


def _about(*values: str) -> dict[str, str]:
    """What is kept about a load, by column."""
    names = ("kind", "file_name", "sha256", "publisher", "release", "licence", "standing", "loaded_by")
    return dict(zip(names, values, strict=True))


class Store:
    """An open database. May be shared by threads; every call is one transaction.

    What changes something writes its entry in the record in the same transaction, if it is told by whom; `as_role` is
    the role that the person acted in.
    """

    def __init__(self, engine: sa.Engine):
        self.engine = engine
        self.questionnaires = Questionnaires(engine)
        self.plans = Plans(engine)
        self.audits = Audits(engine)

    def close(self) -> None:
        """Give the connections back. The store may not be used afterwards."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def version(self) -> int:
        """A number that grows whenever figures, places, case records, snapshots or notes change, and only then.

        One quick query.

        Scenarios, roles and the record do not count: they are small, and read anew each time.
        """
        return _figures.version(self.engine)

    def records_version(self) -> int:
        """The same for what rests on loads alone: it stays as it is when somebody writes a note. One quick query."""
        return _figures.records_version(self.engine)

    def versions(self) -> Versions:
        """These two and those of questionnaires and audits, as they stand at one moment. One quick query."""
        return _versions.read(self.engine)

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
        as_role: str = "",
    ) -> int:
        """Put one file in, all or nothing; gives the id of the load.

        `figures`: columns of `metrics.estimates.FIGURES`; a measure, breakdown, group and period_end at most once, and
        none of them empty. `refused`: `line`, `column`, `value`, `reason`, kept for whoever put the file right.
        `standing`: published, reference, invented or local.

        Raises `AlreadyLoaded` if a load of a file with this `sha256` stands (also when two try at the same moment),
        `NothingToLoad` without figures, `StoreError` for figures that are not as above.
        """
        about = _about(kind, file_name, sha256, publisher, release, licence, standing, loaded_by)
        return _loads.add(self.engine, figures, refused, about, as_role=as_role)

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

    def listed(self, load_id: int) -> pl.DataFrame:
        """The rows of a load's file that were refused or repaired, in the file's order, with the columns of `LISTED`.

        `table`: which table of the file, where it has several. `repaired`: taken, with what `reason` says put right.
        """
        return _loads.all_listed(self.engine, load_id)

    def has_real_loads(self) -> bool:
        """Whether the partnership's own data are here: a load that is not published, reference or invented, and stands,
        or a round of the questionnaire."""
        return _loads.any_real(self.engine, besides=self.questionnaires.real_rounds())

    def undo(self, load_id: int, *, undone_by: str = "", as_role: str = "") -> None:
        """Take out what a load brought; what other loads said stands as if it had never been.

        Any load may be undone, not only the last, and its file may be loaded again. Raises `UnknownLoad`.
        """
        _loads.undo(self.engine, load_id, undone_by, as_role=as_role)

    def read_figures(self, measures: Sequence[str] | None = None) -> pl.DataFrame:
        """The figures that stand today, of these measures or of all, with the columns of `CURRENT`.

        Of several loads that give a figure for the same measure, breakdown, group and period_end, the newest counts.
        `previous_value` is then the newest differing value among the earlier ones: not null means restated. `standing`
        and `previous_standing` are those of the loads that the two come from.
        Sorted by measure, breakdown, group, period_end.
        """
        return _figures.read(self.engine, measures)

    def add_note(
        self, indicator: str, section: str, text: str, *, author: str, base: int | None, as_role: str = ""
    ) -> int:
        """Write the next text of an indicator's section (one of `SECTIONS`); gives its id.

        `base`: id of the note that the writer started from, None if there was none. Raises `StaleEdit`, with both
        texts, if another was written since.
        """
        return _notes.add(self.engine, indicator, section, text, author=author, base=base, as_role=as_role)

    def notes(self, indicator: str) -> pl.DataFrame:
        """The newest text of each section that has one: `note_id`, `section`, `text`, `author`, `written_at` (UTC)."""
        return _notes.current(self.engine, indicator)

    def note_history(self, indicator: str, section: str) -> pl.DataFrame:
        """Every text that a section ever had, newest first, with the same columns as `notes`."""
        return _notes.history(self.engine, indicator, section)

    def load_places(
        self,
        frame: pl.DataFrame,
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
        as_role: str = "",
    ) -> int:
        """Put one file of places in, all or nothing; gives the id of the load, which `undo` takes.

        `frame`: the columns of `PLACES[kind]`: `forum_areas` (each LSOA once), `services` (latitude and longitude in
        degrees, WGS 84), `boundaries` (each code of a level once; `geometry` a GeoJSON geometry). Only a service's
        `lsoa`, `latitude`, `longitude` and `note` may be empty. Raises as `load` does.
        """
        about = _about(kind, file_name, sha256, publisher, release, licence, standing, loaded_by)
        return _places.add(self.engine, frame, refused, about, as_role=as_role)

    def places(self, kind: str) -> pl.DataFrame | None:
        """The places of a kind from the newest load of it that stands, whole; None if none was loaded.

        Boundaries: of each level those of the newest load that has the level.

        Columns: `PLACES[kind]`; sorted by code, services as in their file.
        """
        return _places.read(self.engine, kind)

    def places_load(self, kind: str) -> Load | None:
        """The load that `places` takes that kind from."""
        return _places.source(self.engine, kind)

    def load_cases(
        self,
        tables: Mapping[str, pl.DataFrame],
        listed: pl.DataFrame | None,
        *,
        kind: str,
        file_name: str,
        sha256: str,
        publisher: str = "",
        release: str = "",
        licence: str = "",
        standing: str = "local",
        loaded_by: str = "",
        as_role: str = "",
    ) -> int:
        """Put one file of case records in, all or nothing; gives the id of the load, which `undo` takes.

        `tables`: frames by name, with the columns of `metrics.cases.CASE_TABLES`; a table that is missing or empty
        brings nothing. Each key at most once, and no required column empty (`StoreError`); keys of other loads may come
        again. What a foreign key points to is not looked up: it may stand in another load. `listed`: the rows that were
        refused or repaired, with the columns of `LISTED`; without `repaired` a row counts as refused. Raises as `load`.
        """
        about = _about(kind, file_name, sha256, publisher, release, licence, standing, loaded_by)
        return _cases.add(self.engine, tables, listed, about, as_role=as_role)

    def read_cases(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a case table that stand today, these columns or all, in the order of their keys.

        Of several loads that bring the same key, the newest counts. Only what is asked for is read. With `load_id`
        among `columns`, which load each row is from. `KeyError` for an unknown table, `ValueError` for a column.
        """
        return self.case_tables({name: columns})[name]

    def case_tables(self, wanted: Mapping[str, Sequence[str] | None] | None = None) -> dict[str, pl.DataFrame]:
        """The case tables as `read_cases` gives them, all at one moment: every one, or by name those columns, or all.

        `case_tables({"episode": ["start_date", "end_date"], "family": None})` reads two columns of one, and another.
        """
        return _cases.read(self.engine, dict.fromkeys(CASE_TABLES) if wanted is None else wanted)

    def case_loads(self, name: str) -> list[int]:
        """The ids of the loads that have rows in a case table, also where newer ones replace all of them. Quick."""
        return _cases.loads_with(self.engine, name)

    def case_standing(self) -> set[str]:
        """The standings of the loads that case records stand from, such as `invented` or `local`; empty without any."""
        return _cases.standing(self.engine)

    def keep_snapshot(self, estimates: pl.DataFrame, *, taken_on: date, reckoned_from: str = "") -> None:
        """Keep what was reckoned from the case records of today, in place of what was kept on the same day.

        `estimates`: columns of `metrics.estimates.SCHEMA`; a measure, breakdown, group and period at most once
        (`StoreError`). `reckoned_from`: by which `snapshot_of` finds them. Snapshots of other days are not touched.
        Those of invented records go with the last of these.
        """
        _snapshots.keep(self.engine, estimates, taken_on=taken_on, reckoned_from=reckoned_from)

    def snapshot_of(self, reckoned_from: str) -> pl.DataFrame | None:
        """The newest snapshot that was kept with these words, with the columns of `SNAPSHOT`; None if there is none."""
        return _snapshots.reckoned_from(self.engine, reckoned_from)

    def snapshots(self, before: date | None = None) -> pl.DataFrame:
        """The newest snapshot that was taken before a day, or the newest of all; without rows if there is none.

        Only those count that were taken while records of the same standing stood as do today. Columns: `SNAPSHOT`.
        """
        return _snapshots.read(self.engine, before)

    def save_scenario(self, name: str, content: str, *, author: str, base: int | None, as_role: str = "") -> int:
        """Keep the next version of the scenario of this name; gives its id.

        `content`: JSON (`ValueError` if not). `base`: id of the version that the writer started from, None if the name
        is new. Raises `StaleEdit`, with both contents, if another was saved since; `StoreError` without a name.
        """
        return _scenarios.save(self.engine, name, content, author=author, base=base, as_role=as_role)

    def scenarios(self) -> pl.DataFrame:
        """The newest version of each name, by name, with the columns of `SCENARIOS`."""
        return _scenarios.current(self.engine)

    def scenario_history(self, name: str) -> pl.DataFrame:
        """Every version of one name, newest first, with the columns of `SCENARIOS`."""
        return _scenarios.history(self.engine, name)

    def record(self, who: str, role: str, act: str, detail: str = "") -> int:
        """Write an entry in the record; gives its number.

        `who`: the identity that signed in, "unknown" if nobody did. `act`: one of `ACTS`. `detail`: which page, load or
        export, and nothing about any person. Unprintable characters are replaced and what is too long is cut.
        """
        return _record.add(self.engine, who, role, act, detail)

    def records(self, limit: int | None = None) -> pl.DataFrame:
        """The newest `limit` entries of the record, or all, newest first, with the columns of `RECORDS`."""
        return _record.listed(self.engine, limit)

    def verify_record(self, known: Mapping[int, str] | None = None) -> list[str]:
        """What is wrong with the record, a sentence for each fault; empty if it is sound.

        `known`: hashes of entries by number that were noted elsewhere, to be compared. What can be noticed, and what
        only with `known`, is said in `dashboard/store/record.py`.
        """
        return _record.verify(self.engine, known)

    def set_role(
        self, identity: str, role: str, *, agency: str = "", forum_area: str = "", by: str, as_role: str = ""
    ) -> None:
        """Give an identity one of `ROLE_NAMES` in place of any that it had; `none` takes its role away.

        An identity with an @ is kept without regard to capitals. Raises `StoreError` for a role that does not exist,
        an agency lead without agency, or a coordinator without forum area.
        """
        _roles.give(self.engine, identity, role, agency=agency, forum_area=forum_area, by=by, as_role=as_role)

    def role_of(self, identity: str) -> Role | None:
        """The role of an identity, None if it has none. One quick query."""
        return _roles.of(self.engine, identity)

    def roles(self) -> pl.DataFrame:
        """Every identity that has a role, with the columns of `ROLES`."""
        return _roles.listed(self.engine)

    def purge(
        self, retention: Mapping[str, int], *, as_at: date, dry_run: bool, by: str = "", as_role: str = ""
    ) -> pl.DataFrame:
        """Take out what is past its term; gives `table`, `rows` and the day `before` which they are dated.

        `retention`: days by table, as `retention()` reads them. With `dry_run` nothing is changed; without, `by` is
        needed. Figures, loads, snapshots and the texts that stand today are never purged; the record is purged from its
        beginning only. Case records go by the closing of their case, with all that hangs on it: tables without a term
        of their own, from which rows go along, come last. Raises `StoreError` for a table that can have no term.
        """
        return _keeping.purge(self.engine, retention, as_at=as_at, dry_run=dry_run, by=by, as_role=as_role)

    def session_ended(self, session: str) -> bool | None:
        """Whether a sign-in was ended before its time; None if it is new here. One quick query."""
        return _sessions.is_ended(self.engine, session)

    def standing_of(self, session: str, identity: str) -> Standing:
        """`session_ended`, `role_of` and `has_real_loads` at one look: asked for at every run of a page."""
        real = _loads.real(self.questionnaires.real_rounds())
        return _sessions.standing(self.engine, session, identity, real)

    def begin_session(self, session: str, *, until: datetime) -> bool:
        """Note that a sign-in has begun and runs until then; True for the first who says so of this one.

        Sessions whose time is up are forgotten: their age alone keeps them out.
        """
        return _sessions.begin(self.engine, session, until=until)

    def end_session(self, session: str, *, until: datetime) -> None:
        """End a sign-in before its time, in every tab and on every server."""
        _sessions.end(self.engine, session, until=until)
