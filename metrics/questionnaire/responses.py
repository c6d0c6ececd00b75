"""Answers to a questionnaire, one row an answer, reduced to partners whichever engine holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from .instruments import ROLES, Instrument

SCORED, DONT_KNOW, NOT_APPLICABLE, BLANK, NOT_ASKED = STATES = (
    "score",
    "dont_know",
    "not_applicable",
    "blank",
    "not_asked",
)
RESPONSES = pl.Schema(
    {
        "round": pl.String,  # how the round is called: “2025”; becomes the period of the figures
        "period_end": pl.Date,
        "partner": pl.String,
        "respondent": pl.String,
        "respondent_role": pl.String,  # leader, manager, practitioner
        "item": pl.String,
        "state": pl.String,  # one of STATES
        "score": pl.Float64,  # null unless the state is `score`
    }
)
REQUIRED = ("round", "period_end", "partner", "item", "state", "score")
MOST = 4095  # answers of one partner to one item: a count has twelve bits
_BITS = 12
_CELL = ("round", "partner", "item")


@dataclass(frozen=True)
class Tally:
    """Answers counted by round, partner and item; everything that is shown is reckoned from it.

    Arrays are indexed round × partner × item (the instrument's scored items, then what is asked beside them), `counts`
    by state after that. A partner that was not asked in a round has no counts there. `respondents`: those of a partner
    in a round who gave any answer.
    """

    instrument: Instrument
    rounds: tuple[tuple[str, date | None], ...]  # (label, last day), in order
    partners: tuple[str, ...]
    items: tuple[str, ...]
    counts: np.ndarray  # rounds × partners × items × states
    total: np.ndarray  # sum of the scores, rounds × partners × items
    respondents: np.ndarray  # rounds × partners
    weights: np.ndarray  # of each partner, 1 unless given
    weighted: bool = False
    draws: dict[int, np.ndarray] = field(default_factory=dict, repr=False)  # resamples that were drawn

    @property
    def scored(self) -> int:
        """How many of `items` belong to the scored sections; they stand first."""
        return len(self.instrument.items)

    @property
    def means(self) -> np.ndarray:
        """Mean score of each partner on each item over its respondents, nan where nobody scored it."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total / self.counts[..., 0]

    def only(self, label: str) -> Tally:
        """This round alone. Raises ValueError where there is none of this label."""
        names = [name for name, _ in self.rounds]
        if label not in names:
            raise ValueError(f"there is no round {label!r}; there are {', '.join(names)}")
        at = slice(names.index(label), names.index(label) + 1)
        parts = {name: getattr(self, name)[at] for name in ("rounds", "counts", "total", "respondents")}
        return replace(self, **parts)


def tally(
    responses: Any,
    instrument: Instrument,
    *,
    weights: Mapping[str, float] | None = None,
    role: str | None = None,
) -> Tally:
    """Count `responses` (a Polars frame or lazy frame, a pandas frame, a DuckDB relation or a PySpark frame).

    Columns as RESPONSES, of which REQUIRED must be there, and `respondent` for counts of respondents; each respondent
    answers an item at most once in a round. `weights`: partner → weight among partners, 1 where not named. `role`: only
    these respondents. Raises ValueError for a missing column, an item or state that is not known, a score outside the
    instrument's scale, more than 4,095 answers of a partner to an item, and a weight that is not above 0.
    """
    frame = nw.from_native(responses.lazy() if isinstance(responses, pl.DataFrame) else responses)
    schema = frame.collect_schema()
    wanted = [*REQUIRED, *(["respondent_role"] if role else [])]
    if missing := [c for c in wanted if c not in schema]:
        raise ValueError(f"the responses lack the column {missing[0]!r}")
    if role:
        frame = frame.filter(nw.col("respondent_role") == role)
    cells = _cells(frame, instrument)
    _check(cells, instrument)
    rounds = cells.group_by("round").agg(pl.col("period_end").max()).sort("period_end", "round", nulls_last=True)
    partners = cells["partner"].unique().sort()
    items = [item.id for section in instrument.every_section for item in section.items]
    shape = (rounds.height, len(partners), len(items))
    places = [_places(cells["round"], rounds["round"]), _places(cells["partner"], partners)]
    at = (*places, _places(cells["item"], pl.Series(items, dtype=pl.String)))
    counts, total = np.zeros((*shape, len(STATES))), np.zeros(shape)
    counts[at] = cells.select(STATES).to_numpy()
    total[at] = cells["total"].to_numpy()
    people = _people(frame) if "respondent" in schema else None
    respondents = counts[..., :3].sum(axis=-1).max(axis=-1, initial=0)
    if people is not None:
        respondents[:] = 0
        where = (_places(people["round"], rounds["round"]), _places(people["partner"], partners))
        respondents[where] = people["respondents"].to_numpy()
    given = np.array([float((weights or {}).get(partner, 1.0)) for partner in partners])
    if not (np.isfinite(given) & (given > 0)).all():
        raise ValueError("the weight of a partner is a number above 0")
    return Tally(
        instrument,
        tuple(rounds.rows()),
        tuple(partners),
        tuple(items),
        counts,
        total,
        respondents.astype(np.int64),
        given,
        bool(weights),
    )


def as_tally(responses: Any, instrument: Instrument | None, **options: Any) -> Tally:
    """`responses` as they are where they are counted already; instrument and options then count no more."""
    if isinstance(responses, Tally):
        return responses
    if instrument is None:
        raise ValueError("say which instrument the responses are to")
    return tally(responses, instrument, **options)


def fill(
    answers: pl.DataFrame, invited: pl.DataFrame, instrument: Instrument, *, round: str, period_end: date
) -> pl.DataFrame:
    """Every answer that was asked for in one round, as RESPONSES: what nobody gave is `blank` or `not_asked`.

    `invited`: partner, respondent, respondent_role. `answers`: respondent, item, state, score, each respondent and item
    once; those of people who were not invited are left out. `not_asked`: items that are not asked of the role.
    """
    sections = [
        (role, item.id, role in section.asked_of)
        for role in ROLES
        for section in instrument.every_section
        for item in section.items
    ]
    items = pl.DataFrame(sections, schema=["respondent_role", "item", "_asked"], orient="row")
    every = invited.select("partner", "respondent", "respondent_role").join(items, on="respondent_role", how="inner")
    given = answers.select("respondent", "item", "state", "score")
    both = every.join(given, on=["respondent", "item"], how="left", validate="1:1", maintain_order="left")
    nothing = pl.when("_asked").then(pl.lit(BLANK)).otherwise(pl.lit(NOT_ASKED))
    both = both.with_columns(
        pl.lit(round).alias("round"), pl.lit(period_end).alias("period_end"), pl.col("state").fill_null(nothing)
    )
    return both.select(list(RESPONSES)).cast(dict(RESPONSES))


def _cells(frame: Any, instrument: Instrument) -> pl.DataFrame:
    """One row a round, partner and item: how many rows, how many of each state, how many good scores and their sum.

    States are counted by adding up one whole number, twelve bits a state, which is one sum instead of five.
    """
    state, score = nw.col("state"), nw.col("score")
    good = (state == SCORED) & (score >= instrument.lowest) & (score <= instrument.highest)
    places = {name: 1 << (_BITS * at) for at, name in enumerate(STATES)}
    packed = frame.with_columns(
        state.replace_strict(places, default=0, return_dtype=nw.Int64).alias("_states"),
        nw.when(good).then(score).alias("_good"),
    )
    made = packed.group_by(*_CELL).agg(
        nw.col("period_end").any_value(),
        nw.len().alias("rows"),
        nw.col("_states").sum(),
        nw.col("_good").sum().alias("total"),
        nw.col("_good").count().alias("good"),
    )
    found = _collected(made)
    digit = pl.col("_states").cast(pl.Int64)
    counts = [((digit // (1 << (_BITS * at))) % (1 << _BITS)).alias(name) for at, name in enumerate(STATES)]
    return found.with_columns(*counts, pl.col("total").fill_null(0.0))


def _people(frame: Any) -> pl.DataFrame:
    """How many respondents of each partner gave any answer in each round."""
    gave = frame.filter(nw.col("state").is_in([SCORED, DONT_KNOW, NOT_APPLICABLE]))
    return _collected(gave.group_by("round", "partner").agg(nw.col("respondent").n_unique().alias("respondents")))


def _collected(made: Any) -> pl.DataFrame:
    found = made.collect("polars").to_native() if isinstance(made, nw.LazyFrame) else made.to_polars()
    texts = [pl.col(c).cast(pl.String) for c in _CELL if c in found.columns]
    days = [pl.col("period_end").cast(pl.Date)] if "period_end" in found.columns else []
    return found.with_columns(*texts, *days)


def _check(cells: pl.DataFrame, instrument: Instrument) -> None:
    known = {item.id for section in instrument.every_section for item in section.items}
    if strange := sorted(set(cells["item"].unique()) - known, key=str):
        raise ValueError(f"{instrument.key} has no item {strange[0]!r}")
    if (cells["rows"] > MOST).any():
        raise ValueError(f"a partner has more than {MOST:,} answers to one item in a round")
    if (cells.select(pl.sum_horizontal(STATES)).to_series() != cells["rows"]).any():
        raise ValueError(f"the state of an answer is one of {', '.join(STATES)}")
    for row in cells.filter(pl.col("good") < pl.col(SCORED)).head(1).iter_rows(named=True):
        raise ValueError(
            f"round {row['round']}, {row['partner']}, item {row['item']}: "
            f"a score is a number from {instrument.lowest} to {instrument.highest}"
        )


def _places(column: pl.Series, order: pl.Series) -> np.ndarray:
    numbers = pl.Series(range(len(order)), dtype=pl.Int64)
    return column.replace_strict(order, numbers, return_dtype=pl.Int64).to_numpy().astype(np.int64)
