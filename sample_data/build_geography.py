"""Writes `sample_data/geography/` and `sample_data/deprivation/` from a folder of reference boundaries and tables.

    python -m sample_data.build_geography FOLDER

FOLDER holds `geography/`, `population/`, `services/` and `deprivation/`; `sources.toml` says what is taken and where
it comes from. The same input gives the same bytes.

Boundaries of small areas, districts, councils, forum areas and the county are the generalised ones, taken as they are
and rounded to 5 decimals. Wards come in more detail and are thinned without tearing neighbours apart. A small area
belongs to the ward that most of its postcodes lie in, and its centre is the middle of its postcodes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import polars as pl

from sample_data import LOG
from sample_data.area_tables import deprivation_tables, geography_tables
from sample_data.shapes import feature, polygons, simplified

WARD_TOLERANCE = 50.0  # metres
HERE = Path(__file__).parent
LICENCE = "Open Government Licence v3.0"
SENTENCE = "Contains public sector information licensed under the Open Government Licence v3.0. Source: {}."
MAP_SENTENCE = SENTENCE + " Contains OS data © Crown copyright and database right."


def boundary(folder: Path, source: dict[str, Any]) -> dict[str, Any]:
    """One level's boundaries as GeoJSON: nothing but `code` and `name` beside the outline, sorted by code."""
    raw = json.loads((folder / "geography" / source["input"]).read_text(encoding="utf-8"))["features"]
    if source.get("thin"):
        raw = simplified(raw, tolerance=WARD_TOLERANCE)
    features = [
        feature({k: one["properties"][source[k]] for k in ("code", "name")}, polygons(one["geometry"])) for one in raw
    ]
    features.sort(key=lambda one: one["properties"]["code"])
    return {"type": "FeatureCollection", "features": features}


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # no time stamp and no file name inside: the same table gives the same bytes
    path.write_bytes(gzip.compress(data, compresslevel=9, mtime=0) if path.suffix == ".gz" else data)


def entry(path: Path, rows: int, source: dict[str, Any], forum: str) -> dict[str, Any]:
    """A row of the log."""
    return {
        "file": path.name,
        "standing": source["standing"],
        "publisher": source["publisher"],
        "release": source["release"],
        "licence": LICENCE,
        "attribution": (MAP_SENTENCE if source.get("map_data") else SENTENCE).format(source["publisher"]),
        "what": f"{source['what']}. {forum}" if source.get("forum") else source["what"],
        "rows": rows,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "retrieved": "",  # the copies do not say
    }


def build(folder: Path, out: Path = HERE) -> pl.DataFrame:
    """Write every file and both logs below `out`; gives the two logs as one."""
    sources = tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))
    logs: dict[str, list[dict[str, Any]]] = {"geography": [], "deprivation": []}
    collections = {}
    for source in sources["boundary"]:
        made = collections[source["level"], source["vintage"]] = boundary(folder, source)
        path = out / "geography" / f"{source['level']}_{source['vintage']}.geojson"
        write(path, json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode())
        logs["geography"].append(entry(path, len(made["features"]), source, sources["forum"]))
    tables = {**geography_tables(folder, collections), **deprivation_tables(folder)}
    for source in sources["table"]:
        table = tables.pop(source["file"])
        path = out / source["room"] / source["file"]
        write(path, table.write_csv(line_terminator="\n").encode())
        logs[source["room"]].append(entry(path, table.height, source, sources["forum"]))
    if tables:
        raise SystemExit(f"sources.toml does not say where {next(iter(tables))} comes from")
    made_logs = {room: pl.DataFrame(entries, schema=LOG).sort("file") for room, entries in logs.items()}
    for room, log in made_logs.items():
        log.write_csv(out / room / "log.csv", line_terminator="\n")
    return pl.concat(made_logs.values())


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit("usage: python -m sample_data.build_geography FOLDER_OF_REFERENCE_FILES")
    for row in build(Path(sys.argv[1])).iter_rows(named=True):
        print(f"{row['file']}: {row['rows']:,} rows")


if __name__ == "__main__":
    main()
