"""Figures that come with the dashboard: published ones in our own long form, with where each file comes from."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import polars as pl

LOG = pl.Schema(
    {
        "file": pl.String,
        "standing": pl.String,  # published | reference | invented
        "publisher": pl.String,
        "release": pl.String,
        "licence": pl.String,
        "attribution": pl.String,
        "what": pl.String,
        "rows": pl.Int64,
        "sha256": pl.String,
        "retrieved": pl.String,  # ISO date of the copy that the figures were taken from, or empty where it is not known
    }
)


def folder() -> Path:
    """The folder of published figures."""
    with as_file(files("sample_data") / "published") as path:
        return path


def published_files() -> list[Path]:
    """The tables of published figures, by name. Each can be read by `dashboard.intake.read`."""
    return sorted(path for path in folder().glob("*.csv") if path.name != "log.csv")


def log() -> pl.DataFrame:
    """Where each file comes from: one row a file, columns as in `LOG`."""
    return pl.read_csv(folder() / "log.csv", schema=LOG).fill_null("")
