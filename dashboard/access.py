"""Who may see what and do what: one table of roles, and the scope that travels with every question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

# How near a role comes to a family, each with the ones before it: what is printed for everyone; figures of areas and
# agencies, after disclosure control; single records, pseudonymised, within what the role is held to.
PRINTED, FIGURES, CASES = LEVELS = ("printed", "figures", "cases")

# What a role may do beside looking.
STORY = "write the story"
TARGET = "set a target"
SCENARIO = "keep a funding scenario"
LOAD = "load files"
UNDO = "undo a load"
EXPORT = "take figures away"
ADMINISTER = "keep the roles"
ANSWER = "answer the questionnaire"
ROUND = "run a questionnaire round"  # open it, invite, close it, record what the workshop agreed
PLAN = "change the action plan"
DRAW = "draw an audit sample"  # and allocate it
AUDIT = "audit an assessment"
MODERATE = "moderate an audit"
ACTS = frozenset({STORY, TARGET, SCENARIO, LOAD, UNDO, EXPORT, ADMINISTER, ANSWER, ROUND, PLAN, DRAW, AUDIT, MODERATE})

AGENCY, FORUM_AREA = "agency", "forum area"  # what a role may be held to

PAGES = frozenset(
    {
        "scorecard",
        "turn_the_curve",
        "area_map",
        "need_and_funding",
        "load_data",
        "methods",
        "people",
        "activity",
        "journeys",
        "forum",
        "data_quality",
        "distance_travelled",
        "one_person",
        "questionnaire",
        "answer",
        "rounds",
        "action_plan",
        "audit_desk",
        "audit",
        "assessment_quality",
    }
)


class NotAllowed(PermissionError):
    """This role may not do this; the message is a sentence fit to be shown."""


@dataclass(frozen=True, slots=True)
class Role:
    """One line of the table: what a role sees and may do. `held_to`: `""`, `AGENCY` or `FORUM_AREA`, for cases."""

    pages: frozenset[str]
    level: str = FIGURES
    held_to: str = ""
    may: frozenset[str] = frozenset()


_OPEN = frozenset({"scorecard", "methods"})  # what is printed for everyone, and what it means
_MEETING = _OPEN | {"turn_the_curve"}
_BUYING = _MEETING | {"area_map", "need_and_funding"}
_RECORDS = frozenset({"activity", "journeys"})  # what early help does, reckoned from case records
_QUALITY = frozenset({"distance_travelled", "questionnaire", "assessment_quality"})  # how good it is
_TAKES_PART = frozenset({"action_plan", "answer"})  # promises and is asked

# The table. For each page a person asks as the first of their roles that may open it. The names are what people read,
# and what stands in the sign-in settings, the administrator's table and the record.
ROLES: Mapping[str, Role] = {
    "subgroup member": Role(
        _BUYING | _RECORDS | _QUALITY | _TAKES_PART | {"forum"}, may=frozenset({STORY, TARGET, EXPORT, ANSWER, PLAN})
    ),
    "commissioner": Role(
        _BUYING | _RECORDS | _QUALITY | {"action_plan"}, may=frozenset({STORY, SCENARIO, EXPORT, PLAN})
    ),
    "QA manager": Role(
        _MEETING
        | _RECORDS
        | _QUALITY
        | _TAKES_PART
        | {"area_map", "forum", "data_quality", "one_person", "audit_desk", "audit"},
        CASES,
        may=frozenset({STORY, EXPORT, ANSWER, PLAN, DRAW, AUDIT, MODERATE}),
    ),
    "auditor": Role(_MEETING | _RECORDS | _QUALITY | {"audit_desk", "audit"}, CASES, may=frozenset({AUDIT})),
    "agency lead": Role(
        _MEETING | _RECORDS | _QUALITY | _TAKES_PART | {"area_map", "data_quality", "one_person"},
        CASES,
        AGENCY,
        may=frozenset({EXPORT, ANSWER, PLAN}),
    ),
    "coordinator": Role(
        _BUYING | _RECORDS | _QUALITY | _TAKES_PART | {"forum", "data_quality", "rounds"},
        CASES,
        FORUM_AREA,
        may=frozenset({STORY, EXPORT, ANSWER, ROUND, PLAN}),
    ),
    # Has the files in hand and sees their refused rows, but no page of single families.
    "data officer": Role(
        _BUYING | _RECORDS | _QUALITY | {"load_data", "data_quality"}, may=frozenset({LOAD, UNDO, EXPORT})
    ),
    # Says who may see, and sees no more than the figures: another role must be given for that.
    "administrator": Role(_MEETING | {"people", "data_quality"}, may=frozenset({ADMINISTER, EXPORT})),
    # Someone in a partner agency who is asked how good the system is, and sees nothing else.
    "respondent": Role(_OPEN | {"answer"}, PRINTED, may=frozenset({ANSWER})),
    "scrutiny": Role(_OPEN, PRINTED),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What the asker may see, and who they are. Hashable; the first argument of every question.

    `role` is a key of `ROLES`. `agencies` and `forum_areas` are what a role that is held to one may see cases of; for
    other roles they are empty and mean nothing (ask `Role.held_to`). `person` is issuer and subject; `author` is the
    person's name; `email` their address as the provider gives it, to which invitations are written: no identity.
    `local`: signed in by the choice of a ready user, which anyone at this machine may make, so that nothing but
    published and sample figures may come in.
    """

    role: str
    agencies: frozenset[str] = frozenset()
    forum_areas: frozenset[str] = frozenset()
    person: str = ""
    author: str = ""
    local: bool = False
    email: str = ""

    @property
    def signature(self) -> str:
        """What edits, loads and the record are signed with: the name people know, and the identity that is certain."""
        return f"{self.author} <{self.person}>" if self.person else self.author

    def sight(self) -> Scope:
        """The scope without who asks: what answers are kept under, and all that a kept question gets to know."""
        return replace(self, person="", author="", local=False, email="")


# Published official figures carry no personal data: questions about them are asked in this scope whoever asks, so that
# their answers hold nothing that a role alone may see. It is no role: nobody signs in with it, and it opens no page.
PUBLISHED = Scope(role="published figures")


@dataclass(frozen=True, slots=True)
class Grant:
    """Who is given which role, held to what: by a group of the identity provider, or by the administrator's table."""

    role: str
    agency: str = ""
    forum_area: str = ""


def may_open(scope: Scope, page: str) -> bool:
    """Whether a scope may open a page; an unknown page and an unknown role are closed."""
    role = ROLES.get(scope.role)
    return role is not None and page in PAGES and page in role.pages


def may(scope: Scope, act: str) -> bool:
    """Whether a scope may do one of `ACTS`; an unknown role may do nothing."""
    role = ROLES.get(scope.role)
    return role is not None and act in role.may


def require(scope: Scope, act: str) -> None:
    """Raises `NotAllowed` unless the scope may do this. Stands at the head of everything that changes or hands out."""
    if not may(scope, act):
        raise NotAllowed(f"Your role ({title_of(scope)}) may not {act}. Ask the administrator if you need it.")


def title_of(scope: Scope) -> str:
    """The role with what it is held to: `agency lead, school`."""
    return ", ".join([scope.role, *sorted(scope.agencies), *sorted(scope.forum_areas)])


def scope_for(scopes: Iterable[Scope], page: str) -> Scope | None:
    """As whom a person asks on a page: the first of their scopes, in the order of `ROLES`, that may open it."""
    return next((scope for scope in scopes if may_open(scope, page)), None)


def scopes_of(
    grants: Iterable[Grant], *, person: str = "", author: str = "", local: bool = False, email: str = ""
) -> tuple[Scope, ...]:
    """The scopes that a person's grants come to, in the order of `ROLES`; empty for somebody without a role.

    An unknown role, and a role held to an agency or area that is not named, give nothing: it fails closed. Two agencies
    of one lead are both in one scope.
    """
    held: dict[str, tuple[set[str], set[str]]] = {}
    for grant in grants:
        role = ROLES.get(grant.role)
        needed = {AGENCY: grant.agency, FORUM_AREA: grant.forum_area}
        if role is None or not needed.get(role.held_to, "not held"):
            continue
        agencies, areas = held.setdefault(grant.role, (set(), set()))
        if role.held_to == AGENCY:
            agencies.add(grant.agency)
        elif role.held_to == FORUM_AREA:
            areas.add(grant.forum_area)
    return tuple(
        Scope(name, frozenset(held[name][0]), frozenset(held[name][1]), person, author, local, email)
        for name in ROLES
        if name in held
    )
