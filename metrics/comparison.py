"""Comparison with a benchmark, with statistical neighbours and with all areas of England.

Sources: the Fingertips technical guidance on comparing an indicator with a benchmark (Office for Health Improvement and
Disparities); the Local Authority Interactive Tool (LAIT, Department for Education) for neighbours, rank and quartile.
Where we depart from either, `docs/deviations.md` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import polars as pl

from metrics.estimates import NOT_AVAILABLE, OK, PROVISIONAL, SCHEMA, conform

# Verdicts: plain ids; charts and pages put marks and colours to them.
BETTER, SIMILAR, WORSE, LOWER, HIGHER, NOT_COMPARED = "better", "similar", "worse", "lower", "higher", "not compared"
BEST, WORST = "best", "worst"  # only where 99.8% limits are given and the benchmark lies outside them
VERDICTS = (BEST, BETTER, SIMILAR, WORSE, WORST, LOWER, HIGHER, NOT_COMPARED)

TINY_AREAS = ("E09000001", "E06000053")  # City of London, Isles of Scilly: a handful of children each
AGGREGATES = ("E92", "E12", "E13")  # England, its regions, Inner and Outer London: never ranked among areas
NEIGHBOURS = "neighbours"  # the breakdown of `neighbour_average`: its group is the area whose neighbours they are
QUARTILES = ("A", "B", "C", "D")  # A the best quarter
LEAST_RANKED = 4  # areas, below which a quarter holds less than one of them

_DIRECTIONS = {"lower": "lower", "higher": "higher", "none": "none", "mixed": "none", "": "none"}
_RULES = {"stay above England": "higher", "stay below England": "lower"}
_KEYS = ("measure", "period_end")

Polarity = str | Mapping[str, str]


def direction_of(polarity: str, target_rule: str = "") -> str:
    """Which way is better: `lower`, `higher` or `none`. A rule such as `stay below England` outranks the polarity.

    `mixed` and an empty polarity count as `none`. Raises `ValueError` for a word that the definitions do not have.
    """
    known = {**_DIRECTIONS, **_RULES}
    word = target_rule or polarity
    if word not in known:
        raise ValueError(f"polarity {word!r} is not one of {', '.join(repr(k) for k in known)}")
    return known[word]


def against_benchmark(
    estimates: pl.DataFrame,
    benchmark: pl.DataFrame | pl.Expr | str | float | None,
    *,
    polarity: Polarity,
) -> pl.DataFrame:
    """Each estimate's own interval against the benchmark's value: adds `benchmark`, `difference` and `verdict`.

    `estimates` needs `value`, `lower`, `upper` (95%), and takes 99.8% limits as `lower998`, `upper998`; `benchmark` is
    a number, a column of `estimates` (name or expression), or an estimates frame with one row a measure and period end
    (those of the two columns that both frames have), such as England's rows; for `neighbour_average`'s frame each area
    is set against its own neighbours. `polarity` is a word or rule of `direction_of`, or one for each measure.

    lower ≤ benchmark ≤ upper is `similar`, both ends counted in; else `better` or `worse`, `lower` or `higher` where
    there is no polarity, `best` or `worst` where the 99.8% limits exclude the benchmark too. `not compared`: no value,
    no full interval, too few to judge, no benchmark for the period, or the benchmark's own row. `difference` is value −
    benchmark. Raises `ValueError` for a benchmark frame with two rows for the same key or no `value`.
    """
    frame = estimates.drop("benchmark", "difference", "verdict", strict=False).with_columns(_direction(polarity))
    if isinstance(benchmark, pl.DataFrame):
        frame = _join_benchmark(frame, benchmark)
    else:
        number = pl.col(benchmark) if isinstance(benchmark, str) else benchmark
        number = number if isinstance(number, pl.Expr) else pl.lit(number)
        frame = frame.with_columns(number.cast(pl.Float64).alias("benchmark"))
    b = pl.col("benchmark")
    comparable = pl.all_horizontal(pl.col("value", "lower", "upper", "benchmark").is_finite()) & _judged(frame)
    far = pl.lit(False)
    if {"lower998", "upper998"} <= set(frame.columns):
        far = ((b < pl.col("lower998")) | (b > pl.col("upper998"))).fill_null(False)
    above = b < pl.col("lower")
    favourable = above == (pl.col("_direction") == "higher")
    verdict = (
        pl.when(comparable.fill_null(False).not_())
        .then(pl.lit(NOT_COMPARED))
        .when((pl.col("lower") <= b) & (b <= pl.col("upper")))
        .then(pl.lit(SIMILAR))
        .when(pl.col("_direction") == "none")
        .then(pl.when(above).then(pl.lit(HIGHER)).otherwise(pl.lit(LOWER)))
        .when(favourable)
        .then(pl.when(far).then(pl.lit(BEST)).otherwise(pl.lit(BETTER)))
        .otherwise(pl.when(far).then(pl.lit(WORST)).otherwise(pl.lit(WORSE)))
    )
    return frame.with_columns((pl.col("value") - b).alias("difference"), verdict.alias("verdict")).drop("_direction")


def neighbour_average(
    values: pl.DataFrame, neighbours: pl.DataFrame, *, aggregate: str = "mean", vintage: str | None = None
) -> pl.DataFrame:
    """The average of an area's statistical neighbours, over those that have a value.

    `values`: an estimates frame with the neighbours' rows. `neighbours`: `area`, `neighbour` (ONS codes), `vintage`
    (`2025-05` or `May 2025`). `vintage` None takes each area's newest list. `aggregate` is `mean` (LAIT) or `median`
    (DfE's children's social care dashboard). Gives estimates rows with `breakdown` `neighbours` and `group` the area,
    for each area × measure × period of `values`; `n` neighbours used of `n_expected`, `vintage` as in the list, and a
    `method` such as "mean of 8 of 10 neighbours (May 2025 list)". None with a value: status `x`. Averages have no
    interval.
    """
    if aggregate not in ("mean", "median"):
        raise ValueError(f"aggregate is 'mean' or 'median', not {aggregate!r}")
    lists = _vintages(neighbours, vintage)
    periods = values.group_by(_KEYS, maintain_order=True).agg(pl.col("period").first())
    held = values.filter(pl.col("value").is_finite()).select("group", *_KEYS, "value", "status")
    sizes = lists.group_by("area").agg(pl.len().alias("n_expected"))
    averages = (
        lists.join(periods, how="cross")
        .join(held, left_on=["neighbour", *_KEYS], right_on=["group", *_KEYS], how="left")
        .group_by("area", "vintage", "_when", "period", *_KEYS, maintain_order=True)
        .agg(
            getattr(pl.col("value"), aggregate)().alias("value"),
            pl.col("value").count().cast(pl.Int64).alias("n"),
            (pl.col("status") == PROVISIONAL).any().alias("_provisional"),
        )
        .join(sizes, on="area", maintain_order="left")
        .with_columns(
            pl.lit(NEIGHBOURS).alias("breakdown"),
            pl.col("area").alias("group"),
            pl.when(pl.col("n") == 0)
            .then(pl.lit(NOT_AVAILABLE))
            .when(pl.col("_provisional"))
            .then(pl.lit(PROVISIONAL))
            .otherwise(pl.lit(OK))
            .alias("status"),
            pl.format(f"{aggregate} of {{}} of {{}} neighbours ({{}} list)", "n", "n_expected", "_when").alias(
                "method"
            ),
        )
        .sort("measure", "group", "period_end", maintain_order=True)
    )
    return conform(averages, pl.Schema({**SCHEMA, "n_expected": pl.Int64, "vintage": pl.String}))


def rank_and_quartile(values: pl.DataFrame, *, polarity: Polarity, exclude: Sequence[str] = TINY_AREAS) -> pl.DataFrame:
    """Adds `rank` (1 is best, ties share the lower number), `ranked` (how many were) and `quartile` (A best to D).

    Within each measure and period, over the areas with a value that are not in `exclude` nor England, a region or Inner
    or Outer London; give it areas of one level. Rows left out get nulls, as do measures without a polarity: without one
    there is no best. Quartile bounds are type 7 over the same areas, a value on a bound falling in the better quarter;
    null below four areas. `polarity` is a word or rule of `direction_of`, or one for each measure.
    """
    keys = [k for k in _KEYS if k in values.columns]
    sign = pl.when(pl.col("_direction") == "lower").then(1.0).when(pl.col("_direction") == "higher").then(-1.0)
    frame = values.drop("rank", "ranked", "quartile", strict=False).with_columns(_direction(polarity))
    frame = frame.with_columns(pl.when(_ranked(frame, exclude)).then(pl.col("value") * sign).alias("_worth"))
    worth = pl.col("_worth")
    bounds = [worth.quantile(share, interpolation="linear") for share in (0.25, 0.5, 0.75)]
    count = worth.count()
    reckoned = {
        "rank": worth.rank("min").cast(pl.Int64),
        "ranked": count.cast(pl.Int64),
        "quartile": pl.when(count >= LEAST_RANKED).then(_quarter(worth, bounds)),
    }
    over = {name: e.over(keys) if keys else e for name, e in reckoned.items()}
    shown = [pl.when(worth.is_not_null()).then(e).alias(name) for name, e in over.items()]
    return frame.with_columns(shown).drop("_direction", "_worth")


def quartile_band(value: float | None, bounds: Sequence[float], *, polarity: str) -> str | None:
    """The quarter, A (best) to D, of one value among given `bounds`: minimum, three quartiles, maximum.

    None for a missing value, for one outside the bounds, and without a polarity.
    """
    way = direction_of(polarity)
    least, *quartiles, most = bounds
    if value is None or way == "none" or not least <= value <= most:
        return None
    sign = 1 if way == "lower" else -1
    ordered = [pl.lit(sign * q) for q in quartiles[::sign]]
    return pl.select(_quarter(pl.lit(sign * value), ordered)).item()


def england_best(values: pl.DataFrame, *, polarity: Polarity, exclude: Sequence[str] = TINY_AREAS) -> pl.DataFrame:
    """The best value of all areas, one row a measure and period end, with who holds it.

    `values`: an estimates frame of upper-tier areas. Left out: `exclude`, England and regions, rows without a value,
    and a zero without the count behind it (`numerator` null), which may be a suppressed one. `group` is the holder's
    code, the first in order of code where several tie, and `holders` names them all; `method` says of how many areas.
    Measures without a polarity have no best and no row.
    """
    frame = values.with_columns(_direction(polarity))
    bare_zero = (pl.col("value") == 0) & pl.col("numerator").is_null()
    frame = frame.filter(_ranked(frame, exclude) & ~bare_zero & (pl.col("_direction") != "none"))
    lowest = pl.col("_direction").first() == "lower"
    best = pl.when(lowest).then(pl.col("value").min()).otherwise(pl.col("value").max()).over(_KEYS)
    frame = frame.with_columns(pl.len().over(_KEYS).alias("_areas"), best.alias("_best"))
    frame = frame.filter(pl.col("value") == pl.col("_best")).sort("measure", "period_end", "group")
    frame = frame.with_columns(
        pl.col("group").implode().over(_KEYS, mapping_strategy="join").alias("holders"),
        pl.format("best of {} areas", "_areas").alias("method"),
    ).unique(_KEYS, keep="first", maintain_order=True)
    return conform(frame, pl.Schema({**SCHEMA, "holders": pl.List(pl.String)}))


def _direction(polarity: Polarity) -> pl.Expr:
    if isinstance(polarity, str):
        return pl.lit(direction_of(polarity)).alias("_direction")
    words = {measure: direction_of(word) for measure, word in polarity.items()}
    return pl.col("measure").replace_strict(words, default="none", return_dtype=pl.String).alias("_direction")


def _judged(frame: pl.DataFrame) -> pl.Expr:
    """Published, provisional or unmarked; not suppressed, missing or too few."""
    if "status" not in frame.columns:
        return pl.lit(True)
    return pl.col("status").fill_null(OK).is_in([OK, PROVISIONAL])


def _ranked(frame: pl.DataFrame, exclude: Sequence[str]) -> pl.Expr:
    code = pl.col("group")
    aggregate = pl.any_horizontal(code.str.starts_with(prefix) for prefix in AGGREGATES)
    return pl.col("value").is_finite() & _judged(frame) & ~code.is_in(list(exclude)) & ~aggregate


def _quarter(worth: pl.Expr, bounds: Sequence[pl.Expr]) -> pl.Expr:
    """`worth` is smaller the better, as are the three `bounds`."""
    a, b, c, d = (pl.lit(letter) for letter in QUARTILES)
    return (
        pl.when(worth <= bounds[0])
        .then(a)
        .when(worth <= bounds[1])
        .then(b)
        .when(worth <= bounds[2])
        .then(c)
        .otherwise(d)
    )


def _join_benchmark(frame: pl.DataFrame, benchmark: pl.DataFrame) -> pl.DataFrame:
    if "value" not in benchmark.columns:
        raise ValueError("the benchmark frame has no column `value`")
    keys = [k for k in _KEYS if k in frame.columns and k in benchmark.columns]
    named = "group" in frame.columns and "group" in benchmark.columns
    own_neighbours = named and "breakdown" in benchmark.columns and (benchmark["breakdown"] == NEIGHBOURS).all()
    if own_neighbours:
        keys.append("group")
    by_key = benchmark.select(
        *keys, pl.col("value").alias("benchmark"), *([pl.col("group").alias("_whose")] if named else [])
    )
    if by_key.height > 1 and (not keys or by_key.select(keys).is_duplicated().any()):
        raise ValueError(f"the benchmark has more than one row for the same {' and '.join(keys) or 'comparison'}")
    how = {"on": keys, "how": "left", "maintain_order": "left"} if keys else {"how": "cross"}
    joined = (
        frame.join(by_key, **how) if by_key.height or keys else frame.with_columns(benchmark=pl.lit(None, pl.Float64))
    )
    if not named or not joined.height or "_whose" not in joined.columns:
        return joined.drop("_whose", strict=False)
    if not own_neighbours:  # an area is not compared with itself
        itself = (pl.col("group") == pl.col("_whose")).fill_null(False)
        joined = joined.with_columns(pl.when(~itself).then(pl.col("benchmark")).alias("benchmark"))
    return joined.drop("_whose")


def _vintages(neighbours: pl.DataFrame, vintage: str | None) -> pl.DataFrame:
    """The lists to use, with `_when` in words: the vintage asked for, or each area's newest."""
    dates = {text: _vintage_date(text) for text in neighbours["vintage"].unique().to_list()}
    lists = neighbours.select("vintage", "area", "neighbour").with_columns(
        pl.col("vintage").replace_strict(dates, return_dtype=pl.Date).alias("_date")
    )
    wanted = pl.col("_date") == (
        pl.col("_date").max().over("area") if vintage is None else pl.lit(_vintage_date(vintage))
    )
    return lists.filter(wanted).with_columns(pl.col("_date").dt.strftime("%B %Y").alias("_when"))


def _vintage_date(text: str) -> date:
    for form in ("%Y-%m", "%B %Y", "%Y-%m-%d", "%Y"):
        try:
            return datetime.strptime(text, form).date().replace(day=1)
        except ValueError:
            continue
    raise ValueError(f"the neighbour list's vintage {text!r} is not a month such as '2025-05' or 'May 2025'")
