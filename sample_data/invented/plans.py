"""What is done while an episode runs: needs, plans, their actions, reviews."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .county import County
from .draw import NONE, chance, choose, days_column, id_column, known, rates, spread, text_column, whole_column, working
from .draw import yes_no_column as yes_no
from .episodes import REASONS, Spells
from .people import Families


@dataclass(frozen=True, slots=True)
class Needs:
    table: pl.DataFrame
    first: np.ndarray  # position of each episode's first need
    count: np.ndarray


def needs(county: County, part: int, people: Families, spells: Spells) -> Needs:
    """Needs by the ten headline outcomes, two or three an episode, and when each was resolved."""
    rng, likely = county.stream(part, "needs"), rates()["need"]
    age = (spells.start - people.born[spells.family]) / 365.25
    share = np.tile(likely["outcomes"], (len(spells), 1))
    share[:, 1] = np.where(age < 6, 0.5, 0.03)  # good early years development
    share[:, 0] *= np.where(age < 4, 0.15, 1.15)
    share[:, 6] *= np.where(age < 10, 0.3, 1.8)
    share *= np.where(spells.level >= 3, 1.15, 0.92)[:, None]
    held = rng.random(share.shape) < share
    none = ~held.any(axis=1)
    held[np.flatnonzero(none), choose(rng, likely["outcomes"], int(none.sum()))] = True
    owner, outcome = np.nonzero(held)
    end = spells.end[owner]
    baseline = np.minimum(spells.start[owner] + rng.integers(0, 15, len(owner)), end)
    shares = np.array([likely["resolved"].get(reason, likely["resolved_else"]) for reason in REASONS])
    met = chance(rng, shares[spells.reason[owner]], len(owner))
    resolved = baseline + ((end - baseline) * rng.uniform(0.35, 1, len(owner)) ** 0.7).astype(np.int32)
    keep = baseline <= county.until
    frame = pl.DataFrame(
        {
            "need_id": id_column("N", np.arange(len(owner)), part),
            "episode_id": id_column("E", owner, part),
            "person_id": id_column("P", np.where(chance(rng, 0.6, len(owner)), spells.person[owner], NONE), part),
            "outcome": whole_column(outcome + 1),
            "baseline_date": days_column(baseline),
            "resolved_date": days_column(np.where(met, known(resolved, county.until), NONE)),
        }
    ).filter(pl.Series(keep))
    counts = np.bincount(owner[keep], minlength=len(spells))  # what is dropped is the last episodes' only
    whole = held.sum(axis=1)
    return Needs(frame, np.cumsum(whole) - whole, np.where(counts == whole, counts, 0))


def plans(county: County, part: int, spells: Spells, needs: Needs) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Family plans with their actions; long episodes have a second version."""
    rng, likely = county.stream(part, "plans"), rates()["plan"]
    count = len(spells)
    begins = working(spells.start + (8 + rng.gamma(2.2, 7, count)).astype(np.int32))
    second = working(begins + rng.integers(120, 190, count))
    has = ~chance(rng, likely["none"], count) & (begins <= np.minimum(spells.end, county.until))
    has_second = has & (second < np.minimum(spells.end, county.until)) & chance(rng, 0.6, count)
    owner, version = spread(has.astype(int) + has_second)
    start = np.where(version == 0, begins[owner], second[owner])
    end = np.where((version == 0) & has_second[owner], second[owner], spells.end[owner])
    plan = pl.DataFrame(
        {
            "plan_id": id_column("L", np.arange(len(owner)), part),
            "episode_id": id_column("E", owner, part),
            "version": whole_column(version + 1),
            "start_date": days_column(start),
            "end_date": days_column(known(end, county.until)),
        }
    )
    of, _ = spread(1 + choose(rng, likely["actions"], len(owner)))
    episode = owner[of]
    need = needs.first[episode] + (rng.random(len(of)) * needs.count[episode]).astype(np.int64)
    need = np.where((needs.count[episode] > 0) & chance(rng, 0.85, len(of)), need, NONE)
    helper = choose(rng, county.mix.mean(axis=0), len(of))
    agency = np.where(chance(rng, 0.7, len(of)), spells.agency[episode], helper)
    due = working(start[of] + rng.integers(14, 85, len(of)))
    in_time = chance(rng, likely["on_time"], len(of))
    later = due + 1 + rng.exponential(25, len(of)).astype(np.int32)
    done = np.where(in_time, start[of] + ((due - start[of]) * rng.uniform(0.3, 1, len(of))).astype(np.int32), later)
    done = np.where(in_time | chance(rng, likely["done_late"], len(of)), done, NONE)
    done = np.where(done > spells.end[episode], NONE, done)
    actions = pl.DataFrame(
        {
            "action_id": id_column("G", np.arange(len(of)), part),
            "plan_id": id_column("L", of, part),
            "need_id": id_column("N", need, part),
            "owner_agency_id": text_column(county.agencies["agency_id"], agency),
            "due_date": days_column(due),
            "done_date": days_column(known(done, county.until)),
        }
    )
    return plan, actions


def reviews(county: County, part: int, spells: Spells) -> pl.DataFrame:
    """Reviews about every six weeks; later every year, and later at some agencies. The next one due may lie ahead."""
    rng, likely = county.stream(part, "reviews"), rates()["review"]
    every = likely["every"]
    horizon = np.minimum(spells.end, county.until + every)
    owner, place = spread(np.maximum(0, (horizon - spells.start) // every))
    count, end = len(owner), spells.end[owner]
    due = working(spells.start[owner] + every * (place + 1) + rng.integers(-3, 4, count))
    care = county.care[spells.agency[owner]]
    odds = likely["on_time_log_odds"] + likely["on_time_slope"] * county.years(due) - 0.45 * care
    late = ~chance(rng, 1 / (1 + np.exp(-odds)), count)
    after = np.minimum(1 + rng.exponential(likely["late"], count), 80).astype(np.int32)
    held = working(np.where(late, due + after, due - np.minimum(rng.geometric(0.3, count) - 1, 9)))
    held = np.where(late, held, np.minimum(held, due))
    held = np.where(chance(rng, likely["held"], count) & (held <= end), held, NONE)
    held = known(held, county.until)
    was, desk = held != NONE, chance(rng, likely["desk"], count)
    views = (likely["child_view"] + 0.02 * county.years(due) - 0.05 * care, likely["parent_view"] - 0.03 * care)
    frame = pl.DataFrame(
        {
            "review_id": id_column("V", np.arange(count), part),
            "episode_id": id_column("E", owner, part),
            "due_date": days_column(due),
            "held_date": days_column(held),
            "kind": text_column(("taf", "desk"), np.where(was, desk, NONE)),
            "level_after": whole_column(np.where(was, spells.level_on(owner, held), NONE)),
            "attendees": whole_column(np.where(was, np.where(desk, 1, 2 + rng.binomial(7, 0.32, count)), NONE)),
            "child_view": yes_no(chance(rng, views[0], count), was & ~desk),
            "parent_view": yes_no(chance(rng, views[1], count), was & ~desk),
        }
    )
    return frame.filter(pl.Series(due <= np.minimum(end, county.until + every)))
