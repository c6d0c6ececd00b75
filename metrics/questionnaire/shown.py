"""What may be shown beside each other: partners by answer, survey beside agreed, and nobody's own answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from metrics.estimates import SUPPRESSED

from .definitions import rules
from .frames import ANSWER, ITEM, PARTNER, ROLE, TIMES, crossed, labels, rows
from .instruments import Instrument
from .responses import BLANK, DONT_KNOW, NOT_APPLICABLE, STATES, as_tally
from .scoring import score

SPREAD = crossed(ITEM, ANSWER)
BESIDE = {
    "round": pl.String,
    "item": pl.String,
    "section": pl.String,
    "n": pl.Int64,  # partners
    "survey": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "agreed": pl.Float64,  # in the workshop; null where nothing was
    "difference": pl.Float64,  # agreed less survey: above 0 the workshop scored higher
    "reason": pl.String,
}


def spread(responses: Any, instrument: Instrument | None = None) -> pl.DataFrame:
    """An estimates frame of how partners spread over the answers to each item: breakdown `item × answer`.

    Groups `voice × 0` … `voice × 5` (the partner's mean, rounded half up), then `voice × dont_know`,
    `voice × not_applicable`, `voice × blank` for partners where nobody scored it, by what they said most (of alike, the
    first of these). Each partner that was asked stands in one group; values are per cent of those partners.
    """
    counted = as_tally(responses, instrument)
    low, steps = counted.instrument.lowest, counted.instrument.steps
    others = (DONT_KNOW, NOT_APPLICABLE, BLANK)
    said = counted.counts[..., [STATES.index(name) for name in others]]
    means = counted.means
    scored = np.isfinite(means)
    step = np.floor(np.where(scored, means, low) - low + 0.5 + 1e-9).astype(int)
    place = np.where(scored, np.clip(step, 0, steps - 1), steps + said.argmax(axis=-1))
    asked = scored | (said.sum(axis=-1) > 0)
    answers = [*(str(low + s) for s in range(steps)), *others]
    counts = np.stack([((place == at) & asked).sum(axis=1) for at in range(len(answers))], axis=-1)
    total = np.broadcast_to(counts.sum(axis=-1, keepdims=True), counts.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = counts / total * 100
    return rows(
        "spread", SPREAD, labels(counted.items, answers), counted.rounds, value=value, numerator=counts,
        denominator=total, n=total, method="share of partners", keep=total > 0,
    )  # fmt: skip


def beside_agreed(responses: Any, agreed: pl.DataFrame, instrument: Instrument | None = None) -> pl.DataFrame:
    """Each item's survey score beside the one agreed in the workshop; columns as BESIDE.

    `agreed`: round, item, score, reason; at most one a round and item. Neither replaces the other.
    """
    counted = as_tally(responses, instrument)
    sections = {i.id: i.section for s in counted.instrument.every_section for i in s.items}
    survey = score(counted, breakdowns=(ITEM,)).filter(pl.col("measure") == "score")
    said = agreed.select("round", "item", pl.col("score").cast(pl.Float64).alias("agreed"), "reason")
    survey = survey.rename({"period": "round", "group": "item", "value": "survey"})
    both = survey.join(said, on=["round", "item"], how="left", validate="1:1", maintain_order="left")
    return both.with_columns(
        pl.col("item").replace_strict(sections, return_dtype=pl.String).alias("section"),
        (pl.col("agreed") - pl.col("survey")).alias("difference"),
    ).select(list(BESIDE))


def shown(estimates: pl.DataFrame, *, least: int | None = None) -> pl.DataFrame:
    """Hide what is finer than a partner and rests on fewer than three respondents: nobody's own answers are shown.

    Rows whose breakdown has both `partner` and `role` are of a part of a partner, and `n` is its respondents. Where one
    part is hidden and fewer than three respondents of the partner are hidden in all, the next smallest part goes too:
    else it could be got from the partner's own figure. Hidden rows have status `c` and no numbers. All else stays,
    whoever's figure a partner's is: a partner answers as an agency.
    """
    least = rules().least_below_partner if least is None else least
    finer = [b for b in estimates["breakdown"].unique() if {PARTNER, ROLE} <= set(b.split(TIMES))]
    hidden: list[tuple[str, str, str]] = []
    for breakdown in finer:
        at = breakdown.split(TIMES).index(ROLE)
        part = estimates.filter(pl.col("breakdown") == breakdown).with_columns(
            pl.col("group").str.split(TIMES).alias("_names")
        )
        part = part.with_columns(
            pl.col("_names").list.get(at).alias("_role"),
            pl.concat_list(
                pl.col("_names").list.slice(0, at), pl.col("_names").list.slice(at + 1)
            ).list.join(TIMES).alias("_rest"),
        )  # fmt: skip
        for (period, _), roles in part.group_by("period", "_rest"):
            people = roles.group_by("_role", "group").agg(pl.col("n").fill_null(0).max()).sort("n", "_role")
            gone = 0
            for group, n in people.select("group", "n").iter_rows():
                if n < least or 0 < gone < least:
                    gone += n
                    hidden.append((breakdown, group, period))
    keys = ["breakdown", "group", "period"]
    list_of = pl.DataFrame(hidden, schema=dict.fromkeys(keys, pl.String), orient="row").with_columns(_hide=True)
    numbers = ["numerator", "denominator", "value", "lower", "upper", "n"]
    return (
        estimates.join(list_of, on=keys, how="left", maintain_order="left", nulls_equal=True)
        .with_columns(
            pl.when(pl.col("_hide")).then(None).otherwise(pl.col(numbers)).name.keep(),
            pl.when(pl.col("_hide")).then(pl.lit(SUPPRESSED)).otherwise(pl.col("status")).alias("status"),
        )
        .drop("_hide")
    )
