"""Tables of DfE's Explore education statistics: one row an area, year and, in some, a kind of child; many columns.

Which columns of which table make a figure is data (`ees.csv`): the feed, the columns a table must have, the rows to
keep, the value (empty: worked out from the counts), numerator, denominator (of the same row, or of the row named by
`denominator_keep` for the same area and year), multiplier and kind of year.
"""

from __future__ import annotations

from functools import reduce

import polars as pl

from .batch import IntakeError, Ledger
from .definitions import table
from .figures import Facts, Rows
from .headers import normal

_LEVELS = {"National": "country_code", "Regional": "region_code", "Local authority": "la_code"}


def _matches(conditions: str, columns: dict[str, str]) -> pl.Expr:
    """`column=value;column=value` as an expression; an empty one matches every row."""
    tests = [part.partition("=") for part in conditions.split(";") if part]
    each = [pl.col(columns[column]).str.strip_chars() == value for column, _, value in tests]
    return reduce(lambda a, b: a & b, each, pl.lit(True))


def _plain(text: str) -> pl.Expr:
    return pl.col(text).fill_null("").str.strip_chars()


def read(frame: pl.DataFrame, header: list[str | None], fitted: dict[str, int], ledger: Ledger) -> list[Rows]:
    """One `Rows` a feed that the table holds. Raises `IntakeError` when it holds none."""
    columns = {normal(name): f"c{i}" for i, name in enumerate(header) if name}
    here = [feed for feed in table("ees.csv") if all(c in columns for c in feed["needs"].split(";"))]
    if not here:
        tables = sorted({feed["table"].split(" (")[0] for feed in table("ees.csv")})
        raise IntakeError(
            "This Explore education statistics table holds none of the figures that the dashboard uses, which are in "
            + "; ".join(tables)
            + "."
        )
    at = {name: f"c{i}" for name, i in fitted.items()}
    level = _plain(at["level"])
    frame = frame.with_columns(
        reduce(
            lambda rest, pair: pl.when(level == pair[0]).then(pl.col(at[pair[1]])).otherwise(rest),
            [(name, column) for name, column in _LEVELS.items() if column in at],
            pl.lit(None, pl.String),
        ).alias("area_code"),
        level.is_in(list(_LEVELS)).alias("level_known"),
    )
    elsewhere = frame.filter(~pl.col("level_known"))
    if not elsewhere.is_empty():
        kinds = ", ".join(sorted(set(elsewhere.select(level.alias("level"))["level"]))) or "no level"
        ledger.leave_out(elsewhere, f"they are about other kinds of area ({kinds})")
    frame = frame.filter(pl.col("level_known"))

    found, used_columns = [], set(fitted)
    for feed in here:
        keep = frame.filter(_matches(feed["keep"], columns))
        if not keep.is_empty():
            rows, names = _figures(frame, keep, feed, columns, at, ledger)
            found.append(rows)
            used_columns |= names
    ledger.leave_out(frame, "they are of kinds that no figure of the dashboard uses")
    unused = [
        name for name in header if name and normal(name) not in used_columns and normal(name) not in _area_names()
    ]
    if unused:
        shown = ", ".join(unused[:12]) + (f" and {len(unused) - 12} more" if len(unused) > 12 else "")
        ledger.remarks.append(f"Columns not used: {shown}.")
    return found


def _area_names() -> set[str]:
    """Columns that only repeat which area or year it is."""
    return {
        "time_period",
        "time_identifier",
        "geographic_level",
        "country_code",
        "country_name",
        "region_code",
        "region_name",
        "old_la_code",
        "new_la_code",
        "la_name",
    }


def _figures(
    frame: pl.DataFrame,
    keep: pl.DataFrame,
    feed: dict[str, str],
    columns: dict[str, str],
    at: dict[str, str],
    ledger: Ledger,
) -> tuple[Rows, set[str]]:
    names: dict[str, str] = {"measure": feed["feed"], "period": "time_period", "area_code": "new_la_code"}
    wanted = [pl.col("line"), pl.col("area_code"), pl.col(at["period"]).alias("period")]
    for ours in ("value", "numerator"):
        if feed[ours]:
            wanted.append(pl.col(columns[feed[ours]]).alias(ours))
            names[ours] = feed[ours]
    used = {feed["value"], feed["numerator"], feed["denominator"]} - {""}
    used |= {part.partition("=")[0] for part in f"{feed['keep']};{feed['denominator_keep']}".split(";") if part}
    if feed["denominator"]:
        names["denominator"] = feed["denominator"]
        if feed["denominator_keep"]:
            key = ["area_code", at["period"]]
            totals = frame.filter(_matches(feed["denominator_keep"], columns))
            ledger.use(totals)
            totals = totals.select(*key, pl.col(columns[feed["denominator"]]).alias("denominator"))
            totals = totals.unique().unique(subset=key, keep="none")
            keep = keep.join(totals, on=key, how="left", nulls_equal=True, maintain_order="left")
            wanted.append(pl.col("denominator"))
        else:
            wanted.append(pl.col(columns[feed["denominator"]]).alias("denominator"))
    if not feed["value"]:
        names["value"] = feed["numerator"]
    multiplier = float(feed["multiplier"]) if feed["multiplier"] else None
    value_type = {100.0: "proportion", None: "count"}.get(multiplier, "rate")
    rows = keep.select(wanted).with_columns(pl.lit(feed["feed"]).alias("measure"))
    facts = {feed["feed"]: Facts(value_type, multiplier, feed["year_type"])}
    return Rows(rows, names, facts), used
