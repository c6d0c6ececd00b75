"""The pictures of an allocation: what each area would receive, by domain, and what is more or less than today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import streamlit as st

from dashboard.charts.bars import colour_of, diverging_bars, lettered, stacked_bars
from dashboard.charts.base import CONFIG
from dashboard.components import shapes
from dashboard.components.blocks import html, section, source_line
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away
from dashboard.maps.colours import colours, ink
from dashboard.maps.deck import HEIGHT, deck
from dashboard.maps.shapes import Area, coloured, letters


def allocation(it: Any, *, beside: Any) -> None:
    """An allocation as `dashboard.answers.funding_shown.Shown` has it: amounts by domain in the column `beside`, then
    the difference from today and the map, the table with its files, and how firm the order is."""
    with beside:
        _by_domain(it)
    left, right = st.columns(2, gap="medium")
    with left:
        figure, alt = diverging_bars(it.differences, areas=it.by_difference, **it.difference_words)
        _show(figure, alt, key="difference")
    with right:
        _map(it.on_map, **it.map_words)
    section("What each area would receive", lead="Most money first, to the penny.")
    plain_table(it.columns, it.rows, caption="Allocation", numbers=it.columns[1:-1])
    take_away(it.table, name="Allocation", source=it.source, chosen=it.chosen, more=it.again)
    section("How firm is the order?", lead=it.firm_sentence)
    plain_table(it.firm_columns, it.firm_rows, caption="Rank of need under varied weights")


def _by_domain(it: Any) -> None:
    figure, alt = stacked_bars(
        it.part_figures, areas=it.areas, parts=it.parts, before=it.today, before_name=it.than, **it.part_words
    )
    _show(figure, alt, key="by-domain", parts=it.parts, line=it.than if it.today else "")
    columns = ["Area", *lettered(it.parts).values(), "Would receive"]
    plain_table(columns, it.part_rows, caption="Pounds by domain", numbers=columns[1:], summary="Figures in this chart")


def _map(seen: Any, *, headline: str, subtitle: str, source: str) -> None:
    """The areas coloured by money for each person: see `dashboard.answers.funding_map.Mapped`. The table of the
    allocation holds the same."""
    band = colours([b.letter for b in seen.bands])
    areas = [Area(c, n, letter or "[x]", said) for c, n, letter, said in seen.areas.iter_rows()]
    fills = coloured(seen.geography, areas, band)
    texts = json.dumps(letters(seen.geography, areas, band)).encode()
    html("figure.html", headline=headline, subtitle=subtitle)
    st.pydeck_chart(
        deck(shapes.given(fills), shapes.given(texts), above=shapes.given(_text(_Same(seen.above)))),
        height=HEIGHT,
        key="allocation-map",
        alt=seen.alt,
    )
    dressed = [
        {"letter": b.letter, "said": b.said, "count": b.count, "colour": band[b.letter], "ink": ink(band[b.letter])}
        for b in seen.bands
    ]
    html(
        "map_key.html", caption=seen.caption, bands=dressed, grid=[], missing=[], marks=[],
        note="The bands stay when a weight moves.", above=seen.above_name,
    )  # fmt: skip
    source_line(source)


class _Same:
    """GeoJSON as a key of a cache: itself, not its content. Shared geometry is never changed."""

    def __init__(self, shape: Mapping[str, Any]):
        self.shape = shape

    def __hash__(self) -> int:
        return id(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.shape is self.shape


@lru_cache(maxsize=8)
def _text(same: _Same) -> bytes:
    return json.dumps(same.shape, separators=(",", ":")).encode()


def _show(figure: Any, alt: str, *, key: str, parts: Mapping[str, str] | None = None, line: str = "") -> None:
    meta = figure.layout.meta
    html("figure.html", headline=meta["headline"], subtitle=meta["subtitle"])
    if parts:
        html("letters.html", parts=_legend(parts), line=line)
    st.plotly_chart(figure, theme=None, config=CONFIG, key=f"chart-{key}", alt=alt)
    source_line(meta["source"], n=meta["n"])


def _legend(parts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(Letter, name, colour) of each part, in order."""
    return [(text[0], text[2:], colour_of(place)) for place, text in enumerate(lettered(parts).values())]
