"""Families and the people in them: where they live, how old the children are, parents, siblings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from .county import County
from .draw import (
    NONE,
    chance,
    choose,
    choose_by_row,
    days_column,
    first_day,
    id_column,
    month_of,
    rates,
    spread,
    text_column,
    yes_no_column,
)

# Children by ethnic group (DfE codes), roughly as in Census 2021: in the least and the most mixed districts.
ETHNICITIES = ("WBRI", "WOTH", "WIRI", "WROM", "MWBC", "MWBA", "MWAS", "MOTH", "AIND", "APKN", "ABAN", "AOTH", "BAFR",
               "BCRB", "BOTH", "CHNE", "OOTH")  # fmt: skip
LEAST_MIXED = (92, 2.6, 0.3, 0.1, 0.9, 0.4, 0.9, 0.6, 0.8, 0.1, 0.1, 0.3, 0.4, 0.1, 0.1, 0.2, 0.1)
MOST_MIXED = (58, 13.5, 0.5, 0.3, 2.2, 1.6, 1.2, 1.6, 3.6, 1.2, 2.2, 1.8, 8.0, 1.1, 1.3, 0.5, 1.4)
# How near each former district is to the most mixed kind.
MIXED = {"Northampton": 1.0, "Corby": 0.7, "Wellingborough": 0.75, "Kettering": 0.4}
DISTRICTS = {"E07000150": "Corby", "E07000153": "Kettering", "E07000154": "Northampton", "E07000156": "Wellingborough"}
SCHOOL_URNS = 990_000  # no school has a number from here on


@dataclass(frozen=True, slots=True)
class Families:
    """The families of one part, by position; a person's number is a position among all persons of the part."""

    home: np.ndarray  # position of the small area
    moved_in: np.ndarray  # whether the address is on record
    child: np.ndarray  # the child whom the first worry is about
    sibling: np.ndarray  # another child, or NONE
    parent: np.ndarray  # the first parent, or NONE
    born: np.ndarray  # day of birth of `child`; only its month goes into a table
    sibling_born: np.ndarray
    persons: pl.DataFrame  # canonical table

    def born_of(self, family: np.ndarray, person: np.ndarray) -> np.ndarray:
        """Day of birth of the child or the sibling of each family."""
        return np.where(person == self.child[family], self.born[family], self.sibling_born[family])

    def lsoa(self, county: County, families: np.ndarray) -> pl.Series:
        return text_column(county.areas["lsoa"], np.where(self.moved_in, self.home, NONE)[families])

    def table(self, county: County, part: int) -> pl.DataFrame:
        every = np.arange(len(self.home))
        return pl.DataFrame({"family_id": id_column("F", every, part), "lsoa": self.lsoa(county, every)})


def families(county: County, part: int, home: np.ndarray, seen: np.ndarray, whole: np.ndarray) -> Families:
    """People of the families that live in the small areas `home` and were first seen on the days `seen`.

    `whole`: whether the household is on record, or only the child who was referred.
    """
    rng, likely, count = county.stream(part, "people"), rates()["family"], len(home)
    children = np.where(whole, 1 + choose(rng, likely["children"], count), 1)
    parents = np.where(whole, 1 + chance(rng, likely["two_parents"], count), 0)
    others = (whole & chance(rng, likely["other_adult"], count)).astype(int)
    size = children + parents + others
    owner, place = spread(size)
    first = np.cumsum(size) - size
    ages = _ages(rng, likely, owner, place, children, first)
    born = (seen[owner] - ages * 365.25).astype(np.int32)
    is_child, is_parent = place < children[owner], place >= children[owner]
    is_parent &= place < (children + parents)[owner]
    known = chance(rng, 0.98, count)
    sibling, parent = np.where(children > 1, first + 1, NONE), np.where(parents > 0, first + children, NONE)
    sibling_born = np.where(children > 1, born[np.minimum(first + 1, len(born) - 1)], NONE)
    families = Families(home, known, first, sibling, parent, born[first], sibling_born, pl.DataFrame())
    school_age = is_child & (ages >= 4.5) & (ages < 16)
    school = np.where(school_age, county.forum_of[home][owner] * 40 + rng.integers(0, 40, len(owner)), NONE)
    disabled = chance(rng, np.where(is_child, likely["disability"], 0.09), len(owner))
    persons = pl.DataFrame(
        {
            "person_id": id_column("P", np.arange(len(owner)), part),
            "family_id": id_column("F", owner, part),
            "role": text_column(("child", "parent", "other"), np.where(is_child, 0, np.where(is_parent, 1, 2))),
            "birth_month": days_column(first_day(month_of(born))),
            "sex": text_column(("F", "M", "U"), _sex(rng, is_child, place - children[owner], len(owner))),
            "ethnicity": _ethnicity(rng, county, home, owner),
            "disability": yes_no_column(disabled, ~chance(rng, likely["disability_unknown"], len(owner))),
            "lsoa": families.lsoa(county, owner),
            "school_urn": text_column([str(SCHOOL_URNS + n) for n in range(40 * len(county.forums))], school),
        }
    )
    return replace(families, persons=persons)


def _ages(rng, likely, owner, place, children, first) -> np.ndarray:
    """Years of age when the family was first seen: two peaks for the index child, siblings about it, parents above."""
    count = len(children)
    kind = choose(rng, [likely["age_early"], likely["age_teens"], 1 - likely["age_early"] - likely["age_teens"]], count)
    index = np.select(
        [kind == 0, kind == 1], [rng.normal(4.2, 1.5, count), rng.normal(13.2, 1.9, count)], rng.uniform(0, 18, count)
    )
    index = _within(index)
    gap = rng.uniform(1.2, 4.2, len(owner)) * np.where(rng.random(len(owner)) < 0.5, -1, 1)
    ages = np.where(place == 0, index[owner], _within(index[owner] + gap * place))
    oldest = np.maximum.reduceat(np.where(place < children[owner], ages, 0), first)
    adult = oldest[owner] + 17 + rng.gamma(3, 3.5, len(owner))
    return np.where(place < children[owner], ages, adult)


def _within(ages: np.ndarray) -> np.ndarray:
    """Turned back at birth and at 18."""
    ages = np.abs(ages)
    ages = 17.95 - np.abs(17.95 - ages)
    return np.clip(ages, 0.02, 17.95)


def _sex(rng, is_child, rank, size) -> np.ndarray:
    female = np.where(is_child, 0.45, np.where(rank == 0, 0.91, 0.15))
    return np.where(chance(rng, 0.003, size), 2, np.where(chance(rng, female, size), 0, 1))


def _ethnicity(rng, county: County, home: np.ndarray, owner: np.ndarray) -> pl.Series:
    """A family shares one, except for one member in twenty."""
    mixed = [MIXED.get(DISTRICTS.get(code, ""), 0.15) for code in county.areas["district"]]
    weights = np.array([(1 - m) * np.array(LEAST_MIXED) + m * np.array(MOST_MIXED) for m in mixed])
    family = choose_by_row(rng, weights, home)
    own = np.where(chance(rng, 0.05, len(owner)), choose_by_row(rng, weights, home[owner]), family[owner])
    missing = chance(rng, rates()["family"]["ethnicity_missing"], len(home))
    declined = chance(rng, 0.015, len(home))
    codes = np.where(missing[owner], NONE, np.where(declined[owner], len(ETHNICITIES), own))
    return text_column((*ETHNICITIES, "NOBT"), codes)
