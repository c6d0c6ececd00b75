"""Case records coming in: Ofsted's Annex A, the standard safeguarding dataset, and our own set of tables.

| module | what it does |
|---|---|
| `aliases` | which outside words mean which table, column and value |
| `sheets` | where the tables stand in a file |
| `reading` | takes each table: no identifiers, no names |
| `small_areas` | areas of 2011 as those of 2021 |
| `repair`, `schemas` | cells read, rules held to |
| `spells` | what is there twice made one |
| `annex_a`, `ssds`, `own_set` | the kinds of file, put together as the case tables of `metrics.cases` |
| `counting` | what may stand side by side |
| `rules` | the rules, and the lists of what they found |
"""

from __future__ import annotations

from .aliases import CASES
from .counting import clash
from .reading import read
from .sheets import find, nearest

__all__ = ["CASES", "clash", "find", "nearest", "read"]
