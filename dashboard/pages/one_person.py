"""One person's Stars, under a pseudonym, for those who may see cases: what was agreed when, area by area."""

import streamlit as st

from dashboard.answers import case_records
from dashboard.answers import star as distance
from dashboard.answers import star_person as answer
from dashboard.components import About, Choice, about, filters, guard, headline, title
from dashboard.components import star as show
from dashboard.components.charted import listed_table
from dashboard.components.standing import standing, stop_without_records

scope = guard("one_person")
standing(case_records.banners(scope))
title("How far has one person come?")
offered = answer.choices(scope)
if offered is None:
    stop_without_records("There are no Stars here that your role may look at one by one.", distance.WHAT_TO_LOAD)
top = st.container()
chosen = filters(Choice("star", "Star and edition", offered.stars), Choice("service", "Service", offered.services))
listed = answer.listed(scope, **chosen)
person = show.pick("Person, by pseudonym", listed, of=" ".join(chosen.values()))
looked = st.session_state.setdefault("looked-at-stars", [])
for what in (offered.services[chosen["service"]], *([answer.pseudonym(person)] if person else [])):
    if what not in looked:
        answer.looked(scope, what)
        looked.append(what)
with top:
    if person is None:
        headline(f"{len(listed):,} people have a Star in this service. Choose one; what you look at is recorded.")
if person is not None:
    seen = answer.one(scope, **chosen, person=person)
    with top:
        headline(seen.sentence)
    if seen.means.height:
        show.by_area(
            seen.means,
            areas=seen.areas,
            stages=seen.stages,
            decimals=0,
            headline="First Star and latest",
            subtitle=seen.subtitle,
            source=distance.source(scope),
        )
    show.paragraph(seen.stage_key)
    listed_table(seen.readings, name="Stage and reading at each Star", numbers=seen.readings.columns[1:])
    listed_table(seen.stars, name="The Stars")
show.sentences(distance.cannot_say(), name="What these figures cannot say")
about(About(**answer.about(scope)))
show.acknowledgement(distance.acknowledgement())
