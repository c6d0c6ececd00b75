"""Files coming in: what a file would bring, putting it in, what was put in before, taking it out again."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import LOAD, UNDO, Scope, require
from dashboard.answers import case_loads, case_records, instrument_loads, places
from dashboard.answers.keep import the_store
from dashboard.intake import CASES, KINDS, PLACES, THINGS, Batch, IntakeError, read, safe_name
from dashboard.store import Changes, StoreError

NOT_HERE = (
    "This file is checked and not loaded. With the ready users of this machine anyone here could see it, so only files "
    "of the publishers are put in. Figures of your own go in with early-help load, and are shown to those who sign in."
)
COLUMNS = ("Load", "File", "Kind", "Publisher", "Standing", "Loaded", "By", "Brought", "Refused", "State")
NUMBERS = ("Load", "Brought", "Refused")


_STANDINGS = {"local": "own"}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file holds and what it would change; `problem` is one sentence where it cannot be loaded at all."""

    file_name: str
    problem: str = ""
    batch: Batch | None = None
    changes: Changes | None = None
    sentence: str = ""
    kept_out: str = ""  # why a file that could be loaded is not taken here


def preview(scope: Scope, data: bytes, *, file_name: str, kind: str = "") -> Preview:
    """Read and check a file; nothing is written. Raises `NotAllowed`."""
    require(scope, LOAD)
    file_name = safe_name(file_name)
    try:
        batch = read(
            data,
            file_name=file_name,
            kind=kind or None,
            forum_areas=places.own_forum_areas(scope),
            agencies=case_records.agencies(scope),
        )
    except IntakeError as error:
        return Preview(file_name, problem=str(error))
    if batch.instrument:
        kept_out = NOT_HERE if scope.local else ""
        return Preview(file_name, batch=batch, sentence=instrument_loads.sentence(batch), kept_out=kept_out)
    standing = the_store().find_load(batch.sha256)
    if standing is not None:
        when = words.day(standing.loaded_at.date())
        return Preview(
            file_name, problem=f"This very file is in already: load {standing.load_id} of {when}.", batch=batch
        )
    if not batch.size:
        return Preview(file_name, problem="No row of this file can be used; the reasons are listed below.", batch=batch)
    if batch.cases is not None and (why := case_loads.problem(scope, batch)):
        return Preview(file_name, problem=why, batch=batch)
    brings_figures = batch.places is None and batch.cases is None
    changes = the_store().compare(batch.figures) if brings_figures else None
    kept_out = NOT_HERE if scope.local and not batch.publisher else ""
    return Preview(file_name, batch=batch, changes=changes, sentence=_sentence(batch, changes), kept_out=kept_out)


def put_in(scope: Scope, batch: Batch) -> str:
    """Put a file in, all of it or nothing; gives a sentence. Raises `NotAllowed`."""
    require(scope, LOAD)
    if scope.local and not batch.publisher:
        return NOT_HERE
    if batch.instrument:
        return instrument_loads.put_in(scope, batch)
    try:
        number = _load(scope, batch)
    except StoreError as error:
        return str(error)
    refused = f"{_count(batch.rows_refused, 'row', 'rows')} refused"
    if batch.cases is None:
        return f"{batch.file_name} is in as load {number}: {_things(batch)}, {refused}."
    brought = case_loads.sentence(batch)
    return f"{batch.file_name} is in as load {number}: {brought}; {refused}. Its pages are ready in about a minute."


def _load(scope: Scope, batch: Batch) -> int:
    if batch.cases is not None:
        return case_loads.load(scope, batch)
    store = the_store()
    return (store.load if batch.places is None else store.load_places)(
        batch.figures if batch.places is None else batch.places,
        batch.refused,
        kind=batch.places_kind or batch.kind,
        file_name=batch.file_name,
        sha256=batch.sha256,
        publisher=batch.publisher,
        release=batch.release,
        licence=batch.licence,
        standing="published" if batch.publisher else "local",
        loaded_by=scope.signature,
        as_role=scope.role,
    )


def loaded(scope: Scope) -> pl.DataFrame:
    """Every load, newest first."""
    return the_store().loads()


def faults_of(scope: Scope, load: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The refused rows of one load, and those that were used with a change or in spite of a fault: line, column, value,
    reason. Raises `NotAllowed`: a row may be of a family."""
    require(scope, LOAD)
    listed = the_store().listed(load)
    named = pl.when(pl.col("table") != "").then(pl.col("table") + ": ").otherwise(pl.lit("")) + pl.col("column")
    rows = listed.with_columns(named.alias("column"))
    return rows.filter(~pl.col("repaired")), rows.filter("repaired")


def undo(scope: Scope, load: int) -> str:
    """Take a load out; what stood before stands again. Gives a sentence. Raises `NotAllowed`."""
    require(scope, UNDO)
    try:
        the_store().undo(load, undone_by=scope.signature, as_role=scope.role)
    except StoreError as error:
        return str(error)
    return f"Load {load} is undone. What stood before it stands again."


def summary(loads: pl.DataFrame) -> str:
    """What is in, as a sentence; `loads` as from `loaded`."""
    standing = loads.filter(pl.col("undone_at").is_null())
    if standing.is_empty():
        return "No figures are in yet. Put a file in below; the scorecard fills as soon as it is loaded."
    last = standing.row(0, named=True)
    figures = standing.filter(~pl.col("kind").is_in(list(THINGS)))
    records = standing.filter(pl.col("kind").is_in(list(CASES)))
    more = [f"{records['figures'].sum():,} case records"] if records.height else []
    more += ["places"] if set(PLACES) & set(standing["kind"]) else []
    if figures.height:
        brought = words.listed([f"{figures['figures'].sum():,} figures", *more])
    else:
        brought = f"No published figures yet, but {words.listed(more)}"
    return (
        f"{brought} from {_count(standing.height, 'file', 'files')} are in. "
        f"The latest, {last['file_name']}, came on {words.day(last['loaded_at'].date())}."
    )


def cells(loads: pl.DataFrame) -> list[tuple[str, ...]]:
    """The loads as rows of words under `COLUMNS`."""
    return [
        (
            str(row["load_id"]),
            row["file_name"],
            KINDS.get(row["kind"], row["kind"]),
            row["publisher"] or "–",
            _STANDINGS.get(row["standing"], row["standing"]),
            words.day(row["loaded_at"].date()),
            words.name(row["loaded_by"]) or "–",
            _count(row["figures"], *_named(row["kind"])),
            f"{row['refused']:,}",
            f"undone {words.day(row['undone_at'].date())}" if row["undone_at"] else "stands",
        )
        for row in loads.iter_rows(named=True)
    ]


def choices(loads: pl.DataFrame) -> dict[int, str]:
    """Load number → number and file name, of the loads that stand."""
    standing = loads.filter(pl.col("undone_at").is_null())
    return {number: f"{number}: {name}" for number, name in standing.select("load_id", "file_name").iter_rows()}


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _things(batch: Batch) -> str:
    return _count(batch.size, *_named(batch.kind))


def _named(kind: str) -> tuple[str, str]:
    """What a file of a kind brings, one and many."""
    thing = THINGS.get(kind, "figure")
    return thing, f"{thing}s"


def _sentence(batch: Batch, changes: Changes | None) -> str:
    usable = _things(batch) if batch.cases is None else _count(batch.rows_used, "row", "rows")
    parts = [f"{usable} can be used", f"{_count(batch.rows_refused, 'row is', 'rows are')} refused"]
    if batch.rows_left_out:
        parts.append(f"{_count(batch.rows_left_out, 'row is', 'rows are')} left out")
    said = f"{batch.file_name} is {KINDS[batch.kind]} with {_count(batch.rows, 'row', 'rows')}: {words.listed(parts)}."
    if batch.cases is not None:
        return f"{said} It brings {case_loads.sentence(batch)}."
    if changes is None:
        standing = the_store().places(batch.places_kind)
        if standing is not None and "level" in standing.columns:  # of boundaries only those of the same levels
            standing = standing.filter(pl.col("level").is_in(batch.places["level"].unique().implode()))
        replaced = 0 if standing is None else standing.height
        before = f" They take the place of the {replaced:,} that stand now." if replaced else ""
        return said + before
    return (
        f"{said} {changes.new:,} are new, {changes.restated:,} restate an earlier figure, "
        f"{changes.unchanged:,} say the same."
    )
