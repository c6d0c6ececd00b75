"""What a reader can work out: how low and how high each hidden count could be, given every count that is shown.

Three tools. *Propagation* gives bounds that a count certainly lies within, so it can show a leak. *Moves* give other
whole tables that fit everything shown, so they can show that there is none. A *linear programme* over everything that
is connected gives the ends of the range exactly, and says which sums hold them there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from metrics.disclosure.cells import Cells

Progress = Callable[[int, int], None]
EPS = 1e-6
_WHOLE = 400  # hidden counts up to which witnesses are sought in whole numbers, not only in fractions
_PASSES = 12  # of propagation; stopping early leaves bounds wide, never wrong


@dataclass
class Outer:
    """Bounds that the true count certainly lies within; `plain` knows only that no count is below 0."""

    lower: np.ndarray
    upper: np.ndarray
    plain: np.ndarray  # the same without the knowledge that zeros are shown
    plain_upper: np.ndarray
    source_low: np.ndarray  # the sum that set each bound, -1 for none
    source_high: np.ndarray


def propagate(cells: Cells, *, passes: int = _PASSES) -> Outer:
    """Tighten every hidden count by every sum it stands in, some times over."""
    entry = sparse.coo_array(cells.sums)
    line, index, sign = entry.row, entry.col, entry.data
    open_line = np.zeros(cells.sums.shape[0], dtype=bool)
    open_line[line[cells.hidden[index]]] = True
    keep = open_line[line]
    line, index, sign = line[keep], index[keep], sign[keep]
    plain = _tighten(cells, line, index, sign, np.zeros(len(cells.value)), passes)
    strict = _tighten(cells, line, index, sign, cells.floor, passes)
    return Outer(strict[0], strict[1], plain[0], plain[1], strict[2], strict[3])


def _tighten(
    cells: Cells, line: np.ndarray, index: np.ndarray, sign: np.ndarray, floor: np.ndarray, passes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    hidden = cells.hidden
    low = np.where(hidden, floor, cells.value)
    high = np.where(hidden, np.inf, cells.value)
    source = np.full((2, len(low)), -1)
    lines, plus, mine = cells.sums.shape[0], sign > 0, hidden[index]
    for _ in range(passes):
        least = np.where(plus, low[index], -high[index])
        most = np.where(plus, high[index], -low[index])
        others_least, others_most = _others(line, least, lines), _others(line, -most, lines)
        top = np.where(plus, -others_least, -others_most)
        bottom = np.where(plus, others_most, others_least)
        moved = False
        better = np.flatnonzero(mine & (top < high[index] - EPS))
        if len(better):
            moved = True
            order = better[np.lexsort((line[better], top[better]))][::-1]
            high[index[order]], source[1, index[order]] = top[order], line[order]
        better = np.flatnonzero(mine & (bottom > low[index] + EPS))
        if len(better):
            moved = True
            order = better[np.lexsort((-line[better], bottom[better]))]
            low[index[order]], source[0, index[order]] = bottom[order], line[order]
        if not moved:
            break
    return low, high, source[0], source[1]


def _others(line: np.ndarray, term: np.ndarray, lines: int) -> np.ndarray:
    """Sum of the other terms of each entry's line, -inf where one of them has no bound."""
    free = np.isneginf(term)
    known = np.where(free, 0.0, term)
    total = np.bincount(line, known, minlength=lines)[line] - known
    unbounded = np.bincount(line, free, minlength=lines)[line] - free
    return np.where(unbounded > 0.5, -np.inf, total)


class Region:
    """The hidden counts with the sums among them, and one table of counts that fits: the truth, or any other."""

    def __init__(self, cells: Cells, *, whole: bool = True) -> None:
        self.cell = np.flatnonzero(cells.hidden)
        block = sparse.csc_array(cells.sums)[:, self.cell]
        used = np.flatnonzero(np.diff(sparse.csr_array(block).indptr))
        self.line = used
        self.by_line = sparse.csr_array(block)[used]
        self.by_cell = sparse.csc_array(self.by_line)
        self.point = cells.value[self.cell]
        self.floor = cells.floor[self.cell]
        self.need = cells.need[self.cell]
        self.is_total = np.zeros(len(self.cell), dtype=bool)
        self.is_total[self.by_line.indices[self.by_line.data < 0]] = True
        self.whole = (
            whole and len(self.cell) <= _WHOLE and bool((np.abs(self.point - np.round(self.point)) < EPS).all())
        )
        _, self.part = (
            sparse.csgraph.connected_components(
                sparse.csr_array(abs(self.by_line).T @ abs(self.by_line)), directed=False
            )
            if len(self.cell)
            else (0, np.zeros(0, dtype=int))
        )

    def lines_of(self, cells: np.ndarray) -> np.ndarray:
        return np.unique(_gather(self.by_cell, cells))

    def near(self, seed: int, few: int, most: int, *, first: np.ndarray | None = None) -> np.ndarray:
        """Hidden counts around one, chosen so that they can be moved against each other without moving a sum."""
        chosen = np.array([seed])
        for step in range(40):
            lines = self.lines_of(chosen)
            members = _gather(self.by_line, lines)
            candidate, shared = np.unique(members, return_counts=True)
            fresh = ~np.isin(candidate, chosen)
            candidate, shared = candidate[fresh], shared[fresh]
            if step == 0:
                take = self._largest(lines, seed, few, first)
            else:
                close = candidate[shared > 1]
                take = close if len(close) else candidate[np.argsort(-self.point[candidate], kind="stable")][:few]
            room = most - len(chosen)
            if not len(take) or room <= 0:
                break
            if len(take) > room:
                take = take[np.argsort(-self.point[take], kind="stable")][:room]
            chosen = np.union1d(chosen, take)
        return chosen

    def _largest(self, lines: np.ndarray, seed: int, few: int, first: np.ndarray | None) -> np.ndarray:
        picks = []
        for line in lines:
            member = self.by_line.indices[self.by_line.indptr[line] : self.by_line.indptr[line + 1]]
            member = member[member != seed]
            order = np.argsort(-self.point[member], kind="stable")
            picks.append(member[order][:few])
            if first is not None:
                picks.append(member[np.argsort(~first[member], kind="stable")][:few])
        return np.unique(np.concatenate(picks)) if picks else np.zeros(0, dtype=int)

    def move(self, cells: np.ndarray, up: np.ndarray, down: np.ndarray, *, strict: bool) -> np.ndarray | None:
        """Another table that fits, changed only at `cells`; `up` and `down` weigh which to raise and lower first."""
        lines = self.lines_of(cells)
        block = sparse.csc_array(self.by_line[lines])[:, cells]
        sums = block @ self.point[cells]
        floor = self.floor[cells] if strict else np.zeros(len(cells))
        ceiling = np.where(up > 0, self.need[cells], np.maximum(1.0, floor))
        split = np.flatnonzero((up > 0) | (down > 0))  # first column up to where it counts, second beyond it
        low = np.concatenate([floor, np.zeros(len(split))])
        high = np.full(len(low), np.inf)
        high[split] = ceiling[split]
        cost = np.concatenate([-up, down[split]])
        solved = milp(
            cost,
            constraints=LinearConstraint(sparse.hstack([block, block[:, split]], format="csc"), sums, sums),
            bounds=Bounds(low, high),
            integrality=np.full(len(low), int(self.whole)),
            options={"node_limit": 200},
        )
        if solved.x is None:
            return None
        x = solved.x[: len(cells)].copy()
        x[split] += solved.x[len(cells) :]
        if self.whole:
            x = np.round(x)
        fits = np.abs(block @ x - sums).max(initial=0) <= EPS and (x >= floor - EPS).all()
        return x if fits else None

    def extreme(
        self, seed: int, *, highest: bool, strict: bool, near: tuple[int, int] | None = None, outer: Outer | None = None
    ) -> tuple[float, np.ndarray]:
        """Least or greatest value by linear programming, and the dual prices of the sums that hold it there.

        Exact over the whole component. With `near`, only the sums around are heeded and counts beyond them are free
        within their `outer` bounds: quicker, and never narrower than the exact range.
        """
        if near is None:
            around = cells = np.flatnonzero(self.part == self.part[seed])
            lines = self.lines_of(cells)
        else:
            around = self.near(seed, *near)
            lines = self.lines_of(around)
            cells = np.unique(_gather(self.by_line, lines))
        block = sparse.csc_array(self.by_line[lines])[:, cells]
        cost = np.zeros(len(cells))
        at = int(np.searchsorted(cells, seed))
        cost[at] = -1.0 if highest else 1.0
        low = self.floor[cells] if strict else np.zeros(len(cells))
        high = np.full(len(cells), np.inf)
        if outer is not None:
            edge = ~np.isin(cells, around)
            low[edge] = (outer.lower if strict else outer.plain)[self.cell[cells[edge]]]
            high[edge] = (outer.upper if strict else outer.plain_upper)[self.cell[cells[edge]]]
        bounds = np.stack([low - EPS, high + EPS], axis=1) if outer is not None else np.stack([low, high], axis=1)
        solved = linprog(cost, A_eq=block, b_eq=block @ self.point[cells], bounds=bounds, method="highs")
        price = np.zeros(len(self.line))
        if solved.status == 3:
            return (np.inf if highest else -np.inf), price
        if solved.status != 0:
            raise RuntimeError(f"The linear programme could not be solved: {solved.message}")
        price[lines] = solved.eqlin.marginals
        return float(solved.x[at]), price


def _gather(matrix: sparse.csr_array | sparse.csc_array, major: np.ndarray) -> np.ndarray:
    """Indices stored in the given rows of a CSR array (columns of a CSC array)."""
    start, many = matrix.indptr[major], np.diff(matrix.indptr)[major]
    inside = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
    return matrix.indices[np.repeat(start, many) + inside]
