"""Everything that the funding page shows of one allocation, as plain data for the blocks that draw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard.access import Scope
from dashboard.answers import funding_files as files
from dashboard.answers import funding_map as on_map
from dashboard.answers import funding_words as say
from dashboard.answers.funding import Allocation
from dashboard.answers.funding_comparison import settings_words
from dashboard.answers.funding_map import Mapped
from dashboard.answers.scenarios import Scenario

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Frames and mappings for the pictures, rows in words for the tables, what is taken away."""

    areas: Mapping[str, str]  # code → name, most money first
    parts: Mapping[str, str]
    part_figures: pl.DataFrame
    part_words: Mapping[str, str]
    part_rows: Rows
    today: Mapping[str, float]
    than: str
    by_difference: Mapping[str, str]
    differences: pl.DataFrame
    difference_words: Mapping[str, str]
    on_map: Mapped
    map_words: Mapping[str, str]
    columns: Sequence[str]
    rows: Rows
    firm_sentence: str
    firm_columns: Sequence[str]
    firm_rows: Rows
    source: str
    table: pl.DataFrame  # to take away
    chosen: Mapping[str, str]  # what was set, in words
    again: Mapping[str, tuple[str, str, Callable[[], bytes]]]  # files that the page reads again


def shown(scope: Scope, answer: Allocation, held: Scenario) -> Shown:
    """The allocation in words and figures; `answer` must have none of the problems that leave it empty."""
    source = say.source(held)
    return Shown(
        areas=say.names(answer),
        parts=say.part_names(answer),
        part_figures=say.part_figures(answer),
        part_words=say.parts_words(answer, held),
        part_rows=say.part_cells(answer),
        today=say.today(answer),
        than=say.than(answer),
        by_difference=say.by_difference(answer),
        differences=say.difference_figures(answer),
        difference_words=say.difference_words(answer, held),
        on_map=on_map.mapped(scope, answer),
        map_words={"headline": on_map.headline(answer), "subtitle": on_map.subtitle(answer), "source": source},
        columns=say.columns(answer),
        rows=say.cells(answer),
        firm_sentence=say.firm_sentence(answer),
        firm_columns=say.FIRM_COLUMNS,
        firm_rows=say.firm_cells(answer),
        source=source,
        table=files.table_of(answer),
        chosen=settings_words(held, answer.settings),
        again=files.to_load_again(held, answer.settings),
    )
