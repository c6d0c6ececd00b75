"""What audits find wanting: questions ranked by how often they are not met, and the three to fix first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from metrics.audit.definitions import rules
from metrics.audit.templates import Template, TemplateError
from metrics.estimates import OK, SCHEMA, conform
from metrics.intervals import wilson

# How far an answer falls short: 0 met, 1 not met at all.
SHORT = {"yes": 0.0, "partly": 0.5, "no": 1.0, "4": 0.0, "3": 1 / 3, "2": 2 / 3, "1": 1.0}


def weaknesses(
    answers: Any, template: Template | Iterable[Template], *, period: str = "", period_end: date | None = None
) -> pl.DataFrame:
    """Estimates frame of `audit_weakness`, breakdown `question`, worst first.

    answers: `audit_id`, `question`, `answer`, of any engine; of several versions, give all their templates, the newest
    last. What did not apply or was not answered does not count. Value: % of what could have been met that was not,
    0–100, lower is better; Wilson 95%; n and denominator are answers. Equal ones in the order of the template.
    Raises `TemplateError` for a question that no template has.
    """
    every = [template] if isinstance(template, Template) else list(template)
    asked = {q.id: n for t in every for n, q in enumerate(t.questions)}
    words = {q.id for t in every for q in t.questions if q.kind == "text"}
    said = nw.col("answer")
    counts = nw.from_native(answers).lazy().filter(said.is_in(list(SHORT)))
    counts = counts.group_by("question", "answer").agg(nw.len().alias("n")).collect("polars").to_native()
    counts = counts.cast({"question": pl.String})
    if strange := sorted(set(counts["question"]) - set(asked)):
        raise TemplateError(f"No version of “{every[-1].title}” that was given has a question {strange[0]}.")
    counts = counts.filter(~pl.col("question").is_in(list(words)))
    n = pl.col("n").cast(pl.Float64)
    short = pl.col("answer").cast(pl.String).replace_strict(SHORT, return_dtype=pl.Float64)
    found = counts.group_by("question").agg((n * short).sum().alias("numerator"), n.sum().alias("denominator"))
    up, down = pl.col("numerator"), pl.col("denominator")
    found = found.with_columns(
        pl.lit("audit_weakness").alias("measure"),
        pl.lit("question").alias("breakdown"),
        pl.col("question").alias("group"),
        (100 * up / down).alias("value"),
        wilson(pl.min_horizontal(up, down), down, multiplier=100).alias("limits"),
        down.cast(pl.Int64).alias("n"),
        pl.lit(OK).alias("status"),
        pl.lit("Wilson 95%").alias("method"),
        pl.lit(period).alias("period"),
        pl.lit(period_end, pl.Date).alias("period_end"),
        pl.col("question").replace_strict(asked, return_dtype=pl.Int64).alias("_place"),
    ).unnest("limits")
    return conform(found.sort("value", "_place", descending=[True, False]), SCHEMA)


def three_to_fix(found: pl.DataFrame, template: Template, *, count: int = 3) -> pl.DataFrame:
    """What to work on this quarter: `rank`, `question`, `text`, `section`, `value`, `lower`, `upper`, `n`, `gate`.

    found: as `weaknesses` gives it. Those whose weakness is surest: by the lower end of the interval, so that a
    question of few audits does not push past one of hundreds; among equal ones a gate first. Fewer than 10 answers do
    not count.
    """
    about = pl.DataFrame(
        [(q.id, q.text, s.title, q.gate) for s in template.sections for q in s.questions],
        schema={"question": pl.String, "text": pl.String, "section": pl.String, "gate": pl.Int64},
        orient="row",
    )
    rows = found.filter(pl.col("n") >= rules().least_audits, pl.col("value") > 0)
    rows = rows.rename({"group": "question"}).join(about, on="question", maintain_order="left")  # what is still asked
    rows = rows.sort("lower", "gate", descending=True, maintain_order=True).head(count).with_row_index("rank", 1)
    return rows.select("rank", "question", "text", "section", "value", "lower", "upper", "n", "gate")
