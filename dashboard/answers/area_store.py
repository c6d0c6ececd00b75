"""Measures that the store holds by area of the county: published series, and what was loaded."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.access import Scope
from dashboard.answers import places
from dashboard.answers.keep import kept, the_store
from dashboard.answers.published import published, way
from metrics.catalogue import catalogue
from metrics.deprivation import to_areas
from metrics.disclosure import BELOW_DISTRICT, Rule, join, nest, suppress
from metrics.estimates import NOT_AVAILABLE, SCHEMA, empty
from metrics.intervals import wilson

PREFIX = "held:"
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
    """Figures of the store for areas of the county at any level, with the `level` of each: series first, then the
    measures of loaded files that belong to no series."""
    codes = {
        code: level
        for level in ("county", *places.LEVELS)
        for vintage in (2011, 2021)
        for code in places.names(scope, level, vintage=vintage)
    }
    series = published(scope)
    feeds = {f for s in catalogue().series.values() for f in (*s.feeds, s.numerator_feed) if f}
    loaded = the_store().read_figures()
    loaded = loaded.filter(
        ~pl.col("measure").is_in(list(feeds)), ~pl.col("measure").str.contains("^(lait|ees|cover|fingertips|dwp):")
    )
    both = pl.concat([series.select(list(SCHEMA)), loaded.select(list(SCHEMA))])
    mine = both.filter(pl.col("breakdown") == "area", pl.col("group").is_in(list(codes)))
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
    """An estimates frame with a row an area of the level: as given for the level, else brought together from small
    areas where they hold counts. Empty where neither is held. Small counts of what the partnership loaded are hidden;
    published official figures are shown as they are."""
    if _defined(id_):
        return _at(scope, id_, level, period)
    return _safe(scope, id_, period).filter(pl.col("level") == level).drop("level")


def _at(scope: Scope, id_: str, level: str, period: str) -> pl.DataFrame:
    rows = _every(scope).filter(measure=id_.removeprefix(PREFIX)).filter(period=period)
    mine = rows.filter(level=level).select(list(SCHEMA)).sort("group")
    small = rows.filter(level="lsoa").select(list(SCHEMA))
    it = held(scope)[id_]
    if mine.height or small.is_empty() or not (it.multiplier or it.adds_up):
        return mine
    parts = places.parts(scope, level, vintage=vintage_of(scope, small["group"].to_list()))
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
def _safe(scope: Scope, id_: str, period: str) -> pl.DataFrame:
    """A loaded measure at every level at once, with `level`, small counts hidden and whatever would give them away.

    Where small areas do not add up to a larger area that was loaded too, what is hidden in one could be got from the
    other in ways that cannot be checked: the small areas are then not shown (status `x`).
    """
    it = held(scope)[id_]
    frames = [
        frame.with_columns(pl.lit(level).alias("level"))
        for level in ("lsoa", "ward", "forum", "district", "council", "county")
        for frame in [_at(scope, id_, level, period)]
        if frame.height
    ]
    if not frames:
        return empty(pl.Schema({**SCHEMA, "level": pl.String}))
    # what `to_areas` counts in `n` are small areas, not people
    every = pl.concat(frames).with_columns(pl.lit(None, pl.Int64).alias("n"))
    if it.adds_up:
        every = every.with_columns(pl.col("value").alias("numerator"))
    exempt = [Rule(groups=".*", exempt=True)] if _published(scope, id_) else []
    small = every.filter(pl.col("level") == "lsoa")["group"].to_list()
    where = places.lookup(scope, vintage=vintage_of(scope, small))
    totals = join(
        nest("area", where, ["lsoa", "forum"], whole=places.COUNTY),
        nest("area", where, ["lsoa", "ward"], whole=places.COUNTY),
        nest("area", where, ["lsoa", "district", "council"], whole=places.COUNTY),
    )
    try:
        return suppress(every, totals=totals, rules=[BELOW_DISTRICT, *exempt])
    except ValueError:
        larger = every.filter(pl.col("level") != "lsoa")
        hidden = every.filter(pl.col("level") == "lsoa").with_columns(
            *(pl.lit(None, SCHEMA[c]).alias(c) for c in ("numerator", "denominator", "value", "lower", "upper", "n")),
            pl.lit(NOT_AVAILABLE).alias("status"),
            pl.lit("small areas do not add up to the larger areas that are held").alias("method"),
        )
        return pl.concat([hidden, suppress(larger, totals=totals.clear(), rules=[BELOW_DISTRICT, *exempt])])


def _published(scope: Scope, id_: str) -> bool:
    """Whether every figure of a measure comes from a published or reference load."""
    loads = the_store().loads()
    official = loads.filter(pl.col("standing").is_in(["published", "reference"]))["load_id"].to_list()
    mine = the_store().read_figures([id_.removeprefix(PREFIX)])
    return mine.height > 0 and mine["load_id"].is_in(official).all()


@kept
def held_vintage(scope: Scope, id_: str) -> int:
    """The year of the small areas that a measure is held for; 2021 where it is held for none."""
    rows = _every(scope).filter(measure=id_.removeprefix(PREFIX)).filter(level="lsoa")
    return vintage_of(scope, rows["group"].to_list())


def vintage_of(scope: Scope, codes: list[str]) -> int:
    """2021 or 2011: the small areas that hold more of these codes."""
    newer, older = (set(places.names(scope, "lsoa", vintage=v)) for v in (2021, 2011))
    return 2021 if len(newer & set(codes)) >= len(older & set(codes)) else 2011


@kept
def held_at(scope: Scope, level: str) -> list[str]:
    """Ids of the measures with figures at a level of their own, or that small areas bring together."""
    rows = _every(scope)
    own = set(rows.filter(level=level)["measure"])
    small = set(rows.filter(level="lsoa")["measure"])
    known = held(scope)
    able = {m for m in small if known[PREFIX + m].multiplier or known[PREFIX + m].adds_up}
    return [id_ for id_ in known if id_.removeprefix(PREFIX) in own | able]
