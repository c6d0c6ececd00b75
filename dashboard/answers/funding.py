"""Where the money would go: a budget shared out by the needs model, area by area, and how firmly the order holds.

The slow part, ranking and transforming the indicators of 422 small areas, is reckoned once a model and kept; a weight
that is moved needs only the sum of domain scores of some ten areas and the sharing out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import places, scenarios
from dashboard.answers.keep import kept
from dashboard.answers.scenarios import Settings
from metrics.funding import (
    AllocationError,
    Model,
    allocate,
    contributions,
    domain_scores,
    firmness,
    to_larger,
    weigh,
)
from sample_data.places import need_indicators

LEVELS: Mapping[str, str] = {"forum": "Forum areas", "district": "Former districts"}
PEOPLE: Mapping[str, str] = {"population": "Everybody", "age_0_17": "Children under 18"}
TODAY: Mapping[str, str] = {"population": "As population is spread", "typed": "Amounts that I type or load"}
COUNTED = {"population": "people of all ages", "age_0_17": "children under 18"}
BASE = "base"  # the part of an amount that does not follow need
DRAWS, SEED, FIRST = 1000, 20_200, 3


@dataclass(frozen=True, slots=True)
class Allocation:
    """The answer. Where the rules cannot be kept, `problem` says so in one sentence and the frames are empty.

    `areas`: a row an area, most money first: `area`, `name`, `people`, `need` (0–100, higher is more), `rank` (1 = most
    need), `amount`, `per_head`, `today`, `difference` (pounds), `change` (share of today's), `held`. `parts`: area ×
    domain (or `base`): `pounds`, summing to the amount. `firm`: area, `rank`, `lowest`, `highest`, `same` (share of
    draws at the very rank), `top` (among the first three).
    """

    settings: Settings
    model: Model
    areas: pl.DataFrame
    parts: pl.DataFrame
    firm: pl.DataFrame
    same_order: float
    sentence: str
    problem: str = ""


@kept
def table(scope: Scope, scenario: int) -> pl.DataFrame:
    """The small areas of 2011 with the columns that a scenario's model reads, its own values before shipped ones."""
    held = scenarios.scenario(scope, scenario)
    shipped = (
        need_indicators().drop("forum").join(places.lookup(scope, vintage=2011).select("lsoa", "forum"), on="lsoa")
    )
    if held.values is None:
        return shipped
    own = [c for c in held.values.columns if c != "lsoa"]
    return shipped.drop(own, strict=False).join(held.values, on="lsoa", how="left", maintain_order="left")


@kept
def scores(scope: Scope, scenario: int, *, level: str, people: str) -> pl.DataFrame:
    """Domain scores of the areas of a level, means of their small areas weighted by people."""
    model = scenarios.scenario(scope, scenario).model
    small = domain_scores(table(scope, scenario), model)
    return to_larger(small, model, by=level, population=people)


@kept
def missing(scope: Scope, scenario: int) -> tuple[int, int]:
    """How many values the model's indicators lack, and how many it has, over all small areas."""
    model = scenarios.scenario(scope, scenario).model
    lacking = int(domain_scores(table(scope, scenario), model)["missing"].sum())
    return lacking, table(scope, scenario).height * sum(len(d.indicators) for d in model.domains) - lacking


@kept
def allocation(scope: Scope, scenario: int, settings: Settings) -> Allocation:
    """The budget shared out under these settings."""
    model = scenarios.weighed(scenarios.scenario(scope, scenario).model, settings.weights)
    level, people = settings.level, settings.people
    need = weigh(scores(scope, scenario, level=level, people=people), model)
    firm = firmness(need, {d.id: d.weight for d in model.domains}, area=level, draws=DRAWS, seed=SEED, first=FIRST)
    names = places.names(scope, level)
    try:
        shared, today = _share_out(scope, scenario, need, settings, names)
    except AllocationError as error:
        empty = pl.DataFrame()
        said = f"The money cannot be shared out under these rules. {_named(str(error), names)}"
        return Allocation(settings, model, empty, empty, empty, 0.0, said, problem=_named(str(error), names))
    areas = _areas(shared, today, settings, names)
    same_order = firm.same_order
    return Allocation(
        settings,
        model,
        areas,
        _parts(need, shared, model, settings),
        _firm(firm.frame, level, names),
        same_order,
        _sentence(areas, need, same_order, settings, names),
    )


def _share_out(scope: Scope, scenario: int, need: pl.DataFrame, settings: Settings, names: Mapping[str, str]):
    """(The frame of `allocate` with today's amounts, area → pounds today)."""
    level = settings.level
    today = todays(scope, scenario, settings)
    before = pl.col(level).replace_strict(dict(today), default=None, return_dtype=pl.Float64)
    shared = allocate(
        settings.budget,
        need.with_columns(before.alias("today")),
        area=level,
        population=settings.people,
        base=settings.base,
        floor=settings.floor or None,
        previous="today",
        limit=None if settings.limit is None else settings.limit / 100,
    )
    return shared, today


def todays(scope: Scope, scenario: int, settings: Settings) -> Mapping[str, float]:
    """Pounds of each area today: as typed or loaded, or the budget spread as the population is."""
    if settings.today == "typed":
        known = places.names(scope, settings.level)
        return {area: amount for area, amount in settings.before if area in known}
    return _by_population(scope, scenario, level=settings.level, budget=settings.budget)


@kept
def _by_population(scope: Scope, scenario: int, *, level: str, budget: float) -> Mapping[str, float]:
    heads = table(scope, scenario).group_by(level).agg(pl.col("population").sum()).with_columns(need=1.0)
    spread = allocate(budget, heads, area=level, population="population")
    return dict(spread.select(level, "amount").iter_rows())


def _areas(shared: pl.DataFrame, today: Mapping[str, float], settings: Settings, names: Mapping[str, str]):
    people = pl.col(settings.people)
    return shared.select(
        pl.col(settings.level).alias("area"),
        pl.col(settings.level).replace_strict(names, default=pl.col(settings.level)).alias("name"),
        people.cast(pl.Int64).alias("people"),
        "need",
        "rank",
        "amount",
        (pl.when(people > 0).then(pl.col("amount") / people)).alias("per_head"),
        "today",
        "difference",
        "change",
        "held",
    ).sort("amount", "name", descending=[True, False])


def _parts(need: pl.DataFrame, shared: pl.DataFrame, model: Model, settings: Settings) -> pl.DataFrame:
    """Area × domain: pounds. What is above the base is divided as the area's need is, also where a rule holds it."""
    level = settings.level
    parts = contributions(need, model, area=level, population=settings.people)
    amounts = shared.select(level, "amount")
    own = parts.join(amounts, on=level).select(
        pl.col(level).alias("area"),
        "domain",
        "name",
        (pl.col("part") * (pl.col("amount") - settings.base)).alias("pounds"),
    )
    if not settings.base:
        return own
    base = amounts.select(
        pl.col(level).alias("area"),
        pl.lit(BASE).alias("domain"),
        pl.lit("Fixed base").alias("name"),
        pl.lit(float(settings.base)).alias("pounds"),
    )
    return pl.concat([own, base])  # last: a domain keeps its letter and colour whether there is a base or not


def _firm(frame: pl.DataFrame, level: str, names: Mapping[str, str]) -> pl.DataFrame:
    return frame.select(
        pl.col(level).alias("area"),
        pl.col(level).replace_strict(names, default=pl.col(level)).alias("name"),
        "rank",
        "lowest",
        "highest",
        pl.col("shares").list.get(pl.col("rank") - 1).alias("same"),
        pl.col("shares").list.head(FIRST).list.sum().alias("top"),
    ).sort("rank", "name")


def _sentence(areas, need, same_order: float, settings: Settings, names: Mapping[str, str]) -> str:
    most, least = areas.row(0, named=True), areas.row(-1, named=True)
    order = need.sort("rank").head(FIRST)[settings.level].to_list()
    return (
        f"With these weights {most['name']} would receive the most, {words.pounds(most['amount'])}"
        f"{_against(most, settings)}; {least['name']} the least, {words.pounds(least['amount'])}"
        f"{_against(least, settings)}. Need for each person is greatest in {words.listed([names[a] for a in order])}: "
        f"that order holds in {_hundredths(same_order)} of {DRAWS:,} varied weightings."
    )


def _against(row: Mapping, settings: Settings) -> str:
    than = "today" if settings.today == "typed" else "if shared by population"
    difference = row["difference"]
    if difference is None:
        return ""
    if round(difference) == 0:
        return f", as much as {than}"
    return f", {words.pounds(abs(difference))} {'more' if difference > 0 else 'less'} than {than}"


def _hundredths(share: float) -> str:
    return f"{words.number(100 * share, decimals=0)}%"


def _named(sentence: str, names: Mapping[str, str]) -> str:
    """The sentence with names in place of codes."""
    for code, name in names.items():
        sentence = sentence.replace(f" {code} ", f" {name} ").replace(f" {code},", f" {name},")
    return sentence
