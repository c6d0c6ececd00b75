"""Small blocks in the order every page has them: title, headline sentence, …, about these figures."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import streamlit as st
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from dashboard import words
from dashboard.charts import palette

_TEMPLATES = Environment(
    loader=PackageLoader("dashboard.components"),
    autoescape=True,
    auto_reload=False,  # they do not change under a server: nobody looks at their files at every use
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["day"] = words.day
_TEMPLATES.tests["address"] = lambda text: text.startswith(("https://", "http://"))
DEMO = "EARLY_HELP_DEMO"  # set by the server while sample data is shown


def render(template: str, /, **content: object) -> Markup:
    """A template of `components/templates/` filled in; every value is escaped."""
    return Markup(_TEMPLATES.get_template(template).render(**content))


def html(template: str, /, **content: object) -> None:
    """Show a template. Streamlit removes scripts; the templates hold none."""
    st.html(render(template, **content))


@cache
def stylesheet() -> str:
    """The one stylesheet of the blocks; it styles only classes of our own (`eh-…`)."""
    return (files("dashboard.components") / "templates" / "early_help.css").read_text(encoding="utf-8")


def open_page() -> None:
    """What stands on every page, before the page's own content: the stylesheet, and the banner in the demonstration."""
    st.html(f"<style>{stylesheet()}</style>")
    if os.environ.get(DEMO):
        banner("Demonstration: published figures that came with the dashboard. What you load or write stays here.")


def reckoning() -> AbstractContextManager[None]:
    """Says what a page waits for, where it waits for longer than a moment: `with reckoning(): seen = answer.…`."""
    return st.spinner("Reckoning the figures; the first time after a load this takes up to a minute…")


def navigation_bar(groups: Mapping[str, Sequence[tuple[str, str, bool]]], *, name: str) -> None:
    """The way between pages, by job: (address, title, whether it is this page); an empty address is the start.

    Plain links in a landmark, the same on a screen of any width: Streamlit's own menu turns into a side bar on a
    phone, and with groups that side bar is a list that screen readers cannot count.
    """
    html("navigation.html", groups=groups, name=name)


def literal(text: str) -> str:
    """Text from outside for a widget that takes Markdown: shown as it stands, without links, pictures or colours."""
    return re.sub(r"([\\`*_{}\[\]()<>#!|$:~])", r"\\\1", text)


def room(key: str, *, tall: bool = False) -> DeltaGenerator:
    """A place that is as high as the control that goes into it from the start: its script may come later than the page.

    Without it whatever stands below moves, the browser scrolls to make up for that, and a list that somebody has just
    opened there closes by itself. `tall`: for a box that files are dropped into.
    """
    return st.container(key=f"eh-{'tall' if tall else 'room'}-{key}")


def title(question: str) -> None:
    """The page's title, a question: "Is early help working?"."""
    st.title(question, anchor=False)


def headline(sentence: str) -> None:
    """The sentence that a chair could read out, made from the same frame as what follows."""
    html("paragraph.html", text=sentence, kind="headline")


def section(name: str, *, lead: str = "") -> None:
    """A heading within the page, with a sentence under it where one is needed."""
    html("section.html", name=name, lead=lead)


def banner(text: str) -> None:
    """Small and constant above the page: invented records, illustrative areas, demonstration."""
    html("paragraph.html", text=text, kind="banner")


def source_line(source: str, *, n: str = "", updated: str = "") -> None:
    """`Source: …. n = …. Figures of 30 October 2025.` beneath a table; charts bring their own."""
    html("source.html", source=source.rstrip("."), n=n, updated=updated)


def empty_state(title: str, what_to_do: str, *, link: tuple[str, str] | None = None) -> None:
    """What happened and what to do next, where there is nothing to show.

    `link` is (label, address of a page); without an address it is left out.
    """
    html("empty.html", title=title, what_to_do=what_to_do, link=link if link and link[1] else None)


@dataclass(frozen=True, slots=True)
class About:
    """What stands under every answer. Dates are ISO dates or words; an empty field is left out."""

    definition: str
    source: str
    last_update: str = ""
    next_update: str = ""
    n: str = ""
    exclusions: str = ""
    method: str = ""
    limits: str = ""  # what the figure cannot say


def about(these: About, *, name: str = "About these figures") -> None:
    """The block that ends a page: definition, source, last and next update, n, exclusions, method."""
    rows = (
        ("Definition", these.definition),
        ("Source", these.source),
        ("Last update", words.day(these.last_update)),
        ("Next update", words.day(these.next_update)),
        ("Number behind the figures (n)", these.n),
        ("Left out", these.exclusions),
        ("Method", these.method),
        ("What these figures cannot say", these.limits),
    )
    html("about.html", name=name, rows=[row for row in rows if row[1]])


def key_to_words() -> None:
    """What the marks and the trend words mean, for the foot of a scorecard."""
    html("key.html", verdicts=[(v, _VERDICT_MEANINGS[w]) for w, v in palette.VERDICTS.items()], trends=palette.TRENDS)


_VERDICT_MEANINGS = {
    "best": "better, and so clearly that chance would show it once in 500 times",
    "better": "the whole 95% interval lies on the wanted side of the comparator",
    "similar": "the interval holds the comparator: they cannot be told apart",
    "worse": "the whole 95% interval lies on the unwanted side of the comparator",
    "worst": "worse, and so clearly that chance would show it once in 500 times",
    "higher": "above the comparator, where neither direction is better",
    "lower": "below the comparator, where neither direction is better",
    "not compared": "no interval, or no comparator for the same period",
}
