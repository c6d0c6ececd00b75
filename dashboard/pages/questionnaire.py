"""System questionnaire: how good partners think the early help system is, how far they agree, what changed."""

import streamlit as st

from dashboard.answers import questionnaire as answer
from dashboard.answers import questionnaire_parts as parts
from dashboard.answers import questionnaire_words as say
from dashboard.components import About, Choice, about, empty_state, filters, guard, headline, open_link, title
from dashboard.components.questionnaire import course, partners, priorities, radar, shown_table, spread
from dashboard.components.standing import standing

scope = guard("questionnaire")
banner = st.container()
title("How good is our early help system?")
offered = answer.offered(scope)
waiting = answer.waiting(scope)
if not offered:
    empty_state(
        "No round of the questionnaire is over yet.",
        waiting or "A coordinator opens a round and invites the partners; results are shown when it is closed.",
        link=("Questionnaire rounds", open_link("rounds")),
    )
    st.stop()
top = st.container()
row = st.columns(4)
chosen = filters(Choice("round", "Round", offered), places=row[:1])["round"]
view = filters(
    Choice("against", "Compare with", answer.others(scope, chosen)),
    Choice("area", "Area", answer.areas_of(scope, chosen)),
    Choice("view", "Partners as", answer.VIEWS),
    places=row[1:],
)
against, area = view["against"], view["area"]
it = answer.result(scope, chosen)
said = say.captions(scope, chosen, area)
kept = {"source": it.source, "chosen": {"Round": it.round.title}}
with banner:
    standing([it.round.banner])
with top:
    headline(say.sentence(scope, chosen, against))
    if waiting:
        st.info(waiting)
shown_table(parts.areas(scope, chosen), **kept)
spread(parts.spread(scope, chosen, area), scores=it.instrument.steps, **said["spread"])
shown_table(parts.items(scope, chosen, area), **kept)
priorities(parts.priorities(scope, chosen, area), asks=parts.ASKS, **said["priorities"])
if view["view"] == answer.RADAR:
    radar(parts.radar(scope, chosen, against), **said["radar"])
else:
    cells = parts.partners(scope, chosen)
    partners(cells, parts.partner_table(cells), chosen=kept["chosen"], **said["partners"])
shown_table(parts.seats(scope, chosen), **kept)
if against:
    shown_table(parts.years(scope, chosen, against), **kept)
if len(offered) > 1:
    course(*parts.course(scope), highest=it.instrument.highest, source=it.source)
about(About(**say.about(scope, chosen)))
