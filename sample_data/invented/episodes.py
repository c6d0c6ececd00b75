"""Episodes: when each begins, who leads, how long it lasts, why it ends, at which level, and who comes back."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from .county import County
from .draw import (
    NONE,
    chance,
    choose,
    choose_by_row,
    days_column,
    id_column,
    known,
    only,
    rates,
    spread,
    text_column,
    whole_column,
    working,
)
from .people import Families

REASONS = tuple(reason for reason, _ in rates()["episode"]["reasons"])
ROUTES = ("new", "self", "forum", "step_down")
NEW, SELF, FORUM, STEP_DOWN = range(4)
MOST_RETURNS = 5


@dataclass(frozen=True, slots=True)
class Spells:
    """One row an episode, in the order of their starts. What lies after the last day is known here only."""

    family: np.ndarray
    person: np.ndarray  # the child it is about
    start: np.ndarray
    end: np.ndarray  # true end, perhaps after the last day
    reason: np.ndarray  # position in REASONS
    level: np.ndarray  # at the start; NONE where not recorded
    level_end: np.ndarray
    turn: np.ndarray  # share of its length after which the level first changes; above 1: only with the closure
    route: np.ndarray
    agency: np.ndarray
    before: np.ndarray  # position of the family's episode before this, or NONE

    def __len__(self) -> int:
        return len(self.family)

    def closed(self, county: County) -> np.ndarray:
        return self.end <= county.until

    def ended(self, *reasons: str) -> np.ndarray:
        return np.isin(self.reason, [REASONS.index(reason) for reason in reasons])

    def level_on(self, which: np.ndarray, days: np.ndarray) -> np.ndarray:
        """The level of the episodes `which` on given days before their closure: falling step by step, or risen to 3."""
        level, end = self.level[which], self.level_end[which]
        passed = (days - self.start[which]) / np.maximum(1, (self.end - self.start)[which])
        first, second = passed > self.turn[which], passed > (1 + self.turn[which]) / 2
        fallen = (first & (end < level)).astype(int) + (second & (end < level - 1))
        return np.where(level == NONE, NONE, level - fallen + (first & (end > level) & (level == 2)))

    def following(self) -> np.ndarray:
        """Position of the family's next episode, or NONE."""
        after = np.full(len(self), NONE)
        later = np.flatnonzero(self.before != NONE)
        after[self.before[later]] = later
        return after


def spells(
    county: County, part: int, people: Families, start: np.ndarray, agency: np.ndarray, down: np.ndarray
) -> Spells:
    """Every episode of the families whose first begins on `start` (NONE: never) at `agency`; `down`: stepped down."""
    rng, likely = county.stream(part, "episodes"), rates()["episode"]
    family = np.flatnonzero((start != NONE) & (start <= county.until))
    routed = [1 - likely["route_self"] - likely["route_forum"], likely["route_self"], likely["route_forum"]]
    routes = choose(rng, routed, len(family))
    now = _generation(
        rng, county, people, family, people.child[family], start[family],
        np.where(down[family], STEP_DOWN, routes), agency[family], np.full(len(family), NONE),
    )  # fmt: skip
    every, offset = [now], 0
    for _ in range(MOST_RETURNS):
        now, offset = _returns(rng, county, people, now, offset), offset + len(now)
        if not len(now):
            break
        every.append(now)
    return _in_order([np.concatenate([getattr(spell, f.name) for spell in every]) for f in fields(Spells)])


def _in_order(columns: list[np.ndarray]) -> Spells:
    loose = Spells(*columns)
    order = np.argsort(loose.start, kind="stable")
    place = np.empty(len(loose), dtype=np.int64)
    place[order] = np.arange(len(loose))
    moved = {f.name: getattr(loose, f.name)[order] for f in fields(Spells)}
    before = moved["before"]
    return Spells(**moved | {"before": np.where(before == NONE, NONE, place[before * (before != NONE)])})


def _generation(rng, county: County, people: Families, family, person, start, route, agency, before) -> Spells:
    likely, count = rates()["episode"], len(family)
    weights = np.array([weight for _, weight in likely["level"]])
    harder = weights * [0.2, 0.6, 1.5, 3.0]  # after social care, and for early help teams
    heavy = (route == STEP_DOWN) | (county.kinds[agency] == "early_help")
    level = 1 + choose_by_row(rng, np.array([weights, harder]), heavy.astype(int))
    reason = _reasons(rng, county, agency)
    years = county.years(start)
    scale = np.array([likely["shorter"].get(name, 1.0) for name in REASONS])[reason]
    length = likely["length"] * scale * np.where(level >= 3, likely["length_level_3"], 1.0)
    spread_of = rng.normal(0, likely["length_spread"], count) + 0.08 * county.care[agency]
    end = working(start + np.maximum(1, length * np.exp(spread_of + likely["length_growth"] * years)).astype(np.int32))
    grown = (end - people.born_of(family, person)) / 365.25 >= 16.5
    reason = np.where((reason == REASONS.index("AGE")) & ~grown, REASONS.index("NEEDS_MET"), reason)
    level_end = _level_end(rng, reason, level)
    seen = chance(rng, np.where(level_end > level, likely["rises_seen"], likely["falls_seen"]), count)
    turn = np.where(seen, rng.uniform(0.1, 0.75, count), 2.0)
    unknown = chance(rng, likely["level_missing"] * np.exp(0.8 * county.care[agency]), count)
    return Spells(
        family, person, start, end, reason, np.where(unknown, NONE, level), np.where(unknown, NONE, level_end),
        turn, route, agency, before,
    )  # fmt: skip


def _reasons(rng, county: County, agency: np.ndarray) -> np.ndarray:
    """Agencies that run late also lose more families."""
    usual = np.array([weight for _, weight in rates()["episode"]["reasons"]])
    lost = np.isin(REASONS, ["CONSENT_WITHDRAWN", "NOT_ENGAGED"])
    pull = np.where(lost, 0.2, np.where(np.array(REASONS) == "NEEDS_MET", -0.06, 0.0))
    return choose_by_row(rng, usual * np.exp(county.care[:, None] * pull), agency)


def _level_end(rng, reason: np.ndarray, level: np.ndarray) -> np.ndarray:
    """One or two lower when needs are met, some when partly; the same or higher when the family left."""
    falls = {"NEEDS_MET": [0.17, 0.66, 0.17], "SINGLE_AGENCY": [0.35, 0.65], "PARTIAL": [0.6, 0.4], "AGE": [0.6, 0.4]}
    table = np.array([np.pad(falls.get(name, [1.0]), (0, 3))[:3] for name in REASONS])
    fallen = np.maximum(1, level - choose_by_row(rng, table, reason))
    left = np.isin(np.array(REASONS)[reason], ["PARTIAL", "CONSENT_WITHDRAWN", "NOT_ENGAGED", "UNKNOWN"])
    fallen = np.where(left & (level == 2) & chance(rng, rates()["episode"]["rises"], len(level)), 3, fallen)
    return np.where(reason == REASONS.index("STEP_UP"), 4, fallen).astype(np.int32)


def _returns(rng, county: County, people: Families, now: Spells, offset: int) -> Spells:
    """The next episode of the families that come back by the last day."""
    likely = rates()["return"]
    share = np.array([likely.get(name, likely["usual"]) for name in REASONS])[now.reason]
    soon = chance(rng, likely["within_year"], len(now))
    days = np.where(soon, 8 + 357 * rng.beta(1, 1.35, len(now)), 366 + rng.uniform(0, 800, len(now)))
    start = working(now.end + days.astype(np.int32))
    still_child = start < people.born_of(now.family, now.person) + 18 * 365.25
    back = np.flatnonzero(chance(rng, share, len(now)) & (start <= county.until) & still_child)
    family, routes = now.family[back], chance(rng, rates()["episode"]["route_self"], len(back))
    down = now.ended("STEP_UP")[back] & chance(rng, likely["step_down"], len(back))
    same = chance(rng, rates()["episode"]["same_agency"], len(back))
    other = choose_by_row(rng, county.mix, county.forum_of[people.home[family]])
    sibling = people.sibling[family]
    grown = start[back] >= people.sibling_born[family] + 18 * 365.25
    about = chance(rng, rates()["episode"]["same_child"], len(back)) | (sibling == NONE) | grown
    return _generation(
        rng, county, people, family, np.where(about, now.person[back], sibling), start[back],
        np.where(down, STEP_DOWN, np.where(routes, SELF, NEW)), np.where(same, now.agency[back], other), back + offset,
    )  # fmt: skip


def table(county: County, part: int, people: Families, spells: Spells) -> pl.DataFrame:
    """The canonical table of episodes, as it stood on the last day."""
    rng, count = county.stream(part, "episode table"), len(spells)
    closed = spells.closed(county)
    likely = rates()["episode"]["start_reasons"]
    pool = county.workers[spells.agency]
    joined = np.cumsum(county.workers * 3) - county.workers * 3  # three times as many come and go in six years
    moved_on = (0.25 * pool * county.years(spells.start)).astype(int)
    worker = joined[spells.agency] + np.minimum(moved_on + (rng.random(count) * pool).astype(int), pool * 3 - 1)
    return pl.DataFrame(
        {
            "episode_id": id_column("E", np.arange(count), part),
            "family_id": id_column("F", spells.family, part),
            "person_id": id_column("P", spells.person, part),
            "start_date": days_column(spells.start),
            "end_date": days_column(known(spells.end, county.until)),
            "start_reason": text_column([reason for reason, _ in likely], choose(rng, [w for _, w in likely], count)),
            "end_reason": text_column(REASONS, only(closed, spells.reason)),
            "level_at_start": whole_column(spells.level),
            "level_at_end": whole_column(only(closed, spells.level_end)),
            "route": text_column(ROUTES, spells.route),
            "lead_agency_id": text_column(county.agencies["agency_id"], spells.agency),
            "lead_worker_id": id_column("W", worker, part),
            "lsoa": people.lsoa(county, spells.family),
        }
    )


def assessments(county: County, part: int, people: Families, spells: Spells) -> pl.DataFrame:
    """Early Help Assessments: nearly always one an episode. Those begun and not finished by the last day stay open."""
    rng, likely, volume = county.stream(part, "assessments"), rates()["assessment"], rates()["volume"]
    again = chance(rng, volume["second_assessment"], len(spells)) & (spells.end - spells.start > 150)
    begun = ~chance(rng, volume["no_assessment"], len(spells))
    owner, place = spread(begun.astype(int) + (begun & again))
    agency, end = spells.agency[owner], spells.end[owner]
    lag = np.where(place == 0, rng.geometric(0.45, len(owner)) - 1, rng.integers(100, 150, len(owner)))
    start = np.minimum(working(spells.start[owner] + lag.astype(np.int32)), np.maximum(end, spells.start[owner]))
    log_days = rng.normal(0, likely["working_days_spread"], len(owner)) + likely["agency_spread"] * county.care[agency]
    log_days += likely["working_days_growth"] * county.years(start)
    worked = np.maximum(1, np.round(likely["working_days"] * np.exp(log_days))).astype(np.int32)
    complete = working(start + worked * 7 // 5)
    left = spells.ended("CONSENT_WITHDRAWN", "NOT_ENGAGED", "MOVED", "NFA", "ERROR")[owner] & (complete > end)
    never = left & chance(rng, 0.25, len(owner))  # the others are ended with the episode
    complete = np.where(never, NONE, np.minimum(complete, np.maximum(end, start)))
    missing = likely["consent_missing"]
    unasked = np.interp(county.years(start), [0, volume["years"]], missing) * np.exp(0.4 * county.care[agency])
    consent = np.where(chance(rng, unasked, len(owner)), 2, chance(rng, likely["consent_refused"], len(owner)))
    within = choose(rng, [0.7, 0.15, 0.1, 0.05], len(owner))  # days
    asked = only(consent == 0, np.minimum(start + within, np.where(complete == NONE, county.until, complete)))
    asked = np.minimum(asked, county.until)
    keep = start <= county.until
    number = np.arange(int(keep.sum()))
    return pl.DataFrame(
        {
            "assessment_id": id_column("S", number, part),
            "episode_id": id_column("E", owner[keep], part),
            "family_id": id_column("F", spells.family[owner][keep], part),
            "person_id": id_column("P", spells.person[owner][keep], part),
            "start_date": days_column(start[keep]),
            "complete_date": days_column(known(complete, county.until)[keep]),
            "agency_id": text_column(county.agencies["agency_id"], agency[keep]),
            "consent_status": text_column(("given", "refused", "not_recorded"), consent[keep]),
            "consent_date": days_column(asked[keep]),
            "lsoa": people.lsoa(county, spells.family[owner][keep]),
        }
    )
