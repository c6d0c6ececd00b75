"""The Star readings that stand today, who was supported, and which Stars may be asked for.

Nothing of this module goes to a page as it is: answers reckon from it, and hide small counts before they give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import case_records
from dashboard.answers.keep import kept_with_records, the_store
from dashboard.intake import star_editions
from metrics import star
from metrics.star import Edition

NEEDED: Mapping[str, Sequence[str] | None] = {  # table → columns, all where none are named
    "reading": None,
    "episode": ("episode_id", "family_id", "lead_agency_id", "lsoa"),
    "person": ("person_id", "family_id", "lsoa"),
    "family": ("family_id", "lsoa"),
    "agency": ("agency_id", "agency_type"),
}
YEARS = 8  # financial years that are offered
TOGETHER = 3  # of these, the newest, are taken together for services


@dataclass(frozen=True, slots=True)
class Kind:
    """A Star with those of its editions that are compared with each other."""

    edition: Edition  # gives the names of areas and stages: that of the editions which has most of them
    editions: Sequence[str]  # in the records, "1" and "2"
    stars: int

    @property
    def key(self) -> str:
        """`family_star_plus-1`: what stands in the address of a page, where a stroke would not do."""
        return self.edition.key.replace("/", "-")

    @property
    def title(self) -> str:
        """`Family Star Plus, editions 1 and 2`."""
        several = "editions" if len(self.editions) > 1 else "edition"
        return f"{self.edition.name}, {several} {words.listed(list(self.editions))}"


@dataclass(frozen=True, slots=True)
class Period:
    """A financial year, or several together: how it is called, its first and last day."""

    name: str
    start: date
    end: date
    over: bool


@kept_with_records
def readings(scope: Scope) -> pl.DataFrame:
    """Every Star reading, with the columns of `metrics.star.READINGS`."""
    tables = {name: the_store().read_cases(name, columns=columns) for name, columns in NEEDED.items()}
    if tables["reading"].is_empty():
        return pl.DataFrame(schema=star.READINGS)
    return star.from_cases(tables, case_records.where(scope), known=star_editions()).collect()


@kept_with_records
def as_at(scope: Scope) -> date | None:
    """The last day that the readings and the other records cover; None without readings."""
    newest = readings(scope)["date"].max()
    return newest if newest is None else max(newest, case_records.as_at(scope) or newest)


@kept_with_records
def kinds(scope: Scope) -> Mapping[str, Kind]:
    """Key → the Stars that there are readings of, the most used first. Editions that are pooled are one."""
    known = star_editions()
    held = readings(scope).group_by("star", "edition").agg(pl.col("star_id").n_unique().alias("stars"))
    counted = {f"{name}/{edition}": stars for name, edition, stars in held.iter_rows()}
    found: dict[str, Kind] = {}
    for key in sorted(counted, key=list(known).index):
        one = known[key]
        if one.unknown or any(key.split("/")[1] in k.editions and one.star == k.edition.star for k in found.values()):
            continue
        together = [one, *(known[f"{one.star}/{e}"] for e in one.pools_with if f"{one.star}/{e}" in known)]
        named = max(together, key=lambda e: sum(bool(a.name) for a in e.areas))
        there = [e for e in together if e.key in counted]
        kind = Kind(named, tuple(sorted(e.edition for e in there)), sum(counted[e.key] for e in there))
        found[kind.key] = kind
    return dict(sorted(found.items(), key=lambda item: -item[1].stars))


@kept_with_records
def periods(scope: Scope) -> tuple[Period, ...]:
    """The financial years with readings, the newest first; none without readings."""
    day = as_at(scope)
    if day is None:
        return ()
    last = _year_of(day)
    first = max(_year_of(readings(scope)["date"].min()), last - YEARS + 1)
    return tuple(_year(y, day) for y in range(last, first - 1, -1))


@kept_with_records
def lately(scope: Scope) -> Period | None:
    """The newest years together: the one period that services are shown for."""
    years = periods(scope)[:TOGETHER]
    if not years:
        return None
    first, last = years[-1], years[0]
    name = f"{first.name} to {last.name}" if len(years) > 1 else f"all of {last.name}"
    return Period(name, first.start, last.end, last.over)


def _year_of(day: date) -> int:
    return day.year if day.month > 3 else day.year - 1


def _year(year: int, day: date) -> Period:
    end = date(year + 1, 3, 31)
    return Period(f"{year}/{(year + 1) % 100:02d}", date(year, 4, 1), min(end, day), end <= day)


@kept_with_records
def supported(scope: Scope, kind: str) -> pl.DataFrame | None:
    """Families in early help with a service that makes this Star: `family_id`, `started`, `closed`; None where the
    records do not say who was supported."""
    used = readings(scope).filter(star=kinds(scope)[kind].edition.star)["service"].unique()
    episodes = the_store().read_cases("episode", columns=["family_id", "start_date", "end_date", "lead_agency_id"])
    mine = episodes.drop_nulls("family_id").filter(pl.col("lead_agency_id").is_in(used.implode()))
    if mine.is_empty():
        return None
    return mine.select("family_id", started="start_date", closed="end_date")


@kept_with_records
def services(scope: Scope) -> Mapping[str, str]:
    """Service → its name, also of those that only an export of Stars names."""
    held = readings(scope)["service"].drop_nulls().unique().sort().to_list()
    named = case_records.agencies(scope)
    return {service: named.get(service, service) for service in held}


@kept_with_records
def types(scope: Scope) -> Mapping[str, str]:
    """Service → its type of agency, where it is known."""
    known = readings(scope).select("service", "agency_type").drop_nulls().unique("service")
    return dict(known.sort("service").iter_rows())


@kept_with_records
def pairs(scope: Scope, kind: str, period: str, baseline: str) -> star.Pairs:
    """Everybody whose latest Star of this kind lies in the period, baseline and latest. The length of support is from
    the first Star ever, whichever is the baseline."""
    it = next(p for p in (*periods(scope), lately(scope)) if p.name == period)
    found = star.pairs(
        readings(scope),
        kinds(scope)[kind].edition,
        baseline=baseline,
        period=(it.start, it.end),
        label=it.name,
        known=star_editions(),
    )
    if baseline == star.BASELINES[0]:
        return found
    ever = pairs(scope, kind, period, star.BASELINES[0]).people.select("person_id", star.LENGTH)
    people = found.people.drop(star.LENGTH).join(ever, on="person_id", how="left", maintain_order="left")
    return replace(found, people=people)
