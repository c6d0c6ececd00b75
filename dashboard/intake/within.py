"""Areas within the county, which the partnership's own files may name: small areas, wards, forum areas, districts.

Forum areas are the partnership's own, so the list of those that were loaded is handed in; until there is one, those
that ship stand in.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import polars as pl

from sample_data import places as shipped

from .batch import Ledger

WORDS = {
    "lsoa": "small area",
    "ward": "ward",
    "forum": "forum area",
    "district": "district",
    "council": "council",
    "county": "county",
}
ENDED = "this ward ended before 2025, and the map has the wards of 2025: give today's ward, or the small areas"
STAND_IN = "this stand-in for a forum area is out of use, as the partnership's own forum areas are loaded"
STRANGE = {  # how a code begins → why one that is not known here is refused
    "E01": "this is not the code of a small area of the county, of 2011 or of 2021",
    "E05": "this is not the code of a ward of the county",
}
MIXED = "codes of small areas of 2011 and of 2021 are mixed for this measure and period: use those of one year"


def plain_name(name: str) -> str:
    """A name without regard to capitals, signs and spaces."""
    text = name.lower().replace("&", " and ").replace("’", "'")
    return " ".join(re.sub(r"[^a-z0-9()]+", " ", text).split())


@dataclass(frozen=True, slots=True)
class Within:
    """`codes`: code, and code in capitals, → code. `names`: plain name → codes. `levels`: code → level. `refused`: code
    that is known and not taken → why."""

    codes: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, str]
    refused: Mapping[str, str]

    def find(self, text: str) -> set[str]:
        """The areas that a code or name may mean. A name may say the level too: `Corby forum area`."""
        found = set(self.names.get(plain_name(text), ()))
        code = self.codes.get(text) or self.codes.get(text.upper())
        return found | ({code} if code else set())

    def why_not(self, text: str) -> str | None:
        """Why a code that could be one of the county's is not taken; None where nothing is known of it."""
        code = text.upper()
        official = len(code) == 9 and code[1:].isdigit()
        return self.refused.get(code) or (STRANGE.get(code[:3]) if official else None)

    def ambiguous(self, text: str, found: set[str]) -> str:
        """Why a name that several areas have is refused."""
        which = " and ".join(f"a {WORDS.get(self.levels.get(c, ''), 'council')} ({c})" for c in sorted(found))
        return f"this is the name of {which}: give the code, or say which, such as “{text} {WORDS['forum']}”"


def within(forum_areas: Mapping[str, str] | None = None) -> Within:
    """The areas within the county. `forum_areas`: code → name of those that were loaded; None: those that ship."""
    return _within(None if forum_areas is None else tuple(sorted(forum_areas.items())))


@lru_cache(maxsize=8)
def _within(forum_areas: tuple[tuple[str, str], ...] | None) -> Within:
    every = shipped.areas()
    old = every.filter(level="ward", vintage="2013")["code"]
    refused = {code: ENDED for code in old}
    rows = every.filter(~pl.col("code").is_in(old.implode())).select("level", "code", "name").unique()
    if forum_areas is not None:
        refused |= {code: STAND_IN for code in rows.filter(level="forum")["code"]}
        own = pl.DataFrame(forum_areas, schema={"code": pl.String, "name": pl.String}, orient="row")
        rows = pl.concat(
            [rows.filter(pl.col("level") != "forum"), own.select(pl.lit("forum").alias("level"), pl.all())]
        )
    names: dict[str, set[str]] = defaultdict(set)
    for level, code, name in rows.iter_rows():
        word = WORDS[level]
        for text in (name, f"{name} {word}", f"{word} {name}", f"{name} ({word})"):
            names[plain_name(text)].add(code)
    codes = {code.upper(): code for code in rows["code"]} | {code: code for code in rows["code"]}
    return Within(
        codes=codes,
        names={name: tuple(sorted(held)) for name, held in names.items()},
        levels=dict(rows.select("code", "level").iter_rows()),
        refused={code: why for code, why in refused.items() if code not in codes},
    )


@cache
def _of_one_year() -> tuple[pl.Series, pl.Series]:
    """Codes that only the small areas of 2011 have, and only those of 2021."""
    old, new = (set(shipped.lookup(v)["lsoa"]) for v in (2011, 2021))
    return pl.Series(sorted(old - new)), pl.Series(sorted(new - old))


def one_year(frame: pl.DataFrame, refuse) -> None:
    """Refuse the rows with codes of the other year, where a measure and period has small areas of 2011 and of 2021."""
    old, new = (pl.col("place").is_in(codes.implode()) for codes in _of_one_year())
    key = ["measure", "period_end"]
    counted = frame.with_columns(
        old.alias("_old"), new.alias("_new"), old.sum().over(key).alias("_olds"), new.sum().over(key).alias("_news")
    )
    fewer = pl.when(pl.col("_olds") > pl.col("_news")).then("_new").otherwise("_old")
    refuse(counted.filter((pl.col("_olds") > 0) & (pl.col("_news") > 0) & fewer), "area", MIXED, "place")


def gaps(frame: pl.DataFrame, ledger: Ledger) -> None:
    """A remark where a measure has figures for some of the county's small areas and not for all of them."""
    small = {v: shipped.lookup(v)["lsoa"] for v in (2011, 2021)}
    mine = frame.filter(pl.col("breakdown") == "area", pl.col("group").is_in(pl.concat(small.values()).implode()))
    old = pl.col("group").is_in(_of_one_year()[0].implode()).any()
    of = pl.when(old).then(len(small[2011])).otherwise(len(small[2021]))
    held = mine.group_by("measure", "period", maintain_order=True).agg(areas=pl.col("group").n_unique(), of=of)
    short = held.filter(pl.col("areas") < pl.col("of"))
    if short.height:
        measure, period, areas, every = short.row(0)
        more = f" and {short.height - 1:,} more" if short.height > 1 else ""
        ledger.remarks.append(
            f"Some small areas have no figure: {measure}, {period} (given for {areas:,} of {every}){more}. A larger "
            "area is shown only where each of its small areas has one, so give 0 where there is none."
        )
