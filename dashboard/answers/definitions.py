"""What every measure means: the definitions in the order and the words of the Methods page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard import words
from dashboard.access import Scope
from dashboard.answers.own_indicators import kept_for_all_with_own, known
from metrics.catalogue import Indicator, Series, catalogue, own_series
from metrics.indicators import agenda


def strategies() -> dict[str, str]:
    """The strategies whose measures are defined: name → name with the number of its measures."""
    every = [i.strategy for i in catalogue().indicators.values()]
    return {name: f"{name} ({every.count(name)} measures)" for name in dict.fromkeys(every)}


SHOW = {"": "every measure", "published": "those with figures", "agenda": "those without figures"}


def measures(scope: Scope, strategy: str, *, show: str = "") -> dict[str, Sequence[Indicator]]:
    """The measures of one strategy by outcome group; `show` is a key of `SHOW`."""
    groups: dict[str, list[Indicator]] = {}
    for indicator in known(scope).indicators.values():
        if indicator.strategy == strategy and show in ("", "published" if indicator.series else "agenda"):
            groups.setdefault(indicator.outcome_group, []).append(indicator)
    return groups


def facts(indicator: Indicator) -> list[tuple[str, str]]:
    """Everything the definitions say of one measure, as (field, words)."""
    return [
        ("Question", indicator.question),
        ("Definition", indicator.definition),
        ("Numerator", indicator.numerator),
        ("Denominator", indicator.denominator),
        ("Unit", indicator.unit),
        ("Which way is better", _polarity(indicator.polarity, indicator.target_rule)),
        ("Kind of measure", indicator.accountability),
        ("Target", indicator.target),
        ("Baseline", indicator.baseline_period),
        ("Source", indicator.source),
        ("How often", indicator.frequency),
        ("Breaks of series", indicator.breaks),
        ("Published series", _relation(indicator)),
        ("What is missing", indicator.missing),
        ("Who has it", indicator.holder),
        ("Take care", indicator.caution),
    ]


def series_facts(series: Series) -> list[tuple[str, str]]:
    """Everything the definitions say of one published series."""
    breaks = [f"{words.day(b.period_end)}: {b.reason}" for b in series.breaks]
    return [
        ("Definition", series.definition),
        ("Numerator", series.numerator),
        ("Denominator", series.denominator),
        ("Unit", series.unit),
        ("Which way is better", _polarity(series.polarity, series.target_rule)),
        ("Breaks of series", " ".join(breaks) or "none known"),
        ("Source", series.source),
        ("Release held", words.day(series.last_update) or "not stated"),
        ("Next release", series.next_update),
        ("What it cannot say", series.limits),
    ]


def published_facts(indicator: Indicator) -> list[tuple[str, list[tuple[str, str]]]]:
    """(name, `series_facts`) of each published series of one measure."""
    return [(series.name, series_facts(series)) for series in series_of(indicator)]


def series_of(indicator: Indicator) -> Sequence[Series]:
    """The series of one measure, the headline first: published, or reckoned here where nobody publishes one."""
    every = catalogue().series | {own.series.id: own.series for own in own_series().values()}
    return [every[s] for s in indicator.series]


@kept_for_all_with_own
def unmeasured(scope: Scope) -> tuple[tuple[str, str, str], ...]:
    """The data development agenda: what nobody publishes and nobody reckons here, what is missing and who has it."""
    return tuple(agenda(known(scope)).select("name", "missing", "holder").iter_rows())


def _polarity(polarity: str, rule: str) -> str:
    said: Mapping[str, str] = {
        "lower": "lower is better",
        "higher": "higher is better",
        "none": "neither: no verdict is given",
        "mixed": "its parts point different ways: no verdict is given",
    }
    return f"{said[polarity]}; the strategy wants it to {rule}" if rule else said[polarity]


def _relation(indicator: Indicator) -> str:
    said = {
        "direct": "measures what the strategy asks",
        "near": "comes near to what the strategy asks",
        "partial": "measures part of what the strategy asks",
        "proxy": "stands in for what the strategy asks",
        "none": "none: on the data development agenda",
    }[indicator.relation]
    names = [s.name for s in series_of(indicator)]
    return f"{said} ({words.listed(names)})" if names else said
