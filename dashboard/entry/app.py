"""The page table and the way between pages. A new page is one line in `TABLE` and one file in `dashboard/pages/`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from dashboard.access import Scope, scope_for
from dashboard.components import navigation_bar, open_page
from dashboard.components.address import run_of_a_page
from dashboard.components.guard import visitor
from dashboard.entry.sign_in import end_in_time, show_door, who_is_here
from dashboard.identity import IN

NAME = "Early Help dashboard"
PAGES = Path(__file__).resolve().parents[1] / "pages"

# job that a visitor comes to do, page id (also its file and its address), title
TABLE = (
    ("Meeting", "scorecard", "Scorecard"),
    ("Meeting", "turn_the_curve", "Turn the curve"),
    ("Meeting", "action_plan", "Action plan"),
    ("Commissioning", "area_map", "Area map"),
    ("Commissioning", "need_and_funding", "Need and funding"),
    ("Commissioning", "activity", "Activity"),
    ("Commissioning", "journeys", "Journeys"),
    ("Commissioning", "forum", "Forum"),
    ("Quality", "assessment_quality", "Assessment quality"),
    ("Quality", "audit_desk", "Audit desk"),
    ("Quality", "audit", "One audit"),
    ("Quality", "distance_travelled", "Distance travelled"),
    ("Quality", "one_person", "One person's Stars"),
    ("Quality", "questionnaire", "System questionnaire"),
    ("Quality", "answer", "Answer the questionnaire"),
    ("Quality", "rounds", "Questionnaire rounds"),
    ("Data", "load_data", "Load data"),
    ("Data", "data_quality", "Data quality"),
    ("Data", "methods", "Methods"),
    ("Data", "people", "People"),
)


def navigation(*, folder: Path = PAGES, table: tuple[tuple[str, str, str], ...] = TABLE) -> dict[str, list[st.Page]]:
    """The pages by job, in the order of the table; the first is where a visitor arrives.

    Every page for everybody, so that its address stays in the bar while a visitor signs in; who may open it is for the
    page's own guard to say.
    """
    groups: dict[str, list[st.Page]] = {}
    for place, (job, page, title) in enumerate(table):
        made = st.Page(folder / f"{page}.py", title=title, url_path=page, default=place == 0)
        groups.setdefault(job, []).append(made)
    return groups


def bar(
    current: str, scopes: Iterable[Scope], *, table: tuple[tuple[str, str, str], ...] = TABLE
) -> dict[str, list[tuple[str, str, bool]]]:
    """What the navigation bar shows to whoever holds these scopes: address, title, whether it is the page shown."""
    scopes = tuple(scopes)
    groups: dict[str, list[tuple[str, str, bool]]] = {}
    for place, (job, page, title) in enumerate(table):
        if scope_for(scopes, page):
            groups.setdefault(job, []).append(("" if place == 0 else page, title, page == current))
    return groups


def main() -> None:
    page = st.navigation(navigation(), position="hidden")
    st.set_page_config(page_title=f"{page.title} – {NAME}", layout="wide")
    open_page()
    who = visitor()
    if who.state != IN:
        show_door(who, name=NAME)
        return
    current = page.url_path or TABLE[0][1]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        navigation_bar(bar(current, who.scopes), name=NAME)
        who_is_here(who, current)
        end_in_time(who)
    with run_of_a_page():
        page.run()


if __name__ == "__main__":
    main()
