"""The audit templates: those that ship, those that were loaded, and which version a round uses."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.access import DRAW, NotAllowed, Scope, require
from dashboard.answers.keep import the_store
from dashboard.intake.audit_templates import read_template_file
from dashboard.intake.batch import IntakeError
from dashboard.store import Store, StoreError
from metrics.audit import Template, TemplateError, as_json, from_json, supersede, templates

_read: dict[tuple[Store, str, str], Template] = {}  # a version is never changed, so what was read of it stands


def template(id: str, version: str) -> Template:
    """A version that a round uses. Raises `TemplateError` for one that is not kept."""
    store = the_store()
    found = _read.get((store, id, version))
    if found is None:
        rows = store.audits.templates().filter(template=id, version=version)
        if rows.is_empty():
            raise TemplateError(f"There is no version {version} of the template {id}.")
        found = _read[store, id, version] = from_json(rows["content"][0])
    return found


def known() -> Mapping[str, Template]:
    """Every version that ships or was loaded, by its key, the newest last."""
    kept = [from_json(text) for text in the_store().audits.templates()["content"]]
    return {**templates(), **{one.key: one for one in kept}}


def offered(scope: Scope) -> dict[str, str]:
    """Key of each version → what is shown in a list, the newest first."""
    every = list(known().values())
    return {one.key: f"{one.title}, version {one.version}" for one in reversed(every)}


def ensure(scope: Scope, key: str) -> Template:
    """The version of this key, kept in the store from now on. Raises `TemplateError`."""
    found = known().get(key)
    if found is None:
        raise TemplateError("This version of the template is not known.")
    _keep(scope, found)
    return found


def try_load(scope: Scope, data: bytes, file_name: str) -> tuple[list[str], str]:
    """Take a template in from a file: (what it changes, in sentences; empty), or (nothing, why it cannot be)."""
    try:
        require(scope, DRAW)
        every = known()
        new = read_template_file(data, file_name=file_name, known=every)
        said = supersede(new, every)
        _keep(scope, new)
    except (IntakeError, NotAllowed, StoreError, TemplateError) as error:
        return [], str(error)
    return said, ""


def _keep(scope: Scope, one: Template) -> None:
    questions = [q.id for q in one.questions]
    who = {"by": scope.signature, "as_role": scope.role}
    the_store().audits.add_template(one.id, one.version, one.title, as_json(one), questions, **who)
