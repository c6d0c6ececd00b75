"""The blocks of the page “Assessment quality”: groups with their intervals, rounds over time, what to mend first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboard import words
from dashboard.access import PLAN
from dashboard.charts.p_chart import interval_rows, p_chart_figure
from dashboard.components.audit_after import done
from dashboard.components.blocks import html, literal, section
from dashboard.components.charted import chart
from dashboard.components.figures import figure_with_table
from dashboard.components.guard import may_here
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away

CAPTION = "Good or better, by group"


def groups(quality: Any, *, by: str, mean: float | None, numbers: Sequence[str], source: str) -> None:
    """One split: the groups that can be judged as dots with their intervals, and all of them in the table."""
    if quality.compared.height > 1:
        figure, alt = interval_rows(
            quality.compared,
            names=quality.names,
            headline=f"Assessments good or better, by {by.lower()}",
            subtitle=f"{quality.period}: % of assessments, with 95% limits; dashed, all together",
            source=source,
            mean=mean,
        )
        chart(figure, alt, name="By group")
    if quality.table.is_empty():
        html("paragraph.html", text="Nothing was audited in this period.", kind="quiet")
        return
    long = quality.table.height > 12
    plain_table(
        quality.table.columns,
        quality.table.rows(),
        caption=f"{CAPTION}, {quality.period}",
        numbers=numbers,
        summary=f"All {quality.table.height} groups" if long else "",
    )
    take_away(quality.table, name=CAPTION, source=source, chosen={"Period": quality.period, "By": by})


def over_time(rows: pl.DataFrame, limits: pl.DataFrame, *, source: str) -> None:
    """The p-chart of rounds."""
    signals = limits["signal"].drop_nulls().len()
    told = f"{signals} rounds stand out" if signals else "Ordinary up and down of samples"
    figure, alt = p_chart_figure(
        limits,
        headline="One round stands out" if signals == 1 else told,
        subtitle="% of audits good or better, round by round; the band is what chance alone would give",
        source=source,
        n=f"{limits['n'].sum():,} audits",
    )
    figure_with_table(
        figure, alt, rows, name="Rounds", source=source, unit="%", decimals=0, areas={"all": "All audits"}
    )


def three(
    these: Sequence[Mapping[str, Any]], *, owners: Sequence[str], put: Callable[[str, str], str],
    plan: str,
) -> None:  # fmt: skip
    """The three questions to fix first, each of which may become an action of the partnership's plan."""
    section("Three to fix this quarter", lead="Those whose weakness is surest, by the lower end of the interval.")
    if not these:
        html("paragraph.html", text="Too few answers yet to say.", kind="quiet")
    for one in these:
        said = words.figure(one["value"], one["lower"], one["upper"], unit="%", decimals=0)
        text = f"Not met in {said}, {one['n']} answers. {one['section']}."
        html("note.html", name=one["text"], text=text, written="", empty=False)
    if these and may_here(PLAN):
        with st.expander("Put one of them into the action plan"), st.form("to-plan", border=False):
            texts = {one["question"]: one["text"] for one in these}
            question = st.selectbox("Which", list(texts), format_func=texts.__getitem__)
            owner = st.selectbox("Who owns it", list(owners), index=None)
            if st.form_submit_button("Put it into the action plan"):
                wrong = put(question, owner or "")
                if wrong:
                    st.error(literal(wrong))
                else:
                    done(f"It is in the action plan{f' ({plan})' if plan else ''}.")
