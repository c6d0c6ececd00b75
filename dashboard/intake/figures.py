"""From rows of text to figures: the way that every format goes once its columns are known.

A reader gives `Rows`: a frame of text with `line`, `measure`, `period`, whichever of `area_code`, `la_number`, `area`
the file has, and whichever of `value`, `numerator`, `denominator`, `lower`, `upper`, `status`, `note`, `breakdown`,
`group`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import polars as pl

from metrics.catalogue import catalogue
from metrics.estimates import FIGURES, NOT_AVAILABLE, OK, PROVISIONAL, STATUSES, conform
from metrics.periods import parse_period

from . import by_postcode, checks, definitions, numbers, places, within
from .batch import Ledger

NUMBERS = ("value", "numerator", "denominator", "lower", "upper")
TEXTS = ("measure", "area", "area_code", "period", "breakdown", "group", "note", "status", "year_type", "method")
HIDDEN = ("c", "x", "z")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the definitions say of a feed."""

    value_type: str = ""
    multiplier: float | None = None
    year_type: str = ""


@dataclass(slots=True)
class Rows:
    frame: pl.DataFrame
    names: dict[str, str] = field(default_factory=dict)  # column here → header in the file
    facts: dict[str, Facts] = field(default_factory=dict)  # feed → facts that the format itself knows
    empty_is: str | None = NOT_AVAILABLE  # status of a row with no value at all; None: such a row is refused
    near: within.Within | None = None  # areas within the county that the partnership's own files may name
    by_postcode: bool = False  # rows were put into their small areas by postcode, and are added up


@cache
def known_facts() -> dict[str, Facts]:
    """Feed → facts, from the series that are made of it."""
    found: dict[str, Facts] = {}
    for series in catalogue().series.values():
        for feed in series.feeds:
            found.setdefault(feed, Facts(series.value_type, series.multiplier, series.year_type))
        found.setdefault(series.id, Facts(series.value_type, series.multiplier, series.year_type))
    for series in catalogue().series.values():
        if series.numerator_feed:
            found.setdefault(series.numerator_feed, Facts("count", 1.0, series.year_type))
    # How a publisher counts its years is the publisher's to say, so that its figures read the same from every file.
    for feed, year_type in definitions.year_types().items():
        known = found.get(feed, Facts())
        found[feed] = Facts(known.value_type, known.multiplier, year_type)
    return found


def build(rows: Rows, ledger: Ledger) -> pl.DataFrame:
    """Figures in the FIGURES schema and their `line`; refusals and remarks go into `ledger`."""
    frame = rows.frame
    if frame.is_empty():
        return pl.DataFrame(schema={**FIGURES, "line": pl.Int64})
    name = lambda column: rows.names.get(column, column)  # noqa: E731
    bad: list[pl.DataFrame] = []  # lines that have been refused

    def refuse(found: pl.DataFrame, column: str, reason: str | pl.Expr, value: str | None) -> None:
        if not found.is_empty():
            ledger.refuse(found, name(column), reason, value=value)
            bad.append(found.select("line"))

    for column in TEXTS:
        if column in frame.columns:
            _no_formulas(frame, column, refuse)
    frame = _without(frame, bad)

    frame = places.find(frame, rows.near)
    place = next((c for c in ("area", "area_code", "la_number") if c in frame.columns), "area")
    faulty = frame.filter(pl.col("place_fault").is_not_null())
    shown = pl.coalesce([c for c in ("area", "area_code", "la_number") if c in frame.columns]).alias("shown")
    if not faulty.is_empty():
        refuse(faulty.with_columns(shown), place, pl.col("place_fault"), "shown")

    if "breakdown" in frame.columns:
        _splits(frame, refuse)
    frame = _measures(frame, rows, refuse)
    frame = _periods(frame, rows, refuse)
    frame = _numbers(frame, refuse)
    frame = _statuses(frame, rows, refuse)
    frame = _without(frame, bad)
    if rows.near is not None:
        within.one_year(frame, refuse)
    if rows.by_postcode:
        by_postcode.countable(frame, refuse)
    frame = _derive(_without(frame, bad), rows, refuse, ledger)
    checks.by_rules(frame, refuse, ledger)
    frame = _without(frame, bad)
    if rows.by_postcode:
        frame = checks.duplicates(frame, refuse, ledger, also=("postcode",))
        frame = by_postcode.added_up(frame, ledger)
    if rows.near is not None:
        within.gaps(frame, ledger)
    return conform(frame, pl.Schema({**FIGURES, "line": pl.Int64}))


def _without(frame: pl.DataFrame, bad: list[pl.DataFrame]) -> pl.DataFrame:
    """`frame` without the lines refused so far, which are then forgotten."""
    if not bad:
        return frame
    lines = pl.concat(bad).unique()
    bad.clear()
    return frame.join(lines, on="line", how="anti", maintain_order="left")


def settle(figures: list[pl.DataFrame], names: dict[str, str], ledger: Ledger) -> pl.DataFrame:
    """The figures of a whole file: known faults set aside, doubles merged or refused."""
    frame = pl.concat(figures)

    def refuse(found: pl.DataFrame, column: str, reason: str | pl.Expr, value: str | None) -> None:
        ledger.refuse(found, names.get(column, column), reason, value=value)

    frame = checks.known_faults(frame, ledger)
    frame = checks.duplicates(frame, refuse, ledger)
    ledger.use(frame)
    return frame


def _no_formulas(frame: pl.DataFrame, column: str, refuse) -> None:
    unsafe = numbers.formulas(frame[column].unique())
    reason = "begins like a spreadsheet formula, so it is not taken in; write it without =, +, - or @ in front"
    if unsafe:
        refuse(frame.filter(pl.col(column).is_in(unsafe)), column, reason, column)


def _measures(frame: pl.DataFrame, rows: Rows, refuse) -> pl.DataFrame:
    distinct = frame["measure"].unique().drop_nulls()
    facts = [rows.facts.get(m) or known_facts().get(m.strip()) or Facts() for m in distinct]
    known = pl.DataFrame(
        {
            "measure": distinct,
            "feed": distinct.str.strip_chars(),
            "value_type": pl.Series([f.value_type for f in facts], dtype=pl.String),
            "multiplier": pl.Series([f.multiplier for f in facts], dtype=pl.Float64),
            "known_year_type": pl.Series([f.year_type for f in facts], dtype=pl.String),
        }
    )
    frame = frame.join(known, on="measure", how="left", maintain_order="left")
    empty = frame.filter(pl.col("feed").fill_null("") == "")
    refuse(empty, "measure", "no measure is given", "measure")
    return frame.drop("measure").rename({"feed": "measure"})


def _periods(frame: pl.DataFrame, rows: Rows, refuse) -> pl.DataFrame:
    given = (
        pl.coalesce(pl.when(pl.col("year_type").str.strip_chars() != "").then(pl.col("year_type")), "known_year_type")
        if "year_type" in frame.columns
        else pl.col("known_year_type")
    )
    frame = frame.with_columns(given.fill_null("").alias("kind_of_year"))
    distinct = frame.select("period", "kind_of_year").unique()
    read = []
    for label, kind in distinct.iter_rows():
        try:
            period = parse_period(label or "", year_type=kind)
            read.append((period.label, period.end, period.qualifier == "provisional", None))
        except ValueError as error:
            read.append((None, None, None, str(error).rstrip(".") if label else "no period is given"))
    columns = {"label": pl.String, "period_end": pl.Date, "is_provisional": pl.Boolean, "period_fault": pl.String}
    known = distinct.hstack(pl.DataFrame(read, schema=columns, orient="row"))
    frame = frame.drop("period_end", strict=False)
    frame = frame.join(known, on=["period", "kind_of_year"], how="left", nulls_equal=True, maintain_order="left")
    faulty = frame.filter(pl.col("period_fault").is_not_null())
    refuse(faulty, "period", pl.col("period_fault"), "period")
    return frame.drop("period").rename({"label": "period"})


def _numbers(frame: pl.DataFrame, refuse) -> pl.DataFrame:
    for column in NUMBERS:
        if column not in frame.columns:
            frame = frame.with_columns(
                pl.lit(None, pl.Float64).alias(column),
                pl.lit(None, pl.String).alias(f"{column}_status"),
                pl.lit(None, pl.String).alias(f"{column}_note"),
            )
            continue
        read = numbers.parse(frame[column])
        if read["reason"].null_count() < frame.height:
            faulty = frame.select("line", column).with_columns(read["reason"]).filter(pl.col("reason").is_not_null())
            refuse(faulty, column, pl.col("reason"), column)
        frame = frame.with_columns(
            read["number"].alias(column),
            read["status"].alias(f"{column}_status"),
            read["note"].alias(f"{column}_note"),
        )
    return frame


def _statuses(frame: pl.DataFrame, rows: Rows, refuse) -> pl.DataFrame:
    """One status a row: the one the file states, else the marker that stands for the value."""
    if "status" in frame.columns:
        words = {**{k: k for k in STATUSES}, **{v: k for k, v in STATUSES.items()}}
        words |= {marker: status for marker, (status, _) in numbers.markers().items()}
        words |= {"": None, "p": PROVISIONAL, "final": OK, "revised": OK}
        told = pl.col("status").fill_null("").str.strip_chars().str.to_lowercase()
        frame = frame.with_columns(
            told.replace_strict(list(words), list(words.values()), default="?", return_dtype=pl.String).alias("told")
        )
        refuse(
            frame.filter(pl.col("told") == "?"), "status", "not a status; use ok, provisional, c, x, z or low", "status"
        )
        both = frame.filter(pl.col("told").is_in(HIDDEN) & pl.col("value").is_not_null())
        refuse(
            both, "status", "the status says that there is no figure, but a value is given; keep one of them", "status"
        )
    else:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("told"))
    return frame


def _derive(frame: pl.DataFrame, rows: Rows, refuse, ledger: Ledger) -> pl.DataFrame:
    """Work out a missing value from its counts, settle the status, and take the numbers out of hidden rows.

    Without a definition, a measure of the partnership's own is the count itself, or its share of the denominator in per
    cent.
    """
    blank = pl.col("value").is_null() & pl.col("value_status").is_null()
    ours = pl.lit(rows.near is not None) & (pl.col("value_type").fill_null("") == "")
    share = ours & pl.col("multiplier").is_null() & (pl.col("numerator") <= pl.col("denominator"))
    worked = (
        pl.when(((pl.col("value_type") == "count") | ours) & pl.col("denominator").is_null())
        .then(pl.col("numerator"))
        .otherwise(pl.col("numerator") * pl.when(share).then(100.0).otherwise("multiplier") / pl.col("denominator"))
    )
    for measure in frame.filter(blank & share)["measure"].unique().sort():
        ledger.remarks.append(f"{measure}: without a value it is taken as a percentage, numerator of denominator.")
    # A value that has to be worked out is missing when its count or its denominator is hidden.
    stands_for = pl.coalesce("value_status", pl.when(blank).then(pl.coalesce("numerator_status", "denominator_status")))
    frame = frame.with_columns(
        pl.when(blank & (pl.col("denominator").is_null() | (pl.col("denominator") > 0)))
        .then(worked)
        .otherwise(pl.col("value"))
        .alias("value"),
        pl.when(pl.col("is_provisional")).then(pl.lit(PROVISIONAL)).otherwise(pl.lit(OK)).alias("plain"),
        stands_for.alias("marked"),
    )
    marked_low = pl.col("marked").is_in((*HIDDEN, "low")) & pl.col("value").is_null()
    status = (
        pl.when(pl.col("told").is_in((*HIDDEN, "low", PROVISIONAL)))
        .then(pl.col("told"))
        .when(marked_low | (pl.col("marked") == PROVISIONAL))
        .then(pl.col("marked"))
        .when(pl.col("value").is_null())
        .then(pl.lit(rows.empty_is, pl.String))
        .otherwise(pl.col("plain"))
    )
    frame = frame.with_columns(status.alias("status"))
    without = frame.filter(
        pl.col("status").is_null() | (pl.col("status").is_in((OK, PROVISIONAL)) & pl.col("value").is_null())
    )
    refuse(without, "value", "no value; give one, or a status such as c (hidden) or x (not available)", None)
    notes = [pl.col("note").str.strip_chars()] if "note" in frame.columns else []
    notes += [
        pl.col("value_note"),
        pl.when(pl.col("status").is_in((OK, PROVISIONAL)) & pl.col("numerator_status").is_in((*HIDDEN, "low"))).then(
            pl.lit("count not published")
        ),
    ]
    gone = pl.col("status").is_in(HIDDEN).fill_null(False)
    note = pl.concat_str(notes, separator="; ", ignore_nulls=True)
    return frame.with_columns(
        *(pl.when(~gone).then(pl.col(c)).alias(c) for c in NUMBERS),
        pl.when(note != "").then(note).alias("note"),
        pl.when(pl.col("lower").is_not_null() & ~gone).then(pl.lit("95% limits as published")).alias("method"),
        *_groups(frame),
    )


def _is_split() -> pl.Expr:
    return ~pl.col("breakdown").fill_null("").str.strip_chars().str.to_lowercase().is_in(("", "area"))


def _splits(frame: pl.DataFrame, refuse) -> None:
    """A figure that is split by something must say which part it is."""
    group = pl.col("group") if "group" in frame.columns else pl.lit(None, pl.String)
    nameless = frame.filter(_is_split() & (group.fill_null("").str.strip_chars() == ""))
    refuse(nameless, "breakdown", "the figure is split by this, but no group is given", "breakdown")


def _groups(frame: pl.DataFrame) -> list[pl.Expr]:
    """`breakdown` and `group`: the area, or a split and `its value|area`."""
    if "breakdown" not in frame.columns:
        return [pl.lit("area").alias("breakdown"), pl.col("place").alias("group")]
    split = pl.col("breakdown").fill_null("").str.strip_chars()
    value = pl.col("group").str.strip_chars() if "group" in frame.columns else pl.lit(None, pl.String)
    return [
        pl.when(_is_split()).then(split).otherwise(pl.lit("area")).alias("breakdown"),
        pl.when(_is_split()).then(pl.concat_str([value, "place"], separator="|")).otherwise("place").alias("group"),
    ]
