"""An estimates frame and its totals as arrays: one cell a count, one line a sum that holds between counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from metrics.disclosure.keys import COLUMN, COMPLEMENT, DENOMINATOR, NUMERATOR, OUTSIDE, RECORDS, Codes
from metrics.disclosure.rules import Settings
from metrics.estimates import SUPPRESSED

_SLACK = 1e-6  # sums may differ by this much: counts are whole, but are kept as floats


@dataclass
class Cells:
    """Counts and the sums between them. Arrays run over cells, except `places`, which runs over the frame's rows."""

    value: np.ndarray  # true count; nan where nobody told
    kind: np.ndarray  # NUMERATOR … OUTSIDE
    row: np.ndarray  # a row of the frame that the cell belongs to, -1 outside
    floor: np.ndarray  # least that the count can be if hidden: 1 where a zero would have been shown, else 0
    need: np.ndarray  # hidden counts must be able to be anything from 1 to this (5 at a threshold of 6)
    fixed: np.ndarray  # shown whatever happens: published elsewhere
    hidden: np.ndarray
    sums: sparse.csr_array  # lines × cells: -1 the total, +1 its parts; every line adds up to 0
    places: np.ndarray  # frame rows × kinds (numerator, denominator, complement, n) → cell, -1 where there is none

    def hideable(self) -> np.ndarray:
        """Shown counts that may be hidden to protect another: never a zero, nor what others have published."""
        own = (self.kind != OUTSIDE) & (self.kind != COMPLEMENT)  # a complement goes with its numerator
        return own & ~self.hidden & ~self.fixed & (self.value > _SLACK)

    def hide(self, cells: np.ndarray) -> None:
        """Hide cells, and with each what would give it away: a shown share and denominator are a numerator."""
        self.hidden[cells[~self.fixed[cells]]] = True
        num, den, com, n = self.places.T
        positive = _at(self.value, num, np.nan) != 0  # a numerator of zero stays: nobody is in it
        off = [_at(self.hidden, c, False) for c in (num, den, com, n)]
        drop = (num >= 0) & ~_at(self.fixed, num, False) & positive & (off[0] | off[1] | off[2] | off[3])
        self.hidden[num[drop]] = True
        bare = off[2] & ~positive & (den >= 0)  # numerator 0: the complement is the denominator
        self.hidden[den[bare]] = True
        self.hidden[n[drop & (n >= 0)]] = True
        gone = (com >= 0) & (_at(self.hidden, num, False) | _at(self.hidden, den, False))
        self.hidden[com[gone]] = True


def _at(values: np.ndarray, where: np.ndarray, missing: object) -> np.ndarray:
    out = values[where]
    return np.where(where >= 0, out, missing) if len(values) else np.full(len(where), missing)


def build(estimates: pl.DataFrame, totals: pl.DataFrame, settings: Settings) -> Cells:
    """Cells of `estimates`, those that the totals name but no row holds, and the sums between them all.

    Raises ValueError where two rows give the same count differently or where a total is not the sum of its parts.
    """
    rows = estimates.height
    codes = Codes(estimates, totals)
    keys, kinds, where, values = [], [], [], []
    places = np.full((rows, 4), -1, dtype=np.int64)
    for kind in _layers(estimates):
        here = codes.has[kind]
        keys.append(codes.row_keys(kind)[here])
        values.append(estimates[COLUMN[kind]].cast(pl.Float64).to_numpy()[here])
        where.append(np.flatnonzero(here))
        kinds.append(np.full(int(here.sum()), kind))
    key = np.concatenate(keys) if keys else np.zeros(0, dtype=np.int64)
    value, row, kind = (np.concatenate(a) if a else np.zeros(0) for a in (values, where, kinds))
    row, kind = row.astype(np.int64), kind.astype(np.int64)
    present, cell = np.unique(key, return_inverse=True)
    places[row, kind] = cell
    known = _merge(value, cell, len(present), estimates, row)
    first = np.full(len(present), -1, dtype=np.int64)
    cell_kind = np.zeros(len(present), dtype=np.int64)
    first[cell[::-1]], cell_kind[cell[::-1]] = row[::-1], kind[::-1]

    line, member, sign, every = codes.sums(present)
    outside = np.setdiff1d(every, present)
    order = np.concatenate([present, outside])
    position = np.argsort(order, kind="stable")
    index = position[np.searchsorted(order[position], member)]
    known = np.concatenate([known, np.full(len(outside), np.nan)])
    cell_kind = np.concatenate([cell_kind, np.full(len(outside), OUTSIDE)])
    first = np.concatenate([first, np.full(len(outside), -1)])
    line, index, sign, more = _prune(line, index, sign, cell_kind)

    # what a row's numerator leaves of its denominator: the complement, a count of people like the others
    pair = (places[:, NUMERATOR] >= 0) & (places[:, DENOMINATOR] >= 0) & settings.complement
    num, den = places[pair, NUMERATOR], places[pair, DENOMINATOR]
    parts = ~(known[num] > known[den] + _SLACK)
    measure = codes.measure_of_row[pair]
    uncountable = np.unique(measure[~parts])  # events, not people: more of them than people
    pairs = np.flatnonzero(pair)[~np.isin(measure, uncountable)]
    num, den = places[pairs, NUMERATOR], places[pairs, DENOMINATOR]
    twins, back = np.unique(np.stack([num, den]), axis=1, return_inverse=True)
    base, lines = len(known) + more, int(line.max(initial=-1)) + 1
    count = twins.shape[1]
    places[pairs, COMPLEMENT] = base + back.ravel()
    known = np.concatenate([known, np.full(more, np.nan), known[twins[1]] - known[twins[0]]])
    cell_kind = np.concatenate([cell_kind, np.full(more, OUTSIDE), np.full(count, COMPLEMENT)])
    owner = np.full(count, -1)
    owner[back.ravel()[::-1]] = pairs[::-1]
    first = np.concatenate([first, np.full(more, -1), owner])
    new = np.arange(count)
    line = np.concatenate([line, lines + new, lines + new, lines + new])
    index = np.concatenate([index, twins[1], twins[0], base + new])
    sign = np.concatenate([sign, np.full(count, -1.0), np.ones(2 * count)])

    size = len(known)
    sums = sparse.csr_array((sign, (line, index)), shape=(int(line.max(initial=-1)) + 1, size))
    sums.sort_indices()
    suppressed = (estimates["status"] == SUPPRESSED).fill_null(False).to_numpy()
    owned = first >= 0
    need = np.full(size, settings.default - 1, dtype=float)
    need[owned] = settings.threshold[first[owned]] - 1
    for place in range(4):  # two rows may show one count: the stricter of their thresholds holds
        at = places[:, place] >= 0
        np.maximum.at(need, places[at, place], settings.threshold[at] - 1)
    fixed = np.zeros(size, dtype=bool)
    fixed[owned] = settings.exempt[first[owned]]
    shown_zero_rule = owned & (cell_kind != COMPLEMENT)
    shown_zero_rule[owned] &= np.isfinite(known[owned]) | suppressed[first[owned]]
    return Cells(
        value=known,
        kind=cell_kind,
        row=first,
        floor=np.where(shown_zero_rule, 1.0, 0.0),
        need=need,
        fixed=fixed,
        hidden=~np.isfinite(known),
        sums=sums,
        places=places,
    )


def _layers(estimates: pl.DataFrame) -> list[int]:
    """Kinds of count that the frame holds. `n` is one of its own only where it is neither of the other two."""
    layers = [k for k in (NUMERATOR, DENOMINATOR) if estimates[COLUMN[k]].is_not_null().any()]
    n = pl.col("n").cast(pl.Float64)
    own = (
        n.is_not_null() & ~(n == pl.col("numerator")).fill_null(False) & ~(n == pl.col("denominator")).fill_null(False)
    )
    return [*layers, RECORDS] if estimates.select(own.any()).item() else layers


def _merge(value: np.ndarray, cell: np.ndarray, size: int, estimates: pl.DataFrame, row: np.ndarray) -> np.ndarray:
    """One value a cell, though several rows may show it."""
    low, high = np.full(size, np.nan), np.full(size, np.nan)
    np.fmin.at(low, cell, value)
    np.fmax.at(high, cell, value)
    differ = high - low > _SLACK
    if differ.any():
        at = row[np.flatnonzero(differ[cell])[0]]
        raise ValueError(f"Two rows give different counts for {_label(estimates, int(at))}.")
    if (low < 0).any():
        raise ValueError(f"A count is below zero: {_label(estimates, int(row[np.flatnonzero((low < 0)[cell])[0]]))}.")
    return low


def _label(estimates: pl.DataFrame, row: int) -> str:
    return ", ".join(str(v) for v in estimates.select("measure", "breakdown", "group", "period").row(row))


def _prune(
    line: np.ndarray, index: np.ndarray, sign: np.ndarray, kind: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Leave out sums that tell nothing, and gather what several parts outside the frame have together.

    A total that no row shows and no other sum uses says nothing about its parts. Where a total is shown and two or
    more of its parts are not in the frame, those parts together are a count too (an area less another inside it): they
    get a cell of their own, so that it is looked after like any other.
    """
    while True:
        degree = np.bincount(index, minlength=len(kind))
        idle = (sign < 0) & (kind[index] == OUTSIDE) & (degree[index] == 1)
        if not idle.any():
            break
        keep = ~np.isin(line, line[idle])
        line, index, sign = line[keep], index[keep], sign[keep]
    _, line = np.unique(line, return_inverse=True)
    lines = int(line.max(initial=-1)) + 1
    absent = (kind[index] == OUTSIDE) & (sign > 0)
    crowd = np.bincount(line[absent], minlength=lines)
    top = np.zeros(lines, dtype=bool)
    top[line[(sign < 0) & (kind[index] != OUTSIDE)]] = True
    gather = np.flatnonzero((crowd > 1) & top)
    number = np.full(lines, -1)
    number[gather] = np.arange(len(gather))
    moved = absent & (number[line] >= 0)
    rest, base = len(kind) + np.arange(len(gather)), lines + np.arange(len(gather))
    line = np.concatenate([np.where(moved, lines + number[line], line), gather, base])
    index = np.concatenate([index, rest, rest])
    sign = np.concatenate([sign, np.ones(len(gather)), -np.ones(len(gather))])
    return line, index, sign, len(gather)
