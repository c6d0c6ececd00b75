"""Methods: what every measure means, and how figures are reckoned and judged."""

import streamlit as st

from dashboard.answers import definitions, methods
from dashboard.components import Choice, filters, guard, headline, html, key_to_words, section, title

scope = guard("methods")
title("What does each measure mean, and how is it reckoned?")
headline(methods.sentence())
chosen = filters(
    Choice("strategy", "Strategy", definitions.strategies()),
    Choice("show", "Show", definitions.SHOW),
)
for group, measures in definitions.measures(scope, chosen["strategy"], show=chosen["show"]).items():
    section(group)
    html("definitions.html", measures=[(m, definitions.facts(m), definitions.published_facts(m)) for m in measures])
section("How figures are reckoned and judged")
for name, text in methods.methods():
    st.markdown(f"**{name}.** {text}")
key_to_words()
