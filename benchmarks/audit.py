"""Drawing an audit's sample from 100,000 assessments, and grading 50,000 audits of 34 questions, each beside one Polars
group-by count of the same rows.

    python benchmarks/audit.py [runs, 9]

Each run takes the count and then the work, so that both meet the same machine; told are the medians, and the median of
the runs' own ratios. The count: of the frame by the strata (agency type, forum area, open or closed), of the answers by
audit.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from metrics import audit

ASSESSMENTS, AUDITS = 100_000, 50_000
SIZE = 400
MUST = 15.0  # times the count, at most
TYPES = ("school", "early_years", "health", "early_help", "police", "housing", "voluntary", "social_care", "other")


def frame(rng: np.random.Generator) -> pl.DataFrame:
    """A frame of assessments, a fifth of them of families that have another one."""
    number = pl.Series(range(ASSESSMENTS))
    family = pl.Series(rng.integers(0, 4 * ASSESSMENTS // 5, ASSESSMENTS))
    agency = rng.integers(0, 66, ASSESSMENTS)
    return pl.DataFrame(
        {
            "assessment_id": "INV-S-" + number.cast(pl.String).str.zfill(6),
            "episode_id": "INV-E-" + number.cast(pl.String).str.zfill(6),
            "family_id": "INV-F-" + family.cast(pl.String).str.zfill(6),
            "agency_id": [f"INV-A-{n:06d}" for n in agency],
            "agency_type": np.array(TYPES)[agency % len(TYPES)],
            "forum_area": [f"EHF{n:02d}" for n in rng.integers(1, 11, ASSESSMENTS)],
            "state": np.array(["open", "closed"])[rng.integers(0, 2, ASSESSMENTS)],
        }
    )


def answers(rng: np.random.Generator, template: audit.Template) -> pl.DataFrame:
    """Every question of every audit, in no order."""
    parts = []
    for q in template.questions:
        said = q.answers or ("Clear plan; reviews list who came, not what changed.",)
        likely = np.array([4.0, *[1.0] * (len(said) - 1)])
        number = pl.Series(range(AUDITS)).cast(pl.String).str.zfill(6)
        chosen = np.array(said)[rng.choice(len(said), AUDITS, p=likely / likely.sum())]
        parts.append(
            pl.DataFrame({"audit_id": "INV-Q-" + number, "question": [q.id] * AUDITS, "answer": chosen.astype(str)})
        )
    return pl.concat(parts).sample(fraction=1, shuffle=True, seed=1)


def paired(count: Callable[[], object], work: Callable[[], object], runs: int) -> dict[str, float]:
    work()
    times = [(_seconds(count), _seconds(work)) for _ in range(runs)]
    counts, works = zip(*times, strict=True)
    return {
        "count": statistics.median(counts),
        "work": statistics.median(works),
        "ratio": statistics.median(w / c for c, w in times),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(runs: int = 9) -> int:
    rng, template = np.random.default_rng(1), audit.templates()["eha/1"]
    sampled, said = frame(rng), answers(rng, template)
    results = {
        f"drawing {SIZE} of {sampled.height:,} assessments": paired(
            lambda: sampled.group_by(audit.STRATA).len(),
            lambda: audit.sampling_plan(sampled, size=SIZE, seed=1),
            runs,
        ),
        f"grading {AUDITS:,} audits, {said.height:,} answers": paired(
            lambda: said.group_by("audit_id").len(), lambda: audit.grade(said, template), runs
        ),
    }
    print(f"{'':44}{'count, ms':>11}{'work, ms':>11}{'times':>8}{'must':>6}")
    for name, row in results.items():
        print(f"{name:44}{1000 * row['count']:11.1f}{1000 * row['work']:11.1f}{row['ratio']:8.1f}{MUST:6.0f}")
    return 0 if all(row["ratio"] <= MUST for row in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 9))
