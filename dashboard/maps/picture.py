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

WIDTH, MAP_HEIGHT, EDGE = 900, 700, 24  # pixels
_KEY_ROW = 22
_LEAST = 6.0  # pixels: smaller letters would be dust
_TITLE, _TEXT, _SMALL = 20, 14, 12
_LINE = 1.3  # of the size of the letters
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
    note: str = "",
    above: Mapping[str, Any] | None = None,
    chosen: str = "",
) -> bytes:
    """SVG. `key`: band letter or marker → words, in order. Areas without a band are hatched and carry their marker.
    `note` stands above the source: that areas are illustrative."""
    texts = [(title, _TITLE, 78, "700"), (subtitle, _TEXT, 118, "400")]
    top = EDGE + sum(_tall(text, size, letters) + 6 for text, size, letters, _ in texts)
    key_top = top + MAP_HEIGHT + EDGE
    source = f"Source: {source}. Contains OS data © Crown copyright and database right."
    feet = [(text, _SMALL, 138, "400") for text in (note, source) if text]
    feet_top = key_top + len(key) * _KEY_ROW + 12
    height = round(feet_top + sum(_tall(text, size, letters) + 6 for text, size, letters, _ in feet) + EDGE / 2)
    root = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height}", width=str(WIDTH),
        height=str(height), role="img", **{"font-family": _FONT, "aria-label": f"{title} {subtitle}"},
    )  # fmt: skip
    ET.SubElement(root, "title").text = f"{title} {subtitle}"
    ET.SubElement(root, "rect", width=str(WIDTH), height=str(height), fill=palette.WHITE)
    _hatch(root)
    _lines(root, texts, EDGE)
    place = _placing(shapes, top)
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
    _key(root, key, colours, key_top)
    _lines(root, feet, feet_top)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _hatch(root: ET.Element) -> None:
    pattern = ET.SubElement(
        ET.SubElement(root, "defs"), "pattern", id="hatch", width="6", height="6", patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )  # fmt: skip
    ET.SubElement(pattern, "rect", width="6", height="6", fill=MISSING)
    ET.SubElement(pattern, "line", x1="0", y1="0", x2="0", y2="6", stroke=palette.QUIET, **{"stroke-width": "1.5"})


def _placing(shapes: Mapping[str, Any], top: float):
    """Degrees → pixels, the county as large as the space between title and key allows."""
    west, south, east, north = extent(shapes)
    squeeze = cos(radians((south + north) / 2))
    room_x, room_y = WIDTH - 2 * EDGE, MAP_HEIGHT
    scale = min(room_x / ((east - west) * squeeze), room_y / (north - south))
    left = EDGE + (room_x - (east - west) * squeeze * scale) / 2

    def place(point: Sequence[float]) -> tuple[float, float]:
        return left + (point[0] - west) * squeeze * scale, top + (north - point[1]) * scale

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


def _key(root: ET.Element, key: Sequence[tuple[str, str]], colours: Mapping[str, str], top: float) -> None:
    for number, (letter, words) in enumerate(key):
        y = top + number * _KEY_ROW
        fill = colours.get(letter, "url(#hatch)")
        ET.SubElement(root, "rect", x=str(EDGE), y=f"{y:.0f}", width="30", height="18", fill=fill, stroke=palette.QUIET)
        look = {"text-anchor": "middle", "font-weight": "700", "font-size": "12"}
        look["fill"] = ink(colours.get(letter, MISSING))
        ET.SubElement(root, "text", x=str(EDGE + 15), y=f"{y + 13:.0f}", **look).text = letter
        look = {"fill": palette.TEXT, "font-size": "13"}
        ET.SubElement(root, "text", x=str(EDGE + 38), y=f"{y + 14:.0f}", **look).text = words


def _tall(text: str, size: int, letters: int) -> float:
    return len(textwrap.wrap(text, letters)) * size * _LINE


def _lines(root: ET.Element, texts: Sequence[tuple[str, int, int, str]], top: float) -> None:
    """Texts under each other: (text, size, letters to a line, weight)."""
    for text, size, letters, weight in texts:
        look = {"font-size": str(size), "font-weight": weight, "fill": palette.TEXT}
        made = ET.SubElement(root, "text", **look)
        for number, line in enumerate(textwrap.wrap(text, letters)):
            ET.SubElement(made, "tspan", x=str(EDGE), y=f"{top + size * (0.9 + number * _LINE):.1f}").text = line
        top += _tall(text, size, letters) + 6
