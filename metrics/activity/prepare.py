"""Rows put where they belong: every case table with the columns that figures are split by.

Area: where the row's own small area lies, else its episode's, its family's or its child's. Agency: who assessed, who
leads the episode, whose assessment was audited, who owns the action. Level of need: at the start of the episode. Age:
of the child that the episode is about, else of the family's youngest child when it began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules, activity_rules
from metrics.activity.engine import beside, is_polars, month, table
from metrics.cases import CASE_TABLES

PLACES = ("forum_area", "district", "council", "county", "ward")
BY = ("forum_area", "district", "council", "county", "ward", "agency_type", "agency", "level", "age_band")
OF_EPISODE = ("review", "plan", "need", "feedback", "reading", "step_event")
_NONE = nw.lit(None, nw.String)


class Prepared(dict[str, Any]):
    """Case tables with the columns of `BY`, as `prepare` gives them: name → frame of the engine that they came in.

    What is reckoned of them once for all questions is kept with them (`metrics.activity.facts`).
    """

    def __init__(self, tables: Mapping[str, Any], *, plain: Mapping[str, nw.LazyFrame], placed: bool) -> None:
        super().__init__(tables)
        self.plain = plain  # the tables as they came
        self.placed = placed  # whether the places were given
        self.facts: dict[Any, Any] = {}


def prepare(tables: Mapping[str, Any], places: Any = None, *, rules: Rules | None = None) -> Prepared:
    """Add to every case table that can be split the columns of `BY` (text, null where not known) and `kin`.

    tables: name → frame with the columns of `metrics.cases.CASE_TABLES`, all of one engine: Polars (lazy or not),
        pandas (dates as `datetime64`), DuckDB or PySpark. A table that is missing is empty.
    places: frame of Polars with `lsoa` and any of the columns `PLACES` (codes); without it nothing is split by area.
    `kin` is the family, or the child where no family is known. A small table `population` (`area`, `level`, `people`,
    `year`) goes through as it is.
    """
    rules = rules or activity_rules()
    eager = any(isinstance(f, pl.DataFrame) for f in tables.values())
    held = {n: table(f, n) for n, f in tables.items() if n in CASE_TABLES and f is not None}
    put = _Placing(held, places, rules)
    made: dict[str, Any] = dict(held)
    if "episode" in held:
        made["episode"] = put.episodes(held["episode"])
    if "assessment" in held:
        begun = put.begun(held["episode"]) if "episode" in held else None
        made["assessment"] = put.assessments(held["assessment"], begun)
    for name in OF_EPISODE:
        if name in held and "episode" in made:
            keys = made["episode"].select("episode_id", _kin="kin", **{f"_{k}": nw.col(k) for k in BY})
            made[name] = _named(held[name].join(keys, on="episode_id", how="left"))
    if "audit" in held:
        made["audit"] = put.audits(held["audit"], held.get("episode"), held.get("assessment"))
        for name in ("audit_answer", "audit_action"):
            if name in held:
                keys = made["audit"].select("audit_id", **{f"_{k}": nw.col(k) for k in BY})
                made[name] = _named(held[name].join(keys, on="audit_id", how="left"))
        if "audit_action" in made:
            made["audit_action"] = put.agency(made["audit_action"], "owner_agency_id")
    if "referral" in held:
        made["referral"] = put.referrals(held["referral"])
    if "forum" in held and "forum_item" in held:
        made["forum_item"] = put.forum_items(held["forum_item"], held["forum"])
    if "spend" in held:
        made["spend"] = put.agency(_empty(held["spend"], (*PLACES, "level", "age_band")), "agency_id")
    made = {name: nw.to_native(frame) for name, frame in made.items()}
    if eager:
        made = dict(zip(made, pl.collect_all(list(made.values())), strict=True))
    if tables.get("population") is not None:
        made["population"] = tables["population"]
    return Prepared(made, plain=held, placed=places is not None)


def _empty(frame: nw.LazyFrame, columns: Sequence[str]) -> nw.LazyFrame:
    return frame.with_columns(_NONE.alias(c) for c in columns)


def _named(frame: nw.LazyFrame) -> nw.LazyFrame:
    """Columns that came with a stroke before their name, under their name."""
    names = frame.collect_schema().names()
    theirs = [c for c in names if c.startswith("_")]
    mine = [c for c in names if not c.startswith("_") and f"_{c}" not in theirs]
    return frame.select(*mine, **{c[1:]: nw.col(c) for c in theirs})


class _Placing:
    """The look-ups, and how each kind of row is put into its groups."""

    def __init__(self, held: Mapping[str, nw.LazyFrame], places: Any, rules: Rules) -> None:
        self.rules = rules
        self.families, self.people, self.agencies = (held.get(n) for n in ("family", "person", "agency"))
        self.places = None
        if places is not None and held:
            small = pl.from_dataframe(places) if not isinstance(places, pl.DataFrame | pl.LazyFrame) else places
            small = small.lazy().collect()
            codes = [pl.col(c).cast(pl.String) for c in PLACES if c in small.columns]
            self.places = (
                small.select(pl.col("lsoa").alias("_lsoa"), *codes).unique("_lsoa"),
                next(iter(held.values())),
            )

    def kin(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """`kin`, `home` (small area) and `born` (month, of the child that the row names)."""
        family, lsoa = nw.col("family_id"), nw.col("lsoa")
        born = nw.lit(None, nw.Int32)
        if self.people is not None:
            people = self.people.filter(~nw.col("person_id").is_null())
            people = people.select("person_id", _family="family_id", _place="lsoa", born=month(people, "birth_month"))
            frame = frame.join(people, on="person_id", how="left")
            family, lsoa, born = (
                nw.coalesce(family, nw.col("_family")),
                nw.coalesce(lsoa, nw.col("_place")),
                nw.col("born"),
            )
        frame = frame.with_columns(kin=nw.coalesce(family, nw.col("person_id")), home=lsoa, born=born)
        if self.families is not None:
            families = self.families.filter(~nw.col("family_id").is_null())
            families = families.select(kin="family_id", _at="lsoa")
            frame = frame.join(families, on="kin", how="left").with_columns(home=nw.coalesce("home", "_at"))
        return frame.select(*(c for c in frame.collect_schema().names() if not c.startswith("_")))

    def area(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """The areas in which `home` lies."""
        if self.places is None:
            return _empty(frame, PLACES)
        small, like = self.places
        frame = frame.join(beside(like, small), left_on="home", right_on="_lsoa", how="left")
        return _empty(frame, [c for c in PLACES if c not in small.columns])

    def agency(self, frame: nw.LazyFrame, column: str) -> nw.LazyFrame:
        """`agency` and `agency_type` of the agency that a column names; what stood there stays where it names none."""
        before = [c for c in ("agency", "agency_type") if c in frame.collect_schema().names()]
        frame = frame.rename({c: f"_{c}" for c in before}).with_columns(agency=nw.col(column))
        if self.agencies is None:
            frame = _empty(frame, ["agency_type"])
        else:
            types = self.agencies.select(agency="agency_id", agency_type="agency_type")
            frame = frame.join(types.filter(~nw.col("agency").is_null()), on="agency", how="left")
        if not before:
            return frame
        frame = frame.with_columns(nw.coalesce(c, f"_{c}").alias(c) for c in before)
        return frame.drop([f"_{c}" for c in before])

    def band(self, frame: nw.LazyFrame, at: str) -> nw.LazyFrame:
        """`age_band` from the month of birth and a date."""
        frame = frame.with_columns(_age=(month(frame, at) - nw.col("born")) // 12)
        age = nw.col("_age")
        made = nw.when(age < self.rules.age_bands[-1][0]).then(nw.lit(self.rules.age_bands[-1][1]))
        for below, name in reversed(self.rules.age_bands[:-1]):
            made = nw.when(age < below).then(nw.lit(name)).otherwise(made)
        return frame.with_columns(age_band=made).drop("_age")

    def youngest(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """`born` of the family's youngest child already born when the episode began, where the row names no child."""
        if self.people is None:
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
        return self.agency(self.area(self.band(self.begun(frame), "start_date")), "lead_agency_id")

    def begun(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """Episodes with what others take from them: `kin`, `home`, `born` and `level`."""
        frame = self.youngest(self.kin(frame))
        level = nw.col("level_at_start")
        if not is_polars(frame):  # pandas holds a whole number beside gaps as a float
            level = level.cast(nw.Float64) if frame.implementation.is_pandas() else level
        names = nw.when(level == 4).then(nw.lit("4"))
        for n in (3, 2, 1):
            names = nw.when(level == n).then(nw.lit(str(n))).otherwise(names)
        return frame.with_columns(level=names)

    def assessments(self, frame: nw.LazyFrame, episodes: nw.LazyFrame | None) -> nw.LazyFrame:
        frame = self.kin(frame)
        if episodes is None:
            frame = _empty(frame, ["level"])
        else:
            keys = episodes.select(
                "episode_id", "level", _kin="kin", _home="home", _born="born", episode_end="end_date"
            )
            frame = frame.join(keys.filter(~nw.col("episode_id").is_null()), on="episode_id", how="left")
            frame = frame.with_columns(nw.coalesce(c, f"_{c}").alias(c) for c in ("kin", "home", "born"))
            frame = frame.drop("_kin", "_home", "_born")
        return self.agency(self.area(self.band(frame, "start_date")), "agency_id")

    def referrals(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        frame = self.band(_empty(self.kin(frame), ["level", "agency", "agency_type"]), "date")
        return self.area(frame)

    def audits(
        self, frame: nw.LazyFrame, episodes: nw.LazyFrame | None, assessments: nw.LazyFrame | None
    ) -> nw.LazyFrame:
        """The keys of the audited episode, else of the audited assessment; the agency is the audit's own.

        Audits are few: only what they audited is put in its place.
        """
        if assessments is not None:
            seen = frame.filter(~nw.col("assessment_id").is_null()).select("assessment_id").unique()
            assessments = assessments.join(seen, on="assessment_id", how="semi")
        if episodes is not None:
            named = [f.select("episode_id") for f in (frame, assessments) if f is not None]
            seen = nw.concat(named).filter(~nw.col("episode_id").is_null()).unique()
            episodes = self.begun(episodes.join(seen, on="episode_id", how="semi"))
        if assessments is not None:
            assessments = self.assessments(assessments, episodes)
        if episodes is not None:
            episodes = self.agency(self.area(self.band(episodes, "start_date")), "lead_agency_id")
        frame = _empty(frame, BY)
        for name, theirs in (("episode_id", episodes), ("assessment_id", assessments)):
            if theirs is None:
                continue
            keys = theirs.filter(~nw.col(name).is_null()).select(name, **{f"_{k}": nw.col(k) for k in BY})
            frame = frame.join(keys, on=name, how="left")
            frame = frame.with_columns(nw.coalesce(k, f"_{k}").alias(k) for k in BY).drop([f"_{k}" for k in BY])
        return self.agency(frame, "agency_id")

    def forum_items(self, frame: nw.LazyFrame, forums: nw.LazyFrame) -> nw.LazyFrame:
        """The forum's area and day, and `next_meeting`: the day on which the same area's forum met again."""
        frame = _empty(frame, [k for k in (*PLACES, "level", "age_band") if k != "forum_area"])
        days = forums.select("forum_area", "date").unique()
        days = days.with_columns(next_meeting=nw.col("date").shift(-1).over("forum_area", order_by="date"))
        meetings = forums.select("forum_id", "forum_area", "date").join(days, on=["forum_area", "date"], how="left")
        frame = frame.join(meetings.select("forum_id", "forum_area", "next_meeting", meeting="date"), on="forum_id")
        return self.agency(frame, "owner_agency_id")
