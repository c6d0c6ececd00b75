"""The rules that case records are held to: `case_rules.csv`, one row a rule with its message and its failing example.

| action | what becomes of the row |
|---|---|
| refuse | it is kept out |
| empty | it stays, without the cell |
| repair | it stays, with another value in the cell |
| keep | it stays as it is |
| merge | it is taken into another row |

Whatever the action, the row is listed: refused rows by `Batch.refused`, the others by `Batch.repaired`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from ..batch import Ledger
from ..definitions import table

ACTIONS = (REFUSE, EMPTY, REPAIR, KEPT, MERGE) = ("refuse", "empty", "repair", "keep", "merge")


@dataclass(frozen=True, slots=True)
class Rule:
    rule: str
    kind: str
    table: str
    column: str
    test: str
    against: str
    action: str
    message: str
    example: str

    def is_about(self, table: str, column: str) -> bool:
        return ("*" in self.table or table in self.table.split()) and (
            "*" in self.column or column in self.column.split()
        )

    def bounds(self) -> tuple[float, float]:
        """`1..4` → (1, 4); a side left out has no bound."""
        low, _, high = self.against.partition("..")
        return float(low or "-inf"), float(high or "inf")


@cache
def rules() -> Mapping[str, Rule]:
    """Rule by its id."""
    return {row["rule"]: Rule(**row) for row in table("case_rules.csv")}


@dataclass(slots=True)
class Account:
    """What is said of one table of a file: `label` names it where a file has several, `headers` are column → header.

    What stands in the columns `silent` (identifiers, birth dates, postcodes) is never repeated.
    """

    ledger: Ledger
    headers: Mapping[str, str]
    label: str = ""
    silent: Collection[str] = field(default_factory=frozenset)

    def header(self, column: str) -> str:
        shown = self.headers.get(column, column)
        return f"{self.label}: {shown}" if self.label else shown

    def note(self, id: str, rows: pl.DataFrame, column: str, *, value: str | None = None, at: str = "", **said) -> None:
        """List `rows` (which have `line`) under a rule; `value`: the column with what stands there, as text.

        `{at}` of the message is filled from that column of `rows`, its other names from `said`.
        """
        if rows.is_empty():
            return
        rule = rules()[id]
        text = rule.message
        for name, word in {"column": self.headers.get(column, column), **said}.items():
            text = text.replace("{" + name + "}", str(word))
        before, found, after = text.partition("{" + at + "}") if at else (text, "", "")
        reason = pl.concat_str(pl.lit(before), pl.col(at).cast(pl.String), pl.lit(after)) if found else before
        shown = None if value is None or column in self.silent else value
        write = self.ledger.refuse if rule.action == REFUSE else self.ledger.repair
        write(rows, self.header(column), reason, value=shown)
