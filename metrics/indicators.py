"""Outcome-based accountability: published figures made into series, a county that split, change, runs and claims.

Method: Mark Friedman, *Trying Hard Is Not Good Enough* (2005), for baselines, turning the curve and the data
development agenda. Frames hold the columns of `metrics.estimates.SCHEMA`; `group` is an ONS area code, values stand
on the measure's own scale (23.9 for 23.9%). `feed` (the figure's id in the outside file), `note` (remarks and
reasons, in words) and `previous_value` (what an earlier release said) go along where they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl

from metrics.catalogue import Break, Catalogue, Printed, Series, catalogue
from metrics.estimates import NOT_AVAILABLE, OK, PROVISIONAL, STATUSES, SUPPRESSED
from metrics.series import EXTRAS, KEY, LINE, NUMBERS, resolve, with_limits

__all__ = [
    "agenda", "change_since", "county_line", "half_up", "judge_claim", "latest", "resolve", "run_length", "run_lengths",
]  # fmt: skip

RATE_ONLY, SCORE_ONLY = "only a rate is published, without its count", "an average without the sum behind it"
USUAL_STEP = {True: 92, False: 366}  # longest days from one period to the next, quarterly or yearly


# ---- a county that split


def county_line(
    estimates: pl.DataFrame, *, county: str, successors: Sequence[str], series: Mapping[str, Series] | None = None
) -> pl.DataFrame:
    """The county's own figures, and after it ended the sum of its successors' numerators over the sum of their
    denominators.

    estimates: SCHEMA (and `EXTRAS`), as `resolve` gives it. county, successors: area codes. series: None takes the
    definitions. Two rates are never averaged: where a count is not published the row has no value and `note` says
    where and why the line stops. Gives the columns of `estimates` and `note`, one row for each measure and period,
    `group` = county, sorted. Raises `ValueError` without successors."""
    if not successors:
        raise ValueError("A county line needs the areas that follow the county.")
    series = catalogue().series if series is None else series
    names = {code: area.name for code, area in catalogue().areas.items()}
    frame = estimates.with_columns(pl.lit(None, t).alias(c) for c, t in EXTRAS.items() if c not in estimates.columns)
    own = frame.filter(pl.col("group") == county)
    had = {(r["measure"], r["period_end"]) for r in own.filter(pl.col("value").is_not_null()).iter_rows(named=True)}
    parts: dict[tuple[str, Any], dict[str, dict[str, Any]]] = {}
    first: dict[str, Any] = {}
    for row in frame.filter(pl.col("group").is_in(list(successors))).sort("period_end").iter_rows(named=True):
        parts.setdefault((row["measure"], row["period_end"]), {})[row["group"]] = row
        if row["value"] is not None:
            first.setdefault(row["measure"], row["period_end"])
    new = [
        _add_up(found, county, successors, series[measure], names)
        for (measure, end), found in parts.items()
        if (measure, end) not in had and measure in first and end >= first[measure]
    ]
    schema = {c: frame.schema[c] for c in frame.columns}
    added = pl.DataFrame(new, schema=schema, orient="row")
    line = pl.concat([own.join(added, on=["measure", "period_end"], how="anti"), added])
    rows = line.join(
        pl.DataFrame(
            [(s.id, s.value_type, s.multiplier) for s in series.values()],
            schema=["measure", "value_type", "multiplier"],
            orient="row",
        ),
        on="measure",
        how="left",
        maintain_order="left",
    ).with_columns(back=pl.lit(None, pl.String))
    summed = pl.col("feed").is_null() & pl.col("value").is_not_null() & (pl.col("group") == county)
    limits = with_limits(rows).with_columns(
        method=pl.when(pl.col("lower").is_null())
        .then(rows["method"])
        .otherwise(rows["method"] + ", " + pl.col("method"))
    )
    rows = pl.concat([rows.filter(~summed).select(frame.columns), limits.filter(summed).select(frame.columns)])
    keep = [c for c in frame.columns if c in estimates.columns or c == "note"]
    return rows.select(keep).sort("measure", "period_end")


def _add_up(
    found: dict[str, dict[str, Any]], county: str, successors: Sequence[str], series: Series, names: Mapping[str, str]
) -> dict[str, Any]:
    base = dict(next(iter(found.values())))
    row = {**base, **dict.fromkeys(NUMBERS), "group": county, "feed": None, "previous_value": None}
    reasons = [
        f"{names.get(code, code)}: {why}"
        for code in successors
        if (why := _why_not(found.get(code), series.value_type))
    ]
    if reasons:
        hidden = any((found.get(code) or {}).get("status") == SUPPRESSED for code in successors)
        why = ", for two rates are never averaged" if any(r.endswith((RATE_ONLY, SCORE_ONLY)) for r in reasons) else ""
        said = f"The county line stops here{why}: {'; '.join(reasons)}."
        return {**row, "status": SUPPRESSED if hidden else NOT_AVAILABLE, "method": "not summed", "note": said}
    rows = [found[code] for code in successors]
    numerator = sum(r["numerator"] for r in rows)
    denominator = None if series.value_type == "count" else sum(r["denominator"] for r in rows)
    notes = dict.fromkeys(r["note"] for r in rows if r["note"])
    return {
        **row,
        "numerator": numerator,
        "denominator": denominator,
        "value": numerator if denominator is None else series.multiplier * numerator / denominator,
        "status": PROVISIONAL if any(r["status"] == PROVISIONAL for r in rows) else OK,
        "method": "sum of " + " and ".join(names.get(code, code) for code in successors),
        "note": " ".join(notes) or None,
    }


def _why_not(row: dict[str, Any] | None, value_type: str) -> str:
    """Why this successor cannot be added; empty if it can."""
    if row is None:
        return "no figure"
    if row["value"] is None:
        return STATUSES.get(row["status"], "not available") + (f" ({row['note'].rstrip('.')})" if row["note"] else "")
    if value_type == "score":
        return SCORE_ONLY
    if row["numerator"] is None or (value_type != "count" and not row["denominator"]):
        return RATE_ONLY
    return ""


# ---- change


def latest(estimates: pl.DataFrame) -> pl.DataFrame:
    """The last row with a value of each measure, breakdown and group; the last row of all where none has one.

    Beside the columns given: `newer_period` and `newer_status`, the last period after it that came without a value,
    else null."""
    ordered = estimates.sort(*KEY)
    best = ordered.sort(pl.col("value").is_not_null(), maintain_order=True).unique(
        LINE, keep="last", maintain_order=True
    )
    last = ordered.unique(LINE, keep="last", maintain_order=True).select(
        *LINE, last_end="period_end", newer_period="period", newer_status="status"
    )
    newer = pl.col("last_end") > pl.col("period_end")
    return (
        best.join(last, on=LINE, how="left", nulls_equal=True)
        .with_columns(pl.when(newer).then(pl.col(c)).alias(c) for c in ("newer_period", "newer_status"))
        .drop("last_end")
        .sort(LINE)
    )


def change_since(
    estimates: pl.DataFrame, *, baseline_period: str | Mapping[str, str], series: Mapping[str, Series] | None = None
) -> pl.DataFrame:
    """From the named baseline to the latest value of each measure and group.

    baseline_period: a period label, or one for each measure. series: for breaks and units; None takes the
    definitions. Gives measure, breakdown, group, period, period_end, value, baseline_period, baseline_value, change
    (own units; of a percentage, percentage points), change_percent (of the baseline; null where that is 0),
    change_unit, and `reason` in words where there is no change to give: no baseline, no value, or a break of series
    between the two."""
    series = catalogue().series if series is None else series
    names = {m: baseline_period if isinstance(baseline_period, str) else baseline_period.get(m, "") for m in series}
    now = latest(estimates).select(*LINE, "period", "period_end", "value")
    now = now.with_columns(baseline_period=pl.col("measure").replace_strict(names, default="", return_dtype=pl.String))
    then = estimates.select(*LINE, baseline_period="period", baseline_end="period_end", baseline_value="value")
    both = now.join(then, on=[*LINE, "baseline_period"], how="left", nulls_equal=True).with_columns(
        reason=pl.struct("measure", "period_end", "value", "baseline_end", "baseline_value").map_elements(
            lambda r: _no_change(r, series), return_dtype=pl.String, skip_nulls=False
        ),
        change_unit=pl.col("measure").replace_strict(
            {s.id: "percentage points" if s.unit.startswith("%") else s.unit for s in series.values()}, default=""
        ),
    )
    change = pl.when(pl.col("reason") == "").then(pl.col("value") - pl.col("baseline_value"))
    per_cent = pl.when(pl.col("baseline_value") != 0).then(100 * change / pl.col("baseline_value").abs())
    both = both.with_columns(change=change, change_percent=per_cent)
    return both.select(
        *LINE, "period", "period_end", "value", "baseline_period", "baseline_value",
        "change", "change_percent", "change_unit", "reason",
    ).sort(LINE)  # fmt: skip


def _no_change(row: dict[str, Any], series: Mapping[str, Series]) -> str:
    if row["value"] is None:
        return "no figure"
    if row["baseline_value"] is None:
        return "no figure for the baseline period"
    if row["baseline_end"] >= row["period_end"]:
        return "the baseline is the latest period"
    breaks: Sequence[Break] = series[row["measure"]].breaks if row["measure"] in series else ()
    for b in breaks:
        if row["baseline_end"].isoformat() < b.period_end <= row["period_end"].isoformat():
            return f"not comparable: {b.reason}"
    return ""


def run_length(values: Iterable[float | None]) -> int:
    """Steps in the same direction up to the last value: 3 = three rises in a row, −2 = two falls, 0 = no change.

    values: one for each period in order, None where a period has none. A tie or a gap ends the run.
    """
    run, later = 0, None
    for value in reversed(list(values)):
        if later is None:
            if value is None:  # the latest period has no value
                return 0
        elif value is None or value == later or (run and (later > value) != (run > 0)):
            break
        else:
            run += 1 if later > value else -1
        later = value
    return run


def run_lengths(estimates: pl.DataFrame, *, series: Mapping[str, Series] | None = None) -> pl.DataFrame:
    """`run_length` of each measure, breakdown and group, up to its latest published value: those columns and `run`.

    A period left out and a break of series end a run too.
    """
    series = catalogue().series if series is None else series
    rows = []
    for key, line in estimates.sort(*KEY).group_by(LINE, maintain_order=True):
        s = series.get(str(key[0]))
        step = USUAL_STEP[bool(s and s.year_type == "quarter")]
        breaks = [b.period_end for b in s.breaks] if s else []
        values: list[float | None] = []
        last = None
        for end, value in line.select("period_end", "value").iter_rows():
            if last and ((end - last).days > step or any(last.isoformat() < b <= end.isoformat() for b in breaks)):
                values.append(None)
            values.append(value)
            last = end
        while values and values[-1] is None:
            values.pop()
        rows.append((*key, run_length(values)))
    return pl.DataFrame(rows, schema={**{c: pl.String for c in LINE}, "run": pl.Int64}, orient="row")


# ---- what the strategy printed, and what nobody publishes


def judge_claim(printed: Printed) -> str:
    """Whether the comparators printed beside a “too many” bear it out.

    `supported`: worse than each; `contradicted`: worse than neither neighbours nor England; `mixed`: worse than
    some (another area picked as comparator counts here); `no comparator`. Without polarity, more is what the claim
    calls worse. The best area of England is no comparator: all but one area are worse than it."""
    if printed.value is None:
        return "no comparator"
    sign = -1 if printed.polarity == "higher" else 1
    official = [c for c in (printed.neighbours, printed.england) if c is not None]
    every = [*official, *([printed.other] if printed.other is not None else [])]
    if not every:
        return "no comparator"
    worse = [sign * printed.value > sign * c for c in every]
    if all(worse):
        return "supported"
    return "mixed" if any(worse) else "contradicted"


def agenda(
    catalogue: Catalogue, *, strategy: str = "Northamptonshire 2020", with_stand_ins: bool = False
) -> pl.DataFrame:
    """The data development agenda: the strategy's indicators for which nobody publishes a figure.

    with_stand_ins: also those whose published series is only near, part or stand-in. Gives id, outcome_group,
    question, name, accountability, relation, missing, holder, frequency, in the strategy's order."""
    wanted = ("none", "proxy", "partial", "near") if with_stand_ins else ("none",)
    columns = [
        "id",
        "outcome_group",
        "question",
        "name",
        "accountability",
        "relation",
        "missing",
        "holder",
        "frequency",
    ]
    rows = [
        {c: getattr(i, c) for c in columns}
        for i in catalogue.indicators.values()
        if i.strategy == strategy and i.relation in wanted
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))


def half_up(value: float | None, decimals: int) -> float | None:
    """Round for display, a half away from nought (2.5 → 3, 0.125 to two decimals → 0.13), as people and
    spreadsheets do."""
    if value is None:
        return None
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return float(rounded) + 0.0  # + 0.0: no −0
