"""The case tables as Dataframely schemas: their columns, what may not be empty, the rules between the cells of a row.

The columns are those of `metrics.cases`, the rules those rows of `case_rules.csv` whose test is `given`, `between`,
`not before` or `not after`. A rule that meets an empty cell passes, except `given`.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import dataframely as dy
import polars as pl

from metrics.cases import CASE_TABLES, DAY, NUMBER, TEXT, WHOLE, YES_NO

from . import repair
from .rules import EMPTY, REFUSE, Account, Rule, rules

_TYPES = {TEXT: dy.String, DAY: dy.Date, WHOLE: dy.Int64, YES_NO: dy.Bool, NUMBER: dy.Float64}
_GIVEN = "|nullability"  # how Dataframely calls its own rule that a column is given


@cache
def schema(table: str) -> type[dy.Schema]:
    """The schema of one case table, with `line`, and `as_at`: the day that no date of a record may be after."""
    spec = CASE_TABLES[table]
    needed = {*spec.key, *spec.required}
    parts: dict[str, object] = {"line": dy.Int64(), "as_at": dy.Date()}
    parts |= {column: _TYPES[dtype](nullable=column not in needed) for column, dtype in spec.columns.items()}
    for column in spec.columns:
        for rule in rules().values():
            if rule.is_about(table, column) and (test := _test(rule, column, spec.columns)) is not None:
                parts[f"{rule.rule}|{column}"] = dy.rule()(lambda cls, test=test: test)
    return type(f"{table.title()}Rows", (dy.Schema,), {"__module__": __name__, **parts})


def _test(rule: Rule, column: str, columns: object) -> pl.Expr | None:
    cell = pl.col(column)
    match rule.test:
        case "between":
            return cell.is_between(*rule.bounds())
        case "not before":
            return cell >= pl.col(rule.against)
        case "not after":
            return cell <= pl.col(rule.against)
    return None


def hold(frame: pl.DataFrame, table: str, account: Account, *, as_at: date) -> pl.DataFrame:
    """`frame` (columns of the table and `line`) without the rows and cells that break a rule; all are listed."""
    _, failure = schema(table).filter(frame.with_columns(pl.lit(as_at).alias("as_at")))
    if len(failure) == 0:
        return frame
    details = failure.details()
    bad = []
    for name in (c for c in details.columns if "|" in c):
        rows = details.filter(pl.col(name).cast(pl.String) == "invalid")
        if rows.is_empty():
            continue
        id, column = ("missing", name.removesuffix(_GIVEN)) if name.endswith(_GIVEN) else name.split("|")
        account.note(id, rows, column, value=column)
        if rules()[id].action == REFUSE:
            bad.append(rows.select("line"))
        elif rules()[id].action == EMPTY:
            gone = pl.col("line").is_in(rows["line"].implode())
            frame = frame.with_columns(pl.when(~gone).then(pl.col(column)).alias(column))
    return repair.without(frame, bad)
