"""What the page “Activity” shows of the same counts as the page “Journeys”: neither may show what the other hides.

Activity's figures are hidden first and kept. Here they stand beside the journeys as known to every reader, and what is
hidden there is hidden here as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from dashboard.access import Scope
from dashboard.answers.activity_shown import of_records
from dashboard.answers.keep import kept_with_records
from metrics.disclosure import join, total
from metrics.estimates import SCHEMA, SUPPRESSED, conform
from metrics.journeys import closure_reasons

# Open episodes there hold those opened in error, here not: the difference is no count of families, and adds up to none.
_NEARLY = ("M07_open", "M09")
KNOWN = "known"  # standing of rows that the other page shows
_BREAKDOWNS: Mapping[str, str] = {"all": "all", "council": "area", "forum_area": "area"}


def _reasons(*polarities: str) -> tuple[str, ...]:
    return tuple(f"closure:{code}" for code, reason in closure_reasons().items() if reason.polarity in polarities)


def counted() -> Mapping[str, tuple[str, ...]]:
    """Measure of Activity → the counts of the journeys that make up its numerator."""
    return {
        "M10": _reasons("positive"),
        "M11": _reasons("disengaged"),
        "M12": _reasons("escalation"),
        "M13_12": ("stepped_up_after",),
        "M14": ("returned",),
        "M15": ("stayed_free",),
        "M07_open": ("open",),
        "M09": ("drift",),
    }


def sums() -> pl.DataFrame:
    """How Activity's counts are made up of the journeys', for `metrics.disclosure`."""
    error, moved = _reasons("exclude"), _reasons("exclude from outcome denominator")
    made = [
        total("measure", measure, parts, relation="as on Activity")
        for measure, parts in counted().items()
        if measure not in _NEARLY
    ]
    wholes = {
        "M12": ("closures", error), "M10": ("closures", (*error, *moved)), "M11": ("closures", (*error, *moved)),
        "M13_12": ("followed", ()), "M14": ("followed", ()), "M15": ("followed", ()),
    }  # fmt: skip
    for measure, (whole, without) in wholes.items():
        parts = [f"{measure}/denominator", *without]
        made.append(total("measure", whole, parts, relation=f"denominator of {measure}"))
    return join(*made)


@kept_with_records
def shown(scope: Scope, year: str) -> pl.DataFrame:
    """Activity's rows of a year for the county, councils and forum areas, hidden ones too, named as journeys name them;
    an estimates frame with `standing`."""
    rows = of_records(scope).filter(
        pl.col("measure").is_in(list(counted())), pl.col("breakdown").is_in(list(_BREAKDOWNS)), period=year
    )
    named = conform(rows, SCHEMA).with_columns(
        pl.col("breakdown").replace(_BREAKDOWNS), pl.lit(None, pl.Int64).alias("n"), pl.lit(KNOWN).alias("standing")
    )
    # families of no recorded area are in the cut by council and in that by forum area
    return named.unique(["measure", "breakdown", "group"], maintain_order=True)


def known(beside: pl.DataFrame) -> pl.DataFrame:
    """The rows of `shown` that a reader can set beside the journeys: not hidden, and of the very same counts."""
    return beside.filter(pl.col("value").is_not_null(), ~pl.col("measure").is_in(_NEARLY))


def hide_alike(frame: pl.DataFrame, beside: pl.DataFrame) -> pl.DataFrame:
    """`frame` with every count hidden that makes up one that Activity hides."""
    parts = pl.DataFrame(
        [(measure, part) for measure, made_of in counted().items() for part in made_of],
        schema={"measure": pl.String, "part": pl.String},
        orient="row",
    )
    gone = beside.filter(pl.col("status") == SUPPRESSED).join(parts, on="measure")
    gone = gone.select(pl.col("part").alias("measure"), "breakdown", "group").unique()
    marked = frame.join(
        gone.with_columns(pl.lit(True).alias("_gone")), on=["measure", "breakdown", "group"], how="left"
    )
    hidden = pl.col("_gone").fill_null(False)
    numbers = ("numerator", "value", "lower", "upper", "n")
    return marked.with_columns(
        *(pl.when(~hidden).then(c).alias(c) for c in numbers),
        pl.when(hidden).then(pl.lit(SUPPRESSED)).otherwise("status").alias("status"),
    ).select(frame.columns)
