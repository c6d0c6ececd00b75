"""Activity in words: a figure with its interval and n, what changed, what stands out, what a chart shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dashboard import words
from dashboard.answers.activity_audits import NAMES
from metrics.activity import MEASURES, Measure, measure_of
from metrics.cases import AGENCY_TYPES
from metrics.estimates import LOW, NOT_APPLICABLE, NOT_AVAILABLE, SUPPRESSED

RECENT = 3  # months in which a signal is still news
_WHY = {
    SUPPRESSED: "hidden because a count is small",
    NOT_APPLICABLE: "nothing to count",
    NOT_AVAILABLE: "not available",
    LOW: "too few to judge",
}
_SIGNALS = {  # what `metrics.control_chart` says → what people say
    "beyond the limits": "beyond the usual ups and downs",
    "or more on one side of the mean": "months or more on one side of the average",
    "or more rising": "months or more rising",
    "or more falling": "months or more falling",
    "2 of 3 near the same limit": "two of three months nearly beyond the usual",
}
_LENGTHS = ("month by month", "quarter by quarter", "year by year")
Row = Mapping[str, Any]
_UNCOUNTED = "10 audits or more"  # of a group it is never said how many


def name_of(measure: str) -> str:
    """`M18_school` → `Early Help Assessments by agency: Schools and colleges`."""
    if measure in MEASURES:
        return MEASURES[measure].name
    part = measure.partition("_")[2]
    return f"{measure_of(measure).name}: {AGENCY_TYPES.get(part, part)}"


def value(it: Measure, row: Row) -> str:
    """The figure itself: `61%`, `4,190`, `£1,563`, `167 days`, a marker where it is hidden."""
    figure = row["value"]
    if figure is None:
        return words.MARKERS.get(row["status"], words.MISSING)
    if it.unit.startswith("£"):
        return words.pounds(figure)
    shown = words.value(figure, unit=it.unit, decimals=0 if it.unit.startswith("%") else it.decimals)
    return f"{shown} days" if it.unit == "days" else shown


def detail(it: Measure, row: Row) -> str:
    """Limits and counts: `(60–63), 2,200 of 3,605 assessments`; why there is none."""
    if row["value"] is None:
        return _WHY.get(row["status"], "")
    decimals = 0 if it.unit.startswith("%") else it.decimals
    limits = words.interval(row["lower"], row["upper"], decimals=decimals) if it.kind != "count" else ""
    parts = [f"({limits})"] if limits else []
    if it.kind == "share" and row["numerator"] is not None and row["denominator"] is not None:
        parts.append(f"{words.of(row['numerator'], row['denominator'])} {_plural(it.per, row['denominator'])}")
    elif row["n"] is None and set(it.needs) <= set(NAMES):
        parts.append(_UNCOUNTED)
    elif it.kind == "count":
        parts.append(it.unit)
    else:
        said = "" if it.unit.startswith("%") or it.unit == "days" else it.unit.removeprefix("£ ")
        parts += [part for part in (said, f"n = {row['n']:,}" if row["n"] is not None else "") if part]
    return " ".join(parts)


def _plural(per: str, number: float) -> str:
    return per if number == 1 else {"pair of readings": "pairs of readings", "family": "families"}.get(per, per + "s")


def cells(it: Measure, row: Row) -> tuple[str, str, str, str]:
    """A row of a table: figure, limits, numerator, denominator; hidden ones as their markers."""
    decimals = 1 if it.unit.startswith("%") else it.decimals
    limits = words.interval(row["lower"], row["upper"], decimals=decimals)
    return (
        value(it, row),
        limits or words.MISSING,
        words.number(row["numerator"], decimals=0),
        words.number(row["denominator"], decimals=0),
    )


def before(it: Measure, row: Row | None) -> str:
    """`2024/25: 58% (57–60) 2,431 of 4,190 assessments`; "" where there is none."""
    return f"{row['period']}: {value(it, row)} {detail(it, row)}" if row and row["value"] is not None else ""


def beside(it: Measure, row: Row | None) -> str:
    """`whole county: 52% (51–54)`, of what can be compared: a count grows with the area. "" where there is none."""
    if row is None or row["value"] is None or it.kind == "count":
        return ""
    limits = words.interval(row["lower"], row["upper"], decimals=0 if it.unit.startswith("%") else it.decimals)
    return f"whole county: {value(it, row)}{f' ({limits})' if limits else ''}"


def note(it: Measure, *, provisional: bool, restated: bool) -> str:
    said = []
    if provisional:
        said.append("not all followed up yet" if it.mature_days else "so far")
    if restated:
        said.append("restated since the last month's figures")
    return "; ".join(said)


def signal(months: pl.DataFrame, limits: pl.DataFrame) -> str:
    """What stands out in the last months; "" for ordinary up and down, and for too few months."""
    told = list(zip(months["period_end"].to_list(), limits["signal"].to_list(), strict=True))[-RECENT:]
    found = [(day, said) for day, said in told if said]
    return f"{words.month(found[-1][0])}: {_plainly(found[-1][1].partition(';')[0])}" if found else ""


def _plainly(signal: str) -> str:
    """What a rule of control charts found, without its trade's words."""
    for trade, plain in _SIGNALS.items():
        signal = signal.replace(trade, plain)
    return signal


def sentence(rows: pl.DataFrame, of: str, period: str) -> str:
    """What a chair could read out: how much, how well, and whether anyone is better off. `of`: "in Corby"."""
    held = {row["measure"]: row for row in rows.iter_rows(named=True)}
    if all(row["value"] is None for row in held.values()):
        return f"No figure can be shown {of} in {period}: the counts are too small."
    said = []
    if _shown(held, "M01_count"):
        number = words.number(held["M01_count"]["value"], decimals=0)
        said.append(f"in {period}, {number} Early Help Assessments (EHA) were started {of}")
    if _shown(held, "M02"):
        said.append(f"{_share(held['M02'])} of those completed were on time")
    after = []
    if _shown(held, "M10"):
        after.append(f"{_share(held['M10'])} of closures had their needs met")
    if _shown(held, "M15"):
        after.append(f"after {_share(held['M15'])} of closures the family needed no more help for 12 months")
    told = [words.listed(part) for part in (said, after) if part]
    if not told:
        return f"Of {period} only the figures below can be shown {of}."
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in told)


def _shown(held: Mapping[str, Row], measure: str) -> bool:
    return measure in held and held[measure]["value"] is not None


def _share(row: Row) -> str:
    limits = words.interval(row["lower"], row["upper"], decimals=0)
    inside = [part for part in (limits, words.of(row["numerator"], row["denominator"])) if part]
    figure = words.value(row["value"], unit="%", decimals=0)
    return f"{figure} ({'; '.join(inside)})" if inside else figure


def remark(left: Sequence[str], *, asked: str, shown: str, of: str) -> str:
    """What was chosen and cannot be shown together, and what is shown in its place; "" where all is."""
    said = []
    if left:
        said.append(
            f"Figures are cut one way at a time, because cut finer most would be too small to show: this is {of}, "
            f"not {words.listed(list(left))} within it."
        )
    if asked != shown:
        said.append(f"{of[0].upper() + of[1:]} is not shown for {asked}: this is {shown}.")
    return " ".join(said)


def length() -> pl.Expr:
    """How long a period is, by its label: 0 a month, 1 a quarter, 2 a year."""
    label = pl.col("period")
    return pl.when(label.str.contains("-")).then(0).when(label.str.contains("Q")).then(1).otherwise(2)


def length_of(label: str) -> int:
    """The same of one label."""
    return 0 if "-" in label else 1 if "Q" in label else 2


def pace(frame: pl.DataFrame) -> str:
    """How far apart the points of a course are."""
    return _LENGTHS[frame.select(length().max()).item()] if frame.height else ""


def chart_headline(measure: str, frame: pl.DataFrame, limits: pl.DataFrame) -> str:
    """What the chart shows, in a sentence without a stop."""
    known = frame.filter(pl.col("value").is_not_null())
    name = name_of(measure)
    if known.is_empty():
        return f"{name}: no figure can be shown"
    if limits["mean"].null_count() == limits.height:
        return f"{name}: too few points to tell ordinary up and down from change"
    recent = [said for said in limits["signal"].to_list()[-RECENT:] if said]
    if recent:
        return f"{name}: something has changed lately ({_plainly(recent[-1])})"
    early = limits["signal"].drop_nulls().len()
    return f"{name}: nothing beyond ordinary up and down lately" + (", but there was before" if early else "")


def behind(frame: pl.DataFrame, it: Measure) -> str:
    """The number behind the whole course."""
    if it.stock or frame["n"].null_count() == frame.height:
        return ""
    return f"{frame['n'].sum():,} {_plural(it.per, 2)}"


def cell(row: Row | None, most: float) -> tuple[str, int]:
    """A figure of the strip and the height of its column, 0 to 100."""
    if row is None:
        return "0", 0
    if row["value"] is None:
        return words.MARKERS.get(row["status"], words.MISSING), 0
    return words.number(row["value"], decimals=0), round(100 * row["value"] / most)


def about(it: Measure, *, updated: str, hidden: int, immature: str) -> dict[str, str]:
    """What stands under the page, for the measure that is drawn."""
    counted = "A count" if it.kind == "count" else f"Of: {it.denominator}"
    return {
        "definition": f"{it.name}: {it.numerator}. {counted}. Unit: {it.unit}.",
        "source": f"Case records of the partnership. Definition: {it.source}.",
        "last_update": updated,
        "n": f"Beside every figure, with 95% limits where it is a share. Counted: {_plural(it.per, 2)}. {immature}",
        "exclusions": "Closures because a family moved away, and cases opened in error, are left out of outcomes.",
        "method": (
            "Shares: Wilson 95%. Control chart: mean ± 2.66 × the mean moving range (XmR), signals after NHS England's "
            "Making Data Count. Working days leave out England's bank holidays. "
            + (f"{hidden:,} figures on this page are hidden because a count is small. " if hidden else "")
        ),
        "limits": it.limits,
    }
