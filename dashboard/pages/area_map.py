"""Where is need greatest? The county on a map: deprivation, people, services and what is held by area."""

import streamlit as st

from dashboard.answers import area_around as around
from dashboard.answers import area_card, places
from dashboard.answers import area_map as answer
from dashboard.components import (
    About,
    Choice,
    about,
    banner,
    empty_state,
    filters,
    guard,
    headline,
    link,
    section,
    title,
)
from dashboard.components import map as drawn

scope = guard("area_map")
note = places.BANNER if places.illustrative(scope) else ""
if note:
    banner(note)
top = st.container()
first, second, third, fourth = st.columns(4)
with first:
    measure = filters(Choice("measure", "Colour by", answer.choices(scope)))["measure"]
with second:
    level = filters(Choice("level", "Level", places.LEVELS))["level"]
with third:
    year = filters(Choice("year", "Year", answer.years(scope, measure)))["year"]
with fourth:
    beside = filters(Choice("beside", "Set beside it", answer.seconds(scope)))["beside"]
seen = answer.area_map(scope, measure=measure, level=level, year=year, second=beside)
with top:
    title(seen.title)
    headline(seen.sentence)
if seen.remark:
    st.info(seen.remark)

left, right = st.columns([6, 5], gap="medium")
with right:
    chosen = filters(
        Choice("place", "Area (or click on the map)", {area_card.WHOLE: "The whole county", **seen.names}),
        Choice("services", "Services on the map", around.show_services(scope), "childrens_centre"),
    )
    place, services = chosen["place"], chosen["services"]
    card = area_card.card(
        scope, measure=measure, level=level, year=year, code=place, name=seen.names.get(place, places.COUNTY_NAME)
    )
    drawn.area_card(card)
outlines, outlines_name = around.above(scope, level, seen.vintage)
geography = around.geography(scope, level, seen.vintage)
with left:
    if seen.problem:
        what, then, at = seen.problem
        again = {"measure": measure, "level": at, "year": year}
        empty_state(what, then, link=(f"Show {places.MANY[at]}", link("area_map", **again)) if at else None)
    else:
        drawn.area_map(
            seen,
            geography,
            above=outlines,
            above_name=outlines_name,
            services=around.services(scope, show=services, level=level, vintage=seen.vintage),
            kinds=places.kinds(scope),
            place="place",
            chosen=place,
            near=level in places.SMALL,
        )
if not seen.problem:
    pair = around.pair(scope, measure=measure, year=year, second=beside)
    if pair:
        drawn.two_measures(pair, chosen=places.names(scope, "forum").get(place, ""))
    section("Every area in order")
    drawn.ranked_table(seen, chosen=place)
    drawn.map_files(seen, geography, above=outlines, name="area-map", chosen=place, note=note)
about(About(**seen.about))
