"""Writes `sample_data/published/` from a folder of reference figures, through the same intake as any file goes.

    python -m sample_data.build_published FOLDER

Only the feeds that some series of the definitions names are kept, for every area there is. The same input gives the
same bytes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dashboard.intake import read
from metrics.catalogue import catalogue
from metrics.estimates import FIGURES, NOT_AVAILABLE, OK, PROVISIONAL, conform
from sample_data import LOG

OGL = "Open Government Licence v3.0"
SENTENCE = "Contains public sector information licensed under the Open Government Licence v3.0. Source: {}."
KEY = ["measure", "breakdown", "group", "period_end"]
COLUMNS = ["measure", "area", "period", "value", "numerator", "denominator", "lower", "upper", "status", "note"]
OUT = Path(__file__).parent / "published"


@dataclass(frozen=True, slots=True)
class Source:
    """One file to write. Of files that overlap, the one named first holds."""

    file: str
    publisher: str
    release: str
    what: str
    retrieved: str
    inputs: tuple[str, ...]
    convert: Callable[[Path], pl.DataFrame]


def through_intake(path: Path) -> pl.DataFrame:
    """Figures of a file in its publisher's form. Stops when a row of it is refused."""
    return _taken_in(path.read_bytes(), path.name)


def lait(path: Path) -> pl.DataFrame:
    """LAIT's rows, without the columns that were added to them when the figures were gathered."""
    added = ("note", "role", "indicator_id")
    text = pl.read_csv(path, infer_schema=False).drop(added, strict=False)
    return _taken_in(text.write_csv().encode(), path.name)


def _taken_in(data: bytes, name: str) -> pl.DataFrame:
    batch = read(data, file_name=name)
    if not batch.refused.is_empty():
        raise SystemExit(f"{name}: {batch.refused.height} faults, the first: {batch.refused.row(0, named=True)}")
    return batch.figures


def _own(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return _taken_in(rows.write_csv().encode(), name)


def single_points(path: Path) -> pl.DataFrame:
    """Fingertips figures gathered for one period each, with England's beside them."""
    text = pl.read_csv(path, infer_schema=False).with_columns(
        pl.format("fingertips:{}", "fingertips_id").alias("measure")
    )
    text = text.filter(pl.col("measure").is_in(wanted_feeds()))
    areas = text.select(
        "measure",
        "area",
        "period",
        "value",
        "numerator",
        "denominator",
        pl.col("lci").alias("lower"),
        pl.col("uci").alias("upper"),
    )
    england = text.filter(pl.col("england").is_not_null()).select(
        "measure",
        pl.lit("England").alias("area"),
        "period",
        pl.col("england").alias("value"),
        pl.col("england_lci").alias("lower"),
        pl.col("england_uci").alias("upper"),
    )
    # The gathered tables write 0 (and limits of 0) for values that Fingertips withheld, with the counts beside them.
    withheld = (pl.col("value").cast(pl.Float64) == 0) & (pl.col("numerator").cast(pl.Float64) > 0)
    areas = areas.with_columns(
        *(pl.when(~withheld).then(pl.col(c)).alias(c) for c in ("value", "numerator", "denominator", "lower", "upper")),
        pl.when(withheld).then(pl.lit(NOT_AVAILABLE)).alias("status"),
        pl.when(withheld).then(pl.lit("withheld by the publisher")).alias("note"),
    )
    has_england = areas.filter(pl.col("area") == "England").select("measure", "period")
    england = england.unique(maintain_order=True).join(has_england, on=["measure", "period"], how="anti")
    return _own(pl.concat([areas, england], how="diagonal"), path.name)


def low_income(path: Path) -> pl.DataFrame:
    """DWP's table: a row an area, for each year a column of counts and one of shares (0.169 is 16.9%)."""
    text = pl.read_csv(path, infer_schema=False)
    area = next(c for c in text.columns if c.startswith("Area Code"))
    rows = []
    for column in text.columns:
        words = column.split()
        if "FYE" not in words or not column.startswith("Number"):
            continue
        year = int(words[words.index("FYE") + 1])
        share = next(c for c in text.columns if c.startswith("Percentage") and f"FYE {year}" in c)
        rows.append(
            text.select(
                pl.lit("dwp:relative_low_income_under16").alias("measure"),
                pl.col(area).alias("area"),
                pl.lit(f"{year - 1}/{year % 100:02d}").alias("period"),
                (pl.col(share).cast(pl.Float64) * 100).round(4).alias("value"),
                pl.col(column).str.strip_chars().alias("numerator"),
                pl.lit(PROVISIONAL if "[p]" in column else OK).alias("status"),
            )
        )
    return _own(pl.concat(rows), path.name)


DFE = "Department for Education"
SOURCES = (
    Source(
        "dfe_lait_2026.csv",
        DFE,
        "Local Authority Interactive Tool, data of April 2026",
        "Published rates and counts, 2013/14 to 2025/26: all local authorities for the measures compared nationally, "
        "else Northamptonshire, its successors, their neighbours, the region and England",
        "2026-04-08",
        ("lait_la_values.csv", "lait_series.csv", "lait_all_measures_northants_eng_em.csv"),
        lait,
    ),
    Source(
        "dfe_children_in_need_2025.csv",
        DFE,
        "Children in need, reporting year 2025, tables B1, C1, C3 and D3",
        "Counts behind re-referrals, assessment factors, second protection plans and children in need, 2013 to 2025",
        "2026-04-27",
        (
            "dfe_cin_b1_children_in_need_2013_2025.csv",
            "dfe_cin_c1_referrals_rereferrals_2013_2025.csv",
            "dfe_cin_c3_assessment_factors_2018_2025.csv",
            "dfe_cin_d3_second_cp_plan_2013_2025.csv",
        ),
        through_intake,
    ),
    Source(
        "dfe_looked_after_2025.csv",
        DFE,
        "Children looked after in England including adoptions, reporting year 2025; 2018 to 2020 from that of 2022",
        "Counts of children looked after, starting and ceasing, their immunisations, convictions and missing incidents",
        "2026-04-27",
        (
            "dfe_cla_number_rate_2021_2025.csv",
            "dfe_cla_conviction_health_2021_2025.csv",
            "dfe_cla_conviction_health_2018_2022.csv",
            "dfe_cla_missing_updated25.csv",
            "dfe_cla_missing_2018_2022.csv",
        ),
        through_intake,
    ),
    Source(
        "dfe_ks4_2025.csv",
        DFE,
        "Outcomes for children in need, including children looked after, by local authorities in England, 2024/25",
        "English and maths at grade 4 or above by children looked after for 12 months, with counts, 2018/19 to 2024/25",
        "2026-04-27",
        ("dfe_ks4_cin_cla_2019_2025.csv",),
        through_intake,
    ),
    Source(
        "ukhsa_cover_2025.csv",
        "UK Health Security Agency",
        "Cover of vaccination evaluated rapidly (COVER), quarterly, to January to March 2025",
        "Vaccination coverage at 12 months, 24 months and 5 years; counts worked back from the published percentages",
        "",
        ("ukhsa_cover_quarterly_2014_2025.csv",),
        through_intake,
    ),
    Source(
        "ohid_fingertips.csv",
        "Office for Health Improvement and Disparities",
        "Fingertips, Child and Maternal Health and other profiles, releases from 2018 to 2024",
        "Injury admissions at 0 to 14 by year, and single years of other indicators, with 95% limits and counts",
        "2026-04-27",
        ("fingertips_90284_injuries_0_14_2010_2023.csv",),
        through_intake,
    ),
    Source("ohid_fingertips.csv", "", "", "", "", ("fingertips_single_points_2017_2019.csv",), single_points),
    Source(
        "dwp_low_income.csv",
        "Department for Work and Pensions",
        "Children in low income families: local area statistics, 2014/15 to 2020/21 (method of that release)",
        "Children under 16 in relative low income, count and share, for nine areas",
        "",
        ("dwp_relative_low_income_under16_FYE2015_2021.csv",),
        low_income,
    ),
)


def wanted_feeds() -> set[str]:
    series = catalogue().series.values()
    return {feed for one in series for feed in (*one.feeds, one.numerator_feed) if feed}


def existed() -> tuple[dict[str, str], dict[str, str]]:
    """Area code → ISO date of its last day, and area code → ISO date of the last day before it began."""
    areas = catalogue().areas.values()
    ends = {area.code: area.ended for area in areas if area.ended}
    starts: dict[str, str] = {}
    for area in areas:
        for heir in area.successors if area.ended else ():
            starts[heir] = max(starts.get(heir, ""), area.ended)
    return ends, starts


def tidy(figures: pl.DataFrame) -> pl.DataFrame:
    """Keep the wanted feeds, one row a figure, without empty rows for councils that did not exist then."""
    figures = figures.filter(pl.col("measure").is_in(wanted_feeds())).unique(
        subset=KEY, keep="first", maintain_order=True
    )
    ends, starts = existed()
    when = pl.col("period_end").cast(pl.String)
    gone = when > pl.col("group").replace_strict(ends, default="9999", return_dtype=pl.String)
    not_yet = when <= pl.col("group").replace_strict(starts, default="", return_dtype=pl.String)
    return figures.filter(pl.col("value").is_not_null() | ~(gone | not_yet)).sort(KEY)


def as_own_table(figures: pl.DataFrame) -> pl.DataFrame:
    """Our own long form, without columns in which every row is empty."""
    table = figures.rename({"group": "area"}).with_columns(
        pl.when(pl.col("status") != OK).then(pl.col("status")).alias("status")
    )
    table = table.select(COLUMNS)
    for column in ("value", "numerator", "denominator", "lower", "upper"):
        table = table.with_columns(pl.col(column).map_elements(_shortest, return_dtype=pl.String))
    return table.select(c for c in table.columns if table[c].null_count() < table.height)


def _shortest(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def build(folder: Path, out: Path = OUT) -> pl.DataFrame:
    """Write every table and the log into `out`; gives the log."""
    out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[pl.DataFrame]] = {}
    for source in SOURCES:
        for name in source.inputs:
            tables.setdefault(source.file, []).append(source.convert(folder / name))
    entries = []
    for source in SOURCES:
        if not source.publisher:  # adds to a file named before
            continue
        figures = tidy(pl.concat(tables[source.file]))
        data = as_own_table(figures).write_csv(line_terminator="\n").encode()
        _reads_the_same(data, source.file, figures)
        (out / source.file).write_bytes(data)
        entries.append(
            {
                "file": source.file,
                "standing": "published",
                "publisher": source.publisher,
                "release": source.release,
                "licence": OGL,
                "attribution": SENTENCE.format(source.publisher),
                "what": source.what,
                "rows": figures.height,
                "sha256": hashlib.sha256(data).hexdigest(),
                "retrieved": source.retrieved,
            }
        )
    log = pl.DataFrame(entries, schema=LOG)
    log.write_csv(out / "log.csv", line_terminator="\n")
    return log


def _reads_the_same(data: bytes, name: str, figures: pl.DataFrame) -> None:
    """Stop unless the table, read back, gives exactly the figures that went into it."""
    back = _taken_in(data, name).sort(KEY)
    if not back.equals(conform(figures, FIGURES)):
        for column in FIGURES:
            differ = back[column].ne_missing(figures[column]) if back.height == figures.height else None
            if differ is None or differ.any():
                example = figures.filter(differ).row(0) if differ is not None else back.height
                raise SystemExit(f"{name}: column {column} reads back differently: {example}")


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit("usage: python -m sample_data.build_published FOLDER_OF_REFERENCE_FILES")
    for row in build(Path(sys.argv[1])).iter_rows(named=True):
        print(f"{row['file']}: {row['rows']:,} rows")


if __name__ == "__main__":
    main()
