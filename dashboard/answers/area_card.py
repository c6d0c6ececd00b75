"""The card of one area: people, deprivation by domain, indicators, services, beside the county and the ten areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import places
from dashboard.answers.area_map import vintage
from dashboard.answers.area_measures import CHANGE, INDEX, NEED, AreaMeasure, figures, measures, summary
from dashboard.answers.area_store import held_at
from dashboard.answers.area_words import say
from dashboard.answers.keep import kept
from dashboard.answers.published import COUNTY, ENGLAND, vintages
from dashboard.answers.scorecard import scorecard
from metrics.comparison import NOT_COMPARED, against_benchmark
from metrics.deprivation import editions

WHOLE = ""  # in place of an area's code: the county


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the profile, each from 0 (least deprived in England) to 100: this area, the county, the ten areas."""

    name: str
    value: float
    county: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One indicator of the card: figure in words, period, verdict word of `metrics.comparison`."""

    id: str
    name: str
    figure: str
    period: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    lies_in: str
    facts: Sequence[tuple[str, str]]
    standing: str  # the coloured measure: this area, the county, the ten areas
    profile: Sequence[Bar]
    profile_said: str
    indicators: Sequence[Judged]
    indicators_said: str
    indicators_of: str  # code of the area that they are published for
    services: Sequence[tuple[str, int, Sequence[str]]]  # kind, how many, their names
    services_said: str


@kept
def card(scope: Scope, *, measure: str, level: str, year: str, code: str, name: str) -> Card:
    """The card of the area `code` of a `level`, or of the county (`WHOLE`). `name` is what the list calls it."""
    made = vintage(scope, measure, year)
    at = "county" if code == WHOLE else level
    code = code or places.COUNTY
    it = measures(scope)[measure]
    edition = year if year in editions() else "2025" if made == 2021 else "2019"
    where = places.lookup(scope, vintage=made).filter(pl.col(at) == code)
    judged, said, of = _indicators(scope, at, code, where)
    return Card(
        name=name,
        lies_in=_lies_in(scope, at, where),
        facts=_facts(scope, at, code, edition, made),
        standing=_standing(scope, it, at, code, name, year),
        profile=_profile(scope, at, code, edition),
        profile_said=_profile_said(edition, at),
        indicators=judged,
        indicators_said=said,
        indicators_of=of,
        services=_services(scope, where["lsoa"].to_list(), made),
        services_said="Schools of May 2025, children's centres and family hubs of 2026, libraries of 2015.",
    )


def _lies_in(scope: Scope, at: str, where: pl.DataFrame) -> str:
    """`Forum area Northampton North, West Northamptonshire`: one area of each level above, where it lies in one."""
    said = []
    for level in {"lsoa": ("forum", "council"), "ward": ("forum", "council"), "county": ()}.get(at, ("council",)):
        inside = where[level].drop_nulls().unique().sort().to_list()
        if level != at and len(inside) <= 2:
            named = words.listed([places.names(scope, level)[c] for c in inside])
            said.append(f"{'Forum area ' if level == 'forum' else ''}{named}")
    if at == "council":
        return places.COUNTY_NAME
    return "; ".join(said)


def _facts(scope: Scope, at: str, code: str, edition: str, made: int) -> list[tuple[str, str]]:
    facts = []
    year = "2021" if made == 2021 else "2020"
    for measure in ("total", "age_0_17", "age_0_15"):
        it = measures(scope)[measure]
        if year in it.years:
            value = _value(figures(scope, measure, level=at, year=year), code)
            if value is not None:
                facts.append((it.name, f"{words.number(value, decimals=0)} ({it.years[year]})"))
    index = measures(scope)[INDEX]
    found = summary(scope, index.domain, at, edition).filter(area=code)
    if found.height:
        row = found.row(0, named=True)
        facts.append((f"Index score, {edition}", words.number(row["average_score"])))
        if at != "lsoa":
            tenth = f"{row['proportion'] * row['areas']:.0f} of {row['areas']}"
            facts.append(("Small areas in England's most deprived tenth", tenth))
    return facts


def _value(frame: pl.DataFrame, code: str) -> float | None:
    found = frame.filter(pl.col("group") == code)["value"]
    return found[0] if len(found) else None


def _standing(scope: Scope, it: AreaMeasure, at: str, code: str, name: str, year: str) -> str:
    """Where the area stands by the coloured measure: of its level, beside the county and the ten forum areas."""
    mine = figures(scope, it.id, level=at, year=year)
    value = _value(mine, code)
    row = mine.filter(pl.col("group") == code)
    status = row["status"][0] if row.height else "x"
    if value is None:
        reason = "its boundary changed" if year == CHANGE else words.status_words(status)
        return f"{it.name}, {it.years[year]}: no figure for {name}; {reason}."
    parts = [f"{it.name}, {it.years[year]}: {say(it, value, status, year)}"]
    if at != "county":
        ranked = mine.filter(pl.col("value").is_not_null())
        ahead = ranked.filter(pl.col("value") > value if it.more_is_need else pl.col("value") < value).height
        parts[0] += f", {_ordinal(ahead + 1)} of {ranked.height} {places.MANY[at]}"
        county = _value(figures(scope, it.id, level="county", year=year), places.COUNTY)
        if county is not None:
            parts.append(f"county {say(it, county, 'ok', year)}")
    ten = figures(scope, it.id, level="forum", year=year)["value"].drop_nulls()
    if len(ten):
        parts.append(f"the ten forum areas from {say(it, ten.min(), 'ok', year)} to {say(it, ten.max(), 'ok', year)}")
    return "; ".join(parts) + "."


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


@kept
def _profile(scope: Scope, at: str, code: str, edition: str) -> list[Bar]:
    bars = []
    for it in measures(scope).values():
        if it.kind == NEED and edition in it.years:
            value = _value(figures(scope, it.id, level=at, year=edition), code)
            ten = figures(scope, it.id, level="forum", year=edition)["value"]
            county = _value(figures(scope, it.id, level="county", year=edition), places.COUNTY)
            if value is not None:
                name = it.name.removesuffix(" (domain)")
                bars.append(Bar(name, value, None if at == "county" else county, ten.min(), ten.max()))
    return bars


def _profile_said(edition: str, at: str) -> str:
    tick = "" if at == "county" else " The upright line is the county."
    return f"{edition}; 0 least, 100 most deprived in England.{tick} The last column: the ten forum areas."


def _indicators(scope: Scope, at: str, code: str, where: pl.DataFrame) -> tuple[list[Judged], str, str]:
    """Those held for the area itself beside the county; where none are, those published for the council it lies in."""
    own = [_own(scope, id_, at, code) for id_ in held_at(scope, at)] if at not in ("council", "county") else []
    own = [judged for judged in own if judged is not None]
    if own:
        return own, "Held for this area, compared with the county", ""
    councils = where["council"].drop_nulls().unique().to_list()
    of = COUNTY if at == "county" or len(councils) != 1 else councils[0]
    found = scorecard(scope, area=of, against=ENGLAND, vintage=vintages()[0])
    rows = [row for group in found.groups for row in group.rows if row["value"] is not None]
    judged = [
        Judged(
            r["id"],
            r["name"],
            words.value(r["value"], unit=r["unit"], decimals=r["decimals"]),
            r["period"],
            r["verdict"],
        )
        for r in rows
    ]
    names: Mapping[str, str] = {COUNTY: places.COUNTY_NAME, **places.names(scope, "council")}
    counts = {word: sum(j.verdict == word for j in judged) for word in ("better", "similar", "worse")}
    only = "" if at in ("council", "county") else ", not for this area alone"
    if not judged:
        return [], "No indicators are loaded yet.", ""
    said = words.listed([f"{n} {word}" for word, n in counts.items()])
    return judged, f"Published for {names[of]}{only}; against England: {said}", of


def _own(scope: Scope, id_: str, at: str, code: str) -> Judged | None:
    it = measures(scope)[id_]
    year = next(iter(it.years))
    mine = figures(scope, id_, level=at, year=year).filter(pl.col("group") == code)
    if mine.is_empty():
        return None
    county = figures(scope, id_, level="county", year=year)
    row = mine.row(0, named=True)
    verdict = NOT_COMPARED
    if county.height:
        verdict = against_benchmark(mine, county["value"][0], polarity="none")["verdict"][0]
    figure = words.figure(
        row["value"], row["lower"], row["upper"], unit=it.unit, decimals=it.decimals, status=row["status"]
    )
    return Judged("", it.name, figure, year, verdict)


def _services(scope: Scope, small: Sequence[str], made: int) -> list[tuple[str, int, list[str]]]:
    inside = places.services(scope).filter(pl.col(f"lsoa_{made}").is_in(list(small)))
    named = places.kinds(scope)
    return [
        (name, mine.height, mine["name"].sort().to_list())
        for kind, name in named.items()
        for mine in [inside.filter(kind=kind)]
    ]
