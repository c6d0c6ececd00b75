"""Stars put in pairs: each person's baseline and latest Star, and those who have only the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from .definitions import rules
from .editions import Edition, editions, pooled
from .readings import FINAL, PERSON, SPLITS, WORKER, decode, stars

BASELINES = ("first", "lower")
LENGTH = "length"  # of support, a split made of the days between the two Stars
Period = tuple[date | None, date | None]

_WHO = {"person_id": pl.String, "family_id": pl.String}
_KEPT = ("date", "edition", "completed_by", "retrospective", "service", "code")  # of each Star of a pair


@dataclass(frozen=True)  # no slots: what is reckoned once is kept
class Pairs:
    """Everyone whose latest usable Star of an edition lies in the period.

    `people`: a row a person: `person_id`, `family_id` (the person's own id where none is known), `paired`, `stars` (up
    to the latest), `length`, and for the baseline and the latest Star `first_…` and `last_…` of date, edition,
    completed_by, retrospective, service; the columns to split by are those of the latest. Where `paired` is false the
    only Star is the first and the latest is null. `first` and `last`: readings, one row a person, one column an area;
    `last` is 0 where there is none. `excluded`: why Stars up to the end of the period were left out, and how many.
    """

    edition: Edition
    people: pl.DataFrame
    first: np.ndarray
    last: np.ndarray
    excluded: Mapping[str, int] = field(default_factory=dict)
    period: str = ""
    period_end: date | None = None
    baseline: str = "first"
    start: date | None = None  # first day of the period
    with_star: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_WHO))  # with a usable Star by its end

    @property
    def clustered(self) -> bool:
        """Some family has more than one person with two Stars: limits then come from the family bootstrap."""
        families = self.people.filter("paired")["family_id"]
        return families.n_unique() < len(families)

    @cached_property
    def both(self) -> Pairs:
        """Only those with two Stars."""
        two = self.people["paired"].to_numpy()
        return replace(self, people=self.people.filter("paired"), first=self.first[two], last=self.last[two])

    @cached_property
    def moved_anywhere(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """For `stage` and `points`: who (of those with two Stars) is up, and who is down, in at least one area."""
        stage = self.edition.stage_of
        moves = {"stage": stage(self.last) - stage(self.first), "points": self.last - self.first}
        return {scale: ((move > 0).any(axis=1), (move < 0).any(axis=1)) for scale, move in moves.items()}

    @cached_property
    def mean_change(self) -> np.ndarray:
        """Each person's mean change over the areas, in points (of those with two Stars)."""
        return (self.last - self.first).sum(axis=1, dtype=np.int64) / max(self.first.shape[1], 1)


def pairs(
    readings: Any,
    edition: Edition | str,
    *,
    baseline: str = "first",
    period: Period | None = None,
    label: str = "",
    by: str | Sequence[str] = SPLITS,
    pool: bool = True,
    retrospective: bool = True,
    known: Mapping[str, Edition] | None = None,
) -> Pairs:
    """Each person's latest Star in `period` against the baseline; everything else of the Star is reckoned from it.

    `readings`: see `metrics.star.readings.stars`; any engine. `edition`: an Edition or its key, `family_star_plus/1`.
    `baseline`: `first` ever, or `lower` of the first two by mean reading (with exactly two, the first). `period`: first
    and last day, either None for open; the latest Star sets it, and Stars after it do not exist for it. `label`: how
    the period is called. `by`: columns of the readings to split by. `pool`: take in the editions that the edition file
    pools with this one. `retrospective`: False leaves such Stars out.

    Usable: final, complete, and with a worker's part in it. Of several Stars of a person on one day the one completed
    together counts, else the one with the lower sum. A pair needs two days. Raises ValueError for an unknown baseline
    or edition, and as `stars` does.
    """
    if baseline not in BASELINES:
        raise ValueError(f"the baseline is one of {', '.join(BASELINES)}, not {baseline!r}")
    one = _edition(edition, known)
    splits = [c for c in ((by,) if isinstance(by, str) else tuple(by)) if c != LENGTH]
    keep = tuple(dict.fromkeys(("service", *splits)))
    others = pooled(one, editions() if known is None else known)[1:] if pool else ()
    every = stars(readings, one, pool=others, keep=keep)
    start, end = period or (None, None)
    if end is not None:
        every = every.filter(pl.col("date") <= end)
    usable, excluded = _usable(every, one, retrospective)
    usable, excluded["same_day"] = _one_a_day(usable, len(one.areas))
    joined = _joined(usable, keep, baseline)
    with_star = joined.select(list(_WHO))
    if start is not None:
        joined = joined.filter(pl.coalesce("last_date", "first_date") >= start)
    first = decode(joined["first_code"], len(one.areas))
    last = decode(joined["last_code"].fill_null(0), len(one.areas))
    people = joined.drop("first_code", "last_code").with_columns(_length().alias(LENGTH))
    latest = pl.coalesce("last_date", "first_date").max()
    return Pairs(
        one,
        people,
        first,
        last,
        excluded,
        label or _label(start, end),
        end or (people.select(latest).item() if people.height else None),
        baseline,
        start,
        with_star,
    )


def as_pairs(readings: Any, edition: Edition | str | None, **options: Any) -> Pairs:
    """`readings` as they are where they are pairs already; options then count no more."""
    if isinstance(readings, Pairs):
        return readings
    if edition is None:
        raise ValueError("say of which edition the readings are")
    return pairs(readings, edition, **options)


def _edition(edition: Edition | str, known: Mapping[str, Edition] | None) -> Edition:
    if isinstance(edition, Edition):
        return edition
    found = editions() if known is None else known
    if edition not in found:
        raise ValueError(f"there is no edition {edition!r}; there are {', '.join(found)}")
    return found[edition]


def _usable(every: pl.DataFrame, edition: Edition, retrospective: bool) -> tuple[pl.DataFrame, dict[str, int]]:
    """The Stars that count, and how many do not, each for the first reason that holds."""
    reasons = {
        "draft": pl.col("state").fill_null(FINAL) != FINAL,
        "person_only": pl.col("completed_by").fill_null("") == PERSON,
        "incomplete": ~pl.col("complete"),
        "retrospective": pl.col("retrospective").fill_null(False) & pl.lit(not retrospective),
    }
    why = pl.coalesce(pl.when(holds).then(pl.lit(reason)) for reason, holds in reasons.items())
    every = every.with_columns(why.alias("_why"))
    counts = dict(every.drop_nulls("_why").group_by("_why").len().rows())
    return every.filter(pl.col("_why").is_null()).drop("_why"), {reason: counts.get(reason, 0) for reason in reasons}


def _one_a_day(usable: pl.DataFrame, areas: int) -> tuple[pl.DataFrame, int]:
    """In order of person and day, one Star a person and day, with `_person` and `_sum` (of its readings)."""
    total = pl.Series(decode(usable["code"], areas).sum(axis=1, dtype=np.int64))
    person = pl.col("person_id").cast(pl.String).cast(pl.Categorical(pl.Categories.random())).to_physical()
    alone = (pl.col("completed_by").fill_null("") == WORKER).cast(pl.Int64)
    usable = usable.with_columns(person.cast(pl.Int64).alias("_person"), total.alias("_sum"))
    # one number to sort by, which is far quicker than five columns: 20 bits for the day, 1 for the maker, 8 for the sum
    day = pl.col("date").to_physical().cast(pl.Int64)
    order = (((pl.col("_person") * (1 << 20) + day) * 2 + alone) * (1 << 8) + pl.col("_sum")).alias("_order")
    ranked = usable.with_columns(order).sort("_order", "code")
    again = (pl.col("_person") == pl.col("_person").shift(1)) & (pl.col("date") == pl.col("date").shift(1))
    kept = ranked.filter(~again.fill_null(False))
    return kept.drop("_order"), ranked.height - kept.height


def _joined(rows: pl.DataFrame, keep: Sequence[str], baseline: str) -> pl.DataFrame:
    """A row a person out of rows in order of person and day."""
    new = (pl.col("_person") != pl.col("_person").shift(1)).fill_null(True)
    end = (pl.col("_person") != pl.col("_person").shift(-1)).fill_null(True)
    rows = rows.with_columns(new.alias("_new"), end.alias("_end"), pl.int_range(pl.len(), dtype=pl.Int64).alias("_at"))
    firsts, lasts = rows.filter("_new"), rows.filter("_end")  # alike long, in the same order
    stars_of = (lasts["_at"] - firsts["_at"] + 1).alias("stars")
    paired = (stars_of > 1).alias("paired")
    begun = firsts["_at"]
    if baseline == "lower":
        second = rows["_sum"].gather((begun + 1).clip(upper_bound=max(rows.height - 1, 0)))
        # the second Star counts as baseline only where a third one follows
        begun = begun + ((stars_of > 2) & (second < firsts["_sum"])).cast(pl.Int64)
    first = rows.select(pl.col(c).gather(begun).alias(f"first_{c}") for c in _KEPT)
    last = lasts.select(pl.when(paired).then(pl.col(c)).alias(f"last_{c}") for c in _KEPT)
    about = lasts.select("person_id", pl.coalesce(pl.col("family_id"), pl.col("person_id")).alias("family_id"), *keep)
    return pl.concat([about, paired.to_frame(), stars_of.to_frame(), first, last], how="horizontal")


def _length() -> pl.Expr:
    """The band of the days between the two Stars; null for those without a second."""
    days = (pl.col("last_date") - pl.col("first_date")).dt.total_days()
    found = pl.lit(None, pl.String)
    for least, name in rules().length_bands:
        found = pl.when(days >= least).then(pl.lit(name)).otherwise(found)
    return found


def _label(start: date | None, end: date | None) -> str:
    """`2024/25` for a financial year, else its days; `all` where the period is open at both ends."""
    if start is None and end is None:
        return "all"
    if start and end:
        next_year = date(start.year + 1, start.month, start.day) if (start.month, start.day) != (2, 29) else start
        if (start.month, start.day) == (4, 1) and end == next_year - timedelta(days=1):
            return f"{start.year}/{(start.year + 1) % 100:02d}"
        return f"{start:%Y-%m-%d} to {end:%Y-%m-%d}"
    return f"until {end:%Y-%m-%d}" if end else f"from {start:%Y-%m-%d}"
