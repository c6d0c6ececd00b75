"""Turn the curve: one indicator, its story, and what will be done."""

import streamlit as st

from dashboard.answers import action_plan, notes, published
from dashboard.answers import curve as answer
from dashboard.answers.printed import COLUMNS, printed_rows
from dashboard.components import About, Choice, about, filters, guard, headline, plain_table, section, title
from dashboard.components.action_plan import hanging
from dashboard.components.curve import curve_chart, no_curve
from dashboard.components.standing import standing
from dashboard.components.story import saved_message, story, target_form

scope = guard("turn_the_curve")
above = st.container()
top = st.container()
row = st.columns(4)
chosen = filters(
    Choice("indicator", "Indicator", answer.indicators(scope)),
    Choice("area", "Area", published.AREAS),
    Choice("against", "Compare with", published.COMPARATORS),
    places=row[:3],
)
indicator = answer.indicator(scope, chosen["indicator"])
with top:
    title(indicator.question)
    saved_message()

if indicator.series:
    chosen |= filters(Choice("series", "Series", answer.series_of(scope, indicator.id)), places=row[3:])
    chart = st.container()
    chosen |= filters(
        Choice("since", "Years from", answer.YEARS),
        Choice("vintage", "Neighbours as listed in", published.vintage_names()),
    )
    curve = answer.curve(scope, **chosen)
    it = curve.series
    with above:
        standing([curve.banner])
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
hanging(action_plan.hanging_on(scope, "indicator", indicator.id), indicator=indicator.id)
printed = printed_rows(indicator.id)
if printed:
    section("As printed in the strategy")
    plain_table(COLUMNS, [p.cells for p in printed], caption="Figures that the strategy printed for this indicator")
about(About(**answer.about(curve if indicator.series else None, indicator)))
