"""What stands in an invented record, what each reader makes of it, the grades, and what was to be done about it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from metrics import audit

from .county import County
from .draw import chance, rates

EVIDENCE = (
    "Not found on the assessment form.",
    "Plan, page 2: the action has no date.",
    "Read the form, the plan and the last review.",
    "The record says so, but not how it was found out.",
    "Spoke to the lead professional.",
)
OVERRIDES = {
    1: "Answers come out lower than the work: what is missing was found in the agency's own file.",
    -1: "The boxes are ticked, but what matters most for this child is not there.",
}
ANALYSIS = (
    "Clear analysis; the plan follows from it.",
    "Good work with the mother, little of the father.",
    "Actions are many and vague: three would do.",
    "The child's words are on every page.",
    "Reviews list who came, not what changed.",
)


class Reader:
    """What is known of the county's agencies and auditors, and the stream that all readings are drawn from."""

    def __init__(self, rng: np.random.Generator, county: County, tables: dict[str, pl.DataFrame]) -> None:
        self.rng, self.county = rng, county
        self.care = dict(zip(county.agencies["agency_id"], county.care.tolist(), strict=True))
        said = tables["feedback"].filter(pl.col("respondent") != "professional")
        means = said.group_by("episode_id").agg(pl.col("score").mean())
        self.content = dict(means.iter_rows())
        self.hard: dict[str, float] = {}  # question → how hard it is to meet
        self.lenient: dict[str, float] = {}


def seen(
    reader: Reader,
    tables: dict[str, pl.DataFrame],
    drawn: pl.DataFrame,
    template: audit.Template,
    as_at: date,
    better: float,
) -> pl.DataFrame:
    """What stands in each drawn record: `assessment_id`, `question`, `strength` (above 0: met), `gone` (not
    applicable), and `answer` with `evidence` where the case system gives them."""
    rng, likely = reader.rng, rates()["audit"]
    rows = drawn.filter(~pl.col("replacement")).sort("assessment_id")
    count, questions = rows.height, template.questions
    years = (as_at - date(2024, 1, 1)).days / 365.25
    quality = rng.normal(likely["quality"] + better + likely["learning"] * years, likely["quality_spread"], count)
    quality -= likely["care"] * np.array([reader.care.get(a, 0.0) for a in rows["agency_id"]])
    quality += likely["content"] * np.array([reader.content.get(e, 4.0) - 4.0 for e in rows["episode_id"]])
    for q in questions:
        easier = likely["easier"].get(q.id, likely["easier"]["gate"] if q.gate else 0.0)
        reader.hard.setdefault(q.id, float(rng.normal(0, likely["hard_spread"])) * (0.3 if q.gate else 1) - easier)
    hard = np.array([reader.hard[q.id] for q in questions])
    strength = quality[:, None] - hard + rng.normal(0, likely["within"], (count, len(questions)))
    is_open = (rows["state"] == "open").to_numpy()[:, None]
    until_closed = np.isin([q.id for q in questions], likely["when_closed"])
    optional = np.array([likely["not_applicable"].get(q.id, 0.0) for q in questions])
    gone = (is_open & until_closed) | (rng.random(strength.shape) < optional)
    derived = audit.derived(tables, rows["assessment_id"].to_list(), as_at=as_at)
    named = {q.measure: q.id for q in questions if q.kind == "derived"}
    question = pl.col("measure").replace_strict(named, default=None, return_dtype=pl.String)
    derived = derived.select("assessment_id", question.alias("question"), "answer", pl.col("source").alias("evidence"))
    made = pl.DataFrame(
        {
            "assessment_id": rows["assessment_id"].gather(np.repeat(np.arange(count), len(questions))),
            "question": [q.id for q in questions] * count,
            "strength": strength.ravel(),
            "gone": gone.ravel(),
        }
    )
    return made.join(derived, on=["assessment_id", "question"], how="left", maintain_order="left")


def read(
    reader: Reader, done: pl.DataFrame, facts: pl.DataFrame, template: audit.Template, drawn: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Answers of every audit that is done, and its grades: suggested, auditor's, moderator's, final."""
    rng, likely = reader.rng, rates()["audit"]
    for who in done["auditor"].unique().sort():
        reader.lenient.setdefault(who, float(rng.normal(0, likely["lenient_spread"])))
    own = done.select(
        "audit",
        "assessment_id",
        pl.col("auditor").replace_strict(reader.lenient, return_dtype=pl.Float64).alias("mild"),
    )
    answers = _answers(reader, own, facts, template)
    graded = audit.grade(answers, template).select("audit_id", "suggested", "escalate")
    rows = done.join(graded, left_on="audit", right_on="audit_id", maintain_order="left")
    suggested = rows["suggested"].to_numpy()
    step = np.where(chance(rng, 0.5, len(suggested)), 1, -1)
    moved = chance(rng, likely["overridden"], len(suggested)) & ~rows["escalate"].to_numpy()
    given = np.clip(suggested + np.where(moved, step, 0), 1, 4)
    rows = rows.with_columns(pl.Series("auditor_grade", given, dtype=pl.Int64))
    moderated = _moderated(reader, rows, facts, template, drawn)
    rows = rows.join(moderated, on="audit", how="left", maintain_order="left")
    final = pl.coalesce("moderator_grade", "auditor_grade")
    shift = pl.col("auditor_grade") - pl.col("suggested")
    reasons = {
        "suggested": pl.lit(""),
        "auditor": shift.replace_strict(OVERRIDES, default="", return_dtype=pl.String),
        "moderator": pl.when(pl.col("moderator_grade") == pl.col("auditor_grade"))
        .then(pl.lit("Agreed."))
        .otherwise(pl.lit("Read again together: the record bears another grade.")),
        "final": pl.lit(""),
    }
    values = {
        k: pl.col(c)
        for k, c in (("suggested", "suggested"), ("auditor", "auditor_grade"), ("moderator", "moderator_grade"))
    }
    values["final"] = pl.when(pl.col("part") == 1).then(final)
    grades = pl.concat(
        [
            rows.select(
                "audit", pl.lit(k).alias("kind"), values[k].cast(pl.Int64).alias("grade"), reasons[k].alias("reason")
            )
            for k in values
        ]
    ).drop_nulls("grade")
    return answers.rename({"audit_id": "audit"}), grades


def _moderated(
    reader: Reader, rows: pl.DataFrame, facts: pl.DataFrame, template: audit.Template, drawn: pl.DataFrame
) -> pl.DataFrame:
    """The moderator's grade, from a reading of their own: of all inadequate and outstanding audits and those by lot."""
    by_lot = drawn.filter("moderate").select("assessment_id").with_columns(pl.lit(True).alias("lot"))
    rows = rows.filter(pl.col("part") == 1).join(by_lot, on="assessment_id", how="left", maintain_order="left")
    rows = rows.filter(pl.col("auditor_grade").is_in([1, 4]) | pl.col("lot"))
    again = rows.select("audit", "assessment_id", pl.lit(-0.05).alias("mild"))
    if again.is_empty():
        return pl.DataFrame(schema={"audit": pl.String, "moderator_grade": pl.Int64})
    graded = audit.grade(_answers(reader, again, facts, template), template)
    return graded.select(pl.col("audit_id").alias("audit"), pl.col("suggested").alias("moderator_grade"))


def _answers(reader: Reader, who: pl.DataFrame, facts: pl.DataFrame, template: audit.Template) -> pl.DataFrame:
    """`audit_id`, `question`, `answer`, `evidence`: facts read with an error. `who`: audit, assessment_id, mild."""
    rng, likely = reader.rng, rates()["audit"]
    rows = who.rename({"audit": "audit_id"}).join(facts, on="assessment_id", maintain_order="left")
    strength = rows["strength"].to_numpy() + rows["mild"].to_numpy() + rng.normal(0, likely["error"], rows.height)
    kind = (
        rows["question"].replace_strict({q.id: q.kind for q in template.questions}, return_dtype=pl.String).to_numpy()
    )
    partly = (
        rows["question"]
        .replace_strict({q.id: q.partly for q in template.questions}, return_dtype=pl.Boolean)
        .to_numpy()
    )
    plain = np.where(strength > 0, "yes", np.where(partly & (strength > -1.1), "partly", "no"))
    steps = np.select([strength > 1.3, strength > 0, strength > -1.3], ["4", "3", "2"], "1")
    said = np.where(kind == "grade", steps, plain)
    words = np.array(ANALYSIS)[rng.integers(0, len(ANALYSIS), rows.height)]
    said = np.select([kind == "text", rows["gone"].to_numpy()], [words, "not_applicable"], said)
    short = np.isin(said, ["no", "partly", "1", "2"]) & chance(rng, 0.6, rows.height)
    noted = np.where(short, np.array(EVIDENCE)[rng.integers(0, len(EVIDENCE), rows.height)], "")
    return rows.select(
        "audit_id",
        "question",
        pl.coalesce("answer", pl.Series(said.astype(str))).alias("answer"),
        pl.coalesce("evidence", pl.Series(noted.astype(str))).alias("evidence"),
    )


def actions(
    reader: Reader,
    done: pl.DataFrame,
    answers: pl.DataFrame,
    grades: pl.DataFrame,
    drawn: pl.DataFrame,
    template: audit.Template,
) -> pl.DataFrame:
    """What the audited agency was to do about questions answered no: more for the poorer grades, some of it late."""
    rng, days, until = reader.rng, audit.rules().action_days, reader.county.until
    final = grades.filter(pl.col("kind") == "final").select("audit", "grade")
    rows = done.filter(pl.col("part") == 1).join(final, on="audit", maintain_order="left")
    failed = answers.filter(pl.col("answer").is_in(["no", "partly", "1", "2"])).join(
        rows, on="audit", maintain_order="left"
    )
    failed = failed.join(drawn.select("assessment_id", "agency_id").unique(), on="assessment_id", maintain_order="left")
    about = {q.id: (q.text, q.gate) for q in template.questions}
    made = []
    for _, part in failed.group_by("audit", maintain_order=True):
        gates = [about[q][1] for q in part["question"]]
        wanted = int(rng.poisson({1: 2.6, 2: 1.5, 3: 0.5}.get(part["grade"][0], 0.1)))
        order = sorted(range(part.height), key=lambda i: (-gates[i], rng.random()))
        for place in sorted(order[:wanted]):
            row = part.row(place, named=True)
            severity = "high" if gates[place] else ("medium", "low")[int(rng.random() < 0.4)]
            due = row["submitted"] + timedelta(days=days[severity])
            late = not chance(rng, 0.68, 1)[0]
            closed = due + timedelta(days=int(rng.integers(1, 50)) if late else -int(rng.integers(0, 12)))
            open_still = (late and rng.random() > 0.6) or closed > date(1970, 1, 1) + timedelta(days=until)
            verified = not open_still and rng.random() < 0.7
            text = f"Put right, and show how: {about[row['question']][0]}"
            made.append(
                (row["audit"], row["question"], text, row["agency_id"], severity, due, None if open_still else closed,
                 "" if open_still else "Shown in supervision.", verified)
            )  # fmt: skip
    schema = {
        "audit": pl.String, "question": pl.String, "text": pl.String, "owner_agency_id": pl.String,
        "severity": pl.String, "due_date": pl.Date, "done_date": pl.Date, "evidence": pl.String,
        "verified": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(made, schema=schema, orient="row")
