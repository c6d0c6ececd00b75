"""Measures that the store holds by area of the county: published series, and what was loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from dashboard.access import Scope
from dashboard.answers import places
from dashboard.answers.hidden import NO_COUNT, NO_SUM, hide, is_own
from dashboard.answers.keep import kept, the_store
from dashboard.answers.published import published, way
from metrics.catalogue import catalogue
from metrics.deprivation import to_areas
from metrics.disclosure import BELOW_DISTRICT, Rule, join, nest
from metrics.estimates import SCHEMA
from metrics.indicators import resolve
from metrics.intervals import wilson

PREFIX = "held:"
FINEST_FIRST = ("lsoa", "ward", "forum", "district", "council")
TENFOLDS = (1.0, 100.0, 1_000.0, 10_000.0, 100_000.0)


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a measure of the store: from its definition where it has one, else from its figures."""

    name: str
    unit: str
    decimals: int
    polarity: str
    definition: str
    source: str
    limits: str
    multiplier: float | None  # value = multiplier × numerator / denominator; None where no counts are held
    adds_up: bool  # counts that may be summed


@kept
def _every(scope: Scope) -> pl.DataFrame:
    """Figures for areas of the county at any level, as they were loaded: an estimates frame with `note`, `level` and
    `standing`. Series first, then the measures of loaded files that belong to no series.

    What `published` gives for districts and above it has cleared already, so here it counts as published.
    """
    codes = {
        code: level
        for level in ("county", *places.LEVELS)
        for vintage in (2011, 2021)
        for code in places.names(scope, level, vintage=vintage)
    }
    known = catalogue()
    feeds = [f for s in known.series.values() for f in (*s.feeds, s.numerator_feed) if f]
    loaded = the_store().read_figures().filter(pl.col("breakdown") == "area", pl.col("group").is_in(list(codes)))
    of_series = pl.col("measure").is_in(feeds)
    small = loaded.filter(of_series, ~pl.col("group").is_in(list(known.areas)))
    rest = loaded.filter(~of_series, ~pl.col("measure").str.contains("^(lait|ees|cover|fingertips|dwp):"))
    parts = [
        published(scope).filter(pl.col("group").is_in(list(known.areas))).with_columns(standing=pl.lit("published")),
        *(
            resolve(part, known.series, faults=known.faults).with_columns(standing=pl.lit(standing))
            for (standing,), part in small.group_by("standing", maintain_order=True)
        ),
        rest,
    ]
    every = pl.concat([part.select(*SCHEMA, "note", "standing") for part in parts])
    mine = every.filter(pl.col("breakdown") == "area", pl.col("group").is_in(list(codes)))
    mine = mine.unique(["measure", "group", "period"], keep="first", maintain_order=True)
    return mine.with_columns(pl.col("group").replace_strict(codes, return_dtype=pl.String).alias("level"))


@kept
def held(scope: Scope) -> dict[str, Held]:
    """Measures with a figure for at least one area within the county, by `held:<measure>`."""
    inside = _every(scope).filter(pl.col("level") != "county")
    known = catalogue().series
    made: dict[str, Held] = {}
    for (measure,), rows in sorted(inside.group_by("measure"), key=lambda pair: pair[0]):
        it = known.get(measure)
        if it is not None:
            made[PREFIX + measure] = Held(
                it.name, it.unit, it.decimals, way(it), it.definition, it.source, it.limits,
                None if it.value_type == "count" else it.multiplier, it.value_type == "count",
            )  # fmt: skip
        else:
            made[PREFIX + measure] = _from_figures(measure, rows)
    order = list(known)
    return dict(
        sorted(
            made.items(),
            key=lambda pair: (
                not _defined(pair[0]),
                order.index(pair[0][5:]) if _defined(pair[0]) else 0,
                pair[1].name,
            ),
        )
    )


def _defined(id_: str) -> bool:
    return id_.removeprefix(PREFIX) in catalogue().series


def _from_figures(measure: str, rows: pl.DataFrame) -> Held:
    """A loaded measure without a definition: its name is its id, its multiplier the one that its counts obey."""
    counted = rows.filter(pl.col("numerator") > 0, pl.col("denominator") > 0, pl.col("value").is_not_null())
    times = counted.select((pl.col("value") * pl.col("denominator") / pl.col("numerator")).median()).item()
    multiplier = next((t for t in TENFOLDS if times is not None and abs(times / t - 1) < 0.02), None)
    whole = rows.filter(pl.col("value").is_not_null() & (pl.col("value") != pl.col("value").round()))
    adds_up = multiplier is None and rows["denominator"].is_null().all() and whole.is_empty()
    unit = "%" if multiplier == 100 else f"per {multiplier:,.0f}" if multiplier and multiplier > 1 else ""
    name = measure.partition(":")[2] or measure
    return Held(
        name.replace("_", " "), unit, 0 if adds_up else 1, "none",
        "As loaded; no definition of it is held.", "Loaded by the partnership", "", multiplier, adds_up,
    )  # fmt: skip


@kept
def held_periods(scope: Scope, id_: str) -> list[str]:
    """Periods with a figure within the county, newest first."""
    rows = _every(scope).filter(measure=id_.removeprefix(PREFIX)).filter(pl.col("level") != "county")
    rows = rows.filter(pl.col("value").is_not_null())
    found = rows.select("period", "period_end").unique().sort("period_end", descending=True)
    return found["period"].unique(maintain_order=True).to_list() or [""]


@kept
def held_figures(scope: Scope, id_: str, *, level: str, period: str) -> pl.DataFrame:
    """An estimates frame with a row an area of the level: as given for the level, else brought together from the areas
    below it where they hold counts. Empty where neither is held. Official figures are shown as they are; of what the
    partnership loaded small counts are hidden, and what would give them away."""
    rows = _every(scope).filter(measure=id_.removeprefix(PREFIX))
    if is_official(rows):
        return _at(scope, rows.filter(period=period), held(scope)[id_], level).select(list(SCHEMA))
    return _safe(scope, id_).filter(level=level, period=period).select(list(SCHEMA)).sort("group")


def is_official(rows: pl.DataFrame) -> bool:
    return rows.filter(is_own()).is_empty()


def _at(scope: Scope, rows: pl.DataFrame, it: Held, level: str) -> pl.DataFrame:
    """One measure and period at a level: the `rows` of that level, else sums over the areas of the finest level held
    that lie in its areas whole."""
    mine = rows.filter(level=level).sort("group")
    if mine.height or not (it.multiplier or it.adds_up):
        return mine
    where = places.lookup(scope, vintage=_vintage(scope, rows))
    for below in FINEST_FIRST:
        small = rows.filter(level=below)
        if small.height and _nested(where, below, level):
            standing = "published" if is_official(small) else "local"
            made = _sums(small.select(list(SCHEMA)), where, it, below, level)
            new = {"note": pl.lit(None, pl.String), "standing": pl.lit(standing), "level": pl.lit(level)}
            return made.with_columns(**new).select(rows.columns)
    return mine


def _nested(where: pl.DataFrame, below: str, level: str) -> bool:
    """Whether each area of the level `below` lies in one area of `level` and no other."""
    if FINEST_FIRST.index(below) >= (*FINEST_FIRST, "county").index(level):
        return False
    return bool(where.select(below, level).drop_nulls().unique()[below].is_unique().all())


def _sums(small: pl.DataFrame, where: pl.DataFrame, it: Held, below: str, level: str) -> pl.DataFrame:
    parts = where.select(pl.col(below).alias("part"), pl.col(level).alias("area")).drop_nulls().unique().sort("part")
    how = "ratio" if it.multiplier else "sum"
    made = to_areas(small, parts, how=how, multiplier=it.multiplier or 1.0)
    if it.multiplier != 100:
        return made
    limits = wilson("numerator", "denominator")
    ok = pl.col("numerator") <= pl.col("denominator")
    return made.with_columns(
        pl.when(ok).then(limits.struct.field(side) * 100).alias(side) for side in ("lower", "upper")
    )


@kept
def _safe(scope: Scope, id_: str) -> pl.DataFrame:
    """A measure with own figures at every level and in every period at once, with `level`, as it may be shown."""
    it = held(scope)[id_]
    rows = _every(scope).filter(measure=id_.removeprefix(PREFIX))
    by_vintage: dict[int, list[pl.DataFrame]] = {}
    for (_,), part in rows.group_by("period", maintain_order=True):
        levels = [_at(scope, part, it, level) for level in (*FINEST_FIRST, "county")]
        by_vintage.setdefault(_vintage(scope, part), []).extend(levels)
    kind = "count" if it.adds_up else {None: "score", 100.0: "proportion"}.get(it.multiplier, "rate")
    shown = [
        hide(
            pl.concat(frames),
            totals=_totals(places.lookup(scope, vintage=vintage)),
            value_types={id_.removeprefix(PREFIX): kind},
            rules=[_forum_areas(scope)],
        )
        for vintage, frames in by_vintage.items()
    ]
    why = pl.when(pl.col("value").is_null() & pl.col("note").is_in([NO_COUNT, NO_SUM])).then("note")
    return pl.concat(shown).with_columns(why.otherwise("method").alias("method"))


def _totals(where: pl.DataFrame) -> pl.DataFrame:
    """What adds up to what in the county: each level to the next ones that hold its areas whole."""
    every = (*FINEST_FIRST, "county")
    pairs = {(a, b) for a in FINEST_FIRST for b in every if _nested(where, a, b)}
    over = {(a, c) for a, b in pairs for c in every if (b, c) in pairs}  # follow from two others
    return join(*(nest("area", where, list(pair)) for pair in sorted(pairs - over)))


def _forum_areas(scope: Scope) -> Rule:
    """A forum area may be a part of a district, so it counts as below it."""
    codes = "|".join(re.escape(code) for code in places.names(scope, "forum"))
    return Rule(groups=f"(?:{codes})$", threshold=BELOW_DISTRICT.threshold)


@kept
def held_vintage(scope: Scope, id_: str, period: str) -> int:
    """The year of the small areas that a measure is held for; 2021 where it is held for none."""
    return _vintage(scope, _every(scope).filter(measure=id_.removeprefix(PREFIX), period=period))


def _vintage(scope: Scope, rows: pl.DataFrame) -> int:
    """2021 or 2011: the small areas that hold more of the rows."""
    codes = set(rows.filter(level="lsoa")["group"])
    newer, older = (len(codes & set(places.names(scope, "lsoa", vintage=v))) for v in (2021, 2011))
    return 2021 if newer >= older else 2011


@kept
def held_at(scope: Scope, level: str) -> list[str]:
    """Ids of the measures with figures at a level of their own, or that smaller areas bring together."""
    rows, known, where = _every(scope), held(scope), places.lookup(scope)
    own = set(rows.filter(level=level)["measure"])
    below = [b for b in FINEST_FIRST if _nested(where, b, level)]
    small = {PREFIX + m for m in rows.filter(pl.col("level").is_in(below))["measure"]} & set(known)
    able = {id_ for id_ in small if known[id_].multiplier or known[id_].adds_up}
    return [id_ for id_ in known if id_.removeprefix(PREFIX) in own or id_ in able]
