"""The pictures of an allocation: what each area would receive, by domain, and what is more or less than today."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import polars as pl
import streamlit as st

from dashboard.charts.bars import colour_of, diverging_bars, lettered, stacked_bars
from dashboard.charts.base import CONFIG
from dashboard.components import shapes
from dashboard.components.blocks import html, source_line
from dashboard.components.tables import plain_table
from dashboard.maps.colours import colours, ink
from dashboard.maps.deck import HEIGHT, deck
from dashboard.maps.shapes import Area, coloured, letters


def by_domain(
    frame: pl.DataFrame,
    *,
    areas: Mapping[str, str],
    parts: Mapping[str, str],
    before: Mapping[str, float],
    before_name: str,
    words: Mapping[str, str],
    rows: Sequence[Sequence[str]],
) -> None:
    """Amounts in parts, one bar an area, and the same as a table. `words`: headline, subtitle, source, n."""
    figure, alt = stacked_bars(
        frame, areas=areas, parts=parts, before=before, before_name=before_name, **words
    )  # fmt: skip
    _show(figure, alt, key="by-domain", parts=parts, line=before_name)
    columns = ["Area", *lettered(parts).values(), "Would receive"]
    plain_table(columns, rows, caption="Pounds by domain", numbers=columns[1:], summary="Figures in this chart")


def differences(frame: pl.DataFrame, *, areas: Mapping[str, str], words: Mapping[str, str]) -> None:
    """More or less than today, one bar an area; the figures stand in the table of the allocation."""
    figure, alt = diverging_bars(frame, areas=areas, **words)
    _show(figure, alt, key="difference")


def allocation_map(seen: Any, *, headline: str, subtitle: str, source: str) -> None:
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
    note = "The bands stay when a weight moves."
    html(
        "map_key.html", caption=seen.caption, bands=dressed, grid=[], missing=[], marks=[], note=note,
        above=seen.above_name,
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
        html("letters.html", parts=legend(parts), line=line)
    st.plotly_chart(figure, theme=None, config=CONFIG, key=f"chart-{key}", alt=alt)
    source_line(meta["source"], n=meta["n"])


def legend(parts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(Letter, name, colour) of each part, in order."""
    return [(text[0], text[2:], colour_of(place)) for place, text in enumerate(lettered(parts).values())]
