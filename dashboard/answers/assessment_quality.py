"""Are Early Help Assessments good? What audited samples say of all of them, in words, and what to mend first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import PLAN, NotAllowed, Scope, require
from dashboard.answers import assessment_quality_shown as shown
from dashboard.answers import audit_counts
from dashboard.answers.assessment_quality_shown import EVERY
from dashboard.answers.audit_counts import kept_with_audits
from dashboard.answers.keep import the_store
from dashboard.store import StoreError
from metrics.audit import measures, p_chart, rules
from metrics.audit import three_to_fix as chosen_three
from metrics.audit import weaknesses as ranked
from metrics.counting import ALL
from metrics.estimates import LOW

ENOUGH, FEW = f"{rules().least_audits} or more", f"fewer than {rules().least_audits}"
SOURCE = "Reckoned here from the partnership's own audits of Early Help Assessments"
NUMBERS = ("Good or better", "95% limits", "Recording in place", "Audits")
WEAK_NUMBERS = ("Not met", "95% limits", "Answers")


@dataclass(frozen=True, slots=True)
class Quality:
    """The page: sentences, one split, and what they were asked for."""

    sentence: str
    recording: str
    period: str
    by: str
    table: pl.DataFrame
    compared: pl.DataFrame  # the same as estimates, those that can be judged
    names: dict[str, str]
    mean: float | None  # of everybody


def periods(scope: Scope) -> dict[str, str]:
    """The newest year that can be judged first, then those before it, then all rounds together; empty before the first
    round is done."""
    rows = shown.figures(scope).filter(pl.col("period") != EVERY, ~pl.col("period").str.contains(" "))
    judged = rows.filter(pl.col("measure") == "audit_good", pl.col("breakdown") == ALL, pl.col("value").is_not_null())
    years = (judged if judged.height else rows)["period"].unique().sort(descending=True)
    return {**{year: year for year in years}, EVERY: "All rounds"} if len(years) else {}


def quality(scope: Scope, *, period: str, by: str) -> Quality:
    """What audits say of a period, split by one of `SPLITS`."""
    rows = shown.figures(scope).filter(period=period)
    whole = rows.filter(breakdown=ALL)
    names = shown.names(scope)[by]
    parts = rows.filter(breakdown=by)
    return Quality(
        _sentence(scope, whole, period),
        _recording(whole),
        period,
        by,
        _table(parts, names),
        parts.filter(pl.col("measure") == "audit_good", pl.col("value").is_not_null()).sort("value", descending=True),
        names,
        _one(whole, "audit_good")["value"],
    )


def _one(rows: pl.DataFrame, measure: str) -> dict[str, Any]:
    return rows.filter(measure=measure).row(0, named=True)


def _sentence(scope: Scope, whole: pl.DataFrame, period: str) -> str:
    """What a chair could read out."""
    good = _one(whole, "audit_good")
    when = "In all rounds together" if period == EVERY else f"In {period}"
    if good["value"] is None:
        return f"{when} too few assessments were audited to judge how good they are."
    said = (
        f"{when} {words.percent(good)} of Early Help Assessments were good or better, {words.about(good['value'])}, "
        f"going by {good['n']} audits of a sample drawn by chance."
    )
    return f"{said} {_change(scope, good, period)}".strip()


def _change(scope: Scope, good: dict[str, Any], period: str) -> str:
    """Against the year before: a change only where the two intervals lie apart."""
    if period == EVERY:
        return ""
    year = f"{int(period[:4]) - 1}/{int(period[:4]) % 100:02}"
    rows = shown.figures(scope).filter(breakdown=ALL, measure="audit_good", period=year)
    if rows.is_empty() or rows["value"][0] is None:
        return "There is no year before it to compare with."
    before = rows.row(0, named=True)
    higher, lower = good["lower"] > before["upper"], good["upper"] < before["lower"]
    than = "better than in" if higher else "worse than in" if lower else "no clear change from"
    return f"That is {than} {year}: {words.percent(before)}, going by {before['n']} audits."


def _recording(whole: pl.DataFrame) -> str:
    rows = whole.filter(pl.col("measure") == "audit_compliance", pl.col("value").is_not_null())
    if rows.is_empty():
        return ""
    return (
        f"Apart from how good the work is: {words.percent(rows.row(0, named=True))} of what should be on the record "
        "is. A record can be complete and the work poor, so the two are never added up."
    )


def _table(parts: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """A row a group: those that can be judged, in order of their names; nobody is ranked."""
    good = parts.filter(measure="audit_good").with_columns(
        pl.col("group").replace_strict(names, default=pl.col("group")).alias("name")
    )
    held = dict(parts.filter(measure="audit_compliance").select("group", "value").iter_rows())
    rows = []
    for row in good.sort("name").iter_rows(named=True):
        limits = words.interval(row["lower"], row["upper"], decimals=0)
        record = words.value(held.get(row["group"]), unit="%", decimals=0, status=row["status"])
        value = words.value(row["value"], unit="%", decimals=0, status=row["status"])
        count = FEW if row["status"] == LOW else ENOUGH
        rows.append((row["name"], value, limits or "–", record, count))
    return pl.DataFrame(rows, schema=["Group", *NUMBERS], orient="row")


def course(scope: Scope) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(Estimates of each quarter that had a round, their p-chart) of audits good or better. The chart is of what was
    seen: its limits follow from the number of audits of each round."""
    rows = shown.figures(scope).filter(pl.col("period").str.contains(" Q"), measure="audit_good_plain")
    rows = rows.sort("period_end").filter(pl.col("value").is_not_null())
    chart = p_chart(rows.select("period", "period_end", good="numerator", n=pl.col("n")))
    return rows, chart


@kept_with_audits
def weaknesses(scope: Scope) -> pl.DataFrame:
    """Questions by how often they were not met in the newest four quarters, worst first, as estimates."""
    versions = audit_counts.used(scope)
    if not versions:
        return pl.DataFrame()
    said = audit_counts.answers(scope).join(_recent(scope), on="audit_id", how="semi")
    return ranked(said, versions).filter(pl.col("n") >= rules().least_audits)


def weakness_table(scope: Scope) -> pl.DataFrame:
    """The same in words."""
    texts = {q.id: q.text for template in audit_counts.used(scope) for q in template.questions}
    rows = [
        (
            f"{row['group']}. {texts[row['group']]}",
            words.value(row["value"], unit="%", decimals=0),
            words.interval(row["lower"], row["upper"], decimals=0),
            str(row["n"]),
        )
        for row in weaknesses(scope).iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=["Question", *WEAK_NUMBERS], orient="row")


def three_to_fix(scope: Scope) -> list[dict[str, Any]]:
    """The three questions whose weakness is surest: `question`, `text`, `section`, `value`, `lower`, `upper`, `n`."""
    found = weaknesses(scope)
    return chosen_three(found, audit_counts.used(scope)[-1]).to_dicts() if found.height else []


def _recent(scope: Scope) -> pl.DataFrame:
    """The audits of the newest four quarters that had a round, re-audits left out."""
    rows = audit_counts.audits(scope).filter(pl.col("purpose") == "population")
    newest = rows["quarter"].unique().sort().tail(4)
    return rows.filter(pl.col("quarter").is_in(newest.implode()))


def try_plan(scope: Scope, question: str, owner: str) -> str:
    """Put one of the three into the action plan, linked to the audit's theme; gives a sentence where it cannot be."""
    try:
        require(scope, PLAN)
        texts = {one["question"]: one["text"] for one in three_to_fix(scope)}
        action = {"outcome": f"Audits find it met: {texts[question]}", "measure": "The share of audits that meet it"}
        action |= {"owner_agency": owner.strip(), "links": [("audit theme", question)]}
        the_store().plans.add(action, author=scope.signature, as_role=scope.role)
    except KeyError:
        return "This question is not among the three any more."
    except (NotAllowed, StoreError, ValueError) as error:
        return str(error)
    return ""


def about(scope: Scope) -> dict[str, str]:
    """What stands under the page."""
    it = measures()["audit_good"]
    rows = audit_counts.audits(scope)
    rounds = rows.filter(pl.col("purpose") == "population")["round_id"].n_unique() if rows.height else 0
    return {
        "definition": f"{it.name}: {it.numerator}, of {it.denominator}.",
        "source": SOURCE,
        "last_update": str(rows["completed_date"].max() or "") if rows.height else "",
        "next_update": "as soon as the next round is finished",
        "n": f"{rows.height:,} finished audits, of {rounds} rounds drawn by chance and of others",
        "exclusions": "Thematic, dip and calibration sets and re-audits are not in the figures about all assessments. "
        "Assessments that were drawn and never audited are missing from them.",
        "method": f"Weighted by what each audit stands for. {it.source}. A group of fewer than "
        f"{rules().least_audits} audits is not judged [low], and nobody is ranked. How many audits a group had "
        "is not said, so that no small number follows from the others.",
        "limits": it.limits,
    }
