"""Scores of a questionnaire: overall, by area, by item and by partner, with what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from metrics.estimates import LOW, NOT_AVAILABLE

from .frames import ALL, ITEM, OVERALL, PARTNER, SECTION, crossed, labels, rows, together
from .instruments import Instrument
from .resampling import INTERVAL, METHOD, Sections, drawn, limits, means, sections_of
from .responses import BLANK, DONT_KNOW, NOT_APPLICABLE, NOT_ASKED, SCORED, STATES, Tally, as_tally

BY_SECTION, BY_ITEM = crossed(PARTNER, SECTION), crossed(PARTNER, ITEM)
BREAKDOWNS = (OVERALL, SECTION, ITEM, PARTNER, BY_SECTION, BY_ITEM)
_AT = {state: place for place, state in enumerate(STATES)}


def score(
    responses: Any,
    instrument: Instrument | None = None,
    *,
    weights: Mapping[str, float] | None = None,
    breakdowns: Sequence[str] = BREAKDOWNS,
) -> pl.DataFrame:
    """An estimates frame of everything that is scored, for every round there is; higher is better.

    `responses`, `instrument`, `weights`: as `metrics.questionnaire.tally` takes them, or a Tally.

    Only scores enter means. A partner's item is the mean over its respondents; its section the mean of the section's
    items, where at least half of them are scored; its overall score the mean of its sections, where none is missing.
    The partnership's item and section are means over partners (one partner, one vote, unless `weights` say otherwise);
    its overall score is the mean of its sections. What is withheld has status `low`, an item nobody scored `x`.

    Measures (`questionnaire.toml`): `score` in points of the scale, with 95% limits by resampling partners from six
    partners on; `pomp`, 100·(score − lowest)/(highest − lowest); `score_by_items`, the mean of all items; `completion`,
    `scored`, `dont_know`, `not_applicable`, `blank`, `not_asked` in per cent of answers (overall: of the scored
    sections). Breakdowns: `overall`, `section` (also those asked beside), `item`, `partner`, `partner × section` and
    `partner × item` (scores only). `n`: partners behind overall, section and item; else respondents of the partner.
    """
    counted = as_tally(responses, instrument, weights=weights)
    parts = [*_partnership(counted, breakdowns), *_partners(counted, breakdowns)]
    scores = together(parts)
    low, span = counted.instrument.lowest, counted.instrument.highest - counted.instrument.lowest
    pomp = scores.filter(pl.col("measure") == "score").with_columns(
        pl.lit("pomp").alias("measure"),
        *((pl.col(c) - low) / span * 100 for c in ("value", "lower", "upper")),
        pl.lit(None, pl.Float64).alias("numerator"),
        pl.lit(None, pl.Float64).alias("denominator"),
    )
    return together([scores, pomp, *_shares(counted, breakdowns)])


def columns(instrument: Instrument, *, also: bool = False) -> Sections:
    """Of each scored section (`also`: and of what is asked beside), the places of its items among all items."""
    found, at = [], 0
    for section in instrument.every_section if also else instrument.sections:
        found.append(np.arange(at, at + len(section.items)))
        at += len(section.items)
    return found


def took_part(counted: Tally) -> np.ndarray:
    """Rounds × partners: who was asked anything."""
    return (counted.counts.sum(axis=(2, 3)) - counted.counts[..., _AT[NOT_ASKED]].sum(axis=2)) > 0


def _partnership(counted: Tally, breakdowns: Sequence[str]) -> list[pl.DataFrame]:
    items = counted.means
    sections = sections_of(items, columns(counted.instrument, also=True))
    scored = len(counted.instrument.sections)
    ids = [s.id for s in counted.instrument.every_section]
    mine = slice(len(ids), len(ids) + counted.scored)  # the scored items, among sections and items
    # a row a round: overall, the sections, the items, the mean of the scored items
    size = (len(counted.rounds), 1 + len(ids) + len(counted.items) + 1)
    value, lower, upper = (np.full(size, np.nan) for _ in range(3))
    n, total = np.zeros(size, dtype=np.int64), np.full(size, np.nan)
    present = took_part(counted)
    for at in range(len(counted.rounds)):
        here = np.flatnonzero(present[at])
        each = np.hstack([sections[at, here], items[at, here]])
        weights = counted.weights[here]
        found = _with_overall(means(each, weights)[None], scored, mine)
        value[at] = found[0]
        n[at] = _behind(each, scored, mine)
        resampled = _with_overall(means(each, drawn(len(here), counted.draws) * weights), scored, mine)
        lower[at], upper[at] = limits(resampled, n[at])
        summed = np.nansum(each, axis=0)
        total[at, 1:-1] = np.where(n[at, 1:-1] > 0, summed, np.nan)
    if counted.weighted:
        total[:] = np.nan  # with weights a score is no plain sum over partners
    weighted = f"{METHOD}, weighted" if counted.weighted else METHOD
    made = np.where(np.isfinite(lower), INTERVAL.replace(METHOD, weighted), weighted)
    cuts = {
        ("score", OVERALL): (slice(0, 1), [ALL], LOW),
        ("score_by_items", OVERALL): (slice(size[1] - 1, size[1]), [ALL], LOW),
        ("score", SECTION): (slice(1, 1 + len(ids)), ids, LOW),
        ("score", ITEM): (slice(1 + len(ids), size[1] - 1), counted.items, NOT_AVAILABLE),
    }
    return [
        rows(
            measure, breakdown, groups, counted.rounds,
            value=value[:, cut], lower=lower[:, cut], upper=upper[:, cut], numerator=total[:, cut],
            denominator=np.where(np.isfinite(total[:, cut]), n[:, cut], np.nan), n=n[:, cut],
            method=made[:, cut].ravel(), status=status,
        )
        for (measure, breakdown), (cut, groups, status) in cuts.items()
        if breakdown in breakdowns
    ]  # fmt: skip


def _with_overall(means_of: np.ndarray, scored: int, items: slice) -> np.ndarray:
    """Before the sections and items of each row the mean of its scored sections, after them that of its `items`."""
    with np.errstate(invalid="ignore"):
        overall = means_of[:, :scored].mean(axis=1, keepdims=True)
    return np.hstack([overall, means_of, _mean(means_of[:, items])])


def _mean(values: np.ndarray) -> np.ndarray:
    there = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, values, 0.0).sum(axis=1, keepdims=True) / there.sum(axis=1, keepdims=True)


def _behind(each: np.ndarray, scored: int, items: slice) -> np.ndarray:
    """Partners behind overall, sections, items and the mean of items."""
    there = np.isfinite(each)
    any_section, any_item = there[:, :scored].any(axis=1).sum(), there[:, items].any(axis=1).sum()
    return np.concatenate([[any_section], there.sum(axis=0), [any_item]])


def _partners(counted: Tally, breakdowns: Sequence[str]) -> list[pl.DataFrame]:
    items = counted.means
    every = columns(counted.instrument, also=True)
    sections = sections_of(items, every)
    ids = [s.id for s in counted.instrument.every_section]
    with np.errstate(invalid="ignore"):
        overall = sections[..., : len(counted.instrument.sections)].mean(axis=-1)
    asked = counted.counts.sum(axis=-1) - counted.counts[..., _AT[NOT_ASKED]] > 0  # rounds × partners × items
    asked_section = np.stack([asked[..., members].any(axis=-1) for members in every], axis=-1)
    people = counted.respondents
    method = "mean over respondents"
    cuts = {
        PARTNER: (overall, counted.partners, took_part(counted), LOW),
        BY_SECTION: (sections, (counted.partners, ids), asked_section, LOW),
        BY_ITEM: (items, (counted.partners, counted.items), asked, NOT_AVAILABLE),
    }
    return [
        rows(
            "score", breakdown, labels(*groups) if len(values.shape) == 3 else groups, counted.rounds,
            value=values, n=np.broadcast_to(people.reshape(*people.shape, *[1] * (values.ndim - 2)), values.shape),
            method=method, status=status, keep=keep,
        )
        for breakdown, (values, groups, keep, status) in cuts.items()
        if breakdown in breakdowns
    ]  # fmt: skip


def _shares(counted: Tally, breakdowns: Sequence[str]) -> list[pl.DataFrame]:
    """Completion and the share of each state; answers are added up, not averaged."""
    scored, every = columns(counted.instrument), columns(counted.instrument, also=True)
    overall = np.concatenate(scored)
    ids = [s.id for s in counted.instrument.every_section]
    counts, part = counted.counts, took_part(counted)
    by_section = np.stack([counts[:, :, members].sum(axis=2) for members in every], axis=2)
    mine = counts[:, :, overall].sum(axis=2)  # rounds × partners × states
    partners = part.sum(axis=1)
    cuts = {
        OVERALL: (mine.sum(axis=1)[:, None], [ALL], partners[:, None]),
        SECTION: (by_section.sum(axis=1), ids, _asked(by_section).sum(axis=1)),
        ITEM: (counts.sum(axis=1), counted.items, _asked(counts).sum(axis=1)),
        PARTNER: (mine, counted.partners, counted.respondents),
        BY_SECTION: (
            by_section,
            (counted.partners, ids),
            np.broadcast_to(counted.respondents[..., None], by_section.shape[:3]),
        ),
    }
    parts = []
    for breakdown, (table, groups, n) in cuts.items():
        if breakdown not in breakdowns:
            continue
        names = labels(*groups) if breakdown == BY_SECTION else groups
        state = {name: table[..., place] for name, place in _AT.items()}
        asked = table.sum(axis=-1) - state[NOT_ASKED]
        answered = state[SCORED] + state[DONT_KNOW]
        shares = {
            "completion": (answered, asked - state[NOT_APPLICABLE]),
            "scored": (state[SCORED], asked),
            **{name: (state[name], asked) for name in (DONT_KNOW, NOT_APPLICABLE, BLANK)},
            NOT_ASKED: (state[NOT_ASKED], table.sum(axis=-1)),
        }
        for measure, (numerator, denominator) in shares.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                value = numerator / denominator * 100
            parts.append(
                rows(
                    measure, breakdown, names, counted.rounds, value=value, numerator=numerator,
                    denominator=denominator, n=n, method="share of answers", status=NOT_AVAILABLE,
                    keep=table.sum(axis=-1) > 0,
                )
            )  # fmt: skip
    return parts


def _asked(counts: np.ndarray) -> np.ndarray:
    return counts.sum(axis=-1) - counts[..., _AT[NOT_ASKED]] > 0
