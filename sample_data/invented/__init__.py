"""An invented county: case records of early help that look like a real county's. No person in them exists.

Areas, their children and their deprivation are real; families, agencies and everything that happened are not. README.md
says what was aimed at, from which source or by which assumption.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from metrics.cases import CASE_TABLES, empty_tables

from . import audits, episodes, forums, outcomes, plans, social_care, stars
from .county import County, build, starts
from .draw import NONE, choose, choose_by_row, rates
from .people import families

SEED, UNTIL = 2026, date(2026, 9, 30)
ONCE = ("agency", "forum", "spend", "audit_plan", "audit", "audit_answer", "audit_action")  # not multiplied by scale


def invent(*, seed: int = SEED, scale: float = 1, until: date = UNTIL) -> dict[str, pl.DataFrame]:
    """The canonical case tables of an invented county, as they stood at the end of `until`.

    Parameters
    ----------
    seed : the same seed gives the same records.
    scale : 1 is about 4,000 assessments a year for six years, 24,000 in all. Above 1, that many sets of records with
        the same agencies and forum areas are laid over each other, the first being that of scale 1.
    until : last day of the records, which begin six years before. Nothing has happened after it; what is due may lie
        up to four months ahead.

    Returns
    -------
    Every table of `metrics.cases.CASE_TABLES`, in its schema. Identifiers begin with INV.
    """
    every = list(parts(seed=seed, scale=scale, until=until))
    return {name: pl.concat([part[name] for part in every]) for name in CASE_TABLES}


def parts(*, seed: int = SEED, scale: float = 1, until: date = UNTIL) -> Iterator[dict[str, pl.DataFrame]]:
    """As `invent`, in parts of at most 24,000 assessments, so that many need not be in memory at once.

    What a county has once (agencies, forums, spend, audits) is in the first part.
    """
    if scale <= 0:
        raise ValueError(f"scale is above 0, not {scale}")
    county = build(seed, until)
    for part in range(math.ceil(scale)):
        tables = empty_tables() | _part(county, part, min(1.0, scale - part))
        if part == 0:
            tables |= {"agency": county.agencies, "spend": forums.spend(county, scale)}
            tables |= {"forum": forums.table(county, forums.meetings(county))}
            tables |= audits.audits(county, tables, scale)
        yield {name: _conform(name, frame) for name, frame in tables.items()}


def _conform(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """In the schema of the canonical table; an optional column that is not drawn is empty."""
    columns = CASE_TABLES[name].columns
    missing = [pl.lit(None, dtype).alias(column) for column, dtype in columns.items() if column not in frame.columns]
    return frame.with_columns(missing).select(*columns).cast(dict(columns))


def _part(county: County, part: int, size: float) -> dict[str, pl.DataFrame]:
    rng, volume = county.stream(part, "families"), rates()["volume"]
    count = round(volume["assessments"] * volume["years"] * volume["first_spells"] * size)
    referred = social_care.referred(county, part, count, size)
    referred_families = int(referred.family.max(initial=count - 1)) + 1 - count
    home = choose(rng, county.weights, count + referred_families)
    agency = choose_by_row(rng, county.mix, county.forum_of[home])
    term_only = np.isin(county.kinds[agency], ["school", "early_years"])
    begins = starts(rng, county, term_only[:count])
    down = social_care.first_step_down(referred, referred_families, count)
    first_seen = np.concatenate([begins, social_care.first_referral(referred, referred_families, count)])
    whole = np.concatenate([np.ones(count, dtype=bool), down != NONE])
    people = families(county, part, home, first_seen, whole)
    first_day, from_above = np.concatenate([begins, down]), np.arange(len(home)) >= count
    first_day = np.where(first_day < people.born + 18 * 365.25, first_day, NONE)  # grown up before anybody took it up
    spells = episodes.spells(county, part, people, first_day, agency, from_above)
    referrals = social_care.joined(county, referred, social_care.from_early_help(county, part, spells))
    needs = plans.needs(county, part, people, spells)
    plan, action = plans.plans(county, part, spells, needs)
    return {
        "family": people.table(county, part),
        "person": people.persons,
        "episode": episodes.table(county, part, people, spells),
        "assessment": episodes.assessments(county, part, people, spells),
        "need": needs.table,
        "plan": plan,
        "plan_action": action,
        "review": plans.reviews(county, part, spells),
        "step_event": social_care.steps(county, part, spells, referrals),
        "referral": social_care.table(county, part, people, referrals),
        "contact": social_care.contacts(county, part, people, spells, referrals),
        "feedback": outcomes.feedback(county, part, spells),
        "forum_item": forums.items(county, part, people, spells, forums.meetings(county)),
        "reading": stars.readings(county, part, people, spells),
    }
