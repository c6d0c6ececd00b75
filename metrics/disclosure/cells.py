"""An estimates frame and its totals as arrays: one cell a count, one line a sum that holds between counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from metrics.disclosure.rules import Settings
from metrics.disclosure.totals import ALL, JOIN
from metrics.estimates import SUPPRESSED

NUMERATOR, DENOMINATOR, COMPLEMENT, RECORDS, OUTSIDE = range(5)
KINDS = ("numerator", "denominator", "complement", "n", "not in the table")
SUFFIX = {NUMERATOR: "", DENOMINATOR: "/denominator", RECORDS: "/n"}
COLUMN = {NUMERATOR: "numerator", DENOMINATOR: "denominator", RECORDS: "n"}
UNSPLIT = {"", "all"}  # breakdowns of rows that are not split by anything
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
    codes = _Codes(estimates, totals)
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
    own = n.is_not_null() & ~(n == pl.col("numerator")).fill_null(False) & ~(n == pl.col("denominator")).fill_null(False)
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


class _Codes:
    """Keys of counts as single integers: one digit a dimension, so that a total's key is its part's with one digit changed."""

    def __init__(self, estimates: pl.DataFrame, totals: pl.DataFrame) -> None:
        parts = _parts(estimates)
        self.totals = totals
        self.dimensions = ["measure", "period", *sorted(set(parts) - {"measure", "period"})]
        self.values: dict[str, list[str]] = {}
        digits: dict[str, np.ndarray] = {}
        measures = estimates["measure"].to_list()
        self.has = {k: np.zeros(estimates.height, dtype=bool) for k in SUFFIX}
        for kind, column in COLUMN.items():
            counted = set(estimates.filter(pl.col(column).is_not_null())["measure"].unique().to_list())
            self.has[kind] = np.array([m in counted for m in measures], dtype=bool)
        for dimension in self.dimensions:
            named = totals.filter(pl.col("dimension") == dimension)
            known = set(named["parent"].to_list()) | set(named["child"].to_list()) | {ALL}
            if dimension == "measure":
                known |= {m + s for m in set(measures) for s in SUFFIX.values()}
            else:
                known |= set(parts[dimension].unique().to_list())
            self.values[dimension] = sorted(known)
            code = {v: i for i, v in enumerate(self.values[dimension])}
            if dimension != "measure":
                digits[dimension] = parts[dimension].replace_strict(code, return_dtype=pl.Int64).to_numpy()
        self.stride, step = {}, 1
        for dimension in reversed(self.dimensions):
            self.stride[dimension] = step
            step *= len(self.values[dimension])
        if step >= 2**62:
            raise ValueError("Too many breakdowns crossed with each other for one table: suppress them in parts.")
        code = {v: i for i, v in enumerate(self.values["measure"])}
        self.row_key = sum(digits[d] * self.stride[d] for d in self.dimensions if d != "measure")
        self.measure_code = {
            kind: np.array([code[m + suffix] for m in measures], dtype=np.int64) for kind, suffix in SUFFIX.items()
        }
        self.measure_of_row = self.measure_code[NUMERATOR]

    def row_keys(self, kind: int) -> np.ndarray:
        return self.row_key + self.measure_code[kind] * self.stride["measure"]

    def sums(self, present: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Every sum that has a present count, or a total of one, among its parts: (line, key, sign), and all keys.

        Upwards only: a total that no row shows still ties its parts to a total above it that is shown.
        """
        ways = [w for d in self.dimensions for w in _ways(self, d)]
        found: dict[int, np.ndarray] = {i: np.zeros(0, dtype=np.int64) for i in range(len(ways))}
        every, fresh = present, present
        while len(fresh):
            above = []
            for i, way in enumerate(ways):
                base, slot = way.instances(fresh)
                key = np.unique(np.stack([base, slot]), axis=1) if len(base) else np.zeros((2, 0), dtype=np.int64)
                found[i] = np.unique(np.concatenate([found[i].reshape(2, -1), key], axis=1), axis=1)
                above.append(way.parent_key(*key))
            fresh = np.setdiff1d(np.concatenate(above) if above else fresh[:0], every)
            every = np.union1d(every, fresh)
        lines, keys, signs, number = [], [], [], 0
        for i, way in enumerate(ways):
            base, slot = found[i].reshape(2, -1)
            line, key = way.member_keys(base, slot)
            lines += [number + np.arange(len(base)), number + line]
            keys += [way.parent_key(base, slot), key]
            signs += [-np.ones(len(base)), np.ones(len(key))]
            number += len(base)
        if not lines:
            none = np.zeros(0, dtype=np.int64)
            return none, none, np.zeros(0), present
        key = np.concatenate(keys)
        return np.concatenate(lines), key, np.concatenate(signs), np.union1d(every, key)


class _Way:
    """The relations of one dimension that hold for the same counts, as arrays."""

    def __init__(self, codes: _Codes, dimension: str, frame: pl.DataFrame, allowed: np.ndarray | None) -> None:
        self.stride, self.size = codes.stride[dimension], len(codes.values[dimension])
        self.measure_stride, self.measure_size = codes.stride["measure"], len(codes.values["measure"])
        self.allowed = allowed
        code = {v: i for i, v in enumerate(codes.values[dimension])}
        slots = frame.group_by("relation", "parent", maintain_order=True).agg("child")
        self.parent = np.array([code[p] for p in slots["parent"]], dtype=np.int64)
        lists = [np.array([code[c] for c in kids], dtype=np.int64) for kids in slots["child"]]
        self.start = np.concatenate([[0], np.cumsum([len(k) for k in lists])]).astype(np.int64)
        self.child = np.concatenate(lists)
        slot_of = np.repeat(np.arange(len(lists)), np.diff(self.start))
        order = np.argsort(self.child, kind="stable")
        self.by_child, self.slot_by_child = self.child[order], slot_of[order]

    def instances(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums in which the counts `keys` are parts, as (key without this dimension's digit, relation)."""
        if self.allowed is not None:
            keys = keys[self.allowed[(keys // self.measure_stride) % self.measure_size]]
        digit = (keys // self.stride) % self.size
        low = np.searchsorted(self.by_child, digit, "left")
        many = np.searchsorted(self.by_child, digit, "right") - low
        base = np.repeat(keys - digit * self.stride, many)
        inside = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        return base, self.slot_by_child[np.repeat(low, many) + inside]

    def parent_key(self, base: np.ndarray, slot: np.ndarray) -> np.ndarray:
        return base + self.parent[slot] * self.stride

    def member_keys(self, base: np.ndarray, slot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        many = self.start[slot + 1] - self.start[slot]
        line = np.repeat(np.arange(len(slot)), many)
        inside = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        return line, base[line] + self.child[self.start[slot][line] + inside] * self.stride


def _ways(codes: _Codes, dimension: str) -> list[_Way]:
    frame = codes.totals.filter(pl.col("dimension") == dimension)
    ways = []
    for (measure, count), part in frame.group_by("measure", "count", maintain_order=True):
        allowed = None
        if dimension != "measure" and (measure is not None or count is not None):
            suffixes = ["", "/n"] if count == "numerator" else ["/denominator"] if count else list(SUFFIX.values())
            names = codes.values["measure"]
            allowed = np.array(
                [any(v.endswith(s) and (v == measure + s if measure else _kind(v) == s) for s in suffixes) for v in names]
            )
        ways.append(_Way(codes, dimension, part, allowed))
    return ways


def _kind(name: str) -> str:
    return next((s for s in ("/denominator", "/n") if name.endswith(s)), "")


def _parts(estimates: pl.DataFrame) -> dict[str, pl.Series]:
    """A column a dimension: the group's part in it, or `*` where a row is not split by it."""
    names = sorted({p for b in estimates["breakdown"].unique().to_list() for p in b.split(JOIN)} - UNSPLIT)
    columns = {"period": pl.col("period"), **{n: pl.lit(None, pl.String) for n in names}}
    for breakdown in estimates["breakdown"].unique().sort().to_list():
        parts = breakdown.split(JOIN)
        cut = pl.col("group").str.split(JOIN)
        for i, name in enumerate(parts):
            if name in UNSPLIT:
                continue
            value = pl.col("group") if len(parts) == 1 else cut.list.get(i, null_on_oob=True)
            columns[name] = pl.when(pl.col("breakdown") == breakdown).then(value).otherwise(columns[name])
    frame = estimates.select([e.fill_null(ALL).alias(n) for n, e in columns.items()])
    return {n: frame[n] for n in columns}
