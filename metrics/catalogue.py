"""The definitions as Python objects: indicators, published series, areas, statistical neighbours, printed figures.

The content lives in `metrics/definitions/`; this module reads it once and refuses what is incomplete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

import polars as pl

from metrics.definition_files import (
    DEFINITIONS,
    POLARITIES,
    DefinitionError,
    build,
    check_date,
    check_word,
    csv_frame,
    csv_rows,
    keyed,
    read_toml,
)

# The words that a definition may use.
OUTCOME_GROUPS = (
    "All children are safe",
    "All children achieve in education and training",
    "All children are healthy",
    "Vulnerable children are supported",
    "The early help system works",
)  # of Northamptonshire 2020, in its order; the other strategies keep their own
ACCOUNTABILITY = ("population indicator", "how much", "how well", "better off")
INDICATOR_POLARITIES = ("lower", "higher", "none", "mixed")
TARGET_RULES = ("", "stay above England", "stay below England")
VALUE_TYPES = ("proportion", "rate", "count", "score")
RELATIONS = ("direct", "near", "partial", "proxy", "none")
YEAR_TYPES = ("financial", "academic", "calendar", "snapshot", "quarter")
FINDINGS = ("matches", "revised since", "wrong as printed", "cannot be checked")
FAULT_ACTIONS = ("missing", "not applicable", "belongs to", "remark")
FEED = re.compile(r"(lait|ees|fingertips|cover|dwp|local|own):\S.*\S")


@dataclass(frozen=True, slots=True)
class Break:
    """A break of series: figures before `period_end` (ISO date, first period of the new basis) do not compare."""

    period_end: str
    reason: str


@dataclass(frozen=True, slots=True)
class Series:
    """One published series: what is drawn as one line and judged as one measure."""

    MAY_BE_EMPTY: ClassVar = ("target_rule", "numerator_feed", "breaks", "last_update")

    id: str  # slug, `rereferrals`
    name: str  # "Referred again within 12 months"
    definition: str
    numerator: str
    denominator: str
    unit: str  # "% of referrals", "per 10,000 children aged 0–17"
    value_type: str  # proportion | rate | count | score
    multiplier: float  # value = multiplier × numerator / denominator; 100 for a percentage
    decimals: int  # shown, never used to reckon
    polarity: str  # lower | higher | none
    target_rule: str  # "", "stay above England", "stay below England"
    window_years: int  # years that one figure pools: 3 where windows overlap, else 1
    year_type: str  # financial | academic | calendar | snapshot | quarter
    feeds: tuple[str, ...]  # feed ids in order of preference: `ees:rereferrals`, `lait:ReReferral`
    numerator_feed: str  # feed that publishes the count behind a published rate, or ""
    breaks: tuple[Break, ...]
    baseline_period: str  # period label
    source: str  # publisher and release
    frequency: str
    last_update: str  # ISO date of the release held, or ""
    next_update: str  # when the publisher says the next one comes, in words
    limits: str  # what the figure cannot say


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator or performance measure of a strategy."""

    MAY_BE_EMPTY: ClassVar = ("parent", "target_rule", "series", "missing", "holder")

    id: str  # "S1"
    parent: str
    strategy: str  # Northamptonshire 2020 | Somerset | North West
    outcome_group: str  # "All children are safe", …
    question: str  # "Are fewer children referred twice?"
    name: str  # short, for a table row
    definition: str
    numerator: str
    denominator: str
    unit: str
    value_type: str
    polarity: str  # lower | higher | none | mixed
    target_rule: str
    target: str  # value and date, or "none set"
    accountability: str  # population indicator | how much | how well | better off
    source: str
    frequency: str
    baseline_period: str  # period label, or "none yet"
    breaks: str  # in words, "none known"
    relation: str  # direct | near | proxy | partial | none: how close the published series comes to the wording
    series: tuple[str, ...]  # series ids, the headline first; empty where nothing is published
    missing: str  # what is missing, "nothing" where the series is direct
    holder: str  # who has it
    caution: str  # what is unclear in the strategy's wording


@dataclass(frozen=True, slots=True)
class OwnSeries:
    """The series of an indicator that nobody publishes, reckoned from the partnership's own records."""

    indicator: str  # "Y1"
    relation: str  # how close it comes to the strategy's wording, as `Indicator.relation`
    missing: str  # what stays missing once there are figures
    rests_on: str  # whose records: "audits of assessments"
    series: Series


@dataclass(frozen=True, slots=True)
class Area:
    MAY_BE_EMPTY: ClassVar = ("la_number", "region", "successors", "ended", "aliases")

    code: str  # ONS code
    name: str
    level: str  # country | region | county | unitary | district | london borough | metropolitan | …
    la_number: str  # DfE number, "" where there is none
    region: str  # ONS code of its region
    successors: tuple[str, ...]  # codes that follow it
    ended: str  # ISO date, or ""
    aliases: tuple[str, ...]  # other spellings met in files


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure printed in a strategy, with what its own comparator and the published series say of it."""

    MAY_BE_EMPTY: ClassVar = (
        "indicator", "value", "value_text", "neighbours", "england", "other", "series", "minus", "published_period",
        "published",
    )  # fmt: skip

    id: str
    strategy: str
    outcome_group: str
    indicator: str  # indicator id it belongs to, or ""
    claim: str  # "Too many children are …"
    name: str
    area: str
    period: str
    value: float | None
    value_text: str  # as printed
    unit: str
    polarity: str
    neighbours: float | None  # comparators as printed
    england: float | None
    other: float | None
    series: str  # series that holds the published figure, or ""
    minus: str  # series taken from it where the printed figure is a gap, or ""
    published_period: str  # label in that series
    published: float | None  # what the publisher says, on the same basis
    finding: str  # matches | revised since | wrong as printed | cannot be checked
    explanation: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    indicators: dict[str, Indicator]
    series: dict[str, Series]
    areas: dict[str, Area]
    printed: tuple[Printed, ...]
    neighbours: pl.DataFrame  # vintage, area, rank, neighbour (ONS codes), closeness
    faults: pl.DataFrame  # feed, area, period_end, action, becomes, reason: published figures known to be wrong


@cache
def catalogue() -> Catalogue:
    """Every definition, read and checked once. Raises `DefinitionError`."""
    return read_catalogue(DEFINITIONS)


def read_catalogue(folder: Any) -> Catalogue:
    """Read and check the definitions in `folder` (a path or `importlib` resource). Raises `DefinitionError`."""
    series = keyed("series.toml", (_series(row) for row in read_toml("series.toml", folder=folder)["series"]))
    indicators = keyed(
        "indicators.toml", (_indicator(row) for row in read_toml("indicators.toml", folder=folder)["indicator"])
    )
    areas = keyed("areas.csv", (_area(row) for row in csv_rows("areas.csv", folder=folder)), key="code")
    printed = keyed("printed.csv", (_printed(row) for row in csv_rows("printed.csv", folder=folder)))
    found = Catalogue(
        indicators=indicators,
        series=series,
        areas=areas,
        printed=tuple(printed.values()),
        neighbours=csv_frame("neighbours.csv", {"rank": pl.Int64}, folder=folder),
        faults=csv_frame("known_faults.csv", {}, folder=folder),
    )
    _check_links(found)
    return found


@cache
def own_series() -> dict[str, OwnSeries]:
    """The series reckoned here, by indicator id: `metrics/definitions/own_series.toml`. Raises `DefinitionError`."""
    file, known = "own_series.toml", catalogue()
    made = [_own(row) for row in read_toml(file)["series"]]
    for own in made:
        _known(file, own.series.id, "indicator", [own.indicator], known.indicators)
        check_word(file, own, "relation", RELATIONS, key="indicator")
        if own.series.id in known.series or known.indicators[own.indicator].series:
            raise DefinitionError(f"{file}: {own.series.id}: its indicator has published figures, or its id is taken")
    return keyed(file, made, key="indicator")


def area_codes(areas: dict[str, Area]) -> dict[str, str]:
    """Every spelling of an area met in files (code, name, alias, DfE number), in lower case → its ONS code.

    An area that kept its borders under a new code is one area: the old code is a spelling of the new.
    Raises `DefinitionError` when two areas share a spelling.
    """
    found: dict[str, str] = {}
    for area in areas.values():
        for spelling in {area.code, area.name, area.la_number, *area.aliases} - {""}:
            if found.setdefault(spelling.lower(), area.code) != area.code:
                raise DefinitionError(f"areas.csv: {area.code}: aliases: “{spelling}” is another area already")
    return found


# ---- reading


def _series(row: dict[str, Any]) -> Series:
    file, name = "series.toml", row.get("id", "")
    breaks = tuple(build(file, Break, b, key="period_end") for b in row.get("breaks", ()))
    made = build(file, Series, {"window_years": 1, **row, "breaks": breaks, "feeds": tuple(row.get("feeds", ()))})
    for field, words in (
        ("value_type", VALUE_TYPES),
        ("polarity", POLARITIES),
        ("target_rule", TARGET_RULES),
        ("year_type", YEAR_TYPES),
    ):
        check_word(file, made, field, words)
    for b in breaks:
        check_date(file, name, "breaks", b.period_end)
    if made.last_update:
        check_date(file, name, "last_update", made.last_update)
    for feed in filter(None, (*made.feeds, made.numerator_feed)):
        if not FEED.fullmatch(feed):
            raise DefinitionError(f"{file}: {name}: feeds: “{feed}” is not the id of a feed such as ees:rereferrals")
    return made


def _own(row: dict[str, Any]) -> OwnSeries:
    ours = {f.name for f in fields(OwnSeries)} - {"series"}
    series = _series({k: v for k, v in row.items() if k not in ours})
    return build(
        "own_series.toml", OwnSeries, {k: row[k] for k in ours & set(row)} | {"series": series}, key="indicator"
    )


def _indicator(row: dict[str, Any]) -> Indicator:
    made = build("indicators.toml", Indicator, {**row, "series": tuple(row.get("series", ()))})
    for field, words in (
        ("value_type", (*VALUE_TYPES, "undefined")),
        ("polarity", INDICATOR_POLARITIES),
        ("target_rule", TARGET_RULES),
        ("accountability", ACCOUNTABILITY),
        ("relation", RELATIONS),
    ):
        check_word("indicators.toml", made, field, words)
    if (made.relation == "none") == bool(made.series):
        raise DefinitionError(f"indicators.toml: {made.id}: series: does not go with relation “{made.relation}”")
    if not made.series and not (made.missing and made.holder):
        raise DefinitionError(f"indicators.toml: {made.id}: missing: say what is missing and who has it")
    return made


def _area(row: dict[str, str]) -> Area:
    split: dict[str, Any] = {f: tuple(filter(None, row[f].split("|"))) for f in ("successors", "aliases")}
    made = build("areas.csv", Area, {**row, **split}, key="code")
    if made.ended:
        check_date("areas.csv", made.code, "ended", made.ended)
    return made


def _printed(row: dict[str, Any]) -> Printed:
    numbers: dict[str, Any] = {}
    for field in ("value", "neighbours", "england", "other", "published"):
        try:
            numbers[field] = float(row[field]) if row[field] else None
        except ValueError:
            raise DefinitionError(f"printed.csv: {row['id']}: {field}: “{row[field]}” is not a number") from None
    made = build("printed.csv", Printed, {**row, **numbers})
    check_word("printed.csv", made, "finding", FINDINGS)
    check_word("printed.csv", made, "polarity", POLARITIES)
    return made


# ---- what must fit together


def _check_links(found: Catalogue) -> None:
    for made in found.indicators.values():
        _known("indicators.toml", made.id, "series", made.series, found.series)
        _known("indicators.toml", made.id, "parent", [made.parent], found.indicators)
    for area in found.areas.values():
        _known("areas.csv", area.code, "successors", [*area.successors, area.region], found.areas)
    area_codes(found.areas)
    for made in found.printed:
        _known("printed.csv", made.id, "series", [made.series, made.minus], found.series)
        _known("printed.csv", made.id, "indicator", [made.indicator], found.indicators)
    for column in ("area", "neighbour"):
        _known("neighbours.csv", column, column, found.neighbours[column].unique().to_list(), found.areas)
    for row in found.faults.iter_rows(named=True):
        name = f"{row['feed']} {row['area']} {row['period_end']}"
        _known("known_faults.csv", name, "area", [row["area"], row["becomes"]], found.areas)
        _known("known_faults.csv", name, "action", [row["action"]], FAULT_ACTIONS)
        if row["period_end"] != "*":
            check_date("known_faults.csv", name, "period_end", row["period_end"])


def _known(file: str, name: str, field: str, ids: Iterable[str], there: Any) -> None:
    for one in ids:
        if one and one not in there:
            raise DefinitionError(f"{file}: {name}: {field}: “{one}” is not known")
