"""Rounds of quality audits: what there is to draw from, how many to draw, the draw itself, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from dashboard import words
from dashboard.access import DRAW, NotAllowed, Scope, require
from dashboard.answers import audit_templates, case_records
from dashboard.answers.audit_allocation import CALIBRATION, active_auditors
from dashboard.answers.audit_desk import Desk, Item
from dashboard.answers.keep import the_store
from dashboard.store import StoreError
from dashboard.store.audits import FRAME
from metrics.audit import (
    SamplingError,
    TemplateError,
    calibration_set,
    chosen_sample,
    exclude,
    freeze,
    rules,
    sample_size,
    sampling_plan,
)
from metrics.audit.allocation import lot
from metrics.cases import AGENCY_TYPES

QUARTERLY = "quarterly"
KINDS: Mapping[str, str] = {
    QUARTERLY: "Quarterly sample, for figures of the partnership",
    "thematic": "Thematic sample",
    "dip": "Dip sample",
    CALIBRATION: "Calibration set, for every auditor",
}
MARGINS: Mapping[str, str] = {"10": "± 10 percentage points", "15": "± 15 percentage points", "20": "± 20"}
STRATA: Mapping[str, str] = {
    "agency_type,state": "type of agency, open or closed",
    "agency_type": "type of agency",
    "agency_type,forum_area,state": "type of agency, forum area, open or closed",
}
BEGUN: Mapping[str, str] = {"3": "the last 3 months", "6": "the last 6 months", "12": "the last 12 months"}
WEEKS = 6  # that a round has


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to draw. `margin` in percentage points for a quarterly sample, `size` for the others."""

    kind: str = QUARTERLY
    months: int = 3
    margin: int = 10
    size: int = 6
    strata: str = "agency_type,state"
    agency_type: str = ""  # "": all
    left_out: tuple[tuple[str, str], ...] = ()  # assessment, reason


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be drawn: the frozen frame, how many of it, and that in sentences. `refused` says why it cannot be."""

    frame: pl.DataFrame
    size: int
    sentence: str
    refused: str = ""


def propose(scope: Scope, wanted: Wanted) -> Proposal:
    """The frame as it stands today and the size that the wanted margin needs. Nothing is written."""
    require(scope, DRAW)
    try:
        return _proposal(scope, wanted)
    except SamplingError as error:
        return Proposal(pl.DataFrame(), 0, "", str(error))


def try_open(scope: Scope, wanted: Wanted, *, title: str, template: str, seed: int, dual: int, due: date) -> int | str:
    """Freeze, draw and keep a round; gives its id, or a sentence. `dual`: of 100, so many are audited twice."""
    try:
        require(scope, DRAW)
        held = audit_templates.ensure(scope, template)
        made = _proposal(scope, wanted)
        drawn, frame = _draw(scope, made, wanted, seed=seed, dual=dual / 100)
        return the_store().audits.open_round(
            frame.select(FRAME),
            drawn,
            title=" ".join(title.split()),
            kind=wanted.kind,
            template_id=held.id,
            version=held.version,
            as_at=case_records.as_at(scope),
            due_date=due,
            seed=seed,
            margin=float(wanted.margin) if wanted.kind == QUARTERLY else None,
            dual_share=dual / 100,
            standing="invented" if case_records.invented(scope) else "local",
            by=scope.signature,
            as_role=scope.role,
        )
    except (NotAllowed, SamplingError, StoreError, TemplateError) as error:
        return str(error)


def _proposal(scope: Scope, wanted: Wanted) -> Proposal:
    day = case_records.as_at(scope)
    if day is None:
        raise SamplingError("No case records are loaded yet, so there is nothing to draw from.")
    first = _months_before(day, wanted.months)
    every = freeze(case_records.tables(scope), as_at=day, begun=(first, day))
    if wanted.agency_type:
        every = every.filter(pl.col("agency_type") == wanted.agency_type)
    reasons = pl.DataFrame(wanted.left_out, schema=["assessment_id", "reason"], orient="row")
    audited = _audited() if wanted.kind == QUARTERLY else None
    frame, out = exclude(every, as_at=day, reasons=reasons if wanted.left_out else None, audited=audited)
    begun = f"begun from {words.day(first)} to {words.day(day)}"
    left = f" {out.height:,} more are left out: audited within a year, or with a reason given." if out.height else ""
    if wanted.kind == QUARTERLY:
        size = sample_size(frame.height, margin=wanted.margin / 100)
        said = (
            f"{size} of the {frame.height:,} assessments {begun} give the share that is good or better to within "
            f"{wanted.margin} percentage points either way, 95 times in 100.{left}"
        )
    else:
        size = wanted.size
        said = f"{size} of the {frame.height:,} assessments {begun}. They say nothing about all assessments.{left}"
    if size > frame.height:
        raise SamplingError(f"There are {frame.height:,} assessments to draw from, fewer than the {size} wanted.")
    return Proposal(frame, size, said)


def _draw(scope: Scope, made: Proposal, wanted: Wanted, *, seed: int, dual: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What was drawn, as the store takes it, and the frame with its strata."""
    if wanted.kind == QUARTERLY:
        strata = wanted.strata.split(",")
        drawn = sampling_plan(made.frame, strata=strata, size=made.size, seed=seed)
        frame = made.frame.join(drawn.select(*strata, "stratum").unique(), on=strata)
    else:
        chosen = None
        if wanted.kind == CALIBRATION:
            shared = calibration_set(made.frame, active_auditors(scope), size=made.size, seed=seed)
            chosen = shared["assessment_id"].unique()
        drawn = chosen_sample(made.frame, seed=seed, purpose=wanted.kind, assessments=chosen, size=made.size)
        frame = made.frame.with_columns(pl.lit(wanted.kind).alias("stratum"))
    ids = drawn["assessment_id"].to_list()
    if wanted.kind == CALIBRATION:
        audits = [active_auditors(scope).height] * len(ids)
    else:
        audits = [2 if lot(seed, f"{one} twice") < dual else 1 for one in ids]
    return drawn.with_columns(
        pl.col("order").alias("draw_order"),
        pl.Series("moderate", [lot(seed, one) < rules().moderated_share for one in ids]),
        pl.Series("audits", audits),
    ), frame


def _audited() -> pl.DataFrame:
    """When the families of earlier samples were audited, or are to be: `family_id`, `completed_date`."""
    audits = the_store().audits.audits()
    done = pl.coalesce(pl.col("submitted_at").dt.date(), pl.col("due_date")).alias("completed_date")
    return audits.select("family_id", done).drop_nulls()


def _months_before(day: date, months: int) -> date:
    """The first day of the `months` months that end with the month of `day`."""
    month = day.year * 12 + day.month - months
    return date(month // 12, month % 12 + 1, 1)


# --- rounds that are there --------------------------------------------------------------------------------------------


def rounds(scope: Scope) -> pl.DataFrame:
    """The rounds, newest first, with how many of their audits there are, are finished, and wait for an auditor."""
    require(scope, DRAW)
    audits = the_store().audits.audits()
    counted = audits.group_by("round_id").agg(
        pl.len().cast(pl.Int64).alias("audits"),
        pl.col("submitted_at").count().cast(pl.Int64).alias("finished"),
        (pl.col("auditor").is_null() & pl.col("submitted_at").is_null()).sum().cast(pl.Int64).alias("to_allocate"),
    )
    held = the_store().audits.rounds().join(counted, on="round_id", how="left", maintain_order="left")
    return held.with_columns(pl.col("audits", "finished", "to_allocate").fill_null(0))


def open_rounds(scope: Scope) -> dict[str, str]:
    """Id of each open round → its title, the newest first."""
    held = rounds(scope).filter(pl.col("closed_at").is_null())
    titles = held.select("round_id", "title", "due_date").iter_rows()
    return {str(number): f"{title}, due {words.day(due)} (no. {number})" for number, title, due in titles}


def try_close(scope: Scope, round_id: int) -> str:
    """Close a round; gives a sentence where it cannot be."""
    return _tried(scope, "close_round", round_id)


def try_leave_out(scope: Scope, audit_id: int, reason: str) -> str:
    """Leave a drawn assessment out, with the reason, and take the next in reserve; gives what happened, in words."""
    try:
        require(scope, DRAW)
        found = the_store().audits.audits(audit_id=audit_id)
        if found.is_empty():
            return "There is no such audit."
        new = the_store().audits.exclude(found["drawn_id"][0], reason, by=scope.signature, as_role=scope.role)
    except (NotAllowed, StoreError) as error:
        return str(error)
    if new is None:
        return "It is left out. Nothing is in reserve for its group, so the round has one assessment fewer."
    return "It is left out, and the next in reserve has taken its place."


def _tried(scope: Scope, act: str, *given: object) -> str:
    try:
        require(scope, DRAW)
        getattr(the_store().audits, act)(*given, by=scope.signature, as_role=scope.role)
    except (NotAllowed, StoreError) as error:
        return str(error)
    return ""


def due_by_default(today: date) -> date:
    """When a round that is opened today should be done."""
    return today + timedelta(weeks=WEEKS)


def seed_of(today: date) -> int:
    """A seed that nobody chose for its result: the day, as a number."""
    return int(f"{today:%Y%m%d}")


def agency_types(scope: Scope) -> dict[str, str]:
    """Type of agency → its name, those that have assessments."""
    there: Sequence[str] = (
        case_records.tables(scope)["assessment"]["agency_type"].drop_nulls().unique().sort().to_list()
    )
    return {kind: AGENCY_TYPES.get(kind, kind) for kind in there}


def title_of(scope: Scope) -> str:
    """What a round that is opened now is called, unless somebody says otherwise."""
    day = case_records.as_at(scope)
    return f"Assessments up to {words.month(day)}" if day else ""


def unfinished(seen: Desk) -> tuple[Item, ...]:
    """The audits of a desk that may still be left out, each once."""
    lists = (item for key in ("allocate", "late", "progress") for item in seen.lists[key])
    return tuple({item.audit_id: item for item in lists}.values())
