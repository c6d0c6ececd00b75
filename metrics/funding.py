"""Fair and equitable funding: a needs index over small areas, and a budget shared out by it to the penny.

Built on the principles of the Indices of Deprivation: indicators are put on one scale within their domain, domains are
transformed exponentially and weighed. The model is data (`metrics/definitions/funding_example.toml` ships); the code
knows no indicator and no weight. Higher need is a higher number throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtri

from metrics.allocation import AllocationError, allocate
from metrics.definition_files import DefinitionError, read_toml
from metrics.deprivation import transform_ranks
from metrics.weightings import Firmness, firmness

__all__ = [
    "AllocationError",
    "Domain",
    "Firmness",
    "Indicator",
    "Model",
    "allocate",
    "contributions",
    "domain_scores",
    "example_model",
    "firmness",
    "needs_index",
    "rank_stability",
    "read_model",
    "to_larger",
    "weigh",
    "with_weight",
]

LEAST_PRESENT = 0.5  # of a domain's weight that must have values before an area gets a score of its own


@dataclass(frozen=True, slots=True)
class Indicator:
    id: str
    name: str
    column: str  # in the table of areas
    direction: str  # "higher" | "lower": which values mean more need
    weight: float  # within its domain, on any scale
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Domain:
    id: str
    name: str
    weight: float  # 0–1 of the whole; a domain with weight 0 keeps its place and moves nothing
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    name: str
    illustrative: bool  # True: not the partnership's own; said wherever a figure of it is shown
    geography: str  # areas that its indicators describe: "LSOA 2011"
    note: str
    domains: tuple[Domain, ...]


@cache
def example_model() -> Model:
    """The model that ships, marked illustrative. Raises `DefinitionError`."""
    return read_model(read_toml("funding_example.toml"))


def read_model(table: Mapping[str, Any]) -> Model:
    """A model from the table of its TOML file. Raises `DefinitionError` with one sentence on what is wrong."""
    head = {k: v for k, v in table.items() if k != "domain"}
    where = f"funding model {head.get('id', 'without an id')}"
    domains = []
    try:
        for row in table.get("domain", ()):
            indicators = tuple(Indicator(**i) for i in row.get("indicator", ()))
            domains.append(Domain(**{k: v for k, v in row.items() if k != "indicator"}, indicators=indicators))
        model = Model(**head, domains=tuple(domains))
    except TypeError as wrong:
        raise DefinitionError(f"{where}: {wrong}") from None
    ids = [d.id for d in domains] + [i.id for d in domains for i in d.indicators]
    if doubled := next((i for i in ids if ids.count(i) > 1), None):
        raise DefinitionError(f"{where}: {doubled}: id: given twice")
    for d in domains:
        if not d.indicators or not sum(i.weight for i in d.indicators) > 0:
            raise DefinitionError(f"{where}: {d.id}: indicator: a domain needs at least one that weighs something")
        if d.weight < 0 or any(i.weight < 0 for i in d.indicators):
            raise DefinitionError(f"{where}: {d.id}: weight: below 0")
        if wrong := next((i for i in d.indicators if i.direction not in ("higher", "lower")), None):
            raise DefinitionError(f"{where}: {wrong.id}: direction: “{wrong.direction}” is neither higher nor lower")
    if not abs(sum(d.weight for d in domains) - 1) < 1e-9:
        raise DefinitionError(
            f"{where}: weight: those of the domains sum to {sum(d.weight for d in domains):g}, not to 1"
        )
    return model


def with_weight(model: Model, domain: str, weight: float) -> Model:
    """The model with one domain's weight changed and the others scaled so that the sum stays 1.

    `weight` 0 to 1. Where all the others weigh nothing they share what is left alike. Raises ValueError for an unknown
    domain or a weight outside 0 to 1.
    """
    if domain not in {d.id for d in model.domains}:
        raise ValueError(f"the model has no domain {domain!r}")
    if not 0 <= weight <= 1:
        raise ValueError(f"a weight lies between 0 and 1, not at {weight:g}")
    others = [d.weight for d in model.domains if d.id != domain]
    if not others:
        return model
    total = sum(others)
    scale = {d.id: (d.weight / total if total > 0 else 1 / len(others)) * (1 - weight) for d in model.domains}
    scale[domain] = weight
    return replace(model, domains=tuple(replace(d, weight=scale[d.id]) for d in model.domains))


def needs_index(indicators: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Adds each domain's score, `need`, `rank` and what was missing, one row an area.

    The same as `weigh(domain_scores(indicators, model), model)`: only the second step knows the domain weights, so
    moving one of them needs only that.
    """
    return weigh(domain_scores(indicators, model), model)


def domain_scores(indicators: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Adds a `<domain>_score` for each domain, nearly 0 to 100, higher is more need; does not look at domain weights.

    `indicators`: a row an area, with the model's columns. In order:
    1. An indicator's values are ranked over the areas that have one (ties averaged), turned so that more need ranks
       higher, and made standard normal: Φ⁻¹(rank/(n + 1)). So none counts for more because its values spread wider.
    2. A domain is the weighted mean of its indicators. Where an area lacks some, those present take their weight, as
       long as they hold at least half of it; otherwise the area takes the domain's middle (0).
    3. These are ranked and transformed as in `metrics.deprivation.transform_ranks`.
    `missing` counts indicators without a value, `assumed` lists the domains set to their middle. Rows keep their order.

    Raises ValueError when a column is missing, has no value at all, or holds something that is not a number.
    """
    standard = _standard(indicators, [i for d in model.domains for i in d.indicators])
    missing = np.zeros(indicators.height, np.int64)
    assumed = np.zeros((indicators.height, len(model.domains)), bool)
    middles = {}
    for k, d in enumerate(model.domains):
        z = np.column_stack([standard[i.column] * (1 if i.direction == "higher" else -1) for i in d.indicators])
        weight = np.where(np.isnan(z), 0.0, np.array([i.weight for i in d.indicators]))
        held = weight.sum(axis=1)
        missing += np.isnan(z).sum(axis=1)
        assumed[:, k] = (held < LEAST_PRESENT * sum(i.weight for i in d.indicators)) | (held == 0)
        mean = (np.nan_to_num(z) * weight).sum(axis=1) / np.where(held > 0, held, 1.0)
        middles[d.id] = np.where(assumed[:, k], 0.0, mean).round(12)  # equal sums may differ in the last bits
    names = [d.id for d in model.domains]
    lists = [[n for n, yes in zip(names, row, strict=True) if yes] for row in assumed.tolist()]
    scores = (transform_ranks(pl.col(n).rank("average", descending=True)).alias(f"{n}_score") for n in names)
    made = pl.DataFrame(middles).select(
        *scores,
        pl.Series("missing", missing, dtype=pl.Int64),
        pl.Series("assumed", lists, dtype=pl.List(pl.String)),
    )
    return indicators.drop(made.columns, strict=False).hstack(made)


def weigh(scores: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Adds `need` = Σ weight × domain score, 0 to 100, higher is more need, and its `rank`, 1 = most need, ties lowest.

    `scores`: the frame of `domain_scores`, or of its scores averaged over larger areas.
    """
    need = pl.sum_horizontal((pl.col(f"{d.id}_score") * d.weight for d in model.domains), ignore_nulls=False)
    rank = need.round(12).rank("min", descending=True).cast(pl.Int64)
    return scores.with_columns(need.alias("need"), rank.alias("rank"))


def _standard(frame: pl.DataFrame, indicators: list[Indicator]) -> dict[str, np.ndarray]:
    """Normal scores of each indicator's ranks, by column; NaN where there is no value."""
    for one in indicators:
        if one.column not in frame.columns:
            raise ValueError(f"the model needs the column {one.column!r} ({one.name}), which the table lacks")
    columns = list(dict.fromkeys(i.column for i in indicators))
    values = frame.select(pl.col(columns).cast(pl.Float64))
    counts = values.select(pl.all().count()).row(0, named=True)
    sound = values.select(pl.all().is_finite().all()).row(0, named=True)  # nulls are not asked
    for one in indicators:
        if counts[one.column] == 0:
            raise ValueError(f"the column {one.column!r} ({one.name}) has no value in any area")
        if not sound[one.column]:
            raise ValueError(f"the column {one.column!r} ({one.name}) holds a value that is not a number")
    ranks = values.select((pl.col(c).rank("average") / (counts[c] + 1)).fill_null(float("nan")) for c in columns)
    return {c: ndtri(ranks[c].to_numpy()) for c in columns}


def contributions(need: pl.DataFrame, model: Model, *, area: str, population: str) -> pl.DataFrame:
    """What each domain contributes to each area's share of the money that follows need.

    `need`: the frame of `needs_index` (or of its domain scores averaged over larger areas, weighted by people). Gives
    a row an area × domain: `area`, `domain`, `name`, `weight`, `share` (points 0–1 of the whole that reach the area
    through this domain; they sum to 1 over everything and, over an area, to its share before base, floor and limit)
    and `part` (0–1 of the area's own share). Raises ValueError when no area has need or people.
    """
    people = pl.col(population).cast(pl.Float64)
    parts = [
        need.select(
            pl.col(area),
            pl.lit(d.id).alias("domain"),
            pl.lit(d.name).alias("name"),
            pl.lit(d.weight).alias("weight"),
            (people * pl.col(f"{d.id}_score") * d.weight).alias("_amount"),
        )
        for d in model.domains
    ]
    every = pl.concat(parts)
    total = every["_amount"].sum()
    if not total > 0:
        raise ValueError("no area has both people and need, so nothing can be shared out by need")
    amount = pl.col("_amount")
    own = amount.sum().over(area)
    return every.with_columns(
        (amount / total).alias("share"), pl.when(own > 0).then(amount / own).otherwise(0.0).alias("part")
    ).drop("_amount")


def to_larger(need: pl.DataFrame, model: Model, *, by: str, population: str) -> pl.DataFrame:
    """Need and domain scores of larger areas: means of their small areas weighted by people, so people × need adds up.

    Gives `by`, the people under the name `population`, a `<domain>_score` for each domain, `need`, and `rank` among the
    larger areas (1 = most need). An area without people has no need (null) and no rank.
    """
    people = pl.col(population).cast(pl.Float64)
    whole = people.sum()
    names = (f"{d.id}_score" for d in model.domains)
    means = [pl.when(whole > 0).then((people * pl.col(c)).sum() / whole).alias(c) for c in names]
    return weigh(need.group_by(by).agg(whole.alias(population), *means).sort(by), model)


def rank_stability(
    indicators: pl.DataFrame,
    model: Model,
    *,
    draws: int,
    seed: int,
    area: str,
    by: str | None = None,
    population: str | None = None,
    closeness: float = 100.0,
) -> pl.DataFrame:
    """How firmly each area keeps its rank when the domain weights are drawn anew around the chosen ones.

    Weights come from a Dirichlet distribution with mean at the model's weights; with `closeness` 100 a weight of .14
    lies mostly between .08 and .21, higher is closer. A weight of 0 stays 0. With `by` and `population`, ranks are of
    larger areas, from population-weighted means. Gives a row an area: its code under `area` (or `by`), `rank` at the
    chosen weights (1 = most need), `lowest` and `highest` (the ranks that nine draws in ten lie between, 5% cut off
    at each end), and `shares`, the share of draws at rank 1, 2, … The same seed gives the same figures. Raises
    ValueError for draws or closeness below 1.
    """
    if draws < 1 or closeness < 1:
        raise ValueError("at least one draw, and a closeness of at least 1, are needed")
    need = needs_index(indicators, model)
    if by is not None:
        if population is None:
            raise ValueError("ranks of larger areas need the column of people to weigh by")
        need = to_larger(need, model, by=by, population=population)
        area = by
    weights = {d.id: d.weight for d in model.domains}
    return firmness(need, weights, area=area, draws=draws, seed=seed, closeness=closeness).frame
