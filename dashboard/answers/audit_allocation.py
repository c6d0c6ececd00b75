"""Who audits what: the list of auditors, and audits given out by lot or by hand, none within the audited agency."""

from __future__ import annotations

import polars as pl

from dashboard.access import AUDIT, DRAW, NotAllowed, Scope, require
from dashboard.answers import case_records
from dashboard.answers.keep import the_store
from dashboard.store import StoreError
from metrics.audit import SamplingError, allocate, second_auditors

CALIBRATION = "calibration"
DEFAULT_MOST = 15  # audits at a time, until the QA manager says otherwise


def auditors(scope: Scope) -> pl.DataFrame:
    """Those on the list: `identity`, `name`, `agency`, `most`, `active`, and `waiting` (audits that they have)."""
    require(scope, DRAW)
    names = case_records.agencies(scope)
    held = the_store().audits.auditors()
    unfinished = the_store().audits.audits().filter(pl.col("submitted_at").is_null(), pl.col("closed_at").is_null())
    waiting = unfinished.group_by(pl.col("auditor").alias("identity")).agg(pl.len().cast(pl.Int64).alias("waiting"))
    named = pl.col("agency_id").replace_strict(names, default=pl.col("agency_id"), return_dtype=pl.String)
    return held.join(waiting, on="identity", how="left", maintain_order="left").with_columns(
        named.alias("agency"), pl.col("waiting").fill_null(0)
    )


def own_agency(scope: Scope) -> str:
    """The agency that the asker is down as working for; "" while they have not said."""
    mine = the_store().audits.auditors().filter(pl.col("identity") == scope.person, "active")
    return mine["agency_id"][0] if mine.height else ""


def try_sign_up(scope: Scope, agency_id: str) -> str:
    """Put oneself on the list of auditors, or change one's agency; gives a sentence where it cannot be."""
    try:
        require(scope, AUDIT)
        held = the_store().audits.auditors().filter(pl.col("identity") == scope.person)
        most = held["most"][0] if held.height else DEFAULT_MOST
        who = {"by": scope.signature, "as_role": scope.role}
        the_store().audits.set_auditor(scope.person, scope.author, agency_id, most=most, **who)
    except (NotAllowed, StoreError) as error:
        return str(error)
    return ""


def try_change(scope: Scope, identity: str, *, most: int, active: bool) -> str:
    """Say how many audits at a time somebody on the list takes, and whether any; gives a sentence where it cannot."""
    try:
        require(scope, DRAW)
        store = the_store().audits
        held = store.auditors().filter(identity=identity)
        if held.is_empty():
            return "This person is not on the list of auditors."
        name, agency = held.select("name", "agency_id").row(0)
        who = {"by": scope.signature, "as_role": scope.role}
        store.set_auditor(identity, name, agency, most=most, active=active, **who)
    except (NotAllowed, StoreError) as error:
        return str(error)
    return ""


def active_auditors(scope: Scope) -> pl.DataFrame:
    """The auditors that are active: `auditor`, `agency_id`, `most`."""
    active = the_store().audits.auditors().filter("active")
    return active.select(pl.col("identity").alias("auditor"), "agency_id", "most")


def try_allocate_all(scope: Scope, round_id: int) -> tuple[int, str]:
    """Give out every audit of a round that nobody has, by lot; gives how many, and what was done, or why not."""
    try:
        require(scope, DRAW)
        store = the_store().audits
        [about] = store.rounds().filter(round_id=round_id).to_dicts()
        open_ones = store.audits().filter(pl.col("submitted_at").is_null(), pl.col("closed_at").is_null())
        mine = open_ones.filter(round_id=round_id)
        room = _room(scope, open_ones)
        if about["kind"] == CALIBRATION:
            given, but = _to_everybody(scope, mine), ""
        else:
            given, but = _by_lot(mine, room, seed=about["seed"])
        if not given:
            return 0, "There is nothing to allocate in this round."
        store.allocate(given, by=scope.signature, as_role=scope.role)
    except (NotAllowed, SamplingError, StoreError) as error:
        return 0, f"{error} How many each takes is set under “Auditors”."
    people = len(set(given.values()))
    return len(given), f"{len(given)} audits are allocated, to {people} auditors, none of the audited agency.{but}"


def try_allocate(scope: Scope, audit_id: int, identity: str) -> str:
    """Give one audit to somebody; gives a sentence where it cannot be."""
    try:
        require(scope, DRAW)
        the_store().audits.allocate({audit_id: identity}, by=scope.signature, as_role=scope.role)
    except (NotAllowed, StoreError) as error:
        return str(error)
    return ""


def _room(scope: Scope, open_ones: pl.DataFrame) -> pl.DataFrame:
    """The auditors with how many more audits each takes."""
    has = dict(open_ones.group_by("auditor").len().iter_rows())
    people = active_auditors(scope)
    left = [max(0, most - has.get(who, 0)) for who, most in people.select("auditor", "most").iter_rows()]
    people = people.with_columns(pl.Series("most", left, dtype=pl.Int64))
    if people.is_empty():
        raise SamplingError("There are no auditors yet: each puts themselves on the list when they open this desk.")
    return people


def _by_lot(mine: pl.DataFrame, room: pl.DataFrame, *, seed: int) -> tuple[dict[int, str], str]:
    """First parts, then second ones, which go to another auditor than the first. Where nobody is left for these, they
    wait, and a sentence says so."""
    wanted = mine.filter(pl.col("auditor").is_null())
    ones, twos = wanted.filter(part=1), wanted.filter(part=2)
    first = allocate(ones.select("audit_id", "assessment_id", "agency_id"), room, seed=seed)
    given = dict(first.select("audit_id", "auditor").iter_rows())
    taken = dict(first.group_by("auditor").len().iter_rows())
    left = [most - taken.get(who, 0) for who, most in room.select("auditor", "most").iter_rows()]
    room = room.with_columns(pl.Series("most", left, dtype=pl.Int64))
    had = mine.filter(pl.col("part") == 1, pl.col("auditor").is_not_null()).select(
        "assessment_id", "agency_id", "auditor"
    )
    held = pl.concat([had, first.select("assessment_id", "agency_id", "auditor")])
    try:
        second = second_auditors(held.join(twos, on="assessment_id", how="semi"), room, share=1.0, seed=seed)
    except SamplingError as error:
        return given, f" The second audits wait: {error}"
    again = twos.select("audit_id", "assessment_id").join(second, on="assessment_id")
    return given | dict(again.select("audit_id", "auditor").iter_rows()), ""


def _to_everybody(scope: Scope, mine: pl.DataFrame) -> dict[int, str]:
    """Of a calibration set each auditor takes one part of each assessment."""
    given = {}
    for (_,), parts in mine.sort("part").group_by("assessment_id", maintain_order=True):
        has = set(parts["auditor"].drop_nulls())
        free = parts.filter(pl.col("auditor").is_null())["audit_id"].to_list()
        waiting = [who for who in active_auditors(scope)["auditor"] if who not in has]
        given |= dict(zip(free, waiting, strict=False))
    return given
