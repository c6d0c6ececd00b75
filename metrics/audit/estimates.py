"""What the sample says about all assessments of its frame: shares and means, design-weighted, with limits.

A group of the sample (everybody, an agency, a forum area) has p = Σ w·y / Σ w over its audits, w = N/n of the stratum.
Its variance is Σ N²(1 − f)·s²/n / (Σ w)², s² that of z = y − p in the group and 0 outside it, over the whole stratum.
For everybody that is Σ W²(1 − f)·p(1 − p)/(n − 1). A stratum of one audit is held against the mean of all.

Sources: W. G. Cochran, *Sampling Techniques* (3rd ed., 1977), 5.3 and 5A.14; T. Lumley, *Complex Surveys* (2010), for
strata of one; limits of a share by Wilson's formula at the effective number of audits p(1 − p)/variance, E. L. Korn and
B. I. Graubard, Survey Methodology 24 (1998) 193–201.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from metrics.activity.definitions import activity_rules
from metrics.audit.definitions import rules
from metrics.audit.sampling import POPULATION
from metrics.counting import ALL, CROSS, NOT_RECORDED
from metrics.estimates import LOW, NOT_AVAILABLE, OK, SCHEMA, conform
from metrics.intervals import wilson, z_value

SHARES = ("audit_good", "audit_inadequate")
_KEYS = ["round_id", "stratum"]


def estimate(
    audits: pl.DataFrame,
    frame: pl.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    period: str = "",
    period_end: date | None = None,
    least: int | None = None,
) -> pl.DataFrame:
    """Estimates frame of `audit_good`, `audit_inadequate` (weighted), `audit_good_plain` (of the audits seen) and,
    where the audits have it, `audit_compliance` (weighted mean), for everybody or for each group of `by`.

    audits: a row an audit: `stratum`, `final_grade` (1–4), the columns of `by`, and where there are such `round_id`,
        `purpose` (only `population` counts), `parent_audit_id` (re-audits do not count), `compliance` (%).
    frame: the sizes, `stratum` and `frame_size` (and `round_id`), or the frozen frame itself: a row an assessment.
    by: none, one or two columns. least: audits under which a group is `low`, without value; 10 by default.
    Values are percentages, 0–100; n is audits. Raises `ValueError` for an audit whose stratum the frame has not.
    """
    keys = [] if not by else [by] if isinstance(by, str) else list(by)
    least = rules().least_audits if least is None else least
    rows, sizes = _sample(audits, frame, keys)
    good = activity_rules().good_grade
    ys: dict[str, pl.Expr] = {
        "audit_good": pl.col("final_grade") >= good,
        "audit_inadequate": pl.col("final_grade") == activity_rules().inadequate_grade,
    }
    if "compliance" in rows.columns:
        ys["audit_compliance"] = pl.col("compliance")
    parts = [_weighted(rows.with_columns(y.cast(pl.Float64).alias("y")).drop_nulls("y"), id) for id, y in ys.items()]
    parts.append(_plain(rows, pl.col("final_grade") >= good))
    without = sizes.join(rows, on=_KEYS, how="anti").height
    told = f", {without} of {sizes.height} strata without an audit" if without and not keys else ""
    found = pl.concat([conform(part) for part in parts])
    if keys and rows.is_empty():
        return found.clear()  # no group is there
    few = pl.col("n") < least
    numbers = ("numerator", "denominator", "value", "lower", "upper")
    found = found.with_columns(
        *(pl.when(~few).then(pl.col(c)) for c in numbers),
        pl.when(pl.col("n") == 0)
        .then(pl.lit(NOT_AVAILABLE))
        .when(few)
        .then(pl.lit(LOW))
        .otherwise(pl.lit(OK))
        .alias("status"),
        pl.lit(CROSS.join(keys) or ALL).alias("breakdown"),
        pl.lit(period).alias("period"),
        pl.lit(period_end, pl.Date).alias("period_end"),
        pl.when(pl.col("measure") == "audit_good_plain").then("method").otherwise(pl.col("method") + told),
    )
    order = {m: i for i, m in enumerate(("audit_good", "audit_good_plain", "audit_inadequate", "audit_compliance"))}
    place = pl.col("measure").replace_strict(order, return_dtype=pl.Int64)
    return conform(found.sort(place, "group"), SCHEMA)


def _sample(audits: pl.DataFrame, frame: pl.DataFrame, keys: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The audits that count, with `_size` of their stratum and `group`; and the strata."""
    rows = audits.drop_nulls("final_grade")
    if "purpose" in rows.columns:
        rows = rows.filter(pl.col("purpose").fill_null(POPULATION) == POPULATION)
    if "parent_audit_id" in rows.columns:
        rows = rows.filter(pl.col("parent_audit_id").is_null())
    several = "round_id" in rows.columns and "round_id" in frame.columns
    one_round = pl.col("round_id") if several else pl.lit("")
    rows, frame = (f.with_columns(one_round.alias("round_id")) for f in (rows, frame))
    if "frame_size" not in frame.columns or "assessment_id" in frame.columns:
        sizes = frame.group_by(_KEYS).agg(pl.len().cast(pl.Int64).alias("frame_size"))
    else:
        sizes = frame.select(*_KEYS, pl.col("frame_size").cast(pl.Int64)).unique()
    rows = rows.join(sizes.rename({"frame_size": "_size"}), on=_KEYS, how="left", maintain_order="left")
    strange = rows.filter(pl.col("_size").is_null())
    if strange.height:
        raise ValueError(f"The frame has no stratum {strange['stratum'][0]}, from which an audit comes.")
    group = pl.concat_str((pl.col(k).cast(pl.String).fill_null(NOT_RECORDED) for k in keys), separator=CROSS)
    return rows.with_columns(group.alias("group") if keys else pl.lit(ALL).alias("group")), sizes


def _weighted(rows: pl.DataFrame, id: str) -> pl.DataFrame:
    """Value, variance and limits of the mean of `y` in each group."""
    if rows.is_empty():
        return pl.DataFrame({"measure": [id], "group": [ALL], "n": [0], "method": [""]})
    w, y, drawn = pl.col("weight"), pl.col("y"), pl.col("drawn")
    rows = rows.with_columns(pl.len().over(_KEYS).cast(pl.Float64).alias("drawn")).with_columns(
        (pl.col("_size") / drawn).alias("weight"), (1 - drawn / pl.col("_size")).clip(lower_bound=0).alias("left")
    )
    means = rows.group_by("group").agg(
        ((w * y).sum() / w.sum()).alias("p"), w.sum().alias("whole"), pl.len().cast(pl.Int64).alias("n"),
        (w * pl.col("left")).sum().alias("_left"),
    )  # fmt: skip
    z = rows.join(means.select("group", "p"), on="group").with_columns((y - pl.col("p")).alias("z"))
    strata = z.group_by("group", *_KEYS).agg(
        pl.col("z").sum().alias("sum"), (pl.col("z") ** 2).sum().alias("squares"),
        pl.col("drawn", "weight", "left").first(),
    )  # fmt: skip
    spread = ((pl.col("squares") - pl.col("sum") ** 2 / drawn) / (drawn - 1)).clip(lower_bound=0)
    spread = pl.when(drawn > 1).then(spread).otherwise(pl.col("squares"))
    part = drawn * w**2 * pl.col("left") * spread  # N²(1 − f)s²/n
    variance = strata.group_by("group").agg(part.sum().alias("sum"))
    found = means.join(variance, on="group").with_columns((pl.col("sum") / pl.col("whole") ** 2).alias("variance"))
    p, v, share = pl.col("p"), pl.col("variance"), 1.0 if id == "audit_compliance" else 100.0
    found = found.with_columns(pl.lit(id).alias("measure"), (p * share).alias("value"))
    if id not in SHARES:
        half = z_value(0.95) * v.sqrt()
        return found.with_columns(
            (p - half).clip(lower_bound=0).alias("lower"), (p + half).clip(upper_bound=100).alias("upper"),
            pl.lit("stratified, normal 95%").alias("method"),
        )  # fmt: skip
    # all alike in the sample: no spread to go by, so as many audits as there are, and more the fuller the sample
    left = pl.col("_left") / pl.col("whole")
    effective = pl.when(v > 0).then(p * (1 - p) / v).when(left > 0).then(pl.col("n") / left)
    found = found.with_columns(effective.alias("effective"))
    found = found.with_columns(wilson(p * pl.col("effective"), "effective", multiplier=100).alias("limits")).unnest(
        "limits"
    )
    return found.with_columns(pl.coalesce(c, "value").alias(c) for c in ("lower", "upper")).with_columns(
        pl.lit("stratified, Wilson 95% at the effective number").alias("method")
    )


def _plain(rows: pl.DataFrame, good: pl.Expr) -> pl.DataFrame:
    """Of the audits seen, unweighted."""
    if rows.is_empty():
        return pl.DataFrame({"measure": ["audit_good_plain"], "group": [ALL], "n": [0], "method": [""]})
    found = rows.group_by("group").agg(
        good.sum().cast(pl.Float64).alias("numerator"), pl.len().cast(pl.Int64).alias("n")
    )
    up, down = pl.col("numerator"), pl.col("n").cast(pl.Float64)
    return found.with_columns(
        pl.lit("audit_good_plain").alias("measure"),
        down.alias("denominator"),
        (100 * up / down).alias("value"),
        wilson(up, down, multiplier=100).alias("limits"),
        pl.lit("Wilson 95%").alias("method"),
    ).unnest("limits")
