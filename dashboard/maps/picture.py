"""The map as a picture for paper: an SVG with title, bands, source and date, made without a browser."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any
from xml.etree import ElementTree as ET

from dashboard.charts import palette
from dashboard.maps.colours import MISSING, ink
from dashboard.maps.shapes import Area, extent, rings, spots_of

WIDTH, HEIGHT, EDGE = 900, 1000, 24  # pixels
_MAP_TOP, _KEY_HEIGHT = 120, 200
_LEAST = 6.0  # pixels: smaller letters would be dust
_TITLE, _TEXT, _SMALL = 22, 14, 12
_FONT = "Arial, Helvetica, sans-serif"


def picture(
    shapes: Mapping[str, Any],
    areas: Sequence[Area],
    colours: Mapping[str, str],
    *,
    title: str,
    subtitle: str,
    key: Sequence[tuple[str, str]],
    source: str,
    above: Mapping[str, Any] | None = None,
    chosen: str = "",
) -> bytes:
    """SVG. `key`: band letter or marker → words, in order. Areas without a band are hatched and carry their marker."""
    root = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", width=str(WIDTH),
        height=str(HEIGHT), role="img", **{"font-family": _FONT, "aria-label": f"{title} {subtitle}"},
    )  # fmt: skip
    ET.SubElement(root, "title").text = f"{title} {subtitle}"
    ET.SubElement(root, "rect", width=str(WIDTH), height=str(HEIGHT), fill=palette.WHITE)
    _hatch(root)
    _lines(root, title, EDGE, 36, _TITLE, 72, weight="700")
    _lines(root, subtitle, EDGE, 92, _TEXT, 110)
    place = _placing(shapes)
    drawn = ET.SubElement(root, "g", stroke=palette.WHITE, **{"stroke-width": "0.8", "stroke-linejoin": "round"})
    by_code = {area.code: area for area in areas}
    for feature in shapes["features"]:
        area = by_code.get(feature["properties"]["code"])
        if area is not None:
            fill = colours.get(area.letter, "url(#hatch)")
            path = ET.SubElement(drawn, "path", d=_path(feature["geometry"], place), fill=fill)
            ET.SubElement(path, "title").text = f"{area.name}: {area.said}"
    for outline in (above or {"features": []})["features"]:
        _outline(root, outline["geometry"], place, palette.TEXT, "2")
    for feature in shapes["features"]:
        if feature["properties"]["code"] == chosen:
            _outline(root, feature["geometry"], place, palette.WORSE, "4")
    _letters(root, shapes, by_code, colours, place)
    _key(root, key, colours)
    _lines(
        root,
        f"Source: {source}. Contains OS data © Crown copyright and database right.",
        EDGE,
        HEIGHT - 40,
        _SMALL,
        140,
    )
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _hatch(root: ET.Element) -> None:
    pattern = ET.SubElement(
        ET.SubElement(root, "defs"), "pattern", id="hatch", width="6", height="6", patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )  # fmt: skip
    ET.SubElement(pattern, "rect", width="6", height="6", fill=MISSING)
    ET.SubElement(pattern, "line", x1="0", y1="0", x2="0", y2="6", stroke=palette.QUIET, **{"stroke-width": "1.5"})


def _placing(shapes: Mapping[str, Any]):
    """Degrees → pixels, the county as large as the space between title and key allows."""
    west, south, east, north = extent(shapes)
    squeeze = cos(radians((south + north) / 2))
    room_x, room_y = WIDTH - 2 * EDGE, HEIGHT - _MAP_TOP - _KEY_HEIGHT
    scale = min(room_x / ((east - west) * squeeze), room_y / (north - south))
    left = EDGE + (room_x - (east - west) * squeeze * scale) / 2

    def place(point: Sequence[float]) -> tuple[float, float]:
        return left + (point[0] - west) * squeeze * scale, _MAP_TOP + (north - point[1]) * scale

    place.pixels = scale / 111_320.0  # to a metre
    return place


def _path(geometry: Mapping[str, Any], place) -> str:
    parts = []
    for polygon in rings(geometry):
        for ring in polygon:
            points = (f"{x:.1f},{y:.1f}" for x, y in map(place, ring[:-1]))
            parts.append(f"M{'L'.join(points)}Z")
    return "".join(parts)


def _outline(root: ET.Element, geometry: Mapping[str, Any], place, colour: str, width: str) -> None:
    look = {"stroke-width": width, "stroke-linejoin": "round"}
    ET.SubElement(root, "path", d=_path(geometry, place), fill="none", stroke=colour, **look)


def _letters(root, shapes, by_code: Mapping[str, Area], colours: Mapping[str, str], place) -> None:
    group = ET.SubElement(root, "g", **{"text-anchor": "middle", "font-weight": "700"})
    for code, spot in spots_of(shapes).items():
        area = by_code.get(code)
        size = min(20.0, spot.size * place.pixels)
        if area is not None and area.letter and size >= _LEAST:
            x, y = place((spot.lon, spot.lat))
            fill = ink(colours.get(area.letter, MISSING))
            look = {"font-size": f"{size:.1f}", "fill": fill}
            ET.SubElement(group, "text", x=f"{x:.1f}", y=f"{y + size * 0.35:.1f}", **look).text = area.letter


def _key(root: ET.Element, key: Sequence[tuple[str, str]], colours: Mapping[str, str]) -> None:
    columns = 1 if len(key) <= 6 else 2
    rows = -(-len(key) // columns)
    for number, (letter, words) in enumerate(key):
        x = EDGE + (number // rows) * (WIDTH - 2 * EDGE) / columns
        y = HEIGHT - _KEY_HEIGHT + 24 + (number % rows) * 22
        fill = colours.get(letter, "url(#hatch)")
        ET.SubElement(root, "rect", x=str(x), y=str(y), width="30", height="18", fill=fill, stroke=palette.QUIET)
        look = {"text-anchor": "middle", "font-weight": "700", "font-size": "12"}
        ET.SubElement(
            root, "text", x=str(x + 15), y=str(y + 13), fill=ink(colours.get(letter, MISSING)), **look
        ).text = letter
        ET.SubElement(root, "text", x=str(x + 38), y=str(y + 14), fill=palette.TEXT, **{"font-size": "13"}).text = words


def _lines(root: ET.Element, text: str, x: int, y: int, size: int, letters: int, *, weight: str = "400") -> None:
    look = {"font-size": str(size), "font-weight": weight, "fill": palette.TEXT}
    made = ET.SubElement(root, "text", x=str(x), y=str(y), **look)
    for number, line in enumerate(textwrap.wrap(text, letters)):
        ET.SubElement(made, "tspan", x=str(x), dy=str(size * 1.25 if number else 0)).text = line
