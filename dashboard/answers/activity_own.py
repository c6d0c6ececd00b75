"""The figures of the agency or forum area whose cases somebody may see: reckoned whole, for them alone.

Who may open every single record of an agency or area learns nothing from its counts. They are cut out for the scope of
who asks and kept under it, so that nobody else is ever given them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from dashboard.access import AGENCY, CASES, FORUM_AREA, ROLES, NotAllowed, Scope
from dashboard.answers import activity_audits, case_records
from dashboard.answers.activity_shown import told
from dashboard.answers.audit_counts import kept_with_audits_for_a_scope, kept_with_records_and_audits
from dashboard.answers.keep import kept_with_records
from metrics.activity import measures
from metrics.estimates import empty

LENGTHS = ("month", "quarter", "year")
BREAKDOWNS = ("agency", "agency_type", "forum_area")  # of what somebody may be held to


def mine(scope: Scope) -> frozenset[str]:
    """The agencies, types of agency or forum areas whose cases a scope may see; empty where it is held to none."""
    role = ROLES.get(scope.role)
    held_to = role.held_to if role and role.level == CASES else ""
    return {AGENCY: scope.agencies, FORUM_AREA: scope.forum_areas}.get(held_to, frozenset())


@kept_with_audits_for_a_scope
def figures(scope: Scope, breakdown: str, group: str) -> pl.DataFrame:
    """An estimates frame of every measure by month, quarter and year for one agency or forum area.

    Raises `NotAllowed` unless the scope is held to it and its role may see cases.
    """
    role = ROLES.get(scope.role)
    if role is None or role.level != CASES or group not in mine(scope):
        raise NotAllowed("These figures are for those alone who may see the cases behind them.")
    every = pl.concat([_whole(scope, breakdown), _of_audits(scope, breakdown)])
    return every.filter(pl.col("group") == group)


@kept_with_records
def _whole(scope: Scope, breakdown: str) -> pl.DataFrame:
    """Every group of a split, nothing hidden: reckoned once for all who are held to one, and given to nobody whole."""
    tables = case_records.tables(scope)
    return _reckoned(scope, tables, breakdown, [id for id in told(tables) if id not in activity_audits.MEASURED])


@kept_with_records_and_audits
def _of_audits(scope: Scope, breakdown: str) -> pl.DataFrame:
    """The same of audits, reckoned anew whenever one is finished."""
    tables = activity_audits.placed(scope)
    return _reckoned(scope, tables, breakdown, [id for id in told(tables) if id in activity_audits.MEASURED])


def _reckoned(scope: Scope, tables: Mapping[str, pl.DataFrame], breakdown: str, known: Sequence[str]) -> pl.DataFrame:
    if not known:
        return empty()
    day = case_records.as_at(scope)
    return pl.concat([measures(tables, as_at=day, period=length, by=breakdown, measures=known) for length in LENGTHS])


def reckon(scope: Scope) -> None:
    """Reckon them before the first agency lead or coordinator asks; nothing without records."""
    if case_records.as_at(scope) is not None:
        for breakdown in BREAKDOWNS:
            _whole(scope, breakdown)
