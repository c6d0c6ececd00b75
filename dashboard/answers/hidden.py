"""Own figures before anybody sees them: the one place where they go through disclosure control.

Own is what the partnership loaded (any standing but those of `OFFICIAL`). Official figures were cleared by their
publishers: they are shown as they are, and count as known to the reader. What is promised: `docs/disclosure.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl

from metrics.definition_files import csv_rows
from metrics.disclosure import ALL, BELOW_DISTRICT, Rule, join, suppress, total
from metrics.estimates import NOT_AVAILABLE, SUPPRESSED

OFFICIAL = ("published", "reference")
EXEMPT = tuple(Rule(standing=standing, exempt=True) for standing in OFFICIAL)
NO_COUNT = "Loaded here without the counts behind it, so nobody can tell whether they are small: not shown."
NO_SUM = (
    "Loaded here; it does not add up with the other figures of the period, and small counts are in them: not shown."
)
LEVELS = ("lsoa", "ward", "forum", "district", "council")  # columns of a look-up of areas, the finest first
_NUMBERS = ("numerator", "denominator", "value", "lower", "upper", "n")
_QUARTER = re.compile(r"(.+) Q[1-4]")
_PLACE = "_place"  # a row's number, as text: `suppress` empties numbers that it does not know


def is_own(column: str = "standing") -> pl.Expr:
    """Whether a figure is the partnership's own, by a column of standings."""
    return ~pl.col(column).fill_null("").is_in(OFFICIAL)


def hide(
    estimates: pl.DataFrame, *, totals: pl.DataFrame, value_types: Mapping[str, str], rules: Sequence[Rule] = ()
) -> pl.DataFrame:
    """An estimates frame with `standing` and `note`, its own figures suppressed: the same rows in the same order.

    Give it everything that is ever shown of these measures, official figures too. `totals`: what adds up to what
    (`metrics.disclosure`); a year and its quarters need no saying. `value_types`: measure → proportion (taken where
    nothing is said), rate, count or score. `rules` come after those of the house: threshold 10 below district,
    official figures exempt. Hidden rows have the status `c` and no numbers.

    Own figures that cannot be judged are withheld: status `x` and a `note` that says why. Those are the figures that
    come without counts, and those of a period that does not add up while something in it is hidden.
    """
    if estimates.filter(is_own()).is_empty():
        return estimates
    kind = pl.col("measure").replace_strict(dict(value_types), default="proportion", return_dtype=pl.String)
    frame = estimates.with_columns(pl.int_range(pl.len()).cast(pl.String).alias(_PLACE), kind.alias("_kind"))
    frame = _withheld(frame, is_own() & _uncounted(), NO_COUNT)
    # Measures that share counts are judged together; of official figures, those that own ones are sums or parts of.
    family = pl.col("measure").replace(families(totals)).alias("_family")
    beside = pl.col("group").is_in(_named(totals))
    taken = (is_own().any().over(family) & (is_own() | beside)).alias("_taken")
    frame = frame.with_columns(family, taken)
    events = sorted(m for m, kind in value_types.items() if kind != "proportion")
    every = [BELOW_DISTRICT, Rule(measures=events, complement=False), *EXEMPT, *rules]
    safe = [
        _judged(part, totals, every) for part in frame.filter("_taken").partition_by("_family", maintain_order=True)
    ]
    rows = pl.concat([frame.filter(~pl.col("_taken")), *safe])
    return rows.sort(pl.col(_PLACE).cast(pl.Int64)).select(estimates.columns)


def _uncounted() -> pl.Expr:
    """A figure that says something of people without saying of how many."""
    no_numerator, no_denominator = pl.col("numerator").is_null(), pl.col("denominator").is_null()
    return pl.col("value").is_not_null() & (
        pl.when(pl.col("_kind") == "proportion")
        .then(no_numerator | no_denominator)  # with the one and the share, the complement is known
        .when(pl.col("_kind") == "score")
        .then(no_denominator & pl.col("n").is_null())
        .otherwise((pl.col("_kind") == "rate") & no_numerator)
    )


def _withheld(frame: pl.DataFrame, which: pl.Expr, why: str) -> pl.DataFrame:
    gone = [*_NUMBERS, *(c for c in ("previous_value",) if c in frame.columns)]
    return frame.with_columns(
        *(pl.when(which).then(None).otherwise(pl.col(c)).alias(c) for c in gone),
        pl.when(which).then(pl.lit(NOT_AVAILABLE)).otherwise(pl.col("status")).alias("status"),
        pl.when(which).then(pl.lit(why)).otherwise(pl.col("note")).alias("note"),
    )


def _judged(rows: pl.DataFrame, totals: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """One family: all periods together where they agree, else each period by itself."""
    counts = _counts(rows)
    try:
        safe = suppress(counts, totals=join(totals, *_years(rows)), rules=rules)
    except ValueError:  # something does not add up, perhaps the quarters
        periods = counts.partition_by("period", maintain_order=True)
        safe = pl.concat([_period(part, totals, rules) for part in periods])
    return _with_the_rest(rows, safe)


def _period(rows: pl.DataFrame, totals: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    try:
        return suppress(rows, totals=totals, rules=rules)
    except ValueError:
        return rows if _nothing_small(rows, totals, rules) else _withheld(rows, is_own(), NO_SUM)


def _nothing_small(rows: pl.DataFrame, totals: pl.DataFrame, rules: Sequence[Rule]) -> bool:
    try:
        alone = suppress(rows, totals=totals.clear(), rules=rules)
    except ValueError:
        return False
    hidden = (alone["status"] == SUPPRESSED).any()
    return not hidden and alone["denominator"].null_count() == rows["denominator"].null_count()


def _counts(rows: pl.DataFrame) -> pl.DataFrame:
    """The same with nothing but counts of people in the columns for them: a sum of scores is none, and `n` is one of
    its own only where it repeats neither of the other two."""
    kind, n = pl.col("_kind"), pl.col("n")
    repeats = (n == pl.col("numerator").round()) | (n == pl.col("denominator").round())
    return rows.with_columns(
        pl.when(kind == "count")
        .then(pl.coalesce("numerator", "value"))
        .when(kind != "score")
        .then("numerator")
        .alias("numerator"),
        pl.when(~repeats.fill_null(False)).then(n).alias("n"),
    )


def _with_the_rest(rows: pl.DataFrame, safe: pl.DataFrame) -> pl.DataFrame:
    """`safe` with the numerators and `n` that `_counts` took out, wherever the figure and its denominator stay."""
    held = rows.select(_PLACE, *(pl.col(c).alias(f"_{c}") for c in ("numerator", "denominator", "value", "n", "note")))
    both = safe.join(held, on=_PLACE, how="left", maintain_order="left")
    stays = pl.all_horizontal(pl.col(c).is_not_null() | pl.col(f"_{c}").is_null() for c in ("value", "denominator"))
    other = pl.col("_kind").is_in(["count", "score"])
    return both.with_columns(
        pl.when(stays & other).then("_numerator").otherwise("numerator").alias("numerator"),
        pl.when(stays).then("_n").alias("n"),
        pl.when(pl.col("_note") == NO_COUNT).then("_note").otherwise("note").alias("note"),
    ).select(rows.columns)


# --- what adds up to what --------------------------------------------------------------------------------------------


def area_totals(where: pl.DataFrame, *, whole: str) -> pl.DataFrame:
    """Totals of areas from a look-up: a row a small area, a column for each of `LEVELS` that there is.

    Each area is the sum of the areas of a finer level that lie in it; where those do not make up all of it, what is
    left is one more part, without a row anywhere. `whole`: the code of the county.
    """
    levels = [level for level in LEVELS if level in where.columns]
    made = []
    for place, child in enumerate(levels):
        for parent in [*levels[place + 1 :], "_whole"]:
            pairs = where.select(pl.lit(whole).alias("_whole"), *levels).select(
                pl.col(parent).alias("parent"), pl.col(child).alias("child")
            )
            inside = pl.col("child").is_not_null() & (pl.col("parent").n_unique().over("child") == 1)
            rest = pl.format("the rest of {}", "parent")
            pairs = pairs.drop_nulls("parent").with_columns(
                pl.when(inside).then("child").otherwise(rest).alias("child")
            )
            pairs = pairs.filter(pl.col("parent") != pl.col("child")).unique().sort("parent", "child")
            made.append(pairs.with_columns(pl.lit("area").alias("dimension"), pl.lit(f"by {child}").alias("relation")))
    return join(*made)


@cache
def measure_totals() -> pl.DataFrame:
    """Which published series share counts, from `metrics/definitions/sums.csv`. A part that begins with `rest:` has no
    series of its own."""
    rows = csv_rows("sums.csv")
    made = {}
    for row in rows:
        made.setdefault((row["relation"], row["parent"]), []).append(row["child"])
    return join(*(total("measure", parent, parts, relation=way) for (way, parent), parts in made.items()))


def _years(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """A year is the sum of its quarters, where both are given."""
    labels = set(rows["period"].drop_nulls())
    years = {found[1] for label in labels if (found := _QUARTER.fullmatch(label))} & labels
    return [total("period", year, [f"{year} Q{q}" for q in range(1, 5)]) for year in sorted(years)]


def _named(totals: pl.DataFrame) -> list[str]:
    """Groups that are sums or parts of others."""
    splits = totals.filter(~pl.col("dimension").is_in(["measure", "period"]))
    return sorted({*splits["parent"], *splits["child"]} - {ALL})


def families(totals: pl.DataFrame) -> dict[str, str]:
    """Measure → a name for all that share counts with it, directly or over others."""
    named = pl.col("parent", "child").str.strip_suffix("/denominator")
    pairs = totals.filter(dimension="measure").select(named).unique().sort("parent", "child").rows()
    family: dict[str, str] = {}
    for pair in pairs:
        old = {family.setdefault(measure, measure) for measure in pair}
        family |= {measure: min(old) for measure, name in family.items() if name in old}
    return family
