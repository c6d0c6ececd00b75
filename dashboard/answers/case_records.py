"""The case records that stand today, placed in areas: what every answer about early help's own work is reckoned from.

Nothing of this module goes to a page as it is: answers reckon from it, and hide small counts before they give.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from dashboard.access import AGENCY, FORUM_AREA, ROLES, Scope
from dashboard.answers import places
from dashboard.answers.keep import kept_with_records, the_store
from metrics.activity import prepare

INVENTED = "Invented records: no family, worker or agency in these figures exists. They show how the page works."


@kept_with_records
def tables(scope: Scope) -> Mapping[str, pl.DataFrame]:
    """Every case table (`metrics.cases.CASE_TABLES`), with the columns that splits need: areas, agency type, age."""
    return prepare({**the_store().case_tables(), "population": children(scope)}, where(scope))


@kept_with_records
def children(scope: Scope) -> pl.DataFrame:
    """Children under 18 by `area` of each `level`: `people`, `year`. Mid-2020: the census gives no under 18s."""
    people = places.people(scope, vintage=2011).select("lsoa", "year", pl.col("age_0_17").alias("people"))
    placed = places.lookup(scope, vintage=2011).rename({"forum": "forum_area"}).join(people, on="lsoa")
    levels = ("county", "council", "district", "forum_area", "ward")
    made = [
        placed.group_by(pl.col(level).alias("area"), "year").agg(pl.col("people").sum(), level=pl.lit(level).first())
        for level in levels
    ]
    return pl.concat(made).sort("level", "area")


@kept_with_records
def where(scope: Scope) -> pl.DataFrame:
    """A row a small area of 2021: `lsoa`, and the `forum_area`, `ward`, `district`, `council`, `county` it lies in."""
    known = places.lookup(scope, vintage=2021).rename({"forum": "forum_area"})
    return known.select("lsoa", "forum_area", "ward", "district", "council", "county")


@kept_with_records
def as_at(scope: Scope) -> date | None:
    """The last day that the records cover, taken to be the end of the last month that they hold in full: the newest
    month in which anything began, if something began in its last three days, else the month before. Where everything
    began within a month that is not full, its newest day. None without any.
    """
    days = [the_store().read_cases(name, columns=["start_date"])["start_date"] for name in ("episode", "assessment")]
    begun = pl.concat(days).drop_nulls()
    if begun.is_empty():
        return None
    oldest, newest = begun.min(), begun.max()
    next_month = (newest.replace(day=1) + timedelta(days=32)).replace(day=1)
    if next_month - newest <= timedelta(days=3):
        return next_month - timedelta(days=1)
    return newest if oldest >= newest.replace(day=1) else newest.replace(day=1) - timedelta(days=1)


@kept_with_records
def invented(scope: Scope) -> bool:
    """Whether invented records are among those that stand: every page that shows them says so."""
    return "invented" in the_store().case_standing()


@kept_with_records
def agencies(scope: Scope) -> Mapping[str, str]:
    """Agency id → name, in order of the name."""
    known = the_store().read_cases("agency", columns=["agency_id", "name"]).sort("name", "agency_id")
    return dict(known.iter_rows())


def own_agency(scope: Scope) -> str:
    """The one agency, or type of agency, that a scope is held to; "" for none or several."""
    return _only(scope, AGENCY, scope.agencies)


def own_area(scope: Scope) -> str:
    """The one forum area that a scope is held to; "" for none or several."""
    return _only(scope, FORUM_AREA, scope.forum_areas)


def _only(scope: Scope, held_to: str, held: frozenset[str]) -> str:
    role = ROLES.get(scope.role)
    return next(iter(held)) if role and role.held_to == held_to and len(held) == 1 else ""


@kept_with_records
def banners(scope: Scope) -> tuple[str, ...]:
    """What stands above every page of case records: that they are invented, that the areas are stand-ins. Nothing where
    there are none to show."""
    if as_at(scope) is None:
        return ()
    return (INVENTED,) * invented(scope) + (places.BANNER,) * places.illustrative(scope)


@kept_with_records
def has_episodes(scope: Scope) -> bool:
    """Whether the records hold episodes: Annex A has assessments alone."""
    return not tables(scope)["episode"].is_empty()


def nothing(scope: Scope) -> tuple[str, ...]:
    """Why a page of case records has nothing to show, and what to do about it; empty where no records are loaded."""
    if as_at(scope) is None:
        return ()
    return (
        "The records that are loaded hold no early help episodes.",
        "This page needs them, and Annex A lists assessments alone. Load the standard safeguarding dataset or the "
        "dashboard's own tables in its place.",
    )
