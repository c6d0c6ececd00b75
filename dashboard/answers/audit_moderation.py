"""A second look at an audit: the moderator's grade, and the final one after talking. Never the auditor's own work."""

from __future__ import annotations

from dashboard import words
from dashboard.access import MODERATE, NotAllowed, Scope, require
from dashboard.answers.audit import AuditNotThere, Clash, sheet
from dashboard.answers.keep import the_store
from dashboard.store import StaleEdit, StoreError


def moderate(scope: Scope, audit_id: int, value: int, reason: str, *, base: int) -> Clash | str:
    """Keep a moderator's grade, and, if it is the auditor's, the final one; gives "" when kept, a sentence or the
    other's grade where it cannot be."""
    try:
        require(scope, MODERATE)
        held = sheet(scope, audit_id)
        if not held.moderates:
            return "Somebody else than the auditor moderates an audit, once it is finished."
        if not reason.strip():
            return "Please say in a sentence what you saw."
        store, who = the_store().audits, {"by": scope.signature, "as_role": scope.role}
        store.set_grade(audit_id, "moderator", value, reason.strip(), base=base or None, **who)
        if value == held.grades["auditor"].grade and held.other in (None, value) and "final" not in held.grades:
            store.set_grade(audit_id, "final", value, "Auditor and moderator agree.", base=None, **who)
    except StaleEdit as stale:
        return _clash(stale)
    except (AuditNotThere, NotAllowed, StoreError) as error:
        return str(error)
    return ""


def settle(scope: Scope, audit_id: int, value: int, reason: str, *, base: int) -> Clash | str:
    """Keep the final grade, after talking; gives "" when kept, a sentence or the other's grade where it cannot be."""
    try:
        require(scope, MODERATE)
        held = sheet(scope, audit_id)
        if not held.moderates:
            return "Somebody else than the auditor settles the final grade, once the audit is finished."
        if not reason.strip():
            return "Please say how you came to it."
        who = {"by": scope.signature, "as_role": scope.role}
        the_store().audits.set_grade(audit_id, "final", value, reason.strip(), base=base or None, **who)
    except StaleEdit as stale:
        return _clash(stale)
    except (AuditNotThere, NotAllowed, StoreError) as error:
        return str(error)
    return ""


def _clash(stale: StaleEdit) -> Clash:
    theirs, _, why = stale.theirs.partition("\n")
    return Clash(theirs, why, stale.note_id or 0, words.name(stale.author))
