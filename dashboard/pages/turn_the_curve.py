"""Turn the curve: one indicator, its story, and what will be done."""

import streamlit as st

from dashboard.answers import curve as answer
from dashboard.answers import notes, published
from dashboard.answers.printed import COLUMNS, printed_rows
from dashboard.components import About, Choice, about, filters, guard, headline, plain_table, section, title
from dashboard.components.curve import curve_chart, no_curve
from dashboard.components.story import saved_message, story, target_form

scope = guard("turn_the_curve")
top = st.container()
row = st.columns(4)
chosen = filters(
    Choice("indicator", "Indicator", answer.indicators(scope)),
    Choice("area", "Area", published.AREAS),
    Choice("against", "Compare with", published.COMPARATORS),
    places=row[:3],
)
indicator = answer.indicator(chosen["indicator"])
with top:
    title(indicator.question)
    saved_message()

if indicator.series:
    chosen |= filters(Choice("series", "Published series", answer.series_of(indicator.id)), places=row[3:])
    chart = st.container()
    chosen |= filters(
        Choice("since", "Years from", answer.YEARS),
        Choice("vintage", "Neighbours as listed in", published.vintage_names()),
    )
    curve = answer.curve(scope, **chosen)
    it = curve.series
    with top:
        headline(curve.sentence)
    with chart:
        curve_chart(curve)
    if curve.best:
        st.caption(curve.best)
    target_form(
        curve.target_words,
        notes.target_note(scope, it.id),
        subject=it.id,
        unit=it.unit,
        value=curve.target_start[0],
        by=curve.target_start[1],
        save=lambda value, by, **who: notes.try_target(scope, it.id, value, by, **who),
    )
else:
    no_curve(indicator, top=top)

section("What we say and do about it")
story(
    notes.SECTIONS,
    notes.notes(scope, indicator.id),
    subject=indicator.id,
    save=lambda part, text, **who: notes.try_write(scope, indicator.id, part, text, **who),
    history=lambda part: notes.history(scope, indicator.id, part),
)
printed = printed_rows(indicator.id)
if printed:
    section("As printed in the strategy")
    plain_table(COLUMNS, [p.cells for p in printed], caption="Figures that the strategy printed for this indicator")
about(About(**answer.about(curve if indicator.series else None, indicator)))
