"""Hide what must be hidden, then whatever else would give it away, until a proof says that nothing does."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from metrics.disclosure.cells import Cells
from metrics.disclosure.proof import LEAK, Proof, judge, leaking, search, settled
from metrics.disclosure.ranges import EPS, Outer, Progress, Region, propagate


def hide_small(cells: Cells) -> None:
    """Primary suppression: counts from 1 to their need, complements included."""
    small = (cells.value > EPS) & (cells.value <= cells.need + EPS) & ~cells.fixed
    cells.hide(np.flatnonzero(small))


class Sums:
    """The entries of all sums, sorted so that the first that may be hidden in a sum is the one to hide."""

    def __init__(self, cells: Cells) -> None:
        entry = sparse.coo_array(cells.sums)
        order = np.lexsort((entry.col, entry.data < 0, cells.value[entry.col], entry.row))
        self.line, self.index = entry.row[order], entry.col[order]
        keep = cells.hideable()[self.index]
        self.line, self.index = self.line[keep], self.index[keep]

    def first(self, cells: Cells, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each line with something left to hide: the smallest shown count that is not zero. (lines, cells)"""
        mine = np.isin(self.line, lines) & ~cells.hidden[self.index]
        line, at = np.unique(self.line[mine], return_index=True)
        return line, self.index[mine][at]


def spread(cells: Cells, sums: Sums, proof: Proof) -> Outer:
    """Hide further counts while simple bounds show a leak, and while there is something in reach to hide."""
    entry = sparse.csc_array(cells.sums)
    while True:
        outer = propagate(cells)
        leaks = leaking(cells, outer)
        leaks &= ~proof.free(cells)
        at = np.flatnonzero(leaks)
        if not len(at):
            return outer
        high = outer.upper[at] < cells.need[at] - EPS
        tight = np.where(high, outer.source_high[at], outer.source_low[at])
        lines, fresh = sums.first(cells, np.unique(tight[tight >= 0]))
        stuck = at[~np.isin(tight, lines)]
        if len(stuck):  # the sum that binds has nothing left: another sum of the same count
            other = np.unique(np.concatenate([entry.indices[entry.indptr[i] : entry.indptr[i + 1]] for i in stuck]))
            fresh = np.union1d(fresh, sums.first(cells, other)[1])
        if not len(fresh):
            return outer
        cells.hide(np.unique(fresh))


def protect(cells: Cells, progress: Progress | None = None) -> None:
    """Hide further counts until every hidden one is proved free over 1–5 or clear of it.

    Ends always: each round hides at least one count more or proves the rest. A count stays given away only where all
    that bounds it is zero or published elsewhere, so that there is nothing left to hide.
    """
    sums, proof = Sums(cells), Proof.none(len(cells.value))
    helpless = np.zeros(len(cells.value), dtype=bool)
    while True:
        outer = spread(cells, sums, proof)
        pending = cells.hidden & ~settled(cells, outer) & ~proof.free(cells) & ~helpless
        if not pending.any():
            break
        region = Region(cells)
        left = search(cells, region, proof, np.flatnonzero(pending), progress)
        hide = []
        waiting = np.zeros(len(region.cell), dtype=bool)
        for seed in np.searchsorted(region.cell, left):
            if waiting[seed]:  # near a count that is being put right: looked at again in the next round
                continue
            verdict, choice = judge(cells, region, proof, outer, int(seed))
            if verdict == LEAK and choice is None:
                helpless[region.cell[seed]] = True
            elif verdict == LEAK:
                hide.append(choice)
                waiting[region.near(int(seed), 3, 40)] = True
        if not hide:
            break
        cells.hide(np.unique(hide))
    _show_again(cells)


def _show_again(cells: Cells) -> None:
    """Show rows that were hidden for others and can be worked out all the same: hiding them protects nobody."""
    outer = propagate(cells)
    known = cells.hidden & (outer.plain_upper - outer.plain < EPS) & (cells.value > cells.need + EPS)
    places = cells.places
    hidden = np.where(places >= 0, cells.hidden[places], False)
    plain = hidden.any(axis=1) & np.where(hidden, known[places], True).all(axis=1)
    again = np.unique(places[plain][hidden[plain]])
    shared = np.unique(places[~plain][hidden[~plain]])  # also shown by a row that must stay hidden
    cells.hidden[np.setdiff1d(again, shared)] = False
