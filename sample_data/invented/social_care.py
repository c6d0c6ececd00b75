"""Children's social care beside early help: contacts, referrals, what became of them, steps up and down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .county import County, starts
from .draw import NONE, chance, choose, days_column, id_column, known, names, rates, text_column, whole_column, working
from .draw import yes_no_column as yes_no
from .episodes import STEP_DOWN, Spells
from .people import Families

# Source codes of the children in need census, with a weight.
SOURCES = {
    "6": 0.29, "2A": 0.19, "1A": 0.07, "1B": 0.02, "1D": 0.02, "3A": 0.02, "3B": 0.03, "3D": 0.04, "3E": 0.05,
    "3F": 0.04, "4": 0.02, "5A": 0.08, "5B": 0.07, "7": 0.03, "8": 0.02, "9": 0.02,
}  # fmt: skip
# Reasons for closure of the same census; RC9 is its "closed after assessment, referred to early help".
CLOSINGS = {"RC8": 0.41, "RC7": 0.5, "RC5": 0.05, "RC4": 0.02, "RC3": 0.02}
REASONS = ("RC9", *CLOSINGS)
DOWN = 0
# Who makes the referral when an agency steps a family up.
SOURCE_OF_KIND = {"school": "2A", "early_years": "2B", "health": "3D", "police": "6", "housing": "4", "voluntary": "5B",
                  "early_help": "5A", "social_care": "5A", "other": "5B"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Referrals:
    """Referrals by position. `close` may lie after the last day; `episode`: the one that took the step down up."""

    family: np.ndarray
    person: np.ndarray
    date: np.ndarray
    source: np.ndarray  # code
    dropped: np.ndarray  # no further action
    close: np.ndarray
    reason: np.ndarray  # position in REASONS, NONE when dropped
    starts: np.ndarray  # day on which early help takes it up, or NONE
    up: np.ndarray  # the episode that it steps up, or NONE

    def __len__(self) -> int:
        return len(self.family)


def referred(county: County, part: int, after: int, size: float) -> Referrals:
    """Referrals of families that were not known to early help; their positions begin at `after`."""
    rng, likely = county.stream(part, "referred"), rates()["social_care"]
    count = round(likely["families"] * rates()["volume"]["years"] * size)
    first = starts(rng, county, np.zeros(count, dtype=bool))
    soon = chance(rng, likely["again_within_year"], count)
    later = working(first + np.where(soon, rng.integers(20, 366, count), rng.integers(366, 1000, count)))
    again = chance(rng, likely["again"], count) & (later <= county.until)
    family = np.concatenate([np.arange(count), np.flatnonzero(again)])
    date = np.concatenate([first, later[again]])
    order = np.argsort(date, kind="stable")
    family, date = family[order], date[order]
    dropped, close, reason = _fate(rng, date, likely["no_further_action"], likely["to_early_help"])
    late = likely["taken_up_late"]
    fate = choose(rng, [likely["taken_up"], late, 1 - likely["taken_up"] - late], len(date))
    lag = np.where(fate == 0, rng.integers(0, 27, len(date)), rng.integers(29, 90, len(date)))
    taken = (reason == DOWN) & (fate < 2)
    begins = np.where(taken, working(close + lag), NONE)
    begins = np.where(taken & (fate == 0), np.minimum(begins, close + 28), begins)
    everyone = np.full(len(date), NONE)
    source = names(rng, SOURCES, len(date))
    return Referrals(family + after, everyone, date, source, dropped, close, reason, begins, everyone.copy())


def _fate(rng, date: np.ndarray, no_action: float, down: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether nothing is done, when the case closes and why."""
    dropped = chance(rng, no_action, len(date))
    open_for = np.where(dropped, rng.integers(0, 8, len(date)), 20 + 85 * np.exp(rng.normal(0, 0.85, len(date))))
    other = 1 + choose(rng, list(CLOSINGS.values()), len(date))
    reason = np.where(chance(rng, down, len(date)), DOWN, other)
    return dropped, working(date + open_for.astype(np.int32)), np.where(dropped, NONE, reason)


def first_step_down(referrals: Referrals, families: int, after: int) -> np.ndarray:
    """For each family from `after` on, the day on which early help first takes it up, or NONE."""
    begins = np.full(families, NONE, dtype=np.int64)
    taken = np.flatnonzero(referrals.starts != NONE)[::-1]  # backwards, so that the first is written last
    begins[referrals.family[taken] - after] = referrals.starts[taken]
    return begins


def first_referral(referrals: Referrals, families: int, after: int) -> np.ndarray:
    """The day on which each family from `after` on was first referred."""
    first = np.empty(families, dtype=np.int64)
    first[referrals.family[::-1] - after] = referrals.date[::-1]
    return first


def from_early_help(county: County, part: int, spells: Spells) -> Referrals:
    """Referrals of families with early help: stepped up at the end, while it ran, or within a year after it."""
    rng, likely = county.stream(part, "from early help"), rates()["social_care"]
    closed, every = spells.closed(county), np.arange(len(spells))
    up = every[closed & spells.ended("STEP_UP")]
    gone = spells.ended("STEP_UP", "MOVED", "ERROR")
    after = every[closed & ~gone & chance(rng, likely["after_closure"], len(spells))]
    during = every[~gone & (spells.end - spells.start > 40) & chance(rng, likely["during"], len(spells))]
    date = np.concatenate(
        [
            np.maximum(spells.start[up], spells.end[up] - rng.integers(0, 5, len(up))),
            spells.end[after] + 1 + (364 * rng.beta(1, 1.25, len(after))).astype(np.int32),
            spells.start[during]
            + 7
            + ((spells.end - spells.start - 14)[during] * rng.random(len(during))).astype(np.int32),
        ]
    )
    spell = np.concatenate([up, after, during])
    dropped, close, reason = _fate(rng, date, likely["no_further_action"], 0.0)
    is_up = np.arange(len(spell)) < len(up)
    dropped &= ~is_up | chance(rng, 0.4, len(spell))  # stepping up is seldom turned away
    next_spell = spells.following()[spell]
    down = is_up & (next_spell != NONE) & (spells.route[np.maximum(next_spell, 0)] == STEP_DOWN)
    begins = np.where(down, spells.start[np.maximum(next_spell, 0)], NONE)
    dropped &= ~down
    reason = np.where(down, DOWN, np.where(dropped, NONE, np.maximum(reason, 1)))
    close = np.where(down, np.maximum(date + 1, begins - rng.integers(0, 32, len(spell))), close)
    own = np.array([SOURCE_OF_KIND[kind] for kind in county.kinds])[spells.agency[spell]]
    other = names(rng, SOURCES, len(spell))
    return Referrals(
        spells.family[spell], spells.person[spell], date, np.where(is_up, own, other), dropped, close, reason,
        begins, np.where(is_up, spell, NONE),
    )  # fmt: skip


def joined(county: County, *batches: Referrals) -> Referrals:
    """All that had been made by the last day, in the order of their dates."""
    names = Referrals.__dataclass_fields__
    columns = {name: np.concatenate([getattr(batch, name) for batch in batches]) for name in names}
    order = np.argsort(columns["date"], kind="stable")
    order = order[columns["date"][order] <= county.until]
    return Referrals(**{name: column[order] for name, column in columns.items()})


def table(county: County, part: int, people: Families, referrals: Referrals) -> pl.DataFrame:
    closed = referrals.close <= county.until
    person = np.where(referrals.person == NONE, people.child[referrals.family], referrals.person)
    return pl.DataFrame(
        {
            "referral_id": id_column("R", np.arange(len(referrals)), part),
            "family_id": id_column("F", referrals.family, part),
            "person_id": id_column("P", person, part),
            "date": days_column(referrals.date),
            "source": pl.Series(referrals.source),
            "no_further_action": yes_no(referrals.dropped, np.ones(len(referrals))),
            "close_date": days_column(known(referrals.close, county.until)),
            "close_reason": text_column(REASONS, np.where(closed, referrals.reason, NONE)),
            "to_early_help": yes_no(referrals.reason == DOWN, closed),
            "lsoa": people.lsoa(county, referrals.family),
        }
    )


def steps(county: County, part: int, spells: Spells, referrals: Referrals) -> pl.DataFrame:
    """Steps up and down between levels 2 and 3, up to social care at a closure, and down from social care."""
    rng, likely = county.stream(part, "steps"), rates()["social_care"]
    up = np.flatnonzero(referrals.up != NONE)
    spell = referrals.up[up]
    taken = ~referrals.dropped[up] & chance(rng, likely["accepted"] / 0.92, len(up))
    accepted = np.where(taken, np.maximum(spells.end[spell], referrals.date[up]) + rng.integers(0, 8, len(up)), NONE)
    down = np.flatnonzero((referrals.reason == DOWN) & (referrals.close <= county.until))
    episode = _episode_taking_up(spells, referrals, down)
    begins = np.where(episode != NONE, referrals.starts[down], NONE)
    level = np.where(episode != NONE, spells.level[np.maximum(episode, 0)], 3)
    within, day, lower = _between_levels(county, spells)
    before = spells.level_on(spell, spells.end[spell])
    columns = {
        "episode_id": np.concatenate([spell, episode, within]),
        "family_id": np.concatenate([spells.family[spell], referrals.family[down], spells.family[within]]),
        "from_level": np.concatenate([before, np.full(len(down), 4), np.where(lower, 3, 2)]),
        "to_level": np.concatenate([np.full(len(up), 4), np.where(level >= 4, 3, level), np.where(lower, 2, 3)]),
        "date": np.concatenate([spells.end[spell], referrals.close[down], day]),
        "accepted": known(np.concatenate([accepted, begins, day]), county.until),
        "referral_id": np.concatenate([up, down, np.full(len(within), NONE)]),
        "down": np.concatenate([np.zeros(len(up), bool), np.ones(len(down), bool), lower]),
    }
    order = np.argsort(columns["date"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    return pl.DataFrame(
        {
            "step_id": id_column("T", np.arange(len(order)), part),
            "episode_id": id_column("E", columns["episode_id"], part),
            "family_id": id_column("F", columns["family_id"], part),
            "direction": text_column(("up", "down"), columns["down"].astype(int)),
            "from_level": whole_column(columns["from_level"]),
            "to_level": whole_column(columns["to_level"]),
            "date": days_column(columns["date"]),
            "accepted_date": days_column(columns["accepted"]),
            "referral_id": id_column("R", columns["referral_id"], part),
        }
    )


def _between_levels(county: County, spells: Spells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Episodes whose level changed between 2 and 3 while they ran, the day, and whether it fell."""
    day = working(spells.start + np.ceil(np.minimum(spells.turn, 1) * (spells.end - spells.start)).astype(np.int32) + 1)
    seen = (spells.turn < 1) & (day < spells.end) & (day <= county.until) & (spells.level != NONE)
    falls = seen & (spells.level == 3) & (spells.level_end < 3)
    which = np.flatnonzero(falls | (seen & (spells.level == 2) & (spells.level_end > 2)))
    return which, day[which], falls[which]


def _episode_taking_up(spells: Spells, referrals: Referrals, down: np.ndarray) -> np.ndarray:
    """The episode of the same family that begins on the day when the step down is taken up, or NONE."""
    stepped = np.flatnonzero(spells.route == STEP_DOWN)
    keys = spells.family[stepped].astype(np.int64) * 100_000 + spells.start[stepped]
    order = np.argsort(keys)
    sought = referrals.family[down].astype(np.int64) * 100_000 + referrals.starts[down]
    place = np.minimum(np.searchsorted(keys[order], sought), len(keys) - 1)
    found = (keys[order][place] == sought) & (referrals.starts[down] != NONE)
    return np.where(found, stepped[order][place], NONE)


def contacts(county: County, part: int, people: Families, spells: Spells, referrals: Referrals) -> pl.DataFrame:
    """What reached the front door: before referrals, before some early help, and what went no further."""
    rng = county.stream(part, "contacts")
    outcomes = ("referral", "early_help", "information_and_advice", "no_further_action")
    helped = np.flatnonzero((spells.before == NONE) & (spells.route != STEP_DOWN) & chance(rng, 0.4, len(spells)))
    quiet = np.flatnonzero(chance(rng, 0.2, len(people.home)))
    anyday = starts(rng, county, np.zeros(len(quiet), dtype=bool))
    date = np.concatenate(
        [
            referrals.date - choose(rng, [0.6, 0.3, 0.1], len(referrals)),
            spells.start[helped] - rng.integers(1, 15, len(helped)),
            anyday,
        ]
    )
    family = np.concatenate([referrals.family, spells.family[helped], quiet])
    outcome = np.repeat([0, 1, 2], [len(referrals), len(helped), len(quiet)])
    outcome += (outcome == 2) & chance(rng, 0.5, len(outcome))
    source = np.concatenate([referrals.source, names(rng, SOURCES, len(helped) + len(quiet))])
    order = np.argsort(date, kind="stable")
    order = order[date[order] >= county.first]
    order = order[people.born[family[order]] <= date[order]]
    return pl.DataFrame(
        {
            "contact_id": id_column("C", np.arange(len(order)), part),
            "family_id": id_column("F", family[order], part),
            "person_id": id_column("P", people.child[family[order]], part),
            "date": days_column(date[order]),
            "source": pl.Series(source[order]),
            "outcome": text_column(outcomes, outcome[order]),
        }
    )
