"""Deprivation: the composite index from domain ranks, its ranks and deciles, and summaries of larger areas.

Reproduces the Indices of Deprivation 2019 and 2025 from the domain ranks that are published with them. A higher
score, and a rank nearer to 1, mean more deprivation everywhere in this module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from metrics.definition_files import DefinitionError, read_toml
from metrics.estimates import LOW, NOT_AVAILABLE, OK, PROVISIONAL, SCHEMA, conform

SPREAD = 23.0  # a tenth of the areas holds the upper half of the transformed scores
HIGHEST = 100.0  # transformed score of the most deprived area

POPULATIONS = ("total", "working_age", "age_0_15", "age_60_plus")


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of the index, or (`weight` 0) a part of one that has ranks of its own."""

    id: str  # its ranks stand in the column `<id>_rank`
    name: str
    weight: float
    population: str  # whom area summaries weigh by: one of POPULATIONS
    parent: str = ""  # of a part: the domain it belongs to


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of an index."""

    id: str
    name: str
    geography: str  # "LSOA 2011"
    areas: int  # areas ranked; 0 where any number will do
    released: str  # ISO date
    publisher: str
    source: str
    limits: str  # what the figures cannot say
    domains: tuple[Domain, ...]
    parts: tuple[Domain, ...] = ()


@cache
def editions() -> dict[str, Edition]:
    """The editions in `metrics/definitions/deprivation.toml`, by id (`2019`, `2025`). Raises `DefinitionError`."""
    rows = read_toml("deprivation.toml")["edition"]
    return {row["id"]: read_edition(row) for row in rows}


def read_edition(row: Mapping[str, object]) -> Edition:
    """One `[[edition]]` table as an `Edition`. Raises `DefinitionError` naming the edition and the field."""
    fields = dict(row)
    try:
        domains = tuple(Domain(**d) for d in fields.pop("domain"))
        parts = tuple(Domain(weight=0.0, **d) for d in fields.pop("part", ()))
        made = Edition(**fields, domains=domains, parts=parts)
    except (KeyError, TypeError) as wrong:
        raise DefinitionError(f"deprivation.toml: {row.get('id', 'an edition')}: {wrong}") from None
    names = {d.id for d in domains}
    if not domains or len(names) < len(domains) or not all(d.weight > 0 for d in domains):
        raise DefinitionError(f"deprivation.toml: {made.id}: domain: ids must differ and weights be above 0")
    for d in (*domains, *parts):
        if d.population not in POPULATIONS or (d.parent and d.parent not in names):
            raise DefinitionError(f"deprivation.toml: {made.id}: {d.id}: population or parent is not known")
    return made


def transform_ranks(ranks: str | pl.Expr) -> pl.Expr:
    """Ranks of one domain (1 = most deprived) as exponentially distributed scores, 100 for rank 1 down to nearly 0.

    `ranks`: a column or expression over ALL areas of the index, ties allowed in either form (published ranks give
    each the lowest of the ranks they share; they are averaged here). With N areas and r the average rank, R = (N + 1
    − r)/N and the score is −23·ln(1 − R(1 − exp(−100/23))). Higher is more deprived. A missing rank stays missing and
    does not count in N.

    The English Indices of Deprivation 2019: Technical Report, on the exponential transformation of the domain ranks.
    """
    column = pl.col(ranks) if isinstance(ranks, str) else ranks
    n = column.count()
    share = (-column.rank("average") + n + 1) / n  # the column first, so that the result keeps its name
    return (share * -(1 - math.exp(-HIGHEST / SPREAD)) + 1).log() * -SPREAD


def composite_index(frame: pl.DataFrame, definition: Edition) -> pl.DataFrame:
    """Adds `score`, `rank` and `decile` of the index to `frame`, one row an area, all areas of the edition.

    `frame`: a column `<domain id>_rank` for each domain of `definition`. `score` = Σ weight × transformed rank, 0 to
    99.9 with the published weights, which sum to .999; higher is more deprived. `rank` of the unrounded score, 1 =
    most deprived, ties sharing the lowest; `decile` = ceil(10·rank/N), 1 = most deprived tenth. An area without a
    rank in some domain gets nulls. Columns of those names are replaced. Rows keep their order.

    Published ranks of 2019 differ by one place for 30 of 32,844 areas, deciles for none: the publisher kept scores in
    single precision, in which 26 pairs, and a few neighbours, cannot be told apart. 2025 agrees throughout.

    Raises ValueError when a column is missing or the number of rows is not that of the edition: ranks of a part of
    the country would be stretched over it as if it were the whole.
    """
    columns = [f"{d.id}_rank" for d in definition.domains]
    if missing := [c for c in columns if c not in frame.columns]:
        raise ValueError(f"the index {definition.id} needs the column {missing[0]!r}, which the table lacks")
    if definition.areas and frame.height != definition.areas:
        raise ValueError(
            f"the index {definition.id} ranks {definition.areas:,} areas together and the table has {frame.height:,}: "
            "reckon it for all of them and choose areas afterwards"
        )
    # one context: polars ranks the domains side by side
    parts = frame.lazy().select(transform_ranks(c) * d.weight for c, d in zip(columns, definition.domains, strict=True))
    scored = parts.select(pl.sum_horizontal(pl.all(), ignore_nulls=False).alias("score"))
    rank = pl.col("score").rank("min", descending=True).cast(pl.Int64)
    ranked = scored.with_columns(rank.alias("rank"), decile(rank, pl.col("score").count()).alias("decile")).collect()
    return frame.drop("score", "rank", "decile", strict=False).hstack(ranked)


def decile(rank: str | pl.Expr, areas: int | pl.Expr) -> pl.Expr:
    """ceil(10·rank/N) of a national rank among `areas`: 1 is the most deprived tenth, 10 the least."""
    column = pl.col(rank) if isinstance(rank, str) else rank
    # in whole numbers: 10·rank/N as a float can land just above a whole number
    return (column.cast(pl.Int64) * 10 + areas - 1) // areas


def summarise_areas(
    frame: pl.DataFrame,
    *,
    population: str,
    by: str,
    score: str | None = "score",
    rank: str = "rank",
    areas: int | None = None,
) -> pl.DataFrame:
    """The index over larger areas, one row a value of `by`, sorted by it. Higher is more deprived in every column.

    `frame`: a row a small area with its national `rank` (1 = most deprived), its `score` (unrounded if at hand; None:
    no average score), its `population` of the kind the measure is about (working age for employment, 0–15 for income
    deprivation affecting children) and `by`, the area it lies in. `areas`: how many were ranked nationally, needed
    when `frame` holds only some of them.

    Gives `areas`, `population`, `average_score`, `average_rank` (of N + 1 − rank, so N is most deprived),
    `proportion` (share of its small areas in the most deprived tenth, 0–1), `extent` (share of people in the most
    deprived three tenths, weight sliding from 1 in the first tenth to .05 at the thirtieth hundredth, 0–1) and
    `local_concentration` (average of N + 1 − rank over its most deprived small areas that hold exactly a tenth of its
    people, the last of them in part). Raises ValueError when a rank lies above N, or a population or rank is missing
    or below 0.

    The English Indices of Deprivation 2019: Research Report, on summary measures for higher-level areas.
    """
    n = frame.height if areas is None else areas
    if frame.select((pl.col(rank).is_null() | ~pl.col(rank).is_between(1, n)).any()).item():
        raise ValueError(f"a rank is missing or lies outside 1 to {n:,}: say with `areas` how many were ranked")
    if frame.select((~(pl.col(population) >= 0)).fill_null(True).any()).item():
        raise ValueError(f"a population in the column {population!r} is missing or below 0")
    people, turned = pl.col(population), n + 1 - pl.col(rank)
    hundredth = (pl.col(rank).cast(pl.Int64) * 100 + n - 1) // n
    weight = (
        pl.when(hundredth <= 10).then(1.0).when(hundredth <= 30).then(0.95 - (hundredth - 11) * 0.9 / 19).otherwise(0.0)
    )
    tenth = people.sum().over(by) / 10
    taken = pl.min_horizontal(people, (tenth - (people.cum_sum() - people).over(by)).clip(lower_bound=0.0))
    weighted = (people * pl.col(score)).sum() / people.sum() if score else pl.lit(None, pl.Float64)
    return (
        frame.sort(by, rank)
        .with_columns(weight.alias("_weight"), turned.alias("_turned"), taken.alias("_taken"))
        .group_by(by, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("areas"),
            people.sum().cast(pl.Float64).alias("population"),
            weighted.alias("average_score"),
            ((people * pl.col("_turned")).sum() / people.sum()).alias("average_rank"),
            (decile(rank, n) == 1).mean().alias("proportion"),
            ((people * pl.col("_weight")).sum() / people.sum()).alias("extent"),
            ((pl.col("_taken") * pl.col("_turned")).sum() / pl.col("_taken").sum()).alias("local_concentration"),
        )
    )


def to_areas(
    estimates: pl.DataFrame,
    lookup: pl.DataFrame,
    *,
    how: str | Mapping[str, str],
    multiplier: float | Mapping[str, float] = 1.0,
) -> pl.DataFrame:
    """Figures of small areas brought to the areas that they lie in: never an average of averages.

    `estimates`: an estimates frame whose `group` is the small area. `lookup`: `part` (small area, each once), `area`,
    and `population` where some measure is weighted by it. `how`, one word or one for each measure: `ratio`
    (multiplier × Σ numerator / Σ denominator), `sum` (Σ value) or `mean` (Σ population × value / Σ population).
    `multiplier`: 100 for a percentage. Gives an estimates frame with a row a measure × period × area of the lookup;
    `n` the records behind the parts, where each part says how many, and a `method` such as "sum over 41 areas". Where
    the figure of a single part is missing or hidden, the area has none either (status `x`; `low` if that part was too
    few to judge): a sum of the rest would say too little.

    Rows of small areas that the lookup does not know are left out. No intervals: give counts to `metrics.intervals`.
    Raises ValueError for an unknown `how`, a measure without one, or a part that stands twice in the lookup.
    """
    ways = dict.fromkeys(estimates["measure"].unique().to_list(), how) if isinstance(how, str) else dict(how)
    if bad := sorted(set(ways.values()) - {"ratio", "sum", "mean"}):
        raise ValueError(f"figures are brought together by 'ratio', 'sum' or 'mean', not {bad[0]!r}")
    if unsaid := sorted(set(estimates["measure"]) - set(ways)):
        raise ValueError(f"how {unsaid[0]!r} is brought together is not said")
    if lookup["part"].is_duplicated().any():
        raise ValueError("a small area stands twice in the lookup")
    if "mean" in ways.values() and "population" not in lookup.columns:
        raise ValueError("a population-weighted mean needs the column 'population' in the lookup")
    times = multiplier if isinstance(multiplier, Mapping) else dict.fromkeys(ways, multiplier)
    keys = ["measure", "period", "period_end"]
    every = estimates.select(keys).unique(maintain_order=True).join(lookup, how="cross")
    people = pl.col("population") if "population" in lookup.columns else pl.lit(None, pl.Float64)
    joined = every.join(
        estimates.select(*keys, pl.col("group").alias("part"), "numerator", "denominator", "value", "n", "status"),
        on=[*keys, "part"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).with_columns(
        pl.col("measure").replace_strict(ways, return_dtype=pl.String).alias("_how"),
        pl.col("measure").replace_strict(dict(times), default=1.0, return_dtype=pl.Float64).alias("_times"),
        people.cast(pl.Float64).alias("_people"),
    )
    ratio = pl.col("_how") == "ratio"
    there = pl.when(ratio).then(pl.col("numerator").is_not_null() & pl.col("denominator").is_not_null())
    weighted = (pl.col("_how") != "mean") | pl.col("_people").is_not_null()
    there = there.otherwise(pl.col("value").is_not_null() & weighted) & pl.col("status").is_in([OK, PROVISIONAL])
    up = (
        pl.when(ratio)
        .then(pl.col("numerator"))
        .when(pl.col("_how") == "mean")
        .then(pl.col("_people") * pl.col("value"))
    )
    down = pl.when(ratio).then(pl.col("denominator")).when(pl.col("_how") == "mean").then(pl.col("_people"))
    joined = joined.with_columns(
        there.fill_null(False).alias("_there"),
        up.otherwise(pl.col("value")).alias("_up"),
        down.otherwise(None).alias("_down"),
    )
    first = pl.col("_how").first()
    share = pl.col("_up").sum() / pl.col("_down").sum()
    value = (
        pl.when(first == "sum").then(pl.col("_up").sum()).when(first == "ratio").then(share * pl.col("_times").first())
    )
    parts = joined.group_by(*keys, "area", maintain_order=True).agg(
        value.otherwise(share).alias("value"),
        pl.when(first == "ratio").then(pl.col("_up").sum()).alias("numerator"),
        pl.when(first == "ratio").then(pl.col("_down").sum()).alias("denominator"),
        pl.when(~pl.col("n").has_nulls()).then(pl.col("n").sum()).alias("n"),
        pl.col("_there").sum().alias("_used"),
        pl.len().alias("_of"),
        (pl.col("status") == LOW).any().alias("_low"),
        (pl.col("status") == PROVISIONAL).any().alias("_provisional"),
        first.alias("_how"),
    )
    whole = (pl.col("_used") == pl.col("_of")) & pl.col("value").is_finite()
    word = pl.col("_how").replace_strict(
        {"ratio": "sum of counts over", "sum": "sum over", "mean": "population-weighted mean of"},
        return_dtype=pl.String,
    )
    status = pl.when(whole & pl.col("_provisional")).then(pl.lit(PROVISIONAL)).when(whole).then(pl.lit(OK))
    status = status.when(pl.col("_low")).then(pl.lit(LOW)).otherwise(pl.lit(NOT_AVAILABLE))
    made = parts.with_columns(
        *(pl.when(whole).then(pl.col(c)).alias(c) for c in ("value", "numerator", "denominator", "n")),
        status.alias("status"),
        pl.when(whole)
        .then(
            pl.format(
                "{} {} {}", word, "_of", pl.when(pl.col("_of") == 1).then(pl.lit("area")).otherwise(pl.lit("areas"))
            )
        )
        .otherwise(pl.format("{} of {} areas have a figure", "_used", "_of"))
        .alias("method"),
        pl.lit("area").alias("breakdown"),
        pl.col("area").alias("group"),
    )
    return conform(made.sort("measure", "period_end", "group", maintain_order=True), SCHEMA)
