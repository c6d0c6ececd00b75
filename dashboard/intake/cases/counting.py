"""What may stand side by side: a thing is counted from one kind of file only.

Annex A gives assessments and no episodes, the standard dataset episodes and no assessments, our own set may give both.
The same assessment in two kinds of file has two numbers, so that it would be counted twice. Therefore a table of what
is counted takes rows from one kind of file at a time, and never beside invented records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import polars as pl

from .aliases import CASES

COUNTED = ("assessment", "episode", "referral", "contact")


def clash(kind: str, tables: Collection[str], loads: pl.DataFrame, holders: Callable[[str], Collection[int]]) -> str:
    """Why a file of this kind with these tables may not go in beside the loads that stand; "" where it may.

    `loads`: `load_id`, `kind`, `standing`, `undone_at`. `holders`: table → the loads that have rows in it, asked only
    where another kind of case records stands.
    """
    invented = loads.filter(pl.col("undone_at").is_null() & (pl.col("standing") == "invented"))
    if not invented.is_empty():
        number = invented["load_id"].min()
        return f"Invented records stand (load {number}), and real ones would be counted with them: undo that first."
    standing = loads.filter(
        pl.col("undone_at").is_null() & pl.col("kind").is_in(list(CASES)) & (pl.col("kind") != kind)
    )
    if standing.is_empty():
        return ""
    kinds = dict(standing.select("load_id", "kind").iter_rows())
    for table in (t for t in COUNTED if t in tables):
        there = sorted({load for load in holders(table) if load in kinds})
        if there:
            numbers = f"load {there[0]}" if len(there) == 1 else f"loads {', '.join(map(str, there))}"
            return (
                f"There are {table}s already from {CASES[kinds[there[0]]]} ({numbers}), and the same ones would be "
                f"counted twice: undo that first, or leave the {table}s out of this file."
            )
    return ""
