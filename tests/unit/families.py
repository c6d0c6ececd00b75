# ruff: noqa: E501 (tables and their workings are easier to check when a case stands on one line)
"""Hand-worked families for every measure of activity: small literal tables, and what they must give.

Each case is a handful of rows that live in an area of their own, named after the case, and the figures that the
definitions give for them, worked out in the comments: `(measure, period, numerator, denominator)`. All cases are put
together and asked at once by area and month, so that each also shows that the others do not leak into it. Taken on
30 September 2025.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from metrics.cases import CASE_TABLES

AS_AT = date(2025, 9, 30)
Expected = tuple[str, str, float, float | None]


@dataclass
class Case:
    name: str
    expected: list[Expected]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


CASES: list[Case] = []


def case(name: str, *expected: Expected, **rows: list[dict[str, Any]]) -> None:
    CASES.append(Case(name, list(expected), rows))


def episode(id: str, start: str, end: str | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"episode_id": id, "family_id": f"F-{id}", "start_date": start, "end_date": end, "end_reason": reason} | more


# An episode that is open at the end of the financial year, 31 March 2024, and at the end of September 2025.
case(
    "open at year end",
    ("M07_open", "2023-12", 0, None),  # it begins on 15 January 2024
    ("M07_open", "2024-01", 1, None),
    ("M07_open", "2024-03", 1, None),
    ("M07_open", "2025-09", 1, None),
    # Drift: more than 12 months is from 16 January 2025 on. Three reviews in turn without change would be earlier, but
    # only two were held.
    ("M09", "2024-12", 0, 1),
    ("M09", "2025-01", 1, 1),
    # Plan: due after 28 days, on 12 February 2024; made on 2 March.
    ("M04", "2024-01", 0, 0),
    ("M04", "2024-02", 0, 1),
    ("M04", "2024-03", 1, 1),
    # First review due 26 February, held that day. The second due 8 April, held two days late; the third not held.
    ("M05", "2024-02", 1, 1),
    ("M05", "2024-04", 0, 0),
    ("M06", "2024-02", 1, 1),
    ("M06", "2024-04", 0, 1),
    ("M06", "2024-05", 0, 1),
    ("M07", "2024-03", 1, 1),  # one episode, one lead professional
    ("M07_agency", "2024-03", 1, 1),
    episode=[episode("O", "2024-01-15", level_at_start=2, lead_worker_id="W1", lead_agency_id="A1")],
    plan=[{"plan_id": "O1", "episode_id": "O", "start_date": "2024-03-02"}],
    review=[
        {"review_id": "O1", "episode_id": "O", "due_date": "2024-02-26", "held_date": "2024-02-26", "level_after": 2},
        {"review_id": "O2", "episode_id": "O", "due_date": "2024-04-08", "held_date": "2024-04-10", "level_after": 2},
        {"review_id": "O3", "episode_id": "O", "due_date": "2024-05-20"},
    ],
)

# Two episodes of one family: the second begins on 1 October 2024, 365 days after the first closed (2024 is a leap year).
case(
    "re-referred on day 365",
    ("M14", "2023-10", 1, 1),
    ("M15", "2023-10", 0, 1),
    ("M13_12", "2023-10", 0, 1),  # no referral
    ("M10", "2023-10", 1, 1),
    ("M07_open", "2024-09", 0, None),
    ("M07_open", "2024-10", 1, None),
    episode=[
        episode("R1", "2023-04-03", "2023-10-02", "NEEDS_MET", family_id="R"),
        episode("R2", "2024-10-01", family_id="R"),
    ],
)
case(
    "re-referred on day 366",
    ("M14", "2023-10", 0, 1),
    ("M15", "2023-10", 1, 1),
    episode=[
        episode("S1", "2023-04-03", "2023-10-02", "NEEDS_MET", family_id="S"),
        episode("S2", "2024-10-02", family_id="S"),
    ],
)
# Back on the day of the closure: the same help going on. An episode opened in error is no return either.
case(
    "back on the same day",
    ("M14", "2023-10", 0, 1),
    episode=[
        episode("B1", "2023-04-03", "2023-10-02", "NEEDS_MET", family_id="B"),
        episode("B2", "2023-10-02", family_id="B"),
        episode("B3", "2024-01-08", "2024-01-09", "ERROR", family_id="B"),
    ],
)
# Overlapping episodes of siblings: the earlier closure finds the next beginning after it, not the one before.
case(
    "sibling already open",
    ("M14", "2023-10", 0, 1),  # the other began on 1 September, before the closure
    ("M14", "2024-05", 0, 1),
    ("M07", "2023-09", 2, 1),  # two episodes, one professional
    ("M07", "2023-10", 1, 1),
    ("M08", "2023-10", None, 1),
    episode=[
        episode("D1", "2023-04-03", "2023-10-02", "NEEDS_MET", family_id="D", person_id="D1", lead_worker_id="W2"),
        episode("D2", "2023-09-01", "2024-05-31", "NEEDS_MET", family_id="D", person_id="D2", lead_worker_id="W2"),
    ],
)
# Siblings whose episodes close in the same month are one family: two needs and one make three, one of them resolved.
# A family with two needs does not count; one with three all resolved does, twice.
case(
    "siblings",
    ("M25", "2024-03", 2, 2),
    ("M25_all", "2024-03", 1, 2),
    ("M10", "2024-03", 3, 4),  # closures, not families
    episode=[
        episode("T1", "2023-11-01", "2024-03-14", "NEEDS_MET", family_id="T", person_id="T1"),
        episode("T2", "2023-11-01", "2024-03-20", "PARTIAL", family_id="T", person_id="T2"),
        episode("U", "2023-11-01", "2024-03-20", "NEEDS_MET"),
        episode("V", "2023-11-01", "2024-03-20", "SINGLE_AGENCY"),
    ],
    need=[
        {"need_id": f"{e}-{n}", "episode_id": e, "outcome": n, "baseline_date": "2023-11-08", "resolved_date": resolved}
        for e, n, resolved in [
            ("T1", 1, "2024-02-01"), ("T1", 3, None), ("T2", 1, "2024-03-21"),  # the last only after the closure
            ("U", 1, "2024-02-01"), ("U", 2, "2024-02-01"),
            ("V", 1, "2024-02-01"), ("V", 2, "2024-02-01"), ("V", 3, "2024-03-20"),
        ]
    ],
)  # fmt: skip
# Moved away leaves the denominators of outcomes, and stays in that of stepping up; opened in error leaves both.
case(
    "moved away",
    ("M10", "2023-12", 0, 0),
    ("M11", "2023-12", 0, 0),
    ("M12", "2023-12", 0, 1),
    ("M14", "2023-12", 0, 0),
    ("M15", "2023-12", 0, 0),
    ("M27_rate", "2023-12", 0, 1),
    episode=[episode("M", "2023-06-01", "2023-12-20", "MOVED")],
)
case(
    "opened in error",
    ("M10", "2023-12", 0, 0),
    ("M12", "2023-12", 0, 0),
    ("M14", "2023-12", 0, 0),
    ("M07_open", "2023-11", 1, None),  # it stood open all the same
    ("M07_open", "2023-12", 0, None),
    episode=[episode("E", "2023-11-29", "2023-12-01", "ERROR")],
)
# Closed on a bank holiday: 6 May 2024 is the early May holiday, a Monday. 15 working days after Friday 12 April: 15 to 19
# April are days 1 to 5, 22 to 26 April 6 to 10, 29 April to 3 May 11 to 15. The holiday is none, so the 6th is in time
# and Tuesday the 7th is day 16, late. The third is never completed: overdue from the 7th until its episode ends in June.
case(
    "closed on a bank holiday",
    ("M01_count", "2024-04", 3, None),
    ("M02", "2024-05", 1, 2),
    ("M03", "2024-04", 0, 3),
    ("M03", "2024-05", 1, 1),
    ("M03", "2024-06", 0, 0),
    ("M10", "2024-05", 1, 1),
    ("M07_open", "2024-04", 2, None),
    ("M07_open", "2024-05", 1, None),
    ("M18_school", "2024-04", 2, 3),
    ("M18_health", "2024-04", 1, 3),
    episode=[
        episode("H", "2024-04-12", "2024-05-06", "NEEDS_MET"),
        episode("I", "2024-04-12", "2024-06-14", "CONSENT_WITHDRAWN"),
    ],
    assessment=[
        {"assessment_id": "H1", "episode_id": "H", "start_date": "2024-04-12", "complete_date": "2024-05-06", "agency_id": "A1"},
        {"assessment_id": "H2", "episode_id": "I", "start_date": "2024-04-12", "complete_date": "2024-05-07", "agency_id": "A1"},
        {"assessment_id": "H3", "episode_id": "I", "start_date": "2024-04-12", "agency_id": "A2"},
    ],
)  # fmt: skip
# Step-up after closure: 183 days after 30 June 2023 is 30 December, 184 is the 31st; 365 is 29 June 2024 (29 February lies
# between). Referred on the day of the closure is stepped up at closure, not after it.
case(
    "referred after closure",
    ("M12", "2023-06", 1, 5),
    ("M13_6", "2023-06", 1, 5),
    ("M13_12", "2023-06", 3, 5),
    ("M15", "2023-06", 2, 5),
    episode=[
        episode("X1", "2023-01-09", "2023-06-30", "NEEDS_MET"),
        episode("X2", "2023-01-09", "2023-06-30", "NEEDS_MET"),
        episode("X3", "2023-01-09", "2023-06-30", "NEEDS_MET"),
        episode("X4", "2023-01-09", "2023-06-30", "NOT_ENGAGED"),
        episode("X5", "2023-01-09", "2023-06-30", "STEP_UP"),
    ],
    referral=[
        {"referral_id": "X1", "family_id": "F-X1", "date": "2023-12-30"},
        {"referral_id": "X2", "family_id": "F-X2", "date": "2023-12-31"},
        {"referral_id": "X3", "family_id": "F-X3", "date": "2024-06-29"},
        {"referral_id": "X4", "family_id": "F-X4", "date": "2024-06-30"},
        {"referral_id": "X5", "family_id": "F-X5", "date": "2023-06-30"},
    ],
)
# Not yet followed up on 30 September 2025: 365 days after 30 September 2024 is that day, after 1 October it is not.
case(
    "not yet followed up",
    ("M14", "2024-09", 0, 1),
    ("M14", "2024-10", 0, 0),
    ("M13_6", "2024-10", 0, 1),
    episode=[
        episode("Y1", "2024-03-01", "2024-09-30", "NEEDS_MET"),
        episode("Y2", "2024-03-01", "2024-10-01", "NEEDS_MET"),
    ],
    referral=[{"referral_id": "Y", "family_id": "F-Y0", "date": "2022-01-01"}],
)
case(
    "disengaged",
    ("M11", "2024-02", 2, 3),
    ("M10", "2024-02", 0, 3),
    episode=[
        episode("Z1", "2023-12-01", "2024-02-01", "CONSENT_WITHDRAWN"),
        episode("Z2", "2023-12-01", "2024-02-02", "NOT_ENGAGED"),
        episode("Z3", "2023-12-01", "2024-02-05", None),  # not recorded: in the denominator, on neither side
        episode("Z4", "2023-12-01", "2024-02-05", "MOVED"),
    ],
)
# Lengths of 10, 20, 30 and 40 days, closed in July 2024: the middle is between 20 and 30.
case(
    "lengths",
    ("M08", "2024-07", None, 4),
    episode=[episode(f"L{n}", start, "2024-07-31", "NEEDS_MET") for n, start in
             enumerate(["2024-07-21", "2024-07-11", "2024-07-01", "2024-06-21"])],
)  # fmt: skip
# Three reviews held in turn at level 3, the third on 3 June: drift from then until the level changes on 1 September.
# Then a step up and two reviews more: not three in turn yet. The reviews are due on the days they were held.
case(
    "three reviews without change",
    ("M09", "2024-05", 0, 1),
    ("M09", "2024-06", 1, 1),
    ("M09", "2024-08", 1, 1),
    ("M09", "2024-09", 0, 1),
    ("M09", "2024-12", 0, 1),
    ("M09", "2025-02", 1, 1),  # open since 1 February 2024: more than 12 months from 2 February 2025
    episode=[episode("N", "2024-02-01", level_at_start=3)],
    review=[
        {"review_id": f"N{n}", "episode_id": "N", "due_date": day, "held_date": day, "level_after": level}
        for n, (day, level) in enumerate(
            [("2024-03-04", 3), ("2024-04-15", 3), ("2024-06-03", None), ("2024-09-01", 2), ("2024-10-10", 2),
             ("2024-11-20", 3), ("2024-12-20", 3)]
        )
    ],
)  # fmt: skip
# The episode closed on 20 May, before its first review was due: it falls away. The other closed the same day, its review
# held in good time before. The third held late, after which it closed: late.
case(
    "closed before the review",
    ("M05", "2024-06", 1, 2),
    ("M06", "2024-06", 1, 2),
    episode=[
        episode("P1", "2024-04-15", "2024-05-20", "NFA"),
        episode("P2", "2024-04-15", "2024-05-20", "NEEDS_MET"),
        episode("P3", "2024-04-15", "2024-06-28", "NEEDS_MET"),
    ],
    review=[
        {"review_id": "P1", "episode_id": "P1", "due_date": "2024-06-03"},
        {"review_id": "P2", "episode_id": "P2", "due_date": "2024-06-03", "held_date": "2024-05-16"},
        {"review_id": "P3", "episode_id": "P3", "due_date": "2024-06-03", "held_date": "2024-06-04"},
    ],
)
# Social care closes four families to early help on 10 January 2024: 28 days later is 7 February. The fourth had early help
# open throughout; the fifth was closed without early help and does not count.
case(
    "step-down",
    ("M16", "2024-01", 2, 4),
    # Referred on 1 June 2023: early help open until 1 June 2022, 365 days before, counts; the day before does not.
    ("M17", "2023-06", 1, 5),
    episode=[
        episode("K1", "2024-02-07", family_id="K1"),
        episode("K2", "2024-02-08", family_id="K2"),
        episode("K4", "2023-12-01", family_id="K4"),
        episode("K1a", "2022-01-10", "2022-06-01", "NEEDS_MET", family_id="K1"),
        episode("K2a", "2022-01-10", "2022-05-31", "NEEDS_MET", family_id="K2"),
        episode("K3a", "2023-06-01", "2023-06-02", "ERROR", family_id="K3"),
    ],
    referral=[
        {
            "referral_id": f"K{n}",
            "family_id": f"K{n}",
            "date": "2023-06-01",
            "close_date": "2024-01-10",
            "to_early_help": eh,
        }
        for n, eh in [(1, True), (2, True), (3, True), (4, True), (5, False)]
    ],
)
# One area of a tool read first and last: 3 to 5 rises by 2, 4 to 5 by 1, 5 to 4 falls; a third reading between counts for
# nothing, one after the closure neither, a lone reading neither. The tool of ten points needs 2, another 1.
case(
    "readings",
    ("M26", "2024-08", 2, 4),
    ("M26_change", "2024-08", 2 + 1 - 1 + 1, 4),
    episode=[episode("Q", "2024-01-08", "2024-08-30", "NEEDS_MET"), episode("Q2", "2024-01-08", "2024-08-30", "MOVED")],
    reading=[
        {"reading_id": f"{e}{n}", "episode_id": e, "tool": tool, "area": area, "date": day, "score": score}
        for n, (e, tool, area, day, score) in enumerate([
            ("Q", "Family Star Plus", "a", "2024-01-20", 3.0), ("Q", "Family Star Plus", "a", "2024-04-20", 9.0),
            ("Q", "Family Star Plus", "a", "2024-08-20", 5.0),
            ("Q", "Family Star Plus", "b", "2024-01-20", 4.0), ("Q", "Family Star Plus", "b", "2024-08-20", 5.0),
            ("Q", "Family Star Plus", "c", "2024-01-20", 5.0), ("Q", "Family Star Plus", "c", "2024-08-20", 4.0),
            ("Q", "Family Star Plus", "c", "2024-09-20", 9.0),
            ("Q", "Scaling", "d", "2024-01-20", 4.0), ("Q", "Scaling", "d", "2024-08-30", 5.0),
            ("Q", "Scaling", "e", "2024-01-20", 4.0),
            ("Q2", "Scaling", "d", "2024-01-20", 4.0), ("Q2", "Scaling", "d", "2024-08-30", 5.0),
        ])
    ],
)  # fmt: skip
# Three answers in November, two of them 4 or more; the family's closure has feedback, the other closure none.
case(
    "feedback",
    ("M27", "2024-11", 2, 3),
    ("M27_rate", "2024-11", 1, 2),
    episode=[episode("G1", "2024-05-01", "2024-11-04", "NEEDS_MET"), episode("G2", "2024-05-01", "2024-11-04", "NFA")],
    feedback=[
        {"feedback_id": f"G{n}", "episode_id": "G1", "date": "2024-11-11", "respondent": who, "score": score}
        for n, (who, score) in enumerate([("child", 5), ("parent", 4), ("parent", 3)])
    ],
)
# Audits of June 2024: grades 4, 3 and 2, and a repeat that does not count. Pairs: the same, one apart, the same. The
# inadequate one of July is repeated after 90 days, the other after 91.
case(
    "audits",
    ("M19", "2024-06", 2, 3),
    ("M21", "2024-06", 2, 3),
    ("M23", "2024-07", 1, 2),
    ("M22", "2024-08", 1, 2),
    # Answers that applied: yes, partly, no → (0 + 0.5 + 1) of 3; of question B2 only the no.
    ("M24", "2024-06", 1.5, 3),
    ("M24_B2", "2024-06", 1, 1),
    episode=[episode("C", "2024-01-08", level_at_start=2)],
    audit=[
        {"audit_id": id, "episode_id": "C", "completed_date": day, "auditor_grade": one, "moderator_grade": two,
         "final_grade": final, "parent_audit_id": parent, "agency_id": "A1"}
        for id, day, one, two, final, parent in [
            ("C1", "2024-06-03", 4, 4, 4, None), ("C2", "2024-06-03", 3, 2, 3, None), ("C3", "2024-06-04", 2, 2, 2, None),
            ("C4", "2024-07-01", 1, None, 1, None), ("C5", "2024-07-01", 1, None, 1, None),
            ("C6", "2024-09-29", 3, None, 3, "C4"), ("C7", "2024-09-30", 3, None, 3, "C5"),
        ]
    ],
    audit_answer=[
        {"audit_id": "C1", "question": q, "answer": a}
        for q, a in [("A1", "yes"), ("A2", "partly"), ("B2", "no"), ("B3", "not_applicable")]
    ],
    audit_action=[
        {"action_id": "C1", "audit_id": "C3", "due_date": "2024-08-01", "done_date": "2024-08-01", "owner_agency_id": "A2"},
        {"action_id": "C2", "audit_id": "C3", "due_date": "2024-08-01", "done_date": "2024-08-02"},
    ],
)  # fmt: skip
# The forum meets on 5 March and 2 April 2024, and no more. Of three actions of March one is done by the next meeting, one
# after it, one not due before 20 April, and done by then. Those of April have not fallen due.
case(
    "forum",
    ("M28", "2024-04", 2, 3),
    forum=[
        {"forum_id": "J1", "forum_area": "forum", "date": "2024-03-05"},
        {"forum_id": "J2", "forum_area": "forum", "date": "2024-04-02"},
    ],
    forum_item=[
        {"item_id": "J1", "forum_id": "J1", "due_date": "2024-03-20", "done_date": "2024-04-02"},
        {"item_id": "J2", "forum_id": "J1", "due_date": "2024-03-20", "done_date": "2024-04-03"},
        {"item_id": "J3", "forum_id": "J1", "due_date": "2024-04-20", "done_date": "2024-04-19"},
        {"item_id": "J4", "forum_id": "J2", "due_date": "2024-04-20", "done_date": "2024-04-19"},
    ],
)
# Cells of January 2025: six of the episode (family, level, agency, professional, area, reason), of which the professional
# and the reason are empty, and three of the assessment (episode, agency, consent), of which consent is not recorded.
case(
    "completeness",
    ("M29", "2025-01", 4 + 2, 6 + 3),
    ("M29", "2025-02", 1, 2),  # closed: a level, and a reason that is UNKNOWN
    episode=[
        episode("AA", "2025-01-06", "2025-02-03", "UNKNOWN", level_at_start=2, level_at_end=2, lead_agency_id="A1",
                start_reason=None),
    ],
    assessment=[
        {"assessment_id": "AA", "episode_id": "AA", "start_date": "2025-01-07", "agency_id": "A1",
         "consent_status": "not_recorded"},
    ],
)  # fmt: skip

AGENCIES = [
    {"agency_id": "A1", "name": "Invented school", "agency_type": "school"},
    {"agency_id": "A2", "name": "Invented health team", "agency_type": "health"},
]


def tables() -> dict[str, pl.DataFrame]:
    """All cases together, as canonical tables; every episode and referral lives in the area of its case."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in CASE_TABLES}
    rows["agency"] = AGENCIES
    for one in CASES:
        for name, some in one.rows.items():
            placed = "lsoa" in CASE_TABLES[name].columns
            rows[name] += [({"lsoa": one.name} if placed else {}) | row for row in some]
    return {name: frame(name, some) for name, some in rows.items()}


def places() -> pl.DataFrame:
    names = [one.name for one in CASES]
    return pl.DataFrame({"lsoa": names, "forum_area": names, "county": ["E10000021"] * len(names)})


def frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a canonical table; days are written as text."""
    schema = CASE_TABLES[name].schema
    known = [{c: _day(v) if kind == pl.Date else v for c, kind in schema.items() for v in [row.get(c)]} for row in rows]
    assert all(set(row) <= set(schema) for row in rows), f"{name} has no such column"
    return pl.DataFrame(known, schema=schema)


def _day(text: Any) -> date | None:
    return datetime.strptime(text, "%Y-%m-%d").date() if isinstance(text, str) else text
