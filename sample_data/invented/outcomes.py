"""What families and workers said after a closure."""

from __future__ import annotations

import numpy as np
import polars as pl

from .county import County
from .draw import chance, choose, days_column, id_column, rates, spread, text_column, whole_column
from .episodes import Spells

ITEMS = ("listened_to", "made_a_difference", "would_recommend")


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
