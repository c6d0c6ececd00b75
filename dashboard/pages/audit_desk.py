"""What needs doing today? The desk of a QA manager, and of an auditor their own."""

import streamlit as st

from dashboard.answers import (
    audit_actions,
    audit_allocation,
    audit_desk,
    audit_import,
    audit_rounds,
    audit_templates,
    case_records,
)
from dashboard.answers.audit import today
from dashboard.components import audit_desk as desk
from dashboard.components import guard, headline, open_link, title
from dashboard.components.audit_after import said_before
from dashboard.components.charted import listed_table
from dashboard.components.standing import standing, stop_without_records

scope = guard("audit_desk")
standing(case_records.banners(scope))
title("What needs doing today?")
if case_records.as_at(scope) is None:
    stop_without_records()
day = today(scope)
seen = audit_desk.desk(scope, day)
headline(seen.sentence)
said_before()
chosen = st.query_params.get("show", "")
chosen = chosen if chosen in seen.lists else seen.first()
desk.numbers(seen.numbers, chosen=chosen, address=lambda key: open_link("audit_desk", show=key))
label = next(n.label for n in seen.numbers if n.key == chosen)
agencies = case_records.agencies(scope)
mine = audit_allocation.own_agency(scope)
if not seen.manages:
    desk.items(seen.lists[chosen], name=label, address=lambda number: open_link("audit", audit=str(number)))
    with st.expander("Whom you work for", expanded=not mine):
        desk.sign_up(agencies, now=mine, save=lambda agency: audit_allocation.try_sign_up(scope, agency))
    st.stop()

waiting, people, there = seen.lists["allocate"], audit_allocation.auditors(scope), audit_rounds.open_rounds(scope)
if chosen == "allocate" and waiting:
    desk.allocation(
        there,
        waiting,
        people,
        chosen=st.query_params.get("one", ""),
        every=lambda number: audit_allocation.try_allocate_all(scope, number),
        one=lambda audit, who: audit_allocation.try_allocate(scope, audit, who),
    )
    desk.items(waiting, name=label, address=lambda number: open_link("audit_desk", show="allocate", one=str(number)))
else:
    desk.items(seen.lists[chosen], name=label, address=lambda number: open_link("audit", audit=str(number)))
with st.expander("Open a round", expanded=not there):
    desk.round_form(
        {
            "kind": audit_rounds.KINDS,
            "months": audit_rounds.BEGUN,
            "agency_type": audit_rounds.agency_types(scope),
            "margin": audit_rounds.MARGINS,
            "strata": audit_rounds.STRATA,
            "template": audit_templates.offered(scope),
        },
        lambda **wanted: audit_rounds.propose(scope, audit_rounds.Wanted(**wanted)),
        lambda wanted, **about: audit_rounds.try_open(scope, audit_rounds.Wanted(**wanted), **about),
        due=audit_rounds.due_by_default(day),
        seed=audit_rounds.seed_of(day),
        title=audit_rounds.title_of(scope),
    )
with st.expander("Rounds, and what is left out of them"):
    desk.rounds_table(audit_rounds.rounds(scope), audit_rounds.KINDS)
    desk.leave_out_form(audit_rounds.unfinished(seen), lambda audit, why: audit_rounds.try_leave_out(scope, audit, why))
    desk.close_form(there, lambda number: audit_rounds.try_close(scope, number))
with st.expander("Auditors", expanded=bool(there) and people.is_empty()):
    desk.sign_up(agencies, now=mine, save=lambda agency: audit_allocation.try_sign_up(scope, agency))
    desk.auditor_table(people)
    desk.auditor_form(people, lambda who, **how: audit_allocation.try_change(scope, who, **how))
with st.expander("Actions that are not verified yet"):
    listed_table(audit_actions.every(scope, day), name="Actions", empty="None.")
with st.expander("Take in audits done on paper"):
    desk.import_form(
        there,
        lambda number, data, name: audit_import.read(scope, number, data, name),
        audit_import.listed,
        lambda number, file: audit_import.take(scope, number, file),
    )
with st.expander("Load a template"):
    desk.template_form(lambda data, name: audit_templates.try_load(scope, data, name))
