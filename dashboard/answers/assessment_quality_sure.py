"""How sure the grades are, what came of the audits, and what families say beside them."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import MODERATE, Scope, may
from dashboard.answers import audit_counts, case_records
from dashboard.answers.assessment_quality_shown import EVERY
from dashboard.answers.audit_counts import kept_with_audits
from dashboard.answers.keep import the_store
from metrics.audit import GRADES, actions_done, agreement, confusion, measures, quality_and_feedback
from metrics.disclosure import ALL, suppress, total
from metrics.estimates import OK


@kept_with_audits
def pairs(scope: Scope) -> pl.DataFrame:
    """Two grades of the same assessment: `between` (moderator, second auditor), `first`, `second`."""
    every = the_store().audits.audits().filter(pl.col("kind") != "calibration")
    one = pl.col("auditor_grade").alias("first")
    moderated = every.select(pl.lit("moderator").alias("between"), one, second=pl.col("moderator_grade"))
    twice = every.filter(part=1).join(every.filter(part=2), on="drawn_id", suffix="_two")
    twice = twice.select(pl.lit("second auditor").alias("between"), one, second=pl.col("auditor_grade_two"))
    return pl.concat([moderated, twice]).drop_nulls()


@kept_with_audits
def sureness(scope: Scope) -> tuple[str, pl.DataFrame]:
    """How far two people who grade the same assessment agree: a sentence, and the figures in words."""
    rows, said = [], []
    for between, part in pairs(scope).group_by("between", maintain_order=True):
        found = {row["measure"]: row for row in agreement(part).iter_rows(named=True)}
        rows += [
            (measures()[id].name, f"auditor and {between[0]}", _in_words(row), str(row["n"]))
            for id, row in found.items()
        ]
        exact, near = found["audit_exact"], found["audit_within_one"]
        said.append(
            f"Auditor and {between[0]} gave the same grade in {words.percent(exact)} of {exact['n']} pairs, and were "
            f"within one grade in {words.percent(near)}."
        )
        if between[0] == "moderator":
            said.append(_leniency(found["audit_leniency"]))
    table = pl.DataFrame(rows, schema=["What", "Between", "Is", "Pairs"], orient="row")
    return " ".join(filter(None, said)) or "Nobody has graded an assessment a second time yet.", table


def _leniency(row: dict[str, Any]) -> str:
    if row["lower"] is None or row["lower"] <= 0 <= row["upper"]:
        return "Neither is clearly the more lenient."
    who = "Auditors are" if row["value"] > 0 else "Moderators are"
    return f"{who} the more lenient, by {words.number(abs(row['value']), decimals=2)} of a grade."


def _in_words(row: dict[str, Any]) -> str:
    it = measures()[row["measure"]]
    return words.figure(
        row["value"], row["lower"], row["upper"], unit=it.unit, decimals=it.decimals, status=row["status"]
    )


def confusion_table(scope: Scope) -> pl.DataFrame | None:
    """Which grade met which, auditor down and moderator across. Counts of single audits: for moderators alone."""
    if not may(scope, MODERATE):
        return None
    cells = confusion(pairs(scope).filter(between="moderator"))
    wide = cells.pivot("second", index="first", values="n").sort("first", descending=True)
    names = {str(grade): f"Moderator: {name}" for grade, name in GRADES.items()}
    return wide.select(
        pl.col("first").replace_strict(GRADES, return_dtype=pl.String).str.to_titlecase().alias("Auditor"),
        *(pl.col(str(grade)).cast(pl.String).alias(names[str(grade)]) for grade in GRADES),
    )


@kept_with_audits
def afterwards(scope: Scope) -> str:
    """Actions on time, verified and overdue, and inadequate audits that were repeated, in a sentence."""
    day = case_records.as_at(scope)
    actions = (
        the_store()
        .audits.actions()
        .select("audit_id", "due_date", "done_date", pl.col("verified_at").dt.date().alias("verified_date"))
    )
    if actions.is_empty() or day is None:
        return "No action has been put down after an audit yet."
    found = {
        r["measure"]: r for r in actions_done(actions, audit_counts.audits(scope), as_at=day).iter_rows(named=True)
    }
    on_time, verified = found["audit_actions_on_time"], found["audit_actions_verified"]
    again, late = found["audit_repeated"], found["audit_actions_overdue"]
    said = [
        f"By {words.day(day)} {_share(on_time)} of the actions due had been done on time, and {_share(verified)} "
        f"of those done were verified by somebody else; {words.number(late['numerator'] or 0, decimals=0)} are overdue."
    ]
    if again["denominator"]:
        said.append(f"{_share(again)} of inadequate assessments were audited again within 90 days.")
    return " ".join(said)


def _share(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "none"
    return f"{words.percent(row)}, {words.of(row['numerator'], row['denominator'])},"


@kept_with_audits
def beside_feedback(scope: Scope) -> str:
    """Whether families of well-graded assessments say more good of the help; empty where no feedback is loaded."""
    rows = audit_counts.audits(scope).filter(pl.col("kind") == "quarterly")
    found = quality_and_feedback(rows, case_records.tables(scope)["feedback"])
    if found["denominator"].sum() == 0:
        return ""
    found = found.with_columns(period=pl.lit(EVERY), period_end=pl.lit(rows["as_at"].max(), pl.Date))
    safe = suppress(found, totals=total("final_grade", ALL, [], relation="none").clear())
    good, below = (safe.filter(group=g).row(0, named=True) for g in ("good or better", "below good"))
    if good["status"] != OK or below["status"] != OK or good["value"] is None or below["value"] is None:
        return "Too few families whose assessments were audited have said what they think, to set the two side by side."
    verdict = (
        "What the record says and what families say go together."
        if good["lower"] > below["upper"]
        else "The two cannot be told apart: a good record is no proof that a family feels helped."
    )
    return (
        f"Of families whose assessment was graded good or better, {words.percent(good)} spoke well of the help "
        f"({good['n']} families); of the others {words.percent(below)} ({below['n']}). {verdict}"
    )
