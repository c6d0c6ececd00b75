"""Invented rounds of the system questionnaire: three years, fifteen partners, two editions. Nobody in them exists.

Partners are agencies of the invented county. They disagree honestly, more on some items than on others; leaders see
things rosier than practitioners; some do not know, skip, stop or stay silent. The numbers are in `questionnaire.toml`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from metrics import questionnaire
from metrics.questionnaire import Instrument, Item

from . import SEED, UNTIL
from .county import build

INSTRUMENT = "early_help_system"
INVITED = pl.Schema({"partner": pl.String, "respondent": pl.String, "respondent_role": pl.String})
_TEXTS = ("reason", "evidence", "comment")
ANSWERS = pl.Schema(
    {"respondent": pl.String, "item": pl.String, "state": pl.String, "score": pl.Int64}
    | dict.fromkeys(_TEXTS, pl.String)
)
AGREED = pl.Schema({"item": pl.String, "score": pl.Int64, "reason": pl.String})


@dataclass(frozen=True, slots=True)
class SampleRound:
    """One year's round. `answers` has what was given (score, dont_know, not_applicable); the rest was left blank.

    `invited`: who was asked, by an address that leads nowhere. `agreed`: what the workshop agreed on each item.
    """

    instrument: Instrument
    title: str  # “2024”
    period_end: date
    invited: pl.DataFrame
    answers: pl.DataFrame
    agreed: pl.DataFrame

    @property
    def responses(self) -> pl.DataFrame:
        """Every answer asked for, as `metrics.questionnaire` takes them."""
        return questionnaire.fill(
            self.answers, self.invited, self.instrument, round=self.title, period_end=self.period_end
        )


def invent_rounds(*, seed: int = SEED) -> list[SampleRound]:
    """Three yearly rounds; the same seed gives the same."""
    likely = _likely()
    partners = _partners(seed)
    instruments = questionnaire.instruments()
    people = _people(seed, partners)
    rounds = []
    for year, row in enumerate(likely["round"]):
        instrument = instruments[f"{INSTRUMENT}/{row['edition']}"]
        asked = [p for p in people[year] if p.partner_name not in row["without"]]
        invited = pl.DataFrame([(p.partner, p.address, p.role) for p in asked], schema=INVITED, orient="row")
        rng = np.random.default_rng([seed, *b"questionnaire", year])
        given = [answer for p in asked for answer in _answers(rng, p, instrument, row["lift"])]
        answers = pl.DataFrame(given, schema=ANSWERS, orient="row")
        agreed = _agreed(rng, instrument, answers)
        rounds.append(SampleRound(instrument, row["title"], row["period_end"], invited, answers, agreed))
    return rounds


@dataclass(frozen=True, slots=True)
class _Person:
    partner: str
    partner_name: str
    address: str
    role: str
    tilt: float  # points above or below the others, with the partner's own
    leans: dict[str, float]  # item → points by which the partner sees it differently


@cache
def _likely() -> dict[str, Any]:
    return tomllib.loads((files("sample_data") / "invented" / "questionnaire.toml").read_text(encoding="utf-8"))


def _partners(seed: int) -> list[tuple[str, str]]:
    """(name in the county, name in `questionnaire.toml`), in the order of the file."""
    county = build(seed, UNTIL).agencies["name"].to_list()
    wanted = [row["name"] for row in _likely()["partner"]]
    return [(next(n for n in county if re.match(rf"Invented {name}(,|$)", n)), name) for name in wanted]


def _people(seed: int, partners: list[tuple[str, str]]) -> list[list[_Person]]:
    """Who is asked in each year: most stay, some are replaced by others."""
    likely = _likely()
    rng = np.random.default_rng([seed, *b"respondents"])
    draw, split = likely["draw"], likely["split"]
    years: list[list[_Person]] = [[] for _ in likely["round"]]
    for number, ((partner, name), row) in enumerate(zip(partners, likely["partner"], strict=True), 1):
        tilt = rng.normal(0, draw["partner"])
        leans = {item: rng.normal(0, split.get(item, split["usual"])) for item in likely["level"]}
        for role, count in row["people"].items():
            for place in range(1, count + 1):
                own, version = tilt + rng.normal(0, draw["person"]), 1
                for year in years:
                    if year is not years[0] and rng.random() < draw["turnover"]:
                        own, version = tilt + rng.normal(0, draw["person"]), version + 1
                    address = f"{role}{place}.{version}@partner{number:02}.invented.example"
                    year.append(_Person(partner, name, address, role, own, leans))
    return years


def _answers(rng: np.random.Generator, person: _Person, instrument: Instrument, lift: float) -> list[tuple]:
    """What one person answered, item by item, as far as they came."""
    draw = _likely()["draw"]
    items = [item for section in instrument.asked(person.role) for item in section.items]
    if rng.random() < draw["silent"]:
        return []
    if rng.random() < draw["stops"]:
        items = items[: int(rng.integers(1, len(items)))]
    return [_answer(rng, person, item, instrument, lift) for item in items if rng.random() >= draw["skipped"]]


def _answer(rng: np.random.Generator, person: _Person, item: Item, instrument: Instrument, lift: float) -> tuple:
    likely = _likely()
    draw, texts = likely["draw"], likely["texts"]
    unsure = draw["dont_know"][person.role]
    if item.section == "data" and person.role == "practitioner":
        unsure += draw["dont_know_data"]
    chance = rng.random()
    if chance < unsure:
        return person.address, item.id, "dont_know", None, None, None, None
    if chance < unsure + draw["not_applicable"]:
        return person.address, item.id, "not_applicable", None, rng.choice(texts["not_applicable"]), None, None
    own = likely["level"][item.id] + lift + person.tilt + person.leans[item.id] + draw["role"][person.role]
    score = int(np.clip(np.rint(own + rng.normal(0, draw["answer"])), instrument.lowest, instrument.highest))
    evidence = rng.choice(texts["evidence"]) if rng.random() < draw["evidence"] else None
    comment = rng.choice(texts["comment"]) if rng.random() < draw["comment"] else None
    return person.address, item.id, "score", score, None, evidence, comment


def _agreed(rng: np.random.Generator, instrument: Instrument, answers: pl.DataFrame) -> pl.DataFrame:
    """The workshop's score of each item: near the survey's, now and then a point lower, seldom one higher."""
    texts = _likely()["texts"]["agreed"]
    means = dict(answers.group_by("item").agg(pl.col("score").mean()).iter_rows())
    rows = []
    for item in instrument.items:
        moved = rng.choice([-0.6, 0.0, 0.4], p=[0.4, 0.5, 0.1])
        score = int(np.clip(np.rint(means[item.id] + moved), instrument.lowest, instrument.highest))
        rows.append((item.id, score, str(rng.choice(texts))))
    return pl.DataFrame(rows, schema=AGREED, orient="row")
