"""Counts named by integers, so that a total is found from its parts by arithmetic, for tens of thousands at once."""

from __future__ import annotations

import numpy as np
import polars as pl

from metrics.disclosure.totals import ALL, JOIN

NUMERATOR, DENOMINATOR, COMPLEMENT, RECORDS, OUTSIDE = range(5)  # kinds of count
KINDS = ("numerator", "denominator", "complement", "n", "not in the table")
SUFFIX = {NUMERATOR: "", DENOMINATOR: "/denominator", RECORDS: "/n"}
COLUMN = {NUMERATOR: "numerator", DENOMINATOR: "denominator", RECORDS: "n"}
UNSPLIT = {"", "all"}  # breakdowns of rows that are not split by anything


class Codes:
    """Keys of counts as single integers, one digit a dimension: a total's key is its part's with one digit changed."""

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

    def __init__(self, codes: Codes, dimension: str, frame: pl.DataFrame, allowed: np.ndarray | None) -> None:
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


def _ways(codes: Codes, dimension: str) -> list[_Way]:
    frame = codes.totals.filter(pl.col("dimension") == dimension)
    ways = []
    for (measure, count), part in frame.group_by("measure", "count", maintain_order=True):
        allowed = None
        if dimension != "measure" and (measure is not None or count is not None):
            suffixes = ["", "/n"] if count == "numerator" else ["/denominator"] if count else list(SUFFIX.values())
            names = codes.values["measure"]
            allowed = np.array(
                [
                    any(v.endswith(s) and (v == measure + s if measure else _kind(v) == s) for s in suffixes)
                    for v in names
                ]
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
