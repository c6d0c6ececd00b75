"""How far have families come between their Outcome Stars, in which areas, with whom, and who was lost on the way?"""

import streamlit as st

from dashboard.answers import case_records
from dashboard.answers import star as answer
from dashboard.components import About, Choice, about, filters, guard, headline, reckoning, section, title
from dashboard.components import star as show
from dashboard.components.standing import standing, stop_without_records

scope = guard("distance_travelled")
standing(case_records.banners(scope))
title("How far have families come?")
with reckoning():
    offered = answer.choices(scope)
if offered is None:
    stop_without_records("No Outcome Star readings are loaded yet.", answer.WHAT_TO_LOAD)
top = st.container()
chosen = filters(
    Choice("star", "Star and edition", offered.stars),
    Choice("year", "Year of the latest Star", offered.years, default=offered.year),
    Choice("baseline", "Baseline", offered.baselines),
    Choice("by", "Cut by", offered.by),
)
with top, reckoning():
    seen = answer.distance(scope, **chosen)
    cut = answer.split(scope, **chosen)
with top:
    headline(seen.sentence)
files = {"numbers": answer.NUMBERS, "source": seen.file_source, "chosen": seen.chosen}

section("Who was followed, and who was lost", lead=seen.lost)
show.steps(seen.steps, name="The way to a second Star")
show.paragraph(seen.bounds)
show.files_table(seen.before, name="Where the followed and the lost began", empty="", fold=True, **files)

section("Area by area")
if seen.moved.is_empty():
    show.paragraph(answer.NO_AREAS)
else:
    show.by_area(
        seen.means,
        areas=seen.areas,
        stages=seen.stages,
        headline=seen.headline,
        subtitle=f"{seen.title}, {seen.year}: mean stage at the baseline (open) and now (filled)",
        source=seen.source,
        n=seen.n,
    )
    show.paragraph(seen.stage_key)
show.files_table(seen.moved, name="Moved at least one stage, by area", empty="", **files)
further = "Already managing, size of the change, and points, by area"
show.files_table(seen.further, name=further, empty="", fold=True, **files)

section(cut.name, lead=cut.remark)
show.paragraph(cut.lead)
if cut.funnel.height:
    show.funnel(
        cut.funnel,
        cut.lines,
        names=cut.names,
        headline=cut.headline,
        subtitle=f"{seen.title}, {cut.period}: moved up a stage in at least one area, % of those with two Stars. "
        "Lines: chance alone stays within the solid ones 95 times of 100, within the dotted 998 of 1,000",
        source=seen.source,
    )
cuts = {**files, "chosen": cut.chosen}
show.files_table(cut.moved, name=f"Who moved, {cut.name.lower()}", empty=answer.NO_GROUPS, fold=cut.long, **cuts)
show.paragraph(cut.lost_lead)
show.files_table(cut.lost, name=f"Who was lost, {cut.name.lower()}", empty="", fold=cut.long, **cuts)

section("One area: where they began, and where they are")
area = filters(Choice("area", "Area of the Star", seen.areas))["area"]
cells = answer.matrix(scope, star=chosen["star"], year=chosen["year"], baseline=chosen["baseline"], area=area)
if cells.height:
    show.matrix(
        cells,
        area=area,
        stages=seen.stages,
        headline=f"{seen.areas[area]}: right of the outlined line moved up, left of it down",
        subtitle=f"{seen.title}, {seen.year}: number by first stage (down) and stage now (across)",
        source=seen.source,
        n=seen.n,
    )
table = answer.matrix_table(cells, area, seen.stages)
show.files_table(table, name=f"Stage matrix of {seen.areas[area]}", empty=answer.NO_MATRIX, fold=True, **files)

show.sentences(answer.cannot_say(), name="What these figures cannot say")
about(About(**answer.about(scope, star=chosen["star"], year=chosen["year"], baseline=chosen["baseline"])))
show.acknowledgement(answer.acknowledgement())
