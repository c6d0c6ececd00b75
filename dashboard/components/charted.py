"""A chart with its words, a table in ready words under it, and files to take that table away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from dashboard.charts.flow import flow_chart
from dashboard.charts.history import Line, history_chart
from dashboard.components.blocks import html, section
from dashboard.components.figures import chart, figure_with_table
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away

LONG, FIRST = 18, 12  # rows: more than that are folded, and so many of them stand above


def flow(frame: pl.DataFrame, *, levels: Mapping[int, str], name: str, **said: str) -> None:
    """The chart of journeys between levels (`charts.flow`); `said`: headline, subtitle, source, n."""
    chart(*flow_chart(frame, levels=levels, **said), name=name)


def listed_table(
    frame: pl.DataFrame, *, name: str, lead: str = "", numbers: Sequence[str] = (), empty: str = "", fold: str = ""
) -> bool:
    """A section with a table of ready text; where it has no rows, `empty` is said. Gives whether it has any.

    Of a long one the first rows stand, and the whole is folded away beneath. `fold`: all of it is, under these words.
    """
    section(name, lead=lead)
    if frame.is_empty():
        html("paragraph.html", text=empty or "None.", kind="quiet")
        return False
    long = frame.height > LONG and not fold
    if long:
        plain_table(frame.columns, frame.head(FIRST).rows(), caption=f"{name}: the first {FIRST}", numbers=numbers)
        fold = f"All {frame.height} of them"
    plain_table(frame.columns, frame.rows(), caption=name, numbers=numbers, summary=fold, headed=not fold)
    return True


def folded_table(frame: pl.DataFrame, *, name: str, numbers: Sequence[str] = ()) -> None:
    """A table of ready text, folded away under its name and how many rows it has."""
    if frame.is_empty():
        html("paragraph.html", text=f"{name}: none.", kind="quiet")
        return
    plain_table(frame.columns, frame.rows(), caption=name, numbers=numbers, summary=f"{name}: {frame.height:,}")


def worded_table(
    frame: pl.DataFrame,
    *,
    name: str,
    lead: str = "",
    numbers: Sequence[str] = (),
    source: str,
    chosen: Mapping[str, str],
    empty: str = "",
    fold: str = "",
) -> None:
    """As `listed_table`, with buttons that take the table away: CSV and workbook, which say what was chosen and the
    source."""
    if listed_table(frame, name=name, lead=lead, numbers=numbers, empty=empty, fold=fold):
        take_away(frame, name=name, source=source, chosen=chosen)


def completeness(history: pl.DataFrame, *, names: Mapping[str, str], source: str) -> None:
    """The share of cells filled in, year by year: of one group beside the whole (`all`), or of the whole alone."""
    groups = [group for group in names if group != "all" and group in history["group"].to_list()]
    ours = groups[0] if groups else "all"
    beside = [Line(names["all"], history.filter(pl.col("group") == "all"))] if groups else []
    mine = history.filter(pl.col("group") == ours)
    if mine.height < 2:  # a single year is in the table already
        return
    figure, alt = history_chart(
        mine,
        name=names[ours],
        headline="Cells that are filled in, year by year",
        subtitle=f"{names[ours]}: % of the cells that should be filled in, by the year in which the record began",
        source=source,
        unit="%",
        comparators=beside,
    )
    figure_with_table(figure, alt, history, name="Cells filled in by year", source=source, unit="%", areas=names)
