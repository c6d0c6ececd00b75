"""Need and funding: a budget shared out by a needs model, what a weight moves, scenarios kept and compared."""

import streamlit as st

from dashboard.answers import funding, places, scenarios
from dashboard.answers import funding_comparison as comparison
from dashboard.answers import funding_files as files
from dashboard.answers import funding_words as say
from dashboard.answers.funding_shown import shown
from dashboard.components import About, Choice, about, banner, filters, guard, headline, plain_table, section, title
from dashboard.components.allocation import allocation
from dashboard.components.blocks import literal
from dashboard.components.scenarios import keep_and_compare, saved_message
from dashboard.components.sliders import Amount, amounts, area_amounts, back_to, new_subject, weights
from dashboard.components.take_away import table_csv

scope = guard("need_and_funding")
title("Where should the money go?")
top = st.container()
row = st.columns(4)
offered = scenarios.choices(scope, st.query_params.get("scenario"))
number = filters(Choice("scenario", "Scenario", offered), places=row[:1])["scenario"]
held, problem = scenarios.opened(scope, int(number))
start, domains = held.settings, {d.id: d.name for d in held.model.domains}
new_subject(number, scenarios.KEYS)
picked = filters(
    Choice("level", "Share between", funding.LEVELS, default=start.level),
    Choice("people", "People counted", funding.PEOPLE, default=start.people),
    Choice("today", "Today's allocation", funding.TODAY, default=start.today),
    places=row[1:],
)
money = amounts(
    Amount("budget", "Budget (£)", start.budget, step=10_000.0),
    Amount("base", "Fixed base of each area (£)", start.base, help="What every area has before need counts."),
    Amount("floor", "Floor (£)", start.floor, help="No area falls below it. 0: no floor."),
    Amount(
        "limit", "Limit of change (%)", start.limit, step=1.0, most=1000.0, optional=True, decimals=1,
        help="No area falls or rises by more than this share of today's amount. Empty: no limit.",
    ),
)  # fmt: skip
before = start.before
if picked["today"] == "typed":
    with st.expander("Today's amounts, in pounds", expanded=True):
        before = area_amounts(
            places.names(scope, picked["level"]),
            dict(start.before),
            read=lambda name, data: files.amounts(scope, name, data, level=picked["level"]),
        )
side, main = st.columns([2, 5], gap="medium")
with side:
    section("Weights", lead="They always make 100%: moving one scales the others.")
    begin = start.weights or scenarios.tenths(held.model)
    weighted = weights(domains, begin, move=scenarios.move)
    st.button("Back to the scenario's weights", on_click=back_to, args=(begin,), disabled=weighted == begin)
chosen = scenarios.chosen(held, money, weights=weighted, before=before, **picked)
answer = funding.allocation(scope, held.id, chosen)
with top:
    if said := say.banner(scope, held, chosen.level):
        banner(said)
    headline(answer.sentence)
    saved_message()
    for remark in filter(None, (problem, scenarios.newer(scope, held))):
        st.warning(literal(remark))
if answer.problem:
    main.error(f"{literal(answer.problem)} Change the budget, the base, the floor or the limit.")
else:
    allocation(shown(scope, answer, held), beside=main)
section("What the model is made of", lead=say.model_sentence(held))
cells, summary = say.model_cells(answer.model), "The indicators, their weights and sources"
plain_table(say.MODEL_COLUMNS, cells, caption="Indicators", summary=summary)
keep_and_compare(
    keep=lambda name: scenarios.try_save(scope, name, model=held.model, values=held.values, settings=chosen, base=held),
    check=lambda given: files.check(scope, given, held),
    bring=lambda made, name: scenarios.try_save(
        scope, name, model=made.model, values=made.values, settings=made.settings
    ),
    pattern=lambda: table_csv(files.shipped_values(scope)),
    options={comparison.NOW: "What is set above", **offered},
    compare=lambda first, second: comparison.compare(scope, first, second, (held, chosen)),
    heads=comparison.DIFFERING,
)
about(About(**say.about(scope, answer, held)))
