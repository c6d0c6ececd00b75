"""The invented county as files: our own CSV set in a ZIP, and Parquet by parts for what is too large for that.

The same records give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from importlib import resources
from pathlib import Path

import polars as pl

from metrics.cases import CASE_TABLES

from . import SEED, UNTIL, parts

CLEAN, DIRTY, ANNEX_A, WRONG = (
    "invented-case-records.zip",
    "invented-case-records-dirty.zip",
    "invented-annex-a-dirty.xlsx",
    "invented-what-is-wrong.csv",
)


def write(folder: Path, *, seed: int = SEED, scale: float = 1, until: date = UNTIL) -> list[Path]:
    """Our own CSV set clean and dirty, a dirty Annex A workbook, and a list of what is wrong in the dirty ones."""
    from . import annex_a, dirt, invent

    tables = invent(seed=seed, scale=scale, until=until)
    folder.mkdir(parents=True, exist_ok=True)
    dirty, in_set = dirt.case_files(tables, seed=seed)
    workbook, in_workbook = annex_a.workbook(tables, seed=seed, until=until)
    clean = {name: frame.write_csv().encode() for name, frame in tables.items()}
    (folder / CLEAN).write_bytes(zipped(clean))
    (folder / DIRTY).write_bytes(zipped(dirty))
    (folder / ANNEX_A).write_bytes(workbook)
    faults = [
        frame.with_columns(pl.lit(file).alias("file")) for file, frame in ((DIRTY, in_set), (ANNEX_A, in_workbook))
    ]
    (folder / WRONG).write_bytes(pl.concat(faults).select("file", "table", "what", "rows").write_csv().encode())
    return [folder / name for name in (CLEAN, DIRTY, ANNEX_A, WRONG)]


def fingerprint(*, seed: int = SEED, scale: float = 1, until: date = UNTIL) -> str:
    """SHA-256 of what the records are made from: it changes when the generator does, and costs nothing to work out."""
    digest = hashlib.sha256(f"{seed} {scale} {until}".encode())
    room = resources.files("sample_data") / "invented"
    for entry in sorted(room.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith((".py", ".toml")):
            digest.update(entry.read_bytes())
    return digest.hexdigest()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP with one CSV a table."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv"), content, zipfile.ZIP_DEFLATED)  # ZipInfo: always 1980
    return data.getvalue()


def write_parquet(
    folder: Path,
    *,
    seed: int = SEED,
    scale: float = 1,
    until: date = UNTIL,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Path]:
    """A folder a table with a Parquet file a part, for many times a county's records; gives the tables' folders.

    One part is in memory at a time. `pl.scan_parquet(folder / "episode")` reads a table. `progress` is told how many
    parts are done.
    """
    for name in CASE_TABLES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for stale in (folder / name).glob("part-*.parquet"):
            stale.unlink()
    for number, tables in enumerate(parts(seed=seed, scale=scale, until=until)):
        for name, frame in tables.items():
            if number == 0 or frame.height:
                frame.write_parquet(folder / name / f"part-{number:04}.parquet", compression="lz4")
        progress(number + 1)
    return [folder / name for name in CASE_TABLES]
