"""Checks on rows whose cells could be read: rules between columns, doubles within the file, faults known beforehand."""

from __future__ import annotations

from collections.abc import Sequence

import dataframely as dy
import polars as pl

from metrics.catalogue import catalogue
from metrics.estimates import NOT_APPLICABLE, NOT_AVAILABLE

from .batch import Ledger

_EMPTIED = ("value", "numerator", "denominator", "lower", "upper")
_COUNTED = ("proportion", "rate", "count")


class Plausible(dy.Schema):
    """What holds between the cells of one row. A rule that meets an empty cell passes."""

    line = dy.Integer()
    value_type = dy.String(nullable=True)
    multiplier = dy.Float(nullable=True)
    value = dy.Float(nullable=True)
    numerator = dy.Float(nullable=True)
    denominator = dy.Float(nullable=True)
    lower = dy.Float(nullable=True)
    upper = dy.Float(nullable=True)

    @dy.rule()
    def count_below_zero(cls) -> pl.Expr:
        return pl.col("numerator") >= 0

    @dy.rule()
    def denominator_not_above_zero(cls) -> pl.Expr:
        nothing_of_nothing = (pl.col("denominator") == 0) & (pl.col("numerator").fill_null(0) == 0)
        return (pl.col("denominator") > 0) | (nothing_of_nothing & pl.col("value").is_null())

    @dy.rule()
    def more_than_all(cls) -> pl.Expr:
        return (pl.col("value_type") != "proportion") | (pl.col("numerator") <= pl.col("denominator"))

    @dy.rule()
    def below_zero(cls) -> pl.Expr:
        return ~pl.col("value_type").is_in(_COUNTED) | (pl.col("value") >= 0)

    @dy.rule()
    def above_hundred(cls) -> pl.Expr:
        counted = pl.col("numerator").is_not_null() & pl.col("denominator").is_not_null()
        return (pl.col("value_type") != "proportion") | (pl.col("value") <= 100) | ~counted

    @dy.rule()
    def fraction_for_percentage(cls) -> pl.Expr:
        """0.239 where the counts give 23.9, which a cell formatted as a percentage hides from view."""
        share = pl.col("numerator") / pl.col("denominator")
        fraction = (pl.col("value_type") == "proportion") & (pl.col("value") > 0) & (pl.col("value") <= 1)
        return ~(fraction & ((pl.col("value") - share).abs() < 0.005) & (share > 0.02))

    @dy.rule()
    def nought_despite_counts(cls) -> pl.Expr:
        """Some tables write 0 for a value that is withheld; rounding alone takes nothing above 1 to 0."""
        worked = pl.col("numerator") * pl.col("multiplier") / pl.col("denominator")
        return ~((pl.col("value") == 0) & (pl.col("denominator") > 0) & (worked > 1))

    @dy.rule()
    def limits_crossed(cls) -> pl.Expr:
        return pl.col("lower") <= pl.col("upper")


# Rule → the column it is about, and what the data officer is told.
REASONS = {
    "count_below_zero": ("numerator", "a count below zero"),
    "denominator_not_above_zero": ("denominator", "the denominator is not above zero"),
    "more_than_all": ("numerator", "the numerator is larger than the denominator, which a share cannot have"),
    "below_zero": ("value", "below zero, which this measure cannot be"),
    "above_hundred": ("value", "a percentage above 100, while the counts of the row say otherwise"),
    "fraction_for_percentage": ("value", "a fraction; write percentages as they are read, 23.9 for 23.9%"),
    "nought_despite_counts": ("value", "0, while the counts of the row say otherwise; is the value withheld?"),
    "limits_crossed": ("lower", "the lower limit is above the upper limit"),
}


def by_rules(frame: pl.DataFrame, refuse, ledger: Ledger) -> None:
    """Refuse the rows that break a rule of `Plausible`.

    A percentage above 100 without counts is kept with a remark: take-up of nursery places is published so, as the
    children are counted and the population estimated.
    """
    wanted = frame.select(pl.col("line").cast(pl.Int64), *(c for c in Plausible.columns() if c != "line"))
    _, failure = Plausible.filter(wanted)
    above = frame.filter((pl.col("value_type") == "proportion") & (pl.col("value") > 100)).height
    if above:
        ledger.remarks.append(f"Percentages above 100: {above:,}, kept as given: there are no counts to check them by.")
    if len(failure) == 0:
        return
    details = failure.details().join(failure.invalid().select("line").unique(), on="line", how="semi")
    for rule, (column, reason) in REASONS.items():
        if rule in details.columns:
            refuse(details.filter(pl.col(rule).cast(pl.String) == "invalid"), column, reason, column)


def known_faults(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Set aside, move or remark on the figures that `known_faults.csv` names; each keeps its row and gets a note."""
    key = ["measure", "group", "period_end"]
    named = catalogue().faults.rename({"period_end": "when"})
    here = frame.lazy().filter(pl.col("group").is_in(named["area"].unique().implode()), pl.col("value").is_not_null())
    here = here.select(key).unique().collect()
    family = (pl.col("measure").str.split(":").list.first() + ":*").alias("family")
    exactly = here.join(named, left_on=["measure", "group"], right_on=["feed", "area"])
    by_family = here.with_columns(family).join(named, left_on=["family", "group"], right_on=["feed", "area"])
    parts = pl.concat([exactly, by_family.drop("family")])
    hits = parts.filter((pl.col("when") == "*") | (pl.col("when") == pl.col("period_end").cast(pl.String)))
    if hits.is_empty():
        return frame
    hits = hits.unique(subset=key, keep="first").sort(key).select(*key, "action", "becomes", "reason")
    frame = frame.join(hits, on=key, how="left", maintain_order="left")
    said = pl.col("note").fill_null("").str.contains(pl.col("reason"), literal=True)  # our own tables carry it already
    note = pl.when(said).then("note").otherwise(pl.concat_str("note", "reason", separator="; ", ignore_nulls=True))
    gone = pl.col("action").is_in(("missing", "not applicable")).fill_null(False)
    status = {"missing": NOT_AVAILABLE, "not applicable": NOT_APPLICABLE}
    frame = frame.with_columns(
        *(
            pl.when(~gone).then(pl.col(c)).alias(c)
            for c in ("value", "numerator", "denominator", "lower", "upper", "n")
        ),
        pl.when(gone).then(pl.col("action").replace(status)).otherwise(pl.col("status")).alias("status"),
        pl.when(pl.col("action") == "belongs to").then(pl.col("becomes")).otherwise(pl.col("group")).alias("group"),
        pl.when(pl.col("action").is_not_null()).then(note).otherwise(pl.col("note")).alias("note"),
    )
    for (measure, area, reason), rows in hits.group_by("measure", "group", "reason", maintain_order=True):
        ledger.remarks.append(
            f"{measure}, {area}, {rows.height} {'period' if rows.height == 1 else 'periods'}: {reason}"
        )
    return frame.drop("action", "becomes", "reason")


def duplicates(frame: pl.DataFrame, refuse, ledger: Ledger, *, also: Sequence[str] = ()) -> pl.DataFrame:
    """Merge rows that say the same of one measure, split, area and period; refuse those that contradict each other.

    `also`: further columns that tell one row from another.
    """
    # Hashes find the few rows worth comparing; the comparison itself is on the values.
    key = ["measure", "breakdown", "group", "period_end", "period", *also]
    hashed = frame.select(key).hash_rows()
    suspects = frame.filter(hashed.is_duplicated())
    if suspects.is_empty():
        return frame
    told = pl.struct("value", "numerator", "denominator", "status")
    suspects = suspects.with_columns(
        told.n_unique().over(key).alias("versions"),
        pl.int_range(pl.len()).over(key).alias("copy"),
        pl.col("line").unique().sort().cast(pl.String).implode().list.join(", ").over(key).alias("lines"),
        pl.len().over(key).alias("copies"),
        pl.col("note").drop_nulls().first().over(key).alias("shared_note"),
    )
    clash = suspects.filter(pl.col("versions") > 1)
    reason = pl.format("lines {} give different figures for the same measure, area and period", "lines")
    refuse(clash, "value", reason, "value")
    extra = suspects.filter((pl.col("versions") == 1) & (pl.col("copy") > 0))
    ledger.leave_out(extra, "they repeat an earlier row's figure")
    drop = pl.concat([clash.select("line", *key), extra.select("line", *key)])
    kept_notes = suspects.filter((pl.col("versions") == 1) & (pl.col("copies") > 1)).select("line", *key, "shared_note")
    frame = frame.join(drop, on=["line", *key], how="anti", maintain_order="left")
    frame = frame.join(kept_notes, on=["line", *key], how="left", maintain_order="left")
    return frame.with_columns(pl.coalesce("note", "shared_note").alias("note"))
