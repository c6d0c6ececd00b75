"""Everything that is ever shown of early help's activity: reckoned once for each state of the records, small counts
hidden, and kept in the database.

Which splits are shown at which lengths of time is fixed (`metrics/definitions/activity_shown.toml`), because what may
be shown of one depends on what is shown of the others. A page cuts its view out of this one frame; nothing else of the
records leaves the answers but for those who may see cases.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache

import polars as pl

from dashboard.access import PUBLISHED, Scope
from dashboard.answers import activity_audits, case_records
from dashboard.answers.activity_words import length
from dashboard.answers.audit_counts import kept_with_records_and_audits
from dashboard.answers.hidden import families
from dashboard.answers.keep import kept_with_records, the_store
from metrics.activity import MEASURES, measure_of, measures, prepare
from metrics.definition_files import csv_rows, read_toml
from metrics.disclosure import ALL, THRESHOLD, Rule, join, suppress, total
from metrics.estimates import SCHEMA, SUPPRESSED, empty

_SHOWN = read_toml("activity_shown.toml")
MOST_SMALL = _SHOWN["most_small"]
# length of period, split, and of which measures (none: all)
SHOWN: Sequence[tuple[str, str, Sequence[str]]] = tuple(
    (table["period"], by, table.get("measures", ())) for table in _SHOWN["table"] for by in table["by"]
)
# Splits that cut the same thing, finer and coarser: one dimension of the table in which sums are looked for.
_DIMENSION: Mapping[str, str] = {
    "council": "area", "district": "area", "forum_area": "area", "agency_type": "agency", "agency": "agency",
}  # fmt: skip
_NO_PEOPLE = {*activity_audits.NAMES, "forum", "forum_item"}
_NUMBERS = ("numerator", "denominator", "value", "lower", "upper", "n")
_IS_OF_AUDITS = pl.col("measure").is_in(activity_audits.MEASURED)
_NOT_RECORDED = "not recorded"
# Families whose area, agency or level nobody wrote down are no group in which a neighbour could look for one.
_UNPLACED = Rule(groups=_NOT_RECORDED, exempt=True)


@kept_with_records_and_audits
def figures(scope: Scope) -> pl.DataFrame:
    """An estimates frame of every measure, split and period of `SHOWN`, after disclosure control. Without rows where
    there are no records.
    """
    if case_records.as_at(scope) is None:
        return empty()
    audited = _of_audits() if activity_audits.kept_here(scope) else _standing(scope).filter(_IS_OF_AUDITS)
    return pl.concat([of_records(scope), audited])


@kept_with_records
def of_records(scope: Scope) -> pl.DataFrame:
    """The same without the measures of audits: what changes with the loads alone."""
    return _standing(scope).filter(~_IS_OF_AUDITS)


def reckon(scope: Scope) -> bool:
    """Reckon the figures of today's records and keep them, unless that is done; gives whether there was anything to do.

    For whoever puts records in, and for a server that starts, so that no reader waits.
    """
    new = case_records.as_at(scope) is not None and the_store().snapshot_of(_state()) is None
    figures(scope)
    return new


@kept_with_records
def _standing(scope: Scope) -> pl.DataFrame:
    """What was reckoned of these very records, from the database where that is kept; audits as they stood that day."""
    day = case_records.as_at(scope)
    if day is None:
        return empty()
    store, state = the_store(), _state()
    held = store.snapshot_of(state)
    if held is None:
        rest = [id for id in MEASURES if id not in activity_audits.MEASURED]
        safely = safe(everything(case_records.tables(PUBLISHED), day, rest), totals=_totals())
        held = pl.concat([safely, _of_audits()])
        store.keep_snapshot(held, taken_on=day, reckoned_from=state)
    return held.select(list(SCHEMA))


def _of_audits() -> pl.DataFrame:
    """The measures of audits. They are not counts of people, but a group's are held back as on Assessment quality."""
    known, day = activity_audits.placed(PUBLISHED), case_records.as_at(PUBLISHED)
    return activity_audits.restrained(everything(known, day, activity_audits.MEASURED))


def _state() -> str:
    """What the figures rest on: which loads of records and places stand, and the version of this reckoning."""
    loads = the_store().loads().filter(pl.col("undone_at").is_null())
    kinds = ("cases", "annex_a", "ssds", "star", "forum_areas")
    return f"{_VERSION} {sorted(loads.filter(pl.col('kind').is_in(kinds))['load_id'])}"


_VERSION = 3  # to be raised when the same records would give other figures


def everything(tables: Mapping[str, pl.DataFrame], day: date, some: Collection[str] = MEASURES) -> pl.DataFrame:
    """These measures at every length and split of `SHOWN`, as reckoned: nothing hidden yet, for no eye."""
    known = [id for id in told(tables) if id in some]
    asked = [(period, by, [m for m in these or known if m in known]) for period, by, these in SHOWN]
    made = [
        measures(tables, as_at=day, period=period, by=() if by == "all" else by, measures=these)
        for period, by, these in asked
        if these
    ]
    return pl.concat([empty(), *made])


def told(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """The measures of which something is known: every table that they need holds records. Annex A has no episodes, so
    that a share of families with earlier help would be nought there for want of any."""
    held = prepare(tables).filled()
    return [id for id, measure in MEASURES.items() if held.issuperset(measure.needs)]


def safe(estimates: pl.DataFrame, *, totals: pl.DataFrame) -> pl.DataFrame:
    """The same rows in the same order with small counts of families hidden, and what would give them away.

    A table with too many of them is left out whole. Measures of which one is part of another
    (`metrics/definitions/activity_sums.csv`) are judged together. Counts of audits, of forum actions and of cells in a
    form are not counts of people and stay.
    """
    shares = _shared()
    family = families(join(totals, shares))
    rows = estimates.with_row_index("_place").with_columns(
        pl.col("measure").replace(family).alias("_family"),
        pl.col("breakdown").alias("_breakdown"),
        pl.col("breakdown").replace(_DIMENSION),
        _counts_people().alias("_people"),
    )
    done = [rows.filter(~pl.col("_people"))]
    few = (_small() & pl.col("_people")).mean().over("measure", "_breakdown", length()) > MOST_SMALL
    done.append(_withheld(rows.filter(few, "_people")))
    parts = rows.filter(~few, "_people").partition_by("_family", maintain_order=True)
    for part in parts:
        # a family may have closures in two quarters, areas or agencies: families overlap, and add up to no whole
        apart = {measure_of(m).per for m in part["measure"].unique()} == {"family"}
        both = shares if apart else join(totals, shares, _periods(part))
        try:
            done.append(_judged(part, both))
        except ValueError:  # something does not add up as it should, so what gives what away is not known
            done.append(_withheld(part))
    every = pl.concat(done).sort("_place").with_columns(pl.col("_breakdown").alias("breakdown"))
    return every.select(estimates.columns)


def _small() -> pl.Expr:
    """Whether a count of a row is small: the numerator, the denominator, or what lies between them."""
    counts = ("numerator", "denominator", pl.col("denominator") - pl.col("numerator"), "n")
    each = [pl.col(c) if isinstance(c, str) else c for c in counts]
    return pl.any_horizontal((count > 0) & (count < THRESHOLD) for count in each).fill_null(False)


def _withheld(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows without a number."""
    return rows.with_columns(
        *(pl.lit(None, rows.schema[c]).alias(c) for c in _NUMBERS), pl.lit(SUPPRESSED).alias("status")
    )


def _judged(part: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """One family of measures. What is in the columns for counts is a count of people, or is taken out meanwhile."""
    kinds = {m: measure_of(m).kind for m in part["measure"].unique()}
    kind = pl.col("measure").replace_strict(kinds, return_dtype=pl.String)
    counts = part.with_columns(
        pl.when(kind == "count").then(pl.coalesce("numerator", "value"))
        .when(kind.is_in(["share", "rate", "ratio"])).then("numerator").alias("numerator"),
        # of a rate the denominator is the population, of a ratio professionals or agencies: no secret, and no whole
        pl.when(kind.is_in(["share", "median", "mean", "weighted", "kappa"]))
        .then(pl.coalesce("denominator", "n")).alias("denominator"),
        pl.lit(None, pl.Int64).alias("n"),
    ).with_columns(pl.col("_place").cast(pl.String))  # fmt: skip
    hidden = suppress(counts.select([*SCHEMA, "_place"]), totals=totals, rules=[_UNPLACED]).select(
        pl.col("_place").cast(pl.UInt32), pl.col("status").alias("_status"), pl.col("denominator").alias("_denominator")
    )
    both = part.join(hidden, on="_place", how="left", maintain_order="left").join(
        counts.select(pl.col("_place").cast(pl.UInt32), pl.col("denominator").alias("_counted")), on="_place"
    )
    gone = pl.col("_status") == SUPPRESSED
    # a denominator that would give another away goes, and with it the n and the limits that repeat it
    bare = gone | (pl.col("_denominator").is_null() & pl.col("_counted").is_not_null())
    return both.with_columns(
        *(pl.when(~gone).then(c).alias(c) for c in ("numerator", "value")),
        *(pl.when(~bare).then(c).alias(c) for c in ("denominator", "lower", "upper", "n")),
        pl.when(gone).then(pl.lit(SUPPRESSED)).otherwise("status").alias("status"),
    ).select(part.columns)


def _counts_people() -> pl.Expr:
    others = sorted(m.id for m in MEASURES.values() if set(m.needs) <= _NO_PEOPLE or m.per == "cell")
    return ~pl.col("measure").str.split("_").list.first().is_in([m.split("_")[0] for m in others])


@cache
def _shared() -> pl.DataFrame:
    """Which measures are parts of each other."""
    rows = csv_rows("activity_sums.csv")
    made: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        made.setdefault((row["relation"], row["parent"]), []).append(row["child"])
    return join(*(total("measure", parent, parts, relation=way) for (way, parent), parts in made.items()))


def _totals() -> pl.DataFrame:
    """How areas, agencies and levels make up the whole, rows that are not recorded included."""
    scope = PUBLISHED
    where = case_records.where(scope)
    known = the_store().read_cases("agency", columns=["agency_id", "agency_type"])
    made = [
        total("area", ALL, [*_codes(where, "forum_area"), _NOT_RECORDED], relation="forum areas"),
        total("area", ALL, [*_codes(where, "council"), _NOT_RECORDED], relation="councils"),
        total("agency", ALL, [*_codes(known, "agency_type"), _NOT_RECORDED], relation="types"),
        total("level", ALL, ["1", "2", "3", "4", _NOT_RECORDED], relation="levels"),
    ]
    for (council,), rows in where.group_by("council"):
        made.append(total("area", council, _codes(rows, "district"), relation="districts"))
    for (kind,), rows in known.group_by("agency_type"):
        made.append(total("agency", kind, _codes(rows, "agency_id"), relation="agencies"))
    return join(*made)


def _codes(frame: pl.DataFrame, column: str) -> list[str]:
    return sorted(frame[column].drop_nulls().unique())


def _periods(rows: pl.DataFrame) -> pl.DataFrame:
    """Months make up quarters and quarters years, of measures that count what happened in the period."""
    if all(measure_of(m).stock for m in rows["measure"].unique()):
        return total("period", "", []).clear()
    labels = set(rows["period"])
    quarters = sorted(label for label in labels if re.fullmatch(r"\d{4}/\d\d Q[1-4]", label))
    flows = sorted(m for m in rows["measure"].unique() if not measure_of(m).stock)
    made = []
    for quarter in quarters:
        year, number = int(quarter[:4]), int(quarter[-1])
        months = [f"{year + (m > 12)}-{(m - 1) % 12 + 1:02}" for m in range(3 * number + 1, 3 * number + 4)]
        if set(months) <= labels:
            made += [total("period", quarter, months, measure=m) for m in flows]
        if number == 4 and quarter[:7] in labels and {f"{quarter[:7]} Q{q}" for q in range(1, 5)} <= labels:
            made += [
                total("period", quarter[:7], [f"{quarter[:7]} Q{q}" for q in range(1, 5)], measure=m) for m in flows
            ]
    return join(*made)
