"""The map in the browser: a pydeck chart that asks nothing of other machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pydeck as pdk

from dashboard.charts import palette
from dashboard.maps.colours import rgb

HEIGHT = 420  # pixels
VIEW = {"longitude": -0.83, "latitude": 52.31, "zoom": 8.0}  # the county in a window as narrow as a phone's
AREAS = "areas"  # ids of the layers that are clicked begin so
_MARKS = ("▲", "■", "●", "◆", "★", "✚")  # a shape a kind of service
_MARK_COLOURS = ("#F46A25", "#801650", "#3D3D3D", "#28A197", "#801650", "#3D3D3D")
STYLE = {"version": 8, "sources": {}, "layers": []}  # of a map without a background
NO_STYLE = "__MAP_STYLE__"  # pydeck's own default, which Streamlit reads as "no background"
_OUTSIDE = {"type": "FeatureCollection", "features": []}


def mark(place: int) -> tuple[str, str]:
    """Mark and colour of the service of that place in the list of kinds."""
    return _MARKS[place % len(_MARKS)], _MARK_COLOURS[place % len(_MARK_COLOURS)]


def deck(
    areas: str | Mapping[str, Any],
    letters: str | Sequence[Mapping[str, Any]],
    *,
    above: str | Mapping[str, Any] = _OUTSIDE,
    chosen: Mapping[str, Any] | None = None,
    services: str | Sequence[Mapping[str, Any]] = (),
    view: Mapping[str, float] | None = None,
    style: str = "",
) -> pdk.Deck:
    """Coloured areas with white borders and letters, outlines of the level above, services, the chosen area.

    Data are addresses on this server or the data themselves: `areas` and `above` GeoJSON (`maps.shapes.coloured`),
    `letters` as `maps.shapes.letters`, `services` rows with `at`, `mark`, `colour`, `name`, `said`, `code`; `chosen` a
    feature. What is clicked carries `code`. The layer that is clicked changes its id with the chosen area: the browser
    then forgets the click, and does not fade the other areas.

    `style`: the address of `STYLE` on this server, for buttons to zoom with; without it there are none. Never None:
    Streamlit takes a map without a style for one that wants a background from an outside server.
    """
    code = chosen["properties"]["code"] if chosen else ""
    clicked = {"pickable": True, "auto_highlight": True, "highlight_color": [255, 221, 0, 120]}
    fetched = isinstance(areas, str)
    made = [
        _layer(
            "GeoJsonLayer", "fill" if fetched else f"{AREAS}-{code}", areas, stroked=True, filled=True,
            get_fill_color="properties.fill", get_line_color=[255, 255, 255], line_width_units="'pixels'",
            get_line_width=1, **({} if fetched else clicked),
        ),
        _layer(
            "GeoJsonLayer", "above", above, stroked=True, filled=False, get_line_color=rgb(palette.TEXT),
            line_width_units="'pixels'", get_line_width=2.2,
        ),
    ]  # fmt: skip
    if chosen is not None:
        outline = {"type": "FeatureCollection", "features": [chosen]}
        for name, colour, width in (("chosen-edge", palette.WHITE, 8), ("chosen", palette.WORSE, 4)):
            made.append(
                _layer(
                    "GeoJsonLayer", name, outline, stroked=True, filled=False, get_line_color=rgb(colour),
                    line_width_units="'pixels'", get_line_width=width,
                )
            )  # fmt: skip
    if fetched:
        # For the pointer only, see-through: what is drawn need not be fetched again when this one gets a new id.
        made.append(_layer("GeoJsonLayer", f"{AREAS}-{code}", areas, stroked=False, filled=True, opacity=0, **clicked))
    if services:
        made.append(
            _layer(
                "TextLayer", f"services-{code}", services, get_position="at", get_text="mark", get_size=900,
                size_units="'meters'", size_min_pixels=8, size_max_pixels=20, get_color="colour",
                character_set=f"'{''.join(_MARKS)}'", pickable=True, outline_width=3, outline_color=[255] * 3,
                font_settings={"sdf": True, "fontSize": 64, "buffer": 8, "radius": 12}, font_weight=700,
            )
        )  # fmt: skip
    made.append(
        _layer(
            "TextLayer", "letters", letters, get_position="at", get_text="text", get_size="size", get_color="colour",
            size_units="'meters'", size_max_pixels=17, size_min_pixels=0, font_family="'Arial, sans-serif'",
            font_weight=700,
        )
    )  # fmt: skip
    return _Deck(
        layers=made,
        map_provider=None,
        map_style=style or NO_STYLE,
        initial_view_state=pdk.ViewState(**(view or VIEW), min_zoom=7, max_zoom=15, pitch=0, bearing=0),
        tooltip={"html": "<b>{name}</b><br>{said}", "style": _TOOLTIP},
    )


_TOOLTIP = {"backgroundColor": palette.WHITE, "color": palette.TEXT, "border": f"1px solid {palette.TEXT}"}


class _Deck(pdk.Deck):
    """A deck whose text has no spaces between its parts: pydeck's own is six times as long."""

    def to_json(self) -> str:
        return json.dumps(json.loads(super().to_json()), separators=(",", ":"), ensure_ascii=False)


def _layer(kind: str, name: str, data: Any, **look: object) -> pdk.Layer:
    return pdk.Layer(kind, data=data, id=name, **look)
