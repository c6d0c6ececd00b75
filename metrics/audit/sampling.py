"""How many assessments to audit, and which: a stratified random sample of a frozen frame, the same for the same seed.

Source: W. G. Cochran, *Sampling Techniques* (3rd ed., Wiley, 1977), chapters 4 (size) and 5 (proportional allocation).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from fractions import Fraction

import numpy as np
import polars as pl

from metrics.audit.frames import SamplingError
from metrics.counting import CROSS, NOT_RECORDED
from metrics.intervals import z_value

STRATA = ("agency_type", "forum_area", "state")
LEAST = 2  # drawn from a stratum: the spread within it can be told from no fewer
POPULATION, THEMATIC, DIP, CALIBRATION = "population", "thematic", "dip", "calibration"
PURPOSES = (POPULATION, THEMATIC, DIP, CALIBRATION)  # only the first gives figures about all assessments


def sample_size(population: int, *, margin: float, confidence: float = 0.95, p: float = 0.5) -> int:
    """Audits that give a share within ± `margin` (0.1: 10 percentage points) of a frame of `population` assessments.

    With finite-population correction: n₀ = z²·p(1 − p)/margin², n = n₀ / (1 + (n₀ − 1)/population), upwards. 600 and
    0.1 give 83; 600 and 0.15 give 40. `p`: the share that is expected; one half is the safe choice.
    Raises `SamplingError` for an empty frame, or a margin, confidence or p that is not between 0 and 1.
    """
    for name, value in (("margin", margin), ("confidence", confidence), ("expected share", p)):
        if not 0 < value < 1:
            raise SamplingError(f"The {name} is a share between 0 and 1, such as 0.1, not {value:g}.")
    if population < 1:
        raise SamplingError("The frame has no assessments, so none can be drawn.")
    endless = z_value(confidence) ** 2 * p * (1 - p) / margin**2
    return max(1, min(population, math.ceil(endless / (1 + (endless - 1) / population) - 1e-9)))


def sampling_plan(
    frame: pl.DataFrame,
    *,
    strata: Sequence[str] = STRATA,
    size: int,
    seed: int,
    least: int = LEAST,
    replacements: float = 1.0,
) -> pl.DataFrame:
    """Draws `size` assessments from the frame, in proportion to the strata and at least `least` from each.

    frame: a row an assessment: `assessment_id`, `family_id` and the columns `strata` (others go through). The order of
    its rows changes nothing. A stratum with fewer than `least` is taken whole. A family is drawn once; where its second
    assessment comes up, the next in order is taken.

    Gives the drawn rows and, per stratum, `replacements` times as many to step in for them, in this order: `stratum`
    (`school × open`), `order` (1, 2, … within it), `replacement`, `weight` (assessments of the frame that one stands
    for), `frame_size`, `planned`, `purpose`. Raises `SamplingError` where the frame is smaller than the sample, an
    assessment stands twice in it, or the strata are too many for the size.
    """
    strata = [strata] if isinstance(strata, str) else list(strata)
    if missing := [c for c in ("assessment_id", "family_id", *strata) if c not in frame.columns]:
        raise SamplingError(f"The frame has no column {missing[0]}.")
    if size < 1:
        raise SamplingError(f"At least one assessment is drawn, not {size}.")
    if size > frame.height:
        raise SamplingError(
            f"The frame has {frame.height:,} assessments, fewer than the {size:,} to be drawn: widen the "
            "dates, or draw fewer."
        )
    frame = frame.sort("assessment_id")
    twice = frame["assessment_id"].eq(frame["assessment_id"].shift(1))
    if twice.any():
        raise SamplingError(f"Assessment {frame['assessment_id'].filter(twice)[0]} stands twice in the frame.")
    name = pl.concat_str((pl.col(c).cast(pl.String).fill_null(NOT_RECORDED) for c in strata), separator=CROSS)
    frame = frame.with_columns((name if strata else pl.lit("all")).alias("stratum"))
    names = frame["stratum"].unique().sort()
    code = frame["stratum"].cast(pl.Enum(names)).to_physical().to_numpy()
    sizes = np.bincount(code, minlength=len(names))
    planned = shares(sizes, size, least=least)
    turn = np.random.default_rng(seed).permutation(frame.height)
    turn = turn[np.argsort(code[turn], kind="stable")]  # stratum by stratum, each in random order
    family = frame["family_id"]
    edges = np.concatenate([[0], np.cumsum(sizes)])
    queues = [iter(turn[edges[h] : edges[h + 1]]) for h in range(len(names))]
    taken: set[str] = set()
    reserve = np.ceil(planned * replacements).astype(int)
    first = [_next(queue, int(n), family, taken) for queue, n in zip(queues, planned, strict=True)]
    second = [_next(queue, int(n), family, taken) for queue, n in zip(queues, reserve, strict=True)]
    parts = [
        (row, order, order > len(first[h]), len(first[h]), int(sizes[h]))
        for h in range(len(names))
        for order, row in enumerate([*first[h], *second[h]], 1)
    ]
    drawn = frame[[row for row, *_ in parts]]
    number, spare, plan, whole = zip(*(rest for _, *rest in parts), strict=True)
    return drawn.with_columns(
        pl.Series("order", number, dtype=pl.Int64),
        pl.Series("replacement", spare, dtype=pl.Boolean),
        pl.Series("weight", [n / k for n, k in zip(whole, plan, strict=True)], dtype=pl.Float64),
        pl.Series("frame_size", whole, dtype=pl.Int64),
        pl.Series("planned", plan, dtype=pl.Int64),
        pl.lit(POPULATION).alias("purpose"),
    )


def shares(sizes: Sequence[int] | np.ndarray, size: int, *, least: int = LEAST) -> np.ndarray:
    """How many to draw from each stratum: in proportion, whole numbers that sum to `size`, at least `least` where there
    are as many. Largest remainders; among equal ones the earlier stratum. Raises `SamplingError`."""
    sizes = np.asarray(sizes, dtype=np.int64)
    made = np.minimum(sizes, least)
    if made.sum() > size:
        raise SamplingError(
            f"{len(sizes):,} strata need at least {made.sum():,} assessments, more than the {size:,} to be drawn: use "
            "fewer strata, or draw more."
        )
    free = np.ones(len(sizes), dtype=bool)
    while free.any():
        rest, over = int(size - made[~free].sum()), int(sizes[free].sum())
        short = free & (rest * sizes < made * over)  # its share is below the least
        if not short.any():
            exact = {h: Fraction(rest * int(sizes[h]), over) for h in np.flatnonzero(free)}
            made[free] = [int(exact[h]) for h in exact]
            left = rest - int(made[free].sum())
            for h in sorted(exact, key=lambda h: (int(exact[h]) - exact[h], h))[:left]:
                made[h] += 1
            break
        free &= ~short
    return made


def strata_table(drawn: pl.DataFrame) -> pl.DataFrame:
    """The plan, a row a stratum: `stratum`, `frame_size`, `planned`."""
    return drawn.group_by("stratum").agg(pl.col("frame_size", "planned").first()).sort("stratum")


def next_replacement(drawn: pl.DataFrame, assessment_id: str, *, used: Collection[str] = ()) -> dict[str, object]:
    """The row that steps in for a drawn assessment: the first replacement of its stratum that is not in `used`.

    Raises `SamplingError` where none is left, or the assessment was not drawn.
    """
    asked = drawn.filter(pl.col("assessment_id") == assessment_id)
    if asked.is_empty():
        raise SamplingError(f"Assessment {assessment_id} was not drawn in this round.")
    stratum = asked["stratum"][0]
    spare = drawn.filter(
        pl.col("stratum") == stratum, "replacement", ~pl.col("assessment_id").is_in([*used, assessment_id])
    )
    if spare.is_empty():
        raise SamplingError(f"No replacement is left in “{stratum}”: the round has one audit fewer.")
    return spare.sort("order").row(0, named=True)


def chosen_sample(
    frame: pl.DataFrame,
    *,
    seed: int,
    purpose: str = THEMATIC,
    assessments: Collection[str] | None = None,
    size: int | None = None,
) -> pl.DataFrame:
    """A thematic, dip or calibration sample: those `assessments`, or `size` at random of them or of the whole frame.

    It says nothing about all assessments, so it has no weight, and `estimate` leaves it out. Columns as of
    `sampling_plan`. Raises `SamplingError`.
    """
    if purpose not in PURPOSES[1:]:
        raise SamplingError(f"A chosen sample is {', '.join(PURPOSES[1:])}, not “{purpose}”.")
    pool = frame.sort("assessment_id")
    if assessments is not None:
        strange = sorted(set(assessments) - set(frame["assessment_id"]))
        if strange:
            raise SamplingError(f"Assessment {strange[0]} is not in the frame.")
        if len(set(assessments)) < len(assessments):
            raise SamplingError("The same assessment is chosen twice.")
        pool = pool.filter(pl.col("assessment_id").is_in(list(assessments)))
    size = pool.height if size is None else size
    if not 1 <= size <= pool.height:
        raise SamplingError(f"There are {pool.height:,} assessments to choose from, and {size:,} were asked for.")
    order = np.random.default_rng(seed).permutation(pool.height)
    rows = pool[_next(iter(order), size, pool["family_id"], set())]
    return rows.with_columns(
        pl.lit(purpose).alias("stratum"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("order"),
        pl.lit(False).alias("replacement"),
        pl.lit(None, pl.Float64).alias("weight"),
        pl.lit(frame.height, pl.Int64).alias("frame_size"),
        pl.lit(rows.height, pl.Int64).alias("planned"),
        pl.lit(purpose).alias("purpose"),
    )


def _next(queue: object, count: int, family: pl.Series, taken: set[str]) -> list[int]:
    """The next `count` rows of a queue whose family is not taken yet; fewer where it ends."""
    found: list[int] = []
    while len(found) < count and (row := next(queue, None)) is not None:
        kin = family[int(row)]
        if kin is None or kin not in taken:
            found.append(int(row))
            if kin is not None:
                taken.add(kin)
    return found
