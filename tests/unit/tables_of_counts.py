"""Tables of counts to be protected: by area, month and level of need, with all that adds up in them."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl

from metrics.disclosure import ALL, join, total
from metrics.estimates import conform


def frame(rows: list[dict], **same: object) -> pl.DataFrame:
    """An estimates frame: whatever is not given is as in most tables here."""
    usual = {"measure": "m", "breakdown": "area", "period": "2025", "period_end": dt.date(2025, 3, 31), "status": "ok"}
    table = pl.DataFrame([{**usual, **same, **r} for r in rows], infer_schema_length=None)
    table = conform(table)
    share = pl.col("numerator") / pl.col("denominator") * 100
    n = pl.coalesce("denominator", "numerator").cast(pl.Int64)
    return table.with_columns(value=pl.coalesce("value", share, "numerator"), n=pl.coalesce("n", n)).with_columns(
        lower=pl.col("value") * 0.9, upper=pl.col("value") * 1.1
    )


def counts(**groups: float) -> pl.DataFrame:
    return frame([{"group": g, "numerator": float(v)} for g, v in groups.items()])


def without(table: pl.DataFrame, hide: list[bool]) -> pl.DataFrame:
    """The table with some rows suppressed by hand."""
    mask = pl.Series(hide)
    gone = [
        pl.when(mask).then(None).otherwise(pl.col(c)).alias(c) for c in ("numerator", "value", "lower", "upper", "n")
    ]
    return table.with_columns(*gone, status=pl.when(mask).then(pl.lit("c")).otherwise("status"))


def crossed(rows: list[tuple[str, str, float]]) -> pl.DataFrame:
    """Area by level; `*` is all together."""
    return frame([{**name(area, level), "numerator": float(v)} for area, level, v in rows])


def name(area: str, level: str) -> dict[str, str]:
    parts = [(b, g) for b, g in (("area", area), ("level", level)) if g != ALL]
    return {"breakdown": "|".join(b for b, _ in parts) or "all", "group": "|".join(g for _, g in parts) or "all"}


class Axis:
    """One way of splitting: finest values, and groups of them with what each adds up from."""

    def __init__(
        self, dimension: str, size: int, groups: dict[str, tuple[str, ...]], whole: tuple[str, ...] | None
    ) -> None:
        finest = [f"{dimension[0]}{i}" for i in range(size)]
        self.members: dict[str, np.ndarray] = {n: np.arange(size) == i for i, n in enumerate(finest)}
        frames = []
        for group, children in groups.items():
            self.members[group] = np.any([self.members[c] for c in children], axis=0)
            frames.append(total(dimension, group, children, relation=group))
        top = "Year" if dimension == "period" else ALL
        self.members[top] = np.ones(size, dtype=bool)
        frames.append(total(dimension, top, whole or finest))
        self.totals = join(*frames)


def axes(shape: tuple[int, int, int], kind: str) -> list[Axis]:
    areas, months, levels = shape
    if kind == "flat":
        groups, whole = {}, None
    elif kind == "tree":  # wards of two, the last perhaps of one, then two districts, the last perhaps of one ward
        wards = {f"w{i}": tuple(f"a{j}" for j in range(2 * i, min(areas, 2 * i + 2))) for i in range((areas + 1) // 2)}
        names = list(wards)
        districts = {"d0": tuple(names[:-1]) or tuple(names), **({"d1": (names[-1],)} if len(names) > 1 else {})}
        groups, whole = {**wards, **districts}, tuple(districts)
    elif areas == 1:
        groups, whole = {"left": ("a0",)}, None
    else:  # two groups that overlap
        cut = max(1, areas // 2)
        groups = {
            "left": tuple(f"a{j}" for j in range(cut + (areas > 2))),
            "right": tuple(f"a{j}" for j in range(cut, areas)),
        }
        whole = None
    quarter = {"Q1": tuple(f"p{j}" for j in range(months - 1))} if months > 2 else {}
    year = ("Q1", f"p{months - 1}") if quarter else None
    return [Axis("area", areas, groups, whole), Axis("period", months, quarter, year), Axis("level", levels, {}, None)]


def cells_of(cross: list[Axis]) -> list[tuple[str, str, str, np.ndarray]]:
    found = []
    for (a, x), (p, y), (s, z) in itertools.product(*(axis.members.items() for axis in cross)):
        found.append((a, p, s, np.einsum("i,j,k->ijk", x, y, z).ravel().astype(float)))
    return found


def example(
    table: np.ndarray, *, share: bool, kind: str = "flat", rest: np.ndarray | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    cross = axes(table.shape, kind)
    rows = []
    rest = np.zeros_like(table) + (table[::-1] if rest is None else rest)
    for a, p, s, members in cells_of(cross):
        x = float(members @ table.ravel())
        row = {**name(a, s), "period": p, "numerator": x}
        rows.append({**row, "denominator": x + float(members @ rest.ravel())} if share else row)
    return frame(rows), join(*(axis.totals for axis in cross))
