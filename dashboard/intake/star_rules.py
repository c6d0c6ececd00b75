"""Star readings held against each other: what is there twice, in two services, or not complete."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from metrics.star import Edition

from .batch import Ledger

SAME = ["person", "star_key", "edition_key", "day", "completed_by", "retrospective", "state"]  # makes a Star
TWICE = "this Star stands there already, with other readings; the first one counts"
TWO_ON_A_DAY = "this person has two Stars of one day, in two services; one of them counts"
MERGED = "the same Star in two services: it counts once, for the service of the person's latest Star"
TWO_SERVICES = "this person has Stars in more than one service; a pair counts for the service of the latest"
REPEATS = "they repeat another row"


def settle(
    rows: pl.DataFrame, ledger: Ledger, *, header: Mapping[str, str], known: Mapping[str, Edition]
) -> pl.DataFrame:
    """`rows` (a reading each) without what is there twice, every Star with a `star_id` of its own.

    `rows`: SAME, `record` (the row of the file that a Star began in), `service`, `area`, `score`, `line`. The rules are
    those of `dashboard.intake.star`.
    """
    rows = rows.sort("line", maintain_order=True)
    rows = _areas_once(rows, ledger, header.get("score", "area"))
    rows = _stars_once(rows, ledger, header.get("date", "date"))
    rows = _services_merged(rows, ledger, header.get("service", "service"))
    _flag(rows, ledger, header, known)
    several = pl.col("record").n_unique().over(SAME) > 1
    identity = pl.concat_str(*(pl.col(c).cast(pl.String).fill_null("") for c in SAME), separator="|")
    apart = pl.concat_str(identity, pl.col("service").fill_null(""), separator="|")
    return rows.with_columns(pl.when(several).then(apart).otherwise(identity).alias("star_id"))


def _areas_once(rows: pl.DataFrame, ledger: Ledger, column: str) -> pl.DataFrame:
    """Within a Star each area once: a reading that repeats another is left out, one that contradicts it refused."""
    key = ["record", "area"]
    first = pl.col("line") == pl.col("line").first().over(key)
    alike = pl.col("score") == pl.col("score").first().over(key)
    ledger.leave_out(rows.filter(~first & alike), REPEATS)
    ledger.refuse(rows.filter(~first & ~alike), column, TWICE)
    return rows.filter(first)


def _stars_once(rows: pl.DataFrame, ledger: Ledger, column: str) -> pl.DataFrame:
    """Within a service each Star once."""
    rows = rows.join(_signatures(rows), on="record", maintain_order="left")
    key = [*SAME, "service"]
    first = pl.col("record") == pl.col("record").first().over(key)
    alike = pl.col("signature") == pl.col("signature").first().over(key)
    ledger.leave_out(rows.filter(~first & alike), REPEATS)
    ledger.refuse(rows.filter(~first & ~alike), column, TWICE)
    return rows.filter(first)


def _signatures(rows: pl.DataFrame) -> pl.DataFrame:
    readings = pl.format("{}={}", "area", "score").sort_by("area").str.join(";")
    return rows.group_by("record").agg(readings.alias("signature"))


def _services_merged(rows: pl.DataFrame, ledger: Ledger, column: str) -> pl.DataFrame:
    """The same Star, with the same readings, in two services becomes one."""
    latest = (
        rows.select("person", "star_key", "day", "line", "service")
        .sort("day", "line", descending=[False, True])
        .group_by("person", "star_key")
        .agg(pl.col("service").last().alias("_latest"))
    )
    rows = rows.join(latest, on=["person", "star_key"], how="left", maintain_order="left")
    key = [*SAME, "signature"]
    many = pl.col("service").n_unique().over(key) > 1
    there = pl.col("service").eq_missing(pl.col("_latest"))
    order = pl.when(there).then(-1).otherwise(pl.col("record"))
    kept = ~many | (order == order.min().over(key))
    merged = rows.filter(~kept)
    ledger.repair(merged.unique("record", keep="first", maintain_order=True), column, MERGED, value="service")
    ledger.use(merged)
    return rows.filter(kept).drop("_latest")


def _flag(rows: pl.DataFrame, ledger: Ledger, header: Mapping[str, str], known: Mapping[str, Edition]) -> None:
    """List what is kept in spite of a fault, once a Star or once a person."""
    stars = rows.group_by("record", maintain_order=True).agg(
        pl.col("line").first(), pl.len().alias("_areas"), *(pl.col(c).first() for c in (*SAME, "service"))
    )
    asked = {(e.star, e.edition): len(e.areas) for e in known.values()}
    wanted = pl.DataFrame(
        [(*key, count) for key, count in asked.items()], schema=["star_key", "edition_key", "_asked"], orient="row"
    )
    stars = stars.join(wanted, on=["star_key", "edition_key"], how="left", maintain_order="left")
    short = pl.format("this Star has readings in {} of {} areas, so it is in no pair", "_areas", "_asked")
    ledger.repair(stars.filter(pl.col("_areas") < pl.col("_asked")), "(whole row)", short)
    service = header.get("service", "service")
    day = stars.filter(pl.col("service").n_unique().over(SAME) > 1)
    ledger.repair(day.unique(SAME, keep="first", maintain_order=True), service, TWO_ON_A_DAY, value="service")
    two = stars.filter(pl.col("service").n_unique().over("person", "star_key") > 1)
    ledger.repair(
        two.unique(["person", "star_key"], keep="last", maintain_order=True), service, TWO_SERVICES, value="service"
    )
