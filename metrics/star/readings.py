"""Readings reduced to Stars: one row a completed Star, whichever engine holds the rows.

A Star is packed into one whole number, four bits an area (reading × 16^place), so that ten rows become one by adding
up, on Polars, pandas, DuckDB and PySpark alike. Everything after that is small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from .definitions import find
from .editions import Edition, editions

READINGS = pl.Schema(
    {
        "star_id": pl.String,  # readings completed together share it
        "person_id": pl.String,
        "family_id": pl.String,  # may be null: the person then stands alone
        "star": pl.String,  # "family_star_plus"
        "edition": pl.String,  # "1"
        "area": pl.String,  # "area_1"
        "date": pl.Date,
        "score": pl.Float64,
        "completed_by": pl.String,  # together, worker, person; null: not known
        "retrospective": pl.Boolean,
        "state": pl.String,  # final, draft; null: final
        "service": pl.String,
        "forum_area": pl.String,
        "agency_type": pl.String,
    }
)
REQUIRED = ("person_id", "star", "edition", "area", "date", "score")
TOGETHER, WORKER, PERSON = COMPLETED_BY = ("together", "worker", "person")
FINAL, DRAFT = STATES = ("final", "draft")
SPLITS = ("service", "forum_area", "agency_type")  # what readings carry that figures may be split by
BITS = 4  # an area
_AT = "_at"  # where a row stands

_OF_A_STAR = ("person_id", "family_id", "edition", "date", "completed_by", "retrospective", "state")
_IDENTITY = ("person_id", "edition", "date", "completed_by", "retrospective", "state", "service")


def stars(
    readings: Any, edition: Edition, *, pool: Iterable[Edition] = (), keep: Iterable[str] = SPLITS
) -> pl.DataFrame:
    """One row a Star of `edition` and of the editions in `pool`: complete or not, final or draft.

    `readings`: a Polars frame or lazy frame, a pandas frame, a DuckDB relation or a PySpark frame with the columns of
    READINGS, of which REQUIRED must be there. Without `star_id`, readings of one person, edition, day, maker, kind,
    state and service are one Star; where it is there it is never null. `keep`: further columns, the same for all
    readings of a Star; those that are missing come as nulls.

    Gives `person_id`, `family_id`, `edition`, `date`, `completed_by`, `retrospective`, `state`, the columns of `keep`,
    `code` (the readings, four bits an area in the edition's order) and `complete`: exactly one whole reading, within
    the range, in every area of the edition and in no other. Raises ValueError for missing columns, and for an edition
    whose range or areas are not known.
    """
    if edition.unknown:
        raise ValueError(f"{edition.title}: {edition.unknown}")
    frame = nw.from_native(readings)
    if isinstance(readings, pl.DataFrame):
        frame = nw.from_native(readings.lazy().with_row_index(_AT))
    schema = frame.collect_schema()
    if missing := [c for c in REQUIRED if c not in schema]:
        raise ValueError(f"the readings lack the column {missing[0]!r}")
    wanted = list(dict.fromkeys((*_OF_A_STAR, *keep)))
    key = ["star_id"] if "star_id" in schema else [c for c in _IDENTITY if c in schema]
    carried = [c for c in wanted if c in schema and c not in key]
    places = {area: 1 << (BITS * i) for i, area in enumerate(edition.area_ids)}
    score = nw.col("score")
    within = (score >= edition.lowest) & (score <= edition.highest)
    if not schema["score"].is_integer():
        within = within & (score == score.floor())
    mine = (nw.col("star") == edition.star) & nw.col("edition").is_in([e.edition for e in (edition, *pool)])
    place = nw.col("area").replace_strict(places, default=0, return_dtype=nw.Int64)
    weighed = frame.filter(mine).with_columns(
        nw.when(within).then(place).otherwise(0).cast(nw.Int64).alias("_place"),
        nw.when(within).then(score * place).otherwise(0).cast(nw.Int64).alias("_code"),
    )
    sums = nw.col("_code").sum().alias("code"), nw.col("_place").sum().alias("_there"), nw.len().alias("_rows")
    if isinstance(readings, pl.DataFrame) and key == ["star_id"]:
        summed = _in_memory(readings, weighed, sums, carried)
    else:
        summed = weighed.group_by(*key).agg(*sums, *(nw.col(c).any_value() for c in carried))
    # K rows whose places add up to all K places hold each of them once: no digit can have carried
    whole = (nw.col("_there").cast(nw.Int64) == sum(places.values())) & (nw.col("_rows") == len(places))
    made = summed.select(*(c for c in wanted if c in schema), nw.col("code").cast(nw.Int64), whole.alias("complete"))
    found = made.collect("polars").to_native() if isinstance(made, nw.LazyFrame) else made.to_polars()
    types = {**READINGS, "retrospective": pl.Boolean}
    absent = [pl.lit(None, types.get(c, pl.String)).alias(c) for c in wanted if c not in found.columns]
    day = pl.col("date").cast(pl.Date)
    return found.with_columns(day, pl.col("edition").cast(pl.String), *absent).select(*wanted, "code", "complete")


def _in_memory(
    readings: pl.DataFrame, weighed: nw.LazyFrame, sums: Sequence[nw.Expr], carried: Sequence[str]
) -> nw.LazyFrame:
    """A row a Star, its sums beside what one of its rows says: added up by a hash of 64 bits in place of the text, and
    everything else fetched from that row alone. Among a million Stars the chance that any two meet is 3 in 100 million.
    """
    slim: pl.LazyFrame = nw.to_native(weighed.select("star_id", "_code", "_place", _AT))
    hashed = nw.from_native(slim.with_columns(pl.col("star_id").hash()))
    rows = nw.to_native(hashed.group_by("star_id").agg(*sums, nw.col(_AT).min())).collect(engine="streaming")
    about = readings.select(carried)[rows[_AT]]
    return nw.from_native(pl.concat([rows.drop("star_id", _AT), about], how="horizontal").lazy())


def decode(codes: pl.Series | np.ndarray, areas: int) -> np.ndarray:
    """Packed Stars → readings, one row a Star, one column an area."""
    packed = np.asarray(codes, dtype=np.int64)
    readings = np.empty((areas, len(packed)), np.int8)
    for area in range(areas):
        readings[area] = (packed >> (BITS * area)) & ((1 << BITS) - 1)
    return readings.T  # an area's readings lie together: they are counted area by area


def from_cases(
    tables: Mapping[str, pl.DataFrame | pl.LazyFrame],
    places: pl.DataFrame | None = None,
    *,
    known: Mapping[str, Edition] | None = None,
) -> pl.LazyFrame:
    """The Star readings among the case tables (`metrics.cases`), with the columns of READINGS.

    `places`: `lsoa` and `forum_area`, for the family's forum area. Tools and editions that `known` (default: the
    shipped ones) does not have are left out: they are other outcome tools. The service is the reading's agency, else
    the episode's lead agency.
    """
    known = editions() if known is None else known
    lazy = {name: frame.lazy() for name, frame in tables.items()}
    pairs = lazy["reading"].select("tool", "edition").unique().collect()
    matched = [(t, e, found) for t, e in pairs.rows() if (found := find(t, e, known)) is not None]
    look_up = pl.DataFrame(
        [(t, e, one.star, one.edition) for t, e, one in matched],
        schema={"tool": pl.String, "edition": pl.String, "star": pl.String, "_edition": pl.String},
        orient="row",
    )
    reading = lazy["reading"].join(look_up.lazy(), on=["tool", "edition"], nulls_equal=True)
    episodes = lazy["episode"].select("episode_id", "lead_agency_id", _family=pl.col("family_id"), _lsoa=pl.col("lsoa"))
    people = lazy["person"].select("person_id", "family_id", _home=pl.col("lsoa"))
    families = lazy["family"].select("family_id", _family_lsoa=pl.col("lsoa"))
    agencies = lazy["agency"].select(service=pl.col("agency_id"), agency_type=pl.col("agency_type"))
    joined = reading.join(episodes, on="episode_id", how="left").join(people, on="person_id", how="left")
    joined = joined.with_columns(
        pl.coalesce("family_id", "_family").alias("family_id"),
        pl.coalesce("agency_id", "lead_agency_id").alias("service"),
        # a reading without a person is of the episode's family
        pl.coalesce("person_id", pl.format("family {}", "_family"), pl.format("episode {}", "episode_id")).alias(
            "person_id"
        ),
    ).join(families, on="family_id", how="left")
    joined = joined.join(agencies, on="service", how="left")
    area = pl.coalesce("_family_lsoa", "_lsoa", "_home").alias("lsoa")
    if places is None:
        joined = joined.with_columns(pl.lit(None, pl.String).alias("forum_area"))
    else:
        joined = joined.with_columns(area).join(places.lazy().select("lsoa", "forum_area"), on="lsoa", how="left")
    own = pl.concat_str(
        "person_id", "star", "_edition", "date", "completed_by", "retrospective", "state", "service",
        separator="|", ignore_nulls=True,
    )  # fmt: skip
    return joined.with_columns(
        pl.col("_edition").alias("edition"), pl.coalesce("star_id", own).alias("star_id")
    ).select(list(READINGS))
