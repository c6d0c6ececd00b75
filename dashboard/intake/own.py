"""Our own long table, CSV or XLSX: the form for local figures and for the sample data.

| column | what it holds |
|---|---|
| `measure` | id of a series (`rereferrals`), of an outside figure (`lait:ReReferral`) or of a local measure |
| `area` | ONS code, full name or DfE number; of a small area (LSOA), ward or forum area the code or name |
| `postcode` | in place of `area`: the counts are added up to small areas, and the postcode is not kept |
| `period` | `2018/19`, `2019`, `2024/25 Q4`, `31 Mar 2018` … |
| `value` | on the measure's own scale: 23.9 for 23.9%; may be left out where counts are given |
| `numerator`, `denominator` | counts behind the value, optional |
| `lower`, `upper` | 95% limits, optional |
| `status` | optional: `ok`, `provisional`; `c` hidden, `x` not available, `z` not applicable, `low` too few to judge |
| `note` | optional |
| `year_type` | optional: financial, academic, calendar, snapshot (31 March), quarter; says when a plain year ends |
| `breakdown`, `group` | optional: what the figure is split by (`agency`) and its value (`Schools`) |
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from . import by_postcode
from .batch import Ledger
from .figures import Rows
from .within import within

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


def read(
    frame: pl.DataFrame, columns: dict[str, str], ledger: Ledger, *, forum_areas: Mapping[str, str] | None = None
) -> Rows:
    """Take the columns as they stand. A row without a value, counts and status is refused.

    `forum_areas`: code → name of the forum areas that were loaded; None: those that ship.
    """
    posted = "postcode" in frame.columns
    if posted:
        frame = by_postcode.placed(frame, columns["postcode"], ledger)
        columns = {**columns, "area": columns["postcode"]}
    wanted = (*COLUMNS, "postcode")
    rows = frame.select("line", *(c for c in wanted if c in frame.columns))
    return Rows(rows, columns, empty_is=None, near=within(forum_areas), by_postcode=posted)
