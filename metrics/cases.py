"""The canonical case tables: what early help records hold, whichever system they come from.

Everything that is reckoned from case records takes these tables. They are pseudonymous: an identifier is a keyed hash,
a birth date a month, an address a small area. Invented records have the same form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

TEXT, DAY, WHOLE, YES_NO, NUMBER = pl.String, pl.Date, pl.Int64, pl.Boolean, pl.Float64


@dataclass(frozen=True, slots=True)
class CaseTable:
    """One table: its columns, its key, what it may not leave empty, and which table each foreign key points to."""

    columns: Mapping[str, type[pl.DataType]]
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)  # column → table, whose key has one column

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema(self.columns)


# Levels of need run from 1 (universal) to 4 (specialist); early help is 2 and 3, social care 4.
CASE_TABLES: Mapping[str, CaseTable] = {
    "agency": CaseTable(
        # An agency is no person: its id and name are kept as they come.
        {"agency_id": TEXT, "name": TEXT, "agency_type": TEXT, "lsoa": TEXT},
        key=("agency_id",),
        required=("name", "agency_type"),
    ),
    "family": CaseTable({"family_id": TEXT, "lsoa": TEXT}, key=("family_id",)),
    "person": CaseTable(
        {
            "person_id": TEXT,
            "family_id": TEXT,
            "role": TEXT,  # child, parent, other
            "birth_month": DAY,  # first of the month
            "sex": TEXT,  # F, M, U
            "ethnicity": TEXT,  # DfE code, such as WBRI
            "disability": YES_NO,
            "lsoa": TEXT,  # of 2021
            "school_urn": TEXT,
        },
        key=("person_id",),
        references={"family_id": "family"},
    ),
    "episode": CaseTable(
        # One early help period of a family (or of one child, where the system keeps children). Its end is the closure.
        {
            "episode_id": TEXT,
            "family_id": TEXT,
            "person_id": TEXT,  # the child, where the system keeps children
            "start_date": DAY,
            "end_date": DAY,  # empty: open
            "start_reason": TEXT,
            "end_reason": TEXT,  # a code of closure_reasons.csv
            "level_at_start": WHOLE,  # 1–4
            "level_at_end": WHOLE,
            "route": TEXT,  # new, step_down, self, forum
            "lead_agency_id": TEXT,
            "lead_worker_id": TEXT,  # pseudonymous, only ever counted
            "lsoa": TEXT,
        },
        key=("episode_id",),
        required=("start_date",),
        references={"family_id": "family", "person_id": "person", "lead_agency_id": "agency"},
    ),
    "assessment": CaseTable(
        # An Early Help Assessment. Annex A list 2 gives these without an episode; then `person_id` is there.
        {
            "assessment_id": TEXT,
            "episode_id": TEXT,
            "family_id": TEXT,
            "person_id": TEXT,
            "start_date": DAY,
            "complete_date": DAY,  # empty: not complete
            "agency_id": TEXT,
            "consent_status": TEXT,  # given, refused, not_recorded
            "consent_date": DAY,
            "lsoa": TEXT,
        },
        key=("assessment_id",),
        required=("start_date", "agency_id"),
        references={"episode_id": "episode", "family_id": "family", "person_id": "person", "agency_id": "agency"},
    ),
    "need": CaseTable(
        {
            "need_id": TEXT,
            "episode_id": TEXT,
            "person_id": TEXT,
            "outcome": WHOLE,  # headline outcome of the Supporting Families framework, 1–10
            "baseline_date": DAY,
            "resolved_date": DAY,  # empty: not resolved
        },
        key=("need_id",),
        required=("episode_id", "outcome", "baseline_date"),
        references={"episode_id": "episode", "person_id": "person"},
    ),
    "plan": CaseTable(
        {"plan_id": TEXT, "episode_id": TEXT, "version": WHOLE, "start_date": DAY, "end_date": DAY},
        key=("plan_id",),
        required=("episode_id", "start_date"),
        references={"episode_id": "episode"},
    ),
    "plan_action": CaseTable(
        {
            "action_id": TEXT,
            "plan_id": TEXT,
            "need_id": TEXT,
            "owner_agency_id": TEXT,
            "due_date": DAY,
            "done_date": DAY,
        },
        key=("action_id",),
        required=("plan_id",),
        references={"plan_id": "plan", "need_id": "need", "owner_agency_id": "agency"},
    ),
    "review": CaseTable(
        {
            "review_id": TEXT,
            "episode_id": TEXT,
            "due_date": DAY,
            "held_date": DAY,  # empty: not held
            "kind": TEXT,  # taf (team around the family), desk
            "level_after": WHOLE,
            "attendees": WHOLE,
            "child_view": YES_NO,
            "parent_view": YES_NO,
        },
        key=("review_id",),
        required=("episode_id", "due_date"),
        references={"episode_id": "episode"},
    ),
    "step_event": CaseTable(
        {
            "step_id": TEXT,
            "episode_id": TEXT,
            "family_id": TEXT,
            "direction": TEXT,  # up, down
            "from_level": WHOLE,
            "to_level": WHOLE,
            "date": DAY,
            "accepted_date": DAY,
            "referral_id": TEXT,
        },
        key=("step_id",),
        required=("direction", "date"),
        references={"episode_id": "episode", "family_id": "family", "referral_id": "referral"},
    ),
    "referral": CaseTable(
        # A referral to children's social care and what became of it. `to_early_help`: closed to early help (step down).
        {
            "referral_id": TEXT,
            "family_id": TEXT,
            "person_id": TEXT,
            "date": DAY,
            "source": TEXT,
            "no_further_action": YES_NO,
            "close_date": DAY,
            "close_reason": TEXT,
            "to_early_help": YES_NO,
            "lsoa": TEXT,
        },
        key=("referral_id",),
        required=("date",),
        references={"family_id": "family", "person_id": "person"},
    ),
    "contact": CaseTable(
        {"contact_id": TEXT, "family_id": TEXT, "person_id": TEXT, "date": DAY, "source": TEXT, "outcome": TEXT},
        key=("contact_id",),
        required=("date",),
        references={"family_id": "family", "person_id": "person"},
    ),
    "feedback": CaseTable(
        {
            "feedback_id": TEXT,
            "episode_id": TEXT,
            "date": DAY,
            "respondent": TEXT,  # child, parent, professional
            "item": TEXT,
            "score": WHOLE,  # 1–5; 4 and 5 are positive
        },
        key=("feedback_id",),
        required=("date", "respondent", "score"),
        references={"episode_id": "episode"},
    ),
    "forum": CaseTable(
        {"forum_id": TEXT, "forum_area": TEXT, "date": DAY},
        key=("forum_id",),
        required=("forum_area", "date"),
    ),
    "forum_item": CaseTable(
        {
            "item_id": TEXT,
            "forum_id": TEXT,
            "family_id": TEXT,
            "owner_agency_id": TEXT,
            "due_date": DAY,
            "done_date": DAY,
        },
        key=("item_id",),
        required=("forum_id",),
        references={"forum_id": "forum", "family_id": "family", "owner_agency_id": "agency"},
    ),
    "spend": CaseTable(
        {"spend_id": TEXT, "agency_id": TEXT, "date": DAY, "pounds": NUMBER},  # date: last day that it pays for
        key=("spend_id",),
        required=("date", "pounds"),
        references={"agency_id": "agency"},
    ),
    "reading": CaseTable(
        # Outcome tools: one reading of one area. Outcome Star's own rules are in `metrics.star`.
        {
            "reading_id": TEXT,
            "episode_id": TEXT,
            "person_id": TEXT,
            "tool": TEXT,
            "edition": TEXT,
            "area": TEXT,
            "date": DAY,
            "score": NUMBER,
            "star_id": TEXT,  # readings completed together, as one Star, share it
            "completed_by": TEXT,  # together, worker, person
            "retrospective": YES_NO,  # completed later from memory or notes
            "state": TEXT,  # final, draft
            "agency_id": TEXT,  # the service that it was completed in
        },
        key=("reading_id",),
        required=("tool", "area", "date", "score"),
        references={"episode_id": "episode", "person_id": "person", "agency_id": "agency"},
    ),
    "audit_plan": CaseTable(
        {"round_id": TEXT, "stratum": TEXT, "due_date": DAY, "frame_size": WHOLE, "planned": WHOLE},
        key=("round_id", "stratum"),
        required=("due_date", "frame_size", "planned"),
    ),
    "audit": CaseTable(
        {
            "audit_id": TEXT,
            "round_id": TEXT,
            "stratum": TEXT,
            "episode_id": TEXT,
            "assessment_id": TEXT,
            "agency_id": TEXT,  # whose assessment was audited
            "completed_date": DAY,
            "auditor_grade": WHOLE,  # 4 outstanding, 3 good, 2 requires improvement, 1 inadequate
            "moderator_grade": WHOLE,
            "final_grade": WHOLE,
            "parent_audit_id": TEXT,  # of a re-audit
        },
        key=("audit_id",),
        references={"episode_id": "episode", "assessment_id": "assessment", "agency_id": "agency"},
    ),
    "audit_answer": CaseTable(
        {"audit_id": TEXT, "question": TEXT, "answer": TEXT},  # yes, partly, no, not_applicable
        key=("audit_id", "question"),
        required=("answer",),
        references={"audit_id": "audit"},
    ),
    "audit_action": CaseTable(
        {"action_id": TEXT, "audit_id": TEXT, "owner_agency_id": TEXT, "due_date": DAY, "done_date": DAY},
        key=("action_id",),
        required=("audit_id", "due_date"),
        references={"audit_id": "audit", "owner_agency_id": "agency"},
    ),
}

# Columns that hold a person's or family's identifier, wherever they stand: replaced by a keyed hash at intake.
IDENTIFIERS = frozenset({"person_id", "family_id", "lead_worker_id"})

AGENCY_TYPES: Mapping[str, str] = {
    "school": "Schools and colleges",
    "early_years": "Early years and children's centres",
    "health": "Health (0–19 and others)",
    "early_help": "Council early help teams",
    "police": "Police",
    "housing": "Housing and districts",
    "voluntary": "Voluntary and community sector",
    "social_care": "Children's social care",
    "other": "Other",
}


def empty_tables() -> dict[str, pl.DataFrame]:
    """Every case table without a row."""
    return {name: pl.DataFrame(schema=table.schema) for name, table in CASE_TABLES.items()}
