"""Outcome Star: ten million readings (one million Stars) to all tables of the page, timed beside plain pandas.

    python benchmarks/star.py [READINGS]

Both take the same rows, ours as a Polars frame and pandas' own, and make: pairs, everything by area, by service, by
forum area, by agency type and by length of support, the stage matrix, the flow and the funnel; without the bootstrap.
Beside them one Polars group-by of the same rows, count and mean reading by service and area. The bootstrap is timed
beside a loop that draws the families of each resample. Ten million readings need about six gigabytes for pandas, so its
time can be measured on fewer: `python benchmarks/star.py 1_000_000`.
"""

from __future__ import annotations

import gc
import statistics
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from scipy import stats

from metrics import star

READINGS, AREAS, STARS_EACH = 10_000_000, 10, 2.2
MUST_PANDAS, MUST_GROUP_BY, MUST_LOOP = 20.0, 15.0, 50.0
MOST_GIGABYTES = 3.0
LOOPED = 40  # draws of the loop that are timed; it takes as long for each
EDITION = "family_star_plus/1"
SPLITS = ("service", "forum_area", "agency_type", star.LENGTH)


def rows(readings: int, *, seed: int = 2026) -> pl.DataFrame:
    """Invented readings, in order of Stars: ten areas each, people with one or more, 120 services of unlike size."""
    random = np.random.default_rng(seed)
    stars = readings // AREAS
    people = int(stars / STARS_EACH)
    person = np.sort(np.concatenate([np.arange(people), random.integers(0, people, stars - people)]))
    service = random.zipf(1.3, people) % 120
    level = np.clip(random.normal(5, 2, people)[person] + 0.8 * np.concatenate([[0], np.diff(person) == 0]), 1, 10)
    scores = np.clip(np.rint(level[:, None] + random.normal(0, 1.5, (stars, AREAS))), 1, 10)
    day = np.datetime64("2020-04-01") + random.integers(0, 2190, stars).astype("timedelta64[D]")

    def of(labels: list[str], codes: np.ndarray) -> pl.Series:
        return pl.Series(labels).gather(np.repeat(codes, AREAS)).cast(pl.Categorical)

    ids = pl.Series(np.arange(stars)).cast(pl.String).str.zfill(20)
    families = pl.Series(np.arange(people)).cast(pl.String).str.zfill(20)
    who = pl.Series(np.repeat(person, AREAS))
    return pl.DataFrame(
        {
            "star_id": ids.gather(np.repeat(np.arange(stars), AREAS)),
            "person_id": families.gather(who),
            "family_id": families.gather(who // 2),
            "star": of(["family_star_plus"], np.zeros(stars, int)),
            "edition": of(["1", "2"], (random.random(stars) < 0.3).astype(int)),
            "area": pl.Series([f"area_{i}" for i in range(1, AREAS + 1)] * stars).cast(pl.Categorical),
            "date": pl.Series(np.repeat(day, AREAS)).cast(pl.Date),
            "score": pl.Series(scores.ravel()),
            "completed_by": of(["together", "worker", "person"], random.choice(3, stars, p=[0.9, 0.07, 0.03])),
            "retrospective": pl.Series(np.repeat(random.random(stars) < 0.05, AREAS)),
            "state": of(["final", "draft"], (random.random(stars) < 0.02).astype(int)),
            "service": of([f"Service {i}" for i in range(120)], service[person]),
            "forum_area": of([f"Forum {i}" for i in range(10)], (service % 10)[person]),
            "agency_type": of([f"type {i}" for i in range(8)], (service % 8)[person]),
        }
    )


def tables(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """All tables of the page but the bootstrap."""
    found = star.pairs(frame, EDITION)
    split = [star.distance_travelled(found, by=by) for by in SPLITS]
    return [star.distance_travelled(found), *split, star.stage_matrix(found), star.flow(found), star.funnel(found)]


def group_by(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.group_by("service", "area").agg(pl.len(), pl.col("score").mean())


def plain_pandas(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The same figures by sorting, grouping and merging in pandas, as one would write it down."""
    usable = frame[(frame["state"] == "final") & (frame["completed_by"] != "person")]
    usable = usable[usable["score"].between(1, 10)]
    complete = usable.groupby("star_id")["area"].transform("nunique") == AREAS
    usable = usable[complete]
    about = usable.drop_duplicates("star_id").sort_values(["person_id", "date"])
    about = about.drop_duplicates(["person_id", "date"], keep="last")
    first = about.groupby("person_id").first()
    last = about.groupby("person_id").last()
    paired = last[last["star_id"] != first["star_id"]]
    base = first.loc[paired.index]
    scores = usable[["star_id", "area", "score"]]
    one = base.reset_index()[["person_id", "star_id", "date"]].merge(scores, on="star_id")
    two = paired.reset_index()[["person_id", "star_id", "date", "service", "forum_area", "agency_type"]]
    two = two.merge(scores, on="star_id")
    both = one.merge(two, on=["person_id", "area"], suffixes=("_first", "_last"))
    days = (pd.to_datetime(both["date_last"]) - pd.to_datetime(both["date_first"])).dt.days
    both["length"] = pd.cut(days, [-1, 90, 182, 364, 100_000], labels=["-3", "3-6", "6-12", "12-"]).astype(str)
    for when in ("first", "last"):
        both[f"stage_{when}"] = np.ceil(both[f"score_{when}"] / 2)
    both["points"] = both["score_last"] - both["score_first"]
    both["stages"] = both["stage_last"] - both["stage_first"]
    both["all"] = "all"
    made = []
    for by in ("all", *SPLITS):
        made.append(_areas(both, by))
        made.append(_people(both, by))
    made.append(both.groupby(["area", "stage_first", "stage_last"], observed=True).size().reset_index())
    made += _flow(frame, first, last, base, paired, scores)
    by_service = made[3].copy()
    for move in ("up", "down"):
        overall = by_service[move].sum() / by_service["n"].sum()
        for tail in (0.001, 0.025, 0.975, 0.999):
            by_service[f"{move} {tail}"] = [stats.binom.ppf(tail, n, overall) / n for n in by_service["n"]]
    return [*made, by_service]


def _flow(frame, first, last, base, paired, scores) -> list[pd.DataFrame]:
    """Who was lost, where they began, what the pairs are worth, and what was left out."""
    alone = last[last["star_id"] == first["star_id"]]
    began = [
        scores[scores["star_id"].isin(of["star_id"])]
        .groupby("area", observed=True)["score"]
        .agg(["mean", "std", "count"])
        for of in (alone, base)
    ]
    days = (pd.to_datetime(paired["date"]) - pd.to_datetime(base["date"])).dt.days.quantile([0.25, 0.5, 0.75])
    kinds = {
        "worker": (base["completed_by"] == "worker") | (paired["completed_by"] == "worker"),
        "retrospective": base["retrospective"] | paired["retrospective"],
        "editions": base["edition"] != paired["edition"],
        "services": base["service"] != paired["service"],
    }
    counted = pd.DataFrame({kind: [flag.sum()] for kind, flag in kinds.items()})
    left = frame.drop_duplicates("star_id")
    out = pd.DataFrame(
        {"draft": [(left["state"] != "final").sum()], "person": [(left["completed_by"] == "person").sum()]}
    )
    return [*began, days.to_frame(), counted, out]


def _areas(both: pd.DataFrame, by: str) -> pd.DataFrame:
    """Every figure by area, and by one column."""
    marked = both.assign(
        up=both["stages"] > 0, down=both["stages"] < 0, rose=both["points"] > 0, fell=both["points"] < 0,
        high_first=both["score_first"] >= 8, high_last=both["score_last"] >= 8,
    )  # fmt: skip
    marked["maintained"] = marked["high_first"] & marked["high_last"]
    marked["below_up"] = ~marked["high_first"] & marked["up"]
    marked["below_down"] = ~marked["high_first"] & marked["down"]
    keys = [by, "area"]
    groups = marked.groupby(keys, observed=True)
    flags = ["up", "down", "rose", "fell", "high_first", "high_last", "maintained", "below_up", "below_down"]
    found = groups[flags].sum()
    for column in ("score_first", "score_last", "points", "stage_first", "stage_last", "stages"):
        found[[f"{column}_{w}" for w in ("mean", "std", "n")]] = groups[column].agg(["mean", "std", "count"])
    for column in ("points", "stages"):
        tests = {key: _tests(part[column].to_numpy()) for key, part in groups}
        found[[f"{column}_p", f"{column}_r"]] = pd.DataFrame.from_dict(tests, orient="index").reindex(found.index)
    return found.reset_index()


def _tests(change: np.ndarray) -> tuple[float, float]:
    moved = change[change != 0]
    if len(moved) < 10:
        return np.nan, np.nan
    p = stats.wilcoxon(moved, correction=False, method="asymptotic").pvalue
    ranks = stats.rankdata(np.abs(moved))
    up = ranks[moved > 0].sum()
    return p, (2 * up - ranks.sum()) / ranks.sum()


def _people(both: pd.DataFrame, by: str) -> pd.DataFrame:
    person = both.groupby([by, "person_id"], observed=True).agg(
        most=("stages", "max"), least=("stages", "min"), mean=("points", "mean"),
        highest=("points", "max"), lowest=("points", "min"),
    )  # fmt: skip
    person["up"], person["down"] = person["most"] > 0, person["least"] < 0
    person["rose"], person["fell"] = person["highest"] > 0, person["lowest"] < 0
    found = person.groupby(level=0, observed=True).agg(
        n=("up", "size"), up=("up", "sum"), down=("down", "sum"), rose=("rose", "sum"), fell=("fell", "sum"),
        mean=("mean", "mean"), sd=("mean", "std"),
    )  # fmt: skip
    return found.reset_index()


def loop(found: star.Pairs, draws: int) -> np.ndarray:
    """The same 35 statistics as `star.family_bootstrap`, one resample of families at a time."""
    random = np.random.default_rng(1)
    change = found.last.astype(float) - found.first
    stages = np.ceil(found.last / 2) - np.ceil(found.first / 2)
    some = [(x > 0).any(axis=1) for x in (stages, -stages, change, -change)]
    each = np.column_stack([*some, change.mean(axis=1), stages > 0, stages < 0, change])
    family = found.people["family_id"].rank("dense").to_numpy().astype(int) - 1
    count = family.max() + 1
    size = np.bincount(family, minlength=count)
    total = np.column_stack([np.bincount(family, weights=column, minlength=count) for column in each.T])
    means = []
    for _ in range(draws):
        drawn = random.integers(0, count, count)
        means.append(total[drawn].sum(axis=0) / size[drawn].sum())
    return np.quantile(means, [0.025, 0.975], axis=0)


class Memory:
    """The most memory that this process held while the block ran, in gigabytes, looked up every few milliseconds."""

    def __enter__(self) -> Memory:
        self.most, self._on = 0.0, True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False
        self._thread.join()

    def _watch(self) -> None:
        while self._on:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.most = max(self.most, pages * 4096 / 1e9)
            time.sleep(0.005)


def run(readings: int = READINGS) -> list[dict[str, object]]:
    """One row a comparison: name, ours_seconds, theirs_seconds, ratio, must, and whether it is met."""
    frame = rows(readings)
    tables(frame), group_by(frame)  # once unmeasured: polars starts its threads
    with Memory() as memory:
        # turn about, so that a busy machine slows both
        pairs = [(_seconds(partial(tables, frame)), _seconds(partial(group_by, frame))) for _ in range(3)]
    ours_seconds, group_by_seconds = (statistics.median(times) for times in zip(*pairs, strict=True))
    found = star.pairs(frame, EDITION).both
    plain = frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).to_pandas()
    del frame
    gc.collect()
    pandas_seconds = _seconds(lambda: plain_pandas(plain))
    star.family_bootstrap(found)
    resample_seconds = _seconds(lambda: star.family_bootstrap(found))
    draws = star.rules().draws
    loop_seconds = _seconds(lambda: loop(found, LOOPED)) / LOOPED * draws
    families = found.people["family_id"].n_unique()
    size = f"{readings:,} readings"
    return [
        _row(f"{size} beside plain pandas", ours_seconds, pandas_seconds, MUST_PANDAS, faster=True),
        _row(f"{size} beside one group-by", ours_seconds, group_by_seconds, MUST_GROUP_BY, faster=False),
        _row(f"bootstrap, {families:,} families", resample_seconds, loop_seconds, MUST_LOOP, faster=True),
        {
            "name": "memory, GB",
            "ours_seconds": memory.most,
            "must": MOST_GIGABYTES,
            "met": memory.most < MOST_GIGABYTES,
        },
    ]


def _row(name: str, ours: float, theirs: float, must: float, *, faster: bool) -> dict[str, object]:
    ratio = theirs / ours if faster else ours / theirs
    met = ratio >= must if faster else ratio <= must
    sign = "≥" if faster else "≤"
    return {
        "name": name, "ours_seconds": ours, "theirs_seconds": theirs, "ratio": ratio, "must": f"{sign} {must:g}",
        "met": met,
    }  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(readings: int = READINGS) -> int:
    print(f"{'':46}{'ours, s':>10}{'theirs, s':>11}{'times':>9}{'must':>8}")
    results = run(readings)
    for row in results[:-1]:
        print(
            f"{row['name']:46}{row['ours_seconds']:10.3f}{row['theirs_seconds']:11.2f}{row['ratio']:9.1f}"
            f"{row['must']:>8}"
        )
    print(f"{'memory while ours runs, GB':46}{results[-1]['ours_seconds']:10.2f}{'':20}{'< 3':>8}")
    return 0 if all(row["met"] for row in results) else 1


if __name__ == "__main__":
    sys.exit(main(*(int(text.replace("_", "")) for text in sys.argv[1:2])))
