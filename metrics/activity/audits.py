"""Quality audits as activity: grades, coverage, agreement, actions, repeats, weaknesses (M19 to M24)."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import polars as pl

from metrics.activity.engine import fetched, yes
from metrics.activity.question import Question
from metrics.activity.tally import counts, values
from metrics.estimates import LOW
from metrics.intervals import z_value

GRADES = (1, 2, 3, 4)
WEIGHTS = {"no": 2, "partly": 1, "yes": 0}  # halves of a weakness


def tallies(q: Question) -> Iterator[pl.DataFrame]:
    if "audit" in q.facts:
        yield from _grades(q)
        if q.asks("M21", "M21_kappa"):
            yield from _agreement(q)
        if "audit_plan" in q.facts:
            yield from _sample(q)
    if "audit_action" in q.facts and q.asks("M22"):
        in_time = yes(nw.col("done") <= nw.col("due"))
        yield counts("M22", q.every(q.happened("audit_action", "due", {"done": in_time, "n": nw.lit(1)})), "done", "n")
    if "audit_answer" in q.facts and q.asks("M24"):
        yield from _weaknesses(q)


def _grades(q: Question) -> Iterator[pl.DataFrame]:
    grade, days = nw.col("final_grade"), q.rules.re_audit_days
    if q.asks("M19"):
        graded = (nw.col("repeat") == 0) & ~grade.is_null()
        good = q.happened("audit", "done", {"good": yes(grade >= q.rules.good_grade), "n": nw.lit(1)}, where=graded)
        yield counts("M19", q.every(good), "good", "n")
    if q.asks("M23"):
        ripe = nw.col("done") + days <= q.today
        again = ripe & (nw.col("again") <= nw.col("done") + days)
        parts = {"again": yes(again), "n": yes(ripe)}
        poor = q.happened("audit", "done", parts, where=grade == q.rules.inadequate_grade)
        yield counts("M23", q.every(poor), "again", "n")


def _agreement(q: Question) -> Iterator[pl.DataFrame]:
    one, two = nw.col("auditor_grade"), nw.col("moderator_grade")
    both = ~one.is_null() & ~two.is_null()
    cells = {f"c{a}{b}": yes((one == a) & (two == b)) for a in GRADES for b in GRADES}
    table = q.every(q.happened("audit", "done", cells | {"n": nw.lit(1), "same": yes(one == two)}, where=both))
    if q.asks("M21"):
        yield counts("M21", table, "same", "n")
    if q.asks("M21_kappa"):
        yield kappa("M21_kappa", table, least=q.rules.kappa_pairs)


def kappa(id: str, table: pl.DataFrame, *, least: int) -> pl.DataFrame:
    """Quadratic weighted kappa and its 95% limits from the pairs `c11` … `c44` (first grade, second grade) and `n`.

    −1 to 1, 1 is full agreement, 0 what chance would give. Status `low` below `least` pairs; no value where one of the
    two gave the same grade to all, for then chance alone agrees. Limits by the large-sample standard error.
    """
    n, span = pl.col("n"), (len(GRADES) - 1) ** 2
    share = {(a, b): pl.col(f"c{a}{b}") / n for a in GRADES for b in GRADES}
    row = {a: pl.sum_horizontal(share[a, b] for b in GRADES) for a in GRADES}
    column = {b: pl.sum_horizontal(share[a, b] for a in GRADES) for b in GRADES}
    weight = {(a, b): 1 - (a - b) ** 2 / span for a in GRADES for b in GRADES}
    names = [f"row{a}" for a in GRADES] + [f"column{b}" for b in GRADES]
    table = table.with_columns(e.alias(c) for c, e in zip(names, [*row.values(), *column.values()], strict=True))
    seen = pl.sum_horizontal(weight[k] * share[k] for k in share)
    chance = pl.sum_horizontal(weight[a, b] * pl.col(f"row{a}") * pl.col(f"column{b}") for a, b in share)
    table = table.with_columns(seen=seen, chance=chance)
    mean_row = {a: pl.sum_horizontal(weight[a, b] * pl.col(f"column{b}") for b in GRADES) for a in GRADES}
    mean_column = {b: pl.sum_horizontal(weight[a, b] * pl.col(f"row{a}") for a in GRADES) for b in GRADES}
    left = 1 - pl.col("chance")
    terms = pl.sum_horizontal(
        share[a, b] * (weight[a, b] * left - (mean_row[a] + mean_column[b]) * (1 - pl.col("seen"))) ** 2
        for a, b in share
    )
    centre = (pl.col("seen") * pl.col("chance") - 2 * pl.col("chance") + pl.col("seen")) ** 2
    error = (((terms - centre) / n).clip(lower_bound=0)).sqrt() / left**2
    can = (left > 1e-12) & (n >= least)
    found = pl.when(can).then((pl.col("seen") - pl.col("chance")) / left)
    half = pl.when(can).then(z_value(0.95) * error)
    table = table.with_columns(kappa=found, half=half)
    return values(
        id, table, denominator=n, n=n, value=pl.col("kappa"), lower=pl.col("kappa") - pl.col("half"),
        upper=pl.min_horizontal(pl.col("kappa") + pl.col("half"), 1.0).fill_nan(None),
        marked=pl.when((n > 0) & (n < least)).then(pl.lit(LOW)), method=pl.lit("quadratic weighted kappa, 95%"),
    )  # fmt: skip


def _sample(q: Question) -> Iterator[pl.DataFrame]:
    """Rounds due in the period, stratum by stratum: audits are counted that were complete by the period's end."""
    if not q.asks("M20", "M19_weighted"):
        return
    plan = q.facts["audit_plan"].filter(nw.col("due") <= q.today, nw.col("due") >= q.earliest)
    plan = fetched(plan.select("round_id", "stratum", "frame_size", "planned", p=q.within("due_m")))
    grade = nw.col("final_grade")
    done = q.facts["audit"].filter(nw.col("done") <= q.today, nw.col("repeat") == 0)
    done = done.select(
        "round_id", "stratum", q=q.within("done_m"), n=nw.lit(1), graded=yes(~grade.is_null()),
        good=yes(grade >= q.rules.good_grade),
    )  # fmt: skip
    keys = ["round_id", "stratum"]
    sums = fetched(done.group_by([*keys, "q"]).agg(nw.col(c).sum() for c in ("n", "graded", "good")))
    joined = plan.join(sums, on=keys, how="left").with_columns(pl.col("p").cast(pl.Int64))
    in_time = pl.col("q") <= pl.col("p")
    strata = joined.group_by("p", *keys).agg(
        pl.col("planned").first(),
        pl.col("frame_size").first(),
        *(pl.col(c).filter(in_time).sum().alias(c) for c in ("n", "graded", "good")),
    )
    if q.asks("M20"):
        covered = strata.with_columns(pl.min_horizontal("n", "planned").alias("n"))
        covered = covered.group_by("p").agg(pl.col("n").sum(), pl.col("planned").sum())
        yield counts("M20", q.every(q.grouped(covered)), "n", "planned")
    if q.asks("M19_weighted"):
        yield _weighted(q, strata)


def _weighted(q: Question, strata: pl.DataFrame) -> pl.DataFrame:
    """Σ W·p with variance Σ W²(1 − f)·p(1 − p)/(n − 1), over the strata with a graded audit."""
    n, size = pl.col("graded"), pl.col("frame_size")
    strata = strata.filter(n > 0, size > 0)
    share = pl.col("good") / n
    spread = pl.when(n > 1).then((1 - (n / size).clip(upper_bound=1)) * share * (1 - share) / (n - 1)).otherwise(0.0)
    strata = strata.with_columns(weight=size / size.sum().over("p"), share=share, spread=spread)
    w = pl.col("weight")
    found = strata.group_by("p").agg(
        (100 * (w * pl.col("share")).sum()).alias("value"),
        (100 * (w * w * pl.col("spread")).sum().sqrt()).alias("error"),
        n.sum().alias("n"),
    )
    half = z_value(0.95) * pl.col("error")
    return values(
        "M19_weighted", q.grouped(found), denominator=pl.col("n"), n=pl.col("n"), value=pl.col("value"),
        lower=(pl.col("value") - half).clip(lower_bound=0), upper=(pl.col("value") + half).clip(upper_bound=100),
        method=pl.lit("stratified, normal 95%"),
    )  # fmt: skip


def _weaknesses(q: Question) -> Iterator[pl.DataFrame]:
    """Halves are added up as whole numbers; an answer that is not one of yes, partly and no did not apply."""
    answer = nw.col("answer")
    halves = nw.when(answer == "no").then(nw.lit(WEIGHTS["no"])).otherwise(yes(answer == "partly"))
    applied, each = answer.is_in(list(WEIGHTS)), {"halves": halves, "n": nw.lit(1)}
    parts = q.happened("audit_answer", "done", each, where=applied, also=("question",))
    parts = parts.with_columns(pl.col("halves") / 2)
    whole = parts.group_by("g", "p").agg(pl.col("halves").sum(), pl.col("n").sum())
    yield counts("M24", q.every(whole), "halves", "n")
    for (question,), part in parts.sort("question").partition_by("question", as_dict=True).items():
        yield counts(f"M24_{question}", q.every(part.drop("question")), "halves", "n")
