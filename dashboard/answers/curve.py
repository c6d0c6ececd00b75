"""Turn the curve: one indicator's history, where it heads if nothing changes, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import own_indicators
from dashboard.answers.notes import target_of
from dashboard.answers.own_indicators import kept_with_own, known
from dashboard.answers.published import (
    AREAS,
    COMPARATORS,
    NEIGHBOURS,
    comparator,
    northamptonshire,
    of_series,
    trend,
    way,
)
from metrics.catalogue import Indicator, Series, catalogue
from metrics.comparison import NOT_COMPARED, against_benchmark, england_best
from metrics.indicators import change_since, half_up, latest, run_lengths
from metrics.trends import (
    DECREASING,
    GETTING_WORSE,
    IMPROVING,
    INCREASING,
    NO_CLEAR_CHANGE,
    TOO_FEW,
    USUAL_SWING,
    forecast,
    on_track,
    past_changes,
)

YEARS = {"0": "the first year held", **{str(year): str(year) for year in range(2014, 2025)}}
MOST_OF_ENGLAND = 140  # areas of about 152; with fewer held, the best of them is not the best of England


@dataclass(frozen=True, slots=True)
class Curve:
    """One series of one indicator for one area: estimates frames for the chart, sentences for the reader."""

    indicator: Indicator
    banner: str  # what stands above, where invented records are in the figures
    series: Series
    area: str
    sentence: str
    headline: str  # of the chart: what it shows
    ours: pl.DataFrame
    comparators: Sequence[tuple[str, pl.DataFrame]]
    ahead: pl.DataFrame
    breaks: Sequence[str]
    target: tuple[float, date] | None
    target_words: str
    target_start: tuple[float, date]  # what the form to set one starts from
    best: str  # the best in England, as a sentence
    remarks: Sequence[str]  # faults, restatements, why a line stops: each a sentence
    n: str
    method: str
    frame: pl.DataFrame  # all lines in one estimates frame
    names: Mapping[str, str]  # area code → name, for the table and the files


def indicators(scope: Scope) -> dict[str, str]:
    """Id → title of every indicator of the strategy that has figures, then those that have none yet."""
    defined = known(scope)
    counted = set(northamptonshire(defined))
    mine = [i for i in defined.indicators.values() if i.id in counted or i.parent in counted]
    return {i.id: f"{i.id} {i.name}" for i in sorted(mine, key=lambda i: not i.series)}


def indicator(scope: Scope, code: str) -> Indicator:
    """One indicator of the definitions."""
    return known(scope).indicators[code]


def series_of(scope: Scope, indicator: str) -> dict[str, str]:
    """Id → name of the series of one indicator, the headline first."""
    defined = known(scope)
    return {s: defined.series[s].name for s in defined.indicators[indicator].series}


@kept_with_own
def curve(
    scope: Scope, *, indicator: str, series: str, area: str, against: str, vintage: str, since: str = "0"
) -> Curve:
    """What Turn the curve shows. `since` is a key of `YEARS`: periods that end before it are left out."""
    defined = known(scope)
    it = defined.series[series]
    every = of_series(scope, series)
    ours = every.filter(pl.col("group") == area)
    line = comparator(scope, series, area, against, vintage)
    name = "Neighbours" if against == NEIGHBOURS else COMPARATORS[against]
    turns = [b.period_end for b in it.breaks]
    changes = past_changes(every, breaks=turns)
    ahead = forecast(ours, changes=changes, breaks=turns)
    target = target_of(scope, series)
    seen = pl.col("period_end").dt.year() >= int(since)
    shown = [(name, line.filter(seen))] if line.height else []
    if against != "E92000001":
        shown.append(("England", every.filter((pl.col("group") == "E92000001") & seen)))
    best = latest(ours)
    everything = pl.concat(
        [f.select(ours.columns[:13]) for f in (ours.filter(seen), *(f for _, f in shown), ahead) if f.height]
        or [ours.select(ours.columns[:13])]
    )
    return Curve(
        indicator=defined.indicators[indicator],
        banner=own_indicators.banner(scope, series),
        series=it,
        area=AREAS[area],
        sentence=_sentence(scope, it, ours, best, line, name, area, ahead),
        headline=_headline(best, line, name, it, AREAS[area]),
        ours=ours.filter(seen),
        comparators=shown,
        ahead=ahead,
        breaks=turns,
        target=target,
        target_words=_target_words(it, ahead, target),
        target_start=_target_start(best, it, target),
        best=_best(every, ours, it),
        remarks=_remarks(ours, it),
        n=f"{best['n'][0]:,}" if best.height and best["n"][0] is not None else "",
        method="; ".join(ours["method"].drop_nulls().unique(maintain_order=True).to_list()),
        frame=everything.unique(maintain_order=True),
        names={c: a.name for c, a in defined.areas.items()} | {area: AREAS[area]},
    )


def _sentence(scope, it: Series, ours, best, line, name: str, area: str, ahead: pl.DataFrame) -> str:
    """Where it is, against whom, whether it really changed, what happens if nothing changes."""
    if not best.height or best["value"][0] is None:
        return f"No figure of “{it.name}” is held for {AREAS[area]} yet; the data officer can load some."
    now = best.row(0, named=True)
    figure = words.figure(
        now["value"], now["lower"], now["upper"], unit=it.unit, decimals=it.decimals,
        numerator=now["numerator"] if it.value_type == "proportion" else None,
        denominator=now["denominator"] if it.value_type == "proportion" else None,
    )  # fmt: skip
    unit = "" if words.sign_of(it.unit) else f" {it.unit}"
    parts = [f"{it.name}, {AREAS[area]}, {now['period']}: {figure}{unit}."]
    judged = against_benchmark(best, line, polarity=way(it)).row(0, named=True)
    if judged["benchmark"] is not None:
        parts.append(_against(judged, line, it, name))
    parts.append(_moved(trend(scope, it.id, area)))
    parts += _since_baseline(ours, it)
    run = run_lengths(ours)["run"]
    if len(run) and abs(run[0]) > 1:
        parts.append(f"It has {'risen' if run[0] > 0 else 'fallen'} {abs(run[0])} times in a row.")
    if ahead.height and ahead["lower"][-1] is not None:
        last = ahead.row(-1, named=True)
        limits = words.interval(last["lower"], last["upper"], decimals=it.decimals)
        parts.append(f"If nothing is done differently, expect {limits}{words.sign_of(it.unit)} by {last['period']}.")
    return " ".join(parts)


def _headline(best: pl.DataFrame, line: pl.DataFrame, name: str, it: Series, area: str) -> str:
    if not best.height or best["value"][0] is None:
        return f"No figures for {area}"
    row = against_benchmark(best, line, polarity=way(it)).row(0, named=True)
    value = words.value(row["value"], unit=it.unit, decimals=it.decimals)
    if row["benchmark"] is None:
        return f"{area}: {value} in {row['period']}"
    other = words.value(row["benchmark"], unit=it.unit, decimals=it.decimals)
    return f"{area}: {value} in {row['period']}, {name} {other}"


def _target_start(best: pl.DataFrame, it: Series, target: tuple[float, date] | None) -> tuple[float, date]:
    if target:
        return target
    if not best.height or best["value"][0] is None:
        return 0.0, date(2028, 3, 31)
    end = best["period_end"][0]
    return half_up(best["value"][0], it.decimals), end.replace(year=end.year + 3)


def about(shown: Curve | None, indicator: Indicator) -> dict[str, str]:
    """What stands under the page: the fields of its "About these figures"."""
    if shown is None:
        return {"definition": indicator.definition, "source": indicator.source, "limits": indicator.caution}
    it = shown.series
    relation = "" if indicator.relation == "direct" else f" The strategy asks for: {indicator.definition}"
    return {
        "definition": f"{it.definition} Numerator: {it.numerator}. Denominator: {it.denominator}.{relation}",
        "source": it.source,
        "last_update": it.last_update,
        "next_update": it.next_update,
        "n": shown.n,
        "exclusions": " ".join(shown.remarks),
        "method": shown.method,
        "limits": f"{it.limits} {indicator.caution}".strip(),
    }


def _against(judged: Mapping, line: pl.DataFrame, it: Series, name: str) -> str:
    value = words.value(judged["benchmark"], unit=it.unit, decimals=it.decimals)
    if name == "Neighbours":  # how many of them stand behind the average
        same = line.filter(pl.col("period_end") == judged["period_end"])
        how = same["method"][0].replace(" (", ", ").rstrip(")")
        name, value = "its statistical neighbours", f"{value}; {how}"
    word = judged["verdict"]
    if word == NOT_COMPARED:
        side = "above" if judged["difference"] > 0 else "below" if judged["difference"] < 0 else "equal to"
        return f"That is {side} {name} ({value}), but no count is published, so chance cannot be ruled out."
    joined = {"similar": "similar to", "lower": "lower than", "higher": "higher than"}.get(word, f"{word} than")
    return f"That is {joined} {name} ({value})."


def _moved(word: str) -> str:
    if word == TOO_FEW:
        return "There are too few comparable years to say whether it changed."
    if word == USUAL_SWING:
        return "Over five years it moved, but within its usual year-to-year swing."
    if word == NO_CLEAR_CHANGE:
        return "Over the latest five years there is no clear change."
    said = {IMPROVING: "improved", GETTING_WORSE: "got worse", INCREASING: "rose", DECREASING: "fell"}[word]
    return f"Over the latest five years it {said}, beyond chance and its usual swing."


def _since_baseline(ours: pl.DataFrame, it: Series) -> list[str]:
    change = change_since(ours, baseline_period=it.baseline_period)
    if not change.height or change["change"][0] is None:
        return []
    row = change.row(0, named=True)
    if row["change"] == 0:
        return [f"It stands where it stood in {row['baseline_period']}, the baseline."]
    amount = words.number(abs(row["change"]), decimals=it.decimals)
    unit = " percentage points" if row["change_unit"] == "percentage points" else ""
    return [
        f"Since the baseline of {row['baseline_period']} it is {amount}{unit} {'up' if row['change'] > 0 else 'down'}."
    ]


def _target_words(it: Series, ahead: pl.DataFrame, target: tuple[float, date] | None) -> str:
    if target is None:
        return "No target is set: the strategy names none."
    value = words.value(target[0], unit=it.unit, decimals=it.decimals)
    outlook = on_track(ahead, target[0], way(it), by=target[1])
    return f"Target: {value} by {words.day(target[1])}. If nothing is done differently: {outlook}."


def _remarks(ours: pl.DataFrame, it: Series) -> list[str]:
    noted = ours.filter(pl.col("note").is_not_null()).sort("period_end")
    once = noted.group_by("note", maintain_order=True).agg(pl.col("period").str.join(", "))
    said = [f"{periods}: {note}" for note, periods in once.iter_rows()]
    restated = ours.filter(pl.col("previous_value").is_not_null())
    said += [
        f"{p} was restated: {words.value(old, unit=it.unit, decimals=it.decimals)} before, "
        f"{words.value(new, unit=it.unit, decimals=it.decimals)} now."
        for p, old, new in restated.select("period", "previous_value", "value").iter_rows()
    ]
    said += [f"New basis from the period to {words.day(b.period_end)}: {b.reason}" for b in it.breaks]
    return said


def _best(every: pl.DataFrame, ours: pl.DataFrame, it: Series) -> str:
    at = every.filter(pl.col("period_end") == pl.lit(ours["period_end"].max(), pl.Date), pl.col("value").is_not_null())
    top = england_best(at, polarity=way(it))
    if at.height < MOST_OF_ENGLAND or not top.height:
        return ""
    row = top.row(0, named=True)
    holders = words.listed([catalogue().areas[code].name for code in row["holders"]])
    value = words.value(row["value"], unit=it.unit, decimals=it.decimals)
    return f"Best in England in {row['period']}: {value}, {holders}."
