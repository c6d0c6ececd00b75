"""Was anyone better off: readings of an outcome tool, and what families and workers said afterwards."""

from __future__ import annotations

import numpy as np
import polars as pl

from .county import County
from .draw import (
    NONE,
    chance,
    choose,
    days_column,
    id_column,
    rates,
    spread,
    text_column,
    whole_column,
    working,
    yes_no_column,
)
from .episodes import Spells
from .people import Families

TOOL, EDITION = "Family Star Plus", "1.1"
ITEMS = ("listened_to", "made_a_difference", "would_recommend")


def readings(county: County, part: int, people: Families, spells: Spells) -> pl.DataFrame:
    """First and second readings of ten areas, one to ten. Many have no second one; some made both on the last day."""
    rng, likely = county.stream(part, "readings"), rates()["reading"]
    used = np.interp(county.years(spells.start), [0, rates()["volume"]["years"]], likely["first"])
    used = used * np.where(spells.level >= 3, 1.3, 0.85) * np.exp(-0.2 * county.care[spells.agency])
    last = np.minimum(spells.end, county.until)
    one = working(spells.start + rng.integers(7, 45, len(spells)))
    star = np.flatnonzero(chance(rng, used, len(spells)) & (one <= last) & (people.parent[spells.family] != NONE))
    one, end, closed = one[star], spells.end[star], spells.closed(county)[star]
    met = spells.ended("NEEDS_MET", "SINGLE_AGENCY", "PARTIAL")[star]
    near_end, midway = rng.integers(0, 15, len(star)), rng.integers(80, 120, len(star))
    second = np.where(closed, working(end - near_end), working(one + midway))
    second = np.minimum(second, last[star])
    again = chance(rng, likely["second"] + np.where(met, 0.1, -0.25), len(star)) & (second - one >= 20)
    looked_back = again & closed & chance(rng, likely["retrospective"], len(star))
    areas = np.arange(likely["areas"])
    level = rng.normal(0, 1.1, len(star))[:, None] + rng.normal(0, 1.5, (len(star), len(areas)))
    before = np.clip(np.round(5.6 + 1.1 * np.cos(areas * 1.7) + level), 1, 10)
    moved = np.where(met, 1.3, 0.3)[:, None] * (1.2 - before / 12) + rng.normal(0, 1.4, before.shape)
    after = np.clip(np.round(before + moved), 1, 10)
    asked = rng.random(before.shape) > 0.03
    kept, area = np.nonzero(asked)
    twice = again[kept]
    who = np.concatenate([kept, kept[twice]])
    when = np.concatenate([one[kept], second[kept[twice]]])
    order = np.lexsort((np.concatenate([area, area[twice]]), when, who))
    which = np.concatenate([area, area[twice]])[order]
    score = np.concatenate([before[kept, area], after[kept[twice], area[twice]]])[order]
    is_second = np.repeat([False, True], [len(kept), int(twice.sum())])[order]
    who, when = who[order], when[order]
    by = choose(rng, [0.8, 0.14, 0.06], 2 * len(star))[2 * who + is_second]  # one for each Star
    return pl.DataFrame(
        {
            "reading_id": id_column("O", np.arange(len(who)), part),
            "episode_id": id_column("E", star[who], part),
            "person_id": id_column("P", people.parent[spells.family[star[who]]], part),
            "tool": text_column((TOOL,), np.zeros(len(who))),
            "edition": text_column((EDITION,), np.zeros(len(who))),
            "area": text_column([f"area_{n + 1}" for n in areas], which),
            "date": days_column(when),
            "score": pl.Series(score),
            "star_id": id_column("U", 2 * who + is_second, part),
            "completed_by": text_column(("together", "worker", "person"), by),
            "retrospective": yes_no_column(looked_back[who] & ~is_second, np.ones(len(who))),
            "state": text_column(("final",), np.zeros(len(who))),
            "agency_id": text_column(county.agencies["agency_id"], spells.agency[star[who]]),
        }
    )


def feedback(county: County, part: int, spells: Spells) -> pl.DataFrame:
    """A few answers after closures, mostly content ones."""
    rng, likely = county.stream(part, "feedback"), rates()["feedback"]
    date = spells.end + rng.integers(0, 22, len(spells))
    happy = spells.ended("NEEDS_MET", "SINGLE_AGENCY")
    share = likely["response"] * np.where(happy, 1.2, 0.6)
    answered = np.flatnonzero((date <= county.until) & chance(rng, share, len(spells)))
    of, item = spread(1 + choose(rng, [0.15, 0.25, 0.6], len(answered)))
    spell = answered[of]
    respondent = choose(rng, [0.22, 0.58, 0.2], len(answered))[of]
    score = 1 + choose(rng, likely["scores"], len(of))
    score = np.where(happy[spell], score, np.maximum(1, score - chance(rng, 0.5, len(of))))
    return pl.DataFrame(
        {
            "feedback_id": id_column("K", np.arange(len(of)), part),
            "episode_id": id_column("E", spell, part),
            "date": days_column(date[spell]),
            "respondent": text_column(("child", "parent", "professional"), respondent),
            "item": text_column(ITEMS, item),
            "score": whole_column(score),
        }
    )
