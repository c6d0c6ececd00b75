"""The page table and the way between pages. A new page is one line in `TABLE` and one file in `dashboard/pages/`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.components import navigation_bar, open_page

NAME = "Early Help dashboard"
PAGES = Path(__file__).resolve().parents[1] / "pages"

# job that a visitor comes to do, page id (also its file and its address), title
TABLE = (
    ("Meeting", "scorecard", "Scorecard"),
    ("Meeting", "turn_the_curve", "Turn the curve"),
    ("Commissioning", "area_map", "Area map"),
    ("Commissioning", "need_and_funding", "Need and funding"),
    ("Data", "load_data", "Load data"),
    ("Data", "methods", "Methods"),
)


def navigation(*, folder: Path = PAGES, table: tuple[tuple[str, str, str], ...] = TABLE) -> dict[str, list[st.Page]]:
    """The pages by job, in the order of the table; the first is where a visitor arrives."""
    groups: dict[str, list[st.Page]] = {}
    for place, (job, page, title) in enumerate(table):
        made = st.Page(folder / f"{page}.py", title=title, url_path=page, default=place == 0)
        groups.setdefault(job, []).append(made)
    return groups


def bar(pages: dict[str, list[st.Page]], current: st.Page) -> dict[str, list[tuple[str, str, bool]]]:
    """The same as plain data for the bar: address, title, whether it is the page shown."""
    return {job: [(p.url_path, p.title, p.url_path == current.url_path) for p in group] for job, group in pages.items()}


def main() -> None:
    pages = navigation()
    page = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=f"{page.title} – {NAME}", layout="wide")
    open_page()
    navigation_bar(bar(pages, page), name=NAME)
    page.run()


if __name__ == "__main__":
    main()
