"""Published figures made into series: one estimate for each series, area and period.

The definitions (`series.toml`) say which feeds a series is made of and in which order; `known_faults.csv` says
which published figures are known to be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from metrics.catalogue import Series, area_codes, catalogue
from metrics.estimates import NOT_APPLICABLE, NOT_AVAILABLE, SCHEMA
from metrics.intervals import byar, wilson

EXTRAS = {"feed": pl.String, "note": pl.String, "previous_value": pl.Float64}  # beside SCHEMA
LINE = ["measure", "breakdown", "group"]
KEY = [*LINE, "period_end"]
NUMBERS = ["numerator", "denominator", "value", "lower", "upper", "n"]
ENDS = {"financial": (3, 31), "snapshot": (3, 31), "academic": (8, 31), "calendar": (12, 31)}  # month, day


def resolve(
    figures: pl.DataFrame,
    series: Iterable[Series] | Mapping[str, Series],
    *,
    faults: pl.DataFrame,
    spellings: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """One estimate for each series, area and period, out of the figures of its feeds.

    figures: `estimates.FIGURES` (with `previous_value`, if known); `measure` is a feed id.
    faults: feed (`cover:*` means each that begins so), area, period_end (ISO date or `*`), action (`missing`, `not
    applicable`, `belongs to` the area in `becomes`, `remark`), reason: what is known to be wrong in a file. The
    reason goes into `note`; a faulty row stays, without its numbers.
    spellings: old area code → code in use; None takes those of the definitions.

    Of several feeds the first with a value wins, area by area and period by period. Dates and labels follow the
    series' kind of year (`2018/19`, `2018`, `March 2019`; several years together keep the label published). Where
    only a rate and its count are published the denominator is worked back, and `method` says so. Limits are the
    publisher's if given, else Wilson's for proportions and Byar's for rates; without counts there are none. Gives
    SCHEMA and `EXTRAS`, sorted."""
    series = list(series.values() if isinstance(series, Mapping) else series)
    plan = _plan(series)
    if spellings is None:
        spellings = area_codes(catalogue().areas)
    codes = {k.upper(): v for k, v in spellings.items() if k.upper() != v}
    rows = (
        figures.with_columns(pl.lit(None, t).alias(c) for c, t in EXTRAS.items() if c not in figures.columns)
        .with_columns(feed="measure", group=pl.col("group").replace(codes))
        .drop("measure")
        .join(plan, on="feed")
        .with_columns(_period_end())
        .with_columns(_label())
    )
    rows = _apply_faults(rows, faults)
    counts = (
        rows.filter("counts")
        .select(*KEY, count=pl.coalesce("numerator", "value"))
        .unique(KEY, keep="first", maintain_order=True)
    )
    rows = rows.filter(~pl.col("counts")).join(counts, on=KEY, how="left", maintain_order="left")
    rows = _fill_in(rows).sort(*KEY, pl.col("value").is_null(), "order").unique(KEY, keep="first", maintain_order=True)
    return with_limits(rows).select(*SCHEMA, *EXTRAS).cast({**SCHEMA, **EXTRAS})


def _plan(series: Sequence[Series]) -> pl.DataFrame:
    rows = [
        (feed, s.id, order, feed == s.numerator_feed and order == len(s.feeds), s.multiplier, s.value_type, s.year_type)
        for s in series
        for order, feed in enumerate([*s.feeds, *filter(None, [s.numerator_feed])])
    ]
    names = ["feed", "measure", "order", "counts", "multiplier", "value_type", "year_type"]
    types = [pl.String, pl.String, pl.Int64, pl.Boolean, pl.Float64, pl.String, pl.String]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def _period_end() -> pl.Expr:
    """The day on which the series' kind of year ends: files label an academic and a financial year alike."""
    end = pl.col("period_end")
    for year_type, (month, day) in ENDS.items():
        end = (
            pl.when(pl.col("year_type") == year_type)
            .then(pl.date(pl.col("period_end").dt.year(), month, day))
            .otherwise(end)
        )
    return end.alias("period_end")


def _label() -> pl.Expr:
    year = pl.col("period_end").dt.year()
    two = pl.format("{}/{}", year - 1, (year % 100).cast(pl.String).str.zfill(2))
    pooled = pl.col("period").str.contains(r"/.*/|\d\s+-\s+\d")
    return (
        pl.when(pooled | (pl.col("year_type") == "quarter"))
        .then("period")
        .when(pl.col("year_type").is_in(["financial", "academic"]))
        .then(two)
        .when(pl.col("year_type") == "snapshot")
        .then(pl.format("March {}", year))
        .otherwise(year.cast(pl.String))
        .alias("period")
    )


def _apply_faults(rows: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    names = rows.select(pl.col("feed").unique())
    faults = (
        faults.rename({"feed": "pattern", "area": "group", "period_end": "when"})
        .join(names, how="cross")
        .filter(
            (pl.col("feed") == pl.col("pattern"))
            | (
                pl.col("pattern").str.ends_with("*")
                & pl.col("feed").str.starts_with(pl.col("pattern").str.strip_suffix("*"))
            )
        )
    )
    say = ["action", "becomes", "reason"]
    always = faults.filter(pl.col("when") == "*").select(
        "feed", "group", *[pl.col(c).alias(f"{c}_always") for c in say]
    )
    once = faults.filter(pl.col("when") != "*").select(
        "feed", "group", *say, period_end=pl.col("when").str.to_date("%Y-%m-%d")
    )
    rows = (
        rows.join(once, on=["feed", "group", "period_end"], how="left", maintain_order="left")
        .join(always, on=["feed", "group"], how="left", maintain_order="left")
        .with_columns(pl.coalesce(c, f"{c}_always").alias(c) for c in say)
    )
    gone = pl.col("action").is_in(["missing", "not applicable"])
    status = (
        pl.when(pl.col("action") == "missing")
        .then(pl.lit(NOT_AVAILABLE))
        .when(pl.col("action") == "not applicable")
        .then(pl.lit(NOT_APPLICABLE))
        .otherwise("status")
    )
    return rows.with_columns(
        *[
            pl.when(gone.fill_null(False)).then(None).otherwise(pl.col(c)).alias(c)
            for c in [*NUMBERS, "previous_value"]
        ],
        status=status,
        group=pl.when(pl.col("action") == "belongs to").then("becomes").otherwise("group"),
        note=_join_words("note", "reason"),
    )


def _join_words(*columns: str) -> pl.Expr:
    words = pl.concat_list([pl.col(c) for c in columns]).list.drop_nulls().list.unique(maintain_order=True)
    return words.list.eval(pl.element().filter(pl.element() != "")).list.join(" ").replace("", None)


def _fill_in(rows: pl.DataFrame) -> pl.DataFrame:
    """Reckon what one of numerator, denominator and value leaves open; `back` tells which was worked back."""
    is_count = pl.col("value_type") == "count"
    value = pl.coalesce("value", pl.col("multiplier") * pl.col("numerator") / pl.col("denominator"))
    value = pl.when(is_count).then(pl.coalesce("value", "numerator")).otherwise(value)
    rows = rows.with_columns(value=pl.when(value.is_finite()).then(value))
    bare = pl.col("numerator").is_null() & pl.col("denominator").is_null() & pl.col("value").is_not_null()
    no_count = pl.col("numerator").is_null() & pl.col("denominator").is_not_null() & pl.col("value").is_not_null()
    from_count = bare & pl.col("count").is_not_null() & (pl.col("value") > 0) & ~is_count
    summable = pl.col("value_type").is_in(["proportion", "rate"])
    back = pl.when(from_count & summable).then(pl.lit("denominator")).when(no_count & summable).then(pl.lit("count"))
    rows = rows.with_columns(back=back)
    return rows.with_columns(
        numerator=pl.when(is_count)
        .then("value")
        .when(pl.col("back") == "denominator")
        .then("count")
        .when(pl.col("back") == "count")
        .then((pl.col("value") * pl.col("denominator") / pl.col("multiplier")).round())
        .otherwise("numerator"),
        denominator=pl.when(pl.col("back") == "denominator")
        .then(pl.col("multiplier") * pl.col("count") / pl.col("value"))
        .otherwise("denominator"),
    )


def with_limits(rows: pl.DataFrame) -> pl.DataFrame:
    """Limits, `method` and `n` of rows that also hold value_type, multiplier and back (what was worked back, or
    null)."""
    given = pl.col("lower").is_not_null() & pl.col("upper").is_not_null()
    proportion, rate = pl.col("value_type") == "proportion", pl.col("value_type") == "rate"
    rows = rows.with_columns(given=given, w=wilson("numerator", "denominator"), b=byar("numerator", "denominator"))
    kind = pl.when(proportion).then("w").when(rate).then("b")
    known = pl.col("value").is_not_null() & ~pl.col("given")

    def limit(name: str) -> pl.Expr:
        ours = pl.when(known).then(kind.struct.field(name) * pl.col("multiplier"))
        return pl.when("given").then(name).otherwise(ours).alias(name)

    rows = rows.with_columns(limit("lower"), limit("upper"))
    name = pl.when(proportion).then(pl.lit("Wilson 95%")).when(rate).then(pl.lit("Byar 95%"))
    method = (
        pl.when(pl.col("value").is_null())
        .then(pl.lit(""))
        .when("given")
        .then(pl.lit("publisher's 95% limits"))
        .when(pl.col("lower").is_null())
        .then(pl.lit("as published, no limits"))
        .when(pl.col("back").is_null())
        .then(name)
        .otherwise(pl.format("{}, {} worked back from the rounded rate", name, pl.col("back")))
    )
    n = pl.when(proportion).then("denominator").otherwise("numerator").round().cast(pl.Int64)
    return rows.with_columns(method=method, n=pl.coalesce("n", pl.when(pl.col("value").is_not_null()).then(n)))
