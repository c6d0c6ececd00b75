"""Was anyone better off: Outcome Stars of parents and of children, in services of very different size.

A Star is made early on, perhaps once more midway, and at the end; many families leave without the last one. Some were
made afterwards from memory, some by the worker alone, some stay drafts. Services change to the second edition when they
get to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from .county import County
from .draw import (
    NONE,
    chance,
    choose,
    day,
    days_column,
    id_column,
    rates,
    text_column,
    working,
    yes_no_column,
)
from .episodes import Spells
from .people import Families

FIRST, REVIEW, LAST = range(3)  # the Stars of one person in one episode
YEAR = 365.25  # days


@dataclass(frozen=True, slots=True)
class Services:
    """What sets services apart, one value an agency."""

    keeps: np.ndarray  # added to the chance of a second Star
    lifts: np.ndarray  # added to the change of a reading, in points of ten
    switched: np.ndarray  # day of the change to a new edition


@dataclass(frozen=True, slots=True)
class Made:
    """Stars of one kind, a row each."""

    spell: np.ndarray
    person: np.ndarray
    turn: np.ndarray  # FIRST, REVIEW or LAST
    date: np.ndarray
    late: np.ndarray  # made afterwards, from memory
    scores: np.ndarray  # one column an area


def readings(county: County, part: int, people: Families, spells: Spells) -> pl.DataFrame:
    """The canonical table of readings, in order of Star and area."""
    services, known, frames, stars = _services(county), rates()["reading"]["star"], [], 0
    for kind in known:
        rng = county.stream(part, f"stars {kind['tool']}")
        made = _made(rng, county, people, spells, kind, services)
        frames.append(_table(rng, county, part, spells, kind, services, made, stars))
        stars += len(made.spell)
    every = pl.concat(frames)
    return every.with_columns(id_column("O", np.arange(every.height), part).alias("reading_id"))


def _services(county: County) -> Services:
    """The same in every part of the records."""
    rng, likely, count = county.stream(0, "services with Stars"), rates()["reading"], county.agencies.height
    wait = rng.integers(0, 365, count) * chance(rng, 0.5, count)
    return Services(
        keeps=rng.normal(0, likely["spread_second"], count) - 0.05 * county.care,
        lifts=rng.normal(0, likely["spread_change"], count),
        switched=day(likely["switched"]) + wait,
    )


def _made(rng, county: County, people: Families, spells: Spells, kind: dict[str, Any], services: Services) -> Made:
    spell, person = _begun(rng, county, people, spells, kind)
    likely, agency = rates()["reading"], spells.agency[spell]
    end, closed = spells.end[spell], spells.closed(county)[spell]
    one = working(spells.start[spell] + rng.integers(7, 45, len(spell)))
    met = spells.ended("NEEDS_MET", "SINGLE_AGENCY", "PARTIAL")[spell]
    last = np.where(closed, end - rng.integers(0, 15, len(spell)), one + rng.integers(80, 120, len(spell)))
    last = np.minimum(working(last), np.minimum(end, county.until))
    again = chance(rng, likely["second"] + services.keeps[agency] + np.where(met, 0.1, -0.25), len(spell))
    again &= last - one >= 20
    midway = again & (last - one >= 150) & chance(rng, likely["review"], len(spell))
    late = again & ~midway & closed & chance(rng, likely["retrospective"], len(spell))
    middle = working(one + (last - one) * 2 // 5)
    before, review, after = _scores(rng, kind, met, services.lifts[agency])
    turns = [(FIRST, one <= np.minimum(end, county.until)), (REVIEW, midway), (LAST, again)]
    which = [np.flatnonzero(there) for _, there in turns]
    order = np.argsort(np.concatenate(which), kind="stable")

    def joined(*columns: np.ndarray) -> np.ndarray:
        return np.concatenate([column[rows] for column, rows in zip(columns, which, strict=True)])[order]

    turn = np.repeat([FIRST, REVIEW, LAST], [len(rows) for rows in which])[order]
    return Made(
        spell=joined(spell, spell, spell),
        person=joined(person, person, person),
        turn=turn,
        date=joined(one, middle, last),
        late=joined(late, late, late) & (turn == FIRST),
        scores=joined(before, review, after),
    )


def _begun(
    rng, county: County, people: Families, spells: Spells, kind: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Episode and person of each Star that was begun: of the parent, or of the children of the right age."""
    span = [0, rates()["volume"]["years"]]
    used = np.zeros(len(spells))
    for name, shares in kind["uses"].items():
        mine = county.kinds[spells.agency] == name
        used[mine] = np.interp(county.years(spells.start[mine]), span, shares)
    early = np.minimum(spells.end, county.until) - spells.start > 7
    if kind["of"] == "parent":
        person = people.parent[spells.family]
        rows = np.flatnonzero(chance(rng, used, len(spells)) & early & (person != NONE))
        return rows, person[rows]
    sibling = people.sibling[spells.family]
    found = []
    for person in (spells.person, np.where(sibling == spells.person, people.child[spells.family], sibling)):
        there = person != NONE
        age = (spells.start - people.born_of(spells.family, person)) / YEAR
        fits = there & (age >= kind["ages"][0]) & (age < kind["ages"][1])
        rows = np.flatnonzero(chance(rng, used, len(spells)) & early & fits)
        found.append((rows, person[rows]))
    rows, person = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return rows, person


def _scores(rng, kind: dict[str, Any], met: np.ndarray, lift: np.ndarray) -> tuple[np.ndarray, ...]:
    """First, midway and last readings. Who begins high has little room; midway some dare to say more."""
    shape, top = (len(met), kind["areas"]), kind["highest"]
    points = top / 10  # a point of ten, on this scale
    level = rng.normal(0, 1.1, len(met))[:, None] + rng.normal(0, 1.5, shape)
    begun = 5.6 + 1.1 * np.cos(np.arange(kind["areas"]) * 1.7) + level

    def whole(values: np.ndarray) -> np.ndarray:
        return np.clip(np.round(values), 1, top)

    before = whole(begun * points + (0.3 if top < 10 else 0))
    # most families work on a few areas and stay where they are in the others; some fall back
    likely, helped = rates()["reading"], chance(rng, np.where(met, 0.7, 0.4) + 0.25 * lift, len(met))[:, None]
    worked_on = helped & chance(rng, likely["worked_on"], before.size).reshape(shape)
    fell = chance(rng, likely["fell_back"] - 0.08 * lift, len(met))[:, None] & (rng.random(shape) < 0.3)
    change = np.where(worked_on, (2.9 + lift[:, None]) * (1.25 - before / points / 12), 0) - 2 * (fell & ~worked_on)
    change = change + rng.normal(0, 0.33, shape)
    review = whole(before + (0.35 * change + rng.normal(-0.25, 0.4, shape)) * points)
    return before, review, whole(before + change * points)


def _table(
    rng, county: County, part: int, spells: Spells, kind: dict[str, Any], services: Services, made: Made, before: int
) -> pl.DataFrame:
    """The readings of these Stars; `before`: how many Stars of the part have their number already."""
    likely, count, agency = rates()["reading"], len(made.spell), spells.agency[made.spell]
    gaps = chance(rng, likely["incomplete"], count)[:, None] & (rng.random(made.scores.shape) < 0.25)
    edition = (made.date >= services.switched[agency]).astype(int)
    by = choose(rng, likely["by"], count)
    state = chance(rng, likely["draft"], count).astype(int)
    star, area = np.nonzero(~gaps)
    return pl.DataFrame(
        {
            "episode_id": id_column("E", made.spell[star], part),
            "person_id": id_column("P", made.person[star], part),
            "tool": text_column((kind["tool"],), np.zeros(len(star))),
            "edition": text_column(kind["editions"], edition[star]),
            "area": text_column([f"area_{n + 1}" for n in range(kind["areas"])], area),
            "date": days_column(made.date[star]),
            "score": pl.Series(made.scores[star, area]),
            "star_id": id_column("U", before + star, part),
            "completed_by": text_column(("together", "worker", "person"), by[star]),
            "retrospective": yes_no_column(made.late[star], np.ones(len(star))),
            "state": text_column(("final", "draft"), state[star]),
            "agency_id": text_column(county.agencies["agency_id"], agency[star]),
        }
    )
