"""Leaders against practitioners of the same partners, and who is confident in early help."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from metrics.estimates import LOW, NOT_AVAILABLE, OK, conform, empty
from metrics.intervals import wilson

from .frames import ALL, ITEM, OVERALL, PARTNER, ROLE, SECTION, crossed, labels, rows, together
from .instruments import ROLES, Instrument
from .resampling import INTERVAL, METHOD, drawn, limits, means, sections_of
from .responses import SCORED, Tally, tally
from .scoring import columns

LEADER, _, PRACTITIONER = ROLES
DIFFERENCE = "leaders_less_practitioners"
BY_ROLE = crossed(PARTNER, ROLE)


def leaders_against_practitioners(responses: Any, instrument: Instrument) -> pl.DataFrame:
    """An estimates frame of how leaders and practitioners of the same partners score, overall, by section and by item.

    `responses`, `instrument`: as `metrics.questionnaire.tally`; the column `respondent_role` must be there. Only
    partners where both scored the item (or have a section score) count, so that a difference is one of seats and not of
    agencies. Measures `leaders`, `practitioners` and their difference `leaders_less_practitioners` (above 0: leaders
    score higher) with 95% limits by resampling those partners, from six on; `n` is how many they are. Overall is the
    mean of the sections. Breakdown `partner × role`: `score` overall of each role in each partner, `n` its respondents;
    what is shown of it goes through `shown`.
    """
    of_role = {role: tally(responses, instrument, role=role) for role in ROLES}
    sides = {role: of_role[role] for role in (LEADER, PRACTITIONER)}
    scored = [item.id for item in instrument.items]
    ids = [ALL, *(s.id for s in instrument.sections), *scored]
    cuts = {OVERALL: slice(0, 1), SECTION: slice(1, 1 + len(instrument.sections))}
    cuts[ITEM] = slice(1 + len(instrument.sections), len(ids))
    rounds = sorted(
        set(sides[LEADER].rounds) & set(sides[PRACTITIONER].rounds), key=lambda r: (str(r[1] or "9999"), r[0])
    )
    partners = sorted(set(sides[LEADER].partners) & set(sides[PRACTITIONER].partners))
    parts: list[pl.DataFrame] = []
    for when in rounds:
        one, two = (_figures(side, when, partners, len(scored)) for side in sides.values())
        both = np.isfinite(one) & np.isfinite(two)
        one, two = np.where(both, one, np.nan), np.where(both, two, np.nan)
        n = both.sum(axis=0)
        again = drawn(len(partners))
        values, draws = [], []
        for part in (one, two, one - two):
            values.append(_overall(means(part, np.ones(len(partners)))[None], instrument)[0])
            draws.append(_overall(means(part, again), instrument))
        behind = np.concatenate([[both[:, : len(instrument.sections)].any(axis=1).sum()], n])
        lower, upper = limits(draws[2], behind)
        for measure, value in zip(("leaders", "practitioners", DIFFERENCE), values, strict=True):
            own = {"lower": lower, "upper": upper} if measure == DIFFERENCE else {}
            method = np.where(np.isfinite(lower), INTERVAL, METHOD) if own else np.full(len(ids), METHOD)
            for breakdown, cut in cuts.items():
                limit = {name: array[cut] for name, array in own.items()}
                parts.append(
                    rows(
                        measure, breakdown, ids[cut], [when], value=value[cut], n=behind[cut], method=method[cut],
                        **limit,
                    )
                )  # fmt: skip
    return together([*parts, *(_of_role(role, side) for role, side in of_role.items())])


def confident(responses: Any, instrument: Instrument) -> pl.DataFrame:
    """An estimates row a round: who understands early help and is confident in it, in per cent; higher is better.

    Of the respondents who scored all the items that the instrument names under `confidence`, those who scored each at
    its `at_least` or above; Wilson limits. Empty where the instrument asks nothing of the kind; a round that nobody
    answered has status `x`.
    """
    asked = instrument.confidence
    if asked is None:
        return empty()
    frame = nw.from_native(responses.lazy() if isinstance(responses, pl.DataFrame) else responses)
    given = frame.filter(nw.col("item").is_in(list(asked.items)))
    scored = (nw.col("state") == SCORED) & (nw.col("score") >= instrument.lowest)
    made = given.with_columns(
        scored.cast(nw.Int32).alias("_scored"),
        (scored & (nw.col("score") >= asked.at_least)).cast(nw.Int32).alias("_well"),
    )
    made = made.group_by("round", "period_end", "partner", "respondent").agg(
        nw.col("_scored").sum(), nw.col("_well").sum()
    )
    found = made.collect("polars").to_native() if isinstance(made, nw.LazyFrame) else made.to_polars()
    whole = pl.col("_scored") == len(asked.items)
    found = found.with_columns(pl.col("round").cast(pl.String), pl.col("period_end").cast(pl.Date))
    counts = found.group_by("round", "period_end").agg(
        (whole & (pl.col("_well") == len(asked.items))).sum().cast(pl.Float64).alias("numerator"),
        whole.sum().cast(pl.Float64).alias("denominator"),
    )
    limits_of = wilson("numerator", "denominator", multiplier=100)
    some = pl.col("denominator") > 0
    return conform(
        counts.sort("period_end", "round").with_columns(
            pl.lit("confident").alias("measure"),
            pl.lit(OVERALL).alias("breakdown"),
            pl.lit(ALL).alias("group"),
            pl.col("round").alias("period"),
            pl.when(some).then(pl.col("numerator") / pl.col("denominator") * 100).alias("value"),
            pl.when(some).then(limits_of.struct.field("lower")).alias("lower"),
            pl.when(some).then(limits_of.struct.field("upper")).alias("upper"),
            pl.col("denominator").cast(pl.Int64).alias("n"),
            pl.when(some).then(pl.lit(OK)).otherwise(pl.lit(NOT_AVAILABLE)).alias("status"),
            pl.lit("Wilson 95%").alias("method"),
        )
    )


def _figures(side: Tally, when: tuple, partners: list[str], scored: int) -> np.ndarray:
    """Sections and then items of these partners in one round."""
    place = {partner: at for at, partner in enumerate(side.partners)}
    at = side.rounds.index(when)
    items = side.means[at][[place[p] for p in partners]]
    return np.hstack([sections_of(items, columns(side.instrument)), items[:, :scored]])


def _overall(found: np.ndarray, instrument: Instrument) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.hstack([found[:, : len(instrument.sections)].mean(axis=1, keepdims=True), found])


def _of_role(role: str, side: Tally) -> pl.DataFrame:
    with np.errstate(invalid="ignore"):
        overall = sections_of(side.means, columns(side.instrument)).mean(axis=-1)
    return rows(
        "score", BY_ROLE, labels(side.partners, [role]), side.rounds, value=overall, n=side.respondents,
        method="mean over respondents", status=LOW, keep=side.respondents > 0,
    )  # fmt: skip
