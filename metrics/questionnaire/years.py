"""Two rounds side by side: headline, matched items, matched partners, and the verdict of the strategy's indicator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from metrics.estimates import LOW, NOT_APPLICABLE, empty

from .definitions import rules
from .frames import BASIS, ITEM, SECTION, rows, together
from .instruments import Instrument
from .resampling import INTERVAL, METHOD, drawn, limits, means, sections_of
from .responses import Tally, as_tally
from .scoring import columns, took_part
from .words import counted as number_of
from .words import signed, written

IMPROVED, WORSE, NO_CHANGE, NOT_COMPARABLE, NO_DATA = VERDICTS = (
    "improved",
    "worse",
    "no clear change",
    "not comparable",
    "no data",
)
HEADLINE, MATCHED_ITEMS, MATCHED_PARTNERS = BASES = ("headline", "matched_items", "matched_partners")
MATCHED = {"before": pl.String, "after": pl.String}

Round = Tally | tuple[Any, Instrument]


@dataclass(frozen=True)
class Comparison:
    """A later round beside an earlier one.

    `figures`: estimates with measures `before`, `after`, `change`; breakdown `basis` with groups of BASES, and, on the
    matched items, `section` and `item` (ids of the later edition). Where the rounds do not compare there is no change
    (status `z`). `matched`: items of the earlier and the later edition that ask the same; `matched_share`: of the
    items of the longer edition. `partners_in_both`: who took part in both.
    """

    verdict: str  # one of VERDICTS
    words: str  # a sentence that says it with its figures, or why there is none
    basis: str  # the group of `figures` that the verdict rests on; "" where there is none
    figures: pl.DataFrame
    matched: pl.DataFrame
    matched_share: float
    partners_in_both: tuple[str, ...]


def compare_years(a: Round | None, b: Round | None, *, crosswalk: Mapping[str, str] | None = None) -> Comparison:
    """How the score changed from round `a`, the earlier, to round `b`; higher is better.

    `a`, `b`: a Tally of one round (`Tally.only`), or (responses, instrument); None where there is no round.
    `crosswalk`: item of `a` → item of `b`; default that of the editions. Rounds compare where the editions are the same
    or at least half the items match, on the same scale.

    Bases: `headline`, each round by its own edition; `matched_items`, only what both ask, put into the later edition's
    sections; `matched_partners`, that again for partners in both rounds only. The verdict rests on the headline where
    the edition is the same, else on the matched items. Improved or worse: the 95% interval of the change, from
    resampling the partners (one in both rounds is drawn for both), lies above or below 0. Under six partners in either
    round there is no interval, and so no clear change.
    """
    before, after = (None if one is None else _counted(one) for one in (a, b))
    if before is None or after is None:
        missing = "earlier" if before is None else "later"
        return _without(NO_DATA, f"There is no {missing} round.")
    pairs = dict(after.instrument.matches(before.instrument) if crosswalk is None else crosswalk)
    _known(pairs, before, after)
    same_edition = before.instrument.key == after.instrument.key
    share = len(pairs) / max(len(before.instrument.items), len(after.instrument.items))
    both = _Both(before, after, pairs)
    why = _not_comparable(before.instrument, after.instrument, len(pairs), share)
    figures, found = both.bases(comparable=not why)
    matched = pl.DataFrame(list(pairs.items()), schema=MATCHED, orient="row")
    rest = {"matched": matched, "matched_share": share, "partners_in_both": both.in_both}
    if why:
        return Comparison(NOT_COMPARABLE, why, "", figures, **rest)
    basis = HEADLINE if same_edition else MATCHED_ITEMS
    earlier, _, change, lower, upper, _ = found[basis]
    if not np.isfinite(change):
        which = "earlier" if not np.isfinite(earlier) else "later"
        return Comparison(
            NO_DATA, f"The {which} round has no overall score: an area of it has too few answers.", "", figures, **rest
        )
    figures = together([figures, *both.details()])
    verdict = IMPROVED if lower > 0 else WORSE if upper < 0 else NO_CHANGE
    words = _sentence(verdict, both, found[basis], matched=basis == MATCHED_ITEMS)
    return Comparison(verdict, words, basis, figures, **rest)


def _counted(one: Round) -> Tally:
    counted = one if isinstance(one, Tally) else as_tally(*one)
    if len(counted.rounds) != 1:
        raise ValueError(f"a round is compared with a round, and here are {len(counted.rounds)}: choose with `only`")
    return counted


def _known(pairs: Mapping[str, str], before: Tally, after: Tally) -> None:
    for ids, counted in ((pairs.keys(), before), (pairs.values(), after)):
        known = {item.id for item in counted.instrument.items}
        if strange := next((i for i in ids if i not in known), None):
            raise ValueError(f"the crosswalk names {strange!r}, which is no scored item of {counted.instrument.key}")
    if len(set(pairs.values())) < len(pairs):
        raise ValueError("the crosswalk names an item of the later edition twice")


def _not_comparable(before: Instrument, after: Instrument, pairs: int, share: float) -> str:
    """Why two editions do not compare, as a sentence; "" where they do."""
    scales = [(i.lowest, i.highest) for i in (before, after)]
    if scales[0] != scales[1]:
        (a, b), (c, d) = scales
        return f"Not comparable: the scale changed from {a} to {b} into {c} to {d}."
    if before.key != after.key and share < rules().items_needed:
        most = max(len(before.items), len(after.items))
        return (
            f"Not comparable: from {before.title}, edition {before.edition}, to {after.title}, edition "
            f"{after.edition}, only {pairs} of {number_of(most, 'item', 'items')} "
            f"{'asks' if pairs == 1 else 'ask'} the same."
        )
    return ""


class _Both:
    """Two rounds over the partners of either: partners × items of each, nan where a partner was not there."""

    def __init__(self, before: Tally, after: Tally, pairs: Mapping[str, str]) -> None:
        self.before, self.after = before, after
        there = [{p for p, took in zip(c.partners, took_part(c)[0], strict=True) if took} for c in (before, after)]
        self.partners = sorted(there[0] | there[1])
        self.in_both = tuple(p for p in self.partners if p in there[0] and p in there[1])
        self.items = [self._items(c) for c in (before, after)]
        given = dict(zip(before.partners, before.weights, strict=True))
        given |= dict(zip(after.partners, after.weights, strict=True))
        self.weights = np.array([given[p] for p in self.partners])
        place = [{item: at for at, item in enumerate(c.items)} for c in (before, after)]
        # the matched items in the order, and the sections, of the later edition
        earlier = {new: old for old, new in pairs.items()}
        self.order = [(earlier[item.id], item.id) for item in after.instrument.items if item.id in earlier]
        self.columns = [np.array([place[side][pair[side]] for pair in self.order], dtype=int) for side in (0, 1)]
        section = [after.instrument.item(new).section for _, new in self.order]
        self.section_ids = list(dict.fromkeys(section))
        self.sections = [np.flatnonzero([s == one for s in section]) for one in self.section_ids]
        self.draws = drawn(len(self.partners), after.draws)

    def _items(self, counted: Tally) -> np.ndarray:
        place = {p: at for at, p in enumerate(counted.partners)}
        own = counted.means[0]
        items = np.full((len(self.partners), len(counted.items)), np.nan)
        for at, partner in enumerate(self.partners):
            if partner in place:
                items[at] = own[place[partner]]
        return items

    def bases(self, *, comparable: bool) -> tuple[pl.DataFrame, dict[str, tuple[float, ...]]]:
        """The three bases as figures, and each as (before, after, change, lower, upper, fewest partners of a round)."""
        own = [
            sections_of(v, columns(c.instrument)) for v, c in zip(self.items, (self.before, self.after), strict=True)
        ]
        matched = [sections_of(v[:, at], self.sections) for v, at in zip(self.items, self.columns, strict=True)]
        stay = np.isin(self.partners, self.in_both)
        only = [np.where(stay[:, None], values, np.nan) for values in matched]
        found, parts = {}, []
        for basis, sides in zip(BASES, (own, matched, only), strict=True):
            change = comparable and all(side.shape[1] for side in sides)
            found[basis], behind = self._overall(sides, stay if basis == MATCHED_PARTNERS else None)
            parts += self._rows(BASIS, [basis], *(np.array([x]) for x in found[basis][:5]), behind, change=change)
        return together(parts), found

    def _overall(self, sides: Sequence[np.ndarray], stay: np.ndarray | None) -> tuple[tuple[float, ...], np.ndarray]:
        draws = self.draws
        if stay is not None:
            draws = np.zeros((rules().draws, len(self.partners)))
            draws[:, stay] = drawn(int(stay.sum()), self.after.draws)
        with np.errstate(invalid="ignore"):
            values = [means(side, self.weights).mean() if side.shape[1] else np.nan for side in sides]
            again = [
                means(side, draws * self.weights).mean(axis=1) if side.shape[1] else np.full(len(draws), np.nan)
                for side in sides
            ]
        behind = np.array([[np.isfinite(side).any(axis=1).sum()] for side in sides])
        lower, upper = limits((again[1] - again[0])[:, None], behind.min(axis=0))
        return (*values, values[1] - values[0], lower[0], upper[0], int(behind.min())), behind

    def details(self) -> list[pl.DataFrame]:
        """Sections and items on what both ask, over all partners."""
        items = [v[:, at] for v, at in zip(self.items, self.columns, strict=True)]
        sections = [sections_of(v, self.sections) for v in items]
        made = []
        for breakdown, ids, sides in ((SECTION, self.section_ids, sections), (ITEM, [n for _, n in self.order], items)):
            values = [means(side, self.weights) for side in sides]
            again = [means(side, self.draws * self.weights) for side in sides]
            behind = np.array([np.isfinite(side).sum(axis=0) for side in sides])
            lower, upper = limits(again[1] - again[0], behind.min(axis=0))
            made += self._rows(breakdown, ids, *values, values[1] - values[0], lower, upper, behind, change=True)
        return made

    def _rows(
        self, breakdown: str, groups: Sequence[str], before, after, difference, lower, upper, behind, *, change: bool
    ) -> list[pl.DataFrame]:
        of = [self.before.rounds, self.after.rounds]
        parts = [
            rows(name, breakdown, groups, when, value=value, n=n, method=METHOD, status=LOW)
            for name, when, value, n in zip(("before", "after"), of, (before, after), behind, strict=True)
        ]
        gone = np.full(len(groups), np.nan)
        method = np.where(np.isfinite(lower), INTERVAL, METHOD) if change else METHOD
        parts.append(
            rows(
                "change", breakdown, groups, of[1], value=difference if change else gone,
                lower=lower if change else gone, upper=upper if change else gone,
                n=np.full(len(groups), len(self.partners)), method=method, status=LOW if change else NOT_APPLICABLE,
            )
        )  # fmt: skip
        return parts


def _sentence(verdict: str, both: _Both, found: tuple[float, ...], *, matched: bool) -> str:
    before, after, change, lower, upper, fewest = found
    said = {IMPROVED: "Improved", WORSE: "Worse", NO_CHANGE: "No clear change"}[verdict]
    highest = both.after.instrument.highest
    figures = f"{said}: from {written(before)} to {written(after)} of {highest} ({signed(change)}"
    on = f", on the {number_of(len(both.order), 'item', 'items')} that both editions ask" if matched else ""
    who = f"; {len(both.in_both)} of {number_of(len(both.partners), 'partner', 'partners')} took part in both years"
    if not np.isfinite(lower):
        least = rules().least_for_interval
        return (
            f"{figures}){on}{who}. With {number_of(int(fewest), 'partner', 'partners')} there is no interval to judge "
            f"it by; that takes {least}."
        )
    return f"{figures}, 95% interval {signed(lower)} to {signed(upper)}){on}{who}."


def _without(verdict: str, words: str) -> Comparison:
    return Comparison(verdict, words, "", empty(), pl.DataFrame(schema=MATCHED), 0.0, ())
