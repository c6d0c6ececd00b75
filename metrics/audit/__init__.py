"""The quality audit of Early Help Assessments: templates, samples, grades, and what they say about all assessments.

    frame = audit.freeze(tables, as_at=day, begun=(first, last))  # any engine
    kept, left_out = audit.exclude(frame, as_at=day, audited=before)
    drawn = audit.sampling_plan(kept, strata=("agency_type", "state"), size=83, seed=2026)
    drawn = audit.allocate(drawn, auditors, seed=2026)
    graded = audit.grade(answers, template)  # suggested grade and its sentence
    audit.estimate(audits, audit.strata_table(drawn), by="agency_type")  # with limits, of all assessments
    audit.agreement(pairs); audit.weaknesses(answers, template)

No function here knows of a worker; auditors are only ever given work, or added up.
"""

from __future__ import annotations

from .agreement import agreement, alpha, confusion
from .allocation import (
    AUDITORS,
    AllocationError,
    allocate,
    calibration_set,
    check_allocation,
    second_auditors,
    to_moderate,
)
from .definitions import Measure, Rules, measures, rules
from .derived import DERIVED, derived
from .estimates import estimate
from .following import actions_done, follow_up, quality_and_feedback
from .frames import EXCLUDED, FRAME, SamplingError, exclude, freeze
from .grading import GRADES, grade
from .p_chart import p_chart
from .sampling import (
    PURPOSES,
    STRATA,
    chosen_sample,
    next_replacement,
    sample_size,
    sampling_plan,
    strata_table,
)
from .templates import (
    KINDS,
    MEASURES,
    NOT_APPLICABLE,
    Question,
    Section,
    Template,
    TemplateError,
    as_json,
    from_json,
    read_template,
    supersede,
    templates,
)
from .weaknesses import three_to_fix, weaknesses

__all__ = [
    "AUDITORS",
    "DERIVED",
    "EXCLUDED",
    "FRAME",
    "GRADES",
    "KINDS",
    "MEASURES",
    "NOT_APPLICABLE",
    "PURPOSES",
    "STRATA",
    "AllocationError",
    "Measure",
    "Question",
    "Rules",
    "SamplingError",
    "Section",
    "Template",
    "TemplateError",
    "actions_done",
    "agreement",
    "allocate",
    "alpha",
    "as_json",
    "calibration_set",
    "check_allocation",
    "chosen_sample",
    "confusion",
    "derived",
    "estimate",
    "exclude",
    "follow_up",
    "freeze",
    "from_json",
    "grade",
    "measures",
    "next_replacement",
    "p_chart",
    "quality_and_feedback",
    "read_template",
    "rules",
    "sample_size",
    "sampling_plan",
    "second_auditors",
    "strata_table",
    "supersede",
    "templates",
    "three_to_fix",
    "to_moderate",
    "weaknesses",
]
