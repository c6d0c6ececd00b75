"""Audits of assessments: quarterly rounds by strata, auditors and moderators who differ, what was to be done."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from .county import County
from .draw import (
    NONE,
    chance,
    choose,
    choose_by_row,
    days_column,
    first_day,
    id_column,
    known,
    month_of,
    only,
    rates,
    spread,
    text_column,
    whole_column,
    working,
)

# Questions answered yes, partly, no or not applicable, and whether `partly` may be said.
QUESTIONS = {
    "A1": False, "A2": False, "A3": False, "A4": False, "A5": False, "B1": True, "B2": True, "B3": True, "C1": True,
    "C2": True, "C3": True, "D1": True, "D4": True, "E1": True, "E2": True, "E3": True, "E4": True, "F1": False,
    "F2": True, "F4": True, "G1": False, "H1": True, "H2": True, "I1": True, "I2": False, "J1": True, "K1": False,
}  # fmt: skip
ANSWERS = ("yes", "partly", "no", "not_applicable")


def audits(county: County, assessments: pl.DataFrame, scale: float) -> dict[str, pl.DataFrame]:
    """The four tables of audits, of assessments of the first part; a county audits no more because it is larger.

    A round takes a quarter's assessments, in strata by type of agency, at least two from each.
    """
    rng, names = county.stream(0, "audits"), county.agencies["agency_id"]
    agency = assessments["agency_id"].replace_strict(names, range(len(names)), return_dtype=pl.Int32).to_numpy()
    plan, drawn = _sample(rng, county, assessments["start_date"].to_physical().to_numpy(), county.kinds[agency], scale)
    rows = np.array([row for _, _, row, _ in drawn], dtype=np.int64)
    ends = np.array([end for *_, end in drawn], dtype=np.int64)
    wanted = working(ends + rng.integers(5, 43, len(rows)))
    done = known(only(chance(rng, 0.94, len(rows)), wanted), county.until)
    grades = _grades(rng, county, agency[rows], done)
    first = {"row": rows, "done": done, "grades": grades, "parent": np.full(len(rows), NONE, dtype=np.int64)}
    again = _again(rng, county, first)
    both = {name: np.concatenate([first[name], again[name]]) for name in first}
    blank = [None] * len(again["row"])
    chosen = assessments[both["row"]]
    audit = pl.DataFrame(
        {
            "audit_id": id_column("Q", np.arange(len(both["row"]))),
            "round_id": pl.Series([name for name, *_ in drawn] + blank, dtype=pl.String),
            "stratum": pl.Series([stratum for _, stratum, *_ in drawn] + blank, dtype=pl.String),
            "episode_id": chosen["episode_id"],
            "assessment_id": chosen["assessment_id"],
            "agency_id": chosen["agency_id"],
            "completed_date": days_column(both["done"]),
            "auditor_grade": whole_column(both["grades"][:, 0]),
            "moderator_grade": whole_column(both["grades"][:, 1]),
            "final_grade": whole_column(both["grades"][:, 2]),
            "parent_audit_id": id_column("Q", both["parent"]),
        }
    )
    answer, action = _answers(rng, both), _actions(rng, county, agency[both["row"]], both)
    plan_columns = ["round_id", "stratum", "due_date", "frame_size", "planned"]
    rounds = (
        pl.DataFrame(plan, schema=plan_columns, orient="row").cast({"due_date": pl.Int32}).cast({"due_date": pl.Date})
    )
    return {"audit_plan": rounds, "audit": audit, "audit_answer": answer, "audit_action": action}


def _sample(
    rng, county: County, begun: np.ndarray, kind: np.ndarray, scale: float
) -> tuple[list[tuple[str, str, int, int, int]], list[tuple[str, str, int, int]]]:
    """The plan (round, stratum, day due, size of the frame, audits planned) and the draw (round, stratum, row, day)."""
    plan, drawn, likely = [], [], rates()["audit"]
    for start, end in _quarters(county, likely["years"]):
        frame = np.flatnonzero((begun >= start) & (begun <= end))
        for stratum, size in zip(*np.unique(kind[frame], return_counts=True), strict=True):
            planned = int(min(size, max(2, round(likely["a_round"] * size / len(frame)))))
            name = f"INV-ROUND-{month_of(end)}"
            plan.append((name, str(stratum), end + 42, round(size * max(1.0, scale)), planned))
            chosen = np.sort(rng.choice(frame[kind[frame] == stratum], planned, replace=False))
            drawn += [(name, str(stratum), int(row), end) for row in chosen]
    return plan, drawn


def _quarters(county: County, years: int) -> list[tuple[int, int]]:
    """First and last day of the whole quarters of the last `years` years."""
    month = month_of(county.until + 1)
    edges = first_day(month - int(month.astype(int)) % 3 - 3 * np.arange(4 * years, -1, -1))
    return [(int(a), int(b) - 1) for a, b in pairwise(edges) if a >= county.first]


def _grades(rng, county: County, agency: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Auditor, moderator and final grade of each audit: 4 outstanding to 1 inadequate. They agree moderately."""
    likely, count = rates()["audit"], len(agency)
    tilt = np.exp(-0.3 * county.care[:, None] * np.arange(-1.5, 2)) * np.array(likely["grades"])
    auditor = 1 + choose_by_row(rng, tilt, agency)
    step = np.where(chance(rng, 0.62, count), -1, 1)
    step = np.where(auditor == 1, 1, np.where(auditor == 4, -1, step))
    moderator = np.where(chance(rng, likely["moderator_same"], count), auditor, auditor + step)
    moderated = chance(rng, likely["moderated"] + 0.5 * (auditor == 1), count)
    grades = np.column_stack([auditor, np.where(moderated, moderator, NONE), np.where(moderated, moderator, auditor)])
    return np.where((done == NONE)[:, None], NONE, grades)


def _again(rng, county: County, first: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Re-audits of the inadequate ones, mostly within 90 days and mostly better."""
    poor = np.flatnonzero((first["grades"][:, 2] == 1) & chance(rng, rates()["audit"]["re_audited"], len(first["row"])))
    done = working(first["done"][poor] + rng.integers(35, 105, len(poor)))
    poor, done = poor[done <= county.until], done[done <= county.until]
    grade = 1 + choose(rng, [0.1, 0.45, 0.4, 0.05], len(poor))
    grades = np.column_stack([grade, np.full(len(poor), NONE), grade])
    return {"row": first["row"][poor], "done": done, "grades": grades, "parent": poor}


def _answers(rng, both: dict[str, np.ndarray]) -> pl.DataFrame:
    """Answers of completed audits: the better the grade, the more often yes."""
    audit = np.flatnonzero(both["done"] != NONE)
    owner, question = np.divmod(np.arange(len(audit) * len(QUESTIONS)), len(QUESTIONS))
    hard = rng.normal(0, 0.7, len(QUESTIONS))  # some questions go wrong more often than others
    final = both["grades"][audit, 2][owner]
    odds = -1.3 + 1.0 * final + hard[question]
    roll = rng.random(len(owner)) * (1 + np.exp(-odds))  # under 1: yes
    partly = np.array(list(QUESTIONS.values()))[question] & chance(rng, 0.6, len(owner))
    answer = np.where(roll < 1, 0, np.where(partly, 1, 2))
    optional = np.isin(np.array(list(QUESTIONS)), ["B2", "C2", "H1", "H2", "J1"])[question]
    answer = np.where(optional & chance(rng, 0.25, len(owner)), 3, answer)
    gate = np.array(list(QUESTIONS))[question] == "K1"  # risk left without an answer makes an audit inadequate
    answer = np.where(gate, np.where((final == 1) & chance(rng, 0.4, len(owner)), 2, 0), answer)
    return pl.DataFrame(
        {
            "audit_id": id_column("Q", audit[owner]),
            "question": text_column(list(QUESTIONS), question),
            "answer": text_column(ANSWERS, answer),
        }
    )


def _actions(rng, county: County, agency: np.ndarray, both: dict[str, np.ndarray]) -> pl.DataFrame:
    """What the audited agency was to do; more for the poorer grades."""
    final, done = both["grades"][:, 2], both["done"]
    mean = np.select([done == NONE, final == 1, final == 2, final == 3], [0.0, 2.6, 1.5, 0.5], 0.1)
    owner, _ = spread(rng.poisson(mean))
    due = working(done[owner] + rng.choice([14, 28, 42, 60], len(owner)))
    in_time = chance(rng, 0.68, len(owner))
    closed = np.where(in_time, due - rng.integers(0, 12, len(owner)), due + rng.integers(1, 50, len(owner)))
    closed = np.where(in_time | chance(rng, 0.6, len(owner)), closed, NONE)
    return pl.DataFrame(
        {
            "action_id": id_column("Y", np.arange(len(owner))),
            "audit_id": id_column("Q", owner),
            "owner_agency_id": text_column(county.agencies["agency_id"], agency[owner]),
            "due_date": days_column(due),
            "done_date": days_column(known(closed, county.until)),
        }
    )
