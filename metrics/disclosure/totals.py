"""Which figures add up to which: the additive relations of a table, written as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import polars as pl

ALL = "*"  # in a totals frame: everything together, i.e. a row whose breakdown does not split by that dimension
JOIN = "|"  # between the parts of a crossed breakdown and of its groups: `area|agency`, `E05000001|school`

# One row says: in `dimension`, `child` is a part of `parent`. All the children of one (dimension, relation, parent)
# together make up the parent exactly, whatever the other dimensions are. A parent that can be cut in two ways
# (a county into districts, and into forum areas) has two relations.
TOTALS = pl.Schema(
    {
        "dimension": pl.String,  # `area`, `agency`, `level`, … as breakdowns name it; or `period`; or `measure`
        "relation": pl.String,  # name of this way of cutting the parent
        "parent": pl.String,  # group, period label or count; `*` is everything together
        "child": pl.String,
        "measure": pl.String,  # null: every measure; else only this one
        "count": pl.String,  # null: numerators and denominators; else `numerator` or `denominator` only
    }
)


def total(
    dimension: str,
    parent: str,
    children: Iterable[str],
    *,
    relation: str = "",
    measure: str | None = None,
    count: str | None = None,
) -> pl.DataFrame:
    """One parent and its parts, as rows of a totals frame.

    `total("area", "E06000061", districts)`; `total("agency", ALL, ["school", "health", "police"])`;
    `total("period", "2025/26 Q1", ["April 2025", "May 2025", "June 2025"])`;
    `total("measure", "closed", ["closed_needs_met", "closed_other"])` (numerators of measures). In the dimension
    `measure` a denominator is written `measure/denominator`, so `total("measure", "a/denominator", ["b"])` says that
    the denominator of `a` is the same count as the numerator of `b`.

    A part that has no row of its own ("not recorded") is named all the same: it then counts as not shown.
    """
    rows = [(dimension, relation, parent, child, measure, count) for child in children]
    return pl.DataFrame(rows, schema=TOTALS, orient="row")


def nest(dimension: str, lookup: pl.DataFrame, levels: Sequence[str], *, whole: str | None = None) -> pl.DataFrame:
    """Totals of a hierarchy from a lookup with one column a level, finest first.

    `nest("area", lookup, ["lsoa", "ward", "district", "council"], whole="E10000021")` makes each ward the sum of its
    LSOAs, and so on up; `whole` is the group that the top level adds up to. Rows with a null at a level are left out
    of that level's sums, which makes sense only if nobody lives there. Call it again with another list of levels for
    a second way of cutting (`["lsoa", "forum_area"]`).
    """
    frames = []
    for child, parent in pairwise(levels):
        pairs = lookup.select(parent=pl.col(parent), child=pl.col(child)).drop_nulls().unique().sort("parent", "child")
        frames.append(pairs.with_columns(relation=pl.lit(f"{parent} by {child}")))
    if whole is not None:
        top = lookup.select(child=pl.col(levels[-1])).drop_nulls().unique().sort("child")
        frames.append(top.select(parent=pl.lit(whole), child="child", relation=pl.lit(f"whole by {levels[-1]}")))
    return check(pl.concat(frames).with_columns(dimension=pl.lit(dimension)))


def join(*totals: pl.DataFrame) -> pl.DataFrame:
    """Several totals frames as one, checked."""
    return check(pl.concat([_complete(t) for t in totals])) if totals else pl.DataFrame(schema=TOTALS)


def check(totals: pl.DataFrame) -> pl.DataFrame:
    """`totals` with every column of `TOTALS`, each relation once; ValueError for a sum that cannot be one."""
    frame = _complete(totals).unique(maintain_order=True)
    if frame.select(pl.col("dimension", "parent", "child").is_null().any()).row(0) != (False, False, False):
        raise ValueError("Totals need a dimension, a parent and a child in every row.")
    own = frame.filter(pl.col("parent") == pl.col("child"))
    if own.height:
        raise ValueError(f"Totals name {own['parent'][0]} as a part of itself.")
    return frame


def _complete(totals: pl.DataFrame) -> pl.DataFrame:
    frame = totals.select(
        [pl.col(c).cast(t) if c in totals.columns else pl.lit(None, t).alias(c) for c, t in TOTALS.items()]
    )
    return frame.with_columns(pl.col("relation").fill_null(""))
