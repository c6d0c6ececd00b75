"""From counts by group and period to rows of the estimates frame."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from metrics.activity.definitions import measure_of
from metrics.activity.question import Question
from metrics.counting import ALL, CROSS
from metrics.estimates import LOW, NOT_APPLICABLE, NOT_AVAILABLE, SCHEMA, conform, empty
from metrics.intervals import byar, student, wilson

COLUMNS = {
    "measure": pl.String, "g": pl.String, "p": pl.Int64, "numerator": pl.Float64, "denominator": pl.Float64,
    "value": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "n": pl.Float64, "marked": pl.String,
    "method": pl.String,
}  # fmt: skip
PER = 10_000  # children, of a rate


def counts(id: str, frame: pl.DataFrame, numerator: str, denominator: str | None = None) -> pl.DataFrame:
    """Rows of one measure from a frame with `g`, `p` and its counts; a measure without denominator is a count."""
    down = pl.col(denominator) if denominator else pl.lit(None)
    return _rows(id, frame, numerator=pl.col(numerator), denominator=down)


def values(id: str, frame: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """Rows of a measure whose value and limits are reckoned already: any of COLUMNS as expressions."""
    return _rows(id, frame, **columns)


def _rows(id: str, frame: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    given = {"measure": pl.lit(id), "g": pl.col("g"), "p": pl.col("p"), **columns}
    return frame.select(given.get(c, pl.lit(None)).cast(kind).alias(c) for c, kind in COLUMNS.items())


def estimates(question: Question, tallies: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The estimates frame of all rows, sorted by measure, group and time.

    Nothing to reckon with (a denominator of 0): status `z`. A period that is not over, or whose rows are not yet
    followed up in full: `provisional`.
    """
    rows = pl.concat([pl.DataFrame(schema=COLUMNS), *tallies])
    if rows.is_empty():
        return empty()
    ids = rows["measure"].unique().to_list()
    known = {i: measure_of(i) for i in ids}
    kind = pl.col("measure").replace_strict({i: m.kind for i, m in known.items()}, return_dtype=pl.String)
    days = pl.col("measure").replace_strict({i: m.mature_days for i, m in known.items()}, return_dtype=pl.Int64)
    people = [i for i, m in known.items() if m.per != "cell"]
    up, down = pl.col("numerator"), pl.col("denominator")
    rows = rows.join(question.calendar(rows["p"]), on="p").with_columns(kind.alias("kind"))
    parts = []
    for name, part in rows.partition_by("kind", as_dict=True).items():
        parts.append(_limits(part, name[0]))
    rows = pl.concat(parts, how="diagonal_relaxed")
    ripe = pl.col("period_end").dt.offset_by(pl.format("{}d", days)) <= question.as_at
    nothing = pl.col("value").is_null()
    status = (
        pl.when(pl.col("marked").is_not_null()).then(pl.col("marked"))
        .when(nothing & (down == 0)).then(pl.lit(NOT_APPLICABLE))
        .when(nothing).then(pl.lit(NOT_AVAILABLE))
        .when(ripe).then(pl.col("status"))
        .otherwise(pl.lit("provisional"))
    )  # fmt: skip
    whole = pl.when(pl.col("kind").is_in(["count", "rate"])).then(up).otherwise(down)
    rows = rows.with_columns(
        status=status,
        breakdown=pl.lit(CROSS.join(question.by) or ALL),
        group=pl.col("g"),
        n=pl.when(pl.col("measure").is_in(people)).then(pl.coalesce("n", whole)).round(),
    )
    order = {i: n for n, i in enumerate(sorted(ids, key=_order))}
    rows = rows.sort(pl.col("measure").replace_strict(order, return_dtype=pl.Int64), "group", "period_end")
    return conform(rows, SCHEMA)


def _order(id: str) -> tuple[str, int, str]:
    base, _, part = id.partition("_")
    return base, int(part) if part.isdigit() else 0, part


def _limits(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Value, limits and method by kind, where the row does not bring its own."""
    up, down = pl.col("numerator"), pl.col("denominator")
    value = {"share": 100 * up / down, "rate": PER * up / down, "ratio": up / down, "count": up}.get(kind)
    if value is None:
        return rows
    made = {
        "share": (wilson(up, down, multiplier=100), "Wilson 95%"),
        "rate": (byar(up, down, multiplier=PER), "Byar 95%, exact below 10"),
        "count": (byar(up), "Byar 95%, exact below 10"),
    }
    rows = rows.with_columns(value=value if kind == "count" else pl.when(down > 0).then(value))
    if kind not in made:
        return rows.with_columns(method=pl.lit("no interval"))
    limits, method = made[kind]
    return rows.drop("lower", "upper").with_columns(limits.alias("_"), method=pl.lit(method)).unnest("_")


def mean_change(id: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Mean and Student limits from `pairs`, `change` and `change_squared` (sums)."""
    n, total = pl.col("pairs"), pl.col("change")
    spread = ((pl.col("change_squared") - total * total / n) / (n - 1)).clip(lower_bound=0).sqrt()
    frame = frame.with_columns(
        pl.when(n > 0).then(total / n).alias("mean"), pl.when(n > 1).then(spread).alias("sd")
    ).with_columns(student("mean", "sd", "pairs").alias("limits"))
    return values(
        id,
        frame,
        numerator=total,
        denominator=n,
        value=pl.col("mean"),
        lower=pl.col("limits").struct.field("lower"),
        upper=pl.col("limits").struct.field("upper"),
        marked=pl.when(n == 1).then(pl.lit(LOW)),
        method=pl.lit("Student 95%"),
    )
