"""Into which area, agency, level of need and age each row belongs.

Area: where the row's own small area lies, else its child's or family's, else its episode's. Agency: who assessed, who
leads the episode, whose assessment was audited, who owns the action. Level of need: at the start of the episode. Age:
of the child that the row names, else of the family's youngest child when the episode began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules
from metrics.activity.engine import beside, coded, month

PLACES = ("forum_area", "district", "council", "county", "ward")
BY = ("forum_area", "district", "council", "county", "ward", "agency_type", "agency", "level", "age_band")
_NONE = nw.lit(None, nw.String)


class Placing:
    """The look-ups, and how each kind of row is put into its groups: those of `keys`, some or all of BY."""

    def __init__(
        self,
        plain: Mapping[str, nw.LazyFrame],
        places: pl.DataFrame | None,
        rules: Rules,
        keys: Sequence[str],
        *,
        codes: bool = False,
    ) -> None:
        """codes: groups as categories where the engine is Polars, not as text."""
        self.codes = codes
        self.rules, self.keys = rules, tuple(k for k in BY if k in keys)
        self.areas = [k for k in PLACES if k in keys]
        self.aged = "age_band" in keys
        self.families, self.people, self.agencies = (plain.get(n) for n in ("family", "person", "agency"))
        self.places = None
        if places is not None and plain and self.areas:
            named = [pl.col(c).cast(pl.String) for c in self.areas if c in places.columns]
            small = places.select(pl.col("lsoa").alias("_lsoa"), *named).unique("_lsoa")
            self.places = self.coded(beside(next(iter(plain.values())), small), small.columns[1:])

    def kin(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """`kin`, `home` (small area) and, where ages are asked for, `born` (month, of the child that the row names).

        Of people and families only those are looked up of whom something is to be told: there are many more.
        """
        family, lsoa, born = nw.col("family_id"), nw.col("lsoa"), nw.lit(None, nw.Int32)
        if self.people is not None:
            asked = ~nw.col("person_id").is_null()
            if not self.aged:
                asked = asked & (family.is_null() | lsoa.is_null())
            people = self.people.join(frame.filter(asked).select("person_id").unique(), on="person_id", how="semi")
            people = people.select("person_id", _family="family_id", _place="lsoa", born=month(people, "birth_month"))
            frame = frame.join(people, on="person_id", how="left")
            family, lsoa, born = nw.coalesce(family, "_family"), nw.coalesce(lsoa, "_place"), nw.col("born")
        frame = frame.with_columns(kin=nw.coalesce(family, "person_id"), home=lsoa, born=born)
        if self.families is not None:
            asked = nw.col("home").is_null() & ~nw.col("kin").is_null()
            families = self.families.select(kin="family_id", _at="lsoa")
            families = families.join(frame.filter(asked).select("kin").unique(), on="kin", how="semi")
            frame = frame.join(families, on="kin", how="left").with_columns(home=nw.coalesce("home", "_at"))
        return frame.select(c for c in frame.collect_schema().names() if not c.startswith("_"))

    def coded(self, frame: nw.LazyFrame, columns: Sequence[str]) -> nw.LazyFrame:
        return coded(frame, columns) if self.codes else frame

    def area(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """The areas in which `home` lies."""
        if self.places is None:
            return _empty(frame, self.areas)
        frame = frame.join(self.places, left_on="home", right_on="_lsoa", how="left")
        held = self.places.collect_schema().names()
        return _empty(frame, [c for c in self.areas if c not in held])

    def agency(self, frame: nw.LazyFrame, column: str) -> nw.LazyFrame:
        """`agency` and `agency_type` of the agency that a column names; what stood there stays where it names none."""
        before = [c for c in ("agency", "agency_type") if c in frame.collect_schema().names()]
        frame = frame.rename({c: f"_{c}" for c in before})
        if "agency" in self.keys:
            frame = self.coded(frame.with_columns(agency=nw.col(column)), ["agency"])
        if "agency_type" in self.keys:
            if self.agencies is None:
                frame = _empty(frame, ["agency_type"])
            else:
                types = self.agencies.filter(~nw.col("agency_id").is_null())
                types = self.coded(types.select(_type_of="agency_id", agency_type="agency_type"), ["agency_type"])
                frame = frame.join(types, left_on=column, right_on="_type_of", how="left")
        if not before:
            return frame
        return frame.with_columns(nw.coalesce(c, f"_{c}").alias(c) for c in before).drop([f"_{c}" for c in before])

    def band(self, frame: nw.LazyFrame, at: str) -> nw.LazyFrame:
        """`age_band` from the month of birth and a date."""
        if not self.aged:
            return frame
        frame = frame.with_columns(_age=(month(frame, at) - nw.col("born")) // 12)
        age = nw.col("_age")
        made = nw.when(age < self.rules.age_bands[-1][0]).then(nw.lit(self.rules.age_bands[-1][1]))
        for below, name in reversed(self.rules.age_bands[:-1]):
            made = nw.when(age < below).then(nw.lit(name)).otherwise(made)
        return frame.with_columns(age_band=made).drop("_age")

    def youngest(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """`born` of the family's youngest child already born when the episode began, where the row names no child."""
        if self.people is None or not self.aged:
            return frame
        children = self.people.filter(nw.col("role") == "child", ~nw.col("family_id").is_null())
        children = children.select(kin="family_id", _birth=month(children, "birth_month"))
        begun = frame.filter(nw.col("person_id").is_null())
        begun = begun.select("episode_id", "kin", _begun=month(begun, "start_date"))
        found = begun.join(children, on="kin").filter(nw.col("_birth") <= nw.col("_begun"))
        found = found.group_by("episode_id").agg(nw.col("_birth").max())
        frame = frame.join(found, on="episode_id", how="left")
        return frame.with_columns(born=nw.coalesce("born", "_birth")).drop("_birth")

    def episodes(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        frame = self.youngest(self.kin(frame))
        if "level" in self.keys:
            level = nw.col("level_at_start")
            names = nw.when(level == 4).then(nw.lit("4"))
            for n in (3, 2, 1):
                names = nw.when(level == n).then(nw.lit(str(n))).otherwise(names)
            frame = frame.with_columns(level=names)
        return self.agency(self.area(self.band(frame, "start_date")), "lead_agency_id")

    def under(self, frame: nw.LazyFrame, above: nw.LazyFrame, key: str) -> nw.LazyFrame:
        """Rows with the groups of what they belong to, and its `kin`."""
        names = above.collect_schema().names()
        return frame.join(above.select(key, *(c for c in (*self.keys, "kin") if c in names)), on=key, how="left")

    def assessments(
        self, frame: nw.LazyFrame, episodes: nw.LazyFrame | None, *, also: Mapping[str, str] = MappingProxyType({})
    ) -> nw.LazyFrame:
        """`episodes`: as `episodes` gives them; `also`: new columns from theirs."""
        frame = self.area(self.band(self.kin(frame), "start_date"))
        own = [k for k in self.keys if k in (*self.areas, "age_band")]
        if episodes is None:
            frame = _empty(frame, [k for k in self.keys if k == "level"])
        else:
            theirs = {f"_{k}": nw.col(k) for k in (*own, "kin")}
            level = [k for k in self.keys if k == "level"]
            frame = frame.join(episodes.select("episode_id", *level, **theirs, **also), on="episode_id", how="left")
            frame = frame.with_columns(nw.coalesce(c, f"_{c}").alias(c) for c in (*own, "kin")).drop(list(theirs))
        return self.agency(frame, "agency_id")

    def referrals(self, frame: nw.LazyFrame, at: str = "date") -> nw.LazyFrame:
        frame = _empty(self.kin(frame), [k for k in self.keys if k in ("level", "agency", "agency_type")])
        return self.area(self.band(frame, at))

    def audits(
        self, frame: nw.LazyFrame, episodes: nw.LazyFrame | None, assessments: nw.LazyFrame | None
    ) -> nw.LazyFrame:
        """The groups of the audited episode, else of the audited assessment; the agency is the audit's own.

        episodes: in their places; assessments: as they came, for audits are few and only theirs are looked at.
        """
        if assessments is not None:
            seen = frame.select("assessment_id").unique()
            assessments = self.assessments(assessments.join(seen, on="assessment_id", how="semi"), episodes)
        frame = _empty(frame, self.keys)
        for name, theirs in (("episode_id", episodes), ("assessment_id", assessments)):
            if theirs is not None:
                given = theirs.filter(~nw.col(name).is_null()).select(name, **{f"_{k}": nw.col(k) for k in self.keys})
                frame = frame.join(given, on=name, how="left")
                frame = frame.with_columns(nw.coalesce(k, f"_{k}").alias(k) for k in self.keys)
                frame = frame.drop([f"_{k}" for k in self.keys])
        return self.agency(frame, "agency_id")

    def forum_items(self, frame: nw.LazyFrame, forums: nw.LazyFrame) -> nw.LazyFrame:
        """The forum's area and day, and `next_meeting`: the day on which the same area's forum met again."""
        frame = _empty(frame, [k for k in self.keys if k not in ("forum_area", "agency", "agency_type")])
        days = forums.select("forum_area", "date").unique()
        days = days.with_columns(next_meeting=nw.col("date").shift(-1).over("forum_area", order_by="date"))
        meetings = forums.select("forum_id", "forum_area", "date").join(days, on=["forum_area", "date"], how="left")
        area = ["forum_area"] if "forum_area" in self.keys else []
        frame = frame.join(meetings.select("forum_id", *area, "next_meeting", meeting="date"), on="forum_id")
        return self.agency(frame, "owner_agency_id")

    def spend(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        return self.agency(_empty(frame, [k for k in self.keys if k not in ("agency", "agency_type")]), "agency_id")


def _empty(frame: nw.LazyFrame, columns: Sequence[str]) -> nw.LazyFrame:
    return frame.with_columns(_NONE.alias(c) for c in columns) if columns else frame
