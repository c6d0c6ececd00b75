"""The thirty measures and the limits that they are judged by, read from `definitions/activity_measures.toml` and
`definitions/activity.toml`; what is incomplete or unknown is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from metrics import definition_files
from metrics.cases import CASE_TABLES
from metrics.definition_files import POLARITIES, DefinitionError, build, check_word, keyed, read_toml

RULES, MEASURES = "activity.toml", "activity_measures.toml"
KINDS = ("share", "rate", "count", "ratio", "median", "mean", "kappa", "weighted")
QUADRANTS = ("how much", "how well", "better off")
SIDES = ("effort", "effect")
SPLITS = {  # how a definition names what its measure can be split by
    "all": ("forum_area", "district", "council", "county", "ward", "agency_type", "agency", "level", "age_band"),
    "places and ages": ("forum_area", "district", "council", "county", "ward", "age_band"),
    "places": ("forum_area", "district", "council", "county", "ward"),
    "agencies": ("agency_type", "agency"),
    "forums and agencies": ("forum_area", "agency_type", "agency"),
    "not agencies": ("forum_area", "district", "council", "county", "ward", "level", "age_band"),
    "nothing": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(definition_files.Measure):
    """One performance measure, or a part of one (`M13_6`)."""

    per: str  # whom or what it counts: child, family, assessment, episode, closure, review, …
    quadrant: str  # how much | how well | better off
    side: str  # effort | effect
    kind: str  # how it is reckoned: share | rate | count | ratio | median | mean | kappa | weighted
    decimals: int  # shown, never used to reckon
    stock: bool  # counted as it stood at the end of each period
    first: bool  # one of the few that are shown first
    needs: tuple[str, ...]  # case tables without which it cannot be told
    splits: tuple[str, ...]  # keys of BY by which it can be split
    mature_days: int  # days that a row must be followed before it counts
    limits: str  # what the figure cannot say
    source: str

    @property
    def base(self) -> str:
        """The measure that it is, or is a part of: `M13` of `M13_6`."""
        return self.id.split("_")[0]


@dataclass(frozen=True)
class Rules:
    """Limits of time and marks: see `definitions/activity.toml`. Days are calendar days unless called working days."""

    assessment_working_days: int
    plan_days: int
    drift_reviews: int
    step_up_days: tuple[int, int]
    return_days: int
    take_up_days: int
    earlier_days: int
    re_audit_days: int
    feedback_days: int
    needs_at_baseline: int
    good_grade: int
    inadequate_grade: int
    positive_score: int
    kappa_pairs: int
    survival_months: int
    years: int
    reliable_change: Mapping[str, float]  # tool → points; `default` for the others
    age_bands: tuple[tuple[int, str], ...] = field(default=())  # upper age, not included, and name

    @property
    def key(self) -> str:
        return repr(self)


@cache
def activity_rules() -> Rules:
    """The limits that ship. Others: `dataclasses.replace(activity_rules(), plan_days=42)`."""
    found = read_toml(RULES)
    bands = tuple((band["below"], band["name"]) for band in found.pop("age_band"))
    found["step_up_days"] = tuple(found["step_up_days"])
    try:
        rules = Rules(**found, age_bands=bands)
    except TypeError as error:
        raise DefinitionError(f"{RULES}: {error}") from None
    if list(bands) != sorted(bands) or not bands:
        raise DefinitionError(f"{RULES}: the age bands must rise")
    return rules


@cache
def measure_definitions() -> Mapping[str, Measure]:
    """Id → measure, in the order of the file. Raises `DefinitionError`."""
    return keyed(MEASURES, map(_measure, read_toml(MEASURES)["measure"]))


def _measure(row: dict[str, Any]) -> Measure:
    made = build(MEASURES, Measure, {"stock": False, "first": False, "mature_days": 0} | row)
    for field_, words in {
        "polarity": POLARITIES, "quadrant": QUADRANTS, "side": SIDES, "kind": KINDS, "splits": SPLITS,
    }.items():  # fmt: skip
        check_word(MEASURES, made, field_, words)
    if not set(made.needs) <= set(CASE_TABLES):
        raise DefinitionError(f"{MEASURES}: {made.id}: needs: these are not all case tables")
    return replace(made, splits=SPLITS[made.splits], needs=tuple(made.needs))


def measure_of(id: str) -> Measure:
    """The definition of a row's measure: also of the parts made from the data, such as `M18_school`.

    Raises `KeyError` for what is no measure.
    """
    found = measure_definitions()
    return found[id] if id in found else found[id.split("_")[0]]


def chosen(ids: Sequence[str] | None) -> frozenset[str]:
    """The ids wanted: a measure brings its parts. Raises `ValueError` for one that is not known."""
    found = measure_definitions()
    if ids is None:
        return frozenset(found)
    wanted = [ids] if isinstance(ids, str) else list(ids)
    bases = {m.base for m in found.values()}
    for id in wanted:
        if id not in found and id not in bases and id.split("_")[0] not in found:
            raise ValueError(f"There is no measure {id}; there are {', '.join(found)}.")
    parts = {w.split("_")[0] for w in wanted if w not in found}  # such as `M18_school`: made from the data
    return frozenset(i for i, m in found.items() if i in wanted or m.base in wanted or i in parts)
