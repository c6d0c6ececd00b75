"""The county itself: small areas with their children and deprivation, agencies, and when people turn up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from metrics.cases import CASE_TABLES
from sample_data import places

from .draw import choose, day, first_day, month_of, rates

# Type, name, how many, weight of the type among assessments, whether it serves its own neighbourhood.
# The weights are of the mix of who completes assessments; each kind of agency is of very different sizes.
KINDS = (
    ("school", "primary school", 18, 0.27, True),
    ("school", "secondary school", 10, 0.2, True),
    ("school", "special school", 2, 0.02, True),
    ("school", "college", 1, 0.01, True),
    ("early_help", "early help team", 10, 0.255, True),
    ("health", "health visiting team", 3, 0.06, True),
    ("health", "school nursing team", 2, 0.03, True),
    ("health", "midwifery team", 1, 0.008, False),
    ("early_years", "nursery", 4, 0.035, True),
    ("voluntary", "family charity", 5, 0.05, True),
    ("voluntary", "young carers project", 1, 0.01, False),
    ("police", "police team", 2, 0.02, True),
    ("housing", "housing association", 3, 0.02, True),
    ("housing", "housing advice team", 2, 0.01, True),
    ("social_care", "social care team", 1, 0.012, False),
    ("other", "youth offending service", 1, 0.006, False),
)
NEAR = 9.0  # times as likely: an agency of the family's own forum area


@dataclass(frozen=True, slots=True)
class County:
    """What every part of the records shares. Positions in `areas` and `agencies` stand for rows elsewhere."""

    seed: int
    first: int  # day on which the records begin
    until: int  # day on which they were taken out
    areas: pl.DataFrame  # lsoa, forum, district
    weights: np.ndarray  # of a family in each small area
    forum_of: np.ndarray  # small area → position of its forum area
    forums: tuple[str, ...]
    agencies: pl.DataFrame  # the canonical table
    kinds: np.ndarray  # agency → its type
    mix: np.ndarray  # forum area × agency: weight of an assessment
    care: np.ndarray  # agency → how late it runs, mean 0, standard deviation 1
    workers: np.ndarray  # agency → lead professionals

    def stream(self, part: int, name: str) -> np.random.Generator:
        """A stream of its own for each subject, so that a change in one leaves the others as they were."""
        return np.random.default_rng([self.seed, part, *name.encode()])

    def years(self, days: np.ndarray) -> np.ndarray:
        """Years since the records began."""
        return (days - self.first) / 365.25


def build(seed: int, until: date) -> County:
    leap = (until.month, until.day) == (2, 29)
    first = day(until.replace(year=until.year - rates()["volume"]["years"], day=28 if leap else until.day)) + 1
    rng = np.random.default_rng([seed, *b"county"])
    areas = (
        places.lookup(2021)
        .select("lsoa", "forum", "district")
        .join(places.deprivation(2025).select("lsoa", "imd_score"), on="lsoa", validate="1:1")
        .join(places.population().filter(pl.col("year") == 2021).select("lsoa", "age_0_15"), on="lsoa", validate="1:1")
        .sort("lsoa")
    )
    place = rates()["place"]
    rank = areas["imd_score"].rank("average").to_numpy() / areas.height  # 1 is the most deprived
    rate = np.exp(place["gradient"] * rank + rng.normal(0, place["noise"], areas.height))
    forums = tuple(areas["forum"].unique().sort())
    forum_of = areas["forum"].replace_strict(list(forums), range(len(forums)), return_dtype=pl.Int32).to_numpy()
    agencies, mix = _agencies(rng, areas, forums, forum_of)
    return County(
        seed=seed,
        first=first,
        until=day(until),
        areas=areas.select("lsoa", "forum", "district"),
        weights=areas["age_0_15"].to_numpy() * rate,
        forum_of=forum_of,
        forums=forums,
        agencies=agencies,
        kinds=agencies["agency_type"].to_numpy(),
        mix=mix,
        care=rng.normal(0, 1, agencies.height),
        workers=_workers(mix, agencies["agency_type"].to_numpy()),
    )


def _agencies(rng: np.random.Generator, areas: pl.DataFrame, forums: tuple[str, ...], forum_of: np.ndarray):
    """The agencies, and for each forum area how an assessment there falls among them: the mix of kinds is the same."""
    names = dict(places.areas().filter(pl.col("level") == "forum").select("code", "name").iter_rows())
    rows, blocks = [], []
    for kind, name, count, weight, local in KINDS:
        home = np.arange(count) % len(forums) if count >= len(forums) else rng.permutation(len(forums))[:count]
        size = np.exp(rng.normal(0, 0.35 if kind == "early_help" else 0.9, count))
        block = size * np.where(local & (home == np.arange(len(forums))[:, None]), NEAR, 1.0)
        blocks.append(weight * block / block.sum(axis=1, keepdims=True))
        for number, forum in enumerate(home, 1):
            called = f"{name}, {names[forums[forum]]}" if kind == "early_help" else f"{name} {number}"
            seat = int(rng.choice(np.flatnonzero(forum_of == forum)))
            rows.append((f"Invented {called}", kind, areas["lsoa"][seat]))
    frame = pl.DataFrame(rows, schema=["name", "agency_type", "lsoa"], orient="row").with_row_index("number", 1)
    number = pl.col("number").cast(pl.String).str.zfill(6)
    frame = frame.select(("INV-A-" + number).alias("agency_id"), "name", "agency_type", "lsoa")
    return frame.cast(dict(CASE_TABLES["agency"].columns)), np.hstack(blocks)


def _workers(mix: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Lead professionals of each agency: early help teams carry many cases each, other agencies few."""
    open_cases = 0.55 * rates()["volume"]["assessments"] * mix.mean(axis=0)
    return np.maximum(1, np.round(open_cases / np.where(kinds == "early_help", 9.0, 2.5))).astype(np.int32)


def calendar(county: County, *, term_only: bool) -> np.ndarray:
    """Weight of each day from the first to the last: month, weekday, the pandemic's dip, slow growth after it.

    `term_only`: for schools and early years, which all but stop in August.
    """
    volume = rates()["volume"]
    days = np.arange(county.first, county.until + 1)
    months = month_of(days)
    month = months.astype(int) % 12
    weights = (
        np.array(volume["term_only" if term_only else "months"])[month] * np.array(volume["weekdays"])[(days + 3) % 7]
    )
    date = days - first_day(months) + 1
    closed = ((month == 11) & (date >= 25)) | ((month == 0) & (date == 1))  # Christmas to New Year
    level = 1 + volume["growth"] * (days - day("2021-04-01")) / 365.25
    for until, share in reversed(volume["dip"]):
        level[days < day(until)] = share
    return weights * np.where(closed, 0.05, 1.0) * level


def starts(rng: np.random.Generator, county: County, term_only: np.ndarray) -> np.ndarray:
    """A first day for each family, by the calendar of whoever sees it first."""
    days = np.empty(len(term_only), dtype=np.int32)
    for term in (False, True):
        here = np.flatnonzero(term_only == term)
        days[here] = county.first + choose(rng, calendar(county, term_only=term), len(here))
    return days
