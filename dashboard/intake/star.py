"""Outcome Star readings: a raw export with one row a Star (a column an area) or one row a reading, or our own long CSV.

| column | what it holds |
|---|---|
| `person_id` | the person's identifier; becomes a keyed hash |
| `star`, `edition` | names or ids of `star_editions.toml`: `Family Star Plus`, `1.1` |
| `date` | day on which the Star was completed |
| `area`, `score` | one area and its reading; or instead a column for every area, by name, `Area 3` or `area_3` |
| `completed_by` | optional: together, worker, person |
| `kind` | optional: standard or retrospective |
| `state` | optional: final or draft |
| `service` | optional: id of the agency |
| `star_id`, `episode_id` | optional |

Other spellings of headers and words are data (`star_columns.csv`). Rules, each of which lists the rows that it meets:

- refused: no person, no day, a day after `as_at` or before 2000, an unknown Star or edition, one whose range is not
set, an unknown area, a reading that is not a whole number within the range, a word that is not known, and a Star that
stands there once more with other readings (the first stands);
- left out: a Star or reading that repeats another; an area without a reading;
- merged, and listed: the same Star in two services, as after a change of edition or a move: it counts for the service
  of the person's latest Star, else for the first;
- flagged, and kept: a Star without a reading in every area (never in a pair), a person with Stars in two services, two
  Stars of one person and day in two services.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import polars as pl

from metrics.cases import CASE_TABLES
from metrics.star import Edition, editions, find
from metrics.star.definitions import squashed

from . import numbers, personal
from .batch import IntakeError, Ledger, plain, plain_cells
from .cases.repair import read_days
from .definitions import table
from .headers import normal
from .opening import Opened
from .privacy import Key, keyed_hash, read_key
from .star_rules import settle

EARLIEST = date(2000, 1, 1)  # before there was a Star
HEADER_ROWS = 40
LEAST_AREAS = 3  # columns that are areas of a Star, by which a table with a row a Star is known
NEEDED = ("person", "date")
SECRET = ("person", "star_id", "episode")  # never repeated in a list


def looks_like(opened: Opened, known: Mapping[str, Edition] | None = None) -> bool:
    """Some sheet has the columns of Star readings."""
    return _header(opened, None, editions() if known is None else known) is not None


def read_star(
    opened: Opened,
    ledger: Ledger,
    *,
    as_at: date,
    sheet: str | None = None,
    known: Mapping[str, Edition] | None = None,
    key: Key | None = None,
) -> dict[str, pl.DataFrame]:
    """The readings of one file as case tables: `{"reading": …}` with the columns of `metrics.cases`.

    `as_at`: the day after which no Star can have been completed. `sheet`: of a workbook; None: the one that fits.
    `known`: the editions, default the shipped ones. `key`: of the hashes, default from the settings. Every row is used,
    refused or left out in `ledger`; what is kept in spite of a fault, or merged, is among its repairs. Raises
    `IntakeError`, one sentence, for a file that is none of these or holds what could name a person.
    """
    known = editions() if known is None else known
    found = _header(opened, sheet, known)
    if found is None:
        raise IntakeError(
            f"{opened.file_name} holds no Star readings: it needs a person, a date, the Star, and either area and "
            "score or a column for every area."
        )
    name, row, columns, wide = found
    header = opened.preview(name)[row]
    cells = _cells(opened, name, row, header, columns, wide, ledger)
    stars = _identified(cells, header, columns, known, as_at, ledger)
    readings = _readings(stars, header, columns, wide, known, ledger)
    key = key or read_key()
    hashed = readings.with_columns(
        keyed_hash(readings[c], key=key).alias(c) for c in ("person", "episode") if c in readings.columns
    )
    settled = settle(hashed, ledger, header={c: plain(header[i] or "") for c, i in columns.items()}, known=known)
    settled = settled.with_columns(keyed_hash(settled["star_id"], key=key).alias("star_id"))
    ledger.use(settled)
    return {"reading": _as_cases(settled)}


@cache
def _words(sort: str) -> dict[str, str]:
    """Alias → what it means."""
    return {row["alias"]: row["of"] for row in table("star_columns.csv") if row["sort"] == sort}


def _header(
    opened: Opened, sheet: str | None, known: Mapping[str, Edition]
) -> tuple[str, int, dict[str, int], dict[int, str]] | None:
    """(sheet, row of the header, column of ours → position, position → squashed area); no areas in long tables."""
    areas = {squashed(text) for e in known.values() for a in e.areas for text in (a.id, a.name) if text}
    for name in [sheet] if sheet is not None else opened.sheets:
        for row, cells in enumerate(opened.preview(name)[:HEADER_ROWS]):
            columns: dict[str, int] = {}
            for position, cell in enumerate(cells):
                if (ours := _words("column").get(normal(cell))) and ours not in columns:
                    columns[ours] = position
            if any(c not in columns for c in NEEDED) or "star" not in columns:
                continue
            taken = set(columns.values())
            wide = {i: squashed(c) for i, c in enumerate(cells) if i not in taken and squashed(c) in areas}
            if "area" in columns and "score" in columns:
                return name, row, columns, {}
            if len(wide) >= LEAST_AREAS:
                return name, row, columns, wide
    return None


def _cells(
    opened: Opened,
    name: str,
    row: int,
    header: list[str | None],
    columns: Mapping[str, int],
    wide: Mapping[int, str],
    ledger: Ledger,
) -> pl.DataFrame:
    """The rows as text: our columns under our names, areas as `a<position>`, and `line`."""
    frame, too_long = opened.table(name, row)
    headers = {c: (header[int(c[1:])] if int(c[1:]) < len(header) else "") or "" for c in frame.columns if c != "line"}
    personal.check(frame, headers, file_name=opened.file_name, expected={f"c{i}" for i in (*columns.values(), *wide)})
    personal.check(too_long, {"value": "(whole row)"}, file_name=opened.file_name, expected={"value"})
    frame = frame.with_columns(pl.col("line").cast(pl.Int64))
    ledger.rows += frame.height
    ledger.refuse(too_long, "(whole row)", "this row has more cells than the header")
    frame = frame.join(too_long.select(pl.col("line").cast(pl.Int64)), on="line", how="anti", maintain_order="left")
    used = {**{f"c{i}": ours for ours, i in columns.items()}, **{f"c{i}": f"a{i}" for i in wide}}
    unused = [plain(h) for c, h in headers.items() if h and c not in used]
    if unused:
        ledger.remarks.append(f"Columns not used: {', '.join(unused)}.")
    frame = frame.select("line", *(pl.col(c).alias(ours) for c, ours in used.items() if c in frame.columns))
    frame = frame.with_columns(plain_cells(pl.col(c)) for c in frame.columns if c != "line")
    blank = frame.filter(pl.all_horizontal(pl.all().exclude("line").is_null()))
    ledger.leave_out(blank, "they are blank, or blank in every column that is used")
    return frame.join(blank.select("line"), on="line", how="anti", maintain_order="left")


def _identified(
    cells: pl.DataFrame,
    header: list[str | None],
    columns: Mapping[str, int],
    known: Mapping[str, Edition],
    as_at: date,
    ledger: Ledger,
) -> pl.DataFrame:
    """Rows whose person, day, edition and words are known; `key` of the edition, `retrospective`, `day`."""
    title = {c: plain(header[i] or "") for c, i in columns.items()}
    every = ("star_id", "episode", "edition", "completed_by", "kind", "state", "service")
    cells = cells.with_columns(pl.lit(None, pl.String).alias(c) for c in every if c not in cells.columns)
    pairs = cells.select("star", "edition").unique()
    matched = [(s, e, one) for s, e in pairs.rows() if (one := find(s, e, known)) is not None]
    schema = {"star": pl.String, "edition": pl.String, "key": pl.String, "unset": pl.String}
    keys = pl.DataFrame([(s, e, one.key, one.unknown) for s, e, one in matched], schema=schema, orient="row")
    cells = cells.join(keys, on=["star", "edition"], how="left", nulls_equal=True, maintain_order="left")
    cells = cells.with_columns(read_days(cells["date"])["day"].alias("day"))
    lower = {c: pl.col(c).str.to_lowercase() for c in ("completed_by", "kind", "state")}
    cells = cells.with_columns(
        text.replace_strict(_words(c), default=None, return_dtype=pl.String).alias(f"{c}_read")
        for c, text in lower.items()
    )
    unsafe = numbers.formulas(cells["service"].drop_nulls().unique())
    faults = [
        ("person", pl.col("person").is_null(), "no person"),
        ("date", pl.col("day").is_null(), "no day that can be read, such as 2024-05-23 or 23/05/2024"),
        ("date", pl.col("day") > as_at, "this day has not come yet"),
        ("date", pl.col("day") < EARLIEST, "there was no Star yet on this day"),
        ("star", pl.col("key").is_null(), "this Star and edition is not among those that are set up"),
        ("star", pl.col("unset") != "", pl.format("of this edition, {}", "unset")),
        ("service", pl.col("service").is_in(unsafe), "a formula, not the name of a service"),
        *((c, pl.col(c).is_not_null() & pl.col(f"{c}_read").is_null(), "this word is not known here") for c in lower),
    ]
    bad = pl.lit(False)
    for column, fault, reason in faults:
        shown = None if column in SECRET else column
        ledger.refuse(cells.filter(fault.fill_null(False)), title.get(column, column), reason, value=shown)
        bad = bad | fault.fill_null(False)
    return cells.filter(~bad).with_columns(
        pl.col("completed_by_read").alias("completed_by"),
        pl.col("state_read").alias("state"),
        (pl.col("kind_read") == "true").alias("retrospective"),
    )


def _readings(
    stars: pl.DataFrame,
    header: list[str | None],
    columns: Mapping[str, int],
    wide: Mapping[int, str],
    known: Mapping[str, Edition],
    ledger: Ledger,
) -> pl.DataFrame:
    """One row a reading, with the area's id, a whole `score` in the range, and `record`: the row of a Star."""
    about = [c for c in stars.columns if not (c.startswith("a") and c[1:].isdigit())]
    if wide:
        kept = [f"a{i}" for i in wide]
        rows = stars.unpivot(kept, index=about, variable_name="_at", value_name="score")
        asked = {f"a{i}": text for i, text in wide.items()}
        named = {f"a{i}": plain(header[i] or "") for i in wide}
        rows = rows.with_columns(
            pl.col("_at").replace_strict(asked, return_dtype=pl.String).alias("_area"),
            pl.col("_at").replace_strict(named, return_dtype=pl.String).alias("_title"),
            pl.col("line").alias("record"),
        ).filter(pl.col("score").is_not_null())
        missing = stars.filter(pl.all_horizontal(pl.col(kept).is_null()))
        ledger.refuse(missing, "(whole row)", "there is no reading in any area")
    else:
        texts = stars["area"].unique()
        rows = stars.with_columns(
            pl.col("area")
            .replace_strict(texts, pl.Series([squashed(t) for t in texts]), return_dtype=pl.String)
            .alias("_area"),
            pl.lit(plain(header[columns["score"]] or "")).alias("_title"),
        )
        ledger.leave_out(rows.filter(pl.col("score").is_null()), "they give no reading")
        rows = rows.filter(pl.col("score").is_not_null())
        same = ["person", "key", "day", "completed_by", "retrospective", "state", "service", "star_id"]
        rows = rows.with_columns(pl.col("line").min().over(same).alias("record"))
    of_area = [
        (e.key, squashed(text), a.id, e.star, e.edition, e.lowest, e.highest)
        for e in known.values()
        for a in e.areas
        for text in dict.fromkeys((a.id, a.name))
        if text
    ]
    schema = ["key", "_area", "area_id", "star_key", "edition_key", "_lowest", "_highest"]
    look_up = pl.DataFrame(of_area, schema=schema, orient="row").unique(["key", "_area"], keep="first")
    rows = rows.join(look_up, on=["key", "_area"], how="left", maintain_order="left")
    number = numbers.parse(rows["score"])["number"]
    rows = rows.with_columns(number.alias("_number"))
    score = pl.col("_number")
    off = score.is_null() | (score < pl.col("_lowest")) | (score > pl.col("_highest")) | (score != score.floor())
    strange = pl.col("area_id").is_null()
    words = pl.format("the readings of this Star are whole numbers from {} to {}", "_lowest", "_highest")
    for title, part in rows.filter(strange).group_by("_title", maintain_order=True):
        ledger.refuse(part, title[0] if wide else plain(header[columns["area"]] or ""), "this edition has no such area")
    for title, part in rows.filter(~strange & off).group_by("_title", maintain_order=True):
        ledger.refuse(part, title[0], words, value="score")
    good = rows.filter(~strange & ~off.fill_null(True))
    return good.with_columns(score.alias("score"), pl.col("area_id").alias("area"))


def _as_cases(rows: pl.DataFrame) -> pl.DataFrame:
    """Readings with the columns of the case table `reading`."""
    spec = CASE_TABLES["reading"]
    return (
        rows.select(
            pl.format("{}:{}", "star_id", "area").alias("reading_id"),
            pl.col("episode").alias("episode_id"),
            pl.col("person").alias("person_id"),
            pl.col("star_key").alias("tool"),
            pl.col("edition_key").alias("edition"),
            "area",
            pl.col("day").alias("date"),
            "score",
            "star_id",
            "completed_by",
            "retrospective",
            "state",
            pl.col("service").alias("agency_id"),
        )
        .select(spec.schema.names())
        .cast(dict(spec.schema))
    )
