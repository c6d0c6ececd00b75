"""One audit: is this Early Help Assessment good?"""

import streamlit as st

from dashboard.access import AUDIT, DRAW
from dashboard.answers import audit as answer
from dashboard.answers import audit_actions, audit_moderation, case_records
from dashboard.components import empty_state, guard, headline, open_link, title
from dashboard.components.audit import answered, facts, questions
from dashboard.components.audit_after import actions, done, finish_form, grades, moderation, said_before
from dashboard.components.guard import guarded_answer, may_here
from dashboard.components.standing import standing

scope = guard("audit")
standing(case_records.banners(scope))
title("Is this assessment good?")
asked = st.query_params.get("audit", "")
try:
    held = answer.sheet(scope, int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0)
except answer.AuditNotThere as error:
    desk = ("Audit desk", open_link("audit_desk"))
    empty_state("There is no audit to show.", f"{error} Open one from the audit desk.", link=desk)
    st.stop()
if held.id not in st.session_state.setdefault("looked-at-audits", []):
    answer.looked(scope, held.id)
    st.session_state["looked-at-audits"].append(held.id)

headline(answer.sentence(held))
said_before()
facts(held.facts)
left, right = st.columns([2, 1], gap="large")
with left:
    if held.open:
        questions(
            held,
            save=guarded_answer("audit", AUDIT)(
                lambda question, said, evidence, base: answer.save(scope, held.id, question, said, evidence, base=base)
            ),
            suggest=lambda given: answer.suggestion(held.template, given),
            names=answer.GRADES,
            answers=answer.ANSWERS,
        )
    else:
        answered(held, answer.ANSWERS)
with right:
    if held.open:
        finish_form(
            held,
            answer.GRADES,
            same_day=answer.SAME_DAY,
            step=lambda step: answer.take_step(scope, held.id, step),
            finish=lambda grade, why: answer.finish(scope, held.id, grade, why),
        )
    elif held.grades:
        grades(held, answer.GRADES)
    if held.moderates:
        moderation(
            held,
            answer.GRADES,
            moderate=lambda grade, why, base: audit_moderation.moderate(scope, held.id, grade, why, base=base),
            settle=lambda grade, why, base: audit_moderation.settle(scope, held.id, grade, why, base=base),
        )
    if "auditor" in held.grades:
        today = answer.today(scope)
        actions(
            audit_actions.of_audit(scope, held.id, today),
            audit_actions.failed(held),
            audit_actions.owners(scope),
            audit_actions.SEVERITIES,
            agency=held.agency_id,
            today=today,
            due=lambda severity: audit_actions.due_by_default(severity, today),
            add=lambda text, **about: audit_actions.try_add(scope, held.id, text, **about),
            finish=lambda number, why: audit_actions.try_done(scope, number, why, done=today),
            verify=lambda number: audit_actions.try_verify(scope, number),
        )
    if may_here(DRAW) and answer.may_repeat(held) and st.button("Put it down to be audited again"):
        wrong = audit_actions.try_repeat(scope, held.id)
        st.error(wrong) if wrong else done("A re-audit is down, to be allocated on the audit desk.")
