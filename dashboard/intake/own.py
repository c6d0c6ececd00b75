"""Our own long table, CSV or XLSX: the form for local figures and for the sample data.

| column | what it holds |
|---|---|
| `measure` | id of a series (`rereferrals`), of an outside figure (`lait:ReReferral`) or of a local measure |
| `area` | ONS code, full name or DfE number |
| `period` | `2018/19`, `2019`, `2024/25 Q4`, `31 Mar 2018` … |
| `value` | on the measure's own scale: 23.9 for 23.9%; may be left out where both counts are given |
| `numerator`, `denominator` | counts behind the value, optional |
| `lower`, `upper` | 95% limits, optional |
| `status` | optional: `ok`, `provisional`; `c` hidden, `x` not available, `z` not applicable, `low` too few to judge |
| `note` | optional |
| `year_type` | optional: financial, academic, calendar, snapshot (31 March), quarter; says when a plain year ends |
| `breakdown`, `group` | optional: what the figure is split by (`agency`) and its value (`Schools`) |
"""

from __future__ import annotations

import polars as pl

from .batch import Ledger
from .figures import Rows

COLUMNS = (
    "measure",
    "area",
    "period",
    "year_type",
    "value",
    "numerator",
    "denominator",
    "lower",
    "upper",
    "status",
    "note",
    "breakdown",
    "group",
)


def read(frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger) -> Rows:
    """Take the columns as they stand. A row without a value and without a status is refused."""
    return Rows(frame.select("line", *(c for c in COLUMNS if c in frame.columns)), columns, empty_is=None)
