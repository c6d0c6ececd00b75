"""Indicators that nobody publishes and that the partnership reckons here: audits, Outcomes Star, questionnaire.

Their series are defined in `metrics/definitions/own_series.toml`; their figures come from the functions of `FEEDS`. As
long as a function gives no figures, its indicator stands among those without. To add one, write a line in `FEEDS`.

A function `figures(scope) -> pl.DataFrame` gives the columns of `metrics.estimates.FIGURES`, one row a period:

- `group`: the code of the county (or of a council: `E06000061`, `E06000062`); other areas are left out;
- `period`, `period_end`: a year, `2024/25` or `2025`: the trend is reckoned over yearly figures;
- `numerator`, `denominator`, `value`, `lower`, `upper`, `n`, `status`, `method` as for any estimate, value in the unit
  of the series; `note`: what a reader must know of the row. `measure` and `breakdown` are filled in here.

And two columns that may be there: `standing`, `invented` where invented records are in the figure (else `local`), and
`new_basis`, in the first period of a new basis (another edition, another sample) the reason why it does not compare.

It is asked in the scope `PUBLISHED`, and everybody who may open the scorecard sees what it gives, also those who see
no more than what is printed: figures of the whole county, after disclosure control, no names, no partner or agency.
`version(now)` changes when the figures may have changed; `now` are the versions of all that is kept (`Versions`).
"""

from __future__ import annotations

import hashlib
import logging
import threading
import traceback
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from dashboard import words
from dashboard.access import PUBLISHED, Scope
from dashboard.answers import audit_indicator, questionnaire_indicators, star_indicator
from dashboard.answers.keep import kept, kept_for_all, the_store, versions
from dashboard.store import Store, Versions
from metrics.catalogue import Break, Catalogue, OwnSeries, Series, catalogue, own_series
from metrics.estimates import FIGURES, conform

log = logging.getLogger(__name__)

AREAS = ("E10000021", "E06000061", "E06000062")
COLUMNS = pl.Schema({**FIGURES, "previous_value": pl.Float64, "standing": pl.String, "new_basis": pl.String})


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the figures of one indicator come from. See above for what the two functions give."""

    indicator: str  # a key of `metrics.catalogue.own_series()`
    figures: Callable[[Scope], pl.DataFrame]
    version: Callable[[Versions], Hashable]


FEEDS: Sequence[Feed] = (
    # In the order in which they are reckoned: the quick ones first.
    Feed("Y4", questionnaire_indicators.confidence, questionnaire_indicators.version),
    Feed("Y5", questionnaire_indicators.score, questionnaire_indicators.version),
    Feed("Y3", star_indicator.figures, lambda now: now.records),
    Feed("Y1", audit_indicator.figures, lambda now: now.audits),
)


RECKONED = "nothing: it is being reckoned from the partnership's own records, look again in a minute"
PATIENCE = 1.0  # seconds that whoever asks first waits for figures; from then on they are reckoned behind the pages


@dataclass(frozen=True, slots=True)
class Held:
    """What a feed gave for one version of one store, with the columns of `COLUMNS`; `digest` is of the figures, and
    `any` says whether one of them has a value."""

    store: Store
    version: Hashable
    figures: pl.DataFrame
    digest: str
    any: bool


_held: dict[Feed, Held] = {}
_jobs: dict[Feed, Future[None]] = {}
_turn = threading.Lock()
_one_at_a_time = threading.Lock()


def _series_of(feed: Feed) -> str:
    return own_series()[feed.indicator].series.id


def _all_held() -> dict[str, Held]:
    """Series id → its figures today, of those that have a value. Where a feed's version has changed it is asked anew,
    and what takes longer than `PATIENCE` is what it was before, until it is there."""
    store, now = the_store(), versions()
    wanted = {feed: feed.version(now) for feed in FEEDS}
    with _turn:
        begun = [_begin(feed, store, version) for feed, version in wanted.items() if _outdated(feed, store, version)]
    wait(begun, timeout=PATIENCE)
    with _turn:
        held = {_series_of(feed): _held[feed] for feed in FEEDS if feed in _held and _held[feed].store is store}
    return {series: it for series, it in held.items() if it.any}


def _outdated(feed: Feed, store: Store, version: Hashable) -> bool:
    """Whether somebody must begin to reckon it."""
    held = _held.get(feed)
    return feed not in _jobs and (held is None or held.store is not store or held.version != version)


def _begin(feed: Feed, store: Store, version: Hashable) -> Future[None]:
    """Its reckoning, on a thread that a server which stops does not wait for."""
    job = _jobs[feed] = Future()

    def behind() -> None:
        with _one_at_a_time:
            _reckon(feed, store, version)
        job.set_result(None)

    threading.Thread(target=behind, name=f"reckoning {feed.indicator}", daemon=True).start()
    return job


def _reckon(feed: Feed, store: Store, version: Hashable) -> None:
    """Ask a feed. One that fails has no figures until its version changes: the scorecard goes on without it."""
    try:
        figures = _figures(feed)
    except Exception as error:
        where = "".join(traceback.format_tb(error.__traceback__))  # without the message, which may hold data
        log.error("%s could not be reckoned: %s\n%s", feed.indicator, type(error).__name__, where)
        figures = pl.DataFrame(schema=COLUMNS)
    digest = hashlib.sha256(figures.write_json().encode()).hexdigest()
    with _turn:
        _held[feed] = Held(store, version, figures, digest, figures["value"].is_not_null().any())
        del _jobs[feed]


def _figures(feed: Feed) -> pl.DataFrame:
    given = conform(feed.figures(PUBLISHED), COLUMNS).filter(pl.col("group").is_in(AREAS))
    named = given.with_columns(pl.lit(_series_of(feed)).alias("measure"), pl.lit("area").alias("breakdown"))
    line = named.with_columns(pl.col("standing").fill_null("local")).sort("group", "period_end")
    if line.select("group", "period_end").is_duplicated().any():
        raise ValueError(f"{feed.indicator}: two figures of one area and period")
    return line


def state(scope: Scope) -> tuple[str, ...]:
    """Which figures stand today, and which are being reckoned: what answers are kept under beside the data version.
    Equal for equal figures, also where a version changed and the figures did not."""
    held = _all_held()
    return (*(f"{series} {it.digest}" for series, it in held.items()), *being_reckoned(scope))


def being_reckoned(scope: Scope) -> list[str]:
    """The ids of the indicators that are being reckoned at this moment."""
    with _turn:
        return [feed.indicator for feed in FEEDS if feed in _jobs]


# How questions are kept that rest on these figures too.
kept_with_own = partial(kept, state=state)
kept_for_all_with_own = partial(kept_for_all, state=state)


def line(scope: Scope, series: str) -> pl.DataFrame:
    """The figures of one series reckoned here, without rows where there are none. Columns of `COLUMNS`."""
    held = _all_held().get(series)
    return held.figures if held else pl.DataFrame(schema=COLUMNS)


def is_own(series: str) -> bool:
    """Whether a series is one of those reckoned here."""
    return bool(rests_on(series))


def rests_on(series: str) -> str:
    """From whose records a series is reckoned here, in words; empty for a published one."""
    return next((own.rests_on for own in own_series().values() if own.series.id == series), "")


@kept_for_all_with_own
def known(scope: Scope) -> Catalogue:
    """The definitions, in which indicators that are reckoned here and have figures today have their series, and those
    that are being reckoned say so."""
    found = catalogue()
    lines = _all_held()
    there = [own for own in own_series().values() if own.series.id in lines]
    indicators = {code: replace(found.indicators[code], missing=RECKONED) for code in being_reckoned(scope)}
    indicators |= {own.indicator: _measured(found, own) for own in there}
    series = {own.series.id: _with_breaks(own.series, lines[own.series.id].figures) for own in there}
    return replace(found, indicators=found.indicators | indicators, series=found.series | series)


def _measured(found: Catalogue, own: OwnSeries):
    return replace(
        found.indicators[own.indicator],
        series=(own.series.id,),
        relation=own.relation,
        missing=own.missing,
        source=own.series.source,
    )


def _with_breaks(series: Series, figures: pl.DataFrame) -> Series:
    turns = figures.filter(pl.col("new_basis").fill_null("") != "").unique("period_end").sort("period_end")
    return replace(
        series, breaks=tuple(Break(end.isoformat(), why) for end, why in turns.select("period_end", "new_basis").rows())
    )


def banner(scope: Scope, series: str = "") -> str:
    """What stands above figures that rest on invented records, of one series or of all; empty where none do."""
    lines = _all_held()
    invented = [own for own in own_series().values() if _invented(lines.get(own.series.id))]
    if series:
        invented = [own for own in invented if own.series.id == series]
    if not invented:
        return ""
    rest = words.listed(list(dict.fromkeys(own.rests_on for own in invented)))
    if series:
        return f"Reckoned here from {rest} that are invented: no family, worker or agency in them exists."
    which = words.listed([own.indicator for own in invented])
    return f"{which}: reckoned here from {rest} that are invented. No family, worker or agency in them exists."


def _invented(held: Held | None) -> bool:
    return held is not None and (held.figures["standing"] == "invented").any()
