"""What is ever shown of the areas of a Star, of the whole county: small counts hidden.

Each area is judged by itself, in steps: the number of people with two Stars is known by then (`star_shown.county`),
who moved which way is judged beside it, and the stage matrix beside both. An area's counts add up to that number, and
to nothing else that is shown. Both baselines are judged together, since the latest Stars are the same for both. A mean
is a sum of counts too (everybody counts once for each stage they have reached), so a mean that would give a hidden
count away is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard.access import Scope
from dashboard.answers import star_records as records
from dashboard.answers.keep import kept_with_records
from dashboard.answers.star_shown import KNOWN, PAIRED, WHOLE, county, hidden, of
from metrics import star
from metrics.definition_files import read_toml
from metrics.disclosure import Rule, audit, join, total
from metrics.estimates import SCHEMA

_LEAST = read_toml("least_shown.toml")["star"]
LEAST, MATRIX_LEAST = _LEAST["paired"], _LEAST["matrix"]  # people with two Stars in a year
UP, SAME, DOWN = MOVES = ("stage_up", "stage_same", "stage_down")
AT_CEILING, MAINTAINED, SLIPPED, BELOW_UP, BELOW_DOWN = CEILING = (
    "first_at_ceiling", "maintained", "slipped", "below_stage_up", "below_stage_down",
)  # fmt: skip
BEGAN, NOW = MEANS = ("stage_mean_first", "stage_mean_last")
SIZE, CLEAR = "stage_rank_biserial", "stage_p_holm"
POINTS = ("points_mean_first", "points_mean_last")
MATRIX, TIMES = "stage_matrix", " × "
_NONE = pl.DataFrame(schema=SCHEMA)
_FIXED = Rule(standing=KNOWN, exempt=True)


@kept_with_records
def areas(scope: Scope, kind: str, period: str, baseline: str) -> pl.DataFrame:
    """An estimates frame of one year with `group` the area: MOVES and CEILING are counts, MEANS are means of stages, of
    which the numerator is the sum. Without rows where too few have two Stars, or it is hidden how many."""
    made = [_area(scope, kind, period, area) for area in records.kinds(scope)[kind].edition.area_ids]
    return _of_baseline(pl.concat([_NONE, *made]), baseline)


@kept_with_records
def matrix(scope: Scope, kind: str, period: str, baseline: str, area: str) -> pl.DataFrame:
    """An estimates frame of one area in one year, as `metrics.star.stage_matrix` gives it, but that the values are
    counts. Without rows where too few have two Stars."""
    return _of_baseline(_matrix(scope, kind, period, area), baseline)


@kept_with_records
def measured(scope: Scope, kind: str, period: str, baseline: str) -> pl.DataFrame:
    """Measured values with `group` the area: the size of the change and its test by stage, and means in points. To be
    shown to one decimal, and the test as a word: no count can then be worked out from them."""
    if _paired(scope, kind, period, LEAST).is_empty():
        return _NONE
    rows = star.distance_travelled(records.pairs(scope, kind, period, baseline))
    return rows.filter(pl.col("measure").is_in([SIZE, CLEAR, *POINTS]))


def _paired(scope: Scope, kind: str, period: str, least: int) -> pl.DataFrame:
    """The row of the people with two Stars, as known; none where they are fewer than `least`."""
    row = county(scope, kind).filter(pl.col("value").is_not_null(), measure=PAIRED, period=period)
    row = row.filter(pl.col("numerator") >= least)
    return row.with_columns(pl.lit(None, pl.Float64).alias("denominator"), pl.lit(KNOWN).alias("standing"))


def _of_baseline(rows: pl.DataFrame, baseline: str) -> pl.DataFrame:
    mine = rows.filter(pl.col("measure").str.starts_with(f"{baseline}:"))
    return mine.with_columns(pl.col("measure").str.strip_prefix(f"{baseline}:"))


# ---- which way


@kept_with_records
def _area(scope: Scope, kind: str, period: str, area: str) -> pl.DataFrame:
    """Both baselines of one area, measures named as `star_shown.of` does."""
    paired = _paired(scope, kind, period, LEAST)
    if paired.is_empty():
        return _NONE
    made = [_moved(records.pairs(scope, kind, period, b), b, area) for b in star.BASELINES]
    sums = join(*_moves(), *_ceiling(), *_means(_stages(scope, kind)))
    safe = hidden(pl.concat([*made, paired], how="diagonal"), sums, _FIXED).filter(pl.col("standing").is_null())
    mean = pl.col("measure").str.split(":").list.last().is_in(MEANS) & pl.col("numerator").is_not_null()
    people = pl.lit(paired["numerator"].item())
    return safe.with_columns(
        pl.when(mean).then(pl.col("numerator") / people).otherwise("value").alias("value"),
        pl.when(mean).then(people).otherwise("denominator").alias("denominator"),
        pl.lit(area).alias("group"),
    ).select(list(SCHEMA))


def _moved(pairs: star.Pairs, baseline: str, area: str) -> pl.DataFrame:
    moved = star.distance_travelled(pairs).filter(group=area)
    counts = moved.filter(pl.col("measure").is_in([*MOVES, *CEILING]))
    if pairs.both.clustered:
        counts = _with_limits_of_families(counts, pairs, area)
    sums = moved.filter(pl.col("measure").is_in(MEANS)).with_columns(_without_limits())
    return _placed(pl.concat([counts, sums]), baseline)


def _with_limits_of_families(counts: pl.DataFrame, pairs: star.Pairs, area: str) -> pl.DataFrame:
    """Where families have several people: the limits that allow for it, for those that moved."""
    drawn = star.family_bootstrap(pairs, measures=(UP, DOWN)).filter(group=area)
    named = drawn.select("measure", pl.col("lower", "upper", "method").name.prefix("_"))
    both = counts.join(named, on="measure", how="left", maintain_order="left")
    return both.with_columns(pl.coalesce(f"_{c}", c).alias(c) for c in ("lower", "upper", "method")).select(
        counts.columns
    )


def _without_limits() -> list[pl.Expr]:
    return [pl.lit(None, pl.Float64).alias(c) for c in ("denominator", "lower", "upper")]


def _placed(rows: pl.DataFrame, baseline: str) -> pl.DataFrame:
    """Rows of one area as rows of the county, like the number of people that they are parts of."""
    return rows.with_columns(
        pl.format("{}:{}", pl.lit(baseline), "measure").alias("measure"),
        pl.lit(WHOLE).alias("breakdown"),
        pl.lit(WHOLE).alias("group"),
    )


# ---- the stage matrix


@kept_with_records
def _matrix(scope: Scope, kind: str, period: str, area: str) -> pl.DataFrame:
    paired = _paired(scope, kind, period, MATRIX_LEAST)
    if paired.is_empty():
        return _NONE
    cells = [_cells(records.pairs(scope, kind, period, b), b, area) for b in star.BASELINES]
    shown = _area(scope, kind, period, area).filter(pl.col("numerator").is_not_null())
    known = shown.with_columns(
        *_without_limits(),
        pl.lit(WHOLE).alias("breakdown"),
        pl.lit(WHOLE).alias("group"),
        pl.lit(KNOWN).alias("standing"),
    )
    stages = _stages(scope, kind)
    sums = join(*_moves(), *_ceiling(), *_means(stages), *_of_cells(stages))
    safe = hidden(pl.concat([*cells, known, paired], how="diagonal"), sums, _FIXED)
    if not audit(safe, totals=sums, rules=[_FIXED])["safe"].all():  # what is known already leaves no room to hide in
        return _NONE
    group = pl.col("measure").str.split(f"{MATRIX} ")
    return (
        safe.filter(pl.col("standing").is_null())
        .with_columns(
            pl.format(f"{area}{TIMES}{{}}", group.list.last()).alias("group"),
            pl.format(f"{{}}{MATRIX}", group.list.first()).alias("measure"),
        )
        .select(list(SCHEMA))
    )


def _cells(pairs: star.Pairs, baseline: str, area: str) -> pl.DataFrame:
    rows = star.stage_matrix(pairs).filter(pl.col("group").str.starts_with(f"{area}{TIMES}"))
    cell = pl.format(f"{MATRIX} {{}}", pl.col("group").str.strip_prefix(f"{area}{TIMES}"))
    counts = rows.with_columns(cell.alias("measure"), pl.col("numerator").alias("value"), *_without_limits())
    return _placed(counts, baseline)


# ---- what adds up to what


def _stages(scope: Scope, kind: str) -> range:
    return range(1, records.kinds(scope)[kind].edition.stage_count + 1)


def _moves() -> list[pl.DataFrame]:
    made = []
    for baseline in star.BASELINES:
        moves = [of(baseline, m) for m in MOVES]
        made.append(total("measure", PAIRED, moves, relation=f"{baseline}: which way"))
        made += [_same(move, PAIRED) for move in moves]
    return made


def _ceiling() -> list[pl.DataFrame]:
    made = []
    for baseline in star.BASELINES:
        above, still, slipped, below_up, below_down = (of(baseline, m) for m in CEILING)
        below, up, down = of(baseline, "below"), of(baseline, UP), of(baseline, DOWN)
        made += [
            total("measure", PAIRED, [above, below], relation=f"{baseline}: where they began"),
            total("measure", above, [still, slipped]),
            total("measure", up, [below_up, of(baseline, "up above")], relation="where they began"),
            total("measure", down, [below_down, of(baseline, "down above")], relation="where they began"),
            _same(above, PAIRED),
            *(_same(m, above) for m in (still, slipped)),
            *(_same(m, below) for m in (below_up, below_down)),
        ]
    return made


def _same(measure: str, whole: str) -> pl.DataFrame:
    return total("measure", f"{measure}/denominator", [whole], relation="the same")


def _means(stages: Sequence[int]) -> list[pl.DataFrame]:
    """The sum of the stages: all who reached the first, and all who reached the second, and so on."""
    made = []
    for baseline in star.BASELINES:
        for mean, name in ((of(baseline, BEGAN), of(baseline, "began")), (of(baseline, NOW), "now")):
            above = {k: f"{name} {k} or above" for k in stages[1:]}
            made.append(total("measure", mean, [PAIRED, *above.values()], relation="stage by stage"))
            for k, reached in above.items():
                higher = [above[k + 1]] if k + 1 in above else []
                made.append(total("measure", reached, [f"{name} {k}", *higher], relation=mean))
    return made


def _of_cells(stages: Sequence[int]) -> list[pl.DataFrame]:
    made = []
    for baseline in star.BASELINES:
        cells = {(i, j): of(baseline, f"{MATRIX} {i}{TIMES}{j}") for i in stages for j in stages}
        for move, sign in zip(MOVES, (1, 0, -1), strict=True):
            mine = [cell for (i, j), cell in cells.items() if (j > i) - (j < i) == sign]
            made.append(total("measure", of(baseline, move), mine, relation="cells"))
        for stage in stages:
            began, now = ([cell for at, cell in cells.items() if at[way] == stage] for way in (0, 1))
            made.append(total("measure", of(baseline, f"began {stage}"), began))
            made.append(total("measure", f"now {stage}", now, relation=baseline))
    return made
