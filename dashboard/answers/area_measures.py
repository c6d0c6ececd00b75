"""What can be coloured on the area map: deprivation, people, distance to services, and measures held by area.

Values at any level are sums or population-weighted means over small areas, never averages of averages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from dashboard.access import Scope
from dashboard.answers import places
from dashboard.answers.area_store import held, held_figures, held_periods
from dashboard.answers.keep import kept
from metrics.deprivation import Domain, Edition, editions, summarise_areas, to_areas
from metrics.estimates import NOT_APPLICABLE, OK, SCHEMA, conform
from sample_data import places as shipped

NEED, PEOPLE, PROVISION, OUTCOME = "Need", "People", "Provision", "Held by area"
INDEX = "imd"
CHANGE = "change"  # in place of a year
VINTAGES = {"2019": 2011, "2025": 2021, "2020": 2011, "2021": 2021}  # year of a figure → of its small areas
POSITION = "position in England, 100 most deprived"
CUTS = {POSITION: (20.0, 35.0, 50.0, 65.0), "change": (-10.0, -3.0, 3.0, 10.0), "km": (1.0, 2.0, 3.0, 5.0)}
PARTS = ("idaci", "children_and_young_people")  # parts of domains that early help asks for
KILOMETRES = {"childrens_centre": "children's centre or family hub", "library": "library", "school": "school"}


@dataclass(frozen=True, slots=True)
class AreaMeasure:
    """One measure of the map. `more_is_need`: whether a higher figure means more need (A is the most need)."""

    id: str
    name: str
    kind: str  # NEED | PEOPLE | PROVISION | OUTCOME
    unit: str
    decimals: int
    definition: str
    source: str
    years: Mapping[str, str] = field(hash=False)  # year or period → what it is called, the newest first
    more_is_need: bool = True
    limits: str = ""
    domain: Domain | None = None

    @property
    def title(self) -> str:
        return f"{self.kind}: {self.name[:1].lower() + self.name[1:] if self.kind == PROVISION else self.name}"


@kept
def measures(scope: Scope) -> dict[str, AreaMeasure]:
    """Every measure that can be coloured, by id, in the order of the list."""
    every = [*_deprivation(), *_people(), *_distances(), *_held(scope)]
    return {m.id: m for m in every}


def _deprivation() -> list[AreaMeasure]:
    new, old = (editions()[year] for year in ("2025", "2019"))
    source = f"{new.publisher}, Indices of Deprivation"
    index = Domain(INDEX, "Index of Multiple Deprivation", 1.0, "total")
    made = []
    for domain in (index, *new.domains, *(p for p in old.parts if p.id in PARTS)):
        in_2025 = domain.id == INDEX or domain.id in {d.id for d in (*new.domains, *new.parts)}
        years = {"2025": "2025", "2019": "2019", CHANGE: "change 2019 to 2025"} if in_2025 else {"2019": "2019"}
        made.append(
            AreaMeasure(
                id=domain.id,
                name=domain.name if domain.id in (INDEX, *PARTS) else f"{domain.name} (domain)",
                kind=NEED,
                unit=POSITION,
                decimals=0,
                definition=(
                    f"{domain.name}: where small areas stand in England, from 0 (least deprived) to 100 (most). For a "
                    "larger area the average over its people of the small areas they live in: the published “average "
                    "rank” as a share of all ranks."
                ),
                source=source,
                years=years,
                limits=new.limits,
                domain=domain,
            )
        )
    return made


def _people() -> list[AreaMeasure]:
    both = {"2021": "Census 2021", "2020": "mid-2020"}
    counted = [
        ("total", "Population", "All people who live in the area.", both),
        ("age_0_17", "Children under 18", "Children aged 0 to 17.", {"2020": "mid-2020"}),
        ("age_0_15", "Children under 16", "Children aged 0 to 15.", both),
    ]
    source = "Office for National Statistics: Census 2021; mid-year estimates of 2020"
    limits = "Estimates of 2020 are not rebased to Census 2021: the two years do not compare."
    made = [
        AreaMeasure(id_, name, PEOPLE, "people" if id_ == "total" else "children", 0, text, source, years, True, limits)
        for id_, name, text, years in counted
    ]
    text = "Children aged 0 to 15 for every hundred people."
    return [
        *made,
        AreaMeasure("child_share", "Share who are under 16", PEOPLE, "%", 1, text, source, both, True, limits),
    ]


def _distances() -> list[AreaMeasure]:
    source = (
        "Department for Education (schools, May 2025; children's centres and family hubs, 2026), Arts Council England "
        "(libraries, 2015)"
    )
    return [
        AreaMeasure(
            f"km_{kind}",
            f"Kilometres to the nearest {name}",
            PROVISION,
            "km",
            1,
            "Straight line from the middle of a small area's postcodes; the average over its people for a larger area.",
            source,
            {"2021": "lists of 2015 to 2026"},
            True,
            "Straight lines, not roads or buses; services outside the county are not in the lists.",
        )
        for kind, name in KILOMETRES.items()
    ]


def _held(scope: Scope) -> list[AreaMeasure]:
    return [
        AreaMeasure(
            id_, it.name, OUTCOME, it.unit, it.decimals, it.definition, it.source,
            {p: p for p in held_periods(scope, id_)}, it.polarity != "higher", it.limits,
        )
        for id_, it in held(scope).items()
    ]  # fmt: skip


@kept
def figures(scope: Scope, measure: str, *, level: str, year: str) -> pl.DataFrame:
    """One measure at one level (`places.LEVELS` or `county`) and year: an estimates frame with a row an area.

    `year` is a key of the measure's `years`. Empty where the measure is not held at the level.
    """
    it = measures(scope)[measure]
    if it.kind == OUTCOME:
        return held_figures(scope, measure, level=level, period=year)
    if year == CHANGE:
        return _change(scope, it, level)
    frame = _position(scope, it, level, year) if it.domain else _added_up(scope, it, level, year)
    known = places.names(scope, level, vintage=VINTAGES[year])
    return frame.filter(pl.col("group").is_in(list(known))).sort("group")


def ranks(scope: Scope, year: str) -> pl.DataFrame:
    """The county's small areas with the published ranks of an edition, where they lie, and whom summaries weigh by:
    `total`, `working_age`, `age_0_15`, as published with 2019; of Census 2021 for 2025."""
    where, published = places.lookup(scope, vintage=VINTAGES[year]), shipped.deprivation(year)
    if year == "2025":
        people = places.people(scope, vintage=2021).rename({"age_16_64": "working_age"})
        published = published.join(people.select("lsoa", "total", "age_0_15", "working_age"), on="lsoa")
    return where.join(published, on="lsoa", validate="1:1").sort("lsoa")


def summary(scope: Scope, domain: Domain, level: str, year: str) -> pl.DataFrame:
    """`metrics.deprivation.summarise_areas` of one domain or the index at a level, with `area` in front."""
    edition = editions()[year]
    by = "lsoa" if level == "lsoa" else level
    return summarise_areas(
        ranks(scope, year), population=domain.population, by=by, score="imd_score" if domain.id == INDEX else None,
        rank=f"{domain.id}_rank", areas=edition.areas,
    ).rename({by: "area"})  # fmt: skip


def _position(scope: Scope, it: AreaMeasure, level: str, year: str) -> pl.DataFrame:
    edition: Edition = editions()[year]
    made = summary(scope, it.domain, level, year)
    method = "published rank" if level == "lsoa" else "population-weighted average of ranks"
    return conform(
        made.select(
            pl.lit(it.id).alias("measure"),
            pl.lit("area").alias("breakdown"),
            pl.col("area").alias("group"),
            pl.lit(year).alias("period"),
            pl.lit(date.fromisoformat(edition.released)).alias("period_end"),
            (pl.col("average_rank") * 100 / edition.areas).alias("value"),
            pl.lit(OK).alias("status"),
            pl.lit(method).alias("method"),
        )
    )


def _added_up(scope: Scope, it: AreaMeasure, level: str, year: str) -> pl.DataFrame:
    """People are added up; distances are averaged over people; the share of children is a ratio of sums."""
    vintage = VINTAGES[year]
    people = places.people(scope, vintage=vintage)
    parts = places.parts(scope, level, vintage=vintage).join(
        people.select(pl.col("lsoa").alias("part"), pl.col("total").alias("population")), on="part"
    )
    how, up, down, value = "sum", None, None, None
    if it.kind == PROVISION:
        near = shipped.nearest(vintage, it.id.removeprefix("km_"))
        near = pl.DataFrame({"lsoa": shipped.lookup(vintage)["lsoa"], "value": near})
        people, value, how = people.join(near, on="lsoa"), pl.col("value"), "mean"
    elif it.id == "child_share":
        up, down, how = pl.col("age_0_15"), pl.col("total"), "ratio"
    else:
        value = pl.col(it.id)
    small = people.select(
        pl.lit(it.id).alias("measure"),
        pl.lit("area").alias("breakdown"),
        pl.col("lsoa").alias("group"),
        pl.lit(it.years[year]).alias("period"),
        pl.lit(date(int(year), 6, 30)).alias("period_end"),
        (pl.lit(None) if up is None else up).cast(pl.Float64).alias("numerator"),
        (pl.lit(None) if down is None else down).cast(pl.Float64).alias("denominator"),
        (pl.lit(None) if value is None else value).cast(pl.Float64).alias("value"),
        pl.lit(OK).alias("status"),
    )
    return to_areas(conform(small, SCHEMA), parts, how=how, multiplier=100.0 if how == "ratio" else 1.0)


def _change(scope: Scope, it: AreaMeasure, level: str) -> pl.DataFrame:
    """Position of 2025 less that of 2019, where the area is the same ground in both; elsewhere status `z`."""
    old, new = (figures(scope, it.id, level=level, year=year) for year in ("2019", "2025"))
    same = unchanged(scope, level)
    joined = new.join(old.select("group", pl.col("value").alias("before")), on="group", how="left")
    match = pl.col("group").is_in(list(same)) & pl.col("before").is_not_null()
    return joined.with_columns(
        pl.lit("2019 to 2025").alias("period"),
        pl.when(match).then(pl.col("value") - pl.col("before")).alias("value"),
        pl.when(match).then(pl.lit(OK)).otherwise(pl.lit(NOT_APPLICABLE)).alias("status"),
        pl.when(match).then(pl.lit("2025 less 2019")).otherwise(pl.lit("boundary changed")).alias("method"),
    ).select(new.columns)


@kept
def unchanged(scope: Scope, level: str) -> frozenset[str]:
    """Areas of a level that are the same ground by the small areas of 2011 and of 2021."""
    old, new = places.lookup(scope, vintage=2011), places.lookup(scope, vintage=2021)
    if level == "lsoa":
        return frozenset(new.filter(pl.col("change") == "U")["lsoa"])
    before = old.select(pl.col("lsoa").alias("lsoa_2011"), pl.col(level).alias("before"))
    moved = new.join(before, on="lsoa_2011", how="left").filter(pl.col(level).ne_missing(pl.col("before")))
    touched = set(moved[level]) | set(moved["before"])
    return frozenset(set(new[level].drop_nulls()) - touched)
