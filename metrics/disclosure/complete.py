"""Counts that nobody told, worked out or filled in: a table must fit its totals before it can be looked after."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from metrics.disclosure.cells import Cells

_SLACK = 1e-6


class DoesNotAddUp(ValueError):
    """A total that is not the sum of its parts; `cells` are those of the first sum that fails."""

    def __init__(self, cells: np.ndarray) -> None:
        super().__init__("A total is not the sum of its parts.")
        self.cells = cells


def complete(cells: Cells) -> None:
    """Give every unknown count a value that fits the sums: the only possible one, or failing that any one.

    Raises DoesNotAddUp where the known counts contradict the totals.
    """
    _derive(cells)
    unknown = np.flatnonzero(~np.isfinite(cells.value))
    sums = sparse.csr_array(cells.sums)
    if len(unknown):
        block = sparse.csc_array(sums)[:, unknown]
        lines = np.flatnonzero(np.diff(sparse.csr_array(block).indptr))
        known = np.nan_to_num(cells.value)
        needed = -(sums[lines] @ known)
        for floor in (cells.floor[unknown], np.zeros(len(unknown))):
            solved = linprog(
                np.zeros(len(unknown)),
                A_eq=sparse.csr_array(block)[lines],
                b_eq=needed,
                bounds=np.stack([floor, np.full(len(unknown), np.inf)], axis=1),
                method="highs",
            )
            if solved.status == 0:
                break
        else:
            raise DoesNotAddUp(sums[[lines[0]]].indices)
        if solved.status != 0:
            raise DoesNotAddUp(sums[[lines[0]]].indices)
        cells.floor[unknown] = np.minimum(cells.floor[unknown], floor)
        x = solved.x
        near = np.round(x)
        cells.value[unknown] = np.where(np.abs(x - near) < _SLACK, near, x)
    off = np.abs(sums @ cells.value)
    if off.max(initial=0) > _SLACK * 10:
        line = int(np.argmax(off))
        raise DoesNotAddUp(sums[[line]].indices)


def _derive(cells: Cells) -> None:
    """Fill in what one sum alone settles: the one unknown of its cells, or several parts that have nothing together."""
    entry = sparse.coo_array(cells.sums)
    line, index, sign = entry.row, entry.col, entry.data
    lines = cells.sums.shape[0]
    while True:
        unknown = ~np.isfinite(cells.value[index])
        many = np.bincount(line[unknown], minlength=lines)
        rest = -np.bincount(line[~unknown], sign[~unknown] * cells.value[index[~unknown]], minlength=lines)
        lone = unknown & (many[line] == 1)
        top_known = np.bincount(line[unknown & (sign < 0)], minlength=lines) == 0
        empty = unknown & top_known[line] & (np.abs(rest[line]) < _SLACK)
        fill = lone | empty
        if not fill.any():
            return
        value = np.where(lone, sign * rest[line], 0.0)[fill]
        if (value < -_SLACK).any():
            bad = line[fill][np.argmin(value)]
            raise DoesNotAddUp(index[line == bad])
        cells.value[index[fill]] = np.maximum(value, 0.0)
