"""Readings for tests of the Star's pages: two worlds that differ in small counts alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl

from dashboard.answers import use_store
from dashboard.store import Store, open_store
from metrics.cases import CASE_TABLES, empty_tables
from sample_data.invented import invent

AREAS = [f"area_{n}" for n in range(1, 11)]
BEGUN, ENDED = date(2025, 5, 1), date(2025, 11, 3)


@cache
def county() -> dict[str, pl.DataFrame]:
    """A small invented county."""
    return invent(scale=0.05)


def by_hand(
    service: str, moves: list[tuple[int, int]], *, only_first: int = 0, begun: date = BEGUN, of_a_family: int = 1
) -> dict[str, pl.DataFrame]:
    """People of one service with a Family Star Plus each, `begun` and closed half a year later.

    `moves`: by how many readings the first area of how many people changed (from 5; a stage is two readings), all other
    areas staying at 5. `only_first`: people with a first Star and no other. `of_a_family`: how many of a family.
    """
    ended = begun + (ENDED - BEGUN)
    changes = [change for change, people in moves for _ in range(people)] + [None] * only_first
    tables, readings, people, episodes = empty_tables(), [], [], []
    for number, change in enumerate(changes):
        person, episode = f"{service} P{number}", f"{service} E{number}"
        family = f"{service} F{number // of_a_family}"
        people.append({"person_id": person, "family_id": family})
        episodes.append(
            {
                "episode_id": episode, "family_id": family, "start_date": begun - timedelta(days=20),
                "end_date": ended + timedelta(days=9), "lead_agency_id": service,
            }
        )  # fmt: skip
        stars = [(begun, 0)] if change is None else [(begun, 0), (ended, change)]
        for day, moved in stars:
            for area in AREAS:
                readings.append(
                    {
                        "reading_id": f"{person} {day} {area}", "star_id": f"{person} {day}", "person_id": person,
                        "episode_id": episode, "tool": "Family Star Plus", "edition": "2", "area": area, "date": day,
                        "score": 5.0 + (moved if area == "area_1" else 0), "completed_by": "together",
                        "retrospective": False, "state": "final", "agency_id": service,
                    }
                )  # fmt: skip
    made = {"reading": readings, "person": people, "episode": episodes}
    made["family"] = [{"family_id": family} for family in dict.fromkeys(row["family_id"] for row in people)]
    made["agency"] = [{"agency_id": service, "name": f"Service {service}", "agency_type": "voluntary"}]
    return tables | {name: pl.DataFrame(rows, schema=CASE_TABLES[name].schema) for name, rows in made.items()}


def together(*sets: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return {name: pl.concat([each[name] for each in sets]) for name in CASE_TABLES}


@contextmanager
def stars(folder: Path, tables: dict[str, pl.DataFrame], *, standing: str = "local") -> Iterator[Store]:
    """A store of one's own with these records, which all answers come from."""
    with open_store(folder / "stars.db") as store:
        store.load_cases(
            tables, None, kind="cases", file_name="stars.zip", sha256="0" * 64, standing=standing, loaded_by="tests"
        )
        use_store(store)
        yield store
        use_store(None)
