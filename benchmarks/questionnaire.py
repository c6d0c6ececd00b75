"""The system questionnaire: 20 years of 500 partners, 20 respondents each, 60 items, scored beside one group-by.

    python -m benchmarks questionnaire

Ours takes twelve million answers to everything that `metrics.questionnaire.score` gives: scores overall, by section, by
item, by partner, by partner and section, by partner and item, with limits from 2,000 resamples of the partners, POMP,
completion and the share of each answer state; then agreement and the spread of partners, and each year against the year
before. Beside it one Polars group-by of the same rows: count and mean score by partner and item.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import polars as pl

from metrics import questionnaire
from metrics.questionnaire import Instrument, Tally

YEARS, PARTNERS, RESPONDENTS, ITEMS, SECTIONS = 20, 500, 20, 60, 6
TIMES = 5  # pairs that are timed
MUST = 15.0


def instrument(items: int = ITEMS) -> Instrument:
    each = items // SECTIONS
    section = [
        {"id": f"s{s}", "title": f"Area {s}", "item": [{"id": f"s{s}i{i}", "text": f"Item {i}"} for i in range(each)]}
        for s in range(SECTIONS)
    ]
    return questionnaire.read_instrument(
        {
            "id": "large", "edition": "1", "title": "A large questionnaire", "official": False, "source": "benchmark",
            "licence": "none", "lowest": 0, "highest": 5, "labels": list("012345"), "section": section,
        }
    )  # fmt: skip


def rows(one: Instrument, *, years: int = YEARS, partners: int = PARTNERS, seed: int = 2026) -> pl.DataFrame:
    """Invented answers, in order of years, partners, respondents and items; most are scores."""
    random = np.random.default_rng(seed)
    items = [item.id for item in one.items]
    size = years * partners * RESPONDENTS * len(items)
    at = np.arange(size)
    person, item = np.divmod(at, len(items))
    partner, year = person // RESPONDENTS % partners, person // (RESPONDENTS * partners)
    state = random.choice(5, size, p=[0.84, 0.07, 0.03, 0.04, 0.02])
    level = np.clip(np.rint(random.normal(2.5, 0.6, partners)[partner] + random.normal(0, 1, size)), 0, 5)

    def of(labels: list[str], codes: np.ndarray) -> pl.Series:
        return pl.Series(labels).gather(codes).cast(pl.Categorical)

    ends = pl.Series([f"{2006 + y}-06-30" for y in range(years)]).str.to_date()
    people = pl.Series([f"respondent {n:06}" for n in range(partners * RESPONDENTS)])
    return pl.DataFrame(
        {
            "round": of([str(2006 + y) for y in range(years)], year),
            "period_end": ends.gather(year),
            "partner": of([f"Partner {p:03}" for p in range(partners)], partner),
            "respondent": people.gather(person % (partners * RESPONDENTS)),
            "respondent_role": of(list(questionnaire.ROLES), person % 3),
            "item": of(items, item),
            "state": of(list(questionnaire.STATES), state),
            "score": pl.Series(np.where(state == 0, level, np.nan)).fill_nan(None),
        }
    )


def scored(frame: pl.DataFrame, one: Instrument) -> Tally:
    counted = questionnaire.tally(frame, one)
    questionnaire.score(counted)
    return counted


def rest(counted: Tally) -> None:
    """What stands on the page beside the scores."""
    questionnaire.agreement(counted)
    questionnaire.spread(counted)
    rounds = [counted.only(label) for label, _ in counted.rounds]
    for before, after in pairwise(rounds):
        questionnaire.compare_years(before, after)


def group_by(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.group_by("partner", "item").agg(pl.len(), pl.col("score").mean())


def run(years: int = YEARS) -> dict[str, object]:
    """Medians of the seconds that scoring, the rest and the group-by take, and the ratio of each pair's."""
    one = instrument()
    frame = rows(one, years=years)
    counted = scored(frame, one)  # once unmeasured: polars starts its threads
    group_by(frame)
    # turn about, so that a busy machine slows both
    pairs = [(_seconds(lambda: scored(frame, one)), _seconds(lambda: group_by(frame))) for _ in range(TIMES)]
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    beside = _seconds(lambda: rest(counted))
    return {"answers": frame.height, "ours": ours, "group_by": theirs, "ratio": ratio, "rest": beside,
            "met": ratio <= MUST}  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(years: int = YEARS) -> int:
    found = run(years)
    print(f"{found['answers']:,} answers")
    print(f"scored, s                               {found['ours']:8.2f}")
    print(f"one group-by of the same rows, s        {found['group_by']:8.2f}")
    print(f"times as long (median of pairs)         {found['ratio']:8.1f}   must be ≤ {MUST:g}")
    print(f"agreement, spread, all years compared, s{found['rest']:8.2f}")
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main(*(int(text) for text in sys.argv[1:2])))
