"""Tables that a screen reader, a phone and a printer can read: real HTML, escaped by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard import words
from dashboard.charts import palette, sparkline
from dashboard.components.blocks import html


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure as the strategy printed it: its text with period, and what the published series says of it."""

    text: str  # "29.4% in 2018/19"
    finding: str = ""  # matches | revised since | wrong as printed | cannot be checked
    published: str = ""  # "published: 29.9%"
    claim: str = ""  # "too many" where the strategy's own comparator says otherwise, in words; else ""


@dataclass(frozen=True, slots=True)
class ScorecardRow:
    """One indicator on the scorecard. Numbers on the measure's own scale; words as the metrics say them."""

    id: str  # "S1"
    name: str
    address: str  # `link("turn_the_curve", measure="S1")`
    unit: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    decimals: int = 1
    status: str = "ok"
    period: str = ""
    comparator: str = ""  # "England"
    comparator_value: float | None = None
    verdict: str = "not compared"
    trend: str = "too few points"
    history: pl.DataFrame | None = None  # estimates frame of this area, all years
    breaks: Sequence[date | str] = ()
    printed: Sequence[Printed] = ()
    note: str = ""  # "restated", "the published series covers ages 0–14"
    measure_name: str = ""  # name of the published series, where it is not the indicator's own


@dataclass(frozen=True, slots=True)
class Missing:
    """An indicator of the strategy without figures: what is missing and who has it."""

    id: str
    name: str
    missing: str
    holder: str = ""
    address: str = ""


def scorecard_table(
    rows: Sequence[ScorecardRow], *, caption: str, missing: Sequence[Missing] = (), lead: str = ""
) -> None:
    """One outcome group of the scorecard, with the indicators that have no figures yet beneath.

    On a narrow screen each row becomes a card; nothing scrolls sideways. Verdicts are a mark and a word.
    """
    html(
        "scorecard.html",
        caption=caption,
        lead=lead,
        rows=[_shown(row) for row in rows],
        missing=missing,
    )


def _shown(row: ScorecardRow) -> dict[str, object]:
    small = None
    if row.history is not None:
        small = sparkline(row.history, unit=row.unit, decimals=row.decimals, breaks=row.breaks)
    counts = words.of(row.numerator, row.denominator)
    return {
        "row": row,
        "value": words.value(row.value, unit=row.unit, decimals=row.decimals, status=row.status),
        "status": "" if row.value is not None else words.status_words(row.status),
        "limits": words.interval(row.lower, row.upper, decimals=row.decimals) if row.value is not None else "",
        "counts": counts if row.value is not None else "",
        "unit": "" if words.sign_of(row.unit) else row.unit,
        "provisional": row.status == "provisional",
        "comparator": words.value(row.comparator_value, unit=row.unit, decimals=row.decimals),
        "verdict": palette.verdict(row.verdict),
        "small": small,
    }


def plain_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    caption: str,
    numbers: Sequence[str] = (),
    summary: str = "",
    headed: bool = False,
) -> None:
    """A table of ready text. `numbers` are the columns to set flush right; `summary` folds it away under that line.

    `headed`: a heading with the caption's words stands above it; the caption is then only read out.
    """
    html(
        "table.html", columns=columns, rows=rows, caption=caption, numbers=set(numbers), summary=summary, headed=headed
    )
