"""Judging hidden counts: each is free over 1–5, clear of it, or given away by sums that are then named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from metrics.disclosure.cells import Cells
from metrics.disclosure.ranges import EPS, Outer, Progress, Region, propagate

_BLOCKS = ((20, 2500), (0, 0))  # neighbours taken in each sum, cells at most; last the whole component
_NEAR = ((6, 100), (12, 500))  # how far to look for what gives a count away, before looking everywhere
_WORTH = 0.12, 0.003  # share of the wanted proofs that a table must give for another to be sought; in the last block
_WIDE = 10 * EPS  # programmes around a count are given this much room, so their bounds are judged with it

FREE, CLEAR, LEAK = "free", "clear", "leak"


@dataclass
class Proof:
    """Of every cell: the lowest and highest value found in a whole table that fits everything shown.

    Hiding more leaves every such table standing, so what is proved once stays proved.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def none(cls, size: int) -> Proof:
        return cls(np.full(size, np.inf), np.full(size, -np.inf))

    def free(self, cells: Cells) -> np.ndarray:
        """Cells that may be 1 or less, and may be their need or more."""
        return (self.low <= 1 + EPS) & (self.high >= cells.need - EPS)


def settled(cells: Cells, outer: Outer) -> np.ndarray:
    """Counts that bounds alone show to be harmless: known to be zero, or known not to be small."""
    return (outer.plain > cells.need + EPS) | (outer.upper <= EPS)


def leaking(cells: Cells, outer: Outer) -> np.ndarray:
    """Hidden counts that bounds show not to be free over 1–5, and do not show to be clear of it.

    A closer look may find one of them clear after all; hiding more for it is on the safe side.
    That a total of four parts that are not zero is 4 or more is given away with the zeros, which are always shown: the
    lower end of a total is therefore judged without that knowledge, and everything else with it.
    """
    totals = np.zeros(len(cells.value), dtype=bool)
    entry = sparse.coo_array(cells.sums)
    totals[entry.col[entry.data < 0]] = True
    low = np.where(totals, outer.plain, outer.lower)
    tight = (low > 1 + EPS) | (outer.upper < cells.need - EPS)
    return cells.hidden & tight & ~settled(cells, outer)


def search(
    cells: Cells, region: Region, proof: Proof, pending: np.ndarray, progress: Progress | None = None
) -> np.ndarray:
    """Look for tables that prove the `pending` cells free, in blocks of growing size; gives the cells left without."""
    hunt = _Hunt(region, proof.low[region.cell], proof.high[region.cell], np.isin(region.cell, pending))
    for few, most in _BLOCKS:
        tried = ~hunt.open()
        while not tried.all():
            seed = int(np.argmin(tried))
            inside = np.flatnonzero(region.part == region.part[seed])
            block = region.near(seed, few, most, first=~tried) if most and len(inside) > most else inside
            hunt.over(block, last=not most)
            tried[block] = True
            tried |= ~hunt.open()
            if progress is not None:
                progress(len(pending) - int(hunt.open().sum()), len(pending))
    proof.low[region.cell], proof.high[region.cell] = hunt.low, hunt.high
    return region.cell[hunt.open()]


class _Hunt:
    """Tables that fit, one after another, each made to be a proof for as many cells as it can."""

    def __init__(self, region: Region, low: np.ndarray, high: np.ndarray, wanted: np.ndarray) -> None:
        self.region, self.wanted = region, wanted
        self.low, self.high = np.minimum(low, region.point), np.maximum(high, region.point)
        self.random = np.random.default_rng(len(region.cell))  # only breaks ties: the same table gives the same

    def open(self, block: np.ndarray | slice = slice(None)) -> np.ndarray:
        return self.wanted[block] & (self.to_lower(block) | self.to_raise(block))

    def to_lower(self, block: np.ndarray | slice) -> np.ndarray:
        return self.wanted[block] & (self.low[block] > 1 + EPS)

    def to_raise(self, block: np.ndarray | slice) -> np.ndarray:
        return self.wanted[block] & (self.high[block] < self.region.need[block] - EPS)

    def over(self, block: np.ndarray, *, last: bool) -> None:
        """Tables changed within `block` only, while they are worth it."""
        for strict in (True, False):
            wanted, gain = 1, 1
            while gain > _WORTH[last] * wanted:
                wanted, gain = self._once(block, strict)

    def _once(self, block: np.ndarray, strict: bool) -> tuple[int, int]:
        """One more table: how many proofs were wanted, and how many it gave."""
        region = self.region
        low = self.to_lower(block) & (region.is_total[block] != strict)
        high = self.to_raise(block) & strict
        wanted = int(low.sum() + high.sum())
        if not wanted:
            return 0, 0
        weight, coin = 0.5 + self.random.random(len(block)) / 2, self.random.random(len(block)) < 0.5
        # by the share of the way that one person moves it, so that near ones are finished rather than many begun
        point, need = region.point[block], region.need[block]
        raising = high & (coin | ~low)
        up = np.where(raising, weight / np.maximum(need - point, 1), 0.0)
        down = np.where(low & ~raising, weight / np.maximum(point - 1, 1), 0.0)
        table = region.move(block, up, down, strict=strict)
        if table is None:
            return wanted, 0
        if strict:
            self.high[block] = np.maximum(self.high[block], table)
        counts = region.is_total[block] | strict
        self.low[block] = np.where(counts, np.minimum(self.low[block], table), self.low[block])
        return wanted, int((low & ~self.to_lower(block)).sum() + (high & ~self.to_raise(block)).sum())


def judge(cells: Cells, region: Region, proof: Proof, outer: Outer, seed: int) -> tuple[str, int | None]:
    """Settle one count by linear programming: the verdict and, for a leak, which count to hide (None: nothing helps).

    First only the sums around it are heeded: bounds found so are too wide if anything, so a count that is not free in
    them is not free. Only where it seems free is the whole component solved.
    """
    component = np.flatnonzero(region.part == region.part[seed])
    for near in _NEAR:
        if near[1] < len(component):
            if _free_within(region, proof, seed, region.near(seed, *near)):
                return FREE, None
            verdict, price, _ = _verdict(region, seed, near, outer)
            choice = _smallest(cells, region, price) if verdict == LEAK else None
            if verdict == CLEAR or choice is not None:
                return verdict, choice
    if _free_within(region, proof, seed, component):
        return FREE, None
    verdict, price, _ = _verdict(region, seed)
    if verdict == LEAK:
        return verdict, _smallest(cells, region, price)
    if verdict == FREE and region.whole:  # in fractions only
        for around in (region.near(seed, *_NEAR[0]), component):
            price[region.lines_of(around)] = 1.0
            choice = _smallest(cells, region, price)
            if choice is not None:
                return LEAK, choice
        return LEAK, None
    if verdict == FREE:
        cell = region.cell[seed]
        proof.low[cell], proof.high[cell] = min(proof.low[cell], 1.0), max(proof.high[cell], region.need[seed])
    return verdict, None


def _smallest(cells: Cells, region: Region, price: np.ndarray) -> int | None:
    """The smallest shown count that stands in the sums which hold a bound in place; None if there is none."""
    held = region.line[np.abs(price) > 1e-7]
    index = np.unique(sparse.csr_array(cells.sums)[held].indices)
    choice = index[cells.hideable()[index]]
    return int(choice[np.argmin(cells.value[choice])]) if len(choice) else None


def _free_within(region: Region, proof: Proof, seed: int, block: np.ndarray) -> bool:
    """Whether tables that differ only within `block` prove one count free; they are kept if so."""
    here, nothing = (block == seed).astype(float), np.zeros(len(block))
    at, cell = int(np.searchsorted(block, seed)), region.cell[seed]
    if proof.low[cell] > 1 + EPS:
        table = region.move(block, nothing, here, strict=not region.is_total[seed])
        proof.low[cell] = min(proof.low[cell], np.inf if table is None else table[at])
    if proof.low[cell] <= 1 + EPS and proof.high[cell] < region.need[seed] - EPS:
        table = region.move(block, here, nothing, strict=True)
        proof.high[cell] = max(proof.high[cell], -np.inf if table is None else table[at])
    return bool(proof.low[cell] <= 1 + EPS and proof.high[cell] >= region.need[seed] - EPS)


def _verdict(
    region: Region,
    seed: int,
    near: tuple[int, int] | None = None,
    outer: Outer | None = None,
    *,
    both: bool = False,
) -> tuple[str, np.ndarray, tuple[float, float]]:
    need = region.need[seed]
    low, price = region.extreme(seed, highest=False, strict=False, near=near, outer=outer)
    if low > need + _WIDE:
        high = region.extreme(seed, highest=True, strict=True)[0] if both else np.inf
        return CLEAR, price, (low, high)
    if not region.is_total[seed]:
        low, price = region.extreme(seed, highest=False, strict=True, near=near, outer=outer)
    high, above = region.extreme(seed, highest=True, strict=True, near=near, outer=outer)
    if high <= _WIDE:
        return CLEAR, above, (low, high)
    if low > 1 + _WIDE:
        return LEAK, price, (low, high)
    return (LEAK if high < need - _WIDE else FREE), above, (low, high)


def look_over(
    cells: Cells, *, exact: bool = False, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Judge every hidden count: (lower, upper, how, safe) over all cells; how is 0 bounds, 1 tables, 2 programme."""
    outer, proof = propagate(cells), Proof.none(len(cells.value))
    lower, upper = np.where(cells.hidden, outer.lower, cells.value), np.where(cells.hidden, outer.upper, cells.value)
    how, safe = np.zeros(len(lower), dtype=int), np.ones(len(lower), dtype=bool)
    if not cells.hidden.any():
        return lower, upper, how, safe
    region = Region(cells)
    tight = leaking(cells, outer)
    told = tight & (outer.upper <= cells.need + EPS)  # other tight ones may turn out to be clear of 1–5
    safe[told] = False
    left = cells.hidden if exact else cells.hidden & ~settled(cells, outer) & ~told
    if not exact:
        easy = np.flatnonzero(left & ~tight)
        search(cells, region, proof, easy, progress)
        proved = left & proof.free(cells)
        lower[proved], upper[proved], how[proved] = proof.low[proved], proof.high[proved], 1
        left = left & ~proved
    left = np.flatnonzero(left)
    for done, cell in enumerate(left):
        seed = int(np.searchsorted(region.cell, cell))
        verdict, _, bounds = _verdict(region, seed, both=True)
        lower[cell], upper[cell] = bounds
        how[cell], safe[cell] = 2, verdict != LEAK
        if progress is not None:
            progress(done + 1, len(left))
    return lower, upper, how, safe
