"""The area map and what belongs to it: key, card, ranked table, files, and the chart of two measures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Protocol

import polars as pl
import streamlit as st

from dashboard import words
from dashboard.charts import palette
from dashboard.charts.base import CONFIG
from dashboard.charts.scatter import scatter_chart
from dashboard.components import address, shapes
from dashboard.components.blocks import html, render, source_line
from dashboard.components.filters import link
from dashboard.components.tables import plain_table
from dashboard.components.take_away import take_away
from dashboard.maps.colours import colours, ink
from dashboard.maps.deck import HEIGHT, STYLE, deck, mark
from dashboard.maps.picture import picture
from dashboard.maps.shapes import Area, close_up, coloured, letters

FIRST = 15  # rows of a long table that are seen before it is unfolded
KEY = "area-map"


class Seen(Protocol):
    """What is mapped: see `dashboard.answers.area_map.AreaMap`. One answer is one object while the data stand."""

    title: str
    sentence: str
    caption: str
    areas: pl.DataFrame
    bands: Sequence[Any]
    bands_note: str
    missing: Sequence[tuple[str, str, int]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    alt: str
    source: str
    unit: str
    decimals: int
    second_unit: str


class _One:
    """An answer as a key of a cache: itself, not its content."""

    def __init__(self, *parts: Any):
        self.parts = parts

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.parts)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _One) and all(a is b for a, b in zip(self.parts, other.parts, strict=True))


def area_map(
    seen: Seen,
    geography: Mapping[str, Any],
    *,
    above: Mapping[str, Any],
    above_name: str,
    services: pl.DataFrame,
    kinds: Mapping[str, str],
    place: str,
    chosen: str,
    near: bool = False,
) -> None:
    """The map with its key; `near` looks at the chosen area from close by.

    `geography`, `above`: GeoJSON. `services`: rows to draw (`kind`, `name`, `detail`, `as_of`, `lon`, `lat`, `code` of
    the area beneath). A click puts the area's code into the control `place`; `chosen` is the code that stands there.
    """
    fills, texts, over = _data(_One(seen, geography, above))
    marks = {kind: mark(number) for number, kind in enumerate(kinds)}
    feature = next((f for f in geography["features"] if f["properties"]["code"] == chosen), None)
    style = shapes.given(json.dumps(STYLE).encode())
    st.pydeck_chart(
        deck(
            shapes.given(fills), shapes.given(texts), above=shapes.given(over), chosen=feature,
            services=shapes.given(_points(_One(services), tuple(marks.items()))) if services.height else (),
            style=style if isinstance(style, str) else "", view=close_up(geography, chosen) if near else None,
        ),
        height=HEIGHT, key=KEY, alt=seen.alt, on_select=partial(_clicked, place), selection_mode="single-object",
    )  # fmt: skip
    counts = dict(services["kind"].value_counts().iter_rows()) if services.height else {}
    band = _colours(seen)
    dressed = [
        {"letter": b.letter, "said": b.said, "count": b.count, "colour": band[b.letter], "ink": ink(band[b.letter])}
        for b in seen.bands
    ]
    rows = [(name, dressed[k * 3 : k * 3 + 3]) for k, name in enumerate(("A most need", "B middle", "C least need"))]
    html(
        "map_key.html",
        caption=seen.caption,
        bands=dressed,
        grid=rows if len(dressed) == 9 else [],
        missing=seen.missing,
        marks=[(*marks[kind], kinds[kind], n) for kind, n in counts.items()],
        note=seen.bands_note,
        above=above_name,
    )


def _clicked(place: str) -> None:
    """Put what was clicked into the control; a click that the browser has forgotten changes nothing."""
    picked = st.session_state[KEY].selection.objects
    for layer in picked.values():
        for thing in layer:
            code = thing.get("code") or thing.get("properties", {}).get("code")
            if isinstance(code, str):
                st.session_state[place] = code
                address.used()


def _colours(seen: Seen) -> dict[str, str]:
    return colours([band.letter for band in seen.bands])


def _areas(seen: Seen) -> list[Area]:
    shown = []
    two = "second_said" in seen.areas.columns
    for row in seen.areas.iter_rows(named=True):
        letter = row["letter"] or words.MARKERS.get(row["status"], "[x]")
        said = f"{row['said']}; beside it {row['second_said']}" if two else row["said"]
        shown.append(Area(row["code"], row["name"], letter, f"{said}{f' (band {letter})' if row['letter'] else ''}"))
    return shown


@lru_cache(maxsize=48)
def _data(one: _One) -> tuple[bytes, bytes, bytes]:
    seen, geography, above = one.parts
    areas, band = _areas(seen), _colours(seen)
    return (
        coloured(geography, areas, band),
        json.dumps(letters(geography, areas, band)).encode(),
        json.dumps(above, separators=(",", ":")).encode(),
    )


@lru_cache(maxsize=48)
def _points(one: _One, marks: tuple[tuple[str, tuple[str, str]], ...]) -> bytes:
    looks = dict(marks)
    rows = []
    for row in one.parts[0].iter_rows(named=True):
        sign, colour = looks[row["kind"]]
        said = ", ".join(
            part for part in (row["detail"], f"list of {row['as_of'][:4]}" if row["as_of"] else "") if part
        )
        rows.append(
            {
                "at": [row["lon"], row["lat"]], "mark": sign, "colour": [int(colour[k : k + 2], 16) for k in (1, 3, 5)],
                "name": row["name"], "said": said, "code": row["code"],
            }
        )  # fmt: skip
    return json.dumps(rows).encode()


def area_card(card: Any) -> None:
    """The card of one area: see `dashboard.answers.area_card.Card`."""
    bars = [
        {
            "name": b.name, "width": round(b.value, 1), "tick": None if b.county is None else round(b.county, 1),
            "value": words.number(b.value, decimals=0), "county": words.number(b.county, decimals=0),
            "ten": f"{words.number(b.low, decimals=0)}–{words.number(b.high, decimals=0)}",
        }
        for b in card.profile
    ]  # fmt: skip
    of = {"area": card.indicators_of} if card.indicators_of else {}
    listed = [
        (i, palette.verdict(i.verdict), link("turn_the_curve", indicator=i.id, **of) if i.id else "")
        for i in card.indicators
    ]
    html(
        "area_card.html",
        card=card,
        bars=bars,
        indicators=listed,
        with_county=any(b.county is not None for b in card.profile),
    )


def ranked_table(seen: Seen, *, chosen: str = "") -> None:
    """Every area of the map with the same content, most need first; a long one is folded after its first rows."""
    name = dict(seen.areas.select("code", "name").iter_rows()).get(chosen, "")
    st.html(_table(_One(seen), name, FIRST if len(seen.rows) > FIRST * 2 else 0))
    if len(seen.rows) > FIRST * 2:
        with st.expander(f"All {len(seen.rows)} areas"):
            st.html(_table(_One(seen), name, 0))


@lru_cache(maxsize=128)
def _table(one: _One, chosen: str, first: int) -> str:
    (seen,) = one.parts
    numbers = {c for c in seen.columns if c.startswith(("Figure", "Beside", "Rank", "95%"))}
    caption = f"{seen.caption}: the first {first} of {len(seen.rows)}" if first else seen.caption
    rows = seen.rows[:first] if first else seen.rows
    return render("map_table.html", columns=seen.columns, rows=rows, caption=caption, numbers=numbers, chosen=chosen)


def map_files(
    seen: Seen,
    geography: Mapping[str, Any],
    *,
    above: Mapping[str, Any],
    name: str,
    chosen: str = "",
    note: str = "",
) -> None:
    """The map as a picture, its figures as CSV and workbook, made when they are asked for. `note` goes with each: that
    areas are illustrative."""
    given = {
        "code": "Area code",
        "name": "Area",
        "value": "Figure",
        "lower": "Lower 95% limit",
        "upper": "Upper 95% limit",
    }
    given |= {"second": "Beside it", "letter": "Band", "rank": "Rank", "method": "Method"}
    status = {s: f"{words.MARKERS.get(s, '')} {words.status_words(s)}".strip() for s in seen.areas["status"].unique()}
    table = seen.areas.select(
        *(pl.col(c).alias(heading) for c, heading in given.items() if c in seen.areas.columns),
        pl.col("status").replace_strict(status, return_dtype=pl.String).alias("Status"),
    )
    take_away(
        table,
        name=name,
        source=seen.source,
        chosen={
            "Map": seen.caption,
            "In a sentence": seen.sentence,
            "Bands": seen.bands_note,
            **({"Areas": note} if note else {}),
        },
        more={
            "Download the map (SVG)": (
                f"{name}.svg",
                "image/svg+xml",
                partial(_picture, seen, geography, above, chosen, note),
            )
        },
    )


def _picture(
    seen: Seen, geography: Mapping[str, Any], above: Mapping[str, Any], chosen: str = "", note: str = ""
) -> bytes:
    key = [(b.letter, f"{b.said} ({b.count} {'area' if b.count == 1 else 'areas'})") for b in seen.bands]
    key += [(marker, f"{meaning} ({count})") for marker, meaning, count in seen.missing]
    return picture(
        geography, _areas(seen), _colours(seen), title=seen.sentence, subtitle=seen.caption, key=key,
        source=seen.source, note=note, above=above, chosen=chosen,
    )  # fmt: skip


def two_measures(pair: Any, *, chosen: str = "") -> None:
    """The ten forum areas as named points, and the same as a table: see `dashboard.answers.area_map.Pair`."""
    figure, alt = scatter_chart(
        pair.frame, across=pair.names[0], up=pair.names[1], headline=pair.headline, subtitle=pair.subtitle,
        source=pair.source, units=pair.units, decimals=pair.decimals, county=pair.county, chosen=chosen,
    )  # fmt: skip
    html("figure.html", headline=pair.headline, subtitle=pair.subtitle)
    st.plotly_chart(figure, theme=None, config=CONFIG, key="two-measures", alt=alt)
    source_line(pair.source, n=str(pair.frame.height))
    plain_table(
        ["Forum area", *pair.names],
        pair.rows,
        caption=pair.headline,
        numbers=list(pair.names),
        summary="Figures in this chart",
    )
