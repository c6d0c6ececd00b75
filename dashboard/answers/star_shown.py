"""What is ever shown of a Star's pairs and of the way to them: reckoned once for each state of the records, small
counts hidden.

What may be shown of one cut depends on what is shown of the others, so the cuts are fixed: years of the county with
either baseline; years of forum areas and of lengths of support, and the newest years together of types of agency and
services, with the first baseline. The county is judged first. Its figures then count as known, and each cut is judged
beside them: cuts share nothing but the county. A figure that is hidden for the county is shown for no part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from dashboard.access import Scope
from dashboard.answers import star_records as records
from dashboard.answers.keep import kept_with_records
from metrics import star
from metrics.definition_files import read_toml
from metrics.disclosure import ALL, Rule, join, suppress, total
from metrics.estimates import SCHEMA, SUPPRESSED
from metrics.star.distance import anywhere
from metrics.star.frames import together
from metrics.star.groups import NOT_KNOWN, grouped

LEAST = read_toml("least_shown.toml")["star"]["people"]  # of a group; smaller ones are not shown by themselves
WHOLE = "all"
SERVICE, FORUM, TYPE, LENGTH = "service", "forum_area", "agency_type", star.LENGTH
SPLITS = (SERVICE, FORUM, TYPE, LENGTH)
LATELY = (SERVICE, TYPE)  # splits that are shown for the newest years together, and for no single year
FIRST, LOWER = star.BASELINES
UP, DOWN = ANY = ("stage_up_any", "stage_down_any")
STARTED, DUE, PAIRED = "flow_started", "flow_second_due", "flow_paired"
CLOSED, OVERDUE, NOT_DUE = "flow_closed_without", "flow_open_without", "flow_not_yet_due"
ELIGIBLE, WITH_STAR = "flow_eligible", "flow_with_star"
WEAKER = ("worker_only", "retrospective", "editions_pooled", "services_changed")  # kinds of pairs
OF_COUNTY = (ELIGIBLE, WITH_STAR, STARTED, DUE, PAIRED, CLOSED, OVERDUE, NOT_DUE)
OF_PARTS = (DUE, PAIRED, UP, DOWN)
KNOWN = "known"  # standing of rows that are shown already
_EARLIER, _OTHERS = "earlier years", "others"  # parts without a row
_NONE = pl.DataFrame(schema=SCHEMA)


def of(baseline: str, measure: str) -> str:
    """A measure of the county that depends on the baseline, by its name in these frames."""
    return f"{baseline}:{measure}"


@kept_with_records
def county(scope: Scope, kind: str) -> pl.DataFrame:
    """An estimates frame of the county, a row a measure and period: OF_COUNTY, and ANY by baseline and WEAKER as `of`
    names them, for every year; the measures OF_PARTS (with the first baseline) for the newest years together."""
    made = [_of_county(scope, kind, it.name) for it in records.periods(scope)]
    lately = records.lately(scope)
    if lately is not None:
        wanted = [DUE, PAIRED, *(of(FIRST, m) for m in ANY)]
        made.append(_of_county(scope, kind, lately.name).filter(pl.col("measure").is_in(wanted)))
    rows = pl.concat([_NONE, *made])
    sums = [
        *_flow_sums(),
        *_pair_sums([*(of(b, m) for b in star.BASELINES for m in ANY), *(of(FIRST, m) for m in WEAKER)]),
    ]
    if lately is not None:
        sums.append(total("period", lately.name, [records.periods(scope)[0].name, _EARLIER]))
    return hidden(rows, join(*sums))


@kept_with_records
def parts(scope: Scope, kind: str, split: str, period: str) -> pl.DataFrame:
    """An estimates frame of the groups of a split: the measures OF_PARTS with the first baseline, for a year, or for
    the newest years together where the split is among LATELY. Groups with fewer than LEAST people, and the people whose
    group is not known, have no row."""
    cut = LATELY if split in LATELY else (split,)
    return _cut(scope, kind, cut, period).filter(breakdown=split)


@kept_with_records
def _cut(scope: Scope, kind: str, splits: Sequence[str], period: str) -> pl.DataFrame:
    """`parts` of the splits that are judged together."""
    known = county(scope, kind).filter(pl.col("value").is_not_null(), period=period)
    known = known.with_columns(pl.col("measure").str.strip_prefix(f"{FIRST}:"), pl.lit(KNOWN).alias("standing"))
    known = known.filter(pl.col("measure").is_in(OF_PARTS[1:] if LENGTH in splits else OF_PARTS))
    if PAIRED not in known["measure"]:
        return _NONE
    rows = pl.concat([_of_parts(scope, kind, each, period) for each in splits])
    rows = rows.filter(pl.col("measure").is_in(known["measure"].implode()))
    alone = [PAIRED] if LENGTH in splits else [DUE]  # shown of the groups as a count, and so of the whole here
    whole = known.with_columns(pl.when(~pl.col("measure").is_in(alone)).then("denominator").alias("denominator"))
    told = pl.concat([_as_one_cut(rows), whole], how="diagonal")
    sums = join(_cut_totals(scope, rows, splits), *([] if LENGTH in splits else _of_due()), *_pair_sums(ANY))
    safe = hidden(told, sums, Rule(standing=KNOWN, exempt=True)).filter(pl.col("standing").is_null())
    return safe.with_columns(pl.col("_split").alias("breakdown"), pl.col("group").str.strip_prefix(_TYPED)).select(
        list(SCHEMA)
    )


# ---- reckoned, and shown to nobody


def _of_county(scope: Scope, kind: str, period: str) -> pl.DataFrame:
    made = []
    for baseline in star.BASELINES:
        pairs = records.pairs(scope, kind, period, baseline)
        if pairs.people.is_empty():
            return _NONE
        flow = star.flow(pairs, people=records.supported(scope, kind)).filter(pl.col("numerator").is_not_null())
        if baseline == FIRST:
            made.append(flow.filter(pl.col("measure").is_in(OF_COUNTY)))
        moved = [_anywhere(pairs, None)]
        if baseline == FIRST:
            moved.append(flow.filter(pl.col("measure").is_in(WEAKER)))
        made += [rows.with_columns(pl.format("{}:{}", pl.lit(baseline), "measure").alias("measure")) for rows in moved]
    return pl.concat(made).with_columns(pl.lit(period).alias("period"))


def _of_parts(scope: Scope, kind: str, split: str, period: str) -> pl.DataFrame:
    pairs = records.pairs(scope, kind, period, FIRST)
    moved = _anywhere(pairs, split)
    flow = _counted(moved) if split == LENGTH else star.flow(pairs, people=records.supported(scope, kind), by=split)
    size = flow.filter(measure=PAIRED if split == LENGTH else STARTED)
    large = size.filter(pl.col("numerator") >= LEAST, pl.col("group") != NOT_KNOWN)
    rows = pl.concat([flow.filter(pl.col("measure").is_in([DUE, PAIRED])), moved])
    rows = rows.filter(pl.col("group").is_in(large["group"].implode()), pl.col("numerator").is_not_null())
    # how many of those that started are due is not shown of a part
    due = pl.when(pl.col("measure") == DUE)
    return rows.with_columns(
        pl.lit(period).alias("period"),
        due.then("numerator").otherwise("value").alias("value"),
        *(due.then(None).otherwise(pl.col(c)).alias(c) for c in ("denominator", "lower", "upper")),
    )


def _anywhere(pairs: star.Pairs, split: str | None) -> pl.DataFrame:
    """Who moved up, and down, in at least one area; of everybody with limits that allow for several of a family."""
    both = pairs.both
    rows = together(anywhere(both, grouped(both.people, split)), period=both.period, period_end=both.period_end)
    if split is None and both.clustered:
        return star.family_bootstrap(both, measures=ANY).select(rows.columns)
    return rows.filter(pl.col("measure").is_in(ANY))


def _counted(moved: pl.DataFrame) -> pl.DataFrame:
    """How many have two Stars, from the denominators of a share of them."""
    return moved.filter(measure=UP).with_columns(
        pl.lit(PAIRED).alias("measure"),
        *(pl.col("denominator").alias(c) for c in ("numerator", "value")),
        *(pl.lit(None, pl.Float64).alias(c) for c in ("denominator", "lower", "upper")),
    )


# ---- hidden


def hidden(rows: pl.DataFrame, totals: pl.DataFrame, *rules: Rule) -> pl.DataFrame:
    """`rows` after disclosure control; where something does not add up as it should, without a number."""
    if rows.is_empty():
        return rows
    counts = rows.with_columns(pl.lit(None, pl.Int64).alias("n"))
    try:
        safe = suppress(counts, totals=totals, rules=rules)
    except ValueError:
        numbers = ("numerator", "denominator", "value", "lower", "upper")
        safe = counts.with_columns(
            *(pl.lit(None, pl.Float64).alias(c) for c in numbers), pl.lit(SUPPRESSED).alias("status")
        )
    told = pl.col("denominator").is_not_null()  # limits repeat the denominator, and n is the denominator
    return safe.with_columns(
        *(pl.when(told).then(c).alias(c) for c in ("lower", "upper")), pl.col("denominator").cast(pl.Int64).alias("n")
    )


_TYPED = "type "  # before a type's name: a service may be called the same


def _as_one_cut(rows: pl.DataFrame) -> pl.DataFrame:
    """Services and their types as groups of one breakdown, of which one is part of the other."""
    typed = pl.when(pl.col("breakdown") == TYPE).then(pl.format(f"{_TYPED}{{}}", "group")).otherwise("group")
    return rows.with_columns(
        pl.col("breakdown").alias("_split"), typed.alias("group"), pl.col("breakdown").replace(TYPE, SERVICE)
    )


def _cut_totals(scope: Scope, rows: pl.DataFrame, splits: Sequence[str]) -> pl.DataFrame:
    """How the groups make up the whole, with those that have no row."""
    named = {split: sorted(rows.filter(breakdown=split)["group"].unique()) for split in splits}
    if splits != LATELY:
        return join(*(total(split, ALL, [*names, _OTHERS]) for split, names in named.items()))
    types = records.types(scope)
    kinds = sorted({*named[TYPE], *(types.get(s, NOT_KNOWN) for s in named[SERVICE])})
    made = [total(SERVICE, ALL, [*(f"{_TYPED}{kind}" for kind in kinds), _OTHERS])]
    for kind in kinds:
        mine = [service for service in named[SERVICE] if types.get(service, NOT_KNOWN) == kind]
        made.append(total(SERVICE, f"{_TYPED}{kind}", [*mine, f"{_OTHERS} of {kind}"]))
    return join(*made)


def _flow_sums() -> list[pl.DataFrame]:
    return [
        total("measure", STARTED, [DUE, NOT_DUE], relation="due"),
        total("measure", DUE, [PAIRED, CLOSED, OVERDUE], relation="what became of them"),
        *(total("measure", f"{m}/denominator", [STARTED], relation="the same") for m in (DUE, NOT_DUE)),
        *(total("measure", f"{m}/denominator", [DUE], relation="the same") for m in (PAIRED, CLOSED, OVERDUE)),
        total("measure", f"{WITH_STAR}/denominator", [ELIGIBLE], relation="the same"),
    ]


def _of_due() -> list[pl.DataFrame]:
    return [total("measure", f"{PAIRED}/denominator", [DUE], relation="the same")]


def _pair_sums(measures: Iterable[str]) -> list[pl.DataFrame]:
    return [total("measure", f"{m}/denominator", [PAIRED], relation="the same") for m in measures]
