"""The tables beside the boundaries: look-ups, postcodes, people, services, and the Indices of Deprivation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from sample_data.shapes import locate

COUNTY = "E10000021"
WHOLE = {"level": pl.String, "vintage": pl.String, "code": pl.String, "name": pl.String}
# the 2025 edition's files name two domains by their subject; the definitions use one id in every edition
DOMAINS = {"housing_and_services": "barriers", "environment": "living"}
RANKED = ("imd", "income", "employment", "education", "health", "crime", "barriers", "living")
PARTS = (
    "idaci",
    "idaopi",
    "children_and_young_people",
    "adult_skills",
    "geographical_barriers",
    "wider_barriers",
    "indoors",
    "outdoors",
)
PEOPLE = {
    "pop_total_mid2015": "total",
    "pop_0_15_mid2015": "age_0_15",
    "pop_workingage_mid2015": "working_age",
}
SUMMARIES = {
    "average_rank": "average_rank",
    "avg_rank": "average_rank",
    "average_score": "average_score",
    "avg_score": "average_score",
    "proportion_of_lso_as_in_most_deprived_10_percent_nationally": "proportion",
    "prop_most_deprived_10pc": "proportion",
    "extent": "extent",
    "local_concentration": "local_concentration",
}
LONG_NAMES = {
    "imd25": "imd",
    "education_skills_and_training": "education",
    "health_deprivation_and_disability": "health",
    "barriers_to_housing_and_services": "barriers",
    "living_environment": "living",
}

Boundaries = dict[tuple[str, str], dict[str, Any]]


def geography_tables(folder: Path, collections: Boundaries) -> dict[str, pl.DataFrame]:
    old = pl.read_csv(folder / "geography" / "lsoa11_northants_lookup.csv")
    new = pl.read_csv(folder / "geography" / "lsoa11_lsoa21_northants.csv").rename(
        {"lsoa11cd": "lsoa_2011", "lsoa21cd": "lsoa", "lsoa21nm": "name", "chgind": "change"}
    )
    forums = pl.read_csv(folder / "geography" / "lsoa11_to_forum_ILLUSTRATIVE.csv")
    above = old.join(forums.select("lsoa11cd", "forum_code"), on="lsoa11cd", how="left", validate="1:1").select(
        pl.col("lsoa11cd").alias("lsoa"),
        pl.col("lsoa11nm").alias("name"),
        pl.col("lad19cd").alias("district"),
        pl.col("lad21cd").alias("council"),
        pl.lit(COUNTY).alias("county"),
        pl.col("forum_code").alias("forum"),
        pl.col("msoa11cd").alias("msoa"),
        pl.col("msoa11hclnm").alias("msoa_name"),
        pl.col("ruc11nm").alias("rural_urban"),
    )
    posts = postcodes(folder, new)
    in_wards = posts.with_columns(
        pl.Series(f"ward_{year}", _codes(posts, collections["ward", year]["features"]), dtype=pl.String)
        for year in ("2013", "2025")
    )
    first = ["lsoa", "name", "ward_2013", "ward_2025", "district", "council", "county", "forum", "lon", "lat"]
    lsoa_2011 = best_fit(above, in_wards, "lsoa_2011").select(*first, pl.exclude(first)).sort("lsoa")
    nested = new.select("lsoa", "name", "lsoa_2011", "change").join(
        above.select(pl.col("lsoa").alias("lsoa_2011"), "district", "council", "county", "forum"),
        on="lsoa_2011",
        how="left",
        validate="m:1",
    )
    lsoa_2021 = best_fit(nested, in_wards, "lsoa_2021").select(*first, pl.exclude(first)).sort("lsoa")
    return {
        "areas.csv": areas(collections, lsoa_2011, lsoa_2021, folder),
        "lsoa_2011.csv": lsoa_2011,
        "lsoa_2021.csv": lsoa_2021,
        "lsoa_2011_2021.csv": new.select("lsoa_2011", pl.col("lsoa").alias("lsoa_2021"), "change").sort(pl.all()),
        "postcodes.csv.gz": posts,
        "population.csv": population(folder),
        "services.csv": services(folder),
    }


def postcodes(folder: Path, new: pl.DataFrame) -> pl.DataFrame:
    """Postcode → small areas and centre. The area of 2011 is the one that the area of 2021 lies in: taken from the
    outlines of both, which are drawn a few metres apart, four postcodes would contradict the look-up."""
    table = pl.read_csv(folder / "geography" / "postcodes_northants_lsoa.csv.gz")
    return (
        table.rename({"lsoa21cd_pip": "lsoa_2021"})
        .join(new.select(pl.col("lsoa").alias("lsoa_2021"), "lsoa_2011"), on="lsoa_2021", how="left", validate="m:1")
        .select("postcode", "lsoa_2011", "lsoa_2021", "lon", "lat")
        .sort("postcode")
    )


def _codes(points: pl.DataFrame, features: list[dict[str, Any]]) -> list[str | None]:
    found = locate(points["lon"].to_numpy(), points["lat"].to_numpy(), features)
    return [features[i]["properties"]["code"] if i >= 0 else None for i in found.tolist()]


def best_fit(lookup: pl.DataFrame, in_wards: pl.DataFrame, lsoa: str) -> pl.DataFrame:
    """Adds the ward of each vintage with most of the area's postcodes, that share (0–1), and the postcodes' middle."""
    for ward in ("ward_2013", "ward_2025"):
        share = (pl.col("len") / pl.col("len").sum().over(lsoa)).round(3).alias(f"{ward}_share")
        most = (
            in_wards.drop_nulls(ward)
            .group_by(lsoa, ward)
            .len()
            .with_columns(share)
            .sort(lsoa, "len", ward, descending=[False, True, False])
            .unique(lsoa, keep="first", maintain_order=True)
            .drop("len")
        )
        lookup = lookup.join(most, left_on="lsoa", right_on=lsoa, how="left", validate="1:1")
    middles = in_wards.group_by(lsoa).agg(pl.col("lon", "lat").mean().round(5))
    return lookup.join(middles, left_on="lsoa", right_on=lsoa, how="left", validate="1:1")


def areas(collections: Boundaries, lsoa_2011: pl.DataFrame, lsoa_2021: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Every area of every level, with the one above it and how many small areas it holds."""
    named = pl.DataFrame(
        [
            (level, vintage, one["properties"]["code"], one["properties"]["name"])
            for (level, vintage), made in collections.items()
            for one in made["features"]
        ],
        schema=WHOLE,
        orient="row",
    )
    above = {"lsoa": "council", "ward": "council", "district": "council", "forum": "council", "council": "county"}
    rows = []
    for (level, vintage), group in named.group_by("level", "vintage", maintain_order=True):
        lookup = lsoa_2011 if vintage in ("2011", "2013", "2019", "illustrative") else lsoa_2021
        column = f"ward_{vintage}" if level == "ward" else level
        parent = pl.col(above[level]).mode().min() if level in above else pl.lit(None, pl.String)
        held = lookup.group_by(pl.col(column).alias("code")).agg(
            parent.first().alias("parent"), pl.len().alias("small_areas")
        )
        standing = "illustrative" if level == "forum" else "reference"
        rows.append(group.join(held, on="code", how="left").with_columns(pl.lit(standing).alias("standing")))
    return pl.concat(rows)


def population(folder: Path) -> pl.DataFrame:
    """A row a small area and year. The 2017 and 2019 estimates have children's ages only, the census broad ages
    only."""
    room = folder / "population"
    ages = ["age_0_4", "age_5_10", "age_11_15", "age_16_17", "age_0_15", "age_0_17"]
    single = pl.read_csv(room / "mye2020_lsoa11_northants_single_year.csv")
    grown = single.select(
        pl.col("lsoa11_code").alias("lsoa"),
        pl.sum_horizontal(str(age) for age in range(16, 65)).cast(pl.Int64).alias("age_16_64"),
        pl.sum_horizontal([*(str(age) for age in range(65, 90)), "90+"]).cast(pl.Int64).alias("age_65_plus"),
        pl.lit(2020, pl.Int64).alias("year"),
    )
    estimates = (
        pl.read_csv(room / "mye_lsoa11_northants_2017_2019_2020.csv")
        .rename({"lsoa11cd": "lsoa", "mid_year": "year"})
        .select(
            "lsoa", pl.lit(2011).alias("vintage"), "year", pl.lit("mid-year estimate").alias("basis"), "total", *ages
        )
        .join(grown, on=["lsoa", "year"], how="left")
    )
    census = pl.read_csv(room / "census2021_lsoa21_northants_broad_age.csv")
    bands = [c for c in census.columns if c.startswith("Aged")]
    counted = census.select(
        pl.col("lsoa21_code").alias("lsoa"),
        pl.lit(2021).alias("vintage"),
        pl.lit(2021, pl.Int64).alias("year"),
        pl.lit("census").alias("basis"),
        pl.sum_horizontal(bands).alias("total"),
        pl.col("Aged 15 years and under").alias("age_0_15"),
        pl.sum_horizontal(bands[1:-1]).alias("age_16_64"),
        pl.col("Aged 65 years and over").alias("age_65_plus"),
    )
    return pl.concat([estimates, counted], how="diagonal").sort("vintage", "year", "lsoa")


def services(folder: Path) -> pl.DataFrame:
    room = folder / "services"
    places = [
        pl.col("lon").round(5),
        pl.col("lat").round(5),
        pl.col("lsoa11cd").alias("lsoa_2011"),
        pl.col("lsoa21cd").alias("lsoa_2021"),
    ]
    further = pl.col("establishment_type_group").is_in(["Colleges", "Universities"])
    phase = pl.when(pl.col("education_phase") == "Not applicable").then(pl.col("establishment_type"))
    schools = pl.read_csv(room / "schools_northants_gias_20250524.csv").select(
        pl.when(further).then(pl.lit("college")).otherwise(pl.lit("school")).alias("kind"),
        pl.col("establishment_name").alias("name"),
        phase.otherwise(pl.col("education_phase")).alias("detail"),
        pl.col("urn").cast(pl.String).alias("reference"),
        *places,
        pl.col("as_of").cast(pl.String),
        pl.col("number_of_pupils").cast(pl.Int64).alias("pupils"),
        pl.col("percentage_fsm").alias("free_meals_percent"),
    )
    centres = pl.read_csv(room / "childrens_centres_northants_NN_postcodes.csv").select(
        pl.lit("childrens_centre").alias("kind"),
        "name",
        pl.when(pl.col("name").str.contains("Hub"))
        .then(pl.lit("Family hub"))
        .otherwise(pl.lit("Children's centre"))
        .alias("detail"),
        "postcode",
        *places,
        pl.col("as_of").str.slice(0, 4),
    )
    libraries = pl.read_csv(room / "libraries_northants_2015.csv").select(
        pl.lit("library").alias("kind"),
        "name",
        pl.lit("Library").alias("detail"),
        "postcode",
        *places,
        pl.col("as_of").cast(pl.String),
    )
    first = ["kind", "name", "detail", "reference", "postcode", "lon", "lat", "lsoa_2011", "lsoa_2021", "as_of"]
    every = pl.concat([schools, centres, libraries], how="diagonal")
    return every.select(*first, pl.exclude(first)).sort("kind", "name", "reference")


def deprivation_tables(folder: Path) -> dict[str, pl.DataFrame]:
    room = folder / "deprivation"
    tables = {}
    for year, lsoa, district in (("2019", "lsoa11cd", "lad19cd"), ("2025", "lsoa21cd", "lad22cd")):
        short = "11" if year == "2019" else "21"
        england = _renamed(pl.read_csv(room / f"iod{year}_england_lsoa{short}.csv.gz", infer_schema_length=None))
        people = [pl.col(old).alias(new) for old, new in PEOPLE.items() if old in england.columns]
        ranks = [f"{d}_rank" for d in (*RANKED, "idaci") if f"{d}_rank" in england.columns]
        rates = [f"{d}_score" for d in ("income", "employment")]
        tables[f"iod{year}_england.csv.gz"] = england.select(
            pl.col(lsoa).alias("lsoa"),
            pl.col(district).alias("district"),
            "imd_score",
            *ranks,
            "imd_decile",
            *rates,
            *people,
        ).sort("lsoa")
        county = _renamed(pl.read_csv(room / f"iod{year}_northants_lsoa{short}.csv", infer_schema_length=None))
        own = [f"{d}_rank" for d in (*RANKED, *PARTS) if f"{d}_rank" in county.columns]
        tables[f"iod{year}_northamptonshire.csv"] = county.select(
            pl.col(lsoa).alias("lsoa"), "imd_score", *rates, *own, *people
        ).sort("lsoa")
    for name, file in (
        ("iod2019_districts.csv", "iod2019_lad19_summaries_file10.csv"),
        ("iod2019_counties.csv", "iod2019_utla19_summaries_file11.csv"),
        ("iod2025_districts.csv", "iod2025_lad24_summaries.csv"),
    ):
        tables[name] = _summary(pl.read_csv(room / file, infer_schema_length=None))
    return tables


def _renamed(table: pl.DataFrame) -> pl.DataFrame:
    words = {f"{old}_{what}": f"{new}_{what}" for old, new in DOMAINS.items() for what in ("rank", "decile", "score")}
    return table.rename(words, strict=False)


def _summary(table: pl.DataFrame) -> pl.DataFrame:
    """Code, name, and `<domain>_<summary>` columns; the ranks of the summaries are left out."""
    code, name, *columns = table.columns
    kept = {code: "code", name: "name"}
    for column in columns:
        for ending, summary in SUMMARIES.items():
            domain = column.removesuffix("_" + ending)
            domain = LONG_NAMES.get(domain, domain)
            if column.endswith("_" + ending) and domain in (*RANKED, "idaci", "idaopi"):
                kept[column] = f"{domain}_{summary}"
    return table.select(pl.col(old).alias(new) for old, new in kept.items()).sort("code")
