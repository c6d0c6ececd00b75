"""Our own CSV set with the faults of real exports. The records themselves stay clean.

What was done is told as a table (`table`, `what`, `rows`), so that a reader of the files can be held against it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from .draw import chance, choose

HARD_SPACE = "\u00a0"
IMPOSSIBLE = "31/02/2025"
FORMS = (("%d/%m/%Y", 0.8), ("%Y-%m-%d", 0.12), ("%d-%b-%Y", 0.04), ("%d/%m/%Y 00:00:00", 0.03), ("%d/%m/%y", 0.01))
CHILD_TABLES = ("assessment", "need", "plan", "review")  # in which a few rows name an episode that is not there


class Done:
    """What was done to a file."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, int]] = []

    def note(self, table: str, what: str, rows: int) -> None:
        self.rows.append((table, what, int(rows)))

    def table(self) -> pl.DataFrame:
        schema = pl.Schema({"table": pl.String, "what": pl.String, "rows": pl.Int64})
        return pl.DataFrame(self.rows, schema=schema, orient="row")


def case_files(tables: Mapping[str, pl.DataFrame], *, seed: int) -> tuple[dict[str, bytes], pl.DataFrame]:
    """The canonical tables as CSV files with faults; agencies are left as they are."""
    done, files = Done(), {}
    for name, frame in tables.items():
        rng = np.random.default_rng([seed, *b"dirt", *name.encode()])
        soiled = frame if name == "agency" else _soiled(rng, name, frame, done)
        files[name] = soiled.write_csv().encode()
    return files, done.table()


def _soiled(rng: np.random.Generator, name: str, frame: pl.DataFrame, done: Done) -> pl.DataFrame:
    frame = _more_rows(rng, name, frame, done)
    days = [column for column, dtype in frame.schema.items() if dtype == pl.Date]
    columns = {column: _written_day(rng, frame[column], name, done) for column in days}
    for column, dtype in frame.schema.items():
        if dtype == pl.Boolean:
            words = pl.Series(["Yes", "Y", "TRUE", "No", "N", "FALSE"])
            pick = choose(rng, [0.6, 0.3, 0.1], frame.height) + 3 * (~frame[column].fill_null(False)).to_numpy()
            columns[column] = words.gather(pick).set(frame[column].is_null(), None)
        elif column.startswith("level_"):
            spoken = "Level " + frame[column].cast(pl.String)
            columns[column] = _some(rng, 0.3, spoken, frame[column].cast(pl.String))
        elif dtype == pl.String and not column.endswith("_id"):
            columns[column] = _some(rng, 0.02, frame[column] + HARD_SPACE, frame[column])
    return frame.with_columns(columns[column].alias(column) for column in columns)


def _more_rows(rng: np.random.Generator, name: str, frame: pl.DataFrame, done: Done) -> pl.DataFrame:
    """Rows given twice; episodes entered again while they ran; rows of episodes that are not in the file."""
    extra = [frame]
    twice = frame.filter(pl.Series(chance(rng, 0.006, frame.height)))
    if twice.height:
        extra.append(twice)
        done.note(name, "rows given twice", twice.height)
    if name == "episode":
        length = (pl.col("end_date") - pl.col("start_date")).dt.total_days()
        again = frame.filter((length > 60) & pl.Series(chance(rng, 0.006, frame.height))).with_columns(
            ("INV-E-9" + pl.col("episode_id").str.tail(6)).alias("episode_id"),
            pl.col("start_date") + pl.duration(days=21),
        )
        extra.append(again)
        done.note(name, "episodes entered again, overlapping the first", again.height)
    if name in CHILD_TABLES:
        key = frame.columns[0]
        lost = frame.filter(pl.Series(chance(rng, 0.004, frame.height))).with_columns(
            (pl.col(key).str.head(6) + "9" + pl.col(key).str.tail(6)).alias(key),
            ("INV-E-8" + pl.col("episode_id").str.tail(6)).alias("episode_id"),
        )
        extra.append(lost)
        done.note(name, "rows of an episode that is not in the file", lost.height)
    ends = {"episode": ("start_date", "end_date"), "assessment": ("start_date", "complete_date")}.get(name)
    whole = pl.concat(extra)
    if ends:
        start, end = ends
        swap = pl.Series(chance(rng, 0.003, whole.height)) & (whole[end] > whole[start]).fill_null(False)
        done.note(name, f"{end} before {start}", swap.sum())
        whole = whole.with_columns(
            pl.when(swap).then(end).otherwise(start).alias(start), pl.when(swap).then(start).otherwise(end).alias(end)
        )
    return whole


def _written_day(rng: np.random.Generator, days: pl.Series, table: str, done: Done) -> pl.Series:
    """Days as people and systems write them, mixed in one column."""
    kind = choose(rng, [share for _, share in FORMS], len(days))
    places = [np.flatnonzero(kind == number) for number in range(len(FORMS))]
    texts = [days.gather(place).dt.strftime(form) for place, (form, _) in zip(places, FORMS, strict=True)]
    written = pl.concat(texts).gather(np.argsort(np.concatenate(places), kind="stable"))
    fault = choose(rng, [0.994, 0.003, 0.002, 0.001], len(days))
    given = days.is_not_null().to_numpy()
    for number, text in ((1, "#N/A"), (2, IMPOSSIBLE), (3, "unknown")):
        hit = (fault == number) & given
        written = written.set(pl.Series(hit), text)
        if hit.any():
            done.note(table, f"{days.name} written as {text}", hit.sum())
    return written


def _some(rng: np.random.Generator, share: float, these: pl.Series, others: pl.Series) -> pl.Series:
    return these.zip_with(pl.Series(chance(rng, share, len(these))), others)
