"""Small areas (LSOA) of 2011 as those of 2021, which every figure by area goes by."""

from __future__ import annotations

from functools import cache

import polars as pl

from sample_data import places


def of_2021(codes: pl.Series) -> pl.Series:
    """The codes with those of areas that were divided in 2021 replaced: by the part with the most people (Census 2021;
    of equals the first). Which part a family lives in cannot be told from the old code. All other codes stay."""
    parts = _largest_parts()
    return codes.replace(parts["lsoa_2011"], parts["lsoa_2021"])


@cache
def _largest_parts() -> pl.DataFrame:
    people = places.population().filter(vintage=2021).select(pl.col("lsoa").alias("lsoa_2021"), "total")
    divided = places.small_area_changes().filter(change="S").join(people, on="lsoa_2021", how="left")
    largest = divided.sort("total", "lsoa_2021", descending=[True, False], nulls_last=True)
    return largest.unique("lsoa_2011", keep="first", maintain_order=True).select("lsoa_2011", "lsoa_2021")
