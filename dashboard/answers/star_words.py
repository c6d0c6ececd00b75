"""The Stars' figures as sentences and cells, out of frames after disclosure control."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from dashboard import words
from dashboard.answers import star_shown as shown
from dashboard.answers.star_records import Period
from metrics.star import Edition

Row = Mapping[str, object]
NOTHING: Row = dict.fromkeys(("value", "lower", "upper", "numerator", "denominator", "status"))
HIDDEN = "hidden because the count is small"


def held(frame: pl.DataFrame, by: str = "measure") -> dict[str, Row]:
    """Rows by measure, or by another column."""
    return {row[by]: row for row in frame.iter_rows(named=True)}


def count(row: Row | None) -> str:
    row = row or NOTHING
    return words.value(row["numerator"], decimals=0, status=row["status"])


def share(row: Row | None, *, counted: bool = True) -> str:
    """`61% (56–66), 251 of 412`; [c] where it is hidden."""
    row = row or NOTHING
    counts = {"numerator": row["numerator"], "denominator": row["denominator"]} if counted else {}
    return words.figure(
        row["value"], row["lower"], row["upper"], unit="%", decimals=0, status=row["status"], **counts
    )  # fmt: skip


def mean(row: Row | None) -> str:
    row = row or NOTHING
    return words.value(row["value"], status=row["status"])


def sentence(rows: Mapping[str, Row], baseline: str, *, who: str, year: str) -> str:
    """What a chair could read out."""
    paired, started = rows.get(shown.PAIRED, NOTHING), rows.get(shown.STARTED, NOTHING)
    if paired["numerator"] is None:
        return f"In {year} so few {who} have two Stars that nothing can be said of them here."
    up, down = (rows.get(shown.of(baseline, m), NOTHING) for m in shown.ANY)
    said = (
        f"Of {count(paired)} {who} with two Stars in {year}, {_moved(up, 'up at least one stage in at least one area')}"
    )
    said += f"; {_moved(down, 'down in at least one')}"
    without = _less(started, paired)
    return f"{said}; {words.number(without, decimals=0)} more have no second Star yet." if without else f"{said}."


def _moved(row: Row, where: str) -> str:
    if row["value"] is None:
        return f"how many moved {where} is {HIDDEN}"
    return f"{share(row, counted=False)} moved {where}"


def _less(whole: Row, part: Row) -> float | None:
    if whole["numerator"] is None or part["numerator"] is None:
        return None
    return whole["numerator"] - part["numerator"]


def bounds(rows: Mapping[str, Row], baseline: str, *, who: str) -> str:
    """What the share of all who started could be, whatever became of those without a second Star."""
    paired, started = rows.get(shown.PAIRED, NOTHING), rows.get(shown.STARTED, NOTHING)
    missing, everybody = _less(started, paired), started["numerator"]
    said = []
    for measure, way in zip(shown.ANY, ("up", "down"), strict=True):
        moved = rows.get(shown.of(baseline, measure), NOTHING)["numerator"]
        if missing and moved is not None:
            least, most = 100 * moved / everybody, 100 * (moved + missing) / everybody
            said.append(f"between {words.number(least, decimals=0)}% and {words.number(most, decimals=0)}% moved {way}")
    if not said:
        return ""
    return (
        f"Nobody knows about the {words.number(missing, decimals=0)} without a second Star. Of all {count(started)} "
        f"{who} with a Star, {words.listed(said)}: the lower figure if none of them did, the higher if all of them did."
    )


def lost(rows: Mapping[str, Row], *, who: str) -> str:
    """Where people were lost on the way, county-wide."""
    due, closed, overdue = (rows.get(m, NOTHING) for m in (shown.DUE, shown.CLOSED, shown.OVERDUE))
    if due["numerator"] is None:
        return ""
    return (
        f"Of {count(due)} {who} whose second Star was due, {share(rows.get(shown.PAIRED), counted=False)} have it; "
        f"{count(closed)} closed without one and {count(overdue)} are open and overdue."
    )


def weaker(rows: Mapping[str, Row]) -> str:
    """Which pairs, of the first Star and the latest, are of a weaker kind."""
    called = {
        "worker_only": "have a Star by the worker alone",
        "retrospective": "have one made afterwards from memory",
        "editions_pooled": "have Stars of two editions",
        "services_changed": "have Stars of two services",
    }
    said = [
        f"{share(row, counted=False)} {what}"
        for measure, what in called.items()
        if (row := rows.get(shown.of(shown.FIRST, measure), NOTHING))["value"]
    ]
    return f"Of those with two Stars, {words.listed(said)}." if said else ""


def of_years(period: Period) -> str:
    """`2024/25`; `2026/27 to 30 September 2026` for a year that is not over."""
    return period.name if period.over else f"{period.name.split(' ')[0]} to {words.day(period.end)}"


def stages(edition: Edition) -> dict[int, str]:
    """Stage → its name, "" where it is not known."""
    known = {stage.number: stage.name for stage in edition.stages}
    return {number: known.get(number, "") for number in range(1, edition.stage_count + 1)}


def stage_key(edition: Edition) -> str:
    """`Stages: 1 Stuck, 2 Accepting help, …`; "" where no name is known."""
    named = [f"{number} {name}" for number, name in stages(edition).items() if name]
    return f"Stages: {', '.join(named)}." if named else ""


def ceiling(edition: Edition) -> str:
    return f"reading of {edition.ceiling} or above"


def excluded(counts: Mapping[str, int]) -> str:
    """Stars left out, rounded: a Star more or less would tell of somebody."""
    called = {
        "draft": "drafts", "person_only": "completed by the person alone", "incomplete": "incomplete",
        "same_day": "the second of a person on one day",
    }  # fmt: skip
    said = [f"{what} {_about(counts[why])}" for why, what in called.items() if counts.get(why)]
    return f"Stars up to the end of the year that count in no figure: {'; '.join(said)}." if said else ""


def _about(number: int) -> str:
    return f"about {round(number, -1):,}" if number >= 15 else "fewer than 15"
