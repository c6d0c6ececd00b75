"""Is early help working? The strategy's indicators, each with its latest figure, comparator, verdict and trend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import own_indicators
from dashboard.answers.own_indicators import kept_for_all_with_own, known
from dashboard.answers.printed import printed_rows
from dashboard.answers.published import (
    COMPARATORS,
    COUNTY,
    NEIGHBOURS,
    NORTH,
    RESTATED,
    WEST,
    comparator,
    northamptonshire,
    of_series,
    trend,
    way,
)
from metrics.catalogue import Indicator, Series
from metrics.comparison import NOT_COMPARED, against_benchmark
from metrics.indicators import latest
from metrics.trends import (
    DECREASING,
    GETTING_WORSE,
    IMPROVING,
    INCREASING,
    NO_CLEAR_CHANGE,
    TOO_FEW,
    USUAL_SWING,
)

SHOW = {
    "all": "all indicators",
    "changed": "only those that changed",
    "worse": "only those that are worse",
    "figures": "only those with figures",
}
SPLIT = date(2021, 8, 31)  # the county council ended on 31 March 2021; a school year that began before ends here
STOPPED = "County line ends;"  # how the note begins where only rates are published since the county was split
NOT_HERE = "nothing: it is reckoned here for the county as a whole, see there"
UNCHANGED = "None has changed beyond the usual swing."
STILL = (NO_CLEAR_CHANGE, TOO_FEW, USUAL_SWING)


@dataclass(frozen=True, slots=True)
class Group:
    """One outcome group: rows with figures (fields of a scorecard row), and what has no figures yet."""

    name: str
    rows: Sequence[Mapping[str, Any]]
    missing: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Scorecard:
    sentence: str
    lead: str  # what the reader must know before comparing
    banner: str  # what stands small above, where invented records are in the figures
    groups: Sequence[Group]
    frame: pl.DataFrame  # the estimates shown, for the file to take away


@kept_for_all_with_own
def scorecard(scope: Scope, *, area: str, against: str, vintage: str, show: str = "all") -> Scorecard:
    """The scorecard of one area. `against` is a place of `COMPARATORS`; `show` a key of `SHOW`."""
    defined = known(scope)
    # Counted and said in the sentence: whole indicators. Part measures (S1b) have rows and are not counted.
    counted = set(northamptonshire(defined))
    listed = [i for i in defined.indicators.values() if i.id in counted or i.parent in counted]
    rows = {i.id: _row(scope, i, area, against, vintage) for i in listed if i.series}
    # What is reckoned here is mostly of the whole county: elsewhere it has no row, and says so.
    own = {i.id for i in listed if i.series and own_indicators.is_own(i.series[0])}
    elsewhere = [code for code, row in rows.items() if code in own and row["value"] is None]
    rows = {code: row for code, row in rows.items() if code not in elsewhere}
    with_value = {k: r for k, r in rows.items() if r["value"] is not None}
    groups = []
    for name in dict.fromkeys(i.outcome_group for i in listed):
        inside = [i for i in listed if i.outcome_group == name]
        shown = [rows[i.id] for i in inside if i.id in rows and _wanted(rows[i.id], show)]
        missing = [
            {
                "id": i.id,
                "name": i.name,
                "missing": NOT_HERE if i.id in elsewhere else i.missing,
                "holder": i.holder,
            }
            for i in inside
            if i.id not in rows
        ]
        groups.append(Group(name, shown, missing if show == "all" else ()))
    judged = [r for k, r in rows.items() if k in counted]
    name = "their statistical neighbours" if against == NEIGHBOURS else COMPARATORS[against]
    frames = [r["history"].tail(1) for r in with_value.values()]
    return Scorecard(
        _sentence([r for r in judged if r["id"] not in own], [r for r in judged if r["id"] in own], len(counted), name),
        _lead(judged, area),
        own_indicators.banner(scope),
        groups,
        pl.concat(frames) if frames else pl.DataFrame(),
    )


def _row(scope: Scope, indicator: Indicator, area: str, against: str, vintage: str) -> dict[str, Any]:
    series = known(scope).series[indicator.series[0]]
    every = of_series(scope, series.id).filter(pl.col("group") == area)
    best = latest(every)
    now = best.row(0, named=True) if best.height else {}
    held = now.get("value") is not None
    against_line = comparator(scope, series.id, area, against, vintage)
    judged = against_benchmark(best, against_line, polarity=way(series)).row(0, named=True) if held else {}
    return {
        "id": indicator.id,
        "name": indicator.name,
        "unit": series.unit,
        "decimals": series.decimals,
        "value": now.get("value"),
        "lower": now.get("lower"),
        "upper": now.get("upper"),
        "numerator": now.get("numerator"),
        "denominator": now.get("denominator") if series.value_type == "proportion" else None,
        "status": now.get("status") or "x",
        "period": now.get("period") or "",
        "comparator": COMPARATORS.get(against, ""),
        "comparator_value": judged.get("benchmark"),
        "verdict": judged.get("verdict") or NOT_COMPARED,
        "trend": trend(scope, series.id, area),
        "history": every,
        "breaks": tuple(b.period_end for b in series.breaks),
        "printed": [p for p in printed_rows(indicator.id) if p.telling or p.series == series.id],
        "note": " ".join(_notes(scope, indicator, series, area, now)),
        "measure_name": series.name if series.name != indicator.name else "",
    }


def _notes(scope: Scope, indicator: Indicator, series: Series, area: str, now: Mapping[str, Any]) -> list[str]:
    notes = []
    if rests_on := own_indicators.rests_on(series.id):
        n = f", n = {now['n']:,}" if now.get("n") is not None else ""
        notes.append(f"Reckoned here from {rests_on}{n}.")
    if indicator.relation != "direct":
        notes.append({"near": "Near measure.", "partial": "Part of it only.", "proxy": "Stand-in."}[indicator.relation])
    if area == COUNTY and (now.get("newer_period") or now.get("value") is None):
        parts = latest(of_series(scope, series.id).filter(pl.col("group").is_in([NORTH, WEST]))).sort("group")
        said = [
            f"{name} {words.value(value, unit=series.unit, decimals=series.decimals)} in {period}"
            for name, value, period in zip(("North", "West"), parts["value"], parts["period"], strict=False)
            if value is not None
        ]
        if said:
            goes_on = now.get("value") is not None and now["period_end"] > SPLIT
            notes.append(f"{'Newer:' if goes_on else STOPPED} {words.listed(said)}.")
    elif now.get("newer_period"):
        notes.append(f"{now['newer_period']}: {words.status_words(now['newer_status'])}.")
    if now.get("previous_value") is not None:
        before = words.value(now["previous_value"], unit=series.unit, decimals=series.decimals)
        notes.append(f"Restated: was {before}.")
    elif RESTATED in (now.get("note") or ""):
        notes.append(RESTATED)
    return notes


def _wanted(row: Mapping[str, Any], show: str) -> bool:
    if show == "changed":
        return row["trend"] not in STILL
    if show == "worse":
        return row["verdict"] in ("worse", "worst")
    return show == "all" or row["value"] is not None


def _sentence(rows: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]], all_of_them: int, name: str) -> str:
    """`rows`: the whole indicators with a published series; `own`: those reckoned here. Read out as it stands."""
    held = [r for r in rows if r["value"] is not None]
    if not held and not own:
        return f"No figures are loaded yet for any of the strategy's {all_of_them} indicators."
    reckoned = _reckoned_here(own)
    without = all_of_them - len(rows) - len(own)
    last = f" {without} have no figures yet." if without else ""
    if not held:
        return f"No published figures are loaded yet.{reckoned}{last}"
    current = [r for r in held if STOPPED not in r["note"]]
    verdicts = Counter({"best": "better", "worst": "worse"}.get(r["verdict"], r["verdict"]) for r in current)
    said = [
        f"{_of(verdicts['better'])} better than {name}",
        f"{verdicts['similar']} similar",
        f"{verdicts['worse']} worse",
    ]
    neither = verdicts["lower"] + verdicts["higher"]
    if neither:
        said.append(f"{neither} different where neither direction is better")
    if verdicts[NOT_COMPARED]:
        said.append(f"{verdicts[NOT_COMPARED]} not compared, mostly for want of published counts")
    moves = Counter(r["trend"] for r in current)
    turned = [f"{moves[w]} {w}" for w in (IMPROVING, GETTING_WORSE, INCREASING, DECREASING) if moves[w]]
    changed = len(current) - sum(moves[w] for w in STILL)
    first = f"Of {len(rows)} indicators with published figures, "
    if len(current) < len(rows):
        first += f"{len(current)} go on for the county after its split. Of these, "
    change = f"{_has(changed)} changed beyond the usual swing: {words.listed(turned)}." if changed else UNCHANGED
    return f"{first}{words.listed(said)}. {change}{reckoned}{last}"


def _reckoned_here(own: Sequence[Mapping[str, Any]]) -> str:
    if not own:
        return ""
    turned = Counter(r["trend"] for r in own if r["trend"] not in STILL)
    moved = words.listed([f"{count} {word}" for word, count in turned.items()])
    is_or_are = "1 more is" if len(own) == 1 else f"{len(own)} more are"
    return f" {is_or_are} reckoned here from the partnership's own records{': ' + moved if moved else ''}."


def _has(count: int) -> str:
    return f"{count} {'has' if count == 1 else 'have'}"


def _of(count: int) -> str:
    return f"{count} {'is' if count == 1 else 'are'}"


def _lead(rows: Sequence[Mapping[str, Any]], area: str) -> str:
    stopped = sum(STOPPED in r["note"] for r in rows)
    if area != COUNTY or not stopped:
        return ""
    return (
        "The county council ended on 31 March 2021. The county line goes on where the counts of North and West are "
        f"published; for {stopped} indicators only rates are: there each council's latest stands beside it. Choose "
        "North or West above to see them judged."
    )
